"""What is kept of cases that have ended, and for how long: over both channels."""

from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import RopoCommon
from .maventa import MaventaCommon

NUMBER = "131052-308T"


class Promises:
    """The promises, in the words of the addon; what happens there is with each."""

    def setUp(self):
        super().setUp()
        self.consumer.ropo_personal_id = NUMBER
        self.account.retention_months = 12

    # --- helpers ---

    def paid(self, months=13, partner=None, **values):
        """An invoice whose case ended so many months ago."""
        self.consumer.ropo_personal_id = NUMBER
        invoice = self.transferred(partner=partner or self.consumer, **values)
        self.pay_there(invoice, 125.5)
        self.close_there(invoice)
        self.run_cron("cron_poll_status")
        self.age(invoice, months)
        return invoice

    def age(self, invoice, months=13):
        now = fields.Datetime.now()
        self.case(invoice).stage_date = fields.Datetime.subtract(now, months=months)

    def left(self, invoice):
        """What is left of the raw data of its case."""
        case = self.case(invoice)
        requests = case.request_ids
        files = self.env["ir.attachment"].search(
            [("res_model", "=", "ropo.request"), ("res_id", "in", requests.ids)]
        )
        raw = (*requests.mapped("payload"), *requests.mapped("response"))
        return [kept for kept in (*raw, *case.event_ids.mapped("raw"), *files) if kept]

    def thin(self):
        self.run_cron("cron_thin_ended")

    # --- what goes, and what stays ---

    def test_what_was_sent_and_received_goes_when_the_time_is_over(self):
        invoice, fresh = self.paid(), self.paid(months=11)
        case = self.case(invoice)
        facts = (
            case.read(["stage", "amount", "billnum", "jobid", "debtor_reference"]),
            case.request_ids.read(["state", "amount", "operation", "done_at"]),
            case.event_ids.read(["kind", "amount", "text", "event_time", "state"]),
        )
        self.assertTrue(self.left(invoice))
        self.thin()
        self.assertFalse(self.left(invoice))
        self.assertTrue(self.left(fresh))
        self.assertTrue(case.request_ids and case.event_ids)
        self.assertEqual(
            (
                case.read(["stage", "amount", "billnum", "jobid", "debtor_reference"]),
                case.request_ids.read(["state", "amount", "operation", "done_at"]),
                case.event_ids.read(["kind", "amount", "text", "event_time", "state"]),
            ),
            facts,
        )
        note = str(self.account.message_ids[:1].body)
        # With those of the case that only delivered it, where there is one.
        cases = invoice.sudo().ropo_job_ids
        self.assertIn(f"{len(cases.request_ids)} requests", note)
        self.assertIn(f"{len(cases.event_ids)} events", note)

    def test_an_account_without_a_time_keeps_all(self):
        invoice = self.paid(months=99)
        self.account.retention_months = 0
        self.thin()
        self.assertTrue(self.left(invoice))

    def test_a_second_run_finds_nothing_and_says_nothing(self):
        self.paid()
        self.thin()
        messages = len(self.account.message_ids)
        self.thin()
        self.assertEqual(len(self.account.message_ids), messages)

    def test_what_runs_or_waits_for_a_person_stays(self):
        running = self.transferred(partner=self.consumer)
        undecided = self.transferred(partner=self.consumer)
        self.close_there(undecided)
        self.run_cron("cron_poll_status")
        self.assertTrue(self.case(undecided).may_decide)
        refused, unread = self.paid(), self.paid()
        self.case(refused).request_ids[:1].state = "unknown"
        self.case(unread).event_ids[:1].state = "review"
        for invoice in (running, undecided):
            self.age(invoice)
        self.thin()
        for invoice in (running, undecided, refused, unread):
            self.assertTrue(self.left(invoice))
        self.case(undecided).action_leave()
        self.thin()
        self.assertFalse(self.left(undecided))

    def test_what_was_refused_and_made_no_case_goes_too(self):
        values = {"state": "rejected", "payload": {"a": 1}, "response": {"b": 2}}
        old, fresh = (self.loose(self.create_invoice()) for _number in range(2))
        (old | fresh).write(values)
        self.cr.execute(
            "UPDATE ropo_request SET create_date = create_date - interval '13 months' "
            "WHERE id = %s",
            [old.id],
        )
        self.thin()
        self.assertFalse(old.payload or old.response)
        self.assertTrue(fresh.payload and fresh.response)
        self.assertTrue(old.thinned_on and not old.may_retry)
        with self.assertRaisesRegex(UserError, "has been deleted"):
            old.with_user(self.manager).action_retry()

    def test_what_was_delivered_and_paid_goes_though_nothing_was_collected(self):
        long_paid, just_paid, unpaid = (self.only_delivered() for _number in range(3))
        for invoice in (long_paid, just_paid):
            self.pay(invoice)
            self.assertEqual(invoice.payment_state, "paid")
        self.cr.execute(
            "UPDATE account_full_reconcile SET create_date = create_date "
            "- interval '13 months' WHERE id IN %s",
            [tuple(long_paid.line_ids.full_reconcile_id.ids)],
        )
        self.env.invalidate_all()
        requests = {
            invoice: self.requests_of(invoice, "invoice").sudo()
            for invoice in (long_paid, just_paid, unpaid)
        }
        self.thin()
        self.assertFalse(requests[long_paid].payload)
        self.assertTrue(requests[just_paid].payload)
        self.assertTrue(requests[unpaid].payload)

    def only_delivered(self):
        invoice = self.delivered(partner=self.consumer)
        invoice.sudo().ropo_job_ids.stage_date = fields.Datetime.subtract(
            fields.Datetime.now(), months=13
        )
        return invoice

    def loose(self, invoice):
        queueing = self.env["ropo.queueing"]
        vals = queueing._request_vals(invoice.sudo(), queueing._send_operation(invoice))
        return self.env["ropo.request"]._queue([vals])

    # --- how ---

    def test_one_bad_case_stops_no_other(self):
        bad, good = self.paid(), self.paid()
        retention = self.env.registry["ropo.retention"]
        thin_each = retention._thin_each

        def failing(model, records):
            if self.case(bad) in records:
                raise ValueError("bad")
            return thin_each(model, records)

        with (
            patch.object(retention, "_thin_each", failing),
            mute_logger("odoo.addons.ropo_connect"),
        ):
            self.thin()
        self.assertTrue(self.left(bad))
        self.assertFalse(self.left(good))

    def test_a_batch_costs_as_many_queries_as_one_case(self):
        one = self.case(self.paid(partner=self.business))
        some = one.concat(
            *(self.case(self.paid(partner=self.business)) for _number in range(4))
        )
        retention = self.env["ropo.retention"].sudo()
        costs = [
            self.queries(lambda cases=cases: retention._thin(cases))
            for cases in (some[3], one, some - one - some[3])
        ]
        self.assertEqual(*costs[1:])  # the first fills the caches of the registry

    # --- what goes on with what was thinned ---

    def test_a_late_event_of_a_thinned_case_is_taken_in_and_thinned_later(self):
        invoice = self.paid()
        self.thin()
        case = self.case(invoice)
        known = case.event_ids
        self.comment_there(invoice, "The debtor called")
        self.run_cron("cron_poll_status")
        late = case.event_ids - known
        self.assertEqual(set(late.mapped("state")), {"done"})
        self.assertIn("The debtor called", late.mapped("text"))
        self.assertTrue(all(late.mapped("raw")))
        self.assertEqual(case.open_amount, 0)
        self.age(invoice)
        self.thin()
        self.assertFalse(self.left(invoice))

    def test_events_that_were_thinned_are_not_kept_once_more(self):
        invoice = self.paid()
        self.thin()
        events = self.case(invoice).event_ids
        rows = self.account._call_now(
            lambda client: client.history(self.case(invoice)._ref())
        )
        self.assertTrue(rows)
        fresh = self.env["ropo.inbox"]._store(
            self.account, rows, profile=self.account.sudo().profile
        )
        self.assertFalse(fresh)
        self.assertEqual(self.case(invoice).event_ids, events)

    def test_reprocessing_a_thinned_event_says_so_and_changes_nothing(self):
        invoice = self.paid()
        self.thin()
        events = self.case(invoice).event_ids
        before = events.read(["kind", "amount", "state", "text"])
        with self.assertRaisesRegex(UserError, "can't be read again"):
            events.with_user(self.manager).action_interpret()
        self.assertEqual(events.read(["kind", "amount", "state", "text"]), before)

    def test_reports_and_the_comparison_work_with_thinned_cases(self):
        invoice = self.paid()
        self.thin()
        requests = self.requests_of(invoice)
        self.report()
        self.run_cron("cron_check_differences")
        self.assertEqual(self.requests_of(invoice), requests)
        found = self.env["ropo.receivable.report"].search(
            [("job_id", "=", self.case(invoice).id)]
        )
        self.assertEqual(len(found), 1)
        self.case(invoice).with_user(self.user).action_refresh()
        for user in (self.user, self.manager):
            self.case(invoice).with_user(user).sudo(False).read(["stage", "amount"])

    # --- personal identity numbers ---

    def test_the_personal_number_goes_from_what_was_sent_when_the_case_ends(self):
        self.account.retention_months = 0
        invoice, running = (
            self.with_number(self.transferred(partner=self.consumer))
            for _number in range(2)
        )
        request = self.claim(invoice)
        request.response = {"said": f"{NUMBER} is known", "n": 1}
        self.pay_there(invoice, 125.5)
        self.close_there(invoice)
        self.run_cron("cron_poll_status")
        self.assertIn(NUMBER, str(self.claim(running).payload))
        self.assertNotIn(NUMBER, str(request.payload))
        self.assertEqual(request.response, {"said": "… is known", "n": 1})
        self.assertIn("…", str(request.payload))
        self.assertIn("Esimerkki Asiakas", str(request.payload))
        self.assertEqual(self.consumer.ropo_personal_id, NUMBER, "all is kept")

    def test_the_number_of_a_company_stays(self):
        invoice = self.paid(partner=self.business)
        self.assertIn("0000001-9", str(self.claim(invoice).payload))

    def test_a_released_case_has_no_personal_number(self):
        invoice = self.with_number(self.transferred(partner=self.consumer))
        request = self.claim(invoice)
        self.case(invoice)._release()
        self.assertNotIn(NUMBER, str(request.payload))

    def test_the_customers_number_goes_with_the_last_case(self):
        first, last = (self.transferred(partner=self.consumer) for _n in range(2))
        for invoice in (first, last):
            self.assertEqual(self.consumer.ropo_personal_id, NUMBER)
            self.pay_there(invoice, 125.5)
            self.close_there(invoice)
            self.run_cron("cron_poll_status")
        self.assertFalse(self.consumer.ropo_personal_id)

    def test_the_customers_number_stays_while_a_transfer_waits(self):
        invoice = self.transferred(partner=self.consumer)
        waiting = self.ready(self.consumer)
        self._wizard(
            "ropo.transfer.wizard", waiting, notice_date=self.reminded_on
        ).action_transfer()
        self.pay_there(invoice, 125.5)
        self.close_there(invoice)
        self.run_cron("cron_poll_status")
        self.assertEqual(self.case(invoice).stage in ("paid", "closed"), True)
        self.assertEqual(self.consumer.ropo_personal_id, NUMBER)

    def test_the_customers_number_stays_until_it_is_decided_about_the_debt(self):
        invoice = self.transferred(partner=self.consumer)
        self.close_there(invoice)
        self.run_cron("cron_poll_status")
        self.assertEqual(self.case(invoice).decision, "undecided")
        self.assertEqual(self.consumer.ropo_personal_id, NUMBER)
        self.case(invoice).with_user(self.manager).sudo(False).action_leave()
        self.assertFalse(self.consumer.ropo_personal_id)

    def test_a_number_that_was_entered_since_is_not_erased_by_thinning_twice(self):
        self.paid()
        self.thin()
        self.consumer.ropo_personal_id = NUMBER
        self.thin()
        self.assertEqual(self.consumer.ropo_personal_id, NUMBER)

    # --- people ---

    def test_only_a_manager_says_how_long_it_is_kept(self):
        seller = new_test_user(
            self.env, login=f"seller {self.account.channel}", groups="base.group_user"
        )
        for user in (self.user, seller):
            with self.assertRaises(AccessError):
                self.account.with_user(user).retention_months = 1
        self.account.with_user(self.manager).retention_months = 6
        self.assertEqual(self.account.retention_months, 6)

    def claim(self, invoice):
        return self.requests_of(invoice, "reminder").sudo()


