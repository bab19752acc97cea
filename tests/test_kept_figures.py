"""What is kept of the figures of cases is what would be computed now."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from .ledger import LedgerCommon
from .test_history import HistoryCommon

SHOWN = (
    "collected",
    "paid",
    "credited",
    "adjusted",
    "received",
    "residual",
    "days_to_pay",
    "first_payment_date",
    "last_payment_date",
)


class KeptFiguresCommon(LedgerCommon):
    def changed(self):
        """The cases whose figures have to be computed to show them."""
        self.env.flush_all()
        kept = self.env["ropo.kept.figures"]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT job.id
                  FROM ropo_job job
                  JOIN account_move move ON move.id = job.move_id
                  %s
                 WHERE job.is_collected AND %s
                """,
                kept._kept(),
                kept._has_changed(),
            )
        )
        return self.env["ropo.job"].sudo().browse(job_id for (job_id,) in rows)

    def row(self, case):
        self.env.flush_all()
        self.env.invalidate_all()
        (row,) = (
            self.env["ropo.receivable.report"]
            .with_user(self.user)
            .search_read([("job_id", "=", case.id)], SHOWN)
        )
        return row

    def falsify(self, case):
        """Keeps what is wrong, so that it shows whether it is read."""
        self.env.flush_all()
        self.cr.execute(
            "UPDATE ropo_job_figures SET paid = 777 WHERE job_id = %s", [case.id]
        )


