"""A table of what happens in ledgers: after each, Ropo asks for what the ledger says.

Each row is made with Odoo's own payment register, statement lines and wizards. It ends
with all crons run until nothing is left, the capital at Ropo compared to the cent, and
one more run that queues nothing.
"""

from datetime import timedelta
from functools import wraps

from odoo import Command
from odoo.tests import tagged

from .ledger import LedgerCommon


def both_ways(situation):
    """Credit notes once reported as credited amounts, once as jobs of their own."""

    @wraps(situation)
    def reported_in_both_ways(self):
        for way in ("payment", "credit_job"):
            with self.subTest(way):
                self.account.credit_allocation = way
                situation(self)

    return reported_in_both_ways


@tagged("post_install", "-at_install")
class TestMoneyInTheLedger(LedgerCommon):
    def test_paid_in_full(self):
        invoice = self.transferred()
        self.pay(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def test_paid_in_part(self):
        invoice = self.transferred()
        self.pay(invoice, 0.01)
        self.report()
        self.assertEqual(self.capital(invoice), 125.49)
        self.assertInStep(invoice)

    def test_paid_in_many_parts(self):
        invoice = self.transferred()
        for cents in (1, 999, 5050, 3333):
            self.pay(invoice, cents / 100)
        self.report()
        self.assertInStep(invoice)
        self.pay(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def test_paid_before_and_after_the_transfer(self):
        invoice = self.create_invoice(days_overdue=20)
        self.pay(invoice, 25.5)
        self.transfer(invoice)
        self.pay(invoice, 50)
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)

    def test_paid_between_the_wizard_and_the_call(self):
        invoice = self.create_invoice(days_overdue=20)
        self.account.paused_until = self.today + timedelta(days=1)
        self.transfer(invoice)
        self.pay(invoice, 25.5)
        self.account.paused_until = False
        self.report()
        self.assertEqual(self.reported(), [])
        self.assertInStep(invoice)

    def test_collection_is_reported_like_a_reminder(self):
        invoice = self.transferred("collection")
        self.pay(invoice, 40)
        self.report()
        self.assertInStep(invoice)

    def test_one_payment_over_three_invoices(self):
        invoices = (
            self.transferred()
            | self.transferred(amount=200)
            | self.transferred(amount=10)
        )
        self.pay(invoices, group_payment=True, amount=invoices_total(invoices))
        self.report()
        self.assertEqual([self.capital(invoice) for invoice in invoices], [0, 0, 0])
        self.assertInStep(*invoices)

    def test_one_payment_over_a_collected_invoice_and_another(self):
        invoice, other = self.transferred(), self.create_invoice(amount=50)
        self.pay(invoice | other, 150, group_payment=True)
        self.report()
        self.assertInStep(invoice)

    def test_a_payment_each_for_several_invoices(self):
        invoices = self.transferred() | self.transferred(amount=200)
        self.pay(invoices, amount=invoices_total(invoices), group_payment=False)
        self.report()
        self.assertInStep(*invoices)

    def test_an_advance_that_is_spread_over_two_invoices(self):
        first, second = self.transferred(), self.transferred(amount=200)
        payment = self.loose_payment(200)
        self.assign(first, payment.move_id)
        self.assign(second, payment.move_id)
        self.report()
        self.assertEqual(self.capital(second), 176.5)
        self.assertInStep(first, second)

    def test_too_much_is_left_to_the_customer(self):
        first, second = self.transferred(), self.transferred(amount=200)
        payment = self.pay(first, 150)
        self.report()
        self.assign(second, payment.move_id)
        self.report()
        self.assertEqual(self.capital(second), 226.5)
        self.assertInStep(first, second)

    def test_a_payment_that_moves_to_another_invoice(self):
        first, second = self.transferred(), self.transferred()
        payment = self.pay(first)
        self.report()
        self.unassign(first)
        self.assign(second, payment.move_id)
        self.report()
        self.assertEqual([self.capital(first), self.capital(second)], [125.5, 0])
        self.assertInStep(first, second)

    def test_cash(self):
        invoice = self.transferred()
        self.pay(invoice, 20, journal_id=self.cash.id)
        self.report()
        self.assertEqual(self.reported("type"), [(20, "directpayment")])
        self.assertInStep(invoice)

    def test_instalments(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Two halves",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": 0}
                    ),
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": 5}
                    ),
                ],
            }
        )
        invoice = self.transferred(
            invoice_payment_term_id=term.id,
            invoice_date=self.today - timedelta(days=60),
        )
        self.assertEqual(len(self.receivable(invoice)), 2)
        self.pay(invoice, 62.75)
        self.report()
        self.assertInStep(invoice)
        self.pay(invoice, 62.75)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def test_day_of_the_money_is_reported_and_not_that_of_the_posting(self):
        invoice = self.transferred()
        self.env.company.fiscalyear_lock_date = self.today - timedelta(days=3)
        day = self.today - timedelta(days=9)
        payment = self.pay(invoice, 20, payment_date=day)
        self.assertGreater(payment.move_id.date, day)
        self.report()
        self.assertEqual(self.reported("paydate"), [(20, day.isoformat())])
        self.assertInStep(invoice)

    # --- the bank statement ---

    def test_a_line_of_the_statement(self):
        invoice = self.transferred()
        self.match(self.bank_line(100), self.receivable(invoice))
        self.report()
        day = self.yesterday.isoformat()
        self.assertEqual(
            self.reported("paydate", "type"), [(100, day, "directpayment")]
        )
        self.assertInStep(invoice)

    def test_a_batch_of_lines(self):
        invoices = [self.transferred() for _number in range(3)]
        lines = [self.bank_line(amount) for amount in (10, 20.02, 125.5)]
        self.env["account.bank.statement"].create(
            {
                "name": "Statement",
                "line_ids": [Command.set([line.id for line in lines])],
            }
        )
        for line, invoice in zip(lines, invoices, strict=True):
            self.match(line, self.receivable(invoice))
        self.report()
        self.assertInStep(*invoices)

    def test_a_line_over_two_invoices(self):
        first, second = self.transferred(), self.transferred(amount=200)
        line = self.bank_line(200)
        parts = self.split(line, 125.5, 74.5)
        for part, invoice in zip(parts, (first, second), strict=True):
            (part | self.receivable(invoice)).reconcile()
        self.report()
        self.assertEqual([self.capital(first), self.capital(second)], [0, 176.5])
        self.assertInStep(first, second)

    def test_two_lines_for_one_invoice(self):
        invoice = self.transferred()
        self.match(self.bank_line(60), self.receivable(invoice))
        self.match(self.bank_line(65.5), self.receivable(invoice))
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def test_a_line_that_is_undone(self):
        invoice = self.transferred()
        line = self.bank_line(60)
        self.match(line, self.receivable(invoice))
        self.report()
        line.action_undo_reconciliation()
        self.report()
        self.assertEqual(self.reported(), [(60,), (-60,)])
        self.assertInStep(invoice)

    def test_a_line_that_is_deleted(self):
        invoice = self.transferred()
        line = self.bank_line(60)
        self.match(line, self.receivable(invoice))
        self.report()
        line.action_undo_reconciliation()
        line.unlink()
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)

    # --- an outstanding account in between ---

    def test_a_registered_payment_counts_at_once(self):
        invoice = self.transferred()
        self.with_outstanding_account()
        payment = self.pay(invoice, 50)
        self.assertFalse(payment.is_matched)
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.match(self.bank_line(50), self.waiting(payment))
        self.assertTrue(payment.is_matched)
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)

    def test_a_registered_payment_counts_when_the_statement_has_it(self):
        self.account.count_payment = "bank"
        invoice = self.transferred()
        self.with_outstanding_account()
        payment = self.pay(invoice, 50)
        self.report()
        self.assertEqual(self.reported(), [])
        line = self.bank_line(50)
        self.match(line, self.waiting(payment))
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)
        # Nobody is asked for it again because a line is looked at once more.
        line.action_undo_reconciliation()
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        payment.action_draft()
        self.report()
        self.assertEqual(self.reported(), [(50,), (-50,)])
        self.assertInStep(invoice)

    def test_a_registered_payment_is_never_part_of_the_claim(self):
        self.account.count_payment = "bank"
        self.with_outstanding_account()
        invoice = self.create_invoice(days_overdue=20)
        payment = self.pay(invoice, 25.5)
        self.transfer(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 100)
        self.match(self.bank_line(25.5), self.waiting(payment))
        self.report()
        self.assertEqual(self.reported(), [])
        self.assertInStep(invoice)

    def test_statement_and_write_off_count_either_way(self):
        self.account.count_payment = "bank"
        invoice = self.transferred()
        self.match(self.bank_line(50), self.receivable(invoice))
        self.assign(invoice, self.entry(5.5))
        self.credit(invoice, 20)
        self.report()
        self.assertInStep(invoice)

    # --- reversed ---

    def test_unreconciled(self):
        invoice = self.transferred()
        self.pay(invoice, 50)
        self.pay(invoice, 25.25)
        self.report()
        self.unassign(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)

    def test_unreconciled_and_anew_in_one_go_is_not_worth_a_word(self):
        invoice = self.transferred()
        payment = self.pay(invoice, 50)
        self.report()
        self.unassign(invoice)
        self.assign(invoice, payment.move_id)
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)
        self.unassign(invoice)
        self.report()
        self.assertEqual(self.reported(), [(50,), (-50,)])
        self.assertInStep(invoice)

    def test_what_is_undone_overtakes_what_waits(self):
        """To a case that is paid nothing could be reversed any more."""
        invoice = self.transferred()
        self.pay(invoice, 25.5)
        self.report()
        undone = self.partials(invoice)
        self.pay(invoice, 100)
        self.compare()  # waits to be said
        invoice.js_remove_outstanding_partial(undone.id)
        self.report()
        self.assertEqual(self.reported(), [(25.5,), (-25.5,), (100,)])
        self.assertInStep(invoice)

    def test_unreconciled_and_another_part_of_it_anew(self):
        first, second = self.transferred(), self.transferred()
        payment = self.loose_payment(150)
        self.assign(first, payment.move_id)
        self.assign(second, payment.move_id)
        self.report()
        self.unassign(first)
        self.unassign(second)
        self.assign(second, payment.move_id)
        self.assign(first, payment.move_id)
        self.report()
        self.assertEqual([self.capital(first), self.capital(second)], [101, 0])
        self.assertInStep(first, second)

    def test_all_undone_and_paid_otherwise_before_the_next_run(self):
        """Reversals go first: to a case that is paid nothing can be paid."""
        invoice = self.transferred()
        self.pay(invoice)
        self.report()
        self.run_cron("cron_poll_status")
        self.unassign(invoice)
        self.credit(invoice, 20)
        self.match(self.bank_line(100), self.receivable(invoice))
        self.report()
        self.assertEqual(self.capital(invoice), 0.4)
        self.assertInStep(invoice)

    def test_reset_to_draft_changed_and_posted_again(self):
        invoice = self.transferred()
        payment = self.pay(invoice, 50)
        self.report()
        payment.action_draft()
        payment.amount = 60
        payment.action_post()
        self.report()
        if not self.partials(invoice):
            self.assertEqual(self.capital(invoice), 125.5)
            self.assign(invoice, payment.move_id)
            self.report()
        self.assertEqual(self.capital(invoice), 65.5)
        self.assertInStep(invoice)

    def test_reset_to_draft_and_posted_before_the_next_call(self):
        """A reversal that waits is forgotten when it stands again."""
        invoice = self.transferred()
        payment = self.pay(invoice, 50)
        self.report()
        payment.action_draft()
        self.compare()
        payment.action_post()
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)
        payment.action_draft()
        self.report()
        self.assertEqual(self.reported(), [(50,), (-50,)])
        self.assertInStep(invoice)

    def test_cancelled(self):
        invoice = self.transferred()
        payment = self.pay(invoice, 50)
        self.report()
        payment.action_cancel()
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)

    def test_deleted(self):
        invoice = self.transferred()
        payment = self.pay(invoice)
        self.report()
        payment.action_draft()
        payment.unlink()
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)

    def test_bounced(self):
        invoice = self.transferred()
        payment = self.pay(invoice)
        self.report()
        self.reverse(payment.move_id)
        self.report()
        self.assertEqual(self.reported(), [(125.5,), (-125.5,)])
        self.assertInStep(invoice)

    def test_bounced_in_part_on_the_statement(self):
        invoice = self.transferred()
        line = self.bank_line(60)
        self.match(line, self.receivable(invoice))
        self.report()
        self.unassign(invoice)
        _liquidity, _suspense, other = line._seek_for_lines()
        self.match(self.bank_line(-60), other)
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)

    def test_paid_before_the_transfer_and_undone_after(self):
        invoice = self.create_invoice(days_overdue=20)
        payment = self.pay(invoice, 25.5)
        self.transfer(invoice)
        self.unassign(invoice)
        self.report()
        self.assertEqual(self.reported("description"), [(-25.5, "Payment reversal")])
        self.assertInStep(invoice)
        self.assign(invoice, payment.move_id)
        self.report()
        self.assertInStep(invoice)

    def test_refused_and_then_gone_is_never_reported(self):
        invoice = self.transferred()
        job = self.sandbox.job(jobtype=1)
        self.sandbox.post(f"jobs/{job['jobid']}/force", statusid=1)
        self.pay(invoice, 50)
        self.report()
        self.unassign(invoice)
        self.report()
        self.assertFalse(invoice.ropo_problem)
        self.assertInStep(invoice)

    # --- write-offs and other entries ---

    def test_written_off(self):
        invoice = self.transferred()
        entry = self.entry(125.5)
        self.assign(invoice, entry)
        self.report()
        self.assertEqual(
            self.reported("type", "description"), [(125.5, None, entry.name)]
        )
        self.assertInStep(invoice)

    def test_written_off_over_two_invoices(self):
        first, second = self.transferred(), self.transferred()
        entry = self.entry(150)
        self.assign(first, entry)
        self.assign(second, entry)
        self.report()
        self.assertInStep(first, second)

    def test_write_off_that_is_reversed_raises_the_capital_and_says_why(self):
        invoice = self.transferred()
        entry = self.entry(5.5)
        self.assign(invoice, entry)
        self.report()
        self.reverse(entry)
        self.report()
        self.assertEqual(
            self.reported("type", "description"),
            [(5.5, None, entry.name), (-5.5, None, entry.name)],
        )
        self.assertInStep(invoice)

    def test_write_off_that_is_reset_to_draft(self):
        invoice = self.transferred()
        entry = self.entry(5.5)
        self.assign(invoice, entry)
        self.report()
        entry.button_draft()
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        entry.action_post()
        self.report()
        self.assertInStep(invoice)

    def test_rest_written_off_in_the_register(self):
        invoice = self.transferred()
        self.pay(
            invoice,
            125.49,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.expense.id,
        )
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def test_more_paid_than_owed_and_the_rest_booked_in_the_register(self):
        invoice = self.transferred()
        self.pay(
            invoice,
            130,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.expense.id,
        )
        self.report()
        self.assertEqual(self.reported(), [(125.5,)])
        self.assertInStep(invoice)

    def test_another_customer_pays_by_an_entry(self):
        """A receivable moved from one customer to another."""
        invoice = self.transferred()
        receivable = self.company_data["default_account_receivable"]
        entry = self.entry(125.5, account=receivable)
        (
            self.receivable(entry).filtered("credit") | self.receivable(invoice)
        ).reconcile()
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def test_early_payment_discount(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % within 90 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 90,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 10}
                    )
                ],
            }
        )
        self.env.company.account_journal_early_pay_discount_loss_account_id = (
            self.expense
        )
        invoice = self.transferred(
            invoice_payment_term_id=term.id,
            invoice_date=self.today - timedelta(days=40),
        )
        payment = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"payment_date": self.today})
            ._create_payments()
        )
        self.assertLess(payment.amount, 125.5)
        self.report()
        self.assertEqual(self.reported(), [(125.5,)])
        self.assertInStep(invoice)

    def test_cash_rounding(self):
        for strategy in ("biggest_tax", "add_invoice_line"):
            with self.subTest(strategy):
                rounding = self.env["account.cash.rounding"].create(
                    {
                        "name": "Five cents",
                        "rounding": 0.05,
                        "strategy": strategy,
                        "profit_account_id": self.expense.id,
                        "loss_account_id": self.expense.id,
                    }
                )
                invoice = self.transferred(
                    amount=33.33, invoice_cash_rounding_id=rounding.id
                )
                self.assertEqual(invoice.amount_total, 41.85)
                self.pay(invoice, 10)
                self.report()
                self.assertInStep(invoice)
                self.pay(invoice)
                self.report()
                self.assertInStep(invoice)

    def test_taxes_on_cash_basis(self):
        self.env.company.tax_exigibility = True
        tax = self.tax_255.copy({"name": "On payment"})
        transition = self.env["account.account"].create(
            {
                "name": "Tax waiting",
                "code": "299999",
                "account_type": "liability_current",
                "reconcile": True,
            }
        )
        tax.write(
            {
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": transition.id,
            }
        )
        invoice = self.create_invoice(days_overdue=20, post=False)
        invoice.invoice_line_ids.tax_ids = tax
        invoice.action_post()
        self.transfer(invoice)
        payment = self.pay(invoice, 50)
        self.assertTrue(invoice.tax_cash_basis_created_move_ids)
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)
        self.pay(invoice)
        self.report()
        self.assertInStep(invoice)
        payment.action_draft()
        payment.unlink()
        self.report()
        self.assertEqual(self.capital(invoice), 50)
        self.assertInStep(invoice)

    def test_everything_in_one_run(self):
        invoice = self.transferred()
        self.pay(invoice, 20)
        self.assign(invoice, self.entry(5.5))
        self.credit(invoice, 20)
        self.match(self.bank_line(30), self.receivable(invoice))
        self.report()
        self.assertEqual(self.capital(invoice), 44.9)
        self.assertInStep(invoice)


