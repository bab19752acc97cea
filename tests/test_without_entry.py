"""Payments without a journal entry count once, whatever the bank statement brings.

Odoo Enterprise registers them where a journal has no outstanding account.
"""

from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.account.models.account_move import AccountMove

from .ledger import LedgerCommon


@tagged("post_install", "-at_install")
class TestPaymentsWithoutEntry(LedgerCommon):
    @contextmanager
    def accounting(self):
        """Odoo's accounting is installed, and no journal has an outstanding account."""
        state = "_get_invoice_in_payment_state"
        with patch.object(AccountMove, state, lambda self: "in_payment"):
            yield

    def register(self, invoices, amount=None, **values):
        self.bank.inbound_payment_method_line_ids.payment_account_id = False
        with self.accounting():
            payment = self.pay(invoices, amount, **values)
            self.env.flush_all()
        self.assertFalse(payment.move_id)
        self.assertEqual(payment.state, "in_process")
        return payment

    def statement(self, invoice, amount):
        """The line of the statement is matched with the invoice."""
        line = self.bank_line(amount)
        with self.accounting():
            self.match(line, self.receivable(invoice))
            self.env.flush_all()
        return line

    def assertOpenAtRopo(self, invoice, amount):
        self.assertEqual(self.capital(invoice), amount)
        self.assertEqual(invoice.ropo_job_ids.open_amount, amount)
        before = self.reported()
        self.report()
        self.assertEqual(self.reported(), before)
        row = self.env["ropo.receivable.report"].search(
            [("move_id", "=", invoice.id), ("job_id.is_collected", "=", True)]
        )
        self.assertFalse(row.differs, row.difference)

    def test_a_registered_payment_counts_at_once_and_passes_on_to_the_statement(self):
        invoice = self.transferred()
        payment = self.register(invoice, 50)
        self.report()
        self.assertEqual(
            self.reported("paydate", "type"), [(50, str(self.today), "directpayment")]
        )
        self.assertOpenAtRopo(invoice, 75.5)
        self.statement(invoice, 50)
        self.assertEqual(payment.state, "paid")
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)
        request = self.requests_of(invoice, "payment")
        self.assertEqual(request.source_partial_id, self.partials(invoice).id)

    def test_a_whole_payment_passes_on_too(self):
        invoice = self.transferred()
        self.register(invoice)
        self.report()
        self.assertOpenAtRopo(invoice, 0)
        self.statement(invoice, 125.5)
        self.report()
        self.assertEqual(self.reported(), [(125.5,)])
        self.assertInStep(invoice)

    def test_the_statement_may_come_before_the_report(self):
        invoice = self.transferred()
        self.register(invoice, 50)
        self.statement(invoice, 50)
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)

    def test_equal_money_on_the_statement_beside_it_is_other_money(self):
        invoice = self.transferred()
        self.statement(invoice, 50)
        self.report()
        self.register(invoice, 50)
        self.report()
        self.assertEqual(self.reported(), [(50,), (50,)])
        self.assertOpenAtRopo(invoice, 25.5)
        self.statement(invoice, 50)
        self.report()
        self.assertEqual(self.reported(), [(50,), (50,)])
        self.assertInStep(invoice)

    def test_one_that_is_cancelled_or_rejected_is_taken_back(self):
        for undo in ("action_cancel", "action_reject", "action_draft"):
            with self.subTest(undo):
                invoice = self.transferred()
                payment = self.register(invoice, 50)
                self.report()
                getattr(payment, undo)()
                self.report()
                self.assertEqual(self.reported()[-2:], [(50,), (-50,)])
                self.assertInStep(invoice)

    def test_one_that_is_undone_on_the_statement_still_counts(self):
        invoice = self.transferred()
        self.register(invoice, 50)
        self.report()
        line = self.statement(invoice, 50)
        self.report()
        line.action_undo_reconciliation()
        self.report()
        self.report()
        self.assertOpenAtRopo(invoice, 75.5)

    def test_one_over_two_invoices_counts_by_its_parts(self):
        first, second = self.transferred(), self.transferred(amount=200)
        self.register(first | second, 200, group_payment=True)
        self.report()
        self.assertEqual(sorted(self.reported()), [(74.5,), (125.5,)])
        self.statement(first, 125.5)
        self.statement(second, 74.5)
        self.report()
        self.assertEqual(len(self.reported()), 2)
        self.assertInStep(first, second)

    def test_it_counts_with_the_statement_where_the_account_says_so(self):
        self.account.count_payment = "bank"
        invoice = self.transferred()
        self.register(invoice, 50)
        self.report()
        self.assertEqual(self.reported(), [])
        self.statement(invoice, 50)
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)

    def test_an_invoice_that_it_pays_is_not_transferred(self):
        invoice = self.create_invoice(days_overdue=20)
        payment = self.register(invoice)
        with self.accounting():
            verdict = self.verdicts(invoice, "reminder")[invoice]
        self.assertEqual(verdict.code, "paid")
        self.assertIn("registered payment", verdict.text)
        payment.action_validate()
        self.assertEqual(self.verdicts(invoice, "reminder")[invoice].code, "paid")
        payment.action_reject()
        self.assertFalse(self.verdicts(invoice, "reminder")[invoice].code)

    def test_an_invoice_that_it_pays_in_part_is_claimed_and_the_part_reported(self):
        invoice = self.create_invoice(days_overdue=20)
        self.register(invoice, 25.5)
        self.transfer(invoice)
        self.report()
        self.assertEqual(self.reported(), [(25.5,)])
        self.assertOpenAtRopo(invoice, 100)
