from odoo import Command, fields, models
from odoo.exceptions import UserError


class RopoInformMixin(models.AbstractModel):
    """What the dialogs have in common in which a person informs Ropo, since no channel
    has a call for it: the invoices, and who was informed and how."""

    _name = "ropo.inform.mixin"
    _description = "Note That Ropo Was Informed"

    move_ids = fields.Many2many(
        "account.move",
        string="Invoices",
        required=True,
        default=lambda self: self._default_moves(),
    )
    is_informed = fields.Boolean(string="Ropo Is Informed")
    informed_how = fields.Char(
        string="How",
        help="Who was informed, and how: by e-mail to customer service, say.",
    )

    def _default_moves(self):
        context = self.env.context
        if context.get("active_model") != "account.move":
            return False
        return [Command.set(context.get("active_ids") or [])]

    def _check_informed_how(self):
        if not self.informed_how:
            raise UserError(
                self.env._("Say how Ropo was informed: it stays with the invoice.")
            )
