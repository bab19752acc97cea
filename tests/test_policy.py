"""The scheduled transfer: what goes, what does not, and what is shown before."""

from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .test_transfer import TransferCommon

FEW, MANY = 10, 1000


@tagged("post_install", "-at_install")
class TestPolicy(TransferCommon):
    def setUp(self):
        super().setUp()
        self.account.auto_transfer = "reminder"

    def run_policy(self):
        self.run_cron("cron_transfer_overdue")

    def preview(self, user=None):
        """What is shown: `{invoice: line}`, as the list reads it."""
        lines = self.env["ropo.transfer.preview"].with_user(user or self.user)
        action = lines.env["ropo.account"].action_preview_transfers()
        self.assertFalse(action["domain"])
        rows = lines.web_search_read([], {"move_id": {}})["records"]
        lines = lines.browse([row["id"] for row in rows])
        return {line.move_id: line for line in lines.sudo()}

    def statuses(self, user=None):
        return {move: line.status for move, line in self.preview(user).items()}

    # --- the run ---

    def test_every_night_what_is_overdue_goes(self):
        due, another = (
            self.create_invoice(days_overdue=20),
            self.instalments(days_overdue=70),
        )
        early = self.create_invoice(days_overdue=3)
        self.run_policy()
        self.assertEqual((due | another).mapped("ropo_state"), ["queued"] * 2)
        self.assertFalse(early.ropo_state)
        self.run_cron("cron_process_requests")
        self.assertEqual((due | another).mapped("ropo_state"), ["reminder"] * 2)
        self.run_policy()
        self.assertEqual(len(self.sandbox.jobs()), 2, "each goes once")
        self.assertIn("transferred: 2", self.account.message_ids[0].body)

    def test_by_hand_means_that_nothing_goes_by_itself(self):
        self.account.auto_transfer = "none"
        self.create_invoice(days_overdue=20)
        self.run_policy()
        self.assertFalse(self.env["ropo.request"].search([]))
        self.assertFalse(self.preview())
        with self.assertRaisesRegex(UserError, "No account transfers invoices"):
            self.account.action_preview_transfer()

    def test_in_finland_only_what_bears_the_date_of_ones_own_reminder(self):
        self.account.auto_transfer = "collection"
        bare, dated = (self.create_invoice(days_overdue=20) for _n in range(2))
        dated.ropo_notice_date = self.today - timedelta(days=10)
        self.run_policy()
        self.run_cron("cron_process_requests")
        self.assertEqual(dated.ropo_state, "collection")
        self.assertFalse(bare.ropo_state)

    def test_who_is_exempt_held_or_disputed_is_spared(self):
        spared = self._create_partner("Spared Oy", is_company=True)
        contact = self._create_partner("Person", parent_id=spared.id)
        self.account.exempt_partner_ids = contact
        exempt = self.create_invoice(spared, days_overdue=20)
        held, blocked = (self.create_invoice(days_overdue=20) for _n in range(2))
        held.ropo_hold = True
        blocked.action_toggle_block_payment()
        self.run_policy()
        self.assertFalse(self.env["ropo.request"].search([]))
        self.assertEqual(
            self.statuses(), {exempt: "stays", held: "held", blocked: "stays"}
        )

    def test_a_warning_waits_for_a_person_unless_the_account_says_otherwise(self):
        warned = self.create_invoice(days_overdue=20)
        calm = self.create_invoice(self.consumer, days_overdue=20)
        self.pay_in_advance(self.business)
        self.run_policy()
        self.assertEqual((calm | warned).mapped("ropo_state"), ["queued", False])
        self.assertEqual(self.statuses()[warned], "waits")
        self.account.auto_despite_warnings = True
        self.assertEqual(self.statuses()[warned], "goes")
        self.run_policy()
        self.assertEqual(warned.ropo_state, "queued")

    def test_the_longest_overdue_go_first_up_to_the_limit(self):
        self.account.auto_limit = 2
        moves = [self.create_invoice(days_overdue=days) for days in (20, 40, 30)]
        self.assertEqual(
            self.statuses(),
            dict(zip(moves, ["later", "goes", "goes"], strict=True)),
        )
        self.run_policy()
        self.assertEqual(
            [move.ropo_state for move in moves], [False, "queued", "queued"]
        )
        self.run_policy()
        self.assertEqual(moves[0].ropo_state, "queued", "the next night")

    def test_the_terms_are_those_of_the_account(self):
        self.account.write({"notice_fee": 5, "interest_b2c": 7, "claim_reason": "Rent"})
        invoice = self.create_invoice(self.consumer, days_overdue=20)
        self.run_policy()
        self.run_cron("cron_process_requests")
        dataset = self.sandbox.job(billnum=invoice.name)["dataset"]
        names = ("noticefee", "overdueinterest", "claimtext")
        self.assertEqual([dataset[name] for name in names], [5, 7, "Rent"])

    def test_overdue_instalments_go_by_themselves_when_the_account_says_so(self):
        invoice = self.instalments()
        self.run_policy()
        self.assertFalse(invoice.ropo_state)
        self.account.claim_parts = True
        self.run_policy()
        self.assertEqual(self.requests_of(invoice).amount, 50.2)

    def test_what_ropo_refused_is_not_said_again_every_night(self):
        self.business.write({"ropo_sendtype": "email", "email": "nowhere"})
        invoice = self.create_invoice(days_overdue=20)
        for _night in range(3):
            self.run_policy()
            self.run_cron("cron_process_requests")
        request = self.requests_of(invoice)
        self.assertEqual(request.mapped("state"), ["rejected"])
        line = self.preview()[invoice]
        self.assertEqual(line.status, "stays")
        self.assertIn(request.error, line.text)
        self.business.email = "office@example.com"
        self.transfer(invoice)
        self.assertEqual(invoice.ropo_state, "reminder", "by hand")

    # --- several accounts ---

    def other_company(self):
        """Another company, and an overdue invoice of it to the same customer."""
        company = self.setup_other_company()["company"]
        company.country_id = self.env.ref("base.fi")
        account = self._create_account(company, name="Other", auto_transfer="reminder")
        invoice = self.init_invoice(
            "out_invoice",
            partner=self.business,
            invoice_date=self.today - timedelta(days=50),
            amounts=[100],
            company=company,
            post=True,
        )
        invoice.invoice_date_due = self.today - timedelta(days=20)
        self.user.company_ids |= company
        return account, invoice

    def test_in_one_dialog_each_goes_by_the_account_of_its_company(self):
        account, foreign = self.other_company()
        mine = self.create_invoice(days_overdue=20)
        self.pay_in_advance(self.business)
        both = self.env.company | account.company_id
        moves = (mine | foreign).with_context(allowed_company_ids=both.ids)
        wizard = self._wizard("ropo.transfer.wizard", moves, self.user)
        self.assertEqual(
            wizard.line_ids.filtered("warning").move_id,
            mine,
            "money in one company's ledger pays nothing in another's",
        )
        wizard.line_ids.include = True
        wizard.action_transfer()
        self.assertEqual(
            {m: self.requests_of(m).account_id for m in moves},
            {mine: self.account, foreign: account},
        )

    def test_each_invoice_goes_by_the_account_of_its_journal(self):
        journal = self.company_data["default_journal_sale"].copy()
        own = self._create_account(
            self.env.company, name="Other", auto_transfer="collection", country="se"
        )
        journal.ropo_account_id = own
        first = self.create_invoice(days_overdue=20)
        second = self.create_invoice(days_overdue=20, journal_id=journal.id)
        self.run_policy()
        self.assertEqual(
            {
                m: (r.account_id, r.operation)
                for m in first | second
                if (r := self.requests_of(m))
            },
            {first: (self.account, "reminder"), second: (own, "collection")},
        )
        journal.ropo_account_id = self._create_account(
            self.env.company, name="Archived", active=False
        )
        third = self.create_invoice(days_overdue=20, journal_id=journal.id)
        self.run_policy()
        self.assertEqual(
            self.requests_of(third).account_id, self.account, "the company's default"
        )

    def test_one_bad_account_does_not_stop_the_others(self):
        other, foreign = self.other_company()
        invoice = self.create_invoice(days_overdue=20)
        Policy = type(self.env["ropo.policy"])
        plan = Policy._plan
        for bad in (self.account, other):
            with (
                patch.object(
                    Policy,
                    "_plan",
                    lambda policy, account, *args, _bad=bad, **kwargs: (
                        1 / 0
                        if account == _bad
                        else plan(policy, account, *args, **kwargs)
                    ),
                ),
                mute_logger("odoo.addons.ropo_connect.services.transaction"),
            ):
                self.run_policy()
        requests = self.requests_of(invoice) | self.requests_of(foreign)
        self.assertEqual(
            {r.move_id: (r.account_id, r.company_id) for r in requests},
            {
                invoice: (self.account, self.env.company),
                foreign: (other, other.company_id),
            },
        )

    def test_one_bad_invoice_does_not_stop_the_others(self):
        moves = self.create_invoices(5)
        bad = moves[2]
        Queueing = type(self.env["ropo.queueing"])
        queue = Queueing._queue_transfer

        def fail(service, records, *args):
            if bad in records:
                raise ValueError("bad")
            return queue(service, records, *args)

        with (
            patch.object(Queueing, "_queue_transfer", fail),
            mute_logger("odoo.addons.ropo_connect.services.transaction"),
        ):
            self.run_policy()
        self.assertEqual((moves - bad).mapped("ropo_state"), ["queued"] * 4)
        self.assertFalse(bad.ropo_state)

    # --- the preview ---

    def test_the_preview_says_what_the_run_does_and_does_nothing(self):
        goes = self.create_invoice(self.consumer, days_overdue=20)
        homeless = self._create_partner("Nowhere Oy", is_company=True, city=False)
        stays = self.create_invoice(homeless, days_overdue=20)
        self.create_invoice(days_overdue=2)
        lines = self.preview()
        self.assertEqual(
            {move: (line.status, line.text) for move, line in lines.items()},
            {
                goes: ("goes", ""),
                stays: ("stays", "Nowhere Oy has no city. Complete the address."),
            },
        )
        line = lines[goes]
        self.assertEqual(
            (line.amount, line.days_overdue, line.partner_id, line.kind),
            (125.5, 20, self.consumer, "reminder"),
        )
        self.assertFalse(self.env["ropo.request"].search([]))
        self.run_policy()
        self.assertEqual(self.env["ropo.request"].search([]).move_id, goes)

    def test_from_the_preview_single_ones_are_held_and_released(self):
        first, second = (self.create_invoice(days_overdue=20) for _n in range(2))
        line = self.preview()[first].with_user(self.user)
        line.action_hold()
        self.assertTrue(first.ropo_hold)
        self.assertEqual((line.status, line.text[:10]), ("held", "It is on h"))
        self.run_policy()
        self.assertEqual((first | second).mapped("ropo_state"), [False, "queued"])
        line = self.preview()[first].with_user(self.user)
        self.assertEqual(line.status, "held", "it can be found to be released")
        line.action_release()
        self.assertEqual((line.status, first.ropo_hold), ("goes", False))
        self.run_policy()
        self.assertEqual(first.ropo_state, "queued")

    def test_the_preview_shows_ones_own_companies_only(self):
        self.other_company()
        mine = self.create_invoice(days_overdue=20)
        user = new_test_user(
            self.env,
            login="one_company",
            groups="ropo_connect.group_ropo_user",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )
        self.assertEqual(set(self.preview(user)), {mine})


