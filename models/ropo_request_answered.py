from odoo import models


class RopoRequest(models.Model):
    """What a person decided of a request needs nobody any more."""

    _inherit = "ropo.request"

    def action_retry(self):
        # EXTENDS
        result = super().action_retry()
        self._close_answered()
        return result

    def action_resolve_done(self):
        # EXTENDS
        result = super().action_resolve_done()
        self._close_answered()
        return result

    def action_resolve_requeue(self):
        # EXTENDS
        result = super().action_resolve_requeue()
        self._close_answered()
        return result

    def action_cancel(self):
        # EXTENDS
        result = super().action_cancel()
        self._close_answered()
        return result

    def _close_answered(self):
        self.sudo().account_id._close_answered()
