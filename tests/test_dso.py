"""Days sales outstanding with and without Ropo, against figures computed by hand."""

from ast import literal_eval
from calendar import monthrange

from dateutil.relativedelta import relativedelta

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools.profiler import Profiler

from ..bench.screens import Screen
from .ledger import LedgerCommon

MODEL = "ropo.dso.report"


class DsoCommon(LedgerCommon):
    # --- helpers ---

    def month(self, ago):
        """The first day of a month."""
        return self.today.replace(day=1) - relativedelta(months=ago)

    def on(self, ago, day):
        return self.month(ago).replace(day=day)

    def days(self, ago):
        first = self.month(ago)
        return monthrange(first.year, first.month)[1] if ago else self.today.day

    def invoice(self, ago, day, ropo=None, **values):
        """Posted on a day of a past month, and at Ropo as this kind of case."""
        when = self.on(ago, day)
        invoice = self.create_invoice(
            invoice_date=when, date=when, invoice_date_due=when, **values
        )
        if ropo:
            self.at(invoice, ropo)
        return invoice

    def at(self, invoice, kind):
        self.env["ropo.job"].sudo().create(
            {
                "account_id": self.account.id,
                "company_id": invoice.company_id.id,
                "move_id": invoice.id,
                "kind": kind,
                "is_collected": kind != "invoice",
                "jobid": f"{kind} {invoice.id}",
                "stage": "invoiced" if kind == "invoice" else kind,
                "amount": invoice.amount_residual,
                "currency_id": invoice.currency_id.id,
            }
        )

    def credit_on(self, invoice, when, amount=None):
        note = invoice._reverse_moves([{"invoice_date": when, "date": when}])
        if amount:
            note.invoice_line_ids.price_unit = amount
        note.action_post()
        return note

    def report_of(self, user=None, companies=None):
        self.env.flush_all()
        self.env.invalidate_all()
        report = self.env[MODEL].with_user(user or self.user)
        return report.with_context(
            allowed_company_ids=(companies or self.env.company).ids
        )

    def rows(self, *names, companies=None, user=None):
        """`{(months ago, way to Ropo): figures}`"""
        found = {}
        for row in self.report_of(user, companies).search([]):
            ago = relativedelta(self.today.replace(day=1), row.date)
            key = ago.years * 12 + ago.months, row.ropo
            self.assertNotIn(key, found)
            found[key] = tuple(round(row[name], 4) for name in names)
        return found

    def groups(self, groupby, *aggregates, companies=None):
        report = self.report_of(companies=companies)
        return [
            tuple(round(v, 4) if isinstance(v, float) else v for v in group)
            for group in report._read_group([], groupby, aggregates)
        ]


