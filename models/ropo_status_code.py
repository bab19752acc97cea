from odoo import api, fields, models

from ..channels.ropo_one import ASSUMED_CODES
from ..channels.ropo_one import STAGES as KNOWN_CODES
from .ropo_job import STAGES


class RopoStatusCode(models.Model):
    """Which stage a code of Ropo's stands for; Ropo's list of codes is open."""

    _name = "ropo.status.code"
    _description = "Status Code of Ropo's"
    _order = "stage, code"
    _rec_name = "code"

    code = fields.Char(required=True)
    stage = fields.Selection(STAGES, required=True)
    is_assumed = fields.Boolean(
        string="To Confirm With Ropo",
        help="No page of Ropo's says this. An event with the code, as it came, shows "
        "what Ropo means by it.",
    )

    _code_unique = models.Constraint("UNIQUE(code)", "This code has a stage already.")

    # --- business ---

    @api.model
    def _load_known(self):
        """The codes that come with the addon, once; then they are the manager's."""
        self.create(
            [
                {"code": code, "stage": stage, "is_assumed": code in ASSUMED_CODES}
                for code, stage in KNOWN_CODES.items()
            ]
        )

    @api.model
    def _stages(self):
        """`{code: stage}`; a code that is not in it says nothing of the stage."""
        return {row.code.strip(): row.stage for row in self.sudo().search([])}
