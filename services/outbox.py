import logging
import time
from collections import deque
from contextlib import contextmanager
from datetime import timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import split_every

from ..channels.errors import ChannelError
from ..channels.pace import Pace
from ..models.ropo_request import WORKER_LOCK
from .time_limit import capped
from .transaction import commit_with_retry

_logger = logging.getLogger(__name__)

TURN = 5  # seconds; then another account is next, if any waits
HELPERS = (2, 3, 4)  # scheduled actions besides the first, for as many workers
SENDING_TIME = 30  # seconds; what was not begun by then waits for the next reservation
SHORTEST_PAUSE = 2  # seconds between two runs for what waits


class RopoOutbox(models.AbstractModel):
    """Reserve, dispatch, record: what is owed to a channel is sent, once.

    A request is reserved: its payload is frozen and committed before the call, so that
    what may have been sent survives whatever happens. What was answered is recorded
    and committed after it. What was lost in between `ropo.lookup` finds.
    """

    _name = "ropo.outbox"
    _description = "Ropo: Outbox"

    def _work_off_all(self):
        """Gives the accounts their turns, until nothing is due or the time is up.

        Several workers may be at it, each by a scheduled action of its own. One that
        comes to an account which another one works for passes on.
        """
        progress = self.env["ir.cron"]._commit_progress
        due = self.env["ropo.due"]
        waiting = deque(due._accounts())
        self._call_helpers(len(waiting) - 1)
        seconds = progress(remaining=due._count(waiting))
        while waiting and seconds > 0:
            account_id = waiting.popleft()
            done = self._take_turn(account_id, min(seconds, TURN))
            if done and due._count([account_id]):
                waiting.append(account_id)
            # What another worker is at is not for this one to come back for.
            seconds = progress(done, remaining=due._count(waiting))

    def _take_turn(self, account_id, seconds):
        """How many were worked off."""
        try:
            return self._work_off(account_id, seconds)
        except Exception:
            # One account must not stop the others; what it had reserved is kept.
            _logger.exception("Ropo account %s: the run failed", account_id)
            return 0

    def _call_helpers(self, count):
        """Has so many others of the outbox's scheduled actions run too, as far as there
        are workers for them: the first one calls, when there is enough to do."""
        names = [f"ropo_connect.cron_process_requests_{n}" for n in HELPERS]
        first = self.env.ref("ropo_connect.cron_process_requests")
        if self.env.context.get("cron_id") == first.id:
            for name in names[: max(count, 0)]:
                self.env.ref(name)._trigger()

    def _work_off_soon(self, requests):
        """Has them worked off: a single one right after this transaction, so that
        who asked sees the answer; several by the cron, so that nobody waits."""
        if len(requests) == 1:
            requests.sudo().is_urgent = True  # should another run be at it
            account_id, ids = requests.account_id.id, requests.ids
            self.env.cr.postcommit.add(
                lambda: _work_off_after_commit(self, account_id, ids)
            )
        else:
            self._work_off_by_cron(requests)

    def _work_off_by_cron(self, requests):
        if requests:
            self._wake(requests.account_id)

    @api.model
    def _wake(self, accounts, at=None):
        """Has the outboxes of these accounts worked off, at once or from `at` on."""
        self.env.ref("ropo_connect.cron_process_requests")._trigger(at=at)

    # --- business: the run ---

    def _work_off(self, account_id, seconds=float("inf"), only=None):
        """Sends everything that is due for one account.

        Uses a cursor of its own and commits: before each call (what is about to be
        sent must survive a crash) and after it (what was answered must too). One run
        per account at a time; a second one returns at once.

        :param seconds: after which no further claim is made
        :param only: ids of the ones to send, instead of everything that is due
        :return: how many were worked off
        """
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            account = env["ropo.account"].browse(account_id)
            account = account.with_company(account.company_id)
            outbox = account.env[self._name]
            with outbox._worker_lock(account_id) as locked:
                if not locked:
                    return 0
                return outbox._work_off_locked(account, seconds, only)

    def _work_off_locked(self, account, seconds, only):
        total = 0
        self.env["ropo.recording"]._expire_leases(account)
        # A lost call is known as lost, whatever follows.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        if account._is_resting() or not self.env["ropo.due"]._has_work(account):
            return total
        try:
            with account._client() as client:
                self._persist(self._refuse_foreign, account, client.profile)
                for done in self._run(account, client, seconds, only):
                    total += done
            if total:
                self._persist(account._connected_again)
        except ChannelError as error:
            # Nobody opened the door: nothing was reserved, nothing is lost.
            account._pause(error)
        # The pause, what is answered, and when to come back.
        self._persist(self._end_run, account, only)
        return total

    def _end_run(self, account, only):
        account.last_turn = fields.Datetime.now()
        account._close_answered()
        self._come_back(account)
        if only and self.env["ropo.due"]._has_work(account):
            # A run for all came meanwhile, found the account taken, and passed on.
            self._wake(account)

    def _come_back(self, account):
        """Has the cron run again when the first of what must wait is due.

        Never at once: what is due and was left by this run would be left again.
        """
        waiting = self.env["ropo.request"].search(
            [
                ("account_id", "=", account.id),
                ("next_attempt_at", "!=", False),
                *self.env["ropo.due"]._movable_domain(),
            ],
            order="next_attempt_at",
            limit=1,
        )
        if waiting:
            soon = fields.Datetime.now() + timedelta(seconds=SHORTEST_PAUSE)
            due = max(waiting.next_attempt_at, soon)
            due = max(due, account.paused_until or due)
            self._wake(account, due)

    @contextmanager
    def _worker_lock(self, account_id):
        """Whether this process is the one that works for the account.

        The lock is the session's, since the run commits on the way: whoever dies with
        its connection has given it back.
        """
        cr = self.env.cr
        lock = [WORKER_LOCK, account_id]
        cr.execute("SELECT pg_try_advisory_lock(%s, %s)", lock)
        locked = cr.fetchone()[0]
        try:
            # No work to keep: a new snapshot, in which all is seen that the run before,
            # which had the lock, has written.
            cr.commit()  # pylint: disable=invalid-commit
            self.env.invalidate_all(flush=False)
            yield locked
        finally:
            if locked:
                self._unlock_worker(lock)

    def _unlock_worker(self, lock):
        """The connection goes back to Odoo's pool, so it must not keep the lock."""
        cr = self.env.cr
        try:
            cr.rollback()  # all that is to stay is committed
            cr.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
        except psycopg2.Error:
            _logger.warning("The connection to the database is lost", exc_info=True)
            cr._cnx.close()

    def _run(self, account, client, seconds, only):
        """Yields how many each step worked off."""
        if not only:
            yield self.env["ropo.lookup"]._look_up_lost(account, client)
        # Counted from here: a turn in which it is slow to log in is no lost turn.
        end = time.monotonic() + seconds
        with Pace(account.max_concurrency) as pace:
            due = self.env["ropo.due"]
            for step in (
                due._assignments_due,
                due._alone_due,
                due._heavy_due,
                due._local_prints_due,
                due._changes_due,
            ):
                yield from self._run_step(step, account, client, pace, end, only)

    def _run_step(self, step, account, client, pace, end, only):
        """While the calls of one claim are under way, the next one is made, and what
        was answered before is recorded: Ropo does not wait for the database.

        No answer is dropped, whatever fails beside it.
        """
        under_way = []  # `(requests, answers)`, the oldest first
        try:
            while True:
                begun = self._dispatch_next(step, account, client, pace, end, only)
                if begun:
                    under_way.append(begun)
                elif not under_way:
                    return
                if len(under_way) > 1 or not begun:
                    yield self._record_oldest(under_way, account)
        finally:
            while under_way:
                self._record_after_failure(under_way, account)

    def _dispatch_next(self, step, account, client, pace, end, only):
        """Takes the next and begins to send them; None when there are no more."""
        if account._is_resting() or time.monotonic() >= end:
            return None
        # Write-ahead: from here on it may be sent.
        reserved = self._persist(
            self._reserve_next, step, account, only, client.profile
        )
        return reserved is not None and (
            reserved,
            self._dispatch(reserved, client, pace, account),
        )

    def _record_oldest(self, under_way, account):
        """Records what the oldest calls were answered; how many requests it was."""
        requests, answers = under_way[0]
        # What was answered must survive.
        self._persist(self.env["ropo.recording"]._record, requests, answers(), account)
        del under_way[0]
        self.env.invalidate_all(flush=False)
        return len(requests)

    def _record_after_failure(self, under_way, account):
        try:
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            self._record_oldest(under_way, account)
        except Exception:
            # Their leases run out, and then they are looked up.
            _logger.exception("Ropo account %s: answers can't be recorded", account.id)
            del under_way[0]

    def _reserve_next(self, step, account, only, profile):
        urgent = self.env["ropo.due"]._urgent_due(account, only)
        chosen = urgent or step(account, only)
        return self._reserve(self._of_profile(chosen, profile), account)

    def _of_profile(self, requests, profile):
        """Those of these that may be sent by a client for this profile.

        Read from the database: the account may have got another profile since the
        client logged in.
        """
        return requests.search(
            [
                ("id", "in", requests.ids),
                ("profile", "=", profile),
                ("account_id.profile", "=", profile),
            ],
            order="id",
        )

    def _refuse_foreign(self, account, profile):
        """Concludes what waits for a profile that the account has no more; what may
        have arrived there is for a person to find out."""
        foreign = self.env["ropo.request"].search(
            [
                ("account_id", "=", account.id),
                ("state", "in", ("queued", "unknown")),
                ("profile", "!=", profile),
                ("to_review", "=", False),
            ]
        )
        waiting = foreign.filtered(lambda request: request.state == "queued")
        waiting._set_state(
            "rejected",
            error=self.env._(
                "It was asked for under another profile (environment, address or "
                "customer) than the one that the account has now. Send it again "
                "under this one, or cancel it."
            ),
        )
        (foreign - waiting)._set_state(
            "unknown",
            to_review=True,
            error=self.env._(
                "It is not known whether Ropo got it, and the account has another "
                "profile (environment, address or customer) now. Look it up in "
                "Ropo One under the earlier profile, then choose “Mark as Received” "
                "or “Send Again”."
            ),
        )

    def _persist(self, act, *args):
        """What `act(*args)` returns, its work committed; anew when another transaction
        came first, as when a user changes the invoices. `act` calls nobody.
        """
        return commit_with_retry(self.env, act, *args)

    # --- business: reserve ---

    def _reserve(self, requests, account):
        """Takes these for this run: builds and freezes what will be sent, commits.

        What can't be sent after all is concluded here. None when there was nothing
        to take at all; the ones to say otherwise (maybe none).
        """
        locked = requests.try_lock_for_update().filtered(lambda r: r.state == "queued")
        if not locked:
            return None
        lease = self._lease_end(account)
        self.env["ropo.freezing"]._freeze_safely(locked, account, lease)
        return locked.filtered(lambda request: request.state == "sending")

    def _lease_end(self, account):
        # A call begun at the last moment may have to renew its token, which makes two
        # calls more; each may take its time.
        calls = 2 + account._channel().capabilities.calls_per_document
        seconds = SENDING_TIME + calls * capped(account.timeout)
        return fields.Datetime.now() + timedelta(seconds=seconds)

    # --- business: dispatch ---

    def _dispatch(self, requests, client, pace, account):
        """Begins to say them, side by side; what is returned waits for the answers,
        `{request id: Answer}`. Touches no database."""
        if not requests:
            return dict
        batches = [
            [(request.id, request._frozen()) for request in some]
            for some in self._batches(requests, account)
        ]
        files = self._contents(requests)
        answers = pace.begin(
            lambda documents: client.send(documents, files),
            [[frozen for _id, frozen in batch] for batch in batches],
            SENDING_TIME,
        )
        return lambda: {
            request_id: answer
            for batch, batch_answers in zip(batches, answers(), strict=True)
            for (request_id, _frozen), answer in zip(batch, batch_answers, strict=True)
        }

    def _batches(self, requests, account):
        """These in groups that travel together: of one call, and each change of a case
        for itself, as what has to be sent alone."""
        most = min(account.batch_size, account._channel().capabilities.batch_size)
        together = requests.filtered(
            lambda r: r.batchable and r._is_assignment() and not r.send_alone
        )
        yield from requests - together
        for same in together.grouped("call").values():
            yield from split_every(most, same.ids, requests.browse)

    def _contents(self, requests):
        """The contents of the files that go along with these: `{checksum: bytes}`."""
        files = requests.image_id | requests.einvoice_id
        for request in requests.filtered("has_attachments"):
            files |= request._files()
        return {file.checksum: file.raw for file in files}


def _work_off_after_commit(outbox, account_id, ids):
    """Works off these once the user's own transaction is safe.

    :param outbox: of the user's cursor, by which nothing is done here
    """
    try:
        if not outbox._work_off(account_id, only=ids):
            # Another run is at it, or the account rests: the cron goes on.
            with outbox.env.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["ropo.outbox"]._wake(env["ropo.account"].browse(account_id))
    except Exception:
        # The user's own work is committed and must not seem to fail. The cron goes on.
        _logger.exception("Ropo account %s: the run failed", account_id)
