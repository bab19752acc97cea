"""Ropo One's script: what it does with artificial documents, held against what is
assumed. Each step says in its checks which assumptions it decides."""

import collections
import datetime
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..artificial import MARK, PERSON_NUMBERS
from ..conformance import (
    STATUS_CODE,
    Proposal,
    is_pdf,
    json_object,
    kind_of,
    step,
)
from ..documents import Answer, Claim, Delivery, Invoice
from ..errors import Outcome
from ..transport import Reply
from ..values import Payload, moment, number
from . import answers
from .client import REFUSALS
from .conformance_documents import OPERATOR, OVT
from .conformance_followup import Followup

MOST_PAGES = 50
AT_ONCE = (2, 4, 8, 16)
CLOCKS_DIFFER = datetime.timedelta(minutes=10)
MOST_DECIMALS = 2

ROPO_ACTS = "Only what Ropo does in days shows it"
ROPO_PAID = "Only a payment that reaches Ropo shows it"
LATER = {
    "poll_and_webhook": ROPO_PAID,
    "webhook": "Only a message to the webhook shows it",
    "day_of_payment": ROPO_PAID,
    "reversed_payment": "Only a payment that Ropo takes back shows it",
    "reported_money": "Only a payout shows it",
    "near_money": "Only payments in other journals show it",
}


