"""A transfer through Maventa: its own rules, what it is refused for, and what Ropo
makes of it afterwards."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .maventa import SWEDEN, MaventaCommon


@tagged("post_install", "-at_install")
class TestMaventaRules(MaventaCommon):
    def verdict(self, invoice, operation="reminder", **terms):
        values = {}
        if terms:
            known = self.env["ropo.eligibility"]._default_terms(invoice)
            values["terms"] = {invoice: known[invoice]._replace(**terms)}
        return self.verdicts(invoice, operation, **values)[invoice]

    # --- the invoice itself ---

    def test_an_invoice_that_is_not_there_is_not_transferred(self):
        invoice = self.create_invoice(days_overdue=20)
        verdict = self.verdict(invoice)
        self.assertEqual((verdict.code, verdict.record), ("invoice_missing", invoice))
        self.assertIn("Send it, or press “Find Sent Invoice”", verdict.text)

    def test_nor_is_one_whose_delivery_is_open_or_failed(self):
        for status, code in (("PENDING", "undelivered"), ("FAILED", "delivery")):
            self.set_company(country="fi", service="ACTIVE", delivery=status)
            invoice = self.create_invoice(days_overdue=20)
            self.send(invoice)
            self.run_cron("cron_poll_status")
            self.assertEqual(self.verdict(invoice).code, code, status)

    def test_a_delivery_that_comes_about_later_lets_it_go(self):
        self.set_company(country="fi", service="ACTIVE", delivery="PENDING")
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        identifier = self.invoice_there(invoice)["id"]
        self.sandbox.post(f"maventa/invoices/{identifier}/delivery", status="DELIVERED")
        self.run_cron("cron_poll_status")
        self.assertFalse(self.verdict(invoice).code)

    def test_a_delivery_that_failed_shows_the_words_and_can_be_tried_again(self):
        self.set_company(country="fi", service="ACTIVE", delivery="PENDING")
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        identifier = self.invoice_there(invoice)["id"]
        self.sandbox.post(
            f"maventa/invoices/{identifier}/delivery",
            status="FAILED",
            message="No such address",
        )
        self.run_cron("cron_poll_status")
        request = self.requests_of(invoice)
        self.assertEqual(request.state, "rejected")
        self.assertIn("No such address", request.error)
        self.assertFalse(invoice.is_move_sent)
        activity = self.account.activity_ids.filtered(
            lambda a: a.summary == "An invoice was not delivered"
        )
        self.assertIn("No such address", activity.note)

    def test_how_many_queries_does_not_depend_on_how_many_invoices(self):
        invoices = self.create_invoices(12)
        self.send(invoices)
        self.run_cron("cron_poll_status")
        found = self.verdicts(invoices, "reminder")
        self.assertEqual({verdict.code for verdict in found.values()}, {False})
        _first, few, many = (  # the first fills the caches of the registry
            self.queries(lambda moves=moves: self.verdicts(moves, "reminder"))
            for moves in (invoices[:3], invoices[:3], invoices)
        )
        self.assertEqual(many, few)

    # --- days ---

    def test_no_account_goes_below_the_days_of_the_channel(self):
        self.account.write({"min_days_b2b": 0, "min_days_b2c": 0})
        for partner, days in ((self.business, 7), (self.consumer, 14)):
            early = self.delivered(partner=partner, days_overdue=days - 1)
            verdict = self.verdict(early)
            self.assertEqual(verdict.code, "early")
            tomorrow = fields.Date.to_string(self.today + timedelta(days=1))
            self.assertIn(
                self.env["ir.qweb.field.date"].value_to_html(tomorrow, {}),
                verdict.text,
            )
            self.assertFalse(
                self.verdict(self.delivered(partner=partner, days_overdue=days)).code
            )

    def test_an_account_may_wait_longer(self):
        self.account.min_days_b2b = 30
        self.assertEqual(self.verdict(self.delivered()).code, "early")

    # --- currency ---

    def test_only_the_currency_of_the_country_is_collected(self):
        krona = self.env.ref("base.SEK")
        krona.active = True
        invoice = self.delivered(currency_id=krona.id)
        verdict = self.verdict(invoice)
        self.assertEqual(verdict.code, "currency")
        self.assertIn("It is in SEK", verdict.text)
        self.assertIn("only EUR can be collected", verdict.text)

    # --- rent ---

    def test_rent_of_a_person_needs_the_number_and_is_sent_as_rent(self):
        invoice = self.delivered(partner=self.consumer)
        verdict = self.verdict(invoice, is_rental=True)
        self.assertEqual((verdict.code, verdict.record), ("rental", self.consumer))
        self.assertIn("personal identity number of Esimerkki Asiakas", verdict.text)
        self.consumer.ropo_personal_id = "010190-002R"
        self.transfer(invoice, is_rental=True)
        sent = self.assignment_of(invoice)["request"]
        self.assertEqual(sent["receivables_type"], "b2c_rental")
        self.assertEqual(sent["payers"][0]["personal_id"], "010190-002R")

    def test_what_is_no_rent_is_transferred_as_none(self):
        invoice = self.delivered(partner=self.consumer)
        self.transfer(invoice)
        sent = self.assignment_of(invoice)["request"]
        self.assertEqual(sent["receivables_type"], "b2c")

    def test_rent_of_a_company_needs_none(self):
        invoice = self.delivered()
        self.transfer(invoice, is_rental=True)
        sent = self.assignment_of(invoice)["request"]
        self.assertEqual(sent["receivables_type"], "b2b_rental")

    def test_rent_outside_finland_is_no_rent(self):
        invoice = self.delivered()
        self.account.country = "se"
        account = self.account
        krona = self.env.ref("base.SEK")
        krona.active = True
        verdict = self.env["ropo.channel.rules"]._rental_verdict(
            invoice, account, account._channel().capabilities
        )
        self.assertIn("can't be transferred as rent", verdict.text)

    # --- the service ---

    def test_without_the_service_nothing_is_transferred(self):
        invoice = self.delivered()
        for state, text in (
            ("inactive", "Activate it on the account"),
            ("pending", "Odoo informs the responsible"),
        ):
            self.account.sudo().service_state = state
            verdict = self.verdict(invoice)
            self.assertEqual((verdict.code, verdict.record), ("service", self.account))
            self.assertIn(text, verdict.text)

    # --- several debtors ---

    def co_debtor(self, **values):
        return self._create_partner(
            "Esimerkki Toinen",
            **{"parent_id": self.consumer.id, "type": "other", **values},
        )

    def test_a_co_debtor_chosen_in_the_wizard_is_a_payer_as_well(self):
        invoice = self.delivered(partner=self.consumer)
        other = self.co_debtor()
        wizard = self._wizard("ropo.transfer.wizard", invoice, self.user)
        wizard.line_ids.co_debtor_ids = other
        wizard.line_ids.include = True
        wizard.action_transfer()
        self.work_off()
        payers = self.assignment_of(invoice)["request"]["payers"]
        self.assertEqual(
            [payer["name"] for payer in payers],
            ["Esimerkki Asiakas", "Esimerkki Toinen"],
        )
        request = self.requests_of(invoice, "reminder")
        self.assertEqual(request.co_debtor_ids, other)

    def test_a_co_debtor_without_a_street_is_named(self):
        invoice = self.delivered(partner=self.consumer)
        other = self.co_debtor(street=False)
        verdict = self.verdict(invoice, co_debtors=(other.id,))
        self.assertEqual((verdict.code, verdict.record), ("address", other))
        self.assertIn("has no street. Complete the address", verdict.text)

    def test_a_payer_without_a_street_is_named(self):
        invoice = self.delivered()
        self.business.street = False
        verdict = self.verdict(invoice)
        self.assertIn("street", verdict.text)
        self.assertEqual(verdict.record, self.business)


@tagged("post_install", "-at_install")
class TestMaventaRefusals(MaventaCommon):
    """Each is a sentence on its own invoice, and the others go."""

    def put_two(self, **values):
        """Two transfers under way: `(invoice, its request, that of the other)`."""
        invoice, other = self.delivered(), self.delivered()
        wizard = self._wizard("ropo.transfer.wizard", invoice | other, **values)
        wizard.line_ids.include = True
        wizard.action_transfer()
        requests = [self.requests_of(move, "reminder") for move in (invoice, other)]
        return invoice, *requests

    def assertRefused(self, request, other, *texts):
        self.assertEqual(request.state, "rejected")
        for text in texts:
            self.assertIn(text, request.error)
        self.assertNotIn("Traceback", request.error)
        self.assertEqual(other.state, "done")

    def test_a_service_that_was_closed_meanwhile_is_named_and_known_from_then_on(self):
        invoice, request, other = self.put_two()
        self.set_company(country="fi", service="DISABLED")
        self.account.sudo().service_state = "active"
        self.work_off()
        for refused in (request, other):
            self.assertEqual(refused.state, "rejected")
            self.assertIn("The receivables service is not active.", refused.error)
        self.assertEqual(self.account.service_state, "inactive")
        self.assertEqual(self.verdicts(invoice, "reminder")[invoice].code, "service")

    def test_an_invoice_that_maventa_does_not_know(self):
        invoice, request, other = self.put_two()
        job = invoice.sudo().ropo_job_ids
        job.jobid = "5f0c1f9e-0009-4a00-8000-000000000009"
        self.work_off()
        self.assertRefused(request, other, "The invoice is not there.")

    def test_an_invoice_of_another_company_is_as_unknown(self):
        another = self._create_account(
            self.env.company, country="se", maventa_company_uuid=SWEDEN
        )
        usual = self.company_data["default_journal_sale"]
        journal = usual.copy({"default_account_id": usual.default_account_id.id})
        journal.ropo_account_id = another
        foreign = self.create_invoice(journal_id=journal.id)
        self._wizard("ropo.send.wizard", foreign).action_send()
        self.work_off(another)
        invoice, request, other = self.put_two()
        invoice.sudo().ropo_job_ids.jobid = self.invoice_there(foreign)["id"]
        self.work_off()
        self.assertRefused(request, other, "The invoice is not there.")

    def test_an_id_that_is_none_is_never_sent(self):
        invoice, request, other = self.put_two()
        invoice.sudo().ropo_job_ids.jobid = "7000001"
        self.work_off()
        self.assertRefused(request, other, "no UUID")

    def test_a_transfer_that_fails_later_shows_the_words_and_goes_after_the_fix(self):
        self.set_company(country="fi", service="ACTIVE", transfer="pending")
        invoice, request, _other = self.put_two()
        self.work_off()
        self.assertEqual(request.state, "done")
        identifier = self.invoice_there(invoice)["id"]
        path = f"maventa/invoices/{identifier}/transfer"
        self.sandbox.post(path, status="error", text="The debtor is not found")
        self.run_cron("cron_poll_status")
        self.assertEqual(request.state, "rejected")
        self.assertIn("The debtor is not found", request.error)
        self.assertNotEqual(invoice.ropo_state, "reminder")
        activity = self.account.activity_ids.filtered(
            lambda a: a.summary == "A transfer failed"
        )
        self.assertIn("The debtor is not found", activity.note)
        self.set_company(country="fi", service="ACTIVE")
        self.transfer(invoice)
        self.run_cron("cron_poll_status")
        self.assertEqual(self.assignment_of(invoice)["capital"], 125.5)
        self.assertEqual(invoice.ropo_state, "reminder")

    def test_a_transfer_is_pending_until_ropo_took_it(self):
        self.set_company(country="fi", service="ACTIVE", transfer="pending")
        invoice, _request, _other = self.put_two()
        self.work_off()
        case = invoice.sudo().ropo_job_ids.filtered("is_collected")
        self.assertEqual(case.progress, "pending")
        identifier = self.invoice_there(invoice)["id"]
        path = f"maventa/invoices/{identifier}/transfer"
        self.sandbox.post(path, status="sent")
        self.run_cron("cron_poll_status")
        self.assertEqual(case.progress, "done")

    def test_a_case_that_maventa_closed_is_not_taken_again_and_says_so(self):
        invoice = self.transferred()
        self.at_maventa(invoice, "close")
        self.run_cron("cron_poll_status")
        case = invoice.sudo().ropo_job_ids.filtered("is_collected")
        case.with_user(self.manager).action_transfer_again()
        self.transfer(invoice)
        request = self.requests_of(invoice, "reminder").sorted("id")[-1]
        self.assertEqual(request.state, "rejected")
        self.assertIn("The same is there already.", request.error)
        self.assertEqual(len(self.maventa("assignments")), 1)

    def test_a_reversal_asks_a_person_with_the_figures(self):
        invoice = self.transferred()
        payments = self.pay(invoice, 25.5)
        self.report()
        self.assertEqual(self.assignment_of(invoice)["capital"], 100)
        payments.action_draft()
        payments.action_cancel()
        self.report()
        self.assertEqual(self.assignment_of(invoice)["capital"], 100)
        notes = " ".join(self.account.activity_ids.mapped("note"))
        self.assertIn("25.5", notes)
        self.assertIn(invoice.name, notes)

    def test_a_payment_of_a_case_that_was_closed_meanwhile_is_refused_as_such(self):
        invoice = self.transferred()
        self.at_maventa(invoice, "close")
        self.pay(invoice, 25.5)
        self.report()
        request = self.requests_of(invoice, "payment")
        self.assertEqual((request.state, request.answer_meaning), ("rejected", "ended"))
        self.assertTrue(request.error)


@tagged("post_install", "-at_install")
class TestLinking(MaventaCommon):
    """Invoices that another program sent through Maventa are found there."""

    def test_one_that_is_there_is_found_followed_and_transferred(self):
        invoice = self.create_invoice(days_overdue=20)
        self.from_elsewhere(invoice)
        self.assertTrue(invoice.ropo_may_find)
        invoice.with_user(self.user).action_ropo_find()
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertTrue(invoice.is_move_sent)
        self.assertFalse(invoice.ropo_may_find)
        self.transfer(invoice)
        self.run_cron("cron_poll_status")
        self.assertEqual(invoice.ropo_state, "reminder")
        self.assertEqual(len(self.maventa("invoices")), 1)

    def refused(self, invoice):
        with self.assertRaises(UserError) as raised:
            invoice.with_user(self.user).action_ropo_find()
        self.assertFalse(self.requests_of(invoice))
        return str(raised.exception)

    def test_one_that_is_not_there_is_said_to_be_missing(self):
        invoice = self.create_invoice()
        text = self.refused(invoice)
        self.assertIn(f"There is no invoice {invoice.name}", text)

    def test_another_total_is_another_invoice(self):
        invoice = self.create_invoice()
        self.from_elsewhere(invoice)
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 90
        invoice.action_post()
        text = self.refused(invoice)
        self.assertIn("No single invoice", text)
        self.assertIn("125.5", text)

    def test_what_was_sent_from_here_needs_no_finding(self):
        invoice = self.create_invoice()
        self.send(invoice)
        self.assertFalse(invoice.ropo_may_find)
        with self.assertRaisesRegex(UserError, "Ropo has it already"):
            invoice.action_ropo_find()
