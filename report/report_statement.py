from odoo import api, fields, models


class ReportStatement(models.AbstractModel):
    """The printed statement: what a customer owes, and what Ropo does about it."""

    _name = "report.ropo_connect.report_statement"
    _description = "Customer Statement"

    @api.model
    def _get_report_values(self, docids, data=None):
        """One statement for each company and each customer who owes it something.

        A contact gets the statement of the company of that contact.
        """
        partners = self.env["res.partner"].browse(docids).commercial_partner_id
        owed = self._open_invoices(partners).grouped(
            lambda move: (move.commercial_partner_id, move.company_id)
        )
        for partner in partners - self.env["res.partner"].concat(*(k[0] for k in owed)):
            owed[partner, self.env.company] = self.env["account.move"]
        return {
            "doc_ids": partners.ids,
            "doc_model": "res.partner",
            "docs": partners,
            "date": fields.Date.context_today(self),
            "statements": [
                self._statement(partner, company, moves)
                for (partner, company), moves in owed.items()
            ],
        }

    def _open_invoices(self, partners):
        """What of theirs is open in the ledger, or still collected."""
        return self.env["account.move"].search(
            [
                ("commercial_partner_id", "in", partners.ids),
                ("move_type", "in", ("out_invoice", "out_refund")),
                ("state", "=", "posted"),
                ("company_id", "in", self.env.companies.ids),
                "|",
                ("amount_residual", "!=", 0),
                ("ropo_state", "in", ("reminder", "collection")),
            ],
            order="invoice_date_due, name, id",
        )

    def _statement(self, partner, company, moves):
        """In the customer's language; the totals are by currency."""
        moves = moves.with_context(lang=partner.lang)
        collected = moves.ropo_job_ids.filtered("is_collected").sorted("id")
        return {
            "partner": partner,
            "company": company,
            "moves": moves,
            "cases": {job.move_id: job for job in collected},
            "totals": {
                currency: sum(
                    move.amount_residual * -move.direction_sign for move in group
                )
                for currency, group in moves.grouped("currency_id").items()
            },
        }
