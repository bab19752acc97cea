from collections import defaultdict, namedtuple
from dataclasses import replace

from odoo import api, models
from odoo.tools import float_round

from ..channels import documents

# The dates of a period are Odoo Enterprise's, and may not be there.
PERIOD = ("deferred_start_date", "deferred_end_date")
TEXT_LINES = ("line_section", "line_subsection", "line_note")
# Booked besides what was sold: by the payment terms, and by cash rounding.
EXTRA_LINES = ("epd", "rounding")
LAST_LINES = ("tax", *EXTRA_LINES)
PRICE_DIGITS = 6  # of a unit price that had to be derived from a total

# A line that is a row at Ropo; `taxes` is None where it is only a text.
RowLine = namedtuple("RowLine", ["line", "kind", "taxes", "net"])


class RopoDocumentRows(models.AbstractModel):
    """What of an invoice is a row at Ropo, and the taxes that the rows add up to.

    Every amount is the ledger's own: what was posted, never computed anew.
    """

    _name = "ropo.document.rows"
    _description = "Rows of Documents for Ropo"

    # --- rows ---

    def _row_lines(self, move):
        """The lines that are rows to Ropo, in order: they add up to its net amount.

        In the customer's language, in which their units and taxes are to be read.
        """
        sign, found = move.direction_sign, []
        for line in move.line_ids.with_context(lang=move.partner_id.lang):
            kind = line.display_type
            if kind in TEXT_LINES:
                found.append(RowLine(line, kind, None, 0.0))
            elif (
                kind == "product"
                or (kind == "tax" and line.tax_line_id._ropo_is_charge())
                or (kind in EXTRA_LINES and not line.tax_line_id)
            ):
                net = sign * line.amount_currency
                found.append(RowLine(line, kind, line.tax_ids, net))
        return sorted(found, key=self._place_of_line)

    @staticmethod
    def _place_of_line(row):
        """What was sold in its order, then charges, discounts and roundings."""
        kind = LAST_LINES.index(row.kind) + 1 if row.kind in LAST_LINES else 0
        return kind, row.line.sequence, row.line.id

    def _row(self, row, vats, account):
        """One row; its net amount is what the ledger holds, after discount."""
        line = row.line
        if row.taxes is None:
            return documents.InvoiceRow(name=line.name or "")
        vat, product = vats[row.taxes], line.product_id
        name, _newline, description = (line.name or "").strip().partition("\n")
        values = {
            "name": name or product.display_name or "-",
            "description": description.strip(),
            "tax_percent": vat.percent,
            "tax_category": vat.category,
            "exemption": vat.exemption,
            "net": row.net,
            "cost_centre": self._cost_centre(line, account),
        }
        if row.kind != "product":
            return documents.InvoiceRow(**values, quantity=1, price=row.net)
        if product:
            values["product_code"] = product.default_code or ""
            values["barcode"] = product.barcode or ""
        return documents.InvoiceRow(
            **values,
            **self._price(line, row.net),
            unit=line.product_uom_id.name or "",
            **self._period(line),
        )

    @staticmethod
    def _price(line, net):
        """Quantity, price without tax and discount, which make the net amount."""
        quantity, price, discount = line.quantity, line.price_unit, line.discount
        factor = quantity * (1 - discount / 100)
        if line.currency_id.compare_amounts(price * factor, net):
            if factor:
                # Many units make a cent of what the last digit leaves out.
                digits = PRICE_DIGITS + len(str(int(abs(factor))))
                price = float_round(net / factor, precision_digits=digits)
            else:
                # Of what costs nothing, a fixed tax in the price is taken off.
                quantity, price, discount = 1, net, 0.0
        return {"quantity": quantity, "price": price, "discount": discount}

    @staticmethod
    def _period(line):
        if not all(name in line._fields for name in PERIOD):
            return {}
        start, end = (line[name] or None for name in PERIOD)
        return {"start": start, "end": end}

    @staticmethod
    def _cost_centre(line, account):
        """The code of the only account of the plan that the Ropo account maps.

        Assumption: a row that is spread over several has no `servicecode`.
        """
        plan = account.cost_centre_plan_id
        shares = plan and line.analytic_distribution
        if not shares:
            return ""
        ids = {int(id_) for key in shares for id_ in key.split(",") if id_.isdigit()}
        centres = line.env["account.analytic.account"].browse(sorted(ids))
        centres = centres.filtered(lambda centre: centre.root_plan_id == plan)
        return centres.code or centres.name if len(centres) == 1 else ""

    def _common_cost_centre(self, rows, account):
        """The cost centre of all that was sold, when it is the same."""
        if not account.cost_centre_plan_id:
            return ""
        centres = {
            self._cost_centre(row.line, account)
            for row in rows
            if row.kind == "product"
        }
        return centres.pop() if len(centres) == 1 else ""

    # --- taxes ---

    @staticmethod
    def _vats(rows):
        """What the taxes of the rows come to: `{taxes: Vat}`."""
        sets = {row.taxes for row in rows if row.taxes is not None}
        return {taxes: taxes._ropo_vat() for taxes in sets}

    def _vat_amounts(self, move, rows, vats):
        """Posted net amount and tax, per rate and reason: `{Vat: (net, tax)}`."""
        sign, round_ = move.direction_sign, move.currency_id.round
        net, tax, owners = defaultdict(float), defaultdict(float), defaultdict(set)
        for taxes, vat in vats.items():
            for member in taxes._ropo_members():
                owners[member].add(vat)
        for row in rows:
            if row.taxes is not None:
                net[vats[row.taxes]] += row.net
        for line in move.line_ids:
            if not line.tax_line_id or line.tax_line_id._ropo_is_charge():
                continue
            found = owners[line.tax_line_id]
            if len(found) != 1:
                tax = self._taxes_by_line(move, vats)
                break
            tax[next(iter(found))] += sign * line.amount_currency
        # What a person entered that is on no line goes with the biggest.
        posted = move.amount_total - sum(net.values())
        if rest := round_(posted - sum(tax.values())):
            tax[max(net, key=lambda vat: abs(net[vat]))] += rest
        return {
            vat: (round_(net[vat]), round_(tax[vat]))
            for vat in sorted(net, key=lambda vat: (-vat.percent, *vat[1:]))
        }

    @staticmethod
    def _tax_totals(amounts):
        return tuple(
            documents.TaxTotal(
                vat.percent, net, tax, vat.category, vat.exemption, vat.exemption_code
            )
            for vat, (net, tax) in amounts.items()
        )

    @staticmethod
    def _taxes_by_line(move, vats):
        """The posted taxes as Odoo itself shares them out over the lines.

        Only where a tax stands in several combinations, which costs much more.
        """
        found = defaultdict(float)
        for base_line in move._get_rounded_base_and_tax_lines()[0]:
            for data in base_line["tax_details"]["taxes_data"]:
                if not data["tax"]._ropo_is_charge():
                    found[vats[base_line["tax_ids"]]] += data["tax_amount_currency"]
        return found

    # --- the ledger at Ropo ---

    def _account_totals(self, move, account, rows, vats, amounts):
        """What was booked, per account, rate and cost centre.

        The posted tax of each rate is shared out by the net amounts.
        """
        currency, nets = move.currency_id, defaultdict(float)
        for row in rows:
            if row.taxes is not None:
                centre = self._cost_centre(row.line, account)
                nets[vats[row.taxes], row.line.account_id, centre] += row.net
        left, totals = dict(amounts), []
        for (vat, ledger, centre), net in nets.items():
            net_left, tax_left = left[vat]
            tax = currency.round(tax_left * net / net_left if net_left else tax_left)
            left[vat] = (net_left - net, tax_left - tax)
            totals.append(
                documents.AccountTotal(
                    account=self._account_number(ledger, move.company_id),
                    name=ledger.name,
                    net=currency.round(net),
                    tax=tax,
                    tax_percent=vat.percent,
                    cost_centre=centre,
                )
            )
        return tuple(totals)

    @api.model
    def _account_number(self, ledger, company):
        """The number of an account, 0 where it has a code that is none."""
        code = ledger.with_company(company).code or ""
        return int(code) if code.isdecimal() else 0

    # --- parts ---

    @staticmethod
    def _share(taxes, ratio, total, currency):
        """`taxes` scaled by `ratio`; the first takes what rounding left over."""
        scaled = [
            replace(
                tax,
                net=currency.round(tax.net * ratio),
                tax=currency.round(tax.tax * ratio),
            )
            for tax in taxes
        ]
        rest = currency.round(total - sum(tax.net + tax.tax for tax in scaled))
        first = scaled[0]
        scaled[0] = replace(first, net=currency.round(first.net + rest))
        return tuple(scaled)
