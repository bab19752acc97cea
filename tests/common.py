"""A Finnish company with an account at a real sandbox over real HTTP."""

import atexit
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from unittest import SkipTest
from urllib.parse import urlsplit

import requests

from odoo import Command, fields
from odoo.tests import HOST, new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .available import SANDBOX, missing, reason

COMPANY = "company_1_data"  # as Odoo's own tests call it
ROOT = Path(__file__).resolve().parents[1]
REAL_SEND = requests.Session.send  # Odoo's tests put another in its place


class Sandbox:
    """The stand-in for Ropo as a process, and what tests want of it."""

    def __init__(self, *arguments):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        atexit.register(self.stop)
        self.url = self._process.stdout.readline().split()[-1]

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def post(self, path, **body):
        response = requests.post(f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        response.raise_for_status()
        return response.json() if response.content else None

    def reset(self):
        self.post("reset")

    def state(self):
        return requests.get(f"{self.url}/_sandbox/state", timeout=10).json()

    def jobs(self, **values):
        """The jobs that it holds, those with these values."""
        return [
            job
            for job in self.state()["jobs"]
            if all(job[name] == value for name, value in values.items())
        ]

    def job(self, **values):
        (job,) = self.jobs(**values)
        return job

    def fault(self, kind, path="/rest/jobs", **values):
        """Goes wrong at the next call of `path` (`times=1` unless given)."""
        self.post("faults", faults=[{"kind": kind, "path": path, "times": 1, **values}])

    def heal(self):
        self.post("faults", faults=[])


class RopoCommon(AccountTestInvoicingCommon):
    """An account, customers and invoices to work with.

    New cursors see the test's own transaction, so that code which commits runs as it
    is, and nothing of it stays.
    """

    country_code = "FI"

    @classmethod
    def setUpClass(cls):
        if absent := missing(SANDBOX):
            raise SkipTest(reason(absent))
        super().setUpClass()
        # One for each class: Odoo ends what a class leaves running.
        cls.sandbox = Sandbox()
        cls.addClassCleanup(cls.sandbox.stop)
        cls.today = fields.Date.today()
        # Of one's own reminder, long enough ago to collect from anybody.
        cls.reminded_on = cls.today - timedelta(days=14)
        cls.account = cls._create_account(cls.env.company)
        cls.business = cls._create_partner(
            "Example Oy", is_company=True, company_registry="0000001-9"
        )
        cls.consumer = cls._create_partner("Esimerkki Asiakas", is_company=False)
        cls.user = new_test_user(
            cls.env,
            login="ropo_user",
            groups="ropo_connect.group_ropo_user",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.companies.ids)],
        )
        cls.manager = new_test_user(
            cls.env,
            login="ropo_manager",
            groups="ropo_connect.group_ropo_manager",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.companies.ids)],
        )
        cls.registry_enter_test_mode_cls()

    @classmethod
    def make_company(cls, env):
        """The company that all classes of this country book with; see dev/books.py."""
        maker = type("Maker", (cls,), {"env": env})
        company = maker._create_company(name=COMPANY)
        # Who makes one may work in it: nobody would, as each class has its own user.
        env.user.company_ids -= company

    @classmethod
    def setup_independent_company(cls, **kwargs):
        # EXTENDS 'account'
        made = cls.env["res.company"].search([("name", "=", COMPANY)])
        if not made or kwargs:
            return super().setup_independent_company(**kwargs)
        if made.country_id.code != cls.country_code:
            return cls._create_company(name=f"{COMPANY}, {cls.country_code}")
        cls.env.user.company_ids += made  # as of one that it has just made
        return made

    @classmethod
    def get_default_groups(cls):
        # EXTENDS 'account'
        groups = super().get_default_groups()
        return (
            groups
            | cls.env.ref("base.group_system")
            | cls.env.ref("ropo_connect.group_ropo_manager")
        )

    def setUp(self):
        super().setUp()
        self.sandbox.reset()
        self.env["ropo.token"].sudo().search([]).unlink()

    @classmethod
    def _request_handler(cls, session, request, /, **arguments):
        # OVERRIDE: Odoo blocks all but this machine and raises each timeout to 10 s.
        # Ours are meant; and a name under .invalid is never found (RFC 6761).
        host = urlsplit(request.url).hostname
        if host in (HOST, "localhost") or host.endswith(".invalid"):
            return REAL_SEND(session, request, **arguments)
        return super()._request_handler(session, request, **arguments)

    @classmethod
    def _create_account(cls, company, **values):
        return cls.env["ropo.account"].create(
            {
                "name": f"Ropo {company.name}",
                "company_id": company.id,
                "country": "fi",
                "environment": "sandbox",
                "base_url": cls.sandbox.url,
                "cid": "700001",
                "apicode": "sandbox-apicode",
                "timeout": 2,
                "user_id": cls.env.user.id,
                # Most tests are about what follows on the delivery.
                "delivered_elsewhere": True,
                **values,
            }
        )

    @classmethod
    def _register_collected(cls):
        """What debtors pay to Ropo is registered by itself, in `journal`, against
        `outstanding`."""
        cls.outstanding = cls.env["account.account"].create(
            {
                "name": "Money at Ropo",
                "code": "177777",
                "account_type": "asset_current",
                "reconcile": True,
            }
        )
        cls.journal = cls.env["account.journal"].create(
            {"name": "Ropo", "code": "ROPO", "type": "bank"}
        )
        methods = (
            cls.journal.inbound_payment_method_line_ids
            | cls.journal.outbound_payment_method_line_ids
        )
        methods.payment_account_id = cls.outstanding
        cls.account.write(
            {"settlement_journal_id": cls.journal.id, "register_payments": True}
        )

    @classmethod
    def _create_partner(cls, name, **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "street": "Esimerkkikatu 1",
                "zip": "00100",
                "city": "Helsinki",
                "country_id": cls.env.ref("base.fi").id,
                "lang": "en_US",
                **values,
            }
        )

    def create_invoice(self, partner=None, amount=100.0, days_overdue=0, **values):
        """A posted customer invoice over `amount` and 25.5 % tax."""
        post = values.pop("post", True)
        due = self.today - timedelta(days=days_overdue)
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or self.business).id,
                "invoice_date": due - timedelta(days=14),
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Work",
                            "quantity": 1,
                            "price_unit": amount,
                            "tax_ids": [Command.set(self.tax_255.ids)],
                        }
                    )
                ],
                **values,
            }
        )
        if post:
            invoice.action_post()
        return invoice

    @property
    def tax_255(self):
        return self._tax(25.5)

    def _tax(self, amount):
        """Finland's sales tax at this rate, some of which come archived."""
        taxes = self.env["account.tax"].with_context(active_test=False)
        tax = taxes.search(
            [
                ("company_id", "=", self.env.company.id),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "percent"),
                ("amount", "=", amount),
                ("price_include", "=", False),
            ],
            limit=1,
        )
        tax.active = True
        return tax

    def send(self, moves, user=None):
        """Sends through the wizard, as the button does, and works the outbox off."""
        wizard = self._wizard("ropo.send.wizard", moves, user)
        action = wizard.action_send()
        self.work_off()
        return action

    def transfer(self, moves, kind="reminder", user=None, **values):
        """Transfers through the wizard, those with a warning too."""
        wizard = self._wizard("ropo.transfer.wizard", moves, user, kind=kind, **values)
        wizard.line_ids.include = True
        action = wizard.action_transfer()
        self.work_off()
        return action

    def transferred(self, kind="reminder", **values):
        """A transferred invoice over 125.50."""
        invoice = self.create_invoice(days_overdue=20, **values)
        self.transfer(invoice, kind, notice_date=self.reminded_on)
        self.assertEqual(invoice.ropo_state, kind)
        return invoice

    def case(self, invoice):
        """The cases of it that Ropo collects, or did."""
        return invoice.sudo().ropo_job_ids.filtered("is_collected")

    def transferred_case(self, **values):
        """The same, and its case, as superuser: nobody may write cases by hand."""
        invoice = self.transferred(**values)
        return invoice, self.case(invoice)

    def at_ropo(self, job, what, **body):
        """Something happens to the case at Ropo."""
        self.sandbox.post(f"jobs/{job.jobid}/{what}", **body)

    def move_ropo_to(self, url):
        """Ropo's host answers somewhere else, or nowhere: the same profile."""
        self.env.flush_all()
        self.cr.execute(
            "UPDATE ropo_account SET base_url = %s WHERE id = %s",
            [url, self.account.id],
        )
        self.account.invalidate_recordset(["base_url"])

    def report(self):
        """Reports to Ropo what the ledger says and Ropo does not know yet."""
        self.compare()
        self.run_cron("cron_process_requests")

    def compare(self):
        """Queues what the ledger says and Ropo does not know yet."""
        self.run_cron("cron_post_payments")
        self.run_cron("cron_post_credit_notes")

    def _wizard(self, model, moves, user=None, **values):
        context = {"active_model": "account.move", "active_ids": moves.ids}
        env = self.env(user=user) if user else self.env
        return env[model].with_context(**context).create(values)

    def work_off(self, account=None):
        self.env.flush_all()
        self.env["ropo.outbox"]._work_off((account or self.account).id)
        self.env.invalidate_all()

    def frozen(self, invoice, account=None, own_reference=1):
        """An invoice as it would be sent."""
        account = account or self.account
        document = self.env["ropo.document"]._invoice(invoice, account, own_reference)
        return account._channel().freeze(document)

    def run_cron(self, name):
        """Runs one of the addon's crons as the scheduler does."""
        self.env.flush_all()
        self.env.ref(f"ropo_connect.{name}").sudo().method_direct_trigger()
        self.env.invalidate_all()

    def pay(self, invoice, amount=None, **values):
        """Pays with Odoo's own payment register."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"amount": amount or invoice.amount_residual, **values})
        )
        return wizard._create_payments()

    def queries(self, call):
        """How many queries `call()` takes when no record is in the cache.

        What the registry keeps for all is filled on the way, so whoever compares
        calls once before, by this: with records in the cache less would be asked for.
        """
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        call()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def assertSums(self, move, payload):
        """The total is Odoo's; net and tax too, but for taxes that are charges."""
        sign = -1 if move.move_type == "out_refund" else 1
        charges = sum(
            move.direction_sign * line.amount_currency
            for line in move.line_ids
            if line.tax_line_id.amount_type == "fixed"
        )
        posted = [
            round(sign * amount, 2)
            for amount in (
                move.amount_untaxed + charges,
                move.amount_tax - charges,
                move.amount_total,
            )
        ]
        names = ("netamount", "vatamount", "totalamount")
        self.assertEqual([payload[name] for name in names], posted)
        rows = [row for row in payload["payrow"] if "invoicerowtype" not in row]
        self.assertEqual(round(sum(row["netamount"] for row in rows), 2), posted[0])
        for part in ("taxrow", "accountrow"):
            if part in payload:
                sums = [
                    round(sum(row[name] for row in payload[part]), 2)
                    for name in names[:2]
                ]
                self.assertEqual(sums, posted[:2], part)

    def create_invoices(self, count, days_overdue=20):
        """As many posted invoices, each to a customer of its own."""
        partners = [
            self._create_partner(f"Example {number} Oy", is_company=True)
            for number in range(count)
        ]
        invoices = self.env["account.move"].concat(
            *(
                self.create_invoice(partner, days_overdue=days_overdue, post=False)
                for partner in partners
            )
        )
        invoices.action_post()
        return invoices

    def not_sent(self, **values):
        """Three invoices of the business: one whose answer was lost, one that Ropo
        refused, and one that waits."""
        lost, refused, waiting = (self.create_invoice(**values) for _n in range(3))
        self.sandbox.fault("drop_after", method="POST")
        self.send(lost)
        self.business.update({"ropo_sendtype": "email", "email": "nowhere"})
        self.send(refused)
        self.business.update({"ropo_sendtype": False, "email": False})
        self._wizard("ropo.send.wizard", waiting).action_send()
        return lost, refused, waiting

    def verdicts(self, moves, operation, **values):
        return self.env["ropo.eligibility"]._verdicts(moves, operation, **values)

    def requests_of(self, move, operation=None):
        requests_ = self.env["ropo.request"].search([("move_id", "=", move.id)])
        if operation:
            requests_ = requests_.filtered(lambda r: r.operation == operation)
        return requests_
