import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from ..channels.errors import ChannelError
from ..services.transaction import keep_answer

_logger = logging.getLogger(__name__)


class RopoAccount(models.Model):
    """The agreement with Ropo, where the channel asks for it, follows it and ends it
    by calls."""

    _inherit = "ropo.account"

    has_activation = fields.Boolean(compute="_compute_has_activation")
    service_state = fields.Selection(
        [("inactive", "Inactive"), ("pending", "Pending"), ("active", "Active")],
        string="Receivables Service",
        readonly=True,
        copy=False,
        tracking=True,
        help="Whether Ropo collects for this company, as the service last said.",
    )
    service_email = fields.Char(
        string="Agreement Sent To",
        readonly=True,
        copy=False,
        help="Who gets Ropo's form for the agreement.",
    )

    # --- computes ---

    @api.depends("channel")
    def _compute_has_activation(self):
        for account in self:
            account.has_activation = account._channel().capabilities.activation

    # --- actions ---

    def action_activate_service(self):
        """Opens the wizard that explains the agreement and asks for it."""
        self.ensure_one()
        self.check_access("write")
        self._check_can("has_activation")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Activate Receivables Service"),
            "res_model": "ropo.activation.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_account_id": self.id},
        }

    def action_refresh_service(self):
        """Asks whether the service is active."""
        self.ensure_one()
        self.check_access("write")  # what follows works as superuser
        self._change_service(lambda client: client.service_state())

    def action_close_service(self):
        """Ends the agreement; what Ropo collects already it goes on with."""
        self.ensure_one()
        self.check_access("write")  # what follows works as superuser
        self._change_service(lambda client: client.close_service())

    # --- crons ---

    @api.model
    def _cron_follow_activation(self):
        """Asks about agreements that are not signed yet."""
        accounts = self.search([("service_state", "=", "pending")])
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(accounts))
        for account in accounts.filtered(lambda a: not a._is_resting()):
            try:
                account.action_refresh_service()
            except UserError as error:
                _logger.warning("Ropo account %s: %s", account.id, error)
            except Exception:
                self.env.cr.rollback()
                _logger.exception("Ropo account %s: its service", account.id)
            progress(1)

    # --- business ---

    def _activate_service(self, email):
        """Has Ropo send its form for the agreement to this address."""
        self._change_service(lambda client: client.activate_service(email), email)

    def _change_service(self, call, email=None):
        """Makes the call and keeps the state that it answers."""
        self._check_can("has_activation")
        state = self.sudo()._call_now(call)
        keep_answer(self.env, self.sudo()._take_service_state, state, email)

    def _take_service_state(self, state, email=None):
        if not state:
            return
        was_pending = self.service_state == "pending"
        self.service_state = state
        if email:
            self.service_email = email
        if was_pending and state == "active":
            self._announce_service()

    def _announce_service(self):
        """Tells the responsible, once, that invoices can be transferred now."""
        responsible = self.user_id or self.env.ref("base.user_admin")
        self.env["ropo.activities"]._schedule(
            self,
            "service_active",
            "mail.mail_activity_data_todo",
            summary=self.env._("The receivables service is active"),
            note=plaintext2html(
                self.env._(
                    "%(account)s: the agreement is signed. Overdue invoices can be "
                    "transferred now.",
                    account=self.name,
                )
            ),
            user_id=responsible.id,
        )

    def _service_found_closed(self):
        """A refusal shows that the service was closed meanwhile."""
        if self.service_state == "active":
            self.service_state = "inactive"

    def _service_state_by(self, client):
        """The state, asked for beside another call; "" where it can't be had now."""
        if not client.capabilities.activation:
            return ""
        try:
            return client.service_state()
        except ChannelError as error:
            _logger.info("Ropo account %s: its service: %s", self.id, error)
            return ""
