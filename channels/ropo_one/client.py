"""The calls of Ropo One's REST API."""

import datetime
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, Unpack
from urllib.parse import urlsplit

from .. import documents
from ..base import Channel, Found, Frozen, Page, Token, WithDays, WithDocuments
from ..errors import (
    ChannelError,
    CredentialsRefused,
    NotSent,
    Outcome,
    Reason,
    Rejected,
    Throttled,
    Unknown,
)
from ..inbound import messages_of
from ..session import Session, is_token
from ..transport import CallOptions, Reply, Transport, TransportOptions
from ..values import Json, Payload, rows_at
from . import answers, payloads
from .answers import assignment_answers, error_text, is_own_error
from .capabilities import CAPABILITIES, STATUS_TIMEOUT
from .codes import (
    ASSUMED_CODES,
    COLLECTED,
    COLLECTION,
    HOSTS,
    NOT_COLLECTED,
    REMINDER,
    STAGES,
    Call,
)

_logger = logging.getLogger(__name__)

# With which the API itself refuses what it has read: the contract has 400; the others
# mean the same in HTTP. Any other status can be that of a gateway in front of it.
REFUSALS = (400, 409, 422)
# Assumption: wrong credentials get 400 (documented) or 401, with an `errorText`.
CREDENTIAL_REFUSALS = (400, 401)
LONGEST_DETAIL = 200  # characters of a foreign text that are kept

PDF_LIMIT = 20 * 1024 * 1024  # bytes
TOKEN_SECONDS = 7200
STATUS_PAGE = 1000  # rows that a page of status updates has at most
# Assumptions that can be replaced, by names of settings: the paths of two calls; where
# the rows of status updates are; the sign of a payment's amount (-1: the change of the
# capital); keys that the API's own errors have beside those of their shapes; words
# by which it refuses a number that is taken, beside `answers.ALREADY_THERE`.
SETTINGS = {
    "path_preview": "/jobs/preview",
    "path_localprint": "/jobs/localprint",
    "status_rows": "result.status",
    "payment_sign": "1",
    "error_keys": "",
    "duplicate_words": "",
}


