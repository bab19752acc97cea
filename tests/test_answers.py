"""What Ropo says to a payment: each of its numbers has a consequence of its own."""

from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .ledger import LedgerCommon


class AnswersCommon(LedgerCommon):
    def answered(self, code):
        """An invoice with a payment of 50 to which Ropo said `code`, and its request;
        reported three times over."""
        invoice = self.transferred()
        self.force(invoice, code)
        self.pay(invoice, 50)
        for _run in range(3):
            self.report()
        request = self.requests_of(invoice, "payment")
        self.assertEqual(len(request), 1, "it is said once")
        self.assertEqual(len(self.sandbox.job(billnum=invoice.name)["payments"]), 1)
        return invoice, request

    def force(self, invoice, code):
        job = self.sandbox.job(billnum=invoice.name)
        self.sandbox.post(f"jobs/{job['jobid']}/force", statusid=code)

    def questions(self):
        return self.account.activity_ids.mapped("summary")


@tagged("post_install", "-at_install")
class TestAnswers(AnswersCommon):
    def assertRefused(self, code, word):
        """Shown on the invoice, asked once, and reported when a person says so."""
        invoice, request = self.answered(code)
        self.assertEqual(request.state, "rejected")
        self.assertEqual(request.answer_meaning, "to_fix")
        self.assertIn(word, invoice.ropo_problem)
        self.assertEqual(self.questions(), ["Ropo rejected a payment or a credit"])
        self.assertEqual(invoice.ropo_state, "reminder")
        request.with_user(self.manager).action_retry()
        self.report()
        self.assertFalse(invoice.ropo_problem)
        self.assertEqual(self.capital(invoice), 75.5)

    def assertEnded(self, code):
        """A person is asked, and later payments are reported, until Ropo's own state
        of the case confirms the end."""
        invoice, request = self.answered(code)
        job = invoice.ropo_job_ids
        self.assertEqual((request.state, request.answer_meaning), ("rejected", "ended"))
        self.assertEqual(self.questions(), ["Ropo rejected a payment or a credit"])
        self.run_cron("cron_poll_status")
        self.assertEqual((job.stage, request.state), ("reminder", "rejected"))
        self.pay(invoice, 20)
        self.report()
        self.assertEqual(self.reported(), [(50,), (20,)])
        self.at_ropo(job, "stage", stage="closed")
        self.force(invoice, code)
        self.pay(invoice, 5)
        self.report()
        self.run_cron("cron_poll_status")
        refused = self.requests_of(invoice, "payment") - request
        self.assertEqual(sorted(refused.mapped("state")), ["cancelled", "done"])
        self.assertEqual(request.state, "cancelled")
        self.assertEqual((job.stage, job.open_amount), ("closed", 0))
        self.assertEqual(invoice.ropo_state, "closed")
        self.assertFalse(invoice.ropo_problem)
        question = "Ropo closed a case unpaid: a decision is needed"
        self.assertIn(question, self.questions())
        self.pay(invoice)
        self.report()
        self.assertEqual(len(self.reported()), 3)

    def test_0_undone_is_for_a_person(self):
        self.assertRefused(0, "UNDONE")

    def test_1_fail_is_for_a_person(self):
        self.assertRefused(1, "FAIL")

    def test_2_old_ends_the_case(self):
        self.assertEnded(2)

    def test_3_ropo_has_the_money_itself(self):
        invoice, request = self.answered(3)
        self.assertEqual(request.state, "cancelled")
        self.assertEqual(invoice.ropo_state, "reminder")
        self.assertFalse(invoice.ropo_problem)
        self.assertFalse(self.questions())

    def test_3_money_that_ropo_has_does_not_hide_other_money(self):
        """The event that comes later speaks for that payment, and for no other."""
        invoice = self.transferred()
        job = self.sandbox.job(jobtype=1)
        self.sandbox.post(f"jobs/{job['jobid']}/pay", amount=50)
        self.pay(invoice, 50)
        self.report()
        self.assertEqual(
            self.requests_of(invoice, "payment").answer_meaning, "own_money"
        )
        self.run_cron("cron_poll_status")
        self.pay(invoice, 50, payment_date=self.yesterday)
        self.report()
        self.assertEqual(self.reported(), [(50,), (50,)])
        self.assertEqual(self.capital(invoice), 25.5)

    def test_4_ropo_paid_it_back_itself(self):
        invoice = self.transferred()
        self.pay(invoice, 50)
        self.report()
        self.force(invoice, 4)
        self.unassign(invoice)
        for _run in range(3):
            self.report()
        self.assertEqual(self.reported(), [(50,), (-50,)])
        self.assertEqual(
            self.requests_of(invoice, "payment_reversal").state, "cancelled"
        )
        self.assertFalse(self.questions())

    def test_5_close_ends_the_case(self):
        self.assertEnded(5)

    def test_5_close_of_what_is_paid_leaves_no_question_about_the_debt(self):
        invoice = self.transferred()
        self.force(invoice, 5)
        self.pay(invoice)
        self.report()
        self.at_ropo(invoice.ropo_job_ids, "stage", stage="closed")
        self.run_cron("cron_poll_status")
        self.assertEqual(invoice.ropo_state, "closed")
        self.assertFalse(invoice.ropo_problem)
        question = "Ropo closed a case unpaid: a decision is needed"
        self.assertNotIn(question, self.questions())

    def test_6_posted_keeps_what_ropo_says_is_open(self):
        invoice = self.transferred()
        job = self.sandbox.job(jobtype=1)
        self.sandbox.post(f"jobs/{job['jobid']}/fees", interest=3.21, noticefee=5)
        self.pay(invoice, 50)
        self.report()
        case = invoice.ropo_job_ids
        self.assertEqual(
            [case.open_amount, case.open_interest, case.open_fees, case.open_total],
            [75.5, 3.21, 5, 83.71],
        )
        request = self.requests_of(invoice, "payment")
        self.assertEqual(
            [request.state, request.capital_before, request.capital_after],
            ["done", 125.5, 75.5],
        )
        self.assertFalse(self.questions())
        self.assertInStep(invoice)

    def test_6_money_that_ropo_could_not_place_is_flagged_once(self):
        invoices = [self.transferred(), self.transferred()]
        for invoice in invoices:
            job = self.sandbox.job(billnum=invoice.name)
            self.sandbox.post(f"jobs/{job['jobid']}/pay", amount=100)
            self.pay(invoice, 60)
        self.report()
        self.assertEqual(self.questions(), ["Ropo could not place some money"])
        self.assertIn("34.50", self.account.activity_ids.note)
        self.assertEqual([self.capital(invoice) for invoice in invoices], [0, 0])

    def test_8_ignored_asks_a_person(self):
        invoice, request = self.answered(8)
        self.assertEqual(request.state, "cancelled")
        self.assertEqual(invoice.ropo_state, "reminder")
        self.assertEqual(self.questions(), ["Ropo does not follow the money of a case"])

    def test_9_another_profile_is_for_a_person(self):
        self.assertRefused(9, "DIFFCID")

    def test_10_not_found_is_for_a_person(self):
        self.assertRefused(10, "NOT FOUND")

    def test_11_cancelled_ends_the_case(self):
        self.assertEnded(11)

    def test_the_same_question_is_asked_once_and_another_one_too(self):
        for _time in range(2):
            self.answered(10)
        self.answered(8)
        self.assertEqual(
            sorted(self.questions()),
            [
                "Ropo does not follow the money of a case",
                "Ropo rejected a payment or a credit",
            ],
        )


