"""Ropo One for consumers and Maventa for companies, in one company, by the journal."""

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import RopoCommon
from .maventa import MaventaCommon


@tagged("post_install", "-at_install")
class TestTwoChannels(MaventaCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ropo_one = RopoCommon._create_account.__func__(
            cls, cls.env.company, name="Consumers", sequence=20
        )
        usual = cls.company_data["default_journal_sale"]
        cls.consumers = usual.copy(
            {
                "name": "Consumers",
                "code": "CONS",
                "default_account_id": usual.default_account_id.id,
                "ropo_account_id": cls.ropo_one.id,
            }
        )
        cls.companies = usual
        cls.companies.ropo_account_id = cls.account

    def sent(self, journal):
        invoice = self.create_invoice(days_overdue=20, journal_id=journal.id)
        self._wizard("ropo.send.wizard", invoice, self.user).action_send()
        self.work_both_off()
        self.run_cron("cron_poll_status")
        self.assertEqual(invoice.ropo_state, "sent")
        return invoice

    def work_both_off(self):
        for account in (self.account, self.ropo_one):
            self.work_off(account)

    def verdict(self, invoice):
        return self.verdicts(invoice, "reminder")[invoice]

    def run_schedule(self):
        (self.account | self.ropo_one).auto_transfer = "reminder"
        self.run_cron("cron_transfer_overdue")
        self.work_both_off()

    def collected_where(self, invoice):
        return (
            len(self.maventa("assignments", invoice_number=invoice.name)),
            len(self.sandbox.jobs(billnum=invoice.name, jobtype=1)),
        )

    # --- each its own way ---

    def test_each_journal_goes_its_own_way_from_the_invoice_to_the_money(self):
        company, consumer = self.sent(self.companies), self.sent(self.consumers)
        both = company | consumer
        wizard = self._wizard("ropo.transfer.wizard", both, self.user)
        self.assertTrue(wizard.has_several_accounts)
        self.assertFalse(any(wizard.line_ids.mapped("reason")))
        wizard.action_transfer()
        self.work_both_off()
        self.run_cron("cron_poll_status")
        self.assertEqual(self.collected_where(company), (1, 0))
        self.assertEqual(self.collected_where(consumer), (0, 1))
        for invoice in both:
            self.pay(invoice, 25.5)
        self.compare()
        self.run_cron("cron_process_requests")
        self.assertEqual(self.assignment_of(company)["capital"], 100)
        claim = self.sandbox.job(billnum=consumer.name, jobtype=1)
        self.assertEqual(claim["capital"], 100)

    # --- never the other's ---

    def test_what_ropo_one_delivered_maventa_transfers_by_no_schedule(self):
        invoice = self.sent(self.consumers)
        self.consumers.ropo_account_id = self.account
        self.run_schedule()
        self.assertEqual(self.collected_where(invoice), (0, 0))
        verdict = self.verdict(invoice)
        self.assertEqual(
            (verdict.code, verdict.record), ("invoice_missing", self.consumers)
        )
        self.assertIn("It was delivered through Ropo One.", verdict.text)

    def test_what_maventa_delivered_ropo_one_transfers_by_no_schedule(self):
        invoice = self.sent(self.companies)
        self.companies.ropo_account_id = self.ropo_one
        self.ropo_one.auto_despite_warnings = True
        self.run_schedule()
        self.assertEqual(self.collected_where(invoice), (0, 0))
        verdict = self.verdict(invoice)
        self.assertFalse(verdict.code)
        self.assertIn("It was delivered through Maventa, not", verdict.warning)

    def test_an_account_that_has_cases_keeps_its_channel(self):
        self.sent(self.companies)
        with self.assertRaisesRegex(ValidationError, "has 1 cases"):
            self.account.channel = "ropo_one"

    def test_a_person_who_includes_it_says_so(self):
        invoice = self.sent(self.companies)
        self.companies.ropo_account_id = self.ropo_one
        wizard = self._wizard("ropo.transfer.wizard", invoice, self.user)
        self.assertFalse(wizard.line_ids.goes)
        with self.assertRaisesRegex(UserError, "No invoice is included"):
            wizard.action_transfer()
        wizard.line_ids.include = True
        wizard.action_transfer()
        self.work_both_off()
        self.assertEqual(self.collected_where(invoice), (0, 1))

    def test_a_person_who_finds_it_there_says_so(self):
        """It went out twice: by Ropo One from here, and by Maventa from elsewhere."""
        invoice = self.sent(self.consumers)
        self.consumers.ropo_account_id = self.account
        self.from_elsewhere(invoice)
        self.assertTrue(invoice.ropo_may_find)
        invoice.with_user(self.user).action_ropo_find()
        self.assertFalse(self.verdict(invoice).code)
        self.transfer(invoice)
        self.assertEqual(self.collected_where(invoice), (1, 0))

    # --- once ---

    def test_what_one_collects_the_other_never_does(self):
        invoice = self.sent(self.consumers)
        self.transfer(invoice)
        self.work_both_off()
        self.assertEqual(self.collected_where(invoice), (0, 1))
        self.consumers.ropo_account_id = self.account
        self.assertEqual(self.verdict(invoice).code, "collected")
        self.assertFalse(invoice.ropo_may_find)
        self.run_schedule()
        self.assertEqual(self.collected_where(invoice), (0, 1))
        self.pay(invoice, 25.5)
        self.compare()
        self.work_both_off()
        claim = self.sandbox.job(billnum=invoice.name, jobtype=1)
        self.assertEqual(claim["capital"], 100)
