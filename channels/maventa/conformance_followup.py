"""What Ropo did, days later, with the transfers of an earlier run of the script."""

from ..conformance import followup
from ..values import Payload, number
from . import answers, cases, variants
from .codes import CLOSED
from .conformance_documents import Documents

MONEY = ("paid", "credit_note")


class Followup(Documents):
    """The steps of a run that continues another one. Nothing is sent.

    Before it, let the test environment go on for some days, and have Ropo's support
    move a case and add fees to it.
    """

    @followup
    def transfers_since(self) -> None:
        """What was pending is settled by now; the others are known."""
        for what, sent in self.report.sent.items():
            if assignment := sent.get("assignment"):
                self.assignments[sent["invoice"]] = assignment
            elif sent.get("is_transferred"):
                self.look_for_assignment(what, sent["invoice"])

    def look_for_assignment(self, what: str, invoice_id: str) -> str:
        """The id of the assignment that a transfer became; "" while there is none."""
        reply, transfer = self.settled(invoice_id)
        state = answers.progress(transfer)
        got = f"{what}: {transfer.get('status')} {answers.transfer_text(transfer)}"
        self.check_reply("transfer_progress", reply, bool(state), got)
        if state == "pending":
            self.postpone("transfer_state", "Ropo has not taken it yet: look later")
        if state != "done":
            return ""
        name = self.words["maventa_assignment_id"]
        if not cases.is_uuid(transfer.get(name)):
            name = variants.name_of_assignment(transfer, invoice_id)
            proposals = [self.propose("maventa_assignment_id", name)] if name else []
            got = f"the assignment is at {name or 'no name'}"
            self.check("transfer_state", False, got, *proposals)
            if not name:
                return ""
        self.check("transfer_state", True, f"{what}: {name}")
        found = str(transfer[name]).lower()
        self.assignments[invoice_id] = found
        self.report.sent[what]["assignment"] = found
        return found

    @followup
    def events_since(self) -> None:
        """What Ropo added to each case, and by what name it says so."""
        self.money, statuses = {}, []
        for what, assignment in self._followed():
            _reply, events = self.events_of(assignment)
            self.money[what] = sum(
                number(event.get(answers.AMOUNTS[event["event_type"]])) or 0
                for event in events
                if event.get("event_type") in MONEY
            )
            for event in events:
                self._ropo_event(what, event)
                statuses += [event] if event.get("collection_status") else []
        for event in statuses:
            self.check("event_stage", True, str(event["collection_status"]))
        if not statuses:
            self.postpone("event_stage", "No case has come to another stage yet")

    def _ropo_event(self, what: str, event: Payload) -> None:
        """An event is ours or Ropo's, and one of a new status has that status."""
        kind, origin = event.get("event_type"), event.get("origin")
        got = f"{what}: {kind} of {origin or 'nobody'}"
        self.check("event_shown", origin in answers.ORIGINS, got)
        is_status = kind not in (*MONEY, "comment", CLOSED)
        if is_status and not event.get("collection_status"):
            self.check("event_stage", False, f"{what}: {kind} without a status")

    @followup
    def cases_since(self) -> None:
        """Where each case stands, and whether fees stand beside the capital."""
        has_fees = False
        for what, assignment in self._followed():
            _reply, body = self.held(assignment)
            code = str(body.get("collection_status") or "").lower()
            if code in self.stages:
                self.check("stages", True, f"{what}: {code} is {self.stages[code]}")
            capital = number(body.get(self.words["maventa_sum_open"]))
            fees = number(body.get(self.words["maventa_sum_fees"])) or 0
            if not fees or capital is None:
                continue
            has_fees = True
            left = round(self.report.sent[what]["open"] - self.need("money")[what], 2)
            held = capital == left
            got = f"{what}: {capital} and {fees} open, {left} of the capital unpaid"
            self.check("open_amounts", held, got)
        if not has_fees:
            self.postpone("open_amounts", "No case has fees yet")

    def _followed(self) -> list[tuple[str, str]]:
        """`(name, id)` of each assignment."""
        return [
            (what, sent["assignment"])
            for what, sent in self.report.sent.items()
            if sent.get("assignment")
        ]