@tagged("post_install", "-at_install")
class TestMoneyThroughRopo(AnswersCommon):
    def paid_at_ropo(self, invoice, amount, days=0):
        """The debtor pays at Ropo, which reports it."""
        job = self.sandbox.job(billnum=invoice.name, jobtype=1)
        day = (self.today - timedelta(days=days)).isoformat()
        self.sandbox.post(f"jobs/{job['jobid']}/pay", amount=amount, date=day)
        self.run_cron("cron_poll_status")

    def doubtful(self):
        """Ropo reports 50, the ledger books 49.50 on the same day."""
        invoice = self.transferred()
        self.paid_at_ropo(invoice, 50)
        self.pay(invoice, 49.5)
        for _run in range(3):
            self.report()
        return invoice, self.requests_of(invoice, "payment")

    def test_similar_money_waits_for_a_person_who_is_asked_once(self):
        invoice, request = self.doubtful()
        self.assertEqual(self.reported(), [])
        self.assertEqual(len(request), 1)
        self.assertEqual(request.state, "rejected")
        self.assertIn("50.00", request.error)
        self.assertEqual(invoice.ropo_problem, request.error)
        self.assertEqual(self.questions(), ["Is this a duplicate payment?"])

    def test_a_person_says_that_it_is_other_money(self):
        invoice, request = self.doubtful()
        request.with_user(self.manager).action_retry()
        self.report()
        self.assertEqual(self.reported(), [(49.5,)])
        self.assertEqual(self.capital(invoice), 26)
        self.assertFalse(invoice.ropo_problem)

    def test_a_person_says_that_it_came_through_ropo(self):
        invoice, request = self.doubtful()
        request.with_user(self.manager).action_came_through_ropo()
        self.report()
        self.assertEqual(self.reported(), [])
        self.assertFalse(invoice.ropo_problem)
        # What speaks for this payment speaks for no other.
        self.pay(invoice, 50)
        self.report()
        self.assertEqual(self.reported(), [(50,)])

    def test_only_a_manager_says_so(self):
        _invoice, request = self.doubtful()
        with self.assertRaises(AccessError):
            request.with_user(self.user).action_came_through_ropo()

    def test_doubtful_money_that_is_gone_needs_nobody(self):
        invoice, request = self.doubtful()
        self.unassign(invoice)
        self.report()
        self.assertEqual(request.state, "cancelled")
        self.assertFalse(invoice.ropo_problem)

    def test_the_same_amount_weeks_later_is_doubtful_and_months_later_is_not(self):
        invoice = self.transferred()
        self.paid_at_ropo(invoice, 30)
        self.pay(invoice, 30, payment_date=self.today - timedelta(days=20))
        self.pay(invoice, 30, payment_date=self.today - timedelta(days=90))
        self.report()
        self.assertEqual(self.reported(), [(30,)])
        self.assertEqual(
            sorted(self.requests_of(invoice, "payment").mapped("state")),
            ["done", "rejected"],
        )

    def test_money_on_a_settlement_journal_does_not_hide_other_money(self):
        """What Ropo reported and paid out is that money, and no other of its amount."""
        invoice = self.transferred()
        self.paid_at_ropo(invoice, 50)
        self.cash.ropo_settlement = True
        self.pay(invoice, 50, journal_id=self.cash.id)
        self.pay(invoice, 50, payment_date=self.yesterday)
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)

    def test_equal_money_on_the_same_day_waits_for_a_person(self):
        """The customer may have paid once to Ropo and once to us."""
        invoice = self.transferred()
        self.paid_at_ropo(invoice, 50)
        self.pay(invoice, 50)
        for _run in range(3):
            self.report()
        request = self.requests_of(invoice, "payment")
        self.assertEqual((request.state, self.reported()), ("rejected", []))
        self.assertEqual(self.questions(), ["Is this a duplicate payment?"])
        request.with_user(self.manager).action_retry()
        self.report()
        self.assertEqual(self.reported(), [(50,)])

    def test_equal_money_is_not_asked_about_where_ropos_is_booked_already(self):
        invoice = self.transferred()
        self.paid_at_ropo(invoice, 50)
        self.cash.ropo_settlement = True
        self.pay(invoice, 50, journal_id=self.cash.id)
        self.report()
        self.pay(invoice, 50, payment_date=self.yesterday)
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertFalse(self.questions())
        self.assertInStep(invoice)

    def test_a_credit_note_is_never_taken_for_ropos_money(self):
        invoice = self.transferred()
        self.paid_at_ropo(invoice, 25.1)
        self.credit(invoice, 20)
        self.report()
        self.assertEqual(self.reported(), [(25.1,)])
        self.assertFalse(self.questions())

    def test_reported_money_reconciled_anew_is_asked_about_once(self):
        invoice = self.transferred()
        self.paid_at_ropo(invoice, 50)
        payment = self.pay(invoice, 50)
        self.report()
        self.came_through_ropo(invoice)
        self.unassign(invoice)
        self.report()
        self.assign(invoice, payment.move_id)
        self.report()
        self.assertEqual(self.reported(), [])
        self.assertInStep(invoice)

    def test_reported_money_whose_payment_is_gone_is_found_in_another(self):
        invoice = self.transferred()
        self.paid_at_ropo(invoice, 50)
        payment = self.pay(invoice, 50)
        self.report()
        self.came_through_ropo(invoice)
        payment.action_draft()
        payment.unlink()
        self.report()
        self.pay(invoice, 50)
        self.report()
        self.came_through_ropo(invoice)
        self.assertEqual(self.reported(), [])
        self.assertInStep(invoice)

    def came_through_ropo(self, invoice):
        asked = self.requests_of(invoice, "payment").filtered(
            lambda request: request.state == "rejected"
        )
        asked.with_user(self.manager).action_came_through_ropo()
