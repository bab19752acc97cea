from odoo import fields, models

from ..channels.documents import Attachment, EInvoice


class RopoRequest(models.Model):
    """The files that are kept with what is to be sent."""

    _inherit = "ropo.request"

    einvoice_id = fields.Many2one(
        "ir.attachment",
        string="E-invoice",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The electronic invoice that Odoo made, as it was sent.",
    )
    einvoice_format = fields.Char(readonly=True, copy=False)

    def _keep_files(self, files):
        """Keeps these with what is to be sent, as they are now: whatever becomes of
        the invoice's own files does not change what was sent."""
        for file in files.sudo():
            file.copy({"res_model": self._name, "res_id": self.id})
            # Not the contents of all of them in memory at once.
            file.invalidate_recordset(["raw", "datas"])

    def _files(self):
        """What goes along, in the order in which it is sent."""
        if not self.has_attachments:
            return self.env["ir.attachment"]
        own = self.image_id | self.einvoice_id
        return (self.attachment_ids - own).sorted("id")

    def _einvoice(self):
        """The `EInvoice` that is kept with it, or None."""
        file = self.einvoice_id
        if not file:
            return None
        return EInvoice(self.einvoice_format, Attachment(file.name, file.checksum))
