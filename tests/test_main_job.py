from odoo.tests import tagged

from .common import RopoCommon


@tagged("post_install", "-at_install")
class TestMainJob(RopoCommon):
    def test_invoice_goes_out_is_collected_and_paid(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice, user=self.user)
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertTrue(invoice.is_move_sent)
        self.transfer(invoice, user=self.user)
        self.assertEqual(invoice.ropo_state, "reminder")
        self.pay(invoice, 100)
        self.run_cron("cron_post_payments")
        self.work_off()
        job = self.sandbox.job(jobtype=1)
        self.assertEqual(job["capital"], invoice.amount_residual)
        self.pay(invoice)
        self.run_cron("cron_post_payments")
        self.run_cron("cron_process_requests")
        self.run_cron("cron_poll_status")
        self.assertEqual(self.sandbox.job(jobtype=1)["capital"], 0)
        self.assertEqual(invoice.ropo_state, "closed")
