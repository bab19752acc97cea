from odoo import api, models


class RopoFollowup(models.AbstractModel):
    """Credit control is taken out and put back as Odoo's own follow-up is."""

    _inherit = "ropo.followup"

    @api.model
    def _pause(self, jobs):
        # EXTENDS
        result = super()._pause(jobs)
        self.env["ropo.credit.control"]._pause(jobs.sudo().filtered("is_collected"))
        return result

    @api.model
    def _resume(self, jobs):
        # EXTENDS
        result = super()._resume(jobs)
        self.env["ropo.credit.control"]._resume(jobs.sudo().move_id)
        return result
