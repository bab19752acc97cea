"""What a monitoring system is told over HTTP, and what it is not."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import HttpCase, tagged

from ..services import monitoring
from .test_outbox import OutboxCommon

METRICS, HEALTH = "/ropo/metrics", "/ropo/health"


@tagged("post_install", "-at_install")
class TestMonitoring(OutboxCommon, HttpCase):
    registry_test_mode = False  # RopoCommon enters it, and twice is once too often

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.token = "a token of the test"
        cls.env["ir.config_parameter"].set_param(monitoring.TOKEN, cls.token)
        cls.service = cls.env["ropo.monitoring"].sudo()
        # As they are where a scheduler runs.
        for _name, cron in cls.service._scheduled_actions():
            cron.write({"nextcall": fields.Datetime.now(), "failure_count": 0})

    def ask(self, path, token=None):
        self.env.flush_all()
        token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.url_open(path, headers=headers)

    def figures(self, account=None):
        """`{name, or (name, state): value}` of this account."""
        account = account or self.account
        labels = f'account="{account.id}",name="{account.name}"'
        found = {}
        for line in self.ask(METRICS).text.splitlines():
            if labels not in line:
                continue
            name, _sep, rest = line.partition("{")
            state = rest.partition('state="')[2].partition('"')[0]
            found[(name, state) if state else name] = float(line.rsplit(" ", 1)[1])
        return found

    def problems(self):
        answer = self.ask(HEALTH)
        body = answer.json()
        failing = bool(body["problems"])
        self.assertEqual(answer.status_code, 503 if failing else 200)
        self.assertEqual(body["status"], "fail" if failing else "pass")
        return [(problem["check"], problem["of"]) for problem in body["problems"]]

    # --- who may ask ---

    def test_nothing_is_there_without_the_token(self):
        for path in (METRICS, HEALTH):
            for token in ("", "wrong", self.token[:-1], "pässword"):
                with self.subTest(path=path, token=token):
                    headers = {"Authorization": f"Bearer {token}".encode()}
                    answer = self.url_open(path, headers=headers)
                    self.assertEqual(answer.status_code, 404)

    def test_it_is_off_until_a_token_is_set(self):
        self.env["ir.config_parameter"].set_param(monitoring.TOKEN, False)
        for path in (METRICS, HEALTH):
            for token in ("", "False", self.token):
                with self.subTest(path=path, token=token):
                    self.assertEqual(self.ask(path, token).status_code, 404)

    def test_the_token_is_set_in_the_settings(self):
        settings = self.env["res.config.settings"].create({"ropo_metrics_token": "new"})
        settings.execute()
        self.assertEqual(self.ask(HEALTH, "new").status_code, 200)
        self.assertEqual(self.ask(HEALTH).status_code, 404)

    # --- figures ---

    def test_the_figures_of_an_account_are_those_of_its_records(self):
        _invoice, case = self.transferred_case()
        case.differs_since = self.today
        waiting, unknown, rejected, asked = (
            self.put(self.create_invoice()).sudo() for _n in range(4)
        )
        unknown._set_state("sending")
        unknown._set_state("unknown")
        asked._set_state("sending")
        asked._set_state("unknown", to_review=True)
        rejected._set_state("rejected")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ropo_request SET create_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(hours=1), waiting.id],
        )
        contact = fields.Datetime.to_datetime("2026-01-01 12:00:00")
        later = fields.Datetime.now() + timedelta(minutes=2)
        self.account.write({"last_contact": contact, "paused_until": later})
        self.env["ropo.inbox"].sudo()._store(self.account, [{"statusid": "M1"}])
        found = self.figures()
        age = found.pop("ropo_requests_oldest_waiting_seconds")
        self.assertTrue(3600 <= age < 3600 + 300, age)
        self.assertEqual(
            found,
            {
                ("ropo_requests", "waiting"): 1,
                ("ropo_requests", "sending"): 0,
                ("ropo_requests", "unknown"): 2,
                ("ropo_requests", "to_review"): 1,
                ("ropo_requests", "rejected"): 1,
                "ropo_events_waiting": 1,
                "ropo_cases_differing": 1,
                "ropo_account_last_contact_timestamp_seconds": 1767268800,
                "ropo_account_paused": 1,
            },
        )

    def test_each_scheduled_action_says_when_it_last_ran_and_how_often_it_failed(self):
        cron = self.env.ref("ropo_connect.cron_poll_status").sudo()
        moment = fields.Datetime.to_datetime("2026-01-01 12:00:00")
        cron.write({"lastcall": moment, "failure_count": 3})
        text = self.ask(METRICS).text
        name = 'ropo_scheduled_action_failures{action="%s"}'
        self.assertIn(f"{name % 'poll_status'} 3.0\n", text)
        self.assertIn(f"{name % 'process_requests'} 0.0\n", text)
        last = "ropo_scheduled_action_last_run_timestamp_seconds"
        self.assertIn(f'{last}{{action="poll_status"}} 1.7672688e+09\n', text)

    def test_nothing_of_a_debtor_or_a_secret_is_among_it(self):
        invoice, _case = self.transferred_case()
        self.put(self.create_invoice())
        account = self.account.sudo()
        text = self.ask(METRICS).text + self.ask(HEALTH).text
        for hidden in (invoice.name, invoice.partner_id.name, account.apicode):
            self.assertTrue(hidden)
            self.assertNotIn(hidden, text)

    def test_more_accounts_take_no_more_queries(self):
        def ask():
            self.service._metrics()
            self.service._problems()

        self.queries(ask)  # fills the caches of the registry
        few = self.queries(ask)
        for number in range(5):
            self.account.copy({"name": f"Account {number}"})
        self.assertEqual(self.queries(ask), few)

    def test_without_the_library_it_says_what_to_install(self):
        with patch.object(monitoring, "GaugeMetricFamily", None):
            answer = self.ask(METRICS)
            self.assertEqual(self.ask(HEALTH).status_code, 200)
        self.assertEqual(answer.status_code, 501)
        self.assertIn("prometheus-client", answer.text)

    # --- health ---

    def test_all_is_well(self):
        self.put(self.create_invoice())
        self.assertEqual(self.problems(), [])

    def test_a_scheduled_action_that_does_not_run_or_fails_is_a_problem(self):
        late = self.env.ref("ropo_connect.cron_poll_status").sudo()
        late.nextcall = fields.Datetime.now() - monitoring.LATE - timedelta(minutes=1)
        failing = self.env.ref("ropo_connect.cron_end_holds").sudo()
        failing.failure_count = 1
        self.assertEqual(
            self.problems(),
            [("scheduled action", "end_holds"), ("scheduled action", "poll_status")],
        )
        (late | failing).active = False
        self.assertEqual(self.problems(), [])

    def test_an_account_that_long_rests_is_a_problem(self):
        now = fields.Datetime.now()
        self.account.write(
            {"paused_until": now + timedelta(minutes=2), "last_contact": now}
        )
        self.assertEqual(self.problems(), [], "a short rest passes by itself")
        self.account.last_contact = now - monitoring.LATE - timedelta(minutes=1)
        self.assertEqual(self.problems(), [("account paused", self.account.id)])
        self.account.paused_until = False
        self.assertEqual(self.problems(), [])

    def test_a_request_that_waits_long_though_its_time_has_come_is_a_problem(self):
        request = self.put(self.create_invoice()).sudo()
        self.env.flush_all()
        before = fields.Datetime.now() - monitoring.LATE - timedelta(minutes=1)
        self.env.cr.execute(
            "UPDATE ropo_request SET create_date = %s WHERE id = %s",
            [before, request.id],
        )
        request.invalidate_recordset()
        self.assertEqual(self.problems(), [("requests wait", self.account.id)])
        request.next_attempt_at = fields.Datetime.now() + timedelta(hours=1)
        self.assertEqual(self.problems(), [], "it waits for what Ropo asked for")
