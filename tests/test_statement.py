"""The statement at a date, of customers and of the company, tied to the ledger."""

from datetime import date, datetime, time, timedelta
from io import BytesIO

from lxml import html
from openpyxl import load_workbook

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from .ledger import LedgerCommon


class StatementCommon(LedgerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.losses = cls.env["account.account"].create(
            {"name": "Bad Debts", "code": "688888", "account_type": "expense"}
        )
        cls.account.bad_debt_account_ids = cls.losses
        cls.env.company.partner_id.bank_ids = [
            (0, 0, {"acc_number": "FI2112345600000785"})
        ]

    # --- helpers ---

    def day(self, days_ago):
        return self.today - timedelta(days=days_ago)

    def taken(self, days_ago, **values):
        """A transferred invoice whose case began that many days ago."""
        invoice, case = self.transferred_case(**values)
        self.env.flush_all()
        self.cr.execute(
            "UPDATE ropo_job SET create_date = %s WHERE id = %s",
            [datetime.combine(self.day(days_ago), time(12)), case.id],
        )
        case.invalidate_recordset()
        return invoice, case

    def figures(self, rows):
        names = ("open", "paid", "paid_to_ropo", "credited", "written_off", "stage")
        return {
            row["move"]: tuple(
                round(row[name], 2) if name != "stage" else row[name] for name in names
            )
            for row in rows
        }

    def rows(self, day, partners=None):
        return self.env["ropo.statement"]._rows(self.env.company, day, partners)

    def assertTies(self, day, partners=None):
        """The open items of each account are its balance, to the cent."""
        items = {}
        for row in self.rows(day, partners):
            items.setdefault(row["account"], 0.0)
            items[row["account"]] += row["balance"]
        items = {a: round(b, 2) for a, b in items.items() if round(b, 2)}
        domain = [
            ("account_id.account_type", "=", "asset_receivable"),
            ("company_id", "=", self.env.company.id),
            ("parent_state", "=", "posted"),
            ("date", "<=", day),
        ]
        if partners is not None:
            domain.append(("partner_id", "child_of", partners.ids))
        ledger = {}
        for line in self.env["account.move.line"].search(domain):
            ledger[line.account_id] = ledger.get(line.account_id, 0.0) + line.balance
        ledger = {a: round(b, 2) for a, b in ledger.items() if round(b, 2)}
        self.assertEqual(items, ledger)
        own = self.env["ropo.statement"]._trial_balance(self.env.company, day, partners)
        self.assertEqual({a: round(b, 2) for a, b in own.items()}, ledger)
        return ledger

    def html(self, name, records, **data):
        report = self.env["ir.actions.report"].with_user(self.user)
        content, _kind = report._render_qweb_html(
            f"ropo_connect.{name}", records.ids, data=data
        )
        return html.fromstring(content)

    def table(self, document, path):
        return [
            [" ".join(c.text_content().replace("\ufeff", "").split()) for c in row]
            for row in document.xpath(f"{path}//tbody/tr")
        ]

    def history(self):
        """A month of events, ten days apart: `(invoice, its case)`."""
        invoice, case = self.taken(15)
        self.pay(invoice, 25.5, payment_date=self.day(12))
        self.assign(invoice, self.entry(40, self.losses))
        self.report()
        entry = self.partials(invoice).credit_move_id.move_id
        self.assertEqual(len(entry), 2, "else no test")
        return invoice, case


@tagged("post_install", "-at_install")
class TestStatement(StatementCommon):
    def test_each_day_has_what_stood_in_the_ledger_on_it(self):
        invoice, _case = self.history()
        none = (0, 0, 0, 0)
        for day, expected in (
            (self.day(16), (125.5, *none, None)),
            (self.day(15), (125.5, *none, "reminder")),
            (self.day(12), (100.0, 25.5, 0, 0, 0, "reminder")),
            (self.today, (60.0, 25.5, 0, 0, 40.0, "reminder")),
        ):
            with self.subTest(str(day)):
                rows = self.rows(day, self.business)
                self.assertEqual(self.figures(rows)[invoice], expected)
                self.assertTies(day)
                self.assertTies(day, self.business)

    def test_what_is_written_off_and_still_collected_stays_in_it(self):
        invoice, case = self.taken(5)
        self.assign(invoice, self.entry(125.5, self.losses))
        self.report()
        rows = self.rows(self.today, self.business)
        self.assertEqual(self.figures(rows)[invoice], (0, 0, 0, 0, 125.5, "reminder"))
        case.stage = "closed"
        self.assertFalse(self.figures(self.rows(self.today, self.business)))

    def test_credits_money_of_ropo_and_loose_payments(self):
        invoice, case = self.taken(5)
        self.credit(invoice, 20)
        self._register_collected()
        self.at_ropo(case, "pay", amount=10.4)
        self.run_cron("cron_poll_status")
        self.report()
        loose = self.loose_payment(7)
        rows = self.figures(self.rows(self.today, self.business))
        self.assertEqual(rows[invoice], (90.0, 10.4, 10.4, 25.1, 0, "reminder"))
        self.assertEqual(rows[loose.move_id], (-7.0, 0, 0, 0, 0, None))
        self.assertEqual(len(rows), 2)
        self.assertTies(self.today)

    def test_the_stage_is_that_of_the_day(self):
        invoice, case = self.taken(5)
        self.at_ropo(case, "stage", stage="collection")
        self.run_cron("cron_poll_status")
        self.assertEqual(case.stage, "collection")
        case.event_ids.filtered("stage").event_time = datetime.combine(
            self.day(2), time(12)
        )
        for days, stage in ((5, "reminder"), (3, "reminder"), (2, "collection")):
            rows = self.rows(self.day(days), self.business)
            self.assertEqual(self.figures(rows)[invoice][-1], stage)

    def test_foreign_currency_ties_with_its_exchange_differences(self):
        invoice, _case = self.taken(5, currency_id=self.sek.id)
        self.pay(invoice, 25.5, currency_id=self.sek.id)
        self.report()
        rows = self.rows(self.today, self.business)
        self.assertEqual(self.figures(rows)[invoice][:2], (100.0, 25.5))
        self.assertEqual(rows[0]["currency"], self.sek)
        self.assertTies(self.today)
        self.pay(invoice, 100, currency_id=self.sek.id)
        self.report()
        self.assertTies(self.today)

    def test_the_company_statement_as_printed(self):
        invoice, _case = self.history()
        other = self.create_invoice(self.consumer)
        ledger = self.assertTies(self.today)
        (account,) = ledger
        document = self.html("report_company_statement", self.env.company)
        due = invoice.invoice_date_due.strftime("%m/%d/%Y")
        self.assertEqual(
            self.table(document, "//table[@name='cases']"),
            [
                [
                    invoice.name,
                    "Example Oy",
                    f"{due} Overdue",
                    "Reminder",
                    "125.50 €",
                    "25.50 €",
                    "0.00 €",
                    "0.00 €",
                    "40.00 €",
                    "60.00 €",
                ]
            ],
        )
        self.assertEqual(other.amount_residual, 125.5)
        self.assertEqual(
            sorted(self.table(document, "//table[@name='stages']")),
            [["EUR", "Not at Ropo", "125.50 €"], ["EUR", "Reminder", "60.00 €"]],
        )
        self.assertEqual(
            self.table(document, "//table[@name='accounts']"),
            [[account.display_name, "185.50 €", "185.50 €"]],
        )

    def test_the_customers_statement_has_sender_iban_and_overdue_mark(self):
        invoice, _case = self.taken(5)
        fresh = self.create_invoice(days_overdue=-5)
        document = self.html("report_statement", self.business)
        sender = " ".join(
            document.xpath("//p[@name='sender']")[0].text_content().split()
        )
        self.assertIn(self.env.company.name, sender)
        self.assertIn("Pay to FI21 1234 5600 0007 85", sender)
        rows = {row[0]: row[2] for row in self.table(document, "//")}
        self.assertIn("Overdue", rows[invoice.name])
        self.assertNotIn("Overdue", rows[fresh.name])
        text = " ".join(document.text_content().replace("\ufeff", "").split())
        self.assertIn("of which overdue 125.50 €", text)

    def test_no_customer_is_asked_to_pay_to_another_companys_account(self):
        self.create_invoice()
        other = self.env["res.company"].create({"name": "Esimerkki Toinen Oy"})
        banks = self.env.company.partner_id.bank_ids
        banks.company_id = other
        document = self.html("report_statement", self.business)
        text = document.xpath("//p[@name='sender']")[0].text_content()
        self.assertTrue(banks)
        self.assertNotIn("Pay to", text)

    def test_the_wizard_prints_customers_or_the_company(self):
        invoice, _case = self.history()
        Wizard = self.env["ropo.statement.wizard"].with_user(self.user)
        wizard = Wizard.create({"date": self.day(12), "partner_ids": self.business.ids})
        action = wizard.action_print()
        self.assertEqual(action["report_name"], "ropo_connect.report_statement")
        document = self.html("report_statement", self.business, **action["data"])
        rows = {row[0]: row[4] for row in self.table(document, "//")}
        self.assertEqual(rows[invoice.name], "100.00 €")
        wizard.partner_ids = False
        action = wizard.action_print()
        self.assertEqual(action["report_name"], "ropo_connect.report_company_statement")
        document = self.html(
            "report_company_statement", self.env.company, **action["data"]
        )
        (row,) = self.table(document, "//table[@name='cases']")
        self.assertEqual(row[-1], "100.00 €")

    def test_who_may_not_read_invoices_gets_none(self):
        self.taken(5)
        for login, groups in (
            ("portal", "base.group_portal"),
            ("seller", "base.group_user,base.group_partner_manager"),
        ):
            self.user = new_test_user(self.env, login=login, groups=groups)
            for name, records in (
                ("report_statement", self.business),
                ("report_company_statement", self.user.company_id),
            ):
                with self.subTest(f"{login} {name}"), self.assertRaises(AccessError):
                    self.html(name, records)

    def test_another_company_is_not_in_it(self):
        self.taken(5)
        other = self.setup_other_company()["company"]
        rows = self.env["ropo.statement"]._rows(other, self.today)
        self.assertFalse(rows)

    def test_the_query_count_does_not_depend_on_the_number_of_cases(self):
        def read():
            self.figures(self.rows(self.today))

        self.taken(5)
        self.queries(read)  # fills the caches of the registry
        before = self.queries(read)
        for _number in range(3):
            self.taken(5)
        self.assertEqual(self.queries(read), before)


@tagged("post_install", "-at_install")
class TestStatementXlsx(StatementCommon, HttpCase):
    registry_test_mode = False  # RopoCommon enters it, and twice is once too often

    # --- helpers ---

    def export(self, login="ropo_user", **values):
        """What the button of the dialog downloads: `{sheet: rows}`, headers first."""
        self.authenticate(login, login)
        user = self.env["res.users"].search([("login", "=", login)])
        wizard = self.env["ropo.statement.wizard"].with_user(user).create(values)
        action = wizard.action_export_xlsx()
        self.assertEqual(
            (action["type"], action["target"]), ("ir.actions.act_url", "download")
        )
        response = self.url_open(action["url"])
        self.assertEqual(response.status_code, 200)
        self.assertIn(f"{wizard.date}.xlsx", response.headers["Content-Disposition"])
        book = load_workbook(BytesIO(response.content))
        return {
            sheet.title: [[_plain(cell) for cell in row] for row in sheet.values]
            for sheet in book
        }

    def printed(self, cells):
        """As the printed statement formats amounts and days."""
        return [
            f"{cell:,.2f} €"
            if isinstance(cell, float)
            else cell.strftime("%m/%d/%Y")
            if isinstance(cell, date)
            else cell or ""
            for cell in cells
        ]

    # --- tests ---

    def test_the_workbook_of_the_company_has_every_cell_of_the_printed_one(self):
        invoice, _case = self.history()
        self.create_invoice(self.consumer)
        (account,) = self.assertTies(self.today)
        sheets = self.export(date=self.today)
        company = self.env.company.name
        self.assertEqual(
            sheets,
            {
                "Cases": [
                    [
                        "Company",
                        "Invoice",
                        "Customer",
                        "Due Date",
                        "Overdue",
                        "Stage",
                        "Currency",
                        "Transferred",
                        "Paid",
                        "To Ropo",
                        "Credited",
                        "Written Off",
                        "Open",
                    ],
                    [
                        company,
                        invoice.name,
                        "Example Oy",
                        invoice.invoice_date_due,
                        "Overdue",
                        "Reminder",
                        "EUR",
                        125.5,
                        25.5,
                        0.0,
                        0.0,
                        40.0,
                        60.0,
                    ],
                ],
                "Open by Currency and Stage": [
                    ["Company", "Currency", "Stage", "Open"],
                    [company, "EUR", "Reminder", 60.0],
                    [company, "EUR", "Not at Ropo", 125.5],
                ],
                "Receivable Accounts": [
                    [
                        "Company",
                        "Account Code",
                        "Account Name",
                        "Currency",
                        "Open Items",
                        "Balance in the Ledger",
                    ],
                    [company, account.code, account.name, "EUR", 185.5, 185.5],
                ],
            },
        )
        document = self.html("report_company_statement", self.env.company)
        (row,) = sheets["Cases"][1:]
        name, customer, due, overdue, stage, _euro, *amounts = self.printed(row[1:])
        self.assertEqual(
            self.table(document, "//table[@name='cases']"),
            [[name, customer, f"{due} {overdue}", stage, *amounts]],
        )
        rows = [self.printed(row[1:]) for row in sheets["Open by Currency and Stage"]]
        self.assertEqual(rows[1:], self.table(document, "//table[@name='stages']"))
        (row,) = sheets["Receivable Accounts"][1:]
        code, name, _euro, *amounts = self.printed(row[1:])
        self.assertEqual(
            self.table(document, "//table[@name='accounts']"),
            [[f"{code} {name}", *amounts]],
        )

    def test_the_balances_in_it_are_the_trial_balance(self):
        invoice, _case = self.taken(5, currency_id=self.sek.id)
        self.pay(invoice, 25.5, currency_id=self.sek.id)
        self.taken(3)
        self.loose_payment(7)
        self.report()
        for day in (self.today, self.day(4), self.day(90)):
            with self.subTest(str(day)):
                ledger = self.assertTies(day)
                rows = self.export(date=day)["Receivable Accounts"][1:]
                self.assertEqual(
                    {row[1]: row[4:] for row in rows if any(row[4:])},
                    {
                        account.code: [balance, balance]
                        for account, balance in ledger.items()
                    },
                )

    def test_the_workbook_of_customers_has_their_items_and_totals(self):
        invoice, case = self.taken(5)
        self.pay(invoice, 25.5)
        self.report()
        case.write({"next_stage": "Collection letter", "open_total": 105.0})
        crowns = self.create_invoice(days_overdue=-5, currency_id=self.sek.id)
        self.create_invoice(self.consumer)
        sheets = self.export(date=self.today, partner_ids=self.business.ids)
        company, mine = self.env.company.name, ["Example Oy"]
        self.assertEqual(
            sheets,
            {
                "Open Items": [
                    [
                        "Company",
                        "Customer",
                        "Invoice",
                        "Date",
                        "Due Date",
                        "Overdue",
                        "Currency",
                        "Amount",
                        "Paid",
                        "Credited",
                        "Open",
                        "Stage",
                        "Next Step",
                        "Next Step Date",
                        "Interest and Fees",
                    ],
                    [
                        company,
                        *mine,
                        invoice.name,
                        invoice.invoice_date,
                        invoice.invoice_date_due,
                        "Overdue",
                        "EUR",
                        125.5,
                        25.5,
                        0.0,
                        100.0,
                        "Reminder",
                        "Collection letter",
                        None,
                        5.0,
                    ],
                    [
                        company,
                        *mine,
                        crowns.name,
                        crowns.invoice_date,
                        crowns.invoice_date_due,
                        None,
                        "SEK",
                        125.5,
                        0.0,
                        0.0,
                        125.5,
                        None,
                        None,
                        None,
                        None,
                    ],
                ],
                "Open by Currency": [
                    ["Company", "Customer", "Currency", "Open", "Of Which Overdue"],
                    [company, *mine, "EUR", 100.0, 100.0],
                    [company, *mine, "SEK", 125.5, 0.0],
                ],
                "Open by Currency and Stage": [
                    ["Company", "Customer", "Currency", "Stage", "Open"],
                    [company, *mine, "EUR", "Reminder", 100.0],
                    [company, *mine, "SEK", "Not at Ropo", 125.5],
                ],
            },
        )

    def test_titles_in_another_language_are_as_long_as_excel_takes(self):
        self.env["res.lang"]._activate_lang("fi_FI")
        self.env["ir.module.module"]._load_module_terms(["ropo_connect"], ["fi_FI"])
        self.user.lang = "fi_FI"
        sheets = self.export(date=self.today)
        self.assertEqual(
            list(sheets),
            ["Toimeksiannot", "Avoinna valuutoittain ja vaihei", "Saatavatilit"],
        )

    def test_a_name_that_looks_like_a_formula_stays_text(self):
        self.business.name = "=1+1"
        self.taken(5)
        wizard = self.env["ropo.statement.wizard"].create({"date": self.today})
        self.authenticate("ropo_user", "ropo_user")
        answer = self.url_open(wizard.action_export_xlsx()["url"])
        cell = load_workbook(BytesIO(answer.content))["Cases"]["C2"]
        self.assertEqual((cell.value, cell.data_type), ("=1+1", "s"))

    def test_who_may_not_read_invoices_downloads_nothing(self):
        self.taken(5)
        new_test_user(
            self.env,
            login="seller",
            groups="base.group_user,base.group_partner_manager",
        )
        self.authenticate("seller", "seller")
        query = f"date={self.today}&company_id={self.env.company.id}"
        for partners in ("", f"&partner_ids={self.business.id}"):
            url = f"/ropo/statement.xlsx?{query}{partners}"
            self.assertEqual(self.url_open(url).status_code, 403)

    def test_another_companys_statement_is_not_downloaded(self):
        other = self.setup_other_company()["company"]
        self.user.company_ids = self.env.company
        self.authenticate("ropo_user", "ropo_user")
        url = f"/ropo/statement.xlsx?date={self.today}&company_id={other.id}"
        book = load_workbook(BytesIO(self.url_open(url).content))
        self.assertEqual([len(list(sheet.values)) for sheet in book], [1, 1, 1])

    def test_an_address_that_makes_no_sense_is_refused(self):
        self.authenticate("ropo_user", "ropo_user")
        for query in ("date=today&company_id=1", "date=2026-01-31&company_id=x"):
            answer = self.url_open(f"/ropo/statement.xlsx?{query}")
            self.assertEqual(answer.status_code, 400)


def _plain(value):
    """Excel knows moments and one kind of number only."""
    if isinstance(value, datetime):
        return value.date()
    return float(value) if isinstance(value, int) else value
