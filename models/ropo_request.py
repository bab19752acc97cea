import json
import logging
import random
import time
from contextlib import contextmanager
from datetime import timedelta

import psycopg2
from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date, format_datetime, split_every

from ..channels.base import Found, Frozen
from ..channels.documents import CaseRef
from ..channels.errors import ChannelError, Meaning, Outcome, Reason
from ..channels.pace import Pace
from ..services.time_limit import capped
from ..services.transaction import commit_with_retry, isolated
from .ropo_claim_terms import SHARED_TERMS

_logger = logging.getLogger(__name__)

OPERATIONS = [
    ("invoice", "Invoice"),
    ("reminder", "Reminder"),
    ("collection", "Collection"),
    ("credit_note", "Credit Note"),
    ("payment", "Payment"),
    ("payment_reversal", "Payment Taken Back"),
    ("credit_allocation", "Credit Allocation"),
]
# Operations by which Ropo gets an assignment of its own, and those that chase.
ASSIGNMENTS = ("invoice", "reminder", "collection", "credit_note")
CHASES = ("reminder", "collection")
LIVE = ("queued", "sending", "unknown", "done")
PROBLEMS = ("unknown", "rejected")
# Verdicts by which what waits to be said has become needless.
GONE = ("state", "sent", "chased", "paid", "small", "early", "instalments")
GONE += ("hold", "exempt", "disputed")

# What needs no person to fix it, since Ropo has it itself or does not follow it.
NEEDLESS = (Meaning.OWN_MONEY, Meaning.NOT_FOLLOWED)

# Of the advisory locks, the class that means "works for this account".
WORKER_LOCK = 0x526F706F
CALLS_PER_CLAIM = 10  # calls of each connection that one claim plans for
SAYING_TIME = 30  # seconds; what was not begun by then waits for the next claim
LOOK_UP_DELAY = 120  # seconds before a lost call is asked about
LOOK_UPS = 5  # times that Ropo is asked before a person is
LOOK_UPS_PER_RUN = 50
NEGATIVES = 3  # answers "it is not here" that together are believed
NEGATIVE_WAIT = 60  # between them, as a multiple of LOOK_UP_DELAY: two hours
MOST_ATTEMPTS = 3  # that Ropo may fail on one document before a person is asked
FIRST_WAIT = 30  # seconds before the second attempt
THROTTLED_WAIT = 2  # the same after a 429 that names no time
LONGEST_WAIT = 6 * 3600  # seconds
SHORTEST_PAUSE = 2  # seconds between two runs for what waits


