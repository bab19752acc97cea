"""OCA's credit control and Ropo, both installed: nobody is reminded by both."""

from datetime import timedelta

from odoo import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mail.tests.common import MockEmail
from odoo.addons.ropo_connect.tests.test_transfer import TransferCommon

LEVELS = [("email", 3, "reminder"), ("letter", 9, "reminder"), ("ropo", 19, "reminder")]
CONTROL = "account_credit_control.group_account_credit_control_user"


class CreditControlCommon(TransferCommon):
    """A policy that reminds by e-mail 3 days after the due date, by letter after 9, and
    transfers to Ropo after 19."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.business.email = "office@example.com"
        cls.env.company.email = "us@example.com"
        template = cls.env.ref(
            "account_credit_control.email_template_credit_control_base"
        )
        cls.policy = cls.env["credit.control.policy"].create(
            {
                "name": "Ours",
                "company_id": cls.env.company.id,
                "account_ids": cls.company_data["default_account_receivable"].ids,
                "level_ids": [
                    Command.create(
                        {
                            "name": f"Level {number}",
                            "level": number,
                            "channel": channel,
                            "delay_days": days,
                            "computation_mode": "net_days",
                            "ropo_kind": kind,
                            "email_template_id": template.id,
                            "custom_text": "Please pay.",
                            "custom_mail_text": "Please pay.",
                        }
                    )
                    for number, (channel, days, kind) in enumerate(LEVELS, 1)
                ],
            }
        )
        cls.env.company.credit_policy_id = cls.policy
        # Who controls credit and transfers to Ropo, and who only controls credit.
        cls.controller = cls._control_user("controller", "ropo_connect.group_ropo_user")
        cls.clerk = cls._control_user("clerk", "account.group_account_invoice")

    @classmethod
    def get_default_groups(cls):
        # EXTENDS
        manager = "account_credit_control.group_account_credit_control_manager"
        return super().get_default_groups() | cls.env.ref(manager)

    @classmethod
    def _control_user(cls, login, group):
        return new_test_user(
            cls.env,
            login=login,
            groups=f"{group},{CONTROL}",
            email=f"{login}@example.com",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.companies.ids)],
        )

    def credit_run(self, ready=False, user=None):
        """A run of credit control; the run, whose lines it generated."""
        runs = self.env["credit.control.run"].with_user(user or self.controller)
        run = runs.create({"date": self.today, "policy_ids": self.policy.ids})
        run.generate_credit_lines()
        if ready:
            run.set_to_ready_lines()
        return run

    def generated(self, invoices):
        """The channels of the lines that a run generates now for these."""
        lines = self.credit_run().line_ids
        return lines.filtered(lambda x: x.invoice_id in invoices).mapped("channel")

    def line(self, invoice, number=1, state="draft", **values):
        """A line of credit control for what is due of the invoice."""
        due = values.pop("due", self.dues(invoice)[:1])
        level = self.policy.level_ids.filtered(lambda x: x.level == number)
        return self.env["credit.control.line"].create(
            {
                "date": self.today,
                "date_due": due.date_maturity,
                "state": state,
                "channel": level.channel,
                "invoice_id": invoice.id,
                "partner_id": invoice.partner_id.id,
                "amount_due": due.amount_currency,
                "balance_due": due.amount_residual,
                "policy_level_id": level.id,
                "move_line_id": due.id,
                **values,
            }
        )

    def close(self, case):
        self.at_ropo(case, "stage", stage="closed")
        self.env.flush_all()
        self.env["ropo.inbox"]._run(self.account.id, poll=True)
        self.env.invalidate_all()
        self.assertEqual(case.stage, "closed")


@tagged("post_install", "-at_install")
class TestTakenOut(CreditControlCommon):
    def test_what_ropo_collects_is_out_of_it_and_comes_back_when_it_ends_unpaid(self):
        invoice = self.create_invoice(days_overdue=5)
        other = self.create_invoice(self.consumer, days_overdue=5)
        line = self.credit_run().line_ids.filtered(lambda x: x.invoice_id == invoice)
        self.assertEqual((line.state, line.channel), ("draft", "email"))
        self.account.write({"min_days_b2b": 0, "min_days_b2c": 0})
        self.transfer(invoice)
        case = invoice.sudo().ropo_job_ids
        self.assertEqual(case.kind, "reminder")
        self.assertEqual(line.state, "ignored")
        self.assertEqual(self.generated(invoice), [])
        self.assertEqual(self.generated(other), ["letter"])  # without an address
        self.close(case)
        self.assertEqual(line.state, "draft")
        self.assertEqual(self.generated(invoice), ["email"])

    def test_each_comes_back_as_it_was_with_what_is_open_then(self):
        invoice = self.create_invoice(days_overdue=20)
        states = ("to_be_sent", "error", "email_error", "sent", "ignored", "queued")
        lines = [self.line(invoice, state=state) for state in states]
        self.transfer(invoice)
        case = invoice.sudo().ropo_job_ids
        taken = ["ignored"] * 3 + ["sent", "ignored", "queued"]
        self.assertEqual([line.state for line in lines], taken)
        self.pay(invoice, 25.5)
        self.compare()
        self.work_off()
        self.close(case)
        self.assertEqual([line.state for line in lines], list(states))
        balances = [line.balance_due for line in lines]
        self.assertEqual(balances, [100.0] * 3 + [125.5] * 3)

    def test_foreign_currency_comes_back_as_credit_control_counts_it(self):
        currency = self.setup_other_currency("SEK", rates=[("2020-01-01", 11.0)])
        invoice = self.create_invoice(days_overdue=20, currency_id=currency.id)
        line = self.credit_run().line_ids
        self.assertEqual(line.balance_due, 125.5)
        self.transfer(invoice)
        line.balance_due = 0.0
        self.close(invoice.sudo().ropo_job_ids)
        self.assertEqual((line.state, line.balance_due), ("draft", 125.5))

    def test_what_is_on_its_way_is_out_of_it_and_what_was_rejected_is_not(self):
        invoice = self.create_invoice(days_overdue=10)
        wizard = self._wizard("ropo.transfer.wizard", invoice)
        wizard.action_transfer()
        self.assertEqual(self.generated(invoice), [])
        self.requests_of(invoice).sudo().action_cancel()
        self.assertEqual(self.generated(invoice), ["email"])

    def test_what_was_paid_to_ropo_stays_out_of_it(self):
        invoice = self.create_invoice(days_overdue=20)
        line = self.line(invoice)
        self.transfer(invoice)
        case = invoice.sudo().ropo_job_ids
        self.at_ropo(case, "pay", amount=125.5)
        self.close(case)
        self.assertEqual(line.state, "ignored")
        self.assertEqual(self.generated(invoice), [])

    def test_what_a_person_decides_meanwhile_stays(self):
        invoice = self.create_invoice(days_overdue=20)
        lines = self.line(invoice) | self.line(invoice)
        self.transfer(invoice)
        markers = self.env["credit.control.marker"].with_user(self.controller)
        for line, state in zip(lines, ("to_be_sent", "ignored"), strict=True):
            marker = markers.create({"name": state, "line_ids": line.ids})
            marker.mark_lines()
        self.close(invoice.sudo().ropo_job_ids)
        self.assertEqual(lines.mapped("state"), ["to_be_sent", "ignored"])

    def test_only_the_instalments_that_went_are_out_of_it(self):
        self.account.claim_parts = True
        invoice = self.instalments(days_overdue=45)  # two of three are due
        first, second, _third = self.dues(invoice)
        lines = self.line(invoice, due=first) | self.line(invoice, due=second)
        self.account.min_days_b2b = 20
        self.transfer(invoice)
        self.assertEqual(lines.mapped("state"), ["ignored", "draft"])
        self.assertEqual(self.generated(invoice), ["email"])

    def test_what_was_only_delivered_stays_in_it(self):
        invoice = self.create_invoice(days_overdue=10)
        line = self.line(invoice)
        self.send(invoice)
        self.assertEqual(line.state, "draft")
        self.assertEqual(self.generated(invoice), ["email"])

    def test_many_take_as_many_queries_as_few(self):
        invoices = self.create_invoices(12)
        self.transfer(invoices)
        cases = self.env["ropo.job"].sudo().search([])
        lines = self.env["credit.control.line"].concat(
            *(self.line(invoice) for invoice in invoices)
        )
        self.assertEqual(len(cases), 12)
        service = self.env["ropo.credit.control"].with_context(tracking_disable=True)
        calls = (
            lambda some: service._pause(some),
            lambda some: service._resume(some.move_id),
            lambda some: self.env["ropo.followup"]._claimed(some.move_id),
        )
        for call in calls:
            lines.with_context(tracking_disable=True).write({"state": "draft"})
            counts = [
                self.queries(lambda some=some: call(some))  # noqa: B023
                for some in (cases[:3], cases[3:])
            ]
            self.assertEqual(*counts)

    def test_what_stood_before_the_installation_is_taken_over(self):
        invoice, reminded = self.create_invoices(2)
        self.transfer(invoice)
        line = self.line(invoice)
        sent = self.line(reminded, 2, "to_be_sent", date_sent=self.reminded_on)
        self.env.flush_all()
        self.cr.execute(
            "UPDATE credit_control_line SET state = 'sent' WHERE id = %s", [sent.id]
        )
        self.env.invalidate_all()
        self.env["ropo.credit.control"]._take_over()
        self.assertEqual(line.state, "ignored")
        self.assertEqual(reminded.ropo_notice_date, self.reminded_on)
        self.assertFalse(invoice.ropo_notice_date)


@tagged("post_install", "-at_install")
class TestOwnReminder(CreditControlCommon, MockEmail):
    def mail(self, invoice):
        """Reminds of the invoice by e-mail, as credit control does."""
        with self.mock_mail_gateway():
            run = self.credit_run(ready=True)
            run.run_channel_action()
            self.env["mail.mail"].sudo().process_email_queue()
        return run.line_ids.filtered(lambda x: x.invoice_id == invoice)

    def test_the_e_mail_that_was_sent_is_the_own_reminder(self):
        invoice = self.create_invoice(days_overdue=5)
        self.assertEqual(self.mail(invoice).state, "sent")
        self.assertEqual(invoice.ropo_notice_date, self.today)

    def test_an_e_mail_that_failed_is_none(self):
        invoice = self.create_invoice(days_overdue=5)

        def fail(*_args, **_values):
            raise ConnectionError("no server")

        self.patch(IrMail_Server, "send_email", fail)
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self.assertEqual(self.mail(invoice).state, "email_error")
        self.assertFalse(invoice.ropo_notice_date)

    def test_the_last_letter_lets_it_go_to_collection(self):
        invoice = self.create_invoice(days_overdue=30)
        self.assertEqual(self.verdict(invoice, "collection").code, "notice")
        run = self.credit_run()
        line = run.line_ids
        line.write(
            {"policy_level_id": self.policy.level_ids[1].id, "channel": "letter"}
        )
        run.set_to_ready_lines()
        run.run_channel_action()
        self.assertEqual(line.state, "sent")
        self.assertEqual(invoice.ropo_notice_date, self.today)
        self.assertEqual(self.verdict(invoice, "collection").code, "notice_early")
        early = self.line(invoice, 2, "sent", date_sent=self.reminded_on)
        self.assertEqual(early.state, "sent")
        self.assertEqual(invoice.ropo_notice_date, self.today, "the last one counts")

    def test_the_date_is_the_one_that_was_entered_or_that_the_letter_bears(self):
        first, second = self.create_invoices(2, days_overdue=40)
        line = self.line(first, date_sent=self.reminded_on)
        day = self.today - timedelta(days=20)
        letter = self.line(second, 2)
        communications = self.env["credit.control.communication"]
        communications._generate_comm_from_credit_lines(letter).report_date = day
        (line | letter).with_user(self.controller).state = "sent"
        self.assertEqual(first.ropo_notice_date, self.reminded_on)
        self.assertEqual(second.ropo_notice_date, day)
        for invoice in (first, second):
            self.assertFalse(self.verdict(invoice, "collection").code)
        self.transfer(second, "collection")
        request = self.requests_of(second)
        self.assertEqual((request.state, request.notice_date), ("done", day))
        self.assertIn(f'"noticedate": "{day}"', request.payload_text)

    def test_a_call_is_no_reminder_in_writing(self):
        invoice = self.create_invoice(days_overdue=20)
        self.line(invoice, channel="phone").state = "sent"
        self.assertFalse(invoice.ropo_notice_date)


@tagged("post_install", "-at_install")
class TestChannel(CreditControlCommon):
    def setUp(self):
        super().setUp()
        # The lines are the last level's: the reminders before were sent.
        self.policy.level_ids[:2].unlink()

    def status(self, line):
        return line.state, line.ropo_issue, line.sudo().ropo_request_id.state

    def test_what_is_ready_is_transferred_and_the_rest_says_why_not(self):
        ready, excluded, doubtful = self.create_invoices(3)
        excluded.ropo_hold = True
        self.pay_in_advance(doubtful.partner_id)
        run = self.credit_run(ready=True)
        lines = {line.invoice_id: line for line in run.line_ids}
        self.assertEqual(set(run.line_ids.mapped("channel")), {"ropo"})
        action = run.run_channel_action()
        self.assertEqual(self.status(lines[ready]), ("queued", False, "queued"))
        warned = self.verdict(doubtful).warning
        held = self.verdict(excluded).text
        self.assertIn(doubtful.partner_id.name, warned)
        self.assertEqual(self.status(lines[doubtful]), ("to_be_sent", warned, False))
        self.assertEqual(self.status(lines[excluded]), ("to_be_sent", held, False))
        left = (run.line_ids - lines[ready]).sorted("id")
        self.assertEqual(left.search(action["domain"], order="id"), left)
        self.work_off()
        self.assertEqual(self.status(lines[ready]), ("sent", False, "done"))
        self.assertEqual(len(self.sandbox.jobs()), 1)
        self.assertEqual(self.sandbox.job()["billnum"], ready.name)
        self.assertEqual(self.requests_of(ready).create_uid, self.controller)
        self.assertFalse(ready.ropo_notice_date, "a transfer is no own reminder")
        self.assertEqual(self.generated(ready), [])

    def test_the_level_says_whether_it_goes_to_collection(self):
        self.policy.level_ids.ropo_kind = "collection"
        invoice, unreminded = self.create_invoices(2, days_overdue=40)
        invoice.ropo_notice_date = self.reminded_on
        run = self.credit_run(ready=True)
        run.run_channel_action()
        self.work_off()
        lines = {line.invoice_id: line for line in run.line_ids}
        self.assertEqual(invoice.ropo_state, "collection")
        self.assertEqual(lines[invoice].state, "sent")
        self.assertFalse(self.requests_of(unreminded))
        reason = self.verdict(unreminded, "collection").text
        self.assertEqual(lines[unreminded].ropo_issue, reason)

    def test_letters_are_printed_in_the_same_run(self):
        invoice, letter = self.create_invoices(2)
        run = self.credit_run(ready=True)
        line = run.line_ids.filtered(lambda x: x.invoice_id == letter)
        line.channel = "letter"
        action = run.run_channel_action()
        self.assertEqual(action["type"], "ir.actions.report")
        self.assertEqual(line.state, "sent")
        self.assertEqual(self.requests_of(invoice).operation, "reminder")
        self.assertFalse(self.requests_of(letter))

    def test_what_ropo_rejects_is_an_error_until_it_is_transferred(self):
        self.business.write({"ropo_sendtype": "email", "email": "nobody"})
        invoice = self.create_invoice(days_overdue=20)
        run = self.credit_run(ready=True)
        run.run_channel_action()
        self.work_off()
        request = self.requests_of(invoice)
        line = run.line_ids
        self.assertEqual(request.state, "rejected")
        self.assertEqual(self.status(line), ("error", request.error, "rejected"))
        self.business.email = "somebody@example.com"
        request.with_user(self.manager).action_retry()
        self.work_off()
        self.assertEqual(self.status(line), ("sent", False, "done"))
        self.assertNotEqual(line.sudo().ropo_request_id, request)

    def test_what_is_cancelled_is_a_draft_again(self):
        invoice = self.create_invoice(days_overdue=20)
        run = self.credit_run(ready=True)
        run.run_channel_action()
        self.requests_of(invoice).sudo().action_cancel()
        self.assertEqual(run.line_ids.state, "draft")

    def test_who_may_not_transfer_is_told_so_on_the_line(self):
        invoice = self.create_invoice(days_overdue=20)
        run = self.credit_run(ready=True, user=self.clerk)
        run.run_channel_action()
        text = self.env["ropo.eligibility"]._lacks_right().text
        self.assertEqual(self.status(run.line_ids), ("to_be_sent", text, False))
        self.assertFalse(self.requests_of(invoice))

    def test_one_that_somebody_transfers_meanwhile_harms_none(self):
        first, second = self.create_invoices(2)
        run = self.credit_run(ready=True)
        verdicts = self.verdicts(first | second, "reminder")
        queueing = self.env["ropo.queueing"]
        terms = self.env["ropo.eligibility"]._default_terms(first)
        queueing._queue_transfer(first, "reminder", terms)
        self.patch(
            self.env.registry["ropo.eligibility"],
            "_verdicts",
            lambda *_args, **_values: verdicts,
        )
        with mute_logger(
            "odoo.sql_db", "odoo.addons.ropo_connect.services.transaction"
        ):
            run.run_channel_action()
        states = {line.invoice_id: line.state for line in run.line_ids}
        self.assertEqual(states, {first: "to_be_sent", second: "queued"})
        self.assertEqual(len(self.requests_of(first)), 1)

    def test_the_dialog_opens_from_the_lines_and_decides_of_warnings(self):
        invoice = self.create_invoice(days_overdue=40)
        self.pay_in_advance(self.business)
        invoice.ropo_notice_date = self.reminded_on
        self.policy.level_ids.ropo_kind = "collection"
        run = self.credit_run(ready=True)
        run.run_channel_action()
        line = run.line_ids.with_user(self.controller)
        self.assertTrue(line.ropo_issue)
        action = line.action_ropo_transfer()
        wizard = self.env[action["res_model"]].with_user(self.controller)
        wizard = wizard.browse(action["res_id"])
        self.assertEqual((wizard.move_ids, wizard.kind), (invoice, "collection"))
        wizard.line_ids.include = True
        wizard.action_transfer()
        self.work_off()
        self.assertEqual(self.status(line), ("sent", False, "done"))

    def test_a_policy_is_set_up_in_its_form(self):
        with Form(self.policy) as form, form.level_ids.edit(0) as level:
            level.channel = "ropo"
            level.ropo_kind = "collection"
        self.assertEqual(self.policy.level_ids.ropo_kind, "collection")

    def test_lists_and_forms_open_for_whoever_controls_credit(self):
        only = new_test_user(self.env, login="only", groups=CONTROL)
        self.line(self.create_invoice(days_overdue=20), 3)
        for user in (self.controller, self.clerk, only):
            lines = self.env["credit.control.line"].with_user(user)
            for kind in ("list", "form", "search"):
                arch = lines.get_view(view_type=kind)["arch"]
                shown = "Ignored While Ropo Collects" in arch
                self.assertEqual(shown, kind == "search" and user != only)
            lines.search([]).read()
