import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_date

from ..services.transaction import isolated
from .ropo_comparison import SAME_MONEY_DAYS
from .ropo_request import LIVE

_logger = logging.getLogger(__name__)

# How long what was taken back waits for the payment that it takes back.
REVERSAL_WAITS = timedelta(days=3)


class RopoEvent(models.Model):
    """What Ropo collected, registered as payments of the ledger: each once."""

    _inherit = "ropo.event"

    # False ──tell──▶ waiting ──▶ registered   a payment of its own, reconciled
    #   │                ├──────▶ booked       it stood in the ledger already
    #   └──a person──────┴──────▶ person       what is left for a person, and why
    settlement = fields.Selection(
        [
            ("waiting", "To Register"),
            ("registered", "Registered"),
            ("booked", "Booked by Hand"),
            ("person", "Needs a Person"),
        ],
        string="In the Ledger",
        readonly=True,
        index="btree_not_null",
    )
    settlement_note = fields.Char(string="To Look At", readonly=True)
    payment_ids = fields.One2many("account.payment", "ropo_event_id", readonly=True)
    reverses_id = fields.Many2one(
        "ropo.event",
        string="Takes Back",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    may_register = fields.Boolean(compute="_compute_may_register")

    # --- computes ---

    @api.depends("payment_ids", "settlement", "job_id", "amount", "request_id")
    def _compute_may_register(self):
        for event in self:
            event.may_register = (
                event.job_id.chased
                and bool(event._ropos_money())
                and event.settlement != "booked"
                and not event.sudo().payment_ids
            )

    # --- actions ---

    def action_register_payment(self):
        """Registers what Ropo collected; on the first open day if its own is closed."""
        may = self.env.su or self.env.user.has_group("ropo_connect.group_ropo_user")
        if not may:
            raise AccessError(
                self.env._("Only a Ropo user may register what Ropo collected.")
            )
        self.check_access("read")  # nobody may write by hand, only through actions
        for event in self:
            if not event.may_register:
                raise UserError(
                    self.env._(
                        "%(event)s: nothing is to be registered here.",
                        event=event.display_name,
                    )
                )
            event._settle(by_person=True)

    # --- business ---

    def _tell(self, job):
        # EXTENDS: what is new may be registered by itself
        fresh = self.filtered(lambda event: event.state != "done")
        result = super()._tell(job)
        if job.chased and job.account_id.register_payments:
            fresh.filtered(
                lambda event: event.state == "done" and event._ropos_money()
            ).settlement = "waiting"
        return result

    @api.model
    def _settle_waiting(self, account):
        """Registers what waits: payments first, then what was taken back."""
        waiting = self.search(
            [("account_id", "=", account.id), ("settlement", "=", "waiting")]
        )
        for event in waiting.sorted(lambda e: (e.amount < 0, e._paid_on(), e.id)):
            try:
                self._persist(event._settle_alone)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                _logger.warning("%s is registered later: others change it now", event)

    def _settle_alone(self):
        """One that can't be registered must not stop the others."""
        if not self.try_lock_for_update() or self.settlement != "waiting":
            return
        with isolated(self, "register it", expected=UserError) as attempt:
            self._settle()
        if attempt.error:
            self._leave_to_person(self._problem_text(attempt.error))

    def _settle(self, by_person=False):
        """Raises `UserError` with the reason when nothing can be registered."""
        if not self._ropos_money():
            self.sudo().settlement = False
        elif self.amount < 0:
            self._settle_reversal(by_person)
        elif booked := self.source_partial_id or self._equal_money(ropos=True):
            self.sudo()._book(booked)
        elif not by_person and self._equal_money(ropos=False):
            raise UserError(
                self.env._(
                    "Money of the same amount, received at about the same time, is "
                    "booked on %(invoice)s. If it is what Ropo collected, choose “It "
                    "Came Through Ropo” on it under Ropo → Told to Ropo; if not, “It "
                    "Is Other Money”.",
                    invoice=self.move_id.display_name,
                )
            )
        else:
            self._settle_receipt(by_person)

    def _settle_receipt(self, by_person):
        debt = self.move_id.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and not line.reconciled
        )
        amount = min(self.amount, self.move_id.amount_residual)
        if not debt or self.currency_id.compare_amounts(amount, 0) <= 0:
            raise UserError(
                self.env._(
                    "%(invoice)s has nothing open, and Ropo collected %(amount)s. See "
                    "whether the customer paid twice, or the money is booked already.",
                    invoice=self.move_id.display_name,
                    amount=self._amount_text(self.amount),
                )
            )
        payment = self._create_payment(
            "inbound", amount, debt.account_id[:1], by_person
        )
        money = self._receivable_lines(payment)
        (
            money + debt.filtered(lambda line: line.account_id == money.account_id)
        ).reconcile()
        self._conclude(payment, money.matched_debit_ids[:1].id)
        rest = self.currency_id.round(self.amount - amount)
        if rest:
            self._leave_to_person(
                self.env._(
                    "%(rest)s of %(amount)s are more than was open, such as interest "
                    "or fees. They are not booked.",
                    rest=self._amount_text(rest),
                    amount=self._amount_text(self.amount),
                )
            )

    def _settle_reversal(self, by_person):
        """Takes the payment back that Ropo took back."""
        earlier = self._taken_back()
        if not earlier:
            recent = self.create_date > fields.Datetime.now() - REVERSAL_WAITS
            if recent and not by_person:
                return  # what it takes back may be told later
            raise UserError(
                self.env._(
                    "Ropo took %(amount)s back, and no payment of that amount is "
                    "registered here. Undo the right one by hand.",
                    amount=self._amount_text(-self.amount),
                )
            )
        self.sudo().reverses_id = earlier
        received = earlier.sudo().payment_ids.filtered(
            lambda p: p.move_id.state == "posted"
        )
        if not received:
            self.sudo().settlement = "registered"  # somebody has undone it already
            return
        money = self._receivable_lines(received)
        money.remove_move_reconcile()
        payment = self._create_payment(
            "outbound", received.amount, money.account_id, by_person
        )
        (money + self._receivable_lines(payment)).reconcile()
        self._conclude(payment)

    def _taken_back(self):
        """The newest payment of this case that has this amount and still stands."""
        events = self.job_id.event_ids
        return (
            (events - events.reverses_id)
            .filtered(
                lambda event: (
                    event.settlement in ("registered", "person")
                    and event.sudo().payment_ids
                    and not event.currency_id.compare_amounts(
                        event.amount, -self.amount
                    )
                )
            )
            .sorted(lambda event: (event._paid_on(), event.id))[-1:]
        )

    def _create_payment(self, direction, amount, receivable, by_person):
        method = self._settlement_method(direction)
        payment = (
            self.env["account.payment"]
            .with_company(self.company_id)
            .create(
                {
                    "payment_type": direction,
                    "partner_type": "customer",
                    "partner_id": self.move_id.commercial_partner_id.id,
                    "amount": amount,
                    "currency_id": self.currency_id.id,
                    "date": self._open_day(method.journal_id, by_person),
                    "journal_id": method.journal_id.id,
                    "payment_method_line_id": method.id,
                    "destination_account_id": receivable.id,
                    "memo": self.env._("Ropo: %(invoice)s", invoice=self.move_id.name),
                    "ropo_event_id": self.id,
                }
            )
        )
        payment.action_post()
        return payment

    def _settlement_method(self, direction):
        """The payment method of the settlement journal, with an outstanding account."""
        account = self.account_id
        journal = account.settlement_journal_id
        if not journal:
            raise UserError(
                self.env._(
                    "%(account)s names no journal for what Ropo collected. A Ropo "
                    "manager chooses one on the account, under Money.",
                    account=account.name,
                )
            )
        company = self.move_id.company_id
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

    def _open_day(self, journal, by_person):
        """The day of the money; a person may have it booked on the first open day."""
        day = self._paid_on()
        locks = self.move_id.company_id._get_violated_lock_dates(day, False, journal)
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

    def _receivable_lines(self, payment):
        return payment.move_id.line_ids.filtered(
            lambda line: line.account_id == payment.destination_account_id
        )

    def _book(self, partial_id):
        """The money stands in the ledger by this reconciliation."""
        self.source_partial_id = partial_id
        if self.settlement in ("waiting", "person") or not self.settlement:
            self.write({"settlement": "booked", "settlement_note": False})

    def _register_other_money(self):
        """A person said that equal money in the ledger is not this."""
        self.filtered(
            lambda event: (
                event._ropos_money()
                and event.settlement in (False, "person")
                and event.account_id.register_payments
                and not event.payment_ids
            )
        ).write({"settlement": "waiting", "settlement_note": False})

    def _equal_money(self, ropos):
        """The reconciliation by which this money may stand in the ledger, or 0.

        Of the same amount, at most some days away, and no other's: neither reported
        to Ropo, nor known to be another event's.

        :param ropos: whether to look in the journals into which Ropo pays, where it
            is certain, or in the others
        """
        spoken_for = set(self.job_id.event_ids.mapped("source_partial_id"))
        spoken_for |= set(
            self.job_id.request_ids.filtered(
                lambda r: r.state in LIVE and not r.void
            ).mapped("source_partial_id")
        )
        for row in self.move_id._get_all_reconciled_invoice_partials():
            entry = row["aml"].move_id
            if (
                row["partial_id"] not in spoken_for
                and not row["is_exchange"]
                and entry.move_type == "entry"
                and self._is_ropos_journal(entry.journal_id) == ropos
                and not entry.origin_payment_id.ropo_event_id
                and not self.currency_id.compare_amounts(row["amount"], self.amount)
                and abs(row["aml"].date - self._paid_on()) <= SAME_MONEY_DAYS
            ):
                return row["partial_id"]
        return 0

    def _is_ropos_journal(self, journal):
        return (
            journal.ropo_settlement or journal in self.account_id.settlement_journal_ids
        )

    def _conclude(self, payment, partial_id=0):
        self.sudo().write(
            {
                "settlement": "registered",
                "settlement_note": False,
                "source_partial_id": partial_id,
            }
        )
        self.move_id.matched_payment_ids += payment

    def _leave_to_person(self, reason):
        self.sudo().write({"settlement": "person", "settlement_note": reason})
        self.account_id.sudo()._ask_person(
            self.env._("What Ropo collected needs a look"),
            self.env._(
                "Not all that Ropo collected could be registered. See “Needs a Person” "
                "under Ropo → Told by Ropo. The first: %(case)s. %(reason)s",
                case=self.job_id.display_name,
                reason=reason,
            ),
        )

    def _amount_text(self, amount):
        return self.currency_id.format(amount)
