"""The calls of Ropo One's script, each kept for the report."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..artificial import MARK, NUMBERS, Papers
from ..base import Document
from ..conformance import MASK, Script, json_object, objects
from ..documents import AccountTotal, Answer, CapitalChange, Claim, Invoice
from ..errors import Outcome
from ..transport import Params, Reply
from ..values import Payload, rows_at
from . import answers, known, variants
from .capabilities import CAPABILITIES, STATUS_TIMEOUT
from .client import RopoOne
from .codes import STAGES
from .payloads import freeze, with_files


class Calls(Script):
    """The calls, each kept for the report, and their answers as the client reads them.

    :param papers: the `Papers` of this run
    :param service_model: of the profile, by its name
    :param stages: by code, as they are set now

    What is found to differ in a way that a setting covers is kept here, so that the
    steps that follow can go on.
    """

    channel = "ropo_one"
    client: RopoOne

    def __init__(
        self,
        client: RopoOne,
        papers: Papers,
        service_model: str,
        *,
        stages: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(client, papers, **options)
        self.stages = STAGES if stages is None else stages
        self.sign = client.setting("payment_sign")
        self.place_of_rows = client.setting("status_rows")
        self.error_keys = client.setting("error_keys")
        self.model = CAPABILITIES.service_models[service_model]
        self.contents: dict[str, bytes] = {}
        self.refused: list[tuple[int, Payload]] = []

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object | None = None,
        params: Params | None = None,
        is_attempt: bool = False,
        **arguments: Any,
    ) -> Reply:
        """One call; its refusal is looked at, but of an attempt or of a wrong token."""
        reply = self.client.exchange(
            method, path, body=body, params=params, **arguments
        )
        self.keep_call(f"{method} {path}", reply, body=body, params=params)
        is_meant = is_attempt or arguments.get("token")
        if reply.status >= 400 and not is_meant:
            self.refused.append((reply.status, json_object(reply)))
        return reply

    # --- writes ---

    def new_invoice(self, **values: Any) -> Invoice:
        """An artificial invoice as this profile's service model has it."""
        kept: Payload = {"ledger_at_ropo": self.model.collects}
        if self.model.keeps_books:
            kept["accounts"] = (AccountTotal(3000, 100.0, 25.5, 25.5, MARK),)
        return self.papers.invoice(**kept | values)

    def dataset(self, document: Document) -> Payload:
        return with_files(freeze(document).body, self.contents)

    def post(self, documents: Sequence[Document]) -> tuple[Reply, list[Answer]]:
        """`(reply, answers)` of one `POST /jobs`."""
        return self.post_datasets([self.dataset(document) for document in documents])

    def post_datasets(self, datasets: Sequence[Payload]) -> tuple[Reply, list[Answer]]:
        body = {"datastream": {"dataset": datasets}}
        reply = self.call("POST", "/jobs", body=body)
        answer = json_object(reply)
        self.meet("POST /jobs", answer, known.ANSWER)
        for row in objects(answer.get("result")):
            self.meet("POST /jobs, result", row, known.ROW)
            if answers.identifier(row.get("jobid")):
                self._meet_code("jobstatus", row.get("jobstatus"))
        words = self.client.setting("duplicate_words")
        return reply, answers.assignment_answers(datasets, reply.status, answer, words)

    def send(self, key: str, what: str, document: Document) -> Answer:
        """The answer to a document of which `key` says that it is taken."""
        reply, (answer,) = self.post([document])
        self.took(key, what, reply, answer)
        return answer

    def send_all(self, documents: Sequence[tuple[str, str, Document]]) -> list[Answer]:
        """The same of several in one call; `documents` are `(key, what, document)`."""
        reply, found = self.post([document for _key, _what, document in documents])
        for (key, what, _document), answer in zip(documents, found, strict=True):
            self.took(key, what, reply, answer)
        return found

    def took(self, key: str, what: str, reply: Reply, answer: Answer) -> None:
        fields = list(answer.raw)
        if answer.outcome == Outcome.ACCEPTED:
            self.check_reply(key, reply, True, f"{what}: taken", fields)
        else:
            self.check(key, False, f"{what}: {answer.error or answer.outcome}")

    def pay(self, change: CapitalChange) -> tuple[Reply, Answer]:
        """`(reply, answer)` of one `POST /jobs/payment`."""
        payload = answers.signed(freeze(change).body, self.sign)
        reply = self.call("POST", "/jobs/payment", body=payload)
        body = json_object(reply)
        self.meet("POST /jobs/payment", body, known.PAYMENT)
        answer = answers.payment_answer(reply.status, body)
        code = answers.identifier(body.get("statusid"))
        if code and int(code) not in known.PAYMENT_STATUSES:
            self.meet_value("statusid", code, body.get("statustext"))
        return reply, answer

    def note_answer(
        self, what: str, reply: Reply, answer: Answer | None = None
    ) -> None:
        """What came of a request of which nothing is expected."""
        said = answer.outcome if answer else ""
        notices = "; ".join(answer.notices) if answer else ""
        error = answer.error if answer else ""
        error = error or answers.error_text(json_object(reply))
        parts = [f"HTTP {reply.status}", said, error, notices]
        self.note(f"{what}: {', '.join(filter(None, parts))}")

    def remember(self, name: str, document: Invoice | Claim, assignment: str) -> None:
        """Keeps what was sent, for a run that continues this one."""
        self.report.sent[name] = {
            "number": document.number,
            "assignment": assignment,
            "customer": document.debtor.reference,
        }

    # --- reads ---

    def case(self, assignment: str) -> tuple[Reply, Payload]:
        """`(reply, body)` of a case's state."""
        reply = self.call("GET", "/jobs", params={"jobid": assignment})
        body = json_object(reply)
        if reply.ok:
            self.meet("GET /jobs", body, known.CASE)
            self._meet_code("currentstatus", body.get("currentstatus"))
        return reply, body

    def listed(self, reference: str) -> tuple[Reply, list[Payload]]:
        """`(reply, rows)` of a customer's invoices."""
        body = {"custnum": reference, "all_invoices": 1}
        reply = self.call("POST", "/jobs/findbyendcustomer", body=body)
        rows = objects(json_object(reply).get("jobs"))
        for row in rows:
            self.meet("POST /jobs/findbyendcustomer, jobs", row, known.LISTED)
            status = row.get("status")
            if status not in known.LISTED_STATUSES:
                self.meet_value("status of an invoice of a customer", status)
        return reply, rows

    def updates(self, **params: str) -> tuple[Reply, list[Payload]]:
        """`(reply, rows)` of one page of status updates, without those of others."""
        call = "/jobs/statusupdates"
        reply = self.client.exchange("GET", call, params=params, timeout=STATUS_TIMEOUT)
        self.keep_call(f"GET {call}", reply, _ours_only, params=params)
        rows = objects(self._rows(json_object(reply)))
        if not params and (others := [row for row in rows if not _is_ours(row)]):
            self.keep(others)
        rows = [row for row in rows if _is_ours(row)]
        for row in rows:
            self.meet("GET /jobs/statusupdates, a row", row, known.UPDATE)
            self._meet_code("statuscode", row.get("statuscode"))
            kind = row.get("statustype")
            if kind not in known.UPDATE_TYPES:
                self.meet_value("statustype", kind, row.get("statustext"))
        return reply, rows

    def _rows(self, body: Payload) -> list[object] | None:
        """The rows, wherever they are."""
        rows = rows_at(body, self.place_of_rows)
        if rows is None and (place := variants.place_of_rows(body)):
            self.place_of_rows = place
            rows = rows_at(body, place)
        return rows

    def _meet_code(self, name: str, value: object) -> None:
        code = answers.identifier(value)
        if code and code not in (*self.stages, *known.OTHER_CODES):
            self.meet_value(name, code)


def _is_ours(row: Payload) -> bool:
    """Whether it is about a document of this run, or of another one."""
    return str(row.get("billnum")).startswith(NUMBERS)


def _ours_only(answer: object) -> object:
    """The same without rows about the documents of others."""
    if isinstance(answer, dict):
        if "billnum" in answer and not _is_ours(answer):
            return MASK
        return {name: _ours_only(item) for name, item in answer.items()}
    if isinstance(answer, list):
        return [_ours_only(item) for item in answer]
    return answer
