"""Installed with demo data, each view has something to show, and nothing leaves."""

from unittest.mock import patch

import requests

from odoo.modules.module import Manifest
from odoo.tests import TransactionCase, tagged
from odoo.tools import convert_file

CRONS = (
    "cron_process_requests",
    "cron_post_payments",
    "cron_post_credit_notes",
    "cron_poll_status",
    "cron_transfer_overdue",
)


@tagged("post_install", "-at_install")
class TestDemoData(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for path in Manifest.for_addon("ropo_connect")["demo"]:
            convert_file(cls.env, "ropo_connect", path, {}, mode="init", noupdate=True)
        cls.account = cls.env.ref("ropo_connect.demo_account")
        cls.company = cls.account.company_id

    def of_company(self, model):
        return self.env[model].search([("company_id", "=", self.company.id)])

    def test_demo_invoices_are_posted_and_stand_where_they_are_shown(self):
        states = {
            name: self.env.ref(f"ropo_connect.demo_invoice_{name}").ropo_state
            for name in (
                *("sent", "overdue", "reminder", "collection", "plan", "legal"),
                *("rejected", "unknown", "waiting", "to_send"),
            )
        }
        self.assertEqual(
            states,
            {
                "sent": "sent",
                "overdue": "sent",
                "reminder": "reminder",
                "collection": "collection",
                "plan": "collection",
                "legal": "collection",
                "rejected": "rejected",
                "unknown": "unknown",
                "waiting": "queued",
                "to_send": False,
            },
        )
        self.assertEqual(
            set(self.of_company("account.move").mapped("state")), {"posted"}
        )

    def test_each_view_has_something_to_show(self):
        for model in (
            *("ropo.account", "ropo.job", "ropo.request", "ropo.event"),
            "ropo.receivable.report",
        ):
            with self.subTest(model=model):
                self.assertTrue(self.of_company(model))
        stages = self.of_company("ropo.job").mapped("stage")
        self.assertEqual(
            set(stages),
            {"invoiced", "reminder", "collection", "payment_plan", "legal"},
        )

    def test_a_statement_of_the_demo_says_where_to_pay(self):
        bank = self.env["report.ropo_connect.report_statement"]._bank(self.company)
        self.assertEqual(bank.acc_number, "FI21 1234 5600 0007 85")

    def test_nothing_of_the_demo_data_leaves(self):
        before = self.of_company("ropo.request").mapped("state")
        with patch.object(requests.Session, "send", autospec=True) as send:
            for cron in CRONS:
                self.env.ref(f"ropo_connect.{cron}").method_direct_trigger()
        self.assertFalse(send.called)
        self.assertEqual(self.of_company("ropo.request").mapped("state"), before)

    def test_installed_twice_it_is_there_once(self):
        count = len(self.of_company("account.move"))
        for path in Manifest.for_addon("ropo_connect")["demo"]:
            convert_file(
                self.env, "ropo_connect", path, {}, mode="update", noupdate=True
            )
        self.assertEqual(len(self.of_company("account.move")), count)
