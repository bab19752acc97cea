from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import human_size

from .account_move_verdict import Verdict
from .res_partner import READERS


class AccountMove(models.Model):
    """Which files travel with an invoice."""

    _inherit = "account.move"

    ropo_preview_id = fields.Many2one(
        "ir.attachment",
        string="Ropo's Preview",
        readonly=True,
        copy=False,
        groups=READERS,
    )

    def _ropo_files(self):
        """The files attached to each that Ropo takes: `{move: attachments}`.

        Neither what Odoo or Ropo made of the invoice, nor the same content twice.
        """
        made = self.sudo().ropo_job_ids.document_id | self.sudo().ropo_preview_id
        found = self.env["ir.attachment"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("res_field", "=", False),
                ("type", "=", "binary"),
                ("id", "not in", made.ids),
            ],
            order="id",
        )
        groups = found.grouped("res_id")
        none = self.env["ir.attachment"]
        return {move: move._ropo_takes(groups.get(move.id, none)) for move in self}

    def _ropo_takes(self, files):
        """Those of these files that Ropo takes with this invoice, each content once."""
        method = self.partner_id._ropo_delivery(self.ropo_account_id).method
        is_company = self.commercial_partner_id.is_company
        proforma = self._get_invoice_proforma_pdf_report_filename() if files else ""
        rules = self.ropo_account_id._channel().capabilities.files
        contents = {}
        for file in files:
            takes = rules.may_travel(file.name, method, is_company)
            if takes and file.name != proforma:
                contents.setdefault(file.checksum, file)
        return files.browse().union(*contents.values())

    def _ropo_default_files(self):
        """The files that go along where nobody chose: `{move: attachments}`."""
        wanted = self.filtered("ropo_account_id.send_attachments")
        return wanted._ropo_files() if wanted else {}

    def _ropo_files_verdict(self, files, image=None, account=None):
        """Whether these files may go along, when nothing else is wrong.

        :param image: the PDF that Ropo is to show as the invoice, if it is made
        :param account: the account that it goes through, if not its own of today
        """
        account = account or self.ropo_account_id
        delivery = self.partner_id._ropo_delivery(account)
        own_size = image.file_size if image else None
        room = account._channel().capabilities.files.room(delivery.method, own_size)
        size = sum(files.mapped("file_size"))
        if size <= room:
            return Verdict()
        text = self.env._(
            "Its attachments have %(size)s. The way it is delivered, at most %(room)s "
            "can go along. Leave some out, or send it as a letter.",
            size=human_size(size),
            room=human_size(max(room, 0)),
        )
        return Verdict("files", text, self)

    def _ropo_own_pdf(self):
        """The PDF that Odoo makes of this invoice, made now if it was not before.

        Raises `UserError` when it can't be had.
        """
        self.ensure_one()
        if not self.invoice_pdf_report_id:
            self.env["account.move.send"]._generate_and_send_invoices(
                self,
                sending_methods=["manual"],
                extra_edis={},
                invoice_edi_format=False,
            )
        pdf = self.invoice_pdf_report_id
        if not (pdf.raw or b"").startswith(b"%PDF-"):
            raise UserError(
                self.env._(
                    "Odoo can't make the PDF of this invoice, which Ropo is to show. "
                    "Print it to see why, or clear “Show Odoo's Own PDF” on the Ropo "
                    "account."
                )
            )
        return pdf
