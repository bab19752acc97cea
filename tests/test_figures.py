"""The report on receivables: every figure of a case, and of groups of cases."""

from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged

from .test_bad_debt import BadDebtCommon

AMOUNTS = (
    "amount",
    "collected",
    "paid",
    "credited",
    "adjusted",
    "written_off",
    "residual",
    "recovered",
    "received",
    "open_amount",
    "difference",
)


class FiguresCommon(BadDebtCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._register_collected()
        cls.income = cls.env["account.account"].create(
            {"name": "Recovered Debts", "code": "388888", "account_type": "income"}
        )
        cls.account.recovered_debt_account_id = cls.income

    # --- helpers ---

    def shift(self, case, days_ago):
        """The case began that many days ago, by the database's clock."""
        self.env.flush_all()
        self.cr.execute(
            "UPDATE ropo_job SET create_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(days=days_ago), case.id],
        )
        self.env.invalidate_all()

    def day(self, days_ago):
        return self.today - timedelta(days=days_ago)

    def amounts(self, invoice, suffix=""):
        row = self.row(invoice)
        names = AMOUNTS if not suffix else [f"{name}{suffix}" for name in AMOUNTS]
        found = dict(zip(AMOUNTS, (row[name] for name in names), strict=True))
        return {name: round(amount, 2) for name, amount in found.items() if amount}

    def assertAddsUp(self, invoice):
        """What was transferred is settled, lost or open, and nothing twice."""
        row = self.row(invoice)
        parts = ("collected", "paid", "credited", "adjusted", "written_off", "residual")
        self.assertEqual(
            round(sum(row[name] for name in parts), 2), round(row.amount, 2)
        )

    def collects(self, case, amount):
        """The debtor pays to Ropo, which reports it, and it is registered."""
        self.at_ropo(case, "pay", amount=amount)
        self.run_cron("cron_poll_status")
        self.report()

    def groups(self, groupby, *aggregates, domain=()):
        self.env.flush_all()
        self.env.invalidate_all()
        report = self.env["ropo.receivable.report"].with_user(self.user)
        return report._read_group(list(domain), groupby, aggregates)


@tagged("post_install", "-at_install")
class TestFiguresOfACase(FiguresCommon):
    def test_a_case_has_what_its_invoice_and_its_account_say(self):
        invoice = self.transferred(invoice_user_id=self.user.id)
        row = self.row(invoice)
        self.assertEqual(row.account_id, self.account)
        self.assertEqual(row.channel, "ropo_one")
        self.assertEqual(row.user_id, self.user)
        self.assertEqual(row.journal_id, invoice.journal_id)
        self.assertEqual(row.partner_id, self.business)
        self.assertEqual(row.company_id, self.env.company)
        self.assertEqual(row.company_currency_id, self.euro)

    def test_part_payments_to_ropo_and_to_us_stand_apart(self):
        invoice, case = self.transferred_case()
        self.collects(case, 30)
        self.pay(invoice, 25.5)
        self.report()
        self.assertEqual(
            self.amounts(invoice),
            {
                "amount": 125.5,
                "collected": 30.0,
                "paid": 25.5,
                "received": 55.5,
                "residual": 70.0,
                "open_amount": 70.0,
            },
        )
        self.assertAddsUp(invoice)

    def test_what_was_paid_before_the_transfer_is_not_of_the_case(self):
        invoice = self.create_invoice(days_overdue=20)
        self.pay(invoice, 25.5)
        self.transfer(invoice, "reminder", notice_date=self.reminded_on)
        self.pay(invoice, 10)
        self.report()
        self.assertEqual(
            self.amounts(invoice),
            {
                "amount": 100.0,
                "paid": 10.0,
                "received": 10.0,
                "residual": 90.0,
                "open_amount": 90.0,
            },
        )
        self.assertAddsUp(invoice)

    def test_a_payment_belongs_to_the_case_in_whose_time_it_came(self):
        invoice, first = self.transferred_case()
        self.pay(invoice, 25.5)
        self.report()
        self.at_ropo(first, "stage", stage="closed")
        self.run_cron("cron_poll_status")
        first.action_transfer_again()
        self.transfer(invoice, "collection", notice_date=self.reminded_on)
        second = self.case(invoice) - first
        self.assertTrue(second, "else no test")
        self.pay(invoice, 40)
        self.env.flush_all()
        rows = self.env["ropo.receivable.report"].search([("move_id", "=", invoice.id)])
        self.assertEqual(
            {row.job_id: (row.amount, row.paid) for row in rows},
            {first: (125.5, 25.5), second: (100.0, 40.0)},
        )

    def test_a_credit_note_and_another_entry_are_no_money(self):
        invoice = self.transferred()
        self.credit(invoice, 20)
        self.assign(invoice, self.entry(10.4))
        self.report()
        self.assertEqual(
            self.amounts(invoice),
            {
                "amount": 125.5,
                "credited": 25.1,
                "adjusted": 10.4,
                "residual": 90.0,
                "open_amount": 90.0,
            },
        )
        self.assertAddsUp(invoice)
        self.assertEqual(self.row(invoice).recovery_rate, 0)

    def test_a_bad_debt_that_is_recovered_was_received_and_stays_written_off(self):
        invoice, case = self.transferred_case()
        self.assign(invoice, self.entry(125.5, self.losses))
        self.report()
        self.assertEqual(
            self.amounts(invoice),
            {"amount": 125.5, "written_off": 125.5, "open_amount": 125.5},
        )
        self.collects(case, 50.2)
        self.assertEqual(
            self.amounts(invoice),
            {
                "amount": 125.5,
                "written_off": 125.5,
                "recovered": 50.2,
                "received": 50.2,
                "open_amount": 75.3,
            },
        )
        self.assertAddsUp(invoice)
        row = self.row(invoice)
        self.assertEqual(round(row.recovery_rate, 6), 0.4)
        self.assertEqual(row.first_payment_date, case.event_ids.filtered("amount").day)

    def test_foreign_currency_is_the_companys_at_the_rate_of_the_invoice(self):
        invoice = self.transferred(currency_id=self.sek.id)
        self.pay(invoice, 25.5, currency_id=self.sek.id)
        self.report()
        self.assertEqual(
            self.amounts(invoice),
            {
                "amount": 125.5,
                "paid": 25.5,
                "received": 25.5,
                "residual": 100.0,
                "open_amount": 100.0,
            },
        )
        # 10 crowns were a euro on the day of the invoice, and 12 on that of the money.
        self.assertEqual(
            self.amounts(invoice, "_company"),
            {
                "amount": 12.55,
                "paid": 2.55,
                "received": 2.55,
                "residual": 10.0,
                "open_amount": 10.0,
            },
        )
        self.assertEqual(
            self.row(invoice).residual_company, invoice.amount_residual_signed
        )
        self.assertAddsUp(invoice)

    def test_a_payment_reset_to_draft_has_paid_nothing(self):
        invoice = self.transferred()
        payment = self.pay(invoice, 25.5)
        self.report()
        payment.action_draft()
        self.assertEqual(self.row(invoice).paid, 0)

    def test_two_companies_have_rows_of_their_own_only(self):
        invoice = self.transferred()
        other = self.setup_other_company()["company"]
        report = self.env["ropo.receivable.report"].with_user(self.manager)
        self.manager.company_ids = [Command.link(other.id)]
        self.env.flush_all()
        own = report.with_context(allowed_company_ids=self.env.company.ids)
        self.assertEqual(own.search([]).move_id, invoice)
        self.assertFalse(report.with_context(allowed_company_ids=other.ids).search([]))

    def test_days_overdue_and_their_range_are_of_what_is_open(self):
        invoices = {
            days: self.transferred()
            if days == 20
            else self.create_invoice(days_overdue=days)
            for days in (20, 30, 31, 90, 91, 121)
        }
        for days, invoice in invoices.items():
            if days != 20:
                self.transfer(invoice, "reminder", notice_date=self.reminded_on)
        rows = {days: self.row(invoice) for days, invoice in invoices.items()}
        self.assertEqual(
            {days: (row.days_overdue, row.age) for days, row in rows.items()},
            {
                20: (20, "1_month"),
                30: (30, "1_month"),
                31: (31, "2_two_months"),
                90: (90, "3_three_months"),
                91: (91, "4_four_months"),
                121: (121, "5_older"),
            },
        )
        self.pay(invoices[121])
        self.report()
        row = self.row(invoices[121])
        self.assertEqual((row.days_overdue, row.age), (0, False))

    def test_each_step_has_its_day(self):
        invoice = self.create_invoice(days_overdue=40)
        self.send(invoice)
        self.shift(invoice.sudo().ropo_job_ids, 30)
        self.transfer(invoice, "reminder", notice_date=self.reminded_on)
        case = self.case(invoice)
        self.shift(case, 20)
        self.at_ropo(case, "stage", stage="collection")
        self.run_cron("cron_poll_status")
        case.event_ids.filtered("stage").event_time = fields.Datetime.to_datetime(
            self.day(8)
        )
        self.pay(invoice, 25.5, payment_date=self.day(6))
        self.pay(invoice, 100, payment_date=self.day(2))
        self.report()
        self.assertEqual(case.stage, "paid", "else no test")
        case.stage_date = fields.Datetime.to_datetime(self.day(1))
        row = self.row(invoice)
        self.assertEqual(
            [
                row.sent_date,
                row.transfer_date,
                row.reminder_date,
                row.collection_date,
                row.first_payment_date,
                row.last_payment_date,
                row.ended_date,
            ],
            [self.day(days) for days in (30, 20, 20, 8, 6, 2, 1)],
        )

    def test_a_row_opens_its_invoice_its_case_and_what_was_sent(self):
        invoice = self.transferred()
        self.transferred()
        row = self.row(invoice).with_user(self.user)
        opened = [
            (action["res_model"], action.get("res_id"))
            for action in (row.action_open_invoice(), row.action_open_job())
        ]
        self.assertEqual(
            opened,
            [("account.move", invoice.id), ("ropo.job", self.case(invoice).id)],
        )
        action = row.action_open_requests()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found, self.requests_of(invoice))
        self.assertTrue(found)


