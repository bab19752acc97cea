"""The tax of bad debts, as the tax return has it, in the charts of three countries."""

from odoo import Command
from odoo.tests import tagged

from .test_bad_debt import BadDebtCommon, RecoveredCommon


@tagged("post_install", "-at_install")
class TestTaxRelief(BadDebtCommon):
    def setUp(self):
        super().setUp()
        # Finland declares no net amounts of this tax, others do.
        for kind in ("invoice", "refund"):
            parts = self.tax_255[f"{kind}_repartition_line_ids"]
            parts[0].tag_ids = self.env["account.account.tag"].create(
                {
                    "name": f"Net of an {kind}",
                    "applicability": "taxes",
                    "country_id": self.env.company.account_fiscal_country_id.id,
                }
            )

    def relief(self, invoice):
        return self.partials(invoice).credit_move_id.move_id.sorted("id")[-1]

    def assertRelieved(self, entry, base, tax):
        """As a credit note over the same would be declared, to the cent."""
        bases = entry.line_ids.filtered(lambda line: line.account_id == self.losses)
        taxes = entry.line_ids.filtered("tax_repartition_line_id")
        repartition = self.tax_255.refund_repartition_line_ids
        for lines, kind, balance in ((bases, "base", base), (taxes, "tax", tax)):
            part = repartition.filtered(
                lambda part, kind=kind: part.repartition_type == kind
            )
            self.assertTrue(part.tag_ids)
            self.assertEqual(lines.tax_tag_ids, part.tag_ids)
            self.assertEqual(round(sum(lines.mapped("balance")), 2), balance)
        self.assertEqual(bases.tax_ids, self.tax_255)
        self.assertEqual(taxes.tax_repartition_line_id.document_type, "refund")
        self.assertEqual(len(entry.line_ids), 3)

    def test_the_tax_of_what_is_open_is_taken_back_with_the_tags_of_a_refund(self):
        invoice = self.transferred()
        self.write_off(invoice, with_relief=True)
        entry = self.relief(invoice)
        self.assertRelieved(entry, 100, 25.5)
        note = self.credit(self.create_invoice())
        tags = [
            move.line_ids.filtered("tax_tag_ids").mapped(
                lambda line: (line.tax_tag_ids.ids, line.balance, line.is_refund)
            )
            for move in (entry, note)
        ]
        self.assertEqual(*map(sorted, tags))
        self.assertStillCollected(invoice, 0, 125.5, 125.5)
        self.assertFalse(self.reported())

    def test_of_a_part_in_proportion_and_to_the_cent(self):
        invoice = self.transferred()
        self.pay(invoice, 92.17)
        self.write_off(invoice, with_relief=True)
        self.assertRelieved(self.relief(invoice), 26.56, 6.77)
        self.assertStillCollected(invoice, 0, 33.33, 33.33)

    def test_in_foreign_currency(self):
        invoice = self.transferred(currency_id=self.sek.id)
        self.write_off(invoice, with_relief=True)
        self.assertRelieved(self.relief(invoice), 10, 2.55)
        self.assertStillCollected(invoice, 0, 125.5, 125.5)

    def test_without_relief_the_whole_is_a_loss(self):
        invoice = self.transferred()
        self.write_off(invoice)
        self.assertEqual(self.loss(), 125.5)
        self.assertFalse(self.relief(invoice).line_ids.tax_tag_ids)


