from odoo import api, fields, models

from .res_partner import READERS

HOLD_ENDS = "ropo_connect.mail_activity_type_hold_ends"


class AccountMove(models.Model):
    """Why and until when an invoice is kept back from a transfer."""

    _inherit = "account.move"

    ropo_hold_reason = fields.Selection(
        [
            ("promise", "Promise to Pay"),
            ("dispute", "Dispute"),
            ("other", "Other Reason"),
        ],
        string="Hold Reason",
        copy=False,
        tracking=True,
        groups=READERS,
    )
    ropo_hold_until = fields.Date(
        string="Hold Until",
        copy=False,
        tracking=True,
        help="The hold ends after this day. Empty: until somebody ends it.",
        groups=READERS,
    )

    ropo_goes_on = fields.Text(
        compute="_compute_ropo_goes_on",
        compute_sudo=True,
        groups=READERS,
        help="What a hold does not do on an invoice that Ropo collects already.",
    )

    # What is on hold is little of all invoices: customers and the cron look for it.
    _ropo_held = models.Index("(commercial_partner_id) WHERE ropo_hold IS TRUE")

    # --- computes ---

    @api.depends(
        "ropo_hold",
        "ropo_hold_reason",
        "ropo_hold_until",
        "payment_state",
        "commercial_partner_id.ropo_no_collection",
        "line_ids.no_followup",
        "ropo_job_ids.stage",
        "ropo_job_ids.released",
    )
    def _compute_ropo_goes_on(self):
        exemption = self.env["ropo.exemption"]
        for move in self:
            move.ropo_goes_on = exemption._text(move)

    # --- CRUD ---

    def write(self, vals):
        # EXTENDS: what was said of a hold ends with it
        ends = "ropo_hold" in vals and not vals["ropo_hold"]
        if ends:
            vals = {"ropo_hold_reason": False, "ropo_hold_until": False, **vals}
        result = super().write(vals)
        if ends:
            self.env["ropo.activities"]._close(self, "hold_ends")
        return result

    # --- crons ---

    @api.model
    def _cron_ropo_end_holds(self):
        self.env["ropo.holds"]._end_due()

    # --- actions ---

    def action_ropo_hold(self):
        """Opens the dialog that keeps these back."""
        action = self._ropo_wizard("ropo.hold.wizard", self.env._("Put on Hold"))
        action["context"]["dialog_size"] = "large"
        return action