class RopoOne(Channel, WithDocuments, WithDays):
    """The calls of one profile; see `base.Channel`.

    :param base_url: the host's root, without `/rest`
    :param credentials: `cid` and `apicode`, as Ropo gave them
    :param token: a `Token` of an earlier run, or None
    :param settings: what replaces `SETTINGS`, by name
    :param profile: by which the caller knows whose records these credentials are for
    :param options: of `Transport`
    """

    label = "Ropo One"
    capabilities = CAPABILITIES
    credentials = ("cid", "apicode")
    identity = ("cid",)
    hosts = HOSTS
    stages = STAGES
    assumed_codes = ASSUMED_CODES
    settings = tuple(SETTINGS)
    further_hosts = {}

    freeze = staticmethod(payloads.freeze)
    without_personal_numbers = staticmethod(payloads.without_personal_numbers)
    of_debtor = staticmethod(payloads.of_debtor)
    case_of = staticmethod(payloads.case_of)
    interpret = staticmethod(answers.status_update)
    messages = staticmethod(messages_of)

    def __init__(
        self,
        base_url: str | None,
        credentials: Mapping[str, str],
        *,
        token: Token | None = None,
        settings: Mapping[str, str] | None = None,
        profile: str = "",
        **options: Unpack[TransportOptions],
    ) -> None:
        self._transport = Transport(base_url, **options)
        self._credentials = {name: credentials[name] for name in self.credentials}
        secrets = (self._transport.base_url, *self._credentials.values())
        self._session = Session(self._fetch_token, token, secrets)
        self.fingerprint = self._session.fingerprint
        self.secrets = (self._credentials["apicode"],)
        self.profile = profile
        self._settings: dict[str, str] = {**SETTINGS, **(settings or {})}

    @property
    def token(self) -> Token:
        return self._session.token

    @token.setter
    def token(self, token: Token) -> None:
        self._session.token = token

    def close(self) -> None:
        self._transport.close()

    # --- writes ---

    def send(
        self, batch: Sequence[Frozen], files: Mapping[str, bytes] | None = None
    ) -> list[documents.Answer]:
        """Sends documents of the same call; one `Answer` each, in order. Never raises.

        :param files: contents by checksum
        """
        send = {
            Call.JOBS: self._post_jobs,
            Call.PAYMENT: self._post_payment,
            Call.LOCAL_PRINT: self._print_locally,
        }[Call(batch[0].call)]
        try:
            return send(
                [payloads.with_files(frozen.body, files or {}) for frozen in batch]
            )
        except ChannelError as error:
            return [documents.Answer.failed(error)] * len(batch)
        except Exception:
            # It may have arrived, and the answers to others must not be lost with it.
            _logger.exception("%s: the answer can't be read", batch[0].call)
            return [documents.Answer.failed(Unknown(Reason.UNREADABLE))] * len(batch)

    def _post_jobs(self, payloads: Sequence[Payload]) -> list[documents.Answer]:
        """One `POST /jobs`."""
        reply = self._call("POST", "/jobs", body={"datastream": {"dataset": payloads}})
        return self._assignment_answers(payloads, reply)

    def _assignment_answers(
        self, payloads: Sequence[Payload], reply: Reply
    ) -> list[documents.Answer]:
        words = self._settings["duplicate_words"]
        return assignment_answers(payloads, reply.status, _object(reply), words)

    def _post_payment(self, payloads: Sequence[Payload]) -> list[documents.Answer]:
        """One `POST /jobs/payment`, which takes one payload."""
        (payload,) = payloads
        body = answers.signed(payload, self._settings["payment_sign"])
        reply = self._call("POST", "/jobs/payment", body=body)
        return [answers.payment_answer(reply.status, _object(reply))]

    def _print_locally(self, payloads: Sequence[Payload]) -> list[documents.Answer]:
        """Posts the one payload for ourselves to deliver."""
        (payload,) = payloads
        path = self._settings["path_localprint"]
        reply = self._call("POST", path, body=_job(payload), limit=PDF_LIMIT)
        if not reply.ok:
            return self._assignment_answers(payloads, reply)
        return [answers.local_print_answer(reply)]

    # --- reads ---

    def connect(self) -> Token:
        """Gets a fresh token, whatever was kept; raises when the door stays shut."""
        return self._session.connect()

    def document(
        self, case: documents.CaseRef, which: Literal["original", "letter"] = "original"
    ) -> bytes:
        """The archived document ("original"), or the current "letter".

        Raises `Rejected` when there is none, when it is no PDF or over 20 MB.
        """
        by_id = {"jobid": case.assignment}
        key = by_id if case.assignment else {"billnum": case.number}
        params = {**key, "origdata": str(int(which == "original"))}
        reply = self._call("GET", "/jobs/pdf", params=params, limit=PDF_LIMIT)
        return _pdf(reply)

    def preview(self, document: Frozen) -> bytes:
        """The PDF that sending it would make; nothing is posted."""
        path = self._settings["path_preview"]
        reply = self._call("POST", path, body=_job(document.body))
        if reply.ok:
            return _pdf(reply)
        (answer,) = self._assignment_answers([document.body], reply)
        raise Rejected(Reason.REFUSED, answer.error or f"HTTP {reply.status}")

    def assignment_state(self, assignment: str) -> documents.AssignmentState:
        reply = self._call("GET", "/jobs", params={"jobid": assignment})
        return answers.assignment_state(_accepted(reply))

    def updates(
        self, cursor: Json | None = None, pending: Sequence[documents.CaseRef] = ()
    ) -> Iterator[Page]:
        """What is new. A page that was given is never given again, so there is no
        cursor: keep each page before the next one is asked for. What is pending is
        among it."""
        while rows := self.status_rows():
            yield Page(rows)

    def day(self, day: datetime.date) -> Iterator[Page]:
        """All updates of a day.

        Assumption: asked for a day Ropo gives a page at most, and may give the next
        one when it is asked again.
        """
        is_last = False
        while not is_last:
            rows = self.status_rows(date=day)
            is_last = len(rows) < STATUS_PAGE
            yield Page(rows, is_last=is_last)

    def history(self, case: documents.CaseRef) -> list[Json]:
        """All raw status rows of an invoice's number."""
        return self.status_rows(number=case.number)

    def status_rows(
        self, *, number: str = "", date: datetime.date | None = None
    ) -> list[Json]:
        """One page of raw status rows; an empty list when there are no more.

        Without arguments the rows returned are never offered again: store them
        first. With `number` or `date` all rows of that invoice or day come.
        """
        params = {"billnum": number} if number else {}
        if date:
            params = {"date": date.isoformat()}
        reply = self._call(
            "GET", "/jobs/statusupdates", params=params, timeout=STATUS_TIMEOUT
        )
        if reply.status == 204:
            return []
        place = self._settings["status_rows"]
        rows = rows_at(_accepted(reply), place)
        if rows is None:
            raise Unknown(Reason.UNREADABLE, place)
        return [row for row in rows if isinstance(row, dict)]

    def customer_invoices(self, reference: str) -> list[documents.CustomerInvoice]:
        """Every `CustomerInvoice` that Ropo holds of the debtor with `reference`."""
        body = {"custnum": reference, "all_invoices": 1}
        reply = self._call("POST", "/jobs/findbyendcustomer", body=body)
        jobs = _accepted(reply).get("jobs")
        if not isinstance(jobs, list):
            raise Unknown(Reason.UNREADABLE, "jobs")
        return [answers.customer_invoice(job) for job in jobs]

    def find(self, document: Frozen, case: documents.CaseRef | None = None) -> Found:
        """What became of a document whose answer was lost; see `base.Channel`."""
        if case:
            return Found(open_amount=self._open_amount_of(case))
        arrived, assignment = self._find_assignment(document.body)
        return Found(arrived, assignment)

    def _open_amount_of(self, case: documents.CaseRef) -> float | None:
        """What is open of a case with interest and fees, or None when unclear."""
        if not case.debtor:
            return None
        return _open_amount(self.customer_invoices(case.debtor), case)

    def _find_assignment(self, payload: Payload) -> tuple[bool | None, str]:
        """What became of an assignment whose answer was lost.

        :return: `(arrived, assignment)`: None when Ropo can't say, "" if unknown

        Assumption: the list of a customer's invoices is complete, and the status of
        an entry shows whether it is collected or was only invoiced. Credit notes are
        not on it; they are known by their document.
        """
        if payload.get("totalamount", 0) < 0:
            return self._has_document(payload["billnum"]), ""
        if not payload.get("custnum"):
            return None, ""
        listed = self.customer_invoices(payload["custnum"])
        found = [i for i in listed if i.number == payload.get("billnum")]
        if payload["jobtype"] in (REMINDER, COLLECTION):
            collected = [invoice for invoice in found if invoice.status in COLLECTED]
            unclear = [i for i in found if i.status not in (*COLLECTED, *NOT_COLLECTED)]
            if unclear and not collected:
                return None, ""
            found = collected
        if not found and None in [invoice.number for invoice in listed]:
            return None, ""  # it may be the one that can't be read
        if len(found) > 1:
            return True, ""
        return bool(found), found[0].assignment if found else ""

    def _has_document(self, number: str) -> bool | None:
        try:
            self.document(documents.CaseRef(number=number))
        except Rejected as error:
            return False if error.reason == Reason.REFUSED else None
        return True

    def standings(self, cases: Sequence[documents.CaseRef]) -> list[documents.Standing]:
        """A `Standing` for each case of one debtor.

        Raises nothing: what could not be had stands in the standing.
        """
        listed: dict[
            str, list[documents.CustomerInvoice]
        ] = {}  # the debtor's invoices, asked for once
        return [self._standing(case, listed) for case in cases]

    def _standing(
        self,
        case: documents.CaseRef,
        listed: dict[str, list[documents.CustomerInvoice]],
    ) -> documents.Standing:
        try:
            state = self.assignment_state(case.assignment) if case.assignment else None
            if case.debtor and case.debtor not in listed:
                listed[case.debtor] = self.customer_invoices(case.debtor)
        except ChannelError as error:
            return documents.Standing(error.outcome, error=error)
        except Exception:
            # What is odd of one case must not be lost of the others.
            _logger.exception("Case %s: its state can't be read", case.assignment)
            odd = Unknown(Reason.UNREADABLE)
            return documents.Standing(odd.outcome, error=odd)
        amount = _open_amount(listed.get(case.debtor, ()), case)
        return documents.Standing(Outcome.ACCEPTED, state, amount)

    def debtor_page(self, case: documents.CaseRef) -> str:
        """The address of the page where the debtor sees and pays the invoice.

        "" when what Ropo gives is no https address that can be shown and opened.
        """
        reply = self._call("GET", "/online/onlinelink", params={"billnum": case.number})
        return _safe_url(_accepted(reply).get("url"))

    # --- as it came, for the conformance run ---

    def setting(self, name: str) -> str:
        """The value in force of one of `settings`."""
        return self._settings[name]

    def exchange(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        **arguments: Unpack[CallOptions],
    ) -> Reply:
        """The reply to one call, whatever its status; see `Transport.exchange()`.

        :param token: in place of the profile's own
        """

        def call(token: str, attempt: int = 1) -> Reply:
            return self._transport.exchange(
                method, f"/rest{path}", token=token, attempt=attempt, **arguments
            )

        return self._session.call(call) if token is None else call(token)

    def exchange_token(self, **others: str) -> Reply:
        """The reply to a call for a token, with these credentials in place of ours."""
        body = self._credentials | others
        return self._transport.exchange("POST", "/rest/token", body=body)

    # --- the token ---

    def _call(self, method: str, path: str, **arguments: Unpack[CallOptions]) -> Reply:
        reply = self._session.call(
            lambda token, attempt: self._transport.call(
                method, f"/rest{path}", token=token, attempt=attempt, **arguments
            )
        )
        if reply.status == 401:
            raise _unauthorized(reply, self._is_own_error)
        return _from_api(reply, self._is_own_error)

    def _is_own_error(self, body: object) -> bool:
        return is_own_error(body, self._settings["error_keys"])

    def _fetch_token(self) -> Token:
        try:
            reply = self._transport.call("POST", "/rest/token", body=self._credentials)
            body = reply.json()
        except Throttled:
            raise
        except ChannelError as error:
            # Whatever became of this call: the one that needed the token never left.
            raise NotSent(error.reason, error.detail) from error
        if not reply.ok:
            raise _refused_token(reply.status, body, self._is_own_error)
        value = body.get("token") if isinstance(body, dict) else None
        if not is_token(value):
            raise NotSent(Reason.UNREADABLE, f"HTTP {reply.status}")
        return Token(value, time.time() + TOKEN_SECONDS)


