"""OCA's job queue and Ropo, both installed: an account is worked off by jobs."""

from datetime import timedelta

from odoo import fields
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tests.common import get_db_name

from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.job import Job
from odoo.addons.ropo_connect.models.ropo_request import WORKER_LOCK
from odoo.addons.ropo_connect.services import due
from odoo.addons.ropo_connect.tests.test_outbox import OutboxCommon

LATER = timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestJobs(OutboxCommon):
    # --- helpers ---

    def waiting(self, method="_work_off_outbox"):
        jobs = self.env["queue.job"].sudo()
        return jobs.search(
            [("method_name", "=", method), ("state", "=", "pending")], order="id"
        )

    def perform(self, job):
        """As the job runner does."""
        job = Job.load(self.env(su=True), job.uuid)
        job.perform()
        job.set_done()
        job.store()
        self.env.invalidate_all()

    # --- the outbox ---

    def test_many_that_are_sent_are_one_job_of_their_account(self):
        requests = self.put(self.create_invoices(3))
        self.put(self.create_invoices(2))
        job = self.waiting()
        self.assertEqual(len(job), 1)
        self.assertEqual(job.records, self.account)
        self.assertEqual(job.channel, "root.ropo")
        self.perform(job)
        self.assertStates(requests, "done", "done", "done")
        self.assertFalse(self.waiting())

    def test_a_payment_that_is_to_be_reported_is_a_job(self):
        invoice = self.transferred()
        self.pay(invoice, 25)
        self.compare()
        self.perform(self.waiting())
        self.assertStates(self.requests_of(invoice, "payment"), "done")

    def test_the_scheduled_action_only_sees_that_no_account_is_forgotten(self):
        requests = self.put(self.create_invoices(2))
        self.waiting().unlink()
        self.run_cron("cron_process_requests")
        self.assertStates(requests, "queued", "queued")
        self.perform(self.waiting())
        self.assertStates(requests, "done", "done")

    def test_what_a_job_had_no_time_for_is_another_job(self):
        requests = self.put(self.create_invoices(3))
        job = self.waiting()
        job.state = "started"  # by the job runner
        self.account.batch_size = self.account.max_concurrency = 1
        self.env.flush_all()
        self.patch(due, "BATCHES_PER_RESERVATION", 1)
        outbox = type(self.env["ropo.outbox"])
        dispatch = outbox._dispatch_next

        def once(this, *args):
            done = this.env["ropo.request"].search_count([("state", "=", "done")])
            return None if done else dispatch(this, *args)

        self.patch(outbox, "_dispatch_next", once)
        self.account.sudo()._work_off_outbox()
        self.env.invalidate_all()
        self.assertIn("queued", requests.mapped("state"), "else no test")
        self.assertEqual(len(self.waiting()), 1)

    def test_while_another_worker_is_at_the_account_the_job_waits_a_moment(self):
        requests = self.put(self.create_invoices(2))
        with db_connect(get_db_name()).cursor() as cr:
            lock = [WORKER_LOCK, self.account.id]
            cr.execute("SELECT pg_advisory_lock(%s, %s)", lock)
            with self.assertRaises(RetryableJobError) as raised:
                self.account.sudo()._work_off_outbox()
            cr.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
        self.assertEqual(raised.exception.seconds, 5)
        self.assertStates(requests, "queued", "queued")

    def test_an_account_that_rests_is_a_job_of_later(self):
        self.sandbox.fault("throttle", "*", times=9, retry_after=600)
        self.put(self.create_invoices(2))
        self.perform(self.waiting())
        self.account.invalidate_recordset()
        self.assertGreater(self.account.paused_until, fields.Datetime.now())
        (later,) = self.waiting()
        self.assertGreaterEqual(later.eta, self.account.paused_until)

    def test_a_job_of_later_comes_earlier_where_that_is_wanted_and_never_holds_up(self):
        now = fields.Datetime.now()
        self.account.sudo()._delay_outbox(now + LATER)
        self.account.sudo()._delay_outbox(now + LATER / 2)
        self.assertEqual(self.waiting().eta, now + LATER / 2)
        self.account.sudo()._delay_outbox(now + LATER)
        self.assertEqual(self.waiting().eta, now + LATER / 2)
        self.account.sudo()._delay_outbox()
        self.assertEqual(len(self.waiting()), 2)

    # --- the inbox ---

    def test_news_are_fetched_by_a_job_of_each_account(self):
        _invoice, case = self.transferred_case()
        self.at_ropo(case, "stage", stage="collection")
        self.run_cron("cron_poll_status")
        self.assertNotEqual(case.stage, "collection")
        jobs = self.waiting("_fetch_news")
        self.perform(jobs.filtered(lambda job: job.records == self.account))
        self.assertEqual(case.stage, "collection")
        self.assertTrue(self.account.polled_at)

    def test_where_ropo_can_not_be_asked_the_job_is_tried_again_later(self):
        self.sandbox.fault("drop_before", "/rest/jobs/statusupdates", times=9)
        with self.assertRaises(RetryableJobError):
            self.account.sudo()._fetch_news(True)
        function = self.env.ref("ropo_connect_queue_job.job_fetch_news").sudo()
        self.assertEqual(function._parse_retry_pattern(), {1: 60, 2: 600, 4: 3600})
