"""The first half of Maventa's script: the token, the service and invoices."""

import datetime
import hashlib
import uuid

from ..artificial import DAYS_OVERDUE, MARK, pdf
from ..conformance import UntriedError, json_object, step
from ..documents import Delivery
from ..transport import Reply
from ..values import Payload, number
from . import answers, known, payloads, variants
from .client import SERVICE
from .codes import (
    LANGUAGES,
    NO_INVOICE,
    SAME_UUID,
    SCOPES,
    SERVICE_CLOSED,
    SERVICE_OPEN,
    SERVICE_STATES,
)
from .conformance_calls import ERROR_KEYS, Calls
from .connection import TOKEN_SECONDS

OVT, OPERATOR = "003700000019", "003721291126"
LARGE = 6 * 1024 * 1024  # bytes of a file that some service might find too large
NUMBER_TAKEN = "invoice_duplicate_number"
BAD_FILE = "invoice_invalid_file"
LOCALES = ("fi_FI", "sv_SE", "en_US", "nb_NO")


class Documents(Calls):
    """Its steps, in the order in which they are taken."""

    # --- the door ---

    @step
    def token(self) -> None:
        reply = self.client.exchange_token()
        body = json_object(reply)
        self.keep_call("POST /oauth2/token", reply)
        self.look("POST /oauth2/token", body, known.TOKEN)
        seconds = number(body.get("expires_in"))
        is_hour = seconds == TOKEN_SECONDS
        self.check_reply("token", reply, is_hour, f"{seconds} seconds", body)
        if not reply.ok:
            raise UntriedError(answers.error_text(body) or f"HTTP {reply.status}")
        granted = str(body.get("scope", "")).split()
        lacking = [scope for scope in SCOPES if scope not in granted]
        self.check("scopes", not lacking, f"lacking: {' '.join(lacking) or 'none'}")

    @step
    def wrong_key(self) -> None:
        """Once only: no page says after how many a user is locked."""
        reply = self.client.exchange_token(maventa_user_api_key="wrong-key")
        self.keep_call("POST /oauth2/token", reply, body={"client_secret": "wrong"})
        body = json_object(reply)
        got = f"HTTP {reply.status} {answers.error_text(body)}"
        if answers.is_oauth_error(body) or self.words.is_own_error(body):
            self.check_reply("errors", reply, True, got)
            return
        keys, proposals = variants.further_keys(body), []
        if answers.is_own_error(body, keys):
            proposals = [self.propose(ERROR_KEYS, keys)]
        self.check("errors", False, f"with {keys or 'no keys'}", *proposals)

    @step
    def wrong_token(self) -> None:
        reply = self.call("GET", "/oauth2/current", token="wrong")
        self._is_unauthorized(reply, "a wrong token")

    @step
    def fewer_scopes(self) -> None:
        """With a token that has not all rights."""
        reply = self.client.exchange_token(scopes=("company:read",))
        self.keep_call("POST /oauth2/token", reply)
        token = json_object(reply).get("access_token")
        if not token:
            raise UntriedError(f"A token for company:read alone: HTTP {reply.status}")
        reply = self.call("GET", "/v1/invoices", token=str(token), only=lambda _: None)
        self._is_unauthorized(reply, "a token without the right")

    def _is_unauthorized(self, reply: Reply, what: str) -> None:
        is_own = self.refusal(reply) is not None
        self.check_reply("unauthorized", reply, is_own, f"{what}: HTTP {reply.status}")

    # --- the service ---

    @step
    def receivables_service(self) -> None:
        reply, body = self.service()
        name = self.words["maventa_service_status"]
        proposals = []
        if str(body.get(name)).upper() not in SERVICE_STATES:
            name = variants.name_of_state(body, SERVICE_STATES)
            proposals = [self.propose("maventa_service_status", name)] if name else []
        word = str(body.get(name, "")).upper()
        held = word in SERVICE_STATES and not proposals
        got = f"{name}: {word}" if name else f"HTTP {reply.status}: no such word"
        self.check_reply("service_state", reply, held, got, (), proposals)
        self.service_state = SERVICE_STATES.get(word, "")
        self._service_again(body)

    def _service_again(self, body: Payload) -> None:
        """Asks for what is so already: nothing is opened and nothing closed."""
        email = body.get("agreement_contact_email")
        if self.service_state == "active" and email:
            reply = self.call("PUT", SERVICE, body={"agreement_contact_email": email})
            self.refused(SERVICE_OPEN, reply, "activating what is active")
        elif self.service_state == "inactive":
            reply = self.call("DELETE", SERVICE)
            self.refused(SERVICE_CLOSED, reply, "closing what is closed")

    # --- invoices ---

    @step
    def invoices(self) -> None:
        today, days = self.papers.today, datetime.timedelta
        overdue = {"date": today - days(44), "due_date": today - days(DAYS_OVERDUE)}
        self.sent = {}
        kinds: dict[str, Payload] = {
            "company": overdue,
            "person": {**overdue, "debtor": self.papers.person()},
            "several": {**overdue, "debtor": self.papers.person()},
            "credited": overdue,
            "never transferred": overdue,
            "not overdue": {},
        }
        for what, values in kinds.items():
            identifier, document = self.send_invoice("invoice", what, **values)
            if identifier:
                self.sent[what] = (identifier, document)
                kept = {"number": document.number, "invoice": identifier}
                self.report.sent[what] = kept
        if not self.sent:
            raise UntriedError("No invoice was taken")

    @step
    def forms(self) -> None:
        self.send_invoice("formats", "Peppol BIS 3.0")
        self.send_invoice("formats", "a credit note", is_credit=True)
        if self.papers.country == "fi":
            self.send_invoice("formats", "Finvoice 3.0", form="finvoice3")
        self.send_invoice("embedded", "a PDF in it", attachment=pdf())

    @step
    def routes(self) -> None:
        for delivery in (
            Delivery("email"),
            Delivery("post"),
            Delivery("evoice", OVT, OPERATOR),
            Delivery("peppol", f"0216:{OVT}"),
            Delivery("evoice", OVT, OPERATOR, fallback="post"),
        ):
            what = " then ".join(filter(None, [delivery.method, delivery.fallback]))
            self.send_invoice("routes", what, delivery=delivery)

    @step
    def languages(self) -> None:
        for locale in LOCALES:
            debtor = self.papers.company(language=locale)
            what = LANGUAGES[locale[:2]]
            self.send_invoice("languages", what, debtor=debtor)

    @step
    def same_id(self) -> None:
        """The same file once more, as after a lost answer."""
        document, octets = self.new_invoice()
        reply, body = self.post_invoice(document, octets)
        identifier = str(body.get("id")).lower()
        checksum = hashlib.sha256(octets).hexdigest()
        wanted = payloads.invoice_id(document.own_reference, checksum)
        self.check("own_id", identifier == wanted, f"{identifier or 'none'}")
        reply, _body = self.post_invoice(document, octets)
        self.check_reply("own_id", reply, reply.status >= 400)
        self.refused(SAME_UUID, reply, "the same id again")
        reply = self.call("GET", f"/v1/invoices/{wanted}")
        held = json_object(reply).get("number") == document.number
        self.check("own_id", held, f"asked for by it: HTTP {reply.status}")

    @step
    def same_number(self) -> None:
        _identifier, document = next(iter(self.need("sent").values()))
        again, octets = self.new_invoice(number=document.number)
        reply, _body = self.post_invoice(again, octets)
        if reply.ok:
            self.note("A number that was sent before: taken")
        else:
            self.refused(NUMBER_TAKEN, reply, "a number that was sent before")

    @step
    def odd_invoices(self) -> None:
        document = self.papers.invoice()
        octets = b"<Invoice"
        reply, _body = self.post_invoice(self.with_file(document, octets), octets)
        self.refused(BAD_FILE, reply, "half a file")

    @step
    def further_invoices(self) -> None:
        document, octets = self.new_invoice()
        reply, _body = self.post_invoice(document, octets, unknown_field=MARK)
        self.note_answer("A field of the form that no page has", reply)
        document, octets = self.new_invoice(attachment=pdf(LARGE))
        reply, _body = self.post_invoice(document, octets)
        self.note_answer(f"An e-invoice of {len(octets)} bytes", reply)

    @step
    def found_invoices(self) -> None:
        identifier, document = next(iter(self.need("sent").values()))
        for what, params in (
            ("by number", {"number": document.number}),
            ("by id", {"ids": [identifier]}),
        ):
            reply, rows = self.rows("/v1/invoices", direction="SENT", **params)
            found = [str(row.get("id")).lower() for row in rows]
            got = f"{what}: {len(found)}"
            row = rows[0] if rows else {}
            self.check_reply("found", reply, identifier in found, got, row)
            self.look("GET /v1/invoices", row, known.INVOICE)
        nobody = uuid.uuid5(uuid.NAMESPACE_URL, self.papers.run)
        reply = self.call("GET", f"/v1/invoices/{nobody}")
        self.refused(NO_INVOICE, reply, "an invoice that is not there")
