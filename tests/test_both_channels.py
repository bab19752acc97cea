"""What is promised whatever the channel: the same tests over each."""

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import RopoCommon
from .maventa import CREDENTIALS, MaventaCommon

FAULTS = ["refuse", "drop_before", "drop_after", "slow", "cut", "garbled"]
FAULTS += ["error_before", "error_after", "gateway_before", "gateway_after"]
FAULTS += ["throttle", "expired_token", "duplicate"]
FAULTS += ["gateway_after 409"]  # with the status of a refusal
CLIENTS = "odoo.addons.ropo_connect.channels"


class Promises:
    """The promises, in the words of the addon; a channel's own are with each."""

    # Where the channel takes invoices, transfers and reports.
    paths = {}
    secrets = ()

    def setUp(self):
        super().setUp()
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", 0)
        self.account.timeout = 1

    # --- helpers ---

    def settle(self, rounds=6):
        """Works off until all that can be settled is."""
        for _round in range(rounds):
            requests = self.env["ropo.request"].search(
                [("state", "in", ("queued", "unknown"))]
            )
            requests.sudo().next_attempt_at = fields.Datetime.now()
            self.account.sudo().paused_until = False
            self.work_off()

    def strike(self, kind, what):
        kind, _space, status = kind.partition(" ")
        values = {"status": int(status)} if status else {}
        self.sandbox.fault(kind, self.paths[what], method="POST", seconds=1.5, **values)

    def put(self, invoice):
        self._wizard("ropo.send.wizard", invoice).action_send()
        return self.newest(invoice, "invoice")

    def put_transfer(self, invoice, kind="reminder"):
        wizard = self._wizard(
            "ropo.transfer.wizard", invoice, kind=kind, notice_date=self.reminded_on
        )
        wizard.line_ids.include = True
        wizard.action_transfer()
        return self.newest(invoice, kind)

    def newest(self, invoice, operation):
        self.env.flush_all()
        return self.requests_of(invoice, operation).sorted("id")[-1:]

    def struck(self, request, kind, what):
        """The request's state once it went wrong so, and was given time."""
        self.strike(kind, what)
        with mute_logger(CLIENTS, "odoo.addons.ropo_connect"):
            self.work_off()
            self.sandbox.heal()
            self.settle()
        return request.state

    # --- once, whatever fails ---

    def test_an_invoice_arrives_once_whatever_fails(self):
        for kind in FAULTS:
            with self.subTest(kind=kind):
                invoice = self.create_invoice()
                request = self.put(invoice)
                self.assertEqual(self.struck(request, kind, "send"), "done")
                self.assertEqual(len(self.sent_there(invoice)), 1)
                self.assertEqual(self.duplicates(), 0)
                self.assertEqual(invoice.ropo_state, "sent")

    def test_a_transfer_arrives_once_whatever_fails(self):
        for kind in FAULTS:
            with self.subTest(kind=kind):
                invoice = self.ready()
                request = self.put_transfer(invoice)
                self.assertEqual(self.struck(request, kind, "transfer"), "done")
                self.assertEqual(len(self.claims_there(invoice)), 1)
                self.assertEqual(self.duplicates(), 0)
                self.assertEqual(invoice.ropo_state, "reminder")

    def test_a_payment_arrives_once_whatever_fails(self):
        for kind in FAULTS:
            with self.subTest(kind=kind):
                invoice = self.transferred()
                self.pay(invoice, 25.5)
                self.run_cron("cron_post_payments")
                request = self.newest(invoice, "payment")
                self.assertEqual(self.struck(request, kind, "report"), "done")
                self.assertEqual(self.open_there(invoice), 100)
                self.assertEqual(self.case(invoice).open_amount, 100)

    def test_two_equal_payments_of_a_day_arrive_twice_when_one_is_lost(self):
        for kind in ("drop_before", "drop_after"):
            with self.subTest(kind=kind):
                invoice = self.transferred()
                for _payment in range(2):
                    self.pay(invoice, 25.5)
                self.run_cron("cron_post_payments")
                request = self.newest(invoice, "payment")
                self.assertEqual(self.struck(request, kind, "report"), "done")
                self.assertEqual(self.open_there(invoice), 74.5)

    # --- the life of a case ---

    def test_money_and_credits_agree_on_both_sides(self):
        invoice = self.transferred()
        case = self.case(invoice)
        self.pay(invoice, 25.5)
        note = invoice._reverse_moves(
            [{"invoice_date": self.today, "date": self.today}]
        )
        note.invoice_line_ids.price_unit = 40
        note.action_post()
        (invoice | note).line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).reconcile()
        self.report()
        self.assertEqual(self.open_there(invoice), 49.8)
        self.pay_there(invoice, 49.8)
        self.run_cron("cron_poll_status")
        self.assertEqual(self.case(invoice).open_amount, 0)
        row = self.env["ropo.receivable.report"].search([("job_id", "=", case.id)])
        self.assertEqual(len(row), 1)

    def test_only_what_is_closed_unpaid_asks_for_a_decision(self):
        paid, unpaid = self.transferred(), self.transferred()
        self.pay_there(paid, 125.5)
        self.pay_there(unpaid, 25.5)
        for invoice in (paid, unpaid):
            self.close_there(invoice)
        self.run_cron("cron_poll_status")
        self.assertEqual(self.case(unpaid).decision, "undecided")
        self.assertTrue(self.case(unpaid).may_decide)
        self.assertFalse(self.case(paid).decision)
        self.assertEqual(self.verdicts(paid, "reminder")[paid].code, "collected")

    def test_a_question_is_withdrawn_when_it_turns_out_that_ropo_has_the_money(self):
        invoice = self.transferred()
        self.pay_there(invoice, 125.5)
        self.close_there(invoice)
        self.case(invoice).action_refresh()  # which asks before the events came
        self.run_cron("cron_poll_status")
        self.assertFalse(self.case(invoice).decision)
        self.assertNotIn("decision", self.account.activity_ids.mapped("ropo_key"))

    def test_a_payment_is_reported_once_however_often_it_is_compared(self):
        invoice = self.transferred()
        self.pay(invoice, 25.5)
        for _time in range(3):
            self.report()
            self.run_cron("cron_poll_status")
        self.assertEqual(len(self.requests_of(invoice, "payment")), 1)
        self.assertEqual(self.open_there(invoice), 100)

    def test_what_is_collected_is_not_transferred_again(self):
        invoice = self.transferred()
        verdict = self.verdicts(invoice, "collection")[invoice]
        self.assertEqual(verdict.code, "collected")

    # --- Odoo's own dialog ---

    def test_odoos_own_dialog_sends_by_it_alone_and_at_once(self):
        self.business.invoice_sending_method = "ropo"
        invoice = self.create_invoice()
        action = invoice.with_user(self.user).action_send_and_print()
        dialog = self.env(user=self.user)[action["res_model"]]
        dialog = dialog.with_context(**action["context"]).create({})
        boxes = dialog.sending_method_checkboxes
        self.assertEqual({key for key in boxes if boxes[key]["checked"]}, {"ropo"})
        self.assertFalse(dialog.alerts)
        dialog.action_send_and_print()
        self.env.flush_all()
        self.cr.postcommit.run()
        self.env.invalidate_all()
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertTrue(invoice.is_move_sent)
        self.assertFalse(invoice.invoice_pdf_report_id)
        self.assertEqual(len(self.sent_there(invoice)), 1)

    # --- companies ---

    def test_a_branch_goes_by_the_account_of_its_company(self):
        branch = self.env["res.company"].create(
            {
                "name": "Branch Oy",
                "parent_id": self.env.company.id,
                "country_id": self.env.ref("base.fi").id,
            }
        )
        self.cr.precommit.run()  # gives it its parent's accounts
        (self.env.user | self.user).company_ids |= branch
        journal = self.company_data["default_journal_sale"]
        values = {"company_id": branch.id, "journal_id": journal.id}
        invoice = self.transferred(**values)
        self.assertEqual(self.case(invoice).company_id, branch)
        self.assertEqual(self.case(invoice).account_id, self.account)
        self.assertEqual(len(self.claims_there(invoice)), 1)

    def test_who_works_in_another_company_sees_and_moves_nothing_of_it(self):
        invoice = self.transferred()
        company = self.env["res.company"].create({"name": "Other Oy"})
        stranger = new_test_user(
            self.env,
            login=f"stranger {self.account.channel}",
            groups="ropo_connect.group_ropo_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        for records in (
            self.account,
            self.case(invoice),
            self.requests_of(invoice),
            self.case(invoice).event_ids,
        ):
            found = self.env(user=stranger)[records._name].sudo(False)
            self.assertFalse(found.search([("id", "in", records.ids)]))
        with self.assertRaises(AccessError):
            self.case(invoice).with_user(stranger).sudo(False).action_refresh()

    # --- people ---

    def test_a_salesperson_neither_sends_nor_transfers(self):
        seller = new_test_user(
            self.env,
            login=f"seller {self.account.channel}",
            groups="base.group_user",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.companies.ids)],
        )
        invoice = self.ready()
        for model in ("ropo.send.wizard", "ropo.transfer.wizard"):
            with self.assertRaises(AccessError):
                self._wizard(model, invoice, seller)
        with self.assertRaises(AccessError):
            self.account.with_user(seller).action_test_connection()

    def test_secrets_stay_where_they_are(self):
        """Neither in errors, chatter and logs, nor in what is kept of calls."""
        self.strike("garbled", "send")
        invoice = self.create_invoice()
        with self.assertLogs("odoo.addons.ropo_connect", "DEBUG") as logs:
            self.put(invoice)
            self.work_off()
            for name in self.credentials():
                kept = self.account[name]
                self.account[name] = f"{kept}-wrong"
                with self.assertRaises(UserError) as raised:
                    self.account.action_test_connection()
                self.assertNotIn(f"{kept}-wrong", str(raised.exception))
                self.account[name] = kept
        requests = self.requests_of(invoice)
        said = [
            *logs.output,
            *map(str, self.account.message_ids.mapped("body")),
            *map(str, invoice.message_ids.mapped("body")),
            *map(str, self.account.activity_ids.mapped("note")),
            str(requests.mapped("payload")),
            str(requests.mapped("response")),
            str(requests.mapped("error")),
        ]
        for secret in self.secrets:
            for text in said:
                self.assertNotIn(secret, text)


