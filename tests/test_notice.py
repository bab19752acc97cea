"""The date of one's own reminder: only a mail that was sent counts; days follow."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import format_date, mute_logger

from odoo.addons.base.models.ir_mail_server import IrMail_Server, MailDeliveryException
from odoo.addons.mail.tests.common import MockEmail

from .common import RopoCommon


class NoticeCommon(RopoCommon, MockEmail):
    """Invoices that are overdue, and an e-mail template that is a reminder."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = cls.env.ref("account.email_template_edi_invoice")
        cls.template = cls.plain.copy()
        cls.account.reminder_template_ids = cls.template
        cls.business.email = "office@example.com"

    def by_dialog(self, move, template=None):
        wizard = (
            self.env["account.move.send.wizard"]
            .with_user(self.user)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(
                {
                    "sending_methods": ["email"],
                    "template_id": (template or self.template).id,
                }
            )
        )
        wizard.action_send_and_print()

    def composer(self, move, mode, **values):
        return (
            self.env["mail.compose.message"]
            .with_user(self.user)
            .with_context(
                default_model="account.move",
                default_res_ids=move.ids,
                default_template_id=self.template.id,
                default_composition_mode=mode,
            )
            .create(values)
        )

    def by_composer(self, move):
        self.composer(move, "comment").action_send_mail()

    def by_mass_mail(self, move):
        self.composer(move, "mass_mail", force_send=True).action_send_mail()

    def by_rule(self, move):
        self.template.send_mail_batch(move.ids, force_send=True)

    def by_script(self, move):
        self.template.send_mail(move.id, force_send=True)

    @property
    def ways(self):
        return (
            self.by_dialog,
            self.by_composer,
            self.by_mass_mail,
            self.by_rule,
            self.by_script,
        )

    def reminded(self, way, *arguments):
        """The date that is noted after an invoice was mailed in this way."""
        move = self.create_invoice(days_overdue=20)
        with self.mock_mail_gateway(mail_unlink_sent=True):
            way(move, *arguments)
        return move.ropo_notice_date

    def queue_mails(self):
        mails = self.env["mail.mail"].sudo()
        with self.mock_mail_gateway(mail_unlink_sent=True):
            mails.process_email_queue()


@tagged("post_install", "-at_install")
class TestNotice(NoticeCommon):
    def test_a_reminder_that_was_mailed_is_noted(self):
        for way in self.ways:
            with self.subTest(way=way.__name__):
                self.assertEqual(self.reminded(way), self.today)

    def test_a_mail_of_another_template_is_no_reminder(self):
        self.assertFalse(self.reminded(self.by_dialog, self.plain))

    def test_a_reminder_whose_mail_failed_is_not_noted(self):
        def fails(*_arguments, **_values):
            raise MailDeliveryException("refused")

        def nobody(*_arguments, **_values):
            raise AssertionError(IrMail_Server.NO_VALID_RECIPIENT)

        for way in self.ways:
            for failure in (fails, nobody):
                with (
                    self.subTest(way=way.__name__, failure=failure.__name__),
                    self.mock_mail_gateway(),
                    patch.object(IrMail_Server, "send_email", failure),
                    mute_logger("odoo.addons.mail.models.mail_mail"),
                ):
                    move = self.create_invoice(days_overdue=20)
                    way(move)
                    states = set(self._new_mails.mapped("state"))
                    self.assertEqual(states, {"exception"})
                    self.assertFalse(move.ropo_notice_date)

    def test_a_reminder_without_a_recipient_is_not_noted(self):
        self.business.email = False
        for way in (self.by_mass_mail, self.by_rule, self.by_script):
            with self.subTest(way=way.__name__):
                self.assertFalse(self.reminded(way))

    def test_a_reminder_that_only_our_own_people_got_is_not_noted(self):
        """A colleague follows the invoice, and gets what is posted on it."""
        move = self.create_invoice(days_overdue=20)
        self.manager.partner_id.email = "colleague@example.com"
        move.message_subscribe(self.manager.partner_id.ids)
        deliver = IrMail_Server.send_email

        def all_but_the_customer(server, message, *arguments, **values):
            if "office@example.com" in message["To"]:
                raise AssertionError(IrMail_Server.NO_VALID_RECIPIENT)
            return deliver(server, message, *arguments, **values)

        with self.mock_mail_gateway():
            with patch.object(IrMail_Server, "send_email", all_but_the_customer):
                self.by_dialog(move)
            sent = self._new_mails.filtered(lambda mail: mail.state == "sent")
        self.assertEqual(sent.recipient_ids, self.manager.partner_id)
        self.assertFalse(move.ropo_notice_date)

    def test_a_reminder_in_the_mail_queue_is_noted_when_it_is_sent(self):
        first, second = (self.create_invoice(days_overdue=20) for _n in range(2))
        self.template.send_mail_batch((first | second).ids)
        self.assertFalse(first.ropo_notice_date)
        self.env["mail.mail"].sudo().search([("res_id", "=", second.id)]).cancel()
        # What it was when it was written stands, not what the account says later.
        self.account.reminder_template_ids = self.plain
        self.queue_mails()
        self.assertEqual(first.ropo_notice_date, self.today)
        self.assertFalse(second.ropo_notice_date, "cancelled")

    def test_a_mail_does_not_become_a_reminder_afterwards(self):
        move = self.create_invoice(days_overdue=20)
        self.plain.send_mail(move.id)
        self.account.reminder_template_ids = self.plain
        self.queue_mails()
        self.assertFalse(move.ropo_notice_date)

    def test_a_scheduled_reminder_is_noted_when_it_is_sent(self):
        move = self.create_invoice(days_overdue=20)
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        composer = self.composer(move, "comment", scheduled_date=str(tomorrow))
        scheduled = composer._action_schedule_message()
        self.assertFalse(move.ropo_notice_date)
        with self.mock_mail_gateway(mail_unlink_sent=True):
            scheduled.sudo()._post_message()
        self.assertEqual(move.ropo_notice_date, self.today)

    def test_an_own_reminder_sent_by_who_only_reads_invoices_is_noted(self):
        reader = new_test_user(
            self.env,
            login="reader",
            groups="account.group_account_readonly",
            company_id=self.env.company.id,
        )
        template = self.template.with_user(reader)
        move = self.create_invoice(days_overdue=20)
        with self.mock_mail_gateway(mail_unlink_sent=True):
            template.send_mail(move.id, force_send=True)
        self.assertEqual(move.ropo_notice_date, self.today)

    def test_a_draft_is_never_reminded(self):
        draft = self.create_invoice(post=False)
        with self.mock_mail_gateway():
            self.by_rule(draft)
        self.assertFalse(draft.ropo_notice_date)

    def test_the_day_of_a_reminder_is_the_companys(self):
        """The mail queue runs as a user of its own, whose day may be another."""
        move = self.create_invoice(days_overdue=20)
        self.template.send_mail_batch(move.ids)
        self.env.user.tz = "UTC"
        move.company_id.partner_id.tz = "Europe/Helsinki"
        with freeze_time("2026-11-30 22:30:00"):
            self.queue_mails()
        self.assertEqual(str(move.ropo_notice_date), "2026-12-01")

    def test_the_date_is_noted_on_many_at_once(self):
        moves = self.create_invoices(3)
        day = self.today - timedelta(days=3)
        self.assertEqual(moves.action_ropo_notice()["context"]["active_ids"], moves.ids)
        self._wizard("ropo.notice.wizard", moves, self.user, date=day).action_apply()
        self.assertEqual(moves.mapped("ropo_notice_date"), [day] * 3)
        moves[:1].action_ropo_set_reminded()
        self.assertEqual(moves[0].ropo_notice_date, self.today)


