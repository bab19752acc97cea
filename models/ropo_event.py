import logging
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models

from ..channels import ropo_one
from ..channels.errors import ChannelError, Outcome
from .ropo_request import readable

_logger = logging.getLogger(__name__)

LONGEST_GAP = timedelta(days=31)  # that is asked for once more, day by day


class RopoEvent(models.Model):
    """The inbox: one thing that Ropo told us, kept as it came."""

    _name = "ropo.event"
    _description = "Told by Ropo"
    _order = "event_time desc, id desc"
    _rec_name = "text"

    account_id = fields.Many2one("ropo.account", required=True, ondelete="restrict")
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    job_id = fields.Many2one(
        "ropo.job", string="Case", ondelete="set null", index="btree_not_null"
    )
    move_id = fields.Many2one(related="job_id.move_id")
    external_id = fields.Char(required=True, readonly=True)
    kind = fields.Char(readonly=True)
    code = fields.Char(readonly=True)
    text = fields.Char(readonly=True)
    event_time = fields.Datetime(readonly=True)
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one(related="job_id.currency_id")
    stage = fields.Char(readonly=True)
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
    # new ──▶ done        its case is known and has heard of it
    #  └────▶ unmatched   no case of ours bears its number yet
    state = fields.Selection(
        [("new", "New"), ("done", "Done"), ("unmatched", "No case yet")],
        required=True,
        default="new",
        readonly=True,
        index=True,
    )

    _external_unique = models.Constraint(
        "UNIQUE(account_id, external_id)", "Ropo's events are kept once."
    )

    # --- computes ---

    @api.depends("raw")
    def _compute_raw_text(self):
        for event in self:
            event.raw_text = readable(event.raw)

    # --- crons ---

    @api.model
    def _cron_poll_status(self):
        """Fetches what happened, for every account."""
        accounts = self.env["ropo.account"].sudo().search([])
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(accounts))
        for account in accounts:
            try:
                self._poll(account.id)
            except ChannelError as error:
                _logger.warning("Ropo account %s: %s", account.id, error.reason)
            except Exception:
                _logger.exception("Ropo account %s: polling failed", account.id)
                self.env.cr.rollback()
            progress(1)

    # --- business: poll ---

    @api.model
    def _poll(self, account_id):
        """Fetches status updates until there are none.

        A row that was fetched is never offered again: each page is stored raw and
        committed before anybody looks into it. Raises `ChannelError` when Ropo can't
        be asked.
        """
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            account = env["ropo.account"].browse(account_id)
            if account._is_resting():
                return
            events = env[self._name].with_company(account.company_id)
            try:
                with account._client() as client:
                    events._fill_gap(account, client)
                    events._poll_pages(account, client)
            except ChannelError as error:
                if error.outcome == Outcome.NOT_SENT:
                    account._pause(error)
                # The pause, or the gap that was noted.
                cr.commit()  # pylint: disable=invalid-commit
                raise

    def _poll_pages(self, account, client):
        while True:
            try:
                rows = client.status_rows()
            except ChannelError as error:
                if error.outcome == Outcome.UNKNOWN:
                    # The page may be gone for good; its days can be asked for again.
                    account.gap_since = account.gap_since or fields.Date.today()
                raise
            if not rows:
                # What waited for its case, or was stored when a run died.
                self._interpret(account, client)
                return
            self._take(account, rows, client)

    def _fill_gap(self, account, client):
        """Asks once more for the days of which an answer was lost."""
        if not account.gap_since:
            return
        today = fields.Date.today()
        # The day before too: Ropo's day may not be ours.
        day = max(account.gap_since - timedelta(days=1), today - LONGEST_GAP)
        while day <= today:
            self._take(account, client.status_rows(date=day), client)
            day += timedelta(days=1)
        account.gap_since = False

    def _take(self, account, rows, client=None):
        self._store(account, rows)
        # Ropo will not say it again.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self._interpret(account, client)
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _store(self, account, rows):
        """Keeps raw rows, each once, whatever is in them."""
        updates = {}
        for row in rows:
            update = ropo_one.status_update(row)
            if update:
                updates.setdefault(update.external_id, (update, row))
        known = self.search(
            [
                ("account_id", "=", account.id),
                ("external_id", "in", list(updates)),
            ]
        ).mapped("external_id")
        return self.create(
            [
                {
                    "account_id": account.id,
                    "external_id": external_id,
                    "kind": update.kind,
                    "code": update.code,
                    "text": update.text,
                    "event_time": update.time,
                    "amount": update.amount or 0.0,
                    "stage": update.stage,
                    "raw": row,
                }
                for external_id, (update, row) in updates.items()
                if external_id not in known
            ]
        )

    # --- business: interpret ---

    @api.model
    def _interpret(self, account, client=None):
        """Tells each case what happened to it; may be run again at any time."""
        pending = self.search(
            [("account_id", "=", account.id), ("state", "in", ("new", "unmatched"))],
            order="event_time, id",
        )
        pending._find_jobs(account)
        matched = pending.filtered("job_id")
        matched._recognise_echoes()
        for job, events in matched.grouped("job_id").items():
            job._hear(events)
        matched.state = "done"
        (pending - matched).state = "unmatched"
        changed = matched.filtered(lambda event: event.amount or event.stage)
        if client:
            changed.job_id._refresh_open_amounts(client)

    def _recognise_echoes(self):
        """Ropo may report a payment back that we told it of ourselves.

        Each such event stands for one telling, even for one of which we don't know yet
        that it arrived; else it would pass for money that came through Ropo.
        """
        for event in self.filtered(lambda e: e._is_payment() and e.amount):
            heard = event.job_id.event_ids.request_id
            told = event.job_id.request_ids.filtered(
                lambda request, event=event: (
                    request.state in ("sending", "unknown", "done")
                    and not event.currency_id.compare_amounts(
                        request._signed_amount(), event.amount
                    )
                )
            )
            event.request_id = (told - heard).sorted("id")[:1]

    def _is_payment(self):
        return (self.kind or "").lower() == "payment"

    def _find_jobs(self, account):
        """By Ropo's id, else by the number; of several, the one that is chased."""
        ids = {str(event.raw.get("jobid") or "") for event in self} - {""}
        numbers = {str(event.raw.get("billnum") or "") for event in self} - {""}
        jobs = self.env["ropo.job"].search(
            [
                ("account_id", "=", account.id),
                "|",
                ("jobid", "in", list(ids)),
                ("billnum", "in", list(numbers)),
            ],
            order="chased, id",
        )
        by_id = {job.jobid: job for job in jobs if job.jobid}
        by_number = {job.billnum: job for job in jobs}
        for event in self:
            assignment = str(event.raw.get("jobid") or "")
            number = str(event.raw.get("billnum") or "")
            job = by_id.get(assignment) or by_number.get(number)
            if job and assignment and not job.jobid:
                job.jobid = assignment  # its answer was lost; here is its id
            event.job_id = job
