"""A year of four companies in three currencies, each figure of it computed anew.

The list of what happened is written straight into the tables (`bench/history.py`), and
plain Python computes from it what reports, overview and statement have to say.
"""

from collections import defaultdict
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo.fields import Domain
from odoo.tests import tagged

from ..bench.history import COLLECTING, SETTLEMENTS, History
from ..bench.history_rows import Book, Rows
from ..bench.history_templates import write_templates
from .ledger import LedgerCommon

COUNT = 5000
ENDED = ("paid", "credited", "closed")
PARTS = {
    "payment": "paid",
    "collected": "collected",
    "credit": "credited",
    "adjustment": "adjusted",
    "loss": "written_off",
}


class HistoryCommon(LedgerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sek.rate_ids.unlink()
        cls.sek.rate_ids.create(
            {
                "name": cls.today - timedelta(days=900),
                "rate": 10,
                "currency_id": cls.sek.id,
            }
        )
        nok = cls.setup_other_currency(
            "NOK", rates=[(cls.today - timedelta(days=900), 8.0)]
        )
        branch = cls.env["res.company"].create(
            {"name": "Branch", "parent_id": cls.env.company.id}
        )
        cls.env.cr.precommit.run()  # loads its chart of accounts
        sweden = cls.setup_other_company(name="Sverige AB", currency_id=cls.sek.id)
        norway = cls.setup_other_company(name="Norge AS", currency_id=nok.id)
        cls.companies = cls.env.company | branch | sweden["company"] | norway["company"]
        (cls.env.user | cls.user).company_ids |= cls.companies
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.companies.ids}
        )
        home = cls._book(cls.company_data, cls.account)
        home.foreign_currency = cls.sek
        cls.books = [
            home,
            Book(branch, cls.account, home.templates),
            *(
                cls._book(
                    data,
                    cls._create_account(data["company"], cid=f"70000{number}"),
                )
                for number, data in ((2, sweden), (3, norway))
            ),
        ]
        cls.customers = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(40)]
        )
        cls.history = History(COUNT, len(cls.books), cls.today)
        cls.rows_ = Rows(cls.env, cls.history, cls.books, cls.customers)
        cls.rows_.write()
        cls.settled = defaultdict(list)
        for document in cls.history.documents:
            if document.kind in SETTLEMENTS:
                cls.settled[document.settles].append(document)

    @classmethod
    def _book(cls, data, account):
        env = cls.env(context={"allowed_company_ids": data["company"].ids})
        return Book(data["company"], account, write_templates(env, account))

    # --- helpers ---

    def company_of(self, document):
        return self.books[document.book].company

    def rate(self, document):
        return document.balance / document.amount

    def open_on(self, document, day):
        """What was open of an invoice, in cents of its currency."""
        if document.date > day:
            return 0
        return document.amount - sum(
            other.amount for other in self.settled[document.number] if other.date <= day
        )

    def invoices(self):
        return [d for d in self.history.documents if d.kind == "invoice"]

    def search(self, model, domain=()):
        self.env.invalidate_all()
        return (
            self.env[model]
            .with_user(self.user)
            .with_context(allowed_company_ids=self.companies.ids)
            .search(list(domain))
        )