@tagged("post_install", "-at_install")
class TestQueries(TransferCommon):
    """A thousand cost as many queries as ten."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        partners = cls.env["res.partner"].create(
            [
                {
                    "name": f"Example {number} Oy",
                    "is_company": True,
                    "street": "Esimerkkikatu 1",
                    "zip": "00100",
                    "city": "Helsinki",
                    "country_id": cls.env.ref("base.fi").id,
                }
                for number in range(MANY)
            ]
        )
        line = {"name": "Work", "price_unit": 100, "tax_ids": [Command.clear()]}
        cls.many = cls.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": cls.today - timedelta(days=30),
                    "invoice_date_due": cls.today - timedelta(days=20),
                    "invoice_payment_term_id": False,
                    "ropo_notice_date": cls.reminded_on,
                    "invoice_line_ids": [Command.create(line)],
                }
                for partner in partners
            ]
        )
        cls.env.flush_all()
        # Without it PostgreSQL may take these tables for empty, and plan for that.
        cls.env.cr.execute(
            "ANALYZE account_move, account_move_line, account_partial_reconcile"
        )
        cls.many.action_post()
        cls.few = cls.many[:FEW]

    def assertConstant(self, call, batches=0):
        """`batches`: how many times a row of each is written, a hundred at a time."""
        self.count(call, self.few)  # fills the caches of the registry
        few, many = (self.count(call, moves) for moves in (self.few, self.many))
        written = batches * (MANY - FEW) // 100
        self.assertLessEqual(many, few + written + (2 if batches else 0))

    def count(self, call, moves):
        with self.cr.savepoint() as savepoint:
            found = self.queries(lambda: call(moves))
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        return found

    def test_verdicts(self):
        for operation in ("reminder", "collection"):
            self.assertConstant(lambda moves, o=operation: self.verdicts(moves, o))

    def test_buttons_and_the_filter(self):
        self.assertConstant(lambda moves: moves.mapped("ropo_transferable"))
        found = self.env["account.move"].search([("ropo_transferable", "=", True)])
        self.assertEqual(found & self.many, self.many)

    def test_the_lines_of_the_wizard(self):
        def lines(moves):
            wizard = self._wizard("ropo.transfer.wizard", moves)
            wizard.line_ids.mapped("delivery")
            wizard.customer_ids.mapped("amount")

        self.assertConstant(lines, batches=2)
        wizard = self._wizard("ropo.transfer.wizard", self.many)
        self.assertEqual(wizard.ready_count, MANY)

    def test_the_nights_run(self):
        self.account.write({"auto_transfer": "reminder", "auto_limit": MANY})
        policy = self.env["ropo.policy"]

        def run(moves):
            with patch.object(
                type(policy),
                "_overdue_domain",
                lambda _self, _account: Domain("id", "in", moves.ids),
            ):
                requests = policy._transfer_overdue(self.account)
                self.assertEqual(len(requests), len(moves))

        self.assertConstant(run, batches=2)
