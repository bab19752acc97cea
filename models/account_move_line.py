from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # --- CRUD ---

    def write(self, vals):
        # EXTENDS 'account'
        self.env["ropo.guard"]._check_lines(self, vals)
        result = super().write(vals)
        if "no_followup" in vals:
            self.env["ropo.exemption"]._follow_moves(self.move_id)
        return result

    # --- helpers ---

    def _ropo_due_date(self):
        """The day on which this debt is due; imported entries may have none of their
        own, and are due with their invoice."""
        move = self.move_id
        invoice = move.invoice_date_due or move.invoice_date or move.date
        return self.date_maturity or invoice
