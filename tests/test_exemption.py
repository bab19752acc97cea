"""What is set in Odoo on an invoice that Ropo already collects: it stops nothing at
Ropo, and a person is asked to inform Ropo."""

from odoo import Command
from odoo.modules.migration import load_script
from odoo.tests import Form, new_test_user, tagged

from .common import ROOT, RopoCommon

INFORM_ROPO = "ropo_connect.mail_activity_type_inform_ropo"
GOES_ON = "this stops nothing at Ropo"


@tagged("post_install", "-at_install")
class TestExemption(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        companies = {
            "company_id": cls.env.company.id,
            "company_ids": [Command.set(cls.env.company.ids)],
        }
        cls.clerk = new_test_user(
            cls.env, "clerk", "account.group_account_invoice", **companies
        )
        cls.account.user_id = cls.manager

    def questions(self, moves):
        self.env.flush_all()
        return moves.activity_search([INFORM_ROPO])

    def notes(self, move):
        bodies = move.message_ids.mapped("body")
        return [body for body in bodies if GOES_ON in body]

    def assertAsked(self, move, count=1):
        questions = self.questions(move)
        self.assertEqual(len(questions), count)
        self.assertEqual(
            questions.user_id, self.manager if count else questions.user_id
        )

    # --- on the invoice ---

    def test_a_hold_on_what_ropo_collects_says_at_once_that_ropo_goes_on(self):
        invoice = self.transferred()
        for user in (self.clerk, self.user, self.manager):
            with self.subTest(user.login):
                form = Form(invoice.with_user(user))
                self.assertFalse(form.ropo_goes_on)
                form.ropo_hold = True
                self.assertIn(GOES_ON, form.ropo_goes_on)
                self.assertIn("Exclude from Transfer", form.ropo_goes_on)
                form.ropo_hold = False
                self.assertFalse(form.ropo_goes_on)

    def test_a_hold_on_what_ropo_collects_asks_one_person_to_inform_ropo(self):
        for user in (self.clerk, self.user, self.manager):
            with self.subTest(user.login):
                invoice = self.transferred()
                with Form(invoice.with_user(user)) as form:
                    form.ropo_hold = True
                self.assertAsked(invoice)
                (note,) = self.notes(invoice)
                self.assertIn(self.manager.name, note)
                invoice.with_user(user).ropo_hold = True
                invoice.partner_id.ropo_no_collection = True
                invoice.with_user(user).write({"ropo_hold": True})
                self.assertAsked(invoice)
                self.assertEqual(len(self.notes(invoice)), 1)
                invoice.partner_id.ropo_no_collection = False
                self.assertAsked(invoice)
                invoice.with_user(user).ropo_hold = False
                self.assertAsked(invoice, 0)

    def test_who_has_informed_ropo_is_not_asked_again(self):
        invoice = self.transferred()
        invoice.ropo_hold = True
        self.questions(invoice).with_user(self.manager).action_done()
        self.business.ropo_no_collection = True
        invoice.write({"ropo_hold": True})
        self.assertAsked(invoice, 0)
        invoice.ropo_hold = False
        self.assertAsked(invoice, 0)
        self.business.ropo_no_collection = False
        self.assertIn("inform Ropo again", invoice.message_ids[0].body)
        invoice.ropo_hold = True
        self.assertAsked(invoice)

    def test_odoos_own_marks_ask_as_well(self):
        invoice = self.transferred()
        invoice.no_followup = True
        self.assertAsked(invoice)
        invoice.no_followup = False
        self.assertAsked(invoice, 0)
        invoice.action_toggle_block_payment()
        self.assertEqual(invoice.payment_state, "blocked")
        self.assertAsked(invoice)

    def test_nothing_is_asked_where_ropo_does_not_collect(self):
        fresh, delivered = (self.create_invoice(days_overdue=20) for _n in range(2))
        self.send(delivered)
        moves = fresh | delivered
        moves.with_user(self.clerk).write({"ropo_hold": True})
        self.business.with_user(self.clerk).sudo().ropo_no_collection = True
        self.account.exempt_partner_ids = self.business
        self.assertFalse(self.questions(moves))
        self.assertFalse(any(self.notes(move) for move in moves))
        self.assertFalse(any(moves.mapped("ropo_goes_on")))

    # --- on the customer, on the account ---

    def test_an_exempt_customer_asks_for_each_invoice_that_ropo_collects(self):
        invoices = self.transferred() | self.transferred()
        other = self.transferred(partner=self.consumer)
        form = Form(self.business)
        with self.assertLogs("odoo.tests.form.onchange", "WARNING") as logs:
            form.ropo_no_collection = True
        self.assertIn("2 invoices", logs.output[0])
        form.save()
        for invoice in invoices:
            self.assertAsked(invoice)
            self.assertEqual(len(self.notes(invoice)), 1)
        self.assertAsked(other, 0)
        self.business.ropo_no_collection = False
        self.assertFalse(self.questions(invoices))

    def test_a_customer_exempt_on_the_account_asks_for_the_cases_of_that_account(self):
        invoice = self.transferred()
        other = self._create_account(self.env.company, name="Other")
        other.exempt_partner_ids = self.business
        self.assertAsked(invoice, 0)
        form = Form(self.account.with_user(self.manager))
        with self.assertLogs("odoo.tests.form.onchange", "WARNING") as logs:
            form.exempt_partner_ids.add(self.business)
        self.assertIn("1 invoices", logs.output[0])
        form.save()
        self.assertAsked(invoice)
        self.account.exempt_partner_ids = [Command.clear()]
        self.assertAsked(invoice, 0)

    # --- the end of it ---

    def test_the_question_ends_with_the_case(self):
        for what, body in (
            ("pay", {"amount": 125.5}),
            ("stage", {"stage": "closed"}),
            ("stage", {"stage": "on_hold"}),
        ):
            with self.subTest(f"{what} {body}"):
                invoice, case = self.transferred_case()
                invoice.ropo_hold = True
                self.assertAsked(invoice)
                self.at_ropo(case, what, **body)
                self.run_cron("cron_poll_status")
                self.assertAsked(invoice, 0)
                self.assertEqual(len(self.notes(invoice)), 1)
        # It was put on hold at Ropo, and Ropo begins again.
        self.at_ropo(case, "stage", stage="collection")
        self.run_cron("cron_poll_status")
        self.assertAsked(invoice)

    def test_a_hold_that_is_set_while_the_transfer_is_lost_asks_when_it_is_found(self):
        invoice = self.create_invoice(days_overdue=20)
        self.sandbox.fault("drop_after", method="POST")
        self.transfer(invoice)
        self.assertEqual(invoice.ropo_state, "unknown")
        invoice.ropo_hold = True
        self.assertAsked(invoice, 0)
        self.requests_of(invoice).action_resolve_done()
        self.assertAsked(invoice)

    def test_ropo_knows_of_a_hold_with_which_the_invoice_was_sent(self):
        self.account.service_model = "unify"
        invoice = self.create_invoice()
        invoice.ropo_hold = True
        self.send(invoice)
        self.assertTrue(invoice.sudo().ropo_job_ids.stop_asked)
        self.assertAsked(invoice, 0)
        self.assertFalse(self.notes(invoice))

    def test_an_update_asks_about_what_was_exempted_before(self):
        invoice, case = self.transferred_case()
        exempt = self.transferred(partner=self.consumer)
        free = self.transferred(
            partner=self._create_partner("Free Oy", is_company=True)
        )
        self.account.exempt_partner_ids = self.consumer
        invoice.ropo_hold = True
        self.questions(invoice | exempt).unlink()
        (case | exempt.sudo().ropo_job_ids).stop_asked = False
        self.env.flush_all()
        path = ROOT / "migrations" / "19.0.1.1.0" / "post-migrate.py"
        migration = load_script(str(path), "ropo_post_migrate")
        migration.ask_about_exempt_cases(self.cr)
        for move, count in ((invoice, 1), (exempt, 1), (free, 0)):
            self.assertAsked(move, count)

    def test_many_at_once_cost_no_query_for_each(self):
        few, many = self.create_invoices(3), self.create_invoices(23)
        self.transfer(few | many)
        counts = [
            self.queries(lambda moves=moves: moves.write({"ropo_hold": True}))
            for moves in (few, many)
        ]
        self.assertEqual(len(self.questions(few | many)), 26)
        self.assertLess(counts[1] - counts[0], 20, counts)