@tagged("post_install", "-at_install")
class TestFiguresOfGroups(FiguresCommon):
    def test_stages_are_in_the_order_in_which_a_case_goes_through_them(self):
        order = ["invoiced", "reminder", "collection", "legal", "paid", "closed"]
        for stage in sorted(order):
            self.case(self.transferred()).stage = stage
        report = self.env["ropo.receivable.report"].with_user(self.user)
        self.env.flush_all()
        self.assertEqual(
            [stage for stage, _n in self.groups(["stage"], "__count")], order
        )
        formatted = report.formatted_read_group([], ["stage"], ["__count"])
        self.assertEqual([group["stage"] for group in formatted], order)
        (sets,) = report.formatted_read_grouping_sets([], [["stage"]], ["__count"])
        self.assertEqual([group["stage"] for group in sets], order)
        (sets,) = report.formatted_read_grouping_sets(
            [], [["age", "stage"]], ["__count"]
        )
        self.assertEqual([group["stage"] for group in sets], order)
        self.assertEqual(report.search([], order="stage").mapped("stage"), order)
        self.assertEqual(
            report.search([], order="stage desc").mapped("stage"), order[::-1]
        )

    def test_a_recovery_rate_is_of_sums_and_no_average_of_rates(self):
        large, small, credited = (self.transferred(amount=a) for a in (1000, 100, 100))
        self.pay(large, 125.5)
        self.pay(small)
        self.credit(credited, 60)
        self.pay(credited, 25.1)
        self.report()
        rates = [self.row(i).recovery_rate for i in (large, small, credited)]
        # 125.50 of 1255; 125.50 of 125.50; 25.10 of 125.50 less 75.30
        self.assertEqual([round(rate, 6) for rate in rates], [0.1, 1.0, 0.5])
        ((rate, received, amount, note),) = self.groups(
            [],
            "recovery_rate:avg",
            "received_company:sum",
            "amount_company:sum",
            "credited_company:sum",
        )
        self.assertEqual(
            [round(figure, 2) for figure in (received, amount, note)],
            [276.1, 1506.0, 75.3],
        )
        self.assertEqual(round(rate, 6), round(276.1 / (1506.0 - 75.3), 6))
        report = self.env["ropo.receivable.report"].with_user(self.user)
        (group,) = report.formatted_read_group(
            [], ["transfer_date:month"], ["recovery_rate:avg"]
        )
        self.assertEqual(round(group["recovery_rate:avg"], 6), round(rate, 6))

    def test_a_group_of_currencies_is_weighted_in_the_companys(self):
        euro = self.transferred()
        crowns = self.transferred(currency_id=self.sek.id)
        self.pay(crowns, currency_id=self.sek.id)
        self.report()
        self.assertEqual(self.row(euro).recovery_rate, 0)
        self.assertEqual(self.row(crowns).recovery_rate, 1)
        ((rate,),) = self.groups([], "recovery_rate:avg")
        self.assertEqual(round(rate, 6), round(12.55 / (125.5 + 12.55), 6))

    def test_days_to_pay_are_weighted_by_what_was_paid(self):
        first, second = self.transferred(), self.transferred()
        for invoice in (first, second):
            self.shift(self.case(invoice), 10)
        self.pay(first, 100.4, payment_date=self.day(8))
        self.pay(first, 25.1, payment_date=self.day(0))
        self.pay(second, 50.2, payment_date=self.day(5))
        self.report()
        self.assertEqual(round(self.row(first).days_to_pay, 6), 3.6)
        self.assertEqual(round(self.row(second).days_to_pay, 6), 5)
        ((days,),) = self.groups([], "days_to_pay:avg")
        by_hand = (100.4 * 2 + 25.1 * 10 + 50.2 * 5) / (100.4 + 25.1 + 50.2)
        self.assertEqual(round(days, 6), round(by_hand, 6))

    def test_cohorts_are_by_the_month_of_the_transfer(self):
        old, new = self.transferred(), self.transferred()
        self.shift(self.case(old), 70)
        self.pay(old, 62.75)
        self.report()
        groups = self.groups(["transfer_date:month"], "recovery_rate:avg", "__count")
        self.assertEqual(
            groups,
            [
                (self.day(70).replace(day=1), 0.5, 1),
                (self.today.replace(day=1), 0.0, 1),
            ],
        )
        self.assertTrue(new)

    def test_a_group_without_money_has_no_rate(self):
        invoice = self.transferred()
        self.credit(invoice)
        self.report()
        self.assertEqual(
            self.groups([], "recovery_rate:avg", "days_to_pay:avg"), [(False, False)]
        )