class RopoRequest(models.Model):
    """The outbox: one thing that Ropo has to be told, and what became of it."""

    _name = "ropo.request"
    _description = "Told to Ropo"
    _inherit = "ropo.claim.terms"
    _order = "id desc"
    _check_company_auto = True
    _rec_name = "operation"

    account_id = fields.Many2one(
        "ropo.account", required=True, ondelete="restrict", check_company=False
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    profile = fields.Char(
        readonly=True,
        groups="base.group_system",
        help="Of the account when this was asked for: it goes with no other "
        "credentials.",
    )
    move_id = fields.Many2one(
        "account.move", required=True, ondelete="restrict", index=True
    )
    partner_id = fields.Many2one(related="move_id.commercial_partner_id")
    job_id = fields.Many2one(
        "ropo.job", ondelete="restrict", index="btree_not_null", string="Case"
    )
    operation = fields.Selection(OPERATIONS, required=True)
    # Written by `_set_state()` alone (ropo_request_state.py, which draws the states).
    state = fields.Selection(
        [
            ("queued", "Waiting"),
            ("sending", "Being sent"),
            ("done", "Done"),
            ("rejected", "Refused"),
            ("unknown", "Unknown"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="queued",
        readonly=True,
        index=True,
    )
    void = fields.Boolean(
        readonly=True,
        help="Told and taken back again: both tellings have become void.",
    )
    # Facts of the moment at which it was asked for: what the account becomes later
    # changes neither what is sent nor who collects.
    service_model = fields.Char(readonly=True)
    chases = fields.Boolean(
        string="Ropo Collects",
        readonly=True,
        help="Because of this, Ropo collects the open amount of the invoice.",
    )
    amount = fields.Monetary(help="In the currency of the invoice.")
    currency_id = fields.Many2one("res.currency", required=True)
    number = fields.Char(readonly=True, help="The invoice's number, as it was sent.")
    reference = fields.Char(
        string="Payment Reference", readonly=True, help="As it was sent."
    )
    date = fields.Date(help="The day of the money, or of the credit.")
    description = fields.Char()
    source_partial_id = fields.Integer(
        string="Reconciliation",
        readonly=True,
        help="The partial reconciliation that this tells of. It may be gone again, so "
        "this is its number and no link.",
    )
    counterpart_id = fields.Many2one(
        "account.move",
        ondelete="set null",
        index="btree_not_null",
        help="The payment, credit note or entry on the other side.",
    )
    payment_id = fields.Many2one(
        "account.payment",
        string="Payment Without Entry",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="A registered payment that has no journal entry. Until the bank statement "
        "has it, the reconciliation is minus its number; then it is the one of the "
        "statement's line.",
    )
    notice_date = fields.Date(string="Own Reminder Sent On")
    claim_interest = fields.Float(
        string="Late Interest (%)", help="Percent a year. 0: as agreed with Ropo."
    )
    part_ids = fields.Json(
        readonly=True,
        help="The receivable lines (instalments) that a claim over a part of the "
        "invoice claims. Empty: all.",
    )
    local_print = fields.Boolean(
        readonly=True,
        help="Ropo gets it, and we deliver it: its document comes with the answer.",
    )
    has_attachments = fields.Boolean(readonly=True)
    has_image = fields.Boolean(readonly=True)
    image_id = fields.Many2one(
        "ir.attachment",
        string="Shown as the Invoice",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="Odoo's own PDF, as it was said.",
    )
    attachment_ids = fields.One2many(
        "ir.attachment",
        "res_id",
        domain=[("res_model", "=", "ropo.request")],
        string="Attachments",
        readonly=True,
        help="The files that go along, as they were when this was asked for.",
    )
    payload = fields.Json(
        readonly=True,
        groups="ropo_connect.group_ropo_manager",
        help="What was said, as it was said.",
    )
    covers = fields.Json(
        readonly=True,
        help="The partial reconciliations that the said amount takes into account, "
        "with their amounts.",
    )
    response = fields.Json(readonly=True, groups="ropo_connect.group_ropo_manager")
    attempts = fields.Integer(readonly=True)
    capital_before = fields.Monetary(
        string="Open Before",
        readonly=True,
        help="The open capital of the case when this was said.",
    )
    total_before = fields.Monetary(
        readonly=True, help="The same with interest and fees."
    )
    done_at = fields.Datetime(string="Told On", readonly=True)
    capital_after = fields.Monetary(
        string="Open After",
        readonly=True,
        help="The open capital of the case after this was said.",
    )
    last_event_id = fields.Integer(
        readonly=True, help="The newest event of the case when this was said."
    )
    answer_meaning = fields.Selection(
        [
            (Meaning.TO_FIX, "To Fix"),
            (Meaning.ENDED, "Case Ended"),
            (Meaning.OWN_MONEY, "Already at Ropo"),
            (Meaning.NOT_FOLLOWED, "Not Followed by Ropo"),
        ],
        readonly=True,
        help="What it means for the case that Ropo posted no payment.",
    )
    # How the frozen payload is sent; see `channels.base.Frozen`.
    call = fields.Char(readonly=True)
    batchable = fields.Boolean(readonly=True)
    debtor_reference = fields.Char(
        string="Customer Number", readonly=True, help="As it was sent."
    )
    is_exempt = fields.Boolean(
        readonly=True, help="It was sent as one that Ropo is not to collect."
    )
    credited_job_id = fields.Many2one(
        "ropo.job",
        string="Credited Case",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The case that this credit note credits by itself.",
    )
    doubt_event_id = fields.Many2one(
        "ropo.event",
        string="The Same Money?",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="What Ropo reported may be this very money: a person says.",
    )
    look_ups = fields.Integer(readonly=True)
    send_alone = fields.Boolean(
        readonly=True,
        copy=False,
        help="A call that it was in failed as a whole, so it has one of its own.",
    )
    may_have_arrived = fields.Boolean(
        readonly=True,
        copy=False,
        help="An answer to it was lost, or Ropo refused it as one that it has already.",
    )
    next_attempt_at = fields.Datetime(
        string="Next Attempt", readonly=True, help="Of sending it, or of looking it up."
    )
    lease_until = fields.Datetime(readonly=True)
    error = fields.Text(readonly=True)
    payload_text = fields.Text(
        compute="_compute_texts", groups="ropo_connect.group_ropo_manager"
    )
    response_text = fields.Text(
        compute="_compute_texts", groups="ropo_connect.group_ropo_manager"
    )

    _one_live_per_source = models.UniqueIndex(
        "(move_id, operation, COALESCE(source_partial_id, 0), COALESCE(job_id, 0)) "
        "WHERE state IN ('queued', 'sending', 'unknown', 'done') AND void IS NOT TRUE",
        "This is on its way to Ropo already, or Ropo has it.",
    )
    _one_chase_per_invoice = models.UniqueIndex(
        "(move_id) WHERE chases "
        "AND state IN ('queued', 'sending', 'unknown', 'done') AND void IS NOT TRUE",
        "This invoice is chased already: a debtor is never chased twice.",
    )
    _due = models.Index("(account_id, next_attempt_at) WHERE state = 'queued'")

    # --- computes ---

    @api.depends("operation", "move_id")
    def _compute_display_name(self):
        labels = dict(self._fields["operation"]._description_selection(self.env))
        for request in self:
            name = request.move_id.name or ""
            request.display_name = f"{labels.get(request.operation, '')} {name}".strip()

    @api.depends("payload", "response")
    def _compute_texts(self):
        for request in self:
            request.payload_text = readable(request.payload)
            request.response_text = readable(request.response)

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        accounts = self.env["ropo.account"].sudo()
        for vals in vals_list:
            account = accounts.browse(vals["account_id"])
            collects = vals["operation"] == "invoice" and account._service().collects
            vals["service_model"] = account.service_model
            vals["chases"] = vals["operation"] in CHASES or collects
        return super().create(vals_list)

    # --- actions ---

    def action_retry(self):
        """Says a refused one again, as a new request; hurries a waiting one."""
        self._check_manager()
        if self.filtered(lambda request: not request.may_retry):
            raise UserError(
                self.env._(
                    "Only what Ropo refused, or what is waiting, can be tried again."
                )
            )
        waiting = self.filtered(lambda request: request.state == "queued")
        waiting.sudo()._set_state("queued")
        refused = self - waiting
        again = refused.sudo()._again()
        refused.sudo().doubt_event_id._register_other_money()
        (waiting | again)._work_off_soon()

    def action_resolve_done(self):
        """A person says: it did arrive."""
        self._check_manager()
        (self - self.filtered("may_be_received"))._raise_changed()
        self.sudo()._conclude_done()

    def action_resolve_requeue(self):
        """A person says: it did not arrive, so say it again."""
        self._check_manager()
        self.filtered(lambda request: not request.may_requeue)._raise_changed()
        self.sudo()._requeue()
        self._work_off_soon()

    def action_came_through_ropo(self):
        """A person says: it is the money that Ropo reported, so don't tell it."""
        self._check_manager()
        self.filtered(lambda r: r.state != "rejected")._raise_changed()
        for request in self.sudo().filtered("doubt_event_id"):
            request.doubt_event_id._book(request.source_partial_id)
        self.action_cancel()

    def action_cancel(self):
        """A person says: don't."""
        self._check_manager()
        self.filtered(lambda request: not request.may_cancel)._raise_changed()
        locked = self.sudo().try_lock_for_update()
        if len(locked) < len(self) or not all(locked.mapped("may_cancel")):
            raise UserError(self.env._("It is being sent right now. Look again."))
        locked._set_state("cancelled")

    def _check_manager(self):
        # Superuser mode (scripts, server actions) may do what a manager may.
        if self.env.su:
            return
        if not self.env.user.has_group("ropo_connect.group_ropo_manager"):
            raise AccessError(
                self.env._("Only a Ropo manager may decide what is told to Ropo.")
            )
        self.check_access("read")  # nobody may write by hand, only through actions

    def _raise_changed(self):
        """Raises that these are not to be decided any more, if there are any."""
        if self:
            raise UserError(
                self.env._(
                    "%(names)s: nothing to decide here, its state has changed.",
                    names=", ".join(self.mapped("display_name")),
                )
            )

    def _still_open_problems(self):
        """Of these, newest first, what Ropo refused or may have lost, unless the same
        has been said again since."""
        latest = {}
        for request in self.filtered(lambda r: not r.void).sorted("id"):
            is_assignment = request.operation in ASSIGNMENTS
            source = request.operation, request.source_partial_id
            latest[request.move_id, is_assignment or source] = request
        problems = (request for request in reversed(latest.values()))
        return self.browse(
            request.id for request in problems if request.state in PROBLEMS
        )

    def _problem_text(self):
        """What is to know of the problem, and what happens next."""
        if not self.is_in_look_up or not self.next_attempt_at:
            return self.error
        return self.env._(
            "%(error)s Nothing needs to be done now. Next lookup: %(time)s.",
            error=self.error or "",
            time=format_datetime(self.env, self.next_attempt_at),
        )

    # --- crons ---

    @api.model
    def _cron_process_requests(self):
        """Works off the outbox, account by account."""
        progress = self.env["ir.cron"]._commit_progress
        account_ids = self._accounts_with_work()
        seconds = progress(remaining=self._count_due())
        for account_id in account_ids:
            done = 0
            try:
                done = self._work_off(account_id, seconds)
            except Exception:
                # One account must not stop the others; what it had claimed is kept.
                _logger.exception("Ropo account %s: the run failed", account_id)
            seconds = progress(done, remaining=self._count_due())
            if seconds <= 0:
                break

    def _count_due(self):
        """How many can be sent now, by a worker of any account."""
        return self.sudo().search_count(
            [
                ("state", "=", "queued"),
                "|",
                ("account_id.paused_until", "=", False),
                ("account_id.paused_until", "<=", fields.Datetime.now()),
                *self._movable_domain(),
                *self._time_has_come(),
            ]
        )

    def _movable_domain(self):
        """What a worker can move on. The others wait for a person, or for another
        change of the same case that is under way or lost."""
        blocking = [
            ("state", "in", ("sending", "unknown")),
            ("operation", "not in", ASSIGNMENTS),
        ]
        return [
            "|",
            "&",
            ("state", "=", "unknown"),
            ("to_review", "=", False),
            "&",
            ("state", "=", "queued"),
            "|",
            ("operation", "in", ASSIGNMENTS),
            ("job_id", "not any", [("request_ids", "any", blocking)]),
        ]

    def _time_has_come(self):
        return [
            "|",
            ("next_attempt_at", "=", False),
            ("next_attempt_at", "<=", fields.Datetime.now()),
        ]

    def _accounts_with_work(self):
        groups = self.sudo()._read_group(
            [("state", "in", ("queued", "sending", "unknown"))], ["account_id"]
        )
        return [account.id for (account,) in groups]

    # --- business: putting into the outbox ---

    @api.model
    def _queue(self, vals_list):
        """Puts requests into the outbox; `vals_list` as for `create()`."""
        return self.sudo().create(vals_list)

    def _work_off_soon(self):
        """Has them worked off: a single one right after this transaction, so that
        who asked sees the answer; several by the cron, so that he need not wait."""
        if len(self) == 1:
            model, account_id, ids = self.browse(), self.account_id.id, self.ids
            self.env.cr.postcommit.add(
                lambda: _work_off_after_commit(model, account_id, ids)
            )
        else:
            self._work_off_by_cron()

    def _work_off_by_cron(self):
        if self:
            self.env.ref("ropo_connect.cron_process_requests")._trigger()

    def _again(self):
        """Fresh requests like these refused ones, which stay as the record."""
        again = self.create(
            [
                {
                    "account_id": request.account_id.id,
                    "company_id": request.company_id.id,
                    "move_id": request.move_id.id,
                    "job_id": request.operation not in ASSIGNMENTS
                    and request.job_id.id,
                    "operation": request.operation,
                    "amount": request.amount,
                    "currency_id": request.currency_id.id,
                    "date": request.date,
                    "description": request.description,
                    "source_partial_id": request.source_partial_id,
                    "counterpart_id": request.counterpart_id.id,
                    "payment_id": request.payment_id.id,
                    "notice_date": request.notice_date,
                    "claim_interest": request.claim_interest,
                    **{name: request[name] for name in SHARED_TERMS},
                    "local_print": request.local_print,
                    "has_attachments": request.has_attachments,
                    "has_image": request.has_image,
                }
                for request in self
            ]
        )
        for old, new in zip(self, again, strict=True):
            new._keep_files(old._files())
        return again

    def _keep_files(self, files):
        """Keeps these with what is to be said, as they are now: whatever becomes of
        the invoice's own files does not change what was said."""
        for file in files.sudo():
            file.copy({"res_model": self._name, "res_id": self.id})
            # Not the contents of all of them in memory at once.
            file.invalidate_recordset(["raw", "datas"])

    # --- business: the run ---

    @api.model
    def _work_off(self, account_id, seconds=float("inf"), only=None):
        """Says everything that is due for one account.

        Uses a cursor of its own and commits: before each call (what is about to be
        said must survive a crash) and after it (what was answered must too). One run
        per account at a time; a second one returns at once.

        :param seconds: after which no further claim is made
        :param only: ids of the ones to say, instead of everything that is due
        :return: how many were worked off
        """
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            account = env["ropo.account"].browse(account_id)
            account = account.with_company(account.company_id)
            requests = account.env[self._name]
            with requests._worker_lock(account_id) as locked:
                if not locked:
                    return 0
                end = time.monotonic() + seconds
                return requests._work_off_locked(account, end, only)

    def _work_off_locked(self, account, end, only):
        total = 0
        self._expire_leases(account)
        # A lost call is known as lost, whatever follows.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        if account._is_resting() or not self._has_work(account):
            return total
        try:
            with account._client() as client:
                self._persist(self._refuse_foreign, account, client.profile)
                for done in self._run(account, client, end, only):
                    total += done
        except ChannelError as error:
            # Nobody opened the door: nothing was claimed, nothing is lost.
            account._pause(error)
        self._come_back(account)
        # The pause, and when to come back.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        return total

    def _has_work(self, account):
        domain = [("account_id", "=", account.id), *self._movable_domain()]
        return self.search_count([*domain, *self._time_has_come()], limit=1)

    def _come_back(self, account):
        """Has the cron run again when the first of what must wait is due.

        Never at once: what is due and was left by this run would be left again.
        """
        waiting = self.search(
            [
                ("account_id", "=", account.id),
                ("next_attempt_at", "!=", False),
                *self._movable_domain(),
            ],
            order="next_attempt_at",
            limit=1,
        )
        if waiting:
            soon = fields.Datetime.now() + timedelta(seconds=SHORTEST_PAUSE)
            due = max(waiting.next_attempt_at, soon)
            due = max(due, account.paused_until or due)
            self.env.ref("ropo_connect.cron_process_requests")._trigger(at=due)

    @contextmanager
    def _worker_lock(self, account_id):
        """Whether this process is the one that works for the account.

        The lock is the session's, since the run commits on the way: whoever dies with
        his connection has given it back.
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

    def _run(self, account, client, end, only):
        """Yields how many each step worked off."""
        if not only:
            yield self._look_up_lost(account, client)
        with Pace(account.max_concurrency) as pace:
            for step in (
                self._assignments_due,
                self._alone_due,
                self._heavy_due,
                self._local_prints_due,
                self._changes_due,
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
                begun = self._begin_next(step, account, client, pace, end, only)
                if begun:
                    under_way.append(begun)
                elif not under_way:
                    return
                if len(under_way) > 1 or not begun:
                    yield self._record_oldest(under_way, account)
        finally:
            while under_way:
                self._record_after_failure(under_way, account)

    def _begin_next(self, step, account, client, pace, end, only):
        """Takes the next and begins to send them; None when there are no more."""
        if account._is_resting() or time.monotonic() >= end:
            return None
        # Write-ahead: from here on it may be sent.
        claimed = self._persist(self._claim_next, step, account, only, client.profile)
        return claimed is not None and (claimed, claimed._say(client, pace, account))

    def _record_oldest(self, under_way, account):
        """Records what the oldest calls were answered; how many requests it was."""
        requests, answers = under_way[0]
        # What was answered must survive.
        self._persist(requests._record, answers(), account)
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

    def _claim_next(self, step, account, only, profile):
        return step(account, only)._of_profile(profile)._claim(account)

    def _persist(self, act, *args):
        """What `act(*args)` returns, its work committed; anew when another transaction
        came first, as when a user changes the invoices. `act` tells Ropo nothing.
        """
        return commit_with_retry(self.env, act, *args)

    def _assignments_due(self, account, only):
        """The next invoices, claims and credit notes to say."""
        limit = account.batch_size * account.max_concurrency
        return self._due_of(account, only, limit, send_alone=False)

    def _alone_due(self, account, only):
        """The next of which a call of many may have failed: each has its own call."""
        limit = account.max_concurrency * CALLS_PER_CLAIM
        return self._due_of(account, only, limit, send_alone=True)

    def _heavy_due(self, account, only):
        """The next invoices with attachments, few: each takes its files along."""
        return self._due_of(
            account, only, account.max_concurrency, has_attachments=True
        )

    def _local_prints_due(self, account, only):
        """The next invoices to print ourselves, few: each brings its document."""
        return self._due_of(account, only, account.max_concurrency, local_print=True)

    def _due_of(self, account, only, limit, **kinds):
        kinds = {"local_print": False, "has_attachments": False, **kinds}
        return self.search(
            [
                ("account_id", "=", account.id),
                ("state", "=", "queued"),
                ("operation", "in", ASSIGNMENTS),
                *((name, "=", value) for name, value in kinds.items()),
                ("id", "in", only) if only else (1, "=", 1),
                *self._time_has_come(),
            ],
            order="id",
            limit=limit,
        )

    def _changes_due(self, account, only):
        """The next payments, reversals and allocations: one of each case.

        While one change of a case is under way or lost, no other is said: that is
        what makes a lost one recognisable by the capital that Ropo shows. What is
        taken back goes first: to a case that is paid nothing can be paid.
        """
        limit = account.max_concurrency * CALLS_PER_CLAIM
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (request.job_id) request.id
                  FROM ropo_request request
                 WHERE request.account_id = %(account)s
                   AND request.state = 'queued'
                   AND request.operation NOT IN %(assignments)s
                   AND %(chosen)s
                   AND COALESCE(request.next_attempt_at, %(now)s) <= %(now)s
                   AND NOT EXISTS (
                       SELECT FROM ropo_request other
                        WHERE other.job_id = request.job_id
                          AND other.state IN ('sending', 'unknown')
                          AND other.operation NOT IN %(assignments)s)
                 ORDER BY request.job_id,
                          request.operation != 'payment_reversal',
                          request.id
                 LIMIT %(limit)s
                """,
                account=account.id,
                assignments=ASSIGNMENTS,
                chosen=SQL("request.id IN %s", tuple(only)) if only else SQL("TRUE"),
                now=fields.Datetime.now(),
                limit=limit,
            )
        )
        return self.browse(row[0] for row in rows)

    # --- business: claim ---

    def _claim(self, account):
        """Takes these for this run: builds and freezes what will be said, commits.

        Whoever can't be said after all is concluded here. None when there was nothing
        to take at all; the ones to say otherwise (maybe none).
        """
        locked = self.try_lock_for_update().filtered(lambda r: r.state == "queued")
        if not locked:
            return None
        locked._freeze_safely(account)
        ready = locked.filtered(lambda request: request.state == "queued")
        lease = self._lease_end(account)
        for attempts, requests in ready.grouped("attempts").items():
            requests._set_state("sending", lease_until=lease, attempts=attempts + 1)
        return ready

    def _lease_end(self, account):
        # A call begun at the last moment may have to renew its token, which makes
        # three calls; each may take its time.
        seconds = SAYING_TIME + 3 * capped(account.timeout)
        return fields.Datetime.now() + timedelta(seconds=seconds)

    def _freeze_safely(self, account):
        """Freezes all of these together, and each alone only where that fails: one
        that can't be built never stops the others."""
        with isolated(self, "be built together") as attempt:
            self._freeze(account)
        if not attempt.error:
            return
        for request in self:
            with isolated(request, "be built") as attempt:
                request._freeze(account)
            if attempt.error:
                request._refuse_unbuilt(attempt.error)

    def _refuse_unbuilt(self, error):
        text = self.env._(
            "It can't be put into Ropo's form (%(error)s). Inform your administrator; "
            "the server's log has the details.",
            error=type(error).__name__,
        )
        self._set_state("rejected", error=text)

    def _freeze(self, account):
        """Builds the payloads; concludes those that can't be said any more."""
        self.move_id.fetch(["state"])
        assignments = self.filtered(lambda r: r.operation in ASSIGNMENTS)
        groups = assignments.grouped(lambda r: (r.operation, r.service_model))
        for (operation, model), requests in groups.items():
            chase = operation in CHASES
            verdicts = self.env["ropo.eligibility"]._verdicts(
                requests.move_id,
                operation,
                account=account,
                terms=chase and {r.move_id: r._own_terms() for r in requests},
                model=model,
            )
            if not chase:
                self.env["ropo.document"]._prefetch_rows(requests.move_id)
            for request in requests:
                verdict = verdicts[request.move_id]
                if verdict.code:
                    request._refuse(verdict)
                else:
                    request._freeze_one(account)
            if chase:
                requests._freeze_covers()
        changes = self - assignments
        newest = changes.job_id._newest_events()
        by_call = account._channel().capabilities.reversal == "call"
        for request in changes:
            # What is reported meanwhile may have this in it already: only against
            # these figures can be seen whether it arrived.
            request.capital_before = request.job_id.open_amount
            request.total_before = request.job_id.open_total
            request.last_event_id = newest.get(request.job_id, 0)
            if request.operation == "payment_reversal" and not by_call:
                request._leave_reversal_to_person()
            else:
                request._freeze_one(account)

    def _leave_reversal_to_person(self):
        """The channel has no call by which a reported payment is taken back."""
        before, after = self._expected_totals()
        text = self.env._(
            "The ledger no longer has a payment of %(amount)s that was reported, and "
            "this can't be reported by itself. Ask Ropo to raise the open amount from "
            "%(before)s to %(after)s, then choose “Mark as Received”.",
            amount=self.currency_id.format(self.amount),
            before=self.currency_id.format(before),
            after=self.currency_id.format(after),
        )
        self._set_state("rejected", error=text, may_have_arrived=True)
        self.account_id._ask_person(
            self.env._("A payment has to be taken back at Ropo by hand"),
            self.env._("%(request)s: %(text)s", request=self.display_name, text=text),
        )

    def _refuse(self, verdict):
        """Concludes one that must not be said: the ledger or a person took it back
        meanwhile, or a fault that somebody has to mend."""
        gone = verdict.code in GONE
        self._set_state("cancelled" if gone else "rejected", error=verdict.text)

    def _freeze_one(self, account):
        try:
            document = self._document(account)
            frozen = account._channel().freeze(document)
            # An assignment would copy all of it once more.
            self.write(
                {
                    "payload": frozen.body,
                    "call": frozen.call,
                    "batchable": frozen.batchable,
                    **self._sent_facts(document),
                }
            )
        except UserError as error:
            self._set_state("rejected", error=str(error))

    def _sent_facts(self, document):
        """What a case is known by, as the document has it: the invoice may change."""
        if not self._is_assignment():
            return {}
        move = self.move_id
        facts = {
            "number": move.name,
            "reference": move.payment_reference,
            "debtor_reference": document.debtor.reference,
        }
        if self.operation in CHASES:
            return facts
        exempt = not document.may_remind
        return {**facts, "amount": move.amount_total, "is_exempt": exempt}

    def _document(self, account):
        """The document that this sends, as plain data."""
        document = self.env["ropo.document"]
        if self.operation in ("invoice", "credit_note"):
            return self._invoice(account)
        if self.operation in CHASES:
            claim, parts = document._claim(
                self.move_id, account, self.operation, self.id, self._own_terms()
            )
            self.amount = claim.amount
            self.part_ids = (
                parts.ids if parts < self.move_id._ropo_open_parts() else False
            )
            return claim
        if self._is_credit_job(account):
            return document._allocation(self)
        return document._change(self)

    def _invoice(self, account):
        self.credited_job_id = self._credited_job(account)
        self._keep_image()
        was_allocated = self._was_allocated() and self._stands_in_ropos_ledger(account)
        handling = "local_print" if self.local_print else ""
        return self.env["ropo.document"]._invoice(
            self.move_id,
            account,
            self.id,
            self.credited_job_id,
            self._files(),
            self.image_id,
            model=self.service_model,
            handling="deliver_only" if was_allocated else handling,
        )

    def _files(self):
        """What goes along, in the order in which it is said."""
        if not self.has_attachments:
            return self.env["ir.attachment"]
        return (self.attachment_ids - self.image_id).sorted("id")

    def _keep_image(self):
        """Keeps Odoo's own PDF with what is to be said, where it is to be shown."""
        if not self.has_image or self.image_id:
            return
        attachments, files = self.env["ropo.attachments"], self._files()
        image = attachments._own_pdf(self.move_id)
        fault = attachments._verdict(
            self.move_id, files, image, account=self.account_id
        ).text
        if fault:
            raise UserError(fault)
        self.image_id = image.sudo().copy({"res_model": self._name, "res_id": self.id})

    def _credited_job(self, account):
        """The case that this credit note, as a job of its own, credits at Ropo.

        Only where Ropo keeps the ledger and the whole credit note lies on one invoice
        there. Any other is sent unallocated, and what is allocated of it is told
        reconciliation by reconciliation.
        """
        jobs = self.env["ropo.job"]
        by_job = account.credit_allocation == "credit_job" and self._holds_ledger()
        if self.operation != "credit_note" or not by_job or self._was_allocated():
            return jobs
        partials = self.env["ropo.ledger"]._credit_partials(self.move_id)
        amount = sum(partial["amount"] for partial in partials)
        invoices = {partial["move_id"] for partial in partials}
        if len(invoices) != 1 or self.currency_id.compare_amounts(
            amount, self.move_id.amount_total
        ):
            return jobs
        self.covers = {str(row["partial_id"]): row["amount"] for row in partials}
        return jobs.search(
            [
                ("account_id", "=", account.id),
                ("profile", "=", self.profile),
                ("move_id", "in", list(invoices)),
                ("chased", "=", True),
            ]
        )

    def _holds_ledger(self):
        """Whether Ropo collects what it delivers (Unify, Embed), as was asked for."""
        return self.account_id._service(self.service_model).collects

    def _stands_in_ropos_ledger(self, account):
        """Whether this credit note, once allocated, is there under its number."""
        return self._holds_ledger() or account.credit_allocation == "credit_job"

    def _own_terms(self):
        return self._terms(interest=self.claim_interest, notice_date=self.notice_date)

    def _freeze_covers(self):
        """The reconciliations that the claimed amounts already reflect."""
        partials = self.env["ropo.ledger"]._reflected_partials(self.move_id)
        for request in self:
            request.covers = {
                str(row["partial_id"]): row["amount"]
                for row in partials[request.move_id.id]
                if not request.part_ids or row["line_id"] in request.part_ids
            }

    def _was_allocated(self):
        """Whether Ropo got this credit note already, as credits of the cases."""
        return self.operation == "credit_note" and self.search_count(
            [
                ("operation", "=", "credit_allocation"),
                ("counterpart_id", "=", self.move_id.id),
                ("state", "in", LIVE),
                ("void", "=", False),
            ],
            limit=1,
        )

    def _is_credit_job(self, account):
        """Whether it is told as a job of its own, which credits the case."""
        by_job = account.credit_allocation == "credit_job"
        return by_job and self.operation == "credit_allocation"

    # --- business: say ---

    def _say(self, client, pace, account):
        """Begins to say them, side by side; what is returned waits for the answers,
        `{request id: Answer}`. Touches no database."""
        if not self:
            return dict
        batches = [
            [(request.id, request._frozen()) for request in some]
            for some in self._batches(account)
        ]
        files = self._contents()
        answers = pace.begin(
            lambda documents: client.send(documents, files),
            [[frozen for _id, frozen in batch] for batch in batches],
            SAYING_TIME,
        )
        return lambda: {
            request_id: answer
            for batch, batch_answers in zip(batches, answers(), strict=True)
            for (request_id, _frozen), answer in zip(batch, batch_answers, strict=True)
        }

    def _batches(self, account):
        """These in groups that travel together: of one call, and each change of a case
        for itself, as what has to be sent alone."""
        most = min(account.batch_size, account._channel().capabilities.batch_size)
        together = self.filtered(
            lambda r: r.batchable and r._is_assignment() and not r.send_alone
        )
        yield from self - together
        for same in together.grouped("call").values():
            yield from split_every(most, same.ids, self.browse)

    def _frozen(self):
        return Frozen(self.call, self.payload, self.batchable)

    def _contents(self):
        """The contents of the files that go along with these: `{checksum: bytes}`."""
        files = self.image_id
        for request in self.filtered("has_attachments"):
            files |= request._files()
        return {file.checksum: file.raw for file in files}

    # --- business: record ---

    def _record(self, answers, account):
        """Writes down how each call ended; one that can't be does not harm the rest."""
        awaited = self._lock_in("sending")
        with isolated(awaited, "be recorded together") as attempt:
            awaited._record_together(answers)
        if attempt.error:
            for request in awaited:
                request._record_alone(answers)
        for request in self - awaited:
            request._record_late(answers[request.id])
        account._heed(answers.values())

    def _record_alone(self, answers):
        with isolated(self, "be recorded") as attempt:
            self._record_together(answers)
        if attempt.error:
            self._lose(
                self.env._(
                    "Ropo's answer can't be recorded; your administrator finds the "
                    "details in the server's log. Ropo will be asked about it."
                )
            )

    def _record_late(self, answer):
        """An answer to what a person or a lookup decided meanwhile: that stands, unless
        the answer shows that Ropo has it."""
        if answer.outcome != Outcome.ACCEPTED:
            return
        with isolated(self, "be recorded late") as attempt:
            if self._may_become("done"):
                self.response = answer.raw
                self._conclude_done({self.id: answer})
            elif self.state == "done" and self.job_id and not self.job_id.jobid:
                self.job_id.jobid = answer.assignment
            elif self.state == "cancelled":
                self._ask_about_cancelled()
        if attempt.error:
            self._ask_about_cancelled()

    def _ask_about_cancelled(self):
        self.account_id._ask_person(
            self.env._("Ropo has what was cancelled"),
            self.env._(
                "Ropo's answer came after it was decided that it is not sent. Look it "
                "up in Ropo One, and ask Ropo to end it if it is wrong. The first: "
                "%(request)s.",
                request=self.display_name,
            ),
        )

    def _record_together(self, answers):
        """In batches of equal ends."""
        for request in self:
            request.response = answers[request.id].raw
        outcomes = self.grouped(lambda request: answers[request.id].outcome)
        if accepted := outcomes.get(Outcome.ACCEPTED):
            accepted._conclude_done(answers)
        for outcome, record in (
            (Outcome.REJECTED, "_record_rejected"),
            (Outcome.UNKNOWN, "_record_unknown"),
            (Outcome.NOT_SENT, "_record_not_said"),
            (Outcome.THROTTLED, "_record_not_said"),
        ):
            for request in outcomes.get(outcome, ()):
                getattr(request, record)(answers[request.id])

    def _conclude_done(self, answers=None):
        """Ropo has it; what it said (`{request id: Answer}`) may have been lost."""
        answers = answers or {}
        assignments = self.filtered(lambda r: r.operation in ASSIGNMENTS)
        assignments._create_jobs(answers)
        assignments._take_over_references()
        assignments._keep_documents(answers)
        assignments._lower_credited()
        assignments._note_accepted()
        assignments._note_unallocated()
        assignments._mark_sent()
        self.env["ropo.job"]._take_changes(
            [(r.job_id, r, answers.get(r.id)) for r in self - assignments]
        )
        self._set_state("done", done_at=fields.Datetime.now())
        self.filtered(lambda r: r.operation == "payment_reversal")._take_back()

    def _take_back(self):
        """Told and taken back: both become void, since the same reconciliation may
        stand again one day, and is told anew then."""
        told = self.search(
            [
                ("job_id", "in", self.job_id.ids),
                ("source_partial_id", "in", self.mapped("source_partial_id")),
                ("operation", "in", ("payment", "credit_allocation")),
                ("state", "=", "done"),
                ("void", "=", False),
            ]
        )
        taken_back = {(r.job_id, r.source_partial_id) for r in self}
        told = told.filtered(lambda r: (r.job_id, r.source_partial_id) in taken_back)
        (self | told).void = True
        for reversal in self:
            reversal.job_id._uncover(reversal.source_partial_id)
            if reversal.counterpart_id.move_type == "out_refund":
                reversal.counterpart_id.sudo().ropo_request_ids._uncover(
                    reversal.source_partial_id
                )

    def _uncover(self, partial_id):
        """What was said no more takes this reconciliation into account."""
        for request in self.filtered("covers"):
            request.covers = {
                key: amount
                for key, amount in request.covers.items()
                if key != str(partial_id)
            }

    def _mark_sent(self):
        """Tells Odoo, too, that these invoices have gone out."""
        delivered = self.filtered(lambda r: r.operation in ("invoice", "credit_note"))
        moves = delivered.move_id.filtered(lambda move: not move.is_move_sent)
        if moves:
            # Past account.move's own write(), which checks and synchronizes the whole
            # entry: more work than all the rest of sending, for a flag.
            self.env.execute_query(
                SQL(
                    "UPDATE account_move SET is_move_sent = TRUE WHERE id IN %s "
                    "RETURNING id",
                    tuple(moves.ids),
                )
            )
            moves.invalidate_recordset(["is_move_sent"], flush=False)
            moves.modified(["is_move_sent"])

    def _create_jobs(self, answers):
        """One case per assignment that Ropo took."""
        fresh = self.filtered(lambda request: not request.job_id)
        jobs = self.env["ropo.job"].create(
            [request._job_vals(answers.get(request.id)) for request in fresh]
        )
        for request, job in zip(fresh, jobs, strict=True):
            request.job_id = job

    def _take_over_references(self):
        """The debtor pays with the reference that Ropo put on the invoice (Unify and
        Embed): incoming money is matched by it. The first one stays on the case."""
        for request in self.filtered(lambda r: r.operation == "invoice" and r.chases):
            move, reference = request.move_id, request.job_id.reference
            if not reference or reference == move.payment_reference:
                continue
            try:
                with self.env.cr.savepoint():
                    move.with_context(
                        ropo_takes_over=True
                    ).payment_reference = reference
            except UserError as error:  # another module's lock: the case has it
                _logger.warning("%s keeps its reference: %s", move, error)

    def _keep_documents(self, answers):
        """Attaches what came for local print; what was lost of it is fetched."""
        for request in self.filtered("local_print"):
            answer = answers.get(request.id)
            if answer and answer.document:
                request.job_id._keep_document(answer.document)
            else:
                request.job_id.fetch_at = fields.Datetime.now()

    def _lower_credited(self):
        """A credit note that credits a case by itself has lowered its capital."""
        for request in self.filtered(lambda r: r.operation == "credit_note"):
            job = request.credited_job_id
            if job:
                job._take_changes([(job, request, None)])

    def _note_accepted(self):
        """Says on the invoices what Ropo took, on which terms, and who asked for it."""
        for author, requests in self.grouped("create_uid").items():
            notes = {request.move_id.id: request._acceptance() for request in requests}
            self.env["account.move"].browse(notes)._message_log_batch(
                notes, author_id=author.partner_id.id
            )

    def _acceptance(self):
        """What Ropo took, as HTML."""
        facts = [
            self.env._("Case: %s", self.job_id.jobid or self.number),
            self.env._("Account: %s", self.account_id.name),
            self.env._("Requested on: %s", format_datetime(self.env, self.create_date)),
            *self._terms_text(),
        ]
        title = self.env._(
            "Ropo has accepted: %(what)s, %(amount)s",
            what=dict(self._fields["operation"]._description_selection(self.env))[
                self.operation
            ],
            amount=self.currency_id.format(self.amount),
        )
        items = Markup("").join(Markup("<li>%s</li>") % fact for fact in facts)
        return Markup("<p>%s</p><ul>%s</ul>") % (title, items)

    def _terms_text(self):
        """The terms on which a claim was transferred; those that were agreed with Ropo
        are not among them."""
        if self.operation not in CHASES:
            return []
        date = self.notice_date and format_date(self.env, self.notice_date)
        fee = self.notice_fee and self.currency_id.format(self.notice_fee)
        texts = (
            date and self.env._("Own reminder sent on: %s", date),
            fee and self.env._("Cost of the own reminder: %s", fee),
            self.claim_interest
            and self.env._("Late interest: %s %%", self.claim_interest),
            self.collection_process
            and self.env._("Collection process: %s", self.collection_process),
            self.claim_reason and self.env._("Reason: %s", self.claim_reason),
        )
        return [text for text in texts if text]

    def _note_unallocated(self):
        """Says on credit notes that credit nothing that they do."""
        notes = {
            move.id: self.env["ropo.eligibility"]._allocation_note(move)
            for move in self.filtered(lambda r: r.operation == "credit_note").move_id
        }
        notes = {move_id: note for move_id, note in notes.items() if note}
        if notes:
            self.env["account.move"].browse(notes)._message_log_batch(notes)

    def _job_vals(self, answer=None):
        chases = self.operation in CHASES
        return {
            "account_id": self.account_id.id,
            "profile": self.profile,
            "company_id": self.company_id.id,
            "move_id": self.move_id.id,
            "kind": self.operation,
            "jobid": answer.assignment if answer else "",
            "billnum": self.number or self.move_id.name,
            "billcode": self.reference or self.move_id.payment_reference,
            "reference": answer.payment_reference if answer else "",
            "debtor_reference": self.debtor_reference or "",
            "stage": self.operation if chases else "invoiced",
            "stage_date": fields.Datetime.now(),
            "amount": self.amount,
            "open_amount": self.chases and self.amount,
            "open_total": self.chases and self.amount + self.notice_fee,
            "currency_id": self.currency_id.id,
            "covers": self.covers,
            "part_ids": self.part_ids,
            "chased": self.chases,
            "stop_asked": self.chases and self.is_exempt,
            "fetch_at": self.account_id.fetch_documents and fields.Datetime.now(),
        }

    def _record_rejected(self, answer):
        text = answer.error or self.env._("Ropo gave no reason.")
        meaning = answer.meaning
        self._set_state(
            "cancelled" if meaning in NEEDLESS else "rejected",
            error=text,
            answer_meaning=meaning,
            may_have_arrived=self.may_have_arrived or answer.is_duplicate,
        )
        if self._is_assignment() or meaning == Meaning.OWN_MONEY:
            return
        if meaning == Meaning.ENDED:
            # An answer to one payment ends no case: Ropo is asked where it stands,
            # and until it shows the end a person is asked.
            self.job_id.to_refresh = True
        if meaning == Meaning.NOT_FOLLOWED:
            self.account_id._ask_person(
                self.env._("Ropo does not follow the money of a case"),
                self.env._(
                    "Ropo ignored what was paid of some cases, so it may ask for money "
                    "that is paid. Ask Ropo. The first: %(case)s.",
                    case=self.job_id.display_name,
                ),
            )
        else:
            self.account_id._ask_person(
                self.env._("Ropo refused a payment or a credit"),
                self.env._(
                    "Ropo still asks for money that the ledger does not. See “Needs a "
                    "Look” under Ropo → Told to Ropo. The first: %(request)s: "
                    "%(reason)s",
                    request=self.display_name,
                    reason=text,
                ),
            )

    def _is_assignment(self):
        return self.operation in ASSIGNMENTS

    def _record_unknown(self, answer):
        self._lose(
            self.env._(
                "It is not known whether Ropo got it (%(reason)s). It will be asked "
                "about, and is not said again before that.",
                reason=self._reason_text(answer.reason),
            )
        )

    def _reason_text(self, reason):
        return {
            Reason.TIMEOUT: self.env._("no answer in time"),
            Reason.CUT: self.env._("the connection was cut"),
            Reason.SERVER: self.env._("Ropo had an error of its own"),
            Reason.GATEWAY: self.env._("a gateway answered in place of Ropo"),
        }.get(reason, self.env._("the answer can't be read"))

    def _record_not_said(self, answer):
        """It never arrived: back into the queue, with a wait that grows."""
        if answer.reason == Reason.NOT_BEGUN:  # no call was made: no attempt
            self._set_state("queued", attempts=self.attempts - 1)
            return
        throttled = answer.outcome == Outcome.THROTTLED
        first = THROTTLED_WAIT if throttled else FIRST_WAIT
        wait = answer.retry_after or first * 2 ** min(self.attempts - 1, 20)
        # Jitter, so that many who failed together do not come back together.
        wait = min(wait * random.uniform(1, 1.5), LONGEST_WAIT)
        self._set_state(
            "queued", next_attempt_at=fields.Datetime.now() + timedelta(seconds=wait)
        )

    # --- business: what was lost on the way ---

    def _expire_leases(self, account):
        """A run that died had said these, or not: nobody knows."""
        expired = self.search(
            [
                ("account_id", "=", account.id),
                ("state", "=", "sending"),
                ("lease_until", "<", fields.Datetime.now()),
            ]
        )
        expired._lose(
            self.env._(
                "The server stopped while this was being sent. Ropo will be asked "
                "whether it arrived."
            )
        )

    def _lose(self, text):
        delay = timedelta(seconds=self._look_up_delay())
        self._set_state(
            "unknown",
            error=text,
            next_attempt_at=fields.Datetime.now() + delay,
            may_have_arrived=True,
            # It may be this document that a call of many fails on.
            send_alone=True,
        )

    def _look_up_delay(self):
        parameters = self.env["ir.config_parameter"].sudo()
        return int(parameters.get_param("ropo_connect.look_up_delay", LOOK_UP_DELAY))

    def _look_up_lost(self, account, client):
        """Asks Ropo about the lost ones that have been given time to arrive."""
        lost = self.search(
            [
                ("account_id", "=", account.id),
                ("profile", "=", client.profile),
                ("state", "=", "unknown"),
                ("to_review", "=", False),
                *self._time_has_come(),
            ],
            order="next_attempt_at, id",
            limit=LOOK_UPS_PER_RUN,
        )
        for request in lost:
            finding = request._ask_ropo(client)
            # What was read is as old as the call; what a person, or a late answer,
            # decided meanwhile is seen from here.
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            self._persist(request._take_finding, finding)
            if not finding:
                break  # the others would wait as long; they have their turn later
        return len(lost)

    def _ask_ropo(self, client):
        """What Ropo shows of a lost one, as `Found`, by two means: what it tells of its
        number, and its list of the customer's invoices (or the document of a credit
        note). None where Ropo can't be asked.

        Takes in first what Ropo tells: money that came to the case meanwhile is in the
        figures that it shows. HTTP, and no lock.
        """
        case = self.job_id._ref() if not self._is_assignment() else None
        try:
            rows = client.history(case or CaseRef(number=self.number or ""))
            self.env["ropo.event"]._take(self.account_id, rows, client.profile)
        except ChannelError as error:
            _logger.info("Ropo request %s: can't be asked about: %s", self.id, error)
            return None
        try:
            found = client.find(self._frozen(), case)
        except ChannelError as error:
            _logger.info("Ropo request %s: can't be asked about: %s", self.id, error)
            return Found()
        is_missing = not case and found.arrived is False
        return self._find_in_rows(client, rows) if is_missing else found

    def _find_in_rows(self, client, rows):
        """The second opinion on what is not listed: whether what Ropo tells of its
        number is of an assignment that is none of our cases of it."""
        jobs = self.move_id.ropo_job_ids
        told = {client.interpret(row).assignment for row in rows} - {""}
        found = told - set(jobs.mapped("jobid"))
        if not found:
            return Found(arrived=False)
        if not all(jobs.mapped("jobid")):
            return Found()  # it may be the case whose id we do not know
        return Found(True, found.pop() if len(found) == 1 else "")

    def _take_finding(self, finding):
        """Concludes a look-up, unless somebody has decided meanwhile."""
        if not self._lock_in("unknown"):
            return
        with isolated(self, "be looked up") as attempt:
            self._conclude_look_up(finding or Found())
        if attempt.error:
            self._ask_again_later()

    def _conclude_look_up(self, finding):
        arrived = finding.arrived
        if self.operation not in ASSIGNMENTS:
            arrived = self._arrived_by(finding.open_amount)
        if arrived:
            self._conclude_done()
            if finding.assignment and not self.job_id.jobid:
                self.job_id.jobid = finding.assignment
        elif arrived is False:
            self._count_negative()
        else:
            self._ask_again_later(finding.open_amount)

    def _arrived_by(self, shown):
        """Whether a change of a case arrived, by what Ropo shows as open; None where
        the figures do not tell."""
        if self in self.job_id.event_ids.request_id:
            return True  # Ropo has reported it back
        compare = self.currency_id.compare_amounts
        before, after = self._expected_totals()
        if shown is None or not compare(before, after):
            return None
        if not compare(shown, after):
            return True
        return None if compare(shown, before) else False

    def _count_negative(self):
        """Ropo does not show it. It may do so only later, so one such answer decides
        nothing; several, hours apart, do."""
        now = fields.Datetime.now()
        since = self.negative_since or now
        negatives = self.negatives + 1
        wait = timedelta(seconds=self._look_up_delay() * NEGATIVE_WAIT)
        if negatives >= NEGATIVES and now - since >= wait * (NEGATIVES - 1):
            self._conclude_not_there()
            return
        self._set_state(
            "unknown",
            error=self.error,
            look_ups=self.look_ups,
            negatives=negatives,
            negative_since=since,
            next_attempt_at=now + wait,
        )

    def _conclude_not_there(self):
        """It did not arrive: it is sent again, alone and after a wait that grows; what
        Ropo never takes is for a person."""
        if self.attempts < MOST_ATTEMPTS:
            wait = FIRST_WAIT * 2**self.attempts if self.attempts > 1 else 0
            later = fields.Datetime.now() + timedelta(seconds=wait)
            self._set_state("queued", next_attempt_at=wait and later)
            return
        text = self.env._(
            "Ropo fails on this each time (%(attempts)s times), and does not have it. "
            "Look for something unusual in it, fix it and try again, or ask Ropo.",
            attempts=self.attempts,
        )
        self._set_state("rejected", error=text)
        self.account_id._ask_person(
            self.env._("Ropo fails on a document"),
            self.env._("%(request)s: %(text)s", request=self.display_name, text=text),
        )

    def _expected_totals(self):
        """What must be open in all, if this did not arrive and if it did."""
        own = self._reported_since()
        capital = max(self.capital_before - own, 0.0)
        before = max(self.total_before - own, 0.0)
        change = self._signed_amount()
        if self.operation == "credit_allocation":
            change = min(change, capital)  # a credit pays no fees
        return before, max(before - change, 0.0)

    def _reported_since(self):
        """The money that Ropo reported of the case since this was said."""
        return sum(
            event._ropos_money()
            for event in self.job_id.event_ids
            if event.id > self.last_event_id
        )

    def _mark(self):
        """By which what Ropo reports back is recognised as our own report.

        Assumption: Ropo repeats the description, or the identifier, of a payment that
        it was told where it lists that payment in its status updates.
        """
        return f"odoo-{self.id}"

    def _signed_amount(self):
        """What this takes off the capital; 0 when it is no change of it."""
        if self.operation in ASSIGNMENTS:
            return 0.0
        return -self.amount if self.operation == "payment_reversal" else self.amount

    def _requeue(self):
        self._set_state("queued")

    def _ask_again_later(self, shown=None):
        """:param shown: what Ropo shows as open, if it does"""
        look_ups = self.look_ups + 1
        if look_ups < LOOK_UPS:
            wait = timedelta(seconds=self._look_up_delay() * 2**look_ups)
            self._set_state(
                "unknown",
                look_ups=look_ups,
                negatives=self.negatives,
                negative_since=self.negative_since,
                error=self.error,
                next_attempt_at=fields.Datetime.now() + wait,
            )
        else:
            self._set_state(
                "unknown",
                look_ups=look_ups,
                error=self._question(shown),
                to_review=True,
            )
            self.account_id._ask_person(
                self.env._("Did it arrive at Ropo?"),
                self.env._(
                    "Ropo can't say whether some of what was told arrived. See "
                    "“Needs a Look” under Ropo → Told to Ropo."
                ),
            )

    def _question(self, shown):
        """What a person needs to decide whether it arrived."""
        question = self.env._(
            "Ropo can't say whether it arrived. Look it up in Ropo One, then choose "
            "“Mark as Received” or “Send Again”."
        )
        if shown is None:
            return question
        before, after = self._expected_totals()
        figures = self.env._(
            "Ropo shows %(shown)s as open, with interest and fees. It would be "
            "%(before)s if this did not arrive, and %(after)s if it did.",
            shown=self.currency_id.format(shown),
            before=self.currency_id.format(before),
            after=self.currency_id.format(after),
        )
        return f"{question} {figures}"


def _work_off_after_commit(model, account_id, ids):
    """Works off these once the user's own transaction is safe.

    :param model: `ropo.request`, of the user's cursor, by which nothing is done here
    """
    try:
        if not model._work_off(account_id, only=ids):
            # Another run is at it, or the account rests: the cron goes on.
            with model.env.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env.ref("ropo_connect.cron_process_requests")._trigger()
    except Exception:
        # The user's own work is committed: he must not see it fail. The cron goes on.
        _logger.exception("Ropo account %s: the run failed", account_id)


def readable(value):
    """JSON as a person reads it; False when there is none."""
    return bool(value) and json.dumps(value, indent=2, ensure_ascii=False)
