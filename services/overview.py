from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date
from odoo.tools.safe_eval import safe_eval

WEEKS = 6  # that the graph shows


class Figure(NamedTuple):
    """A number of the overview. Its label is that of the account's field
    `overview_…`."""

    name: str
    model: str
    domain: list
    action: str  # whose views show its records
    amount: str = ""  # what is summed up, if anything
    context: dict = {}  # by which its model finds the records sooner


FIGURES = (
    Figure(
        "waiting",
        "ropo.request",
        [("state", "in", ("queued", "sending"))],
        "action_ropo_request",
    ),
    Figure(
        "rejected", "ropo.request", [("is_to_fix", "=", True)], "action_ropo_request"
    ),
    Figure(
        "unknown", "ropo.request", [("state", "=", "unknown")], "action_ropo_request"
    ),
    Figure(
        "unread",
        "ropo.event",
        [
            ("is_unread", "=", True),
            ("is_message", "=", True),
            ("job_id", "!=", False),
            ("duplicate_of_id", "=", False),
        ],
        "action_ropo_message",
    ),
    Figure(
        "undecided",
        "ropo.job",
        [("decision", "=", "undecided"), ("move_id.amount_residual", ">", 0)],
        "action_ropo_job",
    ),
    Figure(
        "unsettled", "ropo.event", [("settlement", "=", "person")], "action_ropo_event"
    ),
    Figure(
        "mismatch",
        "ropo.receivable.report",
        # The daily check has noted it, so that an index finds it, and it is there
        # still.
        [("differs_since", "!=", False), ("differs", "=", True)],
        "action_ropo_difference",
        context={"ropo_cases": "noted"},
    ),
    Figure(
        "overdue",
        "account.move",
        [("ropo_overdue", "=", True)],
        "action_ropo_to_transfer",
        "amount_residual",
    ),
    Figure(
        "reminder",
        "ropo.job",
        [("is_collected", "=", True), ("stage", "=", "reminder")],
        "action_ropo_job",
        "open_amount",
    ),
    Figure(
        "collection",
        "ropo.job",
        [
            ("is_collected", "=", True),
            ("stage", "in", ("collection", "legal", "payment_plan")),
        ],
        "action_ropo_job",
        "open_amount",
    ),
    Figure(
        "collected",
        "ropo.event",
        [("collected_on", ">=", "today =1d")],
        "action_ropo_event",
        "counted",
    ),
)
BY_NAME = {figure.name: figure for figure in FIGURES}
# On the card of a sales journal, by the path from the records to their journal.
JOURNAL_FIGURES = {"rejected": "move_id.journal_id", "overdue": "journal_id"}


