"""Odoo's own follow-up leaves alone what Ropo collects."""

from odoo.tests import tagged

from .test_transfer import TransferCommon


@tagged("post_install", "-at_install")
class TestFollowup(TransferCommon):
    def excluded(self, invoice):
        return self.dues(invoice).mapped("no_followup")

    def close(self, case):
        self.at_ropo(case, "stage", stage="closed")
        self.run_cron("cron_poll_status")
        self.assertEqual(case.stage, "closed")

    def test_what_ropo_collects_is_out_of_it_and_comes_back_when_it_ends_unpaid(self):
        invoice, case = self.transferred_case()
        self.assertEqual(self.excluded(invoice), [True])
        self.assertTrue(invoice.no_followup)
        self.assertFalse(invoice.ropo_goes_on, "nobody excluded it from collection")
        self.assertFalse(case.stop_asked)
        self.close(case)
        self.assertEqual(self.excluded(invoice), [False])

    def test_what_was_only_delivered_stays_in_it(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        self.assertEqual(self.excluded(invoice), [False])

    def test_what_was_paid_to_ropo_stays_out_of_it(self):
        invoice, case = self.transferred_case()
        self.at_ropo(case, "pay", amount=125.5)
        self.close(case)
        self.assertEqual(self.excluded(invoice), [True])

    def test_what_is_transferred_again_is_out_of_it_again(self):
        invoice, case = self.transferred_case()
        self.close(case)
        case.with_user(self.manager).action_transfer_again()
        self.transfer(invoice)
        self.assertEqual(self.excluded(invoice), [True])
        case.stage_text = "written again"
        case.stage = "closed"  # whatever comes of the old case later
        self.assertEqual(self.excluded(invoice), [True])

    def test_what_a_person_excluded_stays_excluded(self):
        invoice, case = self.transferred_case()
        invoice.with_user(self.env.user).no_followup = True
        self.assertTrue(invoice.ropo_goes_on)
        self.assertTrue(case.stop_asked)
        self.close(case)
        self.assertEqual(self.excluded(invoice), [True])

    def test_what_a_person_includes_stays_included(self):
        invoice, case = self.transferred_case()
        invoice.no_followup = False
        self.at_ropo(case, "stage", stage="collection")
        self.run_cron("cron_poll_status")
        self.assertEqual(case.stage, "collection")
        self.assertEqual(self.excluded(invoice), [False])

    def test_only_the_instalments_that_went_are_out_of_it(self):
        self.account.claim_parts = True
        invoice = self.instalments()
        self.transfer(invoice)
        self.assertEqual(self.excluded(invoice), [True, False, False])

    def test_many_take_as_many_queries_as_few(self):
        followup = self.env["ropo.followup"]
        invoices = self.create_invoices(12)
        self.transfer(invoices)
        cases = self.env["ropo.job"].sudo().search([])
        self.assertEqual(len(cases), 12)
        for change, before in ((followup._pause, False), (followup._resume, True)):
            counts = []
            for some in (cases[:3], cases[:3], cases):
                self.set_marks(invoices.line_ids, before)
                counts.append(self.queries(lambda some=some: change(some)))  # noqa: B023
            self.assertEqual(*counts[1:])  # the first fills the caches

    def set_marks(self, lines, value):
        self.env.flush_all()
        self.cr.execute(
            "UPDATE account_move_line SET no_followup = %s, ropo_followup_paused = %s "
            "WHERE id IN %s",
            [value, value, tuple(lines.ids)],
        )
