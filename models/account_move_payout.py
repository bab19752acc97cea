from odoo import models


class AccountMove(models.Model):
    """A payout is matched as a whole, and undone as a whole."""

    _inherit = "account.move"

    def button_draft(self):
        # EXTENDS 'account'
        payments = self.filtered("origin_payment_id")
        if payouts := payments.line_ids._ropo_payouts():
            payouts.action_undo_reconciliation()
        return super().button_draft()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def remove_move_reconcile(self):
        # EXTENDS 'account'
        payouts = self._ropo_payouts()
        result = super().remove_move_reconcile()
        if payouts:
            payouts.action_undo_reconciliation()
        return result

    def _ropo_payouts(self):
        """The bank lines by which Ropo paid these out, as superuser: who may undo a
        payment undoes what depends on it. Not of a bank line's own lines, about whose
        others it decides itself."""
        payments = self.filtered(lambda line: not line.statement_line_id)
        matched = payments.matched_debit_ids.debit_move_id
        matched |= payments.matched_credit_ids.credit_move_id
        return matched.sudo().statement_line_id.filtered("ropo_payout")
