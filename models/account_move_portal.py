from odoo import models


class AccountMove(models.Model):
    """What the customer portal shows of an invoice that Ropo collects."""

    _inherit = "account.move"

    def _get_invoice_portal_extra_values(self, custom_amount=None):
        # EXTENDS 'account'
        values = super()._get_invoice_portal_extra_values(custom_amount=custom_amount)
        return {**values, "ropo": self.env["ropo.portal"]._values(self)}
