from datetime import timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.fields import Date
from odoo.tools import format_date

from ..models.ropo_account_policy import TIME_ZONES
from .next_step import NextStep

# Codes of verdicts that time settles, and those that are nobody's task.
EARLY = ("early", "instalments", "notice_early")
CHOSEN = ("exempt", "disputed", "paid", "small")


class RopoNextTransfer(models.AbstractModel):
    """What happens next with an invoice that Ropo does not collect: whether the
    scheduled transfer takes it and when, or why not."""

    _name = "ropo.next.transfer"
    _description = "Next Transfer of an Invoice"

    @api.model
    def _steps(self, moves):
        """`{move: NextStep}` of posted invoices and credit notes."""
        verdicts = {}
        owed = moves.filtered(lambda m: m.move_type == "out_invoice" and _is_open(m))
        for account, own in owed.grouped("ropo_account_id").items():
            verdicts.update(self._verdicts(account, own))
        return {
            move: self._step(move, verdicts[move])
            if move in verdicts
            else self._settled_step(move)
            for move in moves
        }

    def _verdicts(self, account, moves):
        """By which the scheduled transfer, or else a person, would transfer these."""
        if account and account.auto_transfer != "none":
            return self.env["ropo.policy"]._verdicts(account, moves)
        eligibility = self.env["ropo.eligibility"]
        return eligibility._verdicts(moves, "reminder", warn=False)

    # --- what is owed ---

    def _step(self, move, verdict):
        account = move.ropo_account_id
        if not account and not move.ropo_request_ids and not move.ropo_job_ids:
            return NextStep()
        is_early = verdict.code in EARLY
        if self._waits_to_be_sent(move, account, is_early or not self._is_due(move)):
            text = self.env._(
                "It is not sent yet: choose “Send via Ropo”. Its due date is %(due)s.",
                due=self._due(move),
            )
            return NextStep(text, True)
        if is_early:
            return self._early_step(move, account)
        if verdict.code == "hold":
            return NextStep(self._hold_text(move))
        if verdict.code:
            text = self.env._(
                "It is not transferred to Ropo. %(reason)s", reason=verdict.text
            )
            return NextStep(text, verdict.code not in CHOSEN, verdict.record)
        if account.auto_transfer == "none":
            text = self.env._(
                "It was due on %(due)s and is not transferred automatically: choose "
                "“Transfer to Ropo”.",
                due=self._due(move),
            )
            return NextStep(text, True)
        if self.env["ropo.policy"]._status(account, verdict) == "waits":
            text = self.env._(
                "It was due on %(due)s and waits to be reviewed before it is "
                "transferred. %(warning)s",
                due=self._due(move),
                warning=verdict.warning,
            )
            return NextStep(text, True)
        return NextStep(self._scheduled_text(move, account), False, account)

    def _early_step(self, move, account):
        """It may not be transferred yet; what happens when it stays unpaid."""
        if account.auto_transfer == "none":
            text = self.env._(
                "Its due date is %(due)s. If it stays unpaid, it may be transferred by "
                "hand from %(date)s.",
                due=self._due(move),
                date=format_date(self.env, self._first_day(move, account)),
            )
            return NextStep(text)
        if self._lacks_notice(move, account):
            text = self.env._(
                "Its due date is %(due)s. If it stays unpaid, record your own reminder "
                "after that: debt collection needs its date.",
                due=self._due(move),
            )
            return NextStep(text)
        return NextStep(self._scheduled_text(move, account), False, account)

    def _scheduled_text(self, move, account):
        values = {
            "due": self._due(move),
            "date": format_date(self.env, self._day_of_transfer(move, account)),
        }
        if account.auto_transfer == "collection":
            return self.env._(
                "Its due date is %(due)s. If it stays unpaid, it is transferred to "
                "Ropo for debt collection on %(date)s.",
                **values,
            )
        return self.env._(
            "Its due date is %(due)s. If it stays unpaid, it is transferred to Ropo "
            "for a payment reminder on %(date)s.",
            **values,
        )

    def _hold_text(self, move):
        reason = move.ropo_hold_reason
        label = reason and self.env["ropo.holds"]._label(move, reason)
        if move.ropo_hold_until:
            return self.env._(
                "On hold until %(date)s (%(reason)s). It is not transferred before "
                "that day has passed.",
                date=format_date(self.env, move.ropo_hold_until),
                reason=label or self.env._("no reason given"),
            )
        if label:
            return self.env._(
                "On hold (%(reason)s). It is not transferred until somebody ends the "
                "hold.",
                reason=label,
            )
        return self.env._(
            "Excluded from transfer. It is not transferred until somebody changes that."
        )

    # --- what is not owed ---

    def _settled_step(self, move):
        """Of a credit note, or of an invoice of which nothing is open."""
        is_delivered = self._is_delivered(move)
        has_been_there = move.ropo_request_ids or move.ropo_job_ids
        if move.move_type == "out_refund" and not is_delivered:
            if not move.ropo_account_id:
                return NextStep()
            text = self.env._("It is not sent yet: choose “Send via Ropo”.")
            return NextStep(text, True)
        if not has_been_there:
            return NextStep()
        if move.move_type == "out_refund":
            text = self.env._("It was sent via Ropo: nothing more is to be done.")
        else:
            text = self.env._("Nothing of it is open: nothing more is to be done.")
        return NextStep(text)

    # --- days ---

    def _is_delivered(self, move):
        return move.is_move_sent or any(
            request.state == "done" and not request.void
            for request in move.ropo_request_ids
            if request.operation in ("invoice", "credit_note")
        )

    def _waits_to_be_sent(self, move, account, is_early):
        is_delivered = self._is_delivered(move) or account.delivered_elsewhere
        return is_early and account and not is_delivered

    def _is_due(self, move):
        return move._ropo_first_due() < Date.context_today(self)

    def _lacks_notice(self, move, account):
        needed = account.auto_transfer == "collection" and account.country == "fi"
        return needed and not move.ropo_notice_date

    def _due(self, move):
        return format_date(self.env, move._ropo_first_due())

    def _first_day(self, move, account):
        """The first day on which it may be transferred."""
        dues = [line._ropo_due_date() for line in move._ropo_open_parts()]
        due = min(dues) if account.claim_parts else max(dues)
        day = due + self.env["ropo.transfer.rules"]._days_to_wait(move, account)
        if account.auto_transfer != "collection" or not move.ropo_notice_date:
            return day
        is_company = move.commercial_partner_id.is_company
        days = account.notice_days_b2b if is_company else account.notice_days_b2c
        return max(day, Date.add(move.ropo_notice_date, days=days))

    def _day_of_transfer(self, move, account):
        """The day of the first scheduled transfer that may take it."""
        zone = ZoneInfo(account.company_id.partner_id.tz or TIME_ZONES[account.country])
        run = max(account.next_transfer_at, fields.Datetime.now())
        run = run.replace(tzinfo=timezone.utc).astimezone(zone).date()
        return max(run, self._first_day(move, account))


def _is_open(move):
    return move.currency_id.compare_amounts(move.amount_residual, 0) > 0
