"""What each answer to a lookup decides, how long the next one waits, and what a person
reads who has to decide."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import html2plaintext

from ..channels.base import Found
from ..channels.ropo_one import RopoOne
from ..services import lookup
from .test_outbox import OutboxCommon

QUESTION = (
    "Ropo can't confirm whether it arrived. Look it up in Ropo One, then choose “Mark "
    "as Received” or “Send Again”."
)


@tagged("post_install", "-at_install")
class TestLookupAnswers(OutboxCommon):
    def setUp(self):
        super().setUp()
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.search([("key", "=", "ropo_connect.look_up_delay")]).unlink()
        self.lookup = self.env["ropo.lookup"].sudo()

    def lost(self, kind="drop_before"):
        request = self.put_transfer(self.create_invoice(days_overdue=20))
        self.sandbox.fault(kind)
        self.work_off()
        self.assertStates(request, "unknown")
        return request.sudo()

    def lost_payment(self, amount=25.5):
        """Of the case over 125.50, which then has 100 left if it arrived."""
        invoice = self.transferred()
        request = self.put_payment(invoice, amount)
        self.sandbox.fault("drop_before", "/rest/jobs/payment")
        self.work_off()
        self.assertStates(request, "unknown")
        return request.sudo()

    def asked(self, summary):
        """What the responsible is asked, as text."""
        activity = self.account.activity_ids.filtered(lambda a: a.summary == summary)
        return html2plaintext(activity.note)

    # --- how long, and how often ---

    def test_lookups_without_a_finding_wait_twice_as_long_each_then_a_person_is_asked(
        self,
    ):
        request = self.lost()
        self.assertWaits(request, lookup.LOOK_UP_DELAY - 5, lookup.LOOK_UP_DELAY)
        for number, wait in enumerate((240, 480, 960, 1920), start=1):
            self.lookup._conclude_look_up(request, Found())
            self.assertStates(request, "unknown")
            self.assertEqual(request.look_ups, number)
            self.assertFalse(request.to_review)
            self.assertWaits(request, wait, wait)
        self.lookup._conclude_look_up(request, Found())
        self.assertStates(request, "unknown")
        self.assertTrue(request.to_review)
        self.assertEqual(request.look_ups, lookup.LOOK_UPS)
        self.assertEqual(request.error, QUESTION)
        self.assertEqual(
            self.asked("Did it arrive at Ropo?"),
            "Ropo can't confirm whether some requests arrived. See “To Review” under "
            "Ropo → Outbox.",
        )

    def test_the_delay_is_that_of_the_setting(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", "7")
        request = self.lost()
        self.assertWaits(request, 5, 7)
        self.lookup._conclude_look_up(request, Found())
        self.assertWaits(request, 14, 14)

    def test_who_is_asked_is_asked_no_more_once_it_is_decided(self):
        request = self.lost()
        self.lookup._ask_person(request)
        self.account._close_answered()
        self.assertTrue(self.asked("Did it arrive at Ropo?"))
        request._set_state("done")
        self.account._close_answered()
        self.assertFalse(self.asked("Did it arrive at Ropo?"))
        request = self.lost()
        request.attempts = lookup.MOST_ATTEMPTS
        self.lookup._conclude_not_there(request)
        self.account._close_answered()
        self.assertTrue(self.asked("Ropo fails on a document"))
        request.action_retry()
        self.account._close_answered()
        self.assertFalse(self.asked("Ropo fails on a document"))

    def test_an_outage_that_lasts_keeps_how_often_ropo_was_asked(self):
        request = self.lost()
        self.lookup._conclude_look_up(request, Found())
        self.lookup._take_finding(request, None)
        self.assertEqual((request.look_ups, request.to_review), (1, False))
        self.assertWaits(request, 120, 120)
        request.unanswered_since -= lookup.OUTAGE
        self.lookup._take_finding(request, None)
        self.assertEqual((request.look_ups, request.to_review), (1, True))
        self.assertEqual(request.error, QUESTION)

    def test_a_lookup_that_fails_by_itself_counts_as_one_without_a_finding(self):
        request = self.lost()
        with self.assertLogs("odoo.addons.ropo_connect.services.transaction") as logs:
            self.lookup._take_finding(request, "no finding")
        self.assertIn("can't be looked up", logs.output[0])
        self.assertStates(request, "unknown")
        self.assertEqual(request.look_ups, 1)

    def test_negative_answers_count_when_the_first_is_old_enough(self):
        request = self.lost()
        between = timedelta(seconds=lookup.LOOK_UP_DELAY * lookup.NEGATIVE_WAIT)
        for number in (1, 2):
            self.lookup._conclude_look_up(request, Found(arrived=False))
            self.assertEqual(request.negatives, number)
            self.assertWaits(request, 7200, 7200)
        request.negative_since = (
            fields.Datetime.now() - 2 * between + timedelta(minutes=1)
        )
        self.lookup._conclude_look_up(request, Found(arrived=False))
        self.assertStates(request, "unknown")
        request.negative_since -= timedelta(minutes=1)
        self.lookup._conclude_look_up(request, Found(arrived=False))
        self.assertStates(request, "queued")

    def test_two_negative_answers_decide_nothing_however_old_the_first_is(self):
        request = self.lost()
        self.lookup._conclude_look_up(request, Found(arrived=False))
        request.negative_since -= timedelta(days=3)
        self.lookup._conclude_look_up(request, Found(arrived=False))
        self.assertStates(request, "unknown")

    def test_what_is_not_there_goes_again_later_each_time_and_at_last_not_at_all(self):
        for attempts, wait in ((1, 0), (2, 120)):
            request = self.lost()
            request.attempts = attempts
            self.lookup._conclude_not_there(request)
            self.assertStates(request, "queued")
            if wait:
                self.assertWaits(request, wait, wait)
            else:
                self.assertFalse(request.next_attempt_at)
            request._set_state("cancelled")
        request = self.lost()
        request.attempts = lookup.MOST_ATTEMPTS
        self.lookup._conclude_not_there(request)
        self.assertStates(request, "rejected")
        text = (
            "Ropo fails on this each time (3 times), and does not have it. Look for "
            "something unusual in it, fix it and try again, or ask Ropo."
        )
        self.assertEqual(request.error, text)
        self.assertEqual(
            self.asked("Ropo fails on a document"), f"{request.display_name}: {text}"
        )

    # --- whose turn it is ---

    def test_the_one_whose_turn_came_first_is_asked_about_first(self):
        requests = [self.lost() for _number in range(3)]
        now = fields.Datetime.now()
        for request, minutes in zip(requests, (1, 3, 2), strict=True):
            request.next_attempt_at = now - timedelta(minutes=minutes)
        requests[0].flush_model()
        asked, service = [], type(self.lookup)
        ask = service._ask_ropo

        def note(self, request, client):
            asked.append(request.id)
            return ask(self, request, client)

        with (
            patch.object(service, "_ask_ropo", note),
            patch.object(lookup, "LOOK_UPS_PER_RUN", 2),
        ):
            self.work_off()
        self.assertEqual(asked, [requests[1].id, requests[2].id])

    # --- whether a change of a case arrived ---

    def test_what_ropo_shows_as_open_says_whether_a_payment_arrived(self):
        request = self.lost_payment()
        self.assertEqual(request._expected_totals(), (125.5, 100.0))
        for shown, arrived in (
            (100.0, True),
            (125.5, False),
            (110.0, None),
            (99.0, None),
            (None, None),
        ):
            found = self.lookup._arrived_by(request, Found(open_amount=shown))
            self.assertIs(found, arrived, shown)

    def test_what_changes_nothing_that_is_open_can_not_be_told_by_it(self):
        request = self.lost_payment()
        request.total_before = 0.0
        self.assertEqual(*request._expected_totals())
        self.assertIsNone(self.lookup._arrived_by(request, Found(open_amount=0.0)))

    def test_equal_payments_of_a_day_are_told_apart_by_how_many_are_reported(self):
        request = self.lost_payment()
        self.assertFalse(self.lookup._arrived_by(request, Found(reports=0)))
        self.assertTrue(self.lookup._arrived_by(request, Found(reports=1)))
        facts = {
            "job_id": request.job_id.id,
            "move_id": request.move_id.id,
            "account_id": request.account_id.id,
            "company_id": request.company_id.id,
            "currency_id": request.currency_id.id,
            "operation": "payment",
            "amount": request.amount,
            "date": request.date,
            "state": "done",
        }
        yesterday = request.date - timedelta(days=1)
        others = [
            {"amount": 20},
            {"date": yesterday},
            {"operation": "credit_allocation"},
            {"state": "cancelled"},
        ]
        for source, other in enumerate(others, start=1_000_001):
            request.create({**facts, "source_partial_id": source, **other})
        self.assertTrue(self.lookup._arrived_by(request, Found(reports=1)))
        request.create({**facts, "source_partial_id": 1_000_000})
        self.assertFalse(self.lookup._arrived_by(request, Found(reports=1)))
        self.assertTrue(self.lookup._arrived_by(request, Found(reports=2)))

    def test_a_person_who_decides_reads_what_ropo_shows_and_what_it_would_be(self):
        request = self.lost_payment()
        request.look_ups = lookup.LOOK_UPS - 1
        self.lookup._conclude_look_up(request, Found(open_amount=110.0))
        self.assertTrue(request.to_review)
        money = request.currency_id.format
        self.assertEqual(
            request.error,
            f"{QUESTION} Ropo shows {money(110)} as open, with interest and fees. It "
            f"would be {money(125.5)} if this did not arrive, and {money(100)} if it "
            "did.",
        )

    # --- what is asked ---

    def ask(self, request):
        self.env.flush_all()
        with self.env.registry.cursor() as cr:  # what is taken in is committed
            request = request.with_env(self.env(cr=cr, su=True))
            with request.account_id._client() as client:
                found = request.env["ropo.lookup"]._ask_ropo(request, client)
        self.env.invalidate_all()
        return found

    def test_an_assignment_is_looked_for_in_the_list_and_by_its_number(self):
        self.assertEqual(self.ask(self.lost()), Found(arrived=False))
        request = self.lost("drop_after")
        job = self.sandbox.job(billnum=request.move_id.name)
        found = Found(True, str(job["jobid"]))
        self.assertEqual(self.ask(request), found)
        with patch.object(RopoOne, "customer_invoices", lambda *_: []):
            self.assertEqual(self.ask(request), Found(arrived=False))
            self.sandbox.post(f"jobs/{job['jobid']}/pay", amount=10)
            self.assertEqual(self.ask(request), found)

    def test_a_change_is_looked_for_at_its_case_and_money_there_is_taken_in(self):
        request = self.lost_payment()
        self.assertEqual(self.ask(request), Found(open_amount=125.5))
        self.assertFalse(request.job_id.event_ids)
        self.at_ropo(request.job_id, "pay", amount=30)
        self.assertEqual(self.ask(request), Found(open_amount=95.5))
        events = request.job_id.event_ids
        self.assertEqual(events.filtered("amount").mapped("amount"), [30.0])
        self.assertEqual(set(events.mapped("profile")), {request.profile})

    # --- what is not listed, but reported ---

    def test_an_assignment_that_is_reported_and_not_ours_is_the_lost_one(self):
        request = self.lost()

        def found(*ids):
            rows = [{"jobid": one, "billnum": request.number} for one in ids]
            with self.account._client() as client:
                return self.lookup._find_in_rows(request, client, rows)

        self.assertEqual(found(), Found(arrived=False))
        self.assertEqual(found("", 7, 7), Found(True, "7"))
        self.assertEqual(found(7, 8), Found(True, ""), "which, nobody knows")
        self.assertEqual(found(""), Found(arrived=False))

    def test_a_report_of_a_known_case_says_nothing_of_a_lost_request(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        request = self.put_transfer(invoice)
        self.sandbox.fault("drop_before")
        self.work_off()
        case = invoice.sudo().ropo_job_ids
        known, other = [{"jobid": case.jobid}], [{"jobid": 777}]
        find = self.lookup._find_in_rows
        with self.account._client() as client:
            self.assertEqual(find(request, client, known), Found(arrived=False))
            self.assertEqual(find(request, client, other), Found(True, "777"))
            # It may be the case whose id we do not know.
            case.jobid = False
            self.assertEqual(find(request, client, other), Found())

    def test_the_id_that_a_lookup_finds_is_kept_and_a_known_one_stays(self):
        request = self.lost()
        self.lookup._conclude_look_up(request, Found(True, "777"))
        self.assertStates(request, "done")
        self.assertEqual(request.job_id.jobid, "777")
        payment = self.lost_payment()
        known = payment.job_id.jobid
        self.assertTrue(known)
        self.lookup._conclude_look_up(payment, Found(None, "777", open_amount=100.0))
        self.assertStates(payment, "done")
        self.assertEqual(payment.job_id.jobid, known)
