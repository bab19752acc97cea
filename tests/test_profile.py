"""From test to production: what belongs to one profile never reaches another."""

from importlib.util import module_from_spec, spec_from_file_location

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, file_path, mute_logger

from ..channels.errors import ChannelError
from .common import RopoCommon, Sandbox

OTHER_CID = "700002"


@tagged("post_install", "-at_install")
class TestProfile(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Another environment of Ropo's: it numbers its jobs from the start as well.
        cls.elsewhere = Sandbox()
        cls.addClassCleanup(cls.elsewhere.stop)

    def setUp(self):
        super().setUp()
        self.elsewhere.reset()

    # --- helpers ---

    def sent(self, **values):
        invoice = self.create_invoice(**values)
        self.send(invoice)
        self.assertEqual(invoice.ropo_state, "sent")
        return invoice

    def end(self, user=None):
        self.account.with_user(user or self.manager).action_end_profile()
        self.env.flush_all()
        self.env.invalidate_all()

    def go_elsewhere(self):
        """The account speaks to another environment, as after going live."""
        self.end()
        self.account.base_url = self.elsewhere.url

    def go_behind_the_orm(self):
        """The same as a script in SQL does it, without the end of the old cases."""
        self.env.flush_all()
        self.cr.execute(
            "UPDATE ropo_account SET base_url = %s WHERE id = %s",
            [self.elsewhere.url, self.account.id],
        )
        self.env.invalidate_all()
        self.env.add_to_compute(self.account._fields["profile"], self.account)
        self.env.flush_all()

    def refuse(self, words, **values):
        """Sees that the account refuses to be changed to these values."""
        with self.assertRaises(ValidationError) as raised:
            self.account.write(values)
        self.assertIn(words, str(raised.exception))

    def calls(self):
        """What the other environment was asked, without logging in."""
        calls = self.elsewhere.state()["calls"]
        return {call: n for call, n in calls.items() if call != "POST /rest/token"}

    # --- refused ---

    def test_profile_is_not_changed_while_cases_live(self):
        self.sent()
        self.transferred()
        changes = (
            {"base_url": self.elsewhere.url},
            {"cid": OTHER_CID},
            {"environment": "test"},
            {"environment": "production"},
        )
        before = self.account.read(["environment", "base_url", "cid", "country"])
        for values in changes:
            for user in (self.env.user, self.manager):
                if "cid" in values and user == self.manager:
                    continue
                with self.subTest(f"{values} {user.login}"):
                    with self.assertRaises(ValidationError) as raised:
                        self.account.with_user(user).write(values)
                    self.account.invalidate_recordset()
                    text = str(raised.exception)
                    self.assertIn("2 cases", text)
                    self.assertIn(self.account.name, text)
                    self.assertIn("End This Profile", text)
        after = self.account.read(["environment", "base_url", "cid", "country"])
        self.assertEqual(before, after)

    def test_country_is_not_changed_where_it_names_another_host(self):
        self.account.write({"environment": "test"})
        invoice = self.create_invoice()
        self._wizard("ropo.send.wizard", invoice).action_send()
        self.refuse("1 requests", country="se")

    def test_profile_is_not_changed_while_requests_wait(self):
        invoice = self.create_invoice()
        self._wizard("ropo.send.wizard", invoice).action_send()
        self.refuse("0 cases and 1 requests", cid=OTHER_CID)
        invoice.ropo_request_ids.with_user(self.manager).action_cancel()
        self.account.cid = OTHER_CID

    def test_another_api_code_is_no_other_profile(self):
        invoice = self.sent()
        self.sandbox.post("profiles", cid="700001", apicode="renewed")
        self.account.apicode = "renewed"
        self.account.write({"cid": "700001", "base_url": self.sandbox.url})
        invoice.ropo_job_ids.action_refresh()
        self.assertEqual(invoice.ropo_state, "sent")

    def test_credentials_taken_out_and_entered_again_go_on(self):
        invoice = self.transferred()
        self.account.write({"cid": False, "apicode": False})
        self.refuse("1 cases", cid=OTHER_CID, apicode="x")
        self.account.write({"cid": "700001", "apicode": "sandbox-apicode"})
        self.pay(invoice)
        self.report()
        self.assertEqual(self.sandbox.job()["capital"], 0)

    def test_what_waited_for_the_first_credentials_goes_with_them(self):
        self.account.write({"cid": False, "apicode": False})
        invoice = self.create_invoice()
        self._wizard("ropo.send.wizard", invoice).action_send()
        self.refuse("1 requests", base_url=self.elsewhere.url)
        self.account.write({"cid": "700001", "apicode": "sandbox-apicode"})
        self.work_off()
        self.assertEqual(invoice.ropo_state, "sent")

    # --- ended on purpose ---

    def test_ending_a_profile_frees_its_invoices(self):
        delivered, collected = self.sent(), self.transferred()
        partner = self._create_partner("Refused Oy", is_company=True)
        partner.write({"ropo_sendtype": "email", "email": "nowhere"})
        waiting, lost = self.create_invoice(), self.create_invoice()
        refused = self.create_invoice(partner)
        self.sandbox.fault("drop_after", method="POST")
        self.send(lost)
        self.sandbox.heal()
        self.send(refused)
        self._wizard("ropo.send.wizard", waiting).action_send()
        moves = delivered | collected | waiting | lost | refused
        self.assertEqual(
            moves.mapped("ropo_state"),
            ["sent", "reminder", "queued", "unknown", "rejected"],
        )
        self.end()
        self.assertEqual(moves.mapped("ropo_state"), [False] * 5)
        self.assertEqual(moves.mapped("ropo_problem"), [False] * 5)
        self.assertEqual(moves.mapped("is_move_sent"), [False] * 5)
        verdicts = self.verdicts(moves, "invoice")
        self.assertEqual({verdict.code for verdict in verdicts.values()}, {False})
        self.assertFalse(self.verdicts(collected, "reminder")[collected].code)
        self.assertEqual(set(delivered.ropo_job_ids.mapped("stage")), {"closed"})
        self.account.base_url = self.elsewhere.url
        partner.email = "somebody@example.com"
        self.send(moves)
        self.transfer(collected)
        self.assertEqual(
            moves.mapped("ropo_state"), ["sent", "reminder", "sent", "sent", "sent"]
        )
        self.assertEqual(len(self.elsewhere.jobs()), 6)
        self.assertTrue(all(moves.mapped("is_move_sent")))

    def test_an_equal_id_of_another_environment_is_another_case(self):
        old = self.sent()
        before = old.ropo_job_ids
        self.go_elsewhere()
        new = self.sent()
        self.send(old)
        after = old.ropo_job_ids - before
        self.assertEqual(before.jobid, new.ropo_job_ids.jobid)
        self.assertTrue(before and after and before.jobid != after.jobid)
        self.assertEqual(set(self.requests_of(new).mapped("state")), {"done"})

    def test_ending_gives_the_invoice_its_own_reference_back(self):
        self.account.service_model = "unify"
        invoice = self.create_invoice()
        own = invoice.payment_reference
        self.send(invoice)
        self.assertNotEqual(invoice.payment_reference, own)
        self.end()
        self.assertEqual(invoice.payment_reference, own)

    def test_an_invoice_of_an_ended_profile_can_be_changed_again(self):
        invoice = self.sent()
        with self.assertRaises(UserError):
            invoice.button_draft()
        self.end()
        invoice.button_draft()
        self.assertEqual(invoice.state, "draft")
        # What was sent, if only to a test, is kept.
        with self.assertRaises(UserError):
            invoice.with_context(force_delete=True).unlink()

    def test_only_a_manager_of_its_company_ends_a_profile(self):
        invoice = self.sent()
        with self.assertRaises(AccessError):
            self.end(self.user)
        self.assertEqual(invoice.ropo_state, "sent")
        # A script or a server action may do what a manager may.
        self.account.sudo().with_user(self.user).sudo().action_end_profile()
        self.assertFalse(invoice.ropo_state)

    def test_ending_is_noted_on_account_and_invoice(self):
        invoice = self.sent()
        self.end()
        self.assertIn("1 case", str(self.account.message_ids[0].body))
        self.assertIn("can be sent", str(invoice.message_ids[0].body))

    def test_cases_of_production_are_not_ended_here(self):
        """Ropo goes on with them, and their debtors must not be collected twice."""
        invoice = self.transferred()
        self.env.flush_all()
        self.cr.execute(
            "UPDATE ropo_account SET environment = 'production', "
            "base_url = 'https://ropo24.fi' WHERE id = %s",
            [self.account.id],
        )
        self.cr.execute(
            "UPDATE ropo_request SET profile = 'production|ropo24.fi|1'; "
            "UPDATE ropo_job SET profile = 'production|ropo24.fi|1'"
        )
        self.env.invalidate_all()
        with self.assertRaises(UserError) as raised:
            self.end()
        self.assertIn("create another account", str(raised.exception))
        self.refuse("create another account", cid=OTHER_CID)
        self.assertEqual(invoice.ropo_state, "reminder")

    # --- never with other credentials ---

    def test_an_old_case_is_never_asked_about_with_new_credentials(self):
        invoice, case = self.transferred_case()
        for go in (self.go_elsewhere, self.go_behind_the_orm):
            with self.subTest(go.__name__):
                with self.cr.savepoint() as savepoint:
                    go()
                    case.write({"to_refresh": True, "fetch_at": self.today})
                    for action in (
                        case.action_refresh,
                        case.action_fetch_pdf,
                        case.action_get_debtor_link,
                        invoice.action_ropo_refresh,
                        invoice.action_ropo_fetch_pdf,
                        invoice.action_ropo_get_debtor_link,
                    ):
                        with self.assertRaisesRegex(UserError, "another profile"):
                            action()
                    self.run_cron("cron_poll_status")
                    self.run_cron("cron_fetch_documents")
                    self.assertFalse(self.account.paused_until)
                    case_calls = [c for c in self.calls() if "statusupdates" not in c]
                    self.assertEqual(case_calls, [])
                    savepoint.rollback()
                self.elsewhere.reset()
                self.env.invalidate_all()

    def test_money_of_an_old_case_is_not_reported_with_new_credentials(self):
        self.money_moves_after(self.go_elsewhere)

    def test_money_of_an_old_case_is_not_reported_after_a_change_in_sql(self):
        self.money_moves_after(self.go_behind_the_orm)

    def money_moves_after(self, go):
        invoice = self.transferred()
        self.pay(invoice, 25.5)
        self.report()
        self.assertEqual(self.sandbox.job()["capital"], 100)
        go()
        invoice.line_ids.matched_credit_ids[:1].unlink()
        self.pay(invoice, 50)
        self.compare()
        self.work_off()
        self.assertNotIn("POST /rest/jobs/payment", self.calls())
        self.assertEqual(len(self.requests_of(invoice, "payment")), 1)

    def test_a_request_of_another_profile_is_never_sent(self):
        waiting, lost = self.create_invoice(), self.create_invoice()
        self.sandbox.fault("drop_after", method="POST")
        self.send(lost)
        self._wizard("ropo.send.wizard", waiting).action_send()
        self.go_behind_the_orm()
        lost.sudo().ropo_request_ids.next_attempt_at = self.today
        self.work_off()
        self.assertEqual(self.calls(), {})
        self.assertEqual(waiting.ropo_state, "rejected")
        self.assertIn("another profile", waiting.ropo_problem)
        self.assertEqual(lost.ropo_state, "unknown")
        # A person says, and no worker is woken for it meanwhile.
        self.assertTrue(lost.ropo_request_ids.to_review)
        self.assertFalse(lost.ropo_request_ids.next_attempt_at)
        lost.ropo_request_ids.with_user(self.manager).action_resolve_requeue()
        self.work_off()
        self.assertEqual(lost.ropo_state, "rejected")
        self.assertEqual(self.calls(), {})
        waiting.ropo_request_ids.with_user(self.manager).action_retry()
        self.work_off()
        self.assertEqual(waiting.ropo_state, "sent")

    def test_a_change_between_two_claims_stops_the_worker(self):
        """The client that the worker holds logs in with the credentials of before."""
        first = self.create_invoice()
        self._wizard("ropo.send.wizard", first).action_send()
        with self.account._client() as client:
            self.go_behind_the_orm()
            second = self.create_invoice()
            self._wizard("ropo.send.wizard", second).action_send()
            due = self.env["ropo.due"]._assignments_due
            reserved = self.env["ropo.outbox"]._reserve_next(
                due, self.account, None, client.profile
            )
            self.assertFalse(reserved)
        self.assertEqual(self.calls(), {})

    # --- what comes in ---

    def test_an_event_of_another_environment_is_another_event(self):
        old = self.transferred()
        self.at_ropo(old.ropo_job_ids, "pay", amount=10)
        self.run_cron("cron_poll_status")
        event = self.env["ropo.event"].search([])
        self.go_elsewhere()
        new = self.transferred()
        self.elsewhere.post(f"jobs/{new.ropo_job_ids.jobid}/pay", amount=10)
        self.run_cron("cron_poll_status")
        fresh = self.env["ropo.event"].search([]) - event
        self.assertEqual(fresh.external_id, event.external_id)
        self.assertEqual(fresh.job_id, new.ropo_job_ids)
        self.assertEqual(new.ropo_job_ids.open_amount, 115.5)

    def test_an_event_that_waits_for_its_case_waits_for_one_of_its_profile(self):
        invoice = self.create_invoice()
        self.env["ropo.inbox"]._receive(
            self.account,
            [
                {
                    "id": "P77",
                    "statustype": "payment",
                    "billnum": invoice.name,
                    "amount": 99,
                }
            ],
        )
        self.run_cron("cron_poll_status")
        event = self.env["ropo.event"].search([])
        self.assertEqual(event.state, "unmatched")
        self.go_elsewhere()
        self.send(invoice)
        self.run_cron("cron_poll_status")
        event.with_user(self.manager).action_interpret()
        self.assertFalse(event.job_id)

    def test_another_profile_has_another_webhook_address(self):
        """What the old environment still sends must not pass for the new one's."""
        key = self.account.webhook_key
        self.account.apicode = "renewed"
        self.account.name = "Renamed"
        self.assertEqual(self.account.webhook_key, key)
        self.account.gap_since = self.today
        self.account.base_url = self.elsewhere.url
        self.assertNotEqual(self.account.webhook_key, key)
        self.assertFalse(self.account.gap_since)

    # --- upgrade ---

    def test_upgrade_gives_what_exists_the_profile_of_its_account(self):
        invoice, case = self.transferred_case()
        self.at_ropo(case, "pay", amount=10)
        self.run_cron("cron_poll_status")
        profile = self.account.profile
        self.env.flush_all()
        for table in ("ropo_request", "ropo_job", "ropo_event"):
            self.cr.execute(SQL("UPDATE %s SET profile = NULL", SQL.identifier(table)))
        other = self.env["res.company"].create({"name": "Another Company"})
        self.cr.execute("UPDATE ropo_event SET company_id = %s", [other.id])
        path = file_path("ropo_connect/migrations/19.0.1.1.0/post-profile.py")
        spec = spec_from_file_location("ropo_post_profile", path)
        script = module_from_spec(spec)
        spec.loader.exec_module(script)
        script.migrate(self.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual(case.event_ids.company_id, case.company_id)
        records = (invoice.ropo_request_ids, case, case.event_ids)
        for record in records:
            self.assertEqual(set(record.sudo().mapped("profile")), {profile})

    # --- in a copy ---

    def test_a_neutralized_database_gets_other_credentials_at_once(self):
        """Nothing of production is reached from there, so nothing has to be ended."""
        invoice = self.transferred()
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "True")
        self.account.write({"base_url": self.elsewhere.url, "cid": "700001"})
        self.assertEqual(invoice.ropo_state, "reminder")
        self.pay(invoice)
        with mute_logger("odoo.addons.ropo_connect.models.ropo_account"):
            self.report()
        self.assertNotIn("POST /rest/jobs/payment", self.calls())

    def test_the_profile_reveals_no_credentials(self):
        self.sent()
        for record in (
            self.account,
            self.env["ropo.request"].search([]),
            self.env["ropo.job"].search([]),
        ):
            self.assertTrue(record.profile)
            self.assertNotIn("700001", record.profile)
            with self.assertRaises(AccessError):
                record.with_user(self.manager).read(["profile"])

    def test_a_client_for_another_profile_is_not_given(self):
        with (
            self.assertRaises(ChannelError),
            self.account._client(profile="another"),
        ):
            self.fail("it was given")
        self.assertEqual(self.sandbox.state()["calls"], {})
