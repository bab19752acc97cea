from odoo import api, fields, models

from .notification import notification
from .res_partner import READERS


class AccountMove(models.Model):
    """What happens next with an invoice at Ropo, and when (services/next_step.py)."""

    _name = "account.move"
    _inherit = ["account.move", "ropo.selection.order"]
    _selections_in_order = ("ropo_state",)

    ropo_next_step = fields.Char(
        string="Next Step",
        compute="_compute_ropo_next_step",
        compute_sudo=True,
        groups=READERS,
        help="What happens next with the invoice at Ropo, and when.",
    )
    ropo_next_step_is_to_do = fields.Boolean(
        compute="_compute_ropo_next_step",
        compute_sudo=True,
        groups=READERS,
        help="The next step is up to a person.",
    )
    ropo_next_step_model = fields.Char(
        compute="_compute_ropo_next_step",
        compute_sudo=True,
        groups=READERS,
        help="Of the record that the next step speaks of.",
    )

    # --- computes ---

    @api.depends(
        "state",
        "amount_residual",
        "payment_state",
        "ropo_hold",
        "ropo_notice_date",
        "ropo_request_ids.state",
        "ropo_request_ids.next_attempt_at",
        "ropo_job_ids.stage",
        "ropo_job_ids.decision",
    )
    def _compute_ropo_next_step(self):
        self.ropo_next_step = self.ropo_next_step_model = False
        self.ropo_next_step_is_to_do = False
        steps = self.env["ropo.next.step"]._steps(self._origin)
        for move in self:
            step = steps.get(move._origin)
            if step and step.text:
                move.ropo_next_step = step.text
                move.ropo_next_step_is_to_do = step.is_to_do
                move.ropo_next_step_model = step.record and step.record._name

    # --- actions ---

    def action_ropo_open_next_step(self):
        """Opens what the next step speaks of."""
        self.ensure_one()
        self.check_access("read")
        record = self.env["ropo.next.step"]._steps(self)[self].record
        if not record:
            return None
        if record._name == "ropo.account":
            return self.env["ropo.account"].action_preview_transfers()
        return record.sudo(False)._get_records_action()

    # --- helpers ---

    def _ropo_nothing_selected(self):
        """What the button of a list says that is there before anything is selected."""
        text = self.env._(
            "Select invoices first. The box above the list selects all of them."
        )
        return notification(text, "warning")
