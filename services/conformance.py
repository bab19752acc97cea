from functools import partial

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from ..channels.artificial import Papers, run_name
from ..channels.conformance import assumptions
from ..channels.errors import ChannelError
from .time_limit import longest_call
from .transaction import commit_before_call, keep_answer


class RopoConformance(models.AbstractModel):
    """Takes the steps of a channel's script, and keeps what was found."""

    _name = "ropo.conformance"
    _description = "Ropo: Conformance"

    def _run(self, account, earlier=None):
        """The kept run of the account's script. It sends artificial documents.

        :param earlier: a run that this one continues: then it sends none, and looks at
            what became of those
        """
        commit_before_call(self.env)
        now = fields.Datetime.now()
        today = fields.Date.context_today(account.with_context(tz="Europe/Helsinki"))
        # As they are now: the account may change while the run takes its minutes.
        about = {
            "account_id": account.id,
            "environment": account.environment,
            "address": account.base_url,
            "continues_id": earlier and earlier.id,
        }
        report = earlier.report if earlier else None
        name = report["run"] if report else run_name(now)
        papers = Papers(account.country, name, today)
        received = self._received(account, report) if report else []
        try:
            with account._client() as client:
                script = account._conformance_script(
                    client,
                    papers,
                    earlier=report,
                    received=received,
                    keep=partial(self._keep_updates, account.id, client.profile),
                    seconds=longest_call(),
                )
                report = script.run()
        except ChannelError as error:
            raise UserError(account._explain(error)) from error
        return keep_answer(self.env, self._store, about, report)

    def _received(self, account, report):
        """What came of a run's documents since: `[{"source": …, "raw": …}]`."""
        numbers = [sent["number"] for sent in report["sent"].values()]
        events = self.env["ropo.event"].sudo()
        found = events.search(
            [("account_id", "=", account.id), ("number", "in", numbers)]
        )
        return [{"source": event.source, "raw": event.raw} for event in found]

    def _keep_updates(self, account_id, profile, rows):
        """What was fetched of other documents goes where it goes otherwise."""
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            account = env["ropo.account"].browse(account_id)
            account = account.with_company(account.company_id)
            account.env["ropo.inbox"]._take(account, rows, profile)

    def _store(self, about, report):
        known = assumptions(report.channel)
        runs = self.env["ropo.conformance.run"].sudo()
        run = runs.create(
            {
                **about,
                "started": report.started.replace(tzinfo=None),
                "report": report.as_dict(),
                "finding_ids": [
                    fields.Command.create(self._finding(known[finding.key], finding))
                    for finding in report.findings
                ],
            }
        )
        return run.sudo(self.env.su)

    @staticmethod
    def _finding(assumption, finding):
        return {
            "key": assumption.key,
            "result": finding.result,
            "grade": assumption.grade,
            "assumption": plain(assumption.text),
            "expected": plain(assumption.expectation),
            "got": finding.got,
            "place": ", ".join(
                f"{name} ({place.file})"
                for place in assumption.where
                for name in place.names
            ),
        }


def plain(text):
    """Without the marks of reStructuredText."""
    return text.replace("``", "").replace("`", "").replace("*", "")
