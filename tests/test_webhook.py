"""The webhook over real HTTP: who may speak, what is kept, and what is not."""

import base64
import json
import statistics
import time
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import RopoCommon

USER, PASSWORD = "ropo", "pässword"
MIB = 1024 * 1024


@tagged("post_install", "-at_install")
class TestWebhook(RopoCommon, HttpCase):
    registry_test_mode = False  # RopoCommon enters it, and twice is once too often

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.write({"webhook_user": USER, "webhook_password": PASSWORD})

    # --- helpers ---

    def push(self, body, *, key=None, login=(USER, PASSWORD), headers=None):
        """Posts a batch as Ropo does; `body` is JSON or bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        if login:
            pair = ":".join(login).encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        self.env.flush_all()
        key = self.account.webhook_key if key is None else key
        response = self.url_open(
            f"/ropo/webhook/{key}",
            data=content,
            headers=headers,
            method="POST",
            timeout=60,
        )
        self.env.invalidate_all()
        return response

    def events(self):
        return self.env["ropo.event"].search([], order="id")

    def interpret(self):
        self.run_cron("cron_interpret_events")

    def message(self, number, **values):
        return {"id": f"M{number}", "statustype": "comment", "statuscode": 98, **values}

    def give_address(self):
        """Tells the sandbox where to push."""
        self.sandbox.post(
            "webhooks",
            cid="700001",
            url=f"{self.base_url()}/ropo/webhook/{self.account.webhook_key}",
            user=USER,
            password=PASSWORD,
        )

    def deliver(self, **values):
        """The sandbox pushes what it has not pushed yet."""
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            reported = self.sandbox.post("webhooks/deliver", **values)
        self.env.invalidate_all()
        return reported

    # --- keeping ---

    def test_ropo_pushes_and_the_case_follows(self):
        invoice, job = self.transferred_case()
        self.give_address()
        self.sandbox.post(f"jobs/{job.jobid}/pay", amount=25.5)
        self.sandbox.post(f"jobs/{job.jobid}/stage", stage="collection")
        reported = self.deliver()
        self.assertEqual(reported, {"delivered": 2, "failed": 0})
        self.assertEqual(set(self.events().mapped("state")), {"new"})
        self.assertEqual(job.stage, "reminder", "interpreted only after the commit")
        self.interpret()
        self.assertEqual(set(self.events().mapped("state")), {"done"})
        self.assertEqual((job.stage, job.open_amount), ("collection", 100))
        self.assertEqual(invoice.ropo_state, "collection")
        # The same by poll, and pushed again: nothing more.
        pushed = self.events()
        self.run_cron("cron_poll_status")
        self.deliver(repeat=True)
        self.interpret()
        self.assertEqual((self.events() - pushed).duplicate_of_id, pushed)
        self.assertEqual(len(self.events()), 4)
        self.assertEqual(job.open_amount, 100)

    def test_the_same_payment_by_both_ways_under_different_ids_counts_once(self):
        invoice, job = self.transferred_case()
        for _n in range(2):  # two payments that are alike
            self.sandbox.post(f"jobs/{job.jobid}/pay", amount=20)
        rows = self.sandbox.job()["events"]
        pushed = [{**row, "id": f"N-{row['statusid']}"} for row in rows]
        self.push(pushed)
        self.interpret()
        self.assertEqual(job.open_amount, 85.5)
        self.run_cron("cron_poll_status")
        self.assertEqual(len(self.events()), 4)
        firsts, repeats = self.events()[:2], self.events()[2:]
        self.assertEqual(repeats.duplicate_of_id, firsts)
        self.assertFalse(firsts.duplicate_of_id)
        self.assertEqual(job.open_amount, 85.5)
        # Each of the three may be one of Ropo's two: a person decides, and no repeat
        # makes another one doubtful.
        for _n in range(3):
            self.pay(invoice, 20)
        self.run_cron("cron_post_payments")
        requests = self.requests_of(invoice, "payment")
        self.assertEqual(requests.mapped("state"), ["rejected"] * 3)
        self.assertLessEqual(requests.doubt_event_id, firsts)

    def test_a_list_and_an_object_that_holds_one_are_both_taken(self):
        first, second = self.message(1), self.message(2)
        for body in ([first], {"created_at": "2026-01-01", "messages": [second]}):
            response = self.push(body)
            self.assertEqual(response.status_code, 200)
            self.assertEqual(response.json(), {"messages": 1, "new": 1})
        self.assertEqual(self.events().mapped("external_id"), ["M1", "M2"])
        self.assertEqual(set(self.events().mapped("source")), {"webhook"})
        self.assertEqual(self.push([]).json(), {"messages": 0, "new": 0})

    def test_unknown_keys_are_kept(self):
        message = self.message(1, news={"deep": [1, None, "ä"]}, amount="1 234,50")
        self.push([message])
        self.assertEqual(self.events().raw, message)

    def test_what_is_known_by_its_id_is_kept_once(self):
        self.assertEqual(self.push([self.message(1)] * 3).json()["new"], 1)
        again = [self.message(1, statustext="other"), self.message(2)]
        self.assertEqual(self.push(again).json(), {"messages": 2, "new": 1})
        self.assertEqual(self.events().mapped("external_id"), ["M1", "M2"])
        self.assertNotIn("statustext", self.events()[0].raw)

    def test_numbers_are_ids_too(self):
        self.push([{"id": 7}, {"id": "7"}, {"id": 0}])
        self.assertEqual(self.events().mapped("external_id"), ["7", "0"])

    def test_what_postgresql_can_not_keep_does_not_stop_the_batch(self):
        body = rb'[{"id": "M1", "statustext": "a\u0000b\ud800c", "x\u0000": 1e999}]'
        self.assertEqual(self.push(body).status_code, 200)
        self.assertEqual(
            self.events().raw, {"id": "M1", "statustext": "ab?c", "x": "inf"}
        )
        self.interpret()
        self.assertEqual(self.events().text, "ab?c")

    def test_strange_values_stop_neither_the_batch_nor_the_interpretation(self):
        strange = [None, True, -1, 1e300, "", "x" * 9000, [], {}, [{}], "2026-13-45"]
        names = ("jobid", "billnum", "statustype", "statustime", "statustext")
        names += ("statuscode", "paydate", "amount", "created_at", "type", "statusid")
        messages = [
            {"id": f"{name}{number}", name: value}
            for name in names
            for number, value in enumerate(strange)
        ]
        self.assertEqual(self.push(messages).json()["new"], len(messages))
        self.interpret()
        self.assertEqual(set(self.events().mapped("state")), {"unmatched"})
        dated = self.message(1, statustime="0001-01-01T00:00:00+14:00")
        self.assertEqual(self.push([dated]).status_code, 200)
        self.interpret()
        self.assertFalse(self.events()[-1].event_time)

    def test_500_messages_take_as_many_queries_as_10(self):
        def count(start, number):
            messages = [self.message(start + n) for n in range(number)]
            inbox = self.env["ropo.inbox"]
            return self.queries(lambda: inbox._receive(self.account, messages))

        count(0, 1)
        few, many = count(10, 10), count(100, 500)
        self.assertEqual(many, few)
        self.assertEqual(len(self.events()), 511)

    # --- what is not kept ---

    def test_malformed_input_is_refused_and_kept_nowhere(self):
        good = self.message(1)
        cases = {
            "no JSON": (b"{", {}, 400),
            "nothing": (b"", {}, 400),
            "NaN": (b'[{"id": "M1", "amount": NaN}]', {}, 400),
            "not UTF-8": (b'[{"id": "M1", "statustext": "\xe4"}]', {}, 400),
            "deep": (b'[{"id": "M1", "x": ' + b"[" * 99999, {}, 400),
            "text": ("M1", {}, 400),
            "null": (None, {}, 400),
            "no list": ({"messages": {"id": "M1"}}, {}, 400),
            "two lists": ({"messages": [good], "others": []}, {}, 400),
            "no objects": ([good, "M2"], {}, 400),
            "no id": ([good, {"statusid": "M2"}], {}, 400),
            "empty id": ([good, {"id": " "}], {}, 400),
            "NUL id": ([good, {"id": "\0"}], {}, 400),
            "true id": ([good, {"id": True}], {}, 400),
            "list id": ([good, {"id": ["M2"]}], {}, 400),
            "long id": ([good, {"id": "M" * 201}], {}, 400),
            "501": ([self.message(n) for n in range(501)], {}, 413),
            "too big": ([good, {"id": "M2", "x": "x" * 5 * MIB}], {}, 413),
            "form": (
                [good],
                {"Content-Type": "application/x-www-form-urlencoded"},
                415,
            ),
            "no type": ([good], {"Content-Type": ""}, 415),
            "charset": ([good], {"Content-Type": "application/json;charset=x"}, 415),
            "latin": (
                [good],
                {"Content-Type": "application/json; charset=latin-1"},
                415,
            ),
            "zipped": ([good], {"Content-Encoding": "gzip"}, 415),
        }
        for name, (body, headers, status) in cases.items():
            with self.subTest(name), mute_logger("odoo.http"):
                response = self.push(body, headers=headers)
                self.assertEqual(response.status_code, status, response.text)
                self.assertFalse(self.events())

    def test_our_own_failure_is_a_5xx_and_keeps_nothing(self):
        def fail(*args):
            raise ValueError("the disk is full")

        events = self.env.registry["ropo.inbox"]
        with patch.object(events, "_store", fail), mute_logger("odoo.http"):
            self.assertEqual(self.push([self.message(1)]).status_code, 500)
        self.assertFalse(self.events())
        self.assertEqual(self.push([self.message(1)]).status_code, 200)

    def test_only_post(self):
        key = self.account.webhook_key
        response = self.url_open(f"/ropo/webhook/{key}", method="GET")
        self.assertEqual(response.status_code, 405)

    # --- who may speak ---

    def refused(self, **arguments):
        response = self.push([self.message(1)], **arguments)
        self.assertFalse(self.events())
        return response.status_code, response.text, response.headers["WWW-Authenticate"]

    def test_who_has_not_all_three_is_refused_and_learns_nothing(self):
        answers = {
            self.refused(login=None),
            self.refused(login=(USER, "wrong")),
            self.refused(login=("wrong", PASSWORD)),
            self.refused(login=("", "")),
            self.refused(key="unknown"),
            self.refused(key="unknown", login=("", "")),
            self.refused(key="%00"),
            self.refused(key="%FF%FE"),
            self.refused(headers={"Authorization": "Basic !"}, login=None),
            self.refused(headers={"Authorization": "Bearer x"}, login=None),
            self.refused(headers={"Authorization": "Basic"}, login=None),
        }
        self.account.write({"webhook_user": False, "webhook_password": False})
        answers |= {self.refused(), self.refused(login=("", ""))}
        self.account.write({"webhook_user": USER, "webhook_password": PASSWORD})
        self.account.active = False
        answers.add(self.refused())
        self.account.active = True
        self.account.write({"environment": "production", "cid": "1", "apicode": "2"})
        self.account.database_uuid = "another"
        answers.add(self.refused())
        self.assertEqual(
            answers, {(401, '{"error": "Unauthorized"}', 'Basic realm="Ropo"')}
        )

    def test_an_unknown_key_takes_as_long_as_a_wrong_password(self):
        def took(**arguments):
            began = time.perf_counter()
            for _n in range(15):
                self.env["ropo.account"]._of_webhook(**arguments)
            return time.perf_counter() - began

        key = self.account.webhook_key
        ways = [
            {"key": key, "user": USER, "password": "wrong"},
            {"key": "unknown", "user": USER, "password": "wrong"},
            {"key": "unknown", "user": None, "password": None},
        ]
        times = [statistics.median(took(**way) for _n in range(9)) for way in ways]
        self.assertLess(max(times), 3 * min(times))
        counts = {
            self.queries(lambda way=way: self.env["ropo.account"]._of_webhook(**way))
            for way in ways
        }
        self.assertEqual(len(counts), 1)

    def test_a_renewed_key_kills_the_old_one(self):
        old = self.account.webhook_key
        with self.assertRaises(AccessError):
            self.account.with_user(self.manager).action_renew_webhook_key()
        self.account.action_renew_webhook_key()
        self.assertEqual(self.push([self.message(1)], key=old).status_code, 401)
        self.assertEqual(self.push([self.message(1)]).status_code, 200)

    def test_each_account_polls_for_itself(self):
        other = self._create_account(
            self.env.company, webhook_user="other", webhook_password="other"
        )
        self.assertEqual(
            self.push([self.message(1)], key=other.webhook_key).status_code, 401
        )
        self.push([self.message(1)], key=other.webhook_key, login=("other", "other"))
        self.push([self.message(1)])
        self.assertEqual(self.events().account_id, self.account | other)
        self.assertEqual(len(self.events()), 2)

    def test_no_secret_is_logged(self):
        with self.assertLogs(level="DEBUG") as logs:
            self.push([self.message(1)], login=(USER, PASSWORD))
            self.push([self.message(2)], login=(USER, "guessed-wrong"))
            self.push(b"{")
        text = "\n".join(logs.output)
        for secret in (PASSWORD, "guessed-wrong", "Basic cm9wbz"):
            self.assertNotIn(secret, text)