@tagged("post_install", "-at_install")
class TestDso(DsoCommon):
    def test_it_is_receivables_by_sales_times_days_with_part_payments(self):
        invoice = self.invoice(2, 5)
        self.pay(invoice, 25.5, payment_date=self.on(2, 20))
        self.pay(invoice, 60, payment_date=self.on(1, 10))
        self.invoice(1, 3)
        self.assertEqual(
            self.rows("sales", "open_amount", "days", "dso"),
            {
                (2, "none"): (
                    *(125.5, 100.0, self.days(2)),
                    round(100 * self.days(2) / 125.5, 4),
                ),
                (1, "none"): (
                    *(125.5, 165.5, self.days(1)),
                    round(165.5 * self.days(1) / 125.5, 4),
                ),
                # Nothing was sold in this month yet.
                (0, "none"): (0.0, 165.5, self.days(0), 0.0),
            },
        )

    def test_each_view_computes_the_months_once(self):
        self.invoice(1, 1)
        action = "ropo_connect.action_ropo_dso_report"
        action = self.env["ir.actions.act_window"]._for_xml_id(action)
        for _view_id, kind in action["views"]:
            report = self.report_of()
            with self.subTest(kind), Profiler(["sql"], db=None) as profiler:
                Screen(action, kind).open(report.env)
            (collector,) = profiler.collectors
            queries = [entry["full_query"] for entry in collector.entries]
            computing = [q for q in queries if "account_partial_reconcile" in q]
            self.assertEqual(len(computing), 1, kind)

    def test_what_was_at_ropo_stands_apart_with_all_its_months(self):
        self.invoice(1, 1)
        self.invoice(1, 2, ropo="invoice", amount=200)
        self.invoice(1, 3, ropo="reminder", amount=300)
        both = self.invoice(1, 4, ropo="invoice", amount=400)
        self.at(both, "collection")
        self.assertEqual(
            self.rows("sales", "open_amount"),
            {
                (1, "none"): (125.5, 125.5),
                (1, "sent"): (251.0, 251.0),
                (1, "collected"): (878.5, 878.5),
                (0, "none"): (0.0, 125.5),
                (0, "sent"): (0.0, 251.0),
                (0, "collected"): (0.0, 878.5),
            },
        )
        self.assertEqual(
            self.groups(["ropo"], "sales:sum"),
            [("none", 125.5), ("sent", 251.0), ("collected", 878.5)],
        )

    def test_credit_notes_lower_sales_and_go_with_what_they_credit(self):
        invoice = self.invoice(2, 5, ropo="reminder", amount=200)
        note = self.credit_on(invoice, self.on(1, 10), 100)
        self.unassign(invoice)
        self.assertEqual(
            self.rows("sales", "open_amount"),
            {
                (2, "collected"): (251.0, 251.0),
                (1, "collected"): (-125.5, 125.5),
                (0, "collected"): (0.0, 125.5),
            },
            "while it is still open",
        )
        self.assign(invoice, note)
        self.assertEqual(
            self.rows("sales", "open_amount", "paid", "dso"),
            {
                (2, "collected"): (251.0, 251.0, 0.0, round(self.days(2), 4)),
                (1, "collected"): (-125.5, 125.5, 0.0, 0.0),
                (0, "collected"): (0.0, 125.5, 0.0, 0.0),
            },
        )

    def test_a_write_off_is_no_payment_and_no_receivable(self):
        invoice = self.invoice(1, 5)
        self.assign(invoice, self.entry(25.5, date=self.on(1, 15)))
        self.assertEqual(
            self.rows("open_amount", "paid", "days_to_pay"),
            {(1, "none"): (100.0, 0.0, 0.0), (0, "none"): (100.0, 0.0, 0.0)},
        )

    def test_days_to_pay_are_of_the_payments_of_the_month_by_their_amounts(self):
        first, second = self.invoice(2, 5), self.invoice(2, 15, ropo="collection")
        self.pay(first, 25.5, payment_date=self.on(2, 7))
        self.pay(first, 100, payment_date=self.on(2, 25))
        self.pay(second, 62.75, payment_date=self.on(2, 16))
        self.pay(second, 62.75, payment_date=self.on(1, 15))
        self.assertEqual(
            self.rows("paid", "days_to_pay"),
            {
                (2, "none"): (125.5, round((25.5 * 2 + 100 * 20) / 125.5, 4)),
                (2, "collected"): (62.75, 1.0),
                (1, "collected"): (62.75, float(self.days(2))),
            },
        )
        self.assertEqual(
            self.groups([], "paid:sum", "days_to_pay:avg"),
            [
                (
                    251.0,
                    round((51 + 2000 + 62.75 * (1 + self.days(2))) / 251, 4),
                )
            ],
        )

    def test_several_months_have_their_average_receivables_by_their_sales(self):
        invoice = self.invoice(3, 5)
        self.pay(invoice, 25.5, payment_date=self.on(2, 10))
        self.invoice(2, 10, ropo="reminder", amount=200)
        months = [(3, 125.5, 125.5), (2, 351.0, 251.0), (1, 351.0, 0.0), (0, 351.0, 0)]
        open_days = sum(open_ * self.days(ago) for ago, open_, _sales in months)
        self.assertEqual(
            self.groups([], "open_amount:avg", "sales:sum", "dso:avg"),
            [
                (
                    round(sum(open_ for _ago, open_, _sales in months) / 4, 4),
                    376.5,
                    round(open_days / 376.5, 4),
                )
            ],
        )

    def test_foreign_currency_is_the_companys_as_in_the_ledger(self):
        ago = 6  # the first rate is younger: 10 crowns a euro
        self.sek.rate_ids.filtered(lambda rate: rate.rate == 10).name = self.month(12)
        invoice = self.invoice(ago, 5, currency_id=self.sek.id, amount=1000)
        self.pay(
            invoice, 255, currency_id=self.sek.id, payment_date=self.on(ago - 1, 5)
        )
        found = self.rows("sales", "open_amount", "paid")
        self.assertEqual(found[ago, "none"], (125.5, 125.5, 0.0))
        self.assertEqual(found[ago - 1, "none"], (0.0, 100.0, 25.5))
        # Paid when a euro was 12 crowns: an exchange difference, and nothing is open.
        self.pay(invoice, currency_id=self.sek.id, payment_date=self.today)
        found = self.rows("open_amount", "paid")
        self.assertEqual(found[1, "none"], (100.0, 0.0))
        self.assertEqual(found[0, "none"], (0.0, round(1000 / 12, 2)))

    def test_receivables_of_each_month_are_the_open_items_of_the_statement(self):
        for ago in (4, 3, 2):
            invoice = self.invoice(ago, 5, ropo="reminder" if ago == 3 else None)
            self.pay(invoice, 10 * ago, payment_date=self.on(ago - 1, 20))
        self.credit_on(invoice, self.on(1, 2), 20)
        statement = self.env["ropo.statement"]
        by_month = dict(self.groups(["date:month"], "open_amount:sum"))
        for ago in range(4, -1, -1):
            end = min(self.on(ago, self.days(ago)), self.today)
            rows = statement._rows(self.env.company, end)
            self.assertEqual(
                by_month[self.month(ago)],
                round(sum(row["balance"] for row in rows), 2),
            )

    def test_what_is_not_posted_or_no_customers_is_left_out(self):
        self.invoice(1, 5, post=False)
        self.invoice(1, 5).button_cancel()
        self.loose_payment(50)
        self.entry(-70)
        self.init_invoice("in_invoice", amounts=[80], post=True)
        self.assertFalse(self.rows("sales"))

    def test_what_is_dated_after_today_is_left_out(self):
        invoice = self.invoice(1, 5)
        self.pay(invoice, 25.5, payment_date=self.today + relativedelta(days=1))
        self.create_invoice(invoice_date=self.today + relativedelta(days=1))
        self.assertEqual(
            self.rows("sales", "open_amount", "paid"),
            {(1, "none"): (125.5, 125.5, 0.0), (0, "none"): (0.0, 125.5, 0.0)},
        )

    def test_what_is_older_than_shown_is_still_owed(self):
        old = self.today.replace(day=1) - relativedelta(months=30)
        invoice = self.create_invoice(
            invoice_date=old, date=old, invoice_date_due=old, amount=1000
        )
        self.pay(invoice, 255, payment_date=old + relativedelta(days=9))
        found = self.rows("sales", "open_amount")
        self.assertEqual(len(found), 25)
        self.assertEqual(set(found.values()), {(0.0, 1000.0)})

    def test_a_row_opens_what_was_open_at_the_end_of_its_month(self):
        paid, open_ = self.invoice(2, 5), self.invoice(2, 6)
        at_ropo, later = self.invoice(2, 7, ropo="reminder"), self.invoice(1, 8)
        self.pay(paid, payment_date=self.on(1, 9))
        at_once = self.invoice(2, 9)
        self.pay(at_once, payment_date=self.on(2, 10))
        opened = {}
        for row in self.report_of().search([("date", "<", self.month(0))]):
            action = row.action_open_invoices()
            moves = self.env[action["res_model"]].search(action["domain"])
            opened[row.date, row.ropo] = moves
        self.assertEqual(
            opened,
            {
                (self.month(2), "none"): paid | open_,
                (self.month(2), "collected"): at_ropo,
                (self.month(1), "none"): open_ | later,
                (self.month(1), "collected"): at_ropo,
            },
        )

    def test_the_favourites_show_what_the_web_client_can_read(self):
        self.invoice(1, 5)
        action = self.env.ref("ropo_connect.action_ropo_dso_report")
        filters = self.env["ir.filters"].with_user(self.user)
        found = {own["name"]: own for own in filters.get_filters(MODEL, action.id)}
        self.assertEqual(
            set(found), {"DSO With and Without Ropo", "DSO and Days to Pay by Quarter"}
        )
        for own in found.values():
            context = literal_eval(own["context"])
            specs = context["pivot_row_groupby"] + context["pivot_column_groupby"]
            groups = self.report_of().formatted_read_group(
                [],
                specs,
                [
                    f"{name}:{self.env[MODEL]._fields[name].aggregator}"
                    for name in context["pivot_measures"]
                ],
            )
            self.assertEqual({group["ropo"] for group in groups}, {"none"}, own["name"])


