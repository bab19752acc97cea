from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ..channels.documents import CaseRef
from ..services.transaction import keep_answer
from .notification import notification

STAGES = [
    ("invoiced", "Invoiced"),
    ("reminder", "Reminder"),
    ("collection", "Collection"),
    ("legal", "Legal collection"),
    ("payment_plan", "Payment plan"),
    ("paid", "Paid"),
    ("credited", "Credited"),
    ("on_hold", "On hold"),
    ("closed", "Closed"),
]
ENDED = ("paid", "credited", "closed")
SETTLED = ("paid", "credited")
TRANSFERS = ("reminder", "collection")
LETTER_STAGES = ("reminder", "collection", "legal", "payment_plan")
RECENT = timedelta(days=30)  # what Ropo reports of before that asks nobody


class RopoJob(models.Model):
    """The case: one assignment that Ropo holds of one invoice."""

    _name = "ropo.job"
    _description = "Ropo Case"
    _inherit = ["mail.thread", "mail.activity.mixin", "ropo.selection.order"]
    _selections_in_order = ("kind", "stage")
    _order = "id desc"
    _check_company_auto = True
    _rec_name = "billnum"
    _mail_post_access = "read"  # nobody may write cases by hand

    account_id = fields.Many2one(
        "ropo.account", required=True, ondelete="restrict", check_company=True
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    profile = fields.Char(
        readonly=True,
        groups="base.group_system",
        help="Of the account when this began: no other credentials are used for it.",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        ondelete="restrict",
        index=True,
        check_company=True,
    )
    partner_id = fields.Many2one(
        related="move_id.commercial_partner_id", store=True, index=True
    )
    kind = fields.Selection(
        string="Began As",
        selection=[
            ("invoice", "Invoice"),
            ("reminder", "Reminder"),
            ("collection", "Collection"),
            ("credit_note", "Credit Note"),
        ],
        required=True,
        readonly=True,
    )
    is_collected = fields.Boolean(
        readonly=True, help="Ropo collects it, so changes of the ledger are reported."
    )
    jobid = fields.Char(
        string="Ropo Case Number", readonly=True, index="btree_not_null"
    )
    billnum = fields.Char(string="Invoice Number", readonly=True, index=True)
    billcode = fields.Char(string="Payment Reference", readonly=True)
    reference = fields.Char(
        string="Ropo Payment Reference",
        readonly=True,
        help="The reference that the debtor pays with, when Ropo gave one of its own.",
    )
    debtor_reference = fields.Char(
        string="Customer Number", readonly=True, index="btree_not_null"
    )
    stage = fields.Selection(STAGES, required=True, readonly=True, index=True)
    stage_event_time = fields.Datetime(
        readonly=True, help="Of the event that reported this stage, by Ropo's clock."
    )
    stage_text = fields.Char(string="Ropo Comment", readonly=True)
    stage_date = fields.Datetime(string="In Stage Since", readonly=True)
    next_stage = fields.Char(string="Next Step", readonly=True)
    next_stage_date = fields.Date(string="Next Step Date", readonly=True)
    amount = fields.Monetary(readonly=True, help="The principal that was transferred.")
    open_amount = fields.Monetary(
        string="Open at Ropo",
        readonly=True,
        help="The open principal, as reported by Ropo.",
    )
    open_total = fields.Monetary(
        string="Open incl. Interest and Fees",
        readonly=True,
        help="As last reported by Ropo.",
    )
    open_interest = fields.Monetary(readonly=True, help="As last reported by Ropo.")
    open_fees = fields.Monetary(
        readonly=True, help="Open fees of reminders and collection, as last reported."
    )
    currency_id = fields.Many2one("res.currency", required=True)
    covers = fields.Json(
        readonly=True,
        help="The partial reconciliations that the transferred amount takes into "
        "account, with their amounts.",
    )
    to_refresh = fields.Boolean(
        readonly=True,
        index="btree_not_null",
        help="Something has happened since Ropo was asked where it stands.",
    )
    part_ids = fields.Json(
        readonly=True,
        help="The receivable lines (instalments) that the claim is for. Empty: all.",
    )
    document_id = fields.Many2one(
        "ir.attachment",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="What Ropo delivered, as it was fetched.",
    )
    letter_ids = fields.Many2many(
        "ir.attachment",
        string="Letters",
        readonly=True,
        help="What Ropo sent to the debtor, each document once.",
    )
    letter_stage = fields.Selection(
        STAGES, readonly=True, help="Whose letter was fetched last."
    )
    has_debtor_page = fields.Boolean(related="account_id.has_debtor_page")
    debtor_url = fields.Char(
        string="Payment Page (MyRopo)",
        readonly=True,
        help="Where the debtor sees and pays the invoice.",
    )
    fetch_at = fields.Datetime(
        string="Download Document On", readonly=True, index="btree_not_null"
    )
    fetch_tries = fields.Integer(readonly=True)
    differs_since = fields.Date(
        readonly=True,
        index="btree_not_null",
        help="When the daily check first saw that the ledger and Ropo disagree.",
    )
    event_ids = fields.One2many("ropo.event", "job_id", string="Inbox")
    request_ids = fields.One2many("ropo.request", "job_id", string="Outbox")

    _jobid_unique = models.UniqueIndex(
        "(account_id, COALESCE(profile, ''), jobid) "
        "WHERE jobid IS NOT NULL AND jobid != ''",
        "Each assignment of Ropo's is one case.",
    )
    _running = models.Index(
        "(account_id, stage) WHERE stage NOT IN ('paid', 'credited', 'closed')"
    )
    _collected = models.Index("(move_id) WHERE is_collected")
    _followed = models.Index("(move_id) WHERE is_collected AND stage != 'closed'")

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = self.env["ropo.account"]._stamp_profile(vals_list)
        quiet = self.with_context(tracking_disable=True)  # no note, no followers
        return super(RopoJob, quiet).create(vals_list).with_env(self.env)

    # --- computes ---

    @api.depends("kind", "billnum")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for job in self:
            job.display_name = f"{labels.get(job.kind, '')} {job.billnum or ''}".strip()

    # --- actions ---

    def action_refresh(self):
        """Asks Ropo where these cases stand; a single one shows why that fails."""
        self.check_access("read")  # what follows works as superuser
        failures, before = self.browse(), self._shown()
        for (account, profile), jobs in self._by_profile().items():
            own = jobs.sudo()
            standing = own.env["ropo.standing"]
            ask = partial(standing._ask, own)
            standings = account._call_now(ask, profile)
            keep_answer(self.env, standing._take_standings, standings)
            failed = {job: s.error for job, s in standings.items() if s.error}
            failures |= self.browse(job.id for job in failed)
            if failed and len(self) == 1:
                raise UserError(account._explain(failed[jobs.sudo()]))
        if failures:
            return failures._warn_not_refreshed(len(self))
        return self._notify_refreshed(before)

    def _shown(self):
        """What a refresh may change, of each."""
        return {
            job.id: (
                job.stage,
                job.stage_text,
                job.next_stage,
                job.next_stage_date,
                job.open_amount,
                job.open_total,
            )
            for job in self
        }

    def _notify_refreshed(self, before):
        now = self._shown()
        changed = sum(now[job_id] != before[job_id] for job_id in now)
        if not changed:
            return notification(self.env._("Nothing new."), "info")
        if len(self) == 1:
            return notification(self.env._("The case is updated."))
        return notification(
            self.env._(
                "Something has changed in %(count)s of %(total)s cases.",
                count=changed,
                total=len(self),
            )
        )

    def _warn_not_refreshed(self, total):
        return notification(
            self.env._(
                "%(failed)s of %(total)s could not be fetched from Ropo: "
                "%(names)s. Refresh one alone to see why.",
                failed=len(self),
                total=total,
                names=", ".join(self[:5].mapped("display_name")),
            ),
            "warning",
        )

    def action_take_back(self):
        """Opens the wizard that says what ending these cases costs."""
        return self.move_id.action_ropo_take_back()

    def action_fetch_pdf(self):
        """Attaches the document of the case, and its letter, to its invoice."""
        self.ensure_one()
        self.check_access("read")  # what follows works as superuser
        before = self._documents()
        failures = self.env["ropo.archive"]._attach_pdfs(self)
        if failures:
            raise UserError(failures[self])
        return self._notify_documents(before, self.move_id._get_records_action())

    def _documents(self):
        """What was fetched of these: each document and letter."""
        jobs = self.sudo()
        return jobs.document_id | jobs.letter_ids

    def _notify_documents(self, before, then=None):
        """:param before: `_documents()` before they were fetched"""
        count = len(self._documents() - before)
        if not count:
            text = self.env._("Nothing new: what Ropo has is attached already.")
            return notification(text, "info", then)
        if count == 1:
            text = self.env._("One document is attached to its invoice.")
        else:
            text = self.env._(
                "%(count)s documents are attached to their invoices.", count=count
            )
        return notification(text, then=then)

    def action_get_debtor_link(self):
        """Fetches the address of the page where the debtor sees and pays."""
        self.ensure_one()
        self.check_access("read")
        self.account_id._check_can("has_debtor_page")
        url = self.account_id._call_now(
            lambda client: client.debtor_page(self._ref()), self.sudo().profile
        )
        if not url:
            raise UserError(
                self.env._(
                    "%(case)s: Ropo gives no usable address for the debtor. Ask Ropo.",
                    case=self.display_name,
                )
            )
        keep_answer(self.env, self.sudo().write, {"debtor_url": url})

    # --- crons ---

    @api.model
    def _cron_fetch_documents(self):
        """Attaches the evidence of bad debts, and fetches the documents of new cases,
        where the account wants its archive."""
        self.env["ropo.evidence"]._attach_all_due()
        self.env["ropo.archive"]._fetch_all_due()

    # --- business: what Ropo reports ---

    def _state_of_move(self):
        """The `ropo_state` of the invoice that these cases belong to."""
        running = self.filtered(lambda job: job.stage not in ENDED)
        if not running and self:
            return "closed"
        stages = set(running.mapped("stage"))
        kinds = set(running.mapped("kind"))
        if stages & {"collection", "legal", "payment_plan"} or "collection" in kinds:
            return "collection"
        if "reminder" in stages or "reminder" in kinds:
            return "reminder"
        # Delivered only, and the case that collected it has ended: it is over.
        collected = self.filtered("is_collected")
        return "closed" if collected and not collected & running else "sent"

    def _apply(self, events):
        """What happened, oldest first; an older event never overrides a newer."""
        self.ensure_one()
        capital, was_settled = self.open_amount, self.stage in SETTLED
        for event in events.sorted(lambda e: (e.event_time or e.create_date, e.id)):
            time = event.event_time or event.create_date
            capital = max(capital - event._ropos_money() + event.counted, 0.0)
            event.counted = event._ropos_money()
            self.to_refresh |= bool(event.amount or event.stage)
            self._take_progress(event.progress, event.text or "")
            news = event.stage != event.applied_stage and event.stage
            event.applied_stage = event.stage
            # Ropo's times are only compared with each other: its clock is not ours.
            if not news or time < (self.stage_event_time or time):
                continue
            self.stage_event_time = time
            self._enter_stage(event.stage, time, event.text)
        # What was paid meanwhile and is open again has the capital that it had; what
        # was settled before has what Ropo shows, which is asked for after this.
        if was_settled and not capital:
            capital = self.open_total or self.amount
        self.open_amount = 0.0 if self.stage in SETTLED else capital
        self._withdraw_question()

    def _enter_stage(self, stage, time, text=""):
        if stage != self.stage:
            self._set_stage(stage, time, text)
            self._note_stages()

    def _set_stage(self, stage, time, text=""):
        self.write({"stage": stage, "stage_date": time, "stage_text": text})
        if stage == "closed":
            self.closed_residual = self._residual()
        if stage in SETTLED:
            self.open_amount = 0.0
        self._ask_for_decision()
        account = self.account_id
        fetches = account.can_fetch_documents and account.fetch_documents
        if fetches and self._lacks_letter():
            self.write({"fetch_at": fields.Datetime.now(), "fetch_tries": 0})

    def _lacks_letter(self):
        """Whether Ropo has written to the debtor what was not fetched yet."""
        return self._has_letter() and self.letter_stage != self.stage

    def _has_letter(self):
        """Whether Ropo writes to the debtor at this stage."""
        return self.is_collected and self.stage in LETTER_STAGES

    def _letter_name(self):
        labels = dict(self._fields["stage"]._description_selection(self.env))
        return f"{labels[self.stage]} {self.billnum}"

    def _note_stages(self):
        """Says on the invoices where these cases stand: one note for each invoice."""
        labels = dict(self._fields["stage"]._description_selection(self.env))
        notes = {
            move.id: "\n".join(
                self.env._(
                    "Ropo: %(stage)s. %(text)s",
                    stage=labels[job.stage],
                    text=job.stage_text or "",
                )
                for job in jobs
            )
            for move, jobs in self.grouped("move_id").items()
        }
        if notes:
            self.move_id._message_log_batch(notes)

    def _by_profile(self):
        """`{(account, profile): cases}`: those that one client may ask about."""
        return self.grouped(lambda job: (job.account_id, job.sudo().profile))

    def _ref(self):
        """By which the channel knows this case."""
        return CaseRef(
            assignment=self.jobid or "",
            number=self.billnum or "",
            debtor=self.debtor_reference or "",
        )

    @api.model
    def _take_changes(self, changes):
        """Takes each `(job, request, answer)`; their notes are written in one go."""
        stages = {job: job.stage for job, _request, _answer in changes}
        for job, request, answer in changes:
            job._take_change(request, answer)
        self.concat(
            *(job for job, stage in stages.items() if job.stage != stage)
        )._note_stages()

    def _take_change(self, request, answer=None):
        """A change of the capital was posted: Ropo's figure, or ours if it is lost."""
        now = fields.Datetime.now()
        if answer and answer.after:
            self.open_amount = answer.after.capital
            self.open_interest = answer.after.interest
            self.open_fees = answer.after.fees
            self.open_total = answer.after.total
            if not answer.after.total:
                is_credit = request.operation == "credit_allocation"
                stage = "credited" if is_credit else "paid"
                if self.stage != stage:
                    self._set_stage(stage, now)
        elif request.job_id == self:
            own = request._reported_since()
            capital = request.capital_before - own - request._signed_amount()
            self.open_amount = max(capital, 0.0)
            self.open_total = request._expected_totals()[1]
        else:
            self.open_amount = max(self.open_amount - request.amount, 0.0)
            self.open_total = max(self.open_total - request.amount, 0.0)
        if request.job_id == self:
            request.capital_after = self.open_amount
        if answer and answer.unallocated > 0:
            self._flag_unallocated(answer.unallocated)
        is_open = self.currency_id.compare_amounts(self.open_amount, 0) > 0
        if is_open and self.stage in SETTLED:
            self._set_stage(self.kind if self.kind in TRANSFERS else "invoiced", now)
            # What is reported late of the time before it was opened settles it no more.
            self.stage_event_time = max(self.stage_event_time or now, now)

    def _flag_unallocated(self, amount):
        """Money that Ropo could not place: more than the debtor owes."""
        self.account_id._ask_person(
            "not_placed",
            self.env._("Ropo could not place some money"),
            self.env._(
                "The customer paid more than Ropo asks for: %(amount)s too much. The "
                "first case: %(case)s. Pay it back, or use it for another invoice.",
                amount=formatLang(self.env, amount, currency_obj=self.currency_id),
                case=self.display_name,
            ),
        )

    def _end(self):
        """Ropo has ended the case: nothing is left to report."""
        self._enter_stage("closed", fields.Datetime.now())
        self.open_amount = self.open_total = 0.0

    def _newest_events(self):
        """`{job: id of its newest event}`"""
        groups = self.env["ropo.event"]._read_group(
            [("job_id", "in", self.ids)], ["job_id"], ["id:max"]
        )
        return dict(groups)

    def _uncover(self, partial_id):
        """The capital no more takes this reconciliation into account."""
        if self.covers:
            self.covers = {
                key: amount
                for key, amount in self.covers.items()
                if key != str(partial_id)
            }
