import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_datetime

from ..channels.base import Frozen
from ..channels.errors import Meaning

OPERATIONS = [
    ("invoice", "Invoice"),
    ("reminder", "Reminder"),
    ("collection", "Collection"),
    ("credit_note", "Credit Note"),
    ("payment", "Payment"),
    ("payment_reversal", "Payment Reversal"),
    ("credit_allocation", "Credit Allocation"),
]
# Operations by which Ropo gets an assignment of its own, and those that collect.
ASSIGNMENTS = ("invoice", "reminder", "collection", "credit_note")
TRANSFERS = ("reminder", "collection")
LIVE = ("queued", "sending", "unknown", "done")
PROBLEMS = ("unknown", "rejected")
# Of the advisory locks, the class that means "works for this account".
WORKER_LOCK = 0x526F706F


class RopoRequest(models.Model):
    """The outbox: one write that is owed to Ropo, and what became of it."""

    _name = "ropo.request"
    _description = "Ropo Request"
    _inherit = "ropo.claim.terms"
    _order = "id desc"
    _check_company_auto = True
    _rec_name = "operation"

    account_id = fields.Many2one(
        "ropo.account", required=True, ondelete="restrict", check_company=True
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    profile = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Of the account when this was asked for: it goes with no other "
        "credentials.",
    )
    move_id = fields.Many2one(
        "account.move",
        required=True,
        ondelete="restrict",
        index=True,
        check_company=True,
    )
    partner_id = fields.Many2one(related="move_id.commercial_partner_id")
    job_id = fields.Many2one(
        "ropo.job",
        string="Case",
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
    )
    operation = fields.Selection(OPERATIONS, required=True)
    # Written by `_set_state()` alone (ropo_request_state.py, which draws the states).
    state = fields.Selection(
        [
            ("queued", "Waiting"),
            ("sending", "Sending"),
            ("done", "Done"),
            ("rejected", "Rejected"),
            ("unknown", "Unknown"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="queued",
        readonly=True,
        copy=False,
        index=True,
    )
    void = fields.Boolean(
        readonly=True,
        copy=False,
        help="Reported and reversed: both reports are void.",
    )
    # Facts of the moment at which it was asked for: what the account becomes later
    # changes neither what is sent nor who collects.
    service_model = fields.Char(readonly=True, copy=False)
    collects = fields.Boolean(
        string="Ropo Collects",
        readonly=True,
        copy=False,
        help="Because of this, Ropo collects the open amount of the invoice.",
    )
    amount = fields.Monetary(help="In the currency of the invoice.")
    currency_id = fields.Many2one("res.currency", required=True)
    number = fields.Char(
        readonly=True, copy=False, help="The invoice's number, as it was sent."
    )
    reference = fields.Char(
        string="Payment Reference", readonly=True, copy=False, help="As it was sent."
    )
    date = fields.Date(help="The day of the money, or of the credit.")
    description = fields.Char()
    source_partial_id = fields.Integer(
        string="Reconciliation",
        readonly=True,
        help="The partial reconciliation that this reports. It may be gone again, "
        "so this is its number and no link.",
    )
    counterpart_id = fields.Many2one(
        "account.move",
        ondelete="set null",
        index="btree_not_null",
        help="The payment, credit note or entry on the other side.",
    )
    payment_id = fields.Many2one(
        "account.payment",
        string="Payment Without Entry",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="A registered payment that has no journal entry. Until the bank statement "
        "has it, the reconciliation is minus its number; then it is the one of the "
        "statement's line.",
    )
    notice_date = fields.Date(string="Own Reminder Date")
    claim_interest = fields.Float(
        string="Late Interest (%)", help="Percent a year. Empty: as agreed with Ropo."
    )
    part_ids = fields.Json(
        readonly=True,
        copy=False,
        help="The receivable lines (instalments) that a claim over a part of the "
        "invoice claims. Empty: all.",
    )
    local_print = fields.Boolean(
        readonly=True,
        help="Ropo gets it, and we deliver it: its document comes with the answer.",
    )
    has_attachments = fields.Boolean(readonly=True)
    has_image = fields.Boolean(readonly=True)
    image_id = fields.Many2one(
        "ir.attachment",
        string="Invoice PDF",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="Odoo's own PDF, as it was sent.",
    )
    co_debtor_ids = fields.Many2many(
        "res.partner",
        string="Co-debtors",
        readonly=True,
        help="Who owes the claim besides the customer.",
    )
    attachment_ids = fields.One2many(
        "ir.attachment",
        "res_id",
        domain=[("res_model", "=", "ropo.request")],
        string="Attachments",
        readonly=True,
        help="The files that go along, as they were when this was asked for.",
    )
    payload = fields.Json(
        readonly=True,
        copy=False,
        groups="ropo_connect.group_ropo_manager",
        help="What was sent, as it was sent.",
    )
    covers = fields.Json(
        readonly=True,
        copy=False,
        help="The partial reconciliations that the amount takes into account, with "
        "their amounts.",
    )
    response = fields.Json(
        readonly=True, copy=False, groups="ropo_connect.group_ropo_manager"
    )
    thinned_on = fields.Date(
        readonly=True,
        copy=False,
        help="The day on which what was sent, its answer and its files were deleted.",
    )
    attempts = fields.Integer(readonly=True, copy=False)
    capital_before = fields.Monetary(
        string="Open Before",
        readonly=True,
        copy=False,
        help="The open amount of the case when this was sent.",
    )
    total_before = fields.Monetary(
        readonly=True, copy=False, help="The same with interest and fees."
    )
    done_at = fields.Datetime(string="Sent On", readonly=True, copy=False)
    capital_after = fields.Monetary(
        string="Open After",
        readonly=True,
        copy=False,
        help="The open amount of the case after this was sent.",
    )
    last_event_id = fields.Integer(
        readonly=True,
        copy=False,
        help="The newest event of the case when this was sent.",
    )
    answer_meaning = fields.Selection(
        [
            (Meaning.TO_FIX, "To Fix"),
            (Meaning.ENDED, "Case Ended"),
            (Meaning.OWN_MONEY, "Already at Ropo"),
            (Meaning.NOT_FOLLOWED, "Not Followed by Ropo"),
        ],
        readonly=True,
        copy=False,
        help="What it means for the case that Ropo posted no payment.",
    )
    # How the frozen payload is sent; see `channels.base.Frozen`.
    call = fields.Char(readonly=True, copy=False)
    batchable = fields.Boolean(readonly=True, copy=False)
    debtor_reference = fields.Char(
        string="Customer Number", readonly=True, copy=False, help="As it was sent."
    )
    is_exempt = fields.Boolean(
        readonly=True,
        copy=False,
        help="It was sent as one that Ropo is not to collect.",
    )
    credited_job_id = fields.Many2one(
        "ropo.job",
        string="Credited Case",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
        help="The case that this credit note credits by itself.",
    )
    doubt_event_id = fields.Many2one(
        "ropo.event",
        string="Possible Duplicate Payment",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="What Ropo reported may be this payment: somebody has to decide.",
    )
    look_ups = fields.Integer(readonly=True)
    send_alone = fields.Boolean(
        readonly=True,
        copy=False,
        help="A call that it was in failed as a whole, so it has one of its own.",
    )
    may_have_arrived = fields.Boolean(
        readonly=True,
        copy=False,
        help="An answer to it was lost, or Ropo refused it as one that it has already.",
    )
    next_attempt_at = fields.Datetime(
        string="Next Attempt",
        readonly=True,
        copy=False,
        help="Of sending it, or of looking it up.",
    )
    lease_until = fields.Datetime(readonly=True, copy=False)
    error = fields.Text(readonly=True, copy=False)
    payload_text = fields.Text(
        compute="_compute_texts", groups="ropo_connect.group_ropo_manager"
    )
    response_text = fields.Text(
        compute="_compute_texts", groups="ropo_connect.group_ropo_manager"
    )

    _one_live_per_source = models.UniqueIndex(
        "(move_id, operation, COALESCE(source_partial_id, 0), COALESCE(job_id, 0)) "
        "WHERE state IN ('queued', 'sending', 'unknown', 'done') AND void IS NOT TRUE",
        "This is on its way to Ropo already, or Ropo has it.",
    )
    _one_transfer_per_invoice = models.UniqueIndex(
        "(move_id) WHERE collects "
        "AND state IN ('queued', 'sending', 'unknown', 'done') AND void IS NOT TRUE",
        "This invoice is collected already: no debt is collected twice.",
    )
    _due = models.Index("(account_id, id) WHERE state = 'queued'")  # as they are taken
    _urgent = models.Index("(account_id, id) WHERE state = 'queued' AND is_urgent")

    # --- computes ---

    @api.depends("operation", "move_id")
    def _compute_display_name(self):
        labels = dict(self._fields["operation"]._description_selection(self.env))
        for request in self:
            name = request.move_id.name or ""
            request.display_name = f"{labels.get(request.operation, '')} {name}".strip()

    @api.depends("payload", "response")
    def _compute_texts(self):
        for request in self:
            request.payload_text = readable(request.payload)
            request.response_text = readable(request.response)

    # --- CRUD ---

    def copy_data(self, default=None):
        # EXTENDS: an assignment gets a case of its own
        copies = super().copy_data(default)
        for request, vals in zip(self, copies, strict=True):
            if request._is_assignment():
                vals.pop("job_id", None)
        return copies

    @api.model_create_multi
    def create(self, vals_list):
        accounts = self.env["ropo.account"].sudo()
        for vals in vals_list:
            account = accounts.browse(vals["account_id"])
            collects = vals["operation"] == "invoice" and account._service().collects
            vals["service_model"] = account.service_model
            vals["collects"] = vals["operation"] in TRANSFERS or collects
        # What changes a case belongs to the profile of the case.
        return super().create(self.env["ropo.account"]._stamp_profile(vals_list))

    # --- actions ---

    def action_retry(self):
        """Says a refused one again, as a new request; hurries a waiting one."""
        self._check_manager()
        if thinned := self.filtered("thinned_on"):
            raise UserError(
                self.env._(
                    "%(names)s: what was sent has been deleted after the time that the "
                    "account keeps it. Start from the invoice instead.",
                    names=", ".join(thinned[:5].mapped("display_name")),
                )
            )
        if self.filtered(lambda request: not request.may_retry):
            raise UserError(
                self.env._(
                    "Only what Ropo refused, or what is waiting, can be tried again."
                )
            )
        waiting = self.filtered(lambda request: request.state == "queued")
        waiting.sudo()._set_state("queued")
        refused = self - waiting
        again = refused.sudo()._again()
        refused.sudo().doubt_event_id._register_other_money()
        self.env["ropo.outbox"]._work_off_soon(waiting | again)

    def action_resolve_done(self):
        """A person decides: it arrived."""
        self._check_manager()
        (self - self.filtered("may_be_received"))._raise_changed()
        requests = self.sudo()
        requests.env["ropo.effects"]._conclude_done(requests)

    def action_resolve_requeue(self):
        """A person decides: it did not arrive, so it is sent again."""
        self._check_manager()
        self.filtered(lambda request: not request.may_requeue)._raise_changed()
        self.sudo()._requeue()
        self.env["ropo.outbox"]._work_off_soon(self)

    def action_came_through_ropo(self):
        """A person decides: it is the payment that Ropo reported, so it is not sent."""
        self._check_manager()
        self.filtered(lambda r: r.state != "rejected")._raise_changed()
        for request in self.sudo().filtered("doubt_event_id"):
            request.doubt_event_id._book(request.source_partial_id)
        self.action_cancel()

    def action_cancel(self):
        """A person decides: it is not sent."""
        self._check_manager()
        self.filtered(lambda request: not request.may_cancel)._raise_changed()
        locked = self.sudo().try_lock_for_update()
        if len(locked) < len(self) or not all(locked.mapped("may_cancel")):
            raise UserError(self.env._("It is being sent right now. Reload the page."))
        locked._set_state("cancelled")

    def _check_manager(self):
        # Superuser mode (scripts, server actions) may do what a manager may.
        if self.env.su:
            return
        if not self.env.user.has_group("ropo_connect.group_ropo_manager"):
            raise AccessError(
                self.env._("Only a Ropo manager may decide what is reported to Ropo.")
            )
        self.check_access("read")  # nobody may write by hand, only through actions

    def _raise_changed(self):
        """Raises that these are not to be decided any more, if there are any."""
        if self:
            raise UserError(
                self.env._(
                    "%(names)s: nothing to decide here, its state has changed.",
                    names=", ".join(self.mapped("display_name")),
                )
            )

    def _still_open_problems(self):
        """Of these, newest first, what Ropo refused or may have lost, unless the same
        has been sent again since."""
        latest = {}
        for request in self.filtered(lambda r: not r.void).sorted("id"):
            is_assignment = request.operation in ASSIGNMENTS
            source = request.operation, request.source_partial_id
            latest[request.move_id, is_assignment or source] = request
        problems = (request for request in reversed(latest.values()))
        return self.browse(
            request.id for request in problems if request.state in PROBLEMS
        )

    def _problem_text(self):
        """What is to know of the problem, and what happens next."""
        if not self.is_in_look_up or not self.next_attempt_at:
            return self.error
        return self.env._(
            "%(error)s Nothing needs to be done now. Next lookup: %(time)s.",
            error=self.error or "",
            time=format_datetime(self.env, self.next_attempt_at),
        )

    # --- crons ---

    @api.model
    def _cron_process_requests(self):
        self.env["ropo.outbox"]._work_off_all()

    # --- business: putting into the outbox ---

    @api.model
    def _queue(self, vals_list):
        """Puts requests into the outbox; `vals_list` as for `create()`."""
        return self.sudo().create(vals_list)

    def _again(self):
        """Fresh requests like these refused ones, which stay as the record."""
        again = self.create(self.copy_data())
        for old, new in zip(self, again, strict=True):
            new._keep_files(old._files())
        return again

    def _holds_ledger(self):
        """Whether Ropo collects what it delivers (Unify, Embed), as was asked for."""
        return self.account_id._service(self.service_model).collects

    def _frozen(self):
        return Frozen(self.call, self.payload, self.batchable)

    def _uncover(self, partial_id):
        """What was sent takes this reconciliation into account no more."""
        for request in self.filtered("covers"):
            request.covers = {
                key: amount
                for key, amount in request.covers.items()
                if key != str(partial_id)
            }

    def _is_assignment(self):
        return self.operation in ASSIGNMENTS

    def _expected_totals(self):
        """What must be open in all, if this did not arrive and if it did."""
        own = self._reported_since()
        capital = max(self.capital_before - own, 0.0)
        before = max(self.total_before - own, 0.0)
        change = self._signed_amount()
        if self.operation == "credit_allocation":
            change = min(change, capital)  # a credit pays no fees
        return before, max(before - change, 0.0)

    def _reported_since(self):
        """The money that Ropo reported of the case since this was sent."""
        return sum(
            event._ropos_money()
            for event in self.job_id.event_ids
            if event.id > self.last_event_id
        )

    def _mark(self):
        """By which what Ropo reports back is recognised as our own report.

        Assumption: Ropo repeats the description, or the identifier, of a payment that
        it got where it lists that payment in its status updates.
        """
        return f"odoo-{self.id}"

    def _signed_amount(self):
        """What this takes off the capital; 0 when it is no change of it."""
        if self.operation in ASSIGNMENTS:
            return 0.0
        return -self.amount if self.operation == "payment_reversal" else self.amount

    def _requeue(self):
        self._set_state("queued")


def readable(value):
    """JSON as a person reads it; False when there is none."""
    return bool(value) and json.dumps(value, indent=2, ensure_ascii=False)