@tagged("post_install", "-at_install")
class TestDsoOfCompanies(DsoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create(
            {"name": "Branch", "parent_id": cls.env.company.id}
        )
        cls.env.cr.precommit.run()  # loads its chart of accounts
        cls.other = cls.setup_other_company(name="Other AB", currency_id=cls.sek.id)
        cls.companies = cls.env.company | cls.branch | cls.other["company"]
        (cls.env.user | cls.user).company_ids |= cls.companies
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.companies.ids}
        )

    def setUp(self):
        super().setUp()
        self.invoice(1, 5)
        self.invoice(1, 5, company_id=self.branch.id, amount=200)
        journal = self.other["default_journal_sale"]
        self.invoice(
            1,
            5,
            company_id=self.other["company"].id,
            journal_id=journal.id,
            currency_id=self.sek.id,
            amount=1200,
            invoice_line_ids=[
                Command.create({"name": "Work", "price_unit": 1200, "tax_ids": False})
            ],
        )

    def test_each_company_and_branch_has_rows_of_its_own(self):
        sums = self.groups(["company_id"], "sales:sum", companies=self.companies)
        self.assertEqual(
            {company.name: sales for company, sales in sums},
            {
                self.env.company.name: 125.5,
                "Branch": 251.0,
                # Crowns at the rate of today, of which 12 are a euro.
                "Other AB": 100.0,
            },
        )

    def test_days_of_all_companies_are_of_sums_in_one_currency(self):
        ((sales, open_, dso),) = [
            group[1:]
            for group in self.groups(
                ["date:month"],
                *("sales:sum", "open_amount:sum", "dso:avg"),
                companies=self.companies,
            )
            if group[0] == self.month(1)
        ]
        self.assertEqual((sales, open_, dso), (476.5, 476.5, float(self.days(1))))

    def test_who_works_in_one_company_reads_its_rows_in_its_currency(self):
        other = self.other["company"]
        self.assertEqual(
            self.rows("sales", companies=other),
            {(1, "none"): (1200.0,), (0, "none"): (0.0,)},
        )
        self.assertEqual(
            self.report_of(companies=other).search([]).currency_id, self.sek
        )
        self.assertEqual(
            self.rows("sales", companies=self.branch),
            {(1, "none"): (251.0,), (0, "none"): (0.0,)},
        )
        self.user.company_ids = self.env.company
        self.assertEqual(
            self.rows("sales"), {(1, "none"): (125.5,), (0, "none"): (0.0,)}
        )

    def test_who_may_not_read_invoices_reads_nothing(self):
        salesperson = new_test_user(
            self.env, login="salesperson", groups="base.group_user"
        )
        reader = new_test_user(
            self.env, login="reader", groups="account.group_account_readonly"
        )
        self.assertTrue(self.rows("sales", user=reader))
        with self.assertRaises(AccessError):
            self.rows("sales", user=salesperson)
        self.assertFalse(self.env[MODEL].with_user(reader).has_access("write"))
