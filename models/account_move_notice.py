from odoo import api, fields, models


class AccountMove(models.Model):
    """The date of one's own reminder, noted when Odoo sends one.

    Odoo Community has no reminders of its own, so it is the account that says which
    e-mail templates are reminders. Whatever sends otherwise (other apps, rules,
    scripts) calls `action_ropo_set_reminded`.
    """

    _inherit = "account.move"

    def action_ropo_set_reminded(self):
        """Notes that the customers were reminded of these today."""
        self._ropo_note_reminder(fields.Date.context_today(self))

    def action_ropo_notice(self):
        """Asks for the day on which the customers were reminded of these."""
        action = self._ropo_wizard(
            "ropo.notice.wizard", self.env._("Own Reminder Sent On")
        )
        action["context"]["dialog_size"] = "medium"
        return action

    def _ropo_note_reminder(self, date):
        self.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice"
        ).ropo_notice_date = date

    def _ropo_heed_mail(self, template):
        """A mail of `template` went out for these: perhaps it was a reminder."""
        if not template:
            return
        reminded = self.filtered(
            lambda move: template in move.sudo().ropo_account_id.reminder_template_ids
        )
        reminded.sudo().action_ropo_set_reminded()


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _send_mail(self, move, mail_template, **kwargs):
        # EXTENDS 'account'
        result = super()._send_mail(move, mail_template, **kwargs)
        move._ropo_heed_mail(mail_template)
        return result


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _action_send_mail_comment(self, res_ids):
        # EXTENDS 'mail'
        result = super()._action_send_mail_comment(res_ids)
        self._ropo_heed_mail(res_ids)
        return result

    def _action_send_mail_mass_mail(self, res_ids, auto_commit=False):
        # EXTENDS 'mail'
        result = super()._action_send_mail_mass_mail(res_ids, auto_commit=auto_commit)
        self._ropo_heed_mail(res_ids)
        return result

    def _ropo_heed_mail(self, res_ids):
        if self.model == "account.move":
            self.env["account.move"].browse(res_ids)._ropo_heed_mail(self.template_id)


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def send_mail_batch(self, res_ids, **kwargs):
        # EXTENDS 'mail': what scheduled and automated actions send
        result = super().send_mail_batch(res_ids, **kwargs)
        if self.model == "account.move":
            self.env["account.move"].browse(res_ids)._ropo_heed_mail(self)
        return result
