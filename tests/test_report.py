"""What the accountant reads: ledger against Ropo, and the printed statement."""

from datetime import timedelta
from unittest.mock import patch

from lxml import html

from odoo import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.web.models.models import Base

from ..report import ropo_receivable_report as module
from .common import RopoCommon


@tagged("post_install", "-at_install")
class TestReceivableReport(RopoCommon):
    # --- helpers ---

    def row(self, invoice):
        self.env.flush_all()
        report = self.env["ropo.receivable.report"].with_user(self.user)
        report.invalidate_model()
        return report.search([("move_id", "=", invoice.id)])

    def figures(self, invoice):
        row = self.row(invoice)
        return (
            row.residual,
            row.open_amount,
            row.under_way,
            row.difference,
            row.reason,
        )

    def check(self):
        self.run_cron("cron_check_differences")

    # --- tests ---

    def test_a_fresh_claim_agrees(self):
        invoice = self.transferred()
        self.assertEqual(self.figures(invoice), (125.5, 125.5, 0.0, 0.0, False))
        self.assertFalse(self.row(invoice).differs)

    def test_what_is_only_delivered_is_no_receivable_at_ropo(self):
        invoice = self.create_invoice()
        self.send(invoice)
        self.assertTrue(invoice.ropo_job_ids)
        self.assertFalse(self.row(invoice))

    def test_a_payment_is_first_unreported_then_on_its_way_then_reported(self):
        invoice = self.transferred()
        self.pay(invoice, 25.5)
        self.assertEqual(
            self.figures(invoice), (100.0, 125.5, 0.0, -25.5, "unreported")
        )
        self.compare()
        self.assertEqual(self.figures(invoice), (100.0, 125.5, 25.5, 0.0, False))
        self.run_cron("cron_process_requests")
        self.assertEqual(self.figures(invoice), (100.0, 100.0, 0.0, 0.0, False))

    def test_a_reversal_on_its_way_counts_the_other_way_round(self):
        invoice = self.transferred()
        payment = self.pay(invoice, 25.5)
        self.report()
        payment.action_draft()
        payment.unlink()
        self.compare()
        self.assertEqual(self.figures(invoice), (125.5, 100.0, -25.5, 0.0, False))

    def test_a_refused_report_is_the_reason(self):
        invoice = self.transferred()
        self.pay(invoice, 25.5)
        self.compare()
        request = self.env["ropo.request"].search([("operation", "=", "payment")])
        request.sudo().write({"state": "rejected", "error": "No."})
        self.assertEqual(self.figures(invoice)[3:], (-25.5, "refused"))

    def test_a_lost_report_is_the_reason(self):
        invoice = self.transferred()
        self.pay(invoice, 25.5)
        self.compare()
        self.sandbox.fault("drop_after", "/rest/jobs/payment")
        self.run_cron("cron_process_requests")
        self.assertEqual(
            invoice.ropo_request_ids.sorted("id")[-1].state, "unknown", "else no test"
        )
        # It may have arrived, so it counts as on its way: no difference to explain.
        self.assertEqual(self.figures(invoice), (100.0, 125.5, 25.5, 0.0, False))
        self.pay(invoice, 10)
        self.assertEqual(self.figures(invoice)[3:], (-10.0, "unknown"))

    def test_money_that_ropo_collected_and_the_ledger_has_not_is_the_reason(self):
        invoice = self.transferred()
        self.sandbox.post(f"jobs/{self.case(invoice).jobid}/pay", amount=25.5)
        self.run_cron("cron_poll_status")
        self.assertEqual(self.figures(invoice), (125.5, 100.0, 0.0, 25.5, "collected"))

    def test_a_payment_reset_to_draft_is_the_reason(self):
        invoice = self.transferred()
        payment = self.pay(invoice, 25.5)
        self.report()
        payment.action_draft()
        self.report()
        self.assertEqual(self.figures(invoice)[3:], (-25.5, "draft"))

    def test_a_case_that_ropo_closed_is_the_reason(self):
        invoice = self.transferred()
        self.case(invoice).write({"stage": "closed", "open_amount": 0})
        self.assertEqual(self.figures(invoice)[3:], (125.5, "closed"))

    def test_a_difference_without_a_trace_is_unexplained(self):
        invoice = self.transferred()
        self.case(invoice).open_amount = 120
        self.assertEqual(self.figures(invoice)[3:], (5.5, "unexplained"))

    def test_interest_and_fees_stand_beside_the_capital(self):
        invoice = self.transferred()
        self.case(invoice).open_total = 130.5
        self.assertEqual(self.row(invoice).charges, 5.0)

    def test_amounts_are_in_the_currency_of_the_invoice(self):
        currency = self.setup_other_currency("SEK", rates=[("2020-01-01", 10.0)])
        invoice = self.transferred(currency_id=currency.id)
        self.pay(invoice, 25.5, currency_id=currency.id)
        self.report()
        self.assertEqual(self.row(invoice).currency_id, currency)
        self.assertEqual(self.figures(invoice), (100.0, 100.0, 0.0, 0.0, False))

    def test_the_filter_finds_what_differs_and_only_that(self):
        differing, agreeing = self.transferred(), self.transferred()
        self.case(differing).open_amount = 120
        self.env.flush_all()
        report = self.env["ropo.receivable.report"]
        found = report.search([("differs", "=", True)])
        self.assertEqual(found.move_id, differing)
        found = report.search([("differs", "=", False)])
        self.assertEqual(found.move_id, agreeing)

    def test_a_row_opens_its_case(self):
        invoice = self.transferred()
        action = self.row(invoice).action_open_job()
        self.assertEqual(action["res_model"], "ropo.job")
        self.assertEqual(action["res_id"], self.case(invoice).id)

    def test_the_query_count_does_not_depend_on_the_number_of_cases(self):
        report = self.env["ropo.receivable.report"]
        names = ["residual", "open_amount", "difference", "reason", "move_id"]
        for _invoice in range(2):
            self.transferred()
        self.env.flush_all()
        self.env.invalidate_all()
        report.search_fetch([], names).mapped("difference")
        self.env.invalidate_all()
        # Which rows, their figures, that neither is compiled, and the time zone of who
        # asks.
        with self.assertQueryCount(5):
            report.search_fetch([], names).mapped("difference")

    def test_postgresql_compiles_no_query_that_reads_the_ledger(self):
        for model in ("ropo.receivable.report", "ropo.dso.report"):
            self.cr.execute("SET LOCAL jit = on")
            self.env[model].search([])
            self.cr.execute("SHOW jit")
            self.assertEqual(self.cr.fetchone(), ("off",), model)
        self.cr.execute("SET LOCAL jit = on")
        self.env["ropo.ledger"].sudo()._differences()
        self.cr.execute("SHOW jit")
        self.assertEqual(self.cr.fetchone(), ("off",), "the comparison")

    def test_a_page_has_the_figures_that_all_rows_have(self):
        """Of the rows of a page alone, and of a row whose invoice has a later case."""
        self.pay(self.transferred(), 25.5)
        self.transferred()
        invoice, first = self.transferred_case()
        self.pay(invoice, 10)
        self.compare()
        self.at_ropo(first, "stage", stage="closed")
        self.run_cron("cron_poll_status")
        first.action_transfer_again()
        self.transfer(invoice, "collection", notice_date=self.reminded_on)
        self.pay(invoice, 20)
        self.compare()
        self.env.flush_all()
        report = self.env["ropo.receivable.report"]
        names = [name for name, field in report._fields.items() if field.column_type]
        found = {}
        for few in (0, 1000):
            self.env.invalidate_all()
            with patch.object(module, "FEW", few):
                rows = report.search([])
                rows.fetch(names)
                found[few] = rows.read(names, load=None)
        self.assertEqual(len(found[0]), 4)
        self.assertEqual(found[1000], found[0])

    def test_a_list_has_the_pages_and_the_count_that_odoo_itself_has(self):
        for _invoice in range(5):
            self.transferred()
        self.env.flush_all()
        report = self.env["ropo.receivable.report"].with_user(self.user)
        for offset, limit, most in (
            *((0, 2, 4), (0, 2, 9), (4, 2, 9), (6, 2, 9), (2, 2, 4), (0, 5, 9)),
            (1, None, None),
        ):
            asked = {"offset": offset, "limit": limit, "count_limit": most}
            with self.subTest(**asked):
                self.assertEqual(
                    report.web_search_read([], {"move_id": {}}, **asked),
                    Base.web_search_read(report, [], {"move_id": {}}, **asked),
                )
        # Which would work out all cases once more.
        with patch.object(type(report), "search_count", side_effect=AssertionError):
            report.web_search_read([], {"move_id": {}}, limit=2, count_limit=9)

    def test_another_companys_rows_are_not_seen(self):
        invoice = self.transferred()
        other = self.setup_other_company()["company"]
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="ropo_connect.group_ropo_user",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        rows = self.env["ropo.receivable.report"].with_user(stranger)
        self.assertFalse(rows.search([("move_id", "=", invoice.id)]))

    # --- the daily check ---

    def test_a_difference_is_reported_when_it_stays_longer_than_allowed(self):
        invoice = self.transferred()
        job = self.case(invoice)
        job.open_amount = 120
        self.check()
        self.assertEqual(job.differs_since, self.today)
        self.assertFalse(self.account.activity_ids)
        job.differs_since = self.today - timedelta(days=3)
        self.check()
        self.check()
        activity = self.account.activity_ids
        self.assertEqual(len(activity), 1, "reported once")
        self.assertIn(job.display_name, activity.note)
        self.assertEqual(job.differs_since, self.today - timedelta(days=3))

    def test_a_difference_that_is_gone_is_forgotten(self):
        job = self.case(self.transferred())
        job.open_amount = 120
        self.check()
        job.open_amount = 125.5
        self.check()
        self.assertFalse(job.differs_since)

    def test_a_closed_case_asks_for_nobody(self):
        job = self.case(self.transferred())
        job.write({"stage": "closed", "open_amount": 0})
        self.check()
        self.assertFalse(job.differs_since)

    def test_a_closed_case_whose_ledger_has_changed_asks_a_person_once(self):
        invoice = self.transferred()
        job = self.case(invoice)
        self.sandbox.post(f"jobs/{job.jobid}/stage", stage="closed")
        self.run_cron("cron_poll_status")
        self.assertEqual((job.stage, job.closed_residual), ("closed", 125.5))
        self.account.activity_ids.unlink()
        self.check()
        self.assertFalse(self.account.activity_ids, "nothing has changed")
        self.pay(invoice, 25.5)
        self.check()
        activity = self.account.activity_ids
        self.assertEqual(activity.summary, "The ledger of a closed case has changed")
        self.assertIn(job.display_name, activity.note)
        activity.unlink()
        self.check()
        self.assertFalse(self.account.activity_ids, "asked once")

    # --- the statement ---

    def statement(self, partner, user=None):
        report = self.env["ir.actions.report"].with_user(user or self.user)
        content, _kind = report._render_qweb_html(
            "ropo_connect.report_statement", partner.ids
        )
        document = html.fromstring(content)
        rows = [
            [self.text(cell) for cell in row.findall("td")]
            for row in document.iterfind(".//tbody/tr")
        ]
        totals = [self.text(row) for row in document.iterfind(".//tfoot/tr")]
        return rows, totals

    @staticmethod
    def text(element):
        """What one reads of it, without what holds an amount together."""
        return " ".join(element.text_content().replace("\ufeff", "").split())

    def test_the_statement_says_what_is_owed_and_where_it_stands(self):
        collected = self.transferred()
        self.pay(collected, 25.5)
        self.case(collected).write(
            {"next_stage": "Collection letter", "open_total": 130.5}
        )
        credit = self.create_invoice(move_type="out_refund")
        rows, totals = self.statement(self.business)
        by_number = {row[0]: row[3:] for row in rows}
        self.assertEqual(
            by_number,
            {
                collected.name: [
                    "125.50 € Paid 25.50 €",
                    "100.00 €",
                    "Reminder Collection letter",
                    "5.00 €",
                ],
                credit.name: ["-125.50 €", "-125.50 €", "", ""],
            },
        )
        self.assertEqual(
            totals,
            ["Open in EUR of which overdue 100.00 € -25.50 €"],
        )

    def test_a_customer_who_owes_nothing_gets_a_statement_that_says_so(self):
        self.assertEqual(self.statement(self.consumer), ([], []))

    def test_a_contact_gets_his_companys_statement(self):
        invoice = self.transferred()
        contact = self.env["res.partner"].create(
            {"name": "Contact", "parent_id": self.business.id}
        )
        rows, _totals = self.statement(contact)
        self.assertEqual([row[0] for row in rows], [invoice.name])

    def test_the_statement_is_a_pdf(self):
        self.transferred()
        content, kind = (
            self.env["ir.actions.report"]
            .with_context(force_report_rendering=True)
            ._render_qweb_pdf("ropo_connect.report_statement", self.business.ids)
        )
        self.assertEqual((kind, content[:5]), ("pdf", b"%PDF-"))
