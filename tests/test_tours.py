"""What a person does in the browser, in a browser."""

from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.sql_db import Callbacks
from odoo.tests import HttpCase, tagged, test_cursor

from .common import RopoCommon
from .maventa import WITHOUT_SERVICE, MaventaCommon

COMMIT = test_cursor.TestCursor.commit


def commit(cursor):
    """As `TestCursor` does, and then what we have to do after a commit."""
    callbacks, cursor.postcommit = cursor.postcommit, Callbacks()
    COMMIT(cursor)
    for callback in callbacks._funcs:
        if ".ropo_connect." in callback.__module__:
            callback()


class TourCommon(HttpCase):
    registry_test_mode = False  # RopoCommon enters it, and twice is once too often

    def tour(self, path, name, user=None):
        self.env.flush_all()
        with patch.object(test_cursor.TestCursor, "commit", commit):
            self.start_tour(path, name, login=(user or self.user).login)
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestTours(RopoCommon, TourCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user.group_ids |= cls.env.ref("base.group_partner_manager")
        cls.account.timeout = 20  # the browser takes its share of the machine
        cls.homeless = cls._create_partner(
            "Nowhere Oy", is_company=True, city=False, invoice_sending_method="ropo"
        )

    def work_off(self):
        """As the scheduler does, which comes again while a run had too little time."""
        due = self.env["ropo.due"]._count
        for _run in range(5):
            self.run_cron("cron_process_requests")
            if not due():
                break
        waiting = self.env["ropo.request"].search([("state", "!=", "done")])
        self.assertFalse(
            waiting, waiting.read(["state", "error", "next_attempt_at", "response"])
        )

    def test_one_invoice_is_fixed_sent_and_answered_in_odoos_own_dialog(self):
        invoice = self.create_invoice(self.homeless)
        self.tour(f"/odoo/customer-invoices/{invoice.id}", "ropo_send_dialog")
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertFalse(invoice.invoice_pdf_report_id)
        self.assertEqual(self.homeless.city, "Helsinki")
        self.assertEqual(len(self.sandbox.jobs(billnum=invoice.name)), 1)

    def test_many_are_fixed_sent_and_followed_without_leaving_the_wizard(self):
        invoices = self.create_invoice() | self.create_invoice(self.consumer)
        invoices |= self.create_invoice(self.homeless)
        self.account.send_attachments = True
        self.env["ir.attachment"].create(
            {
                "name": "Hours.pdf",
                "raw": b"%PDF-1.4 hours",
                "res_model": "account.move",
                "res_id": invoices[0].id,
            }
        )
        self.tour("/odoo/ropo-to-send", "ropo_send_wizard")
        self.assertEqual(self.homeless.city, "Helsinki")
        self.assertEqual(set(invoices.mapped("ropo_state")), {"queued"})
        self.work_off()
        self.assertEqual(set(invoices.mapped("ropo_state")), {"sent"})
        jobs = self.sandbox.jobs()
        self.assertEqual(len(jobs), 3)
        self.assertEqual(sum("attachment" in job["dataset"] for job in jobs), 1)

    def test_many_are_transferred_on_chosen_terms_and_a_warning_one_by_one(self):
        calm = self.create_invoice(self.consumer, days_overdue=20)
        chosen = self.create_invoice(days_overdue=30)
        left_out = self.create_invoice(days_overdue=20)
        bad = self.create_invoice(self.homeless, days_overdue=20)
        self.create_invoice(self.business, amount=10, move_type="out_refund")
        self.tour("/odoo/ropo-to-transfer", "ropo_transfer_wizard")
        self.work_off()
        self.assertEqual((calm | chosen).mapped("ropo_state"), ["reminder"] * 2)
        self.assertFalse(left_out.ropo_state or bad.ropo_state)
        fees = {job["dataset"]["noticefee"] for job in self.sandbox.jobs()}
        self.assertEqual(fees, {5})

    def test_a_new_user_is_led_to_the_dialog_that_sends_and_nothing_is_sent(self):
        self.create_invoice()
        tour = self.env["web_tour.tour"].search([("custom", "=", False)])
        self.assertIn("ropo_connect_tour", tour.mapped("name"))
        self.tour("/odoo", "ropo_connect_tour")
        self.assertFalse(self.env["ropo.request"].search([]))

    def test_without_an_account_one_is_led_to_set_it_up(self):
        self.account.active = False
        self.tour("/odoo/ropo-to-send", "ropo_set_up", self.manager)
        self.create_invoice()
        self.tour("/odoo/ropo-to-send", "ropo_set_up_wizard", self.manager)

    def test_a_conformance_run_shows_what_each_assumption_came_to(self):
        url = f"/odoo/ropo.account/{self.account.id}"
        self.tour(url, "ropo_conformance", self.manager)

    def test_what_ropo_has_is_disabled_in_odoos_own_dialog(self):
        invoice = self.create_invoice()
        self.send(invoice)
        self.tour(f"/odoo/customer-invoices/{invoice.id}", "ropo_send_dialog_sent")

    def test_a_payout_is_matched_on_its_bank_line(self):
        self._register_collected()
        expense = self.company_data["default_account_expense"]
        tax = self.company_data["default_tax_purchase"]
        tax.amount = 25.5
        self.account.write(
            {
                "payout_commission_account_id": expense.id,
                "payout_commission_tax_ids": [Command.set(tax.ids)],
            }
        )
        payments = self.env["account.payment"]
        for amount in (40, 60):
            invoice = self.create_invoice(amount=amount / 1.255)
            payments |= self.pay(invoice, journal_id=self.journal.id)
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.journal.id,
                "payment_ref": "Payout of Ropo",
                "amount": 100 - 25.1,
            }
        )
        self.user.group_ids |= self.env.ref("account.group_account_basic")
        self.tour("/odoo/ropo-bank-lines", "ropo_match_payout")
        self.assertTrue(line.is_reconciled and line.ropo_payout)
        self.assertEqual(set(payments.mapped("state")), {"paid"})
        booked = {row.account_id: row.balance for row in line.line_ids}
        self.assertEqual(
            (booked[self.journal.default_account_id], booked[expense]), (74.9, 20)
        )

    def test_scheduled_transfers_are_looked_at_and_one_is_held(self):
        self.account.auto_transfer = "reminder"
        goes = self.create_invoice(days_overdue=20)
        held = self.create_invoice(self.consumer, days_overdue=30)
        held.ropo_hold = True
        for _again in range(2):  # rows of an earlier look
            self.account.with_user(self.user).action_preview_transfer()
        self.tour("/odoo/ropo-scheduled-transfers", "ropo_transfer_preview")
        self.assertEqual((goes | held).mapped("ropo_hold"), [True, False])
        self.run_cron("cron_transfer_overdue")
        self.assertEqual((goes | held).mapped("ropo_state"), [False, "queued"])

    # --- the life of a debt ---

    def test_a_dispute_is_noted_until_a_day_and_ropo_informed(self):
        collected = self.transferred()
        waiting = self.create_invoice(self.consumer, days_overdue=20)
        self.tour("/odoo/customer-invoices", "ropo_hold")
        for move in collected | waiting:
            self.assertEqual(move.ropo_hold_reason, "dispute")
            self.assertEqual(move.ropo_hold_until, date(2099, 12, 31))
        noted = [
            any("By e-mail" in body for body in move.message_ids.mapped("body"))
            for move in (collected, waiting)
        ]
        self.assertEqual(noted, [True, False])

    def test_a_bad_debt_is_written_off_with_its_tax_and_still_collected(self):
        losses = self.env["account.account"].create(
            {"name": "Bad Debts", "code": "688888", "account_type": "expense"}
        )
        self.account.bad_debt_account_ids = losses
        invoice, case = self.transferred_case()
        self.tour(f"/odoo/ropo-cases/{case.id}", "ropo_bad_debt", self.manager)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual((case.written_off, case.bad_debt), (125.5, "collected"))
        self.assertEqual(case.open_amount, 125.5)
        loss = self.env["account.move.line"].search([("account_id", "=", losses.id)])
        self.assertEqual((loss.parent_state, loss.balance), ("posted", 100))

    def test_a_message_of_ropo_is_answered_from_the_list(self):
        self.account.user_id = self.user
        _invoice, case = self.transferred_case()
        self.at_ropo(case, "comment", text="Please call us")
        self.run_cron("cron_poll_status")
        self.assertTrue(case.activity_ids)
        self.tour("/odoo/ropo-messages", "ropo_answer")
        message = case.event_ids.filtered("is_message")
        self.assertFalse(message.is_unread or case.activity_ids)
        self.assertIn("We called on Monday", str(case.message_ids.mapped("body")))

    # --- addresses ---

    def test_each_menu_has_an_address_by_which_the_client_finds_it(self):
        menus = self.env["ir.ui.menu"].search(
            [("id", "child_of", self.env.ref("ropo_connect.menu_ropo").id)]
        )
        lists = [
            menu.action
            for menu in menus.filtered("action")
            if "target" not in menu.action or menu.action.target != "new"
        ]
        self.assertGreater(len(lists), 10)
        self.assertFalse([action.name for action in lists if not action.path])


