import logging
from collections import defaultdict, namedtuple
from dataclasses import replace

from odoo import api, models
from odoo.tools import float_round, format_date, formatLang, html2plaintext

from ..channels import documents, identifiers

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
    "payment_state",
    "is_move_sent",
    "ref",
    "narration",
    "reversed_entry_id",
    "ropo_notice_date",
    "ropo_hold",
    "date",
    "journal_id",
    "delivery_date",
    "invoice_incoterm_id",
    "incoterm_location",
    "invoice_origin",
    "invoice_payment_term_id",
    "invoice_user_id",
    "partner_bank_id",
    "partner_shipping_id",
)
LINE_FIELDS = (
    "move_id",
    "display_type",
    "sequence",
    "name",
    "account_id",
    "analytic_distribution",
    "product_id",
    "product_uom_id",
    "quantity",
    "price_unit",
    "discount",
    "price_subtotal",
    "amount_currency",
    "amount_residual",
    "amount_residual_currency",
    "currency_id",
    "date_maturity",
    "discount_date",
    "discount_amount_currency",
    "no_followup",
    "tax_ids",
    "tax_line_id",
)
# Fields of modules that may not be installed: the dates of a period, which are
# Odoo Enterprise's, the buyer's cost centre and contract, and the corrected invoice.
PERIOD = ("deferred_start_date", "deferred_end_date")
BUYER_COST_CENTRE = "peppol_accounting_cost"
CONTRACT = "peppol_contract_document_reference"
DEBIT_ORIGIN = "debit_origin_id"
PARTNER_FIELDS = (
    "name",
    "is_company",
    "parent_id",
    "ref",
    "street",
    "street2",
    "zip",
    "city",
    "lang",
    "country_id",
    "function",
    "email",
    "phone",
    "vat",
    "company_registry",
    "ropo_sendtype",
    "ropo_evoice",
    "ropo_evoice_operator",
    "ropo_language",
    "ropo_second_email",
    "ropo_no_collection",
    "ropo_no_electronic_reminder",
)
TAX_FIELDS = (
    "amount",
    "amount_type",
    "include_base_amount",
    "invoice_legal_notes",
    "ubl_cii_tax_category_code",
    "ubl_cii_tax_exemption_reason_code",
)
TEXT_LINES = ("line_section", "line_subsection", "line_note")
# Booked besides what was sold: by the payment terms, and by cash rounding.
EXTRA_LINES = ("epd", "rounding")
LAST_LINES = ("tax", *EXTRA_LINES)
PRICE_DIGITS = 6  # of a unit price that had to be derived from a total
DISCOUNT_DIGITS = 2
MOST_ORDER_DIGITS = 9  # of a number that any integer can hold

# A line that is a row at Ropo; `taxes` is None where it is only a text.
Told = namedtuple("Told", ["line", "kind", "taxes", "net"])


