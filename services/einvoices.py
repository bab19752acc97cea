from odoo import models
from odoo.exceptions import UserError

# What Odoo calls a format of e-invoices, and what a channel's capabilities do. Finvoice
# is of account_edi_finvoice, where that is installed.
FORMATS = {"ubl_bis3": "peppol_bis3", "finvoice": "finvoice3"}
USUAL = "ubl_bis3"
MOST_ERRORS = 5  # that one sentence names


class RopoEinvoices(models.AbstractModel):
    """The electronic invoice that Odoo itself makes, for channels that deliver it."""

    _name = "ropo.einvoices"
    _description = "E-invoices for Ropo"

    def _keep(self, request):
        """Keeps the file with what is to be sent, made once: whatever becomes of the
        invoice, a second attempt sends the same.

        Raises `UserError` when Odoo can't make it.
        """
        formats = request.account_id._channel().capabilities.einvoice_formats
        if not formats or request.einvoice_id:
            return
        move = request.move_id
        wanted = self._format(move.commercial_partner_id, formats)
        builder = self._builder(move.commercial_partner_id, wanted)
        content, errors = builder._export_invoice(move)
        if errors:
            raise UserError(
                self.env._(
                    "Odoo can't make the e-invoice: %(errors)s",
                    errors=" ".join(sorted(map(str, errors))[:MOST_ERRORS]),
                )
            )
        request.einvoice_format = FORMATS[wanted]
        request.einvoice_id = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": builder._export_invoice_filename(move),
                    "raw": content,
                    "mimetype": "application/xml",
                    "res_model": request._name,
                    "res_id": request.id,
                }
            )
        )

    @staticmethod
    def _format(partner, formats):
        """The customer's format where the channel delivers it, else the usual one."""
        fields = partner._fields
        own = partner.invoice_edi_format if "invoice_edi_format" in fields else ""
        return own if FORMATS.get(own) in formats else USUAL

    def _builder(self, partner, wanted):
        """What makes a file of this format in Odoo."""
        builder = None
        if hasattr(partner, "_get_edi_builder"):
            builder = partner._get_edi_builder(wanted)
        if builder is None:
            raise UserError(
                self.env._(
                    "Odoo can't make e-invoices here. Install the module "
                    "“Import/Export electronic invoices with UBL/CII”."
                )
            )
        return builder
