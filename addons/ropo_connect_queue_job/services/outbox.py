from odoo import models


class RopoOutbox(models.AbstractModel):
    """By jobs, one for each account and turn, instead of the scheduled actions."""

    _inherit = "ropo.outbox"

    def _wake(self, accounts, at=None):
        # OVERRIDE 'ropo_connect'
        accounts.sudo()._delay_outbox(at)

    def _work_off_all(self):
        # OVERRIDE 'ropo_connect': the scheduled action only forgets no account
        due = self.env["ropo.due"]._accounts()
        self.env["ropo.account"].sudo().browse(due)._delay_outbox()
