from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.ropo_connect.models.res_partner import READERS


class CreditControlLine(models.Model):
    _inherit = "credit.control.line"

    channel = fields.Selection(
        selection_add=[("ropo", "Transfer to Ropo")],
        ondelete={"ropo": lambda lines: lines.write({"channel": "letter"})},
    )
    ropo_request_id = fields.Many2one(
        "ropo.request",
        string="Transfer",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="What was asked of Ropo because of this line.",
        groups=READERS,
    )
    ropo_issue = fields.Char(
        string="Issue",
        readonly=True,
        copy=False,
        tracking=True,
        help="Why it could not be transferred to Ropo.",
    )
    ropo_state_before = fields.Char(
        string="Status Before Transfer",
        readonly=True,
        copy=False,
        help="It is ignored while Ropo collects the invoice, and gets this status "
        "again when Ropo closes the case unpaid.",
        groups=READERS,
    )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account_credit_control'
        lines = super().create(vals_list)
        sent = lines.filtered(lambda line: line.state == "sent")
        self.env["ropo.credit.control"]._note_sent(sent)
        return lines

    def write(self, values):
        # EXTENDS 'account_credit_control'
        unsent = self.filtered(lambda line: line.state != "sent")
        result = super().write(values)
        if "state" in values:
            self._ropo_forget(values)
        if values.get("state") == "sent":
            self.env["ropo.credit.control"]._note_sent(unsent)
        return result

    # --- actions ---

    def action_ropo_transfer(self):
        """Opens Ropo's transfer dialog for the invoices of these lines."""
        lines = self.filtered(lambda line: line.state != "sent")
        if not lines:
            raise UserError(self.env._("These lines are done already."))
        kinds = set(lines.policy_level_id.mapped("ropo_kind"))
        kind = kinds.pop() if len(kinds) == 1 else "reminder"
        moves = lines.invoice_id.with_context(default_kind=kind)
        return moves.action_ropo_transfer()

    # --- helpers ---

    def _ropo_forget(self, values):
        """A status that somebody gives is a decision: none comes back later, and what
        was in the way before is no longer known to be."""
        lines = self.sudo()
        if not values.get("ropo_state_before"):
            lines.filtered("ropo_state_before").ropo_state_before = False
        if not values.get("ropo_issue"):
            lines.filtered("ropo_issue").ropo_issue = False