@tagged("post_install", "-at_install")
class TestRetentionAtRopoOne(Promises, RopoCommon):
    def with_number(self, invoice):
        self.assertEqual(self.claim(invoice).payload["govid"], NUMBER)
        return invoice

    def ready(self, partner):
        return self.create_invoice(partner, days_overdue=20)

    def delivered(self, partner):
        invoice = self.create_invoice(partner)
        self.send(invoice)
        return invoice

    def pay_there(self, invoice, amount):
        self.at_ropo(self.case(invoice), "pay", amount=amount)

    def close_there(self, invoice):
        self.at_ropo(self.case(invoice), "stage", stage="closed")

    def comment_there(self, invoice, text):
        self.at_ropo(self.case(invoice), "comment", text=text)

    def test_a_payment_is_taken_back_after_thinning(self):
        invoice = self.transferred(partner=self.consumer)
        payment = self.pay(invoice)
        self.report()
        self.run_cron("cron_poll_status")
        self.assertEqual(self.case(invoice).stage, "paid")
        self.age(invoice)
        self.thin()
        self.assertFalse(self.left(invoice))
        payment.action_draft()
        self.report()
        self.assertEqual(self.requests_of(invoice, "payment_reversal").state, "done")
        self.assertEqual(self.case(invoice).open_amount, 125.5)
        self.assertEqual(self.case(invoice).stage, "reminder")
        self.thin()
        reversal = self.requests_of(invoice, "payment_reversal")
        self.assertTrue(reversal.payload, "the case runs again")


