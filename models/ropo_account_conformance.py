from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import channels
from ..channels.conformance import STATUS_CODE

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
        self._check_may_be_tried()
        return self.env["ropo.conformance"]._run(self)._show()

    # --- business ---

    def _check_may_be_tried(self):
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

    def _may_be_tried(self):
        has_script = self.channel in channels.SCRIPTS
        return has_script and self.environment in WITHOUT_DEBTORS

    def _conformance_script(self, client, papers, **options):
        """The script of the channel, about this account's profile."""
        script = channels.script(self.channel)
        stages = self.env["ropo.status.code"]._stages(self)
        return script(client, papers, self.service_model, stages=stages, **options)

    def _apply_setting(self, name, value):
        """Sets what replaces an assumption, for all accounts of the channel.

        :param name: of one of the channel's settings, of a status code, or of a field
            with an address, which is this account's alone
        """
        if name.startswith(STATUS_CODE):
            code = name.removeprefix(STATUS_CODE)
            self.env["ropo.status.code"]._set_stage(self.channel, code, value)
        elif name in self._channel().settings:
            parameters = self.env["ir.config_parameter"].sudo()
            parameters.set_param(f"ropo_connect.{name}", value)
        elif name in self._channel().further_hosts:
            self.sudo()[name] = value
