"""The main job over a channel that has nothing in common with Ropo One.

What of Ropo One's words, ids or ways the models would know makes one of these fail.
"""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .. import channels
from .common import RopoCommon
from .other_channel import OtherChannel, World


@tagged("post_install", "-at_install")
class TestOtherChannel(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        registered = patch.dict(channels.CHANNELS, {"other": OtherChannel})
        registered.start()
        cls.addClassCleanup(registered.stop)
        cls.env["ropo.status.code"]._load_known()
        cls.account.channel = "other"

    def setUp(self):
        super().setUp()
        self.world = OtherChannel.world = World()

    def held(self, invoice):
        """What the service holds of the claim of this invoice."""
        return self.world.cases[self.case(invoice).jobid]

    def poll(self):
        self.run_cron("cron_poll_status")

    def test_invoices_are_sent_in_calls_of_the_channels_own_size(self):
        invoices = self.create_invoice() | self.create_invoice() | self.create_invoice()
        self.send(invoices)
        self.assertEqual(set(invoices.mapped("ropo_state")), {"sent"})
        self.assertEqual(sorted(self.world.calls), [("paper", 1), ("paper", 2)])
        self.assertEqual(
            set(invoices.ropo_job_ids.mapped("jobid")), set(self.world.cases)
        )
        self.assertEqual(
            [
                invoices[0].sudo().ropo_request_ids.payload,
                invoices[0].sudo().ropo_job_ids.debtor_reference,
            ],
            [
                {
                    "nr": invoices[0].name,
                    "who": self.business._ropo_reference(),
                    "by": "",
                    "sum": 12550,
                },
                self.business._ropo_reference(),
            ],
        )

    def test_a_delivery_that_the_channel_lacks_is_left_to_it(self):
        self.business.write({"ropo_sendtype": "evoice", "ropo_evoice": "003700000019"})
        self.consumer.ropo_sendtype = "email"
        self.consumer.email = "debtor@example.com"
        first, second = self.create_invoice(), self.create_invoice(self.consumer)
        self.send(first | second)
        sent = {held["nr"]: held["by"] for held in self.world.cases.values()}
        self.assertEqual(sent, {first.name: "", second.name: "email"})

    def test_payments_and_credits_reach_the_case_and_what_was_paid_comes_back(self):
        invoice = self.transferred()
        self.assertEqual(self.held(invoice)["open"], 12550)
        self.pay(invoice, 25)
        self.report()
        self.assertEqual(self.held(invoice)["open"], 10050)
        note = invoice._reverse_moves([{"invoice_date": self.today}])
        note.invoice_line_ids.quantity = 0.2
        note.action_post()
        (note | invoice).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.report()
        self.assertEqual(self.held(invoice)["open"], 10050 - 2510)
        key = self.case(invoice).jobid
        self.world.change(key, 1000)
        self.world.report(key, "payment", 1000)
        self.poll()
        self.assertEqual(self.case(invoice).open_amount, 65.4)
        self.assertEqual(self.case(invoice).stage, "reminder")
        self.world.change(key, 6540)
        self.world.report(key, "payment", 6540)
        self.world.report(key, "state", state="OVER")
        self.poll()
        self.assertEqual(
            (self.case(invoice).stage, self.case(invoice).open_amount), ("paid", 0)
        )

    def test_updates_go_on_at_the_cursor_and_are_acknowledged_when_they_are_kept(self):
        key = self.case(self.transferred()).jobid
        for _update in range(5):
            self.world.report(key, "comment")
        self.poll()
        self.assertEqual(self.account.status_cursor, {"next": 5})
        self.assertEqual(self.world.acknowledged, 5)
        self.assertFalse(self.account.gap_since)
        self.world.report(key, "comment")
        self.poll()
        self.assertEqual(self.account.status_cursor, {"next": 6})
        events = self.env["ropo.event"].search([("account_id", "=", self.account.id)])
        self.assertEqual(len(events), 6)
        self.assertEqual(set(events.mapped("assignment")), {key})

    def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(self):
        invoice = self.create_invoice(days_overdue=20)
        self.world.loses_answers = True
        self.transfer(invoice)
        request = invoice.sudo().ropo_request_ids
        self.assertEqual(request.state, "unknown")
        self.world.loses_answers = False
        request.next_attempt_at = False
        self.work_off()
        self.assertEqual(request.state, "done")
        self.assertEqual(list(self.world.cases), [request.job_id.jobid])

    def test_a_reversal_without_a_call_is_left_to_a_person_with_the_figures(self):
        invoice = self.transferred()
        payment = self.pay(invoice, 25)
        self.report()
        payment.action_draft()
        payment.action_cancel()
        self.report()
        reversal = self.requests_of(invoice, "payment_reversal")
        self.assertEqual(reversal.state, "rejected")
        for figure in ("25.00", "100.50", "125.50"):
            self.assertIn(figure, reversal.error)
        question = "A payment has to be reversed at Ropo manually"
        self.assertIn(question, self.account.activity_ids.mapped("summary"))
        self.assertEqual(self.held(invoice)["open"], 10050)
        reversal.with_user(self.manager).action_resolve_done()
        self.assertEqual(self.case(invoice).open_amount, 125.5)

    def test_what_the_channel_has_no_call_for_is_said(self):
        invoice = self.create_invoice()
        for act in (invoice.action_ropo_preview, invoice.action_ropo_local_print):
            with self.assertRaisesRegex(UserError, "Other has no call for this"):
                act()
        self.send(invoice)
        with self.assertRaisesRegex(UserError, "Other has no call for this"):
            invoice.ropo_job_ids.action_get_debtor_link()
        late = self.create_invoice(days_overdue=40)
        verdict = self.verdicts(late, "collection", notice_date=self.reminded_on)[late]
        self.assertEqual(verdict.code, "kind")

    def test_a_code_belongs_to_its_channel(self):
        codes = self.env["ropo.status.code"]
        self.assertEqual(codes._stages(self.account), OtherChannel.stages)
        codes.create({"channel": "other", "code": "1", "stage": "legal"})
        self.assertEqual(
            codes.search_count([("code", "=", "1")]), 2, "each channel has its own"
        )
