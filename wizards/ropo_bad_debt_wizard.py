from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..services.transaction import isolated


class RopoBadDebtWizard(models.TransientModel):
    """Posts what is open of invoices as a loss, each in an entry of its own, while Ropo
    goes on collecting."""

    _name = "ropo.bad.debt.wizard"
    _description = "Write Off as Bad Debt"
    _inherit = "ropo.wizard.mixin"

    allowed_account_ids = fields.Many2many(
        "account.account", compute="_compute_allowed_account_ids"
    )
    account_id = fields.Many2one(
        "account.account",
        string="Bad Debt Account",
        compute="_compute_account_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', allowed_account_ids)]",
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    with_relief = fields.Boolean(
        string="VAT Relief",
        help="The tax of what is open is taken back in the tax return, as by a credit "
        "note. National law says when you may.",
    )
    line_ids = fields.One2many(
        "ropo.bad.debt.wizard.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    written_count = fields.Integer(compute="_compute_written_count")

    # --- computes ---

    @api.depends("move_ids")
    def _compute_allowed_account_ids(self):
        for wizard in self:
            cases = wizard.move_ids.ropo_job_ids.filtered("is_collected")
            wizard.allowed_account_ids = cases.account_id.bad_debt_account_ids

    @api.depends("move_ids")
    def _compute_account_id(self):
        for wizard in self:
            wizard.account_id = wizard.allowed_account_ids[:1]

    @api.depends("move_ids", "account_id")
    def _compute_line_ids(self):
        bad_debt = self.env["ropo.bad.debt"]
        for wizard in self:
            moves = wizard.move_ids._origin
            account = wizard.account_id._origin  # new, while the dialog is open
            rows = []
            for move in moves:
                problem = bad_debt._problem(move, account)
                rows.append(
                    {
                        "move_id": move.id,
                        "amount": move.amount_residual,
                        "amount_tax": bad_debt._open_tax(move),
                        "eligibility": "fix" if problem else "ready",
                        "reason": problem,
                    }
                )
            wizard.line_ids = [Command.clear(), *map(Command.create, rows)]

    @api.depends("line_ids.entry_id")
    def _compute_written_count(self):
        for wizard in self:
            wizard.written_count = len(wizard.line_ids.entry_id)

    # --- actions ---

    def action_write_off(self):
        """Posts the entries; those that can't be posted are listed with why."""
        self.ensure_one()
        self.env["ropo.job"]._check_may_write_off()
        self._ready_moves()  # or a clear refusal
        for line in self._ready_lines():
            move = line.move_id
            with isolated(move, "write it off", expected=UserError) as attempt:
                line.entry_id = self._write_off(move)
                line.eligibility = "final"
            if attempt.error and len(self.line_ids) == 1:
                raise UserError(self._text(move, attempt.error)) from attempt.error
            if attempt.error:
                reason = self.env["ropo.inbox"]._problem_text(attempt.error)
                line.write({"eligibility": "fix", "reason": reason})
        if self.blocked_count:
            return self._reopen()
        return {"type": "ir.actions.act_window_close"}

    def _write_off(self, move):
        return self.env["ropo.bad.debt"]._write_off(
            move, self.account_id, self.date, self.with_relief
        )

    def _text(self, move, error):
        return self.env._(
            "%(invoice)s: %(reason)s",
            invoice=move.display_name,
            reason=self.env["ropo.inbox"]._problem_text(error),
        )


class RopoBadDebtWizardLine(models.TransientModel):
    _name = "ropo.bad.debt.wizard.line"
    _description = "Invoice to Write Off as Bad Debt"
    _inherit = "ropo.wizard.line.mixin"

    wizard_id = fields.Many2one(
        "ropo.bad.debt.wizard", required=True, ondelete="cascade"
    )
    amount = fields.Monetary(string="Open", readonly=True)
    amount_tax = fields.Monetary(string="Of Which Tax", readonly=True)
    entry_id = fields.Many2one("account.move", string="Journal Entry", readonly=True)
