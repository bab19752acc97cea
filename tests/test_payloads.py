"""What an invoice is sent as, whole: each case against its file in payloads/.

ROPO_UPDATE_PAYLOADS=1 writes the files anew, for a person to read the difference.
"""

import itertools
import json
import os
from functools import partial
from pathlib import Path

from stdnum import iso11649, luhn
from stdnum.fi import ytunnus

from odoo import Command, fields
from odoo.tests import tagged

from .common import RopoCommon

FOLDER = Path(__file__).parent / "payloads"
UPDATE = bool(os.environ.get("ROPO_UPDATE_PAYLOADS"))
# What differs from run to run, once it was compared with Odoo's own.
RUNNING = ("ownref", "billnum", "billcode", "vouchernum", "refundmessage")
RUNNING += ("refundtojobid",)
OVT = "003700000019"
IBAN = "FI2112345600000785"
UNIFY = {"cid": "700002", "apicode": "sandbox-apicode-2"}
# Made for the test; the second allows that Odoo rounds to more than a cent.
EMBED = {"cid": "700009", "apicode": "sandbox-apicode-9"}
LENIENT = {"cid": "700010", "apicode": "sandbox-apicode-10"}


def _is_finnish(text):
    """Whether its last digit is the check digit of Finnish references (7, 3, 1)."""
    *digits, check = map(int, text)
    weighed = zip(reversed(digits), itertools.cycle((7, 3, 1)), strict=False)
    return -sum(digit * weight for digit, weight in weighed) % 10 == check


def account(**values):
    """The case needs a Ropo account with these values."""

    def remember(method):
        method.account_values = values
        return method

    return remember


