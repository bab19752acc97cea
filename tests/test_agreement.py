"""Cases that have ended and agree with the ledger are left until their ledger moves."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..services.agreement import LAST_DAY
from .ledger import LedgerCommon


@tagged("post_install", "-at_install")
class TestAgreement(LedgerCommon):
    # --- helpers ---

    def paid(self, amount=None):
        """Transferred, paid in full and reported, compared once more and so left:
        `(invoice, case, payment)`."""
        invoice = self.transferred()
        payment = self.pay(invoice, amount)
        self.report()
        self.compare()
        case = self.case(invoice)
        self.assertEqual(bool(case.agreed_at), not amount, "else no test")
        return invoice, case, payment

    def compared(self):
        """The cases that the next run holds against the ledger."""
        self.env.flush_all()
        query = self.env["ropo.agreement"]._compared()
        rows = self.env.execute_query_dict(query)
        return self.env["ropo.job"].browse(row["id"] for row in rows)

    # --- they are left ---

    def test_a_case_that_has_ended_and_agrees_is_compared_no_more(self):
        _invoice, case, _payment = self.paid()
        self.assertEqual(case.stage, "paid", "else no test")
        self.assertTrue(case.agreed_at)
        with self.weeks_later():
            self.assertNotIn(case, self.compared())

    def test_a_credited_case_that_agrees_is_compared_no_more(self):
        invoice = self.transferred()
        self.credit(invoice)
        self.report()
        self.report()
        self.assertEqual(self.case(invoice).stage, "credited", "else no test")
        self.assertTrue(self.case(invoice).agreed_at)

    def test_a_case_that_has_not_ended_is_always_compared(self):
        _invoice, case, _payment = self.paid(25.5)
        self.assertFalse(case.agreed_at)
        with self.weeks_later():
            self.assertIn(case, self.compared())

    def test_a_case_is_left_only_when_ropo_has_got_all_of_it(self):
        invoice = self.transferred()
        case = self.case(invoice)
        self.pay(invoice, 100)
        self.pay(invoice)
        self.compare()
        case.stage = "paid"  # as Ropo may say before it has our reports
        self.compare()
        self.assertFalse(case.agreed_at)
        self.work_off()
        self.compare()
        self.assertTrue(case.agreed_at)

    def test_a_case_whose_report_ropo_refused_is_not_left(self):
        invoice = self.transferred()
        case = self.case(invoice)
        self.pay(invoice)
        self.compare()
        self.requests_of(invoice, "payment").sudo().write(
            {"state": "rejected", "error": "No."}
        )
        case.stage = "paid"
        self.compare()
        self.assertFalse(case.agreed_at)

    def test_money_of_ropos_that_is_not_booked_keeps_the_case(self):
        invoice = self.transferred()
        case = self.case(invoice)
        self.at_ropo(case, "pay", amount=125.5)
        self.run_cron("cron_poll_status")
        self.compare()
        self.assertEqual(case.stage, "paid", "else no test")
        self.assertFalse(case.agreed_at)
        with self.weeks_later():
            self.assertIn(case, self.compared())

    def test_a_payment_that_the_statement_has_not_got_keeps_the_case(self):
        """Where payments count by the statement, no new reconciliation of the invoice
        shows that the bank has it."""
        self.account.count_payment = "bank"
        invoice = self.transferred()
        case = self.case(invoice)
        self.with_outstanding_account()
        payment = self.pay(invoice)
        case.stage = "paid"
        self.report()
        self.assertFalse(invoice.amount_residual, "else no test")
        self.assertFalse(case.agreed_at)
        self.match(self.bank_line(125.5), self.waiting(payment))
        with self.weeks_later():
            self.report()
        self.assertEqual(self.reported(), [(125.5,)])
        self.report()
        self.assertTrue(case.agreed_at)

    # --- they come back ---

    def test_a_payment_that_is_taken_off_brings_the_case_back(self):
        invoice, case, _payment = self.paid()
        with self.weeks_later():
            self.unassign(invoice)
            self.report()
        self.assertEqual(self.reported(), [(125.5,), (-125.5,)])
        self.assertInStep(invoice)
        self.assertFalse(case.agreed_at)

    def test_a_payment_that_is_reset_to_draft_brings_the_case_back(self):
        invoice, _case, payment = self.paid()
        with self.weeks_later():
            payment.action_draft()
            self.env.flush_all()
            self.assertFalse(invoice.amount_residual, "else another sign shows it")
            self.report()
        self.assertEqual(self.reported(), [(125.5,), (-125.5,)])

    def test_a_payment_that_is_deleted_brings_the_case_back(self):
        invoice, _case, payment = self.paid()
        with self.weeks_later():
            payment.action_draft()
            payment.unlink()
            self.report()
        self.assertEqual(self.reported(), [(125.5,), (-125.5,)])
        self.assertInStep(invoice)

    def test_a_payment_that_another_one_takes_the_place_of_brings_the_case_back(self):
        """Nothing is open in between that a run would see."""
        invoice, _case, _payment = self.paid()
        with self.weeks_later():
            self.unassign(invoice)
            for amount in (100, 25.5):
                payment = self.loose_payment(amount)
                self.assign(invoice, payment.move_id)
            self.env.flush_all()
            self.assertFalse(invoice.amount_residual, "else another sign shows it")
            self.report()
        self.assertEqual(
            sorted(self.reported()), [(-125.5,), (25.5,), (100,), (125.5,)]
        )
        self.report()
        self.assertInStep(invoice)

    def test_a_stage_that_ropo_changes_brings_the_case_back(self):
        _invoice, case, _payment = self.paid()
        case._enter_stage("collection", fields.Datetime.now())
        self.assertFalse(case.agreed_at)

    def test_an_invoice_that_is_transferred_anew_keeps_an_eye_on_its_earlier_case(self):
        invoice, case, _payment = self.paid()
        with self.weeks_later():
            self.unassign(invoice)
            invoice.ropo_state = "reminder"
            self.report()
        self.assertEqual(self.reported(), [(125.5,), (-125.5,)])

    def test_what_could_not_be_queued_stays_compared(self):
        invoice, case, _payment = self.paid()
        with (
            self.weeks_later(),
            patch.object(
                type(self.env["ropo.comparison"]), "_queue_rows", side_effect=ValueError
            ),
            self.assertLogs("odoo.addons.ropo_connect", "ERROR"),
        ):
            self.unassign(invoice)
            self.compare()
        self.assertFalse(case.agreed_at)

    def test_each_case_that_was_left_is_compared_once_in_a_week(self):
        """Whatever has changed it unseen, such as a script on the database."""
        _invoice, case, _payment = self.paid()
        self.env.flush_all()
        self.cr.execute("DELETE FROM ropo_request WHERE job_id = %s", [case.id])
        self.env.invalidate_all()
        with self.weeks_later():
            self.report()
            self.assertTrue(case.agreed_at, "else no test")
            days = [self.today + timedelta(days=number) for number in range(7)]
            back = []
            for day in days:
                with patch.object(fields.Date, "today", return_value=day):
                    self.run_cron("cron_compare_ended")
                back.append(not case.agreed_at)
            self.assertTrue(back[-1])
            self.assertIn(self.case(case.move_id), self.compared())

    # --- which reconciliations are new ---

    def last_seen(self):
        self.env.flush_all()
        return self.env["ropo.agreement"]._last_seen()

    def made(self, invoice, days_ago):
        """Has the reconciliation of this invoice made so many days ago."""
        partial = self.partials(invoice)
        self.env.flush_all()
        self.cr.execute(
            "UPDATE account_partial_reconcile SET create_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(days=days_ago), partial.id],
        )
        return partial.id

    def test_what_was_made_since_a_day_before_the_last_run_is_new(self):
        parameters = self.env["ir.config_parameter"].sudo()
        old, recent = (self.made(self.paid()[0], days_ago) for days_ago in (9, 6))
        self.paid()
        # The scheduled actions stood still for some days.
        for days, seen in ((3, recent), (6, old), (9, 0)):
            parameters.set_param(LAST_DAY, self.today - timedelta(days=days))
            with self.subTest(days=days):
                self.assertEqual(self.last_seen() >= old, bool(seen))
                self.assertEqual(self.last_seen() >= recent, seen == recent)

    def test_a_run_notes_its_day(self):
        self.paid()
        day = self.env["ir.config_parameter"].sudo().get_param(LAST_DAY)
        self.assertEqual(day, fields.Date.to_string(fields.Date.today()))
