"""Promises to pay and disputes: kept back with a reason, until a day."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import html2plaintext

from ..services.exemption import INFORM_ROPO
from ..services.holds import HOLD_ENDS
from .common import RopoCommon


@tagged("post_install", "-at_install")
class TestHolds(RopoCommon):
    def hold(self, moves, user=None, **values):
        wizard = self._wizard("ropo.hold.wizard", moves, user or self.user, **values)
        wizard.action_apply()
        self.env.invalidate_all()
        return wizard

    def activities(self, moves, kind=HOLD_ENDS):
        return moves.activity_ids.filtered(
            lambda a: a.activity_type_id == self.env.ref(kind)
        )

    def verdict(self, invoice):
        return self.verdicts(invoice, "reminder")[invoice]

    def later(self, days):
        return self.today + timedelta(days=days)

    def pass_day(self, invoices):
        """The last day of their holds was yesterday."""
        self.env.flush_all()
        self.cr.execute(
            "UPDATE account_move SET ropo_hold_until = %s WHERE id IN %s",
            [self.later(-1), tuple(invoices.ids)],
        )
        self.env.invalidate_all()

    # --- set ---

    def test_several_are_held_at_once_and_each_says_why_and_until_when(self):
        invoices = self.create_invoice(days_overdue=20)
        invoices |= self.create_invoice(self.consumer, days_overdue=20)
        self.hold(invoices, reason="promise", until=self.later(5))
        for invoice in invoices:
            verdict = self.verdict(invoice)
            self.assertEqual(verdict.code, "hold")
            self.assertIn("promise to pay", verdict.text)
            self.assertIn("It is on hold until", verdict.text)
            (activity,) = self.activities(invoice)
            self.assertEqual(activity.date_deadline, self.later(5))
            self.assertEqual(activity.user_id, self.user)
            self.assertIn("It is on hold until", invoice.message_ids[0].body)

    def test_a_dispute_has_no_end_of_its_own(self):
        invoice = self.create_invoice(days_overdue=20)
        self.hold(invoice, reason="dispute")
        self.assertFalse(self.activities(invoice))
        self.assertEqual(self.verdict(invoice).text, "It is on hold: dispute.")

    def test_another_hold_replaces_the_first_and_its_activity(self):
        invoice = self.create_invoice(days_overdue=20)
        for days in (5, 9):
            self.hold(invoice, reason="promise", until=self.later(days))
        self.assertEqual(self.activities(invoice).date_deadline, self.later(9))

    # --- ended ---

    def test_it_ends_after_its_day_and_not_on_it(self):
        ends, goes_on, endless = (
            self.create_invoice(days_overdue=20) for _number in range(3)
        )
        self.hold(ends | goes_on, reason="promise", until=self.today)
        self.hold(endless, reason="dispute")
        self.pass_day(ends)
        self.run_cron("cron_end_holds")
        moves = ends | goes_on | endless
        self.assertEqual(moves.mapped("ropo_hold"), [False, True, True])
        self.assertFalse(ends.ropo_hold_reason or ends.ropo_hold_until)
        self.assertFalse(self.activities(ends))
        self.assertIn("The hold ended", "".join(ends.message_ids.mapped("body")))
        self.assertFalse(self.verdict(ends).code)

    def test_the_scheduled_transfer_takes_what_its_hold_has_left(self):
        invoice = self.create_invoice(days_overdue=20)
        self.hold(invoice, reason="promise", until=self.later(1))
        self.account.auto_transfer = "reminder"
        self.run_cron("cron_transfer_overdue")
        self.assertFalse(invoice.ropo_state)
        self.pass_day(invoice)
        self.account.sudo().next_transfer_at = False
        self.run_cron("cron_transfer_overdue")
        self.work_off()
        self.assertEqual(invoice.ropo_state, "reminder")

    def test_who_ends_it_by_hand_ends_the_activity_too(self):
        invoice = self.create_invoice(days_overdue=20)
        self.hold(invoice, reason="promise", until=self.later(5))
        invoice.with_user(self.user).ropo_hold = False
        self.assertFalse(self.activities(invoice))
        self.assertFalse(invoice.ropo_hold_reason or invoice.ropo_hold_until)

    # --- what Ropo collects already ---

    def test_of_what_ropo_collects_the_text_is_given_and_who_was_informed_noted(
        self,
    ):
        invoice = self.transferred()
        case = invoice.sudo().ropo_job_ids.filtered("is_collected")
        calls = self.sandbox.state()["calls"]
        wizard = self.hold(
            invoice,
            reason="dispute",
            is_informed=True,
            informed_how="by e-mail to customer service",
        )
        self.assertEqual(self.sandbox.state()["calls"], calls, "there is no call")
        for words in (invoice.name, case.jobid, "Example Oy", "125.50", "Dispute"):
            self.assertIn(words, wizard.letter.replace("\xa0", " "))
        note = html2plaintext(invoice.message_ids[0].body)
        self.assertIn("by e-mail to customer service", note)
        self.assertIn(case.jobid, note)
        self.assertEqual(invoice.message_ids[0].author_id, self.user.partner_id)
        self.assertFalse(self.activities(invoice, INFORM_ROPO))

    def test_who_has_not_informed_ropo_yet_is_asked_to(self):
        invoice = self.transferred()
        self.hold(invoice, reason="dispute")
        self.assertEqual(len(self.activities(invoice, INFORM_ROPO)), 1)
        self.assertTrue(invoice.ropo_goes_on)

    # --- bad input ---

    def test_what_makes_no_sense_is_said(self):
        invoice = self.create_invoice(days_overdue=20)
        draft = self.create_invoice(post=False)
        for moves, values, text in (
            (invoice, {"until": self.later(-1)}, "in the past"),
            (invoice, {"is_informed": True}, "Say how Ropo was informed"),
            (invoice | draft, {}, "Only posted customer invoices"),
        ):
            with self.assertRaisesRegex(UserError, text):
                self.hold(moves, reason="other", **values)
        self.assertFalse(invoice.ropo_hold)

    def test_a_salesperson_holds_nothing(self):
        seller = new_test_user(self.env, login="seller", groups="base.group_user")
        invoice = self.create_invoice(days_overdue=20)
        with self.assertRaises(AccessError):
            self.hold(invoice, seller, reason="other")
