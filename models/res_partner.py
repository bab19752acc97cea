from odoo import fields, models

from ..channels.documents import Debtor, Delivery

SENDTYPES = [
    ("post", "Letter"),
    ("email", "E-mail"),
    ("evoice", "E-invoice"),
    ("evoicenet", "E-invoice, printed when it can't be delivered"),
    ("evoicesm", "E-invoice by its service message"),
    ("peppol", "Peppol"),
    ("b2c", "E-invoice to a consumer's bank"),
    ("print", "Printed by ourselves"),
]
ELECTRONIC_ADDRESS = ("evoice", "evoicenet", "evoicesm", "b2c")
# Not every delivery is known for every document (guides: Invoice, Reminder).
DELIVERY_OF_INVOICE = {"b2c": "evoice"}
DELIVERY_OF_REMINDER = {"evoicenet": "evoice", "evoicesm": "evoice", "peppol": "post"}


class ResPartner(models.Model):
    _inherit = "res.partner"

    ropo_sendtype = fields.Selection(
        SENDTYPES,
        string="Delivery by Ropo",
        help="How Ropo delivers this customer's invoices. Empty: as agreed with Ropo.",
    )
    ropo_evoice = fields.Char(
        string="E-invoice Address",
        help="The address that the customer receives e-invoices at: an OVT code, an "
        "IBAN or a Peppol id.",
    )
    ropo_evoice_operator = fields.Char(
        string="E-invoice Operator",
        help="The code of the operator or bank that forwards the e-invoices.",
    )
    ropo_language = fields.Selection(
        [
            ("fi", "Finnish"),
            ("sv", "Swedish"),
            ("nb", "Norwegian"),
            ("en", "English"),
            ("et", "Estonian"),
        ],
        string="Language at Ropo",
        help="The language of Ropo's letters. Empty: the customer's language.",
    )
    ropo_no_collection = fields.Boolean(
        string="Never Reminded nor Collected",
        help="Invoices of this customer are never handed over to Ropo.",
    )
    ropo_no_electronic_reminder = fields.Boolean(
        string="Reminders on Paper",
        help="Reminders to this customer go as letters, however his invoices go.",
    )
    ropo_personal_id = fields.Char(
        string="Personal Identity Number",
        groups="ropo_connect.group_ropo_manager",
        copy=False,
        help="Only where Ropo demands one to collect from a private person.",
    )

    # --- helpers ---

    def _ropo_reference(self):
        """The customer number by which Ropo and we mean the same debtor."""
        self.ensure_one()
        return self.ref or str(self.id)

    def _ropo_debtor(self):
        """The `Debtor` at this (invoice) address; his company is who owes."""
        self.ensure_one()
        owner = self.commercial_partner_id
        is_contact = self != owner and self.name and not self.is_company
        return Debtor(
            name=owner.name or "",
            is_company=owner.is_company,
            street=self.street or "",
            street2=self.street2 or "",
            zip=self.zip or "",
            city=self.city or "",
            country=self.country_id.code or "",
            language=owner.ropo_language or self.lang or "",
            reference=owner._ropo_reference(),
            registration_number=owner.is_company and owner.company_registry or "",
            vat=owner.vat or "",
            email=self.email or owner.email or "",
            phone=self.phone or owner.phone or "",
            contact_name=self.name if is_contact else "",
        )

    def _ropo_delivery(self, reminder=False, subject=""):
        """The `Delivery` of this customer's invoices, or of his reminders.

        :param subject: by which consumers' banks know the sender's e-invoices; without
            it a reminder can't go to a bank, and goes as a letter
        """
        self.ensure_one()
        owner = self.commercial_partner_id
        if reminder and owner.ropo_no_electronic_reminder:
            return Delivery(method="post")
        known = DELIVERY_OF_REMINDER if reminder else DELIVERY_OF_INVOICE
        method = known.get(owner.ropo_sendtype, owner.ropo_sendtype or "")
        if method == "b2c" and not subject:
            return Delivery(method="post")
        if method not in ELECTRONIC_ADDRESS and method != "peppol":
            return Delivery(method=method)
        return Delivery(
            method=method,
            address=owner.ropo_evoice or "",
            operator=owner.ropo_evoice_operator or "",
            subject=subject if method == "b2c" else "",
        )
