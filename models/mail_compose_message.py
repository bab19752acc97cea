from odoo import models

from .mail_template import TEMPLATE


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _action_send_mail_comment(self, res_ids):
        # EXTENDS 'mail'
        composer = self._ropo_with_template()
        return super(MailComposeMessage, composer)._action_send_mail_comment(res_ids)

    def _action_send_mail_mass_mail(self, res_ids, auto_commit=False):
        # EXTENDS 'mail'
        composer = self._ropo_with_template()
        return super(MailComposeMessage, composer)._action_send_mail_mass_mail(
            res_ids, auto_commit=auto_commit
        )

    def _prepare_schedule_message_post_values(self, post_values):
        # EXTENDS 'mail': the context is kept until the message is posted
        composer = self._ropo_with_template()
        return super(
            MailComposeMessage, composer
        )._prepare_schedule_message_post_values(post_values)

    def _ropo_with_template(self):
        if self.model != "account.move" or not self.template_id:
            return self
        return self.with_context(**{TEMPLATE: self.template_id.id})
