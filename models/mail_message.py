from odoo import api, fields, models

from .mail_template import TEMPLATE


class MailMessage(models.Model):
    _inherit = "mail.message"

    ropo_is_reminder = fields.Boolean(
        string="Own Reminder of an Invoice",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Made from an e-mail template that was a reminder of the invoice's Ropo "
        "account then. Its date counts when the mail is sent.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'mail'
        messages = super().create(vals_list)
        template_id = self.env.context.get(TEMPLATE)
        if template_id:
            self.env["ropo.own.reminder"]._mark(messages.sudo(), template_id)
        return messages
