"""The first half of Ropo One's script: the token, invoices and documents."""

import base64
import datetime
import json
from collections.abc import Callable
from dataclasses import replace

from ..artificial import MARK, pdf
from ..base import Document
from ..conformance import (
    Proposal,
    UntriedError,
    is_pdf,
    json_object,
    kind_of,
    step,
)
from ..documents import Attachment, Delivery, Instalment, Invoice, TaxTotal
from ..errors import Outcome
from ..transport import Reply
from ..values import Payload
from . import answers, variants
from .capabilities import CAPABILITIES
from .client import TOKEN_SECONDS
from .conformance_calls import Calls

OVT, OPERATOR = "003700000019", "003721291126"


class Documents(Calls):
    """Its steps, in the order in which they are taken."""

    # --- the door ---

    @step
    def token(self) -> None:
        reply = self.client.exchange_token()
        body = json_object(reply)
        self.keep_call("POST /token", reply)
        self.meet("POST /token", body, ("token",))
        lifetime = _lifetime(body.get("token"))
        self.check_reply(
            "token", reply, lifetime == TOKEN_SECONDS, f"{lifetime} seconds", body
        )
        if not reply.ok:
            raise UntriedError(answers.error_text(body) or f"HTTP {reply.status}")

    @step
    def wrong_credentials(self) -> None:
        """Once only: no page says after how many a profile is locked."""
        reply = self.client.exchange_token(apicode="wrong")
        self.keep_call("POST /token", reply, body={"apicode": "wrong"})
        body = json_object(reply)
        now = self.error_keys
        if answers.is_own_error(body, now):
            got = answers.error_text(body)
            self.check_reply("wrong_credentials", reply, True, got, body)
            return
        keys, proposals = variants.further_keys(body), []
        if answers.is_own_error(body, keys):
            self.error_keys = keys
            proposals = [Proposal("error_keys", keys, now)]
        self.check("wrong_credentials", False, f"with {keys or 'no keys'}", *proposals)

    @step
    def wrong_token(self) -> None:
        reply = self.call("GET", "/jobs", params={"jobid": 1}, token="wrong")
        self.check_reply("expired_token", reply)

    # --- invoices ---

    @step
    def invoice(self) -> None:
        document = self.new_invoice()
        reply, (answer,) = self.post([document])
        row = answer.raw
        is_same = str(row.get("ownref")) == str(document.own_reference)
        fields = [*row, *json_object(reply)]
        self.check_reply("accepted_rows", reply, is_same, answer.error, fields)
        if answer.outcome != Outcome.ACCEPTED:
            raise UntriedError(answer.error)
        self.sent_invoice, self.invoice_id = document, answer.assignment
        self.remember("invoice", document, answer.assignment)

    @step
    def deliveries(self) -> None:
        person = self.papers.person()
        company = self.papers.company()
        electronic = Delivery("evoice", OVT, OPERATOR)
        consumer = replace(electronic, subject=MARK)
        peppol = Delivery("peppol", f"0216:{OVT}")
        self.send_all(
            [
                ("sent_methods", "email", self.new_invoice(delivery=Delivery("email"))),
                ("sent_methods", "print", self.new_invoice(delivery=Delivery("print"))),
                ("sent_methods", "evoice", self.new_invoice(delivery=electronic)),
                (
                    "consumer_einvoice",
                    "invoice",
                    self.new_invoice(debtor=person, delivery=consumer),
                ),
                (
                    "peppol_id",
                    "peppol",
                    self.new_invoice(debtor=company, delivery=peppol),
                ),
            ]
        )

    @step
    def terms(self) -> None:
        today, days = self.papers.today, datetime.timedelta
        plain = self.new_invoice()
        abroad = self.papers.company(country="HK", zip="", city="Hong Kong")
        row = replace(
            plain.rows[0],
            tax_percent=0.0,
            tax_category="AE",
            exemption="Reverse charge",
        )
        tax = TaxTotal(0.0, 100.0, 0.0, "AE", "Reverse charge", "VATEX-EU-AE")
        parts = (
            Instalment(today + days(7), 50.0),
            Instalment(plain.due_date, round(plain.total - 50.0, 2)),
        )
        rounding = round(plain.tax + 0.02, 2)
        half = replace(plain.rows[0], quantity=1, net=50.0)
        rounded = TaxTotal(plain.taxes[0].percent, 100.0, rounding)
        values: dict[str, Payload] = {
            "finance_purchase": {"financing": "purchase"},
            "no_postcode": {"debtor": abroad},
            "payment_plan": {"instalments": parts},
            "advance_payment": {"paid": 25.0},
            "booking_dates": {"booking_date": today, "period": today},
            "rounded_totals": {
                "rows": (half, half),
                "taxes": (rounded,),
                "tax": rounding,
                "total": 100.0 + rounding,
            },
            "foreign_currency": {"currency": "USD", "is_foreign": True},
            "tax_category": {"rows": (row,), "taxes": (tax,), "tax": 0, "total": 100},
            "cost_centre": {
                "cost_centre": "TEST",
                "rows": (replace(plain.rows[0], cost_centre="TEST"),),
            },
        }
        self.send_all(
            [(key, key, self.new_invoice(**each)) for key, each in values.items()]
        )

    @step
    def files(self) -> None:
        electronic = Delivery("evoice", OVT, OPERATOR)
        room = CAPABILITIES.files.room("evoice")
        image = self._file("image.pdf", pdf())
        self.send("image", "image", self.new_invoice(image=image))
        attached = (self._file("attachment.pdf", pdf(room)),)
        document = self.new_invoice(delivery=electronic, attachments=attached)
        self.send("own_share", f"{room} bytes", document)
        attached = (self._file("large.pdf", pdf(2 * room)),)
        document = self.new_invoice(delivery=electronic, attachments=attached)
        reply, (answer,) = self.post([document])
        self.note_answer(f"Attachments of {2 * room} bytes", reply, answer)

    def _file(self, name: str, content: bytes) -> Attachment:
        self.contents[name] = content
        return self.papers.attachment(name, name)

    @step
    def duplicate(self) -> None:
        number = self.need("sent_invoice").number
        reply, (answer,) = self.post([self.new_invoice(number=number)])
        refused = answer.outcome == Outcome.REJECTED
        self.check_reply("unique_number", reply, refused, answer.error)
        if answer.is_duplicate:
            self.check("duplicate_words", True, answer.error)
        elif refused:
            words = variants.words_of(answer.error, number)
            now = self.client.setting("duplicate_words")
            proposal = Proposal("duplicate_words", words, now)
            self.check("duplicate_words", False, answer.error, proposal)

    @step
    def partial(self) -> None:
        good = [self.dataset(self.new_invoice()) for _ in range(2)]
        bad = self.dataset(self.new_invoice())
        del bad["payrow"]
        reply, found = self.post_datasets([good[0], bad, good[1]])
        outcomes = [answer.outcome for answer in found]
        wanted = [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED]
        self.check_reply(
            "partial", reply, outcomes == wanted, ", ".join(outcomes), found[1].raw
        )

    @step
    def odd_requests(self) -> None:
        reply, _answers = self.post_datasets([])
        self.note_answer("A batch without datasets", reply)
        for what, changed in (
            ("A field that the contract does not know", {"unknownfield": MARK}),
            ("A city of 5,000 letters", {"city": "x" * 5000}),
        ):
            dataset = self.dataset(self.new_invoice()) | changed
            reply, (answer,) = self.post_datasets([dataset])
            self.note_answer(what, reply, answer)
        reply = self.call("POST", "/jobs", content=("application/json", b'{"data'))
        self.note_answer("Half a body", reply)

    @step
    def documents(self) -> None:
        params = {"jobid": self.need("invoice_id"), "origdata": 1}
        reply = self.call("GET", "/jobs/pdf", params=params)
        self.check_reply("document", reply, is_pdf(reply), kind_of(reply))

    @step
    def preview(self) -> None:
        self._try_path("path_preview", self.new_invoice)

    @step
    def local_print(self) -> None:
        self._try_path("path_localprint", self._printed_here)

    def _printed_here(self) -> Invoice:
        return self.new_invoice(handling="local_print")

    def _try_path(self, name: str, make: Callable[[], Invoice]) -> None:
        """Whether the path that is set answers with a PDF; else which other does."""
        now = self.client.setting(name)
        reply = self._post_to(now, make())
        if is_pdf(reply) or reply.status not in variants.LEADS_NOWHERE:
            got = f"{now}: {kind_of(reply)}"
            self.check_reply("paths", reply, is_pdf(reply), got)
            return
        others = variants.other_paths(name, now)
        good = next(
            (path for path in others if is_pdf(self._post_to(path, make()))), None
        )
        proposals = [Proposal(name, good, now)] if good else []
        got = f"{now}: HTTP {reply.status}; {good or 'no other path'} answers"
        self.check("paths", False, got, *proposals)

    def _post_to(self, path: str, document: Document) -> Reply:
        body = {"datastream": {"dataset": [self.dataset(document)]}}
        # That a path leads nowhere is no refusal.
        return self.call("POST", path, body=body, is_attempt=True)

    @step
    def case_state(self) -> None:
        reply, body = self.case(self.need("invoice_id"))
        self.check_reply("case_state", reply, fields=body)


def _lifetime(token: object) -> float | None:
    """Seconds from the beginning to the end of a JWT, or None."""
    try:
        middle = str(token).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        lifetime: float = claims["exp"] - claims["iat"]
        return lifetime
    except (ValueError, LookupError, TypeError):
        return None
