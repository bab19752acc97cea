"""The calls of Maventa's script, each kept for the report."""

import datetime
import hashlib
import time
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..artificial import NUMBERS, Papers
from ..artificial_einvoices import finvoice, peppol
from ..conformance import MASK, Proposal, Script, UntriedError, json_object, objects
from ..documents import Claim, Delivery, EInvoice, Invoice
from ..transport import Params, Reply
from ..values import Json, Payload, number, rows_at
from . import answers, known, payloads, variants
from .client import SERVICE, Maventa
from .codes import STAGES
from .connection import REFUSALS
from .reading import transfer_path
from .words import CODE, SETTINGS, Words

# Seconds between the questions whether Ropo has taken a transfer.
WAITS = (1, 2, 4, 8)
EMAIL = Delivery("email")
ERROR_KEYS = "maventa_error_keys"


class Calls(Script):
    """The calls, each kept for the report, and their answers in our words.

    :param papers: the `Papers` of this run
    :param stages: by code, as they are set now

    What is found to differ in a way that a setting covers is kept in `words`, so that
    the steps that follow can go on.
    """

    channel = "maventa"
    client: Maventa

    def __init__(
        self,
        client: Maventa,
        papers: Papers,
        _service_model: str = "",
        *,
        stages: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(client, papers, **options)
        self.stages = STAGES if stages is None else stages
        self.words = Words({name: client.setting(name) for name in SETTINGS})
        self.receivables = client.setting("receivables_base_url")
        self.assignments: dict[
            str, str
        ] = {}  # ids of those of this run, by their invoice's id
        self._met: list[tuple[str, Payload, Iterable[str]]] = []

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object | None = None,
        params: Params | None = None,
        only: Callable[[object], object] | None = None,
        **arguments: Any,
    ) -> Reply:
        """One call, kept; of its answer what `only()` leaves."""
        shown = arguments.pop("shown", body)
        address = arguments.pop("base_url", self.receivables)
        reply = self.client.exchange(
            method, path, body=body, params=params, base_url=address, **arguments
        )
        only = only or (lambda answer: answer)
        self.keep_call(f"{method} {path}", reply, only, body=shown, params=params)
        return reply

    def propose(self, setting: str, value: str) -> Proposal:
        """The proposal of this value, with which the steps that follow go on."""
        now = self.words[setting]
        self.words = self.words.replaced(setting, value)
        return Proposal(setting, value, now)

    def look(self, kind: str, body: Payload, names: Iterable[str]) -> None:
        """Keeps an answer, whose fields are held against these in the end."""
        self._met.append((kind, body, names))

    # --- refusals ---

    def refusal(self, reply: Reply) -> Json | None:
        """The body of a refusal in Maventa's own shape, else None."""
        body = reply.json_or_none()
        if reply.status in (*REFUSALS, 401) and self.words.is_own_error(body):
            return body
        return None

    def refused(self, code: str, reply: Reply, what: str) -> None:
        """Whether Maventa refuses it by this code, by our name."""
        body = self.refusal(reply)
        if body is None:
            self.check("refusal_codes", False, f"{what}: HTTP {reply.status}")
            return
        theirs, setting = answers.error_code(body), f"{CODE}{code}"
        is_known = theirs == self.words[setting]
        proposals = [] if is_known else [self.propose(setting, theirs)]
        self.check("refusal_codes", is_known, f"{what}: {theirs}", *proposals)

    def took(
        self,
        key: str,
        what: str,
        reply: Reply,
        *,
        status: int = 201,
        fields: Iterable[str] = (),
    ) -> bool:
        """Whether something is taken that `key` says is."""
        if reply.status == status:
            self.check_reply(key, reply, True, f"{what}: taken", fields)
        else:
            text = answers.error_text(json_object(reply)) or f"HTTP {reply.status}"
            self.check(key, False, f"{what}: {text}")
        return reply.status == status

    def note_answer(self, what: str, reply: Reply) -> None:
        """What came of a request of which nothing is expected."""
        error = answers.error_text(json_object(reply))
        self.note(f"{what}: {', '.join(filter(None, [f'HTTP {reply.status}', error]))}")

    # --- the service ---

    def service(self) -> tuple[Reply, Payload]:
        """`(reply, state)`, the state in our words."""
        reply = self.call("GET", SERVICE)
        body = json_object(reply)
        self.look("GET /v2/services/ropo/receivables", body, known.SERVICE)
        return reply, body

    # --- invoices ---

    def new_invoice(
        self, form: str = "peppol_bis3", attachment: bytes = b"", **values: Any
    ) -> tuple[Invoice, bytes]:
        """`(document, file)` of an artificial invoice that leaves by e-mail."""
        document = self.papers.invoice(**{"delivery": EMAIL, **values})
        if form == "finvoice3":
            octets = finvoice(document)
        else:
            octets = peppol(document, self.papers.country, attachment)
        return self.with_file(document, octets, form), octets

    def with_file(
        self, document: Invoice, octets: bytes, form: str = "peppol_bis3"
    ) -> Invoice:
        checksum = hashlib.sha256(octets).hexdigest()
        einvoice = EInvoice(form, self.papers.attachment("test.xml", checksum))
        return replace(document, einvoice=einvoice)

    def post_invoice(
        self, document: Invoice, octets: bytes, **further: object
    ) -> tuple[Reply, Payload]:
        """`(reply, body)` of `POST /v1/invoices`.

        :param further: fields of the form
        """
        payload = payloads.freeze(document).body
        payload = {**payload, "form": {**payload["form"], **further}}
        reply = self.call(
            "POST",
            "/v1/invoices",
            content=payloads.multipart(payload, octets),
            shown={**payload, "file": f"{len(octets)} bytes"},
        )
        body = json_object(reply)
        if reply.ok:
            self.look("POST /v1/invoices", body, known.INVOICE)
            self._meet_word("status of an invoice", body.get("status"), known.STATES)
        return reply, body

    def send_invoice(self, key: str, what: str, **values: Any) -> tuple[str, Invoice]:
        """`(id, document)` of a new invoice of which `key` says that it is taken."""
        document, octets = self.new_invoice(**values)
        reply, body = self.post_invoice(document, octets)
        if not self.took(key, what, reply, fields=body):
            return "", document
        return str(body.get("id")).lower(), document

    # --- transfers and assignments ---

    def post_transfer(self, claim: Claim, **further: object) -> tuple[Reply, Payload]:
        """`(reply, body)` of a transfer."""
        payload = payloads.freeze(claim).body
        path = f"{transfer_path(payload['invoice_id'])}/ropo"
        sent = self.words.transfer_sent(payload["assignment"])
        reply = self.call("POST", path, body={**sent, **further})
        body = json_object(reply)
        if reply.ok:
            self._meet_transfer("POST /v2/invoices/{id}/assignment/ropo", body)
        return reply, body

    def _meet_transfer(self, call: str, body: Payload) -> None:
        self.look(call, body, known.TRANSFER)
        self._meet_word("status of a transfer", body.get("status"), known.STATES)

    def transfer_of(self, invoice_id: str) -> tuple[Reply, Payload]:
        """`(reply, transfer)` of an invoice."""
        reply = self.call("GET", transfer_path(invoice_id))
        body = json_object(reply)
        if reply.ok:
            self._meet_transfer("GET /v2/invoices/{id}/assignment", body)
        return reply, body

    def settled(self, invoice_id: str) -> tuple[Reply, Payload]:
        """`(reply, transfer)` once Ropo has taken it, or when the time is up."""
        reply, body = self.transfer_of(invoice_id)
        for seconds in WAITS:
            if answers.progress(body) != "pending":
                break
            time.sleep(seconds)
            reply, body = self.transfer_of(invoice_id)
        return reply, body

    def held(self, assignment: str) -> tuple[Reply, Payload]:
        """`(reply, assignment)`, as it came."""
        reply = self.call("GET", f"/v1/assignments/{assignment}", only=_without_events)
        body = json_object(reply)
        if reply.ok:
            self.look("GET /v1/assignments/{id}", body, known.ASSIGNMENT)
            status = body.get("status")
            self._meet_word("status of a case", status, known.ASSIGNMENT_STATES)
            status = body.get("collection_status")
            words = {*known.COLLECTION_STATUSES, *self.stages}
            self._meet_word("collection_status", status, words)
        return reply, body

    def open_of(self, assignment: str) -> tuple[float | None, Payload]:
        """What is open of it without fees, and all that is shown."""
        _reply, body = self.held(assignment)
        return number(body.get(self.words["maventa_sum_open"])), body

    # --- events ---

    def post_event(
        self, assignment: str, event: Payload, **further: object
    ) -> tuple[Reply, Payload]:
        """`(reply, body)` of a reported event."""
        sent = {**self.words.event_sent(event), **further}
        reply = self.call("POST", f"/v1/assignments/{assignment}/events", body=sent)
        body = json_object(reply)
        if reply.ok:
            self._meet_event("POST /v1/assignments/{id}/events", body)
        return reply, body

    def event(
        self,
        amount: float,
        *,
        is_payment: bool = True,
        date: datetime.date | None = None,
    ) -> Payload:
        change = self.papers.change(amount, is_payment=is_payment)
        change = replace(change, date=date or self.papers.today)
        event: Payload = payloads.event_payload(change)["event"]
        return event

    def events_of(self, assignment: str) -> tuple[Reply, list[Payload]]:
        """`(reply, events)`, in our words and as they came."""
        reply, rows = self.rows(f"/v1/assignments/{assignment}/events")
        for row in rows:
            self._meet_event("GET /v1/assignments/{id}/events", row)
        return reply, [self.words.event(row) for row in rows]

    def _meet_event(self, call: str, event: Payload) -> None:
        ours = self.words.event(event)
        self.look(call, ours, known.EVENT)
        self._meet_word("event_type", ours.get("event_type"), known.EVENT_TYPES)

    # --- lists ---

    def rows(self, path: str, **params: Any) -> tuple[Reply, list[Payload]]:
        """`(reply, rows)` of one page of a list, those of this run."""
        params = {"page": 1, "per_page": 100, **params}
        reply = self.call("GET", path, params=params, only=self._ours_only)
        body = reply.json_or_none()
        return reply, [row for row in self._all(body) if self._is_ours(row)]

    def _all(self, body: object) -> list[Payload]:
        """The rows, wherever they are."""
        place = self.words["maventa_list_rows"]
        rows = rows_at(body, place) if place else body
        if isinstance(rows, dict):
            lists = [item for item in rows.values() if isinstance(item, list)]
            rows = lists[0] if len(lists) == 1 else None
        if rows is None and (place := variants.place_of_rows(body)):
            proposal = self.propose("maventa_list_rows", place)
            self.check("lists", False, f"the rows are at {place}", proposal)
            return self._all(body)
        return objects(rows)

    def _is_ours(self, row: Payload) -> bool:
        """Whether it is about a document of this run."""
        for name in ("number", "invoice_number"):
            if name in row:
                return str(row[name]).startswith(f"{NUMBERS}{self.papers.run}")
        return row.get("assignment_id") in self.assignments.values()

    def _ours_only(self, answer: object) -> object:
        """The same without rows about the documents of others."""
        if isinstance(answer, dict):
            is_row = {"number", "invoice_number", "assignment_id"} & set(answer)
            if is_row and not self._is_ours(answer):
                return MASK
            kept = _without_events(answer)
            return {name: self._ours_only(item) for name, item in kept.items()}
        if isinstance(answer, list):
            return [self._ours_only(item) for item in answer]
        return answer

    def need_service(self) -> None:
        """Ends a step that needs the receivables service, where it is not active."""
        if self.need("service_state") != "active":
            raise UntriedError(
                "The receivables service is not active: activate it, then run again"
            )

    # --- what is new ---

    def _meet_word(self, kind: str, word: object, words: Container[str]) -> None:
        if word and str(word) not in words:
            self.meet_value(kind, word)

    def meet_all(self) -> None:
        """Fields that neither the code nor a setting names."""
        values = {self.words[name] for name in SETTINGS if name != ERROR_KEYS}
        for kind, body, names in self._met:
            self.meet(kind, body, {*names, *values})


def _without_events(answer: object) -> Any:
    """An assignment without its events, which are asked for by themselves."""
    if isinstance(answer, dict) and "events" in answer:
        return {**answer, "events": MASK}
    return answer
