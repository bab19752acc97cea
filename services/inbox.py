import json
import logging
from datetime import timedelta
from itertools import islice

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..channels.errors import ChannelError, Outcome
from ..channels.inbound import storable
from ..models.ropo_job import ENDED
from .transaction import commit_with_retry, together_or_alone

_logger = logging.getLogger(__name__)

LONGEST_GAP = timedelta(days=31)  # that is asked for once more, day by day
# How long what names no case of ours is looked at again by itself.
LONGEST_WAIT = timedelta(days=90)
LONGEST_SHOWN = 40  # characters of what can't be read
MOST_PAGES = 1000  # that one run fetches
ORIGINS = {None: False, True: "own", False: "ropo"}
MOST_REPEATS = 3  # pages in a row of which each row was given before


class RopoInbox(models.AbstractModel):
    """Fetch, keep, interpret: what a channel reports reaches its case, once.

    Each page is kept raw and committed before it is interpreted, since a channel may
    never give it again.
    """

    _name = "ropo.inbox"
    _description = "Ropo: Inbox"

    def _run_accounts(self, accounts, poll=False):
        """Those first that have waited longest. What one run has no time for is left
        to the next, which Odoo begins at once."""
        progress = self.env["ir.cron"]._commit_progress
        waited = accounts.sorted(
            lambda account: (account.polled_at or account.create_date, account.id)
        )
        seconds = progress(remaining=len(accounts))
        for account in waited:
            if seconds <= 0:
                break
            if poll:
                self._persist(account.write, {"polled_at": fields.Datetime.now()})
            try:
                self._run(account.id, poll=poll)
            except ChannelError as error:
                _logger.warning("Ropo account %s: %s", account.id, error.reason)
            except Exception:
                _logger.exception("Ropo account %s: following failed", account.id)
                self.env.cr.rollback()
            seconds = progress(1)

    # --- business: the run ---

    def _run(self, account_id, poll=False):
        """Interprets what is waiting, and asks Ropo where that leaves the cases.

        :param poll: fetch status updates first, until there are none
        :return: how many came by that; None where the account is paused
        :raises ChannelError: when Ropo can't be asked
        """
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            account = env["ropo.account"].browse(account_id)
            account = account.with_company(account.company_id)
            inbox = account.env[self._name]
            # What was stored when a run died, and what waited for its case.
            inbox._take_in(account)
            is_resting = account._is_resting()
            last = poll and env["ropo.event"].search([], order="id desc", limit=1).id
            if not is_resting:
                inbox._ask_ropo(account, poll)
            inbox._persist(account._close_answered)
            came = [("account_id", "=", account_id), ("id", ">", last or 0)]
            count = env["ropo.event"].search_count(came) if poll else 0
            return None if is_resting else count

    def _ask_ropo(self, account, poll):
        try:
            with account._client() as client:
                if poll:
                    self._poll(account, client)
                    now = fields.Datetime.now()
                    self._persist(account.write, {"last_contact": now})
                self.env["ropo.standing"]._refresh_changed(account, client)
            if poll:
                self._persist(account._connected_again)
        except ChannelError as error:
            # Others write the account too, so that it may have to be noted once more.
            self._persist(self._note_failure, account, error)
            raise

    def _note_failure(self, account, error):
        if error.outcome == Outcome.NOT_SENT:
            account._pause(error)

    def _persist(self, act, *args):
        """What `act(*args)` returns, committed; anew when another came first."""
        return commit_with_retry(self.env, act, *args)

    # --- business: poll ---

    def _poll(self, account, client):
        """Fetches status updates until there are none.

        A row that was fetched is never offered again: each page is stored raw and
        committed before anybody looks into it. Should this process die with a page in
        its hands, the day is noted already, and can be asked for again.
        """
        if not client.capabilities.pages_are_final:
            self._take_pages(account, client)
            return
        self._fill_gap(account, client)
        self._persist(account.write, {"gap_since": fields.Date.today()})
        try:
            is_complete = self._take_pages(account, client)
        except ChannelError as error:
            if error.outcome != Outcome.UNKNOWN:
                # No page had been given out.
                account.gap_since = False
            raise
        if is_complete:
            self._persist(account.write, {"gap_since": False})

    def _take_pages(self, account, client):
        """Whether there are no more; not where Ropo gives the same pages again and
        again, of which the day is asked for once more later."""
        known, repeats = set(), 0
        updates = client.updates(account.status_cursor, self._pending(account))
        for count, page in enumerate(updates, start=1):
            self._take(account, page.rows, client.profile, page.cursor)
            page.acknowledge()
            keys = {json.dumps(row, sort_keys=True) for row in page.rows}
            repeats = repeats + 1 if keys <= known else 0
            known |= keys
            if page.is_last:
                break
            if repeats == MOST_REPEATS or count == MOST_PAGES:
                _logger.warning("Ropo account %s: there is no last page", account.id)
                return False
        return True

    def _pending(self, account):
        """The cases of which it is not known yet whether they were delivered, or
        taken."""
        jobs = self.env["ropo.job"].search(
            [
                ("account_id", "=", account.id),
                ("profile", "=", account.sudo().profile),
                ("progress", "=", "pending"),
            ],
            order="id",
        )
        return [job._ref() for job in jobs]

    def _fill_gap(self, account, client):
        """Asks once more for the days of which an answer was lost."""
        if not account.gap_since:
            return
        today = fields.Date.today()
        # The day before too: Ropo's day may not be ours.
        day = max(account.gap_since - timedelta(days=1), today - LONGEST_GAP)
        while day <= today:
            if not self._take_day(account, client, day):
                self._ask_about_day(account, day)
            day += timedelta(days=1)
        account.gap_since = False

    def _take_day(self, account, client, day):
        """Whether all of the day came."""
        for page in islice(client.day(day), MOST_PAGES):
            fresh = self._take(account, page.rows, client.profile)
            if page.is_last:
                return True
            if not fresh:
                break
        return False

    def _ask_about_day(self, account, day):
        """What is missing of a day shows in where the cases stand, but for money that
        is to be registered."""
        self.env["ropo.job"].search(
            [
                ("account_id", "=", account.id),
                ("profile", "=", account.sudo().profile),
                ("stage", "not in", ENDED),
            ]
        ).to_refresh = True
        account._ask_person(
            "day_gap",
            self.env._("Not all that Ropo reported could be fetched"),
            self.env._(
                "An answer of Ropo was lost on %(day)s, and more happened on that day "
                "than Ropo lists again. Where each case stands is asked for now. "
                "Compare the payments of that day with Ropo One, and book what is "
                "missing.",
                day=format_date(self.env, day),
            ),
        )

    def _take(self, account, rows, profile, cursor=None):
        """Keeps the page, then interprets it; what of it is new.

        :param cursor: from where the next page is asked for, if the channel has one
        """
        fresh = self._persist(self._store_page, account, rows, profile, cursor)
        self._take_in(account)
        return fresh

    def _take_in(self, account):
        """Interprets what waits, and books what Ropo collected by it."""
        self._persist(self._interpret_waiting, account)
        self.env["ropo.settlement"]._settle_waiting(account)

    def _store_page(self, account, rows, profile, cursor):
        if cursor is not None:
            account.status_cursor = cursor
        return self._store(account, rows, "poll", profile)

    # --- business: the webhook ---

    def _receive(self, account, messages):
        """Keeps what the webhook brought; it is interpreted after its commit."""
        stored = self.sudo()._store(account, messages, "webhook")
        if stored:
            self.env.ref("ropo_connect.cron_interpret_events").sudo()._trigger()
        return stored

    # --- business: keeping ---

    def _store(self, account, rows, source="poll", profile=None):
        """Keeps raw rows, each once, whatever is in them; those that are new.

        :param profile: under which they came, if not under the account's of now

        In one query, and so that of two who store the same at the same moment the
        second finds the first one's, or has to try again: the ORM has no ON CONFLICT.
        """
        fresh = {}
        for row in map(storable, rows):
            update = account._channel().interpret(row)
            # What has no id could not be kept once.
            if update.external_id:
                fresh.setdefault(
                    update.external_id,
                    {
                        "external_id": update.external_id,
                        "assignment": update.assignment,
                        "number": update.number,
                        "raw": row,
                    },
                )
        kept = self.env.execute_query(
            SQL(
                """
                INSERT INTO ropo_event (
                       account_id, company_id, profile, source, state,
                       external_id, assignment, number, raw,
                       create_uid, create_date, write_uid, write_date)
                SELECT %(account)s, %(company)s, %(profile)s, %(source)s, 'new',
                       fresh.external_id, fresh.assignment, fresh.number, fresh.raw,
                       %(user)s, %(now)s, %(user)s, %(now)s
                  FROM jsonb_to_recordset(%(rows)s::jsonb)
                    AS fresh (external_id varchar, assignment varchar,
                              number varchar, raw jsonb)
                    ON CONFLICT (account_id, profile, source, external_id) DO NOTHING
             RETURNING id
                """,
                account=account.id,
                company=account.company_id.id,
                profile=profile or account.sudo().profile,
                source=source,
                user=self.env.uid,
                now=self.env.cr.now(),
                rows=json.dumps(list(fresh.values())),
            )
        )
        return self.env["ropo.event"].browse(id_ for (id_,) in kept)

    # --- business: interpret ---

    def _interpret_waiting(self, account):
        self._interpret(self._waiting(account), account)

    def _interpret(self, events, account):
        """Applies each to its case; may be run again at any time.

        About what can't be applied a person is asked, once, and it stops nothing else.
        """
        problems = together_or_alone(
            events, lambda some: self._take_to_cases(some, account), "take it in"
        )
        for event, error in problems.items():
            self._set_aside(event, error)

    def _take_to_cases(self, events, account):
        self._read_raw(events)
        self._find_jobs(events, account)
        matched = events.filtered("job_id")
        fresh = matched.filtered(lambda event: event.state != "done")
        (events - matched).write({"state": "unmatched", "problem": False})
        self.env["ropo.matching"]._recognise_repeats(matched)
        self.env["ropo.matching"]._recognise_echoes(matched)
        self.env["ropo.matching"]._recognise_reports(matched)
        for job, own in matched.grouped("job_id").items():
            self._apply(own, job)
        self.env["ropo.messages"]._take_up(fresh)

    def _set_aside(self, event, error):
        """It is not looked at again by itself."""
        event.write({"state": "review", "problem": self._problem_text(error)})
        event.account_id._ask_person(
            "not_taken_in",
            self.env._("Something that Ropo reported can't be taken in"),
            self.env._(
                "It is kept as it came, and counts for nothing yet. See “To Review” "
                "under Ropo → Inbox, look the case up in Ropo One, and choose "
                "“Reprocess” when the reason is gone. The first: %(id)s. %(problem)s",
                id=event.external_id,
                problem=event.problem,
            ),
        )

    def _problem_text(self, error):
        if isinstance(error, UserError):
            return str(error)
        return self.env._("An error that the server's log shows.")

    def _waiting(self, account):
        """What is new, and what waited for a case that there is now.

        SQL, so that what names no case costs no query (tests/test_inbox.py counts it).
        """
        since = fields.Datetime.now() - LONGEST_WAIT
        own = [
            ("account_id", "=", account.id),
            ("profile", "=", account.sudo().profile),
        ]
        new = self.env["ropo.event"].search([*own, ("state", "=", "new")])
        self.env["ropo.event"].flush_model(
            ["account_id", "profile", "state", "create_date", "assignment", "number"]
        )
        self.env["ropo.job"].flush_model(["account_id", "profile", "jobid", "billnum"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id
                  FROM ropo_event
                 WHERE account_id = %(account)s
                   AND profile = %(profile)s
                   AND state = 'unmatched'
                   AND create_date > %(since)s
                   AND (   assignment IN (
                           SELECT jobid FROM ropo_job
                            WHERE account_id = %(account)s AND profile = %(profile)s)
                        OR number IN (
                           SELECT billnum FROM ropo_job
                            WHERE account_id = %(account)s AND profile = %(profile)s))
                """,
                account=account.id,
                profile=account.sudo().profile,
                since=since,
            )
        )
        matched = self.env["ropo.event"].browse(id_ for (id_,) in rows)
        return (new | matched).sorted("id")

    def _read_raw(self, events):
        """Fills the fields from what came, as it is understood today."""
        stages = self.env["ropo.status.code"]._stages(events.account_id[:1])
        for event in events:
            update = event.account_id._channel().interpret(event.raw)
            stage = stages.get(update.stage_code)
            event.write(
                {
                    "kind": update.kind,
                    "code": update.code,
                    "text": update.text,
                    "event_time": update.time,
                    "amount": update.amount or 0.0,
                    "day": update.day,
                    "stage": stage,
                    "is_message": update.is_message and not stage,
                    "progress": update.progress or False,
                    "origin": ORIGINS[update.is_own],
                }
            )
            if update.unreadable_amount and event._is_payment():
                raise UserError(
                    self.env._(
                        "The amount %(amount)s can't be read.",
                        amount=update.unreadable_amount[:LONGEST_SHOWN],
                    )
                )

    def _apply(self, events, job):
        fresh = events.filtered(lambda event: event.state != "done")
        job._apply(events)
        events.write({"state": "done", "problem": False})
        self.env["ropo.settlement"]._take_up(fresh, job)

    def _find_jobs(self, events, account):
        """By Ropo's id, else by the number; of several, the one that is collected."""
        ids = set(events.mapped("assignment")) - {"", False}
        numbers = set(events.mapped("number")) - {"", False}
        jobs = self.env["ropo.job"].search(
            [
                ("account_id", "=", account.id),
                ("profile", "in", events.mapped("profile")),
                "|",
                ("jobid", "in", list(ids)),
                ("billnum", "in", list(numbers)),
            ],
            order="is_collected, id",
        )
        by_id = {(job.profile, job.jobid): job for job in jobs if job.jobid}
        by_number = {(job.profile, job.billnum): job for job in jobs}
        for event in events.filtered(lambda event: not event.job_id):
            assignment = event.assignment
            job = by_id.get((event.profile, assignment))
            job = job or by_number.get((event.profile, event.number))
            if job and assignment and not job.jobid:
                job.jobid = assignment  # its answer was lost; here is its id
                by_id[job.profile, assignment] = job
            event.job_id = job