class RopoOverview(models.AbstractModel):
    """What the overview says of the accounts, and the records behind each figure.

    All accounts at once: the number of queries does not depend on how many there are.
    Who asks reads no more than the records that the rules let through.
    """

    _name = "ropo.overview"
    _description = "Overview of Ropo Accounts"

    # --- figures ---

    @api.model
    def _figures(self, accounts):
        """`{account id: {name of the figure: (count, {currency: amount})}}`"""
        found = {
            account_id: {figure.name: (0, {}) for figure in FIGURES}
            for account_id in accounts.ids
        }
        routes = self._routes()
        for figure in FIGURES:
            for account_id, currency, count, amount in self._groups(
                figure, accounts, routes
            ):
                total, amounts = found[account_id][figure.name]
                if currency:
                    amounts[currency] = amounts.get(currency, 0.0) + amount
                found[account_id][figure.name] = total + count, amounts
        return found

    def _groups(self, figure, accounts, routes):
        """`(account id, currency, count, amount)` of the records of a figure."""
        is_move = figure.model == "account.move"
        keys = ["company_id", "journal_id"] if is_move else ["account_id"]
        aggregates = ["__count"]
        if figure.amount:
            is_event = figure.model == "ropo.event"
            keys.append("job_id.currency_id" if is_event else "currency_id")
            aggregates.append(f"{figure.amount}:sum")
        records = self.env[figure.model].with_context(**figure.context)
        domain = self._domain(figure, accounts, routes)
        rows = records._read_group(domain, keys, aggregates)
        for row in rows:
            if is_move:
                account_id, rest = routes.account_id(*row[:2]), row[2:]
            else:
                account_id, rest = row[0].id, row[1:]
            currency, count, amount = rest if figure.amount else (None, *rest, 0.0)
            yield account_id, currency, count, amount

    @api.model
    def _domain(self, figure, accounts, routes=None):
        """The records of a figure for these accounts: those that it counts, and those
        that it opens."""
        if figure.model != "account.move":
            return Domain("account_id", "in", accounts.ids) & Domain(figure.domain)
        routes = routes or self._routes()
        return routes.domain(accounts.ids) & Domain(figure.domain)

    def _routes(self):
        """Through which account an invoice goes that no request names one for yet."""
        journals = self.env["account.journal"].sudo()
        own = journals.search([("ropo_account_id.active", "=", True)])
        defaults = self.env["ropo.account"]._defaults_of(self.env.companies.sudo())
        return Routes(
            {journal.id: journal.ropo_account_id.id for journal in own},
            {company_id: account.id for company_id, account in defaults.items()},
        )

    @api.model
    def _with_late_mismatch(self, accounts):
        """Those of which a case differs for longer than the account allows: what is
        younger, the next run reports."""
        figure = BY_NAME["mismatch"]
        rows = self.env[figure.model].with_context(**figure.context)
        # The oldest of each: else all that is shown of each case were computed.
        groups = rows._read_group(
            self._domain(figure, accounts), ["account_id"], ["differs_since:min"]
        )
        late = [
            account.id
            for account, since in groups
            if since <= rows._late_since(account)
        ]
        return self.env["ropo.account"].browse(late)

    # --- what a figure opens ---

    @api.model
    def _open(self, name, account):
        """The records of a figure of this account, and no others."""
        figure = BY_NAME[name]
        return self._action(figure, self._domain(figure, account))

    def _action(self, figure, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"ropo_connect.{figure.action}"
        )
        context = safe_eval(action["context"] or "{}", {"uid": self.env.uid})
        return {
            # Without its own address, which leads to the whole list.
            **{k: v for k, v in action.items() if k not in ("id", "path")},
            "name": self._label(figure),
            "domain": list(domain),
            "context": {
                key: value
                for key, value in context.items()
                if not key.startswith("search_default_")
            },
        }

    def _label(self, figure):
        field = self.env["ropo.account"]._fields[f"overview_{figure.name}"]
        return field._description_string(self.env)

    # --- of a journal ---

    @api.model
    def _journal_figures(self, journals):
        """`{journal id: {name of the figure: count}}` of what Odoo's own dashboard
        shows of these sales journals."""
        found = {journal.id: {} for journal in journals}
        routes = self._routes()
        for name, path in JOURNAL_FIGURES.items():
            figure = BY_NAME[name]
            domain = self._journal_domain(figure, journals, routes)
            rows = self.env[figure.model]._read_group(domain, [path], ["__count"])
            for journal, count in rows:
                found[journal.id][name] = count
        return found

    def _journal_domain(self, figure, journals, routes=None):
        """As `_domain()` for accounts. Who has no account has nothing to transfer."""
        domain = Domain(JOURNAL_FIGURES[figure.name], "in", journals.ids)
        domain &= Domain(figure.domain)
        if figure.model == "account.move":
            routes = routes or self._routes()
            domain &= routes.domain(routes.account_ids())
        return domain

    @api.model
    def _open_of_journal(self, name, journal):
        figure = BY_NAME[name]
        return self._action(figure, self._journal_domain(figure, journal))

    # --- the graph ---

    @api.model
    def _weeks(self, accounts):
        """`{account id: [(Monday, amount)]}` of what was collected in the last weeks,
        in the currency of the account; only of accounts with anything."""
        today = fields.Date.context_today(self)
        this_week = today - timedelta(days=today.weekday())
        mondays = [this_week - timedelta(weeks=ago) for ago in range(WEEKS)][::-1]
        rows = self.env["ropo.event"]._read_group(
            [("account_id", "in", accounts.ids), ("collected_on", ">=", mondays[0])],
            ["account_id", "job_id.currency_id", "collected_on:day"],
            ["counted:sum"],
        )
        sums = defaultdict(lambda: dict.fromkeys(mondays, 0.0))
        for account, currency, day, amount in rows:
            monday = day - timedelta(days=day.weekday())
            if currency == account.currency_id and monday in mondays:
                sums[account.id][monday] += amount
        return {account_id: list(weeks.items()) for account_id, weeks in sums.items()}

    @api.model
    def _graph(self, account, weeks):
        """What Odoo's small graph takes of these weeks."""
        title = self.env._(
            "Collected by Week (%(currency)s)", currency=account.currency_id.name
        )
        return [
            {
                "key": title,
                "title": title,
                "is_sample_data": False,
                "values": [
                    {
                        "label": format_date(self.env, monday, date_format="d MMM"),
                        "value": account.currency_id.round(amount),
                        "type": "future" if monday == weeks[-1][0] else "past",
                    }
                    for monday, amount in weeks
                ],
            }
        ]


class Routes(NamedTuple):
    """Accounts by journal, where a journal chooses its own, and by company."""

    by_journal: dict
    by_company: dict

    def account_id(self, company, journal):
        return self.by_journal.get(journal.id) or self.by_company[company.id]

    def account_ids(self):
        return {a for a in (*self.by_journal.values(), *self.by_company.values()) if a}

    def domain(self, account_ids):
        journals = [j for j, a in self.by_journal.items() if a in account_ids]
        companies = [c for c, a in self.by_company.items() if a in account_ids]
        return Domain("company_id", "in", list(self.by_company)) & (
            Domain("journal_id", "in", journals)
            | Domain("company_id", "in", companies)
            & Domain("journal_id", "not in", list(self.by_journal))
        )
