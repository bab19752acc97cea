"""What shows that a bad debt could not be collected, at the entry that wrote it off."""

import io
from unittest.mock import patch

from lxml import html
from PyPDF2 import PdfReader

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .maventa import MaventaCommon
from .test_bad_debt import BadDebtCommon

NUMBER = "131052-308T"
EVIL = "<img src=x onerror=alert(1)>"
PDF = "/rest/jobs/pdf"
LOGGER = "odoo.addons.ropo_connect"


class Promises:
    """The promises, whatever the channel."""

    def entries(self, invoice):
        return self.case(invoice).loss_ids.sorted("id")

    def files(self, entry):
        return self.env["ir.attachment"].search(
            [("res_model", "=", "account.move"), ("res_id", "in", entry.ids)],
            order="id",
        )

    def histories(self, entry):
        return self.files(entry).filtered(lambda f: f.name.startswith("History"))

    def letters(self, entry):
        return self.files(entry) - self.histories(entry)

    def attach(self):
        self.run_cron("cron_fetch_documents")

    def text(self, attachment):
        """Of a history, each cell with a space around it."""
        return " ".join(html.fromstring(attachment.raw).text_content().split())

    def tables(self, attachment):
        """The rows of its tables, by the heading above each."""
        page = html.fromstring(attachment.raw)
        return {
            " ".join(heading.text_content().split()): [
                [" ".join(cell.text_content().split()) for cell in row.iter("td")]
                for row in heading.getnext().iterfind("tbody/tr")
            ]
            for heading in page.iter("h4")
        }

    def test_the_history_is_at_the_entry_once(self):
        invoice = self.transferred()
        self.write_off(invoice, self.manager)
        (entry,) = self.entries(invoice)
        self.assertFalse(self.files(entry), "posting waits for nothing")
        for _time in range(2):
            self.attach()
            self.assertEqual(len(self.histories(entry)), 1)
        self.assertEqual(self.case(invoice).evidence, "done")
        text = self.text(self.histories(entry))
        for fact in (invoice.name, "Example Oy", self.case(invoice).jobid, entry.name):
            self.assertIn(fact, text)

    def test_a_second_write_off_has_evidence_of_its_own(self):
        invoice = self.transferred()
        self.write_off(invoice)
        self.attach()
        first = self.entries(invoice)
        before = self.files(first)
        first.button_draft()
        first.line_ids.remove_move_reconcile()
        self.write_off(invoice)
        self.attach()
        second = self.entries(invoice) - first
        self.assertEqual(self.files(first), before)
        self.assertEqual(len(self.histories(second)), 1)
        self.assertEqual(
            sorted(self.letters(second).mapped("checksum")),
            sorted(self.letters(first).mapped("checksum")),
        )

    def test_it_goes_with_the_entry_and_with_nothing_else(self):
        invoice = self.transferred()
        self.write_off(invoice)
        self.attach()
        (entry,) = self.entries(invoice)
        case, own = self.case(invoice), self.files(entry)
        kept = self.files(invoice) | case.document_id | case.letter_ids
        self.assertFalse(kept & own)
        kept.unlink()
        self.assertEqual(own.exists(), own)
        entry.button_draft()
        entry.unlink()
        self.assertFalse(own.exists())
        self.assertTrue(case.exists())
        self.assertFalse(case.loss_ids or case.history_ids)

    def test_a_person_who_deleted_it_is_not_contradicted(self):
        invoice = self.transferred()
        self.write_off(invoice)
        self.attach()
        self.files(self.entries(invoice)).unlink()
        self.attach()
        self.assertFalse(self.files(self.entries(invoice)))

    def test_one_that_fails_stops_no_other_and_is_tried_again(self):
        bad, good = self.transferred(), self.transferred()
        self.write_off(bad | good)
        evidence = self.env.registry["ropo.evidence"]
        history = evidence._history

        def failing(model, job):
            if job == self.case(bad):
                raise ValueError("bad")
            return history(model, job)

        with patch.object(evidence, "_history", failing), mute_logger(LOGGER):
            self.attach()
        self.assertFalse(self.files(self.entries(bad)))
        self.assertEqual(len(self.histories(self.entries(good))), 1)
        case = self.case(bad)
        self.assertEqual((case.evidence, bad.amount_residual), ("failed", 0))
        with self.assertRaises(AccessError):
            case.with_user(self.user).sudo(False).action_attach_evidence()
        case.with_user(self.manager).sudo(False).action_attach_evidence()
        self.attach()
        self.assertEqual(case.evidence, "done")
        self.assertEqual(len(self.histories(self.entries(bad))), 1)
        self.assertEqual(len(self.histories(self.entries(good))), 1)

    def test_an_invoicing_user_reads_it_and_a_salesperson_does_not(self):
        invoice = self.transferred()
        self.write_off(invoice)
        self.attach()
        files = self.files(self.entries(invoice))
        for login, group in (
            ("clerk", "account_invoice"),
            ("reader", "account_readonly"),
        ):
            user = self.person(login, f"account.group_{group}")
            self.assertTrue(files.with_user(user).read(["name", "raw"]))
            content, _kind = (
                self.env["ir.actions.report"]
                .with_user(user)
                ._render_qweb_html(
                    "ropo_connect.report_case_history", self.case(invoice).ids
                )
            )
            self.assertIn(invoice.name, content.decode())
        with self.assertRaises(AccessError):
            files.with_user(self.person("seller", "base.group_user")).read(["name"])

    def person(self, login, groups):
        return new_test_user(
            self.env,
            login=f"{login} {self.account.channel}",
            groups=groups,
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )


