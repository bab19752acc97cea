from odoo import api, fields, models
from odoo.exceptions import AccessError

from .res_partner import READERS


class AccountMove(models.Model):
    """What the channels can do of an invoice."""

    _inherit = "account.move"

    ropo_may_find = fields.Boolean(
        compute="_compute_ropo_abilities",
        compute_sudo=True,
        groups=READERS,
    )
    ropo_may_fetch = fields.Boolean(
        compute="_compute_ropo_abilities",
        compute_sudo=True,
        groups=READERS,
    )
    ropo_has_debtor_page = fields.Boolean(
        compute="_compute_ropo_abilities",
        compute_sudo=True,
        groups=READERS,
    )

    # --- computes ---

    @api.depends("state", "ropo_account_id", "ropo_job_ids", "ropo_request_ids")
    def _compute_ropo_abilities(self):
        """What the channels can do that have it, or would get it."""
        held = self.env["ropo.eligibility"]._held(self, queued=True)
        linking = self.env["ropo.linking"]
        for move in self:
            accounts, own = move.ropo_job_ids.account_id, move.ropo_account_id
            move.ropo_may_find = (
                own.can_find_invoices
                and move.state == "posted"
                and move.move_type in ("out_invoice", "out_refund")
                and linking._is_free(own, held[move._origin.id])
            )
            move.ropo_may_fetch = any(accounts.mapped("can_fetch_documents"))
            move.ropo_has_debtor_page = any(accounts.mapped("has_debtor_page"))

    # --- actions ---

    def action_ropo_find(self):
        """Takes over an invoice that was sent by another program, so that it can be
        transferred."""
        self.ensure_one()
        may = self.env.su or self.env.user.has_group("ropo_connect.group_ropo_user")
        if not may:
            raise AccessError(self.env._("Only a Ropo user may link sent invoices."))
        self.check_access("write")
        self.env["ropo.linking"]._link(self)
