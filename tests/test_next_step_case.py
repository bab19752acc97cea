"""What happens next with a case, on its invoice, and what the customer's form shows."""

from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .test_next_step import GOES_ON, NextStepCommon


@tagged("post_install", "-at_install")
class TestNextStepOfCase(NextStepCommon):
    def test_at_ropo_with_its_next_step(self):
        invoice, case = self.transferred_case()
        case.write({"next_stage": False, "next_stage_date": False})
        stages = {
            "reminder": "It is at Ropo for a payment reminder.",
            "collection": "It is at Ropo for debt collection.",
            "legal": "It is at Ropo for legal collection.",
            "payment_plan": "The customer has a payment plan with Ropo.",
            "on_hold": "It is on hold at Ropo.",
        }
        for stage, text in stages.items():
            case.stage = stage
            on_hold = "Ropo goes on when the hold ends there."
            rest = on_hold if stage == "on_hold" else GOES_ON
            self.assertStep(invoice, f"{text} {rest}", model="ropo.job")
        case.stage = "invoiced"  # until Ropo reports a stage, it is what was asked for
        for kind in ("reminder", "collection"):
            case.kind = kind
            self.assertStep(invoice, f"{stages[kind]} {GOES_ON}", model="ropo.job")
        case.kind = "reminder"
        case.write({"stage": "reminder", "next_stage": "Collection letter"})
        self.assertStep(
            invoice,
            "It is at Ropo for a payment reminder. The next step is “Collection "
            "letter”.",
            model="ropo.job",
        )
        case.next_stage_date = self.today + timedelta(days=6)
        self.assertStep(
            invoice,
            "It is at Ropo for a payment reminder. The next step is “Collection "
            f"letter” on {self.day(6)}.",
            model="ropo.job",
        )
        case.next_stage_date = self.today - timedelta(days=1)
        self.assertStep(
            invoice,
            "It is at Ropo for a payment reminder. The next step, “Collection letter”, "
            f"was to come on {self.day(-1)}. “Update Status” shows whether it did.",
            model="ropo.job",
        )

    def test_collected_from_its_delivery_on(self):
        self.account.service_model = "unify"
        invoice = self.create_invoice(days_overdue=-5)
        self.send(invoice)
        invoice.sudo().ropo_job_ids.next_stage = False
        self.assertStep(
            invoice,
            f"Ropo delivered it and collects it: it is due on {self.day(5)}. {GOES_ON}",
            model="ropo.job",
        )

    def test_not_confirmed_yet(self):
        invoice, case = self.transferred_case()
        case.progress = "pending"
        self.assertStep(
            invoice,
            "Ropo has it and has not confirmed it yet. Nothing needs to be done.",
            model="ropo.job",
        )

    def test_a_bad_debt_is_still_collected(self):
        losses = self.env["account.account"].create(
            {"name": "Bad Debts", "code": "688888", "account_type": "expense"}
        )
        self.account.bad_debt_account_ids = losses
        invoice = self.transferred()
        self._wizard("ropo.bad.debt.wizard", invoice).action_write_off()
        self.assertStep(
            invoice,
            "It is written off as a bad debt. Ropo goes on collecting 125.50 €.",
            model="ropo.job",
        )

    def test_closed_unpaid_waits_for_a_decision(self):
        invoice, case = self.transferred_case()
        self.at_ropo(case, "stage", stage="closed")
        self.run_cron("cron_poll_status")
        closed = "Ropo closed its case unpaid."
        self.assertStep(
            invoice,
            f"{closed} A Ropo manager decides on the case whether to write the invoice "
            "off, transfer it again or leave it.",
            True,
            "ropo.job",
        )
        case.decision = "write_off"
        self.assertStep(
            invoice,
            f"{closed} It was decided to write the invoice off: that is to be booked.",
            True,
            "ropo.job",
        )
        case.decision = "leave"
        self.assertStep(
            invoice,
            f"{closed} It was decided to leave the invoice open: nobody collects it.",
            model="ropo.job",
        )

    def test_paid_to_ropo_and_not_in_odoo_yet(self):
        invoice, case = self.transferred_case()
        self.at_ropo(case, "pay", amount=125.5)
        self.run_cron("cron_poll_status")
        self.assertEqual(case.stage, "paid")
        self.assertStep(
            invoice,
            "The customer paid Ropo 125.50 € that is not in Odoo yet. It comes with "
            "Ropo's payout, or “Register Payment” registers it.",
            model="ropo.job",
        )

    def test_ended_with_something_open(self):
        invoice, case = self.transferred_case()
        case.stage = "credited"
        self.assertStep(
            invoice,
            "Ropo has ended its case, and 125.50 € is open in Odoo. See the case for "
            "what is missing.",
            True,
            "ropo.job",
        )

    def test_closed(self):
        invoice = self.transferred()
        self.pay(invoice)
        self.report()
        self.assertEqual(invoice.ropo_state, "closed")
        self.assertStep(invoice, "It is closed: nothing more is to be done.")

    # --- who reads, and what it costs ---

    def test_a_salesperson_reads_nothing_and_gets_no_error(self):
        invoice = self.transferred()
        sales = new_test_user(self.env, login="sales", groups="base.group_user")
        self.assertNotIn(
            "ropo_next_step", self.env["account.move"].with_user(sales).fields_get()
        )
        with self.assertRaises(AccessError):
            invoice.with_user(sales).read(["ropo_next_step"])
        arch = (
            self.env["account.move"]
            .with_user(self.user)
            .get_view(self.env.ref("account.view_move_form").id)["arch"]
        )
        self.assertEqual(arch.count('name="ropo_next_step"'), 2, "else no test")
        self.env["res.partner"].with_user(sales).get_view(
            self.env.ref("base.view_partner_form").id
        )

    def test_who_reads_only_reads_it_too(self):
        invoice = self.transferred()
        reader = new_test_user(
            self.env, login="reader", groups="account.group_account_readonly"
        )
        self.assertEqual(self.step(invoice, reader), self.step(invoice))

    def test_many_cost_as_many_queries_as_few(self):
        self.account.auto_transfer = "reminder"
        many = self.create_invoices(24)
        self.transfer(many[::3])
        self.put(many[1::3])
        closed = many[::6].sudo().ropo_job_ids.filtered("is_collected")
        closed.write({"stage": "closed", "decision": "undecided"})
        many = self.env["account.move"].browse(many.ids)
        few = many.browse(many[:6].ids)  # some of each kind
        self.queries(lambda: few.mapped("ropo_next_step"))
        counts = [
            self.queries(lambda moves=moves: moves.mapped("ropo_next_step"))
            for moves in (few, many)
        ]
        self.assertEqual(counts[0], counts[1])
        self.assertEqual(len(set(many.mapped("ropo_next_step"))), 4)


