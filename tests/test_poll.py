"""What Ropo reports: kept raw and once, matched, interpreted in its order."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import RopoCommon

UPDATES = "/rest/jobs/statusupdates"


@tagged("post_install", "-at_install")
class TestPoll(RopoCommon):
    # --- helpers ---

    def poll(self):
        self.run_cron("cron_poll_status")

    def events(self):
        return self.env["ropo.event"].search([], order="id")

    def rows(self):
        """All status rows that the sandbox has reported or is about to report."""
        return [row for job in self.sandbox.jobs() for row in job["events"]]

    def take(self, *rows):
        """Ropo reports these rows, on one page."""
        self.env["ropo.inbox"].sudo()._store(self.account, list(rows))
        self.env["ropo.inbox"].sudo()._interpret_waiting(self.account)

    def row(self, number, job=None, **values):
        return {
            "statusid": f"C{number}",
            "jobid": job and int(job.jobid),
            "billnum": job and job.billnum,
            "statustype": "comment",
            "statustime": fields.Datetime.to_string(fields.Datetime.now()),
            "statuscode": 98,
            "statustext": "Hello",
            "paydate": None,
            "amount": None,
            **values,
        }

    def stage_messages(self, invoice):
        return invoice.message_ids.filtered(lambda m: "Ropo:" in (m.body or ""))

    # --- keeping ---

    def test_every_row_is_kept_raw_and_once(self):
        _invoice, job = self.transferred_case()
        self.at_ropo(job, "comment", text="The debtor called")
        self.at_ropo(job, "pay", amount=20)
        self.poll()
        rows = self.rows()
        self.assertEqual(self.events().mapped("raw"), rows)
        self.assertEqual(
            self.events().mapped("external_id"), [row["statusid"] for row in rows]
        )
        self.assertEqual(set(self.events().mapped("state")), {"done"})
        self.assertEqual(self.events().job_id, job)
        self.poll()
        self.assertEqual(len(self.events()), len(rows))

    def test_the_same_page_twice_changes_nothing(self):
        invoice, job = self.transferred_case()
        self.at_ropo(job, "pay", amount=20)
        self.sandbox.fault("duplicate", UPDATES)
        self.poll()
        first = self.events().read(["external_id", "state", "job_id", "amount"])
        messages = invoice.message_ids
        self.take(*self.rows())
        self.assertEqual(
            self.events().read(["external_id", "state", "job_id", "amount"]), first
        )
        self.assertEqual(invoice.message_ids, messages)

    def test_more_than_a_page_is_fetched_whole(self):
        _invoice, job = self.transferred_case()
        for number in range(1001):
            self.at_ropo(job, "comment", text=str(number))
        self.poll()
        self.assertEqual(len(self.events()), 1001)
        self.assertEqual(self.sandbox.state()["calls"][f"GET {UPDATES}"], 3)

    def test_rows_without_an_id_or_of_a_strange_shape_stop_nothing(self):
        _invoice, job = self.transferred_case()
        self.take(
            {"statustext": "no id"},
            self.row(1, job, statuscode="x", statustime="soon", amount="1 234,50"),
            self.row(2, job, statuscode=None, statustype=None, statustext=None),
            {"statusid": "C3"},
            self.row(4, job, jobid=str(job.jobid), statuscode="2"),
        )
        events = self.events()
        self.assertEqual(events.mapped("external_id"), ["C1", "C2", "C3", "C4"])
        self.assertEqual(events[0].amount, 1234.5)
        self.assertEqual(events.mapped("state"), ["done", "done", "unmatched", "done"])
        self.assertEqual(job.stage, "collection")

    # --- matching ---

    def test_events_of_unknown_cases_wait_and_find_their_case_later(self):
        self.take(self.row(1, jobid=28000001, statuscode=2))
        self.assertEqual(self.events().state, "unmatched")
        invoice, job = self.transferred_case()
        self.assertEqual(job.jobid, "28000001")
        self.assertEqual(job.stage, "reminder")
        self.poll()
        event = self.events()[:1]
        self.assertEqual((event.job_id, event.state), (job, "done"))

    def test_events_are_matched_by_number_when_ropos_id_is_unknown(self):
        invoice, job = self.transferred_case()
        jobid, job.jobid = job.jobid, False
        self.take(self.row(1, jobid=int(jobid), billnum=invoice.name))
        self.assertEqual(self.events().job_id, job)
        self.assertEqual(job.jobid, jobid, "its answer was lost; here is its id")

    def test_the_case_that_is_collected_gets_what_names_only_the_number(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        self.transfer(invoice)
        collected = invoice.ropo_job_ids.filtered("is_collected")
        self.take(self.row(1, billnum=invoice.name, statuscode=2))
        self.assertEqual(self.events().job_id, collected)

    def test_another_accounts_case_gets_nothing(self):
        _invoice, job = self.transferred_case()
        other = self._create_account(self.env.company)
        self.env["ropo.inbox"].sudo()._store(other, [self.row(1, job, statuscode=2)])
        self.env["ropo.inbox"].sudo()._interpret_waiting(other)
        self.assertEqual(self.events().state, "unmatched")
        self.assertEqual(job.stage, "reminder")

    # --- the stage ---

    def test_the_stage_follows_ropo(self):
        invoice, job = self.transferred_case()
        for stage, state in (
            ("collection", "collection"),
            ("on_hold", "reminder"),
            ("collection", "collection"),
            ("paid", "closed"),
        ):
            self.at_ropo(job, "stage", stage=stage)
            self.poll()
            self.assertEqual((job.stage, invoice.ropo_state), (stage, state))

    def test_an_older_event_never_overrides_a_newer_one(self):
        _invoice, job = self.transferred_case()
        now = fields.Datetime.now()
        later, earlier = now + timedelta(hours=2), now + timedelta(hours=1)
        newer = self.row(1, job, statuscode=2, statustime=str(later))
        older = self.row(2, job, statuscode=100, statustime=str(earlier))
        self.take(newer)
        self.take(older)
        self.assertEqual((job.stage, job.stage_date), ("collection", later))
        self.take(self.row(3, job, statuscode=1, statustime=str(later)))
        self.assertEqual(job.stage, "reminder", "the same second, reported later")

    def test_events_on_one_page_are_taken_in_the_order_of_their_time(self):
        invoice, job = self.transferred_case()
        now = fields.Datetime.now()
        times = [str(now + timedelta(minutes=minutes)) for minutes in (3, 1, 2)]
        codes = (101, 2, 100)
        self.take(
            *(
                self.row(number, job, statuscode=code, statustime=time)
                for number, (code, time) in enumerate(zip(codes, times, strict=True))
            )
        )
        self.assertEqual(job.stage, "paid")
        self.assertEqual(len(self.stage_messages(invoice)), 3)

    def test_a_code_that_nobody_knows_is_kept_and_changes_nothing(self):
        invoice, job = self.transferred_case()
        self.take(self.row(1, job, statuscode=4711, statustext="News"))
        event = self.events()
        self.assertEqual(
            (event.code, event.text, event.state), ("4711", "News", "done")
        )
        self.assertEqual((job.stage, invoice.ropo_state), ("reminder", "reminder"))

    def test_the_chatter_speaks_only_when_the_stage_changes(self):
        invoice, job = self.transferred_case()
        self.at_ropo(job, "comment", text="The debtor called")
        self.at_ropo(job, "pay", amount=20)
        self.poll()
        self.assertFalse(self.stage_messages(invoice))
        self.at_ropo(job, "stage", stage="collection", text="Letter sent")
        self.at_ropo(job, "stage", stage="collection", text="Letter sent again")
        self.poll()
        self.poll()
        message = self.stage_messages(invoice)
        self.assertEqual(len(message), 1)
        self.assertIn(">Ropo: Collection. Letter sent<", str(message.body))

    # --- the money ---

    def test_the_debtor_pays_at_ropo(self):
        invoice, job = self.transferred_case()
        self.at_ropo(job, "pay", amount=25.5)
        self.poll()
        event = self.events().filtered("amount")
        self.assertEqual((event.kind, event.amount), ("payment", 25.5))
        self.assertEqual((job.open_amount, job.stage), (100, "reminder"))
        self.at_ropo(job, "pay", amount=100)
        self.poll()
        self.assertEqual((job.open_amount, job.stage), (0, "paid"))
        self.assertEqual(invoice.ropo_state, "closed")

    # --- what was lost ---

    def test_a_page_that_was_lost_is_asked_for_again_by_its_day(self):
        for fault in ("drop_after", "cut", "garbled", "error_after"):
            with self.subTest(fault):
                _invoice, job = self.transferred_case()
                self.at_ropo(job, "pay", amount=20)
                self.sandbox.fault(fault, UPDATES)
                self.poll()
                self.assertFalse(job.event_ids)
                self.assertEqual(self.account.gap_since, fields.Date.today())
                self.poll()
                self.assertEqual(self.events().mapped("raw"), self.rows())
                self.assertEqual(job.open_amount, 105.5)
                self.assertFalse(self.account.gap_since)

    def test_a_page_that_could_not_be_stored_is_asked_for_again(self):
        _invoice, job = self.transferred_case()
        self.at_ropo(job, "pay", amount=20)
        fail = OSError("no space left")
        with (
            patch.object(self.env.registry["ropo.inbox"], "_store", side_effect=fail),
            mute_logger("odoo.addons.ropo_connect.services.inbox"),
        ):
            self.poll()
        self.assertFalse(self.events())
        self.poll()
        self.assertEqual(self.events().mapped("raw"), self.rows())
        self.assertFalse(self.account.gap_since)

    def test_a_gap_of_days_is_filled_day_by_day(self):
        _invoice, job = self.transferred_case()
        self.at_ropo(job, "pay", amount=20)
        self.sandbox.fault("drop_after", UPDATES)
        self.poll()
        self.sandbox.fault("drop_before", UPDATES, times=2)
        with freeze_time(self.today + timedelta(days=2)):
            self.poll()
            self.assertEqual(self.account.gap_since, self.today)
            self.account.paused_until = False
            self.sandbox.heal()
            self.poll()
        self.assertEqual(self.events().mapped("raw"), self.rows())
        self.assertFalse(self.account.gap_since)

    # --- asking ---

    def test_refresh_asks_where_the_case_stands(self):
        invoice, job = self.transferred_case()
        self.at_ropo(
            job,
            "stage",
            stage="collection",
            next_stage="legal",
            next_date="2030-01-31",
        )
        self.at_ropo(job, "fees", noticefee=5)
        job.with_user(self.user).action_refresh()
        self.assertEqual(job.stage, "collection")
        self.assertEqual(job.next_stage, "Legal collection")
        self.assertEqual(job.next_stage_date, fields.Date.to_date("2030-01-31"))
        self.assertEqual(invoice.ropo_state, "collection")
        self.poll()
        self.assertEqual(len(self.stage_messages(invoice)), 1)

    def test_polling_by_hand_says_in_a_sentence_what_went_wrong(self):
        self.sandbox.fault("error_before", UPDATES)
        with self.assertRaises(UserError) as raised:
            self.account.with_user(self.manager).action_poll_status()
        self.assertIn("has an error of its own (HTTP 500)", str(raised.exception))
        self.account.apicode = "wrong"
        self.env.flush_all()
        with self.assertRaisesRegex(UserError, "refuses the credentials"):
            self.account.with_user(self.manager).action_poll_status()

    def test_polling_by_hand_fetches_now(self):
        _invoice, job = self.transferred_case()
        self.at_ropo(job, "pay", amount=20)
        self.account.with_user(self.manager).action_poll_status()
        self.assertEqual(job.open_amount, 105.5)

    def test_one_account_that_fails_does_not_stop_the_others(self):
        broken = self._create_account(self.env.company, apicode="wrong", sequence=1)
        self.company_data["default_journal_sale"].ropo_account_id = self.account
        _invoice, job = self.transferred_case()
        self.assertEqual(job.account_id, self.account)
        self.at_ropo(job, "pay", amount=20)
        self.poll()
        self.assertTrue(broken._is_resting())
        self.assertEqual(job.open_amount, 105.5)
