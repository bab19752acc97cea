from collections import namedtuple

from odoo import models
from odoo.tools import html2plaintext

# Taxes that are no share of the price: to Ropo each is a row of its own.
CHARGES = ("fixed", "code")
RATE_DIGITS = 4
REVERSE_CHARGE = "AE"  # of UNCL5305

# What Ropo has to know of the taxes of a line: those with the same make one tax row.
Vat = namedtuple(
    "Vat", ["percent", "category", "exemption", "exemption_code"], defaults=("",) * 3
)


class AccountTax(models.Model):
    _inherit = "account.tax"

    def _ropo_members(self):
        """These taxes, with what is in groups in place of the groups."""
        if any(tax.amount_type == "group" for tax in self):
            return self.flatten_taxes_hierarchy()
        return self

    def _ropo_is_charge(self):
        return self.amount_type in CHARGES

    def _ropo_vat(self):
        """The `Vat` that these taxes come to on one line, in the env's language."""
        taxes = self._ropo_members().filtered(lambda tax: not tax._ropo_is_charge())
        reverse = taxes.filtered("has_negative_factor")
        percent = (taxes - reverse)._ropo_percent()
        if percent:
            return Vat(percent, taxes._ropo_category())
        return Vat(0.0, *taxes._ropo_exemption(reverse))

    def _ropo_percent(self):
        """What they come to in percent of the net amount."""
        simple = all(tax.amount_type == "percent" for tax in self)
        if simple and (len(self) < 2 or not any(self.mapped("include_base_amount"))):
            return sum(self.mapped("amount"))
        # One is taken of another, or of the price with itself in it: Odoo knows.
        found = self.compute_all(
            100.0, handle_price_include=False, rounding_method="round_globally"
        )
        return round(found["total_included"] - 100.0, RATE_DIGITS)

    def _ropo_category(self):
        """The category of UNCL5305 that the user gave one of them, if any."""
        # Of account_edi_ubl_cii, which may not be installed.
        if "ubl_cii_tax_category_code" not in self._fields:
            return ""
        return next(filter(None, self.mapped("ubl_cii_tax_category_code")), "")

    def _ropo_exemption(self, reverse):
        """Category, reason and its code (VATEX) of a line without tax."""
        notes = self.filtered("invoice_legal_notes")
        reason = html2plaintext(notes[:1].invoice_legal_notes or "").strip()
        category = self._ropo_category() or (REVERSE_CHARGE if reverse else "")
        if "ubl_cii_tax_exemption_reason_code" not in self._fields:
            return category, reason, ""
        codes = self.mapped("ubl_cii_tax_exemption_reason_code")
        return category, reason, next(filter(None, codes), "")
