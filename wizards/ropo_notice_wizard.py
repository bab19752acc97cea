from odoo import Command, fields, models


class RopoNoticeWizard(models.TransientModel):
    """Notes the date of one's own reminder on a selection of invoices."""

    _name = "ropo.notice.wizard"
    _description = "Date of One's Own Reminder"

    move_ids = fields.Many2many(
        "account.move",
        string="Invoices",
        required=True,
        default=lambda self: self._default_moves(),
    )
    date = fields.Date(
        string="Own Reminder Date",
        default=fields.Date.context_today,
        help="Empty takes the date off the invoices.",
    )

    def _default_moves(self):
        context = self.env.context
        if context.get("active_model") != "account.move":
            return False
        return [Command.set(context.get("active_ids") or [])]

    def action_apply(self):
        self.ensure_one()
        self.move_ids.check_access("write")
        self.env["ropo.own.reminder"]._note(self.move_ids, self.date)
        return {"type": "ir.actions.act_window_close"}
