"""What can't be taken in of what Ropo reports stops nothing: a person is asked."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..channels import documents
from ..channels.ropo_one import RopoOne, answers
from ..services.inbox import MOST_REPEATS
from ..services.transaction import together_or_alone
from .common import RopoCommon

UPDATES = "/rest/jobs/statusupdates"
ISOLATED = "odoo.addons.ropo_connect.services.transaction"


@tagged("post_install", "-at_install")
class TestInbox(RopoCommon):
    # --- helpers ---

    def events(self):
        return self.env["ropo.event"].search([], order="id")

    def row(self, number, job=None, **values):
        return {
            "statusid": f"P{number}",
            "jobid": job and int(job.jobid),
            "billnum": job and job.billnum,
            "statustype": "payment",
            "statustime": fields.Datetime.to_string(fields.Datetime.now()),
            "statuscode": 99,
            "statustext": "Payment",
            "paydate": str(self.today),
            "amount": 20,
            **values,
        }

    def keep(self, *rows, source="poll"):
        return self.env["ropo.inbox"].sudo()._store(self.account, list(rows), source)

    def take_in(self):
        """What waits is taken in at the start of each poll."""
        self.run_cron("cron_poll_status")

    def questions(self, words):
        return self.account.activity_ids.filtered(lambda a: words in a.summary)

    def failing(self, model, method, bad):
        """`method` fails wherever one of `bad` is among the records."""
        registered = type(self.env[model])
        original = getattr(registered, method)

        def fail(this, *args, **kwargs):
            # Of a service the records are the first argument.
            if (args[0] if this._abstract else this) & bad:
                raise ValueError("odd")
            return original(this, *args, **kwargs)

        return patch.object(registered, method, fail)

    # --- one that can't be taken in ---

    def test_an_amount_beyond_all_bounds_does_not_stop_the_polling(self):
        _invoice, job = self.transferred_case()
        _invoice, other = self.transferred_case()
        for absurd in (1e308, "1e308", 1e13, "much", {"is": "odd"}):
            with self.subTest(absurd), mute_logger(ISOLATED):
                before = self.events()
                self.keep(
                    self.row(f"a{absurd}", job, amount=absurd),
                    self.row(f"b{absurd}", job, amount=1),
                    self.row(f"c{absurd}", other, amount=2),
                )
                open_amounts = job.open_amount - 1, other.open_amount - 2
                self.take_in()
                odd, *good = self.events() - before
                self.assertEqual([event.state for event in good], ["done", "done"])
                self.assertEqual((job.open_amount, other.open_amount), open_amounts)
                self.assertEqual((odd.state, odd.counted), ("review", 0))
                self.assertIn("can't be read", odd.problem)
        self.assertEqual(len(self.questions("can't be taken in")), 1)
        self.at_ropo(other, "pay", amount=3)
        self.take_in()
        self.assertEqual(other.open_amount, 125.5 - 5 * 2 - 3)

    def test_an_event_that_fails_stops_no_other_and_a_person_is_asked_once(self):
        _invoice, job = self.transferred_case()
        _invoice, other = self.transferred_case()
        bad = self.keep(self.row(1, job))
        good = self.keep(self.row(2, other))
        with self.failing("ropo.job", "_apply", job), mute_logger(ISOLATED):
            self.take_in()
        self.assertEqual((bad.state, good.state), ("review", "done"))
        self.assertEqual((job.open_amount, other.open_amount), (125.5, 105.5))
        self.assertIn("server's log", bad.problem)
        question = self.questions("can't be taken in")
        self.assertEqual(len(question), 1)
        self.assertIn(bad.external_id, question.note)
        inbox = type(self.env["ropo.inbox"])
        with patch.object(inbox, "_take_to_cases", autospec=True) as again:
            self.take_in()
        self.assertFalse(again.call_args.args[1], "it waits for the person")
        # The reason is gone, and a manager has it read again.
        bad.with_user(self.manager).action_interpret()
        self.assertEqual((bad.state, bad.problem), ("done", False))
        self.assertEqual(job.open_amount, 105.5)

    def test_reading_again_what_still_fails_says_so(self):
        _invoice, job = self.transferred_case()
        event = self.keep(self.row(1, job, amount="much"))
        with mute_logger(ISOLATED):
            self.take_in()
            action = event.with_user(self.manager).action_interpret()
        self.assertEqual(event.state, "review")
        self.assertIn("The amount much can't be read", action["params"]["message"])

    def test_concurrency_errors_are_for_who_retries_the_transaction(self):
        calls = []

        def fail(records):
            calls.append(records)
            raise SerializationFailure

        with self.assertRaises(SerializationFailure):
            together_or_alone(self.business | self.consumer, fail, "fail")
        self.assertEqual(calls, [self.business | self.consumer])

    def test_deep_nesting_does_not_stop_the_page(self):
        _invoice, job = self.transferred_case()
        deep = value = []
        for _level in range(900):
            value.append([])
            value = value[0]
        self.keep(self.row(1, job, more=deep), self.row(2, job))
        self.take_in()
        self.assertEqual(self.events().mapped("state"), ["done", "done"])

    # --- where the cases stand ---

    def test_a_standing_that_can_not_be_taken_in_stops_no_other(self):
        _invoice, job = self.transferred_case()
        _invoice, other = self.transferred_case()
        for each in (job, other):
            self.at_ropo(each, "stage", stage="collection")
        cases = job | other
        cases.to_refresh = True
        with (
            self.failing("ropo.standing", "_take_standing", job),
            mute_logger(ISOLATED),
        ):
            self.env["ropo.standing"].sudo()._take_standings(
                {case: self.standing_of(case) for case in cases}
            )
        self.assertEqual(other.stage, "collection")
        self.assertEqual(cases.mapped("to_refresh"), [False, False])
        self.assertEqual(len(self.questions("Where a case stands")), 1)

    def standing_of(self, case):
        with self.account._client() as client:
            (standing,) = client.standings([case._ref()])
        return standing

    def test_an_answer_that_breaks_the_reader_costs_only_its_own_case(self):
        _invoice, job = self.transferred_case()
        _invoice, other = self.transferred_case()
        read = answers.assignment_state

        def break_one(body):
            if str(body["jobid"]) == job.jobid:
                raise AttributeError("odd")
            return read(body)

        with (
            patch.object(answers, "assignment_state", break_one),
            mute_logger("odoo.addons.ropo_connect.channels.ropo_one.client"),
            self.account._client() as client,
        ):
            found = client.standings([job._ref(), other._ref()])
        self.assertEqual([str(s.outcome) for s in found], ["unknown", "accepted"])
        self.assertIsInstance(found[1].state, documents.AssignmentState)

    # --- matching ---

    def test_a_case_found_by_its_number_is_known_by_its_id_on_the_same_page(self):
        _invoice, job = self.transferred_case()
        jobid, job.jobid = job.jobid, False
        self.keep(
            self.row(1, jobid=int(jobid), billnum=job.billnum, amount=1),
            self.row(2, jobid=int(jobid), amount=2),
        )
        self.take_in()
        self.assertEqual(self.events().job_id, job)
        self.assertEqual(self.events().mapped("state"), ["done", "done"])
        self.assertEqual(job.open_amount, 122.5)

    def test_what_names_no_case_costs_no_query_however_many(self):
        def queries():
            return self.queries(
                lambda: self.env["ropo.inbox"].sudo()._interpret_waiting(self.account)
            )

        def unmatched(first, count):
            self.keep(*(self.row(first + n, jobid=90000000 + n) for n in range(count)))
            self.env["ropo.inbox"].sudo()._interpret_waiting(self.account)
            self.env.flush_all()
            self.env.invalidate_all()

        unmatched(0, 10)
        queries()  # fills the caches of the registry
        few = queries()
        unmatched(1000, 500)
        self.assertEqual(set(self.events().mapped("state")), {"unmatched"})
        self.env.invalidate_all()
        self.assertEqual(queries(), few)

    def test_what_names_no_case_is_taken_in_once_there_is_one(self):
        event = self.keep(self.row(1, jobid=28000001))
        self.take_in()
        self.assertEqual(event.state, "unmatched")
        _invoice, job = self.transferred_case()
        self.assertEqual(job.jobid, "28000001")
        self.take_in()
        self.assertEqual((event.job_id, event.state), (job, "done"))
        self.assertEqual(job.open_amount, 105.5)

    # --- the same id by both ways ---

    def test_the_same_payment_under_the_same_id_by_both_ways_counts_once(self):
        _invoice, job = self.transferred_case()
        for sources in (("poll", "webhook"), ("webhook", "poll")):
            with self.subTest(sources):
                first, second = (
                    # The code, or the day, may not be the same in both.
                    self.keep(self.row(sources, job, statuscode=code), source=source)
                    for code, source in zip((99, 98), sources, strict=True)
                )
                before = job.open_amount
                self.take_in()
                self.assertEqual(second.duplicate_of_id, first)
                self.assertEqual(job.open_amount, before - 20)

    def test_another_payment_under_an_id_of_the_other_way_counts(self):
        _invoice, job = self.transferred_case()
        _invoice, other = self.transferred_case()
        self.keep(self.row(1, job), source="poll")
        self.keep(self.row(1, other, amount=30), source="webhook")
        self.take_in()
        self.assertEqual(len(self.events()), 2)
        self.assertFalse(self.events().duplicate_of_id)
        self.assertEqual((job.open_amount, other.open_amount), (105.5, 95.5))

    def test_one_repeats_by_its_id_and_leaves_an_equal_payment_its_own(self):
        _invoice, job = self.transferred_case()
        yesterday = str(self.today - timedelta(days=1))
        self.keep(self.row(1, job, paydate=yesterday), source="poll")
        self.keep(
            self.row(1, job),
            self.row(2, job, paydate=yesterday),
            source="webhook",
        )
        self.take_in()
        polled, repeat, equal = self.events()
        self.assertEqual(repeat.duplicate_of_id, polled)
        self.assertFalse(equal.duplicate_of_id)
        self.assertEqual(job.open_amount, 85.5)

    # --- pages ---

    def test_pages_that_repeat_come_to_an_end_and_the_day_is_asked_for_again(self):
        _invoice, job = self.transferred_case()
        page, pages = [self.row(1, job), {"no": "id"}], []

        def again(_client, **filters):
            pages.append(filters)
            return page

        with (
            patch.object(RopoOne, "status_rows", again),
            mute_logger("odoo.addons.ropo_connect.services.inbox"),
        ):
            self.take_in()
        self.assertEqual(len(pages), 1 + MOST_REPEATS)
        self.assertEqual(len(self.events()), 1)
        self.assertEqual(self.account.gap_since, self.today)
        self.take_in()
        self.assertFalse(self.account.gap_since)
        self.assertEqual(job.open_amount, 105.5)

    def test_a_day_of_more_than_a_page_is_not_taken_for_complete(self):
        _invoice, job = self.transferred_case()
        _invoice, other = self.transferred_case()
        for number in range(1001):
            self.at_ropo(job, "comment", text=str(number))
        self.at_ropo(other, "stage", stage="collection")
        self.take_in()  # all is fetched
        self.env.flush_all()
        # An answer was lost, as far as this database knows.
        self.events().sudo().unlink()
        other.write({"stage": "reminder", "stage_event_time": False})
        self.account.gap_since = self.today
        self.take_in()
        self.assertEqual(len(self.events()), 1000)
        self.assertEqual(other.stage, "collection", "each case was asked about")
        question = self.questions("Not all that Ropo reported")
        self.assertEqual(len(question), 1)
        self.assertIn("Compare the payments", question.note)
        self.assertFalse(self.account.gap_since)
