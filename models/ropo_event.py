import logging
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .ir_cron import BY_HAND
from .notification import notification
from .ropo_job import STAGES
from .ropo_request import readable

_logger = logging.getLogger(__name__)


class RopoEvent(models.Model):
    """The inbox: one thing that Ropo reported, kept as it came."""

    _name = "ropo.event"
    _description = "Ropo Event"
    _order = "event_time desc, id desc"
    _rec_name = "text"

    account_id = fields.Many2one("ropo.account", required=True, ondelete="restrict")
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        precompute=True,
        index=True,
        help="That of the case: a branch may use its parent's account.",
    )
    profile = fields.Char(
        readonly=True,
        groups="base.group_system",
        help="Of the account when this came: it is about cases of that profile only.",
    )
    job_id = fields.Many2one(
        "ropo.job", string="Case", ondelete="set null", index="btree_not_null"
    )
    move_id = fields.Many2one(
        related="job_id.move_id", store=True, index="btree_not_null"
    )
    source = fields.Selection(
        [("poll", "Fetched"), ("webhook", "Webhook")],
        required=True,
        default="poll",
        readonly=True,
    )
    external_id = fields.Char(required=True, readonly=True)
    assignment = fields.Char(
        string="Ropo Case Number", readonly=True, help="As Ropo names it."
    )
    number = fields.Char(
        string="Invoice Number", readonly=True, help="As Ropo names it."
    )
    kind = fields.Char(string="Technical Kind", readonly=True)
    kind_text = fields.Char(string="Kind", compute="_compute_kind_text")
    code = fields.Char(readonly=True)
    text = fields.Char(readonly=True)
    event_time = fields.Datetime(readonly=True)
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one(related="job_id.currency_id")
    day = fields.Date(readonly=True, help="On which the money was paid.")
    counted = fields.Monetary(
        readonly=True, help="What of it was deducted from the open amount."
    )
    collected_on = fields.Date(
        compute="_compute_collected_on",
        store=True,
        help="The day of money that Ropo collected, or took back; empty: this is none.",
    )
    stage = fields.Selection(STAGES, readonly=True)
    progress = fields.Selection(
        [("pending", "Pending"), ("done", "Done"), ("failed", "Failed")],
        readonly=True,
        help="What became of a delivery or a transfer.",
    )
    origin = fields.Selection(
        [("own", "Own Company"), ("ropo", "Ropo")],
        readonly=True,
        help="Who reported it, where the channel says so.",
    )
    applied_stage = fields.Selection(
        STAGES, readonly=True, help="The stage that was applied to the case."
    )
    raw = fields.Json(readonly=True, groups="ropo_connect.group_ropo_manager")
    thinned_on = fields.Date(
        readonly=True, help="The day on which what came was deleted."
    )
    raw_text = fields.Text(
        compute="_compute_raw_text", groups="ropo_connect.group_ropo_manager"
    )
    source_partial_id = fields.Integer(
        string="Reconciliation",
        readonly=True,
        help="The partial reconciliation by which this money stands in the ledger.",
    )
    request_id = fields.Many2one(
        "ropo.request",
        string="Own Report",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="This only repeats what you reported to Ropo.",
    )
    doubt_request_id = fields.Many2one(
        "ropo.request",
        string="Possible Own Report",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="This may repeat what you reported yourself. It counts only when "
        "somebody decides that it is a different payment.",
    )
    is_other_money = fields.Boolean(
        readonly=True, help="Somebody decided that it is a different payment."
    )
    duplicate_of_id = fields.Many2one(
        "ropo.event",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The same happening came another way already; it counts once.",
    )
    # False ──report──▶ waiting ──▶ registered   a payment of its own, reconciled
    #   │                  ├──────▶ booked       it stood in the ledger already
    #   └──person──────────┴──────▶ person       what is left for a person, and why
    settlement = fields.Selection(
        [
            ("waiting", "To Register"),
            ("registered", "Registered"),
            ("booked", "Booked Manually"),
            ("person", "To Review"),
        ],
        string="Accounting Status",
        readonly=True,
        index="btree_not_null",
    )
    settlement_note = fields.Char(string="Note", readonly=True)
    recovered = fields.Monetary(
        readonly=True, help="What of it was booked as the recovery of a bad debt."
    )
    recovery_id = fields.Many2one(
        "account.move",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The entry by which the bad debt was owed again, so that it was paid.",
    )
    payment_ids = fields.One2many("account.payment", "ropo_event_id", readonly=True)
    reverses_id = fields.Many2one(
        "ropo.event",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    # Asked by the comparison and the reports in SQL, by forms and services in Python.
    is_missing = fields.Boolean(
        string="Missing in the Ledger",
        compute="_compute_is_missing",
        store=True,
        help="Ropo collected this money, and the ledger does not have it.",
    )
    may_register = fields.Boolean(compute="_compute_may_register")
    # new ──▶ done        it is applied to its case
    #  ├────▶ unmatched   no case of ours bears its number yet
    #  └────▶ review      it can't be taken in: a person looks at it
    state = fields.Selection(
        [
            ("new", "New"),
            ("done", "Done"),
            ("unmatched", "No Case Yet"),
            ("review", "To Review"),
        ],
        required=True,
        default="new",
        readonly=True,
        index=True,
    )
    problem = fields.Char(readonly=True, help="Why it can't be taken in.")

    _missing = models.Index("(job_id) WHERE is_missing")
    # For the report on receivables, which reads of all cases at once.
    _recovered = models.Index(
        "(job_id) INCLUDE (recovered, day, event_time, create_date) "
        "WHERE recovered != 0"
    )
    _found = models.Index("(job_id, source_partial_id) WHERE source_partial_id != 0")
    _steps = models.Index(
        "(job_id, applied_stage, event_time) "
        "WHERE applied_stage IN ('reminder', 'collection', 'legal')"
    )
    _collected = models.Index(
        "(account_id, collected_on) WHERE collected_on IS NOT NULL"
    )
    # Polled rows and messages of the webhook have numbers of their own.
    _external_unique = models.Constraint(
        "UNIQUE(account_id, profile, source, external_id)",
        "Ropo's events are kept once.",
    )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(self.env["ropo.account"]._stamp_profile(vals_list))

    def write(self, vals):
        # EXTENDS 'base': by these, a payment in the ledger is one to Ropo
        decides = "source_partial_id" in vals or (
            "job_id" in vals and any(event.source_partial_id for event in self)
        )
        moves = self.job_id.move_id if decides else None
        done = super().write(vals)
        if decides:
            self.env["ropo.job.figures"]._forget(moves | self.job_id.move_id)
        return done

    # --- computes ---

    @api.depends("job_id", "account_id")
    def _compute_company_id(self):
        for event in self:
            event.company_id = event.job_id.company_id or event.account_id.company_id

    @api.depends("raw")
    def _compute_raw_text(self):
        for event in self:
            event.raw_text = readable(event.raw)

    @api.depends(
        "kind",
        "amount",
        "duplicate_of_id",
        "request_id",
        "doubt_request_id",
        "source_partial_id",
        "payment_ids",
    )
    def _compute_is_missing(self):
        for event in self:
            found = event.source_partial_id or event.payment_ids
            event.is_missing = bool(event._ropos_money()) and not found

    @api.depends("counted", "day", "event_time")
    def _compute_collected_on(self):
        for event in self:
            event.collected_on = event.counted and event._paid_on()

    @api.depends("job_id.is_collected", "is_missing")
    def _compute_may_register(self):
        for event in self:
            event.may_register = event.job_id.is_collected and event.is_missing

    @api.depends("kind")
    def _compute_kind_text(self):
        labels = {
            "payment": self.env._("Payment"),
            "status": self.env._("Status"),
            "stage": self.env._("Stage"),
            "comment": self.env._("Comment"),
            "delivery": self.env._("Delivery"),
            "transfer": self.env._("Transfer"),
            "report": self.env._("Own Report"),
        }
        for event in self:
            kind = event.kind or ""
            event.kind_text = labels.get(kind.lower(), kind.capitalize())

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
            self.env["ropo.settlement"]._settle(event, by_person=True)
        self.sudo().account_id._close_answered()
        return self._notify_registered()

    def _notify_registered(self):
        notes = [note for note in self.mapped("settlement_note") if note]
        if notes:
            return notification(" ".join(notes), "warning")
        by_hand = self.filtered(lambda event: event.settlement == "booked")
        if by_hand == self:
            return notification(self.env._("Already registered by hand."), "info")
        if len(self) == 1:
            return notification(self.env._("The payment is registered."))
        return notification(
            self.env._(
                "Registered: %(count)s. Already registered by hand: %(by_hand)s.",
                count=len(self - by_hand),
                by_hand=len(by_hand),
            )
        )

    def action_interpret(self):
        """Reads these again, as after a change of the codes; nothing counts twice."""
        may = self.env.su or self.env.user.has_group("ropo_connect.group_ropo_manager")
        if not may:
            raise AccessError(self.env._("Only a Ropo manager may reprocess events."))
        self.check_access("read")  # nobody may write by hand, only through actions
        if thinned := self.filtered("thinned_on"):
            raise UserError(
                self.env._(
                    "%(events)s: what came has been deleted after the time that the "
                    "account keeps it, so it can't be read again. What it did to its "
                    "case stays.",
                    events=", ".join(thinned.mapped("external_id")[:5]),
                )
            )
        for account, events in self.sudo().grouped("account_id").items():
            events.env["ropo.inbox"]._interpret(events, account)
            account._close_answered()
        left = self.filtered(lambda event: event.state == "review")
        return left and left._problem_notification()

    def _problem_notification(self):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": self.env._(
                    "%(count)s can't be taken in. The first: %(problem)s",
                    count=len(self),
                    problem=self[0].problem,
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_is_own_report(self):
        """A person decides: it repeats what we reported ourselves."""
        self._check_may_decide()
        for event in self.sudo():
            event.write(
                {
                    "request_id": event.doubt_request_id.id,
                    "doubt_request_id": False,
                    "settlement": False,
                    "settlement_note": False,
                }
            )
        self.sudo().account_id._close_answered()

    def action_is_other_money(self):
        """A person decides: the debtor paid it to Ropo, besides what we reported."""
        self._check_may_decide()
        events = self.sudo()
        events.write({"doubt_request_id": False, "is_other_money": True})
        for job, own in events.grouped("job_id").items():
            job._apply(own)
        events._register_other_money()
        events.account_id._close_answered()

    def _check_may_decide(self):
        if not self.env.user.has_group("ropo_connect.group_ropo_manager"):
            raise AccessError(
                self.env._("Only a Ropo manager may decide what this money is.")
            )
        self.check_access("read")  # nobody may write by hand, only through actions
        decided = self.filtered(lambda event: not event.doubt_request_id)
        if decided:
            raise UserError(
                self.env._(
                    "%(names)s: nothing to decide here. Open it again.",
                    names=", ".join(decided.job_id.mapped("display_name")),
                )
            )

    # --- crons ---

    @api.model
    def _cron_poll_status(self):
        """Fetches what happened, for every account: in one go, or in several where one
        has no time for all."""
        accounts = self.env["ropo.account"].sudo().search([])
        cron = self.env["ir.cron"].browse(self.env.context.get("cron_id"))
        if cron and not BY_HAND.get():
            since = cron._ropo_due_since()
            accounts = accounts.filtered(
                lambda account: not account.polled_at or account.polled_at < since
            )
        self.env["ropo.inbox"]._run_accounts(accounts, poll=True)

    @api.model
    def _cron_interpret_events(self):
        """Takes in what the webhook brought."""
        waiting = self.sudo()._read_group([("state", "=", "new")], ["account_id"])
        stale = (
            self.env["ropo.job"]
            .sudo()
            ._read_group([("to_refresh", "=", True)], ["account_id"])
        )
        ids = {account.id for (account,) in waiting + stale if account.active}
        accounts = self.env["ropo.account"].sudo().browse(sorted(ids))
        self.env["ropo.inbox"]._run_accounts(accounts)

    # --- business: settlement ---

    def _book(self, partial_id):
        """A person or a settlement journal shows that it is this reconciliation."""
        self._match(partial_id)
        if not self.settlement:
            self.settlement = "booked"

    def _match(self, partial_id):
        """The money stands in the ledger by this reconciliation, so that what waited
        to be registered is not registered any more."""
        self.source_partial_id = partial_id
        if self.settlement in ("waiting", "person"):
            self.write({"settlement": "booked", "settlement_note": False})

    def _register_other_money(self):
        """A person decided that equal money in the ledger is not this."""
        self.filtered(
            lambda event: (
                event.is_missing
                and event.settlement in (False, "person")
                and event.account_id.register_payments
            )
        ).write({"settlement": "waiting", "settlement_note": False})

    def _identity(self):
        return self.job_id, self.external_id, self.kind, self.amount

    def _happening(self):
        """By which the same happening is known, whichever way it came.

        Assumption: kind, amount, day and code agree in both ways.
        """
        kind = (self.kind or "").lower()
        return self.job_id, kind, self.amount, self._paid_on(), self.code

    def _paid_on(self):
        return self.day or (self.event_time or self.create_date).date()

    def _bears(self, mark):
        """Whether what came bears this mark anywhere in its texts."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(mark)}(?![\w-])")
        texts = (value for value in self.raw.values() if isinstance(value, str))
        return any(map(pattern.search, texts))

    def _is_payment(self):
        return (self.kind or "").lower() == "payment"

    def _is_money(self):
        """Whether this reports money, and is the first to do so."""
        return self._is_payment() and bool(self.amount) and not self.duplicate_of_id

    def _ropos_money(self):
        """What came through Ropo itself of this."""
        own = self.request_id or self.doubt_request_id
        return self.amount if self._is_money() and not own else 0.0
