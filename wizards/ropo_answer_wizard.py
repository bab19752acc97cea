from odoo import fields, models


class RopoAnswerWizard(models.TransientModel):
    """Notes what a person answers to a message of Ropo."""

    _name = "ropo.answer.wizard"
    _description = "Answer to Ropo"

    event_id = fields.Many2one("ropo.event", required=True, readonly=True)
    message = fields.Char(related="event_id.text", string="Message")
    answer = fields.Text(required=True)

    def action_note(self):
        self.ensure_one()
        self.env["ropo.messages"]._answer(self.event_id, self.answer)
        return {"type": "ir.actions.act_window_close"}
