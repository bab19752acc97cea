from odoo import api, fields, models

from .ropo_request import ASSIGNMENTS


class RopoAccount(models.Model):
    """The first steps with an account, each done when it really is."""

    _inherit = "ropo.account"

    is_policy_chosen = fields.Boolean(
        readonly=True,
        copy=False,
        help="Somebody has decided what is transferred, and when.",
    )
    hides_first_steps = fields.Boolean(readonly=True, copy=False)
    has_connected = fields.Boolean(compute="_compute_first_steps")
    has_policy = fields.Boolean(compute="_compute_first_steps")
    has_sent = fields.Boolean(compute="_compute_first_steps")
    has_first_steps = fields.Boolean(
        compute="_compute_first_steps", help="Some of the first steps are still to do."
    )

    # --- computes ---

    @api.depends(
        "is_connected", "is_policy_chosen", "auto_transfer", "hides_first_steps"
    )
    def _compute_first_steps(self):
        sent = self._ids_that_sent()
        for account in self:
            account.has_sent = account._origin.id in sent
            account.has_connected = account.is_connected or account.has_sent
            is_automatic = account._origin.auto_transfer not in (False, "none")
            account.has_policy = account.is_policy_chosen or is_automatic
            account.has_first_steps = not account.hides_first_steps and not (
                account.has_connected and account.has_policy and account.has_sent
            )

    def _ids_that_sent(self):
        """Those through which Ropo has taken an invoice."""
        domain = [
            ("account_id", "in", self._origin.ids),
            ("state", "=", "done"),
            ("operation", "in", ASSIGNMENTS),
        ]
        groups = self.env["ropo.request"].sudo()._read_group(domain, ["account_id"])
        return {account.id for (account,) in groups}

    # --- actions ---

    def action_open_policy(self):
        """Asks what is transferred, and when."""
        self.ensure_one()
        view = self.env.ref("ropo_connect.ropo_account_view_policy")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What Is Transferred, and When"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "target": "new",
        }

    def action_choose_policy(self):
        """What the dialog shows is what was meant, manual transfer too."""
        self.check_access("write")
        self.is_policy_chosen = True
        return {"type": "ir.actions.act_window_close"}

    def action_open_to_send(self):
        """The invoices that may be the first to be sent."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "ropo_connect.action_ropo_to_send"
        )

    def action_hide_first_steps(self):
        self.check_access("write")
        self.hides_first_steps = True
