from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from ..models.ropo_request import LIVE
from .verdict import Verdict


class RopoTransferRules(models.AbstractModel):
    """Whether what is open of an invoice may be transferred, and which part of it."""

    _name = "ropo.transfer.rules"
    _description = "Rules of Transfer"

    @api.model
    def _verdict(self, move, operation, account, held, terms):
        """Whether what is open of it may be transferred on these terms."""
        if move.move_type != "out_invoice":
            text = self.env._("It is a credit note: nobody owes it.")
            return Verdict("type", text, move)
        if held.ended and move.currency_id.compare_amounts(move.amount_residual, 0) > 0:
            return self._ended_verdict(move, held.ended)
        if held.collects and not held.ended:
            text = self.env._(
                "Ropo collects it already, and goes on from reminder to collection "
                "automatically."
            )
            return Verdict("collected", text, move)
        if move.currency_id.compare_amounts(move.amount_residual, 0) <= 0:
            text = self.env._("Nothing of it is open.")
            return Verdict("paid", text, move)
        verdict = self._undelivered_verdict(move, held.deliveries)
        if not verdict.code:
            verdict = self._policy_verdict(move, account, terms)
        if not verdict.code and operation == "collection":
            return self._notice_verdict(move, account, terms)
        return verdict

    @api.model
    def _registered_verdict(self, move, registered):
        """Whether payments that have no journal entry yet pay all that is open."""
        paid = registered.get(move.id, 0.0)
        if not paid or move.currency_id.compare_amounts(move.amount_residual, paid) > 0:
            return Verdict()
        text = self.env._(
            "A registered payment pays it, and the bank statement does not have it "
            "yet. If the money did not come, cancel that payment."
        )
        return Verdict("paid", text, move)

    def _ended_verdict(self, move, case):
        case = case.with_env(self.env)
        if case.decision == "leave":
            text = self.env._(
                "Ropo closed its case unpaid, and it was decided that it is left. To "
                "transfer it all the same, choose “Transfer Again” on the case."
            )
        else:
            text = self.env._(
                "Ropo closed its case unpaid. Decide on the case what becomes of it: "
                "write it off, transfer it again, or leave it."
            )
        return Verdict("ended", text, case)

    def _undelivered_verdict(self, move, deliveries):
        """Whether Ropo's delivery of it, where one was asked for, came about.

        :param deliveries: the states of the requests to deliver it
        """
        if "unknown" in deliveries:
            text = self.env._(
                "It is not known whether Ropo got it for delivery. It may be "
                "transferred when that is known."
            )
        elif deliveries & {"queued", "sending"}:
            text = self.env._(
                "Ropo is to deliver it, and it is not delivered yet. It may be "
                "transferred after that."
            )
        elif "rejected" in deliveries and "done" not in deliveries:
            text = self.env._(
                "Ropo rejected its delivery. Correct what is wrong and send it "
                "again. If it was delivered in another way, cancel that request."
            )
        else:
            return Verdict()
        return Verdict("delivery", text, move)

    def _policy_verdict(self, move, account, terms):
        """Whether the account's own rules allow a transfer today."""
        exempt = self._exemption_verdict(move, account)
        if exempt.code:
            return exempt
        parts = self._claim_parts(move, account, terms)
        if not parts:
            return self._early_verdict(move, account, terms)
        if self._in_company_currency(parts) < account.min_amount:
            text = self.env._("Less is open of it than the account's minimum amount.")
            return Verdict("small", text, move)
        if not move.payment_reference:
            text = self.env._(
                "It has no payment reference, by which Ropo knows the money."
            )
            return Verdict("reference", text, move)
        return Verdict()

    @api.model
    def _exemption_verdict(self, move, account):
        """Whether a person decided that it is not to be collected."""
        customer = move.commercial_partner_id
        if move.ropo_hold:
            return Verdict("hold", self.env["ropo.holds"]._text(move), move)
        if any(
            line.no_followup and not line.ropo_followup_paused
            for line in move._ropo_open_parts()
        ):
            text = self.env._("“No Follow-Up” is set on it, or on its journal items.")
            return Verdict("exempt", text, move)
        if customer.ropo_no_collection:
            text = self.env._(
                "%(partner)s: no reminders or collection.",
                partner=customer.display_name,
            )
            return Verdict("exempt", text, customer)
        if customer in account.exempt_partner_ids.commercial_partner_id:
            text = self.env._(
                "%(partner)s is exempt on the Ropo account %(account)s.",
                partner=customer.display_name,
                account=account.name,
            )
            return Verdict("exempt", text, account)
        if move.payment_state == "blocked":
            text = self.env._("Its payment is blocked: settle the dispute first.")
            return Verdict("disputed", text, move)
        return Verdict()

    def _early_verdict(self, move, account, terms):
        """Why nothing of it may go today, and from when it may."""
        dues = [line._ropo_due_date() for line in move._ropo_open_parts()]
        wait = self._days_to_wait(move, account)
        first, last = (format_date(self.env, d + wait) for d in (min(dues), max(dues)))
        overdue = min(dues) + wait <= fields.Date.context_today(self)
        if overdue and not terms.claim_parts:
            text = self.env._(
                "Not all of its instalments are overdue: it may go from %(date)s, or "
                "now with only the overdue ones.",
                date=last,
            )
            return Verdict("instalments", text, move)
        text = self.env._(
            "Not overdue long enough: it may go from %(date)s.",
            date=first if terms.claim_parts else last,
        )
        return Verdict("early", text, move)

    def _notice_verdict(self, move, account, terms):
        """Finland: one's own reminder comes before collection (guide: Connect)."""
        date = move.ropo_notice_date or terms.notice_date
        if not date and account.country == "fi":
            text = self.env._(
                "In Finland a debt is only collected after one's own reminder. Enter "
                "the date on which you sent it."
            )
            return Verdict("notice", text, move)
        if date and date > fields.Date.context_today(self):
            text = self.env._("The date of your own reminder lies ahead.")
            return Verdict("notice", text, move)
        parts = self._claim_parts(move, account, terms)
        due = min(line._ropo_due_date() for line in parts)
        if date and date < due:
            text = self.env._(
                "The date of your own reminder is before the due date, %(date)s.",
                date=format_date(self.env, due),
            )
            return Verdict("notice", text, move)
        return self._notice_days_verdict(move, account, date)

    def _notice_days_verdict(self, move, account, date):
        """The debtor gets time to pay after one's own reminder, of `date` or False."""
        is_company = move.commercial_partner_id.is_company
        days = account.notice_days_b2b if is_company else account.notice_days_b2c
        first = date and fields.Date.add(date, days=days)
        if not first or first <= fields.Date.context_today(self):
            return Verdict()
        text = self.env._(
            "Your own reminder is of %(notice_date)s: it may go to debt collection "
            "from %(date)s.",
            notice_date=format_date(self.env, date),
            date=format_date(self.env, first),
        )
        return Verdict("notice_early", text, move)

    # --- what comes into question ---

    @api.model
    def _overdue_domain(self, due_by=None):
        """What is open of invoices of which Ropo collects nothing, some of it overdue.

        Wider than the verdicts, and cheap: the index of open journal items serves it.
        Filters, the wizard of a customer and the scheduled transfer all ask here.

        :param due_by: the last day on which it was due; by default yesterday
        """
        today = fields.Date.context_today(self)
        due_by = due_by or fields.Date.subtract(today, days=1)
        late = [
            ("display_type", "=", "payment_term"),
            ("reconciled", "=", False),
            "|",
            ("date_maturity", "<=", due_by),
            "&",
            ("date_maturity", "=", False),
            ("move_id.invoice_date_due", "<=", due_by),
        ]
        collected = [
            ("collects", "=", True),
            ("state", "in", LIVE),
            ("void", "=", False),
            # What Ropo closed unpaid is nobody's, until a person decides. Asked for by
            # the few of those: to look each up among all cases took minutes.
            ("job_id", "not any", [("decision", "!=", False)]),
        ]
        return (
            Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
            & Domain("amount_residual", ">", 0)
            & Domain("line_ids", "any", late)
            & Domain("ropo_request_ids", "not any", collected)
        )

    # --- what is claimed ---

    @api.model
    def _claim_parts(self, move, account, terms):
        """The open receivable lines that may be transferred today: all when the last
        is overdue; the overdue ones when they may go by themselves; else none."""
        parts = move._ropo_open_parts()
        wait = self._days_to_wait(move, account)
        today = fields.Date.context_today(self)
        overdue = parts.filtered(lambda line: line._ropo_due_date() + wait <= today)
        return overdue if terms.claim_parts or overdue == parts else parts.browse()

    @staticmethod
    def _days_to_wait(move, account):
        """The account's days, and never fewer than the channel itself demands."""
        is_company = move.commercial_partner_id.is_company
        days = account.min_days_b2b if is_company else account.min_days_b2c
        least = account._channel().capabilities.minimum_days
        kind = "company" if is_company else "person"
        return timedelta(days=max(days, least.get(kind, 0)))

    @staticmethod
    def _in_company_currency(parts):
        return abs(sum(parts.mapped("amount_residual")))
