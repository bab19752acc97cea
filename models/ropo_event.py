import json
import logging
import re
from datetime import timedelta
from itertools import islice

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date

from ..channels.errors import ChannelError, Outcome
from ..channels.inbound import storable
from ..services.transaction import together_or_alone
from .ropo_job import ENDED, STAGES
from .ropo_request import readable

_logger = logging.getLogger(__name__)

LONGEST_GAP = timedelta(days=31)  # that is asked for once more, day by day
# How long what names no case of ours is looked at again by itself.
LONGEST_WAIT = timedelta(days=90)
LONGEST_SHOWN = 40  # characters of what can't be read
MOST_PAGES = 1000  # that one run fetches
MOST_REPEATS = 3  # pages in a row of which each row was given before


class RopoEvent(models.Model):
    """The inbox: one thing that Ropo told us, kept as it came."""

    _name = "ropo.event"
    _description = "Told by Ropo"
    _order = "event_time desc, id desc"
    _rec_name = "text"

    account_id = fields.Many2one("ropo.account", required=True, ondelete="restrict")
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        precompute=True,
        index=True,
        help="That of the case: a branch may use its parent's account.",
    )
    profile = fields.Char(
        readonly=True,
        groups="base.group_system",
        help="Of the account when this came: it tells only of cases of that profile.",
    )
    job_id = fields.Many2one(
        "ropo.job", string="Case", ondelete="set null", index="btree_not_null"
    )
    move_id = fields.Many2one(
        related="job_id.move_id", store=True, index="btree_not_null"
    )
    source = fields.Selection(
        [("poll", "Asked For"), ("webhook", "Webhook")],
        string="Came By",
        required=True,
        default="poll",
        readonly=True,
    )
    external_id = fields.Char(required=True, readonly=True)
    assignment = fields.Char(
        string="Ropo Case Number", readonly=True, help="As Ropo names it."
    )
    number = fields.Char(
        string="Invoice Number", readonly=True, help="As Ropo names it."
    )
    kind = fields.Char(readonly=True)
    code = fields.Char(readonly=True)
    text = fields.Char(readonly=True)
    event_time = fields.Datetime(readonly=True)
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one(related="job_id.currency_id")
    day = fields.Date(readonly=True, help="On which the money was paid.")
    counted = fields.Monetary(
        readonly=True, help="What of it has been taken off the open capital."
    )
    stage = fields.Selection(STAGES, readonly=True)
    told_stage = fields.Selection(
        STAGES, readonly=True, help="What of it the case has been told."
    )
    raw = fields.Json(readonly=True, groups="ropo_connect.group_ropo_manager")
    raw_text = fields.Text(
        compute="_compute_raw_text", groups="ropo_connect.group_ropo_manager"
    )
    source_partial_id = fields.Integer(
        string="Reconciliation",
        readonly=True,
        help="The partial reconciliation by which this money stands in the ledger.",
    )
    request_id = fields.Many2one(
        "ropo.request",
        string="Told by Us",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="This only reports back what we told Ropo ourselves.",
    )
    doubt_request_id = fields.Many2one(
        "ropo.request",
        string="Our Own Report?",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="This may report back what we reported ourselves, and counts only when a "
        "person says that it is other money.",
    )
    is_other_money = fields.Boolean(
        readonly=True, help="A person said that it is no report of ours."
    )
    duplicate_of_id = fields.Many2one(
        "ropo.event",
        string="Repeats",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The same happening came another way already; it counts once.",
    )
    # False ──report──▶ waiting ──▶ registered   a payment of its own, reconciled
    #   │                  ├──────▶ booked       it stood in the ledger already
    #   └──person──────────┴──────▶ person       what is left for a person, and why
    settlement = fields.Selection(
        [
            ("waiting", "To Register"),
            ("registered", "Registered"),
            ("booked", "Booked by Hand"),
            ("person", "Needs a Person"),
        ],
        string="In the Ledger",
        readonly=True,
        index="btree_not_null",
    )
    settlement_note = fields.Char(string="To Look At", readonly=True)
    payment_ids = fields.One2many("account.payment", "ropo_event_id", readonly=True)
    reverses_id = fields.Many2one(
        "ropo.event",
        string="Takes Back",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    # Asked by the comparison and the reports in SQL, by forms and services in Python.
    is_missing = fields.Boolean(
        string="Missing in the Ledger",
        compute="_compute_is_missing",
        store=True,
        help="Ropo collected this money, and the ledger does not have it.",
    )
    may_register = fields.Boolean(compute="_compute_may_register")
    # new ──▶ done        its case is known and has heard of it
    #  ├────▶ unmatched   no case of ours bears its number yet
    #  └────▶ review      it can't be taken in: a person looks at it
    state = fields.Selection(
        [
            ("new", "New"),
            ("done", "Done"),
            ("unmatched", "No case yet"),
            ("review", "To Review"),
        ],
        required=True,
        default="new",
        readonly=True,
        index=True,
    )
    problem = fields.Char(readonly=True, help="Why it can't be taken in.")

    _missing = models.Index("(job_id) WHERE is_missing")
    # Polled rows and messages of the webhook have numbers of their own.
    _external_unique = models.Constraint(
        "UNIQUE(account_id, profile, source, external_id)",
        "Ropo's events are kept once.",
    )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(self.env["ropo.account"]._stamp_profile(vals_list))

    # --- computes ---

    @api.depends("job_id", "account_id")
    def _compute_company_id(self):
        for event in self:
            event.company_id = event.job_id.company_id or event.account_id.company_id

    @api.depends("raw")
    def _compute_raw_text(self):
        for event in self:
            event.raw_text = readable(event.raw)

    @api.depends(
        "kind",
        "amount",
        "duplicate_of_id",
        "request_id",
        "doubt_request_id",
        "source_partial_id",
        "payment_ids",
    )
    def _compute_is_missing(self):
        for event in self:
            found = event.source_partial_id or event.payment_ids
            event.is_missing = bool(event._ropos_money()) and not found

    @api.depends("job_id.chased", "is_missing")
    def _compute_may_register(self):
        for event in self:
            event.may_register = event.job_id.chased and event.is_missing

    # --- actions ---

    def action_register_payment(self):
        """Registers what Ropo collected; on the first open day if its own is closed."""
        may = self.env.su or self.env.user.has_group("ropo_connect.group_ropo_user")
        if not may:
            raise AccessError(
                self.env._("Only a Ropo user may register what Ropo collected.")
            )
        self.check_access("read")  # nobody may write by hand, only through actions
        for event in self:
            if not event.may_register:
                raise UserError(
                    self.env._(
                        "%(event)s: nothing is to be registered here.",
                        event=event.display_name,
                    )
                )
            self.env["ropo.settlement"]._settle(event, by_person=True)

    def action_interpret(self):
        """Reads these again, as after a change of the codes; nothing counts twice."""
        may = self.env.su or self.env.user.has_group("ropo_connect.group_ropo_manager")
        if not may:
            raise AccessError(
                self.env._("Only a Ropo manager may have events interpreted again.")
            )
        self.check_access("read")  # nobody may write by hand, only through actions
        for account, events in self.sudo().grouped("account_id").items():
            events._interpret(account)
        left = self.filtered(lambda event: event.state == "review")
        return left and left._problem_notification()

    def _problem_notification(self):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": self.env._(
                    "%(count)s can't be taken in. The first: %(problem)s",
                    count=len(self),
                    problem=self[0].problem,
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_is_own_report(self):
        """A person says: it reports back what we reported ourselves."""
        self._check_may_decide()
        for event in self.sudo():
            event.write(
                {
                    "request_id": event.doubt_request_id.id,
                    "doubt_request_id": False,
                    "settlement": False,
                    "settlement_note": False,
                }
            )

    def action_is_other_money(self):
        """A person says: the debtor paid it to Ropo, beside what we reported."""
        self._check_may_decide()
        events = self.sudo()
        events.write({"doubt_request_id": False, "is_other_money": True})
        for job, own in events.grouped("job_id").items():
            job._hear(own)
        events._register_other_money()

    def _check_may_decide(self):
        if not self.env.user.has_group("ropo_connect.group_ropo_manager"):
            raise AccessError(
                self.env._("Only a Ropo manager may decide what this money is.")
            )
        self.check_access("read")  # nobody may write by hand, only through actions
        decided = self.filtered(lambda event: not event.doubt_request_id)
        if decided:
            raise UserError(
                self.env._(
                    "%(names)s: nothing to decide here. Open it again.",
                    names=", ".join(decided.job_id.mapped("display_name")),
                )
            )

    # --- crons ---

    @api.model
    def _cron_poll_status(self):
        """Fetches what happened, for every account."""
        self._run_accounts(self.env["ropo.account"].sudo().search([]), poll=True)

    @api.model
    def _cron_interpret_events(self):
        """Takes in what the webhook brought."""
        waiting = self.sudo()._read_group([("state", "=", "new")], ["account_id"])
        stale = (
            self.env["ropo.job"]
            .sudo()
            ._read_group([("to_refresh", "=", True)], ["account_id"])
        )
        ids = {account.id for (account,) in waiting + stale if account.active}
        self._run_accounts(self.env["ropo.account"].sudo().browse(sorted(ids)))

    def _run_accounts(self, accounts, **options):
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(accounts))
        for account in accounts:
            try:
                self._run(account.id, **options)
            except ChannelError as error:
                _logger.warning("Ropo account %s: %s", account.id, error.reason)
            except Exception:
                _logger.exception("Ropo account %s: following failed", account.id)
                self.env.cr.rollback()
            progress(1)

    # --- business: the run ---

    @api.model
    def _run(self, account_id, poll=False):
        """Interprets what is waiting, and asks Ropo where that leaves the cases.

        :param poll: fetch status updates first, until there are none
        :raises ChannelError: when Ropo can't be asked
        """
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            account = env["ropo.account"].browse(account_id)
            account = account.with_company(account.company_id)
            events = account.env[self._name]
            # What was stored when a run died, and what waited for its case.
            events._take_in(account)
            if account._is_resting():
                return
            try:
                with account._client() as client:
                    if poll:
                        events._poll(account, client)
                    account.env["ropo.job"]._refresh_changed(account, client)
            except ChannelError as error:
                if error.outcome == Outcome.NOT_SENT:
                    account._pause(error)
                # The pause, or the gap that was noted.
                cr.commit()  # pylint: disable=invalid-commit
                raise

    def _persist(self, act, *args):
        """What `act(*args)` returns, committed; anew when another came first."""
        return self.env["ropo.request"]._persist(act, *args)

    # --- business: settlement ---

    def _book(self, partial_id):
        """A person or a settlement journal shows that it is this reconciliation."""
        self._match(partial_id)
        if not self.settlement:
            self.settlement = "booked"

    def _match(self, partial_id):
        """The money stands in the ledger by this reconciliation, so that what waited
        to be registered is not registered any more."""
        self.source_partial_id = partial_id
        if self.settlement in ("waiting", "person"):
            self.write({"settlement": "booked", "settlement_note": False})

    def _register_other_money(self):
        """A person decided that equal money in the ledger is not this."""
        self.filtered(
            lambda event: (
                event.is_missing
                and event.settlement in (False, "person")
                and event.account_id.register_payments
            )
        ).write({"settlement": "waiting", "settlement_note": False})

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
                account.gap_since = False  # no page had been given out
            raise
        if is_complete:
            self._persist(account.write, {"gap_since": False})

    def _take_pages(self, account, client):
        """Whether there are no more; not where Ropo gives the same pages again and
        again, of which the day is asked for once more later."""
        known, repeats = set(), 0
        for count, page in enumerate(client.updates(account.status_cursor), start=1):
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
        """Interprets what waits, and books what that says Ropo collected."""
        self._persist(self._interpret, account)
        self.env["ropo.settlement"]._settle_waiting(account)

    def _store_page(self, account, rows, profile, cursor):
        if cursor is not None:
            account.status_cursor = cursor
        return self._store(account, rows, "poll", profile)

    # --- business: the webhook ---

    @api.model
    def _receive(self, account, messages):
        """Keeps what the webhook brought; it is interpreted after its commit."""
        stored = self.sudo()._store(account, messages, "webhook")
        if stored:
            self.env.ref("ropo_connect.cron_interpret_events").sudo()._trigger()
        return stored

    # --- business: keeping ---

    @api.model
    def _store(self, account, rows, source="poll", profile=None):
        """Keeps raw rows, each once, whatever is in them; those that are new.

        :param profile: under which they came, if not under the account's of now

        In one query, and so that of two who store the same at the same moment the
        second finds the first one's, or is told to try again.
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
        return self.browse(id_ for (id_,) in kept)

    # --- business: interpret ---

    @api.model
    def _interpret(self, account):
        """Tells each case what happened to it; may be run again at any time.

        Of `self`, or else of what waits. About what can't be taken in a person is
        asked, once, and it stops nothing else.
        """
        events = self or self._waiting(account)
        problems = together_or_alone(
            events, lambda some: some._take_to_cases(account), "take it in"
        )
        for event, error in problems.items():
            event._set_aside(error)

    def _take_to_cases(self, account):
        self._read_raw()
        self._find_jobs(account)
        matched = self.filtered("job_id")
        (self - matched).write({"state": "unmatched", "problem": False})
        matched._recognise_repeats()
        matched._recognise_echoes()
        for job, heard in matched.grouped("job_id").items():
            heard._tell(job)

    def _set_aside(self, error):
        """It is not looked at again by itself."""
        self.write({"state": "review", "problem": self._problem_text(error)})
        self.account_id._ask_person(
            self.env._("Something that Ropo reported can't be taken in"),
            self.env._(
                "It is kept as it came, and counts for nothing yet. See “To Review” "
                "under Ropo → Told by Ropo, look the case up in Ropo One, and choose "
                "“Interpret Again” when the reason is gone. The first: %(id)s. "
                "%(problem)s",
                id=self.external_id,
                problem=self.problem,
            ),
        )

    def _problem_text(self, error):
        if isinstance(error, UserError):
            return str(error)
        return self.env._("An error that the server's log shows.")

    def _waiting(self, account):
        """What is new, and what waited for a case that there is now."""
        since = fields.Datetime.now() - LONGEST_WAIT
        own = [
            ("account_id", "=", account.id),
            ("profile", "=", account.sudo().profile),
        ]
        new = self.search([*own, ("state", "=", "new")])
        self.flush_model(
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
        return (new | self.browse(id_ for (id_,) in rows)).sorted("id")

    def _read_raw(self):
        """Fills the fields from what came, as it is understood today."""
        stages = self.env["ropo.status.code"]._stages(self.account_id[:1])
        for event in self:
            update = event.account_id._channel().interpret(event.raw)
            event.write(
                {
                    "kind": update.kind,
                    "code": update.code,
                    "text": update.text,
                    "event_time": update.time,
                    "amount": update.amount or 0.0,
                    "day": update.day,
                    "stage": stages.get(update.stage_code),
                }
            )
            if update.unreadable_amount and event._is_payment():
                raise UserError(
                    self.env._(
                        "The amount %(amount)s can't be read.",
                        amount=update.unreadable_amount[:LONGEST_SHOWN],
                    )
                )

    def _tell(self, job):
        fresh = self.filtered(lambda event: event.state != "done")
        job._hear(self)
        self.write({"state": "done", "problem": False})
        self.env["ropo.settlement"]._take_up(fresh, job)

    def _recognise_repeats(self):
        """The same may come by poll and by webhook, under the same id, or a payment
        under different ones.

        Each repeats one of the other way, so that two equal payments stay two.
        """
        events = self.job_id.event_ids
        for same in events.grouped(RopoEvent._identity).values():
            same._pair_repeats()
        payments = events.filtered(lambda event: event._is_payment() and event.amount)
        for same in payments.grouped(RopoEvent._happening).values():
            same._pair_repeats()

    def _pair_repeats(self):
        repeated = self.job_id.event_ids.duplicate_of_id
        alone = []  # what nothing repeats yet, what has counted before what is new
        for event in self.sorted(lambda e: (e.state != "done", e.id)):
            if event.duplicate_of_id or event in repeated:
                continue
            first = next((e for e in alone if e.source != event.source), None)
            # What has counted stays what it was.
            if first and not event.counted:
                event.duplicate_of_id = first
                alone.remove(first)
            else:
                alone.append(event)

    def _identity(self):
        return self.job_id, self.external_id, self.kind, self.amount

    def _happening(self):
        """By which the same happening is known, whichever way it came.

        Assumption: kind, amount, day and code agree in both ways.
        """
        kind = (self.kind or "").lower()
        return self.job_id, kind, self.amount, self._paid_on(), self.code

    def _paid_on(self):
        return self.day or (self.event_time or self.create_date).date()

    def _recognise_echoes(self):
        """Ropo may report a payment back that we reported ourselves.

        Each such event stands for one report, even for one of which we don't know yet
        that it arrived; else it would pass for money that came through Ropo. What has
        counted as Ropo's money stays that, however often it is interpreted.
        """
        for event in self.filtered(
            lambda e: (
                e._is_money()
                and not (e.request_id or e.doubt_request_id)
                and not (e.counted or e.is_other_money)
            )
        ):
            event._recognise_echo()

    def _recognise_echo(self):
        """By amount, day and the mark of our report. Where only one of the last two
        agrees, a person says; the event does not count until then."""
        events = self.job_id.event_ids
        spoken_for = events.request_id | events.doubt_request_id
        equal = self.job_id.request_ids.filtered(
            lambda request: (
                request.state in ("sending", "unknown", "done")
                and not self.currency_id.compare_amounts(
                    request._signed_amount(), self.amount
                )
            )
        )
        reports = (equal - spoken_for).sorted("id")
        marked = reports.filtered(lambda request: self._bears(request._mark()))
        same_day = reports.filtered(lambda request: request.date == self._paid_on())
        self.request_id = (marked & same_day)[:1]
        if not self.request_id:
            self.doubt_request_id = (marked or same_day)[:1]
            self._ask_whether_own_report()

    def _bears(self, mark):
        """Whether what came bears this mark anywhere in its texts."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(mark)}(?![\w-])")
        texts = (value for value in self.raw.values() if isinstance(value, str))
        return any(map(pattern.search, texts))

    def _ask_whether_own_report(self):
        if self.doubt_request_id:
            self.account_id._ask_person(
                self.env._("Our own report, or other money?"),
                self.env._(
                    "Ropo lists payments that may be the ones that you reported "
                    "yourselves, or other money of the same amount. Until you decide "
                    "they do not count. See “Own Report?” under Ropo → Told by Ropo. "
                    "The first: %(case)s.",
                    case=self.job_id.display_name,
                ),
            )

    def _is_payment(self):
        return (self.kind or "").lower() == "payment"

    def _is_money(self):
        """Whether this tells of money, and is the first to do so."""
        return self._is_payment() and bool(self.amount) and not self.duplicate_of_id

    def _ropos_money(self):
        """What came through Ropo itself of this."""
        own = self.request_id or self.doubt_request_id
        return self.amount if self._is_money() and not own else 0.0

    def _find_jobs(self, account):
        """By Ropo's id, else by the number; of several, the one that is chased."""
        ids = set(self.mapped("assignment")) - {"", False}
        numbers = set(self.mapped("number")) - {"", False}
        jobs = self.env["ropo.job"].search(
            [
                ("account_id", "=", account.id),
                ("profile", "in", self.mapped("profile")),
                "|",
                ("jobid", "in", list(ids)),
                ("billnum", "in", list(numbers)),
            ],
            order="chased, id",
        )
        by_id = {(job.profile, job.jobid): job for job in jobs if job.jobid}
        by_number = {(job.profile, job.billnum): job for job in jobs}
        for event in self.filtered(lambda event: not event.job_id):
            assignment = event.assignment
            job = by_id.get((event.profile, assignment))
            job = job or by_number.get((event.profile, event.number))
            if job and assignment and not job.jobid:
                job.jobid = assignment  # its answer was lost; here is its id
                by_id[job.profile, assignment] = job
            event.job_id = job
