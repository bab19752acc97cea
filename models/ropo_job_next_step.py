from odoo import api, fields, models


class RopoJob(models.Model):
    """What comes next of a case, whether or not Ropo has said so yet."""

    _inherit = "ropo.job"

    next_step = fields.Char(
        compute="_compute_next_step",
        help="As Ropo announced it, else what follows on the stage.",
    )

    # --- computes ---

    @api.depends("stage", "kind", "is_collected", "next_stage", "decision", "progress")
    def _compute_next_step(self):
        steps = self.env["ropo.next.step"]
        for job in self:
            job.next_step = job.next_stage or steps._following_on(job)
