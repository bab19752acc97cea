from odoo import api, models


class IrFilters(models.Model):
    _inherit = "ir.filters"

    @api.model
    def get_filters(self, model, *args, **kwargs):
        # EXTENDS 'base', where the name of a favourite is not translated: those of the
        # addon are shown in the language of who reads them, until they are renamed.
        found = super().get_filters(model, *args, **kwargs)
        ours = self._ropo_ids() if model.startswith("ropo.") else ()
        names = self._ropo_names()
        for favourite in found:
            if favourite["id"] in ours:
                name = favourite["name"]
                favourite["name"] = names.get(name, name)
        return found

    @api.model
    def _ropo_ids(self):
        data = self.env["ir.model.data"].sudo()
        domain = [("module", "=", "ropo_connect"), ("model", "=", self._name)]
        return set(data.search_fetch(domain, ["res_id"]).mapped("res_id"))

    @api.model
    def _ropo_names(self):
        """The names in `data/ir_filters.xml`, translated."""
        return {
            "Ageing by Stage": self.env._("Ageing by Stage"),
            "Recovery by Month of Transfer": self.env._(
                "Recovery by Month of Transfer"
            ),
            "By Customer": self.env._("By Customer"),
            "By Channel": self.env._("By Channel"),
            "Bad Debts and Recoveries": self.env._("Bad Debts and Recoveries"),
            "Differences by Cause": self.env._("Differences by Cause"),
            "DSO With and Without Ropo": self.env._("DSO With and Without Ropo"),
            "DSO and Days to Pay by Quarter": self.env._(
                "DSO and Days to Pay by Quarter"
            ),
        }