@tagged("post_install", "-at_install")
class TestCustomerButtons(NextStepCommon):
    def buttons(self, partner, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        mine = partner.with_user(user or self.user)
        text = mine.ropo_open_text.replace("\xa0", " ")
        return mine.ropo_case_count, text, mine.ropo_hold_count

    def test_what_is_open_at_ropo_of_a_customer_with_its_contacts(self):
        contact = self._create_partner("Person", parent_id=self.business.id)
        self.assertEqual(self.buttons(self.business), (0, "", 0))
        invoice, case = self.transferred_case(partner=contact)
        self.transferred()
        for partner in (self.business, contact):
            self.assertEqual(self.buttons(partner), (2, "251.00 €", 0))
        self.pay(invoice)
        self.report()
        self.assertEqual(self.buttons(self.business), (2, "125.50 €", 0))
        ended = self.business.with_user(self.user)
        ended = self.env["ropo.job"].sudo().search(ended._ropo_cases_domain()) - case
        ended.stage = "closed"  # unpaid: Ropo asks for nothing any more
        self.assertEqual(self.buttons(self.business), (2, "", 0))
        action = contact.with_user(self.user).action_ropo_open_cases()
        cases = self.env["ropo.job"].with_user(self.user).search(action["domain"])
        self.assertEqual((len(cases), case in cases), (2, True))

    def test_each_currency_has_its_sum(self):
        self.transferred()
        self.transferred(currency_id=self.sek.id)
        amounts = [
            currency.format(125.5).replace("\xa0", " ")
            for currency in (self.euro, self.sek)
        ]
        self.assertEqual(self.buttons(self.business), (2, ", ".join(amounts), 0))

    def test_what_is_on_hold_is_reached(self):
        held, _other = (self.create_invoice(days_overdue=20) for _number in range(2))
        self.env["ropo.holds"]._hold(held, "promise", self.today)
        contact = self._create_partner("Person", parent_id=self.business.id)
        for partner in (self.business, contact):
            self.assertEqual(self.buttons(partner), (0, "", 1))
        action = self.business.with_user(self.user).action_ropo_open_holds()
        found = self.env["account.move"].with_user(self.user).search(action["domain"])
        self.assertEqual(found, held)

    def test_of_ones_own_companies_alone(self):
        self.transferred()
        other = self.setup_other_company()["company"]
        self.user.write({"company_ids": [(4, other.id)]})
        partner = self.business.with_user(self.user)
        partner = partner.with_context(allowed_company_ids=other.ids)
        self.assertEqual((partner.ropo_case_count, partner.ropo_open_text), (0, ""))

    def test_many_customers_cost_as_many_queries_as_few(self):
        many = self.create_invoices(8)
        self.transfer(many)
        partners = self.env["res.partner"].browse(many.partner_id.ids)

        def read(some):
            some.mapped("ropo_open_text")
            some.mapped("ropo_hold_count")

        few = self.env["res.partner"].browse(partners[:2].ids)
        counts = [
            self.queries(lambda some=some: read(some))
            for some in (few, few, partners)  # the first fills the registry's caches
        ]
        self.assertEqual(*counts[1:])
