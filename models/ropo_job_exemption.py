from odoo import api, fields, models

from .ropo_job import ENDED

# Stages in which Ropo sends nothing and collects nothing.
RESTING = (*ENDED, "on_hold")


class RopoJob(models.Model):
    """Whether Ropo collects by a case, and whether a person was asked to stop that
    (services/exemption.py)."""

    _inherit = "ropo.job"

    stop_asked = fields.Boolean(
        readonly=True,
        help="The invoice is not to be collected: Ropo got it so, or a person was "
        "asked to inform Ropo.",
    )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: what was set while the transfer was under way
        jobs = super().create(vals_list)
        self.env["ropo.exemption"]._follow(jobs)
        self.env["ropo.followup"]._pause(jobs)
        return jobs

    def write(self, vals):
        # EXTENDS
        if not {"stage", "released"} & set(vals):
            return super().write(vals)
        resting = self.filtered(lambda job: not job._is_collected())
        result = super().write(vals)
        self.env["ropo.exemption"]._follow(
            self.filtered(lambda job: job.stop_asked or job in resting)
        )
        ended = self.filtered(lambda job: job.released or job.stage == "closed")
        self.env["ropo.followup"]._resume(ended)
        return result

    # --- business ---

    def _is_collected(self):
        """Whether Ropo collects by it now, and writes to the debtor."""
        return bool(self.filtered_domain(self._collected_domain()))

    @api.model
    def _collected_domain(self):
        return [
            ("is_collected", "=", True),
            ("released", "=", False),
            ("stage", "not in", RESTING),
        ]
