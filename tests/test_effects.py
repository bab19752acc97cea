"""What follows when Ropo has taken a request: the case and its facts, what stands on
the invoice, and what becomes void."""

from datetime import timedelta
from unittest.mock import patch

from lxml import html

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import format_date, format_datetime

from .common import RopoCommon

LOGGER = "odoo.addons.ropo_connect.services.effects"
UNIFY = {
    "service_model": "unify",
    "cid": "700002",
    "apicode": "sandbox-apicode-2",
}


@tagged("post_install", "-at_install")
class TestEffects(RopoCommon):
    def facts(self, case, *names):
        return {
            name: value.id if hasattr(value, "ids") else value
            for name, value in ((name, case[name]) for name in names)
        }

    def common_facts(self, invoice, number):
        """What is true of each case of this invoice."""
        return {
            "account_id": self.account.id,
            "company_id": self.env.company.id,
            "move_id": invoice.id,
            "partner_id": invoice.commercial_partner_id.id,
            "currency_id": invoice.currency_id.id,
            "profile": self.account.profile,
            "jobid": str(number),
            "billnum": invoice.name,
            "billcode": invoice.payment_reference,
            "amount": 125.5,
        }

    def lines(self, invoice):
        """Of the last note on it: its title and its facts."""
        nodes = html.fromstring(str(invoice.message_ids[0].body)).iter("p", "li")
        spaces = str.maketrans({"\xa0": " ", "\u202f": " "})
        return [node.text_content().translate(spaces) for node in nodes]

    # --- the case ---

    def test_a_claim_becomes_a_case_with_all_that_was_claimed(self):
        contact = self._create_partner("Billing", parent_id=self.business.id)
        invoice = self.create_invoice(contact, days_overdue=20)
        self.transfer(invoice, "collection", notice_date=self.reminded_on, notice_fee=5)
        case = self.case(invoice)
        job = self.sandbox.job(billnum=invoice.name)
        expected = {
            **self.common_facts(invoice, job["jobid"]),
            "kind": "collection",
            "stage": "collection",
            "open_amount": 125.5,
            "open_total": 130.5,
            "is_collected": True,
            "stop_asked": False,
            "reference": job["reference"] or False,
            "fetch_at": False,
            "progress": False,
            "part_ids": False,
        }
        self.assertEqual(self.facts(case, *expected), expected)
        now = fields.Datetime.now()
        self.assertLess(now - case.stage_date, timedelta(minutes=1))

    def test_a_delivered_invoice_becomes_a_case_by_which_nothing_is_collected(self):
        self.account.fetch_documents = True
        invoice = self.create_invoice()
        self.send(invoice)
        case = invoice.sudo().ropo_job_ids
        job = self.sandbox.job(billnum=invoice.name)
        expected = {
            **self.common_facts(invoice, job["jobid"]),
            "kind": "invoice",
            "stage": "invoiced",
            "open_amount": 0.0,
            "open_total": 0.0,
            "is_collected": False,
        }
        self.assertEqual(self.facts(case, *expected), expected)
        self.assertLess(fields.Datetime.now() - case.fetch_at, timedelta(minutes=1))

    def test_the_answer_is_kept_and_so_is_when_it_came(self):
        invoice = self.create_invoice()
        self.send(invoice)
        request = self.requests_of(invoice).sudo()
        job = self.sandbox.job(billnum=invoice.name)
        self.assertEqual(str(request.response["jobid"]), str(job["jobid"]))
        self.assertEqual(request.job_id, invoice.sudo().ropo_job_ids)
        self.assertLess(fields.Datetime.now() - request.done_at, timedelta(minutes=1))

    # --- the invoice ---

    def test_what_ropo_accepted_is_noted_whole(self):
        invoice = self.create_invoice(days_overdue=20)
        asked = fields.Datetime.now()
        self.send(invoice, self.user)
        case = invoice.sudo().ropo_job_ids
        request = self.requests_of(invoice).sudo()
        self.assertLess(request.create_date - asked, timedelta(minutes=1))
        requested = format_datetime(self.env, request.create_date)
        self.assertEqual(
            self.lines(invoice),
            [
                "Ropo has accepted: Invoice, 125.50 €",
                f"Case: {case.jobid}",
                f"Account: {self.account.name}",
                f"Requested on: {requested}".replace("\u202f", " "),
            ],
        )

    def test_the_terms_of_a_claim_are_noted_and_none_that_was_not_chosen(self):
        invoice, plain = (self.create_invoice(days_overdue=30) for _number in range(2))
        self.transfer(
            invoice,
            "collection",
            notice_date=self.reminded_on,
            notice_fee=5,
            claim_interest=9.5,
            collection_process="1",
            claim_reason="Work",
        )
        self.transfer(plain, "reminder")
        day = format_date(self.env, self.reminded_on)
        self.assertEqual(
            self.lines(invoice)[4:],
            [
                f"Own reminder sent on: {day}",
                "Own reminder fee: 5.00 €",
                "Late interest: 9.5 %",
                "Collection process: 1",
                "Reason: Work",
            ],
        )
        self.assertEqual(
            self.lines(invoice)[0], "Ropo has accepted: Collection, 125.50 €"
        )
        self.assertEqual(len(self.lines(plain)), 4)

    def test_what_was_delivered_is_marked_as_sent_and_what_was_claimed_is_not(self):
        invoice, note = (
            self.create_invoice(move_type=kind)
            for kind in ("out_invoice", "out_refund")
        )
        self.send(invoice | note)
        claimed = self.transferred()
        self.assertEqual(
            (invoice | note | claimed).mapped("is_move_sent"), [True, True, False]
        )

    def test_a_reference_that_another_module_locks_stays_and_the_case_has_ropos(self):
        self.account.write(UNIFY)
        invoice = self.create_invoice()
        own, write = invoice.payment_reference, type(invoice).write

        def locked(self, vals):
            if "payment_reference" in vals:
                raise UserError(self.env._("This entry is locked."))
            return write(self, vals)

        self._wizard("ropo.send.wizard", invoice).action_send()
        with (
            patch.object(type(invoice), "write", locked),
            self.assertLogs(LOGGER, "WARNING") as logs,
        ):
            self.work_off()
        self.assertIn("keeps its reference: This entry is locked.", logs.output[0])
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertEqual(invoice.payment_reference, own)
        reference = self.sandbox.job()["reference"]
        self.assertEqual(invoice.sudo().ropo_job_ids.reference, reference)

    # --- what is reversed ---

    def test_a_reversed_report_and_its_reversal_are_void_and_others_stay(self):
        invoice, case = self.transferred_case()
        first, second = (self.pay(invoice, amount) for amount in (10, 20))
        self.report()
        self.assertEqual(case.open_amount, 95.5)
        first.move_id.line_ids.remove_move_reconcile()
        self.report()
        requests = self.requests_of(invoice).filtered(
            lambda r: r.operation in ("payment", "payment_reversal")
        )
        found = {(r.operation, r.amount): (r.state, r.void) for r in requests}
        self.assertEqual(
            found,
            {
                ("payment", 10.0): ("done", True),
                ("payment_reversal", 10.0): ("done", True),
                ("payment", 20.0): ("done", False),
            },
        )
        self.assertEqual(case.open_amount, 105.5)
        self.assertTrue(second)
        # The same money once more is reported once more.
        line = (invoice | first.move_id).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        line.reconcile()
        self.report()
        self.assertEqual(case.open_amount, 95.5)
