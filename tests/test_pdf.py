"""The documents that Ropo delivered, and the preview of what it would."""

import io

from PyPDF2 import PdfReader

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import RopoCommon

PDF = "GET /rest/jobs/pdf"


@tagged("post_install", "-at_install")
class TestPdf(RopoCommon):
    # --- helpers ---

    def sent(self):
        invoice = self.create_invoice()
        self.send(invoice)
        return invoice

    def spoil(self, invoice, mode):
        jobid = self.sandbox.job(billnum=invoice.name)["jobid"]
        self.sandbox.post(f"jobs/{jobid}/pdf", mode=mode)

    def pdfs(self, invoice):
        return self.env["ir.attachment"].search(
            [("res_model", "=", "account.move"), ("res_id", "in", invoice.ids)]
        )

    def fetched(self):
        return self.sandbox.state()["calls"].get(PDF, 0)

    def text(self, content):
        pages = PdfReader(io.BytesIO(content)).pages
        return "\n".join(page.extract_text() for page in pages)

    def fetch(self, invoices):
        """Through the wizard, as from the list; the wizard afterwards."""
        wizard = self._wizard("ropo.pdf.wizard", invoices, self.user)
        return wizard, wizard.action_fetch()

    # --- fetching ---

    def test_the_document_is_attached_once(self):
        invoice = self.sent()
        for _time in range(2):
            invoice.with_user(self.user).action_ropo_fetch_pdf()
            attachment = self.pdfs(invoice)
            self.assertEqual(len(attachment), 1)
        self.assertEqual(attachment.mimetype, "application/pdf")
        name = f"Ropo Invoice {invoice.name}.pdf".replace("/", "-")
        self.assertEqual(attachment.name, name)
        self.assertIn(invoice.name, self.text(attachment.raw))
        self.assertEqual(self.fetched(), 1)
        invoice.ropo_job_ids.with_user(self.user).action_fetch_pdf()
        self.assertEqual((len(self.pdfs(invoice)), self.fetched()), (1, 1))

    def test_each_case_of_an_invoice_has_its_document(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        self.transfer(invoice)
        invoice.with_user(self.user).action_ropo_fetch_pdf()
        texts = [self.text(attachment.raw) for attachment in self.pdfs(invoice)]
        self.assertEqual(len(texts), 2)
        self.assertTrue(any("Payment reminder" in text for text in texts))

    def test_what_is_no_document_is_refused_with_a_reason(self):
        for mode, words in (
            ("not_pdf", r"can't be read \(PDF\)"),
            ("empty", r"can't be read \(PDF\)"),
            ("huge", "over 20 MB"),
        ):
            with self.subTest(mode):
                invoice = self.sent()
                self.spoil(invoice, mode)
                with self.assertRaisesRegex(UserError, words):
                    invoice.with_user(self.user).action_ropo_fetch_pdf()
                with self.assertRaisesRegex(UserError, words):
                    invoice.ropo_job_ids.with_user(self.user).action_fetch_pdf()
                self.assertFalse(self.pdfs(invoice))
                self.spoil(invoice, "ok")
                invoice.with_user(self.user).action_ropo_fetch_pdf()
                self.assertEqual(len(self.pdfs(invoice)), 1)

    def test_a_document_that_ropo_does_not_have_is_named(self):
        invoice = self.sent()
        invoice.ropo_job_ids.sudo().jobid = "99"
        with self.assertRaisesRegex(UserError, "Ropo rejected it .No such document"):
            invoice.with_user(self.user).action_ropo_fetch_pdf()
        self.assertFalse(self.pdfs(invoice))

    def test_an_invoice_that_was_never_sent_has_none(self):
        invoice = self.create_invoice()
        with self.assertRaises(UserError) as raised:
            invoice.with_user(self.user).action_ropo_fetch_pdf()
        self.assertEqual(
            str(raised.exception),
            f"{invoice.display_name}: Ropo does not have it: it was not sent through "
            "Ropo.",
        )
        self.assertEqual(self.fetched(), 0)

    def test_the_number_serves_when_ropos_id_was_lost(self):
        invoice = self.sent()
        invoice.ropo_job_ids.sudo().jobid = False
        invoice.with_user(self.user).action_ropo_fetch_pdf()
        self.assertIn(invoice.name, self.text(self.pdfs(invoice).raw))

    def test_one_that_fails_does_not_stop_the_others(self):
        first, bad, last = (self.sent() for _n in range(3))
        never = self.create_invoice()
        self.spoil(bad, "huge")
        wizard, action = self.fetch(first | bad | never | last)
        self.assertEqual(
            (action["res_model"], action["res_id"]), (wizard._name, wizard.id)
        )
        self.assertEqual(wizard.fetched_count, 2)
        reasons = {line.move_id: line.reason for line in wizard.line_ids}
        self.assertEqual(set(reasons), {bad, never})
        self.assertIn("over 20 MB", reasons[bad])
        self.assertIn("was not sent", reasons[never])
        self.assertEqual(
            [len(self.pdfs(move)) for move in (first, bad, never, last)], [1, 0, 0, 1]
        )

    def test_when_all_is_well_the_wizard_closes(self):
        _wizard, action = self.fetch(self.sent() | self.sent())
        then = action["params"]["next"]
        self.assertEqual(then["type"], "ir.actions.act_window_close")

    def test_a_host_that_is_down_is_said_once_for_all(self):
        invoices = self.sent() | self.sent()
        self.move_ropo_to("http://127.0.0.1:9")
        wizard, _action = self.fetch(invoices)
        self.assertEqual(len(wizard.line_ids), 2)
        for reason in wizard.line_ids.mapped("reason"):
            self.assertIn("can't be reached", reason)

    # --- preview ---

    def test_preview_is_a_pdf_and_posts_nothing(self):
        invoice = self.create_invoice()
        action = invoice.with_user(self.user).action_ropo_preview()
        self.assertEqual(action["type"], "ir.actions.act_url")
        attachment_id = int(action["url"].split("/")[-1].split("?")[0])
        attachment = self.env["ir.attachment"].browse(attachment_id)
        text = self.text(attachment.raw)
        self.assertIn("PREVIEW", text)
        self.assertIn(invoice.name, text)
        self.assertIn("125.50", text)
        self.assertEqual(self.sandbox.jobs(), [])
        self.assertFalse(invoice.ropo_state)
        self.assertFalse(self.requests_of(invoice))

    def test_preview_says_what_can_not_be_sent(self):
        self.business.city = False
        invoice = self.create_invoice()
        with self.assertRaisesRegex(UserError, "Example Oy has no city"):
            invoice.with_user(self.user).action_ropo_preview()
        self.business.write(
            {"city": "Helsinki", "ropo_sendtype": "email", "email": "nowhere"}
        )
        with self.assertRaisesRegex(UserError, "email: not an address"):
            invoice.with_user(self.user).action_ropo_preview()

    def test_preview_goes_where_the_setting_says(self):
        self.env["ir.config_parameter"].set_param(
            "ropo_connect.path_preview", "/jobs/elsewhere"
        )
        invoice = self.create_invoice()
        with self.assertRaises(UserError):
            invoice.with_user(self.user).action_ropo_preview()
        self.assertEqual(
            self.sandbox.state()["calls"].get("POST /rest/jobs/preview", 0), 0
        )
