import hashlib
import logging
from contextlib import contextmanager
from datetime import timedelta
from hmac import compare_digest
from secrets import token_urlsafe
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import plaintext2html

from .. import channels
from ..channels.base import ServiceModel
from ..channels.documents import Printing
from ..channels.errors import (
    ChannelError,
    CredentialsRefused,
    NotSent,
    Outcome,
    Reason,
)
from ..channels.transport import checked_url
from ..services.time_limit import capped, longest_call
from ..services.transaction import commit_before_call, keep_answer
from .res_partner import DELIVERIES
from .ropo_job import ENDED

_logger = logging.getLogger(__name__)

COUNTRIES = [("fi", "Finland"), ("se", "Sweden"), ("no", "Norway")]
UNFINISHED = ("queued", "sending", "unknown")  # states of requests
# Failures that the next call would meet as well.
SHARED_REASONS = (
    Reason.ADDRESS,
    Reason.INSECURE,
    Reason.DNS,
    Reason.CONNECT,
    Reason.TLS,
    Reason.CREDENTIALS,
    Reason.GATEWAY,
)
REST_AFTER_REFUSAL = timedelta(hours=6)


class RopoAccount(models.Model):
    """One profile at Ropo: whose invoices go where, and on which terms."""

    _name = "ropo.account"
    _description = "Ropo Account"
    _inherit = ["mail.thread", "mail.activity.mixin", "ropo.claim.terms"]
    _order = "company_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        help="Gets an activity when something needs a decision.",
    )
    channel = fields.Selection(
        lambda self: self._selection_channel(),
        required=True,
        default=lambda self: self._default_channel(),
    )
    country = fields.Selection(
        COUNTRIES, required=True, default=lambda self: self._default_country()
    )
    environment = fields.Selection(
        [("sandbox", "Sandbox"), ("test", "Test"), ("production", "Production")],
        required=True,
        default="test",
        tracking=True,
    )
    base_url = fields.Char(
        string="Address",
        compute="_compute_base_url",
        store=True,
        readonly=False,
        help="The root of Ropo's host. Given by country and environment; free only in "
        "the sandbox, where http is allowed to this very machine.",
    )
    cid = fields.Char(
        string="Customer ID (cid)", groups="base.group_system", copy=False
    )
    apicode = fields.Char(string="API Code", groups="base.group_system", copy=False)
    service_model = fields.Selection(
        [
            (
                "connect",
                "Connect: Ropo delivers invoices, and collects what is transferred",
            ),
            ("unify", "Unify: Ropo delivers and collects"),
            ("embed", "Embed: Ropo delivers, collects and keeps the ledger"),
        ],
        required=True,
        default="connect",
    )
    check_number = fields.Boolean(
        string="Reject Duplicate Invoice Numbers",
        default=True,
        help="Ropo refuses a second invoice with the same number.",
    )
    einvoice_subject = fields.Char(
        string="Invoicing Subject",
        help="By which consumers' banks know your e-invoices. Reminders to consumers "
        "go to their banks only when it is set, else as letters.",
    )
    default_sendtype = fields.Selection(
        DELIVERIES,
        string="Delivery",
        help="How invoices are delivered to customers who have no delivery of their "
        "own. Empty: as agreed with Ropo.",
    )
    fallback_sendtype = fields.Selection(
        [item for item in DELIVERIES if item[0] in ("post", "email", "print")],
        string="Fallback Delivery",
        help="How Ropo delivers what did not arrive in the first way.",
    )
    print_colour = fields.Selection(
        [("colour", "Colour"), ("black", "Black and White")],
        string="Letter Colour",
        help="Empty: as agreed with Ropo.",
    )
    print_sides = fields.Selection(
        [("single", "One Side"), ("double", "Both Sides")],
        string="Letter Sides",
        help="Empty: as agreed with Ropo.",
    )
    post_class = fields.Selection(
        [("1", "First Class"), ("2", "Second Class")],
        help="Empty: as agreed with Ropo.",
    )
    layout = fields.Char(
        help="The name or the number of the layout at Ropo, such as CUSTOM. Empty: as "
        "agreed with Ropo.",
    )
    interest_b2b = fields.Float(
        string="Late Interest, Companies (%)",
        help="Percent a year, printed on invoices. 0: as agreed with Ropo.",
    )
    interest_b2c = fields.Float(
        string="Late Interest, Consumers (%)",
        help="Percent a year, printed on invoices. 0: as agreed with Ropo.",
    )
    cost_centre_plan_id = fields.Many2one(
        "account.analytic.plan",
        string="Cost Centres",
        domain=[("parent_id", "=", False)],
        help="The analytic plan whose accounts are cost centres at Ropo, by code. A "
        "row that is spread over several has none.",
    )
    send_periods = fields.Boolean(
        string="Send Accounting Periods",
        help="Embed: each document names its period of the books and of the tax. Only "
        "as agreed with Ropo.",
    )
    financing = fields.Selection(
        [("financing", "Financed"), ("purchase", "Sold to Ropo")],
        help="Empty: neither. Needs an agreement with Ropo, and business ids.",
    )
    send_attachments = fields.Boolean(
        help="The files attached to an invoice go along with it: PDFs, to companies "
        "also Excel and CSV. Who sends it can choose otherwise for each invoice.",
    )
    own_image = fields.Boolean(
        string="Use Odoo's PDF",
        help="Ropo shows the PDF that Odoo makes of it, instead of drawing one. "
        "Odoo makes it when the invoice is sent, which takes about a second.",
    )
    fetch_documents = fields.Boolean(
        string="Archive Documents",
        help="What Ropo delivers is fetched and attached to the invoice automatically, "
        "for each case from now on. Otherwise press “Download Documents” where "
        "you want it.",
    )
    document_is_main = fields.Boolean(
        string="Use as Main Attachment",
        help="The document that was fetched from Ropo is what Odoo shows first.",
    )
    batch_size = fields.Integer(
        default=50, help="The most invoices that travel in one call."
    )
    max_concurrency = fields.Integer(
        string="Parallel Requests",
        default=4,
        help="The most calls to Ropo that are under way at the same time.",
    )
    timeout = fields.Integer(
        string="Timeout (seconds)", default=60, help="How long one call may take."
    )
    timeout_note = fields.Char(compute="_compute_timeout_note")
    min_days_b2b = fields.Integer(string="Days Overdue, Companies", default=7)
    min_days_b2c = fields.Integer(string="Days Overdue, Consumers", default=14)
    notice_days_b2b = fields.Integer(
        string="Days After Own Reminder, Companies",
        default=7,
        help="An invoice goes to debt collection this many days after your own "
        "reminder at the earliest.",
    )
    notice_days_b2c = fields.Integer(
        string="Days After Own Reminder, Consumers",
        default=14,
        help="An invoice goes to debt collection this many days after your own "
        "reminder at the earliest.",
    )
    min_amount = fields.Monetary(
        string="Minimum Amount", help="Invoices below this amount are not transferred."
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    settlement_journal_ids = fields.Many2many(
        "account.journal",
        string="Settlement Journals",
        check_company=True,
        help="Ropo pays out into these journals. Their entries are not reported to "
        "Ropo.",
    )
    settlement_journal_id = fields.Many2one(
        "account.journal",
        string="Collected Payments Journal",
        check_company=True,
        domain=[("type", "in", ("bank", "cash", "credit"))],
        help="Payments that Ropo reports are registered in this journal, against "
        "the outstanding account of its payment method. Its entries are not "
        "reported to Ropo.",
    )
    register_payments = fields.Boolean(
        string="Register Collected Payments Automatically",
        help="Each payment that Ropo reports from now on is registered and reconciled "
        "with its invoice. Otherwise press “Register Payment” where you want it.",
    )
    credit_allocation = fields.Selection(
        [
            ("credit_job", "As a credit note against the case"),
            ("payment", "As a credited amount of the case"),
        ],
        required=True,
        default="payment",
        help="How the allocation of a credit note is reported to Ropo.",
    )
    difference_days = fields.Integer(
        string="Alert on Mismatch After (Days)",
        default=3,
        help="The responsible gets an activity when Ropo's open amount of a case "
        "differs from the ledger's for longer.",
    )
    count_payment = fields.Selection(
        [
            ("registered", "When it is registered"),
            ("bank", "When the bank statement has it"),
        ],
        string="Report Payments When",
        required=True,
        default="registered",
        help="A payment that waits for its bank statement line is reported to Ropo "
        "at once, so that nobody is asked for money that was paid; or only "
        "with that line.",
    )
    paused_until = fields.Datetime(
        help="Nothing is sent through this account until then."
    )
    gap_since = fields.Date(
        readonly=True,
        help="An answer with status updates was lost on the way on this day: the days "
        "since then are asked for once more.",
    )
    status_cursor = fields.Json(
        readonly=True,
        copy=False,
        help="Up to where status updates have been fetched, where the channel counts.",
    )
    webhook_key = fields.Char(
        default=lambda self: token_urlsafe(24),
        groups="base.group_system",
        copy=False,
    )
    webhook_user = fields.Char(groups="base.group_system", copy=False)
    webhook_password = fields.Char(groups="base.group_system", copy=False)
    queued_count = fields.Integer(compute="_compute_counts")
    attention_count = fields.Integer(compute="_compute_counts")
    can_preview = fields.Boolean(compute="_compute_capabilities")
    can_print_locally = fields.Boolean(compute="_compute_capabilities")
    has_debtor_page = fields.Boolean(compute="_compute_capabilities")
    has_service_models = fields.Boolean(compute="_compute_capabilities")
    has_webhook = fields.Boolean(compute="_compute_capabilities")
    is_resting = fields.Boolean(compute="_compute_is_resting")
    is_connected = fields.Boolean(
        compute="_compute_is_connected", help="Ropo has let this account in."
    )
    webhook_url = fields.Char(
        string="Webhook URL",
        compute="_compute_webhook_url",
        groups="base.group_system",
        help="Ropo sends its status updates here as they happen.",
    )

    _batch_size_positive = models.Constraint(
        "CHECK(batch_size BETWEEN 1 AND 1000)",
        "Between 1 and 1,000 invoices can travel in one call.",
    )
    _concurrency_positive = models.Constraint(
        "CHECK(max_concurrency BETWEEN 1 AND 32)",
        "Between 1 and 32 calls can be under way at once.",
    )
    _timeout_positive = models.Constraint(
        "CHECK(timeout BETWEEN 1 AND 600)",
        "A call may take between 1 and 600 seconds.",
    )
    _days_positive = models.Constraint(
        "CHECK(min_days_b2b >= 0 AND min_days_b2c >= 0 AND min_amount >= 0 "
        "AND difference_days >= 0 AND notice_days_b2b >= 0 AND notice_days_b2c >= 0)",
        "Days and amounts can't be negative.",
    )
    _interest_positive = models.Constraint(
        "CHECK(interest_b2b >= 0 AND interest_b2c >= 0)",
        "Interest can't be negative.",
    )
    _webhook_key_unique = models.UniqueIndex(
        "(webhook_key)", "Another account has this webhook key."
    )

    # --- constraints ---

    @api.constrains("environment", "base_url")
    def _check_base_url(self):
        for account in self.filtered("base_url"):
            try:
                account._checked_url()
            except ChannelError as error:
                raise ValidationError(account._explain(error)) from error

    # --- defaults and computes ---

    @api.model
    def _selection_channel(self):
        return channels.names()

    @api.model
    def _default_channel(self):
        return channels.DEFAULT

    def _default_country(self):
        code = (self.env.company.country_id.code or "").lower()
        return code if code in dict(COUNTRIES) else "fi"

    @api.depends("channel", "environment", "country")
    def _compute_base_url(self):
        for account in self:
            known = account._known_host()
            account.base_url = known or account.base_url

    @api.depends("channel")
    def _compute_capabilities(self):
        for account in self:
            can = account._channel().capabilities
            account.can_preview = can.preview
            account.can_print_locally = can.local_print
            account.has_debtor_page = can.debtor_page
            account.has_service_models = bool(can.service_models)
            account.has_webhook = can.webhook

    def _compute_counts(self):
        queued = self._count_requests(["queued", "sending"])
        attention = self._count_requests(["unknown"])
        for account in self:
            account.queued_count = queued.get(account, 0)
            account.attention_count = attention.get(account, 0)

    @api.depends("paused_until")
    def _compute_is_resting(self):
        for account in self:
            account.is_resting = account._is_resting()

    @api.depends("channel", "timeout")
    def _compute_timeout_note(self):
        for account in self:
            account.timeout_note = " ".join(account._capped_sentences())

    def _capped_sentences(self):
        """What of the calls is cut short by the limits of this server."""
        usual = self.timeout, capped(self.timeout, is_cron=False)
        by_cron = self.timeout, capped(self.timeout, is_cron=True)
        longest = self._channel().capabilities.longest_call
        updates = longest, capped(longest, is_cron=True)
        texts = (
            self.env._(
                "A user's call takes at most %(longest)s seconds, because of this "
                "server's limit_time_real.",
                longest=usual[1],
            ),
            self.env._(
                "A scheduled call takes at most %(longest)s seconds, because of this "
                "server's limit_time_real_cron or limit_time_real.",
                longest=by_cron[1],
            ),
            self.env._(
                "Fetching status updates, which may need %(needed)s seconds, takes at "
                "most %(longest)s, because of the same limits.",
                needed=longest,
                longest=updates[1],
            ),
        )
        cases = zip(texts, (usual, by_cron, updates), strict=True)
        return [text for text, (wanted, longest) in cases if longest < wanted]

    def _compute_is_connected(self):
        tokens = self.env["ropo.token"].sudo()
        connected = tokens.search(
            [("account_id", "in", self.ids), ("value", "!=", False)]
        ).account_id
        for account in self:
            account.is_connected = account._origin in connected

    @api.depends("webhook_key")
    def _compute_webhook_url(self):
        for account in self:
            account.webhook_url = account.webhook_key and (
                f"{account.get_base_url()}/ropo/webhook/{account.webhook_key}"
            )

    def _count_requests(self, states):
        return dict(
            self.env["ropo.request"]._read_group(
                [("account_id", "in", self.ids), ("state", "in", states)],
                ["account_id"],
                ["__count"],
            )
        )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        accounts._adopt_database()
        accounts._keep_to_settlement()
        return accounts

    def write(self, vals):
        if "active" in vals and not vals["active"]:
            self._check_archivable()
        credentials = channels.account_fields("credentials")
        leads_elsewhere = self._leads_elsewhere(vals)
        result = super().write(vals)
        if leads_elsewhere:
            # Who may not read the credentials may not send them to another host.
            self.sudo().write(dict.fromkeys(credentials, False))
        if any(name in vals for name in credentials):
            # Who types credentials means this database, not the one it was copied of.
            self._adopt_database()
            self._resume()
        if "settlement_journal_id" in vals:
            self._keep_to_settlement()
        return result

    def _check_archivable(self):
        """An account whose cases Ropo still collects goes on reporting for them."""
        own = [("account_id", "in", self.ids)]
        cases = self.env["ropo.job"].sudo()
        cases = cases.search([*own, ("chased", "=", True), ("stage", "not in", ENDED)])
        requests = self.env["ropo.request"].sudo()
        requests = requests.search([*own, ("state", "in", UNFINISHED)])
        live = cases or requests
        if live:
            raise UserError(
                self.env._(
                    "%(accounts)s can't be archived: Ropo still works on %(count)s "
                    "cases and requests of it, such as %(first)s, and gets no "
                    "payments reported for an archived account. To use another "
                    "account for new invoices, drag that one to the top of the list, "
                    "or choose it on the journals.",
                    accounts=", ".join(live.account_id.mapped("name")),
                    count=len(cases) + len(requests),
                    first=live[0].display_name,
                )
            )

    def _keep_to_settlement(self):
        """What is registered for Ropo is Ropo's money, and not reported back."""
        for account in self.filtered("settlement_journal_id"):
            account.settlement_journal_ids |= account.settlement_journal_id

    def _leads_elsewhere(self, vals):
        """Whether somebody who may not read the credentials changes where they go."""
        if self.env.su or self.env.user.has_group("base.group_system"):
            return False
        return any(
            name in vals and any(account[name] != vals[name] for account in self)
            for name in ("channel", "environment", "country", "base_url")
        )

    # --- actions ---

    def action_test_connection(self):
        """Logs in once and shows which environment answered, or what is wrong."""
        self.ensure_one()
        self.check_access("write")  # what follows reads as superuser
        commit_before_call(self.env)
        try:
            with self._client(renew=True):
                pass
        except ChannelError as error:
            raise UserError(self._explain(error)) from error
        keep_answer(self.env, self._resume)
        message = self.env._(
            "%(host)s answered: the credentials of %(account)s are good for the "
            "%(environment)s environment (%(country)s).",
            host=urlsplit(self.base_url).netloc,
            account=self.name,
            environment=self._label("environment"),
            country=self._label("country"),
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("Connected"),
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_poll_status(self):
        """Fetches what happened at Ropo, now."""
        self.check_access("write")  # what follows works as superuser
        for account in self:
            try:
                self.env["ropo.inbox"]._run(account.id, poll=True)
            except ChannelError as error:
                raise UserError(account._explain(error)) from error
        self.env.invalidate_all()

    def action_renew_webhook_key(self):
        """Gives the webhook another address; the old one is dead at once."""
        if not self.env.su and not self.env.user.has_group("base.group_system"):
            raise AccessError(
                self.env._(
                    "Only a system administrator may regenerate the webhook URL."
                )
            )
        for account in self:
            account.webhook_key = token_urlsafe(24)

    def action_open_requests(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ropo_connect.action_ropo_request"
        )
        action["context"] = {"search_default_account_id": self.id}
        return action

    # --- business: the channel ---

    def _channel(self):
        """The channel of this account, for all that needs no connection; that of new
        accounts where there is none."""
        return channels.get(self.channel or channels.DEFAULT)

    @api.model
    def _channels(self):
        """`(name, channel)` of each."""
        return channels.CHANNELS.items()

    def _check_can(self, capability):
        """Raises that the channel has no call for what was asked.

        :param capability: the name of one of the fields above, such as `can_preview`
        """
        unable = self.filtered(lambda account: not account[capability])
        if unable:
            raise UserError(
                self.env._(
                    "%(accounts)s: %(channel)s has no call for this.",
                    accounts=", ".join(unable.mapped("name")),
                    channel=unable[0]._label("channel"),
                )
            )

    def _service(self, model=None):
        """The `ServiceModel` of a service model, by default that of the account."""
        models_of = self._channel().capabilities.service_models
        return models_of.get(model or self.service_model, ServiceModel())

    # --- business ---

    @contextmanager
    def _client(self, renew=False, profile=None):
        """The channel's client for this account, with a token that is good.

        The only place where the credentials are read. Opens cursors of its own for
        the token and does HTTP: call it where no transaction is half done.

        :param renew: log in again even when a token is at hand
        :param profile: of the records that the call is about, if it is about any
        :raises ChannelError: when nobody opened the door
        """
        self.ensure_one()
        self._check_may_call()
        self._check_speaks_for(profile)
        own = self.sudo()
        channel = own._channel()
        client = channel(
            own.base_url,
            {name: own[name] for name in channel.credentials},
            timeout=own.timeout,
            longest=longest_call(),
            connections=own.max_concurrency,
            loopback_http=own.environment == "sandbox",
            settings=own._settings(),
            profile=own.profile,
        )
        tokens = self.env["ropo.token"].sudo()
        try:
            tokens._provide(self, client, renew)
            provided = client.token
            yield client
            if client.token is not provided:
                tokens._keep(self, client)
        finally:
            client.close()

    def _check_may_call(self):
        """Raises `NotSent` when this database may not call for the account."""
        own = self.sudo()
        if not all(own[name] for name in own._channel().credentials):
            raise CredentialsRefused("missing")
        self._checked_url()
        if own._is_copy():
            raise NotSent(Reason.ADDRESS, "copy")

    def _checked_url(self):
        loopback_http = self.environment == "sandbox"
        url = checked_url(self.base_url, loopback_http=loopback_http)
        given = self._known_host()
        # Free only in the sandbox, and even there never production.
        if given and url != given or not given and self._is_production(url):
            raise NotSent(Reason.ADDRESS, self.base_url)
        return url

    @staticmethod
    def _is_production(url):
        return urlsplit(url).hostname.rstrip(".") in channels.production_hosts()

    def _settings(self):
        """What replaces assumptions of the channel's that no document confirms."""
        parameters = self.env["ir.config_parameter"].sudo()
        found = {
            name: parameters.get_param(f"ropo_connect.{name}")
            for name in self._channel().settings
        }
        return {name: value for name, value in found.items() if value}

    def _known_host(self):
        """The address that country and environment give, if they give one."""
        return self._channel().hosts.get((self.environment, self.country))

    def _is_resting(self):
        return bool(self.paused_until and self.paused_until > fields.Datetime.now())

    def _pause(self, error):
        """Rests after a failure that every call of this account would share.

        Refused credentials are reported once, to the person who can fix them; the rest
        passes, and is only waited for.
        """
        self.ensure_one()
        wait = timedelta(minutes=2)
        if error.reason == Reason.CREDENTIALS:
            wait = REST_AFTER_REFUSAL
            self._ask_person(self._credentials_question(), self._explain(error))
        self._ask_about_move(error)
        self.paused_until = fields.Datetime.now() + wait
        _logger.warning("Ropo account %s is paused: %s", self.id, error.reason)

    def _pause_on_shared_failure(self, answers):
        """Rests when an answer shows a failure that all calls would share."""
        for answer in answers:
            if answer.outcome == Outcome.NOT_SENT and answer.reason in SHARED_REASONS:
                self._pause(NotSent(answer.reason))
                return

    def _resume(self):
        self.filtered("paused_until").paused_until = False
        self._open_questions(self._credentials_question()).unlink()

    def _ask_person(self, summary, note, user=None):
        """One activity for the responsible, however often the reason comes back.

        :param user: who is asked, instead of the responsible
        """
        self.ensure_one()
        if self._open_questions(summary):
            return
        responsible = user or self.user_id or self.env.ref("base.user_admin")
        self.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=summary,
            note=plaintext2html(note),
            user_id=responsible.id,
        )

    def _open_questions(self, summary):
        return self.activity_search(
            ["mail.mail_activity_data_warning"],
            additional_domain=[("summary", "=", summary)],
        )

    def _credentials_question(self):
        return self.env._("Ropo refuses the credentials")

    def _call_now(self, call, profile=None):
        """What `call(client)` returns; a failure becomes a sentence for the user.

        Commits before. What is written of the answer: with `keep_answer`.

        :param profile: as for `_client()`
        """
        self.ensure_one()
        commit_before_call(self.env)
        try:
            with self._client(profile=profile) as client:
                return call(client)
        except ChannelError as error:
            raise UserError(self._explain(error)) from error

    @api.model
    def _defaults_of(self, companies):
        """The account that each company uses by default: `{company id: account}`.

        A branch without one uses that of its nearest parent.
        """
        family = self.sudo().search([("company_id", "in", companies.parent_ids.ids)])
        first = {}
        for account in family:
            first.setdefault(account.company_id.id, account)
        found = {}
        for company in companies:
            lineage = reversed(company.parent_ids.ids)
            found[company.id] = next(
                (first[id_] for id_ in lineage if id_ in first), self.browse()
            )
        return found

    def _printing(self):
        """The `Printing` of letters."""
        return Printing(
            colour=self.print_colour == "colour" if self.print_colour else None,
            double_sided=self.print_sides == "double" if self.print_sides else None,
            post_class=int(self.post_class) if self.post_class else None,
            layout=(self.layout or "").strip(),
        )

    def _interest(self, is_company):
        """Late interest in percent a year; None: as agreed with Ropo."""
        return (self.interest_b2b if is_company else self.interest_b2c) or None

    def _label(self, field_name):
        selection = self._fields[field_name]._description_selection(self.env)
        return dict(selection)[self[field_name]]

    # --- business: the webhook ---

    @api.model
    def _of_webhook(self, key, user, password):
        """The account whose webhook these open, or none at all.

        An unknown key, an account without user or password, and a wrong password are
        compared alike, so that neither the answer nor its time distinguishes them.
        """
        account = self.sudo().search_fetch(
            [("webhook_key", "=", (key or "-").replace("\0", ""))],
            ["webhook_user", "webhook_password", "environment", "database_uuid"],
            limit=1,
        )
        expected = (account.webhook_user, account.webhook_password)
        matches = [
            compare_digest(_digest(given or ""), _digest(wanted or token_urlsafe()))
            for given, wanted in zip((user, password), expected, strict=True)
        ]
        if all(matches) and not account._is_copy():
            return account.with_company(account.company_id)
        return self.browse()

    # --- errors for people ---

    def _explain(self, error):
        """What went wrong on this account and what to do, in one or two sentences."""
        host = urlsplit(self.base_url or "").netloc or self.base_url or "-"
        if error.reason == Reason.ADDRESS and error.detail == "copy":
            return self._copy_text()
        if error.reason == Reason.CREDENTIALS and error.detail == "missing":
            return self.env._(
                "%(account)s has no customer ID or no API code yet. A system "
                "administrator enters those that Ropo gave for this environment.",
                account=self.name,
            )
        sentences = self._sentences()
        sentence = sentences.get(error.reason, sentences[Reason.UNREADABLE])
        return sentence % {
            "account": self.name,
            "host": host,
            "detail": f" ({error.detail})" if error.detail else "",
        }

    def _sentences(self):
        return {
            Reason.ADDRESS: self.env._(
                "%(account)s: “%(host)s” is no address for this environment. Choose "
                "the environment and the country, or in the sandbox enter its address."
            ),
            Reason.INSECURE: self.env._(
                "%(account)s: %(host)s would be called without encryption. Use "
                "https; http is only for a sandbox on this very machine."
            ),
            Reason.DNS: self.env._(
                "%(account)s: there is no host %(host)s. Check the address, and this "
                "server's name service."
            ),
            Reason.CONNECT: self.env._(
                "%(account)s: %(host)s can't be reached. Check the address, and that "
                "this server may connect to it."
            ),
            Reason.TLS: self.env._(
                "%(account)s: no secure connection to %(host)s. Check the address, and "
                "the certificates on this server."
            ),
            Reason.CREDENTIALS: self.env._(
                "%(account)s: %(host)s refuses the customer ID and the API code"
                "%(detail)s. Enter those that Ropo gave for this environment."
            ),
            Reason.TIMEOUT: self.env._(
                "%(account)s: %(host)s did not answer in time. Try again, or raise the "
                "account's timeout."
            ),
            Reason.CUT: self.env._(
                "%(account)s: the connection to %(host)s was cut. Try again."
            ),
            Reason.SERVER: self.env._(
                "%(account)s: %(host)s has an error of its own%(detail)s. Try again "
                "later, or ask Ropo."
            ),
            Reason.GATEWAY: self.env._(
                "%(account)s: not Ropo itself but a gateway in front of %(host)s "
                "answered%(detail)s. Try again later; if it stays so, ask Ropo and "
                "whoever runs the network of this server."
            ),
            Reason.UNREADABLE: self.env._(
                "%(account)s: the answer of %(host)s can't be read%(detail)s. Check "
                "the address, or ask Ropo."
            ),
            Reason.TOO_LARGE: self.env._(
                "%(account)s: the document from %(host)s is over 20 MB and was not "
                "fetched. Look at it in Ropo One."
            ),
            Reason.THROTTLED: self.env._(
                "%(account)s: %(host)s has too many calls of yours under way. Try "
                "again in a moment, or lower “Parallel Requests” on the account."
            ),
            Reason.REFUSED: self.env._("%(account)s: Ropo rejected it%(detail)s."),
            Reason.PROFILE: self.env._(
                "%(account)s: this belongs to another profile (environment, address or "
                "customer ID) than the one that the account has now, so Ropo is not "
                "asked about it."
            ),
        }


def _digest(text):
    """Of the same length whatever the text, so that comparing shows no length."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
