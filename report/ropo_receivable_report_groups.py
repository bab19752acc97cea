from odoo import models
from odoo.tools import SQL

CURRENCY = "company_currency_id"


class RopoReceivableReport(models.Model):
    """Sums of groups of cases."""

    _inherit = "ropo.receivable.report"

    def _read_group_select(self, aggregate_spec, query):
        # EXTENDS 'base': a rate of several cases is of their sums
        weights = {
            "recovery_rate:avg": (
                "received_company",
                SQL("%s - %s", *self._columns("amount_company", "credited_company")),
            ),
            "days_to_pay:avg": (
                "money_days_company",
                *self._columns("received_company"),
            ),
        }
        if aggregate_spec in weights:
            part, whole = weights[aggregate_spec]
            return SQL("SUM(%s) / NULLIF(SUM(%s), 0)", *self._columns(part), whole)
        select = super()._read_group_select(aggregate_spec, query)
        if not self._has_one_currency():
            return select
        return self._of_one_currency(aggregate_spec, query) or select

    def _has_one_currency(self):
        """Whether all companies of which rows are read have the same currency."""
        return not self.env.su and len(self.env.companies.currency_id) == 1

    def _of_one_currency(self, aggregate_spec, query):
        """What the web client asks of each sum to show its currency, without a division
        for each row and without sorting the currency of all rows."""
        name, _colon, function = aggregate_spec.partition(":")
        if aggregate_spec == f"{CURRENCY}:array_agg_distinct":
            return SQL(
                "CASE WHEN COUNT(*) > 0 THEN ARRAY[MAX(%s)] END", *self._columns(name)
            )
        field = self._fields.get(name)
        if function == "sum_currency" and field.get_currency_field(self) == CURRENCY:
            # As the ORM has joined it.
            rates = query.make_alias(self._table, f"{CURRENCY}__rates")
            return SQL(
                "SUM(%s) / COALESCE(MAX(%s), 1.0)",
                *self._columns(name),
                SQL.identifier(rates, "rate"),
            )
        return None

    def _columns(self, *names):
        return [SQL.identifier(self._table, name) for name in names]