@tagged("post_install", "-at_install")
class TestNoticeDays(NoticeCommon):
    def code(self, move, days_ago, kind="collection"):
        asked = self.today - timedelta(days=days_ago)
        return self.verdicts(move, kind, notice_date=asked)[move].code

    def test_nobody_is_collected_before_the_days_after_ones_own_reminder(self):
        for partner, days in ((self.business, 7), (self.consumer, 14)):
            move = self.create_invoice(partner, days_overdue=30)
            for ago in (0, 1, days - 1):
                with self.subTest(partner=partner.name, ago=ago):
                    self.assertEqual(self.code(move, ago), "notice_early")
            self.assertFalse(self.code(move, days), partner.name)
            self.assertFalse(self.code(move, 0, "reminder"), partner.name)
        verdict = self.verdicts(move, "collection", notice_date=self.today)[move]
        first = format_date(self.env, self.today + timedelta(days=14))
        self.assertIn(first, verdict.text)

    def test_the_days_after_ones_own_reminder_are_the_accounts(self):
        self.account.write({"notice_days_b2b": 0, "notice_days_b2c": 3})
        company = self.create_invoice(days_overdue=30)
        consumer = self.create_invoice(self.consumer, days_overdue=30)
        self.assertFalse(self.code(company, 0))
        self.assertEqual(self.code(consumer, 2), "notice_early")
        self.assertFalse(self.code(consumer, 3))

    def test_the_days_are_those_of_the_account_that_transfers_it(self):
        other = self._create_account(self.account.company_id, notice_days_b2c=0)
        self.account.notice_days_b2c = 14
        move = self.create_invoice(self.consumer, days_overdue=30)
        self.assertEqual(move.ropo_account_id, self.account)
        codes = {
            account: self.verdicts(
                move, "collection", notice_date=self.today, account=account
            )[move].code
            for account in (self.account, other)
        }
        self.assertEqual(codes, {self.account: "notice_early", other: False})

    def test_the_days_count_where_no_own_reminder_is_demanded_too(self):
        self.account.country = "se"
        move = self.create_invoice(self.consumer, days_overdue=30)
        self.assertFalse(self.verdicts(move, "collection")[move].code)
        move.ropo_notice_date = self.today - timedelta(days=13)
        verdict = self.verdicts(move, "collection")[move]
        self.assertEqual(verdict.code, "notice_early")

    def test_the_night_waits_for_the_days_after_ones_own_reminder(self):
        self.account.auto_transfer = "collection"
        early, ripe = (
            self.create_invoice(self.consumer, days_overdue=30) for _n in range(2)
        )
        early.ropo_notice_date = self.today - timedelta(days=13)
        ripe.ropo_notice_date = self.today - timedelta(days=14)
        self.run_cron("cron_transfer_overdue")
        self.assertFalse(early.ropo_state)
        self.assertEqual(ripe.ropo_state, "queued")

    def test_the_wizard_says_from_when_it_may_be_collected(self):
        move = self.create_invoice(self.consumer, days_overdue=30)
        wizard = self._wizard(
            "ropo.transfer.wizard",
            move,
            self.user,
            kind="collection",
            notice_date=self.today,
        )
        self.assertIn("own reminder", wizard.line_ids.reason)
        wizard.notice_date = self.today - timedelta(days=14)
        self.assertFalse(wizard.line_ids.reason)

    def test_days_after_ones_own_reminder_are_never_negative(self):
        with Form(self.account) as form:
            form.notice_days_b2b = form.notice_days_b2c = 0
        for name in ("notice_days_b2b", "notice_days_b2c"):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
            ):
                self.account.write({name: -1})
                self.env.flush_all()
