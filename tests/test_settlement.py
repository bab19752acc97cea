"""What Ropo collected is in the ledger: once, reversible, and never reported back."""

from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import file_path, mute_logger

from .common import RopoCommon


@tagged("post_install", "-at_install")
class TestSettlement(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._register_collected()

    # --- helpers ---

    def collect(self, job, amount, **values):
        """The debtor pays at Ropo, and Odoo learns of it."""
        self.sandbox.post(f"jobs/{job.jobid}/pay", amount=amount, **values)
        self.run_cron("cron_poll_status")
        return job.event_ids.filtered(lambda e: e._is_payment()).sorted("id")[-1]

    def take(self, job, number, amount, **values):
        """Ropo reports a payment, or a reversed one, in a row."""
        row = {
            "statusid": f"P{number}",
            "jobid": int(job.jobid),
            "statustype": "payment",
            "statustime": fields.Datetime.to_string(fields.Datetime.now()),
            "paydate": str(self.today),
            "amount": amount,
            **values,
        }
        self.env["ropo.inbox"].sudo()._store(self.account, [row])
        self.take_in()
        return job.event_ids.filtered(lambda e: e.external_id == f"P{number}")

    def take_in(self):
        self.env.flush_all()
        self.env["ropo.inbox"]._run(self.account.id)
        self.env.invalidate_all()

    def reported(self, invoice):
        self.run_cron("cron_post_payments")
        self.work_off()
        return self.requests_of(invoice).filtered(lambda r: "payment" in r.operation)

    # --- registered ---

    def test_what_ropo_collected_is_registered_reconciled_and_never_reported_back(self):
        invoice, job = self.transferred_case()
        event = self.collect(job, 25.5)
        payment = event.payment_ids
        self.assertEqual(
            (payment.amount, payment.date, payment.journal_id, payment.payment_type),
            (25.5, self.today, self.journal, "inbound"),
        )
        self.assertEqual(payment.outstanding_account_id, self.outstanding)
        self.assertEqual(payment.currency_id, invoice.currency_id)
        self.assertEqual(invoice.amount_residual, 100)
        self.assertEqual(invoice.payment_state, "partial")
        self.assertEqual(event.settlement, "registered")
        self.assertFalse(self.reported(invoice))
        self.assertEqual(self.sandbox.job()["capital"], 100)
        self.assertEqual(job.open_amount, 100)

    def test_once_per_event_whatever_is_run_again(self):
        invoice, job = self.transferred_case()
        event = self.collect(job, 25.5)
        event.action_interpret()
        self.take_in()
        self.run_cron("cron_poll_status")
        self.run_cron("cron_interpret_events")
        self.assertEqual(len(event.payment_ids), 1)
        self.assertEqual((invoice.amount_residual, job.open_amount), (100, 100))
        with self.assertRaises(UserError):
            event.with_user(self.user).action_register_payment()

    def test_the_database_lets_no_event_be_registered_twice(self):
        _invoice, job = self.transferred_case()
        payment = self.collect(job, 25.5).payment_ids
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            payment.copy({"ropo_event_id": payment.ropo_event_id.id})
            self.env.flush_all()

    def test_a_payment_that_a_user_undoes_is_not_registered_again(self):
        for undo in ("action_cancel", "unlink"):
            with self.subTest(undo):
                invoice, job = self.transferred_case()
                event = self.collect(job, 25.5)
                event.payment_ids.action_draft()
                getattr(event.payment_ids, undo)()
                self.take_in()
                self.run_cron("cron_poll_status")
                self.assertEqual(invoice.amount_residual, 125.5)
                self.assertFalse(self.reported(invoice))

    def test_the_whole_amount_pays_the_invoice(self):
        invoice, job = self.transferred_case()
        self.collect(job, 125.5)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual((job.stage, invoice.ropo_state), ("paid", "closed"))
        self.assertFalse(self.reported(invoice))

    def test_two_equal_payments_are_two(self):
        invoice, job = self.transferred_case()
        self.collect(job, 20)
        self.collect(job, 20)
        self.assertEqual(invoice.amount_residual, 85.5)

    def test_in_the_currency_of_the_case_on_the_day_of_the_money(self):
        currency = self.setup_other_currency("SEK")
        invoice = self.create_invoice(days_overdue=20, currency_id=currency.id)
        self.transfer(invoice)
        day = self.today - timedelta(days=3)
        event = self.collect(invoice.ropo_job_ids.sudo(), 25.5, date=str(day))
        payment = event.payment_ids
        self.assertEqual((payment.currency_id, payment.date), (currency, day))
        self.assertEqual(invoice.amount_residual, 100)

    # --- reversed ---

    def test_what_ropo_takes_back_is_taken_back_once(self):
        invoice, job = self.transferred_case()
        first = self.take(job, 1, 25.5)
        second = self.take(job, 2, 25.5)
        self.assertEqual(invoice.amount_residual, 74.5)
        reversal = self.take(job, 3, -25.5)
        self.assertEqual(reversal.reverses_id, second)
        self.assertEqual(reversal.payment_ids.payment_type, "outbound")
        self.assertEqual(invoice.amount_residual, 100)
        self.assertEqual(job.open_amount, 100)
        self.take_in()
        self.assertEqual(invoice.amount_residual, 100)
        self.assertEqual(self.take(job, 4, -25.5).reverses_id, first)
        self.assertEqual(invoice.amount_residual, 125.5)
        balance = sum(
            self.env["account.move.line"]
            .search([("account_id", "=", self.outstanding.id)])
            .mapped("balance")
        )
        self.assertEqual(balance, 0)
        self.assertFalse(self.reported(invoice))

    def test_a_reversal_that_comes_first_waits_for_its_payment(self):
        invoice, job = self.transferred_case()
        reversal = self.take(job, 2, -25.5)
        self.assertEqual(reversal.settlement, "waiting")
        self.take(job, 1, 25.5)
        self.assertEqual(reversal.settlement, "registered")
        self.assertEqual(invoice.amount_residual, 125.5)
        alone = self.take(job, 3, -7)
        with freeze_time(fields.Datetime.now() + timedelta(days=4)):
            self.take_in()
        self.assertEqual(alone.settlement, "person")

    def test_what_somebody_undid_already_needs_no_undoing(self):
        invoice, job = self.transferred_case()
        first = self.take(job, 1, 25.5)
        first.payment_ids.action_draft()
        first.payment_ids.action_cancel()
        reversal = self.take(job, 2, -25.5)
        self.assertEqual(reversal.settlement, "registered")
        self.assertFalse(reversal.payment_ids)
        self.assertEqual(invoice.amount_residual, 125.5)

    # --- what needs a person ---

    def test_more_than_is_open_is_registered_as_far_as_it_goes(self):
        invoice, job = self.transferred_case()
        event = self.take(job, 1, 150)
        self.assertEqual(event.payment_ids.amount, 125.5)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(event.settlement, "person")
        self.assertIn("24.50", event.settlement_note)
        self.assertEqual(len(self.account.activity_ids), 1)

    def test_an_invoice_that_is_paid_already_asks_a_person_once(self):
        invoice, job = self.transferred_case()
        self.pay(invoice)
        self.reported(invoice)
        events = self.take(job, 1, 20) | self.take(job, 2, 30)
        self.assertEqual(events.mapped("settlement"), ["person", "person"])
        self.assertIn("nothing open", events[0].settlement_note)
        self.assertFalse(events.payment_ids)
        self.assertEqual(len(self.account.activity_ids), 1)

    def test_money_that_was_booked_by_hand_in_ropos_journal_is_not_booked_again(self):
        invoice, job = self.transferred_case()
        self.pay(invoice, 25.5, journal_id=self.journal.id)
        event = self.take(job, 1, 25.5)
        self.assertEqual(event.settlement, "booked")
        self.assertEqual(invoice.amount_residual, 100)
        self.assertFalse(self.reported(invoice), "it came through Ropo")
        self.assertFalse(event.may_register)

    def test_money_whose_booking_is_undone_is_missing_again(self):
        invoice, job = self.transferred_case()
        self.pay(invoice, 25.5, journal_id=self.journal.id)
        event = self.take(job, 1, 25.5)
        self.assertEqual((event.settlement, event.is_missing), ("booked", False))
        invoice.line_ids.remove_move_reconcile()
        self.assertFalse(self.reported(invoice), "it came through Ropo")
        self.assertTrue(event.is_missing)
        event.with_user(self.user).action_register_payment()
        self.assertEqual(
            (event.settlement, invoice.amount_residual), ("registered", 100)
        )
        self.assertFalse(event.is_missing or event.may_register)

    def test_what_the_comparison_finds_waits_for_nobody_any_more(self):
        self.account.settlement_journal_id = False
        invoice, job = self.transferred_case()
        event = self.take(job, 1, 25.5)
        self.assertEqual((event.settlement, event.is_missing), ("person", True))
        self.account.settlement_journal_ids = self.journal
        self.pay(invoice, 25.5, journal_id=self.journal.id)
        self.assertFalse(self.reported(invoice), "it came through Ropo")
        self.assertEqual((event.settlement, event.is_missing), ("booked", False))
        self.assertFalse(event.settlement_note or event.may_register)

    def test_an_upgrade_stores_the_same_as_is_computed(self):
        _invoice, job = self.transferred_case()
        self.take(job, 1, 25.5)
        self.account.settlement_journal_id = False
        missing = self.take(job, 2, 10) | self.take(job, 3, -10)
        events = job.event_ids
        self.assertEqual(events.filtered("is_missing"), missing)
        self.env.flush_all()
        self.cr.execute("UPDATE ropo_event SET is_missing = NULL")
        path = file_path("ropo_connect/migrations/19.0.1.2.0/pre-migrate.py")
        spec = spec_from_file_location("ropo_pre_migrate", path)
        script = module_from_spec(spec)
        spec.loader.exec_module(script)
        script.store_what_is_missing(self.cr)
        self.env.invalidate_all()
        self.assertEqual(events.filtered("is_missing"), missing)

    def equal_money(self):
        """Ropo and the ledger have 25.50 each; a person is asked whether it is one."""
        invoice, job = self.transferred_case()
        self.pay(invoice, 25.5)
        event = self.take(job, 1, 25.5)
        self.assertEqual((event.settlement, invoice.amount_residual), ("person", 100))
        request = self.reported(invoice)
        self.assertEqual((request.state, request.doubt_event_id), ("rejected", event))
        return invoice, event, request.with_user(self.manager)

    def test_equal_money_in_the_ledger_is_one_when_a_person_says_so(self):
        invoice, event, request = self.equal_money()
        request.action_came_through_ropo()
        self.take_in()
        self.assertEqual(event.settlement, "booked")
        self.assertFalse(event.settlement_note or event.payment_ids)
        self.assertEqual(invoice.amount_residual, 100)

    def test_equal_money_in_the_ledger_is_registered_too_when_it_is_other_money(self):
        invoice, event, request = self.equal_money()
        request.action_retry()
        self.take_in()
        self.assertEqual(event.settlement, "registered")
        self.assertEqual(invoice.amount_residual, 74.5)

    def test_a_closed_period_waits_for_a_person_who_books_it_later(
        self,
    ):
        invoice, job = self.transferred_case()
        lock = self.today - timedelta(days=1)
        self.env.company.fiscalyear_lock_date = lock
        event = self.take(job, 1, 25.5, paydate=str(lock - timedelta(days=2)))
        self.assertEqual(event.settlement, "person")
        self.assertIn("closed period", event.settlement_note)
        event.with_user(self.user).action_register_payment()
        self.assertEqual(event.payment_ids.date, self.today)
        self.assertEqual(
            (event.settlement, invoice.amount_residual), ("registered", 100)
        )

    def test_one_that_fails_does_not_stop_the_others(self):
        invoice, job = self.transferred_case()
        broken, broken_job = self.transferred_case()
        self.account.register_payments = False
        bad = self.take(broken_job, 1, 10)
        self.account.register_payments = True
        bad.settlement = "waiting"
        bad.move_id = False  # nothing of the kind should be; it must not stop others
        self.take(job, 2, 25.5)
        self.assertEqual(bad.settlement, "person")
        self.assertEqual(invoice.amount_residual, 100)

    # --- settings ---

    def test_without_the_setting_it_is_shown_and_offered_as_a_button(self):
        self.account.register_payments = False
        invoice, job = self.transferred_case()
        event = self.collect(job, 25.5)
        self.assertFalse(event.settlement or event.payment_ids)
        self.assertTrue(event.may_register)
        self.account.register_payments = True
        self.take_in()
        self.assertFalse(event.payment_ids, "what was before stays as it is")
        event.with_user(self.user).action_register_payment()
        self.assertEqual(invoice.amount_residual, 100)
        self.assertFalse(event.may_register)
        self.assertFalse(self.reported(invoice))

    def test_a_missing_journal_or_account_is_said(self):
        self.account.write(
            {
                "settlement_journal_id": False,
                "settlement_journal_ids": [Command.clear()],
            }
        )
        _invoice, job = self.transferred_case()
        event = self.take(job, 1, 25.5)
        self.assertIn("names no journal", event.settlement_note)
        self.account.settlement_journal_id = self.journal
        self.assertEqual(self.account.settlement_journal_ids, self.journal)
        self.journal.inbound_payment_method_line_ids.payment_account_id = False
        with self.assertRaisesRegex(UserError, "no outstanding account"):
            event.with_user(self.user).action_register_payment()

    def test_a_journal_of_another_company_is_refused(self):
        other = self.setup_other_company(name="Other Oy")
        with self.assertRaises(UserError):
            self.account.settlement_journal_id = other["default_journal_bank"]
            self.env.flush_all()

    def test_money_that_we_reported_to_ropo_is_not_registered(self):
        profile = {"cid": "700001", "apicode": "sandbox-apicode"}
        self.sandbox.post("profiles", **profile, status_rows="full")
        invoice, job = self.transferred_case()
        self.pay(invoice, 25.5)
        self.reported(invoice)
        self.run_cron("cron_poll_status")
        echo = job.event_ids.filtered("request_id")
        self.assertTrue(echo)
        self.assertFalse(echo.payment_ids or echo.settlement or echo.may_register)
        self.assertEqual(invoice.amount_residual, 100)

    def test_only_a_ropo_user_registers(self):
        self.account.register_payments = False
        _invoice, job = self.transferred_case()
        event = self.collect(job, 25.5)
        for groups in ("account.group_account_readonly", "base.group_user"):
            user = new_test_user(
                self.env, login=groups, groups=groups, company_id=self.env.company.id
            )
            with self.assertRaises(AccessError):
                event.with_user(user).action_register_payment()
