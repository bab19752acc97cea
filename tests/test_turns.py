"""Accounts are worked off side by side, each in its turn, and nobody who sends one
invoice waits for a night's run."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tests.common import get_db_name

from ..models import ropo_event
from ..models.ropo_request import WORKER_LOCK
from ..services import due, outbox
from .test_outbox import OutboxCommon


@tagged("post_install", "-at_install")
class TestTurns(OutboxCommon):
    # --- helpers ---

    def setUp(self):
        super().setUp()
        self.account.write({"batch_size": 1, "max_concurrency": 1})
        self.other = self.account.copy(
            {"name": "Example Two", "cid": "700002", "apicode": "sandbox-apicode-2"}
        )
        journal = self.company_data["default_journal_sale"]
        self.journal = journal.copy({"code": "INV2"})
        self.journal.ropo_account_id = self.other

    def fill(self, count=1):
        """So many invoices of either account wait; `(those of one, those of other)`."""
        return [
            self.put(
                self.env["account.move"].union(
                    *(
                        self.create_invoice(journal_id=journal.id)
                        for _number in range(count)
                    )
                )
            )
            for journal in (self.company_data["default_journal_sale"], self.journal)
        ]

    def came(self):
        """The accounts whose invoices came to Ropo, in that order."""
        jobs = sorted(self.sandbox.jobs(), key=lambda job: job["jobid"])
        return [job["cid"] for job in jobs]

    @contextmanager
    def another_worker(self, account):
        """Works for this account meanwhile."""
        with db_connect(get_db_name()).cursor() as cr:
            cr.execute("SELECT pg_advisory_lock(%s, %s)", [WORKER_LOCK, account.id])
            yield
            cr.execute("SELECT pg_advisory_unlock(%s, %s)", [WORKER_LOCK, account.id])

    def progress(self, name="cron_process_requests"):
        cron = self.env.ref(f"ropo_connect.{name}")
        return self.env["ir.cron.progress"].search(
            [("cron_id", "=", cron.id)], order="id desc", limit=1
        )

    def called(self):
        """Which helpers are to run at once."""
        triggers = self.env["ir.cron.trigger"].search([])
        names = triggers.cron_id.mapped("cron_name")
        return sorted(name for name in names if "Worker" in name)

    # --- turns ---

    def test_the_account_that_has_waited_longest_is_next(self):
        accounts = self.account | self.other
        now = fields.Datetime.now()
        for first, second in ((0, 1), (1, 0)):
            with self.subTest(first=first):
                self.start_anew()
                self.fill()
                accounts[first].last_turn = now - timedelta(minutes=2)
                accounts[second].last_turn = now - timedelta(minutes=1)
                self.run_cron("cron_process_requests")
                self.assertEqual(
                    self.came(), [accounts[first].cid, accounts[second].cid]
                )
        self.assertGreaterEqual(self.account.last_turn, now)

    def test_an_account_with_much_to_do_lets_others_have_their_turns(self):
        mine, others = self.fill(5)
        self.account.last_turn = fields.Datetime.now() - timedelta(days=1)
        self.sandbox.post("latency", ms=60)
        # Two calls are under way at most, and the first takes longer than a turn.
        with (
            patch.object(outbox, "TURN", 0.05),
            patch.object(due, "BATCHES_PER_RESERVATION", 1),
        ):
            self.run_cron("cron_process_requests")
        self.sandbox.post("latency", ms=0)
        self.assertStates(mine | others, *["done"] * 10)
        came = self.came()
        turns = [cid for n, cid in enumerate(came) if not n or came[n - 1] != cid]
        self.assertGreater(len(turns), 3, came)

    def test_an_account_that_another_worker_works_for_is_passed_over(self):
        mine, others = self.fill()
        with self.another_worker(self.account):
            self.run_cron("cron_process_requests")
        self.assertStates(mine | others, "queued", "done")
        # That worker comes back for it; this one would only be busy.
        self.assertFalse(self.progress().remaining)
        self.assertEqual(self.progress().done, 1)

    def test_what_a_run_has_no_time_for_is_left_to_the_next_one(self):
        mine, others = self.fill(3)
        self.env["ropo.outbox"]._take_turn(self.account.id, 0)
        self.assertStates(mine | others, *["queued"] * 6)
        self.run_cron("cron_process_requests")
        self.assertStates(mine | others, *["done"] * 6)
        self.assertFalse(self.progress().remaining)

    def test_what_a_run_for_all_passed_on_is_done_after_a_run_for_one(self):
        """Who sends one has the account for a moment. A run for all that comes then
        does not come back by itself."""
        many = self.put(self.create_invoices(2))
        one = self.put(self.create_invoice())
        cron = self.env.ref("ropo_connect.cron_process_requests")
        woken = self.env["ir.cron.trigger"].sudo()
        woken.search([("cron_id", "=", cron.id)]).unlink()
        work_off = self.env["ropo.outbox"]._work_off
        work_off(self.account.id, only=one.ids)
        self.env.invalidate_all()
        self.assertStates(one | many, "done", "queued", "queued")
        self.assertEqual(woken.search_count([("cron_id", "=", cron.id)]), 1)
        # With nothing left, nobody is woken.
        woken.search([("cron_id", "=", cron.id)]).unlink()
        work_off(self.account.id, only=many.ids)
        self.assertFalse(woken.search([("cron_id", "=", cron.id)]))

    # --- helpers ---

    def test_as_many_workers_are_called_as_there_are_accounts_with_work(self):
        self.fill()
        self.run_cron("cron_process_requests")
        self.assertEqual(self.called(), ["Ropo: Send Outbox, Worker 2"])

    def test_one_account_needs_no_helper(self):
        self.put(self.create_invoice())
        self.run_cron("cron_process_requests")
        self.assertEqual(self.called(), [])

    def test_a_helper_works_and_calls_no_further_helpers(self):
        mine, others = self.fill()
        self.run_cron("cron_process_requests_3")
        self.assertStates(mine | others, "done", "done")
        self.assertEqual(self.called(), [])

    # --- what somebody waits for ---

    def test_what_somebody_waits_for_overtakes_what_was_queued_before(self):
        many = self.put(self.create_invoices(4))
        one = self.put(self.create_invoice(days_overdue=20))
        self.assertTrue(one.is_urgent)
        self.assertFalse(any(many.mapped("is_urgent")))
        self.work_off()
        numbers = [job["billnum"] for job in self.sandbox.jobs()]
        self.assertEqual(numbers[0], one.move_id.name)
        self.assertStates(many, *["done"] * 4)

    def test_it_overtakes_whatever_kind_it_is_of(self):
        many = self.put(self.create_invoices(2))
        transferred = self.put_transfer(self.create_invoice(days_overdue=30))
        transferred.sudo().send_alone = True  # such go after all others
        self.work_off()
        jobs = sorted(self.sandbox.jobs(), key=lambda job: job["jobid"])
        self.assertEqual(jobs[0]["billnum"], transferred.move_id.name)
        self.assertStates(many, "done", "done")

    # --- fetching ---

    @contextmanager
    def as_scheduled(self, most):
        """The scheduler runs what is due, and has time for so many accounts a run."""
        IrCron = type(self.env["ir.cron"])
        commit_progress = IrCron._commit_progress

        def limited(cron, processed=0, **values):
            commit_progress(cron, processed, **values)
            progress = cron.env["ir.cron.progress"].browse(
                cron.env.context["ir_cron_progress_id"]
            )
            return 10 if progress.done < most else 0

        with (
            patch.object(IrCron, "_commit_progress", limited),
            patch.object(ropo_event, "BY_HAND") as by_hand,
        ):
            by_hand.get.return_value = False
            yield

    def test_fetching_goes_on_where_the_last_run_had_no_more_time(self):
        self.env["ropo.account"].search([]).active = False
        accounts = self.account | self.other
        accounts.active = True
        third = self.other.copy({"cid": "700003", "apicode": "sandbox-apicode-3"})
        accounts |= third
        cron = self.env.ref("ropo_connect.cron_poll_status").sudo()
        asked = []
        Inbox = type(self.env["ropo.inbox"])
        run = Inbox._run

        def noting(inbox, account_id, **options):
            asked.append(account_id)
            return run(inbox, account_id, **options)

        with self.as_scheduled(most=1), patch.object(Inbox, "_run", noting):
            cron.nextcall = fields.Datetime.now() - timedelta(minutes=5)
            self.run_cron("cron_poll_status")
            # Each once, and then nothing is left that would keep the scheduler busy.
            self.assertEqual(asked, accounts.ids)
            self.assertFalse(self.progress("cron_poll_status").remaining)
            self.assertGreater(cron.nextcall, fields.Datetime.now())
            # An hour later, those first again that have waited longest.
            accounts.write({"polled_at": fields.Datetime.now() - timedelta(hours=1)})
            third.polled_at -= timedelta(minutes=1)
            asked.clear()
            cron.nextcall = fields.Datetime.now() - timedelta(minutes=5)
            self.run_cron("cron_poll_status")
            self.assertEqual(asked, [third.id, self.account.id, self.other.id])
