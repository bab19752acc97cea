from odoo import Command, api, fields, models

BASES = [
    ("named", "The bank line names these payments. Their sum is exact."),
    ("one", "One payment of exactly this amount."),
    ("oldest", "The oldest payments. Their sum is exact."),
    ("some", "Some of the oldest payments. Their sum is exact."),
    ("named_part", "The bank line names these payments. Their sum differs."),
    ("part", "The oldest payments up to the amount."),
    ("none", "No registered payment fits. Add payments, or enter what it pays out."),
]
EXACT = ("named", "one", "oldest", "some")


class RopoPayoutWizard(models.TransientModel):
    """Explains what Ropo paid out in one sum, and books it in the bank line's entry."""

    _name = "ropo.payout.wizard"
    _description = "Match Payout"

    statement_line_id = fields.Many2one(
        "account.bank.statement.line",
        string="Bank Line",
        required=True,
        ondelete="cascade",
    )
    date = fields.Date(related="statement_line_id.date")
    payment_ref = fields.Char(related="statement_line_id.payment_ref")
    journal_id = fields.Many2one(related="statement_line_id.journal_id")
    company_id = fields.Many2one(related="statement_line_id.company_id")
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    open_amount = fields.Monetary(
        string="Paid Out",
        compute="_compute_open_amount",
        store=True,
        readonly=False,  # as it was when the dialog was opened
        help="What of the bank line is not matched yet. Less than zero: Ropo took "
        "money.",
    )
    allowed_account_ids = fields.Many2many(
        "ropo.account", compute="_compute_allowed_account_ids"
    )
    journal_ids = fields.Many2many(
        "account.journal", compute="_compute_allowed_account_ids"
    )
    account_id = fields.Many2one(
        "ropo.account",
        string="Ropo Account",
        compute="_compute_account_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', allowed_account_ids)]",
    )
    basis = fields.Selection(
        BASES,
        string="Proposal",
        compute="_compute_line_ids",
        compute_sudo=False,  # what the user may see is proposed
        store=True,
    )
    line_ids = fields.One2many(
        "ropo.payout.wizard.line",
        "wizard_id",
        string="Payments",
        compute="_compute_line_ids",
        compute_sudo=False,
        store=True,
        readonly=False,
    )
    payment_amount = fields.Monetary(
        string="Registered Payments", compute="_compute_rest"
    )
    principal_amount = fields.Monetary(
        string="Other Principal",
        help="Principal that no registered payment stands for.",
    )
    interest_amount = fields.Monetary(string="Interest")
    fee_amount = fields.Monetary(string="Fees")
    commission_amount = fields.Monetary(
        string="Commission",
        help="What Ropo deducts, without tax. Less than zero: Ropo gives it back.",
    )
    commission_tax = fields.Monetary(compute="_compute_commission_tax")
    rest = fields.Monetary(
        string="Not Explained",
        compute="_compute_rest",
        help="What is paid out, less all that is entered here.",
    )
    leave_rest = fields.Boolean(
        string="Leave the Rest Open",
        help="It stays on the suspense account, and the bank line can be matched again "
        "for it.",
    )

    # --- computes ---

    @api.depends("statement_line_id")
    def _compute_currency_id(self):
        payout = self.env["ropo.payout"]
        for wizard in self:
            wizard.currency_id = payout._currency(wizard.statement_line_id)

    @api.depends("statement_line_id")
    def _compute_open_amount(self):
        payout = self.env["ropo.payout"]
        for wizard in self:
            wizard.open_amount = payout._open(wizard.statement_line_id)

    @api.depends("statement_line_id")
    def _compute_allowed_account_ids(self):
        payout = self.env["ropo.payout"]
        for wizard in self:
            line = wizard.statement_line_id
            wizard.allowed_account_ids = payout._accounts(line)
            wizard.journal_ids = payout._journals(line)

    @api.depends("statement_line_id")
    def _compute_account_id(self):
        for wizard in self:
            wizard.account_id = wizard.allowed_account_ids[:1]

    @api.depends("statement_line_id")
    def _compute_line_ids(self):
        payout = self.env["ropo.payout"]
        for wizard in self:
            line = wizard.statement_line_id
            wizard._show(*payout._propose(line, payout._open(line)))

    @api.depends("statement_line_id", "account_id", "commission_amount")
    def _compute_commission_tax(self):
        payout = self.env["ropo.payout"]
        for wizard in self:
            net, total = wizard.commission_amount, 0.0
            if net:
                lines = payout._commission(
                    wizard.statement_line_id, wizard.account_id._origin, net
                )
                total = sum(line["amount_currency"] for line in lines)
            wizard.commission_tax = total and total - net

    @api.depends(
        "open_amount",
        "line_ids.amount",
        "principal_amount",
        "interest_amount",
        "fee_amount",
        "commission_amount",
        "commission_tax",
    )
    def _compute_rest(self):
        for wizard in self:
            currency = wizard.currency_id
            wizard.payment_amount = currency.round(
                sum(wizard.line_ids.mapped("amount"))
            )
            others = (
                wizard.principal_amount
                + wizard.interest_amount
                + wizard.fee_amount
                - wizard.commission_amount
                - wizard.commission_tax
            )
            wizard.rest = currency.round(
                wizard.open_amount - wizard.payment_amount - others
            )

    # --- onchanges ---

    @api.onchange(
        "principal_amount",
        "interest_amount",
        "fee_amount",
        "commission_amount",
        "account_id",
    )
    def _onchange_parts(self):
        """What Ropo added or deducted tells what the payments come to."""
        if not self.rest:
            return
        found, basis = self.env["ropo.payout"]._propose(
            self.statement_line_id._origin, self.payment_amount + self.rest
        )
        if basis in EXACT:
            self._show(found, basis)

    # --- actions ---

    def action_match(self):
        """Books it, or raises `UserError` with what is missing."""
        self.ensure_one()
        taken = {
            line.move_line_id: line.amount for line in self.line_ids if line.amount
        }
        parts = {
            "principal": self.principal_amount,
            "interest": self.interest_amount,
            "fee": self.fee_amount,
            "commission": self.commission_amount,
        }
        self.env["ropo.payout"]._match(
            self.statement_line_id,
            self.account_id,
            taken,
            parts,
            expected=self.open_amount,
            leave_rest=self.leave_rest,
        )
        return {"type": "ir.actions.act_window_close"}

    # --- helpers ---

    def _show(self, found, basis):
        rows = [{"move_line_id": line.id} for line in found]
        self.line_ids = [Command.clear(), *map(Command.create, rows)]
        self.basis = basis


