"""The account: its address, its credentials, its limits, and the connection."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import file_open, mute_logger

from ..channels.errors import ChannelError
from .common import RopoCommon

HOSTS = {
    ("test", "fi"): "https://rc.ropo24.fi",
    ("test", "se"): "https://rc.ropo24.se",
    ("test", "no"): "https://rc.ropo24.no",
    ("production", "fi"): "https://ropo24.fi",
    ("production", "se"): "https://ropo24.se",
    ("production", "no"): "https://ropo24.no",
}


@tagged("post_install", "-at_install")
class TestAccount(RopoCommon):
    # --- helpers ---

    def refusal(self, **values):
        """What the test of the connection says with these values."""
        self.account.write(values)
        with self.assertRaises(UserError) as raised:
            self.account.action_test_connection()
        text = str(raised.exception)
        self.assertNotIn(self.account.apicode or "sandbox-apicode", text)
        return text

    def restore(self):
        self.account.write(
            {
                "environment": "sandbox",
                "base_url": self.sandbox.url,
                "cid": "700001",
                "apicode": "sandbox-apicode",
            }
        )

    @property
    def host(self):
        return self.sandbox.url.removeprefix("http://")

    # --- the connection ---

    def test_connection_says_which_environment_answered(self):
        action = self.account.with_user(self.manager).action_test_connection()
        params = action["params"]
        self.assertEqual(
            (params["type"], params["message"]),
            (
                "success",
                f"{self.host} answered: the credentials of {self.account.name} are "
                "good for the Sandbox environment (Finland).",
            ),
        )
        self.assertEqual(self.sandbox.state()["calls"], {"POST /rest/token": 1})

    def test_connection_logs_in_anew_each_time(self):
        """A token that is kept would hide that the credentials have changed."""
        self.account.action_test_connection()
        self.sandbox.post("profiles", cid="700001", apicode="changed")
        self.assertIn("refuses", self.refusal())

    def test_wrong_credentials_are_named_with_ropos_own_words(self):
        expected = (
            f"{self.account.name}: {self.host} refuses the credentials (Wrong cid or "
            "apicode). Enter those that were given for this environment: Customer ID "
            "(cid), API Code."
        )
        self.assertEqual(self.refusal(cid="999999"), expected)
        self.restore()
        self.assertEqual(self.refusal(apicode="wrong"), expected)

    def test_missing_credentials(self):
        for name, label in (("cid", "Customer ID (cid)"), ("apicode", "API Code")):
            self.restore()
            self.assertIn(f"lacks: {label}. A system", self.refusal(**{name: False}))
        self.assertEqual(self.sandbox.state()["calls"], {})

    def test_host_that_can_not_be_reached(self):
        text = self.refusal(base_url="http://127.0.0.1:9")
        self.assertIn("127.0.0.1:9 can't be reached", text)

    def test_host_that_does_not_exist(self):
        text = self.refusal(base_url="https://nowhere.invalid")
        self.assertIn("there is no host nowhere.invalid", text)

    def test_host_that_does_not_speak_https(self):
        text = self.refusal(base_url=self.sandbox.url.replace("http:", "https:"))
        self.assertIn("no secure connection", text)

    def test_answer_that_is_no_answer_of_ropos(self):
        self.sandbox.fault("garbled", "/rest/token")
        self.assertIn("can't be read", self.refusal())
        self.sandbox.fault("error_before", "/rest/token")
        self.assertIn("has an error of its own", self.refusal())
        self.sandbox.fault("slow", "/rest/token", seconds=3)
        self.assertIn("did not answer in time", self.refusal())
        self.sandbox.fault("drop_before", "/rest/token")
        self.assertIn("was cut", self.refusal())

    def test_a_good_connection_ends_the_rest_and_the_reminder_of_it(self):
        self.account.apicode = "wrong"
        self.send(self.create_invoice())
        self.assertTrue(self.account._is_resting())
        activity = self.account.activity_ids
        self.assertEqual(activity.user_id, self.account.user_id)
        self.assertEqual(activity.summary, "Ropo refuses the credentials")
        self.sandbox.post("profiles", cid="700001", apicode="wrong")
        self.account.action_test_connection()
        self.assertFalse(self.account._is_resting())
        self.assertFalse(self.account.activity_ids)

    def test_refused_credentials_are_said_once_and_lose_nothing(self):
        invoice = self.create_invoice()
        self.account.apicode = "wrong"
        self.send(invoice)
        for _run in range(3):
            self.account.paused_until = False
            self.run_cron("cron_process_requests")
            self.run_cron("cron_poll_status")
        self.assertEqual(len(self.account.activity_ids), 1)
        self.assertEqual(invoice.ropo_state, "queued")
        self.restore()
        self.assertFalse(self.account._is_resting())
        self.run_cron("cron_process_requests")
        self.assertEqual(invoice.ropo_state, "sent")

    # --- the address ---

    def test_the_country_is_that_of_the_accounts_own_company(self):
        sweden, finland = self.env.ref("base.se"), self.env.ref("base.fi")
        self.env.company.country_id = finland
        company = self.env["res.company"].create(
            {"name": "Esimerkki AB", "country_id": sweden.id}
        )
        account = self.env["ropo.account"].create(
            {"name": "Swedish", "company_id": company.id}
        )
        self.assertEqual(account.country, "se")
        form = Form(self.env["ropo.account"])
        self.assertEqual(form.country, "fi")
        form.company_id = company
        self.assertEqual(form.country, "se")
        company.country_id = finland
        self.assertEqual(account.country, "se", "it stays with the account")

    def test_address_is_given_by_country_and_environment(self):
        for (environment, country), url in HOSTS.items():
            self.account.write({"environment": environment, "country": country})
            self.assertEqual(self.account.base_url, url)

    def test_who_may_not_read_the_credentials_may_not_send_them_elsewhere(self):
        """Else a Ropo manager could have them sent to another host."""
        changes = (
            {"environment": "test"},
            {"country": "se"},
            {"base_url": "http://127.0.0.1:9"},
        )
        for values in changes:
            with self.subTest(values):
                account = self._create_account(self.env.company)
                account.with_user(self.manager).write(values)
                self.assertEqual((account.cid, account.apicode), (False, False))
        account = self._create_account(self.env.company)
        account.with_user(self.manager).write({"base_url": account.base_url})
        account.with_user(self.manager).name = "Another name"
        account.base_url = "http://127.0.0.1:9"  # a system administrator
        self.assertEqual(account.apicode, "sandbox-apicode")

    def test_address_is_free_only_in_the_sandbox(self):
        for environment in ("test", "production"):
            self.account.environment = environment
            given = HOSTS[environment, "fi"]
            with self.assertRaises(ValidationError):
                self.account.base_url = "https://elsewhere.example.com"
            self.account.invalidate_recordset()
            self.assertEqual(self.account.base_url, given)
        self.account.write(
            {"environment": "sandbox", "base_url": "https://sandbox.example.com"}
        )

    def test_addresses_that_make_no_sense_are_refused_at_once(self):
        for url, words in (
            ("http://ropo.example.com", "without encryption"),
            ("http://rc.ropo24.fi", "without encryption"),
            ("ftp://127.0.0.1", "no address"),
            ("127.0.0.1:8080", "no address"),
            ("https://user:secret@127.0.0.1", "no address"),
            ("https://[127.0.0.1", "no address"),
            ("https://ropo24.fi", "no address"),
            ("https://ROPO24.fi/rest", "no address"),
        ):
            with self.subTest(url), self.assertRaisesRegex(ValidationError, words):
                self.account.base_url = url

    def test_production_is_not_reached_from_the_sandbox(self):
        """Not even when the row was changed behind the ORM's back."""
        self.cr.execute(
            "UPDATE ropo_account SET base_url = 'https://ropo24.fi' WHERE id = %s",
            [self.account.id],
        )
        self.account.invalidate_recordset()
        self.assertIn("no address for this environment", self.refusal())

    # --- copies ---

    def test_a_copied_database_does_not_speak_to_production(self):
        self.account.write({"environment": "production", "cid": "1", "apicode": "2"})
        self.account._check_may_call()
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("database.uuid", "another-database")
        self.assertIn("this database is a copy", self.refusal())
        # Who enters credentials means this database.
        self.account.write({"cid": "1", "apicode": "2"})
        self.account._check_may_call()
        parameters.set_param("database.is_neutralized", "True")
        self.assertIn("this database is a copy", self.refusal())

    def moved(self):
        """What of the place of a database a copy or a move changes, each undone."""
        account = type(self.account)
        for name, value in (
            ("_current_name", "of-the-copy"),
            ("_current_server", "7000000000000000001/16384"),
            ("_current_host", "copy.example.com"),
        ):
            with (
                self.subTest(name),
                patch.object(account, name, lambda self, v=value: v),
            ):
                self.account.invalidate_recordset()
                yield name

    def production(self):
        self.account.write({"environment": "production", "cid": "1", "apicode": "2"})
        self.assertFalse(self.account.is_elsewhere)
        self.account._check_may_call()

    def test_a_copy_made_by_postgresql_does_not_speak_to_production(self):
        """It keeps all that Odoo stores, and so the database's uuid, too."""
        self.production()
        for _name in self.moved():
            self.assertIn("this database is a copy", self.refusal())
            self.assertTrue(self.account.is_elsewhere)
            self.assertFalse(self.account._of_webhook(self.account.webhook_key, "", ""))
        self.account.invalidate_recordset()
        self.account._check_may_call()

    def test_a_changed_address_of_odoo_is_another_host(self):
        self.production()
        self.env["ir.config_parameter"].set_param(
            "web.base.url", "https://copy.example.com"
        )
        self.assertIn("this database is a copy", self.refusal())

    def test_after_a_move_one_administrator_is_asked_once(self):
        self.production()
        self.account.user_id = self.manager
        invoice = self.create_invoice()
        self._wizard("ropo.send.wizard", invoice).action_send()
        for _name in self.moved():
            for _run in range(3):
                self.account.paused_until = False
                with mute_logger("odoo.addons.ropo_connect.models.ropo_account"):
                    self.work_off()
            question = self.account.activity_ids
            self.assertEqual(len(question), 1)
            self.assertTrue(question.user_id.has_group("base.group_system"))
            self.assertIn("This Database Is the One to Use", question.note)
            with self.assertRaises(AccessError):
                self.account.with_user(self.manager).action_adopt_database()
            self.account.action_adopt_database()
            self.assertFalse(self.account.activity_ids)
            self.assertFalse(self.account.paused_until)
            self.assertFalse(self.account.is_elsewhere)
            self.account._check_may_call()
        self.assertEqual(invoice.ropo_state, "queued")

    def test_each_address_of_odoo_is_confirmed_once(self):
        """Odoo notes at which address an administrator logged in last."""
        self.production()
        parameters = self.env["ir.config_parameter"]
        first = parameters.get_param("web.base.url")
        parameters.set_param("web.base.url", "https://books.example.com:8069")
        self.account.action_adopt_database()
        for url in (first, "https://books.example.com"):
            parameters.set_param("web.base.url", url)
            self.account._check_may_call()
        # A move to another server makes the earlier addresses unknown again.
        with patch.object(type(self.account), "_current_server", lambda self: "1/2"):
            self.account.action_adopt_database()
            parameters.set_param("web.base.url", first)
            self.assertIn("this database is a copy", self.refusal())

    def test_the_place_of_the_database_is_postgresqls_own(self):
        uuid, name, server = self.account._current_database()
        self.assertEqual(name, self.cr.dbname)
        self.assertRegex(server, r"^\d+/\d+$")
        self.assertTrue(uuid)

    def test_a_copy_of_test_or_sandbox_is_not_stopped(self):
        for _name in self.moved():
            self.account._check_may_call()
            self.assertFalse(self.account.is_elsewhere)

    def test_neutralizing_leaves_nothing_usable(self):
        self.account.action_test_connection()
        self.account.write(
            {
                "environment": "production",
                "webhook_user": "ropo",
                "webhook_password": "secret",
            }
        )
        archived = self._create_account(self.env.company, active=False)
        self.env.flush_all()
        with file_open("ropo_connect/data/neutralize.sql") as file:
            self.cr.execute(file.read())
        self.env.invalidate_all()
        secrets = ["base_url", "cid", "apicode"]
        secrets += ["webhook_key", "webhook_user", "webhook_password"]
        for account in self.account | archived:
            self.assertEqual(account.environment, "sandbox")
            self.assertFalse([name for name in secrets if account[name]])
            with self.assertRaises(ChannelError):
                account._check_may_call()
        self.assertFalse(self.env["ropo.token"].sudo().search([]))

    # --- limits ---

    def test_limits_have_clear_messages(self):
        for values, words in (
            ({"batch_size": 0}, "Between 1 and 1,000 invoices"),
            ({"batch_size": 1001}, "Between 1 and 1,000 invoices"),
            ({"max_concurrency": 0}, "Between 1 and 32 calls"),
            ({"max_concurrency": 33}, "Between 1 and 32 calls"),
            ({"timeout": 0}, "between 1 and 600 seconds"),
            ({"timeout": 601}, "between 1 and 600 seconds"),
            ({"min_days_b2b": -1}, "can't be negative"),
            ({"min_days_b2c": -1}, "can't be negative"),
            ({"min_amount": -0.01}, "can't be negative"),
        ):
            with (
                self.subTest(values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError) as raised,
                self.cr.savepoint(),
            ):
                self.account.write(values)
                self.env.flush_all()
            self.env.invalidate_all()
            message = self.account._sql_error_to_message(raised.exception)
            self.assertIn(words, message)

    def test_names_of_settings_default_as_designed(self):
        account = self._create_account(self.env.company)
        defaults = {
            "channel": "ropo_one",
            "service_model": "connect",
            "batch_size": 50,
            "min_days_b2b": 7,
            "min_days_b2c": 14,
            "min_amount": 0,
            "auto_transfer": "none",
            "active": True,
        }
        self.assertEqual({name: account[name] for name in defaults}, defaults)

    # --- archiving ---

    def test_an_account_of_live_cases_is_not_archived(self):
        invoice, job = self.transferred_case()
        with self.assertRaisesRegex(UserError, job.display_name):
            self.account.active = False
        job.stage = "paid"
        self.account.active = False
        self.assertFalse(self.account.active)
        # What is undone later is still reported.
        self.pay(invoice)
        self.report()
        self.assertEqual(self.sandbox.job(jobtype=1)["capital"], 0)

    def test_an_account_with_requests_under_way_is_not_archived(self):
        self.account.paused_until = fields.Datetime.now() + timedelta(days=1)
        self.transfer(self.create_invoice(days_overdue=20))
        with self.assertRaisesRegex(UserError, "can't be archived"):
            self.account.active = False
        self.env["ropo.request"].search([]).action_cancel()
        self.account.active = False
