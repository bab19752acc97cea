"""The conformance run of an account at Maventa, from its button."""

import base64
import json

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..channels.conformance import assumptions
from . import test_maventa
from .common import Sandbox
from .maventa import CREDENTIALS, WITHOUT_SERVICE, MaventaCommon


class MaventaConformance(MaventaCommon):
    def run_it(self):
        action = self.account.with_user(self.manager).action_run_conformance()
        run = self.env[action["res_model"]].browse(action["res_id"])
        return run.with_user(self.manager)


@tagged("post_install", "-at_install")
class TestMaventaConformance(MaventaConformance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.timeout = 20  # one of the files is large

    def test_the_button_keeps_what_was_found_of_each_assumption(self):
        self.assertTrue(self.account.can_be_tried)
        run = self.run_it()
        self.assertEqual((run.held, run.differed, run.untried), (31, 0, 4))
        keys = set(run.finding_ids.mapped("key"))
        self.assertEqual(keys, set(assumptions("maventa")))
        self.assertFalse(run.unknown)
        self.assertFalse(run.proposals)

    def test_the_file_has_no_key(self):
        run = self.run_it()
        whole = base64.b64decode(run.file).decode()
        self.assertEqual(json.loads(whole)["counts"]["held"], 31)
        for name in ("maventa_user_api_key", "maventa_vendor_api_key"):
            self.assertNotIn(CREDENTIALS[name], whole)
            self.assertNotIn(CREDENTIALS[name], json.dumps(run.read()[0], default=str))

    def test_production_is_refused_whoever_asks(self):
        self.account.environment = "production"
        self.assertFalse(self.account.can_be_tried)
        for account in (self.account, self.account.sudo()):
            with self.assertRaises(UserError):
                account.action_run_conformance()
        self.assertEqual(self.sandbox.state()["calls"], {})

    def test_without_the_service_it_says_what_to_do(self):
        self.account.maventa_company_uuid = WITHOUT_SERVICE
        run = self.run_it()
        self.assertFalse(run.differed)
        payer = run.finding_ids.filtered(lambda finding: finding.key == "payer")
        self.assertEqual(payer.result, "untried")
        self.assertIn("activate it, then run again", payer.got)


@tagged("post_install", "-at_install")
class TestMaventaOtherDialect(MaventaConformance, test_maventa.TestMaventa):
    """With the settings that a manager agreed to, the main job is as it was."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox("--dialect", "other")
        cls.addClassCleanup(cls.sandbox.stop)
        cls.account.write({"base_url": cls.sandbox.url, "timeout": 20})

    def agree(self):
        run = self.run_it()
        run.action_apply_proposals()
        self.sandbox.reset()
        self.env["ropo.token"].sudo().search([]).unlink()
        self.set_company(country="fi", service="ACTIVE")
        return run

    def test_with_the_proposals_that_a_manager_applies_all_holds(self):
        run = self.agree()
        self.assertEqual((run.held, run.differed, run.untried), (20, 13, 2))
        address = f"{self.sandbox.url}/receivables"
        self.assertEqual(self.account.receivables_base_url, address)
        again = self.run_it()
        self.assertEqual((again.held, again.differed, again.untried), (31, 0, 4))
        self.assertFalse(again.proposals)

    def test_main_job(self):
        # EXTENDS TestMaventa
        self.agree()
        return super().test_main_job()

    def test_without_them_a_delivery_stays_open(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        self.run_cron("cron_poll_status")
        self.assertEqual(invoice.sudo().ropo_job_ids.progress, "pending")