class RopoOneScript(Followup):
    """The steps, in the order in which they are taken."""

    # --- claims ---

    @step
    def claims(self) -> None:
        consumer = Delivery("b2c", OVT, OPERATOR, MARK)
        number = PERSON_NUMBERS[self.papers.country]
        known_person = self.papers.person(registration_number=number)
        fee = {"notice_fee": 5.0, "notice_date": self.papers.today - DAY * 7}
        reminder = self.papers.claim("reminder")
        documents = [
            ("person_number", "without govid", reminder),
            (
                "person_number",
                "with govid",
                self.papers.claim("reminder", debtor=known_person),
            ),
            (
                "consumer_einvoice",
                "reminder",
                self.papers.claim("reminder", delivery=consumer),
            ),
            (
                "claim_row",
                "collection",
                self.papers.claim("collection", debt_type="capital", **fee),
            ),
        ]
        found = self.send_all(documents)
        is_as_sent = [answer.raw.get("jobstatus") for answer in found]
        self.check("claims", is_as_sent == ["1", "1", "1", "2"], str(is_as_sent))
        self.check("claim_row", found[0].outcome == Outcome.ACCEPTED, "no rows: taken")
        with_fee = found[3].outcome == Outcome.ACCEPTED
        self.check("notice_fee", with_fee, found[3].error or "taken")
        self._keep_claims(documents, found)
        self._letter()
        self._without_notice()
        self._after_reminder(reminder)

    def _keep_claims(
        self, documents: Sequence[tuple[str, str, Claim]], found: Sequence[Answer]
    ) -> None:
        """`(document, assignment)` of what was taken, for later steps and runs."""
        names = ("reminder", "known", "consumer", "collection")
        for name, (_key, _what, document), answer in zip(
            names, documents, found, strict=True
        ):
            if answer.outcome == Outcome.ACCEPTED:
                setattr(self, name, (document, answer.assignment))
                self.remember(name, document, answer.assignment)

    def _letter(self) -> None:
        params = {"jobid": self.need("reminder")[1], "origdata": 0}
        reply = self.call("GET", "/jobs/pdf", params=params)
        self.check_reply("letter", reply, is_pdf(reply), kind_of(reply))

    def _without_notice(self) -> None:
        """S: the date of the creditor's own reminder is mandatory in Finland."""
        reply, (answer,) = self.post([self.papers.claim("collection")])
        if self.papers.country == "fi":
            refused = answer.outcome == Outcome.REJECTED
            self.check_reply("notice_date", reply, refused, answer.error, answer.raw)
        else:
            self.postpone("notice_date", "Only a Finnish profile shows it")

    def _after_reminder(self, reminder: Claim) -> None:
        """What becomes of a collection of what is in reminder; never sent by us."""
        claim = self.papers.claim(
            "collection",
            number=reminder.number,
            notice_date=self.papers.today - DAY * 7,
        )
        reply, (answer,) = self.post([claim])
        self.note_answer("A collection of what is in reminder", reply, answer)

    @step
    def find_by_customer(self) -> None:
        document, assignment = self.need("reminder")
        reply, rows = self.listed(document.debtor.reference)
        listed = {answers.identifier(row.get("case_number")): row for row in rows}
        row = listed.get(assignment, {})
        is_right = row.get("status") == "reminder"
        is_right = is_right and row.get("invoice_number") == document.number
        self.check_reply("customer_list", reply, is_right, row.get("status"), row)
        self.check("lookup", assignment in listed, f"{len(rows)} on the list")
        document, assignment = self.need("collection")
        row = listed.get(assignment, {})
        self.check(
            "customer_list", row.get("status") == "collection", row.get("status")
        )
        owed = document.amount + document.notice_fee
        open_amount = number(row.get("open_amount"))
        self.check("notice_fee", open_amount == owed, f"{open_amount} open")

    # --- money ---

    @step
    def payments(self) -> None:
        document, assignment = self.need("reminder")

        def change(amount: float, **values: Any) -> tuple[Reply, Answer]:
            return self.pay(
                self.papers.change(amount, **{"assignment": assignment, **values})
            )

        reply, answer = change(40.0)
        self._moved("payment", reply, answer, -40.0)
        self._is_listed(document, assignment, answer)
        reply, answer = change(10.0, is_payment=False)
        self._moved("untyped_payment", reply, answer, -10.0)
        reply, answer = change(-10.0)
        self._moved("reversal", reply, answer, 10.0)
        reply, _answer = change(5.0, assignment="", number=f"TEST-{self.papers.run}-0")
        self._refused(10, reply)
        if not self.model.collects:
            reply, _answer = change(5.0, assignment=self.need("invoice_id"))
            self._refused(8, reply)
        self._pay_in_full(change, answer)
        self.paid = document, assignment

    def _pay_in_full(
        self, change: Callable[..., tuple[Reply, Answer]], answer: Answer
    ) -> None:
        rest = answer.after.total if answer.after else 60.0
        reply, answer = change(rest)
        self._moved("payment", reply, answer, -rest)
        reply, answer = change(5.0)
        self._refused(5, reply)
        is_refused = answer.outcome == Outcome.REJECTED
        self.check_reply(
            "paid_takes_nothing", reply, is_refused, answer.error, answer.raw
        )

    def _moved(self, key: str, reply: Reply, answer: Answer, difference: float) -> None:
        """Whether the capital has changed by so much."""
        got = answer.error or "no capital shown"
        held, proposals = False, []
        if answer.before and answer.after:
            moved = round(answer.after.capital - answer.before.capital, 2)
            held, got = moved == difference, f"capital changed by {moved}"
            if moved == -difference:
                now, self.sign = self.sign, "1" if self.sign == "-1" else "-1"
                proposals = [Proposal("payment_sign", self.sign, now)]
        self.check_reply(key, reply, held, got, answer.raw, proposals)

    def _is_listed(
        self, document: Invoice | Claim, assignment: str, answer: Answer
    ) -> None:
        """Whether the customer's list has the same open amount as the answer."""
        _reply, rows = self.listed(document.debtor.reference)
        amounts = [
            number(row.get("open_amount"))
            for row in rows
            if answers.identifier(row.get("case_number")) == assignment
        ]
        total = answer.after and answer.after.total
        self.check("customer_list", amounts == [total], f"{amounts} open, not {total}")

    def _refused(self, code: int, reply: Reply) -> None:
        body = json_object(reply)
        got = f"{body.get('statusid')} {body.get('statustext')}"
        is_code = answers.identifier(body.get("statusid")) == str(code)
        self.check_reply("refused_payments", reply, is_code, got, body)

    @step
    def credit_notes(self) -> None:
        collects, invoice = self.model.collects, self.need("sent_invoice")
        note = self.new_invoice(is_credit=True)
        if collects:
            self.postpone("credit_note_connect", "Only a profile of Connect shows it")
        else:
            self.send("credit_note_connect", "credit note", note)
        self.send_all(
            [
                (
                    "credit_job",
                    "refundtojobid",
                    self.new_invoice(
                        is_credit=True,
                        credits_assignment=self.need("invoice_id"),
                    ),
                ),
                (
                    "credit_job",
                    "refundtobillnum",
                    self.new_invoice(is_credit=True, credits_number=invoice.number),
                ),
            ]
        )
        if not collects:
            reply = self.call("GET", "/jobs/pdf", params={"billnum": note.number})
            self.check("lookup", is_pdf(reply), f"credit note: {kind_of(reply)}")
        self._credit_in_full(note)

    def _credit_in_full(self, note: Invoice) -> None:
        document, assignment = self.need("known")
        change = self.papers.change(
            document.amount,
            assignment=assignment,
            credit_note=note.number,
            is_payment=False,
        )
        reply, answer = self.pay(change)
        self._moved("credit_by_payment", reply, answer, -document.amount)
        _reply, body = self.case(assignment)
        code = answers.identifier(body.get("currentstatus"))
        got = f"credited: {code} {body.get('currentstatustext')}"
        proposals = []
        if code and code not in self.stages:
            proposals = [Proposal(f"{STATUS_CODE}{code}", "credited")]
        is_known = self.stages.get(code) == "credited"
        self.check("stage_codes", is_known, got, *proposals)
        self.postpone("stage_codes", f"{got}. {ROPO_ACTS} of the others")

    # --- what is reported ---

    @step
    def status_pages(self) -> None:
        """What was not fetched yet, until there is no more."""
        for _ in range(MOST_PAGES):
            reply, _rows = self.updates()
            self.check_reply("status_pages", reply)
            if reply.status == 204 or not reply.ok:
                return
            now, place = self.client.setting("status_rows"), self.place_of_rows
            proposals = [] if place == now else [Proposal("status_rows", place, now)]
            self.check("status_wrapper", place == now, f"at {place}", *proposals)

    @step
    def status_updates(self) -> None:
        document, assignment = self.need("paid")
        reply, rows = self.updates(billnum=document.number)
        self.check("lookup", bool(rows), f"{len(rows)} status rows")
        for row in rows:
            self.check_reply("row_names", reply, fields=row)
        self._stage_rows(assignment, rows)
        self._times(rows)
        self.check_messages(rows)
        self._echoes(rows)
        self._by_date(rows)

    def _stage_rows(self, assignment: str, rows: Sequence[Payload]) -> None:
        _reply, body = self.case(assignment)
        current = answers.identifier(body.get("currentstatus"))
        codes = [
            answers.identifier(row.get("statuscode"))
            for row in rows
            if row.get("statustype") != "payment"
        ]
        if codes:
            self.check(
                "stage_rows", current in codes, f"{codes}, the case has {current}"
            )

    def _times(self, rows: Sequence[Payload]) -> None:
        """All rows are of what was done a moment ago."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        found = [moment(row.get("statustime")) for row in rows]
        latest = max(filter(None, found), default=None)
        if latest:
            off = latest - now
            got = f"{off.total_seconds() / 60:.0f} minutes after now in UTC"
            self.check("times", abs(off) < CLOCKS_DIFFER, got)

    def _echoes(self, rows: Sequence[Payload]) -> None:
        """Rows about what we reported: nothing has been paid to Ropo itself."""
        echoes = [row for row in rows if row.get("statustype") == "payment"]
        for row in echoes:
            texts = f"{row.get('statusref')} {row.get('statustext')}"
            is_day = row.get("paydate") == self.papers.today.isoformat()
            got = f"{texts}, {row.get('paydate')}"
            self.check("echo", self.is_marked(row) and is_day, got)
        if not echoes:
            self.postpone("echo", "No row came about the payments that were reported")

    def _by_date(self, rows: Sequence[Payload]) -> None:
        """The day is Ropo's own, whatever its zone."""
        days = [str(row.get("statustime"))[:10] for row in rows]
        if days:
            counts = []
            for _ in range(2):
                reply, found = self.updates(date=max(days))
                counts.append(len(found))
            held = counts[0] == counts[1] > 0
            self.check_reply("rows_by_date", reply, held, f"{counts} rows")

    @step
    def debtor_page(self) -> None:
        document, _assignment = self.need("reminder")
        reply = self.call(
            "GET", "/online/onlinelink", params={"billnum": document.number}
        )
        url = str(json_object(reply).get("url"))
        is_https = url.startswith("https://")
        self.check_reply("debtor_page", reply, is_https, url, json_object(reply))

    @step
    def at_once(self) -> None:
        """More and more calls at the same time, until one is refused."""
        for count in AT_ONCE:
            with ThreadPoolExecutor(count) as pool:
                statuses = list(pool.map(self._one_of_many, range(count)))
            seen = dict(collections.Counter(statuses))
            self.check("too_many_calls", set(seen) <= {200, 429}, f"{count}: {seen}")
            if 429 in seen:
                self.note(f"{count} calls at once: {seen[429]} refused with 429")
                return
        self.note(f"{AT_ONCE[-1]} calls at once: none refused")

    def _one_of_many(self, _number: int) -> int:
        params = {"jobid": self.need("invoice_id")}
        return self.client.exchange("GET", "/jobs", params=params).status

    # --- what all answers show ---

    @step
    def decimals(self) -> None:
        amounts = [
            value
            for exchange in self.report.exchanges
            for value in _floats(exchange["answer"])
        ]
        odd = [value for value in amounts if round(value, MOST_DECIMALS) != value]
        self.check("decimals", not odd, odd or f"{len(amounts)} amounts")

    @step
    def refusals(self) -> None:
        for status, body in self.refused:
            held = status in REFUSALS and answers.is_own_error(body, self.error_keys)
            self.check("refusals", held, f"HTTP {status} {sorted(body)}")

    @step
    def later(self) -> None:
        """What this day can't show."""
        for key, why in LATER.items():
            self.postpone(key, why)


DAY = datetime.timedelta(days=1)


def _floats(value: object) -> list[float]:
    """Each number with a point, wherever it stands."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [found for item in value for found in _floats(item)]
    return [value] if isinstance(value, float) else []
