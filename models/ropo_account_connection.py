import logging
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .. import channels
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

_logger = logging.getLogger(__name__)

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
    """The connection: where this account calls, with which credentials, and when it
    pauses."""

    _inherit = "ropo.account"

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
    maventa_company_uuid = fields.Char(
        string="Company UUID",
        groups="base.group_system",
        copy=False,
        help="Of your company at Maventa, as its settings there show it.",
    )
    maventa_user_api_key = fields.Char(
        string="User API Key",
        groups="base.group_system",
        copy=False,
        help="Of the Maventa user by whom Odoo works.",
    )
    maventa_vendor_api_key = fields.Char(
        string="Vendor API Key",
        groups="base.group_system",
        copy=False,
        help="Which Maventa gave for the software, separately for test and production.",
    )
    receivables_base_url = fields.Char(
        string="Receivables Address",
        groups="base.group_system",
        copy=False,
        help="The root of the Receivables API. Empty: the usual one of the "
        "environment.",
    )
    connection_fields = fields.Char(
        compute="_compute_connection_fields",
        help="The names of the fields that the channel needs to connect.",
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
    paused_until = fields.Datetime(
        help="Nothing is sent through this account until then."
    )
    is_resting = fields.Boolean(compute="_compute_is_resting")
    is_connected = fields.Boolean(
        compute="_compute_is_connected", help="Ropo has let this account in."
    )

    _concurrency_positive = models.Constraint(
        "CHECK(max_concurrency BETWEEN 1 AND 32)",
        "Between 1 and 32 calls can be under way at once.",
    )
    _timeout_positive = models.Constraint(
        "CHECK(timeout BETWEEN 1 AND 600)",
        "A call may take between 1 and 600 seconds.",
    )

    # --- constraints ---

    @api.constrains("environment", "base_url", *channels.further_addresses())
    def _check_base_url(self):
        for account in self:
            try:
                if account.base_url:
                    account._checked_url()
                account.sudo()._further_urls()
            except ChannelError as error:
                raise ValidationError(account._explain(error)) from error

    last_turn = fields.Datetime(
        string="Outbox Last Worked Off",
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="The account that has waited longest is next.",
    )
    polled_at = fields.Datetime(
        string="News Last Fetched",
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="When the scheduled action last asked Ropo for news.",
    )

    # --- computes ---

    @api.depends("channel", "environment", "country")
    def _compute_base_url(self):
        for account in self:
            known = account._known_host()
            account.base_url = known or account.base_url

    @api.depends("channel")
    def _compute_connection_fields(self):
        for account in self:
            channel = account._channel()
            names = (*channel.credentials, *channel.further_hosts)
            account.connection_fields = " ".join(names)

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
                "Fetching status updates may need %(needed)s seconds and takes at most "
                "%(longest)s, because of this server's limit_time_real_cron or "
                "limit_time_real.",
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

    # --- actions ---

    def action_test_connection(self):
        """Logs in once and shows which environment answered, or what is wrong."""
        self.ensure_one()
        self.check_access("write")  # what follows reads as superuser
        commit_before_call(self.env)
        try:
            with self._client(renew=True) as client:
                state = self._service_state_by(client)
        except ChannelError as error:
            raise UserError(self._explain(error)) from error
        keep_answer(self.env, self._connected, state)
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

    def _connected(self, state):
        self._resume()
        self.last_contact = fields.Datetime.now()
        self.sudo()._take_service_state(state)

    # --- business: calls ---

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
            caller=own.id,
            **own._further_urls(),
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
        if own._missing_credentials():
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

    def _missing_credentials(self):
        """The names of the fields of credentials that are not entered."""
        return [name for name in self._channel().credentials if not self[name]]

    def _further_urls(self):
        """The addresses of the channel's further APIs that were entered, by field. A
        sandbox never reaches production by them."""
        is_sandbox = self.environment == "sandbox"
        urls = {}
        for name in self._channel().further_hosts:
            if not self[name]:
                continue
            urls[name] = checked_url(self[name], loopback_http=is_sandbox)
            is_elsewhere = self.environment != "production"
            if is_elsewhere and self._is_production(urls[name]):
                raise NotSent(Reason.ADDRESS, self[name])
        return urls

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

    def _explain(self, error):
        """What went wrong on this account and what to do, in one or two sentences."""
        return self.env["ropo.faults"]._of_connection(self, error)

    # --- business: pauses ---

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
            self._ask_person(
                "credentials",
                self.env._("Ropo refuses the credentials"),
                self._explain(error),
            )
        self._ask_about_move(error)
        self.write(
            {
                "paused_until": fields.Datetime.now() + wait,
                "pause_reason": self._explain(error),
            }
        )
        _logger.warning("Ropo account %s is paused: %s", self.id, error.reason)

    def _pause_on_shared_failure(self, answers):
        """Rests when an answer shows a failure that all calls would share."""
        for answer in answers:
            if answer.outcome != Outcome.NOT_SENT:
                continue
            if answer.reason in SHARED_REASONS:
                self._pause(NotSent(answer.reason))
                return
            if answer.reason == Reason.RIGHTS:
                # Other calls may still be allowed: nothing is paused.
                self._ask_person(
                    "rights",
                    self.env._("The credentials lack a right"),
                    self._explain(NotSent(answer.reason, answer.error)),
                )

    def _resume(self):
        self.filtered("paused_until").paused_until = False
        self.env["ropo.activities"]._close(
            self, "credentials", self.env._("Ropo accepts the credentials again.")
        )

    def _connected_again(self):
        """A run came to its end: what kept the account from Ropo is gone."""
        if self.paused_until and not self._is_resting():
            self._resume()
            self._close_move_question()
