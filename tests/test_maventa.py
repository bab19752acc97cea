"""The main job through Maventa: sent, delivered, transferred, followed, reported."""

from odoo.tests import tagged

from .maventa import MaventaCommon


@tagged("post_install", "-at_install")
class TestMaventa(MaventaCommon):
    def test_main_job(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice, self.user)
        request = self.requests_of(invoice)
        self.assertEqual((request.state, request.error), ("done", False))
        self.assertEqual(invoice.ropo_state, "sent")
        job = invoice.sudo().ropo_job_ids
        self.assertEqual(job.jobid, self.invoice_there(invoice)["id"])
        self.run_cron("cron_poll_status")
        self.assertEqual(job.progress, "done")
        self.transfer(invoice, user=self.user)
        self.run_cron("cron_poll_status")
        case = invoice.sudo().ropo_job_ids.filtered("is_collected")
        self.assertEqual((case.progress, case.stage), ("done", "reminder"))
        self.at_maventa(invoice, "stage", collection_status="debt_collection")
        self.run_cron("cron_poll_status")
        self.assertEqual(invoice.ropo_state, "collection")
        self.pay(invoice, 25.5)
        self.report()
        self.assertEqual(self.assignment_of(invoice)["capital"], 100.0)
        self.assertEqual(case.open_amount, 100.0)
        self.at_maventa(invoice, "pay", amount=100)
        self.run_cron("cron_poll_status")
        self.assertEqual(
            sorted(case.event_ids.filtered("amount").mapped("kind")),
            ["payment", "report"],
        )
