"""What Ropo did, days later, with the documents of an earlier run of the script."""

import datetime
from collections.abc import Sequence

from ..artificial import MARK
from ..conformance import followup
from ..inbound import is_id
from ..values import Payload, date, moment, number
from . import answers
from .codes import ASSUMED_CODES, CONFIRMATION, MESSAGE
from .conformance_documents import Documents

# How a customer's list has a case of each stage.
LISTED_AS = {
    "reminder": "reminder",
    "collection": "collection",
    "legal": "collection",
    "payment_plan": "collection",
    "paid": "paid",
    "credited": "paid",
    "closed": "paid",
}
NO_PAYMENT = "No payment to Ropo has come yet"
NO_WEBHOOK = "No message has come to the webhook yet"


class Followup(Documents):
    """The steps of a run that continues another one. Nothing is sent.

    Before it, let the test environment go on for some days, and have Ropo's support
    register a payment of a debtor, take it back, and move a case.
    """

    @followup
    def rows_since(self) -> None:
        """All status rows of each document, those that were fetched before too."""
        self.rows = []
        for sent in self.report.sent.values():
            _reply, rows = self.updates(billnum=sent["number"])
            self.rows += rows
        payments = [row for row in self.rows if row.get("statustype") == "payment"]
        ours = [row for row in payments if self.is_marked(row)]
        self.received_by_ropo = [row for row in payments if row not in ours]
        began = date(self.need("earlier")["started"])
        # Ropo's day may be the one before or after that of UTC.
        around = map(datetime.timedelta, (-1, 0, 1))
        days = {began + each for each in around} if began else set()
        for row in ours:
            self.check("echo", date(row.get("paydate")) in days, _about(row))
        self.check_messages(self.rows)

    @followup
    def stages_since(self) -> None:
        """Which stage each case has come to, and those that it went through."""
        seen = {
            answers.identifier(row.get("statuscode"))
            for row in self.need("rows")
            if row.get("statustype") != "payment"
        }
        for name, sent in self.report.sent.items():
            _reply, body = self.case(sent["assignment"])
            code = answers.identifier(body.get("currentstatus"))
            if not code:
                continue
            seen.add(code)
            stage = self.stages.get(code)
            listed = self._listed_status(sent)
            held = stage and listed in ("", LISTED_AS.get(stage, listed))
            got = f"{name}: {code} {body.get('currentstatustext')}, listed as {listed}"
            self.check("stage_codes", held, got.removesuffix(", listed as "))
        if missing := [code for code in ASSUMED_CODES if code not in seen]:
            self.postpone("stage_codes", f"Not seen yet: {', '.join(missing)}")

    def _listed_status(self, sent: Payload) -> str:
        """How the customer's list has the case; "" where it does not."""
        _reply, rows = self.listed(sent["customer"])
        found = [
            str(row.get("status"))
            for row in rows
            if answers.identifier(row.get("case_number")) == sent["assignment"]
        ]
        return found[0] if found else ""

    @followup
    def payments_since(self) -> None:
        """What debtors paid to Ropo, and what Ropo took back of it."""
        rows = self.need("received_by_ropo")
        paid = [row for row in rows if (number(row.get("amount")) or 0) > 0]
        back = [row for row in rows if (number(row.get("amount")) or 0) < 0]
        for row in paid:
            day, told = date(row.get("paydate")), moment(row.get("statustime"))
            held = day and told and day <= told.date() + datetime.timedelta(days=1)
            got = f"{_about(row)}, reported {row.get('statustime')}"
            self.check("day_of_payment", held, got)
        if not paid:
            self.postpone("day_of_payment", NO_PAYMENT)
        for row in back:
            self.check("reversed_payment", self._was_paid(row, paid), _about(row))
        if not back:
            self.postpone("reversed_payment", "No payment was taken back yet")

    @staticmethod
    def _was_paid(row: Payload, paid: Sequence[Payload]) -> bool:
        """Whether a payment of that amount came before, of the same document."""
        return any(
            number(one.get("amount")) == -(number(row.get("amount")) or 0.0)
            and one.get("billnum") == row.get("billnum")
            and str(one.get("statustime")) <= str(row.get("statustime"))
            for one in paid
        )

    @followup
    def webhook_since(self) -> None:
        """The messages of the webhook, beside the rows that were asked for."""
        messages = [
            each["raw"] for each in self.received if each["source"] == "webhook"
        ]
        for message in messages:
            name = f"{message.get('statustype')} {message.get('id')}"
            self.check("webhook", is_id(message.get("id")), name)
        if not messages:
            self.postpone("webhook", NO_WEBHOOK)
        twins = [
            (row, message)
            for row in self.need("received_by_ropo")
            for message in messages
            if _of_one_payment(row, message)
        ]
        for row, message in twins:
            got = f"{_about(row)}: {row.get('statusid')} and {message.get('id')}"
            self.check("poll_and_webhook", _is_known_again(row, message), got)
        if not twins:
            self.postpone("poll_and_webhook", f"{NO_PAYMENT} both ways")

    # --- helpers ---

    def check_messages(self, rows: Sequence[Payload]) -> None:
        comments = [row for row in rows if row.get("statustype") == "comment"]
        others = [row for row in comments if self._is_no_stage(row)]
        for row in others:
            is_known = answers.identifier(row.get("statuscode")) == MESSAGE
            text = str(row.get("statustext"))
            held = is_known or text.startswith(CONFIRMATION)
            self.check("messages", held, f"{row.get('statuscode')}: {text}")
        if not others:
            self.postpone("messages", "No comment came that is no stage")

    def _is_no_stage(self, row: Payload) -> bool:
        return answers.identifier(row.get("statuscode")) not in self.stages

    def is_marked(self, row: Payload) -> bool:
        """Whether a row repeats what we reported with a payment."""
        texts = f"{row.get('statusref')} {row.get('statustext')}"
        return f"test-{self.papers.run}-" in texts or MARK in texts


def _about(row: Payload) -> str:
    return f"{row.get('amount')} of {row.get('paydate')}"


def _of_one_payment(row: Payload, message: Payload) -> bool:
    names = ("billnum", "statustype")
    is_same = all(row.get(name) == message.get(name) for name in names)
    return is_same and number(row.get("amount")) == number(message.get("amount"))


def _is_known_again(row: Payload, message: Payload) -> bool:
    """By its id, or by its day and its code."""
    if str(row.get("statusid")) == str(message.get("id")):
        return True
    return all(row.get(name) == message.get(name) for name in ("paydate", "statuscode"))
