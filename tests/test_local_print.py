"""Invoices that we deliver ourselves, and the archive of what Ropo delivered."""

import io
from datetime import timedelta
from unittest.mock import patch

from PyPDF2 import PdfReader

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..services.lookup import NEGATIVES
from .common import RopoCommon

LOCAL_PRINT = "/rest/jobs/localprint"
PDF = "GET /rest/jobs/pdf"
PRINTED = "Printed by ourselves"


class DocumentsCommon(RopoCommon):
    def pdfs(self, invoice):
        return self.env["ir.attachment"].search(
            [("res_model", "=", "account.move"), ("res_id", "in", invoice.ids)]
        )

    def text(self, attachment):
        pages = PdfReader(io.BytesIO(attachment.raw)).pages
        return "\n".join(page.extract_text() for page in pages)

    def calls(self, name):
        return self.sandbox.state()["calls"].get(name, 0)

    def wait_and_look_up(self):
        lost = self.env["ropo.request"].sudo().search([("state", "=", "unknown")])
        lost.next_attempt_at = fields.Datetime.now() - timedelta(seconds=1)
        self.work_off()


@tagged("post_install", "-at_install")
class TestLocalPrint(DocumentsCommon):
    def print_locally(self, invoices, user=None):
        """As the button does, with the commit that follows."""
        invoices.with_user(user or self.user).action_ropo_local_print()
        self.env.flush_all()
        self.cr.postcommit.run()
        self.env.invalidate_all()

    def print_many(self, invoices):
        """As the button does for several, in whose dialog all that can is printed."""
        action = invoices.with_user(self.user).action_ropo_local_print()
        self.env.invalidate_all()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        wizard = wizard.with_user(self.user)
        self.assertEqual(wizard.action_send()["res_id"], wizard.id)
        self.env.flush_all()
        self.cr.postcommit.run()
        self.env.invalidate_all()
        return wizard

    def test_it_is_posted_once_and_its_pdf_attached_at_once(self):
        invoice = self.create_invoice()
        self.print_locally(invoice)
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertTrue(invoice.is_move_sent)
        job = self.sandbox.job(billnum=invoice.name)
        case = invoice.ropo_job_ids
        self.assertEqual(case.jobid, str(job["jobid"]))
        self.assertEqual(case.document_id, self.pdfs(invoice))
        self.assertIn(invoice.name, self.text(case.document_id))
        with self.assertRaisesRegex(UserError, "Ropo has it already"):
            self.print_locally(invoice)
        with self.assertRaisesRegex(UserError, "Ropo has it already"):
            self.send(invoice)
        invoice.with_user(self.user).action_ropo_fetch_pdf()
        self.assertEqual((len(self.pdfs(invoice)), self.calls(PDF)), (1, 0))

    def test_nobody_else_delivers_it(self):
        self.business.write(
            {
                "ropo_sendtype": "evoice",
                "ropo_evoice": "003700000019",
                "ropo_evoice_operator": "BAWCFI22",
            }
        )
        invoices = self.create_invoice() | self.create_invoice()
        self.print_locally(invoices[0])
        self.send(invoices[1])
        printed, sent = (self.requests_of(move).payload for move in invoices)
        self.assertEqual(printed["sendtype"], "print")
        self.assertEqual(sent["sendtype"], "evoice")
        self.assertEqual(set(sent) - set(printed), {"evoice", "evoiceint"} & set(sent))

    def test_a_refusal_is_said_and_can_be_printed_after_it_is_fixed(self):
        invoice = self.create_invoice()
        frozen = self.frozen(invoice)
        self.account._call_now(lambda client: client.send([frozen]))
        self.print_locally(invoice)
        self.assertEqual(invoice.ropo_state, "rejected")
        self.assertIn("billnum", invoice.ropo_problem)
        self.account.check_number = False
        refused = invoice.ropo_request_ids
        refused.with_user(self.manager).action_retry()
        self.work_off()
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertEqual(len(self.pdfs(invoice)), 1)

    def test_an_answer_that_is_lost_is_looked_up_and_not_posted_again(self):
        invoice = self.create_invoice()
        self.sandbox.fault("drop_after", LOCAL_PRINT)
        self.print_locally(invoice)
        self.assertEqual(invoice.ropo_state, "unknown")
        self.assertFalse(self.pdfs(invoice))
        self.wait_and_look_up()
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertEqual(len(self.sandbox.jobs(billnum=invoice.name)), 1)
        # The document, which was lost with the answer, comes later.
        self.run_cron("cron_fetch_documents")
        self.assertIn(invoice.name, self.text(self.pdfs(invoice)))

    def test_what_never_arrived_is_posted_after_all(self):
        invoice = self.create_invoice()
        self.sandbox.fault("drop_before", LOCAL_PRINT)
        self.print_locally(invoice)
        self.assertEqual(invoice.ropo_state, "unknown")
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ropo_connect.look_up_delay", 0)
        for _negative in range(NEGATIVES):
            self.wait_and_look_up()
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertEqual(len(self.sandbox.jobs(billnum=invoice.name)), 1)
        self.assertEqual(len(self.pdfs(invoice)), 1)

    def test_many_are_printed_in_the_background_beside_others_that_are_sent(self):
        printed, sent = self.create_invoices(5), self.create_invoices(3)
        self.print_many(printed)
        self.assertEqual(set(printed.mapped("ropo_state")), {"queued"})
        self.send(sent)
        self.run_cron("cron_process_requests")
        self.assertEqual(set((printed | sent).mapped("ropo_state")), {"sent"})
        self.assertEqual(len(self.sandbox.jobs()), 8)
        for invoice in printed:
            self.assertIn(invoice.name, self.text(self.pdfs(invoice)))
        self.assertFalse(self.pdfs(sent))
        self.assertEqual(self.calls("POST /rest/jobs/localprint"), 5)

    def test_of_many_what_can_is_printed_and_the_others_are_listed_with_why(self):
        good = self.create_invoices(2)
        homeless = self._create_partner("Nowhere Oy", is_company=True, city=False)
        bad, at_ropo = self.create_invoice(homeless), self.create_invoice()
        self.send(at_ropo)
        wizard = self.print_many(good | bad | at_ropo)
        self.assertEqual(wizard.request_ids.move_id, good)
        self.assertEqual(
            [(line.move_id, line.reason) for line in wizard.blocked_line_ids],
            [(bad, "Nowhere Oy has no city. Complete the address.")],
        )
        self.assertEqual(wizard.final_line_ids.move_id, at_ropo)
        self.assertEqual(set(wizard.ready_line_ids.mapped("delivery")), {PRINTED})
        self.run_cron("cron_process_requests")
        self.assertEqual(set(good.mapped("ropo_state")), {"sent"})
        self.assertEqual(self.calls("POST /rest/jobs/localprint"), 2)

    def test_an_account_that_has_no_local_print_holds_back_only_its_own(self):
        other = self.account.copy({"name": "Other"})
        account = type(other)
        journal = self.company_data["default_journal_sale"].copy()
        journal.ropo_account_id = other
        here, there = self.create_invoice(), self.create_invoice(journal_id=journal.id)

        def can(accounts):
            for one in accounts:
                one.can_print_locally = one != other

        with patch.object(account, "_compute_capabilities", can):
            wizard = self.print_many(here | there)
        self.assertEqual(wizard.request_ids.move_id, here)
        self.assertEqual(wizard.final_line_ids.move_id, there)

    def test_it_goes_where_the_setting_says(self):
        self.env["ir.config_parameter"].set_param(
            "ropo_connect.path_localprint", "/jobs/elsewhere"
        )
        invoice = self.create_invoice()
        self.print_locally(invoice)
        self.assertEqual(self.calls("POST /rest/jobs/localprint"), 0)
        self.assertFalse(self.pdfs(invoice))

    def test_what_can_not_go_is_said_before_anything_is_queued(self):
        self.business.city = False
        invoice = self.create_invoice()
        with self.assertRaisesRegex(UserError, "Example Oy has no city"):
            self.print_locally(invoice)
        self.assertFalse(self.requests_of(invoice))

    def test_it_needs_the_right_to_send(self):
        clerk = new_test_user(
            self.env,
            login="clerk",
            groups="account.group_account_invoice",
            company_id=self.env.company.id,
        )
        invoice = self.create_invoice()
        with self.assertRaisesRegex(AccessError, "Only a Ropo user"):
            self.print_locally(invoice, clerk)
        self.assertFalse(self.requests_of(invoice))


