"""The conformance run of an account, from its button."""

import base64
import json
from datetime import timedelta
from unittest.mock import patch

from lxml.html import fromstring

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from ..channels.conformance import Script, assumptions
from . import test_main_job
from .channels.common import claim
from .common import RopoCommon, Sandbox

RESULTS = {"held": "Holds", "differed": "Differs", "untried": "Not Tried"}


@tagged("post_install", "-at_install")
class TestConformance(RopoCommon, HttpCase):
    registry_test_mode = False  # RopoCommon enters it, and twice is once too often

    def run_it(self, user=None):
        account = self.account.with_user(user or self.manager)
        action = account.action_run_conformance()
        return self.env[action["res_model"]].browse(action["res_id"])

    def test_the_button_keeps_what_was_found_of_each_assumption(self):
        run = self.run_it()
        self.assertEqual(run.account_id, self.account)
        self.assertEqual((run.environment, run.address), ("sandbox", self.sandbox.url))
        self.assertEqual((run.held, run.differed, run.untried), (50, 0, 9))
        self.assertEqual(
            set(run.finding_ids.mapped("key")), set(assumptions("ropo_one"))
        )
        self.assertFalse(run.unknown)
        self.assertIn("16 calls at once: none refused", run.notes)

    def test_it_is_kept_with_the_address_that_was_asked(self):
        asked, run = self.sandbox.url, Script.run

        def meanwhile(script):
            report = run(script)
            self.move_ropo_to("http://127.0.0.1:1")
            self.env.invalidate_all()
            return report

        with patch.object(Script, "run", meanwhile):
            kept = self.run_it()
        self.assertEqual(self.account.base_url, "http://127.0.0.1:1")
        self.assertEqual(kept.address, asked)

    def test_the_file_for_ropo_has_the_whole_report_and_no_secret(self):
        run = self.run_it()
        whole = base64.b64decode(run.file).decode()
        self.assertEqual(json.loads(whole)["counts"]["held"], 50)
        self.assertEqual(json.loads(whole)["address"], self.sandbox.url)
        self.assertNotIn("sandbox-apicode", whole)
        self.assertNotIn("sandbox-apicode", json.dumps(run.read()[0], default=str))
        self.authenticate("ropo_manager", "ropo_manager")
        answer = self.url_open(run.action_download()["url"])
        self.assertEqual(answer.json(), json.loads(whole))
        self.assertIn("attachment", answer.headers["Content-Disposition"])

    def test_production_is_refused_whoever_asks(self):
        self.account.environment = "production"
        self.assertFalse(self.account.can_be_tried)
        for account in (self.account, self.account.sudo()):
            with self.assertRaises(UserError) as refused:
                account.action_run_conformance()
            self.assertIn("test environment", str(refused.exception))
        self.assertEqual(self.sandbox.state()["calls"], {})

    def test_only_a_manager_may_run_it_and_see_it(self):
        run = self.run_it()
        with self.assertRaises(AccessError):
            self.account.with_user(self.user).action_run_conformance()
        with self.assertRaises(AccessError):
            run.with_user(self.user).read(["report"])
        with self.assertRaises(AccessError):
            run.with_user(self.manager).write({"address": "x"})

    def test_another_company_sees_no_run(self):
        run = self.run_it()
        other = self.env["res.company"].create({"name": "Other"})
        self.manager.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        with self.assertRaises(AccessError):
            run.with_user(self.manager).read(["address"])
        with self.assertRaises(AccessError):
            run.finding_ids.with_user(self.manager).read(["got"])

    def test_wrong_credentials_are_explained(self):
        self.account.apicode = "wrong"
        with self.assertRaises(UserError):
            self.run_it()
        self.assertFalse(self.env["ropo.conformance.run"].search([]))

    def test_what_it_fetches_of_other_cases_reaches_the_inbox(self):
        self.account._call_now(lambda client: client.send([client.freeze(claim())]))
        job = self.sandbox.job()
        self.sandbox.post(f"jobs/{job['jobid']}/comment", text="A question")
        self.run_it()
        events = self.env["ropo.event"].search([])
        self.assertEqual(events.mapped("text"), ["A question"])

    def test_the_printed_report_names_each_assumption(self):
        run = self.run_it()
        html = self.env["ir.actions.report"]._render_qweb_html(
            "ropo_connect.report_conformance", run.ids
        )[0]
        rows = [
            [" ".join(cell.text_content().split()) for cell in row.iter("td")]
            for row in fromstring(html).iter("tr")
        ]
        wanted = [
            [RESULTS[one.result], one.assumption, one.expected, one.got]
            for one in run.finding_ids
        ]
        self.assertEqual(rows[1:], wanted)


