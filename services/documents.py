from dataclasses import replace

from odoo import api, models
from odoo.tools import format_date, formatLang, html2plaintext

from ..channels import documents, identifiers
from .document_rows import PERIOD

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
    "ropo_state",  # known before it is computed, it is written where it changes
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
    "ropo_followup_paused",
    "tax_ids",
    "tax_line_id",
)
# Fields of modules that may not be installed: the buyer's cost centre and contract,
# and the corrected invoice.
BUYER_COST_CENTRE = "peppol_accounting_cost"
CONTRACT = "peppol_contract_document_reference"
DEBIT_ORIGIN = "debit_origin_id"
# The same of a customer: where it receives electronic invoices.
EINVOICE_FIELDS = ("peppol_eas", "peppol_endpoint", "edicode", "einvoice_operator_id")
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
DISCOUNT_DIGITS = 2
MOST_ORDER_DIGITS = 9  # of a number that any integer can hold


class RopoDocument(models.AbstractModel):
    """Reads Odoo's ledger into the plain documents that a channel can send.

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
        self._fetch(partners, (*PARTNER_FIELDS, *EINVOICE_FIELDS))
        return moves

    @api.model
    def _prefetch_rows(self, moves):
        """The same for what only an invoice has, and no claim."""
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
        handling="",
        einvoice=None,
    ):
        """The `Invoice` of one posted customer invoice or credit note.

        :param refund: what the credit note credits at Ropo: a `ropo.job`, or None
        :param files: the attachments that go along
        :param image: the attachment that Ropo shows as the invoice, or None
        :param model: the service model that it was asked for, if not the account's
        :param handling: as of `Invoice`
        :param einvoice: what Odoo made of it, as `EInvoice`, or None
        """
        service = account._service(model)
        Rows = self.env["ropo.document.rows"]
        rows = Rows._row_lines(move)
        vats = Rows._vats(rows)
        amounts = Rows._vat_amounts(move, rows, vats)
        # Charges are taxes in Odoo, and rows of their own at Ropo.
        net = move.currency_id.round(sum(net for net, _tax in amounts.values()))
        return documents.Invoice(
            own_reference=own_reference,
            **self._head(move),
            delivery=self.env["ropo.debtor"]._delivery(move.partner_id, account),
            rows=tuple(Rows._row(row, vats, account) for row in rows),
            taxes=Rows._tax_totals(amounts),
            net=net,
            tax=move.currency_id.round(move.amount_total - net),
            total=move.amount_total,
            ledger_at_ropo=service.collects,
            unique_number=account.check_number,
            printing=account._printing(),
            is_credit=move.move_type == "out_refund",
            credits_assignment=refund.jobid or "" if refund else "",
            credits_number=refund.billnum or "" if refund else "",
            origin=self._origin(move),
            **self._references(move),
            **self._terms(move, account, service),
            **self._ledger(move, account, service, rows, vats, amounts),
            attachments=tuple(
                documents.Attachment(file.name, file.checksum) for file in files
            ),
            image=documents.Attachment(image.name, image.checksum) if image else None,
            handling=handling,
            einvoice=einvoice,
        )

    # --- references and terms ---

    def _references(self, move):
        """The references of buyer and seller, and the place of delivery."""
        Debtors = self.env["ropo.debtor"]
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
            "place": Debtors._place(place, move.company_id) if elsewhere else None,
        }

    @staticmethod
    def _optional(move, name):
        """The text of a field whose module may not be installed."""
        return (name in move._fields and move[name]) or ""

    def _terms(self, move, account, service):
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
            "paid": self._paid(move, service) if is_invoice else 0.0,
            "early_discount": self._early_discount(move) if is_invoice else None,
            "financing": self._financing(move, account) if is_invoice else "",
        }

    @staticmethod
    def _paid(move, service):
        """What was paid before it is sent, where Ropo only delivers it. Where Ropo
        keeps the ledger, each payment is sent for itself."""
        if service.collects:
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

    def _financing(self, move, account):
        owner = move.commercial_partner_id
        if not owner.is_company:
            return ""
        known = self.env["ropo.debtor"]._registration_number(owner)
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

    def _ledger(self, move, account, service, rows, vats, amounts):
        Rows = self.env["ropo.document.rows"]
        values = {
            "is_foreign": move.currency_id != move.company_id.currency_id,
            "cost_centre": Rows._common_cost_centre(rows, account),
        }
        if not service.collects:
            return values
        exempt = move.ropo_hold or move.commercial_partner_id.ropo_no_collection
        values |= {
            "may_remind": not exempt,
            "process": account.collection_process or "",
            "refund_account": self._refund_account(move),
        }
        if not service.keeps_books:
            return values
        return values | {
            "accounts": Rows._account_totals(move, account, rows, vats, amounts),
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

    # --- claims ---

    @api.model
    def _claim(self, move, account, kind, own_reference, terms):
        """The `Claim` for what is open of one invoice at this moment.

        :return: the `Claim` and the receivable lines that it claims
        """
        parts = self.env["ropo.transfer.rules"]._claim_parts(move, account, terms)
        wanted = terms.claim_sendtype if kind == "reminder" else None
        head = self._head(move)
        Debtors = self.env["ropo.debtor"]
        if number := Debtors._person_number(move.commercial_partner_id):
            head["debtor"] = replace(head["debtor"], registration_number=number)
        claim = documents.Claim(
            own_reference=own_reference,
            kind=kind,
            **head | {"due_date": max(line._ropo_due_date() for line in parts)},
            delivery=Debtors._delivery(move.partner_id, account, True, wanted),
            amount=move.currency_id.round(
                sum(parts.mapped("amount_residual_currency"))
            ),
            notice_date=move.ropo_notice_date or terms.notice_date or None,
            reason=terms.claim_reason or "",
            process=terms.collection_process or "",
            debt_type=kind == "collection" and terms.debt_type or "",
            notice_fee=terms.notice_fee,
            interest=terms.interest or None,
            invoice_id=self._invoice_id(move, account),
            is_rental=terms.is_rental,
            co_debtors=self._co_debtors(terms, move.company_id),
        )
        return claim, parts

    @staticmethod
    def _invoice_id(move, account):
        """The invoice's id at the channel, where the channel needs it there."""
        needs_it = account._channel().capabilities.needs_invoice
        return move._ropo_delivery(account).jobid or "" if needs_it else ""

    def _co_debtors(self, terms, sender):
        """Who owes it besides the customer, each at the contact's own address."""
        Debtors = self.env["ropo.debtor"]
        partners = self.env["res.partner"].browse(terms.co_debtors)
        return tuple(Debtors._co_debtor(partner, sender) for partner in partners)

    # --- what changed in the ledger ---

    @api.model
    def _change(self, request):
        """The `CapitalChange` of a payment, reversal or allocation."""
        job = request.job_id
        entry = request.counterpart_id
        reverses = request.operation == "payment_reversal"
        is_credit = request.operation == "credit_allocation"
        mark = request._mark()
        return documents.CapitalChange(
            date=request.date,
            amount=-request.amount if reverses else request.amount,
            assignment=job.jobid or "",
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
        Rows = self.env["ropo.document.rows"]
        lines = Rows._row_lines(note)
        amounts = Rows._vat_amounts(note, lines, Rows._vats(lines))
        taxes = Rows._share(
            Rows._tax_totals(amounts),
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
            credits_assignment=request.job_id.jobid or "",
            credits_number=request.job_id.billnum or "",
        )

    # --- what all have in common ---

    def _head(self, move):
        return {
            "number": move.name,
            "date": move.invoice_date,
            "due_date": move.invoice_date_due or move.invoice_date,
            "currency": move.currency_id.name,
            "debtor": self.env["ropo.debtor"]._debtor(move.partner_id, move.company_id),
            "payment_reference": move.payment_reference or "",
        }
