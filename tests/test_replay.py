"""One recorded life of a claim comes to the same, whichever way Ropo reports it."""

import base64
import json
from pathlib import Path

from odoo import Command
from odoo.tests import HttpCase, tagged

from .common import RopoCommon

LIFE = json.loads((Path(__file__).parent / "recorded/claim_life.json").read_text())
UNTIL_PLAN = 7  # steps: the last of them is the payment plan
USER, PASSWORD = "ropo", "secret"


@tagged("post_install", "-at_install")
class TestReplay(RopoCommon, HttpCase):
    registry_test_mode = False  # RopoCommon enters it, and twice is once too often

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        outstanding = cls.env["account.account"].create(
            {"name": "At Ropo", "code": "177777", "account_type": "asset_current"}
        )
        outstanding.reconcile = True
        journal = cls.env["account.journal"].create(
            {"name": "Ropo", "code": "ROPO", "type": "bank"}
        )
        journal.inbound_payment_method_line_ids.payment_account_id = outstanding
        cls.account.write(
            {
                # Ropo collects unasked: one case from the invoice to the money.
                "service_model": "unify",
                "cid": "700002",
                "apicode": "sandbox-apicode-2",
                "webhook_user": USER,
                "webhook_password": PASSWORD,
                "settlement_journal_id": journal.id,
                "settlement_journal_ids": [Command.link(journal.id)],
                "register_payments": True,
            }
        )

    def setUp(self):
        super().setUp()
        self.invoice = self.create_invoice(amount=LIFE["amount"])
        self.send(self.invoice)
        self.job = self.invoice.ropo_job_ids.sudo()
        self.sandbox.post(
            "webhooks",
            cid="700002",
            url=f"{self.base_url()}/ropo/webhook/{self.account.webhook_key}",
            user=USER,
            password=PASSWORD,
        )

    # --- helpers ---

    def live(self, step):
        """The step happens at Ropo."""
        self.sandbox.post("age", days=step["days"])
        for what, body in step["do"]:
            self.sandbox.post(f"jobs/{self.job.jobid}/{what}", **body)

    def poll(self):
        self.run_cron("cron_poll_status")

    def push(self, **values):
        """Ropo pushes, and Odoo interprets."""
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            reported = self.sandbox.post("webhooks/deliver", **values)
        self.assertFalse(reported["failed"])
        self.env.invalidate_all()
        self.run_cron("cron_interpret_events")

    def push_rewritten(self, rewrite):
        """Ropo pushes its rows in other words."""
        rows = [rewrite(dict(row)) for row in self.sandbox.job()["events"]]
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.env.flush_all()
        response = self.url_open(
            f"/ropo/webhook/{self.account.webhook_key}",
            data=json.dumps(rows).encode(),
            headers={
                "Authorization": f"Basic {login}",
                "Content-Type": "application/json",
            },
        )
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        self.run_cron("cron_interpret_events")

    def replay(self, *ways, steps=None, seed=None):
        """The whole life happens, then it is reported in these ways."""
        for step in LIFE["steps"][:steps]:
            self.live(step)
        if seed is not None:
            self.sandbox.post("shuffle", seed=seed)
        for way in ways:
            way()

    def outcome(self):
        """All that must be the same."""
        job, invoice = self.job, self.invoice
        counted = job.event_ids.filtered(lambda e: not e.duplicate_of_id)
        payments = self.env["account.payment"].search([("ropo_event_id", "!=", False)])
        return {
            "stage": job.stage,
            "open": job.open_amount,
            "total": job.open_total,
            "next": (job.next_stage, job.next_stage_date),
            "move": (invoice.ropo_state, invoice.payment_state),
            "residual": invoice.amount_residual,
            "payments": sorted((p.date, p.amount, p.state) for p in payments),
            "reported": sorted(
                (e.event_time, e.kind, e.code, e.text, e.amount, e.stage or "", e.state)
                for e in counted
            ),
        }

    def assert_life(self, steps=None):
        """The outcome is what the record says of its last step."""
        last = LIFE["steps"][:steps][-1]
        paid = [
            body["amount"]
            for step in LIFE["steps"][:steps]
            for what, body in step["do"]
            if what == "pay"
        ]
        outcome = self.outcome()
        self.assertEqual(
            (outcome["stage"], outcome["open"]), (last["stage"], last["open"])
        )
        self.assertEqual(outcome["residual"], last["open"])
        self.assertEqual([payment[1] for payment in outcome["payments"]], paid)
        self.assertEqual({row[-1] for row in outcome["reported"]}, {"done"})
        rows = self.sandbox.job()["events"]
        self.assertEqual(
            sorted(row[3] for row in outcome["reported"]),
            sorted(row["statustext"] for row in rows),
        )
        self.run_cron("cron_post_payments")
        self.work_off()
        self.assertEqual(self.sandbox.job()["payments"], [], "never reported back")
        self.assertEqual(len(self.account.activity_ids), 0)

    # --- step by step ---

    def follow(self, *ways):
        for step in LIFE["steps"]:
            with self.subTest(step["name"]):
                self.live(step)
                for way in ways:
                    way()
                    self.assertEqual(
                        (self.job.stage, self.job.open_amount),
                        (step["stage"], step["open"]),
                    )
        self.assert_life()
        notes = [
            str(message.body)
            for message in self.invoice.message_ids.sorted("id")
            if "Ropo:" in (message.body or "")
        ]
        stages = [step["stage"] for step in LIFE["steps"]]
        changes = sum(a != b for a, b in zip(stages, stages[1:], strict=False))
        self.assertEqual(len(notes), changes, "a note for each change of stage")
        self.assertNotIn("<b>", "".join(notes))

    def test_step_by_step_by_poll(self):
        self.follow(self.poll)

    def test_step_by_step_by_webhook(self):
        self.follow(self.push)

    def test_step_by_step_by_both(self):
        self.follow(self.push, self.poll, lambda: self.push(repeat=True))

    # --- all at once ---

    def test_all_at_once_by_poll(self):
        self.replay(self.poll)
        self.assert_life()

    def test_all_at_once_by_webhook(self):
        self.replay(self.push)
        self.assert_life()

    def test_all_at_once_by_both(self):
        self.replay(self.push, self.poll)
        self.assert_life()

    def test_the_same_page_and_the_same_batch_twice(self):
        self.sandbox.fault("duplicate", "/rest/jobs/statusupdates")
        self.replay(self.poll, self.push, lambda: self.push(repeat=True))
        self.assert_life()

    def test_all_at_once_by_both_under_different_ids(self):
        def renamed(row):
            return {**row, "id": f"N-{row.pop('statusid')}"}

        self.replay(lambda: self.push_rewritten(renamed), self.poll, steps=UNTIL_PLAN)
        self.assert_life_of_payments()

    def test_by_poll_first_and_then_under_different_ids(self):
        def renamed(row):
            return {**row, "id": f"N-{row.pop('statusid')}"}

        self.replay(self.poll, lambda: self.push_rewritten(renamed), steps=UNTIL_PLAN)
        self.assert_life_of_payments()

    def assert_life_of_payments(self):
        """Comments come twice under two ids, which harms nothing; money does not."""
        outcome = self.outcome()
        self.assertEqual((outcome["stage"], outcome["open"]), ("payment_plan", 100))
        self.assertEqual([payment[1] for payment in outcome["payments"]], [25.5])
        self.assertEqual(outcome["residual"], 100)
        self.assertFalse(self.account.activity_ids)

    def test_in_other_forms(self):
        def reformed(row):
            day, time = row["statustime"].split()
            nordic = ".".join(reversed(day.split("-")))
            amount = row["amount"] and f"{row['amount']:.2f}".replace(".", ",")
            return {
                **row,
                "id": row["statusid"],
                "statustime": f"{nordic} {time}" if amount else f"{day}T{time}Z",
                "amount": amount,
                "jobid": str(row["jobid"]),
                "statuscode": row["statuscode"] and str(row["statuscode"]),
                "new key": ["of", {"any": "shape"}],
            }

        self.replay(lambda: self.push_rewritten(reformed), self.poll)
        self.assert_life()

    # --- shuffled ---

    def test_shuffled_until_the_payment_plan_by_poll(self):
        self.replay(self.poll, steps=UNTIL_PLAN, seed=1)
        self.assert_life(UNTIL_PLAN)

    def test_shuffled_until_the_payment_plan_by_webhook(self):
        self.replay(self.push, steps=UNTIL_PLAN, seed=2)
        self.assert_life(UNTIL_PLAN)

    def test_shuffled_by_poll(self):
        self.replay(self.poll, seed=3)
        self.assert_life()

    def test_shuffled_by_webhook(self):
        self.replay(self.push, seed=4)
        self.assert_life()

    def test_shuffled_by_both(self):
        self.replay(self.poll, self.push, seed=5)
        self.assert_life()

    def test_shuffled_one_by_one(self):
        """Each row on a page of its own, in an order that nobody wants."""
        self.replay()
        rows = self.sandbox.job()["events"]
        inbox = self.env["ropo.inbox"].sudo()
        for number in (7, 2, 9, 0, 4, 1, 8, 3, 6, 5, *range(10, len(rows))):
            inbox._store(self.account, rows[number : number + 1])
            self.run_cron("cron_interpret_events")
        self.assert_life()
