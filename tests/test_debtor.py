"""Each debtor is asked once, for what is owed: which facts decide about a transfer."""

from contextlib import contextmanager
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import file_path, mute_logger

from .test_transfer import TransferCommon

UNIFY = {
    "service_model": "unify",
    "cid": "700002",
    "apicode": "sandbox-apicode-2",
}
CONNECT = {
    "service_model": "connect",
    "cid": "700001",
    "apicode": "sandbox-apicode",
}


class DebtorCommon(TransferCommon):
    def run_scheduled(self):
        self.run_cron("cron_transfer_overdue")
        self.run_cron("cron_process_requests")

    def send_by_unify(self, invoice):
        """Sends it by another account, which is the company's first for that moment."""
        account = self._create_account(self.env.company, sequence=1, **UNIFY)
        invoice.invalidate_recordset()
        self._wizard("ropo.send.wizard", invoice).action_send()
        self.work_off(account)
        self.assertEqual(invoice.ropo_job_ids.account_id, account)
        account.sequence = 99
        invoice.invalidate_recordset()
        self.assertEqual(invoice.ropo_account_id, self.account)

    def assertNotTransferred(self, invoice):
        """Neither by a person, nor by the scheduled run, nor past both."""
        for user in (self.env.user, self.user, self.manager):
            verdict = self.verdict(invoice.with_user(user))
            self.assertEqual(verdict.code, "collected")
            self.assertFalse(invoice.with_user(user).ropo_transferable)
            with self.assertRaisesRegex(UserError, "collects it already"):
                self.transfer(invoice, user=user)
        before = self.sandbox.jobs(billnum=invoice.name)
        self.run_scheduled()
        self.assertEqual(self.sandbox.jobs(billnum=invoice.name), before)
        with self.refused_by_the_database():
            terms = self.env["ropo.eligibility"]._default_terms(invoice)
            self.env["ropo.queueing"]._queue_transfer(invoice, "reminder", terms)
            self.env.flush_all()

    @contextmanager
    def refused_by_the_database(self):
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            yield


@tagged("post_install", "-at_install")
class TestWhoCollects(DebtorCommon):
    """Ropo collects an invoice once, whatever the configuration becomes."""

    def test_invoice_ropo_collects_is_never_transferred_under_another_account(self):
        self.account.write(UNIFY)
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        self.assertEqual(self.sandbox.job(billnum=invoice.name)["jobtype"], 0)
        first = self._create_account(
            self.env.company, sequence=1, auto_transfer="reminder"
        )
        invoice.invalidate_recordset()
        self.assertEqual(invoice.ropo_account_id, first)
        self.assertNotTransferred(invoice)

    def test_invoice_ropo_collects_is_never_transferred_under_another_model(self):
        self.account.write({**UNIFY, "auto_transfer": "reminder"})
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        self.account.service_model = "connect"
        self.assertNotTransferred(invoice)

    def test_invoice_on_its_way_to_be_collected_is_never_transferred(self):
        self.account.write({**UNIFY, "auto_transfer": "reminder"})
        invoice = self.create_invoice(days_overdue=20)
        self._wizard("ropo.send.wizard", invoice).action_send()
        self.account.paused_until = "2099-01-01"
        self.account.service_model = "connect"
        self.assertNotTransferred(invoice)

    def test_what_ropo_only_delivered_is_transferred_under_any_model(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        self.account.service_model = "unify"
        self.assertFalse(self.verdict(invoice).code)
        self.transfer(invoice)
        self.assertEqual(invoice.ropo_state, "reminder")

    def test_what_waits_is_sent_as_it_was_asked_for(self):
        for asked, later, jobtype in ((UNIFY, "connect", 0), (CONNECT, "unify", 300)):
            self.account.write(asked)
            invoice = self.create_invoice()
            self.env["ropo.queueing"]._queue_sending(invoice)
            self.account.service_model = later
            self.work_off()
            job = self.sandbox.job(billnum=invoice.name)
            self.assertEqual(job["jobtype"], jobtype)
            case = invoice.ropo_job_ids
            self.assertEqual(case.is_collected, asked == UNIFY)
            self.assertEqual(case.open_amount, 125.5 if case.is_collected else 0)
            self.account.sudo().action_end_profile()

    def test_payload_is_that_of_the_model_that_was_asked_for(self):
        """But for its own number: whole, as if nothing had changed."""
        self.account.write(UNIFY)
        invoice = self.create_invoice()
        expected = self.frozen(invoice).body
        request = self.env["ropo.queueing"]._queue_sending(invoice)
        self.account.service_model = "embed"
        self.work_off()
        self.assertEqual({**request.payload, "ownref": 1}, {**expected, "ownref": 1})

    def test_upgrade_fills_in_who_collects(self):
        self.account.write(UNIFY)
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        self.account.write({"service_model": "connect", "sequence": 99})
        self.account = self._create_account(self.env.company, **CONNECT)
        reminded = self.transferred()
        delivered = self.create_invoice()
        self.send(delivered)
        twice = self.create_invoice(days_overdue=20)
        self.send(twice)
        self.transfer(twice)
        moves = invoice | reminded | delivered | twice
        requests = moves.sudo().ropo_request_ids
        facts = requests.mapped("collects")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ropo_request SET collects = NULL, service_model = NULL"
        )
        # As the fault left it: delivered by Unify, and transferred besides.
        cases = twice.sudo().ropo_job_ids
        cases.filtered(lambda job: job.kind == "invoice").is_collected = True
        self.env.flush_all()
        with self.assertLogs("odoo.addons.ropo_connect.migrations", "WARNING") as log:
            self.upgrade("19.0.1.1.0")
        self.assertIn(twice.name, log.output[0])
        self.env.invalidate_all()
        self.assertEqual(requests.mapped("collects"), facts)
        self.assertEqual(sorted(facts), [False, False, True, True, True])
        self.assertEqual(set(requests.mapped("service_model")), {"connect"})

    def test_upgrade_asks_about_what_was_closed_unpaid(self):
        cases = {}
        for paid in (0, 25.5, 125.5):
            invoice, case = self.transferred_case()
            if paid:
                self.pay(invoice, paid)
            cases[case] = paid < 125.5 and "undecided"
        self.env.flush_all()
        self.env.cr.execute("UPDATE ropo_job SET stage = 'closed', decision = NULL")
        self.env.invalidate_all()
        self.upgrade("19.0.1.1.0")
        self.env.invalidate_all()
        self.assertEqual({case: case.decision for case in cases}, cases)

    def upgrade(self, version):
        path = file_path(f"ropo_connect/migrations/{version}/post-migrate.py")
        spec = spec_from_file_location(
            "odoo.addons.ropo_connect.migrations.post_migrate", path
        )
        script = module_from_spec(spec)
        spec.loader.exec_module(script)
        script.migrate(self.env.cr, "19.0.1.0.0")


