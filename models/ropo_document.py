import logging
from collections import defaultdict

from odoo import api, models
from odoo.tools import float_round, html2plaintext

from ..channels import documents

_logger = logging.getLogger(__name__)

# What is read of a batch of invoices, in one query, before any document is built.
MOVE_FIELDS = (
    "name",
    "move_type",
    "state",
    "invoice_date",
    "invoice_date_due",
    "payment_reference",
    "partner_id",
    "commercial_partner_id",
    "company_id",
    "currency_id",
    "amount_untaxed",
    "amount_tax",
    "amount_total",
    "amount_residual",
    "ref",
    "narration",
    "reversed_entry_id",
    "ropo_notice_date",
)
LINE_FIELDS = (
    "move_id",
    "display_type",
    "sequence",
    "name",
    "product_id",
    "product_uom_id",
    "quantity",
    "price_unit",
    "discount",
    "price_subtotal",
    "amount_currency",
    "currency_id",
    "tax_ids",
    "tax_line_id",
)
TEXT_LINES = ("line_section", "line_subsection", "line_note")
PRICE_DIGITS = 6  # of a unit price that had to be derived from a total


class RopoDocument(models.AbstractModel):
    """Reads Odoo's ledger into the plain documents that a channel can say.

    Every amount is the ledger's own: what was posted, never computed anew.
    """

    _name = "ropo.document"
    _description = "Documents for Ropo"

    @api.model
    def _prefetch(self, moves):
        """Brings what documents are built from into the cache, a query per table."""
        moves.fetch(MOVE_FIELDS)
        lines = moves.line_ids
        lines.fetch(LINE_FIELDS)
        (lines.tax_ids | lines.tax_line_id).fetch(["amount", "amount_type"])
        partners = moves.partner_id | moves.commercial_partner_id
        partners.fetch(["name", "ref", "street", "zip", "city", "lang", "country_id"])
        return moves

    # --- invoices and credit notes ---

    @api.model
    def _invoice(self, move, account, own_reference, refund=None):
        """The `Invoice` of one posted customer invoice or credit note.

        :param refund: what the credit note credits at Ropo: a `ropo.job`, or None
        """
        sign = move.direction_sign
        lines = move.line_ids
        products = lines.filtered(lambda line: line.display_type == "product")
        shown = lines.filtered(lambda line: line.display_type in TEXT_LINES) | products
        rows = [
            self._row(line, sign * line.amount_currency)
            for line in shown.sorted(lambda line: (line.sequence, line.id))
        ]
        rows += self._rounding_rows(lines, sign)
        return documents.Invoice(
            own_reference=own_reference,
            **self._head(move),
            delivery=move.partner_id._ropo_delivery(),
            rows=tuple(rows),
            taxes=self._tax_totals(move, products, sign),
            net=move.amount_untaxed,
            tax=move.amount_tax,
            total=move.amount_total,
            ledger_at_ropo=account._holds_ledger(),
            unique_number=account.check_number,
            buyer_reference=move.ref or "",
            note=html2plaintext(move.narration or "").strip(),
            is_credit=move.move_type == "out_refund",
            credits_assignment=int(refund.jobid) if refund and refund.jobid else None,
            credits_number=refund.billnum or "" if refund else "",
        )

    def _row(self, line, net):
        """One row; `net` is what the ledger holds, without tax, after discount."""
        if line.display_type in TEXT_LINES:
            return documents.InvoiceRow(name=line.name or "")
        return documents.InvoiceRow(
            name=line.name or line.product_id.display_name or "-",
            quantity=line.quantity,
            price=self._net_price(line, net),
            discount=line.discount,
            tax_percent=self._percent(line.tax_ids),
            net=net,
            unit=line.product_uom_id.name or "",
            product_code=line.product_id.default_code or "",
        )

    def _net_price(self, line, net):
        """The price of one unit without tax, before discount."""
        factor = line.quantity * (1 - line.discount / 100)
        without_tax = line.currency_id.compare_amounts(line.price_unit * factor, net)
        if without_tax == 0 or not factor:
            return line.price_unit
        return float_round(net / factor, precision_digits=PRICE_DIGITS)

    def _rounding_rows(self, lines, sign):
        """Cash rounding, which Odoo books as a line of its own."""
        return [
            documents.InvoiceRow(
                name=line.name or "",
                quantity=1,
                price=sign * line.amount_currency,
                net=sign * line.amount_currency,
            )
            for line in lines
            if line.display_type == "rounding" and not line.tax_line_id
        ]

    def _tax_totals(self, move, products, sign):
        """One `TaxTotal` per rate, from the posted tax lines."""
        net, tax = defaultdict(float), defaultdict(float)
        for line in products:
            net[self._percent(line.tax_ids)] += sign * line.amount_currency
        for line in move.line_ids:
            if line.tax_line_id:  # rounding may have been added to the biggest tax
                percent = self._percent(line.tax_line_id)
                tax[percent] += sign * line.amount_currency
        for line in move.line_ids:
            if line.display_type == "rounding" and not line.tax_line_id:
                net[0.0] += sign * line.amount_currency
        currency = move.currency_id
        return tuple(
            documents.TaxTotal(
                percent, currency.round(net[percent]), currency.round(tax[percent])
            )
            for percent in sorted(set(net) | set(tax), reverse=True)
        )

    @staticmethod
    def _percent(taxes):
        return sum(tax.amount for tax in taxes if tax.amount_type == "percent")

    # --- claims ---

    @api.model
    def _claim(self, move, kind, own_reference, notice_date=None):
        """The `Claim` for what is open of one invoice at this moment."""
        return documents.Claim(
            own_reference=own_reference,
            kind=kind,
            **self._head(move),
            delivery=move.partner_id._ropo_delivery(
                reminder=True, subject=move.ropo_account_id.einvoice_subject or ""
            ),
            amount=move.amount_residual,
            notice_date=notice_date or move.ropo_notice_date or None,
        )

    # --- what changed in the ledger ---

    @api.model
    def _change(self, request):
        """The `CapitalChange` that a payment, reversal or allocation tells."""
        job = request.job_id
        entry = request.counterpart_id
        reverses = request.operation == "payment_reversal"
        is_credit = request.operation == "credit_allocation"
        return documents.CapitalChange(
            date=request.date,
            amount=-request.amount if reverses else request.amount,
            assignment=int(job.jobid) if job.jobid else None,
            number=job.billnum or "",
            credit_note=entry.name or "" if entry.move_type == "out_refund" else "",
            description=request.description or "",
            is_payment=not is_credit and self._is_money(entry),
        )

    @staticmethod
    def _is_money(entry):
        """Whether the entry is money, and no write-off; one that is gone was."""
        return not entry or entry.journal_id.type in ("bank", "cash", "credit")

    @api.model
    def _allocation(self, request):
        """A credit note `Invoice` over the part of it that was allocated to a case.

        Its rows are the credit note's taxes, each with its share of the part, so that
        several such notes over one credit note add up to it.
        """
        note = request.counterpart_id
        products = note.line_ids.filtered(lambda line: line.display_type == "product")
        taxes = self._share(
            self._tax_totals(note, products, note.direction_sign),
            request.amount / note.amount_total,
            request.amount,
            note.currency_id,
        )
        rows = [
            documents.InvoiceRow(
                name=self.env._("Credit note %(number)s", number=note.name),
                quantity=1,
                price=tax.net,
                tax_percent=tax.percent,
                net=tax.net,
            )
            for tax in taxes
        ]
        net = note.currency_id.round(sum(tax.net for tax in taxes))
        return documents.Invoice(
            own_reference=request.id,
            **self._head(note),
            rows=tuple(rows),
            taxes=taxes,
            net=net,
            tax=note.currency_id.round(request.amount - net),
            total=request.amount,
            ledger_at_ropo=True,
            # One credit note may be allocated in several parts.
            unique_number=False,
            is_credit=True,
            credits_assignment=int(request.job_id.jobid or 0) or None,
            credits_number=request.job_id.billnum or "",
        )

    @staticmethod
    def _share(taxes, ratio, total, currency):
        """`taxes` scaled by `ratio`; the first takes what rounding left over."""
        scaled = [
            documents.TaxTotal(
                tax.percent,
                currency.round(tax.net * ratio),
                currency.round(tax.tax * ratio),
            )
            for tax in taxes
        ]
        rest = currency.round(total - sum(tax.net + tax.tax for tax in scaled))
        first = scaled[0]
        scaled[0] = documents.TaxTotal(
            first.percent, currency.round(first.net + rest), first.tax
        )
        return tuple(scaled)

    # --- what all have in common ---

    def _head(self, move):
        return {
            "number": move.name,
            "date": move.invoice_date,
            "due_date": move.invoice_date_due or move.invoice_date,
            "currency": move.currency_id.name,
            "debtor": move.partner_id._ropo_debtor(),
            "payment_reference": move.payment_reference or "",
        }
