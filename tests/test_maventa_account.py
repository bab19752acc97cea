"""An account at Maventa: credentials, rights, and the agreement with Ropo."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import file_open

from .maventa import CREDENTIALS, WITHOUT_SERVICE, MaventaCommon

RIGHT = "receivables:assignments"


@tagged("post_install", "-at_install")
class TestMaventaAccount(MaventaCommon):
    def refusal(self, **values):
        """What the test of the connection says with these values."""
        self.account.write({**CREDENTIALS, **values})
        with self.assertRaises(UserError) as raised:
            self.account.action_test_connection()
        for secret in list(CREDENTIALS.values())[1:]:
            self.assertNotIn(secret, str(raised.exception))
        return str(raised.exception)

    # --- the connection ---

    def test_connection_shows_who_answered_and_the_state_of_the_service(self):
        action = self.account.with_user(self.manager).action_test_connection()
        self.assertEqual(action["params"]["type"], "success")
        self.assertEqual(self.account.service_state, "active")

    def test_each_missing_credential_is_named(self):
        for name, label in (
            ("maventa_company_uuid", "Company UUID"),
            ("maventa_user_api_key", "User API Key"),
            ("maventa_vendor_api_key", "Vendor API Key"),
        ):
            self.assertIn(f"lacks: {label}. A system", self.refusal(**{name: False}))
        self.assertEqual(self.sandbox.state()["calls"], {})

    def test_wrong_keys_and_a_uuid_that_is_none(self):
        for name, value in (
            ("maventa_vendor_api_key", "another-vendor-key"),
            ("maventa_user_api_key", "another-user-key"),
            ("maventa_company_uuid", "5f0c1f9e-0009-4a00-8000-000000000009"),
            ("maventa_company_uuid", "7000001"),
        ):
            text = self.refusal(**{name: value})
            self.assertIn("refuses the credentials", text)
            self.assertIn("Company UUID, User API Key, Vendor API Key.", text)

    def test_a_token_without_the_right_asks_a_person_and_pauses_nothing(self):
        invoice = self.transferred()
        self.set_company(country="fi", service="ACTIVE", no_right_to=[RIGHT])
        self.env["ropo.token"].sudo().search([]).unlink()
        self.pay(invoice, 20)
        self.report()
        report = self.requests_of(invoice, "payment")
        self.assertEqual(report.state, "queued")
        self.assertFalse(self.account.paused_until)
        activity = self.account.activity_ids.filtered(
            lambda a: a.summary == "The credentials lack a right"
        )
        self.assertEqual(len(activity), 1)
        self.assertIn("may not do this", activity.note)
        other = self.create_invoice()
        self.send(other)
        self.assertEqual(other.ropo_state, "sent")
        self.set_company(country="fi", service="ACTIVE")
        self.env["ropo.token"].sudo().search([]).unlink()
        report.sudo().next_attempt_at = False
        self.work_off()
        self.assertEqual(report.state, "done")
        self.assertEqual(self.assignment_of(invoice)["capital"], 105.5)

    def test_only_system_administrators_see_the_credentials(self):
        for name in (*CREDENTIALS, "receivables_base_url"):
            with self.assertRaises(AccessError):
                self.account.with_user(self.manager).read([name])

    def test_who_leads_the_account_elsewhere_does_not_take_the_credentials_along(self):
        account = self.account.with_user(self.manager)
        account.base_url = f"{self.sandbox.url}/"
        self.assertFalse(any(self.account[name] for name in CREDENTIALS))

    def test_a_copy_has_no_credentials_and_no_service(self):
        self.account.action_test_connection()
        copy = self.account.copy()
        self.assertFalse(any(copy[name] for name in CREDENTIALS))
        self.assertFalse(copy.service_state)

    def test_a_neutralized_database_has_none_either(self):
        self.account.receivables_base_url = self.sandbox.url
        self.env.flush_all()
        with file_open("ropo_connect/data/neutralize.sql") as file:
            self.cr.execute(file.read())
        self.env.invalidate_all()
        for name in (*CREDENTIALS, "receivables_base_url"):
            self.assertFalse(self.account[name])

    def test_the_receivables_address_leads_no_sandbox_to_production(self):
        for url in ("https://receivables.maventa.com", "http://example.com"):
            with self.assertRaises(ValidationError):
                self.account.receivables_base_url = url
        self.account.receivables_base_url = self.sandbox.url
        self.account.action_test_connection()

    def test_the_form_shows_what_the_channel_needs(self):
        account = self.account
        self.assertIn("maventa_vendor_api_key", account.connection_fields)
        self.assertNotIn("apicode", account.connection_fields)
        self.assertEqual(account.terms_names, "co_debtors fallback is_rental summary")
        account.country = "se"
        self.assertNotIn("is_rental", account.terms_names)
        other = self._create_account(self.env.company, channel="ropo_one", cid="1")
        for name in ("credit_allocation", "delivered_elsewhere", "unique_number"):
            self.assertIn(name, other.terms_names)
            self.assertNotIn(name, account.terms_names)
        self.assertFalse(
            account.can_preview
            or account.can_print_locally
            or account.has_debtor_page
            or account.can_fetch_documents
            or account.has_webhook
            or account.has_service_models
        )

    # --- the agreement ---

    def without_service(self):
        self.account.maventa_company_uuid = WITHOUT_SERVICE
        self.account.action_test_connection()
        self.assertEqual(self.account.service_state, "inactive")
        return self.account.with_user(self.manager)

    def activate(self, account, email="signer@example.com"):
        wizard = self.env["ropo.activation.wizard"].with_user(self.manager)
        wizard = wizard.create({"account_id": account.id, "email": email})
        wizard.action_activate()

    def sign(self, state="ACTIVE"):
        path = f"maventa/companies/{WITHOUT_SERVICE}/service"
        self.sandbox.post(path, status=state)

    def test_activation_is_asked_for_followed_and_announced_once(self):
        account = self.without_service()
        action = account.action_activate_service()
        self.assertEqual(action["res_model"], "ropo.activation.wizard")
        self.activate(account)
        self.assertEqual(
            (account.service_state, account.service_email),
            ("pending", "signer@example.com"),
        )
        self.run_cron("cron_follow_activation")
        self.assertEqual(account.service_state, "pending")
        self.assertFalse(account.activity_ids)
        self.sign()
        self.account.user_id = self.manager
        for _hour in range(2):
            self.run_cron("cron_follow_activation")
        self.assertEqual(account.service_state, "active")
        self.assertEqual(
            account.activity_ids.mapped("summary"),
            ["The receivables service is active"],
        )
        self.assertEqual(account.activity_ids.user_id, self.manager)

    def test_an_address_that_is_none_is_not_sent(self):
        account = self.without_service()
        with self.assertRaisesRegex(UserError, "“nobody” is no e-mail address"):
            self.activate(account, "nobody")
        self.assertEqual(account.service_state, "inactive")

    def test_closing_ends_the_service_and_no_case(self):
        invoice = self.transferred()
        account = self.account.with_user(self.manager)
        account.action_refresh_service()
        account.action_close_service()
        self.assertEqual(account.service_state, "inactive")
        self.pay(invoice, 25.5)
        self.report()
        self.assertEqual(self.assignment_of(invoice)["capital"], 100)

    def test_an_account_without_a_service_to_activate_says_so(self):
        other = self._create_account(
            self.env.company,
            channel="ropo_one",
            cid="700001",
            apicode="sandbox-apicode",
        )
        self.assertFalse(other.has_activation)
        for act in ("action_activate_service", "action_refresh_service"):
            with self.assertRaisesRegex(UserError, "Ropo One has no call for this"):
                getattr(other, act)()

    def test_a_user_who_is_no_manager_changes_no_service(self):
        account = self.account.with_user(self.user)
        for act in (
            "action_activate_service",
            "action_refresh_service",
            "action_close_service",
        ):
            with self.assertRaises(AccessError):
                getattr(account, act)()
        with self.assertRaises(AccessError):
            self.env["ropo.activation.wizard"].with_user(self.user).create(
                {"account_id": account.id}
            )

    def test_what_can_not_be_asked_is_said_and_stops_no_other(self):
        account = self.without_service()
        self.activate(account)
        first = self._create_account(self.env.company, name="Broken", sequence=1)
        first.sudo().service_state = "pending"
        first.maventa_user_api_key = "wrong"
        self.sign()
        self.run_cron("cron_follow_activation")
        self.assertEqual(account.service_state, "active")

    def test_another_profile_begins_without_the_service_of_the_last(self):
        self.account.action_test_connection()
        self.account.maventa_company_uuid = WITHOUT_SERVICE
        self.assertFalse(self.account.service_state)

    def test_two_channels_are_two_profiles(self):
        before = self.account.sudo().profile
        self.assertIn("|maventa|", before)
        self.account.write({"channel": "ropo_one", "cid": "700001"})
        self.assertIn("|ropo_one|", self.account.sudo().profile)
