from odoo import api, fields, models

from .res_partner import READERS


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    ropo_payout = fields.Boolean(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="It was matched with what Ropo collected.",
        groups=READERS,
    )
    ropo_open_amount = fields.Monetary(
        string="Not Matched",
        currency_field="ropo_currency_id",
        compute="_compute_ropo_open_amount",
        help="What is still on the suspense account.",
        groups=READERS,
    )
    ropo_currency_id = fields.Many2one(
        "res.currency", compute="_compute_ropo_open_amount", groups=READERS
    )

    # --- computes ---

    @api.depends("amount_residual", "foreign_currency_id", "currency_id")
    def _compute_ropo_open_amount(self):
        for line in self:
            line.ropo_currency_id = line.foreign_currency_id or line.currency_id
            line.ropo_open_amount = -line.amount_residual

    # --- actions ---

    def action_undo_reconciliation(self):
        # EXTENDS 'account'
        result = super().action_undo_reconciliation()
        self.sudo().filtered("ropo_payout").ropo_payout = False
        return result

    def action_ropo_match_payout(self):
        """Opens the dialog in which this line is matched."""
        self.ensure_one()
        self.env["ropo.payout"]._check_matchable(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ropo_connect.action_ropo_payout_wizard"
        )
        context = {"default_statement_line_id": self.id, "dialog_size": "extra-large"}
        return {**action, "context": context}

    def action_ropo_undo_payout(self):
        """Undoes all that was matched on these lines."""
        for line in self:
            self.env["ropo.payout"]._undo(line)
