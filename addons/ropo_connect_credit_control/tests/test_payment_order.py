"""OCA's payment orders, really installed: what the bank debits is not collected too."""

from odoo.tests import tagged

from odoo.addons.ropo_connect.tests.test_transfer import TransferCommon


@tagged("post_install", "-at_install")
class TestPaymentOrder(TransferCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids |= cls.env.ref(
            "account_payment_order.group_account_payment"
        )
        method = cls.env.ref("account.account_payment_method_manual_in")
        cls.journal = cls.company_data["default_journal_bank"]
        cls.debit = cls.env["account.payment.mode"].create(
            {
                "name": "Direct debit",
                "bank_account_link": "fixed",
                "fixed_journal_id": cls.journal.id,
                "payment_method_id": method.id,
                "payment_order_ok": True,
                "company_id": cls.env.company.id,
            }
        )

    def to_order(self, *invoices):
        """Puts these into a new order of direct debit, by OCA's own dialog."""
        moves = self.env["account.move"].union(*invoices)
        moves.payment_mode_id = self.debit
        wizard = self.env["account.invoice.payment.line.multi"].with_context(
            active_model="account.move", active_ids=moves.ids
        )
        wizard.create({}).run()
        return self.env["account.payment.line"].search([]).order_id

    def test_an_invoice_in_an_open_order_has_a_warning_until_that_ends(self):
        invoice = self.create_invoice(days_overdue=20)
        other = self.create_invoice(self.consumer, days_overdue=20)
        order = self.to_order(invoice)
        warning = (
            f"It is in the open payment order {order.name}. Take it out of that, or "
            "wait for the outcome."
        )
        for state, step in (
            ("draft", lambda: None),
            ("open", order.draft2open),
            ("generated", order.open2generated),
        ):
            step()
            self.assertEqual(order.state, state)
            verdict = self.verdict(invoice.with_user(self.user))
            self.assertEqual((verdict.code, verdict.warning), (False, warning))
            self.assertTrue(verdict.needs_person)
            self.assertEqual(self.verdict(other).warning, "")
        order.generated2uploaded()
        self.assertEqual(self.verdict(invoice).code, "paid", "the ledger has it now")
        order.action_uploaded_cancel()
        self.assertEqual(self.verdict(invoice).code, False)
        self.assertEqual(self.verdict(invoice).warning, "")

    def test_the_dialog_leaves_it_out_and_the_schedule_waits(self):
        self.account.write({"auto_transfer": "reminder", "auto_despite_warnings": True})
        invoice = self.create_invoice(days_overdue=20)
        self.to_order(invoice)
        wizard = self._wizard("ropo.transfer.wizard", invoice, self.user)
        self.assertEqual(wizard.warning_count, 1)
        self.assertFalse(wizard.line_ids.goes)
        ((verdict, status),) = next(
            self.env["ropo.policy"]._plan(self.account)
        ).values()
        self.assertEqual(status, "waits")
        self.assertIn("payment order", verdict.warning)

    def test_many_take_as_many_queries_as_few(self):
        invoices = self.create_invoices(8)
        self.to_order(*invoices)
        service = self.env["ropo.transfer.warnings"].with_user(self.user)
        counts = [
            self.queries(lambda some=some: service._open_orders(some))
            for some in (invoices[:2], invoices[2:])
        ]
        self.assertEqual(*counts)
