"""Bad debts: a loss in the ledger, while Ropo goes on collecting."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .ledger import LedgerCommon


class BadDebtCommon(LedgerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.losses = cls.env["account.account"].create(
            {"name": "Bad Debts", "code": "688888", "account_type": "expense"}
        )
        cls.account.bad_debt_account_ids = cls.losses

    def write_off(self, invoices, user=None, **values):
        wizard = self._wizard("ropo.bad.debt.wizard", invoices, user, **values)
        wizard.action_write_off()
        self.env.invalidate_all()
        return wizard

    def loss(self):
        lines = self.env["account.move.line"].search(
            [("account_id", "=", self.losses.id), ("parent_state", "=", "posted")]
        )
        return round(sum(lines.mapped("balance")), 2)

    def row(self, invoice):
        """Of the reports on receivables and differences."""
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["ropo.receivable.report"].search(
            [("job_id", "=", self.case(invoice).id)]
        )

    def alerts(self):
        self.account.difference_days = 0
        self.env["ropo.receivable.report"]._cron_check_differences()
        return self.account.activity_ids.filtered(
            lambda activity: "differ" in activity.summary
        )

    def assertStillCollected(self, invoice, residual, written_off, capital):
        """Ledger, case, reports and Ropo, to the cent, and nothing to report."""
        self.report()
        row, case = self.row(invoice), self.case(invoice)
        self.assertEqual(invoice.amount_residual, residual)
        self.assertEqual(self.capital(invoice), capital)
        self.assertEqual(case.written_off, written_off)
        self.assertEqual(case.bad_debt, written_off and "collected")
        found = self.env["ropo.job"].search([("bad_debt", "=", "collected")])
        self.assertEqual(case in found, bool(written_off))
        self.assertEqual((row.residual, row.open_amount), (residual, capital))
        self.assertEqual((row.written_off, row.difference), (written_off, 0))
        self.assertFalse(self.alerts())


@tagged("post_install", "-at_install")
class TestBadDebtInTheLedger(BadDebtCommon):
    def test_an_entry_against_a_bad_debt_account_is_not_reported(self):
        invoice = self.transferred()
        self.assertStillCollected(invoice, 125.5, 0, 125.5)
        self.assign(invoice, self.entry(125.5, self.losses))
        self.assertStillCollected(invoice, 0, 125.5, 125.5)
        self.assertFalse(self.reported())

    def test_a_part_is_written_off_and_the_rest_is_paid(self):
        invoice = self.transferred()
        self.assign(invoice, self.entry(25.5, self.losses))
        self.assertStillCollected(invoice, 100, 25.5, 125.5)
        self.pay(invoice, 60)
        self.assertStillCollected(invoice, 40, 25.5, 65.5)
        self.assign(invoice, self.entry(30, self.losses))
        self.assertStillCollected(invoice, 10, 55.5, 65.5)
        self.assertEqual(self.reported(), [(60,)])

    def test_an_entry_in_a_settlement_journal_is_a_bad_debt_too(self):
        self.bank.ropo_settlement = True
        invoice = self.transferred()
        self.assign(invoice, self.entry(125.5, self.losses, journal_id=self.bank.id))
        self.assertStillCollected(invoice, 0, 125.5, 125.5)
        self.assertFalse(self.reported())

    def test_an_entry_in_a_settlement_journal_against_others_is_never_reported(self):
        self.bank.ropo_settlement = True
        invoice = self.transferred()
        self.assign(invoice, self.entry(125.5, journal_id=self.bank.id))
        self.report()
        self.assertEqual((self.case(invoice).written_off, self.reported()), (0, []))

    def test_of_ropos_money_with_a_write_off_the_bad_debt_alone_counts_once(self):
        self.bank.ropo_settlement = True
        invoice = self.transferred()
        self.pay(
            invoice,
            100,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.losses.id,
        )
        for _time in range(2):
            self.report()
            self.assertEqual(self.case(invoice).written_off, 25.5)
        self.at_ropo(self.case(invoice), "pay", amount=100)
        self.run_cron("cron_poll_status")
        for _time in range(2):
            self.assertStillCollected(invoice, 0, 25.5, 25.5)
        self.assertFalse(self.reported())

    def test_an_entry_against_another_account_is_reported(self):
        invoice = self.transferred()
        self.assign(invoice, self.entry(125.5, self.expense))
        self.assertStillCollected(invoice, 0, 0, 0)
        self.assertEqual(self.reported(), [(125.5,)])

    def test_only_the_money_is_reported_of_a_payment_with_a_write_off(self):
        invoice = self.transferred()
        self.pay(
            invoice,
            100,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.losses.id,
        )
        self.assertStillCollected(invoice, 0, 25.5, 25.5)
        self.assertEqual(self.reported(), [(100,)])

    def test_a_write_off_in_the_payment_register_without_money_is_not_reported(self):
        invoice = self.transferred()
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "amount": 0,
                    "payment_difference_handling": "reconcile",
                    "writeoff_account_id": self.losses.id,
                }
            )
        )
        wizard._create_payments()
        self.assertStillCollected(invoice, 0, 125.5, 125.5)
        self.assertFalse(self.reported())

    def test_a_write_off_over_several_invoices_with_money_is_reported_whole(self):
        """It does not say which of them was written off."""
        invoices = self.transferred() | self.transferred()
        self.pay(
            invoices,
            200,
            group_payment=True,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.losses.id,
        )
        self.report()
        for invoice in invoices:
            self.assertEqual((self.capital(invoice), self.loss()), (0, 51))

    def test_what_is_taken_off_again_is_forgotten_without_a_report(self):
        invoice = self.transferred()
        self.assign(invoice, self.entry(125.5, self.losses))
        self.report()
        self.unassign(invoice)
        self.assertStillCollected(invoice, 125.5, 0, 125.5)
        self.assertFalse(self.reported())
        self.pay(invoice)
        self.assertStillCollected(invoice, 0, 0, 0)

    def test_the_money_is_taken_back_without_the_bad_debt(self):
        invoice = self.transferred()
        self.pay(
            invoice,
            100,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.losses.id,
        )
        self.report()
        self.unassign(invoice)
        self.assertStillCollected(invoice, 125.5, 0, 125.5)

    def test_many_cost_as_many_queries_as_one(self):
        invoices = self.create_invoices(32)
        self.transfer(invoices, notice_date=self.reminded_on)
        for invoice in invoices:
            self.assign(
                invoice,
                self.entry(125.5, self.losses, partner=invoice.partner_id),
            )
        rows = self.env["ropo.ledger"].sudo()._differences()
        bad_debt = self.env["ropo.bad.debt"].sudo()
        costs = [
            self.queries(lambda rows=rows: bad_debt._without_bad_debts(rows))
            for rows in (rows[:1], rows[1:2], rows[2:])  # the first fills the caches
        ]
        self.assertEqual(len(rows), 32)
        self.assertEqual(*costs[1:])
        self.assertEqual(sum(self.case(i).written_off for i in invoices), 32 * 125.5)

    # --- the list of the account changes ---

    def test_what_was_taken_as_a_bad_debt_is_not_reported_later(self):
        invoice = self.transferred()
        self.assign(invoice, self.entry(125.5, self.losses))
        self.report()
        self.account.bad_debt_account_ids = False
        self.assertStillCollected(invoice, 0, 125.5, 125.5)
        self.assertFalse(self.reported())

    def test_what_was_reported_is_not_taken_back_later(self):
        self.account.bad_debt_account_ids = False
        invoice = self.transferred()
        self.assign(invoice, self.entry(125.5, self.losses))
        self.report()
        self.account.bad_debt_account_ids = self.losses
        self.assertStillCollected(invoice, 0, 0, 0)
        self.assertEqual(self.reported(), [(125.5,)])

    def test_each_company_has_accounts_of_its_own(self):
        company = self.env["res.company"].create({"name": "Other Oy"})
        foreign = (
            self.env["account.account"]
            .with_company(company)
            .create(
                {
                    "name": "Bad Debts",
                    "code": "688889",
                    "account_type": "expense",
                    "company_ids": [Command.set(company.ids)],
                }
            )
        )
        with self.assertRaises(UserError):
            self.account.bad_debt_account_ids = foreign


@tagged("post_install", "-at_install")
class TestBadDebtWizard(BadDebtCommon):
    def test_it_posts_what_is_open_and_ropo_goes_on_collecting(self):
        invoice = self.transferred()
        self.pay(invoice, 25.5)
        self.report()
        wizard = self._wizard("ropo.bad.debt.wizard", invoice, self.manager)
        line = wizard.line_ids
        self.assertEqual((line.amount, line.amount_tax), (100, 20.32))
        self.assertEqual((wizard.account_id, wizard.date), (self.losses, self.today))
        wizard.action_write_off()
        self.assertEqual(self.loss(), 100)
        self.assertEqual(self.case(invoice).bad_debt, "collected", "at once")
        self.assertStillCollected(invoice, 0, 100, 100)
        self.assertEqual(self.reported(), [(25.5,)])

    def test_several_each_in_an_entry_of_its_own_and_one_that_fails_stops_none(self):
        good, odd, last = (self.transferred() for _number in range(3))
        other = self.env["account.account"].create(
            {"name": "Archived", "code": "688887", "account_type": "asset_receivable"}
        )
        self.env.flush_all()
        # A receivable line whose account may no longer be posted to.
        self.cr.execute(
            "UPDATE account_move_line SET account_id = %s WHERE id IN %s",
            [other.id, tuple(self.receivable(odd).ids)],
        )
        other.active = False
        self.env.invalidate_all()
        wizard = self.write_off(good | odd | last)
        self.assertEqual([i.amount_residual for i in (good, odd, last)], [0, 125.5, 0])
        self.assertEqual(len(wizard.line_ids.entry_id), 2)
        failed = wizard.line_ids.filtered(lambda line: line.eligibility == "fix")
        self.assertEqual(failed.move_id, odd)
        self.assertTrue(failed.reason)
        self.assertEqual(wizard.written_count, 2)

    def test_it_says_of_each_why_it_can_not_be_written_off(self):
        good, paid = self.transferred(), self.transferred()
        own = self.create_invoice(days_overdue=20)
        self.pay(paid)
        wizard = self.write_off(good | paid | own)
        reasons = {line.move_id: line.reason for line in wizard.line_ids}
        self.assertIn("Nothing is open", reasons[paid])
        self.assertIn("does not collect", reasons[own])
        self.assertFalse(good.amount_residual)

    def test_a_closed_period_is_named_with_the_way_out(self):
        invoice = self.transferred()
        self.env.company.fiscalyear_lock_date = self.yesterday
        with self.assertRaisesRegex(
            UserError, rf"{invoice.name}.*closed period.*after"
        ):
            self.write_off(invoice, date=self.yesterday)
        self.assertEqual((invoice.amount_residual, self.loss()), (125.5, 0))
        self.write_off(invoice)
        self.assertEqual(self.loss(), 125.5)

    def test_only_a_manager_writes_off(self):
        invoice = self.transferred()
        with self.assertRaisesRegex(AccessError, "Only a Ropo manager who may post"):
            invoice.with_user(self.user).action_ropo_write_off()
        with self.assertRaisesRegex(AccessError, "Only a Ropo manager who may post"):
            self.case(invoice).with_user(self.user).sudo(
                False
            ).action_write_off_bad_debt()
        with self.assertRaises(AccessError):
            self.write_off(invoice, self.user)
        case = self.case(invoice).with_user(self.manager).sudo(False)
        action = case.action_write_off_bad_debt()
        self.assertEqual(action["context"]["active_ids"], invoice.ids)
        self.write_off(invoice, self.manager)
        self.assertEqual(self.loss(), 125.5)

    def test_in_the_currency_of_the_invoice_at_the_rate_it_was_booked_at(self):
        invoice = self.transferred(currency_id=self.sek.id)
        self.write_off(invoice)
        self.assertEqual(self.loss(), 12.55)
        self.assertStillCollected(invoice, 0, 125.5, 125.5)
        self.assertFalse(self.receivable(invoice).amount_residual)
        exchange = self.receivable(invoice).matched_credit_ids.exchange_move_id
        self.assertFalse(exchange)

    def test_a_claim_over_instalments_knows_its_own_part_alone(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Two halves",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (0, 90)
                ],
            }
        )
        invoice = self.create_invoice(
            invoice_payment_term_id=term.id,
            invoice_date=self.today - timedelta(days=60),
        )
        self.transfer(invoice, notice_date=self.reminded_on, claim_parts=True)
        capital = self.capital(invoice)
        self.write_off(invoice)
        self.report()
        self.assertEqual(self.loss(), 125.5)
        self.assertEqual(self.case(invoice).written_off, capital)
        self.assertEqual(
            (self.capital(invoice), self.row(invoice).difference), (capital, 0)
        )

    def test_what_ropo_closed_unpaid_is_written_off_by_it(self):
        invoice = self.transferred()
        case = self.case(invoice)
        self.at_ropo(case, "stage", stage="closed")
        self.run_cron("cron_poll_status")
        action = case.action_write_off()
        self.assertEqual(action["res_model"], "ropo.bad.debt.wizard")
        self.write_off(invoice)
        self.assertEqual((case.decision, self.loss()), ("write_off", 125.5))
        self.assertFalse(case.bad_debt, "nobody collects it")
        self.assertFalse(self.row(invoice).has_moved)
        self.assertFalse(case.may_decide)


class RecoveredCommon(BadDebtCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.income = cls.env["account.account"].create(
            {"name": "Recovered", "code": "388888", "account_type": "income_other"}
        )
        cls._register_collected()
        cls.account.recovered_debt_account_id = cls.income

    def balance(self, account):
        lines = self.env["account.move.line"].search(
            [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        )
        return round(sum(lines.mapped("balance")), 2)

    def collect(self, invoice, amount):
        case = self.case(invoice)
        self.at_ropo(case, "pay", amount=amount)
        self.run_cron("cron_poll_status")
        return case.event_ids.filtered(lambda e: e._is_payment()).sorted("id")[-1]


@tagged("post_install", "-at_install")
class TestRecovered(RecoveredCommon):
    """What Ropo collects of a bad debt is income: once, and with its tax."""

    def assertRecovered(self, invoice, income, capital):
        self.report()
        self.assertEqual(self.balance(self.income), -income)
        self.assertEqual(self.capital(invoice), capital)
        row = self.row(invoice)
        self.assertEqual((row.difference, row.open_amount), (0, capital))
        self.assertFalse(self.alerts())
        self.assertFalse(self.reported())

    def owed(self):
        """What the customer owes by the ledger."""
        receivable = self.company_data["default_account_receivable"]
        return self.balance(receivable)

    def test_what_ropo_recovers_is_income_and_counts_once(self):
        invoice = self.transferred()
        self.write_off(invoice)
        event = self.collect(invoice, 100)
        self.assertEqual((event.settlement, event.recovered), ("registered", 100))
        self.assertEqual(event.payment_ids.amount, 100)
        self.assertEqual(self.balance(self.outstanding), 100)
        self.assertEqual((self.owed(), self.loss()), (0, 125.5))
        self.assertRecovered(invoice, 100, 25.5)
        self.run_cron("cron_poll_status")
        self.run_cron("cron_interpret_events")
        self.assertFalse(event.is_missing or event.may_register)
        self.assertRecovered(invoice, 100, 25.5)
        self.collect(invoice, 25.5)
        self.assertEqual(self.balance(self.outstanding), 125.5)
        self.assertRecovered(invoice, 125.5, 0)
        self.assertFalse(self.case(invoice).bad_debt)

    def test_fees_that_ropo_collected_are_no_recovery(self):
        invoice = self.transferred()
        self.write_off(invoice)
        self.at_ropo(self.case(invoice), "fees", noticefee=5)
        self.collect(invoice, 100)
        self.collect(invoice, 30.5)
        self.assertEqual(self.case(invoice).recovered, 125.5)
        self.assertRecovered(invoice, 125.5, 0)

    def test_the_whole_at_once_is_not_taken_for_the_write_off(self):
        invoice = self.transferred()
        self.write_off(invoice)
        self.collect(invoice, 125.5)
        self.assertEqual(self.balance(self.outstanding), 125.5)
        self.assertRecovered(invoice, 125.5, 0)

    def test_what_is_open_is_paid_first(self):
        invoice = self.transferred()
        self.assign(invoice, self.entry(25.5, self.losses))
        self.report()
        event = self.collect(invoice, 110)
        self.assertEqual((event.recovered, invoice.amount_residual), (10, 0))
        self.assertEqual(self.balance(self.outstanding), 110)
        self.assertRecovered(invoice, 10, 15.5)

    def test_tax_that_was_relieved_is_owed_again(self):
        invoice = self.transferred()
        tax = invoice.line_ids.filtered("tax_line_id").account_id
        before = self.balance(tax)
        self.write_off(invoice, with_relief=True)
        self.assertEqual(self.balance(tax), round(before + 25.5, 2))
        event = self.collect(invoice, 62.75)
        self.assertEqual(self.balance(tax), round(before + 12.75, 2))
        tags = event.recovery_id.line_ids.tax_tag_ids
        lost = self.partials(invoice).credit_move_id.move_id.line_ids
        self.assertTrue(tags)
        self.assertEqual(tags, lost.tax_tag_ids)
        self.assertRecovered(invoice, 50, 62.75)
        self.collect(invoice, 62.75)
        self.assertEqual(self.balance(tax), before)
        self.assertRecovered(invoice, 100, 0)

    def test_what_ropo_takes_back_is_a_loss_again(self):
        invoice = self.transferred()
        self.write_off(invoice)
        self.collect(invoice, 100)
        row = {
            "statusid": "P9001",
            "jobid": int(self.case(invoice).jobid),
            "statustype": "payment",
            "statustime": fields.Datetime.to_string(fields.Datetime.now()),
            "paydate": str(self.today),
            "amount": -100,
        }
        self.env["ropo.inbox"].sudo()._store(self.account, [row])
        self.env.flush_all()
        self.env["ropo.inbox"]._run(self.account.id)
        self.env.invalidate_all()
        event = self.case(invoice).event_ids.filtered(lambda e: e.amount < 0)
        self.assertEqual((event.settlement, event.recovered), ("registered", -100))
        for account in (self.outstanding, self.income):
            self.assertEqual(self.balance(account), 0)
        self.assertEqual((self.owed(), self.loss()), (0, 125.5))
        self.assertEqual(self.case(invoice).recovered, 0)

    def test_without_an_account_for_it_a_person_is_asked(self):
        self.account.recovered_debt_account_id = False
        invoice = self.transferred()
        self.write_off(invoice)
        event = self.collect(invoice, 100)
        self.assertEqual(event.settlement, "person")
        self.assertIn("written off as a bad debt", event.settlement_note)
        self.account.recovered_debt_account_id = self.income
        event.with_user(self.manager).action_register_payment()
        self.assertRecovered(invoice, 100, 25.5)
