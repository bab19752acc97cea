"""What is read of each service, with the shape that its answers should have.

Of Ropo One the published contract has two of them; the others are as its guides, or
Maventa's pages, show them, and as the sandbox answers.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ...channels.base import Frozen
from ...channels.documents import CaseRef, Delivery
from ...channels.errors import Outcome
from ...channels.inbound import messages_of, storable
from ...channels.ropo_one import RopoOne
from . import maventa as by_maventa
from .common import as_jobs, as_payment, as_print, claim, invoice
from .fuzz import published

DAY = datetime.date(2026, 3, 1)
MOST_PAGES = 3  # of updates that have no end, since each answer is the same

INTEGER = {"type": ["integer", "null"]}
NUMBER = {"type": ["number", "null"]}
TEXT = {"type": ["string", "null"]}
DATE = {"type": ["string", "null"], "format": "date"}
MOMENT = {"type": ["string", "null"], "format": "date-time"}


def an_object(**properties):
    return {"type": "object", "properties": properties}


def a_list(items):
    return {"type": "array", "items": items}


def one_of(*values):
    return {"enum": list(values)}


JOBS = published("jobs.openapi.json", "JobResponse")
PAYMENT = published("payment.openapi.json", "JobAddPaymentResponse")
NUMBERS = one_of("INV/2026/00001", "INV/2026/00002", "", None)
UPDATE = an_object(
    id=TEXT,
    jobid=INTEGER,
    statusid=TEXT,
    billnum=NUMBERS,
    statustype=one_of("payment", "comment", None),
    statustime=MOMENT,
    created_at=MOMENT,
    statusref=TEXT,
    statustext=TEXT,
    statuscode=INTEGER,
    paydate=DATE,
    amount=NUMBER,
)
MESSAGES = an_object(created_at=MOMENT, messages=a_list(UPDATE))
CASE = an_object(
    jobid=INTEGER,
    billnum=NUMBERS,
    currentstatus=INTEGER,
    currentstatustext=TEXT,
    nextstatus=INTEGER,
    nextstatustext=TEXT,
    nextstatusdate=DATE,
)
LISTED = an_object(
    jobs=a_list(
        an_object(
            case_number=INTEGER,
            invoice_number=NUMBERS,
            status=one_of("reminder", "collection", "due", "invoicing", "paid"),
            open_amount=NUMBER,
            my_ropo_link=TEXT,
        )
    )
)
ID, OTHER_ID = "11111111-2222-4333-8444-555555555555", "a" * 8 + "-b-c-d-e"
IDS = one_of(ID, ID.upper(), OTHER_ID, "", None)
DELIVERY = an_object(
    id=IDS,
    number=NUMBERS,
    date=DATE,
    status=one_of("PENDING", "DELIVERED", "FAILED", "OTHER", None),
    sum_tax=NUMBER,
    currency=one_of("EUR", None),
    recipient=an_object(name=TEXT),
    actions=a_list(an_object(message=TEXT, happened_at=MOMENT)),
)
TRANSFER = an_object(
    id=IDS,
    status=one_of("pending", "sent", "error", None),
    message=TEXT,
    assignment_id=IDS,
    created_at=MOMENT,
)
ASSIGNMENT = an_object(
    id=IDS,
    invoice_id=IDS,
    invoice_number=NUMBERS,
    status=one_of("open", "closed", None),
    collection_status=one_of("reminder_sent", "debt_collection", "other", None),
    sum=NUMBER,
    sum_open=NUMBER,
    sum_fees=NUMBER,
    closed_at=MOMENT,
)
EVENT = an_object(
    id=one_of("1", "2", "3", ID, "", None),
    assignment_id=IDS,
    event_type=one_of("paid", "credit_note", "comment", "closed", "status_change"),
    origin=one_of("COMPANY", "SERVICE", None),
    seen=one_of(True, False, None),
    sum_paid=NUMBER,
    credit_sum=NUMBER,
    booked_at=DATE,
    created_at=MOMENT,
    text=TEXT,
    collection_status=one_of("reminder_sent", "other", None),
)
SERVICE = an_object(status=one_of("DISABLED", "PENDING", "ACTIVE", None))
MAVENTA_TOKEN = an_object(access_token=TEXT, expires_in=NUMBER, scope=TEXT)
PDF = {"type": "pdf"}

BY_ROPO_ONE, BY_MAVENTA = "ropo_one", "maventa"


@dataclass(frozen=True)
class Reader:
    """One thing that is read, and the shapes of what comes, by the end of the path.

    :param read: of a client; what it returns is looked at
    """

    channel: str
    name: str
    shapes: Mapping[str, dict]
    read: Callable[[Any], Any] = field(compare=False)

    def __str__(self):
        return f"{self.channel}: {self.name}"

    def end(self, path):
        """Of the ends, the longest one that this path has."""
        return max(filter(path.endswith, self.shapes), key=len)


def _send(*frozen, files=None):
    """One answer for each, whatever comes."""

    def send(client):
        answers = client.send(list(frozen), files or {})
        assert [answer.outcome in Outcome for answer in answers] == [True] * len(frozen)
        return answers

    return send


def _log_in(client):
    """The token, and how far it carries."""
    token = client.connect()
    datetime.datetime.fromtimestamp(token.expires)
    return token, client.standings([CASES[0], TRANSFERRED])


def messages(content):
    """Of a webhook, what is kept of it, and how it is understood."""
    messages = messages_of(content, {"Content-Type": "application/json"})
    return [(message, RopoOne.interpret(message)) for message in messages]


def _updates(client):
    pages = islice(client.updates(None, PENDING), MOST_PAGES)
    return [_understood(client, page.rows, page) for page in pages]


def _history(case):
    return lambda client: _understood(client, client.history(case))


def _understood(client, rows, page=None):
    if page:
        page.acknowledge()
    kept = [storable(row) for row in rows]
    return kept, page and page.cursor, [client.interpret(row) for row in kept]


def _day(client):
    return [
        _understood(client, page.rows) for page in islice(client.day(DAY), MOST_PAGES)
    ]


INVOICE = RopoOne.freeze(invoice())
REMINDER = RopoOne.freeze(claim())
CREDIT = RopoOne.freeze(invoice(is_credit=True))
CHANGE = {"jobid": 28000001, "amount": 20.0, "paydate": "2026-03-01"}
CASES = [
    CaseRef("28000001", "INV/2026/00001", "C1"),
    CaseRef("28000002", "INV/2026/00002", "C1"),
    CaseRef("", "INV/2026/00002", ""),
]
EINVOICE, FILES = by_maventa.with_file(by_maventa.peppol("INV/2026/00001"))
SENT = by_maventa.Maventa.freeze(EINVOICE)
CLAIM = by_maventa.Maventa.freeze(claim(invoice_id=ID, delivery=Delivery()))
PAID = by_maventa.Maventa.freeze(by_maventa.change(f"{ID}/ropo", number="INV/2026/1"))
TRANSFERRED = CaseRef(f"{ID}/ropo", "INV/2026/00001")
DELIVERED = CaseRef(ID, "INV/2026/00001")
NUMBERED = CaseRef("", "INV/2026/00001")
PENDING = [TRANSFERRED, DELIVERED]

LISTS = {
    "/v1/invoices": a_list(DELIVERY),
    f"/v1/invoices/{ID}": DELIVERY,
    "/assignment": TRANSFER,
    "/v1/assignments": a_list(ASSIGNMENT),
    f"/v1/assignments/{ID}": ASSIGNMENT,
    "/v1/assignments/": ASSIGNMENT,
    "/events": a_list(EVENT),
    "/seen": an_object(),
    "": an_object(),
}


def _of_ropo_one(name, shapes, read):
    return Reader(BY_ROPO_ONE, name, {"": an_object(), **shapes}, read)


def _of_maventa(name, read, **shapes):
    return Reader(BY_MAVENTA, name, {**LISTS, **shapes}, read)


READERS = [
    _of_ropo_one("token", {"/token": an_object(token=TEXT)}, _log_in),
    _of_ropo_one("invoices", {"/jobs": JOBS}, _send(INVOICE, *as_jobs(REMINDER.body))),
    _of_ropo_one("payment", {"/payment": PAYMENT}, _send(*as_payment(CHANGE))),
    _of_ropo_one("local print", {"/localprint": PDF}, _send(*as_print(INVOICE.body))),
    _of_ropo_one(
        "refused local print", {"/localprint": JOBS}, _send(*as_print(INVOICE.body))
    ),
    _of_ropo_one(
        "document", {"/jobs/pdf": PDF}, lambda client: client.document(CASES[0])
    ),
    _of_ropo_one("preview", {"/preview": PDF}, lambda client: client.preview(INVOICE)),
    _of_ropo_one(
        "standings",
        {"/jobs": CASE, "/findbyendcustomer": LISTED},
        lambda client: client.standings(CASES),
    ),
    _of_ropo_one(
        "lookup",
        {"/findbyendcustomer": LISTED, "/jobs/pdf": PDF},
        lambda client: [
            *(client.find(frozen) for frozen in (INVOICE, REMINDER, CREDIT)),
            client.find(Frozen("payment", CHANGE), CASES[0]),
        ],
    ),
    _of_ropo_one(
        "status updates",
        {"/statusupdates": an_object(result=an_object(status=a_list(UPDATE)))},
        _updates,
    ),
    _of_ropo_one(
        "status updates of a day, and of a case",
        {"/statusupdates": an_object(result=an_object(status=a_list(UPDATE)))},
        lambda client: [_day(client), _history(CASES[0])(client)],
    ),
    _of_ropo_one(
        "debtor page",
        {"/onlinelink": an_object(url=TEXT)},
        lambda client: client.debtor_page(CASES[0]),
    ),
    _of_maventa("token", _log_in, **{"/oauth2/token": MAVENTA_TOKEN}),
    _of_maventa("invoice", _send(SENT, files=FILES), **{"/v1/invoices": DELIVERY}),
    _of_maventa("transfer", _send(CLAIM), **{"/ropo": TRANSFER}),
    _of_maventa("event", _send(PAID), **{"/events": EVENT}),
    _of_maventa(
        "standings",
        lambda client: client.standings([TRANSFERRED, DELIVERED, NUMBERED]),
    ),
    _of_maventa("updates", _updates),
    _of_maventa(
        "histories",
        lambda client: [
            _history(case)(client) for case in (TRANSFERRED, DELIVERED, NUMBERED)
        ],
    ),
    _of_maventa(
        "lookup",
        lambda client: [
            client.find(SENT),
            client.find(CLAIM),
            client.find(PAID, TRANSFERRED),
            client.find_invoice("INV/2026/00001", DAY),
        ],
    ),
    _of_maventa(
        "service",
        lambda client: [
            client.service_state(),
            client.activate_service("someone@example.com"),
            client.close_service(),
        ],
        **{"/receivables": SERVICE},
    ),
]
WEBHOOKS = (a_list(UPDATE), MESSAGES)
