from odoo import api, fields, models
from odoo.exceptions import AccessError


class RopoEvent(models.Model):
    """What Ropo writes to people: unread as long as its activity is open."""

    _inherit = "ropo.event"

    is_message = fields.Boolean(
        readonly=True,
        help="Ropo wrote it to be read: it reports no stage.",
    )
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, ondelete="set null", index="btree_not_null"
    )
    is_unread = fields.Boolean(
        string="Unread", compute="_compute_is_unread", store=True
    )
    partner_id = fields.Many2one(related="job_id.partner_id")

    _messages = models.Index("(event_time) WHERE is_message")
    # As the ORM asks: another way of saying it would not be served.
    _unread = models.Index("(account_id) WHERE is_unread IS TRUE")

    # --- computes ---

    @api.depends("activity_id.active")
    def _compute_is_unread(self):
        for event in self:
            event.is_unread = event.activity_id.active

    # --- actions ---

    def action_mark_read(self):
        """Marks the activities of these as done, too."""
        self._check_may_answer()
        self.sudo().activity_id.filtered("active").action_feedback()

    def action_answer(self):
        self.ensure_one()
        self._check_may_answer()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Answer"),
            "res_model": "ropo.answer.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_event_id": self.id},
        }

    def _check_may_answer(self):
        may = self.env.su or self.env.user.has_group("ropo_connect.group_ropo_user")
        if not may:
            raise AccessError(
                self.env._("Only a Ropo user may answer messages or mark them as read.")
            )
        self.check_access("read")  # nobody may write by hand, only through actions

    # --- business ---

    def _happened_at(self):
        return self.event_time or self.create_date

    def _words(self):
        """By which the same message is known, whichever way it came."""
        text = " ".join((self.text or "").split())
        return self.job_id, text, self._happened_at().date()
