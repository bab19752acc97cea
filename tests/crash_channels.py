"""What differs between the channels where workers die and meet: one object each.

Imports nothing: the tests read it, and the processes beside them.
"""

from dataclasses import dataclass

MONEY = ("payment", "payment_reversal", "credit_allocation")
FINLAND = "5f0c1f9e-0001-4a00-8000-000000000001"
CREDENTIALS = {
    "maventa_company_uuid": FINLAND,
    "maventa_user_api_key": "sandbox-user-api-key",
    "maventa_vendor_api_key": "sandbox-vendor-api-key",
}


@dataclass(frozen=True)
class Held:
    """What the sandbox holds of one case; `capital` is None of what is not collected.

    :param reports: how many of our reports of money it took
    :param ended: what came to an end asks for nothing, whatever the ledger says
    :param said: the sums of money that we reported and it took
    :param held: what Ropo collected of its principal and did not pay out yet
    :param others: the same, of its interest and fees
    :param path: under which things happen to it in the sandbox
    """

    number: str
    capital: float | None = None
    overpaid: float = 0
    reports: int = 0
    ended: bool = False
    said: tuple = ()
    held: float = 0
    others: float = 0
    path: str = ""


@dataclass(frozen=True)
class Button:
    """By which a user has Ropo asked.

    :param on: the record that has it: `case`, `invoice` or `account`
    :param path: whose answer is written, into the field `answer`
    :param calls: what one press calls, and how often
    """

    on: str
    action: str
    path: str
    answer: str
    calls: dict


PROFILE = {"cid": "700001", "apicode": "sandbox-apicode"}


class RopoOne:
    name = "ropo_one"
    account = {"channel": "ropo_one", **PROFILE}
    send = "POST /rest/jobs"
    # By what is sent, and all that is called in a storm.
    writes = {
        "invoices": "/rest/jobs",
        "reminders": "/rest/jobs",
        "payments": "/rest/jobs/payment",
    }
    paths = (
        "/rest/jobs",
        "/rest/jobs/payment",
        "/rest/jobs/findbyendcustomer",
        "/rest/jobs/statusupdates",
        "/rest/jobs/pdf",
        "/rest/token",
    )
    lookups = ("/rest/jobs/findbyendcustomer", "/rest/jobs/statusupdates")
    polls = {"GET /rest/jobs/statusupdates", "POST /rest/token"}
    by_person = ()  # operations that no call tells Ropo of
    secret = "apicode"
    # Between which a manager may choose at any time.
    settings = {"credit_allocation": ["payment", "credit_job"], "layout": [False, "2"]}
    payouts = "payout"
    profile = "profiles"
    worlds = {
        "plain": {**PROFILE, "status_rows": "plain"},
        "full": {**PROFILE, "status_rows": "full"},
    }
    buttons = {
        "status": Button(
            on="case",
            action="action_refresh",
            path="/rest/jobs",
            answer="open_total",
            calls={"GET /rest/jobs": 1, "POST /rest/jobs/findbyendcustomer": 1},
        ),
        "document": Button(
            on="case",
            action="action_fetch_pdf",
            path="/rest/jobs/pdf",
            answer="document_id",
            calls={"GET /rest/jobs/pdf": 2},  # and the letter
        ),
        "link": Button(
            on="case",
            action="action_get_debtor_link",
            path="/rest/online/onlinelink",
            answer="debtor_url",
            calls={"GET /rest/online/onlinelink": 1},
        ),
        "preview": Button(
            on="invoice",
            action="action_ropo_preview",
            path="/rest/jobs/preview",
            answer="ropo_preview_id",
            calls={"POST /rest/jobs/preview": 1},
        ),
        "connection": Button(
            on="account",
            action="action_test_connection",
            path="/rest/token",
            answer="paused_until",
            calls={"POST /rest/token": 1},
        ),
    }

    @staticmethod
    def held(state):
        """`{case's id: Held}`"""
        return {
            str(job["jobid"]): Held(
                number=job["billnum"],
                capital=job["capital"] if job["jobtype"] in (1, 2) else None,
                overpaid=job["overpaid"],
                reports=len(job["payments"]),
                said=tuple(
                    payment["request"]["amount"]
                    for payment in job["payments"]
                    if payment["statusid"] == 6
                ),
                held=job["held_principal"],
                others=job["held_interest"] + job["held_fees"],
                path=f"jobs/{job['jobid']}",
            )
            for job in state["jobs"]
        }

    @staticmethod
    def duplicates(state):
        return state["duplicates"]

    @staticmethod
    def says_sum(payload):
        """Whether a report of money is one, and no credit note as a job of its own."""
        return "amount" in payload


class Maventa:
    name = "maventa"
    account = {"channel": "maventa", **CREDENTIALS}
    send = "POST /v1/invoices"
    writes = {
        "invoices": "/v1/invoices",
        "reminders": "/v2/invoices/*/assignment/ropo",
        "payments": "/v1/assignments/*/events",
    }
    paths = (
        *writes.values(),
        "/v1/invoices/*",
        "/v2/invoices/*/assignment",
        "/v1/assignments/*",
        "/v1/events",
        "/oauth2/token",
    )
    lookups = ("/v1/invoices", "/v1/invoices/*", "/v1/assignments/*", "/v1/events")
    polls = {"GET /v1/events", "POST /oauth2/token"}
    by_person = ("payment_reversal",)
    secret = "maventa_user_api_key"
    settings = {}
    payouts = "maventa/payout"
    profile = "maventa/companies"
    worlds = {"usual": {"company_id": FINLAND, "service": "ACTIVE"}}
    buttons = {
        "status": Button(
            on="case",
            action="action_refresh",
            path="/v1/assignments/*",
            answer="open_total",
            calls={"GET /v1/assignments/{id}": 1},
        ),
        "connection": Button(
            on="account",
            action="action_test_connection",
            path="/oauth2/token",
            answer="paused_until",
            calls={"POST /oauth2/token": 1},
        ),
        "service": Button(
            on="account",
            action="action_refresh_service",
            path="/v2/services/ropo/receivables",
            answer="service_state",
            calls={"GET /v2/services/ropo/receivables": 1},
        ),
    }

    @staticmethod
    def held(state):
        """`{case's id: Held}`: an invoice is one, and its transfer another."""
        books = state["maventa"]
        reported = [event["assignment_id"] for event in _own_events(books)]
        return {
            invoice["id"]: Held(number=invoice["number"])
            for invoice in books["invoices"]
        } | {
            f"{case['invoice_id']}/ropo": Held(
                number=case["invoice_number"],
                capital=case["capital"],
                overpaid=case["overpaid"],
                reports=reported.count(case["id"]),
                ended=bool(case["closed_at"]),
                said=tuple(
                    event["values"].get("sum_paid") or event["values"]["credit_sum"]
                    for event in _own_events(books)
                    if event["assignment_id"] == case["id"]
                ),
                held=case["held_principal"],
                others=case["held_interest"] + case["held_fees"],
                path=f"maventa/assignments/{case['id']}",
            )
            for case in books["assignments"]
        }

    @staticmethod
    def duplicates(state):
        """Without equal reports, of which a day may have several: of those each case
        has its count."""
        books = state["maventa"]
        reports = [
            (event["assignment_id"], event["event_type"], str(event["values"]))
            for event in _own_events(books)
        ]
        return books["duplicates"] - (len(reports) - len(set(reports)))

    @staticmethod
    def says_sum(_payload):
        return True


def _own_events(books):
    return [event for event in books["events"] if event["origin"] == "COMPANY"]


CHANNELS = {channel.name: channel for channel in (RopoOne, Maventa)}
