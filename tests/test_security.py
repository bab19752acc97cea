"""Who may do what, whose account speaks, and what may not be touched."""

import contextlib
import re
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import Cursor
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..channels.errors import CredentialsRefused
from .common import RopoCommon

RIGHTS = ("read", "write", "create", "unlink")
# Of reader, Ropo user, Ropo manager; a plain employee may nothing.
ACCESS = {
    "ropo.account": ("r", "r", "rwcu"),
    "ropo.job": ("r", "r", "r"),
    "ropo.request": ("r", "r", "r"),
    "ropo.event": ("r", "r", "r"),
    "ropo.status.code": ("r", "r", "rwcu"),
    "ropo.token": ("", "", ""),
    "ropo.send.wizard": ("", "rwcu", "rwcu"),
    "ropo.send.wizard.line": ("", "rwcu", "rwcu"),
    "ropo.transfer.wizard": ("", "rwcu", "rwcu"),
    "ropo.transfer.wizard.line": ("", "rwcu", "rwcu"),
    "ropo.pdf.wizard": ("", "rwcu", "rwcu"),
    "ropo.pdf.wizard.line": ("", "rwcu", "rwcu"),
}
CREDENTIALS = ("cid", "apicode", "webhook_key", "webhook_user", "webhook_password")
OURS = ("ropo.account", "ropo.job", "ropo.request", "ropo.event")
EVIL = "<img src=x onerror=alert(1)>"