@tagged("post_install", "-at_install")
class TestKeptFigures(KeptFiguresCommon):
    # --- helpers ---

    def kept(self, amount=25.5, **values):
        """Transferred, paid in part and compared: `(invoice, case, payment)`."""
        invoice = self.transferred(**values)
        payment = self.pay(invoice, amount)
        self.report()
        return invoice, self.case(invoice), payment

    def assertFresh(self, case, **expected):
        """What the report shows of a case is what it shows with nothing kept."""
        shown = self.row(case)
        for name, value in expected.items():
            self.assertEqual(shown[name], value)
        self.env["ropo.job.figures"]._forget_all()
        self.assertEqual(shown, self.row(case))

    # --- they are kept ---

    def test_what_is_kept_is_shown_without_computing_it(self):
        _invoice, case, _payment = self.kept()
        with self.weeks_later():
            self.assertNotIn(case, self.changed())
            self.assertEqual(self.row(case)["paid"], 25.5)
            self.falsify(case)
            self.assertEqual(self.row(case)["paid"], 777)

    def test_what_is_kept_is_what_would_be_computed(self):
        invoice, case, _payment = self.kept()
        self.credit(invoice, 10)
        self.assign(invoice, self.entry(5))
        self.report()
        with self.weeks_later():
            self.assertNotIn(case, self.changed())
            self.assertFresh(case, paid=25.5, credited=12.55, adjusted=5)

    def test_a_case_that_nothing_was_kept_of_is_computed(self):
        _invoice, case, _payment = self.kept()
        self.cr.execute("DELETE FROM ropo_job_figures")
        with self.weeks_later():
            self.assertIn(case, self.changed())
            self.assertFresh(case, paid=25.5)

    # --- the ledger moves ---

    def test_a_payment_since_the_last_run_is_shown(self):
        invoice, case, _payment = self.kept()
        with self.weeks_later():
            self.pay(invoice, 10)
            self.assertFresh(case, paid=35.5)

    def test_a_payment_that_is_taken_off_is_shown_no_more(self):
        invoice, case, _payment = self.kept()
        with self.weeks_later():
            self.unassign(invoice)
            self.assertFresh(case, paid=0, first_payment_date=False)

    def test_a_payment_that_another_one_takes_the_place_of_is_shown(self):
        """The open amount stays the same."""
        invoice, case, _payment = self.kept()
        with self.weeks_later():
            self.unassign(invoice)
            self.assign(invoice, self.entry(25.5))
            self.assertFresh(case, paid=0, adjusted=25.5)

    def test_a_payment_that_is_reset_to_draft_is_shown_no_more(self):
        """Odoo's open amount does not tell it."""
        invoice, case, payment = self.kept()
        residual = invoice.amount_residual
        with self.weeks_later():
            payment.action_draft()
            self.assertEqual(invoice.amount_residual, residual, "else no test")
            self.assertFresh(case, paid=0)

    def test_a_payment_that_is_posted_again_is_shown_again(self):
        _invoice, case, payment = self.kept()
        with self.weeks_later():
            payment.action_draft()
            self.report()
            self.assertEqual(self.row(case)["paid"], 0, "else no test")
            payment.action_post()
            self.report()
            self.assertFresh(case, paid=25.5)

    # --- what else decides ---

    def test_money_that_turns_out_to_be_ropos_is_shown_as_such(self):
        invoice, case, _payment = self.kept()
        self.at_ropo(case, "pay", amount=10)
        self.run_cron("cron_poll_status")
        event = case.event_ids.filtered(lambda event: event.amount == 10)
        with self.weeks_later():
            event.source_partial_id = self.partials(invoice).id
            self.assertFresh(case, paid=0, collected=25.5)
            self.env["ropo.kept.figures"]._keep()
            event.source_partial_id = False
            self.assertFresh(case, paid=25.5, collected=0)

    def test_what_a_later_case_covers_is_shown_of_the_earlier_one(self):
        invoice, case, _payment = self.kept(kind="reminder")
        with self.weeks_later():
            partial = self.partials(invoice).id
            self.assertFresh(case, paid=25.5)
            self.env["ropo.kept.figures"]._keep()
            case.covers = {str(partial): 25.5}
            self.assertFresh(case, paid=0)

    def test_a_second_case_changes_what_the_first_one_shows(self):
        invoice, case, _payment = self.kept(kind="reminder")
        with self.weeks_later():
            case.copy({"move_id": invoice.id, "covers": {}, "jobid": "4711"})
            self.assertFresh(case, paid=0)

    def test_a_bad_debt_changes_what_is_shown(self):
        invoice, case, _payment = self.kept()
        partial = str(self.partials(invoice).id)
        with self.weeks_later():
            case.bad_debts = {partial: 5}
            self.assertFresh(case, paid=20.5)

    def test_a_journal_that_becomes_ropos_changes_what_is_shown(self):
        for change in (
            lambda: self.bank.write({"ropo_settlement": True}),
            lambda: self.account.write({"settlement_journal_ids": self.bank.ids}),
        ):
            _invoice, case, _payment = self.kept()
            with self.subTest(), self.weeks_later():
                change()
                self.assertFresh(case, paid=0, collected=25.5)
            self.bank.ropo_settlement = False

    def test_whoever_computes_while_something_is_forgotten_begins_again(self):
        """The row is written, so that the server refuses to write an older state."""
        _invoice, case, _payment = self.kept()
        self.env["ropo.job.figures"]._forget(case.move_id)
        self.env.cr.precommit.run()
        self.cr.execute(
            "SELECT residual FROM ropo_job_figures WHERE job_id = %s", [case.id]
        )
        self.assertEqual(self.cr.fetchall(), [(None,)])

    # --- runs ---

    def test_a_run_keeps_what_was_reconciled_and_what_was_forgotten(self):
        invoice, case, _payment = self.kept()
        other = self.kept()[1]
        with self.weeks_later():
            self.pay(invoice, 10)
            other.bad_debts = {"1": 1}
            self.assertEqual(self.changed() & (case | other), case | other)
            self.env["ropo.kept.figures"]._keep()
            self.assertFalse(self.changed() & (case | other))
            self.assertFresh(case, paid=35.5)

    def test_a_run_computes_nothing_twice(self):
        """Though it is still new what was reconciled: a day has not passed."""
        self.kept()
        compute = type(self.env["ropo.kept.figures"])._compute
        computed = []

        def note(service, job_ids):
            computed.extend(service.env.execute_query(job_ids))
            return compute(service, job_ids)

        with patch.object(type(self.env["ropo.kept.figures"]), "_compute", note):
            self.env["ropo.kept.figures"]._keep()
            self.assertEqual(computed, [])
            self.kept()
            self.assertTrue(computed, "else no test")

    def test_a_run_keeps_so_many_new_ones_and_the_next_one_goes_on(self):
        cases = self.case(self.transferred()) | self.case(self.transferred())
        with (
            self.weeks_later(),
            patch("odoo.addons.ropo_connect.services.kept_figures.AT_ONCE", 1),
        ):
            for left in (2, 1, 0):
                self.assertEqual(len(cases & self.changed()), left)
                self.env["ropo.kept.figures"]._keep()

    def test_all_that_is_kept_is_computed_once_in_a_week(self):
        """Whatever has changed it unseen, such as a script on the database."""
        _invoice, case, _payment = self.kept()
        self.falsify(case)
        with self.weeks_later():
            for number in range(7):
                day = self.today + timedelta(days=number)
                with patch.object(fields.Date, "today", return_value=day):
                    self.run_cron("cron_compare_ended")
            self.assertEqual(self.row(case)["paid"], 25.5)

    def test_a_report_finds_out_once_what_is_new(self):
        self.kept()
        report = self.env["ropo.receivable.report"].with_user(self.user)
        domain, groups, sums = [], [[], ["stage"]], ["paid_company:sum"]

        def ask():
            report.formatted_read_grouping_sets(domain, groups, sums)

        self.queries(ask)  # fills the caches of the registry
        self.env.cr.cache.clear()
        found = self.queries(ask)
        self.assertEqual(self.queries(ask), found - 1)
        self.assertLess(found, 8)

    def test_what_is_as_it_was_is_not_written_again(self):
        self.kept()
        with self.weeks_later():
            self.cr.execute("SELECT xmin, ctid FROM ropo_job_figures")
            before = self.cr.fetchall()
            kept = SQL("SELECT job_id AS id FROM ropo_job_figures")
            self.env["ropo.kept.figures"]._compute(kept)
            self.cr.execute("SELECT xmin, ctid FROM ropo_job_figures")
            self.assertEqual(self.cr.fetchall(), before)


@tagged("post_install", "-at_install")
class TestKeptHistory(HistoryCommon, KeptFiguresCommon):
    def test_a_year_shows_the_same_with_all_of_it_kept(self):
        report = self.env["ropo.receivable.report"]
        before = report.search_read([], SHOWN, order="id")
        self.env["ropo.job.figures"]._forget(self.env["ropo.job"].search([]).move_id)
        self.env["ropo.kept.figures"]._keep()
        with self.weeks_later():
            self.assertFalse(self.changed())
            self.env.invalidate_all()
            self.assertEqual(report.search_read([], SHOWN, order="id"), before)
        self.assertTrue(any(row["collected"] for row in before), "else no test")
        self.assertEqual(
            self.env["ropo.job.figures"].sudo().search_count([]), len(before)
        )
