from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _update_control_line_status(self):
        # EXTENDS 'account_credit_control': what it raises would send the mail again
        return super(
            MailMail, self.with_context(ropo_while_sending=True)
        )._update_control_line_status()
