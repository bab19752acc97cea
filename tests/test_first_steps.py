from lxml import html

from odoo.exceptions import AccessError
from odoo.tests import Form, TransactionCase, tagged

from .common import RopoCommon

STEPS = ("has_connected", "has_policy", "has_sent")


@tagged("-at_install", "post_install")
class TestFirstSteps(RopoCommon):
    def done(self):
        self.account.invalidate_recordset()
        account = self.account.with_user(self.manager)
        return [name for name in STEPS if account[name]]

    def test_each_step_is_done_when_it_really_is(self):
        account = self.account.with_user(self.manager)
        self.assertEqual(self.done(), [])
        self.assertTrue(account.has_first_steps)

        account.action_test_connection()
        self.assertEqual(self.done(), ["has_connected"])

        action = account.action_open_policy()
        with Form(account, view=action["views"][0][0]) as form:
            form.min_days_b2b = 10
        self.assertEqual(self.done(), ["has_connected"])
        account.action_choose_policy()
        self.assertEqual(self.done(), ["has_connected", "has_policy"])
        self.assertEqual(self.account.auto_transfer, "none")
        self.assertTrue(account.has_first_steps)

        self.send(self.create_invoice(), user=self.user)
        self.assertEqual(self.done(), list(STEPS))
        self.assertFalse(account.has_first_steps)

    def test_what_was_rejected_is_no_first_invoice(self):
        self.sandbox.fault("refuse")
        self.send(self.create_invoice())
        self.assertNotIn("has_sent", self.done())

    def test_automatic_transfer_is_a_policy(self):
        self.account.auto_transfer = "reminder"
        self.assertEqual(self.done(), ["has_policy"])

    def test_another_accounts_steps_are_its_own(self):
        other = self._create_account(self.env.company, name="Another", cid="700002")
        self.account.action_choose_policy()
        self.send(self.create_invoice())
        self.assertIn("has_sent", self.done())
        self.assertFalse(other.has_sent or other.has_policy)
        self.assertTrue(other.has_first_steps)

    def test_only_managers_decide_and_hide(self):
        account = self.account.with_user(self.user)
        for name in ("action_choose_policy", "action_hide_first_steps"):
            with self.assertRaises(AccessError):
                getattr(account, name)()
        self.account.with_user(self.manager).action_hide_first_steps()
        self.assertFalse(self.account.has_first_steps)

    def test_a_new_account_shows_what_to_do(self):
        self.assertTrue(self.env["ropo.account"].new({}).has_first_steps)


class TestEmptyLists(TransactionCase):
    def test_each_empty_list_says_what_to_do(self):
        data = self.env["ir.model.data"].search(
            [
                ("module", "=", "ropo_connect"),
                ("model", "=", "ir.actions.act_window"),
            ]
        )
        actions = self.env["ir.actions.act_window"].browse(data.mapped("res_id"))
        lists = actions.filtered(lambda action: action.target != "new")
        self.assertGreater(len(lists), 10)
        for action in lists:
            with self.subTest(action=action.name):
                title, *texts = html.fromstring(f"<div>{action.help or ''}</div>")
                self.assertIn("o_view_nocontent", title.get("class") or "")
                self.assertTrue(title.text_content().strip())
                self.assertGreater(len(texts[0].text_content().split()), 5)