@tagged("post_install", "-at_install")
class TestSecurity(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company(name="Other Oy")
        cls.other_account = cls._create_account(
            cls.other["company"], cid="700009", apicode="other-apicode"
        )
        cls.reader = cls.new_user("reader", "account.group_account_readonly")
        cls.employee = cls.new_user("employee", "base.group_user")

    @classmethod
    def new_user(cls, login, groups, company=None):
        company = company or cls.env.company
        return new_test_user(
            cls.env,
            login=login,
            groups=groups,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def setUp(self):
        super().setUp()
        self.sandbox.post("profiles", cid="700009", apicode="other-apicode")

    # --- helpers ---

    def others_invoice(self, **values):
        """An invoice of the other company."""
        return self.create_invoice(
            journal_id=self.other["default_journal_sale"].id,
            invoice_line_ids=[
                Command.create(
                    {"name": "Work", "price_unit": 100, "tax_ids": [Command.clear()]}
                )
            ],
            **values,
        )

    def sent(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        return invoice

    @contextlib.contextmanager
    def statements(self):
        """The SQL that runs inside."""
        seen = []
        execute = Cursor.execute

        def listen(cursor, query, *args, **kwargs):
            seen.append(query.code if isinstance(query, SQL) else str(query))
            return execute(cursor, query, *args, **kwargs)

        self.env.flush_all()
        with patch.object(Cursor, "execute", listen):
            yield seen
            self.env.flush_all()

    # --- access ---

    def test_who_may_do_what(self):
        users = (self.employee, self.reader, self.user, self.manager)
        found = {
            model: tuple(
                "".join(
                    right[0]
                    for right in RIGHTS
                    if self.env[model].with_user(user).has_access(right)
                )
                for user in users
            )
            for model in ACCESS
        }
        self.assertEqual(found, {name: ("", *row) for name, row in ACCESS.items()})

    def test_credentials_are_for_system_administrators_only(self):
        for user in (self.reader, self.user, self.manager):
            account = self.account.with_user(user)
            for name in CREDENTIALS:
                with self.subTest(f"{user.login} {name}"):
                    with self.assertRaises(AccessError):
                        account.read([name])
                    with self.assertRaises(AccessError):
                        account.search([(name, "=like", "s%")])
                    with self.assertRaises(AccessError):
                        account.mapped(name)
                    with self.assertRaises(AccessError):
                        account.write({name: "mine"})
            self.assertFalse(set(CREDENTIALS) & set(account.fields_get()))
        self.assertEqual(self.account.read(["cid"])[0]["cid"], "700001")

    def test_a_manager_sets_up_an_account_without_its_credentials(self):
        account = (
            self.env["ropo.account"]
            .with_user(self.manager)
            .create({"name": "Second", "environment": "test"})
        )
        self.assertTrue(account.sudo().webhook_key)
        account.write({"batch_size": 20, "service_model": "unify"})
        copied = account.copy()
        self.assertNotEqual(copied.sudo().webhook_key, account.sudo().webhook_key)
        copied.unlink()

    def test_a_manager_can_not_lead_the_credentials_to_another_host(self):
        """Who may not read them may not have them sent to another host."""
        account = self.account.with_user(self.manager)
        with contextlib.suppress(AccessError, UserError):
            account.write(
                {"environment": "sandbox", "base_url": "https://mine.example.com"}
            )
        elsewhere = self.account.base_url != self.sandbox.url
        self.assertFalse(elsewhere and self.account.cid and self.account.apicode)

    def test_a_user_sends_transfers_and_fetches(self):
        self.env.invalidate_all()
        invoice = self.create_invoice(days_overdue=20)
        self._wizard("ropo.send.wizard", invoice, self.user).action_send()
        self.env.flush_all()
        self.cr.postcommit.run()  # the answer is there when the click returns
        self.env.invalidate_all()
        mine = invoice.with_user(self.user)
        self.assertEqual(mine.ropo_state, "sent")
        mine.action_ropo_fetch_pdf()
        self.transfer(invoice, user=self.user)
        self.assertEqual(mine.ropo_state, "reminder")
        mine.ropo_job_ids.action_refresh()
        mine.ropo_job_ids.event_ids.read()
        mine.ropo_request_ids.read(["state", "error"])
        self.assertFalse(mine.ropo_problem)
        self.assertEqual(mine.ropo_account_id, self.account)

    def test_who_may_not_send_can_not(self):
        invoice = self.create_invoice(days_overdue=20)
        for user in (self.reader, self.employee):
            for model in ("ropo.send.wizard", "ropo.transfer.wizard"):
                with self.assertRaises(AccessError):
                    self._wizard(model, invoice, user).action_send()

    def test_what_was_reported_can_not_be_changed_by_hand(self):
        invoice = self.sent()
        request, job = invoice.ropo_request_ids, invoice.ropo_job_ids
        vals = {
            name: request[name].id if name.endswith("_id") else request[name]
            for name in ("account_id", "company_id", "move_id", "currency_id")
        }
        for user in (self.user, self.manager, self.env.user):
            mine = invoice.with_user(user)
            with self.subTest(user.login), mute_logger("odoo.addons.base.models"):
                with self.assertRaises(AccessError):
                    request.with_user(user).write({"state": "rejected"})
                with self.assertRaises(AccessError):
                    request.with_user(user).unlink()
                with self.assertRaises(AccessError):
                    request.with_user(user).create({**vals, "operation": "payment"})
                with self.assertRaises(AccessError):
                    update = Command.update(request.id, {"state": "rejected"})
                    mine.write({"ropo_request_ids": [update]})
                with self.assertRaises(AccessError):
                    job.with_user(user).write({"stage": "paid"})

    def test_only_a_manager_decides(self):
        invoice = self.create_invoice()
        self.sandbox.fault("drop_after", method="POST")
        self.send(invoice)
        request = invoice.ropo_request_ids
        for user in (self.user, self.reader):
            mine = request.with_user(user)
            for name in ("retry", "resolve_done", "resolve_requeue", "cancel"):
                with self.subTest(name), self.assertRaises(AccessError):
                    getattr(mine, f"action_{name}")()
        self.assertEqual(request.state, "unknown")
        request.with_user(self.manager).action_resolve_done()
        self.assertEqual(request.state, "done")

    def test_only_its_manager_makes_an_account_speak(self):
        for action in ("action_test_connection", "action_poll_status"):
            for account, user in (
                (self.account, self.employee),
                (self.account, self.reader),
                (self.account, self.user),
                (self.other_account, self.user),
                (self.other_account, self.manager),
            ):
                with self.subTest(f"{action} {account.name} {user.login}"):
                    with self.assertRaises(AccessError):
                        getattr(account.with_user(user), action)()
        self.assertEqual(self.sandbox.state()["calls"], {})

    def test_personal_numbers_are_for_managers(self):
        self.consumer.ropo_personal_id = "131052-308T"
        with self.assertRaises(AccessError):
            self.consumer.with_user(self.user).read(["ropo_personal_id"])
        number = self.consumer.with_user(self.manager).ropo_personal_id
        self.assertEqual(number, "131052-308T")
        self.assertFalse(self.consumer.copy().ropo_personal_id)
        invoice = self.create_invoice(self.consumer)
        self.send(invoice, user=self.user)
        self.assertNotIn("131052-308T", str(invoice.ropo_request_ids.payload))

    def test_the_number_of_a_person_is_seen_by_managers_alone_whatever_ropo_says(self):
        number = "131052-308"  # without its last character: Ropo refuses it
        self.consumer.ropo_personal_id = number
        invoice = self.create_invoice(self.consumer, days_overdue=20)
        with self.assertLogs("odoo.addons.ropo_connect", "DEBUG") as logs:
            self.transfer(invoice, user=self.user)
        request = self.requests_of(invoice)
        self.assertEqual(request.state, "rejected")
        self.assertEqual(request.error, "govid: … is no personal identity code")
        self.assertEqual(request.payload["govid"], number)
        for name in ("payload", "payload_text", "response", "response_text"):
            self.assertIn(number, str(request.with_user(self.manager)[name]))
            with self.subTest(name), self.assertRaises(AccessError):
                request.with_user(self.user).read([name])
        seen = request.with_user(self.user)
        self.assertNotIn(number, str(seen.read()))
        records = invoice, invoice.partner_id, request.account_id
        messages = [message for record in records for message in record.message_ids]
        texts = [message.body for message in messages] + logs.output
        texts += request.account_id.activity_ids.mapped("note")
        self.assertNotIn(number, str(texts))

    # --- companies ---

    def test_nothing_of_another_company_is_seen(self):
        mine, others = self.create_invoice(), self.others_invoice()
        self.send(mine | others)
        for account in self.account | self.other_account:
            self.work_off(account)
            number = (mine | others).filtered(
                lambda move, account=account: move.ropo_account_id == account
            )
            jobid = self.sandbox.job(billnum=number.name, cid=account.cid)["jobid"]
            self.sandbox.post(f"jobs/{jobid}/comment", text="Hello")
        self.run_cron("cron_poll_status")
        strangers = {
            self.env.company: self.new_user("mine", "ropo_connect.group_ropo_manager"),
            self.other["company"]: self.new_user(
                "others", "ropo_connect.group_ropo_manager", self.other["company"]
            ),
        }
        for company, user in strangers.items():
            for model in OURS:
                with self.subTest(f"{company.name} {model}"):
                    seen = self.env[model].with_user(user).search([])
                    self.assertTrue(seen)
                    self.assertEqual(seen.sudo().company_id, company)
        with self.assertRaises(AccessError):
            self.send(others, user=strangers[self.env.company])
        with self.assertRaises(AccessError):
            others.ropo_job_ids.with_user(strangers[self.env.company]).action_refresh()

    def test_each_document_goes_through_its_own_companys_account(self):
        mine, others = self.create_invoice(), self.others_invoice()
        self.assertEqual(self.env.company, mine.company_id)
        self.assertEqual(others.ropo_account_id, self.other_account)
        self.send(mine | others)
        self.work_off(self.other_account)
        holders = {job["billnum"]: job["cid"] for job in self.sandbox.jobs()}
        cids = {"700001", "700009"}
        self.assertEqual(set(holders.values()) | cids, cids)
        self.assertEqual(
            [(job["cid"], job["amount"]) for job in self.sandbox.jobs()],
            [("700001", mine.amount_total), ("700009", others.amount_total)],
        )
        for move in mine | others:
            self.assertEqual(move.ropo_request_ids.company_id, move.company_id)
            self.assertEqual(move.ropo_job_ids.company_id, move.company_id)

    def test_the_account_of_the_journal_wins(self):
        second = self._create_account(self.env.company, sequence=99)
        invoice = self.create_invoice()
        self.assertEqual(invoice.ropo_account_id, self.account)
        invoice.journal_id.ropo_account_id = second
        self.assertEqual(invoice.ropo_account_id, second)
        second.active = False
        self.assertEqual(invoice.ropo_account_id, self.account)
        with self.assertRaises(UserError):
            invoice.journal_id.ropo_account_id = self.other_account

    def test_a_branch_uses_its_parents_account(self):
        branch = self.env["res.company"].create(
            {
                "name": "Branch Oy",
                "parent_id": self.env.company.id,
                "country_id": self.env.ref("base.fi").id,
            }
        )
        self.cr.precommit.run()  # gives it its parent's accounts
        (self.env.user | self.user).company_ids |= branch
        journal = self.company_data["default_journal_sale"]
        invoice = self.create_invoice(company_id=branch.id, journal_id=journal.id)
        self.assertEqual(invoice.company_id, branch)
        self.assertEqual(invoice.ropo_account_id, self.account)
        self.send(invoice, user=self.user)
        self.assertEqual(invoice.ropo_state, "sent")
        self.assertEqual(invoice.ropo_job_ids.company_id, branch)
        own = self._create_account(branch)
        invoice.invalidate_recordset()
        self.assertEqual(invoice.ropo_account_id, own)

    def test_no_request_or_case_joins_two_companies(self):
        mine = self.create_invoice()
        values = {
            "account_id": self.other_account.id,
            "company_id": mine.company_id.id,
            "move_id": mine.id,
            "currency_id": mine.currency_id.id,
        }
        records = (
            ("ropo.request", {"operation": "invoice", **values}),
            ("ropo.job", {"kind": "invoice", "stage": "invoiced", **values}),
        )
        for model, vals in records:
            with self.subTest(model=model):
                with self.assertRaisesRegex(UserError, "Other Oy"):
                    self.env[model].sudo().create(vals)

    def test_a_branchs_journal_may_choose_the_parents_account(self):
        branch = self.env["res.company"].create(
            {"name": "Branch Oy", "parent_id": self.env.company.id}
        )
        self.cr.precommit.run()
        journal = self.env["account.journal"].create(
            {
                "name": "Branch Sales",
                "type": "sale",
                "code": "BRS",
                "company_id": branch.id,
            }
        )
        journal.ropo_account_id = self.account
        self.assertEqual(journal.ropo_account_id, self.account)
        with self.assertRaisesRegex(UserError, "Other Oy"):
            journal.ropo_account_id = self.other_account

    # --- what others write ---

    def test_foreign_html_is_shown_as_text(self):
        invoice = self.create_invoice(days_overdue=20)
        self.transfer(invoice)
        jobid = self.sandbox.job()["jobid"]
        self.sandbox.post(f"jobs/{jobid}/stage", stage="collection", text=EVIL)
        self.run_cron("cron_poll_status")
        body = str(invoice.message_ids[0].body)
        self.assertIn("&lt;img src=x onerror=alert(1)&gt;", body)
        self.assertNotIn("<img", body)
        self.account._pause(CredentialsRefused(EVIL))
        note = str(self.account.activity_ids.note)
        self.assertIn("&lt;img", note)
        self.assertNotIn("<img", note)
        # Shown by the client as text, so never a field of HTML.
        for model, name in (
            ("ropo.request", "error"),
            ("ropo.event", "text"),
            ("ropo.job", "stage_text"),
            ("account.move", "ropo_problem"),
        ):
            self.assertIn(self.env[model]._fields[name].type, ("char", "text"))

    # --- what Ropo holds ---

    def test_what_ropo_holds_is_neither_deleted_nor_changed(self):
        sent, lost, queued = (self.create_invoice() for _n in range(3))
        self.send(sent)
        self.sandbox.fault("drop_after", method="POST")
        self.send(lost)
        self._wizard("ropo.send.wizard", queued).action_send()
        self.assertEqual(
            (sent | lost | queued).mapped("ropo_state"), ["sent", "unknown", "queued"]
        )
        for move in sent | lost | queued:
            with self.assertRaises(UserError):
                move.unlink()
            for attempt in (
                move.with_context(force_delete=True).unlink,
                move.button_draft,
                move.button_cancel,
                move.with_user(self.user).button_draft,
            ):
                with self.subTest(f"{move.ropo_state} {attempt.__name__}"):
                    with self.assertRaises(UserError) as raised:
                        attempt()
                    self.assertIn(move.name, str(raised.exception))
                    self.assertIn("Ropo has it", str(raised.exception))
        self.assertEqual((sent | lost | queued).mapped("state"), ["posted"] * 3)

    def test_what_ropo_refused_can_be_changed_and_deleted(self):
        self.business.write({"ropo_sendtype": "email", "email": "nowhere"})
        refused = self.create_invoice()
        self.send(refused)
        self.assertEqual(refused.ropo_state, "rejected")
        refused.button_draft()
        refused.with_context(force_delete=True).unlink()
        self.assertFalse(refused.exists())

    def test_a_copy_knows_nothing_of_ropo(self):
        invoice = self.sent()
        invoice.write({"ropo_hold": True, "ropo_notice_date": fields.Date.today()})
        copy = invoice.copy()
        names = [name for name in copy._fields if name.startswith("ropo_")]
        names.remove("ropo_account_id")
        self.assertFalse([name for name in names if copy[name]])

    # --- cost ---

    def test_posting_and_paying_ask_nothing_of_ropos_tables(self):
        invoice = self.create_invoice(post=False)
        other = self.create_invoice(days_overdue=20, amount=50)
        self.transfer(other)
        self.env.flush_all()
        self.env.invalidate_all()
        with self.statements() as posting:
            invoice.action_post()
        with self.statements() as paying:
            self.pay(invoice)
        with self.statements() as paying_collected:
            self.pay(other)
        for what, statements in (
            ("posting", posting),
            ("paying", paying),
            ("paying what is collected", paying_collected),
        ):
            with self.subTest(what):
                self.assertTrue(statements)
                self.assertEqual(list(filter(concerns_ropo, statements)), [])


def concerns_ropo(statement):
    """Reads or writes a table of ours, or writes a column of ours."""
    table = re.search(r'(?:from|join|into|update)\s+"?ropo_', statement, re.I)
    column = re.match(r"\s*update", statement, re.I) and "ropo_" in statement
    return table or column
