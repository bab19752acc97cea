from markupsafe import Markup

from odoo import fields, models
from odoo.tools import plaintext2html

from ..models.ropo_job import RECENT


class RopoMessages(models.AbstractModel):
    """What Ropo writes to people becomes a task of the responsible, once."""

    _name = "ropo.messages"
    _description = "Ropo: Messages"

    def _take_up(self, events):
        """Of these, which are new, each recent message becomes an activity on its case.

        What is older, as when a case is taken over with its history, is only kept.
        """
        since = fields.Datetime.now() - RECENT
        messages = events.filtered(
            lambda event: (
                event.is_message
                and not event.duplicate_of_id
                and event._happened_at() >= since
            )
        )
        # Without an e-mail for each.
        activities = self.env["mail.activity"].with_context(
            mail_activity_quick_update=True
        )
        activities = activities.create([self._activity(event) for event in messages])
        for event, activity in zip(messages, activities, strict=True):
            event.activity_id = activity

    def _activity(self, event):
        return {
            "activity_type_id": self.env["ir.model.data"]._xmlid_to_res_id(
                "ropo_connect.mail_activity_type_message"
            ),
            "automated": True,
            "ropo_key": "message",
            "res_model_id": self.env["ir.model"]._get_id("ropo.job"),
            "res_id": event.job_id.id,
            "user_id": event.account_id._responsible().id,
            "date_deadline": fields.Date.today(),
            "note": plaintext2html(event.text or ""),
        }

    def _answer(self, event, answer):
        """Notes on the case and the invoice what a person answers, and marks the
        message as read. No channel has a call that would send it."""
        event._check_may_answer()
        note = Markup("<p>{}</p>{}<p>{}</p>{}").format(
            self.env._("Ropo wrote:"),
            plaintext2html(event.text or ""),
            self.env._("Answer of %(user)s:", user=self.env.user.name),
            plaintext2html(answer),
        )
        for record in (event.job_id, event.move_id):
            if record:
                record.sudo()._message_log(body=note)
        event.action_mark_read()
