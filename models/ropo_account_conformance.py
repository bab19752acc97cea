from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import channels

# Where documents reach no debtor.
WITHOUT_DEBTORS = ("sandbox", "test")


class RopoAccount(models.Model):
    """A conformance run: what Ropo does with artificial documents, held against what
    the code assumes."""

    _inherit = "ropo.account"

    can_be_tried = fields.Boolean(compute="_compute_can_be_tried")

    # --- computes ---

    @api.depends("channel", "environment")
    def _compute_can_be_tried(self):
        for account in self:
            account.can_be_tried = account._may_be_tried()

    # --- actions ---

    def action_run_conformance(self):
        """Runs the channel's script, and shows what it found."""
        self.ensure_one()
        self.check_access("write")  # what follows works as superuser
        if not self._may_be_tried():
            raise UserError(
                self.env._(
                    "%(account)s is an account of the %(environment)s environment. A "
                    "conformance run sends documents: use an account of the test "
                    "environment.",
                    account=self.name,
                    environment=self._label("environment"),
                )
            )
        run = self.env["ropo.conformance"]._run(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": run._name,
            "res_id": run.id,
            "views": [(False, "form")],
        }

    # --- business ---

    def _may_be_tried(self):
        has_script = self.channel in channels.SCRIPTS
        return has_script and self.environment in WITHOUT_DEBTORS

    def _conformance_script(self, client, papers, **options):
        """The script of the channel, about this account's profile."""
        script = channels.script(self.channel)
        return script(client, papers, self.service_model, **options)
