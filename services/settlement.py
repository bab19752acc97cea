import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_date

from ..models.ropo_request import LIVE
from .reported_money import SAME_MONEY_DAYS
from .transaction import commit_with_retry, isolated

_logger = logging.getLogger(__name__)

# How long a reversal waits for the payment that it reverses.
REVERSAL_WAITS = timedelta(days=3)


class RopoSettlement(models.AbstractModel):
    """What Ropo collected, registered as payments of the ledger: each once."""

    _name = "ropo.settlement"
    _description = "Registration of What Ropo Collected"

    @api.model
    def _take_up(self, events, job):
        """What is new of this case is registered without a person, where the account
        has it so."""
        if job.is_collected and job.account_id.register_payments:
            events.filtered(lambda event: event._ropos_money()).settlement = "waiting"

    # --- what waits ---

    @api.model
    def _settle_waiting(self, account):
        """Registers what waits: payments first, then reversals."""
        waiting = self.env["ropo.event"].search(
            [("account_id", "=", account.id), ("settlement", "=", "waiting")]
        )
        for event in waiting.sorted(lambda e: (e.amount < 0, e._paid_on(), e.id)):
            try:
                commit_with_retry(self.env, self._settle_alone, event)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                _logger.warning("%s is registered later: others change it now", event)

    def _settle_alone(self, event):
        """One that can't be registered must not stop the others."""
        if not event.try_lock_for_update() or event.settlement != "waiting":
            return
        with isolated(event, "register it", expected=UserError) as attempt:
            self._settle(event)
        if attempt.error:
            self._leave_to_person(
                event, self.env["ropo.inbox"]._problem_text(attempt.error)
            )

    def _settle(self, event, by_person=False):
        """Raises `UserError` with the reason when nothing can be registered."""
        if not event._ropos_money():
            event.sudo().settlement = False
        elif event.amount < 0:
            self._settle_reversal(event, by_person)
        elif booked := event.source_partial_id or self._equal_money(event, ropos=True):
            event.sudo()._book(booked)
        elif not by_person and self._equal_money(event, ropos=False):
            raise UserError(
                self.env._(
                    "Money of the same amount, received at about the same time, is "
                    "booked on %(invoice)s. If it is what Ropo collected, choose "
                    "“Same Payment” on it under Ropo → Outbox; if not, “Different "
                    "Payment”.",
                    invoice=event.move_id.display_name,
                )
            )
        else:
            self._settle_receipt(event, by_person)

    # --- the two ways ---

    def _settle_receipt(self, event, by_person):
        debt = event.move_id.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and not line.reconciled
        )
        residual = event.move_id.amount_residual
        recovered = self.env["ropo.bad.debt"]._recover(
            event, event.amount - residual, by_person
        )
        debt |= recovered
        amount = min(event.amount, residual + recovered.amount_currency)
        if not debt or event.currency_id.compare_amounts(amount, 0) <= 0:
            raise UserError(
                self.env._(
                    "%(invoice)s has nothing open, and Ropo collected %(amount)s. See "
                    "whether the customer paid twice, or the money is booked already.",
                    invoice=event.move_id.display_name,
                    amount=self._amount_text(event, event.amount),
                )
            )
        payment = self._create_payment(
            event, "inbound", amount, debt.account_id[:1], by_person
        )
        money = self._receivable_lines(payment)
        (
            money + debt.filtered(lambda line: line.account_id == money.account_id)
        ).reconcile()
        partials = money.matched_debit_ids.filtered(
            lambda partial: partial.debit_move_id.move_id == event.move_id
        )
        self._conclude(event, payment, partials[:1].id)
        rest = event.currency_id.round(event.amount - amount)
        if rest:
            self._leave_to_person(
                event,
                self.env._(
                    "%(rest)s of %(amount)s are more than was open, such as interest "
                    "or fees. They are not booked.",
                    rest=self._amount_text(event, rest),
                    amount=self._amount_text(event, event.amount),
                ),
            )

    def _settle_reversal(self, event, by_person):
        """Reverses the payment that Ropo took back."""
        earlier = self._reversed_event(event)
        if not earlier:
            recent = event.create_date > fields.Datetime.now() - REVERSAL_WAITS
            if recent and not by_person:
                return  # the payment that it reverses may come later
            raise UserError(
                self.env._(
                    "Ropo took %(amount)s back, and no payment of that amount is "
                    "registered here. Undo the right one by hand.",
                    amount=self._amount_text(event, -event.amount),
                )
            )
        event.sudo().reverses_id = earlier
        received = earlier.sudo().payment_ids.filtered(
            lambda p: p.move_id.state == "posted"
        )
        if not received:
            event.sudo().settlement = "registered"  # somebody has undone it already
            return
        money = self._receivable_lines(received)
        money.remove_move_reconcile()
        payment = self._create_payment(
            event, "outbound", received.amount, money.account_id, by_person
        )
        (money + self._receivable_lines(payment)).reconcile()
        self.env["ropo.bad.debt"]._lose_again(event, payment.date)
        self._conclude(event, payment)

    @staticmethod
    def _reversed_event(event):
        """The newest payment of this case that has this amount and still stands."""
        events = event.job_id.event_ids
        return (
            (events - events.reverses_id)
            .filtered(
                lambda earlier: (
                    earlier.settlement in ("registered", "person")
                    and earlier.sudo().payment_ids
                    and not earlier.currency_id.compare_amounts(
                        earlier.amount, -event.amount
                    )
                )
            )
            .sorted(lambda earlier: (earlier._paid_on(), earlier.id))[-1:]
        )

    # --- the payment ---

    def _create_payment(self, event, direction, amount, receivable, by_person):
        method = self._settlement_method(event, direction)
        payment = (
            self.env["account.payment"]
            .with_company(event.company_id)
            .create(
                {
                    "payment_type": direction,
                    "partner_type": "customer",
                    "partner_id": event.move_id.commercial_partner_id.id,
                    "amount": amount,
                    "currency_id": event.currency_id.id,
                    "date": self._open_day(event, method.journal_id, by_person),
                    "journal_id": method.journal_id.id,
                    "payment_method_line_id": method.id,
                    "destination_account_id": receivable.id,
                    "memo": self.env._("Ropo: %(invoice)s", invoice=event.move_id.name),
                    "ropo_event_id": event.id,
                }
            )
        )
        payment.action_post()
        return payment

    def _settlement_method(self, event, direction):
        """The payment method of the settlement journal, with an outstanding account."""
        account = event.account_id
        journal = account.settlement_journal_id
        if not journal:
            raise UserError(
                self.env._(
                    "%(account)s names no journal for what Ropo collected. A Ropo "
                    "manager chooses one on the account, under Payments.",
                    account=account.name,
                )
            )
        company = event.move_id.company_id
        if journal.company_id not in company.parent_ids:
            raise UserError(
                self.env._(
                    "The journal %(journal)s is not of %(company)s, whose invoice this "
                    "is. Choose another one on the account %(account)s.",
                    journal=journal.display_name,
                    company=company.display_name,
                    account=account.name,
                )
            )
        methods = journal._get_available_payment_method_lines(direction)
        method = methods.filtered("payment_account_id")[:1]
        if not method:
            raise UserError(
                self.env._(
                    "The journal %(journal)s has no outstanding account. Enter one in "
                    "its payment methods, incoming and outgoing.",
                    journal=journal.display_name,
                )
            )
        return method

    def _open_day(self, event, journal, by_person, has_tax=False):
        """The day of the money; a person may have it booked on the first open day."""
        day = event._paid_on()
        company = event.move_id.company_id
        locks = company._get_violated_lock_dates(day, has_tax, journal)
        if not locks:
            return day
        first = max(lock for lock, _name in locks) + timedelta(days=1)
        if by_person:
            return first
        raise UserError(
            self.env._(
                "%(day)s is in a closed period. “Register Payment” books it on "
                "%(first)s, the first open day.",
                day=format_date(self.env, day),
                first=format_date(self.env, first),
            )
        )

    @staticmethod
    def _receivable_lines(payment):
        return payment.move_id.line_ids.filtered(
            lambda line: line.account_id == payment.destination_account_id
        )

    # --- money that is booked already ---

    def _equal_money(self, event, ropos):
        """The reconciliation by which this money may stand in the ledger, or 0.

        Of the same amount, at most some days away, and no other's: neither reported
        to Ropo, nor known to be another event's.

        :param ropos: whether to look in the journals into which Ropo pays, where it
            is certain, or in the others
        """
        known = set(event.job_id.event_ids.mapped("source_partial_id"))
        known |= set(event.job_id._bad_debt_partials().ids)
        known |= set(
            event.job_id.request_ids.filtered(
                lambda r: r.state in LIVE and not r.void
            ).mapped("source_partial_id")
        )
        for row in event.move_id._get_all_reconciled_invoice_partials():
            entry = row["aml"].move_id
            if (
                row["partial_id"] not in known
                and not row["is_exchange"]
                and entry.move_type == "entry"
                and self._is_ropos_journal(event, entry.journal_id) == ropos
                and not entry.origin_payment_id.ropo_event_id
                and not event.currency_id.compare_amounts(row["amount"], event.amount)
                and abs(row["aml"].date - event._paid_on()) <= SAME_MONEY_DAYS
            ):
                return row["partial_id"]
        return 0

    @staticmethod
    def _is_ropos_journal(event, journal):
        return (
            journal.ropo_settlement
            or journal in event.account_id.settlement_journal_ids
        )

    # --- how it ends ---

    @staticmethod
    def _conclude(event, payment, partial_id=0):
        event.sudo().write(
            {
                "settlement": "registered",
                "settlement_note": False,
                "source_partial_id": partial_id,
            }
        )
        event.move_id.matched_payment_ids += payment

    def _leave_to_person(self, event, reason):
        event.sudo().write({"settlement": "person", "settlement_note": reason})
        event.account_id.sudo()._ask_person(
            "collected",
            self.env._("Payments collected by Ropo have to be reviewed"),
            self.env._(
                "Not all that Ropo collected could be registered. See “To Review” "
                "under Ropo → Inbox. The first: %(case)s. %(reason)s",
                case=event.job_id.display_name,
                reason=reason,
            ),
        )

    @staticmethod
    def _amount_text(event, amount):
        return event.currency_id.format(amount)
