"""The state of a request: one writer, one table, and who wakes a worker."""

from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..models.ropo_request_state import TRANSITIONS
from .test_outbox import OutboxCommon


@tagged("post_install", "-at_install")
class TestRequestState(OutboxCommon):
    def stale(self, request, state):
        """In this state, with all that may belong to any."""
        request.sudo().write(
            {
                "state": state,
                "lease_until": fields.Datetime.now(),
                "next_attempt_at": fields.Datetime.now(),
                "error": "What was true before.",
                "look_ups": 3,
                "unanswered_since": fields.Datetime.now(),
            }
        )
        self.env.flush_all()

    def test_each_state_follows_only_on_those_of_the_table(self):
        request = self.put(self.create_invoice()).sudo()
        for state, following in TRANSITIONS.items():
            for new in TRANSITIONS:
                with self.subTest(state=state, new=new):
                    self.stale(request, state)
                    if new in following:
                        request._set_state(new)
                        self.assertStates(request, new)
                        continue
                    with self.assertRaisesRegex(UserError, "changed meanwhile"):
                        request._set_state(new)
                    self.assertStates(request, state)

    def test_nothing_of_the_state_before_stays(self):
        request = self.put(self.create_invoice()).sudo()
        names = [
            *("lease_until", "next_attempt_at", "error", "look_ups"),
            *("unanswered_since", "to_review"),
        ]
        for state, following in TRANSITIONS.items():
            for new in following:
                with self.subTest(state=state, new=new):
                    self.stale(request, state)
                    request._set_state(new)
                    self.assertFalse([name for name in names if request[name]])

    def test_the_state_that_counts_is_that_of_the_database(self):
        request = self.put(self.create_invoice()).sudo()
        self.assertStates(request, "queued")
        self.env.cr.execute(
            "UPDATE ropo_request SET state = 'done' WHERE id = %s", request.ids
        )
        with self.assertRaisesRegex(UserError, "changed meanwhile"):
            request._set_state("sending")
        self.assertStates(request, "done")

    def test_one_update_for_many(self):
        for count in (2, 12):
            requests = self.put(self.create_invoices(count)).sudo()
            requests.mapped("state")
            self.env.flush_all()
            with self.assertQueryCount(4):
                requests._set_state("sending", lease_until=fields.Datetime.now())
                requests.flush_recordset()

    # --- what a person may do ---

    DECISIONS = {
        "action_retry": "may_retry",
        "action_resolve_requeue": "may_requeue",
        "action_cancel": "may_cancel",
        "action_resolve_done": "may_be_received",
    }
    LEADS_TO = {
        "may_requeue": "queued",
        "may_cancel": "cancelled",
        "may_be_received": "done",
    }

    def buttons(self):
        """Of the form: which decision each is, and when it is not shown."""
        arch = self.env["ropo.request"].get_view(view_type="form")["arch"]
        return [
            (self.DECISIONS[button.get("name")], button.get("invisible"))
            for button in etree.fromstring(arch).iter("button")
            if button.get("name") in self.DECISIONS
        ]

    def is_shown(self, request, invisible):
        names = compile(invisible, "", "eval").co_names
        return not safe_eval(invisible, {name: request[name] for name in names})

    def test_a_person_is_offered_only_what_the_table_allows(self):
        request = self.put(self.create_invoice()).sudo()
        buttons = self.buttons()
        self.assertEqual(
            {field for field, _invisible in buttons}, {*self.DECISIONS.values()}
        )
        shown = set()
        for state, following in TRANSITIONS.items():
            self.stale(request, state)
            for field, invisible in buttons:
                with self.subTest(state=state, field=field):
                    if request[field] and field in self.LEADS_TO:
                        self.assertIn(self.LEADS_TO[field], following)
                    if self.is_shown(request, invisible):
                        self.assertTrue(request[field])
                        shown.add((state, field))
        self.assertGreaterEqual(
            shown,
            {
                ("queued", "may_retry"),
                ("queued", "may_cancel"),
                ("rejected", "may_retry"),
                ("rejected", "may_cancel"),
            },
        )

    # --- who wakes a worker ---

    def triggers(self):
        cron = self.env.ref("ropo_connect.cron_process_requests")
        return self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", cron.id)])

    def wakings(self):
        """When the cron is to run again, by what one run that had work asked for."""
        self.put(self.create_invoice())
        self.triggers().unlink()
        self.run_cron("cron_process_requests")
        return self.triggers().mapped("call_at")

    def lost(self):
        """What only a person can say."""
        request = self.put_transfer(self.create_invoice(days_overdue=20))
        self.sandbox.fault("drop_after")
        self.work_off()
        path = "/rest/jobs/findbyendcustomer"
        self.sandbox.fault("error_before", path=path, times=None)
        self.settle_unanswered()
        self.assertStates(request, "unknown")
        return request

    def test_what_waits_for_a_person_wakes_no_worker(self):
        request = self.lost()
        self.assertTrue(request.to_review)
        self.assertFalse(self.wakings())

    def test_what_ropo_refused_wakes_no_worker_and_hides_no_next_time(self):
        partner = self._create_partner("Nobody", ropo_sendtype="email", email="nobody")
        refused = self.put(self.create_invoice(partner))
        self.sandbox.fault("throttle")
        self.work_off()
        self.hurry(refused)
        self.assertStates(refused, "rejected")
        waiting = self.put(self.create_invoice())
        self.sandbox.fault("throttle", retry_after=500)
        self.work_off()
        self.assertEqual(self.wakings(), waiting.mapped("next_attempt_at"))

    def test_what_waits_behind_a_lost_one_wakes_no_worker(self):
        invoice, _job = self.transferred_case()
        lost = self.put_payment(invoice, 25.5)
        self.sandbox.fault("drop_after", path="/rest/jobs/payment")
        self.work_off()
        self.assertStates(lost, "unknown")
        later = fields.Datetime.now().replace(microsecond=0) + timedelta(hours=1)
        lost.sudo().next_attempt_at = later
        behind = self.put_payment(invoice, 50).sudo()
        behind.next_attempt_at = fields.Datetime.now() - timedelta(hours=1)
        self.env.flush_all()
        self.assertFalse(self.env["ropo.due"]._count())
        self.assertStates(behind, "queued")
        self.assertEqual(self.wakings(), [later])
