from odoo import fields, models


class RopoInbox(models.AbstractModel):
    """By jobs, one for each account."""

    _inherit = "ropo.inbox"

    def _run_accounts(self, accounts, poll=False):
        # OVERRIDE 'ropo_connect'
        if poll:
            accounts.polled_at = fields.Datetime.now()
        accounts._delay_news(poll)