@tagged("post_install", "-at_install")
class TestMaventaTours(MaventaCommon, TourCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user.group_ids |= cls.env.ref("base.group_partner_manager")
        cls.account.timeout = 20  # the browser takes its share of the machine

    def test_the_agreement_is_explained_and_asked_for(self):
        self.account.maventa_company_uuid = WITHOUT_SERVICE
        self.account.action_test_connection()
        self.tour(
            f"/odoo/ropo-accounts/{self.account.id}", "ropo_activation", self.manager
        )
        self.assertEqual(self.account.service_state, "pending")
        self.assertEqual(self.account.service_email, "signer@example.com")

    def test_rent_of_two_debtors_is_transferred(self):
        self.consumer.ropo_personal_id = "010190-002R"
        other = self._create_partner(
            "Esimerkki Toinen", parent_id=self.consumer.id, type="other"
        )
        invoice = self.delivered(partner=self.consumer)
        missing = self.create_invoice(days_overdue=20)
        self.tour("/odoo/ropo-to-transfer", "ropo_transfer_maventa")
        self.run_cron("cron_process_requests")
        sent = self.assignment_of(invoice)["request"]
        self.assertEqual(sent["receivables_type"], "b2c_rental")
        self.assertEqual(
            [payer["name"] for payer in sent["payers"]],
            [self.consumer.name, other.name],
        )
        self.assertFalse(missing.ropo_state)
