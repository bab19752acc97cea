"""The calls of Maventa's APIs."""

import datetime
import logging
from collections.abc import Mapping, Sequence
from typing import Unpack

from ..base import Channel, Found, Frozen, ServiceState, WithActivation, WithInvoices
from ..documents import Answer, CaseRef, HeldInvoice
from ..errors import (
    ChannelError,
    Fault,
    NotSent,
    Outcome,
    Reason,
    Rejected,
    Throttled,
    Unknown,
)
from ..inbound import RefusedError
from ..transport import CallOptions
from ..values import Json, Payload
from . import answers, cases, einvoices, payloads
from .capabilities import CAPABILITIES
from .codes import (
    ASSUMED_CODES,
    HOSTS,
    RECEIVABLES_HOSTS,
    SAME_UUID,
    SERVICE_CLOSED,
    SERVICE_OPEN,
    STAGES,
    Call,
)
from .connection import object_of
from .following import Following
from .reading import CaseRefused, transfer_path
from .words import SETTINGS

_logger = logging.getLogger(__name__)

SERVICE = "/v2/services/ropo/receivables"


class Maventa(Following, Channel, WithInvoices, WithActivation):
    """The calls of one profile; see `base.Channel`."""

    label = "Maventa"
    capabilities = CAPABILITIES
    hosts = HOSTS
    further_hosts = {"receivables_base_url": RECEIVABLES_HOSTS}
    stages = STAGES
    assumed_codes = ASSUMED_CODES
    settings = tuple(SETTINGS)

    freeze = staticmethod(payloads.freeze)
    without_personal_numbers = staticmethod(payloads.without_personal_numbers)
    of_debtor = staticmethod(payloads.of_debtor)
    case_of = staticmethod(payloads.case_of)
    interpret = staticmethod(answers.status_update)

    @classmethod
    def messages(cls, body: bytes, headers: Mapping[str, str]) -> list[Json]:
        """Assumption: no page describes a webhook for receivables, so none is taken."""
        raise RefusedError(404, "No webhook is offered")

    # --- writes ---

    def send(
        self, documents: Sequence[Frozen], files: Mapping[str, bytes] | None = None
    ) -> list[Answer]:
        """One `Answer` each, in order. Never raises.

        :param files: contents by checksum
        """
        return [self._send_safely(document, files or {}) for document in documents]

    def _send_safely(self, document: Frozen, files: Mapping[str, bytes]) -> Answer:
        try:
            if document.call == Call.INVOICE:
                return self._send_invoice(document.body, files)
            if document.call == Call.TRANSFER:
                return self._send_transfer(document.body)
            return self._send_event(document.body)
        except ChannelError as error:
            return Answer.failed(error)
        except Exception:
            # It may have arrived, and the answers to others must not be lost with it.
            _logger.exception("%s: the answer can't be read", document.call)
            return Answer.failed(Unknown(Reason.UNREADABLE))

    def _send_invoice(self, payload: Payload, files: Mapping[str, bytes]) -> Answer:
        """`POST /v1/invoices`, once the file is what it should be."""
        if "file" not in payload:
            return _refused("There is no e-invoice to send.", Fault.EINVOICE)
        octets = files.get(payload["file"]["checksum"])
        if not octets:
            return _refused("The e-invoice's file is missing.", Fault.EINVOICE)
        number, form = payload["number"], payload["form"]
        if problem := einvoices.fault(octets, form["format"], number):
            return _refused(problem, Fault.EINVOICE)
        content = payloads.multipart(payload, octets)
        reply = self._call("POST", "/v1/invoices", content=content)
        if reply.ok:
            return answers.invoice_answer(object_of(reply))
        body = object_of(reply)
        refusal = answers.refusal(Call.INVOICE, body, self._words.code(body))
        if self._words.is_refused_as(body, [SAME_UUID]):
            return self._arrived_before(payload, refusal)
        return refusal

    def _arrived_before(self, payload: Payload, refusal: Answer) -> Answer:
        """The answer to what has our own id already: it arrived by an earlier call.

        Unless it is of another number, or of another company: then it is not ours.
        """
        try:
            found = self._invoice(payload["form"]["uuid"])
        except Rejected:
            return refusal
        except ChannelError as error:
            raise Unknown(error.reason, error.detail) from error
        if not found or found.get("number") != payload["number"]:
            return refusal
        return answers.invoice_answer(found)

    def _send_transfer(self, payload: Payload) -> Answer:
        """`POST /v2/invoices/{id}/assignment/ropo`; Ropo takes it, or not, later."""
        if not payloads.has_invoice(payload):
            text = "The invoice's id at Maventa is missing, or is no UUID."
            return _refused(text, Fault.INVOICE_UNKNOWN)
        if lacking := payloads.incomplete_payers(payload):
            return _refused(" ".join(lacking), Fault.ADDRESS)
        path = f"{transfer_path(payload['invoice_id'])}/ropo"
        sent = self._words.transfer_sent(payload["assignment"])
        reply = self._call("POST", path, body=sent)
        body = object_of(reply)
        if reply.ok:
            return answers.transfer_answer(payload, self._words.transfer(body))
        return answers.transfer_refusal(payload, body, self._words.code(body))

    def _send_event(self, payload: Payload) -> Answer:
        """`POST /v1/assignments/{id}/events`."""
        try:
            assignment = self._assignment_id(payload["case"], payload["number"])
        except CaseRefused as error:
            answer = _refused(error.detail, Fault.CASE_UNKNOWN)
            return answers.with_meaning(answer, error.meaning)
        except (Rejected, Throttled):
            raise
        except ChannelError as error:
            raise NotSent(error.reason, error.detail) from error
        path = f"/v1/assignments/{assignment}/events"
        sent = self._words.event_sent(payload["event"])
        reply = self._call("POST", path, body=sent)
        body = object_of(reply)
        if reply.ok:
            return answers.event_answer(payload, self._words.event(body))
        return answers.refusal(Call.EVENT, body, self._words.code(body))

    # --- the service ---

    def activate_service(self, email: str) -> ServiceState:
        """Has the agreement sent to this address (guide: Service activation).

        :return: the state; an active service stays as it is
        :raises Rejected: for an address that is none
        """
        return self._change_service(
            "PUT", SERVICE_OPEN, "active", body={"agreement_contact_email": email}
        )

    def service_state(self) -> ServiceState:
        return answers.service_state(self._words.service(self._read("GET", SERVICE)))

    def close_service(self) -> ServiceState:
        """Ends the agreement; Ropo goes on with what is open (guide)."""
        return self._change_service("DELETE", SERVICE_CLOSED, "inactive")

    def _change_service(
        self,
        method: str,
        code: str,
        state: ServiceState,
        **arguments: Unpack[CallOptions],
    ) -> ServiceState:
        """:param code: of the refusal that shows that `state` is there already"""
        reply = self._call(method, SERVICE, **arguments)
        if not reply.ok:
            body = reply.json()
            if self._words.is_refused_as(body, [code]):
                return state
            raise Rejected(Reason.REFUSED, answers.error_text(body))
        if not reply.content:
            return state
        return answers.service_state(self._words.service(object_of(reply)))

    # --- what became of it ---

    def find(self, document: Frozen, case: CaseRef | None = None) -> Found:
        """What became of a document whose answer was lost; see `base.Channel`."""
        body = document.body
        if document.call == Call.EVENT:
            assignment = case.assignment if case else ""
            number = case.number if case else ""
            return self._find_event(
                body, assignment or body["case"], number or body["number"]
            )
        if document.call == Call.TRANSFER:
            return self._find_transfer(body["invoice_id"])
        if "form" not in body:
            return Found(False)  # it had no file: no call was made
        found = self._invoice(body["form"]["uuid"])
        return Found(bool(found), body["form"]["uuid"] if found else "")

    def _find_transfer(self, invoice_id: str) -> Found:
        """One that failed can be made again, and one that is not there arrived not."""
        if not cases.is_uuid(invoice_id):
            return Found(False)
        transfer = self._transfer(invoice_id)
        if not transfer:
            return Found(False)
        state = answers.progress(transfer)
        if state in ("", "failed"):
            return Found(False if state else None)
        return Found(True, cases.transfer_of(invoice_id))

    def _find_event(self, body: Payload, assignment: str, number: str) -> Found:
        try:
            identifier = self._assignment_id(assignment, number)
        except CaseRefused:
            return Found()
        pages = self._event_pages(f"/v1/assignments/{identifier}/events")
        events = [event for page in pages for event in page]
        return Found(
            open_amount=answers.open_amount(self._held_assignment(identifier)),
            reports=answers.count_reports(events, body["event"]),
        )

    def find_invoice(
        self, number: str, date: datetime.date | None = None
    ) -> list[HeldInvoice]:
        """Our invoices of that number and date that Maventa holds, as `HeldInvoice`."""
        held = map(answers.held_invoice, self._invoices_of(number))
        return [invoice for invoice in held if date in (None, invoice.date)]


def _refused(text: str, fault: Fault) -> Answer:
    """The answer to what was not sent, since it would be refused."""
    return Answer(Outcome.REJECTED, error=text, fault=fault, raw={"fault": str(fault)})
