from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    ropo_account_count = fields.Integer(
        string="Ropo Accounts", compute="_compute_ropo_account_count"
    )

    ropo_metrics_token = fields.Char(
        string="Monitoring Token",
        config_parameter="ropo_connect.metrics_token",
        groups="base.group_system",
        help="A monitoring system that knows it may ask for figures and health.",
    )

    @api.depends("company_id")
    def _compute_ropo_account_count(self):
        for settings in self:
            settings.ropo_account_count = self.env["ropo.account"].search_count(
                settings._ropo_account_domain()
            )

    def action_open_ropo_accounts(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ropo_connect.action_ropo_account"
        )
        action["domain"] = self._ropo_account_domain()
        action["context"] = {"default_company_id": self.company_id.id}
        return action

    def _ropo_account_domain(self):
        """The accounts that this company uses: its own and those of its parents."""
        return [("company_id", "parent_of", self.company_id.id)]
