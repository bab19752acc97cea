from odoo import api, fields, models
from odoo.exceptions import UserError


class RopoHoldWizard(models.TransientModel):
    """Keeps a selection of invoices back from transfer, with the reason and until
    when; of those that Ropo collects already it says what is left to do."""

    _name = "ropo.hold.wizard"
    _inherit = "ropo.inform.mixin"
    _description = "Put Invoices on Hold"

    reason = fields.Selection(
        lambda self: (
            self.env["account.move"]
            ._fields["ropo_hold_reason"]
            ._description_selection(self.env)
        ),
        required=True,
        default="promise",
    )
    until = fields.Date(help="The hold ends after this day. Empty: until you end it.")
    collected_count = fields.Integer(compute="_compute_letter")
    letter = fields.Text(string="Text for Ropo", compute="_compute_letter")

    @api.depends("move_ids", "reason", "until")
    def _compute_letter(self):
        holds = self.env["ropo.holds"]
        for wizard in self:
            jobs = holds._collected(wizard.move_ids._origin)
            wizard.collected_count = len(jobs)
            wizard.letter = jobs and holds._letter(jobs, wizard.reason, wizard.until)

    def action_apply(self):
        self.ensure_one()
        moves = self.move_ids
        moves.check_access("write")
        self._check(moves)
        holds = self.env["ropo.holds"]
        collected = holds._collected(moves).move_id.with_env(self.env)
        holds._hold(moves, self.reason, self.until)
        if self.is_informed:
            holds._note_informed(collected, self.informed_how, self.letter)
        return {"type": "ir.actions.act_window_close"}

    def _check(self, moves):
        if self.until and self.until < fields.Date.context_today(self):
            raise UserError(self.env._("“Until” is in the past. Choose a later day."))
        if self.is_informed:
            self._check_informed_how()
        wrong = moves.filtered(
            lambda move: move.move_type != "out_invoice" or move.state != "posted"
        )
        if wrong:
            raise UserError(
                self.env._(
                    "Only posted customer invoices can be held. Leave out: %(names)s.",
                    names=", ".join(wrong[:5].mapped("display_name")),
                )
            )
