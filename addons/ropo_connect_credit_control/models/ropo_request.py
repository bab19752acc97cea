from odoo import models


class RopoRequest(models.Model):
    _inherit = "ropo.request"

    def write(self, vals):
        # EXTENDS: what becomes of a transfer becomes of the lines that asked for it
        result = super().write(vals)
        if "state" in vals:
            self.env["ropo.credit.control"]._follow(self)
        return result
