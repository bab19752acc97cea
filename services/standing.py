from odoo import fields, models

from ..channels.errors import Meaning, Outcome
from ..channels.pace import Pace
from ..models.ropo_job import ENDED
from .transaction import commit_with_retry, together_or_alone

REFRESHES_PER_RUN = 1000


class RopoStanding(models.AbstractModel):
    """Where cases stand and what is open of them, asked and taken over."""

    _name = "ropo.standing"
    _description = "Ropo: Standing of Cases"

    def _refresh_changed(self, account, client):
        """Asks about the cases of this account to which something has happened."""
        changed = [
            ("account_id", "=", account.id),
            ("profile", "=", client.profile),
            ("to_refresh", "=", True),
        ]
        jobs = self.env["ropo.job"].search(changed, limit=REFRESHES_PER_RUN)
        standings = self._ask(jobs, client)
        commit_with_retry(self.env, self._take_standings, standings)

    def _ask(self, jobs, client):
        """`{case: Standing}`; debtors side by side, as many as the account allows."""
        debtors = jobs.grouped(lambda job: job.debtor_reference or job.id).values()
        asked = [[job._ref() for job in own] for own in debtors]
        pace = Pace(max(jobs.account_id.mapped("max_concurrency"), default=1))
        answers = pace.map(client.standings, asked)
        return {
            job: standing
            for own, standings in zip(debtors, answers, strict=True)
            for job, standing in zip(own, standings, strict=True)
        }

    def _take_standings(self, standings):
        """Each `Standing` of `{case: Standing}`; about one that can't be taken in a
        person is asked."""
        problems = together_or_alone(
            self.env["ropo.job"].browse().union(*standings),
            lambda jobs: self._take_each_standing(jobs, standings),
            "take in where it stands",
        )
        for job in problems:
            job.to_refresh = False
            job.account_id._ask_person(
                "standing",
                self.env._("Where a case stands can't be taken in"),
                self.env._(
                    "What Ropo says of it can't be read; the server's log shows why. "
                    "Look it up in Ropo One. The first: %(case)s.",
                    case=job.display_name,
                ),
            )

    def _take_each_standing(self, jobs, standings):
        stages = self.env["ropo.status.code"]._stages(jobs.account_id[:1])
        stages_before = {job: job.stage for job in jobs}
        for job in jobs:
            self._take_standing(job, standings[job], stages)
        moved = jobs.filtered(lambda job: job.stage != stages_before.get(job))
        moved._note_stages()

    def _take_standing(self, job, standing, stages):
        """What Ropo answered; it is newer than all that was reported."""
        # Where Ropo refuses, asking again will not help.
        job.to_refresh &= standing.outcome not in (Outcome.ACCEPTED, Outcome.REJECTED)
        if standing.state:
            self._take_state(job, standing.state, stages)
            if stages.get(standing.state.stage_code) == "closed":
                self._confirm_end(job)
        if standing.open_amount is not None and job.is_collected:
            # No more capital is open than Ropo's own customer ledger shows, with its
            # interest and fees, in all.
            job.open_total = standing.open_amount
            job.open_amount = min(job.open_amount, standing.open_amount)

    def _take_state(self, job, state, stages):
        now = fields.Datetime.now()
        job._take_progress(state.progress, state.text)
        stage = stages.get(state.stage_code)
        job.next_stage = state.next_stage
        job.next_stage_date = state.next_stage_date
        if not stage:
            job.stage_text = state.text or job.stage_text
        elif job.stage not in ENDED:
            job.stage_event_time = max(job.stage_event_time or now, now)
            if stage != job.stage:
                job._set_stage(stage, now, state.text)

    def _confirm_end(self, job):
        """Ropo shows the case as closed: what it refused because of that needs nobody
        any more."""
        refused = job.request_ids.filtered(
            lambda request: (
                request.state == "rejected" and request.answer_meaning == Meaning.ENDED
            )
        )
        if refused:
            refused._set_state("cancelled")
            job._end()