@tagged("post_install", "-at_install")
class TestCurrencies(LedgerCommon):
    def pay_in(self, currency, invoice, amount=None, **values):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "currency_id": currency.id,
                    "payment_date": self.today,
                    **({"amount": amount} if amount else {}),
                    **values,
                }
            )
        )
        return wizard._create_payments()

    def test_foreign_invoice_paid_in_its_currency_at_another_rate(self):
        invoice = self.transferred(currency_id=self.sek.id)
        self.pay_in(self.sek, invoice, 25.5)
        self.report()
        self.assertEqual(self.reported(), [(25.5,)])
        self.assertInStep(invoice)
        self.pay_in(self.sek, invoice)
        self.report()
        self.assertTrue(self.partials(invoice).exchange_move_id)
        self.assertEqual(self.reported(), [(25.5,), (100,)])
        self.assertInStep(invoice)

    def test_foreign_invoice_paid_in_company_currency(self):
        invoice = self.transferred(currency_id=self.sek.id)
        self.pay_in(self.euro, invoice, 3.33)
        self.report()
        self.assertInStep(invoice)
        self.pay_in(self.euro, invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def test_invoice_paid_in_a_foreign_currency(self):
        invoice = self.transferred()
        self.pay_in(self.sek, invoice, 120)
        self.report()
        self.assertEqual(self.reported(), [(10,)])
        self.assertInStep(invoice)
        self.pay_in(self.sek, invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def test_foreign_invoice_paid_in_a_third_currency(self):
        nok = self.setup_other_currency("NOK", rates=[("2000-01-01", 11.0)])
        invoice = self.transferred(currency_id=self.sek.id)
        self.pay_in(nok, invoice, 50)
        self.report()
        self.assertInStep(invoice)
        self.pay_in(nok, invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def test_foreign_payment_undone_with_its_exchange_difference(self):
        invoice = self.transferred(currency_id=self.sek.id)
        payment = self.pay_in(self.euro, invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        payment.action_draft()
        payment.unlink()
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)

    def test_foreign_payment_unreconciled_and_anew(self):
        invoice = self.transferred(currency_id=self.sek.id)
        payment = self.pay_in(self.euro, invoice, 5)
        self.report()
        self.unassign(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assign(invoice, payment.move_id)
        self.report()
        self.assertInStep(invoice)

    def test_foreign_money_on_the_statement(self):
        invoice = self.transferred(currency_id=self.sek.id)
        line = self.bank_line(5, foreign_currency_id=self.sek.id, amount_currency=61.23)
        self.match(line, self.receivable(invoice))
        self.report()
        self.assertEqual(self.reported(), [(61.23,)])
        self.assertInStep(invoice)

    @both_ways
    def test_foreign_credit_note_at_another_rate(self):
        invoice = self.transferred(currency_id=self.sek.id)
        self.credit(invoice, 20)
        self.report()
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertInStep(invoice)
        self.credit(invoice, 80)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def test_foreign_invoice_paid_in_part_before_the_transfer(self):
        invoice = self.create_invoice(days_overdue=20, currency_id=self.sek.id)
        self.pay_in(self.euro, invoice, 5)
        self.transfer(invoice)
        self.report()
        self.assertEqual(self.reported(), [])
        self.unassign(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)


@tagged("post_install", "-at_install")
class TestCreditNotes(LedgerCommon):
    @both_ways
    def test_credited_in_full(self):
        invoice = self.transferred()
        self.credit(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    @both_ways
    def test_credited_in_part(self):
        invoice = self.transferred()
        self.credit(invoice, 33.33)
        self.report()
        self.assertInStep(invoice)

    @both_ways
    def test_credited_before_the_transfer(self):
        invoice = self.create_invoice(days_overdue=20)
        self.credit(invoice, 20)
        self.transfer(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertInStep(invoice)
        self.unassign(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)

    @both_ways
    def test_several_credit_notes_on_one_invoice(self):
        invoice = self.transferred()
        for amount in (10, 20.02, 3.33):
            self.credit(invoice, amount)
        self.report()
        self.assertInStep(invoice)

    @both_ways
    def test_one_credit_note_over_several_invoices(self):
        invoices = [
            self.transferred(),
            self.transferred(amount=200),
            self.transferred(amount=10),
        ]
        note = self.create_invoice(move_type="out_refund", amount=305)
        for invoice in invoices:
            self.assign(invoice, note)
        self.report()
        self.assertInStep(*invoices)
        self.unassign(invoices[1])
        self.report()
        self.assertEqual(self.capital(invoices[1]), 251)
        self.assertInStep(*invoices)

    @both_ways
    def test_allocation_undone_and_anew(self):
        invoice = self.transferred()
        note = self.credit(invoice, 20)
        self.report()
        self.unassign(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)
        self.assign(invoice, note)
        self.report()
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertInStep(invoice)

    @both_ways
    def test_allocation_that_moves_to_another_invoice(self):
        first, second = self.transferred(), self.transferred()
        note = self.credit(first, 20)
        self.report()
        self.unassign(first)
        self.assign(second, note)
        self.report()
        self.assertEqual([self.capital(first), self.capital(second)], [125.5, 100.4])
        self.assertInStep(first, second)

    @both_ways
    def test_credited_in_part_and_the_rest_paid(self):
        invoice = self.transferred()
        self.credit(invoice, 20)
        self.pay(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    @both_ways
    def test_paid_in_part_and_the_rest_credited(self):
        invoice = self.transferred()
        self.pay(invoice, 25.1)
        self.report()
        self.credit(invoice, 80)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    @both_ways
    def test_credit_note_over_more_than_is_open(self):
        invoice = self.transferred()
        self.pay(invoice, 100)
        self.report()
        note = self.create_invoice(move_type="out_refund", amount=100)
        self.assign(invoice, note)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    @both_ways
    def test_credit_note_reset_to_draft_and_posted_again(self):
        invoice = self.transferred()
        note = self.credit(invoice, 20)
        self.report()
        note.button_draft()
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)
        note.action_post()
        if not self.partials(invoice):
            self.assign(invoice, note)
        self.report()
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertInStep(invoice)

    @both_ways
    def test_full_credit_undone_opens_the_case_again(self):
        invoice = self.transferred()
        self.credit(invoice)
        self.report()
        self.run_cron("cron_poll_status")
        self.assertEqual(invoice.ropo_state, "closed")
        self.unassign(invoice)
        self.report()
        self.run_cron("cron_poll_status")
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertEqual(invoice.ropo_state, "reminder")
        self.assertInStep(invoice)

    @both_ways
    def test_full_credit_undone_and_paid_instead(self):
        invoice = self.transferred()
        self.credit(invoice)
        self.report()
        self.run_cron("cron_poll_status")
        self.unassign(invoice)
        self.pay(invoice, 100)
        self.report()
        self.assertEqual(self.capital(invoice), 25.5)
        self.assertInStep(invoice)

    @both_ways
    def test_invoice_credited_and_made_anew(self):
        """Odoo's "Reverse and Create Invoice"."""
        invoice = self.transferred()
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        wizard.modify_moves()
        self.assertEqual(invoice.amount_residual, 0)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    @both_ways
    def test_fully_paid_then_credited_with_the_money_left_over(self):
        invoice = self.transferred()
        self.pay(invoice)
        self.report()
        self.unassign(invoice)
        self.credit(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)


@tagged("post_install", "-at_install")
class TestWhereRopoHoldsTheLedger(LedgerCommon):
    """Unify: Ropo collects what it delivered."""

    def setUp(self):
        super().setUp()
        self.account.write(
            {
                "service_model": "unify",
                "cid": "700002",
                "apicode": "sandbox-apicode-2",
            }
        )

    def invoiced(self, **values):
        invoice = self.create_invoice(**values)
        self.send(invoice)
        return invoice

    def test_paid_in_part_and_undone(self):
        invoice = self.invoiced()
        self.pay(invoice, 50)
        self.report()
        self.assertEqual(self.capital(invoice), 75.5)
        self.assertInStep(invoice)
        self.unassign(invoice)
        self.report()
        self.assertInStep(invoice)

    def test_paid_before_it_was_sent(self):
        invoice = self.create_invoice()
        self.pay(invoice, 50)
        self.send(invoice)
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)

    @both_ways
    def test_credited_in_part_and_in_full(self):
        invoice = self.invoiced()
        self.credit(invoice, 20)
        self.report()
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertInStep(invoice)
        self.credit(invoice, 80)
        self.report()
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    @both_ways
    def test_credit_note_that_is_sent_credits_once(self):
        invoice = self.invoiced()
        note = self.credit(invoice, 20)
        self.send(note)
        self.report()
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertInStep(invoice)

    @both_ways
    def test_credit_note_that_was_reported_and_is_sent_credits_once(self):
        invoice = self.invoiced()
        note = self.credit(invoice, 20)
        self.report()
        self.send(note)
        self.report()
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertInStep(invoice)

    @both_ways
    def test_credit_note_that_was_sent_is_taken_back(self):
        invoice = self.invoiced()
        note = self.credit(invoice, 20)
        self.send(note)
        self.report()
        self.unassign(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 125.5)
        self.assertInStep(invoice)
        self.assign(invoice, note)
        self.report()
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertInStep(invoice)

    @both_ways
    def test_sent_credit_note_over_two_invoices(self):
        invoices = [self.invoiced(), self.invoiced(amount=200)]
        note = self.create_invoice(move_type="out_refund", amount=150)
        for invoice in invoices:
            self.assign(invoice, note)
        self.send(note)
        self.report()
        self.assertInStep(*invoices)


@tagged("post_install", "-at_install")
class TestBranches(LedgerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create(
            {"name": "Branch", "parent_id": cls.env.company.id}
        )
        cls.env.cr.precommit.run()  # loads its chart of accounts
        cls.env.user.company_ids |= cls.branch
        cls.env = cls.env(
            context={
                **cls.env.context,
                "allowed_company_ids": [cls.env.company.id, cls.branch.id],
            }
        )

    def test_payment_in_the_parent_company(self):
        invoice = self.transferred(company_id=self.branch.id)
        self.assertEqual(invoice.company_id, self.branch)
        payment = self.loose_payment(50)
        self.assertEqual(payment.company_id, self.env.company)
        (self.receivable(payment.move_id) | self.receivable(invoice)).reconcile()
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)
        self.unassign(invoice)
        self.report()
        self.assertInStep(invoice)

    def test_credit_note_in_the_parent_company(self):
        invoice = self.transferred(company_id=self.branch.id)
        note = self.create_invoice(move_type="out_refund", amount=20)
        (self.receivable(note) | self.receivable(invoice)).reconcile()
        self.report()
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertInStep(invoice)


def invoices_total(invoices):
    return sum(invoices.mapped("amount_residual"))
