from odoo import api, models
from odoo.exceptions import AccessError


class AccountMove(models.Model):
    """What is left to do of the delivery of an invoice."""

    _inherit = "account.move"

    @api.depends("ropo_state")
    def _compute_highlight_send_button(self):
        # EXTENDS 'account': what Ropo has, or is about to get, is not to be sent again
        result = super()._compute_highlight_send_button()
        for move in self:
            if move._ropo_has_it():
                move.highlight_send_button = False
        return result

    def _ropo_has_it(self):
        """Whether Ropo has the invoice, or may have it or get it."""
        return self.sudo().ropo_state not in (False, "rejected")

    def action_ropo_local_print(self):
        """Posts it at Ropo for ourselves to deliver; Ropo's PDF is attached. Many go
        through the wizard, which says what stays behind, and why."""
        may = self.env.su or self.env.user.has_group("ropo_connect.group_ropo_user")
        if not may:
            raise AccessError(self.env._("Only a Ropo user may send via Ropo."))
        self.check_access("write")
        if len(self) != 1:
            return self._ropo_open_send_wizard(local_print=True)
        self.ropo_account_id._check_can("can_print_locally")
        self.env["ropo.eligibility"]._check(self)
        queueing = self.env["ropo.queueing"]
        requests = queueing._queue_sending(self, local_print=True)
        return self.env["ropo.wizard.mixin"]._show(requests)
