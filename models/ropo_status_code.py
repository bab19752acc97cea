from odoo import api, fields, models

from .ropo_job import STAGES


class RopoStatusCode(models.Model):
    """Which stage a code of a channel stands for; the lists of codes are open."""

    _name = "ropo.status.code"
    _description = "Ropo Status Code"
    _order = "channel, stage, code"
    _rec_name = "code"

    channel = fields.Selection(
        lambda self: self.env["ropo.account"]._selection_channel(),
        required=True,
        default=lambda self: self.env["ropo.account"]._default_channel(),
    )
    code = fields.Char(required=True)
    stage = fields.Selection(STAGES, required=True)
    is_assumed = fields.Boolean(
        string="To Confirm with Ropo",
        help="No page of Ropo's says this. An event with the code, as it came, shows "
        "what Ropo means by it.",
    )

    _code_unique = models.Constraint(
        "UNIQUE(channel, code)", "This code of the channel has a stage already."
    )

    # --- business ---

    @api.model
    def _load_known(self):
        """The codes that come with a channel, once; then they are the manager's."""
        present = {row.channel for row in self.search([])}
        self.create(
            [
                {
                    "channel": name,
                    "code": code,
                    "stage": stage,
                    "is_assumed": code in channel.assumed_codes,
                }
                for name, channel in self.env["ropo.account"]._channels()
                if name not in present
                for code, stage in channel.stages.items()
            ]
        )

    @api.model
    def _set_stage(self, channel, code, stage):
        """What a code means is known now, from what Ropo itself answered."""
        known = self.search([("channel", "=", channel), ("code", "=", code)])
        values = {"stage": stage, "is_assumed": False}
        if known:
            known.write(values)
        else:
            self.create([{"channel": channel, "code": code, **values}])

    @api.model
    def _stages(self, account):
        """`{code: stage}` of the account's channel; a code that is not in it has
        no stage."""
        codes = self.sudo().search([("channel", "=", account.channel)])
        return {row.code.strip(): row.stage for row in codes}
