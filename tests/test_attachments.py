"""Which files go along with an invoice, and that they go once and as they were."""

import base64
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..channels import get
from .common import RopoCommon

PDF = b"%PDF-1.4\n% a file of ours\n%%EOF\n"
CSV = b"day;hours\n2026-02-02;7.5\n"

FILES = get("ropo_one").capabilities.files


@tagged("post_install", "-at_install")
class TestAttachments(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.send_attachments = True
        cls.business.invoice_sending_method = "ropo"

    def attach(self, move, name="Hours.pdf", content=PDF, **values):
        return self.env["ir.attachment"].create(
            {
                "name": name,
                "raw": content,
                "res_model": move._name,
                "res_id": move.id,
                **values,
            }
        )

    def stray(self, name, content, user):
        """A file that a user has just put into a dialog: it belongs to no record."""
        files = self.env(user=user)["ir.attachment"]
        return files.create({"name": name, "raw": content}).with_env(self.env)

    def said(self, move):
        """The files that the sandbox got with it: `{name: content}`."""
        job = self.sandbox.job(billnum=move.name)
        return {
            file["attachmentname"]: base64.b64decode(file["attachmentfile"])
            for file in job["dataset"].get("attachment", [])
        }

    def line(self, *moves, user=None):
        moves = self.env["account.move"].union(*moves)
        wizard = self._wizard("ropo.send.wizard", moves, user or self.user)
        return wizard.line_ids

    # --- what goes along ---

    def test_own_files_go_along_whole_and_once(self):
        invoice = self.create_invoice()
        self.attach(invoice)
        self.attach(invoice, "Copy of hours.pdf")
        self.attach(invoice, "Hours.csv", CSV)
        self.send(invoice, self.user)
        self.assertEqual(self.said(invoice), {"Hours.pdf": PDF, "Hours.csv": CSV})
        self.assertEqual(invoice.ropo_state, "sent")

    def test_what_is_kept_has_the_checksums_and_shows_the_files(self):
        invoice = self.create_invoice()
        file = self.attach(invoice)
        self.send(invoice, self.user)
        request = self.requests_of(invoice)
        self.assertEqual(
            request.payload["attachment"],
            [{"attachmentname": file.name, "attachmentfile": f"sha1:{file.checksum}"}],
        )
        kept = request.attachment_ids
        file.write({"name": "Other.pdf", "raw": b"%PDF-1.4 other"})
        file.unlink()
        self.env.invalidate_all()
        self.assertEqual((kept.name, kept.raw), ("Hours.pdf", PDF))
        with self.assertRaises(AccessError):
            kept.with_user(self.user).name = "Forged.pdf"

    def test_one_whose_file_is_lost_is_named_and_the_others_are_sent(self):
        lost, fine = self.create_invoice(), self.create_invoice()
        file = self.attach(lost, "Lost.pdf", PDF + b"lost")
        self.attach(fine)
        store = type(file)._file_read

        def read(attachment, name, *args):
            return b"" if name == file.store_fname else store(attachment, name, *args)

        with patch.object(type(file), "_file_read", read):
            self.send(lost | fine, self.user)
        self.assertEqual(self.said(fine), {"Hours.pdf": PDF})
        self.assertFalse(self.sandbox.jobs(billnum=lost.name))
        request = self.requests_of(lost)
        self.assertEqual(request.state, "rejected")
        self.assertIn("“Lost.pdf” can't be read", request.error)
        self.attach(lost, "Found.pdf", PDF + b"found")
        file.unlink()
        self.send(lost, self.user)
        self.assertEqual(self.said(lost), {"Found.pdf": PDF + b"found"})

    def test_by_default_nothing_goes_along(self):
        self.account.send_attachments = False
        invoice = self.create_invoice()
        file = self.attach(invoice)
        line = self.line(invoice)
        self.assertEqual(
            (line.available_ids, line.attachment_ids), (file, file.browse())
        )
        self.send(invoice)
        self.assertEqual(self.said(invoice), {})

    def test_what_odoo_or_ropo_made_does_not_go_along(self):
        invoice = self.create_invoice()
        self.attach(invoice, invoice._get_invoice_proforma_pdf_report_filename())
        self.attach(invoice, "INV.pdf", res_field="invoice_pdf_report_file")
        self.attach(invoice, "Hours.docx")
        self.attach(invoice, "Map.pdf", type="url", url="https://example.com/map.pdf")
        for _time in range(2):
            invoice.with_user(self.user).action_ropo_preview()
        previews = invoice.attachment_ids.filtered(lambda a: "Preview" in a.name)
        self.assertEqual(len(previews), 1, "the last preview replaces the one before")
        self.assertFalse(self.line(invoice).available_ids)
        self.send(invoice)
        self.assertEqual(self.said(invoice), {})
        invoice.action_ropo_fetch_pdf()
        self.assertTrue(invoice.ropo_job_ids.document_id)
        self.assertFalse(any(self.env["ropo.attachments"]._files(invoice).values()))

    def test_sheets_only_for_companies_and_by_peppol(self):
        for partner, names in (
            (self.business, ["Hours.pdf", "Hours.csv", "Hours.xlsx"]),
            (self.consumer, ["Hours.pdf"]),
        ):
            invoice = self.create_invoice(partner)
            for name in ("Hours.pdf", "Hours.csv", "Hours.xlsx", "Hours.txt"):
                self.attach(invoice, name, PDF + name.encode())
            files = self.env["ropo.attachments"]._files(invoice)[invoice]
            self.assertEqual(files.mapped("name"), names)
        self.consumer.write({"ropo_sendtype": "peppol", "ropo_evoice": "0216:00370000"})
        files = self.env["ropo.attachments"]._files(invoice)[invoice]
        self.assertEqual(len(files), 3)

    # --- the limit ---

    def test_too_much_for_an_electronic_invoice_is_said_before(self):
        self.business.write({"ropo_sendtype": "email", "email": "a@example.com"})
        room = FILES.room("email")
        invoice = self.create_invoice()
        self.attach(invoice, content=PDF.ljust(room))
        self.assertFalse(self.line(invoice).reason)
        extra = self.attach(invoice, "Extra.pdf", b"%PDF-1.4 more")
        line = self.line(invoice)
        self.assertIn("Its attachments have 878.92 Kb", line.reason)
        self.assertEqual(line.fix_record, invoice)
        # In the wizard itself one is left out, and it goes.
        wizard = line.wizard_id
        line.attachment_ids -= extra
        wizard.action_check()
        self.assertFalse(wizard.blocked_count)
        wizard.action_send()
        self.work_off()
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertEqual(list(self.said(invoice)), ["Hours.pdf"])

    def test_a_letter_takes_more(self):
        self.business.ropo_sendtype = "post"
        invoice = self.create_invoice()
        self.attach(invoice, content=PDF.ljust(2_000_000))
        self.assertFalse(self.line(invoice).reason)
        self.send(invoice)
        self.assertEqual(invoice.ropo_state, "sent")

    # --- the wizard ---

    def test_each_invoice_has_its_own_choice(self):
        invoices = self.create_invoice() | self.create_invoice()
        for invoice in invoices:
            self.attach(invoice, f"{invoice.id}.pdf", PDF + b"%d" % invoice.id)
            self.attach(invoice, "Both.pdf")
        wizard = self._wizard("ropo.send.wizard", invoices, self.user)
        first, second = (
            wizard.line_ids.filtered(lambda line, m=invoice: line.move_id == m)
            for invoice in invoices
        )
        first.attachment_ids = first.attachment_ids.filtered(
            lambda file: file.name == "Both.pdf"
        )
        second.attachment_ids = False
        wizard.action_check()
        wizard.action_send()
        self.work_off()
        self.assertEqual(list(self.said(invoices[0])), ["Both.pdf"])
        self.assertEqual(list(self.said(invoices[1])), [])

    def test_nobody_sends_a_file_that_he_may_not_read(self):
        secret = self.stray("Secret.pdf", PDF, self.manager)
        line = self.line(self.create_invoice())
        with self.assertRaises(AccessError):
            line.attachment_ids = secret
            line.wizard_id.action_send()

    # --- the rest of the way ---

    def test_a_refused_one_takes_its_files_along_again(self):
        self.business.write({"ropo_sendtype": "email", "email": "nowhere"})
        invoice = self.create_invoice()
        file = self.attach(invoice)
        self.send(invoice)
        self.assertEqual(invoice.ropo_state, "rejected")
        self.business.email = "office@example.com"
        file.unlink()
        self.requests_of(invoice).with_user(self.manager).action_retry()
        self.work_off()
        self.assertEqual(self.said(invoice), {"Hours.pdf": PDF})

    def test_what_is_no_pdf_is_refused_in_ropos_words(self):
        invoice = self.create_invoice()
        self.attach(invoice, content=b"no PDF at all")
        self.send(invoice)
        self.assertIn("is no PDF", invoice.ropo_problem)

    def test_local_print_takes_no_files_along(self):
        invoice = self.create_invoice()
        self.attach(invoice)
        invoice.with_user(self.user).action_ropo_local_print()
        self.work_off()
        self.assertEqual(self.said(invoice), {})

    def test_those_with_files_travel_alone_and_the_others_together(self):
        invoices = self.create_invoices(4)
        self.attach(invoices[0])
        self.attach(invoices[1], content=PDF + b"2")
        self.send(invoices)
        calls = self.sandbox.state()["calls"]["POST /rest/jobs"]
        self.assertEqual(calls, 3)
        self.assertEqual(len(self.sandbox.jobs()), 4)

    # --- Odoo's own dialog ---

    def dialog(self, move):
        action = move.with_user(self.user).action_send_and_print()
        model = self.env(user=self.user)[action["res_model"]]
        return model.with_context(**action["context"]).create({})

    def press_send(self, dialog):
        dialog.action_send_and_print()
        self.env.flush_all()
        self.cr.postcommit.run()
        self.env.invalidate_all()

    def listed(self, dialog):
        return [item["name"] for item in dialog.mail_attachments_widget]

    def test_odoos_dialog_lists_what_goes_along_and_no_pdf_of_odoos(self):
        invoice = self.create_invoice()
        self.attach(invoice)
        self.attach(invoice, "Hours.csv", CSV)
        dialog = self.dialog(invoice)
        self.assertTrue(dialog.display_attachments_widget)
        self.assertEqual(self.listed(dialog), ["Hours.pdf", "Hours.csv"])
        self.press_send(dialog)
        self.assertEqual(self.said(invoice), {"Hours.pdf": PDF, "Hours.csv": CSV})

    def test_odoos_dialog_leaves_out_and_adds(self):
        invoice = self.create_invoice()
        self.attach(invoice)
        dialog = self.dialog(invoice)
        added = self.stray("Map.pdf", PDF + b"map", self.user)
        note = self.stray("Note.txt", b"note", self.user)
        (item,) = dialog.mail_attachments_widget
        dialog.mail_attachments_widget = [
            {**item, "skip": True},
            {"id": added.id, "name": "Map.pdf", "manual": True},
            {"id": note.id, "name": "Note.txt", "manual": True},
        ]
        self.assertEqual(list(dialog.attachments_not_supported), [str(note.id)])
        self.press_send(dialog)
        self.assertEqual(self.said(invoice), {"Map.pdf": PDF + b"map"})

    def test_odoos_dialog_says_what_is_too_large(self):
        self.business.write({"ropo_sendtype": "email", "email": "a@example.com"})
        invoice = self.create_invoice()
        self.attach(invoice, content=PDF.ljust(FILES.room("email") + 1))
        dialog = self.dialog(invoice)
        self.assertIn("Its attachments have", dialog.alerts["ropo_files"]["message"])
        with self.assertRaisesRegex(UserError, "Leave some out"):
            dialog.action_send_and_print()
        (item,) = dialog.mail_attachments_widget
        dialog.mail_attachments_widget = [{**item, "skip": True}]
        self.assertFalse(dialog.alerts)
        self.press_send(dialog)
        self.assertEqual(self.said(invoice), {})

    def test_odoos_dialog_shows_nobody_what_he_may_not_read(self):
        dialog = self.dialog(self.create_invoice())
        secret = self.stray("Secret.pdf", PDF, self.manager)
        dialog.mail_attachments_widget = [
            {"id": secret.id, "manual": True, "name": "x"}
        ]
        with self.assertRaises(AccessError):
            dialog.action_send_and_print()

    # --- cost ---

    def test_choosing_costs_the_same_number_of_queries_for_many(self):
        counts = []
        for count in (2, 5, 20):
            invoices = self.create_invoices(count)
            for invoice in invoices:
                self.attach(invoice, content=PDF + b"%d" % invoice.id)
            counts.append(
                self.queries(
                    lambda m=invoices: self.env["ropo.attachments"]._default_files(m)
                )
            )
        self.assertEqual(counts[1], counts[2])

    def test_not_all_contents_are_in_memory_at_once(self):
        invoices = self.create_invoices(12)
        for invoice in invoices:
            self.attach(invoice, content=PDF + b"%d" % invoice.id)
        self._wizard("ropo.send.wizard", invoices).action_send()
        sizes = []
        service = type(self.env["ropo.outbox"])
        dispatch = service._dispatch

        def watched(outbox, requests, *arguments):
            sizes.append(len(requests))
            return dispatch(outbox, requests, *arguments)

        with patch.object(service, "_dispatch", watched):
            self.work_off()
        self.assertEqual(sizes, [self.account.max_concurrency] * 3)

    # --- Odoo's own PDF as the invoice ---

    def own_pdf(self, invoice, content=PDF):
        """As Odoo keeps it once it is made."""
        return self.attach(
            invoice, "Own.pdf", content, res_field="invoice_pdf_report_file"
        )

    def shown(self, invoice):
        image = self.sandbox.job(billnum=invoice.name)["dataset"]["image"]
        self.assertEqual(image["fileType"], "pdf")
        return base64.b64decode(image["file"])

    def test_odoos_own_pdf_is_shown_where_the_account_says_so(self):
        self.account.own_image = True
        invoice = self.create_invoice()
        pdf, file = self.own_pdf(invoice), self.attach(invoice, "Hours.csv", CSV)
        self.send(invoice, self.user)
        self.assertEqual(self.shown(invoice), PDF)
        self.assertEqual(self.said(invoice), {"Hours.csv": CSV})
        request = self.requests_of(invoice)
        self.assertEqual(
            request.payload["image"],
            {"file": f"sha1:{pdf.checksum}", "fileType": "pdf"},
        )
        self.assertEqual(
            [item["attachmentfile"] for item in request.payload["attachment"]],
            [f"sha1:{file.checksum}"],
        )
        pdf.raw = b"%PDF-1.4 made anew"
        self.assertEqual(request.image_id.raw, PDF, "as it was said")

    def test_by_itself_ropo_draws_the_invoice(self):
        invoice = self.create_invoice()
        self.own_pdf(invoice)
        self.send(invoice, self.user)
        self.assertNotIn("image", self.requests_of(invoice).payload)

    def test_odoo_makes_its_pdf_when_there_is_none(self):
        invoice = self.create_invoice()
        pdf = self.env["ropo.attachments"]._own_pdf
        made = pdf(invoice.with_context(force_report_rendering=True))
        self.assertEqual(made, invoice.invoice_pdf_report_id)
        self.assertTrue(made.raw.startswith(b"%PDF-"))
        self.assertEqual(pdf(invoice), made, "once")

    def test_a_pdf_that_is_none_is_said_and_nothing_is_sent(self):
        self.account.own_image = True
        invoice = self.create_invoice()
        self.own_pdf(invoice, b"<html>no PDF</html>")
        self.send(invoice, self.user)
        request = self.requests_of(invoice)
        self.assertEqual(request.state, "rejected")
        self.assertIn("can't make the PDF", request.error)
        self.assertFalse(self.sandbox.jobs())

    def test_own_pdf_and_files_have_one_limit(self):
        self.account.own_image = True
        self.business.write({"ropo_sendtype": "email", "email": "a@example.com"})
        invoice = self.create_invoice()
        self.own_pdf(invoice, PDF.ljust(600_000))
        self.attach(invoice, content=PDF.ljust(500_000))
        self.send(invoice, self.user)
        request = self.requests_of(invoice)
        self.assertEqual(request.state, "rejected")
        self.assertIn("at most", request.error)

    def test_what_is_printed_locally_is_ropos_own(self):
        self.account.own_image = True
        invoice = self.create_invoice()
        self.own_pdf(invoice)
        invoice.with_user(self.user).action_ropo_local_print()
        self.work_off()
        self.assertNotIn("image", self.requests_of(invoice).payload)
