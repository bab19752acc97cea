"""The outbox: nothing is lost, nothing is sent twice."""

import json
import logging
import math
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..channels.ropo_one import answers, payloads
from ..services import lookup, outbox, recording
from .common import RopoCommon

LOGGER = "odoo.addons.ropo_connect.services.outbox"
NOWHERE = "http://127.0.0.1:1"  # nobody listens there


class OutboxCommon(RopoCommon):
    """Look-ups don't wait, and what waits can be hurried."""

    def setUp(self):
        super().setUp()
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", 0)
        self.env["ropo.account"].search([]).paused_until = False

    def put(self, moves, **values):
        """Into the outbox through the send wizard, and no further."""
        self._wizard("ropo.send.wizard", moves, **values).action_send()
        self.env.flush_all()
        return self.requests_of(moves)

    def put_transfer(self, moves, kind="reminder", **values):
        wizard = self._wizard("ropo.transfer.wizard", moves, kind=kind, **values)
        wizard.action_transfer()
        self.env.flush_all()
        return self.requests_of(moves, kind)

    def requests_of(self, moves, operation=None):
        requests = self.env["ropo.request"].search(
            [("move_id", "in", moves.ids)], order="id"
        )
        return requests.filtered(lambda r: operation in (None, r.operation))

    def put_payment(self, invoice, amount):
        self.pay(invoice, amount)
        self.run_cron("cron_post_payments")
        return self.requests_of(invoice, "payment")[-1]

    def start_anew(self):
        """Nothing at Ropo, and no case of ours with an id that it will give again."""
        self.sandbox.reset()
        self.env["ropo.job"].sudo().search([]).jobid = False

    def hurry(self, requests):
        """Their time has come."""
        requests.sudo().next_attempt_at = False
        self.work_off(requests.account_id)

    def settle(self, rounds=6):
        """Works off until all that can be settled is."""
        for _round in range(rounds):
            requests = self.env["ropo.request"].search(
                [("state", "in", ("queued", "unknown"))]
            )
            requests.sudo().next_attempt_at = fields.Datetime.now()
            self.work_off()

    def settle_unanswered(self):
        """Works off until a person is asked about what Ropo gives no answer to."""
        self.settle(1)
        lost = self.env["ropo.request"].search([("unanswered_since", "!=", False)])
        for request in lost.sudo():
            request.unanswered_since -= lookup.OUTAGE
        self.settle(len(lost) or 1)

    def calls(self, path="jobs"):
        return self.sandbox.state()["calls"].get(f"POST /rest/{path}", 0)

    def capital(self, invoice):
        return self.sandbox.job(billnum=invoice.name, jobtype=1)["capital"]

    def assertStates(self, requests, *states):
        self.assertEqual(requests.mapped("state"), list(states))

    def assertWaits(self, request, least, most):
        wait = request.next_attempt_at - fields.Datetime.now()
        self.assertGreaterEqual(wait, timedelta(seconds=least - 2))
        self.assertLessEqual(wait, timedelta(seconds=most))


