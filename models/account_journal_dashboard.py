from odoo import models


class AccountJournal(models.Model):
    """What Odoo's dashboard says of Ropo on the cards of sales journals."""

    _inherit = "account.journal"

    # --- actions ---

    def action_open_ropo_figure(self):
        """Opens the records behind the figure that the context names."""
        self.ensure_one()
        name = self.env.context["figure"]
        return self.env["ropo.overview"]._open_of_journal(name, self)

    # --- helpers ---

    def _fill_sale_purchase_dashboard_data(self, dashboard_data):
        # EXTENDS 'account'
        result = super()._fill_sale_purchase_dashboard_data(dashboard_data)
        sales = self.filtered(lambda journal: journal.type == "sale")
        if sales and self.env.user.has_group("ropo_connect.group_ropo_user"):
            found = self.env["ropo.overview"]._journal_figures(sales)
            for journal in sales:
                figures = found[journal.id]
                dashboard_data[journal.id].update(
                    ropo_rejected=figures.get("rejected", 0),
                    ropo_overdue=figures.get("overdue", 0),
                )
        return result