class Return:
    """A sale at two rates that is written off with VAT relief, recovered in part, then
    whole: every account and every box of the tax return, to the cent."""

    reduced = 0  # percent
    reduced_tax = 0  # of 33.33
    standard_tax = 25
    # Of 100 that are recovered: income, tax at the standard rate, at the reduced rate.
    part = (0, 0, 0)

    @classmethod
    def _create_account(cls, company, **values):
        # EXTENDS
        country = cls.country_code.lower()
        return super()._create_account(company, country=country, **values)

    def sale(self):
        self.standard = self.env.company.account_sale_tax_id
        self.low = self._tax(self.reduced)
        lines = ((100, self.standard), (33.33, self.low))
        return self.transferred(
            invoice_line_ids=[
                Command.create(
                    {"name": "Work", "price_unit": price, "tax_ids": tax.ids}
                )
                for price, tax in lines
            ]
        )

    def lines(self):
        return self.env["account.move.line"].search(
            [("company_id", "=", self.env.company.id), ("parent_state", "=", "posted")]
        )

    def trial_balance(self):
        found = {
            account: round(sum(lines.mapped("balance")), 2)
            for account, lines in self.lines().grouped("account_id").items()
        }
        return {account: balance for account, balance in found.items() if balance}

    def boxes(self):
        """Of the tax return: what each tag sums up to."""
        found = {}
        for line in self.lines():
            for tag in line.tax_tag_ids:
                found[tag] = round(found.get(tag, 0) + line.balance, 2)
        return {tag: balance for tag, balance in found.items() if balance}

    def account_of(self, tax):
        parts = tax.invoice_repartition_line_ids
        return parts.filtered(lambda part: part.repartition_type == "tax").account_id

    def assertBooked(self, *amounts):
        """The trial balance is these, `(account, balance)`, and nothing else."""
        wanted = {}
        for account, balance in amounts:
            wanted[account] = round(wanted.get(account, 0) + balance, 2)
        wanted = {account: balance for account, balance in wanted.items() if balance}
        self.assertEqual(self.trial_balance(), wanted)

    def test_each_account_and_each_box(self):
        self.assertFalse(self.trial_balance() or self.boxes())
        invoice = self.sale()
        total = invoice.amount_total
        receivable = self.company_data["default_account_receivable"]
        sold = [
            *((line.account_id, line.balance) for line in invoice.invoice_line_ids),
            (self.account_of(self.standard), -self.standard_tax),
            (self.account_of(self.low), -self.reduced_tax),
        ]
        of_sale = self.boxes()
        self.assertBooked((receivable, total), *sold)
        self.assertTrue(of_sale)
        taxes = [
            (self.account_of(self.standard), self.standard_tax),
            (self.account_of(self.low), self.reduced_tax),
        ]
        self.write_off(invoice, with_relief=True)
        written_off = [*sold, *taxes, (self.losses, 133.33)]
        self.assertBooked(*written_off)
        self.assertEqual(self.boxes(), self.boxes_after_credit(of_sale))
        self.collect(invoice, 100)
        income, standard, low = self.part
        recovered = [
            (self.outstanding, 100),
            (self.income, -income),
            (self.account_of(self.standard), -standard),
            (self.account_of(self.low), -low),
        ]
        self.assertBooked(*written_off, *recovered)
        self.collect(invoice, total - 100)
        self.assertBooked(
            *sold,
            (self.losses, 133.33),
            (self.income, -133.33),
            (self.outstanding, total),
        )
        self.assertEqual(self.boxes(), of_sale)

    def boxes_after_credit(self, of_sale):
        """What they are when a credit note takes back all of such a sale."""
        before = self.boxes()
        sale = self.sale()
        self.credit(sale)
        boxes = {
            tag: round(balance - before.get(tag, 0), 2)
            for tag, balance in self.boxes().items()
        }
        return {tag: balance for tag, balance in boxes.items() if balance}


@tagged("post_install", "-at_install")
class TestReturnInFinland(Return, RecoveredCommon):
    standard_tax = 25.5
    reduced, reduced_tax = 14, 4.67
    part = (81.55, 15.60, 2.85)


@tagged("post_install", "-at_install")
class TestReturnInSweden(Return, RecoveredCommon):
    country_code = "SE"
    foreign_currency = "EUR"
    reduced, reduced_tax = 12, 4.00
    part = (82.13, 15.40, 2.47)


@tagged("post_install", "-at_install")
class TestReturnInNorway(Return, RecoveredCommon):
    country_code = "NO"
    reduced, reduced_tax = 15, 5.00
    part = (81.64, 15.31, 3.05)
