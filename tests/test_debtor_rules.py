"""What speaks against a transfer, and what becomes of a case that ended unpaid."""

from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from .test_debtor import DebtorCommon


@tagged("post_install", "-at_install")
class TestDelivered(DebtorCommon):
    """A reminder of an invoice that the debtor never got is none."""

    def setUp(self):
        super().setUp()
        self.account.write({"delivered_elsewhere": False, "auto_transfer": "reminder"})
        self.invoice = self.create_invoice(days_overdue=20)

    def assertNotDelivered(self, reason, operation="reminder"):
        for user in (self.env.user, self.user):
            verdict = self.verdict(
                self.invoice.with_user(user), operation, notice_date=self.reminded_on
            )
            self.assertEqual(verdict.code, "delivery")
            self.assertIn(reason, verdict.text)
        self.run_scheduled()
        self.assertFalse(self.sandbox.jobs(billnum=self.invoice.name, jobtype=1))

    def lost(self):
        self.sandbox.fault("drop_after", method="POST")
        self.send(self.invoice)
        self.assertEqual(self.invoice.ropo_state, "unknown")

    def refused(self):
        self.business.update({"ropo_sendtype": "email", "email": "nowhere"})
        self.send(self.invoice)
        self.business.update({"ropo_sendtype": False, "email": False})
        self.assertEqual(self.invoice.ropo_state, "rejected")

    def test_what_waits_to_be_delivered_is_not_transferred(self):
        self._wizard("ropo.send.wizard", self.invoice).action_send()
        self.account.paused_until = "2099-01-01"
        self.assertNotDelivered("not delivered yet")
        self.assertNotDelivered("not delivered yet", "collection")

    def test_what_is_being_sent_is_not_transferred(self):
        self._wizard("ropo.send.wizard", self.invoice).action_send()
        self.account.paused_until = "2099-01-01"
        self.invoice.sudo().ropo_request_ids._set_state("sending")
        self.assertNotDelivered("not delivered yet")

    def test_what_may_not_have_arrived_is_not_transferred(self):
        self.lost()
        self.assertNotDelivered("not known whether")

    def test_what_ropo_refused_to_deliver_is_not_transferred(self):
        self.refused()
        self.assertNotDelivered("rejected its delivery")

    def test_what_was_delivered_in_the_end_is_transferred(self):
        self.refused()
        self.send(self.invoice)
        self.run_scheduled()
        self.assertEqual(self.invoice.ropo_state, "reminder")

    def test_after_a_cancelled_delivery_odoos_own_mark_counts(self):
        self.refused()
        self.invoice.sudo().ropo_request_ids.action_cancel()
        self.assertTrue(self.verdict(self.invoice).warning)
        self.invoice.is_move_sent = True
        self.assertFalse(self.verdict(self.invoice).warning)

    def test_what_nobody_sent_waits_for_a_person(self):
        verdict = self.verdict(self.invoice)
        self.assertFalse(verdict.code)
        self.assertIn("not marked as sent", verdict.warning)
        self.account.auto_despite_warnings = True
        self.run_scheduled()
        self.assertFalse(self.requests_of(self.invoice), "no money, but no invoice")

    def test_odoos_own_mark_counts_as_delivered(self):
        self.invoice.is_move_sent = True
        self.assertFalse(self.verdict(self.invoice).warning)
        self.run_scheduled()
        self.assertEqual(self.invoice.ropo_state, "reminder")

    def test_what_is_delivered_outside_odoo_goes_where_the_account_says_so(self):
        self.account.delivered_elsewhere = True
        self.assertFalse(self.verdict(self.invoice).warning)
        self.run_scheduled()
        self.assertEqual(self.invoice.ropo_state, "reminder")

    def test_two_warnings_are_both_shown(self):
        self.pay_in_advance(self.business)
        warning = self.verdict(self.invoice).warning
        self.assertIn("not marked as sent", warning)
        self.assertIn("is not reconciled", warning)

    def test_a_delivery_that_is_asked_for_meanwhile_stops_the_transfer(self):
        self.invoice.is_move_sent = True
        terms = self.env["ropo.eligibility"]._default_terms(self.invoice)
        request = self.env["ropo.queueing"]._queue_transfer(
            self.invoice, "reminder", terms
        )
        other = self._create_account(
            self.env.company, name="Other", paused_until="2099-01-01"
        )
        self.env["ropo.request"]._queue(
            [
                {
                    **self.env["ropo.queueing"]._request_vals(self.invoice, "invoice"),
                    "account_id": other.id,
                }
            ]
        )
        self.work_off()
        self.assertEqual(request.state, "rejected")
        self.assertIn("not delivered yet", request.error)


