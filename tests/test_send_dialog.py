"""Ropo in Odoo's own Send dialogs: one invoice at once, many in the background."""

from contextlib import contextmanager
from unittest.mock import patch

from lxml import etree

from odoo import Command
from odoo.exceptions import UserError
from odoo.sql_db import Cursor
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import RopoCommon


@tagged("post_install", "-at_install")
class TestSendDialog(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.business | cls.consumer).invoice_sending_method = "ropo"
        cls.clerk = new_test_user(
            cls.env,
            login="clerk",
            groups="account.group_account_invoice",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
        )

    # --- helpers ---

    def dialog(self, moves, user=None):
        """The dialog as the button of one invoice, or of a list, opens it."""
        moves = moves.with_user(user or self.user)
        action = moves.action_send_and_print()
        return (
            self.env(user=user or self.user)[action["res_model"]]
            .with_context(**action["context"])
            .create({})
        )

    def choose(self, dialog, *methods):
        dialog.sending_method_checkboxes = {
            key: {**box, "checked": key in methods}
            for key, box in dialog.sending_method_checkboxes.items()
        }

    def press_send(self, dialog):
        """As a request of the browser does: what it asked for, then its commit."""
        dialog.action_send_and_print()
        self.env.flush_all()
        self.cr.postcommit.run()
        self.env.invalidate_all()

    def run_send_cron(self):
        self.env.flush_all()
        self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self.env.flush_all()
        self.cr.postcommit.run()
        self.env.invalidate_all()

    def checked(self, dialog):
        boxes = dialog.sending_method_checkboxes
        return {key for key, box in boxes.items() if box["checked"]}

    def incomplete(self, name="Nowhere Oy", **values):
        values = {"city": False, "is_company": True, **values}
        return self._create_partner(name, invoice_sending_method="ropo", **values)

    @contextmanager
    def rendered(self):
        """The invoices of which Odoo renders a PDF meanwhile."""
        ids = []

        def render(_self, report_ref, res_ids=None, data=None):
            ids.extend(res_ids)
            return b"%PDF-1.4", "pdf"

        def split(_self, report_ref, content, kind):
            return dict.fromkeys(ids, content)

        report = type(self.env["ir.actions.report"])
        with (
            patch.object(report, "_pre_render_qweb_pdf", render),
            patch.object(report, "_get_splitted_report", split),
        ):
            yield ids

    def mails(self, move):
        return move.message_ids.filtered(lambda m: m.message_type == "comment")

    # --- one invoice ---

    def test_one_invoice_is_answered_at_once_without_a_pdf_of_odoos(self):
        invoice = self.create_invoice()
        with self.rendered() as rendered:
            dialog = self.dialog(invoice)
            self.assertEqual(self.checked(dialog), {"ropo"})
            box = dialog.sending_method_checkboxes["ropo"]
            self.assertEqual(box["label"], "via Ropo")
            self.assertFalse(dialog.alerts)
            self.press_send(dialog)
        self.assertEqual(rendered, [])
        self.assertFalse(invoice.invoice_pdf_report_id)
        self.assertEqual(invoice.attachment_ids.mapped("name"), [])
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertTrue(invoice.is_move_sent)
        self.assertFalse(self.mails(invoice))
        job = self.sandbox.job(billnum=invoice.name)
        self.assertEqual(str(job["jobid"]), invoice.ropo_job_ids.jobid)

    def test_what_the_dialog_says_is_what_the_wizard_says(self):
        invoices = self.create_invoice() | self.create_invoice()
        self.press_send(self.dialog(invoices[0]))
        self.send(invoices[1], self.user)
        first, second = (self.requests_of(move).payload for move in invoices)
        differ = {key for key in first if first[key] != second[key]}
        self.assertLessEqual(differ, {"ownref", "billnum", "billcode"})
        self.assertEqual(first.keys(), second.keys())

    def test_a_refusal_stands_on_the_invoice_right_after(self):
        self.business.write({"ropo_sendtype": "email", "email": "nowhere"})
        invoice = self.create_invoice()
        self.press_send(self.dialog(invoice))
        self.assertEqual(invoice.ropo_state, "rejected")
        self.assertIn("email", invoice.ropo_problem)
        self.assertFalse(invoice.is_move_sent)

    def test_email_and_ropo_together(self):
        self.business.email = "example@example.com"
        invoice = self.create_invoice()
        with self.rendered() as rendered:
            dialog = self.dialog(invoice)
            self.choose(dialog, "email", "ropo")
            self.press_send(dialog)
        self.assertEqual(rendered, invoice.ids)
        self.assertEqual(self.mails(invoice).notified_partner_ids, self.business)
        self.assertTrue(invoice.invoice_pdf_report_id)
        self.assertEqual(invoice.ropo_state, "sent")

    def test_email_alone_is_as_without_the_addon(self):
        self.business.email = "example@example.com"
        invoice = self.create_invoice()
        with self.rendered() as rendered:
            dialog = self.dialog(invoice)
            self.choose(dialog, "email")
            self.press_send(dialog)
        self.assertEqual(rendered, invoice.ids)
        self.assertFalse(self.requests_of(invoice))

    def test_a_credit_note_goes_as_one(self):
        credit_note = self.create_invoice(move_type="out_refund")
        self.press_send(self.dialog(credit_note))
        self.assertEqual(self.requests_of(credit_note).operation, "credit_note")
        self.assertEqual(credit_note.ropo_state, "sent")

    def test_a_fault_is_shown_and_blocks_and_leads_to_what_is_to_be_fixed(self):
        partner = self.incomplete()
        invoice = self.create_invoice(partner)
        dialog = self.dialog(invoice)
        self.assertEqual(self.checked(dialog), {"ropo"})
        alert = dialog.alerts["ropo_address"]
        self.assertEqual(alert["level"], "danger")
        self.assertIn("Nowhere Oy has no city", alert["message"])
        action = alert["action"]
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("res.partner", partner.id)
        )
        with self.assertRaisesRegex(UserError, "has no city"):
            dialog.action_send_and_print()
        self.assertFalse(self.requests_of(invoice))
        partner.city = "Helsinki"
        dialog = self.dialog(invoice)
        self.assertFalse(dialog.alerts)
        self.press_send(dialog)
        self.assertEqual(invoice.ropo_state, "sent")

    def test_a_fault_of_ropo_holds_back_the_email_too(self):
        partner = self.incomplete(email="nowhere@example.com")
        invoice = self.create_invoice(partner)
        send = self.env["account.move.send"].with_user(self.user)
        with self.rendered() as rendered, self.assertRaisesRegex(UserError, "no city"):
            send._generate_and_send_invoices(invoice, sending_methods=["email", "ropo"])
        self.assertEqual(rendered, [])
        self.assertFalse(self.mails(invoice))

    # --- twice ---

    def test_what_ropo_has_is_not_offered_and_not_sent_again(self):
        invoice = self.create_invoice()
        self.press_send(self.dialog(invoice))
        dialog = self.dialog(invoice)
        self.assertEqual(self.checked(dialog), set())
        box = dialog.sending_method_checkboxes["ropo"]
        self.assertTrue(box["readonly"], "it can't be chosen")
        self.assertIn("not possible: Ropo has it already", box["label"])
        self.choose(dialog, "ropo")
        self.assertIn("Ropo has it already", dialog.alerts["ropo_sent"]["message"])
        with self.assertRaisesRegex(UserError, "Ropo has it already"):
            dialog.action_send_and_print()
        self.assertEqual(len(self.sandbox.jobs(billnum=invoice.name)), 1)

    def test_two_dialogs_opened_before_send_once(self):
        invoice = self.create_invoice()
        first, second = self.dialog(invoice), self.dialog(invoice)
        self.press_send(first)
        with self.assertRaisesRegex(UserError, "Ropo has it already"):
            second.action_send_and_print()
        self.assertEqual(len(self.requests_of(invoice)), 1)

    def test_what_another_sends_right_now_is_left_to_him(self):
        invoice = self.create_invoice()
        nobody = self.env["account.move"]
        locked = patch.object(
            type(nobody), "try_lock_for_update", lambda self, **_options: nobody
        )
        with locked, self.assertRaisesRegex(UserError, "Somebody else is sending"):
            self.dialog(invoice).action_send_and_print()
        # In the background it stays for the next run instead.
        invoice.sending_data = {"author_user_id": self.user.id}
        send = self.env["account.move.send"]
        with locked:
            send._generate_and_send_invoices(invoice, from_cron=True)
        self.assertTrue(invoice.sending_data)
        self.assertFalse(self.requests_of(invoice))
        self.run_send_cron()
        self.assertFalse(invoice.sending_data)
        self.assertEqual(len(self.requests_of(invoice)), 1)

    # --- many ---

    def test_many_go_in_the_background_and_one_fault_stops_no_other(self):
        good = self.create_invoices(3)
        good.partner_id.invoice_sending_method = "ropo"
        partner = self.incomplete()
        bad = self.create_invoice(partner)
        dialog = self.dialog(good | bad)
        self.assertEqual(
            dialog.summary_data, {"ropo": {"count": 3, "label": "via Ropo"}}
        )
        alert = dialog.alerts["ropo_address"]
        self.assertEqual(alert["level"], "warning")
        self.assertEqual(alert["action"]["res_id"], partner.id)
        self.press_send(dialog)
        self.assertFalse((good | bad).ropo_request_ids)
        with self.rendered() as rendered, mute_logger("odoo.addons.mail"):
            self.run_send_cron()
        self.assertEqual(rendered, [])
        self.assertEqual(set(good.mapped("ropo_state")), {"queued"})
        self.assertFalse(self.requests_of(bad))
        self.assertIn("Nowhere Oy has no city", bad.message_ids[0].body)
        self.run_cron("cron_process_requests")
        self.assertEqual(set(good.mapped("ropo_state")), {"sent"})
        self.assertEqual(len(self.sandbox.jobs()), 3)

    def test_each_kind_of_fault_is_an_alert_that_opens_its_records(self):
        homeless = self.incomplete("A Oy") | self.incomplete("B Oy")
        silent = self.incomplete("C Oy", city="Turku", ropo_sendtype="email")
        sent = self.create_invoice()
        self.press_send(self.dialog(sent))
        invoices = sent | self.create_invoice(silent) | self.create_invoice()
        for partner in homeless:
            invoices |= self.create_invoice(partner)
        alerts = self.dialog(invoices).alerts
        self.assertEqual(set(alerts), {"ropo_address", "ropo_email", "ropo_sent"})
        self.assertEqual({alert["level"] for alert in alerts.values()}, {"warning"})
        self.assertEqual(
            alerts["ropo_address"]["action"]["domain"], [["id", "in", homeless.ids]]
        )
        self.assertEqual(alerts["ropo_email"]["action"]["res_id"], silent.id)
        action = alerts["ropo_sent"]["action"]
        self.assertEqual((action["res_model"], action["res_id"]), (sent._name, sent.id))

    def test_when_nothing_of_many_can_go_it_says_so_at_once(self):
        partner = self.incomplete()
        invoices = self.create_invoice(partner) | self.create_invoice(partner)
        with self.assertRaisesRegex(UserError, "has no city"):
            self.dialog(invoices).action_send_and_print()

    def test_alerts_take_as_many_queries_for_ten_invoices_as_for_forty(self):
        send = self.env["account.move.send"].with_user(self.user)
        counts = []
        for count in (2, 10, 40):  # the first warms up what is kept between calls
            moves = self.create_invoices(count).with_user(self.user)
            settings = {"sending_methods": {"ropo"}, "invoice_edi_format": False}
            data = dict.fromkeys(moves, settings)
            counts.append(self.queries(lambda m=moves, d=data: send._get_alerts(m, d)))
        self.assertEqual(*counts[1:])

    def test_each_company_sends_through_its_own_account(self):
        other = self.setup_other_company(name="Other Oy")["company"]
        profile = {"cid": "700009", "apicode": "other-apicode"}
        self.sandbox.post("profiles", **profile)
        self._create_account(other, **profile)
        users = self.user | self.env.user
        users.company_ids |= other
        self.business.with_company(other).invoice_sending_method = "ropo"
        journal = self.env["account.journal"].search(
            [("company_id", "=", other.id), ("type", "=", "sale")], limit=1
        )
        mine = self.create_invoice()
        line = Command.create({"name": "Work", "price_unit": 100, "tax_ids": False})
        others = self.create_invoice(
            journal_id=journal.id, company_id=other.id, invoice_line_ids=[line]
        )
        both = mine | others
        self.press_send(self.dialog(both))
        self.run_send_cron()
        self.run_cron("cron_process_requests")
        self.assertEqual(both.mapped("ropo_state"), ["sent", "sent"])
        self.assertEqual(
            [(job["billnum"], job["cid"]) for job in self.sandbox.jobs()],
            [(mine.name, "700001"), (others.name, "700009")],
        )

    # --- what Ropo has ---

    def test_what_ropo_has_is_not_mailed_nor_sent_again_unless_that_is_chosen(self):
        self.business.write(
            {"invoice_sending_method": "email", "email": "a@example.com"}
        )
        sent, other = self.create_invoice(), self.create_invoice()
        self.assertEqual(self.checked(self.dialog(sent)), {"email"})
        self.assertTrue(sent.highlight_send_button)
        self.send(sent)
        self.assertEqual(self.checked(self.dialog(sent)), set())
        self.assertFalse(sent.highlight_send_button)
        self.assertEqual(self.checked(self.dialog(other)), {"email"})
        self.assertTrue(other.highlight_send_button)

    def test_what_ropo_rejected_is_to_be_sent_as_before(self):
        self.business.write(
            {"ropo_sendtype": "email", "email": "nowhere", "name": "Mail Oy"}
        )
        invoice = self.create_invoice()
        self.press_send(self.dialog(invoice))
        self.assertEqual(invoice.ropo_state, "rejected")
        self.assertTrue(invoice.highlight_send_button)

    def test_an_invoice_has_one_button_to_send_it_and_the_other_way_under_the_gear(
        self,
    ):
        moves = self.env["account.move"].with_user(self.user)
        form = moves.get_views([(False, "form")], {"toolbar": True})["views"]["form"]
        buttons = etree.fromstring(form["arch"]).xpath("//header/button/@name")
        self.assertIn("action_invoice_sent", buttons)
        self.assertNotIn("action_ropo_send", buttons)
        gear = [action["id"] for action in form["toolbar"]["action"]]
        self.assertIn(self.env.ref("ropo_connect.action_ropo_send").id, gear)

    # --- who may ---

    def test_without_an_account_ropo_is_not_offered(self):
        self.account.active = False
        dialog = self.dialog(self.create_invoice())
        self.assertNotIn("ropo", dialog.sending_method_checkboxes)

    def test_a_missing_account_leads_to_the_set_up_and_not_to_the_company(self):
        move = self.create_invoice()
        self.account.active = False
        remedies = {}
        for user in (self.manager, self.user):
            verdicts = self.verdicts(move.with_user(user), "invoice")
            self.assertEqual(verdicts[move].code, "account")
            send = self.env["account.move.send"].with_user(user)
            remedies[user] = send._ropo_remedy(verdicts)
        action = remedies[self.manager]["action"]
        self.assertEqual(action["res_model"], "ropo.account")
        self.assertEqual(action["views"], [(False, "form")])
        self.assertNotIn("res_id", action)
        self.assertFalse(remedies[self.user], "a user can't set one up")

    def test_who_lacks_the_right_is_not_offered_ropo_and_can_not_force_it(self):
        invoice = self.create_invoice()
        dialog = self.dialog(invoice, self.clerk)
        self.assertNotIn("ropo", dialog.sending_method_checkboxes)
        dialog.sending_method_checkboxes = {"ropo": {"checked": True}}
        with self.assertRaisesRegex(UserError, "You lack the right"):
            dialog.action_send_and_print()
        self.assertFalse(self.requests_of(invoice))

    def test_nor_does_the_background_send_for_who_lacks_the_right(self):
        mailed = self._create_partner("Mail Oy", email="mail@example.com")
        invoice, letter = self.create_invoice(), self.create_invoice(mailed)
        dialog = self.dialog(invoice | letter, self.clerk)
        self.assertIn("You lack the right", dialog.alerts["ropo_right"]["message"])
        self.press_send(dialog)
        with self.rendered(), mute_logger("odoo.addons.mail"):
            self.run_send_cron()
        self.assertFalse(self.requests_of(invoice))
        self.assertIn("You lack the right", invoice.message_ids[0].body)
        self.assertTrue(self.mails(letter))

    def test_what_odoo_sends_by_itself_needs_nobodys_right(self):
        # As the shop does for an order that was paid.
        invoice = self.create_invoice()
        public = self.env.ref("base.public_user")
        send = self.env["account.move.send"].with_user(public).sudo()
        send._generate_and_send_invoices(
            invoice, allow_raising=False, allow_fallback_pdf=True
        )
        self.assertEqual(self.requests_of(invoice).state, "queued")

    def test_a_fault_in_what_odoo_sends_by_itself_raises_nothing(self):
        invoice = self.create_invoice(self.incomplete())
        send = self.env["account.move.send"]
        with self.rendered():
            send._generate_and_send_invoices(
                invoice, allow_raising=False, allow_fallback_pdf=True
            )
        self.assertFalse(self.requests_of(invoice))

    def test_nothing_is_said_before_the_commit(self):
        invoice = self.create_invoice()
        dialog = self.dialog(invoice)
        with patch.object(Cursor, "commit", side_effect=AssertionError):
            dialog.action_send_and_print()
        self.assertEqual(self.sandbox.jobs(), [])
        self.assertEqual(invoice.ropo_state, "queued")