@tagged("post_install", "-at_install")
class TestArchive(DocumentsCommon):
    def archive(self):
        self.run_cron("cron_fetch_documents")

    def sent(self):
        invoice = self.create_invoice()
        self.send(invoice)
        return invoice

    def spoil(self, invoice, mode):
        jobid = self.sandbox.job(billnum=invoice.name)["jobid"]
        self.sandbox.post(f"jobs/{jobid}/pdf", mode=mode)

    def later(self, **delta):
        jobs = self.env["ropo.job"].sudo().search([("fetch_at", "!=", False)])
        for job in jobs:
            job.fetch_at -= timedelta(**delta)

    def test_nothing_is_fetched_unless_the_account_wants_it(self):
        invoice = self.sent()
        self.archive()
        self.assertEqual((self.calls(PDF), len(self.pdfs(invoice))), (0, 0))

    def test_each_new_document_is_fetched_once(self):
        before = self.sent()
        self.account.fetch_documents = True
        invoices = self.sent() | self.sent()
        for _time in range(2):
            self.archive()
        self.assertEqual(self.calls(PDF), 2)
        for invoice in invoices:
            self.assertIn(invoice.name, self.text(self.pdfs(invoice)))
            self.assertFalse(invoice.message_main_attachment_id)
        self.assertFalse(self.pdfs(before))
        # Who deletes one does not want it back, but may fetch it.
        self.pdfs(invoice).unlink()
        self.archive()
        self.assertFalse(self.pdfs(invoice))
        invoice.with_user(self.user).action_ropo_fetch_pdf()
        self.assertEqual(len(self.pdfs(invoice)), 1)

    def test_what_was_fetched_by_hand_is_not_fetched_again(self):
        self.account.fetch_documents = True
        invoice = self.sent()
        invoice.with_user(self.user).action_ropo_fetch_pdf()
        self.archive()
        self.assertEqual((self.calls(PDF), len(self.pdfs(invoice))), (1, 1))

    def test_the_document_is_shown_beside_the_invoice_where_that_is_wanted(self):
        self.account.write({"fetch_documents": True, "document_is_main": True})
        invoice = self.sent()
        self.archive()
        self.assertEqual(invoice.message_main_attachment_id, self.pdfs(invoice))

    def test_one_that_fails_stops_no_other_and_is_tried_less_and_less(self):
        self.account.fetch_documents = True
        bad, good = self.sent(), self.sent()
        self.spoil(bad, "not_pdf")
        self.archive()
        self.assertEqual([len(self.pdfs(move)) for move in (bad, good)], [0, 1])
        self.archive()
        self.assertEqual(self.calls(PDF), 2)
        self.later(hours=2)
        self.spoil(bad, "ok")
        self.archive()
        self.assertEqual(len(self.pdfs(bad)), 1)

    def test_what_fails_for_days_is_given_up_and_a_person_is_asked_once(self):
        self.account.fetch_documents = True
        invoices = self.sent() | self.sent()
        for invoice in invoices:
            self.spoil(invoice, "not_pdf")
        for _time in range(8):
            self.archive()
            self.later(days=3)
        self.assertEqual(self.calls(PDF), 2 * 6)
        self.assertEqual(len(self.account.activity_ids), 1)
        self.assertIn("no document", self.account.activity_ids.summary)

    def test_what_breaks_on_our_side_stops_no_other(self):
        self.account.fetch_documents = True
        bad, good = self.sent(), self.sent()
        service = type(self.env["ropo.archive"])
        keep = service._keep_document

        def broken(archive, job, content):
            if job.move_id == bad:
                raise ValueError("full")
            return keep(archive, job, content)

        broke = patch.object(service, "_keep_document", broken)
        with broke, mute_logger("odoo.addons.ropo_connect.services.transaction"):
            self.archive()
        self.assertEqual([len(self.pdfs(move)) for move in (bad, good)], [0, 1])
        self.assertGreater(bad.ropo_job_ids.fetch_at, fields.Datetime.now())

    def test_while_the_host_is_down_it_is_asked_once(self):
        self.account.fetch_documents = True
        invoices = self.sent() | self.sent()
        self.env["ropo.token"].sudo().search([]).unlink()
        self.move_ropo_to("http://127.0.0.1:9")
        with mute_logger("odoo.addons.ropo_connect.models.ropo_account"):
            self.archive()
        self.assertTrue(self.account.paused_until)
        self.assertEqual(set(invoices.ropo_job_ids.mapped("fetch_tries")), {0})
        self.move_ropo_to(self.sandbox.url)
        self.account.paused_until = False
        self.archive()
        self.assertEqual(len(self.pdfs(invoices)), 2)

    def test_a_run_fetches_so_many_and_the_next_follows_until_none_is_left(self):
        self.account.fetch_documents = True
        invoices = self.sent() | self.sent() | self.sent()
        with patch("odoo.addons.ropo_connect.services.archive.FETCHES_PER_RUN", 1):
            self.archive()
        self.assertEqual(len(self.pdfs(invoices)), 3)
        self.assertEqual(self.calls(PDF), 3)