def _refused_token(
    status: int, body: object, is_own: Callable[[object], bool]
) -> NotSent:
    """The error for a token call that brought none: only the API itself refuses
    credentials, and only that needs a person."""
    own = isinstance(body, dict) and "errorText" in body and is_own(body)
    if own and status in CREDENTIAL_REFUSALS:
        return CredentialsRefused(error_text(body))
    return NotSent(Reason.GATEWAY, f"HTTP {status}")


def _unauthorized(reply: Reply, is_own: Callable[[object], bool]) -> NotSent:
    """The error for a fresh token that is refused; nothing was done with the call.

    The contract has 401 without a body.
    """
    body = reply.json_or_none()
    if not reply.content.strip() or is_own(body):
        return CredentialsRefused(error_text(body))
    return NotSent(Reason.GATEWAY, f"HTTP {reply.status}")


def _from_api(reply: Reply, is_own: Callable[[object], bool]) -> Reply:
    """The reply, when the API itself gave it; raises `Unknown` for a gateway's: what
    it did with the call, and whether the API has seen it, nobody knows."""
    if reply.ok:
        return reply
    body = reply.json()
    if reply.status in REFUSALS and is_own(body):
        return reply
    text = f"HTTP {reply.status}: {error_text(body)}".rstrip(": ")
    raise Unknown(Reason.GATEWAY, text[:LONGEST_DETAIL])


