import logging

from odoo import api, fields, models

_logger = logging.getLogger(__name__)


class RopoOwnReminder(models.AbstractModel):
    """The date of one's own reminder, noted when Odoo has sent one.

    Odoo Community has no reminders of its own, so it is the account that knows which
    e-mail templates are reminders. Whatever sends otherwise (other apps, rules,
    scripts) calls `action_ropo_set_reminded` of the invoices.
    """

    _name = "ropo.own.reminder"
    _description = "Reminder E-mail Templates"

    # --- the date ---

    @api.model
    def _note(self, moves, date):
        moves.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice"
        ).ropo_notice_date = date

    @api.model
    def _note_today(self, moves):
        """Customers were reminded of these today: their company's day."""
        for company, own in moves.grouped("company_id").items():
            time_zone = company.partner_id.tz or self.env.context.get("tz")
            there = own.with_context(tz=time_zone)
            self._note(own, fields.Date.context_today(there))

    # --- mails ---

    @api.model
    def _mark(self, messages, template_id):
        """Keeps which of these are reminders, as the accounts have it now.

        :param template_id: the e-mail template that they are made from
        """
        written = messages.filtered(
            lambda message: (
                message.model == "account.move"
                and message.message_type != "notification"
            )
        )
        for message in written:
            move = self.env["account.move"].browse(message.res_id).sudo()
            templates = move.ropo_account_id.reminder_template_ids
            message.ropo_is_reminder = template_id in templates.ids

    @api.model
    def _note_sent(self, mail, partners, emails):
        """Notes the day on the invoice when the mail went to its customer.

        :param partners: the contacts to whom it was sent
        :param emails: the addresses of no contact to which it was sent
        """
        move = mail.env["account.move"].browse(mail.res_id).exists()
        if move and self._reached_customer(mail, move, partners, emails):
            self._note_while_sending(move, self._note_today, move)

    def _note_while_sending(self, moves, note, *args):
        """`note(*args)` while a mail is being sent, which must not fail.

        Also when somebody changes an invoice at this moment: what is raised here would
        make Odoo send the mail again. Without the date the invoice waits.
        """
        try:
            with self.env.cr.savepoint():
                note(*args)
        except Exception:
            _logger.exception("%s: the date of the reminder is not noted", moves)
            moves.invalidate_recordset(["ropo_notice_date"], flush=False)

    @staticmethod
    def _reached_customer(mail, move, partners, emails):
        """Whether it went to the customer or to whom it was addressed: our own people
        follow the invoice and get it too."""
        addressed = mail.mail_message_id.partner_ids
        customer = move.commercial_partner_id
        return bool(emails) or any(
            partner.commercial_partner_id == customer
            or (partner.partner_share and (not addressed or partner in addressed))
            for partner in partners
        )
