from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ..models.ropo_claim_terms import SHARED_TERMS


class RopoTransferWizard(models.TransientModel):
    """Transfers a selection of overdue invoices, and shows first which can go."""

    _name = "ropo.transfer.wizard"
    _description = "Transfer to Ropo"
    _inherit = ["ropo.wizard.mixin", "ropo.claim.terms"]

    kind = fields.Selection(
        [("reminder", "Payment Reminder"), ("collection", "Debt Collection")],
        required=True,
        default="reminder",
        help="After an unpaid reminder, Ropo goes on to collection automatically.",
    )
    notice_date = fields.Date(
        string="Own Reminder Date",
        help="When you yourself reminded the customers. Mandatory in Finland. Used for "
        "the invoices that have no such date of their own.",
    )
    account_ids = fields.Many2many("ropo.account", compute="_compute_account_ids")
    has_several_accounts = fields.Boolean(compute="_compute_account_ids")
    currency_id = fields.Many2one("res.currency", compute="_compute_account_ids")
    claim_sendtype = fields.Selection(
        compute="_compute_terms", store=True, readonly=False
    )
    claim_reason = fields.Char(compute="_compute_terms", store=True, readonly=False)
    collection_process = fields.Char(
        compute="_compute_terms", store=True, readonly=False
    )
    debt_type = fields.Selection(compute="_compute_terms", store=True, readonly=False)
    notice_fee = fields.Monetary(compute="_compute_terms", store=True, readonly=False)
    claim_parts = fields.Boolean(compute="_compute_terms", store=True, readonly=False)
    is_rental = fields.Boolean(compute="_compute_terms", store=True, readonly=False)
    terms_names = fields.Char(compute="_compute_account_ids")
    claim_interest = fields.Float(
        string="Late Interest (%)",
        help="Percent a year. Empty: as on the account, else as agreed with Ropo.",
    )
    warning_count = fields.Integer(compute="_compute_counts")
    debtor_count = fields.Integer(compute="_compute_confirmation")
    confirmation = fields.Char(compute="_compute_confirmation")
    line_ids = fields.One2many(
        "ropo.transfer.wizard.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    customer_ids = fields.One2many(
        "ropo.transfer.wizard.customer",
        "wizard_id",
        compute="_compute_customer_ids",
        store=True,
        readonly=False,
    )

    # --- computes ---

    @api.depends("move_ids")
    def _compute_account_ids(self):
        for wizard in self:
            accounts = wizard.move_ids.ropo_account_id
            wizard.account_ids = accounts
            wizard.has_several_accounts = len(accounts) > 1
            currency = accounts[:1].currency_id
            wizard.currency_id = currency or wizard.move_ids.company_currency_id[:1]
            names = " ".join(accounts.mapped("terms_names")).split()
            wizard.terms_names = " ".join(sorted(set(names)))

    @api.depends("account_ids")
    def _compute_terms(self):
        """Those of the account; with several, what stays empty is as on each."""
        for wizard in self:
            account = wizard.account_ids if len(wizard.account_ids) == 1 else None
            for name in SHARED_TERMS:
                wizard[name] = account and account[name]

    @api.depends(
        "move_ids",
        "kind",
        "notice_date",
        "claim_sendtype",
        "claim_parts",
        "account_ids",
    )
    def _compute_line_ids(self):
        for wizard in self:
            moves = wizard.move_ids._origin
            verdicts = self.env["ropo.eligibility"]._verdicts(
                moves, wizard.kind, terms=wizard._move_terms()
            )
            wizard.line_ids = wizard._lines(verdicts)

    @api.depends("line_ids.include")
    def _compute_customer_ids(self):
        for wizard in self:
            groups = wizard.line_ids.grouped(lambda x: (x.partner_id, x.currency_id))
            wizard.customer_ids = [
                Command.clear(),
                *(
                    Command.create(wizard._customer_vals(*key, groups[key]))
                    for key in groups
                ),
            ]

    @api.depends("line_ids.eligibility", "line_ids.warning", "line_ids.include")
    def _compute_counts(self):
        # EXTENDS 'ropo.wizard.mixin'
        result = super()._compute_counts()
        for wizard in self:
            wizard.ready_count = len(wizard._ready_lines())
            wizard.warning_count = len(wizard.line_ids.filtered("has_warning"))
        return result

    @api.depends("line_ids.amount", "kind")
    def _compute_confirmation(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for wizard in self:
            lines = wizard._ready_lines()
            sums = lines.grouped("currency_id").items()
            wizard.debtor_count = len(lines.partner_id)
            wizard.confirmation = self.env._(
                "Transfer to %(kind)s. Invoices: %(invoices)s. Debtors: %(debtors)s. "
                "Total: %(sums)s.",
                kind=kinds[wizard.kind].lower(),
                invoices=len(lines),
                debtors=wizard.debtor_count,
                sums=" + ".join(
                    formatLang(self.env, sum(some.mapped("amount")), currency_obj=money)
                    for money, some in sums
                ),
            )

    # --- actions ---

    def action_confirm(self):
        """Asks once, with the number of debtors and the sum: it can't be undone."""
        self.ensure_one()
        self.env["ropo.request"].check_access("read")
        self._compute_line_ids()  # the ledger may have changed since it was shown
        self._ready_moves()
        view = self.env.ref("ropo_connect.ropo_transfer_wizard_view_confirm")
        action = self._reopen() | {"views": [(view.id, "form")]}
        return action | {"context": {"dialog_size": "medium"}}

    def action_transfer(self):
        """Queues what can go; a single one is transferred at once, many by the cron."""
        self.ensure_one()
        self.env["ropo.request"].check_access("read")
        shown = self._ready_lines().move_id
        self._compute_line_ids()  # the ledger may have changed since it was shown
        moves = self._ready_moves() & shown  # never more than was confirmed
        queueing = self.env["ropo.queueing"]
        return self._show(
            queueing._queue_transfer(moves, self.kind, self._move_terms())
        )

    # --- business ---

    def _ready_lines(self):
        # EXTENDS 'ropo.wizard.mixin'
        return super()._ready_lines().filtered("goes")

    def _ready_moves(self):
        # EXTENDS 'ropo.wizard.mixin'
        if super()._ready_lines() and not self._ready_lines():
            raise UserError(
                self.env._(
                    "No invoice is included: each that is ready has a warning, or was "
                    "left out. View the open items, then include those that are to be "
                    "transferred all the same."
                )
            )
        return super()._ready_moves()

    def _move_terms(self):
        """`{move: Terms}` as chosen here."""
        single = not self.has_several_accounts
        co_debtors = {x.move_id.id: tuple(x.co_debtor_ids.ids) for x in self.line_ids}
        known = {}
        terms = {}
        for move in self.move_ids._origin:
            account = move.ropo_account_id
            is_company = move.commercial_partner_id.is_company
            key = account, is_company
            if key not in known:
                own = self if single else account
                known[key] = own._terms(
                    interest=self.claim_interest or account._interest(is_company) or 0,
                    notice_date=self.kind == "collection" and self.notice_date,
                )
                chosen = {n: self[n] for n in SHARED_TERMS if self[n]}
                if self.notice_fee and account:
                    chosen["notice_fee"] = self._fee_in(account)
                known[key] = known[key]._replace(**chosen)
            terms[move] = known[key]._replace(co_debtors=co_debtors.get(move.id, ()))
        return terms

    def _fee_in(self, account):
        """The own costs entered here, in the currency of the account's company."""
        return self.currency_id._convert(
            self.notice_fee,
            account.currency_id,
            account.company_id,
            fields.Date.context_today(self),
        )

    def _lines(self, verdicts):
        # EXTENDS 'ropo.wizard.mixin': by customer, those to look at first
        terms = self._move_terms()
        before = {line.move_id.id: line for line in self.line_ids}
        rows = []
        for _command, _id, row in super()._lines(verdicts)[1:]:
            move = self.env["account.move"].browse(row["move_id"])
            row |= self._transfer_vals(move, terms[move])
            row |= self._choice(row, verdicts[move].warning, before.get(move.id))
            row["note"] = row["reason"] or row["warning"]
            row["co_debtor_ids"] = [Command.set(terms[move].co_debtors)]
            rows.append(row)
        rows.sort(key=self._urgency(rows))
        return [Command.clear(), *map(Command.create, rows)]

    def _choice(self, row, warning, before):
        """Whether it goes: with a warning only when it was chosen, knowing that. What
        was chosen stays while it can't go, as until a date is entered."""
        if before and row["eligibility"] != "ready":
            return {"warning": before.warning or "", "include": before.include}
        if before and (before.warning or "") == warning:
            return {"warning": warning, "include": before.include}
        return {"warning": warning, "include": not warning}

    def _urgency(self, rows):
        """A key that sorts by customer, those to look at first; what can't go for good
        comes last."""
        urgency = {}
        for row in rows:
            if row["eligibility"] != "final":
                customer = self._customer_key(row)
                own = 0 if row["reason"] else 1 if row["warning"] else 2
                urgency[customer] = min(urgency.get(customer, 2), own)
        return lambda row: (
            row["eligibility"] == "final",
            urgency.get(self._customer_key(row), 2),
            self._customer_key(row),
            not row["reason"],
            -row["days_overdue"],
        )

    def _customer_key(self, row):
        customer = self.env["account.move"].browse(row["move_id"]).commercial_partner_id
        return customer.name or "", customer.id

    def _transfer_vals(self, move, terms):
        today = fields.Date.context_today(self)
        account = move.ropo_account_id
        wanted = terms.claim_sendtype if self.kind == "reminder" else None
        delivery = self.env["ropo.debtor"]._delivery_text(
            move.partner_id, account, True, wanted
        )
        parts = self.env["ropo.transfer.rules"]._claim_parts(move, account, terms)
        return {
            "days_overdue": max((today - move._ropo_first_due()).days, 0),
            "delivery": delivery,
            "claim_amount": sum(parts.mapped("amount_residual_currency")),
        }

    def _customer_vals(self, partner, currency, lines):
        going = lines.filtered("goes")
        return {
            "partner_id": partner._origin.id,
            "currency_id": currency._origin.id,
            "invoice_count": len(lines),
            "ready_count": len(going),
            "warning_count": len(lines.filtered("has_warning")),
            "days_overdue": max(lines.mapped("days_overdue")),
            "amount": sum(going.mapped("amount")),
        }


class RopoTransferWizardLine(models.TransientModel):
    _name = "ropo.transfer.wizard.line"
    _description = "Invoice to Transfer to Ropo"
    _inherit = "ropo.wizard.line.mixin"

    wizard_id = fields.Many2one(
        "ropo.transfer.wizard", required=True, ondelete="cascade"
    )
    days_overdue = fields.Integer(readonly=True)
    delivery = fields.Char(string="Reminder Delivery", readonly=True)
    include = fields.Boolean(
        help="An invoice with a warning is left out until you include it."
    )
    claim_amount = fields.Monetary(readonly=True)
    customer_id = fields.Many2one(related="move_id.commercial_partner_id")
    co_debtor_ids = fields.Many2many(
        "res.partner",
        string="Co-debtors",
        domain="[('id', 'child_of', customer_id), ('id', '!=', customer_id)]",
        help="Contacts of the customer who owe this invoice as well.",
    )
    goes = fields.Boolean(compute="_compute_goes")
    has_warning = fields.Boolean(compute="_compute_goes")
    amount = fields.Monetary(string="To Transfer", compute="_compute_goes")
    warning = fields.Char(readonly=True)
    note = fields.Char(string="Issue", readonly=True)

    @api.depends("eligibility", "include", "claim_amount", "warning")
    def _compute_goes(self):
        """The sums count nothing that stays behind."""
        for line in self:
            is_ready = line.eligibility == "ready"
            line.goes = is_ready and line.include
            line.amount = line.claim_amount if line.goes else 0.0
            line.has_warning = is_ready and bool(line.warning)

    def action_open_credits(self):
        """Shows the money or credit notes that the warning is about."""
        return self.move_id.action_ropo_open_credits()


class RopoTransferWizardCustomer(models.TransientModel):
    _name = "ropo.transfer.wizard.customer"
    _description = "Customer Whose Invoices Are Transferred"

    wizard_id = fields.Many2one(
        "ropo.transfer.wizard", required=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    invoice_count = fields.Integer(string="Invoices", readonly=True)
    ready_count = fields.Integer(string="Ready", readonly=True)
    warning_count = fields.Integer(string="Warnings", readonly=True)
    days_overdue = fields.Integer(string="Most Days Overdue", readonly=True)
    amount = fields.Monetary(string="To Transfer", readonly=True)