@tagged("post_install", "-at_install")
class TestOddRecords(DebtorCommon):
    def setUp(self):
        super().setUp()
        self.account.auto_transfer = "reminder"
        self.odd = self.create_invoice(days_overdue=20)
        self.good = self.create_invoice(days_overdue=20)

    def without_maturity(self, invoice):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move_line SET date_maturity = NULL WHERE move_id = %s",
            [invoice.id],
        )
        self.env.invalidate_all()

    def test_debt_without_a_maturity_date_is_due_with_its_invoice(self):
        expected = self.odd._ropo_first_due()
        self.without_maturity(self.odd)
        self.assertFalse(self.verdict(self.odd).code)
        self.assertFalse(
            self.verdict(self.odd, "collection", notice_date=self.reminded_on).code
        )
        self.assertTrue(self.odd.ropo_may_transfer)
        self.assertEqual(self.odd._ropo_first_due(), expected)
        self.assertIn(
            self.odd, self.env["account.move"].search([("ropo_transferable", "=", 1)])
        )
        self.transfer(self.odd)
        job = self.sandbox.job(billnum=self.odd.name)
        self.assertEqual(job["dataset"]["paydate"], str(self.odd.invoice_date_due))

    def test_scheduled_run_takes_debt_without_a_maturity_date(self):
        self.without_maturity(self.odd)
        self.run_scheduled()
        self.assertEqual(self.odd.ropo_state, "reminder")
        self.assertEqual(self.good.ropo_state, "reminder")

    def test_debt_without_a_maturity_date_that_is_not_overdue_waits(self):
        fresh = self.create_invoice(days_overdue=1)
        self.without_maturity(fresh)
        self.assertEqual(self.verdict(fresh).code, "early")

    def test_instalments_without_maturity_dates_are_invoiced(self):
        invoice = self.instalments()
        self.without_maturity(invoice)
        self.send(invoice)
        self.assertEqual(invoice.ropo_state, "sent")

    def fails_for(self, name, bad):
        Eligibility = type(self.env["ropo.eligibility"])
        method = getattr(Eligibility, name)

        def fail(service, move, *args, **kwargs):
            if move == bad:
                raise ValueError("an odd record")
            return method(service, move, *args, **kwargs)

        return patch.object(Eligibility, name, fail)

    @mute_logger("odoo.addons.ropo_connect.services.transaction")
    def test_a_verdict_that_fails_stops_no_other(self):
        for operation in ("invoice", "reminder", "collection"):
            with self.fails_for("_document_verdict", self.odd):
                verdicts = self.verdicts(
                    self.odd | self.good, operation, notice_date=self.reminded_on
                )
            self.assertEqual(verdicts[self.odd].code, "failed")
            self.assertIn("ValueError", verdicts[self.odd].text)
            self.assertFalse(verdicts[self.good].code)

    @mute_logger("odoo.addons.ropo_connect.services.transaction")
    def test_an_odd_invoice_does_not_stop_the_scheduled_run(self):
        with self.fails_for("_document_verdict", self.odd):
            self.run_cron("cron_transfer_overdue")
            found = self.env["account.move"].search([("ropo_transferable", "=", 1)])
        self.assertFalse(self.requests_of(self.odd))
        self.assertTrue(self.requests_of(self.good))
        self.assertNotIn(self.odd, found)