@tagged("post_install", "-at_install")
class TestHistory(HistoryCommon):
    def test_each_row_of_the_report_is_what_happened(self):
        expected = {
            self.rows_.move_id(number): self.figures_of(case)
            for number, case in self.history.cases.items()
        }
        names = next(iter(expected.values())).keys()
        found = {}
        for row in self.search("ropo.receivable.report"):
            self.assertNotIn(row.move_id.id, found)
            found[row.move_id.id] = {
                name: round(row[name], 2) if isinstance(row[name], float) else row[name]
                for name in names
            }
        self.assertEqual(len(found), len(expected))
        for move_id, figures in expected.items():
            self.assertEqual(found[move_id], figures)

    def figures_of(self, case):
        invoice = self.history.documents[case.invoice]
        since = [
            other
            for other in self.settled[case.invoice]
            if other.number not in case.covers
        ]
        events = [e for e in self.history.events_of(case.invoice) if e.recovered]
        parts = dict.fromkeys(PARTS.values(), 0)
        for other in since:
            parts[PARTS[other.kind]] += other.amount
        money = [
            (other.date, other.amount)
            for other in since
            if other.kind in ("payment", "collected")
        ] + [(event.date, event.recovered) for event in events]
        recovered = sum(event.recovered for event in events)
        received = sum(amount for _day, amount in money)
        due = case.amount - parts["credited"]
        is_open = invoice.left or case.open_amount
        days = (self.today - invoice.due).days if is_open else 0
        difference = invoice.left + parts["written_off"] - recovered - case.open_amount
        weighed = sum(amount * (day - case.began).days for day, amount in money)
        return {
            **{name: amount / 100 for name, amount in parts.items()},
            "amount": case.amount / 100,
            "residual": invoice.left / 100,
            "residual_company": round(invoice.left * self.rate(invoice)) / 100,
            "open_amount": case.open_amount / 100,
            "charges": case.charges / 100,
            "recovered": recovered / 100,
            "received": received / 100,
            "difference": difference / 100,
            "differs": difference != 0,
            "days_overdue": days,
            "age": self.age(days) if is_open else False,
            "recovery_rate": round(received / due, 2) if due else 0.0,
            "days_to_pay": round(weighed / received, 2) if received else 0.0,
            "stage": case.stage,
            "kind": case.kind,
            "transfer_date": case.began,
            "first_payment_date": min((day for day, _a in money), default=False),
            "last_payment_date": max((day for day, _a in money), default=False),
            "ended_date": case.stage_date if case.stage in ENDED else False,
            "company_id": self.company_of(invoice),
        }

    def age(self, days):
        limits = (
            (0, "0_not_due"),
            (30, "1_month"),
            (60, "2_two_months"),
            (90, "3_three_months"),
            (120, "4_four_months"),
        )
        return next((age for limit, age in limits if days <= limit), "5_older")

    def test_groups_of_the_report_are_of_sums(self):
        sums = defaultdict(lambda: [0, 0, 0, 0])
        for case in self.history.cases.values():
            invoice = self.history.documents[case.invoice]
            rate = self.rate(invoice)
            figures = self.figures_of(case)
            own = sums[self.company_of(invoice), case.began.replace(day=1)]
            own[0] += 1
            for index, name in enumerate(("amount", "received", "credited"), 1):
                own[index] += round(figures[name] * rate, 2)
        self.env.invalidate_all()
        groups = (
            self.env["ropo.receivable.report"]
            .with_context(allowed_company_ids=self.companies.ids)
            ._read_group(
                [],
                ["company_id", "transfer_date:month"],
                [
                    "__count",
                    "amount_company:sum",
                    "received_company:sum",
                    "recovery_rate:avg",
                ],
            )
        )
        self.assertEqual(
            {
                (company, month): (
                    count,
                    round(amount, 2),
                    round(received, 2),
                    round(rate, 6),
                )
                for company, month, count, amount, received, rate in groups
            },
            {
                key: (
                    count,
                    round(amount, 2),
                    round(received, 2),
                    round(received / (amount - credited), 6),
                )
                for key, (count, amount, received, credited) in sums.items()
            },
        )

    def test_sums_by_currency_are_those_that_odoo_adds_up_row_by_row(self):
        """Of one currency they are worked out at once; the superuser gets Odoo's."""
        for currency, rate in ((self.env.company.currency_id, 2), (self.sek, 20)):
            currency.rate_ids.unlink()
            currency.rate_ids.create({"rate": rate, "currency_id": currency.id})
        specs = [
            "amount_company:sum_currency",
            "company_currency_id:array_agg_distinct",
            "amount:sum_currency",
            "currency_id:array_agg_distinct",
        ]
        for companies in (self.companies[:2], self.companies):
            own = Domain("company_id", "in", companies.ids)
            report = self.env["ropo.receivable.report"].with_user(self.user)
            report = report.with_context(allowed_company_ids=companies.ids)
            for domain in (own, own & Domain("id", "=", 0)):
                for groups in ([], ["stage"]):
                    found, expected = (
                        [
                            [round(v, 6) if isinstance(v, float) else v for v in row]
                            for row in rows._read_group(domain, groups, specs)
                        ]
                        for rows in (report, report.sudo())
                    )
                    with self.subTest(companies=len(companies), groups=groups):
                        self.assertEqual(found, expected)

    def test_the_overview_counts_and_sums_what_happened(self):
        accounts = self.env["ropo.account"].browse(
            {book.account.id for book in self.books}
        )
        overview = self.env["ropo.overview"].with_context(
            allowed_company_ids=self.companies.ids
        )
        found = overview._figures(accounts)
        expected = {
            account.id: {name: (0, {}) for name in found[account.id]}
            for account in accounts
        }
        month = self.today.replace(day=1)
        for case in self.history.cases.values():
            if case.stage in ("reminder", *COLLECTING):
                name = "reminder" if case.stage == "reminder" else "collection"
                self.count(expected, case.invoice, name, case.open_amount)
            if case.differs_since:
                self.count(expected, case.invoice, "mismatch")
            if case.decision == "undecided":
                self.count(expected, case.invoice, "undecided")
        for event in self.history.events:
            if event.amount and event.date >= month:
                self.count(expected, event.invoice, "collected", event.amount)
            if event.to_review:
                self.count(expected, event.invoice, "unsettled")
            if event.is_unread:
                self.count(expected, event.invoice, "unread")
        for name, number in self.waiting():
            self.count(expected, number, name)
        for invoice in self.invoices():
            late = invoice.due < self.today and invoice.left
            case = self.history.cases.get(invoice.number)
            if late and (not case or case.stage in ENDED):
                self.count(expected, invoice.number, "overdue", invoice.left)
        self.assertEqual(
            {
                account_id: {
                    name: (
                        count,
                        {c: round(amount, 2) for c, amount in amounts.items()},
                    )
                    for name, (count, amounts) in figures.items()
                }
                for account_id, figures in found.items()
            },
            expected,
        )
        for name in next(iter(found.values())):
            counts = [figures[name][0] for figures in expected.values()]
            self.assertTrue(all(counts), (name, counts))

    def waiting(self):
        """`(figure, invoice)` of each request that has not come to an end."""
        last = {
            request.invoice: request
            for request in sorted(self.history.requests, key=lambda one: one.date)
            if request.operation == "invoice"
        }
        for request in self.history.requests:
            if request.state in ("queued", "sending"):
                yield "waiting", request.invoice
            if request.state == "unknown":
                yield "unknown", request.invoice
            if request.state == "rejected" and last[request.invoice] is request:
                yield "rejected", request.invoice

    def count(self, expected, number, name, amount=None):
        invoice = self.history.documents[number]
        book = self.books[invoice.book]
        count, amounts = expected[book.account.id][name]
        if amount is not None:
            own = book.foreign_currency if invoice.is_foreign else None
            currency = own or book.company.currency_id
            amounts[currency] = round(amounts.get(currency, 0) + amount / 100, 2)
        expected[book.account.id][name] = count + 1, amounts

    def test_the_statement_is_what_was_open_and_ties_to_the_trial_balance(self):
        for ago in (0, 45, 200):
            day = self.today - timedelta(days=ago)
            for book, own in enumerate(self.books):
                with self.subTest(company=own.company.name, days_ago=ago):
                    self.check_statement(book, own.company, day)

    def check_statement(self, book, company, day):
        statement = self.env["ropo.statement"]
        customers = self.customers
        rows = statement._rows(company, day, customers)
        found = {
            row["move"].id: (round(row["open"], 2), round(row["balance"], 2))
            for row in rows
            if round(row["open"], 2)
        }
        expected = {}
        for invoice in self.invoices():
            left = self.open_on(invoice, day)
            if invoice.book == book and left:
                expected[self.rows_.move_id(invoice.number)] = (
                    left / 100,
                    round(left * self.rate(invoice)) / 100,
                )
        self.assertEqual(found, expected)
        total = round(sum(balance for _open, balance in expected.values()), 2)
        balances = statement._trial_balance(company, day, customers)
        self.assertEqual(round(sum(balances.values()), 2), total)
        self.env.cr.execute(
            """
            SELECT ROUND(SUM(line.balance), 2)
              FROM account_move_line line
              JOIN account_account account ON account.id = line.account_id
             WHERE account.account_type = 'asset_receivable'
               AND line.parent_state = 'posted' AND line.company_id = %s
               AND line.date <= %s AND line.partner_id IN %s
            """,
            [company.id, day, tuple(customers.ids)],
        )
        self.assertEqual(float(self.env.cr.fetchone()[0]), total)

    def test_days_sales_outstanding_are_what_happened(self):
        for book, own in enumerate(self.books):
            with self.subTest(company=own.company.name):
                report = self.env["ropo.dso.report"].with_context(
                    allowed_company_ids=own.company.ids
                )
                names = ("sales", "open_amount", "paid", "dso", "days_to_pay")
                found = {
                    (row.date, row.ropo): tuple(round(row[name], 2) for name in names)
                    for row in report.search(
                        [("journal_id", "=", own.templates["invoice"].journal_id.id)]
                    )
                }
                self.assertEqual(found, self.outstanding(book))

    def outstanding(self, book):
        months = [
            self.today.replace(day=1) - relativedelta(months=ago) for ago in range(25)
        ]
        found = {}
        sums = defaultdict(lambda: defaultdict(int))
        for invoice in self.invoices():
            if invoice.book != book:
                continue
            way = (
                "collected"
                if invoice.number in self.history.cases
                else "sent"
                if invoice.number in self.history.deliveries
                else "none"
            )
            rate = self.rate(invoice)
            first = invoice.date.replace(day=1)
            sums[first, way]["sales"] += invoice.balance
            for other in self.settled[invoice.number]:
                own = sums[other.date.replace(day=1), way]
                if other.kind == "credit":
                    own["sales"] -= other.balance
                if other.kind in ("payment", "collected"):
                    own["paid"] += other.balance
                    own["days"] += other.balance * (other.date - invoice.date).days
            for month in months:
                end = self.end_of(month)
                if end >= invoice.date:
                    left = self.open_on(invoice, end)
                    sums[month, way]["open"] += round(left * rate)
        for (month, way), own in sums.items():
            if not (own["sales"] or own["open"] or own["paid"]):
                continue
            days = (self.end_of(month) - month).days + 1
            sales = own["sales"]
            found[month, way] = (
                sales / 100,
                own["open"] / 100,
                own["paid"] / 100,
                round(own["open"] * days / sales, 2) if sales > 0 else 0.0,
                round(own["days"] / own["paid"], 2) if own["paid"] else 0.0,
            )
        return found

    def end_of(self, month):
        last = month + relativedelta(months=1) - timedelta(days=1)
        return min(last, self.today)

    def test_what_ropo_has_not_paid_out_is_what_happened(self):
        expected = {
            self.rows_.move_id(document.number): document.left / 100
            for document in self.history.documents
            if document.kind == "collected" and document.left
        }
        lines = self.env["account.move.line"].search(
            [("account_id.name", "=", "Money at Ropo"), ("reconciled", "=", False)]
        )
        own = lines.filtered(lambda line: line.partner_id in self.customers)
        self.assertEqual(
            {line.move_id.id: line.amount_residual_currency for line in own}, expected
        )

    def test_nothing_is_to_be_reported_of_it(self):
        differing = [c for c in self.history.cases.values() if c.differs_since]
        self.assertTrue(differing)
        self.assertEqual(self.env["ropo.ledger"]._differences(), [])