class RopoDocument(models.AbstractModel):
    """Reads Odoo's ledger into the plain documents that a channel can say.

    Every amount is the ledger's own: what was posted, never computed anew.
    """

    _name = "ropo.document"
    _description = "Documents for Ropo"

    @api.model
    def _prefetch(self, moves):
        """Brings what documents are built from into the cache, a query per table."""
        self._fetch(moves, (*MOVE_FIELDS, BUYER_COST_CENTRE, CONTRACT, DEBIT_ORIGIN))
        lines = moves.line_ids
        self._fetch(lines, (*LINE_FIELDS, *PERIOD))
        partners = moves.partner_id | moves.commercial_partner_id
        partners |= moves.partner_shipping_id
        self._fetch(partners, (*PARTNER_FIELDS, "peppol_eas", "peppol_endpoint"))
        return moves

    @api.model
    def _prefetch_rows(self, moves):
        """The same for what only an invoice tells, and no claim."""
        lines = moves.line_ids
        # Each text in all its languages, for customers have different ones.
        translated = self.with_context(prefetch_langs=True)
        fetch = translated._fetch
        taxes = lines.tax_ids | lines.tax_line_id
        taxes |= taxes.children_tax_ids
        fetch(taxes, TAX_FIELDS)
        taxes.mapped("has_negative_factor")  # computed for all at once
        fetch(lines.product_uom_id, ["name"])
        fetch(lines.product_id, ["default_code", "barcode"])
        fetch(moves.invoice_incoterm_id, ["code"])
        self._fetch(
            moves.reversed_entry_id,
            ["name", "invoice_date", "amount_untaxed", "amount_total", "state"],
        )

    @staticmethod
    def _fetch(records, names):
        if records:
            records.fetch([name for name in names if name in records._fields])

    # --- invoices and credit notes ---

    @api.model
    def _invoice(
        self,
        move,
        account,
        own_reference,
        refund=None,
        files=(),
        image=None,
        model=None,
    ):
        """The `Invoice` of one posted customer invoice or credit note.

        :param refund: what the credit note credits at Ropo: a `ropo.job`, or None
        :param files: the attachments that go along
        :param image: the attachment that Ropo shows as the invoice, or None
        :param model: the service model that it was asked for, if not the account's
        """
        model = model or account.service_model
        told = self._told_lines(move)
        vats = self._vats(told)
        rows = tuple(self._row(line, vats, account) for line in told)
        amounts = self._vat_amounts(move, told, vats)
        # Charges are taxes in Odoo, and rows of their own at Ropo.
        net = move.currency_id.round(sum(net for net, _tax in amounts.values()))
        return documents.Invoice(
            own_reference=own_reference,
            **self._head(move),
            delivery=move.partner_id._ropo_delivery(account),
            rows=rows,
            taxes=self._tax_totals(amounts),
            net=net,
            tax=move.currency_id.round(move.amount_total - net),
            total=move.amount_total,
            ledger_at_ropo=model != "connect",
            unique_number=account.check_number,
            printing=account._printing(),
            is_credit=move.move_type == "out_refund",
            credits_assignment=int(refund.jobid) if refund and refund.jobid else None,
            credits_number=refund.billnum or "" if refund else "",
            origin=self._origin(move),
            **self._references(move),
            **self._terms(move, account, model),
            **self._ledger(move, account, model, told, vats, amounts),
            attachments=tuple(
                documents.Attachment(file.name, file.checksum) for file in files
            ),
            image=documents.Attachment(image.name, image.checksum) if image else None,
        )

    # --- rows ---

    def _told_lines(self, move):
        """The lines that are rows to Ropo, in order: they add up to its net amount.

        In the customer's language, in which their units and taxes are to be read.
        """
        sign, told = move.direction_sign, []
        for line in move.line_ids.with_context(lang=move.partner_id.lang):
            kind = line.display_type
            if kind in TEXT_LINES:
                told.append(Told(line, kind, None, 0.0))
            elif (
                kind == "product"
                or (kind == "tax" and line.tax_line_id._ropo_is_charge())
                or (kind in EXTRA_LINES and not line.tax_line_id)
            ):
                net = sign * line.amount_currency
                told.append(Told(line, kind, line.tax_ids, net))
        return sorted(told, key=self._place_of_line)

    @staticmethod
    def _place_of_line(told):
        """What was sold in its order, then charges, discounts and roundings."""
        kind = LAST_LINES.index(told.kind) + 1 if told.kind in LAST_LINES else 0
        return kind, told.line.sequence, told.line.id

    def _row(self, told, vats, account):
        """One row; its net amount is what the ledger holds, after discount."""
        line = told.line
        if told.taxes is None:
            return documents.InvoiceRow(name=line.name or "")
        vat, product = vats[told.taxes], line.product_id
        name, _newline, description = (line.name or "").strip().partition("\n")
        values = {
            "name": name or product.display_name or "-",
            "description": description.strip(),
            "tax_percent": vat.percent,
            "tax_category": vat.category,
            "exemption": vat.exemption,
            "net": told.net,
            "cost_centre": self._cost_centre(line, account),
        }
        if told.kind != "product":
            return documents.InvoiceRow(**values, quantity=1, price=told.net)
        if product:
            values["product_code"] = product.default_code or ""
            values["barcode"] = product.barcode or ""
        return documents.InvoiceRow(
            **values,
            **self._price(line, told.net),
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
        plan, shares = account.cost_centre_plan_id, line.analytic_distribution
        if not plan or not shares:
            return ""
        ids = {int(id_) for key in shares for id_ in key.split(",") if id_.isdigit()}
        centres = line.env["account.analytic.account"].browse(sorted(ids))
        centres = centres.filtered(lambda centre: centre.root_plan_id == plan)
        return centres.code or centres.name if len(centres) == 1 else ""

    def _common_cost_centre(self, told, account):
        """The cost centre of all that was sold, when it is the same."""
        if not account.cost_centre_plan_id:
            return ""
        centres = {
            self._cost_centre(line, account)
            for line, kind, _taxes, _net in told
            if kind == "product"
        }
        return centres.pop() if len(centres) == 1 else ""

    # --- taxes ---

    @staticmethod
    def _vats(told):
        """What the taxes of the rows come to: `{taxes: Vat}`."""
        sets = {line.taxes for line in told if line.taxes is not None}
        return {taxes: taxes._ropo_vat() for taxes in sets}

    def _vat_amounts(self, move, told, vats):
        """Posted net amount and tax, per rate and reason: `{Vat: (net, tax)}`."""
        sign, round_ = move.direction_sign, move.currency_id.round
        net, tax, owners = defaultdict(float), defaultdict(float), defaultdict(set)
        for taxes, vat in vats.items():
            for member in taxes._ropo_members():
                owners[member].add(vat)
        for line in told:
            if line.taxes is not None:
                net[vats[line.taxes]] += line.net
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

    # --- what else an invoice says ---

    def _references(self, move):
        """Whose words on it are whose."""
        place = move.partner_shipping_id
        elsewhere = place and place != move.partner_id and place.street
        origin = move.invoice_origin or ""
        is_number = origin.isdecimal() and len(origin) <= MOST_ORDER_DIGITS
        return {
            "buyer_reference": move.ref or "",
            "buyer_cost_centre": self._optional(move, BUYER_COST_CENTRE),
            "contract_number": self._optional(move, CONTRACT),
            "our_reference": "" if is_number else origin,
            "order_number": int(origin) if is_number else None,
            "sales_person": move.invoice_user_id.name or "",
            "place": place._ropo_place(move.company_id) if elsewhere else None,
        }

    @staticmethod
    def _optional(move, name):
        """The text of a field whose module may not be installed."""
        return (name in move._fields and move[name]) or ""

    def _terms(self, move, account, model):
        """When and how it is delivered and to be paid."""
        is_invoice = move.move_type == "out_invoice"
        is_company = move.commercial_partner_id.is_company
        parts = self._instalments(move) if is_invoice else ()
        note = html2plaintext(move.narration or "").strip()
        if parts and not is_company:
            note = "\n".join(filter(None, [note, self._instalments_text(move, parts)]))
        incoterm = move.invoice_incoterm_id.code or ""
        location = move.incoterm_location or ""
        return {
            "note": note,
            "delivery_date": move.delivery_date or None,
            "delivery_terms": f"{incoterm} {location}".strip(),
            "interest": account._interest(is_company) if is_invoice else None,
            "instalments": parts,
            "paid": self._paid(move, model) if is_invoice else 0.0,
            "early_discount": self._early_discount(move) if is_invoice else None,
            "financing": self._financing(move, account) if is_invoice else "",
        }

    @staticmethod
    def _paid(move, model):
        """What was paid before it is sent, where Ropo only delivers it. Where Ropo
        keeps the ledger, each payment is told for itself."""
        if model != "connect":
            return 0.0
        return move.currency_id.round(move.amount_total - move.amount_residual)

    @staticmethod
    def _instalments(move):
        """The parts that it is to be paid in; none where all is due at once."""
        if not move.invoice_payment_term_id:
            return ()
        dues = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        if len(dues) < 2:
            return ()
        return tuple(
            documents.Instalment(
                line._ropo_due_date(), -move.direction_sign * line.amount_currency
            )
            for line in dues.sorted(lambda line: (line._ropo_due_date(), line.id))
        )

    def _instalments_text(self, move, parts):
        """What a consumer has to read, for whom Ropo has no payment plan."""
        env = self.with_context(lang=move.partner_id.lang).env
        return "\n".join(
            env._(
                "Instalment %(number)s: %(amount)s, due on %(date)s",
                number=number,
                amount=formatLang(env, part.amount, currency_obj=move.currency_id),
                date=format_date(env, part.date),
            )
            for number, part in enumerate(parts, 1)
        )

    @staticmethod
    def _early_discount(move):
        """The discount that the payment terms give to who pays early."""
        if not move.invoice_payment_term_id.early_discount:
            return None
        line = move.line_ids.filtered("discount_date")[:1]
        if not line:
            return None
        sign, currency = -move.direction_sign, move.currency_id
        less = currency.round(
            sign * (line.amount_currency - line.discount_amount_currency)
        )
        term = move.invoice_payment_term_id
        note = term.with_context(lang=move.partner_id.lang).note
        return documents.EarlyDiscount(
            date=line.discount_date,
            amount=less,
            base=move.amount_total,
            # Of the total with tax, of which the terms may take only a part.
            percent=round(100 * less / move.amount_total, DISCOUNT_DIGITS),
            text=html2plaintext(note or "").strip(),
        )

    @staticmethod
    def _financing(move, account):
        debtor = move.commercial_partner_id
        known = debtor.is_company and debtor._ropo_registration_number()
        return account.financing or "" if known else ""

    @staticmethod
    def _origin(move):
        """The invoice that it credits or raises, where Odoo knows it."""
        origin = move.reversed_entry_id
        if DEBIT_ORIGIN in move._fields:
            origin = origin or move[DEBIT_ORIGIN]
        if not origin or origin.state != "posted":
            return None
        return documents.Origin(
            number=origin.name,
            date=origin.invoice_date,
            net=origin.amount_untaxed,
            total=origin.amount_total,
        )

    # --- what the ledger at Ropo needs ---

    def _ledger(self, move, account, model, told, vats, amounts):
        values = {
            "is_foreign": move.currency_id != move.company_id.currency_id,
            "cost_centre": self._common_cost_centre(told, account),
        }
        if model == "connect":
            return values
        exempt = move.ropo_hold or move.commercial_partner_id.ropo_no_collection
        values |= {
            "may_remind": not exempt,
            "process": account.collection_process or "",
            "refund_account": self._refund_account(move),
        }
        if model != "embed":
            return values
        return values | {
            "accounts": self._account_totals(move, account, told, vats, amounts),
            "booking_date": move.date,
            "period": move.date if account.send_periods else None,
            "journal": move.journal_id.code,
        }

    @staticmethod
    def _refund_account(move):
        """The IBAN that a credit note is paid out to."""
        iban = move.partner_bank_id.sanitized_acc_number
        is_credit = move.move_type == "out_refund"
        return iban if is_credit and identifiers.is_iban(iban) else ""

    def _account_totals(self, move, account, told, vats, amounts):
        """What was booked, per account, rate and cost centre.

        The posted tax of each rate is shared out by the net amounts.
        """
        currency, nets = move.currency_id, defaultdict(float)
        for line, _kind, taxes, net in told:
            if taxes is not None:
                centre = self._cost_centre(line, account)
                nets[vats[taxes], line.account_id, centre] += net
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

    # --- claims ---

    @api.model
    def _claim(self, move, account, kind, own_reference, terms):
        """The `Claim` for what is open of one invoice at this moment.

        :return: the `Claim` and the receivable lines that it claims
        """
        parts = move._ropo_claim_parts(account, terms)
        wanted = terms.claim_sendtype if kind == "reminder" else None
        head = self._head(move)
        if number := move.commercial_partner_id._ropo_person_number():
            head["debtor"] = replace(head["debtor"], registration_number=number)
        claim = documents.Claim(
            own_reference=own_reference,
            kind=kind,
            **head | {"due_date": max(line._ropo_due_date() for line in parts)},
            delivery=move.partner_id._ropo_delivery(account, True, wanted),
            amount=move.currency_id.round(
                sum(parts.mapped("amount_residual_currency"))
            ),
            notice_date=move.ropo_notice_date or terms.notice_date or None,
            reason=terms.claim_reason or "",
            process=terms.collection_process or "",
            debt_type=kind == "collection" and terms.debt_type or "",
            notice_fee=terms.notice_fee,
            interest=terms.interest or None,
        )
        return claim, parts

    # --- what changed in the ledger ---

    @api.model
    def _change(self, request):
        """The `CapitalChange` that a payment, reversal or allocation tells."""
        job = request.job_id
        entry = request.counterpart_id
        reverses = request.operation == "payment_reversal"
        is_credit = request.operation == "credit_allocation"
        mark = request._mark()
        return documents.CapitalChange(
            date=request.date,
            amount=-request.amount if reverses else request.amount,
            assignment=int(job.jobid) if job.jobid else None,
            number=job.billnum or "",
            credit_note=entry.name or "" if entry.move_type == "out_refund" else "",
            identifier=mark,
            description=f"{request.description or ''} {mark}".strip(),
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
        told = self._told_lines(note)
        amounts = self._vat_amounts(note, told, self._vats(told))
        taxes = self._share(
            self._tax_totals(amounts),
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
                tax_category=tax.category,
                exemption=tax.exemption,
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

    # --- what all have in common ---

    def _head(self, move):
        return {
            "number": move.name,
            "date": move.invoice_date,
            "due_date": move.invoice_date_due or move.invoice_date,
            "currency": move.currency_id.name,
            "debtor": move.partner_id._ropo_debtor(move.company_id),
            "payment_reference": move.payment_reference or "",
        }
