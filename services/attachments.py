from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import human_size

from .verdict import Verdict


class RopoAttachments(models.AbstractModel):
    """Which files go along with an invoice."""

    _name = "ropo.attachments"
    _description = "Attachments for Ropo"

    @api.model
    def _files(self, moves):
        """The files attached to each that Ropo takes: `{move: attachments}`.

        Neither what Odoo or Ropo made of the invoice, nor the same content twice.
        """
        made = moves.sudo().ropo_job_ids.document_id | moves.sudo().ropo_preview_id
        found = self.env["ir.attachment"].search(
            [
                ("res_model", "=", moves._name),
                ("res_id", "in", moves.ids),
                ("res_field", "=", False),
                ("type", "=", "binary"),
                ("id", "not in", made.ids),
            ],
            order="id",
        )
        groups = found.grouped("res_id")
        none = self.env["ir.attachment"]
        return {move: self._takes(move, groups.get(move.id, none)) for move in moves}

    @api.model
    def _takes(self, move, files):
        """Those of these files that Ropo takes with this invoice, each content once."""
        delivery = self._delivery(move, move.ropo_account_id)
        is_company = move.commercial_partner_id.is_company
        proforma = move._get_invoice_proforma_pdf_report_filename() if files else ""
        rules = move.ropo_account_id._channel().capabilities.files
        contents = {}
        for file in files:
            takes = rules.may_travel(file.name, delivery.method, is_company)
            if takes and file.name != proforma:
                contents.setdefault(file.checksum, file)
        return files.browse().union(*contents.values())

    def _delivery(self, move, account):
        return self.env["ropo.debtor"]._delivery(move.partner_id, account)

    @api.model
    def _default_files(self, moves):
        """The files that go along where nobody chose: `{move: attachments}`."""
        wanted = moves.filtered("ropo_account_id.send_attachments")
        return self._files(wanted) if wanted else {}

    @api.model
    def _verdict(self, move, files, image=None, account=None):
        """Whether these files may go along, when nothing else is wrong.

        :param image: the PDF that Ropo is to show as the invoice, if it is made
        :param account: the account that it goes through, if not its own of today
        """
        account = account or move.ropo_account_id
        delivery = self._delivery(move, account)
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
        return Verdict("files", text, move)

    @api.model
    def _own_pdf(self, move):
        """The PDF that Odoo makes of this invoice, made now if it was not before.

        Raises `UserError` when it can't be had.
        """
        move.ensure_one()
        if not move.invoice_pdf_report_id:
            move.env["account.move.send"]._generate_and_send_invoices(
                move,
                sending_methods=["manual"],
                extra_edis={},
                invoice_edi_format=False,
            )
        pdf = move.invoice_pdf_report_id
        if not (pdf.raw or b"").startswith(b"%PDF-"):
            raise UserError(
                self.env._(
                    "Odoo can't make the PDF of this invoice, which Ropo is to "
                    "show. Print it to see why, or clear “Use Odoo's PDF” on the "
                    "Ropo account."
                )
            )
        return pdf
