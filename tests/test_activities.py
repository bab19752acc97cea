"""What a person is asked ends when its reason is gone, whoever ended that."""

import re
from datetime import timedelta

from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..services.archive import FETCH_TRIES
from ..services.lookup import MOST_ATTEMPTS
from ..services.questions import BY_HAND, QUESTIONS
from .common import ROOT, RopoCommon

GONE = "Nothing needs to be done any more: the reason is gone."


@tagged("post_install", "-at_install")
class TestActivities(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.account.sudo()

    def asked(self):
        """The keys of what is asked on the account now."""
        return sorted(self.account.activity_ids.mapped("ropo_key"))

    def feedback(self):
        """What the history of the account says of activities that are done."""
        done = self.account.message_ids.filtered("mail_activity_type_id")
        return [str(message.body) for message in done]

    def payment(self, invoice, amount=50):
        """A report of a payment that waits in the outbox."""
        self.pay(invoice, amount)
        self.compare()
        return self.requests_of(invoice, "payment").sudo()[:1]

    # --- each cause ---

    def causes(self):
        """`{key: (the record, what shows the cause, what ends it)}`."""
        invoice, job = self.transferred_case()
        payment = self.payment(invoice)
        claim = job.request_ids.filtered(lambda r: r.operation == "reminder")
        events = self.env["ropo.event"].sudo()
        event = events.create(
            {"account_id": self.account.id, "external_id": "1", "job_id": job.id}
        )
        rejected = {"state": "rejected", "void": False}
        ends = {"state": "cancelled"}
        reversal = {"operation": "payment_reversal", "may_have_arrived": True}
        doubt = {"doubt_event_id": event.id}
        day = self.today - timedelta(days=9)
        return {
            "arrived": (payment, {"state": "unknown", "to_review": True}, ends),
            "fails": (payment, {**rejected, "attempts": MOST_ATTEMPTS}, ends),
            "money_rejected": (payment, rejected, ends),
            "not_followed": (
                payment,
                {"state": "cancelled", "answer_meaning": "not_followed"},
                {"answer_meaning": False},
            ),
            "reversal": (payment, {**rejected, **reversal}, ends),
            "duplicate": (payment, {**rejected, **doubt}, {"doubt_event_id": False}),
            "undelivered": (claim, {**rejected, "operation": "invoice"}, ends),
            "transfer_failed": (claim, {**rejected, "operation": "reminder"}, ends),
            "rights": (payment, {"state": "queued", "attempts": 1}, ends),
            "own_report": (
                event,
                {"doubt_request_id": payment.id},
                {"doubt_request_id": False},
            ),
            "collected": (event, {"settlement": "person"}, {"settlement": "booked"}),
            "not_taken_in": (event, {"state": "review"}, {"state": "done"}),
            "decision": (
                job,
                {"decision": "undecided", "released": False},
                {"decision": "leave"},
            ),
            "no_document": (
                job,
                {"fetch_tries": FETCH_TRIES, "fetch_at": False},
                {"fetch_tries": 0},
            ),
            "mismatch": (
                job,
                {"open_amount": 20, "differs_since": day, "stage": "reminder"},
                {"open_amount": 125.5},
            ),
            "credentials": (
                self.account,
                {"paused_until": "2020-01-01 00:00:00"},
                {"paused_until": False},
            ),
        }

    def test_each_cause_closes_its_activity_and_no_other(self):
        causes = self.causes()
        self.assertEqual(sorted(causes), sorted(QUESTIONS))
        for key, (record, shows, ends) in causes.items():
            with self.subTest(key), self.cr.savepoint() as savepoint:
                record.write(shows)
                self.account._ask_person(key, f"About {key}", "Look at it.")
                self.account._ask_person("day_gap", "Another", "Look at it.")
                self.account._close_answered()
                self.assertEqual(self.asked(), sorted(["day_gap", key]))
                record.write(ends)
                self.account._close_answered()
                self.assertEqual(self.asked(), ["day_gap"])
                self.assertEqual(len(self.feedback()), 1)
                self.assertIn(f"About {key}", self.feedback()[0])
                self.assertIn(GONE, self.feedback()[0])
                savepoint.rollback()
                self.env.invalidate_all()

    def test_what_was_rejected_and_asked_for_again_needs_nobody(self):
        invoice, _job = self.transferred_case()
        payment = self.payment(invoice)
        payment._set_state("rejected")
        self.env.flush_all()
        self.account._ask_person("money_rejected", "Rejected", "Look at it.")
        payment.with_user(self.manager).action_retry()
        self.assertEqual(payment.state, "rejected", "it stays as the record")
        self.assertEqual(self.asked(), [])

    def test_the_same_cause_on_another_account_keeps_its_activity(self):
        other = self._create_account(self.env.company, name="Other").sudo()
        accounts = self.account | other
        for account in accounts:
            account.paused_until = "2020-01-01 00:00:00"
            account._ask_person("credentials", "Refused", "Look at it.")
        other.paused_until = False
        accounts._close_answered()
        self.assertEqual(self.asked(), ["credentials"])
        self.assertFalse(other.activity_ids)

    # --- as it happens ---

    def test_credentials_that_ropo_accepts_again_need_nobody(self):
        self.account.apicode = "wrong"
        self.send(self.create_invoice())
        self.assertEqual(self.asked(), ["credentials"])
        self.sandbox.post("profiles", cid="700001", apicode="wrong")
        self.work_off()
        self.assertEqual(self.asked(), ["credentials"], "it rests")
        self.account.paused_until = "2020-01-01 00:00:00"
        self.work_off()
        self.assertFalse(self.account.paused_until)
        self.assertEqual(self.asked(), [])
        self.assertIn("Ropo accepts the credentials again.", self.feedback()[0])

    def test_an_event_that_can_be_taken_in_at_last_needs_nobody(self):
        _invoice, job = self.transferred_case()
        row = {"id": "x1", "jobid": job.jobid, "statusid": "1", "amount": "much"}
        row |= {"statustype": "Payment"}
        event = self.env["ropo.inbox"].sudo()._store(self.account, [row], "poll")
        with mute_logger("odoo.addons.ropo_connect.services.transaction"):
            self.run_cron("cron_interpret_events")
        self.assertEqual((event.state, self.asked()), ("review", ["not_taken_in"]))
        event.raw = {**row, "amount": 20}
        event.with_user(self.manager).action_interpret()
        self.assertEqual((event.state, self.asked()), ("done", []))

    def test_a_mismatch_that_is_gone_needs_nobody(self):
        _invoice, job = self.transferred_case()
        job.open_amount = 120
        job.differs_since = self.today - timedelta(days=3)
        self.run_cron("cron_check_differences")
        self.run_cron("cron_check_differences")
        self.assertEqual(self.asked(), ["mismatch"])
        job.open_amount = 125.5
        self.run_cron("cron_check_differences")
        self.assertEqual(self.asked(), [])

    # --- once ---

    def test_a_cause_is_asked_about_once_in_whatever_language(self):
        self.env["res.lang"]._activate_lang("fi_FI")
        for lang in ("en_US", "fi_FI"):
            account = self.account.with_context(lang=lang)
            account._ask_person("mismatch", f"In {lang}", "Look at it.")
        self.assertEqual(self.account.activity_ids.mapped("summary"), ["In en_US"])

    def test_what_was_answered_and_comes_back_is_asked_again(self):
        self.account._ask_person("mismatch", "First", "Look at it.")
        self.account._close_answered()
        self.account._ask_person("mismatch", "Second", "Look at it.")
        self.assertEqual(self.account.activity_ids.mapped("summary"), ["Second"])

    def test_where_nothing_is_asked_it_costs_one_query(self):
        self.account._close_answered()
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.account._close_answered()

    def test_what_is_asked_of_many_accounts_costs_as_much_as_of_one(self):
        accounts = self.account
        for number in range(4):
            accounts |= self._create_account(self.env.company, name=f"Other {number}")
        accounts = accounts.sudo()
        accounts.paused_until = "2999-01-01 00:00:00"
        for account in accounts:
            account._ask_person("credentials", "Refused", "Look at it.")
        costs = [
            self.queries(some._close_answered)
            for some in (accounts[-1], self.account, accounts[:-1])
        ]
        self.assertEqual(costs[1], costs[2])
        self.assertEqual(len(accounts.activity_ids), len(accounts), "else no test")

    def test_everything_asked_names_a_cause_that_is_known(self):
        asked = set()
        for room in ("models", "services", "report", "wizards", "controllers"):
            for path in (ROOT / room).glob("*.py"):
                text = path.read_text()
                asked |= set(re.findall(r'_ask_person\(\s*"(\w+)"', text))
                asked |= set(re.findall(r'^ +key = "(\w+)"$', text, re.MULTILINE))
                asked |= set(re.findall(r'_schedule\([^"]*?"(\w+)",', text))
                asked |= set(re.findall(r'"ropo_key": "(\w+)"', text))
        self.assertEqual(asked, set(QUESTIONS) | set(BY_HAND))
        self.assertFalse(set(QUESTIONS) & set(BY_HAND))

    # --- what was asked before ---

    def test_an_upgrade_gives_open_activities_the_key_of_their_cause(self):
        invoice, _job = self.transferred_case()
        account = self.account
        account._ask_person("mismatch", "Ropo and the ledger differ", "Look at it.")
        account._ask_person("day_gap", "Mine", "Written by a person.")
        self.env["ropo.holds"]._hold(invoice, "promise", self.today)
        self.env.flush_all()
        self.cr.execute("UPDATE mail_activity SET ropo_key = NULL")
        path = ROOT / "migrations/19.0.1.4.0/post-activities.py"
        load_script(str(path), "ropo_activities").migrate(self.cr, "19.0.1.3.0")
        self.env.invalidate_all()
        found = account.activity_ids.sorted("id").mapped("ropo_key")
        self.assertEqual(found, ["mismatch", False])
        keys = set(invoice.activity_ids.mapped("ropo_key"))
        self.assertEqual(keys, {"hold_ends", "inform_ropo"})