@tagged("post_install", "-at_install")
class TestRetentionAtMaventa(Promises, MaventaCommon):
    def transferred(self, **values):
        # OVERRIDE: as rent, for which the number is sent
        partner = values.get("partner")
        if not partner or partner.is_company:
            return super().transferred(**values)
        invoice = self.delivered(**values)
        self.transfer(invoice, is_rental=True, notice_date=self.reminded_on)
        self.run_cron("cron_poll_status")
        return invoice

    def with_number(self, invoice):
        (payer,) = self.claim(invoice).payload["assignment"]["payers"]
        self.assertEqual(payer["personal_id"], NUMBER)
        return invoice

    def ready(self, partner):
        return self.delivered(partner=partner)

    def pay_there(self, invoice, amount):
        self.at_maventa(invoice, "pay", amount=amount)

    def close_there(self, invoice):
        if not self.assignment_of(invoice)["closed_at"]:
            self.at_maventa(invoice, "close")

    def comment_there(self, invoice, text):
        self.at_maventa(invoice, "comment", text=text)

    def test_the_e_invoice_that_was_sent_goes_too(self):
        invoice = self.paid()
        sent = self.requests_of(invoice, "invoice")
        self.assertTrue(sent.einvoice_id)
        self.assertEqual(sent.job_id.stage, "invoiced")
        self.thin()
        self.assertFalse(sent.einvoice_id or sent.sudo().payload)
        self.assertTrue(sent.einvoice_format)

    def test_what_is_delivered_and_not_collected_any_more_stays_its_time(self):
        invoice = self.paid(months=11)
        self.thin()
        self.assertTrue(self.requests_of(invoice, "invoice").einvoice_id)

    def test_a_payment_that_is_taken_back_after_thinning_is_for_a_person(self):
        invoice = self.transferred(partner=self.consumer)
        payment = self.pay(invoice)
        self.report()
        self.run_cron("cron_poll_status")
        self.age(invoice)
        self.case(invoice).stage = "paid"
        self.age(invoice)
        self.thin()
        self.assertFalse(self.left(invoice))
        payment.action_draft()
        self.report()
        reversal = self.requests_of(invoice, "payment_reversal")
        self.assertEqual(reversal.state, "rejected")
        self.assertIn("from 0.00", reversal.error)
        self.assertIn("to 125.50", reversal.error)
        self.assertIn(
            "A payment has to be reversed at Ropo manually",
            self.account.activity_ids.mapped("summary"),
        )
        self.thin()
        self.assertFalse(reversal.thinned_on, "it waits for a person")
