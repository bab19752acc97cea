"""What became of a lost request: several means, several times, and then a person."""

import math
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..channels.ropo_one import RopoOne
from ..services import due as due_module
from ..services import lookup
from ..services.transaction import commit_with_retry
from .test_outbox import LOGGER, OutboxCommon

TRANSACTION = "odoo.addons.ropo_connect.services.transaction"
LIST = "/rest/jobs/findbyendcustomer"


@tagged("post_install", "-at_install")
class TestLookup(OutboxCommon):
    def lost(self, kind="drop_before", sending=None):
        invoice = self.create_invoice(days_overdue=20)
        request = (sending or self.put_transfer)(invoice)
        self.sandbox.fault(kind)
        self.work_off()
        self.assertStates(request, "unknown")
        return request

    def look_up(self, request):
        request.sudo().next_attempt_at = fields.Datetime.now()
        self.work_off()

    # --- one negative answer decides nothing ---

    def test_one_negative_lookup_does_not_send_again(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", 120)
        request = self.lost()
        for _lookup in range(lookup.NEGATIVES + 2):
            self.look_up(request)
            self.assertStates(request, "unknown")
        self.assertEqual(self.calls(), 1)
        self.assertWaits(request, 2 * 3600 - 60, 2 * 3600)

    def test_several_negative_lookups_hours_apart_send_again(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", 120)
        request = self.lost()
        for _lookup in range(lookup.NEGATIVES - 1):
            self.look_up(request)
            self.assertStates(request, "unknown")
            request.sudo().negative_since -= timedelta(hours=2)
        self.look_up(request)
        self.assertStates(request, "done")
        self.assertEqual(self.calls(), 2)
        self.assertEqual(len(self.sandbox.jobs(billnum=request.move_id.name)), 1)

    def test_a_reminder_that_ropo_lists_late_is_not_sent_twice(self):
        request = self.lost("drop_after")
        nothing = patch.object(RopoOne, "customer_invoices", lambda *_: [])
        with nothing:
            self.look_up(request)
        self.assertStates(request, "unknown")
        self.look_up(request)
        self.assertStates(request, "done")
        self.assertEqual(self.calls(), 1)

    def test_status_updates_of_the_number_speak_against_the_list(self):
        request = self.lost("drop_after")
        job = self.sandbox.job(billnum=request.move_id.name)
        self.sandbox.post(f"jobs/{job['jobid']}/pay", amount=10)
        with patch.object(RopoOne, "customer_invoices", lambda *_: []):
            self.look_up(request)
        self.assertStates(request, "done")
        self.assertEqual(request.job_id.jobid, str(job["jobid"]))

    # --- what Ropo has already ---

    def refused_as_duplicate(self):
        """A delivery that arrived, was not found, and is refused when sent again."""
        invoice = self.create_invoice()
        request = self.put(invoice)
        self.sandbox.fault("drop_after")
        self.work_off()
        not_found = [
            patch.object(RopoOne, "customer_invoices", lambda *_: []),
            patch.object(RopoOne, "status_rows", lambda *_, **__: []),
        ]
        with not_found[0], not_found[1]:
            self.settle()
        self.assertStates(request, "rejected")
        return invoice, request

    def test_what_ropo_has_already_can_be_marked_as_received(self):
        invoice, request = self.refused_as_duplicate()
        self.assertTrue(request.may_be_received)
        request.with_user(self.manager).action_resolve_done()
        self.assertStates(request, "done")
        self.assertEqual(invoice.ropo_state, "sent")

    def test_what_ropo_may_have_is_not_reset_to_draft_nor_deleted(self):
        invoice, request = self.refused_as_duplicate()
        with self.assertRaisesRegex(UserError, "can't be changed"):
            invoice.button_draft()
        with self.assertRaisesRegex(UserError, "can't be changed"):
            invoice.with_context(force_delete=True).unlink()
        request.with_user(self.manager).action_cancel()
        invoice.button_draft()
        self.assertEqual(invoice.state, "draft")

    def test_a_refused_number_that_was_never_lost_can_be_marked_too(self):
        invoice = self.create_invoice()
        self.send(invoice)
        invoice.sudo().ropo_job_ids._release()
        request = self.put(invoice)[-1]
        self.work_off()
        self.assertStates(request, "rejected")
        self.assertIn("already in use", request.error)
        self.assertTrue(request.may_be_received)

    # --- Ropo can't be asked ---

    def test_an_outage_of_hours_asks_no_person_and_ends_by_itself(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", 120)
        for path in (LIST, "/rest/jobs/statusupdates"):
            with self.subTest(path):
                request = self.lost("drop_after")
                self.sandbox.fault("error_before", path=path, times=None)
                self.look_up(request)
                since = request.unanswered_since
                self.assertTrue(since)
                for _hour in range(2 * lookup.LOOK_UPS):
                    request.sudo().unanswered_since -= timedelta(hours=1)
                    self.look_up(request)
                self.assertStates(request, "unknown")
                self.assertFalse(request.to_review)
                self.assertFalse(request.look_ups)
                self.assertEqual(
                    request.unanswered_since,
                    since - timedelta(hours=2 * lookup.LOOK_UPS),
                )
                self.assertWaits(request, 120, 121)
                self.sandbox.heal()
                self.look_up(request)
                self.assertStates(request, "done")
                self.assertFalse(request.unanswered_since)

    def test_an_outage_of_a_day_asks_a_person(self):
        request = self.lost("drop_after")
        self.sandbox.fault("error_before", path=LIST, times=None)
        self.look_up(request)
        request.sudo().unanswered_since -= lookup.OUTAGE - timedelta(minutes=5)
        self.look_up(request)
        self.assertFalse(request.to_review)
        request.sudo().unanswered_since -= timedelta(minutes=5)
        self.look_up(request)
        self.assertTrue(request.to_review)
        self.assertTrue(self.account.activity_ids)

    def test_what_ropo_answered_before_an_outage_still_counts_after_it(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", 120)
        request = self.lost()
        self.look_up(request)
        counted = (request.negatives, request.negative_since)
        self.assertEqual(counted[0], 1)
        self.sandbox.fault("error_before", path=LIST)
        self.look_up(request)
        self.assertTrue(request.unanswered_since)
        self.assertEqual((request.negatives, request.negative_since), counted)

    # --- a person's decision is final ---

    def test_a_person_who_decides_during_a_lookup_is_not_overruled(self):
        request = self.lost("drop_after")
        service = type(self.env["ropo.lookup"])
        ask = service._ask_ropo

        def meanwhile(self, request, client):
            finding = ask(self, request, client)
            request.action_resolve_done()
            commit_with_retry(self.env, request.flush_recordset)
            return replace(finding, arrived=False)

        with patch.object(service, "_ask_ropo", meanwhile):
            self.settle(4)
        self.assertStates(request, "done")
        self.assertEqual(self.calls(), 1)

    def test_a_late_answer_does_not_undo_a_decision(self):
        request = self.put(self.create_invoice())
        service = type(self.env["ropo.recording"])
        record = service._record

        def late(self, requests, answers, account):
            requests._set_state("unknown")
            requests.action_resolve_done()
            return record(self, requests, answers, account)

        self.sandbox.fault("error_before")
        with patch.object(service, "_record", late):
            self.work_off()
        self.assertStates(request, "done")

    def test_a_late_acceptance_is_not_sent_again(self):
        request = self.put(self.create_invoice())
        service = type(self.env["ropo.recording"])
        record = service._record

        def late(self, requests, answers, account):
            requests._set_state("unknown")
            requests.action_resolve_requeue()
            return record(self, requests, answers, account)

        with patch.object(service, "_record", late):
            self.work_off()
        self.settle()
        self.assertStates(request, "done")
        self.assertEqual(self.calls(), 1)
        self.assertTrue(request.job_id.jobid)

    # --- poison ---

    @mute_logger("odoo.addons.ropo_connect.channels.ropo_one.client")
    def test_a_poison_document_is_sent_alone_and_its_neighbours_pass(self):
        invoices = self.create_invoices(5)
        requests = self.put(invoices)
        self.sandbox.fault("error_before", contains=invoices[2].name, times=None)
        self.work_off()
        self.assertStates(requests, *["unknown"] * 5)
        self.settle(lookup.NEGATIVES + 1)
        poison = requests[2]
        self.assertStates(requests - poison, *["done"] * 4)
        self.settle(2 * lookup.NEGATIVES + 2)
        self.assertStates(poison, "rejected")
        self.assertIn("each time", poison.error)
        self.assertEqual(poison.attempts, lookup.MOST_ATTEMPTS)
        self.assertTrue(self.account.activity_ids)
        calls = self.calls()
        self.settle(3)
        self.assertEqual(self.calls(), calls)

    # --- nothing is dropped beside a failure ---

    def test_answers_under_way_are_recorded_when_the_next_claim_raises(self):
        self.account.write({"batch_size": 1, "max_concurrency": 1})
        requests = self.put(self.create_invoices(3))
        service = type(self.env["ropo.outbox"])
        reserve = service._reserve
        reserved = []

        def failing(self, requests, account):
            reserved.append(requests)
            if len(reserved) == 2:
                raise ValueError("the database is full")
            return reserve(self, requests, account)

        # With one cursor: in tests, one that fails undoes what is inside of it.
        self.env.flush_all()
        with (
            patch.object(service, "_reserve", failing),
            patch.object(due_module, "BATCHES_PER_RESERVATION", 1),
            self.env.registry.cursor() as cr,
            self.assertRaisesRegex(ValueError, "is full"),
        ):
            env = self.env(cr=cr)
            env["ropo.outbox"].sudo()._work_off_locked(
                self.account.with_env(env).sudo(), math.inf, None
            )
        self.env.invalidate_all()
        self.assertStates(requests, "done", "queued", "queued")

    @mute_logger(LOGGER, TRANSACTION)
    def test_one_that_can_not_be_built_does_not_stop_the_others(self):
        requests = self.put(self.create_invoices(3))
        Eligibility = type(self.env["ropo.eligibility"])
        verdicts = Eligibility._verdicts

        def failing(service, moves, *args, **kwargs):
            if requests[1].move_id in moves:
                raise ValueError("an odd record")
            return verdicts(service, moves, *args, **kwargs)

        with patch.object(Eligibility, "_verdicts", failing):
            self.work_off()
        self.assertStates(requests, "done", "rejected", "done")
        self.assertIn("ValueError", requests[1].error)

    # --- rights, and what a person sees ---

    def test_superuser_mode_may_decide_what_a_manager_may(self):
        request = self.lost()
        scripted = request.with_user(self.user).sudo()
        scripted.action_resolve_requeue()
        self.assertStates(request, "queued")
        request = self.put(self.create_invoice())
        request.with_user(self.user).sudo().action_retry()
        self.assertStates(request, "queued")
        request = self.put(self.create_invoice())
        request.with_user(self.user).sudo().action_cancel()
        self.assertStates(request, "cancelled")

    def test_a_lost_one_says_when_the_next_lookup_is(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", 120)
        request = self.lost()
        self.assertTrue(request.is_in_look_up)
        self.assertIn("Next lookup", request.move_id.ropo_problem)
        parameters.set_param("ropo_connect.look_up_delay", 0)
        self.sandbox.fault("error_before", path=LIST, times=None)
        self.settle_unanswered()
        self.assertTrue(request.to_review)
        self.assertFalse(request.is_in_look_up)
        self.assertNotIn("Next lookup", request.move_id.ropo_problem)