@tagged("post_install", "-at_install")
class TestRelease(DebtorCommon):
    """What no longer is Ropo's may be transferred anew."""

    def test_released_case_frees_its_invoice(self):
        invoice, case = self.transferred_case()
        self.assertNotTransferred(invoice)
        self.at_ropo(case, "stage", stage="closed")
        case._release()
        self.assertEqual(case.stage, "closed")
        self.assertTrue(case.request_ids.void)
        self.assertFalse(invoice.ropo_state)
        self.assertFalse(self.verdict(invoice).code)
        self.transfer(invoice)
        self.assertEqual(invoice.ropo_state, "reminder")
        self.assertEqual(len(self.sandbox.jobs(billnum=invoice.name)), 2)

    def test_released_delivery_stays_a_delivery(self):
        self.account.write(UNIFY)
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        case = invoice.sudo().ropo_job_ids
        case._release(is_delivered=True)
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertFalse(self.verdict(invoice).code)
        sending = self.verdicts(invoice, "invoice")[invoice]
        self.assertEqual(sending.code, "sent", "the debtor has it")


@tagged("post_install", "-at_install")
class TestAccountOfTheRequest(DebtorCommon):
    """What waits goes by the account that it was asked of."""

    def setUp(self):
        super().setUp()
        self.journal = self.company_data["default_journal_sale"]
        self.other = self._create_account(
            self.env.company,
            name="Other",
            country="se",
            min_days_b2b=90,
            min_amount=10000,
            einvoice_subject="other",
            default_sendtype="email",
            check_number=False,
            own_image=False,
        )

    def test_claim_goes_by_its_own_account_when_the_journals_changes(self):
        self.account.default_sendtype = "post"
        expected = self.payload_of("collection")
        self.journal.ropo_account_id = False
        found = self.payload_of("collection", change=True)
        self.assertEqual(found, expected)

    def test_delivery_goes_by_its_own_account_when_the_journals_changes(self):
        self.account.default_sendtype = "post"
        expected = self.payload_of("invoice")
        self.assertEqual(self.payload_of("invoice", change=True), expected)

    def payload_of(self, operation, change=False):
        """What is sent of an invoice whose journal gets another account meanwhile,
        but for what differs from invoice to invoice."""
        invoice = self.create_invoice(days_overdue=20)
        noticed = self.today - timedelta(days=10)
        terms = self.env["ropo.eligibility"]._default_terms(
            invoice, notice_date=noticed
        )
        if operation == "invoice":
            request = self.env["ropo.queueing"]._queue_sending(invoice)
        else:
            request = self.env["ropo.queueing"]._queue_transfer(
                invoice, operation, terms
            )
        if change:
            self.journal.ropo_account_id = self.other
            invoice.invalidate_recordset()
            self.assertEqual(invoice.ropo_account_id, self.other)
        self.work_off()
        self.assertEqual(request.state, "done", request.error)
        self.assertEqual(request.job_id.account_id, self.account)
        running = ("ownref", "billnum", "billcode")
        return {k: v for k, v in request.payload.items() if k not in running}
