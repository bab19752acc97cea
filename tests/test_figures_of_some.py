"""The report on receivables where some cases only are asked for, or an invoice has
several of them."""

import ast
from pathlib import Path

from odoo.tests import tagged

from .test_figures import FiguresCommon

ROOT = Path(__file__).parents[1]
MEASURES = ("amount:sum", "paid:sum", "recovered:sum", "written_off:sum")


@tagged("post_install", "-at_install")
class TestFiguresOfSome(FiguresCommon):
    # --- helpers ---

    def again(self, invoice, case):
        """Ropo closes a case unpaid, and the invoice is transferred once more."""
        self.at_ropo(case, "stage", stage="closed")
        self.run_cron("cron_poll_status")
        case.action_transfer_again()
        before = self.case(invoice)
        self.transfer(invoice, "collection", notice_date=self.reminded_on)
        return self.case(invoice) - before

    def cases_of_some_months(self):
        """Cases of 90, 60, 30 and 0 days ago, paid by 10, 20, 30 and 40."""
        for index, days in enumerate((90, 60, 30, 0)):
            partner = self.consumer if index == 1 else self.business
            invoice = self.transferred(partner=partner)
            self.pay(invoice, 10 * (index + 1))
            self.report()
            self.shift(self.case(invoice), days)

    def assertSame(self, domain):
        """The figures that `domain` asks for are those of all rows that fit it."""
        self.env.flush_all()
        self.env.invalidate_all()
        report = self.env["ropo.receivable.report"].with_user(self.user)
        every = report.browse(report.search([]).ids)
        fitting = every.filtered_domain(domain)
        self.assertTrue(0 < len(fitting) < len(every), "else no test")
        self.assertEqual(
            report._read_group(domain, [], MEASURES),
            [tuple(sum(fitting.mapped(name.partition(":")[0])) for name in MEASURES)],
        )

    # --- tests ---

    def test_a_period_and_a_customer_have_the_figures_of_their_cases(self):
        self.cases_of_some_months()
        day = self.day(60)
        for domain in (
            [("transfer_date", ">=", day)],
            [("transfer_date", ">", day)],
            [("transfer_date", "<", day)],
            [("transfer_date", "<=", day)],
            [("transfer_date", "=", day)],
            [("transfer_date", ">=", day), ("transfer_date", "<=", self.day(30))],
            ["|", ("transfer_date", "<", day), ("transfer_date", ">", self.day(30))],
            ["|", ("transfer_date", "<", day), ("paid", "=", 40)],
            ["!", "&", ("transfer_date", "<", day), ("paid", "=", 10)],
            [("transfer_date", ">=", day), ("paid", ">", 20)],
            [("partner_id", "=", self.consumer.id)],
            [("partner_id", "!=", self.consumer.id)],
            [("partner_id.name", "=", self.consumer.name)],
        ):
            with self.subTest(domain):
                self.assertSame(domain)

    def test_a_period_limits_each_part_of_the_report(self):
        report = self.env["ropo.receivable.report"]
        texts = [
            report._search(domain).select("paid", "recovered", "sent_date").code
            for domain in ([], [("transfer_date", ">=", self.day(30))])
        ]
        limits = [text.count('IN (SELECT "ropo_job"."id"') for text in texts]
        self.assertEqual(limits, [0, 6])

    def test_of_three_cases_each_has_what_came_in_its_time(self):
        invoice, first = self.transferred_case()
        self.pay(invoice, 10)
        self.report()
        second = self.again(invoice, first)
        self.pay(invoice, 20)
        self.report()
        third = self.again(invoice, second)
        self.pay(invoice, 30)
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.env["ropo.receivable.report"].search([("move_id", "=", invoice.id)])
        self.assertEqual(
            {row.job_id: (row.amount, row.paid) for row in rows},
            {first: (125.5, 10), second: (115.5, 20), third: (95.5, 30)},
        )


@tagged("post_install", "-at_install")
class TestMembers(FiguresCommon):
    def test_no_member_of_a_class_hides_another(self):
        """An index by the name of a method would never be made."""
        hidden = []
        for room in ("models", "services", "wizards", "report"):
            for path in sorted((ROOT / room).glob("*.py")):
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.ClassDef):
                        hidden += [f"{path.name}: {name}" for name in _twice(node)]
        self.assertFalse(hidden)


def _twice(node):
    """Names that the body of a class gives twice."""
    names = []
    for member in node.body:
        if isinstance(member, ast.FunctionDef):
            names.append(member.name)
        if isinstance(member, ast.Assign):
            names += [own.id for own in member.targets if isinstance(own, ast.Name)]
    return {name for name in names if names.count(name) > 1}
