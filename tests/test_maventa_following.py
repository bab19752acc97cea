"""What happens to a case at Maventa, and how it comes back to the invoice."""

from odoo.tests import tagged
from odoo.tools import mute_logger

from .maventa import MaventaCommon

PATHS = {"invoice": "/v1/invoices", "reminder": "/v2/invoices/*/assignment/ropo"}


@tagged("post_install", "-at_install")
class TestMaventaFollowing(MaventaCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.transferred()
        self.case = self.invoice.sudo().ropo_job_ids.filtered("is_collected")

    def moves_to(self, status):
        self.at_maventa(self.invoice, "stage", collection_status=status)
        self.run_cron("cron_poll_status")

    def events(self):
        return self.case.event_ids

    # --- what a person says arrived ---

    def test_what_a_person_marked_as_received_is_followed_like_any_other(self):
        """Its answer was lost, and no event brings its id: it is the one we chose."""
        invoice = self.create_invoice(days_overdue=20)
        lost = {"invoice": self.send, "reminder": self.transfer}
        for operation, sending in lost.items():
            self.sandbox.fault("drop_after", PATHS[operation], method="POST")
            with mute_logger("odoo.addons.ropo_connect"):
                sending(invoice)
            request = self.requests_of(invoice, operation)
            self.assertEqual(request.state, "unknown")
            request.action_resolve_done()
            self.assertEqual(request.job_id.progress, "pending")
            self.run_cron("cron_poll_status")
            self.assertEqual(request.job_id.progress, "done")
        there = self.invoice_there(invoice)["id"]
        self.assertEqual(
            invoice.sudo().ropo_job_ids.sorted("id").mapped("jobid"),
            [there, f"{there}/ropo"],
        )

    # --- stages ---

    def test_each_known_status_is_a_stage(self):
        for status, stage in (
            ("reminder_sent", "reminder"),
            ("debt_collection", "collection"),
            ("legal_collection", "legal"),
            ("payment_plan", "payment_plan"),
        ):
            self.moves_to(status)
            self.assertEqual(self.case.stage, stage)
            self.assertFalse(self.case.stage_text)

    def test_another_status_is_shown_and_changes_nothing_until_it_has_a_meaning(self):
        self.moves_to("surveillance")
        self.assertEqual(self.case.stage, "reminder")
        event = self.events().filtered(lambda e: e.code == "surveillance")
        self.assertEqual(len(event), 1)
        self.assertEqual(event.text, "surveillance")
        self.env["ropo.status.code"].create(
            {"channel": "maventa", "code": "surveillance", "stage": "legal"}
        )
        event.with_user(self.manager).action_interpret()
        self.env.invalidate_all()
        self.assertEqual(self.case.stage, "legal")

    def test_a_code_belongs_to_its_channel(self):
        self.env["ropo.status.code"].create(
            {"channel": "ropo_one", "code": "surveillance", "stage": "legal"}
        )
        self.moves_to("surveillance")
        self.assertEqual(self.case.stage, "reminder")

    def test_a_case_that_is_closed_unpaid_asks_for_a_decision(self):
        self.at_maventa(self.invoice, "close", text="The debtor can't pay")
        self.run_cron("cron_poll_status")
        self.assertEqual((self.case.stage, self.case.decision), ("closed", "undecided"))
        verdict = self.verdicts(self.invoice, "reminder")[self.invoice]
        self.assertEqual(verdict.code, "ended")

    # --- money ---

    def test_what_is_partially_closed_goes_on_with_the_rest(self):
        self.at_maventa(self.invoice, "pay", amount=25.5)
        self.assertEqual(
            self.assignment_of(self.invoice)["capital"], self.case.open_amount - 25.5
        )
        self.run_cron("cron_poll_status")
        self.assertEqual((self.case.open_amount, self.case.stage), (100, "reminder"))

    def test_fees_and_interest_are_shown_and_not_taken_for_capital(self):
        self.at_maventa(self.invoice, "fees", interest=1.25, noticefee=5)
        self.case.action_refresh()
        self.assertEqual((self.case.open_amount, self.case.open_total), (125.5, 131.75))

    def test_a_payment_to_ropo_is_registered_once(self):
        journal = self.company_data["default_journal_bank"]
        self.account.write(
            {"settlement_journal_id": journal.id, "register_payments": True}
        )
        self.at_maventa(self.invoice, "pay", amount=25.5)
        for _time in range(2):
            self.run_cron("cron_poll_status")
            self.run_cron("cron_interpret_events")
        self.assertEqual(self.invoice.amount_residual, 100)
        self.report()
        self.assertFalse(self.requests_of(self.invoice, "payment"))
        self.assertEqual(self.assignment_of(self.invoice)["capital"], 100)

    def test_our_own_report_that_comes_back_is_no_payment(self):
        self.pay(self.invoice, 25.5)
        self.report()
        self.run_cron("cron_poll_status")
        report = self.events().filtered(lambda e: e.kind == "report")
        self.assertEqual(report.amount, 25.5)
        self.assertEqual(self.case.open_amount, 100)
        self.assertFalse(self.events().filtered(lambda e: e.kind == "payment"))

    # --- the inbox ---

    def test_events_are_kept_once_and_marked_as_seen_after_that(self):
        self.at_maventa(self.invoice, "comment", text="The debtor called")
        for _time in range(3):
            self.run_cron("cron_poll_status")
        texts = self.events().mapped("text")
        self.assertEqual(texts.count("The debtor called"), 1)
        events = self.sandbox.state()["maventa"]["events"]
        self.assertTrue(all(event["seen"] for event in events))

    def test_what_can_not_be_kept_is_not_marked_as_seen(self):
        self.at_maventa(self.invoice, "comment", text="The debtor called")
        self.sandbox.fault("error_before", "/v1/assignments/*", method="GET")
        with mute_logger("odoo.addons.ropo_connect"):
            self.run_cron("cron_poll_status")
        (event,) = self.unseen()
        self.assertEqual(event["values"]["text"], "The debtor called")
        self.sandbox.heal()
        self.run_cron("cron_poll_status")
        self.assertFalse(self.unseen())
        self.assertIn("The debtor called", self.events().mapped("text"))

    def unseen(self):
        events = self.sandbox.state()["maventa"]["events"]
        return [event for event in events if not event["seen"]]

    def test_an_event_in_an_envelope_that_nobody_knows_stops_no_other(self):
        row = {
            "event": {
                "id": "5f0c1f9e-00aa-4a00-8000-0000000000aa",
                "event_type": "letter_of_a_kind",
                "of_whom": {"name": "nobody"},
                "sum_paid": "much",
            },
            "assignment": {"what": 1},
            "new_key": [],
        }
        odd = self.env["ropo.inbox"]._store(self.account, [row], self.profile())
        self.moves_to("debt_collection")
        self.assertTrue(odd.exists())
        self.assertEqual(odd.raw, row)
        self.assertFalse(odd.job_id)
        self.assertEqual(self.case.stage, "collection")

    def profile(self):
        return self.account.sudo().profile
