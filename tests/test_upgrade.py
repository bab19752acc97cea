"""What an upgrade makes of what an earlier version kept."""

from odoo.modules.migration import load_script
from odoo.tests import tagged

from .common import ROOT, RopoCommon


@tagged("post_install", "-at_install")
class TestUpgrade(RopoCommon):
    def upgrade(self):
        path = ROOT / "migrations" / "19.0.1.2.0" / "post-migrate.py"
        self.env.flush_all()
        load_script(str(path), "ropo_post_migrate").migrate(self.cr, "19.0.1.1.0")
        self.env.invalidate_all()

    def test_what_was_read_from_payloads_and_events_gets_fields_of_its_own(self):
        invoice, job = self.transferred_case()
        self.pay(invoice, 20)
        self.report()
        self.at_ropo(job, "pay", amount=10)
        self.run_cron("cron_poll_status")
        requests = invoice.sudo().ropo_request_ids
        events = job.event_ids
        facts = ["call", "batchable", "debtor_reference", "is_exempt"]
        names = ["assignment", "number"]
        before = requests.read(facts), events.read(names)
        self.env.flush_all()
        self.cr.execute(
            "UPDATE ropo_request SET call = NULL, batchable = NULL, "
            "debtor_reference = NULL, is_exempt = NULL"
        )
        self.cr.execute("UPDATE ropo_event SET assignment = NULL, number = NULL")
        self.env.invalidate_all()
        self.upgrade()
        self.assertEqual((requests.read(facts), events.read(names)), before)
        self.assertEqual({r["call"] for r in before[0]}, {"jobs", "payment"})
        self.assertEqual({e["assignment"] for e in before[1]}, {job.jobid})

    def test_a_refusal_keeps_its_meaning(self):
        invoice = self.transferred()
        request = self.env["ropo.request"].sudo().search([("move_id", "=", invoice.id)])
        self.cr.execute("ALTER TABLE ropo_request ADD COLUMN answer_code integer")
        for code, meaning in ((2, "ended"), (4, "own_money"), (8, "not_followed")):
            self.cr.execute(
                "UPDATE ropo_request SET answer_code = %s, answer_meaning = NULL "
                "WHERE id = %s",
                [code, request.id],
            )
            load = load_script(
                str(ROOT / "migrations/19.0.1.2.0/post-migrate.py"), "ropo_post"
            )
            load.store_what_the_answer_means(self.cr)
            self.cr.execute("ALTER TABLE ropo_request ADD COLUMN answer_code integer")
            request.invalidate_recordset()
            self.assertEqual(request.answer_meaning, meaning)

    def test_scheduled_actions_get_their_new_names(self):
        cron = self.env.ref("ropo_connect.cron_process_requests").sudo()
        cron.name = "Ropo: an older name"
        self.upgrade()
        self.assertEqual(cron.name, "Ropo: Send Outbox")

    def test_columns_get_their_new_names_and_keep_what_is_in_them(self):
        _invoice, job = self.transferred_case()
        self.at_ropo(job, "stage", stage="collection")
        self.run_cron("cron_poll_status")
        before = self.renamed(job)
        self.env.flush_all()
        self.cr.execute("ALTER TABLE ropo_request RENAME collects TO chases")
        self.cr.execute("ALTER TABLE ropo_job RENAME is_collected TO chased")
        self.cr.execute("ALTER TABLE ropo_event RENAME applied_stage TO told_stage")
        path = ROOT / "migrations" / "19.0.1.2.0" / "pre-migrate.py"
        for _twice in range(2):
            load_script(str(path), "ropo_pre_migrate").migrate(self.cr, "19.0.1.1.0")
        self.env.invalidate_all()
        self.assertEqual(self.renamed(job), before)
        self.assertEqual(before[:2], ([True], [True]))

    def test_a_profile_names_its_channel(self):
        invoice, job = self.transferred_case()
        self.at_ropo(job, "stage", stage="collection")
        self.run_cron("cron_poll_status")
        requests = invoice.sudo().ropo_request_ids
        kept = [self.account.sudo(), requests, job, job.event_ids]
        profiles = {profile for some in kept for profile in some.mapped("profile")}
        self.assertEqual(len(profiles), 1)
        self.assertIn("|ropo_one|", min(profiles))
        self.env.flush_all()
        for table in ("account", "request", "job", "event"):
            self.cr.execute(
                f"UPDATE ropo_{table} SET profile = REPLACE(profile, '|ropo_one', '')"
            )
        path = ROOT / "migrations" / "19.0.1.3.0" / "pre-migrate.py"
        for _twice in range(2):
            load_script(str(path), "ropo_pre_3").migrate(self.cr, "19.0.1.2.0")
        self.env.invalidate_all()
        after = {profile for some in kept for profile in some.mapped("profile")}
        self.assertEqual(after, profiles)

    def test_a_new_channel_brings_its_codes_and_no_other_gets_any_back(self):
        codes = self.env["ropo.status.code"]
        codes.search([("channel", "=", "maventa")]).unlink()
        mine = codes.search([("channel", "=", "ropo_one")])
        mine[:1].unlink()
        mine[1].stage = "on_hold"
        kept = codes.search([("channel", "=", "ropo_one")]).read(["code", "stage"])
        path = ROOT / "migrations" / "19.0.1.3.0" / "post-migrate.py"
        for _twice in range(2):
            load_script(str(path), "ropo_post_3").migrate(self.cr, "19.0.1.2.0")
        found = codes.search([("channel", "=", "ropo_one")])
        self.assertEqual(found.read(["code", "stage"]), kept)
        stages = codes._stages(self.env["ropo.account"].new({"channel": "maventa"}))
        self.assertEqual(stages["debt_collection"], "collection")

    def test_an_hour_becomes_five_minutes_and_what_a_person_has_set_stays(self):
        names = ("cron_post_payments", "cron_post_credit_notes")
        crons = [self.env.ref(f"ropo_connect.{name}").sudo() for name in names]
        crons[0].write({"interval_number": 1, "interval_type": "hours"})
        crons[1].write({"interval_number": 2, "interval_type": "hours"})
        self.env.flush_all()
        path = ROOT / "migrations" / "19.0.1.5.0" / "post-migrate.py"
        load_script(str(path), "ropo_post_5").migrate(self.cr, "19.0.1.4.0")
        self.env.invalidate_all()
        self.assertEqual(
            [(cron.interval_number, cron.interval_type) for cron in crons],
            [(5, "minutes"), (2, "hours")],
        )

    def test_the_figures_of_all_cases_are_kept_from_now_on(self):
        kept, other = (
            self.transferred().sudo().ropo_job_ids.filtered("is_collected")
            for _number in range(2)
        )
        self.report()
        self.cr.execute("DELETE FROM ropo_job_figures WHERE job_id = %s", [other.id])
        path = ROOT / "migrations" / "19.0.1.6.0" / "post-migrate.py"
        load_script(str(path), "ropo_post_6").migrate(self.cr, "19.0.1.5.0")
        self.cr.execute(
            "SELECT job_id, residual IS NULL FROM ropo_job_figures WHERE job_id IN %s",
            [(kept.id, other.id)],
        )
        self.assertEqual(dict(self.cr.fetchall()), {kept.id: False, other.id: True})

    def test_no_invoice_is_written_again_when_the_addon_is_installed(self):
        """The column of the state is new then, and empty in each of them."""
        self.create_invoice()
        self.env.flush_all()
        self.env.invalidate_all()
        self.cr.execute("ALTER TABLE account_move DROP COLUMN ropo_state")
        before = self.places()
        names, context = ["account.move"], {"module": "ropo_connect"}
        self.env.registry.init_models(self.cr, names, context, install=False)
        self.assertEqual(self.places(), before)
        self.cr.execute("SELECT COUNT(ropo_state) FROM account_move")
        self.assertEqual(self.cr.fetchone(), (0,))

    def places(self):
        """Where each invoice is in the file of its table: a row that is written again
        gets another place."""
        self.cr.execute("SELECT id, ctid::text FROM account_move ORDER BY id")
        return self.cr.fetchall()

    def renamed(self, job):
        return (
            job.request_ids.mapped("collects"),
            job.mapped("is_collected"),
            job.event_ids.mapped("applied_stage"),
        )
