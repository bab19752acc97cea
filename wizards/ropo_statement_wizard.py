from urllib.parse import urlencode

from odoo import fields, models


class RopoStatementWizard(models.TransientModel):
    """Asks for the day, and for the customers or the company, of a statement."""

    _name = "ropo.statement.wizard"
    _description = "Print a Statement"

    date = fields.Date(required=True, default=fields.Date.context_today)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_ids = fields.Many2many(
        "res.partner",
        string="Customers",
        help="A statement for each of them. Empty: the cases of the company.",
    )

    def action_print(self):
        """Prints the statements of these customers, or that of the company."""
        self.ensure_one()
        records, name = self.partner_ids, "action_report_statement"
        if not records:
            records, name = self.company_id, "action_report_company_statement"
        report = self.env.ref(f"ropo_connect.{name}")
        return report.report_action(records, data=self._asked())

    def action_export_xlsx(self):
        """Downloads the same as a workbook."""
        self.ensure_one()
        asked = self._asked()
        query = {**asked, "partner_ids": ",".join(map(str, asked["partner_ids"]))}
        return {
            "type": "ir.actions.act_url",
            "url": f"/ropo/statement.xlsx?{urlencode(query)}",
            "target": "download",
        }

    def _asked(self):
        return {
            "date": fields.Date.to_string(self.date),
            "company_id": self.company_id.id,
            "partner_ids": self.partner_ids.ids,
        }
