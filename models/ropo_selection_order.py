from odoo import models
from odoo.tools import SQL


class RopoSelectionOrder(models.AbstractModel):
    """Selections that are sorted and grouped in the order of their choices, which is
    that in which things happen, and not by their technical names."""

    _name = "ropo.selection.order"
    _description = "Selections in Their Own Order"

    _selections_in_order = ()

    # --- reading ---

    def _read_group_orderby(self, order, groupby_terms, query):
        # EXTENDS 'base'
        in_order = {
            name: self._in_order(name, term)
            for name, term in groupby_terms.items()
            if name in self._selections_in_order
        }
        if not in_order:
            return super()._read_group_orderby(order, groupby_terms, query)
        before = {name: groupby_terms[name] for name in in_order}
        groupby_terms.update(in_order)
        ordered = super()._read_group_orderby(order, groupby_terms, query)
        # Only these: of others it adds what they are sorted by.
        groupby_terms.update(before)
        return ordered

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        # EXTENDS 'base'
        if field_name not in self._selections_in_order:
            return super()._order_field_to_sql(
                alias, field_name, direction, nulls, query
            )
        term = self._in_order(field_name, self._field_to_sql(alias, field_name, query))
        return SQL("%s %s %s", term, direction, nulls)

    def _in_order(self, name, term):
        values = self._fields[name].get_values(self.env)
        return SQL("array_position(%s::varchar[], %s)", values, term)
