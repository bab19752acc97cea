"""Where a case stands: reported in strange forms, asked for, fetched and shown."""

from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..channels.ropo_one import RopoOne, client
from .common import RopoCommon

EVIL = "<img src=x onerror=alert(1)>"


@tagged("post_install", "-at_install")
class TestFollowing(RopoCommon):
    # --- helpers ---

    def report(self, job, number, **values):
        """Ropo reports this row; its event."""
        row = {
            "statusid": f"C{number}",
            "jobid": job and int(job.jobid),
            "statustype": "comment",
            "statustime": "2030-01-01 10:00:00",
            "statustext": "Hello",
            **values,
        }
        inbox = self.env["ropo.inbox"].sudo()
        event = inbox._store(self.account, [row])
        inbox._interpret_waiting(self.account)
        return event

    def letters(self, invoice):
        return invoice.ropo_letter_ids.sorted("id").mapped("name")

    def calls(self, path):
        return self.sandbox.state()["calls"].get(f"GET /rest{path}", 0)

    # --- strange forms ---

    def test_dates_in_all_forms(self):
        expected = datetime(2030, 2, 1, 10, 30)
        _invoice, job = self.transferred_case()
        for number, (text, moment) in enumerate(
            {
                "2030-02-01 10:30:00": expected,
                "2030-02-01T10:30:00": expected,
                "2030-02-01T10:30:00Z": expected,
                "2030-02-01T12:30:00+02:00": expected,
                "2030-02-01T10:30:00.123456": expected,
                "1.2.2030 10:30": expected,
                "01.02.2030 10:30:00": expected,
                "01.02.2030": datetime(2030, 2, 1),
                "2030-02-01": datetime(2030, 2, 1),
                "20300201": datetime(2030, 2, 1),
                "soon": False,
                "": False,
            }.items()
        ):
            with self.subTest(text):
                event = self.report(job, number, statustime=text)
                self.assertEqual(event.event_time, moment)

    def test_amounts_in_all_forms(self):
        _invoice, job = self.transferred_case()
        for number, (value, amount) in enumerate(
            {
                "1 234,50": 1234.5,
                "1\N{NO-BREAK SPACE}234,50 €": 1234.5,
                "1.234,50": 1234.5,
                "1,234.50": 1234.5,
                "1234.5 EUR": 1234.5,
                "-20,00": -20,
                "\N{MINUS SIGN}20": -20,
                12: 12,
                "much": 0,
                "NaN": 0,
            }.items()
        ):
            with self.subTest(value):
                event = self.report(job, number, amount=value)
                self.assertEqual(event.amount, amount)

    def test_html_in_texts_is_text(self):
        invoice, job = self.transferred_case()
        event = self.report(job, 1, statuscode=2, statustext=EVIL)
        self.assertEqual((event.text, job.stage_text), (EVIL, EVIL))
        bodies = "".join(str(message.body) for message in invoice.message_ids)
        self.assertIn("&lt;img src=x", bodies)
        self.assertNotIn("<img", bodies)

    # --- codes ---

    def test_a_manager_says_what_a_code_means_and_has_it_read_again(self):
        invoice, job = self.transferred_case()
        event = self.report(job, 1, statuscode=4711, statustext="At court")
        paid = self.report(job, 2, statustype="payment", amount=20)
        self.assertEqual((job.stage, job.open_amount), ("reminder", 105.5))
        codes = self.env["ropo.status.code"]
        codes.with_user(self.manager).create({"code": "4711", "stage": "legal"})
        (event | paid).with_user(self.manager).action_interpret()
        self.assertEqual((job.stage, event.stage), ("legal", "legal"))
        self.assertEqual(job.open_amount, 105.5, "nothing counts twice")
        self.assertEqual(invoice.ropo_state, "collection")
        with self.assertRaises(AccessError):
            event.with_user(self.user).action_interpret()

    def test_the_known_codes_are_there_and_say_which_are_assumed(self):
        codes = self.env["ropo.status.code"]
        self.assertEqual(codes._stages(self.account), RopoOne.stages)
        assumed = codes.search([("is_assumed", "=", True)]).grouped("channel")
        self.assertEqual(
            {channel: set(some.mapped("code")) for channel, some in assumed.items()},
            {
                "ropo_one": {"3", "4", "102", "103"},
                "maventa": {"closed", "delivered"},
            },
        )

    def test_interpreting_again_any_time_changes_nothing(self):
        invoice, job = self.transferred_case()
        self.at_ropo(job, "pay", amount=20)
        self.at_ropo(job, "stage", stage="collection")
        self.at_ropo(job, "stage", stage="payment_plan")
        self.run_cron("cron_poll_status")
        state = job.read(["stage", "open_amount", "open_total", "stage_date"])
        notes = invoice.message_ids
        for _n in range(3):
            job.event_ids.with_user(self.manager).action_interpret()
        self.assertEqual(
            job.read(["stage", "open_amount", "open_total", "stage_date"]), state
        )
        self.assertEqual(invoice.message_ids, notes)

    # --- what names no case ---

    def test_what_names_no_case_for_long_is_read_again_by_hand_only(self):
        event = self.report(False, 1, jobid=28000001, statuscode=2)
        with freeze_time(fields.Datetime.now() + timedelta(days=91)):
            _invoice, job = self.transferred_case()
            self.env["ropo.inbox"].sudo()._interpret_waiting(self.account)
            self.assertEqual(event.state, "unmatched")
            event.with_user(self.manager).action_interpret()
        self.assertEqual((event.state, event.job_id), ("done", job))
        self.assertEqual(job.stage, "collection")

    # --- asking ---

    def test_what_happens_brings_the_next_step(self):
        _invoice, job = self.transferred_case()
        self.at_ropo(
            job, "stage", stage="collection", next_stage="legal", next_date="2030-01-31"
        )
        self.run_cron("cron_poll_status")
        self.assertEqual(job.next_stage, "Legal collection")
        self.assertEqual(job.next_stage_date, fields.Date.to_date("2030-01-31"))
        self.assertFalse(job.to_refresh)

    def test_what_could_not_be_asked_is_asked_later(self):
        _invoice, job = self.transferred_case()
        self.at_ropo(job, "stage", stage="collection")
        self.sandbox.fault("error_before", "/rest/jobs", method="GET")
        self.run_cron("cron_poll_status")
        self.assertEqual((job.stage, job.to_refresh), ("collection", True))
        self.run_cron("cron_poll_status")
        self.assertFalse(job.to_refresh)

    def test_what_was_asked_is_newer_than_what_was_reported_before(self):
        _invoice, job = self.transferred_case()
        self.at_ropo(job, "stage", stage="collection")
        job.action_refresh()
        self.assertEqual(job.stage, "collection")
        earlier = fields.Datetime.now() - timedelta(hours=1)
        self.report(job, 1, statuscode=100, statustime=str(earlier))
        self.assertEqual(job.stage, "collection", "nothing moves backwards")

    def test_many_are_refreshed_in_as_many_queries_as_few(self):
        invoices = self.create_invoices(12)
        self.transfer(invoices)
        jobs = invoices.ropo_job_ids.sudo()
        few = self.queries(lambda: jobs[:2].action_refresh())
        many = self.queries(lambda: jobs[2:].action_refresh())
        self.assertLessEqual(many, few)
        for job in jobs:
            self.at_ropo(job, "stage", stage="collection")
        jobs.with_user(self.user).action_refresh()
        self.assertEqual(set(jobs.mapped("stage")), {"collection"})

    def test_of_many_the_one_that_fails_is_named(self):
        first, second = self.transferred_case()[1], self.transferred_case()[1]
        second.jobid = "99"
        self.at_ropo(first, "stage", stage="collection")
        reported = (first | second).with_user(self.user).action_refresh()
        self.assertIn(second.display_name, reported["params"]["message"])
        self.assertEqual(first.stage, "collection")
        with self.assertRaisesRegex(UserError, "no such job"):
            second.with_user(self.user).action_refresh()

    # --- the page for the debtor ---

    def test_the_page_for_the_customer_is_fetched_and_shown(self):
        invoice, job = self.transferred_case()
        mine = invoice.with_user(self.user)
        mine.action_ropo_get_debtor_link()
        self.assertRegex(mine.ropo_debtor_url, "^https://myropo.example/")
        self.assertEqual(job.debtor_url, mine.ropo_debtor_url)

    def test_an_address_that_is_not_safe_is_refused(self):
        _invoice, job = self.transferred_case()
        for url in (
            "javascript:alert(1)",
            "http://myropo.example/1",
            "https://",
            "https://a b",
            'https://x/"onclick=1',
            "//myropo.example",
            "",
            None,
            7,
        ):
            answer = {"url": url}
            with (
                self.subTest(url),
                patch.object(client, "_accepted", lambda _reply, a=answer: a),
                self.assertRaisesRegex(UserError, "no usable address"),
            ):
                job.with_user(self.user).action_get_debtor_link()
        self.assertFalse(job.debtor_url)

    # --- letters ---

    def test_each_letter_is_fetched_when_the_stage_changes(self):
        self.account.fetch_documents = True
        invoice, job = self.transferred_case()
        self.run_cron("cron_fetch_documents")
        number = invoice.name.replace("/", "-")
        self.assertEqual(self.letters(invoice), [f"Ropo Reminder {number}.pdf"])
        words = ("Reminder", "Collection", "Payment plan")
        for stage in ("collection", "payment_plan"):
            self.at_ropo(job, "stage", stage=stage)
            self.run_cron("cron_poll_status")
            self.run_cron("cron_fetch_documents")
        self.assertEqual(
            self.letters(invoice),
            [f"Ropo {word} {number}.pdf" for word in words],
        )
        asked = self.calls("/jobs/pdf")
        self.run_cron("cron_fetch_documents")
        self.assertEqual(self.calls("/jobs/pdf"), asked)
        self.assertFalse(job.fetch_at)
        self.assertEqual(
            invoice.ropo_letter_ids,
            self.env["ir.attachment"].search(
                [("res_model", "=", "account.move"), ("res_id", "=", invoice.id)]
            ),
        )

    def test_by_button_each_distinct_letter_is_kept_once(self):
        invoice, job = self.transferred_case()
        mine = job.with_user(self.user)
        mine.action_fetch_pdf()
        mine.action_fetch_pdf()
        self.assertEqual(len(self.letters(invoice)), 1)
        self.at_ropo(job, "stage", stage="collection")
        mine.action_refresh()
        self.assertFalse(job.fetch_at, "the account does not want its archive")
        for _n in range(2):
            invoice.with_user(self.user).action_ropo_fetch_pdf()
        self.assertEqual(len(self.letters(invoice)), 2)

    def test_what_is_fetched_too_late_for_a_letter_is_not_fetched_for_ever(self):
        self.account.fetch_documents = True
        _invoice, job = self.transferred_case()
        self.run_cron("cron_fetch_documents")
        self.at_ropo(job, "stage", stage="collection")
        self.run_cron("cron_poll_status")
        self.assertTrue(job.fetch_at)
        job.stage = "closed"
        self.run_cron("cron_fetch_documents")
        self.assertFalse(job.fetch_at)

    # --- who may see ---

    def test_a_plain_accountant_sees_the_timeline_and_not_the_raw(self):
        invoice, job = self.transferred_case()
        self.report(job, 1)
        event = invoice.with_user(self.user).ropo_event_ids
        self.assertEqual(event.text, "Hello")
        for name in ("raw", "raw_text"):
            with self.assertRaises(AccessError):
                event.read([name])
            self.assertTrue(event.with_user(self.manager).read([name]))
