from collections import defaultdict

from odoo import api, fields, models


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

    def _of_company(self, company, date):
        statement = self.env["ropo.statement"]
        rows = statement._rows(company, date)
        ledger = statement._trial_balance(company, date)
        items = _totals(rows, "account", amount="balance")
        accounts = self.env["account.account"].union(*ledger, *(a for (a,) in items))
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
