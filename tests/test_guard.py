"""An invoice that Ropo has stays as it was sent."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .ledger import LedgerCommon


@tagged("post_install", "-at_install")
class TestWhatRopoHolds(LedgerCommon):
    """An invoice that Ropo has stays as it was sent."""

    def test_what_was_sent_can_no_longer_be_changed(self):
        invoice = self.transferred()
        row = invoice.invoice_line_ids
        for values in (
            {"name": "OTHER/1"},
            {"payment_reference": "RF18539007547034"},
            {"invoice_date_due": self.today},
            {"partner_id": self.consumer.id},
            {"invoice_line_ids": [(0, 0, {"name": "More", "price_unit": 1})]},
            {"invoice_line_ids": [(2, row.id, 0)]},
        ):
            with (
                self.subTest(values),
                self.assertRaisesRegex(UserError, invoice.name),
            ):
                invoice.with_user(self.env.user).write(values)
        for values in ({"price_unit": 1}, {"quantity": 2}, {"discount": 5}):
            with self.subTest(values), self.assertRaises(UserError):
                row.write(values)
        with self.assertRaises(UserError):
            self.receivable(invoice).date_maturity = self.today

    def test_what_does_not_touch_it_stays_possible(self):
        invoice = self.transferred()
        invoice.write(
            {
                "ref": "Ours",
                "narration": "Thanks",
                "name": invoice.name,
                "payment_reference": invoice.payment_reference,
                "invoice_date_due": invoice.invoice_date_due,
            }
        )
        self.receivable(invoice).no_followup = True
        self.pay(invoice, 50)
        self.credit(invoice, 20)
        self.assertEqual(invoice.amount_residual, 50.4)

    def test_an_invoice_of_our_own_is_changed_as_ever(self):
        invoice = self.create_invoice()
        invoice.write({"payment_reference": "RF18539007547034", "name": "OTHER/1"})
        self.assertEqual(invoice.name, "OTHER/1")

    def test_the_case_bears_what_was_sent(self):
        self.sandbox.fault("drop_after")
        invoice = self.create_invoice(days_overdue=20)
        self.transfer(invoice)
        request = self.requests_of(invoice)
        self.assertEqual(request.state, "unknown")
        sent = request.payload
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET name = 'OTHER/1', payment_reference = '1232' "
            "WHERE id = %s",
            [invoice.id],
        )
        self.env.invalidate_all()
        request.with_user(self.manager).action_resolve_done()
        job = request.job_id
        self.assertEqual(
            (job.billnum, job.billcode, job.amount),
            (sent["billnum"], sent["billcode"], 125.5),
        )
