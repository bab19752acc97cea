"""Money and credit notes in Odoo's ledger, and the capital that Ropo collects."""

from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..services.comparison import RopoComparison
from .ledger import LedgerCommon


@tagged("post_install", "-at_install")
class TestMoneyBack(LedgerCommon):
    # --- before the transfer ---

    def test_money_before_the_transfer_lowers_the_claim_and_is_never_reported(self):
        invoice = self.create_invoice(days_overdue=20)
        self.pay(invoice, 25.5)
        self.transfer(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 100)
        self.assertEqual(self.reported(), [])
        self.assertInStep(invoice)

    def test_credit_note_before_the_transfer_lowers_the_claim(self):
        invoice = self.create_invoice(days_overdue=20)
        self.credit(invoice, 20)
        self.transfer(invoice)
        self.report()
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertEqual(self.reported(), [])
        self.assertInStep(invoice)

    def test_money_before_the_transfer_that_is_taken_back_raises_the_capital(self):
        invoice = self.create_invoice(days_overdue=20)
        self.pay(invoice, 25.5)
        self.transfer(invoice)
        invoice.js_remove_outstanding_partial(self.partials(invoice).id)
        self.report()
        self.assertEqual(self.reported(), [(-25.5,)])
        self.assertInStep(invoice)

    # --- after the transfer ---

    def test_full_payment_is_reported_whole(self):
        invoice = self.transferred()
        payment = self.pay(invoice)
        self.report()
        (call,) = self.sandbox.state()["payments"]
        self.assertEqual(
            call["request"],
            {
                "jobid": int(invoice.ropo_job_ids.jobid),
                "amount": 125.5,
                "paydate": self.today.isoformat(),
                "type": "directpayment",
                **self.marked(invoice, payment.move_id),
            },
        )
        self.assertEqual(call["notices"], [])
        self.assertEqual(self.capital(invoice), 0)
        self.assertInStep(invoice)

    def marked(self, invoice, entry):
        """Description and identifier, by which the report is recognised again."""
        mark = f"odoo-{self.requests_of(invoice)[0].id}"
        return {"identifier": mark, "description": f"{entry.name} {mark}"}

    def test_each_of_several_payments_is_reported_once(self):
        invoice = self.transferred()
        self.pay(invoice, 10.01)
        self.report()
        self.pay(invoice, 20.02)
        self.pay(invoice, 30)
        self.report()
        self.report()
        self.assertEqual(self.reported(), [(10.01,), (20.02,), (30,)])
        self.assertEqual(self.capital(invoice), 65.47)
        self.assertInStep(invoice)

    def test_payment_over_two_invoices_is_reported_by_its_parts(self):
        first, second = self.transferred(), self.transferred(amount=200)
        payment = self.pay(first | second, 200, group_payment=True)
        self.assertEqual(len(payment), 1)
        self.report()
        self.assertEqual(sorted(self.reported()), [(74.5,), (125.5,)])
        self.assertEqual([self.capital(first), self.capital(second)], [0, 176.5])
        self.assertInStep(first, second)

    def test_money_on_the_bank_statement_is_reported_as_payment(self):
        invoice = self.transferred()
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": self.today - timedelta(days=1),
                "payment_ref": invoice.payment_reference,
                "partner_id": self.business.id,
                "amount": 50,
            }
        )
        _liquidity, suspense, _other = line._seek_for_lines()
        suspense.account_id = self.receivable(invoice).account_id
        (suspense | self.receivable(invoice)).reconcile()
        self.report()
        day = (self.today - timedelta(days=1)).isoformat()
        self.assertEqual(self.reported("paydate", "type"), [(50, day, "directpayment")])
        self.assertInStep(invoice)

    def test_money_that_lay_loose_is_reported_when_it_is_assigned(self):
        invoice = self.transferred()
        payment = self.loose_payment(40)
        self.report()
        self.assertEqual(self.reported(), [])
        self.assign(invoice, payment.move_id)
        self.report()
        self.assertEqual(self.reported(), [(40,)])
        self.assertInStep(invoice)

    def test_more_money_than_is_owed_is_reported_up_to_the_debt(self):
        invoice = self.transferred()
        self.pay(invoice, 200)
        self.report()
        self.assertEqual(self.reported(), [(125.5,)])
        self.assertInStep(invoice)

    def test_write_off_is_a_capital_change_and_no_payment(self):
        invoice = self.transferred()
        expense = self.company_data["default_account_expense"]
        receivable = self.receivable(invoice)
        entry = self.env["account.move"].create(
            {
                "journal_id": self.misc.id,
                "date": self.today,
                "line_ids": [
                    Command.create({"account_id": expense.id, "debit": 5.5}),
                    Command.create(
                        {
                            "account_id": receivable.account_id.id,
                            "partner_id": self.business.id,
                            "credit": 5.5,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        self.assign(invoice, entry)
        self.report()
        mark = self.marked(invoice, entry)["identifier"]
        self.assertEqual(
            self.reported("type", "identifier", "description"),
            [(5.5, None, mark, entry.name)],
        )
        self.assertInStep(invoice)

    def test_payment_with_write_off_settles_the_whole(self):
        invoice = self.transferred()
        self.pay(
            invoice,
            125,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.company_data["default_account_expense"].id,
        )
        self.assertEqual(invoice.amount_residual, 0)
        self.report()
        self.assertEqual(self.reported(), [(125.5,)])
        self.assertInStep(invoice)

    # --- what is shown of it ---

    def test_payment_and_credit_note_show_what_was_reported_of_them(self):
        invoice = self.transferred()
        payment, note = self.pay(invoice, 50), self.credit(invoice, 20)
        self.report()
        for record, open_after in ((payment, 75.5), (note, 50.4)):
            reported = record.with_user(self.user).ropo_reported_ids
            self.assertEqual(reported.move_id, invoice)
            self.assertEqual(reported.mapped("capital_after"), [open_after])
            self.assertTrue(reported.done_at)
            with Form(record.with_user(self.user)) as form:
                self.assertEqual(len(form.ropo_reported_ids), 1)

    # --- reversed ---

    def test_unreconciled_payment_is_reversed_and_reported_anew_when_it_comes_back(
        self,
    ):
        invoice = self.transferred()
        payment = self.pay(invoice, 50)
        self.report()
        invoice.js_remove_outstanding_partial(self.partials(invoice).id)
        self.report()
        self.assertEqual(self.reported(), [(50,), (-50,)])
        self.assertInStep(invoice)
        self.assign(invoice, payment.move_id)
        self.report()
        self.assertEqual(self.reported(), [(50,), (-50,), (50,)])
        self.assertInStep(invoice)

    def test_payment_reset_to_draft_is_reversed_and_reported_anew_when_posted(self):
        """Odoo keeps its partial, and its open amount does not change."""
        invoice = self.transferred()
        payment = self.pay(invoice, 50)
        self.report()
        payment.action_draft()
        self.report()
        self.assertEqual(self.reported(), [(50,), (-50,)])
        self.assertEqual(self.capital(invoice), 125.5)
        payment.action_post()
        self.report()
        self.assertEqual(self.reported(), [(50,), (-50,), (50,)])
        self.assertInStep(invoice)
        payment.action_draft()
        self.report()
        self.assertEqual(self.reported()[3:], [(-50,)])
        payment.action_post()
        self.report()
        self.assertInStep(invoice)

    def test_what_is_reported_late_after_a_reversal_settles_the_case_no_more(self):
        before = fields.Datetime.now() - timedelta(hours=1)
        invoice = self.transferred()
        case = invoice.ropo_job_ids.filtered("is_collected").sudo()
        payment = self.pay(invoice)
        self.report()
        self.assertEqual((case.stage, case.open_amount), ("paid", 0))
        payment.action_draft()
        self.report()
        self.assertEqual((case.stage, case.open_amount), ("reminder", 125.5))
        inbox = self.env["ropo.inbox"].sudo()
        row = {"statusid": "L1", "jobid": int(case.jobid), "statuscode": 101}
        inbox._store(self.account, [{**row, "statustime": str(before)}])
        inbox._interpret_waiting(self.account)
        self.assertEqual((case.stage, case.open_amount), ("reminder", 125.5))

    def test_money_before_the_transfer_reset_to_draft_raises_the_capital(self):
        invoice = self.create_invoice(days_overdue=20)
        payment = self.pay(invoice, 25.5)
        self.transfer(invoice)
        payment.action_draft()
        self.report()
        self.assertEqual(self.reported(), [(-25.5,)])
        self.assertEqual(self.capital(invoice), 125.5)
        payment.action_post()
        self.report()
        self.assertInStep(invoice)

    def test_deleted_payment_is_reversed(self):
        invoice = self.transferred()
        payment = self.pay(invoice, 50)
        self.report()
        payment.action_draft()
        payment.unlink()
        self.report()
        self.assertEqual(self.reported(), [(50,), (-50,)])
        self.assertInStep(invoice)

    def test_cancelled_full_payment_opens_the_case_again(self):
        invoice = self.transferred()
        payment = self.pay(invoice)
        self.report()
        self.run_cron("cron_poll_status")
        self.assertEqual(invoice.ropo_state, "closed")
        payment.action_cancel()
        self.report()
        self.run_cron("cron_poll_status")
        self.assertEqual(self.reported(), [(125.5,), (-125.5,)])
        self.assertEqual(self.sandbox.job(jobtype=1)["stage"], "reminder")
        self.assertEqual(invoice.ropo_state, "reminder")
        self.assertInStep(invoice)

    def test_payment_that_vanished_before_it_was_reported_is_never_reported(self):
        invoice = self.transferred()
        self.pay(invoice, 50)
        self.run_cron("cron_post_payments")
        invoice.js_remove_outstanding_partial(self.partials(invoice).id)
        self.run_cron("cron_post_payments")
        self.assertEqual(
            self.requests_of(invoice, "payment").mapped("state"), ["cancelled"]
        )
        self.run_cron("cron_process_requests")
        self.assertEqual(self.reported(), [])
        self.assertEqual(self.capital(invoice), invoice.amount_residual)

    def test_payment_drafted_before_it_was_reported_is_reported_when_posted_again(self):
        invoice = self.transferred()
        payment = self.pay(invoice, 50)
        self.run_cron("cron_post_payments")
        payment.action_draft()
        self.report()
        self.assertEqual(self.reported(), [])
        payment.action_post()
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertEqual(self.capital(invoice), invoice.amount_residual)

    # --- currencies ---

    def test_foreign_invoice_paid_in_company_currency_is_reported_in_its_own(self):
        invoice = self.transferred(currency_id=self.sek.id)
        euro = self.env.company.currency_id
        self.pay(invoice, 5, currency_id=euro.id, payment_date=self.today)
        self.report()
        self.assertEqual(self.reported(), [(60,)])
        self.assertInStep(invoice)
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        wizard.create(
            {"currency_id": euro.id, "payment_date": self.today}
        )._create_payments()
        self.assertTrue(self.partials(invoice).exchange_move_id)
        self.assertEqual(invoice.amount_residual, 0)
        self.report()
        self.assertEqual(self.reported(), [(60,), (65.5,)])
        self.assertInStep(invoice)

    # --- money that came through Ropo ---

    def test_money_of_a_settlement_journal_is_never_reported_back(self):
        invoice = self.transferred()
        bank = self.company_data["default_journal_bank"]
        self.account.settlement_journal_ids = bank
        self.pay(invoice, 20)
        self.report()
        self.assertEqual(self.reported(), [])
        self.account.settlement_journal_ids = False
        bank.ropo_settlement = True
        self.pay(invoice, 30)
        self.report()
        self.assertEqual(self.reported(), [])

    def test_money_that_ropo_reported_is_never_reported_back(self):
        invoice = self.transferred()
        job = self.sandbox.job(jobtype=1)
        self.sandbox.post(f"jobs/{job['jobid']}/pay", amount=50)
        self.run_cron("cron_poll_status")
        self.assertEqual(invoice.ropo_job_ids.open_amount, 75.5)
        self.pay(invoice, 50)
        self.report()
        asked = self.requests_of(invoice, "payment")
        asked.with_user(self.manager).action_came_through_ropo()
        self.report()
        self.assertEqual(self.reported(), [])
        self.assertInStep(invoice)
        # A second payment of the same amount is not Ropo's.
        self.pay(invoice, 50, payment_date=self.today - timedelta(days=1))
        self.report()
        self.assertEqual(self.reported(), [(50,)])
        self.assertInStep(invoice)

    def test_payment_that_ropo_reports_back_is_not_reported_or_counted_twice(self):
        """The older interface reports back every payment that it got."""
        self.sandbox.post(
            "profiles", cid="700001", apicode="sandbox-apicode", status_rows="full"
        )
        invoice = self.transferred()
        self.pay(invoice, 50)
        self.report()
        self.run_cron("cron_poll_status")
        self.pay(invoice, 50)
        self.report()
        self.assertEqual(self.reported(), [(50,), (50,)])
        self.run_cron("cron_poll_status")
        self.assertInStep(invoice)

    def echo(self, invoice, amount, **values):
        """Ropo lists money of the case; its event."""
        job = invoice.sudo().ropo_job_ids
        number = self.env["ropo.event"].search_count([]) + 1
        row = {
            "statusid": f"P9{number}",
            "jobid": int(job.jobid),
            "statustype": "payment",
            "statustime": "2030-01-01 10:00:00",
            "paydate": self.today.isoformat(),
            "amount": amount,
            **values,
        }
        inbox = self.env["ropo.inbox"].sudo()
        event = inbox._store(self.account, [row])
        inbox._interpret_waiting(self.account)
        return event

    def reported_once(self):
        """An invoice of which a payment of 50 was reported, and that report's mark."""
        invoice = self.transferred()
        self.pay(invoice, 50)
        self.report()
        return invoice, f"odoo-{self.requests_of(invoice, 'payment').id}"

    def test_equal_money_at_ropo_weeks_later_is_not_taken_for_our_own_report(self):
        invoice, _mark = self.reported_once()
        later = (self.today + timedelta(days=20)).isoformat()
        event = self.echo(invoice, 50, paydate=later, statustext="Paid to Ropo")
        self.assertFalse(event.request_id or event.doubt_request_id)
        self.assertEqual(invoice.ropo_job_ids.open_amount, 25.5)

    def test_our_own_report_bears_its_day_and_its_mark(self):
        invoice, mark = self.reported_once()
        event = self.echo(invoice, 50, statustext=f"Direct payment {mark}")
        self.assertEqual(event.request_id, self.requests_of(invoice, "payment"))
        self.assertEqual(invoice.ropo_job_ids.open_amount, 75.5)

    def test_what_may_be_our_own_report_counts_when_a_person_says_so(self):
        for values in (
            {"statustext": "Paid"},
            {"statustext": "Paid odoo-1"},
            {"statusref": "{mark}", "paydate": "2030-01-01"},
        ):
            with self.subTest(values):
                invoice, mark = self.reported_once()
                values = {k: v.format(mark=mark) for k, v in values.items()}
                request = self.requests_of(invoice, "payment")
                case = invoice.ropo_job_ids
                event = self.echo(invoice, 50, **values)
                self.assertEqual(event.doubt_request_id, request)
                self.assertEqual(case.open_amount, 75.5, "it does not count yet")
                event.with_user(self.manager).action_interpret()
                self.assertEqual(event.doubt_request_id, request)
                self.assertEqual(
                    self.account.activity_ids.mapped("summary"),
                    ["Own report, or a different payment?"],
                )
                with self.assertRaises(AccessError):
                    event.with_user(self.user).action_is_other_money()
                event.with_user(self.manager).action_is_other_money()
                self.assertEqual(case.open_amount, 25.5)
                event.with_user(self.manager).action_interpret()
                self.assertEqual(case.open_amount, 25.5)
                self.assertFalse(event.request_id or event.doubt_request_id)
                with self.assertRaises(UserError):
                    event.with_user(self.manager).action_is_own_report()

    def test_a_person_says_that_it_is_our_own_report(self):
        invoice, _mark = self.reported_once()
        event = self.echo(invoice, 50)
        event.with_user(self.manager).action_is_own_report()
        event.with_user(self.manager).action_interpret()
        self.assertEqual(event.request_id, self.requests_of(invoice, "payment"))
        self.assertEqual(invoice.ropo_job_ids.open_amount, 75.5)

    def test_interpreting_again_never_changes_what_has_counted(self):
        """Money came to Ropo, and the same amount to us on that day, later."""
        invoice = self.transferred()
        event = self.echo(invoice, 50, statustext="Paid to Ropo")
        self.assertEqual(invoice.ropo_job_ids.open_amount, 75.5)
        self.pay(invoice, 50)
        self.report()
        self.requests_of(invoice, "payment").with_user(self.manager).action_retry()
        self.report()
        self.assertEqual(self.requests_of(invoice, "payment")[0].state, "done")
        before = invoice.ropo_job_ids.open_amount
        event.with_user(self.manager).action_interpret()
        self.assertFalse(event.request_id or event.doubt_request_id)
        self.assertEqual(invoice.ropo_job_ids.open_amount, before)

    def test_one_case_that_fails_does_not_stop_the_others(self):
        """Nor does a whole account."""
        broken, invoice = self.transferred(), self.transferred()
        other = self._create_account(self.env.company, sequence=1)
        foreign = self.create_invoice(days_overdue=20)
        self.transfer(foreign)
        self.work_off(other)
        self.assertEqual(foreign.ropo_job_ids.account_id, other)
        for move in (broken, invoice, foreign):
            self.pay(move, 50)
        change_vals = RopoComparison._change_vals

        def fails(comparison, row):
            if row["move_id"] == broken.id:
                raise ValueError("of one row")
            return change_vals(comparison, row)

        with (
            patch.object(RopoComparison, "_change_vals", fails),
            mute_logger("odoo.addons.ropo_connect.services.transaction"),
        ):
            self.run_cron("cron_post_payments")
        queued = (self.requests_of(move, "payment") for move in (invoice, foreign))
        self.assertEqual([len(requests) for requests in queued], [1, 1])
        self.assertFalse(self.requests_of(broken, "payment"))
        self.report()
        self.assertInStep(broken, invoice)

    # --- credit notes ---

    def test_credit_note_is_reported_as_a_credited_amount(self):
        invoice = self.transferred()
        note = self.credit(invoice, 20)
        self.report()
        (call,) = self.sandbox.state()["payments"]
        self.assertEqual(
            call["request"],
            {
                "jobid": int(invoice.ropo_job_ids.jobid),
                "amount": 25.1,
                "paydate": note.date.isoformat(),
                "creditnotebillnum": note.name,
                **self.marked(invoice, note),
            },
        )
        self.assertInStep(invoice)

    def test_credit_note_is_reported_as_a_job_that_credits_the_case(self):
        self.account.credit_allocation = "credit_job"
        invoice = self.transferred()
        note = self.credit(invoice, 20)
        self.report()
        request = self.requests_of(invoice, "credit_allocation")
        job = self.sandbox.job(credit=True)
        self.assertEqual(request.payload, job["dataset"])
        self.assertEqual(
            request.payload,
            {
                **self.head_of(note, request),
                "jobtype": 0,
                "checkbillnum": 0,
                "netamount": -20,
                "vatamount": -5.1,
                "totalamount": -25.1,
                "refundtojobid": int(invoice.ropo_job_ids.jobid),
                "payrow": [
                    {
                        "desc": f"Credit note {note.name}",
                        "count": -1,
                        "amount": 20,
                        "taxpr": 25.5,
                        "netamount": -20,
                    }
                ],
                "taxrow": [
                    {
                        "taxpr": 25.5,
                        "netamount": -20,
                        "vatamount": -5.1,
                        "totalamount": -25.1,
                    }
                ],
            },
        )
        self.assertEqual(self.capital(invoice), 100.4)
        self.assertInStep(invoice)

    def head_of(self, move, request):
        partner = move.partner_id
        return {
            "ownref": str(request.id),
            "billnum": move.name,
            "billdate": move.invoice_date.isoformat(),
            "paydate": move.invoice_date_due.isoformat(),
            "currency": "EUR",
            "customertype": 1,
            "company": partner.name,
            "address": "Esimerkkikatu 1",
            "postcode": "00100",
            "city": "Helsinki",
            "addresscountry": "FIN",
            "country": "FIN",
            "language": "eng",
            "custnum": f"ODOO-{partner.id}",
            "govid": "0000001-9",
        }

    def test_full_credit_note_ends_the_case_either_way(self):
        for way in ("payment", "credit_job"):
            with self.subTest(way):
                self.account.credit_allocation = way
                invoice = self.transferred()
                self.credit(invoice)
                self.assertEqual(invoice.amount_residual, 0)
                self.report()
                self.run_cron("cron_poll_status")
                self.assertInStep(invoice)
                self.assertEqual(invoice.ropo_state, "closed")

    def test_credit_note_over_two_cases_is_reported_by_its_parts_either_way(self):
        for way in ("payment", "credit_job"):
            with self.subTest(way):
                self.account.credit_allocation = way
                invoices = self.transferred() | self.transferred(amount=200)
                note = self.create_invoice(move_type="out_refund", amount=150)
                for invoice in invoices:
                    self.assign(invoice, note)
                self.report()
                self.assertEqual(sum(invoices.mapped("amount_residual")), 188.25)
                self.assertInStep(*invoices)

    def test_credit_note_that_is_taken_back_raises_the_capital_either_way(self):
        for way in ("payment", "credit_job"):
            with self.subTest(way):
                self.account.credit_allocation = way
                invoice = self.transferred()
                note = self.credit(invoice, 20)
                self.report()
                invoice.js_remove_outstanding_partial(self.partials(invoice).id)
                self.report()
                self.assertEqual(self.capital(invoice), 125.5)
                self.assertInStep(invoice)
                self.assign(invoice, note)
                self.report()
                self.assertInStep(invoice)

    # --- what Ropo answers ---

    def test_a_refused_payment_is_reported_when_a_manager_tries_again(self):
        invoice = self.transferred()
        job = self.sandbox.job(billnum=invoice.name)
        self.sandbox.post(f"jobs/{job['jobid']}/force", statusid=1)
        self.pay(invoice, 50)
        self.report()
        self.requests_of(invoice, "payment").with_user(self.manager).action_retry()
        self.report()
        self.assertEqual(self.capital(invoice), invoice.amount_residual)
        self.assertFalse(invoice.ropo_problem)
