"""A gateway in front of Ropo refuses nothing for good, and shuts no account."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .test_outbox import OutboxCommon

STATUSES = (400, 403, 404, 408, 413)


@tagged("post_install", "-at_install")
class TestGateway(OutboxCommon):
    def test_batch_that_met_a_gateway_is_never_refused(self):
        for status in STATUSES:
            for kind in ("gateway_before", "gateway_after"):
                with self.subTest(status=status, kind=kind):
                    self.start_anew()
                    invoices = self.create_invoices(3)
                    requests = self.put(invoices)
                    self.sandbox.fault(kind, status=status)
                    self.work_off()
                    self.assertStates(requests, *["unknown"] * 3)
                    self.assertIn("a gateway answered", requests[0].error)
                    self.settle()
                    self.assertStates(requests, *["done"] * 3)
                    self.assertEqual(len(self.sandbox.jobs()), 3)
                    self.assertEqual(self.sandbox.state()["duplicates"], 0)

    def test_payment_that_met_a_gateway_is_reported_once(self):
        for kind, calls in (("gateway_before", 2), ("gateway_after", 1)):
            with self.subTest(kind):
                self.start_anew()
                invoice, job = self.transferred_case()
                request = self.put_payment(invoice, 25.5)
                self.sandbox.fault(kind, path="/rest/jobs/payment", status=404)
                self.work_off()
                self.assertStates(request, "unknown")
                self.settle()
                self.assertStates(request, "done")
                self.assertEqual(self.calls("jobs/payment"), calls)
                self.assertEqual((self.capital(invoice), job.open_amount), (100, 100))

    def test_lookup_that_met_a_gateway_does_not_send_again(self):
        request = self.put_transfer(self.create_invoice(days_overdue=20))
        self.sandbox.fault("drop_after")
        self.work_off()
        path = "/rest/jobs/findbyendcustomer"
        self.sandbox.fault("gateway_before", path, status=404, times=None)
        self.settle()
        self.assertStates(request, "unknown")
        self.sandbox.fault("gateway_before", path, status=403, times=None)
        self.settle(1)
        self.assertStates(request, "unknown")
        self.assertEqual(self.calls(), 1)

    def test_gateway_at_the_token_call_does_not_rest_the_account_for_hours(self):
        for status in (400, 401, 403, 404, 413):
            with self.subTest(status):
                self.env["ropo.token"].sudo().search([]).unlink()
                request = self.put(self.create_invoice())
                self.sandbox.fault("gateway_before", "/rest/token", status=status)
                self.work_off()
                self.assertStates(request, "queued")
                self.assertFalse(self.account.activity_ids)
                soon = fields.Datetime.now() + timedelta(minutes=5)
                self.assertLess(self.account.paused_until, soon)
                self.account.paused_until = False
                self.work_off()
                self.assertStates(request, "done")

    def test_fresh_token_refused_by_a_gateway_keeps_everything_queued(self):
        requests = self.put(self.create_invoices(2))
        self.sandbox.fault("gateway_before", status=401, times=None)
        self.work_off()
        self.assertStates(requests, "queued", "queued")
        self.assertFalse(self.account.activity_ids)
        self.assertTrue(self.account._is_resting())
        self.sandbox.heal()
        self.account.paused_until = False
        self.hurry(requests)
        self.assertStates(requests, "done", "done")

    def test_poll_that_met_a_gateway_loses_no_page(self):
        _invoice, job = self.transferred_case()
        self.at_ropo(job, "pay", amount=20)
        for kind in ("gateway_after", "gateway_before"):
            self.sandbox.fault(kind, "/rest/jobs/statusupdates", status=404)
            self.run_cron("cron_poll_status")
            self.assertTrue(self.account.gap_since)
        self.run_cron("cron_poll_status")
        self.assertEqual(job.open_amount, 105.5)
        self.assertFalse(self.account.gap_since)
