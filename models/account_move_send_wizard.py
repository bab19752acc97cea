from odoo import api, models

from .account_move_send import METHOD


class AccountMoveSendWizard(models.TransientModel):
    _inherit = "account.move.send.wizard"

    @api.model
    def _is_applicable_to_move(self, method, move, **move_data):
        # EXTENDS 'account': who opens the dialog for one invoice is to see what is to
        # be mended for his customer's own way, and not another way chosen.
        applicable = super()._is_applicable_to_move(method, move, **move_data)
        if method != METHOD or applicable:
            return applicable
        record = self._ropo_verdict(move).record
        return bool(record) and record != move
