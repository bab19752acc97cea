import json

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import split_every

from ..channels.base import ERASED
from ..models.ropo_account import UNFINISHED
from ..models.ropo_job import ENDED
from ..models.ropo_request import ASSIGNMENTS
from .transaction import commit_with_retry, together_or_alone

BATCH = 200  # cases, or requests without one, that are thinned in one transaction
FINISHED = ("done", "rejected", "cancelled")  # states of requests
SETTLED = ("paid", "reversed")  # payment states of invoices


class RopoRetention(models.AbstractModel):
    """What is kept of cases that have ended, and for how long.

    Personal identity numbers go when the case ends. What was sent and received, as it
    was, goes when the time of the account is over; the amounts, dates, states and ids
    that were read from it stay, and all else works with these alone.
    """

    _name = "ropo.retention"
    _description = "Ropo: Retention"

    # --- crons ---

    @api.model
    def _cron_thin_ended(self):
        """Thins what ended longer ago than its account keeps it."""
        accounts = self.env["ropo.account"].sudo().with_context(active_test=False)
        due = {
            account: (self._ended_cases(account), self._requests_without_case(account))
            for account in accounts.search([("retention_months", ">", 0)])
        }
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=sum(len(some) for pair in due.values() for some in pair))
        for account, pair in due.items():
            requests = events = 0
            time_left = 1
            for batch in _batches(pair):
                thinned = commit_with_retry(self.env, self._thin, batch)
                requests += thinned[0]
                events += thinned[1]
                time_left = progress(len(batch))
                if time_left <= 0:
                    break
            self._note(account, requests, events)
            if time_left <= 0:
                return

    def _note(self, account, requests, events):
        if requests or events:
            account._message_log(
                body=self.env._(
                    "Raw data deleted, as they are kept for %(months)s months after "
                    "the end of a case: %(requests)s requests, %(events)s events.",
                    months=account.retention_months,
                    requests=requests,
                    events=events,
                )
            )

    # --- what is due ---

    def _ended_cases(self, account):
        """The cases that ended long enough ago, of which something is left."""
        left = [("thinned_on", "=", False)]
        ended = Domain("stage", "in", ENDED)
        ended &= Domain("stage_date", "<", self._limit(account))
        has_ended = ended | self._ended_deliveries(account, ended)
        is_left = Domain("request_ids", "any", left) | Domain("event_ids", "any", left)
        return self.env["ropo.job"].search(
            Domain("account_id", "=", account.id) & has_ended & is_left, order="id"
        )

    def _ended_deliveries(self, account, ended):
        """What only delivered ends with what collected the same invoice, or else with
        its last payment."""
        collects = Domain("is_collected", "=", True)
        running = Domain("move_id.ropo_job_ids", "any", collects & ~ended)
        collected = Domain("move_id.ropo_job_ids", "any", collects)
        limit = self._limit(account)
        unpaid = Domain("display_type", "=", "payment_term") & (
            Domain("full_reconcile_id", "=", False)
            | Domain("full_reconcile_id.create_date", ">=", limit)
        )
        paid = (
            Domain("stage_date", "<", limit)
            & Domain("move_id.payment_state", "in", SETTLED)
            & Domain("move_id.line_ids", "not any", unpaid)
        )
        return Domain("is_collected", "=", False) & ~running & (collected | paid)

    def _requests_without_case(self, account):
        """What was refused, cancelled or reversed that long ago and made no case."""
        return self.env["ropo.request"].search(
            [
                ("account_id", "=", account.id),
                ("job_id", "=", False),
                ("thinned_on", "=", False),
                ("create_date", "<", self._limit(account)),
                "|",
                ("state", "in", ("rejected", "cancelled")),
                "&",
                ("state", "=", "done"),
                ("void", "=", True),
            ],
            order="id",
        )

    @staticmethod
    def _limit(account):
        now = fields.Datetime.now()
        return fields.Datetime.subtract(now, months=account.retention_months)

    def _is_over(self, job, problems):
        """Whether nothing of it is under way, and nobody has to decide about it.

        :param problems: requests of its invoice that wait for a person
        """
        requests, events = job.request_ids, job.event_ids
        is_open = (
            not self._has_ended(job)
            or job.progress == "pending"
            or (job.decision == "undecided" and job.may_decide)
            or requests & problems
            or any(request.state in UNFINISHED for request in requests)
            or any(
                event.state in ("new", "review")
                or event.doubt_request_id
                or event.settlement in ("waiting", "person")
                for event in events
            )
        )
        return not is_open

    @staticmethod
    def _has_ended(job):
        """What only delivered ends with what collected the same invoice, or else with
        its last payment."""
        if job.stage in ENDED or job.is_collected:
            return job.stage in ENDED
        collected = job.move_id.ropo_job_ids.filtered("is_collected")
        if collected:
            return all(other.stage in ENDED for other in collected)
        return job.move_id.payment_state in SETTLED

    # --- thinning ---

    def _thin(self, records):
        """Thins these cases, or these requests.

        :return: the numbers of requests and events that were thinned
        """
        if records._name == "ropo.job":
            problems = records.move_id.ropo_request_ids._still_open_problems()
            records = records.filtered(lambda job: self._is_over(job, problems))
        requests, events = self._left_of(records)
        together_or_alone(records, self._thin_each, "thin it")
        return tuple(len(some.filtered("thinned_on")) for some in (requests, events))

    def _thin_each(self, records):
        if records._name == "ropo.job":
            # Before their payloads are gone, and whatever was to become of the debt.
            self._erase_from_customers(records, is_late=True)
        requests, events = self._left_of(records)
        today = fields.Date.today()
        self.env["ir.attachment"].search(
            [("res_model", "=", requests._name), ("res_id", "in", requests.ids)]
        ).unlink()
        requests.write({"payload": False, "response": False, "thinned_on": today})
        events.write({"raw": False, "thinned_on": today})

    def _left_of(self, records):
        """The requests and events of these that were not thinned."""
        requests, events = records, self.env["ropo.event"]
        if records._name == "ropo.job":
            requests, events = records.request_ids, records.event_ids
        return (
            requests.filtered(lambda request: not request.thinned_on),
            events.filtered(lambda event: not event.thinned_on),
        )

    # --- personal identity numbers ---

    @api.model
    def _follow_end(self, jobs):
        """These cases have ended, or what becomes of their debt was decided."""
        jobs = jobs.sudo()
        self = jobs.env[self._name]
        self._erase_from_requests(jobs)
        self._erase_from_customers(jobs)

    def _erase_from_requests(self, jobs):
        """Erases the numbers in what was sent of these, also in what was refused before
        of the same invoices."""
        requests = self.env["ropo.request"].search(
            [
                ("move_id", "in", jobs.move_id.ids),
                ("job_id", "in", [False, *jobs.ids]),
                ("operation", "in", ASSIGNMENTS),
                ("state", "in", FINISHED),
            ]
        )
        for request in requests.filtered("payload"):
            channel = request.account_id._channel()
            payload = channel.without_personal_numbers(request.payload)
            erased = set(_texts(request.payload)) - set(_texts(payload))
            if erased:
                response = _erase(request.response, erased)
                request.write({"payload": payload, "response": response})

    def _erase_from_customers(self, jobs, is_late=False):
        """Erases the numbers of those who owed these, where the account is not to keep
        all for ever, no other case of theirs runs and nothing is on its way.

        :param is_late: also where the debt may have been transferred once more
        """
        jobs = jobs.filtered("account_id.retention_months")
        debtors = self._debtors(jobs).filtered("ropo_personal_id")
        if not debtors:
            return
        others = self.env["ropo.job"].search(
            [
                "|",
                ("partner_id", "in", debtors.ids),
                ("request_ids.co_debtor_ids.commercial_partner_id", "in", debtors.ids),
            ]
        )
        debtors -= self._debtors(
            others.filtered(
                lambda job: self._needs_number(job, is_late and job in jobs)
            )
        )
        waiting = self.env["ropo.request"].search(
            [
                ("state", "in", UNFINISHED),
                "|",
                ("move_id.commercial_partner_id", "in", debtors.ids),
                ("co_debtor_ids.commercial_partner_id", "in", debtors.ids),
            ]
        )
        debtors -= waiting.move_id.commercial_partner_id
        debtors -= waiting.co_debtor_ids.commercial_partner_id
        debtors.ropo_personal_id = False

    @staticmethod
    def _debtors(jobs):
        return jobs.partner_id | jobs.request_ids.co_debtor_ids.commercial_partner_id

    def _needs_number(self, job, is_late):
        """Whether the customer's number may be needed again because of this case: it
        runs, or its debt is open and somebody may transfer it once more."""
        if not self._has_ended(job):
            return job.is_collected or bool(job.move_id.amount_residual)
        is_newest = job == job.move_id.ropo_job_ids.sorted("id")[-1:]
        return (
            not is_late
            and is_newest
            and job.stage == "closed"
            and job.decision not in ("leave", "write_off")
            and job._is_unpaid()
        )


def _batches(recordsets):
    """These recordsets, a batch at a time."""
    for records in recordsets:
        for ids in split_every(BATCH, records.ids):
            yield records.browse(ids)


def _texts(value):
    """The texts in what JSON holds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _erase(value, texts):
    """What JSON holds, with a mark for each of these texts."""
    found = json.dumps(value)
    for text in texts:
        found = found.replace(json.dumps(text)[1:-1], ERASED)
    return json.loads(found)
