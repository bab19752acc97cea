from collections import defaultdict

from odoo import api, fields, models

SETTLED = ("paid", "paid_to_ropo", "credited", "written_off")


class ReportStatement(models.AbstractModel):
    """The printed statement: what a customer owes, and what Ropo does about it."""

    _name = "report.ropo_connect.report_statement"
    _description = "Customer Statement"

    @api.model
    def _get_report_values(self, docids, data=None):
        """One statement for each company and each customer who owes it something.

        A contact gets the statement of the company of that contact.

        :param data: `date` (as text; today if not given) and `company_id` (all that
            are chosen if not given)
        """
        data = data or {}
        partner_ids = docids or data.get("partner_ids") or []
        partners = self.env["res.partner"].browse(partner_ids).commercial_partner_id
        date, companies = self._asked(data)
        statements, owing = [], partners.browse()
        for company in companies:
            rows = self.env["ropo.statement"]._rows(company, date, partners)
            for partner, own in _grouped(rows, "partner").items():
                owing |= partner
                statements.append(self._statement(partner, company, own, date))
        statements += [
            self._statement(partner, companies[:1], [], date)
            for partner in partners
            if partner not in owing
        ]
        return {
            "doc_ids": partners.ids,
            "doc_model": "res.partner",
            "docs": partners,
            "date": date,
            "statements": statements,
        }

    def _asked(self, data):
        """The day and the companies that it is about."""
        date = fields.Date.to_date(data.get("date"))
        companies = self.env.companies
        if data.get("company_id"):
            companies &= companies.browse(int(data["company_id"]))
        return date or fields.Date.context_today(self), companies

    def _statement(self, partner, company, rows, date):
        """In the customer's language; the totals are by currency."""
        is_today = date >= fields.Date.context_today(self)
        return {
            "partner": partner,
            "company": company,
            "bank": self._bank(company),
            "rows": [
                {
                    **row,
                    "move": row["move"].with_context(lang=partner.lang),
                    "is_overdue": _is_overdue(row, date),
                    # Ropo reports these as they are now: of the past nobody knows.
                    "charges": row["case"]
                    and is_today
                    and max(row["case"].open_total - row["case"].open_amount, 0.0),
                    "next": row["case"] if is_today else None,
                }
                for row in rows
            ],
            "totals": _totals(rows, "currency"),
            "overdue": _totals(
                [row for row in rows if _is_overdue(row, date)], "currency"
            ),
            "stages": _totals(rows, "currency", "stage"),
            "labels": self._labels(partner.lang),
        }

    def _bank(self, company):
        """Where the company wants to be paid."""
        return company.sudo().partner_id.bank_ids.filtered(
            lambda bank: not bank.company_id or bank.company_id == company
        )[:1]

    # --- the workbook ---

    @api.model
    def _workbook(self, docids, data):
        """What the printed statement says, as sheets: `[(title, columns, rows)]`, where
        a column is `(label, type)` and a type is a field's."""
        values = self._get_report_values(docids, data)
        statements = values["statements"]
        return [
            self._sheet_of_items(statements),
            self._sheet_of_currencies(statements),
            self._sheet_of_stages(statements, ("company", "partner")),
        ]

    def _sheet_of_items(self, statements):
        label, stages = self._column_labels(), self._labels()
        columns = [
            *((label[name], "char") for name in ("company", "partner", "invoice")),
            (self.env._("Date"), "date"),
            *self._columns_of_due(),
            (label["currency"], "char"),
            (self.env._("Amount"), "monetary"),
            (self.env._("Paid"), "monetary"),
            (self.env._("Credited"), "monetary"),
            (label["open"], "monetary"),
            (label["stage"], "char"),
            (self.env._("Next Step"), "char"),
            (self.env._("Next Step Date"), "date"),
            (self.env._("Interest and Fees"), "monetary"),
        ]
        rows = [
            [
                statement["company"].name,
                statement["partner"].name,
                row["move"].name,
                row["move"].invoice_date or row["move"].date,
                *self._cells_of_due(row),
                row["currency"].name,
                _amount(-row["move"].direction_sign * row["move"].amount_total)
                if row["move"].is_invoice()
                else None,
                _amount(row["paid"]),
                _amount(row["credited"]),
                _amount(row["open"]),
                stages.get(row["stage"]),
                row["next"] and row["next"].next_stage or None,
                row["next"] and row["next"].next_stage_date or None,
                _amount(row["charges"]) if row["charges"] else None,
            ]
            for statement in statements
            for row in statement["rows"]
        ]
        return self.env._("Open Items"), columns, rows

    def _sheet_of_currencies(self, statements):
        label = self._column_labels()
        columns = [
            *((label[name], "char") for name in ("company", "partner", "currency")),
            (label["open"], "monetary"),
            (self.env._("Of Which Overdue"), "monetary"),
        ]
        rows = [
            [
                statement["company"].name,
                statement["partner"].name,
                key[0].name,
                _amount(total),
                _amount(statement["overdue"].get(key, 0.0)),
            ]
            for statement in statements
            for key, total in statement["totals"].items()
        ]
        return self.env._("Open by Currency"), columns, rows

    def _sheet_of_stages(self, statements, names):
        label, stages = self._column_labels(), self._labels()
        columns = [
            *((label[name], "char") for name in (*names, "currency", "stage")),
            (label["open"], "monetary"),
        ]
        rows = [
            [
                *(statement[name].name for name in names),
                currency.name,
                stages[stage] if stage else self.env._("Not at Ropo"),
                _amount(total),
            ]
            for statement in statements
            for (currency, stage), total in statement["stages"].items()
        ]
        return self.env._("Open by Currency and Stage"), columns, rows

    def _columns_of_due(self):
        return [(self.env._("Due Date"), "date"), (self.env._("Overdue"), "char")]

    def _cells_of_due(self, row):
        overdue = self.env._("Overdue") if row["is_overdue"] else None
        return [row["move"].invoice_date_due or None, overdue]

    def _column_labels(self):
        """Of the columns that several sheets have."""
        return {
            "company": self.env._("Company"),
            "partner": self.env._("Customer"),
            "invoice": self.env._("Invoice"),
            "currency": self.env._("Currency"),
            "stage": self.env._("Stage"),
            "open": self.env._("Open"),
        }

    def _labels(self, lang=None):
        jobs = self.env["ropo.job"].with_context(lang=lang or self.env.lang)
        return dict(jobs._fields["stage"]._description_selection(jobs.env))


