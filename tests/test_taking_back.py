"""What has not left is stopped free of charge; what Ropo collects costs, and the
dialogs say so."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import format_date, format_datetime, html2plaintext

from .common import RopoCommon
from .ledger import LedgerCommon
from .maventa import MaventaCommon

REVERSAL = "account.move.reversal"
TAKE_BACK = "ropo.take.back.wizard"
FREE = "It can be stopped free of charge until it is sent, which may be at any moment."
COSTS = "Ropo collects this already, and ending a case costs what you agreed with Ropo:"
STAYS = "Interest and fees stay with the customer: only Ropo can waive them."
AS_PAYMENT = (
    "When the credit note is posted and reconciled with the invoice, Ropo is informed "
    "that it lowers the open amount of the case."
)
AS_DOCUMENT = (
    "When the credit note is posted and reconciled with the invoice, it is sent to "
    "Ropo as a credit note for the case."
)


class TakingBackCommon(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(
            cls.env,
            login="clerk",
            groups="account.group_account_invoice",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
        )

    # --- helpers ---

    def queue_transfer(self, invoice, kind="reminder"):
        """A transfer that a person has asked for and that has not left."""
        wizard = self._wizard(
            "ropo.transfer.wizard",
            invoice,
            self.user,
            kind=kind,
            notice_date=self.reminded_on,
        )
        wizard.line_ids.include = True
        wizard.action_transfer()
        request = self.requests_of(invoice, kind)
        self.assertEqual(request.state, "queued")
        return request

    def dialog(self, model, moves, user=None):
        context = {"active_model": "account.move", "active_ids": moves.ids}
        env = self.env(user=user or self.clerk)
        return Form(env[model].with_context(**context))

    def texts(self, dialog, *names):
        """What the dialog says, with plain spaces."""
        return [(dialog[name] or "").replace("\xa0", " ") for name in names]

    def reversal_texts(self, dialog):
        names = ("queued", "delivery", "cost", "credit")
        return self.texts(dialog, *(f"ropo_{name}_text" for name in names))

    def press(self, dialog, modify=False):
        wizard = dialog.save()
        action = wizard.modify_moves() if modify else wizard.refund_moves()
        self.env.invalidate_all()
        return action

    def case_line(self, job, stage):
        date = format_date(self.env, job.stage_date)
        text = f"{job.move_id.name}: {stage} since {date}, open at Ropo"
        return f"{text} {job.currency_id.format(job.open_amount)}".replace("\xa0", " ")

    def log(self, move):
        return [html2plaintext(body) for body in move.message_ids.mapped("body")]


@tagged("post_install", "-at_install")
class TestCreditNoteDialog(TakingBackCommon):
    """Odoo's own dialog for credit notes, as an invoicing user."""

    def test_a_queued_transfer_is_stopped_by_the_credit_note(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.queue_transfer(invoice)
        dialog = self.dialog(REVERSAL, invoice)
        text = f"{invoice.name}: the transfer has not left yet. {FREE}"
        self.assertEqual(self.reversal_texts(dialog), [text, "", "", ""])
        self.assertTrue(dialog.ropo_stops)
        self.press(dialog)
        self.assertEqual(request.state, "cancelled")
        self.assertEqual(request.error, "The invoice is credited.")
        self.assertFalse(invoice.ropo_state)
        self.assertEqual(
            self.log(invoice)[1:2],
            [
                "Stopped before it was sent to Ropo, which costs nothing. The invoice "
                "is credited."
            ],
        )
        self.work_off()
        self.assertFalse(self.sandbox.jobs())
        self.assertFalse(any(invoice.line_ids.mapped("no_followup")))

    def test_it_names_the_moment_until_which_that_is_free(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.queue_transfer(invoice).sudo()
        now = fields.Datetime.now().replace(microsecond=0)
        for next_attempt, paused, until in (
            (now + timedelta(hours=3), False, now + timedelta(hours=3)),
            (now - timedelta(hours=3), now + timedelta(hours=2), None),
            (now + timedelta(hours=3), now + timedelta(hours=5), None),
        ):
            request.next_attempt_at = next_attempt
            self.account.paused_until = paused
            self.env.flush_all()
            time = format_datetime(self.env(user=self.clerk), until or paused)
            text = (
                f"{invoice.name}: the transfer has not left yet. It can be stopped "
                f"free of charge until {time}, when it is sent at the earliest."
            )
            with self.subTest(time):
                dialog = self.dialog(REVERSAL, invoice)
                expected = text.replace("\xa0", " ").replace("\u202f", " ")
                shown = self.reversal_texts(dialog)[0].replace("\u202f", " ")
                self.assertEqual(shown, expected)

    def test_who_does_not_want_it_stopped_lets_it_go(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.queue_transfer(invoice)
        dialog = self.dialog(REVERSAL, invoice)
        dialog.ropo_stops = False
        self.press(dialog)
        self.assertEqual(request.state, "queued")
        self.work_off()
        self.assertEqual(invoice.ropo_state, "reminder")

    def test_what_has_left_since_the_dialog_was_opened_changes_nothing(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.queue_transfer(invoice)
        dialog = self.dialog(REVERSAL, invoice)
        wizard = dialog.save()
        self.work_off()
        self.assertEqual(request.state, "done")
        with self.assertRaisesRegex(UserError, "sent to Ropo just now.*costs"):
            wizard.refund_moves()
        self.assertFalse(invoice.reversal_move_ids)
        # Opened again, it says what it costs, and the user may go on.
        dialog = self.dialog(REVERSAL, invoice)
        job = invoice.sudo().ropo_job_ids
        self.assertEqual(
            self.reversal_texts(dialog)[2],
            f"{COSTS}\n{self.case_line(job, 'Reminder')}",
        )
        self.press(dialog)
        self.assertTrue(invoice.reversal_move_ids)

    def test_what_another_person_cancelled_meanwhile_is_no_obstacle(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.queue_transfer(invoice)
        wizard = self.dialog(REVERSAL, invoice).save()
        request.with_user(self.manager).action_cancel()
        wizard.refund_moves()
        self.assertTrue(invoice.reversal_move_ids)
        self.assertEqual(request.state, "cancelled")

    def test_a_dialog_stops_nothing_of_other_invoices(self):
        invoice = self.create_invoice(days_overdue=20)
        other = self.create_invoice(self.consumer, days_overdue=20)
        request = self.queue_transfer(other)
        wizard = self.dialog(REVERSAL, invoice).save()
        wizard.ropo_queued = {"transfers": request.ids, "deliveries": []}
        wizard.refund_moves()
        self.assertEqual(request.state, "queued")

    def test_the_scheduled_transfer_waits_for_the_draft_credit_note(self):
        self.account.write({"auto_transfer": "reminder", "auto_despite_warnings": True})
        invoice = self.create_invoice(days_overdue=20)
        self.queue_transfer(invoice)
        self.press(self.dialog(REVERSAL, invoice))
        self.assertEqual(invoice.reversal_move_ids.state, "draft")
        self.run_cron("cron_transfer_overdue")
        self.work_off()
        self.assertFalse(invoice.ropo_state)
        self.assertEqual(
            self.verdicts(invoice, "reminder")[invoice].warning,
            "A credit note of it is a draft. Post it, or delete it, first.",
        )
        # Deleted: nothing speaks against it any more.
        invoice.reversal_move_ids.unlink()
        self.account.sudo().next_transfer_at = False
        self.run_cron("cron_transfer_overdue")
        self.work_off()
        self.assertEqual(invoice.ropo_state, "reminder")

    def test_reverse_and_create_invoice_stops_it_too(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.queue_transfer(invoice)
        self.press(self.dialog(REVERSAL, invoice), modify=True)
        self.assertEqual(request.state, "cancelled")
        self.assertEqual(invoice.payment_state, "reversed")
        self.report()
        self.assertFalse(self.sandbox.jobs())

    def test_a_queued_delivery_is_stopped_only_where_a_person_says_so(self):
        for stops, state in ((False, "queued"), (True, "cancelled")):
            invoice = self.create_invoice()
            self._wizard("ropo.send.wizard", invoice, self.user).action_send()
            request = self.requests_of(invoice)
            dialog = self.dialog(REVERSAL, invoice)
            text = f"{invoice.name}: not sent to the customer yet. {FREE}"
            self.assertEqual(self.reversal_texts(dialog), ["", text, "", ""])
            self.assertFalse(dialog.ropo_stops_delivery)
            dialog.ropo_stops_delivery = stops
            self.press(dialog)
            self.assertEqual(request.state, state)

    def test_of_what_is_only_delivered_nothing_is_said(self):
        for model, collects in (("connect", False), ("unify", True)):
            self.account.service_model = model
            invoice = self.create_invoice()
            self.send(invoice)
            self.assertEqual(invoice.ropo_state, "sent")
            self.assertEqual(invoice.sudo().ropo_job_ids.is_collected, collects)
            dialog = self.dialog(REVERSAL, invoice)
            self.assertEqual(self.reversal_texts(dialog), [""] * 4)

    def test_a_lost_transfer_can_no_longer_be_stopped(self):
        invoice = self.create_invoice(days_overdue=20)
        self.sandbox.fault("drop_after")
        self.transfer(invoice, notice_date=self.reminded_on)
        self.assertEqual(invoice.ropo_state, "unknown")
        text = (
            f"{invoice.name}: the transfer is being sent, or may be at Ropo already. "
            "It can't be stopped any more, and ending its case costs what you agreed "
            "with Ropo."
        )
        dialog = self.dialog(REVERSAL, invoice)
        self.assertEqual(self.reversal_texts(dialog), ["", "", text, ""])

    def test_several_invoices_each_with_its_own_standing(self):
        queued, plain, collected = self.create_invoices(3)
        self.transfer(collected, "collection", notice_date=self.reminded_on)
        request = self.queue_transfer(queued)
        job = collected.sudo().ropo_job_ids
        dialog = self.dialog(REVERSAL, queued | plain | collected)
        self.assertEqual(
            self.reversal_texts(dialog),
            [
                f"{queued.name}: the transfer has not left yet. {FREE}",
                "",
                f"{COSTS}\n{self.case_line(job, 'Collection')}",
                f"{AS_PAYMENT} {STAYS}",
            ],
        )
        self.press(dialog)
        self.assertEqual(request.state, "cancelled")
        self.assertEqual(collected.ropo_state, "collection")

    def test_of_many_the_first_are_named_in_a_constant_number_of_queries(self):
        invoices = self.create_invoices(24)
        collected, queued = invoices[:12], invoices[12:]
        self.transfer(collected, notice_date=self.reminded_on)
        for invoice in queued:
            self.queue_transfer(invoice)
        dialog = self.dialog(REVERSAL, invoices)
        waiting, _delivery, cost, _credit = self.reversal_texts(dialog)
        names = ", ".join(queued[:5].mapped("name"))
        self.assertEqual(
            waiting, f"{names} (and 7 more): the transfer has not left yet. {FREE}"
        )
        jobs = collected.sudo().ropo_job_ids.sorted("id")
        lines = [self.case_line(job, "Reminder") for job in jobs[:5]]
        self.assertEqual(cost.split("\n"), [COSTS, *lines, "(and 7 more)"])

        def compute(moves):
            journal = moves.journal_id.id
            wizard = self._wizard(REVERSAL, moves, self.clerk, journal_id=journal)
            return self.queries(lambda: wizard.mapped("ropo_cost_text"))

        few = invoices[6:18]
        compute(few)  # fills the caches of the registry
        self.assertEqual(compute(few), compute(invoices))

    def test_who_makes_no_invoices_has_no_such_dialog(self):
        invoice = self.create_invoice(days_overdue=20)
        self.queue_transfer(invoice)
        seller = new_test_user(self.env, login="seller", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.dialog(REVERSAL, invoice, seller)

    def test_vendor_bills_and_entries_are_as_ever(self):
        bill = self.init_invoice("in_invoice", amounts=[100], post=True)
        dialog = self.dialog(REVERSAL, bill)
        self.assertEqual(self.reversal_texts(dialog), [""] * 4)
        self.press(dialog)
        self.assertTrue(bill.reversal_move_ids)


@tagged("post_install", "-at_install")
class TestCostOfCollected(TakingBackCommon, LedgerCommon):
    """What the dialog says of a case is what becomes of it."""

    def test_interest_and_fees_and_the_way_of_the_credit_are_named(self):
        invoice, job = self.transferred_case()
        self.at_ropo(job, "fees", noticefee=5)
        job.action_refresh()
        total = job.currency_id.format(job.open_total)
        self.assertEqual(job.open_total, 130.5)
        line = self.case_line(job, "Reminder") + f", with interest and fees {total}"
        for way, text in (("credit_job", AS_DOCUMENT), ("payment", AS_PAYMENT)):
            self.account.credit_allocation = way
            dialog = self.dialog(REVERSAL, invoice)
            self.assertEqual(
                self.reversal_texts(dialog),
                [
                    "",
                    "",
                    f"{COSTS}\n{line}".replace("\xa0", " "),
                    f"{text} {STAYS}",
                ],
            )
        self.press(dialog, modify=True)
        self.report()
        at_ropo = self.sandbox.job(jobid=int(job.jobid))
        self.assertEqual(at_ropo["capital"], 0)
        self.assertEqual(at_ropo["noticefee"], 5, "they stay with the customer")

    def test_foreign_currency(self):
        invoice = self.create_invoice(days_overdue=20, currency_id=self.sek.id)
        self.transfer(invoice, notice_date=self.reminded_on)
        job = invoice.sudo().ropo_job_ids
        dialog = self.dialog(REVERSAL, invoice)
        line = self.case_line(job, "Reminder")
        self.assertIn(self.sek.symbol, line)
        self.assertEqual(self.reversal_texts(dialog)[2], f"{COSTS}\n{line}")


@tagged("post_install", "-at_install")
class TestTakeBackWizard(TakingBackCommon):
    """The wizard on the invoice and in lists, as a Ropo user."""

    def test_what_is_queued_is_stopped_and_can_be_reset_to_draft(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.queue_transfer(invoice)
        with self.assertRaisesRegex(UserError, "choose “Take Back”"):
            invoice.with_user(self.clerk).button_draft()
        dialog = self.dialog(TAKE_BACK, invoice, self.user)
        text = f"{invoice.name}: the transfer has not left yet. {FREE}"
        names = ("queued_text", "cost_text", "letter")
        self.assertEqual(self.texts(dialog, *names), [text, "", ""])
        self.assertFalse(dialog.hold, "nothing takes it up again by itself")
        dialog.save().action_stop()
        self.assertEqual(request.state, "cancelled")
        self.assertEqual(request.error, f"{self.user.name} took it back.")
        self.assertFalse(invoice.ropo_state or invoice.ropo_hold)
        invoice.with_user(self.clerk).button_draft()
        self.assertEqual(invoice.state, "draft")

    def test_the_scheduled_transfer_does_not_take_it_up_again(self):
        self.account.auto_transfer = "reminder"
        invoice = self.create_invoice(days_overdue=20)
        self.queue_transfer(invoice)
        dialog = self.dialog(TAKE_BACK, invoice, self.user)
        self.assertTrue(dialog.hold)
        dialog.save().action_stop()
        self.assertEqual(invoice.ropo_hold_reason, "other")
        self.run_cron("cron_transfer_overdue")
        self.work_off()
        self.assertFalse(self.sandbox.jobs())

    def test_what_has_left_is_not_stopped(self):
        invoice = self.create_invoice(days_overdue=20)
        self.queue_transfer(invoice)
        wizard = self.dialog(TAKE_BACK, invoice, self.user).save()
        self.work_off()
        with self.assertRaisesRegex(UserError, "just now"):
            wizard.action_stop()

    def test_of_a_case_the_cost_the_text_for_ropo_and_who_was_informed(self):
        invoice, job = self.transferred_case()
        calls = self.sandbox.state()["calls"]
        dialog = self.dialog(TAKE_BACK, invoice, self.user)
        letter = (
            "Please end these cases, we no longer claim the debt.\n"
            f"Invoice {invoice.name}, case {job.jobid}, Example Oy, open 125.50 €"
        )
        self.assertEqual(
            self.texts(dialog, "queued_text", "cost_text", "letter"),
            ["", f"{COSTS}\n{self.case_line(job, 'Reminder')}", letter],
        )
        dialog.is_informed = True
        dialog.informed_how = "by telephone"
        dialog.save().action_informed()
        self.env.invalidate_all()
        note = self.log(invoice)[0].replace("\xa0", " ")
        self.assertEqual(note, f"Ropo was informed (by telephone): {letter}")
        self.assertEqual(self.sandbox.state()["calls"], calls, "there is no call")
        action = dialog.record.action_credit()
        self.assertEqual(action["res_model"], REVERSAL)
        self.assertEqual(action["context"]["active_ids"], invoice.ids)

    def test_a_case_opens_the_dialog_of_its_invoice(self):
        invoice, job = self.transferred_case()
        action = job.with_user(self.user).action_take_back()
        self.assertEqual(action["res_model"], TAKE_BACK)
        self.assertEqual(action["context"]["active_ids"], invoice.ids)
        form = self.env["ropo.job"].with_user(self.user).get_view(view_type="form")
        self.assertIn('name="action_take_back"', form["arch"])

    def test_only_ropo_users_take_back(self):
        invoice = self.create_invoice(days_overdue=20)
        self.queue_transfer(invoice)
        with self.assertRaises(AccessError):
            self.dialog(TAKE_BACK, invoice, self.clerk)


@tagged("post_install", "-at_install")
class TestExemptingACustomer(TakingBackCommon):
    def test_the_form_names_what_has_not_left_and_what_costs(self):
        collected, _job = self.transferred_case()
        queued = self.create_invoice(days_overdue=20)
        request = self.queue_transfer(queued)
        warning = self.env["ropo.exemption"]._warning(self.business)["warning"]
        self.assertEqual(warning["title"], "Ropo goes on")
        self.assertEqual(
            warning["message"],
            f"Ropo collects 1 invoices already ({collected.name}), and goes on with "
            "them: this stops nothing at Ropo. When it is saved, the person "
            "responsible for the Ropo account is asked to inform Ropo. Ending a case "
            "costs what you agreed with Ropo. 1 transfers have not left yet "
            f"({queued.name}). They are not sent when this is saved before that, which "
            "costs nothing.",
        )
        self.business.ropo_no_collection = True
        self.work_off()
        self.assertEqual(request.state, "cancelled")
        self.assertFalse(self.sandbox.jobs(billnum=queued.name))


@tagged("post_install", "-at_install")
class TestTakingBackOverMaventa(TakingBackCommon, MaventaCommon):
    def test_a_queued_transfer_is_stopped_by_the_credit_note(self):
        invoice = self.delivered()
        request = self.queue_transfer(invoice)
        dialog = self.dialog(REVERSAL, invoice)
        text = f"{invoice.name}: the transfer has not left yet. {FREE}"
        self.assertEqual(self.reversal_texts(dialog), [text, "", "", ""])
        self.press(dialog)
        self.work_off()
        self.assertEqual(request.state, "cancelled")
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertFalse(self.maventa("assignments"))

    def test_of_a_case_the_cost_and_the_way_of_the_credit(self):
        invoice = self.transferred()
        job = invoice.sudo().ropo_job_ids.filtered("is_collected")
        dialog = self.dialog(REVERSAL, invoice)
        line = self.case_line(job, "Reminder")
        self.assertEqual(
            self.reversal_texts(dialog),
            ["", "", f"{COSTS}\n{line}", f"{AS_PAYMENT} {STAYS}"],
        )

    def test_what_is_not_confirmed_yet_is_said_to_be(self):
        invoice = self.delivered()
        self.transfer(invoice, notice_date=self.reminded_on)
        job = invoice.sudo().ropo_job_ids.filtered("is_collected")
        self.assertEqual(job.progress, "pending")
        dialog = self.dialog(REVERSAL, invoice)
        line = self.case_line(job, "Reminder")
        self.assertEqual(
            self.reversal_texts(dialog)[2],
            f"{COSTS}\n{line} (not confirmed by Ropo yet)",
        )
