from datetime import timedelta

from odoo import fields, models

try:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import GaugeMetricFamily
except ImportError:  # the addon does without, and says so to who asks for figures
    GaugeMetricFamily = None

TOKEN = "ropo_connect.metrics_token"  # the parameter without which nothing answers
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LATE = timedelta(hours=2)  # after which what waits, or a job that does not run, is late


class Figures:
    """What is collected, in the form that a registry of prometheus_client takes."""

    def __init__(self, figures):
        self._figures = figures

    def collect(self):
        return self._figures


class RopoMonitoring(models.AbstractModel):
    """What operators watch: figures for each account, and whether something is wrong.

    All accounts of all companies, as the superuser, by a constant number of queries;
    no name, amount or text of a debtor is among it.
    """

    _name = "ropo.monitoring"
    _description = "Ropo: Monitoring"

    # --- figures ---

    def _metrics(self):
        """The figures as text, or None where they can't be written."""
        if GaugeMetricFamily is None:
            return None
        registry = CollectorRegistry()
        registry.register(Figures(list(self._figures())))
        return generate_latest(registry)

    def _figures(self):
        accounts = self.env["ropo.account"].search([])
        yield from self._request_figures(accounts)
        yield self._count_by_account(
            "ropo_events_waiting",
            "Events of the inbox that were not processed yet",
            "ropo.event",
            [("state", "=", "new")],
            accounts,
        )
        yield self._count_by_account(
            "ropo_cases_differing",
            "Cases of which the last check found that Odoo and Ropo differ",
            "ropo.job",
            [("differs_since", "!=", False)],
            accounts,
        )
        yield self._of_accounts(
            "ropo_account_last_contact_timestamp_seconds",
            "When Ropo last answered, in seconds since 1970",
            {
                account: _seconds(account.last_contact)
                for account in accounts
                if account.last_contact
            },
        )
        yield self._of_accounts(
            "ropo_account_paused",
            "1 while the account rests after a failure",
            {account: float(account._is_resting()) for account in accounts},
        )
        yield from self._job_figures()

    def _request_figures(self, accounts):
        requests = self.env["ropo.request"]
        counts = GaugeMetricFamily(
            "ropo_requests",
            "Requests that are not finished, by state",
            labels=["account", "name", "state"],
        )
        oldest = {}
        for state, domain in {
            "waiting": [("state", "=", "queued")],
            "sending": [("state", "=", "sending")],
            "unknown": [("state", "=", "unknown")],
            "to_review": [("state", "=", "unknown"), ("to_review", "=", True)],
            "rejected": [("is_to_fix", "=", True)],
        }.items():
            found = dict.fromkeys(accounts, 0)
            for account, count, created in requests._read_group(
                domain, ["account_id"], ["__count", "create_date:min"]
            ):
                found[account] = count
                if state == "waiting":
                    oldest[account] = created
            for account in accounts:
                labels = [str(account.id), account.name, state]
                counts.add_metric(labels, found[account])
        yield counts
        now = fields.Datetime.now()
        yield self._of_accounts(
            "ropo_requests_oldest_waiting_seconds",
            "Age of the oldest request that waits",
            {
                account: (now - oldest.get(account, now)).total_seconds()
                for account in accounts
            },
        )

    def _job_figures(self):
        last = GaugeMetricFamily(
            "ropo_scheduled_action_last_run_timestamp_seconds",
            "When the scheduled action last ended well, in seconds since 1970",
            labels=["action"],
        )
        failures = GaugeMetricFamily(
            "ropo_scheduled_action_failures",
            "How often in a row the scheduled action has failed",
            labels=["action"],
        )
        for name, cron in self._scheduled_actions():
            if cron.lastcall:
                last.add_metric([name], _seconds(cron.lastcall))
            failures.add_metric([name], cron.failure_count)
        yield last
        yield failures

    def _count_by_account(self, name, text, model, domain, accounts):
        groups = self.env[model]._read_group(domain, ["account_id"], ["__count"])
        return self._of_accounts(
            name, text, {**dict.fromkeys(accounts, 0), **dict(groups)}
        )

    def _of_accounts(self, name, text, values):
        figure = GaugeMetricFamily(name, text, labels=["account", "name"])
        for account, value in values.items():
            figure.add_metric([str(account.id), account.name], value)
        return figure

    # --- health ---

    def _problems(self):
        """What needs an operator now: `[{"check": …, "of": …}]`."""
        now = fields.Datetime.now()
        problems = [
            {"check": "scheduled action", "of": name}
            for name, cron in self._scheduled_actions()
            if cron.active and (cron.nextcall < now - LATE or cron.failure_count)
        ]
        # A short rest passes by itself; it matters that Ropo has long not answered.
        problems += [
            {"check": "account paused", "of": account.id}
            for account in self.env["ropo.account"].search(
                [("last_contact", "<", now - LATE)]
            )
            if account._is_resting()
        ]
        late = self.env["ropo.request"]._read_group(
            [
                ("state", "=", "queued"),
                ("create_date", "<", now - LATE),
                *self.env["ropo.due"]._time_has_come(),
            ],
            ["account_id"],
        )
        return problems + [
            {"check": "requests wait", "of": account.id} for (account,) in late
        ]

    def _scheduled_actions(self):
        """`[(name in the code, scheduled action)]` of this addon."""
        data = self.env["ir.model.data"].search(
            [("module", "=", "ropo_connect"), ("model", "=", "ir.cron")], order="name"
        )
        crons = self.env["ir.cron"].with_context(active_test=False)
        found = crons.search([("id", "in", data.mapped("res_id"))]).grouped("id")
        return [
            (entry.name.removeprefix("cron_"), found[entry.res_id][:1])
            for entry in data
            if entry.res_id in found
        ]


def _seconds(moment):
    return (moment - fields.Datetime.to_datetime("1970-01-01")).total_seconds()