class ReportCompanyStatement(models.AbstractModel):
    """The same for a whole company: its cases on a day, and the accounts that they tie
    to."""

    _name = "report.ropo_connect.report_company_statement"
    _description = "Statement of Cases"
    _inherit = "report.ropo_connect.report_statement"

    @api.model
    def _get_report_values(self, docids, data=None):
        data = data or {}
        date, _companies = self._asked(data)
        company_ids = docids or [int(data["company_id"])]
        companies = self.env["res.company"].browse(company_ids) & self.env.companies
        return {
            "doc_ids": companies.ids,
            "doc_model": "res.company",
            "docs": companies,
            "date": date,
            "labels": self._labels(),
            "statements": [self._of_company(company, date) for company in companies],
        }

    @api.model
    def _workbook(self, docids, data):
        # OVERRIDE: the cases of a company, and the accounts
        statements = self._get_report_values(docids, data)["statements"]
        return [
            self._sheet_of_cases(statements),
            self._sheet_of_stages(statements, ("company",)),
            self._sheet_of_accounts(statements),
        ]

    def _sheet_of_cases(self, statements):
        label, stages = self._column_labels(), self._labels()
        columns = [
            *((label[name], "char") for name in ("company", "invoice", "partner")),
            *self._columns_of_due(),
            (label["stage"], "char"),
            (label["currency"], "char"),
            (self.env._("Transferred"), "monetary"),
            (self.env._("Paid"), "monetary"),
            (self.env._("To Ropo"), "monetary"),
            (self.env._("Credited"), "monetary"),
            (self.env._("Written Off"), "monetary"),
            (label["open"], "monetary"),
        ]
        rows = [
            [
                statement["company"].name,
                row["move"].name,
                row["partner"].name,
                *self._cells_of_due(row),
                stages[row["stage"]],
                row["currency"].name,
                _amount(row["case"].amount),
                *(_amount(row[name]) for name in SETTLED),
                _amount(row["open"]),
            ]
            for statement in statements
            for row in statement["rows"]
        ]
        return self.env._("Cases"), columns, rows

    def _sheet_of_accounts(self, statements):
        label = self._column_labels()
        columns = [
            (label["company"], "char"),
            (self.env._("Account Code"), "char"),
            (self.env._("Account Name"), "char"),
            (label["currency"], "char"),
            (self.env._("Open Items"), "monetary"),
            (self.env._("Balance in the Ledger"), "monetary"),
        ]
        rows = [
            [
                statement["company"].name,
                account.code,
                account.name,
                statement["company"].currency_id.name,
                _amount(items),
                _amount(balance),
            ]
            for statement in statements
            for account, items, balance in statement["accounts"]
        ]
        return self.env._("Receivable Accounts"), columns, rows

    def _of_company(self, company, date):
        statement = self.env["ropo.statement"]
        rows = statement._rows(company, date)
        ledger = statement._trial_balance(company, date)
        items = _totals(rows, "account", amount="balance")
        accounts = self.env["account.account"].union(*ledger, *(a for (a,) in items))
        accounts = accounts.with_company(company)  # each has codes of its own
        return {
            "company": company,
            "rows": [
                {**row, "is_overdue": _is_overdue(row, date)}
                for row in rows
                if row["case"]
            ],
            "stages": _totals(rows, "currency", "stage"),
            "balances": _totals(rows, "stage", amount="balance"),
            "accounts": [
                (
                    account,
                    items.get((account,), 0.0),
                    ledger.get(account, 0.0),
                )
                for account in accounts.sorted("code")
            ],
        }


def _amount(value):
    """Without the dust of binary fractions."""
    return round(value, 6) + 0.0


def _is_overdue(row, date):
    due = row["move"].invoice_date_due
    return bool(due and due < date and row["open"] > 0)


def _grouped(rows, name):
    groups = defaultdict(list)
    for row in rows:
        groups[row[name]].append(row)
    return groups


def _totals(rows, *names, amount="open"):
    """`{(value of each name): sum}`, rounded as the sums are in their currency."""
    totals = defaultdict(float)
    for row in rows:
        totals[tuple(row[name] for name in names)] += row[amount]
    return {key: round(total, 6) for key, total in totals.items()}
