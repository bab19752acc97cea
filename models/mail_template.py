from odoo import models

TEMPLATE = "ropo_mail_template_id"  # in the context: what the mails are made from


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def send_mail_batch(self, res_ids, **kwargs):
        # EXTENDS 'mail': what scheduled and automated actions send
        template = self
        if self.model == "account.move":
            template = self.with_context(**{TEMPLATE: self.id})
        return super(MailTemplate, template).send_mail_batch(res_ids, **kwargs)