@tagged("post_install", "-at_install")
class TestEndedUnpaid(DebtorCommon):
    """A person decides what becomes of a debt that Ropo no longer collects."""

    def setUp(self):
        super().setUp()
        self.account.auto_transfer = "reminder"
        self.invoice, self.case = self.transferred_case()

    def close(self, case):
        self.at_ropo(case, "stage", stage="closed")
        self.run_cron("cron_poll_status")
        self.assertEqual(case.stage, "closed")

    def questions(self):
        return self.account.activity_ids.filtered(
            lambda activity: "decision" in activity.summary
        )

    def test_until_it_is_decided_the_verdict_says_so(self):
        self.close(self.case)
        self.assertEqual(self.case.decision, "undecided")
        self.assertEqual(len(self.questions()), 1)
        verdict = self.verdict(self.invoice)
        self.assertEqual((verdict.code, verdict.record), ("ended", self.case))
        self.assertIn("Decide", verdict.text)
        self.run_scheduled()
        self.assertEqual(len(self.sandbox.jobs(billnum=self.invoice.name)), 1)
        wizard = self._wizard("ropo.transfer.wizard", self.invoice, self.user)
        self.assertEqual(wizard.line_ids.fix_record, self.case)

    def test_an_answer_that_ends_the_case_asks_too(self):
        self.case._end()
        self.assertEqual(self.case.decision, "undecided")
        self.assertEqual(len(self.questions()), 1)

    def test_nothing_is_asked_of_what_is_paid(self):
        self.pay(self.invoice)
        self.close(self.case)
        self.assertFalse(self.case.decision)
        self.assertFalse(self.questions())

    def test_it_is_transferred_again_when_a_manager_says_so(self):
        self.close(self.case)
        with self.assertRaises(AccessError):
            self.case.with_user(self.user).action_transfer_again()
        action = self.case.with_user(self.manager).action_transfer_again()
        self.assertEqual(action["res_model"], "ropo.transfer.wizard")
        self.assertEqual(action["context"]["active_ids"], self.invoice.ids)
        self.assertEqual(self.case.decision, "transfer")
        self.assertFalse(self.questions(), "it is answered")
        self.transfer(self.invoice, user=self.user)
        self.assertEqual(self.invoice.ropo_state, "reminder")
        cases = self.invoice.ropo_job_ids
        self.assertEqual(cases.mapped("stage"), ["reminder", "closed"])
        self.assertEqual(len(self.sandbox.jobs(billnum=self.invoice.name)), 2)

    def test_money_is_reported_to_the_new_case_alone(self):
        self.close(self.case)
        self.case.sudo().action_transfer_again()
        self.transfer(self.invoice)
        self.pay(self.invoice, 25.5)
        self.report()
        jobs = self.sandbox.jobs(billnum=self.invoice.name)
        self.assertEqual([job["capital"] for job in jobs], [125.5, 100])

    def test_what_ropo_delivered_and_collected_is_not_delivered_again(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send_by_unify(invoice)
        case = invoice.sudo().ropo_job_ids
        self.close(case)
        self.assertEqual(self.verdict(invoice).code, "ended")
        case.action_transfer_again()
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertEqual(self.verdicts(invoice, "invoice")[invoice].code, "sent")
        self.transfer(invoice)
        self.assertEqual(
            self.sandbox.job(billnum=invoice.name, jobtype=1)["cid"], "700001"
        )

    def test_left_alone_it_stays_so_until_somebody_decides_otherwise(self):
        self.close(self.case)
        self.case.with_user(self.manager).action_leave()
        self.assertEqual(self.case.decision, "leave")
        self.assertFalse(self.questions())
        verdict = self.verdict(self.invoice)
        self.assertEqual(verdict.code, "ended")
        self.assertIn("left", verdict.text)
        self.run_scheduled()
        self.assertEqual(len(self.sandbox.jobs(billnum=self.invoice.name)), 1)
        self.case.with_user(self.manager).action_transfer_again()
        self.assertFalse(self.verdict(self.invoice).code)

    def test_it_is_written_off_in_odoos_own_way(self):
        self.close(self.case)
        action = self.case.with_user(self.manager).action_write_off()
        loss = self.company_data["default_account_expense"]
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.manager)
            .with_context(**action["context"])
            .create({"writeoff_account_id": loss.id})
        )
        wizard.action_create_payments()
        self.env.invalidate_all()
        self.assertFalse(self.invoice.amount_residual)
        lines = self.env["account.move.line"].search([("account_id", "=", loss.id)])
        self.assertEqual(sum(lines.mapped("balance")), 125.5)
        self.assertEqual(self.verdict(self.invoice).code, "paid")
        self.assertFalse(self.case.may_decide)

    def test_only_what_ended_unpaid_is_decided(self):
        for name in ("action_transfer_again", "action_leave", "action_write_off"):
            with self.assertRaisesRegex(UserError, "nothing to decide"):
                getattr(self.case.with_user(self.manager), name)()


@tagged("post_install", "-at_install")
class TestOverdueNotTransferred(DebtorCommon):
    """One meaning each: not transferred, and ended."""

    def listed(self):
        """By the filter of the list, as its users see it."""
        view = self.env.ref("ropo_connect.account_move_view_search")
        node = etree.fromstring(view.arch).find(".//filter[@name='ropo_late']")
        domain = safe_eval(node.get("domain"))
        moves = self.env["account.move"].with_user(self.user).search(domain)
        self.assertEqual(moves.mapped("ropo_overdue"), [True] * len(moves))
        return moves.with_env(self.env)

    def test_the_filter_lists_what_is_overdue_and_not_transferred(self):
        bare, delivered, transferred, waiting, lost, paid, own, odd = (
            self.create_invoice(days_overdue=20) for _n in range(8)
        )
        early = self.create_invoice(days_overdue=0)
        self.send(delivered)
        self.transfer(transferred)
        self.sandbox.fault("drop_after", method="POST")
        self.transfer(lost)
        self.pay(paid)
        self.send_by_unify(own)
        ended, case = self.transferred_case()
        case._end()
        self._wizard("ropo.transfer.wizard", waiting).action_transfer()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move_line SET date_maturity = NULL WHERE move_id = %s",
            [odd.id],
        )
        self.env.invalidate_all()
        others = transferred | waiting | lost | paid | own | early
        found = self.listed()
        self.assertEqual(found & others, self.env["account.move"])
        for move in bare | delivered | ended | odd:
            self.assertIn(move, found)
        self.assertFalse(any(others.mapped("ropo_overdue")))

    def test_an_invoice_has_ended_when_its_case_is_paid_credited_or_closed(self):
        labels = dict(
            self.env["account.move"]
            ._fields["ropo_state"]
            ._description_selection(self.env)
        )
        stages = dict(
            self.env["ropo.job"]._fields["stage"]._description_selection(self.env)
        )
        self.assertNotIn(labels["closed"], stages.values(), "one word for one thing")
        for stage in ("paid", "credited", "closed"):
            invoice, case = self.transferred_case()
            case._enter_stage(stage, fields.Datetime.now())
            self.assertEqual(invoice.ropo_state, "closed")