@tagged("post_install", "-at_install")
class TestOtherDialect(test_main_job.TestMainJob):
    """With the settings that a manager agreed to, the main job is as it was."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox("--dialect", "other")
        cls.addClassCleanup(cls.sandbox.stop)
        cls.account.base_url = cls.sandbox.url

    def run_it(self):
        action = self.account.with_user(self.manager).action_run_conformance()
        run = self.env[action["res_model"]].browse(action["res_id"])
        return run.with_user(self.manager)

    def test_with_the_proposals_that_a_manager_applies_all_holds(self):
        run = self.run_it()
        self.assertEqual(run.differed, 6)
        self.assertEqual(
            set(run.proposals.splitlines()),
            {
                "path_preview = /jobs/pdf/preview",
                "path_localprint = /jobs/print",
                "status_rows = updates.rows",
                "payment_sign = -1",
                "error_keys = traceId",
                "duplicate_words = on varattu",
                "status_code:112 = credited",
            },
        )
        with self.assertRaises(AccessError):
            run.with_user(self.user).action_apply_proposals()
        self.agree_to(run)
        self.assertEqual(run.applied_by_id, self.manager)
        again = self.run_it()
        self.assertEqual((again.held, again.differed, again.untried), (50, 0, 9))
        self.assertFalse(again.proposals)

    def agree_to(self, run):
        run.action_apply_proposals()
        self.sandbox.reset()
        self.env["ropo.token"].sudo().search([]).unlink()

    def test_invoice_goes_out_is_collected_and_paid(self):
        # EXTENDS TestMainJob
        self.agree_to(self.run_it())
        return super().test_invoice_goes_out_is_collected_and_paid()


@tagged("post_install", "-at_install")
class TestContinued(RopoCommon):
    """A run is continued days later, with what happened to its documents."""

    def setUp(self):
        super().setUp()
        action = self.account.with_user(self.manager).action_run_conformance()
        self.run_ = self.env[action["res_model"]].browse(action["res_id"])

    def days_pass(self, days=8):
        """At Ropo, and for the run."""
        self.sandbox.post("age", days=days)
        self.run_.sudo().started -= timedelta(days=days)

    def continued(self):
        action = self.run_.with_user(self.manager).action_continue()
        return self.env[action["res_model"]].browse(action["res_id"])

    def case(self, name):
        return f"jobs/{self.run_.report['sent'][name]['assignment']}"

    def test_what_happened_within_days_is_decided_and_nothing_is_sent(self):
        before = len(self.sandbox.jobs())
        self.days_pass()
        self.sandbox.post(f"{self.case('consumer')}/stage", stage="legal")
        self.sandbox.post(f"{self.case('collection')}/stage", stage="payment_plan")
        for amount in (30.0, -30.0):
            self.sandbox.post(f"{self.case('collection')}/pay", amount=amount)
        self.sandbox.post(f"{self.case('collection')}/stage", stage="closed")
        self._webhook()
        run = self.continued()
        self.assertEqual(run.continues_id, self.run_)
        self.assertEqual((run.held, run.differed, run.untried), (56, 0, 3))
        left = run.finding_ids.filtered(lambda finding: finding.result == "untried")
        self.assertEqual(
            set(left.mapped("key")), {"echo", "reported_money", "near_money"}
        )
        self.assertEqual(len(self.sandbox.jobs()), before)

    def _webhook(self):
        """Ropo's messages, as the webhook keeps them."""
        number = self.run_.report["sent"]["collection"]["number"]
        messages = [
            {**row, "id": row["statusid"]}
            for row in self.sandbox.job(billnum=number)["events"]
        ]
        self.env["ropo.inbox"]._receive(self.account, messages)
        self.run_cron("cron_interpret_events")

    def test_one_of_today_waits(self):
        self.assertFalse(self.run_.can_continue)
        with self.assertRaises(UserError) as refused:
            self.continued()
        self.assertIn("tomorrow", str(refused.exception))

    def test_one_of_an_account_that_moved_is_refused(self):
        self.days_pass()
        self.assertTrue(self.run_.can_continue)
        self.account.environment = "production"
        self.assertFalse(self.run_.can_continue)
        with self.assertRaises(UserError):
            self.continued()
        self.account.write({"environment": "sandbox", "base_url": "http://127.0.0.1:1"})
        with self.assertRaises(UserError) as refused:
            self.continued()
        self.assertIn("another environment or address", str(refused.exception))

    def test_only_a_manager_may_continue_one(self):
        self.days_pass()
        with self.assertRaises(AccessError):
            self.run_.with_user(self.user).action_continue()
