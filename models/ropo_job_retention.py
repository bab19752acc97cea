from odoo import models

from .ropo_job import ENDED


class RopoJob(models.Model):
    """What goes with the end of a case (services/retention.py)."""

    _inherit = "ropo.job"

    def write(self, vals):
        # EXTENDS
        result = super().write(vals)
        if {"stage", "released", "decision"} & set(vals):
            ended = self.filtered(lambda job: job.stage in ENDED)
            if ended:
                self.env["ropo.retention"]._follow_end(ended)
        return result