@tagged("post_install", "-at_install")
class TestOutbox(OutboxCommon):
    # --- nothing twice ---

    def test_timeout_after_accept_does_not_send_twice(self):
        self.account.timeout = 1
        invoice = self.create_invoice()
        request = self.put(invoice)
        self.sandbox.fault("slow", seconds=2)
        self.work_off()
        self.assertStates(request, "unknown")
        self.assertEqual(invoice.ropo_state, "unknown")
        self.settle()
        self.assertStates(request, "done")
        self.assertEqual(self.calls(), 1)
        self.assertEqual(invoice.ropo_state, "sent")
        job = self.sandbox.job(billnum=invoice.name)
        self.assertEqual(invoice.ropo_job_ids.jobid, str(job["jobid"]))
        self.assertFalse(request.error)

    def test_answer_lost_in_any_way_does_not_send_twice(self):
        for kind in ("drop_after", "cut", "garbled", "error_after"):
            for sending in (self.put, self.put_transfer):
                with self.subTest(kind=kind, sending=sending.__name__):
                    self.start_anew()
                    invoice = self.create_invoice(days_overdue=20)
                    request = sending(invoice)
                    self.sandbox.fault(kind)
                    self.work_off()
                    self.assertStates(request, "unknown")
                    self.settle()
                    self.assertStates(request, "done")
                    self.assertEqual(self.calls(), 1)
                    self.assertEqual(self.sandbox.state()["duplicates"], 0)

    def test_drop_before_accept_is_sent_once_after_look_up(self):
        for kind in ("drop_before", "error_before", "refuse"):
            with self.subTest(kind=kind):
                self.start_anew()
                invoice = self.create_invoice(days_overdue=20)
                request = self.put_transfer(invoice)
                self.sandbox.fault(kind)
                self.work_off()
                self.assertStates(request, "unknown")
                self.assertFalse(self.sandbox.jobs())
                self.settle()
                self.assertStates(request, "done")
                self.assertEqual(self.calls(), 2)
                self.assertEqual(len(self.sandbox.jobs()), 1)

    def test_lost_credit_note_is_looked_up_too(self):
        for kind in ("drop_before", "drop_after"):
            with self.subTest(kind=kind):
                self.start_anew()
                invoice = self.create_invoice()
                self.send(invoice)
                note = invoice._reverse_moves()
                note.action_post()
                request = self.put(note)
                self.sandbox.fault(kind)
                self.work_off()
                self.assertStates(request, "unknown")
                self.settle()
                self.assertStates(request, "done")
                self.assertEqual(len(self.sandbox.jobs(billnum=note.name)), 1)

    def test_lost_payment_is_reported_once(self):
        for kind, calls in (("drop_before", 2), ("drop_after", 1), ("cut", 1)):
            with self.subTest(kind=kind):
                self.start_anew()
                invoice, job = self.transferred_case()
                request = self.put_payment(invoice, 25.5)
                self.sandbox.fault(kind, path="/rest/jobs/payment")
                self.work_off()
                self.assertStates(request, "unknown")
                self.settle()
                self.assertStates(request, "done")
                self.assertEqual(self.calls("jobs/payment"), calls)
                self.assertEqual(self.capital(invoice), 100)
                self.assertEqual(job.open_amount, 100)

    def test_poll_between_loss_and_look_up_does_not_report_twice(self):
        """What Ropo reports meanwhile already has the lost payment in it."""
        for amount, fees in ((25.5, 0), (125.5, 0), (25.5, 5), (125.5, 5)):
            with self.subTest(amount=amount, fees=fees):
                self.start_anew()
                self.sandbox.post(
                    "profiles",
                    cid="700001",
                    apicode="sandbox-apicode",
                    status_rows="full",
                )
                invoice, job = self.transferred_case()
                if fees:
                    self.sandbox.post(f"jobs/{job.jobid}/fees", noticefee=fees)
                    job.with_user(self.manager).action_refresh()
                    self.env.invalidate_all()
                request = self.put_payment(invoice, amount)
                self.sandbox.fault("drop_after", path="/rest/jobs/payment")
                self.work_off()
                self.assertStates(request, "unknown")
                self.run_cron("cron_poll_status")
                job.with_user(self.manager).action_refresh()
                self.env.invalidate_all()
                self.settle()
                self.assertStates(request, "done")
                self.assertEqual(self.calls("jobs/payment"), 1)
                job.with_user(self.manager).action_refresh()
                self.env.invalidate_all()
                self.assertEqual(self.capital(invoice), invoice.amount_residual)
                self.assertAlmostEqual(job.open_amount, invoice.amount_residual)

    def test_next_payment_waits_for_the_lost_one(self):
        invoice, _job = self.transferred_case()
        self.put_payment(invoice, 25.5)
        self.sandbox.fault("drop_after", path="/rest/jobs/payment")
        self.work_off()
        self.put_payment(invoice, 50)
        lost = self.requests_of(invoice, "payment")[0].sudo()
        lost.next_attempt_at = fields.Datetime.now() + timedelta(hours=1)
        self.work_off()
        self.assertStates(self.requests_of(invoice, "payment"), "unknown", "queued")
        self.settle()
        self.assertStates(self.requests_of(invoice, "payment"), "done", "done")
        self.assertEqual(self.capital(invoice), 50)

    def test_double_click_makes_one_request(self):
        invoice = self.create_invoice()
        wizards = [self._wizard("ropo.send.wizard", invoice) for _click in range(2)]
        wizards[0].action_send()
        with self.assertRaisesRegex(UserError, "on its way"):
            wizards[1].action_send()
        self.work_off()
        self.assertEqual(len(self.requests_of(invoice)), 1)
        self.assertEqual(len(self.sandbox.jobs()), 1)

    def test_two_clicks_at_once_end_at_the_database(self):
        """Neither saw the other: the second insert fails, in words."""
        invoice = self.create_invoice(days_overdue=20)
        request = self.put(invoice)
        text = self.broken_by(lambda: request.sudo().copy({"state": "queued"}))
        self.assertIn("on its way to Ropo already, or Ropo has it", text)

    def test_reminder_and_collection_of_one_invoice_cannot_both_live(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.put_transfer(invoice)
        text = self.broken_by(lambda: request.sudo().copy({"operation": "collection"}))
        self.assertIn("collected twice", text)
        with self.assertRaisesRegex(UserError, "already"):
            self.put_transfer(invoice, "collection", notice_date=self.reminded_on)

    def broken_by(self, act):
        """What a user reads of the rule of the database that `act` breaks."""
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation) as caught,
            self.env.cr.savepoint(),
        ):
            act()
            self.env.flush_all()
        return self.env["ropo.request"]._sql_error_to_message(caught.exception)

    # --- rejected ---

    def reject(self):
        """An invoice that Ropo refuses for its customer's e-mail address."""
        partner = self._create_partner(
            "Example Customer", ropo_sendtype="email", email="nobody"
        )
        invoice = self.create_invoice(partner)
        self.send(invoice)
        self.assertStates(self.requests_of(invoice), "rejected")
        return invoice

    def test_rejected_says_why_and_never_retries_by_itself(self):
        invoice = self.reject()
        self.assertEqual(invoice.ropo_state, "rejected")
        self.assertIn("email: not an address", self.requests_of(invoice).error)
        self.settle()
        self.run_cron("cron_process_requests")
        self.assertEqual(self.calls(), 1)
        self.assertEqual(len(self.requests_of(invoice)), 1)

    def test_rejected_can_be_fixed_and_sent_again_under_the_same_number(self):
        for again in (
            lambda invoice: self.send(invoice),
            lambda invoice: self.requests_of(invoice).action_retry(),
        ):
            invoice = self.reject()
            invoice.partner_id.email = "customer@example.com"
            again(invoice)
            self.work_off()
            self.assertStates(self.requests_of(invoice), "rejected", "done")
            self.assertEqual(invoice.ropo_state, "sent")
            self.assertFalse(invoice.ropo_problem)
            self.sandbox.job(billnum=invoice.name)

    def test_partial_success_is_recorded_row_by_row(self):
        invoices = self.create_invoices(3)
        taken = self.put(invoices)[1]
        self.send_directly(self.document(taken))
        self.work_off()
        self.assertStates(self.requests_of(invoices), "done", "rejected", "done")
        self.assertIn("already in use", taken.error)
        for request in self.requests_of(invoices) - taken:
            job = self.sandbox.job(billnum=request.move_id.name)
            self.assertEqual(request.job_id.jobid, str(job["jobid"]))
            self.assertEqual(request.response["ownref"], request.id)
        self.assertEqual(self.calls(), 2)

    def document(self, request):
        documents = self.env["ropo.document"]
        return documents._invoice(request.move_id, request.account_id, 0)

    def send_directly(self, document):
        """Sends it behind the outbox's back."""
        with self.account._client() as client:
            return client.send([client.freeze(document)])

    def test_answers_in_another_order_are_matched(self):
        """The sandbox always shuffles its rows; here they come twice as well."""
        invoices = self.create_invoices(10)
        self.sandbox.fault("duplicate")
        self.send(invoices)
        for request in self.requests_of(invoices):
            job = self.sandbox.job(billnum=request.move_id.name)
            self.assertEqual(request.job_id.jobid, str(job["jobid"]))
            self.assertEqual(request.job_id.reference, job["reference"])
        self.assertEqual(len(invoices.ropo_job_ids), 10)

    # --- retries ---

    def test_throttled_waits_as_long_as_ropo_asks(self):
        request = self.put(self.create_invoice())
        self.sandbox.fault("throttle", retry_after=100)
        self.work_off()
        self.assertStates(request, "queued")
        self.assertWaits(request, 100, 150)
        self.work_off()
        self.assertEqual(self.calls(), 1)
        self.hurry(request)
        self.assertStates(request, "done")

    def test_throttled_without_a_time_waits_a_little(self):
        request = self.put(self.create_invoice())
        self.sandbox.fault("throttle")
        self.work_off()
        self.assertWaits(
            request, recording.THROTTLED_WAIT, 2 * recording.THROTTLED_WAIT
        )
        self.hurry(request)
        self.assertStates(request, "done")

    def no_new_token(self):
        """Ropo refuses the token and then gives no other: nothing can be said."""
        self.sandbox.post(
            "faults",
            faults=[
                {"kind": "expired_token", "path": "/rest/jobs"},
                {"kind": "error_before", "path": "/rest/token", "skip": 1},
            ],
        )

    def test_not_sent_backs_off_and_is_capped(self):
        request = self.put(self.create_invoice())
        self.no_new_token()
        for attempts, wait in (
            (1, 30),
            (2, 60),
            (3, 120),
            (30, recording.LONGEST_WAIT),
        ):
            request.sudo().write({"attempts": attempts - 1, "next_attempt_at": False})
            self.work_off()
            self.assertStates(request, "queued")
            self.assertEqual(request.attempts, attempts)
            self.assertWaits(request, wait, min(wait * 1.5, recording.LONGEST_WAIT))
        self.assertFalse(self.sandbox.jobs())
        self.sandbox.heal()
        self.hurry(request)
        self.assertStates(request, "done")

    def test_waits_differ(self):
        requests = self.put(self.create_invoices(5))
        self.no_new_token()
        self.work_off()
        self.assertGreater(len(set(requests.mapped("next_attempt_at"))), 1)

    def test_nobody_is_hammered(self):
        requests = self.put(self.create_invoices(3))
        self.no_new_token()
        self.work_off()
        before = self.sandbox.state()["calls"]
        for _run in range(5):
            self.work_off()
            self.run_cron("cron_process_requests")
        self.assertEqual(self.sandbox.state()["calls"], before)
        self.assertStates(requests, *["queued"] * 3)

    def test_unreachable_ropo_costs_one_try_and_no_flood(self):
        requests = self.put(self.create_invoices(3))
        self.move_ropo_to(NOWHERE)
        for _run in range(4):
            self.account.paused_until = False
            self.env.flush_all()
            messages = len(self.account.message_ids)
            self.work_off()
            self.assertTrue(self.account._is_resting())
        self.assertEqual(len(self.account.message_ids), messages)
        self.assertStates(requests, *["queued"] * 3)
        self.assertEqual(requests.mapped("attempts"), [0, 0, 0])
        self.move_ropo_to(self.sandbox.url)
        self.account.paused_until = False
        self.work_off()
        self.assertStates(requests, *["done"] * 3)

    # --- one bad record ---

    def test_one_that_cannot_be_built_never_stops_the_rest(self):
        invoices = self.create_invoices(3)
        requests = self.put(invoices)
        documents = type(self.env["ropo.document"])
        build = documents._invoice

        def fail_for_one(this, move, *args, **kwargs):
            if move == invoices[1]:
                raise ZeroDivisionError("secret detail")
            return build(this, move, *args, **kwargs)

        with patch.object(documents, "_invoice", fail_for_one), mute_logger(LOGGER):
            self.work_off()
        self.assertStates(requests, "done", "rejected", "done")
        self.assertIn("ZeroDivisionError", requests[1].error)
        self.assertNotIn("secret detail", requests[1].error)

    def test_address_removed_after_the_wizard_never_stops_the_rest(self):
        invoices = self.create_invoices(3)
        requests = self.put(invoices)
        invoices[1].partner_id.street = False
        self.work_off()
        self.assertStates(requests, "done", "rejected", "done")
        self.assertIn("street", requests[1].error)

    def test_one_that_cannot_be_recorded_never_stops_the_rest(self):
        """PostgreSQL keeps no NUL; the answer is lost, so Ropo is asked."""
        invoices = self.create_invoices(3)
        requests = self.put(invoices)
        answer_of = answers._assignment_answer

        def with_nul(row, *args):
            if row["ownref"] == requests[1].id:
                row["receiver"] = "\0"
            return answer_of(row, *args)

        with patch.object(answers, "_assignment_answer", with_nul):
            with mute_logger(LOGGER, "odoo.sql_db"):
                self.work_off()
        self.assertStates(requests, "done", "unknown", "done")
        self.settle()
        self.assertStates(requests, "done", "done", "done")
        self.assertEqual(len(self.sandbox.jobs()), 3)

    # --- credentials ---

    def test_wrong_password_stops_that_account_and_says_so_once(self):
        other = self.other_company()
        requests = self.put(self.create_invoices(2))
        elsewhere = self.put(other.invoice)
        self.account.write({"apicode": "wrong", "user_id": self.manager.id})
        for _run in range(3):
            self.run_cron("cron_process_requests")
        self.assertStates(requests, "queued", "queued")
        self.assertStates(elsewhere, "done")
        self.assertEqual(requests.mapped("attempts"), [0, 0])
        activity = self.account.activity_ids
        self.assertEqual(activity.user_id, self.manager)
        self.assertIn("Ropo refuses the credentials", activity.summary)
        self.assertEqual(self.calls("token"), 2)  # one for each account

        self.account.apicode = "sandbox-apicode"
        self.assertFalse(self.account.activity_ids)
        self.run_cron("cron_process_requests")
        self.assertStates(requests, "done", "done")

    def test_credentials_refused_half_way_keep_everything_queued(self):
        requests = self.put(self.create_invoices(2))
        self.sandbox.fault("expired_token", times=None)
        self.work_off()
        self.assertStates(requests, "queued", "queued")
        self.assertTrue(self.account._is_resting())
        self.assertEqual(len(self.account.activity_ids), 1)
        self.sandbox.heal()
        self.account.action_test_connection()
        self.hurry(requests)
        self.assertStates(requests, "done", "done")

    def test_expired_token_is_renewed_once(self):
        self.account.batch_size = 1
        requests = self.put(self.create_invoices(8))
        self.sandbox.fault("expired_token")
        self.work_off()
        self.assertStates(requests, *["done"] * 8)
        self.assertEqual(self.calls("token"), 2)
        self.send(self.create_invoice())
        self.assertEqual(self.calls("token"), 2)  # the new one was kept

    def other_company(self):
        """A company with an account, an invoice and Ropo credentials of its own."""
        data = self.setup_other_company(name="Example Two Oy")
        company = data["company"]
        self.env.user.company_ids |= company
        account = self._create_account(
            company, cid="700002", apicode="sandbox-apicode-2", service_model="unify"
        )
        here, self.env.user.company_id = self.env.user.company_id, company
        try:
            invoice = self.with_company(company).create_invoice(self.business)
        finally:
            self.env.user.company_id = here
        return _Other(account, invoice)

    def with_company(self, company):
        there = type(self)()
        there.__dict__ = dict(
            self.__dict__, env=self.env["base"].with_company(company).env
        )
        return there

    # --- leases ---

    def sending(self, lease):
        """A request whose run has died; `lease` is how long that is ahead."""
        request = self.put(self.create_invoice())
        request.sudo().write(
            {
                "state": "sending",
                "payload": payloads.invoice_payload(self.document(request)),
                "call": "jobs",
                "lease_until": fields.Datetime.now() + lease,
            }
        )
        return request

    def test_lease_that_ran_out_is_unknown_never_queued(self):
        request = self.sending(timedelta(seconds=-1))
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", 60)
        self.work_off()
        self.assertStates(request, "unknown")
        self.assertFalse(self.calls())
        self.assertWaits(request, 60, 61)
        self.assertIn("server stopped", request.error)

    def test_unexpired_lease_is_left_alone(self):
        request = self.sending(timedelta(minutes=1))
        self.work_off()
        self.run_cron("cron_process_requests")
        self.assertStates(request, "sending")
        self.assertFalse(self.calls())

    def test_lease_outlasts_the_longest_call(self):
        """Begun at the last moment, refused for its token, and said again."""
        self.account.timeout = 60
        end = self.env["ropo.outbox"]._lease_end(self.account)
        longest = timedelta(seconds=outbox.SENDING_TIME + 3 * 60)
        self.assertGreaterEqual(end, fields.Datetime.now() + longest)

    # --- what is said ---

    def test_payload_is_frozen_at_claim(self):
        """What Ropo received is what the request shows, whole."""
        invoices = self.create_invoices(2)
        self.send(invoices[0])
        self.transfer(invoices[1])
        self.pay(invoices[1], 25.5)
        self.run_cron("cron_post_payments")
        self.work_off()
        requests = self.requests_of(invoices)
        self.assertStates(requests, "done", "done", "done")
        sent = {job["ownref"]: job["dataset"] for job in self.sandbox.jobs()}
        for request in requests[:2]:
            self.assertEqual(request.payload, sent[request.id])
        (payment,) = self.sandbox.state()["payments"]
        self.assertEqual(requests[2].payload, payment["request"])

    def test_amount_at_claim_not_at_wizard(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.put_transfer(invoice)
        self.assertEqual(request.amount, 125.5)
        self.pay(invoice, 25.5)
        self.work_off()
        self.assertEqual(request.amount, 100)
        self.assertEqual(self.sandbox.job(jobtype=1)["amount"], 100)
        self.assertEqual(invoice.ropo_job_ids.amount, 100)
        self.run_cron("cron_post_payments")
        self.assertFalse(self.requests_of(invoice, "payment"))  # taken into account

    def test_nothing_open_any_more_is_cancelled(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.put_transfer(invoice)
        self.pay(invoice)
        self.work_off()
        self.assertStates(request, "cancelled")
        self.assertFalse(self.calls())
        self.assertFalse(invoice.ropo_state)

    # --- what nobody can say ---

    def lost(self, kind="drop_after"):
        """A lost collection of which Ropo's own list says nothing clear."""
        invoice = self.create_invoice(days_overdue=20)
        request = self.put_transfer(invoice)
        self.sandbox.fault(kind)
        self.work_off()
        self.sandbox.fault(
            "error_before", path="/rest/jobs/findbyendcustomer", times=None
        )
        self.settle_unanswered()
        self.assertStates(request, "unknown")
        return request

    def test_what_nobody_can_say_asks_a_person_once(self):
        self.account.user_id = self.manager
        request = self.lost()
        self.lost()
        activity = self.account.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.manager)
        self.assertIn("Mark as Received", request.error)
        self.assertIn("Mark as Received", request.move_id.ropo_problem)

    def lost_payment(self):
        """A payment that never arrived, and nobody knows it."""
        invoice, _job = self.transferred_case()
        request = self.put_payment(invoice, 25.5)
        self.sandbox.fault("drop_before", "/rest/jobs/payment")
        self.work_off()
        self.assertStates(request, "unknown")
        return request

    def test_money_that_came_to_ropo_meanwhile_is_taken_in_before_its_figures_are(self):
        request = self.lost_payment()
        self.at_ropo(request.job_id, "pay", amount=30)
        self.settle()
        self.assertStates(request, "done")
        self.assertEqual(self.sandbox.job(jobtype=1)["capital"], 70)

    def test_person_sees_what_ropo_shows_and_what_it_would_be(self):
        request = self.lost_payment()
        self.at_ropo(request.job_id, "fees", interest=5)  # reported by nothing
        self.settle(lookup.LOOK_UPS + 2)
        self.assertStates(request, "unknown")
        text = request.error.replace("\N{NO-BREAK SPACE}", " ")
        self.assertIn("Ropo shows 130.50 € as open", text)
        self.assertIn("125.50 € if this did not arrive, and 100.00 € if it did", text)

    def test_while_ropo_can_not_be_asked_the_others_do_not_wait_for_each(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", 60)
        requests = self.lost_payment() | self.lost_payment()
        requests.sudo().next_attempt_at = fields.Datetime.now()
        self.sandbox.fault("error_before", "/rest/jobs/statusupdates", times=None)
        self.work_off()
        self.assertStates(requests, "unknown", "unknown")
        unanswered = requests.mapped(lambda request: bool(request.unanswered_since))
        self.assertEqual(sorted(unanswered), [False, True])

    def test_person_says_that_it_arrived(self):
        request = self.lost()
        request.with_user(self.manager).action_resolve_done()
        self.assertStates(request, "done")
        self.assertEqual(request.move_id.ropo_state, "reminder")
        self.assertFalse(request.move_id.ropo_problem)
        self.settle()
        self.assertEqual(self.calls(), 1)

    def test_person_says_that_it_did_not_arrive(self):
        request = self.lost("drop_before")
        self.sandbox.heal()
        request.with_user(self.manager).action_resolve_requeue()
        self.work_off()
        self.assertStates(request, "done")
        self.assertEqual(len(self.sandbox.jobs()), 1)

    def test_person_cancels_what_waits(self):
        requests = self.put(self.create_invoices(2))
        requests[0].with_user(self.manager).action_cancel()
        self.work_off()
        self.assertStates(requests, "cancelled", "done")
        self.assertFalse(requests[0].move_id.ropo_state)
        self.send(requests[0].move_id)
        self.assertEqual(requests[0].move_id.ropo_state, "sent")

    def test_person_hurries_what_waits(self):
        request = self.put(self.create_invoice())
        request.sudo().next_attempt_at = fields.Datetime.now() + timedelta(hours=5)
        self.env.flush_all()
        request.with_user(self.manager).action_retry()
        self.work_off()
        self.assertStates(request, "done")

    ACTIONS = {
        "action_retry": ("queued", "rejected"),
        "action_cancel": ("queued", "rejected"),
        "action_resolve_done": ("unknown",),
        "action_resolve_requeue": ("unknown",),
    }

    def test_only_a_manager_decides(self):
        request = self.put(self.create_invoice())
        for action in self.ACTIONS:
            with self.assertRaisesRegex(AccessError, "Only a Ropo manager"):
                getattr(request.with_user(self.user), action)()
        self.assertStates(request, "queued")
        for values in ({"state": "done"}, {"payload": {}}, {"amount": 1}):
            with self.assertRaises(AccessError):
                request.with_user(self.manager).write(values)

    def test_decision_in_the_wrong_state_is_refused_clearly(self):
        request = self.put(self.create_invoice())
        states = ("queued", "sending", "done", "rejected", "unknown", "cancelled")
        for action, allowed in self.ACTIONS.items():
            for state in set(states) - set(allowed):
                with self.subTest(action=action, state=state):
                    request.sudo().state = state
                    with self.assertRaises(UserError) as caught:
                        getattr(request.with_user(self.manager), action)()
                    self.assertRegex(str(caught.exception), r"\w+ \w+ \w+")
                    self.assertStates(request, state)

    # --- accounts ---

    def test_resting_accounts_are_left_alone(self):
        request = self.put(self.create_invoice())
        self.account.paused_until = fields.Datetime.now() + timedelta(hours=1)
        self.work_off()
        self.run_cron("cron_process_requests")
        self.assertFalse(self.sandbox.state()["calls"])
        self.account.paused_until = False
        self.work_off()
        self.assertStates(request, "done")

    def test_batches_of_batch_size(self):
        self.account.batch_size = 4
        self.send(self.create_invoices(10))
        self.assertEqual(self.calls(), math.ceil(10 / 4))
        self.assertEqual(len(self.sandbox.jobs()), 10)

    def test_waiting_for_ones_turn_is_no_attempt_and_brings_no_wait(self):
        self.account.write({"batch_size": 1, "max_concurrency": 1})
        moves = self.env["account.move"].union(
            *(self.create_invoice() for _n in range(4))
        )
        self.sandbox.post("latency", ms=400)
        self.addCleanup(self.sandbox.post, "latency", ms=0)
        with patch.object(outbox, "SENDING_TIME", 0.5):
            self.send(moves)
        self.sandbox.post("latency", ms=0)
        requests = moves.ropo_request_ids
        self.assertEqual(requests.mapped("state"), ["done"] * 4)
        self.assertEqual(requests.mapped("attempts"), [1] * 4)

    def test_calls_at_once_never_above_max_concurrency(self):
        self.account.write({"batch_size": 1, "max_concurrency": 3})
        self.sandbox.post("latency", ms=30)
        self.send(self.create_invoices(12))
        state = self.sandbox.state()
        self.assertEqual(state["max_concurrent"], {"700001": 3})
        self.assertEqual(len(state["jobs"]), 12)

    def test_fewer_calls_at_once_where_ropo_throttles(self):
        self.account.write({"batch_size": 1, "max_concurrency": 8})
        self.sandbox.post(
            "profiles", cid="700001", apicode="sandbox-apicode", concurrency=2
        )
        self.sandbox.post("latency", ms=20)
        requests = self.put(self.create_invoices(30))
        self.work_off()
        for _round in range(5):
            waiting = requests.filtered(lambda r: r.state == "queued")
            waiting.sudo().next_attempt_at = False
            self.work_off()
        self.assertStates(requests, *["done"] * 30)
        self.assertLess(self.sandbox.state()["throttled"]["700001"], 30)

    def test_one_cron_run_works_two_companies_with_their_own_credentials(self):
        other = self.other_company()
        invoice = self.create_invoice()
        self.put(invoice)
        self.put(other.invoice)
        self.run_cron("cron_process_requests")
        cids = {job["billnum"]: job["cid"] for job in self.sandbox.jobs()}
        # Both companies may number alike.
        self.assertEqual(
            sorted(job["cid"] for job in self.sandbox.jobs()), ["700001", "700002"]
        )
        self.assertIn(invoice.name, cids)
        self.assertEqual(invoice.ropo_job_ids.account_id, self.account)
        self.assertEqual(other.invoice.ropo_job_ids.account_id, other.account)
        self.assertEqual(
            other.invoice.ropo_job_ids.company_id, other.account.company_id
        )

    def test_account_that_breaks_the_run_does_not_stop_the_others(self):
        other = self.other_company()
        request = self.put(self.create_invoice())
        elsewhere = self.put(other.invoice)
        service = type(self.env["ropo.outbox"])
        run = service._work_off_locked

        def fail_for_one(this, account, *args):
            if account == self.account:
                raise ZeroDivisionError
            return run(this, account, *args)

        with patch.object(service, "_work_off_locked", fail_for_one):
            with mute_logger(LOGGER):
                self.run_cron("cron_process_requests")
        self.assertStates(request, "queued")
        self.assertStates(elsewhere, "done")

    # --- copies ---

    def test_copied_or_neutralized_database_talks_to_no_production(self):
        self.account.write(
            {"environment": "production", "cid": "700001", "apicode": "secret-code"}
        )
        self.assertEqual(self.account.base_url, "https://ropo24.fi")
        request = self.put(self.create_invoice())
        parameters = self.env["ir.config_parameter"].sudo()
        for name, value in (
            ("database.uuid", "of-the-copy"),
            ("database.is_neutralized", "True"),
        ):
            before = parameters.get_param(name)
            parameters.set_param(name, value)
            self.account.paused_until = False
            with patch("socket.socket.connect") as connect:
                self.work_off()
                with self.assertRaisesRegex(UserError, "is a copy, or was neutralized"):
                    self.account.action_test_connection()
            connect.assert_not_called()
            self.assertStates(request, "queued")
            parameters.set_param(name, before)

    def test_neutralization_forgets_credentials_and_production(self):
        self.account.environment = "production"
        self.env.flush_all()
        with self.env.registry.cursor() as cr:
            path = f"{outbox.__file__.rsplit('/', 2)[0]}/data/neutralize.sql"
            with open(path) as script:
                cr.execute(script.read())
        self.env.invalidate_all()
        self.assertEqual(self.account.environment, "sandbox")
        self.assertFalse(self.account.apicode or self.account.cid)
        self.assertFalse(self.account.base_url)

    def test_http_only_to_this_machine_and_only_in_the_sandbox(self):
        for values in (
            {"environment": "sandbox", "base_url": "http://ropo24.fi"},
            {"environment": "sandbox", "base_url": "http://192.0.2.1"},
            {"environment": "sandbox", "base_url": "https://ropo24.fi"},
            {"environment": "sandbox", "base_url": "https://ropo24.fi."},
            {"environment": "test", "base_url": "http://127.0.0.1:1"},
            {"environment": "test", "base_url": "https://ropo24.fi"},
        ):
            with self.subTest(**values), self.assertRaises(UserError):
                self.account.write(values)

    # --- secrets ---

    def test_no_secret_in_requests_errors_chatter_or_logs(self):
        lines = []
        handler = logging.Handler(logging.DEBUG)
        handler.emit = lambda record: lines.append(handler.format(record))
        root = logging.getLogger()
        root.addHandler(handler)
        level, root.level = root.level, logging.DEBUG
        try:
            self.go_through_troubles()
        finally:
            root.removeHandler(handler)
            root.level = level
        tokens = self.env["ropo.token"].sudo().search([])
        self.env.cr.execute("SELECT value FROM ropo_token")
        token = self.env.cr.fetchone()[0]
        self.assertTrue(tokens and token)
        requests = self.env["ropo.request"].search([])
        said = [
            *lines,
            *(str(value) for value in requests.read()),
            *(message.body for message in self.account.message_ids),
            *(activity.note for activity in self.account.activity_ids),
            json.dumps(requests.mapped("response")),
        ]
        for secret in ("sandbox-apicode", "wrong-code", token):
            self.assertFalse([text for text in said if secret in text])

    def go_through_troubles(self):
        self.send(self.create_invoice())
        for kind in ("expired_token", "drop_after", "garbled", "error_after"):
            self.put(self.create_invoice())
            self.sandbox.fault(kind)
            self.work_off()
        self.account.apicode = "wrong-code"
        self.put(self.create_invoice())
        self.work_off()
        with self.assertRaises(UserError) as caught:
            self.account.action_test_connection()
        self.assertNotIn("wrong-code", str(caught.exception))
        self.account.apicode = "sandbox-apicode"
        self.settle()

    # --- at once ---

    def test_single_one_is_sent_right_after_the_users_transaction(self):
        invoice = self.create_invoice()
        self.put(invoice)
        ids, service = self.requests_of(invoice).ids, self.env["ropo.outbox"]
        outbox._work_off_after_commit(service, self.account.id, ids)
        self.env.invalidate_all()
        self.assertEqual(invoice.ropo_state, "sent")

    def test_failure_after_the_users_transaction_is_not_his(self):
        ids, service = self.put(self.create_invoice()).ids, self.env["ropo.outbox"]
        with patch.object(type(service), "_work_off", side_effect=ZeroDivisionError):
            with mute_logger(LOGGER):
                outbox._work_off_after_commit(service, self.account.id, ids)


class _Other:
    def __init__(self, account, invoice):
        self.account = account
        self.invoice = invoice
