from odoo import api, fields, models

FATES = [
    ("goes", "Goes Tonight"),
    ("later", "Over the Limit"),
    ("waits", "Waits for You"),
    ("held", "Held"),
    ("stays", "Stays"),
]


class RopoTransferPreview(models.TransientModel):
    """One overdue invoice, and what tonight's run would do with it. Does nothing."""

    _name = "ropo.transfer.preview"
    _description = "What Would Tonight's Run Do?"
    _order = "id"

    account_id = fields.Many2one("ropo.account", readonly=True)
    kind = fields.Selection(
        [("reminder", "Reminder"), ("collection", "Debt Collection")], readonly=True
    )
    move_id = fields.Many2one(
        "account.move", string="Invoice", readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(string="Open", readonly=True)
    invoice_date_due = fields.Date(string="Due Date", readonly=True)
    days_overdue = fields.Integer(string="Days Late", readonly=True, aggregator="max")
    fate = fields.Selection(FATES, string="Tonight", readonly=True)
    text = fields.Char(string="Why", readonly=True)
    has_warning = fields.Boolean(readonly=True)

    # --- actions ---

    def action_hold(self):
        """Never chases these invoices, until they are released."""
        self.move_id.ropo_hold = True
        self._refresh()

    def action_release(self):
        self.move_id.ropo_hold = False
        self._refresh()

    def action_open(self):
        self.ensure_one()
        return self.move_id._get_records_action()

    def action_open_credits(self):
        """Shows the money or credit notes that the warning is about."""
        return self.move_id.action_ropo_open_credits()

    # --- business ---

    @api.model
    def _open(self, accounts):
        """An action that lists what tonight's run would do for these accounts."""
        today = fields.Date.context_today(self)
        lines = self.create(
            [
                {
                    "account_id": account.id,
                    "kind": account.auto_transfer,
                    "move_id": move.id,
                    "partner_id": move.commercial_partner_id.id,
                    "currency_id": move.currency_id.id,
                    "amount": move.amount_residual,
                    "invoice_date_due": move._ropo_first_due(),
                    "days_overdue": (today - move._ropo_first_due()).days,
                    **self._fate_vals(verdict, fate),
                }
                for account in accounts
                for plan in account._plan_transfer()
                for move, (verdict, fate) in plan.items()
            ]
        )
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ropo_connect.action_ropo_transfer_preview"
        )
        return action | {"domain": [("id", "in", lines.ids)]}

    @api.model
    def _fate_vals(self, verdict, fate):
        return {
            "fate": fate,
            "text": verdict.text or verdict.warning,
            "has_warning": bool(verdict.warning),
        }

    def _refresh(self):
        for account, lines in self.grouped("account_id").items():
            verdicts = account._night_verdicts(lines.move_id)
            for line in lines:
                verdict = verdicts[line.move_id]
                line.write(self._fate_vals(verdict, account._fate(verdict)))
