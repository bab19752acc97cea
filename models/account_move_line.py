from odoo import fields, models

from .res_partner import READERS


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    ropo_followup_paused = fields.Boolean(
        string="No Follow-Up While Ropo Collects",
        readonly=True,
        copy=False,
        help="“No Follow-Up” was set by the transfer, and ends when Ropo closes the "
        "case unpaid.",
        groups=READERS,
    )

    # What was reset to draft keeps its reconciliations, and has paid nobody.
    _ropo_reset = models.Index(
        "(id) WHERE parent_state = 'draft' AND matching_number IS NOT NULL"
    )
    # For the reports: which debts an invoice has, and which of them are open.
    _ropo_debts = models.Index("(move_id, id) WHERE display_type = 'payment_term'")
    _ropo_open_debts = models.Index(
        "(move_id) INCLUDE (date_maturity, company_id) "
        "WHERE display_type = 'payment_term' AND reconciled IS NOT TRUE"
    )

    # --- CRUD ---

    def write(self, vals):
        # EXTENDS 'account'
        self.env["ropo.guard"]._check_lines(self, vals)
        if "no_followup" in vals:
            # A person's own choice from now on, whoever may not see that it was ours.
            paused = self.sudo().filtered("ropo_followup_paused")
            paused.ropo_followup_paused = False
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
