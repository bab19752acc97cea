from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools.sql import column_exists, create_column

from .res_partner import READERS
from .ropo_request import ASSIGNMENTS, LIVE

STATES = [
    ("queued", "Queued"),
    ("sent", "Sent"),
    ("reminder", "In reminder"),
    ("collection", "In collection"),
    ("closed", "Ended"),
    ("rejected", "Rejected"),
    ("unknown", "To Review"),
]
# By which a user exempts one invoice from collection.
EXEMPTING_FIELDS = ("ropo_hold", "payment_state")


class AccountMove(models.Model):
    _inherit = "account.move"

    # False ──send──▶ queued ──▶ sent ──transfer──▶ reminder ──▶ collection ──▶ closed
    #                   │                 └────────────────────────▲
    #                   ├──▶ rejected (correct it, send again)
    #                   └──▶ unknown  (Ropo may have it: a person looks)
    ropo_state = fields.Selection(
        STATES,
        string="Ropo",
        compute="_compute_ropo_state",
        store=True,
        index="btree_not_null",
        copy=False,
        groups=READERS,
    )
    ropo_account_id = fields.Many2one(
        "ropo.account",
        compute="_compute_ropo_account_id",
        compute_sudo=True,
        groups=READERS,
    )
    ropo_job_ids = fields.One2many(
        "ropo.job",
        "move_id",
        string="Cases",
        groups=READERS,
    )
    ropo_request_ids = fields.One2many(
        "ropo.request",
        "move_id",
        string="Outbox",
        groups=READERS,
    )
    ropo_reported_ids = fields.One2many(
        "ropo.request",
        "counterpart_id",
        string="Allocations Reported to Ropo",
        help="What was reported to Ropo because of this payment, credit note or entry.",
        groups=READERS,
    )
    ropo_notice_date = fields.Date(
        string="Own Reminder Date",
        copy=False,
        help="When we ourselves reminded the customer. In Finland a debt can only be "
        "collected after that.",
        groups=READERS,
    )
    ropo_hold = fields.Boolean(
        string="Exclude from Transfer",
        copy=False,
        tracking=True,
        help="This invoice is not transferred to reminder or collection.",
        groups=READERS,
    )
    ropo_event_ids = fields.One2many(
        "ropo.event",
        "move_id",
        string="Inbox",
        groups=READERS,
    )
    ropo_debtor_url = fields.Char(
        string="Payment Page (MyRopo)",
        compute="_compute_ropo_debtor_url",
        groups=READERS,
        help="Where the customer sees and pays the invoice. Give it to this "
        "customer only.",
    )
    ropo_letter_ids = fields.Many2many(
        "ir.attachment",
        string="Letters",
        compute="_compute_ropo_letter_ids",
        groups=READERS,
    )
    ropo_preview_id = fields.Many2one(
        "ir.attachment",
        readonly=True,
        copy=False,
        groups=READERS,
    )
    ropo_job_count = fields.Integer(
        compute="_compute_ropo_counts",
        groups=READERS,
    )
    ropo_request_count = fields.Integer(
        compute="_compute_ropo_counts",
        groups=READERS,
    )
    ropo_problem = fields.Text(
        compute="_compute_ropo_problem",
        compute_sudo=True,
        help="What a person has to look at, in one sentence.",
        groups=READERS,
    )
    ropo_may_transfer = fields.Boolean(
        compute="_compute_ropo_may_transfer",
        compute_sudo=True,
        help="There is something to transfer; the wizard shows what is missing.",
        groups=READERS,
    )
    ropo_transferable = fields.Boolean(
        string="Eligible for Transfer",
        compute="_compute_ropo_may_transfer",
        search="_search_ropo_transferable",
        compute_sudo=True,
        groups=READERS,
    )
    ropo_overdue = fields.Boolean(
        string="Overdue, Not Transferred",
        compute="_compute_ropo_overdue",
        search="_search_ropo_overdue",
        compute_sudo=True,
        groups=READERS,
        help="Some of it is overdue, and Ropo collects nothing of it.",
    )
    ropo_may_write_off = fields.Boolean(
        compute="_compute_ropo_may_write_off",
        compute_sudo=True,
        groups=READERS,
    )
    # What Ropo has or had and is open: its cases are held against the ledger.
    _ropo_unsettled = models.Index(
        "(id) WHERE ropo_state IS NOT NULL AND amount_residual != 0"
    )
    # For the reports, which read of all invoices at once, and of these columns alone.
    _ropo_figures = models.Index(
        "(id) INCLUDE (move_type, state, company_id, journal_id, invoice_user_id, "
        "date, invoice_date, invoice_date_due, reversed_entry_id, amount_total, "
        "amount_total_signed, amount_residual, amount_residual_signed) "
        "WHERE move_type IN ('out_invoice', 'out_refund')"
    )
    # For what is overdue and not at Ropo: what is open is little of all invoices.
    _ropo_unpaid = models.Index(
        "(id) INCLUDE (company_id, journal_id, currency_id, invoice_date_due, "
        "amount_residual) "
        "WHERE move_type = 'out_invoice' AND state = 'posted' AND amount_residual > 0"
    )

    def _auto_init(self):
        # Ropo has none of the invoices that there are: not one row is computed, and
        # written again, for a column that is empty in all of them.
        if not column_exists(self.env.cr, "account_move", "ropo_state"):
            create_column(self.env.cr, "account_move", "ropo_state", "varchar")
        return super()._auto_init()

    # --- computes ---

    @api.depends(
        "ropo_request_ids.state",
        "ropo_request_ids.void",
        "ropo_job_ids.stage",
        "ropo_job_ids.released",
    )
    def _compute_ropo_state(self):
        for move in self:
            move.ropo_state = move.sudo()._ropo_current_state()

    def _ropo_current_state(self):
        """The state that requests and jobs add up to."""
        requests = self.ropo_request_ids
        if not requests and not self.ropo_job_ids:
            return False
        if "unknown" in requests.mapped("state"):
            return "unknown"
        assignments = requests.filtered(lambda r: r.operation in ASSIGNMENTS)
        if any(request.state in ("queued", "sending") for request in assignments):
            return "queued"
        jobs = self.ropo_job_ids.filtered(lambda job: not job.released)
        if jobs:
            return jobs._state_of_move()
        if any(r.state == "done" and not r.void for r in assignments):
            return "sent"  # its case was released, its delivery stands
        last = assignments.sorted("id")[-1:]
        return "rejected" if last.state == "rejected" else False

    @api.depends("journal_id.ropo_account_id.active", "company_id")
    def _compute_ropo_account_id(self):
        companies = self.company_id
        defaults = self.env["ropo.account"]._defaults_of(companies)
        for move in self:
            own = move.journal_id.ropo_account_id
            move.ropo_account_id = (
                own if own.active else defaults.get(move.company_id.id)
            )

    def _compute_ropo_counts(self):
        for name, model in (
            ("ropo_job_count", "ropo.job"),
            ("ropo_request_count", "ropo.request"),
        ):
            groups = self.env[model]._read_group(
                [("move_id", "in", self.ids)], ["move_id"], ["__count"]
            )
            counts = dict(groups)
            for move in self:
                move[name] = counts.get(move, 0)

    @api.depends("ropo_job_ids.debtor_url")
    def _compute_ropo_debtor_url(self):
        for move in self:
            move.ropo_debtor_url = move._ropo_main_job().debtor_url

    @api.depends("ropo_job_ids.letter_ids", "ropo_job_ids.document_id")
    def _compute_ropo_letter_ids(self):
        for move in self:
            jobs = move.ropo_job_ids
            move.ropo_letter_ids = jobs.document_id | jobs.letter_ids

    def _ropo_main_job(self):
        """The case that the debtor sees: the newest that Ropo collects, if any."""
        return self.ropo_job_ids.sorted(lambda job: (job.is_collected, job.id))[-1:]

    @api.depends(
        "ropo_request_ids.state",
        "ropo_request_ids.error",
        "ropo_request_ids.next_attempt_at",
    )
    def _compute_ropo_problem(self):
        for move in self:
            problems = move.ropo_request_ids._still_open_problems()
            move.ropo_problem = problems[:1]._problem_text()

    @api.depends("state", "amount_residual", "ropo_request_ids")
    def _compute_ropo_overdue(self):
        domain = self.env["ropo.transfer.rules"]._overdue_domain()
        overdue = self.search(Domain("id", "in", self.ids) & domain)
        for move in self:
            move.ropo_overdue = move._origin in overdue

    def _search_ropo_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        overdue = self.env["ropo.transfer.rules"]._overdue_domain()
        return overdue if True in value else ~overdue

    @api.depends(
        "state",
        "amount_residual",
        "invoice_date_due",
        "payment_state",
        "ropo_hold",
        "ropo_request_ids",
    )
    def _compute_ropo_may_transfer(self):
        self.ropo_may_transfer = self.ropo_transferable = False
        today = fields.Date.context_today(self)
        posted = self.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice"
        )
        eligibility = self.env["ropo.eligibility"]
        verdicts = eligibility._verdicts(posted._origin, "reminder", warn=False)
        for move in posted:
            verdict = verdicts[move._origin]
            overdue = move._origin._ropo_first_due() < today
            move.ropo_may_transfer = overdue and not verdict.is_hopeless
            move.ropo_transferable = not verdict.code

    def _search_ropo_transferable(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        companies = Domain("company_id", "in", self.env.companies.ids)
        overdue = self.env["ropo.transfer.rules"]._overdue_domain(today)
        moves = self.search(companies & overdue)
        eligibility = self.env["ropo.eligibility"]
        verdicts = eligibility._verdicts(moves.sudo(), "reminder", warn=False)
        ids = [move.id for move in moves if not verdicts[move].code]
        return Domain("id", "in" if True in value else "not in", ids)

    @api.depends("ropo_job_ids.may_write_off")
    def _compute_ropo_may_write_off(self):
        for move in self:
            move.ropo_may_write_off = any(move.ropo_job_ids.mapped("may_write_off"))

    # --- CRUD and guards ---

    def write(self, vals):
        # EXTENDS 'account'
        self.env["ropo.guard"]._check_moves(self, vals)
        result = super().write(vals)
        if any(name in vals for name in EXEMPTING_FIELDS):
            self.env["ropo.exemption"]._follow_moves(self)
        return result

    def unlink(self):
        # What was never sent goes with the invoice; the rest stops the deletion.
        requests = self.sudo().ropo_request_ids
        requests.filtered(
            lambda r: r.state in ("rejected", "cancelled") and not r.may_be_received
        ).unlink()
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_held_by_ropo(self):
        held = self.sudo().filtered(lambda m: m.ropo_job_ids or m._ropo_is_held())
        if held:
            raise UserError(self._ropo_held_text(held))

    def _check_draftable(self):
        # EXTENDS 'account'
        result = super()._check_draftable()
        held = self.sudo().filtered(lambda move: move._ropo_is_held())
        if held:
            raise UserError(self._ropo_held_text(held))
        return result

    def _ropo_is_held(self):
        """Whether Ropo has it, may have it, or is about to get it."""
        return not all(self.ropo_job_ids.mapped("released")) or any(
            not request.void and (request.state in LIVE or request.may_be_received)
            for request in self.ropo_request_ids
        )

    def _ropo_held_text(self, held):
        return self.env._(
            "%(invoices)s: Ropo has it, and what Ropo has can't be changed, only "
            "credited. Make a credit note instead. (What is still queued can be "
            "stopped free of charge: choose “Take Back” on the invoice.)",
            invoices=", ".join(held.mapped("display_name")),
        )

    @api.model
    def get_empty_list_help(self, help_message):
        # EXTENDS 'mail': without an account, nothing was sent and nothing can be
        if self.env.context.get("ropo_list"):
            text = self.env["ropo.account"]._help_to_set_up()
            help_message = text or help_message
        return super().get_empty_list_help(help_message)

    # --- actions ---

    def action_ropo_send(self):
        """Opens the send wizard for these invoices."""
        return self._ropo_open_send_wizard()

    def action_ropo_fetch_pdf(self):
        """Attaches the document that Ropo delivered; many go through a wizard."""
        if len(self) != 1:
            return self._ropo_wizard(
                "ropo.pdf.wizard", self.env._("Download Documents")
            )
        wizard = self.env["ropo.pdf.wizard"].create(
            {"move_ids": [Command.set(self.ids)]}
        )
        return wizard.action_fetch()

    def action_ropo_preview(self):
        """The PDF that Ropo would deliver, without sending anything."""
        self.ensure_one()
        self.env["ropo.eligibility"]._check(self)
        attachment = self.env["ropo.queueing"]._preview(self)
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}",
            "target": "new",
        }

    def action_ropo_get_debtor_link(self):
        """Fetches the address where the customer sees and pays this invoice."""
        self.ensure_one()
        self._ropo_main_job().action_get_debtor_link()

    def action_ropo_refresh(self):
        """Asks Ropo where the cases of these invoices stand."""
        return self.ropo_job_ids.action_refresh()

    def action_ropo_open_jobs(self):
        return self._ropo_open("ropo_connect.action_ropo_job")

    def action_ropo_open_requests(self):
        return self._ropo_open("ropo_connect.action_ropo_request")

    def action_ropo_transfer(self):
        """Opens the transfer wizard for these invoices."""
        if not self:
            return self._ropo_nothing_selected()
        wizard = self.env["ropo.transfer.wizard"].create({"move_ids": self.ids})
        action = self._ropo_wizard(wizard._name, self.env._("Transfer to Ropo"))
        return action | {"res_id": wizard.id}

    def action_ropo_write_off(self):
        """Opens the wizard by which these are a loss, and Ropo goes on collecting."""
        self.env["ropo.job"]._check_may_write_off()
        return self._ropo_wizard(
            "ropo.bad.debt.wizard", self.env._("Write Off as Bad Debt")
        )

    def action_ropo_take_back(self):
        """Opens the wizard that stops what is queued and says what the rest costs."""
        action = self._ropo_wizard("ropo.take.back.wizard", self.env._("Take Back"))
        action["context"]["dialog_size"] = "large"
        return action

    def action_ropo_open_credits(self):
        """Shows what of the customer lies unreconciled in the ledger."""
        self.ensure_one()
        self.check_access("read")
        credits = self.env["ropo.transfer.warnings"]._open_credits(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "Not Reconciled: %(partner)s",
                partner=self.commercial_partner_id.display_name,
            ),
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": [("id", "in", credits[self])],
            "context": {"create": False},
        }

    def action_ropo_set_reminded(self):
        """Notes that customers were reminded of these today: their company's day."""
        self.env["ropo.own.reminder"]._note_today(self)

    def action_ropo_notice(self):
        """Asks for the day on which the customers were reminded of these."""
        action = self._ropo_wizard(
            "ropo.notice.wizard", self.env._("Own Reminder Date")
        )
        action["context"]["dialog_size"] = "medium"
        return action

    # --- helpers ---

    def _ropo_open_send_wizard(self, **values):
        if not self:
            return self._ropo_nothing_selected()
        wizard = self.env["ropo.send.wizard"].create({"move_ids": self.ids, **values})
        return wizard._reopen()

    def _ropo_open(self, xml_id):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(xml_id)
        action["domain"] = [("move_id", "=", self.id)]
        action["context"] = {"default_move_id": self.id}
        return action

    def _ropo_wizard(self, model, name):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": self._name,
                "active_ids": self.ids,
                "dialog_size": "extra-large",
            },
        }

    def _ropo_delivery(self, account):
        """The case by which this account delivered it, or found it delivered."""
        profile = account.sudo().profile
        return self.sudo().ropo_job_ids.filtered(
            lambda job: (
                job.kind == "invoice"
                and job.account_id == account
                and job.profile == profile
                and job.jobid
                and job.progress != "failed"
            )
        )[-1:]

    def _ropo_open_parts(self):
        """The open receivable lines: one, or one for each instalment."""
        return self.line_ids.filtered(
            lambda line: (
                line.display_type == "payment_term"
                and not line.currency_id.is_zero(line.amount_residual_currency)
            )
        )

    def _ropo_first_due(self):
        """The day on which the first of what is open was due."""
        dues = [line._ropo_due_date() for line in self._ropo_open_parts()]
        return min(dues, default=self.invoice_date_due or self.date)