class RopoPayoutWizardLine(models.TransientModel):
    _name = "ropo.payout.wizard.line"
    _description = "Payment Paid Out"

    wizard_id = fields.Many2one("ropo.payout.wizard", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    move_line_id = fields.Many2one(
        "account.move.line", string="Payment", required=True, ondelete="cascade"
    )
    date = fields.Date(related="move_line_id.date")
    partner_id = fields.Many2one(related="move_line_id.partner_id", string="Customer")
    move_id = fields.Many2one(
        "account.move", string="Invoice", compute="_compute_move_id", compute_sudo=True
    )
    open_amount = fields.Monetary(
        string="Open", compute="_compute_amount", store=True, compute_sudo=True
    )
    amount = fields.Monetary(
        string="Paid Out",
        compute="_compute_amount",
        store=True,
        readonly=False,
        compute_sudo=True,
    )

    @api.depends("move_line_id")
    def _compute_move_id(self):
        """That of Ropo's event, or of a payment that was registered by hand."""
        for line in self:
            payment = line.move_line_id.payment_id
            invoices = payment.ropo_event_id.move_id or payment.reconciled_invoice_ids
            line.move_id = invoices[:1]

    @api.depends("move_line_id")
    def _compute_amount(self):
        """As it is when the payment is chosen."""
        for line in self:
            line.open_amount = line.move_line_id.amount_residual_currency
            line.amount = line.open_amount
