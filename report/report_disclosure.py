from odoo import api, fields, models
from odoo.tools import format_date

from ..models.ropo_request import readable


class ReportDisclosure(models.AbstractModel):
    """A customer's data as sent to Ropo, for people to read."""

    _name = "report.ropo_connect.report_disclosure"
    _description = "Data at Ropo"

    @api.model
    def _get_report_values(self, docids, data=None):
        """One document for each customer; a contact gets that of its company."""
        partners = self.env["res.partner"].browse(docids).commercial_partner_id
        disclosure = self.env["ropo.disclosure"]
        return {
            "doc_ids": partners.ids,
            "doc_model": "res.partner",
            "docs": partners,
            "company": self.env.company,
            "date": fields.Date.context_today(self),
            "documents": [(each, disclosure._document(each)) for each in partners],
            "facts": _facts,
            "labels": self._labels(),
            "readable": readable,
            "day": lambda text: format_date(self.env, (text or "")[:10]),
        }

    def _labels(self):
        """Of what a selection holds, in the reader's language."""
        return {
            name: dict(self.env[model]._fields[field]._description_selection(self.env))
            for name, model, field in (
                ("operation", "ropo.request", "operation"),
                ("state", "ropo.request", "state"),
                ("kind", "ropo.job", "kind"),
                ("stage", "ropo.job", "stage"),
            )
        }


def _facts(contact):
    """The address of a contact, in lines."""
    place = " ".join(filter(None, (contact["zip"], contact["city"])))
    lines = (contact["name"], contact["function"], contact["street"])
    lines += (contact["street2"], place, contact["country"])
    lines += (contact["email"], contact["phone"])
    return [line for line in lines if line]
