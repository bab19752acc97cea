from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain

from .res_partner import READERS
from .ropo_job import ENDED


class ResPartner(models.Model):
    """What Ropo has of a customer, for the buttons on the customer's form."""

    _inherit = "res.partner"

    ropo_case_count = fields.Integer(
        compute="_compute_ropo_cases", compute_sudo=True, groups=READERS
    )
    ropo_open_text = fields.Char(
        string="Open at Ropo",
        compute="_compute_ropo_cases",
        compute_sudo=True,
        groups=READERS,
        help="The open principal that Ropo collects from this customer, in each "
        "currency.",
    )
    ropo_hold_count = fields.Integer(
        string="On Hold",
        compute="_compute_ropo_hold_count",
        compute_sudo=True,
        groups=READERS,
        help="Open invoices of this customer that are on hold or excluded from "
        "transfer.",
    )

    # --- computes ---

    @api.depends_context("allowed_company_ids", "lang")
    def _compute_ropo_cases(self):
        jobs = self.env["ropo.job"]
        domain = self._ropo_cases_domain()
        counts = dict(jobs._read_group(domain, ["partner_id"], ["__count"]))
        is_running = Domain("is_collected", "=", True)
        is_running &= Domain("released", "=", False) & Domain("stage", "not in", ENDED)
        sums = defaultdict(dict)
        for partner, currency, amount in jobs._read_group(
            domain & is_running,
            ["partner_id", "currency_id"],
            ["open_amount:sum"],
            order="currency_id",
        ):
            sums[partner][currency] = amount
        for partner in self:
            owner = partner.commercial_partner_id
            partner.ropo_case_count = counts.get(owner, 0)
            partner.ropo_open_text = self._ropo_open_text(sums[owner])

    @api.depends_context("allowed_company_ids")
    def _compute_ropo_hold_count(self):
        groups = self.env["account.move"]._read_group(
            self._ropo_holds_domain(), ["commercial_partner_id"], ["__count"]
        )
        counts = dict(groups)
        for partner in self:
            partner.ropo_hold_count = counts.get(partner.commercial_partner_id, 0)

    # --- actions ---

    def action_ropo_open_cases(self):
        """Shows the cases of this customer, those that Ropo collects first."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ropo_connect.action_ropo_job"
        )
        action["name"] = self.env._(
            "Cases of %(partner)s", partner=self.commercial_partner_id.display_name
        )
        action["domain"] = list(self._ropo_cases_domain())
        action["context"] = {"search_default_is_collected": 1}
        # The list's own address would be that of all cases.
        action["path"] = False
        return action

    def action_ropo_open_holds(self):
        """Shows what of this customer is on hold, to see until when or to end it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "On Hold: %(partner)s", partner=self.commercial_partner_id.display_name
            ),
            "res_model": "account.move",
            "views": [
                (self.env.ref("ropo_connect.account_move_view_list_ropo").id, "list"),
                (False, "form"),
            ],
            "domain": list(self._ropo_holds_domain()),
            "context": {"default_move_type": "out_invoice", "create": False},
        }

    # --- helpers ---

    def _ropo_cases_domain(self):
        return Domain("partner_id", "in", self.commercial_partner_id.ids) & Domain(
            "company_id", "in", self.env.companies.ids
        )

    def _ropo_holds_domain(self):
        return (
            Domain("commercial_partner_id", "in", self.commercial_partner_id.ids)
            & Domain("company_id", "in", self.env.companies.ids)
            & Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
            & Domain("ropo_hold", "=", True)
            & Domain("amount_residual", ">", 0)
        )

    @staticmethod
    def _ropo_open_text(amounts):
        """`{currency: amount}` as people read it."""
        return ", ".join(
            currency.format(amount) for currency, amount in amounts.items() if amount
        )
