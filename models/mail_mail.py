from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(self, success_pids, success_emails, **values):
        # EXTENDS 'mail': called after each attempt, also after those that failed
        for mail in self.sudo():
            if mail.ropo_is_reminder and mail.state == "sent":
                mail.env["ropo.own.reminder"]._note_sent(
                    mail, success_pids, success_emails
                )
        return super()._postprocess_sent_message(success_pids, success_emails, **values)
