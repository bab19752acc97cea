from odoo import fields, models
from odoo.exceptions import AccessError

READERS = ("account.group_account_invoice", "account.group_account_readonly")


class DigestDigest(models.Model):
    """What Ropo collects, in Odoo's own digest."""

    _inherit = "digest.digest"

    kpi_ropo_collected = fields.Boolean("Collected by Ropo")
    kpi_ropo_collected_value = fields.Monetary(
        compute="_compute_kpi_ropo_collected_value"
    )
    kpi_ropo_open = fields.Boolean("Open at Ropo")
    kpi_ropo_open_value = fields.Monetary(compute="_compute_kpi_ropo_open_value")

    # --- computes ---

    def _compute_kpi_ropo_collected_value(self):
        """What debtors paid to Ropo in the period, less what Ropo took back."""
        start, end, companies = self._get_kpi_compute_parameters()
        # By account, as the index has it.
        accounts = self.env["ropo.account"].sudo().with_context(active_test=False)
        rows = (
            self.env["ropo.event"]
            .sudo()
            ._read_group(
                [
                    ("account_id", "in", accounts._search([])),
                    ("company_id", "in", companies.ids),
                    ("collected_on", ">", fields.Date.to_date(start)),
                    ("collected_on", "<=", fields.Date.to_date(end)),
                ],
                ["company_id", "job_id.currency_id"],
                ["counted:sum"],
            )
        )
        self._set_ropo_kpi("kpi_ropo_collected_value", rows)

    def _compute_kpi_ropo_open_value(self):
        """What is open now of all that Ropo collects, whatever the period."""
        _start, _end, companies = self._get_kpi_compute_parameters()
        rows = (
            self.env["ropo.job"]
            .sudo()
            ._read_group(
                [("company_id", "in", companies.ids), ("is_collected", "=", True)],
                ["company_id", "currency_id"],
                ["open_amount:sum"],
            )
        )
        self._set_ropo_kpi("kpi_ropo_open_value", rows)

    def _set_ropo_kpi(self, name, rows):
        """:param rows: `(company, currency, amount)`"""
        if not any(map(self.env.user.has_group, READERS)):
            # Odoo leaves it out of the digest of this user.
            raise AccessError(self.env._("You may not see what Ropo collects."))
        today = fields.Date.context_today(self)
        sums = {}
        for company, currency, amount in rows:
            own = currency._convert(amount, company.currency_id, company, today)
            sums[company] = sums.get(company, 0.0) + own
        for digest in self:
            # One without a company is about that of its reader, as all of Odoo's are.
            digest[name] = sums.get(digest.company_id or self.env.company, 0.0)

    # --- helpers ---

    def _compute_kpis_actions(self, company, user):
        # EXTENDS 'digest'
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("ropo_connect.menu_ropo").id
        for name, action in (
            ("kpi_ropo_collected", "action_ropo_event"),
            ("kpi_ropo_open", "action_ropo_receivable_report"),
        ):
            actions[name] = f"ropo_connect.{action}?menu_id={menu}"
        return actions
