from odoo import fields, models
from odoo.tools import SQL

from ..services.transaction import without_jit


class RopoDsoReport(models.Model):
    """How many days of sales customers owe, with Ropo and without.

    One row for each month, company, journal and way to Ropo. Amounts are in the
    currency of the company one works in; those of others at today's rate.
    """

    _name = "ropo.dso.report"
    _inherit = "ropo.selection.order"
    _description = "Days Sales Outstanding"
    _auto = False
    _selections_in_order = ("ropo",)
    _rec_name = "date"
    _order = "date desc, company_id, journal_id, ropo"

    date = fields.Date(string="Month", readonly=True)
    days = fields.Integer(
        string="Days in Month",
        readonly=True,
        aggregator=None,
        help="Of the present month: until today.",
    )
    company_id = fields.Many2one("res.company", readonly=True)
    journal_id = fields.Many2one("account.journal", readonly=True)
    ropo = fields.Selection(
        [
            ("none", "Not at Ropo"),
            ("sent", "Sent via Ropo"),
            ("collected", "Transferred to Ropo"),
        ],
        readonly=True,
        help="Where the invoice ever was, in whichever month. Credit notes go with "
        "what they credit.",
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    sales = fields.Monetary(
        string="Credit Sales",
        readonly=True,
        help="Invoices less credit notes of the month, with taxes, as customers owe "
        "them.",
    )
    open_amount = fields.Monetary(
        string="Receivables at Month's End",
        readonly=True,
        aggregator="avg",
        help="What was open of invoices, less what was open of credit notes. Of the "
        "present month: today. Of several months: on average.",
    )
    dso = fields.Float(
        string="DSO (Days)",
        readonly=True,
        aggregator="avg",
        help="The receivables at the month's end, divided by the credit sales of the "
        "month, times its days. Of several months: their average receivables, divided "
        "by their credit sales, times their days.",
    )
    paid = fields.Monetary(
        readonly=True,
        help="Payments of invoices in the month, to Ropo or to the company.",
    )
    days_to_pay = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Days from the invoice date to the payments of the month, on average, "
        "weighted by their amounts.",
    )

    _depends = {
        "account.journal": ["type"],
        "account.move": [
            "amount_residual_signed",
            "amount_total_signed",
            "company_id",
            "date",
            "invoice_date",
            "journal_id",
            "move_type",
            "reversed_entry_id",
            "state",
        ],
        "account.move.line": [
            "date",
            "display_type",
            "journal_id",
            "move_id",
            "payment_id",
            "statement_line_id",
        ],
        "account.partial.reconcile": [
            "amount",
            "credit_move_id",
            "debit_move_id",
            "max_date",
        ],
        "res.company": ["currency_id"],
        "ropo.job": ["is_collected", "move_id"],
    }

    @property
    def _table_query(self):
        today = fields.Date.context_today(self)
        without_jit(self.env.cr)
        return SQL(
            """
            SELECT ((company_id::bigint * 100000 + journal_id) * 3
                    + ARRAY_POSITION(ARRAY['none', 'sent', 'collected'], ropo) - 1)
                       * 100000 + EXTRACT(YEAR FROM date)::integer * 12
                       + EXTRACT(MONTH FROM date)::integer AS id,
                   month.*,
                   open_amount * days AS open_days,
                   CASE WHEN sales > 0 THEN open_amount * days / sales END AS dso,
                   paid_days / NULLIF(paid, 0) AS days_to_pay
              FROM (SELECT date, days, month.company_id, journal_id, ropo,
                           %(currency)s AS currency_id,
                           sales * rate AS sales,
                           open_amount * rate AS open_amount,
                           paid * rate AS paid,
                           paid_days * rate AS paid_days
                      FROM (%(months)s) month
                      JOIN (%(rates)s) rates ON rates.company_id = month.company_id
                     WHERE date <= %(today)s
                       AND (sales != 0 OR open_amount != 0 OR settled != 0)) month
            """,
            currency=self.env.company.currency_id.id,
            months=self.env["ropo.sales.outstanding"]._months(today),
            rates=self._rates(today),
            today=today,
        )

    def _rates(self, today):
        own = self.env.company.currency_id
        companies = self.env.companies
        rates = {
            currency: self.env["res.currency"]._get_conversion_rate(
                currency, own, self.env.company, today
            )
            for currency in companies.currency_id
        }
        return SQL(
            "SELECT * FROM (VALUES %s) rates (company_id, rate)",
            SQL(", ").join(
                SQL("(%s, %s::numeric)", company.id, rates[company.currency_id])
                for company in companies
            ),
        )

    # --- groups ---

    def _read_group_select(self, aggregate_spec, query):
        # EXTENDS 'base': a rate of several rows is of their sums
        if aggregate_spec == "open_amount:avg":
            return SQL(
                "SUM(%s) / COUNT(DISTINCT %s)", *self._columns("open_amount", "date")
            )
        if aggregate_spec == "dso:avg":
            sales = SQL("SUM(%s)", *self._columns("sales"))
            return SQL(
                "CASE WHEN %s > 0 THEN SUM(%s) / %s END",
                sales,
                *self._columns("open_days"),
                sales,
            )
        if aggregate_spec == "days_to_pay:avg":
            return SQL(
                "SUM(%s) / NULLIF(SUM(%s), 0)", *self._columns("paid_days", "paid")
            )
        return super()._read_group_select(aggregate_spec, query)

    def _columns(self, *names):
        return [SQL.identifier(self._table, name) for name in names]

    # --- actions ---

    def action_open_invoices(self):
        """Opens what was open at the end of the month."""
        self.ensure_one()
        outstanding = self.env["ropo.sales.outstanding"]
        today = fields.Date.context_today(self)
        moves = outstanding._open_moves(
            self.company_id,
            self.journal_id,
            self.ropo,
            outstanding._last_day(self.date, today),
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Receivables at Month's End"),
            "res_model": "account.move",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", moves.ids)],
            "context": {"create": False},
        }