@tagged("post_install", "-at_install")
class TestOverRopoOne(Promises, RopoCommon):
    paths = {
        "send": "/rest/jobs",
        "transfer": "/rest/jobs",
        "report": "/rest/jobs/payment",
    }
    secrets = ("sandbox-apicode",)

    def credentials(self):
        return ("apicode",)

    def ready(self):
        return self.create_invoice(days_overdue=20)

    def sent_there(self, invoice):
        return self.sandbox.jobs(billnum=invoice.name)

    def claims_there(self, invoice):
        return self.sandbox.jobs(billnum=invoice.name, jobtype=1)

    def open_there(self, invoice):
        (claim,) = self.claims_there(invoice)
        return claim["capital"]

    def pay_there(self, invoice, amount):
        self.at_ropo(self.case(invoice), "pay", amount=amount)

    def close_there(self, invoice):
        self.at_ropo(self.case(invoice), "stage", stage="closed")

    def duplicates(self):
        return self.sandbox.state()["duplicates"]


@tagged("post_install", "-at_install")
class TestOverMaventa(Promises, MaventaCommon):
    paths = {
        "send": "/v1/invoices",
        "transfer": "/v2/invoices/*/assignment/ropo",
        "report": "/v1/assignments/*/events",
    }
    secrets = tuple(CREDENTIALS.values())[1:]

    def credentials(self):
        return tuple(CREDENTIALS)[1:]

    def ready(self):
        return self.delivered()

    def sent_there(self, invoice):
        return self.maventa("invoices", number=invoice.name)

    def claims_there(self, invoice):
        return self.maventa("assignments", invoice_number=invoice.name)

    def open_there(self, invoice):
        return self.assignment_of(invoice)["capital"]

    def pay_there(self, invoice, amount):
        self.at_maventa(invoice, "pay", amount=amount)

    def close_there(self, invoice):
        if not self.assignment_of(invoice)["closed_at"]:
            self.at_maventa(invoice, "close")

    def duplicates(self):
        return self.sandbox.state()["maventa"]["duplicates"]