@tagged("post_install", "-at_install")
class TestEvidenceAtRopoOne(Promises, BadDebtCommon):
    def spoil(self, invoice, mode):
        self.at_ropo(self.case(invoice), "pdf", mode=mode)

    def content(self, attachment):
        pages = PdfReader(io.BytesIO(attachment.raw)).pages
        return "\n".join(page.extract_text() for page in pages)

    def collected(self):
        """An invoice in debt collection, of which Ropo reported something."""
        invoice = self.transferred()
        case = self.case(invoice)
        self.at_ropo(case, "pay", amount=25.5)
        self.at_ropo(case, "comment", text="The debtor has moved")
        self.at_ropo(case, "stage", stage="collection")
        self.run_cron("cron_poll_status")
        self.assertEqual(case.stage, "collection")
        return invoice

    # --- letters ---

    def test_what_ropo_sent_is_at_the_entry_and_fetched_once(self):
        invoice = self.collected()
        self.write_off(invoice)
        (entry,) = self.entries(invoice)
        self.attach()
        case = self.case(invoice).with_user(self.manager).sudo(False)
        case.action_attach_evidence()  # once more
        self.attach()
        first, second = self.letters(entry)
        self.assertIn("Payment reminder", self.content(first))
        self.assertIn("Debt collection letter", self.content(second))
        self.assertEqual(self.sandbox.state()["calls"]["GET /rest/jobs/pdf"], 2)
        self.assertEqual(self.case(invoice).evidence, "done")

    def test_what_is_here_already_is_not_fetched_again(self):
        invoice = self.collected()
        self.case(invoice).with_user(self.user).sudo(False).action_fetch_pdf()
        before = self.sandbox.state()["calls"]["GET /rest/jobs/pdf"]
        self.write_off(invoice)
        self.attach()
        self.assertEqual(len(self.letters(self.entries(invoice))), 2)
        self.assertEqual(self.sandbox.state()["calls"]["GET /rest/jobs/pdf"], before)

    def test_of_a_case_that_ropo_closed_the_last_letter_is_there(self):
        invoice = self.collected()
        self.at_ropo(self.case(invoice), "stage", stage="closed")
        self.run_cron("cron_poll_status")
        self.write_off(invoice)
        self.attach()
        names = self.letters(self.entries(invoice)).mapped("name")
        self.assertEqual(len(names), 2)
        self.assertIn(f"Ropo Letter {invoice.name}.pdf".replace("/", "-"), names)
        self.assertEqual(self.case(invoice).evidence, "done")

    def test_a_letter_that_ropo_fails_to_give_stops_nothing_and_comes_later(self):
        invoice = self.collected()
        case = self.case(invoice)
        self.spoil(invoice, "huge")
        self.write_off(invoice)
        self.assertEqual((invoice.amount_residual, self.loss()), (0, 125.5))
        self.attach()
        (entry,) = self.entries(invoice)
        self.assertEqual(len(self.histories(entry)), 1)
        self.assertFalse(self.letters(entry))
        self.assertEqual((case.evidence, case.fetch_tries), ("letter", 1))
        with self.assertRaisesRegex(UserError, "over 20 MB"):
            case.with_user(self.manager).sudo(False).action_fetch_pdf()
        self.spoil(invoice, "ok")
        case.with_user(self.manager).sudo(False).action_attach_evidence()
        self.attach()
        self.assertEqual(case.evidence, "done")
        self.assertEqual(len(self.letters(entry)), 2)
        self.assertEqual(len(self.histories(entry)), 1)

    def test_it_is_tried_again_by_itself(self):
        invoice = self.collected()
        case = self.case(invoice)
        self.sandbox.fault("error_before", PDF)
        self.write_off(invoice)
        self.attach()
        self.assertEqual(case.evidence, "letter")
        self.assertGreater(case.fetch_at, case.write_date)
        case.fetch_at = case.write_date
        self.account.paused_until = False
        self.attach()
        self.assertEqual(case.evidence, "done")
        self.assertEqual(len(self.letters(self.entries(invoice))), 2)

    def test_a_letter_of_later_is_no_evidence_of_then(self):
        invoice = self.collected()
        self.write_off(invoice)
        self.attach()
        before = self.files(self.entries(invoice))
        self.at_ropo(self.case(invoice), "stage", stage="legal")
        self.run_cron("cron_poll_status")
        self.case(invoice).with_user(self.user).sudo(False).action_fetch_pdf()
        self.assertEqual(self.files(self.entries(invoice)), before)

    # --- the history ---

    def test_the_history_has_all_that_happened(self):
        invoice = self.collected()
        self.report()
        self.pay(invoice, 40.5)
        self.report()
        self.write_off(invoice, with_relief=True)
        (entry,) = self.entries(invoice)
        self.attach()
        day = self.today.strftime("%m/%d/%Y")
        tables = self.tables(self.histories(entry))
        self.assertEqual(tables["Stages"], [[day, "Reminder"], [day, "Collection"]])
        events = tables["What Ropo Reported"]
        self.assertIn([day, "The debtor has moved", "", ""], events)
        self.assertEqual([row[3] for row in events if row[3]], ["25.50 €"])
        self.assertEqual(
            tables["Payments and Credits Reported to Ropo"],
            [[day, "Payment", "40.50 €", "59.50 €"]],
        )
        written = self.loss_of(entry)
        self.assertEqual(
            tables["Written Off"], [[day, entry.name, "Yes", f"{written:.2f} €"]]
        )
        text = self.text(self.histories(entry))
        self.assertIn("Transferred 125.50 €", text)
        self.assertIn("Open at Ropo 59.50 €", text)
        self.assertIn(f"Written Off {written:.2f} €", text)

    def loss_of(self, entry):
        lines = entry.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        return -sum(lines.mapped("amount_currency"))

    def test_foreign_text_is_text_and_no_personal_number_is_shown(self):
        invoice = self.transferred(partner=self.consumer)
        self.consumer.ropo_personal_id = NUMBER
        self.at_ropo(self.case(invoice), "comment", text=f"{EVIL} of {NUMBER}")
        self.run_cron("cron_poll_status")
        self.write_off(invoice)
        self.attach()
        history = self.histories(self.entries(invoice))
        self.assertFalse(html.fromstring(history.raw).xpath("//img[@onerror]"))
        text = self.text(history)
        self.assertIn(f"{EVIL} of …", text)
        self.assertNotIn(NUMBER, text)
        self.assertNotIn("False", text)

    def test_it_is_in_the_language_of_the_company_whoever_wrote_it_off(self):
        self.env["res.lang"]._activate_lang("fi_FI")
        self.env.company.partner_id.lang = "fi_FI"
        invoice = self.transferred()
        self.write_off(invoice, self.manager)
        self.attach()
        case = self.case(invoice).with_context(lang="fi_FI")
        name = f"Historia: {case.display_name}.html".replace("/", "-")
        self.assertEqual(case.history_ids.name, name)
        text = self.text(case.history_ids)
        lang = self.env["res.lang"]._lang_get("fi_FI")
        self.assertIn(self.today.strftime(lang.date_format), text)

    def test_it_is_printed_and_without_a_printer_there_is_something_to_read(self):
        printed, read = self.transferred(), self.transferred()
        evidence = self.env["ropo.evidence"].with_context(force_report_rendering=True)
        self.write_off(printed)
        evidence.sudo()._attach(self.case(printed))
        history = self.histories(self.entries(printed))
        self.assertEqual(history.mimetype, "application/pdf")
        self.assertTrue(history.name.endswith(".pdf"))
        self.assertIn(printed.name, self.content(history))
        self.write_off(read)
        report = self.env.registry["ir.actions.report"]
        with (
            patch.object(report, "get_wkhtmltopdf_state", lambda _report: "install"),
            mute_logger(f"{LOGGER}.services.evidence"),
        ):
            evidence.sudo()._attach(self.case(read))
        history = self.histories(self.entries(read))
        self.assertEqual(history.mimetype, "text/html")
        self.assertTrue(history.name.endswith(".html"))
        self.assertIn(read.name, self.text(history))


@tagged("post_install", "-at_install")
class TestEvidenceAtMaventa(Promises, MaventaCommon, BadDebtCommon):
    """It has no letters: the history alone."""

    def test_there_is_the_history_alone(self):
        invoice = self.transferred()
        self.write_off(invoice)
        self.attach()
        self.assertFalse(self.letters(self.entries(invoice)))
        self.assertFalse(self.case(invoice).fetch_at)
        self.assertEqual(self.case(invoice).evidence, "done")
