import logging

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

TEMPLATE = "ropo_mail_template_id"  # in the context: what the mails are made from


class AccountMove(models.Model):
    """The date of one's own reminder, noted when Odoo has sent one.

    Odoo Community has no reminders of its own, so it is the account that says which
    e-mail templates are reminders. Whatever sends otherwise (other apps, rules,
    scripts) calls `action_ropo_set_reminded`.
    """

    _inherit = "account.move"

    def action_ropo_set_reminded(self):
        """Notes that customers were reminded of these today: their company's day."""
        for company, moves in self.grouped("company_id").items():
            time_zone = company.partner_id.tz or self.env.context.get("tz")
            there = moves.with_context(tz=time_zone)
            moves._ropo_note_reminder(fields.Date.context_today(there))

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
            messages.sudo()._ropo_note_template(template_id)
        return messages

    def _ropo_note_template(self, template_id):
        """Keeps which of these are reminders, as the accounts have it now."""
        written = self.filtered(
            lambda message: (
                message.model == "account.move"
                and message.message_type != "notification"
            )
        )
        for message in written:
            move = self.env["account.move"].browse(message.res_id)
            templates = move.ropo_account_id.reminder_template_ids
            message.ropo_is_reminder = template_id in templates.ids


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(self, success_pids, success_emails, **values):
        # EXTENDS 'mail': called after each attempt, also after those that failed
        for mail in self.sudo():
            if mail.ropo_is_reminder and mail.state == "sent":
                mail._ropo_note_reminder(success_pids, success_emails)
        return super()._postprocess_sent_message(success_pids, success_emails, **values)

    def _ropo_note_reminder(self, partners, emails):
        """Notes the day on the invoice when it went to its customer.

        :param partners: the contacts to whom it was sent
        :param emails: the addresses of no contact to which it was sent
        """
        move = self.env["account.move"].browse(self.res_id).exists()
        if not move or not self._ropo_reached_customer(move, partners, emails):
            return
        try:
            with self.env.cr.savepoint():
                move.action_ropo_set_reminded()
        except Exception:
            # Also when somebody changes the invoice at this moment: what is raised
            # here would make Odoo send the mail again. Without the date it waits.
            _logger.exception("%s: the date of the reminder is not noted", move)
            move.invalidate_recordset(["ropo_notice_date"], flush=False)

    def _ropo_reached_customer(self, move, partners, emails):
        """Whether it went to the customer or to whom it was addressed: our own people
        follow the invoice and get it too."""
        addressed = self.mail_message_id.partner_ids
        customer = move.commercial_partner_id
        return bool(emails) or any(
            partner.commercial_partner_id == customer
            or (partner.partner_share and (not addressed or partner in addressed))
            for partner in partners
        )


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _send_mail(self, move, mail_template, **kwargs):
        # EXTENDS 'account'
        move = move.with_context(**{TEMPLATE: mail_template.id})
        return super()._send_mail(move, mail_template, **kwargs)


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


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def send_mail_batch(self, res_ids, **kwargs):
        # EXTENDS 'mail': what scheduled and automated actions send
        template = self
        if self.model == "account.move":
            template = self.with_context(**{TEMPLATE: self.id})
        return super(MailTemplate, template).send_mail_batch(res_ids, **kwargs)
