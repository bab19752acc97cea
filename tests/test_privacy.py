"""What of Ropo customers see (nothing), and what colleagues need to do their work."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, new_test_user, tagged

from .common import RopoCommon

# What a customer or a visitor may read some records of, or could one day.
OPEN_MODELS = (
    "account.move",
    "account.move.line",
    "account.payment",
    "account.journal",
    "res.partner",
    "res.company",
    "res.users",
)


@tagged("post_install", "-at_install")
class TestPrivacy(RopoCommon, HttpCase):
    registry_test_mode = False  # RopoCommon enters it, and twice is once too often

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = cls.new_user("portal", "base.group_portal")
        cls.portal.partner_id.write(
            {
                "parent_id": cls.business.id,
                "street": "Esimerkkikatu 1",
            }
        )
        cls.clerk = cls.new_user("clerk", "account.group_account_invoice")
        cls.reader = cls.new_user("reader", "account.group_account_readonly")
        cls.seller = cls.new_user(
            "seller", "base.group_user,base.group_partner_manager"
        )

    @classmethod
    def new_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login=login,
            groups=groups,
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
        )

    def ours(self, model):
        return [name for name in self.env[model]._fields if name.startswith("ropo_")]

    # --- customers ---

    def test_a_customer_reads_nothing_of_ropo(self):
        invoice = self.transferred(partner=self.portal.partner_id)
        invoice.message_subscribe(self.portal.partner_id.ids)
        invoice.write({"ropo_hold": True, "ropo_notice_date": self.today})
        self.business.ropo_no_collection = True
        self.env.flush_all()
        self.env.invalidate_all()
        # Customers do read their invoices, and themselves.
        mine = invoice.with_user(self.portal)
        self.assertEqual(mine.read(["name"])[0]["name"], invoice.name)
        partner = self.portal.partner_id.with_user(self.portal)
        self.assertTrue(partner.read(["name"]))
        for record in (mine, mine.line_ids[:1], partner, partner.parent_id):
            for name in self.ours(record._name):
                with self.subTest(f"{record._name} {name}"):
                    with self.assertRaises(AccessError):
                        record.read([name])
                    with self.assertRaises(AccessError):
                        record.search([(name, "!=", False)])
                    with self.assertRaises(AccessError):
                        record.mapped(name)

    def test_no_field_of_ours_is_open_to_customers_and_visitors(self):
        users = self.portal, self.env.ref("base.public_user").sudo(), self.seller
        for model in OPEN_MODELS:
            for user in users:
                seen = self.env[model].with_user(user)
                for name in self.ours(model):
                    with self.subTest(f"{user.login} {model} {name}"):
                        field = seen._fields[name]
                        self.assertFalse(seen._has_field_access(field, "read"))

    def test_the_portal_shows_what_ropo_does_not_collect_as_before(self):
        invoice = self.create_invoice(partner=self.portal.partner_id)
        self.send(invoice)
        self.assertEqual(invoice.ropo_state, "sent")
        self.env.flush_all()
        self.authenticate("portal", "portal")
        for path in ("/my", "/my/invoices", f"/my/invoices/{invoice.id}"):
            with self.subTest(path):
                answer = self.url_open(path)
                self.assertEqual(answer.status_code, 200)
                self.assertNotIn("ropo", answer.text.lower().replace("ropo_", ""))

    # --- colleagues ---

    def test_a_salesperson_keeps_customers_as_before(self):
        self.business.write(
            {"ropo_no_collection": True, "ropo_sendtype": "email", "ref": "C1"}
        )
        customer = self.business.with_user(self.seller)
        form = Form(customer)
        form.street = "Uusikatu 2"
        form.save()
        self.assertEqual(self.business.street, "Uusikatu 2")
        copied = customer.copy({"name": "Copied Oy"})
        self.assertFalse(copied.sudo().ropo_no_collection)
        self.assertTrue(customer.create({"name": "New Oy"}))
        for view in ("form", "list", "kanban", "search"):
            arch = customer.get_view(view_type=view)["arch"]
            self.assertNotIn('name="ropo_', arch)
        # Who sees the settings copies them.
        self.assertTrue(self.business.copy().ropo_no_collection)

    def test_invoicing_works_as_before_without_ropos_rights(self):
        Move = self.env["account.move"].with_user(self.clerk)
        for view in ("form", "list", "kanban", "search"):
            Move.get_view(view_type=view)
        invoice = Move.browse(self.create_invoice(post=False).id)
        with Form(invoice) as form:
            form.ref = "PO 1"
        invoice.action_post()
        self.assertEqual(invoice.read(["ropo_state"])[0]["ropo_state"], False)
        copied = invoice.copy()
        self.assertFalse(copied.ropo_state)
        copied.unlink()
        self.env["account.payment.register"].with_user(self.clerk).with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"amount": 25.5})._create_payments()
        wizard = self.env["account.move.send.wizard"].with_user(self.clerk)
        wizard.with_context(active_model="account.move", active_ids=invoice.ids).create(
            {"sending_methods": ["email"]}
        ).action_send_and_print()
        self.assertTrue(invoice.is_move_sent)
        invoice.button_draft()
        invoice.unlink()

    def test_who_reads_invoices_reads_where_they_stand_at_ropo(self):
        invoice = self.transferred()
        invoice.ropo_hold = True
        for user in (self.reader, self.clerk, self.user, self.manager):
            mine = invoice.with_user(user)
            with self.subTest(user.login):
                self.assertTrue(mine.ropo_hold)
                self.assertEqual(mine.ropo_state, "reminder")
                self.assertEqual(mine.ropo_job_count, 1)
                mine.read(self.ours("account.move"))
                personal = {"ropo_personal_id"}
                mine.partner_id.read(list(set(self.ours("res.partner")) - personal))


@tagged("post_install", "-at_install")
class TestBranch(RopoCommon):
    """A branch that uses its parent's account."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create(
            {
                "name": "Branch Oy",
                "parent_id": cls.env.company.id,
                "country_id": cls.env.ref("base.fi").id,
            }
        )
        cls.cr.precommit.run()  # gives it its parent's accounts
        cls.env.user.company_ids |= cls.branch
        cls.of_branch = cls.new_manager("of_branch", cls.branch)
        cls.of_parent = cls.new_manager("of_parent", cls.env.company)
        cls.of_both = cls.new_manager("of_both", cls.branch | cls.env.company)

    @classmethod
    def new_manager(cls, login, companies):
        return new_test_user(
            cls.env,
            login=login,
            groups="ropo_connect.group_ropo_manager",
            company_id=companies[0].id,
            company_ids=[Command.set(companies.ids)],
        )

    def events_seen_by(self, user):
        companies = {"allowed_company_ids": user.company_ids.ids}
        return self.env["ropo.event"].with_user(user).with_context(**companies)

    def test_an_event_is_seen_where_its_case_is(self):
        journal = self.company_data["default_journal_sale"]
        ours = self.create_invoice(
            days_overdue=20, company_id=self.branch.id, journal_id=journal.id
        )
        self.transfer(ours, notice_date=self.today)
        theirs = self.transferred()
        for move in ours | theirs:
            job = move.sudo().ropo_job_ids
            self.assertEqual(job.account_id, self.account)
            self.at_ropo(job, "comment", text=f"About {move.name}")
            self.at_ropo(job, "pay", amount=20)
        self.run_cron("cron_poll_status")
        for user, moves in (
            (self.of_branch, ours),
            (self.of_parent, theirs),
            (self.of_both, ours | theirs),
        ):
            with self.subTest(user.login):
                events = self.events_seen_by(user).search([])
                self.assertEqual(events.sudo().move_id, moves)
                self.assertEqual(len(events), 2 * len(moves))
                self.assertEqual(events.sudo().company_id, moves.company_id)
        mine = ours.with_user(self.of_branch)
        self.assertEqual(len(mine.ropo_event_ids), 2)

    def test_an_event_without_a_case_is_seen_where_the_account_is(self):
        row = {"id": "P1", "statustype": "comment", "billnum": "none"}
        self.env["ropo.inbox"]._receive(self.account, [row])
        self.assertTrue(self.events_seen_by(self.of_parent).search([]))
        self.assertFalse(self.events_seen_by(self.of_branch).search([]))

    def test_a_branch_uses_its_parents_account_and_does_not_change_it(self):
        account = self.account.with_user(self.of_branch)
        self.assertTrue(account.read(["name", "auto_transfer"]))
        for attempt in (
            lambda: account.write({"active": False}),
            lambda: account.write({"auto_transfer": "reminder"}),
            lambda: account.write({"paused_until": "2099-01-01"}),
            account.action_archive,
            account.unlink,
            account.action_poll_status,
            account.action_test_connection,
            account.action_end_profile,
            lambda: account.create({"name": "X", "company_id": self.env.company.id}),
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.assertTrue(self.account.active)
        own = account.create({"name": "Own", "company_id": self.branch.id})
        own.auto_transfer = "reminder"
        own.unlink()
        self.account.with_user(self.of_parent).name = "Renamed"