def _open_amount(
    invoices: Sequence[documents.CustomerInvoice], case: documents.CaseRef
) -> float | None:
    """What is open of one of these, by its id, else by its number."""
    amounts = [
        invoice.open_amount
        for invoice in invoices
        if (
            invoice.assignment == case.assignment
            if case.assignment
            else invoice.number == case.number and invoice.status not in NOT_COLLECTED
        )
    ]
    return amounts[0] if len(amounts) == 1 else None


def _safe_url(value: object) -> str:
    text = str(value or "").strip()
    if not re.fullmatch(r"https://[^\s\"'<>\\`]+", text, flags=re.I):
        return ""
    try:
        host = urlsplit(text).hostname
    except ValueError:
        return ""
    return text if host else ""


def _job(payload: Payload) -> Payload:
    return {"datastream": {"dataset": [payload]}}


def _object(reply: Reply) -> Json:
    body = reply.json()
    if not isinstance(body, dict):
        raise Unknown(Reason.UNREADABLE, f"HTTP {reply.status}")
    return body


def _accepted(reply: Reply) -> Json:
    body = _object(reply)
    if not reply.ok:
        raise Rejected(Reason.REFUSED, error_text(body) or f"HTTP {reply.status}")
    return body


def _pdf(reply: Reply) -> bytes:
    if not reply.ok:
        _accepted(reply)
    if not reply.content.startswith(b"%PDF-"):
        raise Rejected(Reason.UNREADABLE, "PDF")
    return reply.content