@tagged("post_install", "-at_install")
class TestPayloads(RopoCommon):
    case = "other"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.business.write({"ref": "C100", "email": "office@example.com"})
        cls.consumer.ref = "C200"
        cls.env.user.name = "Sales Person"
        cls.product = cls.env["product.product"].create(
            {
                "name": "Chair",
                "default_code": "CH-1",
                "barcode": "6400000000004",
                "uom_id": cls.uom_unit.id,
                "taxes_id": [Command.clear()],
            }
        )
        cls.company_data["company"].account_price_include = "tax_excluded"

        cls.numbers = itertools.count(1)

    # --- the comparison ---

    def test_payloads(self):
        self.sandbox.post("profiles", name="Embed", service_model="embed", **EMBED)
        self.sandbox.post("profiles", name="Lenient", tolerance=1, **LENIENT)
        cases = [name for name in dir(self) if name.startswith("case_")]
        journal = self.company_data["default_journal_sale"]
        for values in self.account_values_of(cases):
            self.account = self._create_account(self.env.company, **values)
            journal.ropo_account_id = self.account
            names = [name for name in cases if self.values_of(name) == values]
            moves = {name: self.made(name) for name in names}
            self.send(self.env["account.move"].union(*moves.values()))
            for name, move in moves.items():
                with self.subTest(name):
                    self.assertTold(name.removeprefix("case_"), move)
        files = {path.stem for path in FOLDER.glob("*.json")}
        self.assertEqual({f"case_{name}" for name in files}, set(cases))
        self.assertFalse(UPDATE, "the files were written anew: run it without")

    def made(self, name):
        self.case = name.removeprefix("case_")  # by which its customer is known
        return getattr(self, name)()

    def values_of(self, name):
        return getattr(getattr(type(self), name), "account_values", {})

    def account_values_of(self, cases):
        found = []
        for values in map(self.values_of, cases):
            if values not in found:
                found.append(values)
        return found

    def assertTold(self, name, move):
        """Ropo took it without a notice, as the file has it, to the cent."""
        request = self.requests_of(move)
        self.assertEqual((request.state, request.error), ("done", False))
        self.assertFalse(request.response["notice"])
        payload = request.payload
        self.assertSums(move, payload)
        self.assertEqual(payload["billnum"], move.name)
        self.assertEqual(payload.get("billcode", ""), move.ropo_job_ids.billcode or "")
        for key in RUNNING:
            if key in payload:
                payload[key] = f"<{key}>"
        text = json.dumps(payload, indent=2, ensure_ascii=False) + "\n"
        path = FOLDER / f"{name}.json"
        if UPDATE:
            path.write_text(text, encoding="utf-8")
        self.assertEqual(json.loads(path.read_text(encoding="utf-8")), payload)

    # --- helpers ---

    def line(self, amount, rate=25.5, **values):
        taxes = values.pop("taxes", None)
        taxes = self._tax(rate) if taxes is None else taxes
        return Command.create(
            {
                "name": "Work",
                "quantity": 1,
                "price_unit": amount,
                "tax_ids": [Command.set(taxes.ids)],
                **values,
            }
        )

    def text(self, kind, name):
        return Command.create({"display_type": kind, "name": name})

    def tax(self, amount, kind="percent", base=None, **values):
        """A tax like Finland's at this rate (or at `base`), but for these values."""
        return self._tax(25.5 if base is None else base).copy(
            {
                "name": f"{kind} {amount}, number {next(self.numbers)}",
                "amount": amount,
                "amount_type": kind,
                **values,
            }
        )

    def invoice(self, *lines, partner=None, **values):
        return self.create_invoice(
            partner or self.business,
            **{
                "invoice_date": fields.Date.to_date("2026-02-02"),
                "invoice_date_due": fields.Date.to_date("2026-02-16"),
                "invoice_line_ids": list(lines) or [self.line(100)],
                **values,
            },
        )

    def customer(self, name="Example Oy", is_company=True, **values):
        values = {"ref": f"C-{self.case}", **values}
        if is_company:
            values.setdefault("company_registry", "0000001-9")
        return self._create_partner(name, is_company=is_company, **values)

    def term(self, *parts, **values):
        """Payment terms: `(percent, days)` of each part."""
        return self.env["account.payment.term"].create(
            {
                "name": "Terms",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": percent, "nb_days": days}
                    )
                    for percent, days in parts
                ],
                **values,
            }
        )

    def with_term(self, term, partner=None, **values):
        return self.invoice(
            partner=partner,
            invoice_payment_term_id=term.id,
            invoice_date_due=False,
            **values,
        )

    def credit(self, invoice):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": "2026-02-20"})
        )
        note = self.env["account.move"].browse(wizard.reverse_moves()["res_id"])
        note.write({"invoice_date": "2026-02-20", "invoice_date_due": "2026-02-20"})
        note.action_post()
        return note

    # --- rows ---

    def case_plain(self):
        return self.invoice()

    def case_product_with_unit_and_barcode(self):
        return self.invoice(
            self.line(
                19.99,
                name="Chair",
                product_id=self.product.id,
                quantity=3,
                discount=12.5,
            )
        )

    def case_unit_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fi_FI")
        hour = self.env.ref("uom.product_uom_hour")
        hour.with_context(lang="fi_FI").name = "tuntia"
        return self.invoice(
            self.line(80, product_uom_id=hour.id, quantity=1.5),
            partner=self.customer(lang="fi_FI"),
        )

    def case_name_of_several_lines(self):
        return self.invoice(self.line(10, name="Chair\nOak, oiled\nWith arms"))

    def case_sections_and_notes(self):
        return self.invoice(
            self.text("line_section", "Goods"),
            self.line(10),
            self.text("line_subsection", "Small ones"),
            self.line(2.5, 14),
            self.text("line_note", "As agreed"),
        )

    def case_several_rates(self):
        return self.invoice(
            self.line(52.47),
            self.line(10, 14, quantity=2.5),
            self.line(7.77, 10),
            self.line(5, 0),
        )

    def case_free_of_charge(self):
        return self.invoice(self.line(10), self.line(50, discount=100))

    def case_negative_row(self):
        return self.invoice(self.line(100), self.line(-12.34, name="Bonus"))

    def case_down_payment_deducted(self):
        return self.invoice(
            self.line(1000, name="Machine"),
            self.line(300, name="Down payment of 2 January", quantity=-1),
        )

    def case_rows_that_cancel_out_at_one_rate(self):
        return self.invoice(self.line(100), self.line(40, 14), self.line(-40, 14))

    def case_many_units_at_a_small_price_with_tax_inside(self):
        inside = self.tax(25.5, price_include_override="tax_included")
        return self.invoice(self.line(0.0125, taxes=inside, quantity=123456))

    def case_price_with_tax_inside(self):
        inside = self.tax(25.5, price_include_override="tax_included")
        return self.invoice(
            self.line(9.99, taxes=inside, quantity=7),
            self.line(125.5, taxes=inside, discount=10),
        )

    def case_two_taxes_inside_the_price(self):
        inside = [
            self.tax(rate, price_include_override="tax_included") for rate in (25.5, 2)
        ]
        return self.invoice(
            self.line(9.99, taxes=inside[0] | inside[1], quantity=7),
            self.line(-1.11, taxes=inside[0]),
        )

    def case_fixed_tax_inside_the_price(self):
        inside = {"price_include_override": "tax_included"}
        fee = self.tax(1.2, "fixed", name="Deposit inside", sequence=1, **inside)
        return self.invoice(
            self.line(50, taxes=fee | self.tax(25.5, sequence=2, **inside), quantity=3)
        )

    def case_without_any_tax(self):
        return self.invoice(self.line(42, taxes=self.env["account.tax"]))

    def case_rounded_per_line(self):
        return self._rounded("round_per_line")

    def case_rounded_globally(self):
        return self._rounded("round_globally")

    def _rounded(self, method, *lines, **values):
        before = self.env.company.tax_calculation_rounding_method
        self.env.company.tax_calculation_rounding_method = method
        lines = lines or [self.line(0.33) for _number in range(7)]
        invoice = self.invoice(*lines, **values)
        self.env.company.tax_calculation_rounding_method = before
        return invoice

    def case_cash_rounding(self):
        return self.invoice(
            self.line(9.99),
            self.line(1.01, 14),
            invoice_cash_rounding_id=self.cash_rounding_a.id,
        )

    @account(**LENIENT)
    def case_cash_rounding_in_the_tax(self):
        return self.invoice(
            self.line(9.99),
            self.line(1.01, 14),
            invoice_cash_rounding_id=self.cash_rounding_b.id,
        )

    def case_corrected_tax(self):
        """A tax amount that the accountant changed by a cent."""
        invoice = self.invoice(self.line(10.1), self.line(20), post=False)
        line = invoice.line_ids.filtered("tax_line_id")
        due = invoice.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        invoice.write(
            {
                "line_ids": [
                    Command.update(
                        line.id, {"amount_currency": line.amount_currency - 0.01}
                    ),
                    Command.update(
                        due.id, {"amount_currency": due.amount_currency + 0.01}
                    ),
                ]
            }
        )
        invoice.action_post()
        return invoice

    # --- taxes ---

    def case_two_taxes_on_a_line(self):
        local = self.tax(2)
        return self.invoice(
            self.line(100, taxes=self._tax(25.5) | local), self.line(50, taxes=local)
        )

    def case_tax_on_tax(self):
        first = self.tax(10, include_base_amount=True, sequence=1)
        second = self.tax(20, is_base_affected=True, sequence=2)
        return self.invoice(
            self.line(100, taxes=first | second), self.line(33.33, taxes=second)
        )

    def case_group_of_taxes(self):
        parts = self.tax(10) | self.tax(4.5)
        group = self.env["account.tax"].create(
            {
                "name": "Group",
                "amount_type": "group",
                "type_tax_use": "sale",
                "children_tax_ids": [Command.set(parts.ids)],
            }
        )
        return self.invoice(self.line(99.99, taxes=group))

    def case_fixed_tax_is_a_charge(self):
        fee = self.tax(1.2, "fixed", name="Recycling fee", sequence=1)
        return self.invoice(self.line(50, taxes=fee | self._tax(25.5), quantity=3))

    def case_fixed_tax_that_is_taxed(self):
        fee = self.tax(
            1.2, "fixed", name="Deposit", sequence=0, include_base_amount=True
        )
        taxed = self.tax(25.5, sequence=9, is_base_affected=True)
        return self.invoice(
            self.line(50, taxes=fee | taxed, quantity=3), self.line(10, taxes=taxed)
        )

    def case_fixed_tax_credited(self):
        fee = self.tax(1.2, "fixed", name="Returned fee", sequence=1)
        return self.invoice(
            self.line(50, taxes=fee | self._tax(25.5), quantity=3),
            move_type="out_refund",
        )

    def case_exempt_with_reason(self):
        exempt = self.tax(
            0,
            base=0,
            invoice_legal_notes="<p>Health care, section 34</p>",
            ubl_cii_tax_category_code="E",
            ubl_cii_tax_exemption_reason_code="VATEX-EU-132-1B",
        )
        return self.invoice(self.line(80, taxes=exempt), self.line(20))

    def case_reverse_charge(self):
        reverse = self.tax(
            0,
            base=0,
            invoice_legal_notes="<p>Reverse charge</p>",
            ubl_cii_tax_category_code="AE",
            ubl_cii_tax_exemption_reason_code="VATEX-EU-AE",
        )
        return self.invoice(self.line(1000, taxes=reverse))

    def case_reverse_charge_that_books_both_sides(self):
        reverse = self.tax(
            25.5,
            invoice_legal_notes="<p>Reverse charge</p>",
            invoice_repartition_line_ids=self.both_sides(),
            refund_repartition_line_ids=self.both_sides(),
        )
        self.assertTrue(reverse.has_negative_factor)
        return self.invoice(self.line(1000, taxes=reverse))

    def both_sides(self):
        """Repartition lines of a tax that the buyer owes."""
        lines = (("base", 100), ("tax", 100), ("tax", -100))
        return [Command.clear()] + [
            Command.create({"repartition_type": kind, "factor_percent": factor})
            for kind, factor in lines
        ]

    def case_two_reasons_at_no_rate(self):
        export = self.tax(0, base=0, ubl_cii_tax_category_code="G")
        zero = self.tax(0, base=0, ubl_cii_tax_category_code="Z")
        return self.invoice(self.line(70, taxes=export), self.line(30, taxes=zero))

    def case_same_rate_by_two_taxes(self):
        service = self.tax(25.5)
        return self.invoice(self.line(10.01), self.line(20.02, taxes=service))

    # --- debtor ---

    def case_consumer(self):
        return self.invoice(
            partner=self.customer(
                "Esimerkki Asiakas",
                is_company=False,
                ropo_language="sv",
                email="asiakas@example.com",
                phone="+358 40 123 4567",
                street2="B 2",
            )
        )

    def case_contact_of_a_company(self):
        contact = self._create_partner(
            "Contact Person",
            parent_id=self.customer(vat="FI00000019").id,
            type="invoice",
            function="Buyer",
            street="Toinen katu 2",
            street2="PL 7",
        )
        return self.invoice(partner=contact)

    def case_company_known_by_vat_alone(self):
        partner = self.customer(vat="FI00000019", company_registry=False)
        return self.invoice(partner=partner)

    def case_company_abroad(self):
        partner = self.customer(
            "Exempel AB",
            country_id=self.env.ref("base.se").id,
            company_registry="5560000001",
            ropo_language="sv",
        )
        return self.invoice(partner=partner)

    def case_norwegian_company(self):
        partner = self.customer(
            "Eksempel AS",
            country_id=self.env.ref("base.no").id,
            company_registry="900000006",
            ropo_language="nb",
        )
        return self.invoice(partner=partner)

    def case_invoice_address_without_a_name(self):
        address = self._create_partner(
            False,
            parent_id=self.customer().id,
            type="invoice",
            street="Laskukatu 4",
            zip="90100",
            city="Oulu",
        )
        return self.invoice(partner=address)

    def case_estonian_consumer(self):
        partner = self.customer(
            "Näidis Klient",
            is_company=False,
            country_id=self.env.ref("base.ee").id,
            zip="10111",
            city="Tallinn",
            ropo_language="et",
        )
        return self.invoice(partner=partner)

    def case_delivered_elsewhere(self):
        partner = self.customer()
        store = self._create_partner(
            "Storekeeper",
            parent_id=partner.id,
            type="delivery",
            street="Varastokatu 3",
            zip="33100",
            city="Tampere",
            phone="+358 40 000 0000",
        )
        return self.invoice(partner=partner, partner_shipping_id=store.id)

    # --- delivery ---

    def case_by_email_to_two(self):
        return self.invoice(
            partner=self.customer(
                ropo_sendtype="email",
                email="first@example.com",
                ropo_second_email="second@example.com",
            )
        )

    def case_einvoice(self):
        return self.invoice(
            partner=self.customer(
                ropo_sendtype="evoice",
                ropo_evoice="0037 00000019",
                ropo_evoice_operator="DABAFIHH",
            )
        )

    def case_einvoice_that_is_printed_when_not_delivered(self):
        return self.invoice(
            partner=self.customer(
                ropo_sendtype="evoicenet",
                ropo_evoice=OVT,
                ropo_evoice_operator="E204503",
            )
        )

    def case_einvoice_by_its_service_message(self):
        return self.invoice(
            partner=self.customer(
                ropo_sendtype="evoicesm",
                ropo_evoice=OVT,
                ropo_evoice_operator="E204503",
            )
        )

    def case_printed_by_ourselves(self):
        return self.invoice(partner=self.customer(ropo_sendtype="print"))

    def case_peppol_id_that_odoo_has(self):
        return self.invoice(
            partner=self.customer(
                ropo_sendtype="peppol", peppol_eas="0216", peppol_endpoint=OVT
            )
        )

    @account(einvoice_subject="Examples")
    def case_einvoice_to_a_consumers_bank(self):
        return self.invoice(
            partner=self.customer(
                "Esimerkki Asiakas",
                is_company=False,
                ropo_sendtype="b2c",
                ropo_evoice=IBAN,
                ropo_evoice_operator="DABAFIHH",
            )
        )

    @account(
        default_sendtype="email",
        fallback_sendtype="post",
        print_colour="colour",
        print_sides="double",
        post_class="2",
        layout="CUSTOM",
    )
    def case_delivery_of_the_account(self):
        return self.invoice()

    @account(print_colour="black", print_sides="single", post_class="1", layout="17")
    def case_plain_letters_of_the_account(self):
        return self.invoice()

    # --- terms ---

    def case_instalments(self):
        return self.with_term(self.term((30, 7), (30, 37), (40, 67)))

    def case_instalments_of_a_consumer(self):
        return self.with_term(self.term((50, 7), (50, 37)), self.consumer)

    def case_early_discount(self):
        return self.with_term(
            self.term(
                (100, 30),
                early_discount=True,
                discount_percentage=2,
                discount_days=7,
                early_pay_discount_computation="included",
                note="<p>2 % within a week</p>",
            )
        )

    def case_early_discount_without_tax(self):
        return self.with_term(
            self.term(
                (100, 30),
                early_discount=True,
                discount_percentage=2,
                discount_days=7,
                early_pay_discount_computation="excluded",
            )
        )

    def case_early_discount_that_lowers_the_tax(self):
        return self.with_term(
            self.term(
                (100, 30),
                early_discount=True,
                discount_percentage=2,
                discount_days=7,
                early_pay_discount_computation="mixed",
            )
        )

    def case_paid_in_part_before(self):
        invoice = self.invoice()
        self.pay(invoice, 25.5)
        return invoice

    @account(interest_b2b=11.5, interest_b2c=9.5)
    def case_late_interest_of_a_company(self):
        return self.invoice()

    @account(interest_b2b=11.5, interest_b2c=9.5)
    def case_late_interest_of_a_consumer(self):
        return self.invoice(partner=self.consumer)

    def case_references_and_delivery_terms(self):
        return self.invoice(
            ref="PO 7",
            invoice_origin="S00012",
            narration="<p>Thank you &amp; bye</p><ul><li>one</li></ul>",
            delivery_date="2026-01-30",
            invoice_incoterm_id=self.env.ref("account.incoterm_EXW").id,
            incoterm_location="Helsinki",
        )

    def case_order_number(self):
        return self.invoice(invoice_origin="4711")

    def case_foreign_currency(self):
        sek = self.setup_other_currency("SEK", rates=[("2000-01-01", 11.37)])
        return self.invoice(
            self.line(99.99, quantity=3), self.line(12.34, 14), currency_id=sek.id
        )

    def case_foreign_currency_rounded_globally(self):
        sek = self.setup_other_currency("SEK", rates=[("2000-01-01", 11.37)])
        lines = [self.line(0.33, currency_id=sek.id) for _number in range(7)]
        return self._rounded("round_globally", *lines, currency_id=sek.id)

    @account(**LENIENT)
    def case_currency_without_decimals(self):
        isk = self.setup_other_currency("ISK", rounding=1, rates=[("2000-01-01", 143)])
        return self.invoice(self.line(1999, quantity=3), currency_id=isk.id)

    @account(financing="purchase")
    def case_sold_to_ropo(self):
        return self.invoice()

    @account(financing="financing")
    def case_financed_but_not_for_a_consumer(self):
        return self.invoice(partner=self.consumer)

    # --- references ---

    def case_rf_reference(self):
        invoice = self.invoice(payment_reference="RF18539007547034")
        self.assertTrue(iso11649.is_valid(invoice.payment_reference))
        return invoice

    def case_swedish_ocr_reference(self):
        invoice = self.invoice(payment_reference="1234567897")
        self.assertTrue(luhn.is_valid(invoice.payment_reference))
        return invoice

    def case_norwegian_kid_reference(self):
        invoice = self.invoice(payment_reference="00001000000016")
        self.assertTrue(luhn.is_valid(invoice.payment_reference))
        return invoice

    def case_free_reference(self):
        return self.invoice(payment_reference="Contract 12, February")

    # --- cost centres ---

    def centre(self, code, plan):
        return self.env["account.analytic.account"].create(
            {"name": f"Centre {code}", "code": code, "plan_id": plan.id}
        )

    def spread(self, amount, *centres):
        shares = {str(centre.id): 100 / len(centres) for centre in centres}
        return self.line(amount, analytic_distribution=shares)

    def plan(self):
        """The plan that the account maps."""
        if not self.account.cost_centre_plan_id:
            self.account.cost_centre_plan_id = self.env["account.analytic.plan"].create(
                {"name": "Cost centres"}
            )
        return self.account.cost_centre_plan_id

    @account(cost_centre_plan_id=False)
    def case_cost_centre_of_the_whole(self):
        return self.invoice(self.spread(100, self.centre("KP1", self.plan())))

    @account(cost_centre_plan_id=False)
    def case_cost_centres_of_rows(self):
        one, two = (self.centre(code, self.plan()) for code in ("KP2", "KP3"))
        other = self.env["account.analytic.plan"].create({"name": "Projects"})
        return self.invoice(
            self.spread(10, one),
            self.spread(20, two),
            self.spread(30, one, two),
            self.spread(40, self.centre("P1", other)),
        )

    # --- credit notes ---

    def case_credit_note(self):
        return self.invoice(
            self.line(100, quantity=2, discount=10), move_type="out_refund"
        )

    def case_credit_note_of_an_invoice(self):
        invoice = self.invoice(self.line(100), self.line(10, 14), name="INV/2026/7001")
        return self.credit(invoice)

    def case_debit_note_of_an_invoice(self):
        invoice = self.invoice(name="INV/2026/7101")
        wizard = self.env["account.debit.note"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        action = wizard.create(
            {"date": "2026-02-03", "copy_lines": True}
        ).create_debit()
        note = self.env["account.move"].browse(action["res_id"])
        note.invoice_date_due = "2026-02-16"
        note.action_post()
        return note

    # --- what a buyer's system wants to read ---

    def case_buyers_codes(self):
        return self.invoice(
            peppol_accounting_cost="KP 4711",
            peppol_contract_document_reference="Contract 12",
        )

    # --- where Ropo keeps the ledger ---

    @account(service_model="unify", **UNIFY)
    def case_unify(self):
        return self.invoice()

    @account(service_model="unify", collection_process="T2", **UNIFY)
    def case_unify_never_reminded(self):
        return self.invoice(ropo_hold=True)

    @account(service_model="unify", **UNIFY)
    def case_unify_credit_note_paid_out(self):
        partner = self.customer()
        bank = self.env["res.partner.bank"].create(
            {"acc_number": IBAN, "partner_id": partner.id}
        )
        return self.invoice(
            partner=partner, move_type="out_refund", partner_bank_id=bank.id
        )

    @account(service_model="unify", credit_allocation="credit_job", **UNIFY)
    def case_unify_credit_note_of_an_invoice(self):
        invoice = self.invoice(name="INV/2026/7201")
        self.send(invoice)
        return self.credit(invoice)

    @account(service_model="embed", **EMBED)
    def case_embed_in_a_foreign_currency(self):
        sek = self.setup_other_currency("SEK", rates=[("2000-01-01", 11.37)])
        return self.invoice(
            self.line(99.99, quantity=3), self.line(-12.34, 14), currency_id=sek.id
        )

    @account(service_model="embed", **EMBED)
    def case_embed(self):
        other = self.company_data["default_account_revenue"].copy({"code": "3999"})
        return self.invoice(
            self.line(33.33),
            self.line(33.33, account_id=other.id),
            self.line(10, 14),
            self.line(-3.33),
        )

    @account(service_model="embed", send_periods=True, **EMBED)
    def case_embed_with_periods(self):
        return self.case_embed_credit_note()

    @account(service_model="embed", cost_centre_plan_id=False, **EMBED)
    def case_embed_with_cost_centres(self):
        one, two = (self.centre(code, self.plan()) for code in ("KP4", "KP5"))
        return self.invoice(
            self.spread(0.33, one), self.spread(0.33, two), self.spread(0.33, one)
        )

    @account(service_model="embed", **EMBED)
    def case_embed_credit_note(self):
        return self.invoice(self.line(50), self.line(8, 14), move_type="out_refund")

    # --- references, as Odoo computes them ---

    def test_each_kind_of_reference_goes_out_as_odoo_computed_it(self):
        journal = self.company_data["default_journal_sale"]
        self.consumer.ref = "200"
        checks = {
            ("fi", "invoice"): _is_finnish,
            ("fi", "partner"): _is_finnish,
            ("fi_rf", "invoice"): iso11649.is_valid,
            ("fi_rf", "partner"): iso11649.is_valid,
            ("euro", "invoice"): iso11649.is_valid,
            ("se_ocr2", "invoice"): luhn.is_valid,
            ("se_ocr3", "invoice"): luhn.is_valid,
            ("se_ocr4", "partner"): luhn.is_valid,
            ("no", "invoice"): luhn.is_valid,
            ("no", "partner"): luhn.is_valid,
            ("number", "invoice"): str.isdecimal,
            ("odoo", "invoice"): lambda text: text.startswith("INV/"),
        }
        for (model, kind), is_valid in checks.items():
            with self.subTest(f"{model} {kind}"):
                journal.write(
                    {"invoice_reference_model": model, "invoice_reference_type": kind}
                )
                invoice = self.invoice(partner=self.consumer)
                self.assertTrue(is_valid(invoice.payment_reference))
                self.send(invoice)
                job = self.sandbox.job(billnum=invoice.name)
                self.assertEqual(job["dataset"]["billcode"], invoice.payment_reference)

    # --- cost ---

    def test_rows_take_as_many_queries_for_many_as_for_few(self):
        """Each invoice with a product, unit, customer and address of its own."""
        counts = []
        for number in (2, 5, 20):  # the first fills the caches of the registry
            moves = self.env["account.move"].concat(
                *(self._rich_invoice() for _number in range(number))
            )
            self._wizard("ropo.send.wizard", moves).action_send()
            requests = self.env["ropo.request"].search([("move_id", "in", moves.ids)])
            freeze = partial(
                self.env["ropo.freezing"].sudo()._freeze,
                requests.sudo(),
                self.account,
                fields.Datetime.now(),
            )
            counts.append(self.queries(freeze))
            self.assertTrue(all(requests.mapped("payload")))
        self.assertEqual(counts[1], counts[2])

    def _rich_invoice(self):
        customer = self.customer(ref=False)
        store = self.customer(parent_id=customer.id, type="delivery")
        unit = self.env["uom.uom"].create({"name": "Bag"})
        product = self.product.copy({"barcode": False, "uom_id": unit.id})
        reason = self.tax(0, base=0, invoice_legal_notes="<p>Export</p>")
        return self.invoice(
            self.line(10, product_id=product.id),
            self.line(20, taxes=reason),
            partner=customer,
            partner_shipping_id=store.id,
            invoice_incoterm_id=self.env.ref("account.incoterm_EXW").id,
            invoice_payment_term_id=self.term(
                (100, 30), early_discount=True, note="<p>Early</p>"
            ).id,
        )


@tagged("post_install", "-at_install")
class TestPayloadVerdicts(RopoCommon):
    """What would be refused, or get lost, is said before."""

    def code(self, partner=None, **values):
        partner = partner or self.business
        partner.write(values)
        invoice = self.create_invoice(partner)
        return self.verdicts(invoice, "invoice")[invoice].code

    def test_malformed_business_id_is_said_before(self):
        self.assertTrue(ytunnus.is_valid("0000001-9"))
        self.assertFalse(self.code(company_registry="0000001-9"))
        self.assertEqual(self.code(company_registry="0000001-8"), "business_id")
        sweden = self.env.ref("base.se").id
        self.assertEqual(
            self.code(company_registry="5560000002", country_id=sweden), "business_id"
        )
        self.assertFalse(self.code(company_registry="5560000001", country_id=sweden))
        germany = self.env.ref("base.de").id
        self.assertFalse(self.code(company_registry="any", country_id=germany))

    def test_malformed_einvoice_address_is_said_before(self):
        for address, operator, code in (
            (OVT, "DABAFIHH", False),
            (OVT, "003700000000", False),
            (IBAN, "DABAFIHH", False),
            ("TE003700000019", "E204503", False),
            ("003700000018", "DABAFIHH", "evoice"),
            ("FI2112345600000786", "DABAFIHH", "evoice"),
            ("Mäkikatu 1", "DABAFIHH", "evoice"),
            (OVT, "my bank?", "evoice"),
        ):
            with self.subTest(f"{address} {operator}"):
                found = self.code(
                    ropo_sendtype="evoice",
                    ropo_evoice=address,
                    ropo_evoice_operator=operator,
                )
                self.assertEqual(found, code)

    def test_malformed_peppol_id_is_said_before(self):
        values = {"ropo_sendtype": "peppol"}
        for address, code in (
            (f"0216:{OVT}", False),
            (OVT, False),
            (f"216:{OVT}", "evoice"),
            ("0216:", "evoice"),
            ("Mäkikatu 1", "evoice"),
        ):
            with self.subTest(address):
                self.assertEqual(self.code(**values, ropo_evoice=address), code)

    def test_amounts_that_cents_can_not_say_are_refused_before(self):
        dinar = self.setup_other_currency("KWD", rounding=0.001)
        invoice = self.create_invoice(currency_id=dinar.id)
        verdict = self.verdicts(invoice, "invoice")[invoice]
        self.assertEqual(verdict.code, "currency")
        self.assertIn("KWD has more decimals", verdict.text)

    def test_default_delivery_needs_its_address_too(self):
        self.account.default_sendtype = "email"
        self.assertEqual(self.code(email=False), "email")
        self.assertFalse(self.code(ropo_sendtype="post"))

    def test_embed_needs_numbered_accounts(self):
        self.account.service_model = "embed"
        invoice = self.create_invoice()
        verdict = self.verdicts(invoice, "invoice")[invoice]
        self.assertFalse(verdict.code)
        ledger = invoice.invoice_line_ids.account_id
        ledger.code = "SALES"
        verdict = self.verdicts(invoice, "invoice")[invoice]
        self.assertEqual((verdict.code, verdict.record), ("ledger", ledger))
