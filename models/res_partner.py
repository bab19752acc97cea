from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..channels import identifiers
from ..channels.documents import Debtor, Delivery, Place
from .ropo_job import ENDED

DELIVERIES = [
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
# What customers, and colleagues who have nothing to do with invoices, don't see.
READERS = "account.group_account_invoice,account.group_account_readonly"
ID_PREFIX = "ODOO-"


class ResPartner(models.Model):
    _inherit = "res.partner"

    invoice_sending_method = fields.Selection(selection_add=[("ropo", "by Ropo One")])
    ropo_sendtype = fields.Selection(
        DELIVERIES,
        string="Delivery by Ropo",
        help="How Ropo delivers this customer's invoices. Empty: as agreed with Ropo.",
        groups=READERS,
    )
    ropo_evoice = fields.Char(
        string="E-invoice Address",
        help="The address that the customer receives e-invoices at: an OVT code, an "
        "IBAN or a Peppol id.",
        groups=READERS,
    )
    ropo_evoice_operator = fields.Char(
        string="E-invoice Operator",
        help="The code of the operator or bank that forwards the e-invoices.",
        groups=READERS,
    )
    ropo_second_email = fields.Char(
        string="Second E-mail for Invoices",
        help="Invoices that Ropo sends by e-mail go to this address too.",
        groups=READERS,
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
        groups=READERS,
    )
    ropo_no_collection = fields.Boolean(
        string="Never Reminded nor Collected",
        help="Invoices of this customer are never handed over to Ropo.",
        groups=READERS,
    )
    ropo_no_electronic_reminder = fields.Boolean(
        string="Reminders on Paper",
        help="Reminders to this customer go as letters, however his invoices go.",
        groups=READERS,
    )
    ropo_personal_id = fields.Char(
        string="Personal Identity Number",
        groups="ropo_connect.group_ropo_manager",
        copy=False,
        help="Only where Ropo demands one to collect from a private person.",
    )

    # --- onchanges ---

    @api.onchange("ropo_no_collection")
    def _onchange_ropo_no_collection(self):
        if self.ropo_no_collection:
            return self.env["ropo.exemption"]._warning(self._origin)

    # --- CRUD ---

    def write(self, vals):
        # EXTENDS 'base'
        result = super().write(vals)
        if "ropo_no_collection" in vals:
            self.env["ropo.exemption"]._follow_partners(self)
        return result

    def copy_data(self, default=None):
        # EXTENDS: who may not see these may copy a customer all the same
        default = default or {}
        hidden = {
            name: False
            for name, field in self._fields.items()
            if not self._has_field_access(field, "write")
            and name.startswith("ropo_")
            and name not in default
        }
        copies = super().copy_data({**hidden, **default})
        for vals in filter(None, copies):
            for name in hidden:
                vals.pop(name)
        return copies

    # --- actions ---

    def action_ropo_transfer(self):
        """Opens the wizard that hands all overdue invoices of these customers over."""
        Move = self.env["account.move"]
        moves = Move.search(
            Domain("company_id", "in", self.env.companies.ids)
            & Domain("commercial_partner_id", "in", self.commercial_partner_id.ids)
            & self.env["ropo.transfer.rules"]._overdue_domain()
        )
        if not moves:
            raise UserError(
                self.env._(
                    "%(partners)s: no invoice is overdue that Ropo does not chase "
                    "already.",
                    partners=", ".join(self.mapped("display_name")[:5]),
                )
            )
        return moves.action_ropo_transfer()

    # --- helpers ---

    def _ropo_reference(self):
        """The customer number by which Ropo and we mean the same debtor.

        An id has a prefix, so that it is never somebody else's reference.
        """
        self.ensure_one()
        return self._ropo_own_reference() or f"{ID_PREFIX}{self.id}"

    def _ropo_own_reference(self):
        """The reference that was entered, if it can serve as a customer number."""
        reference = self.ref or ""
        return "" if reference.startswith(ID_PREFIX) else reference

    def _ropo_holders(self):
        """Who else is known by the references of these: `{reference: [(customer,
        company)]}`, by the references of today and by those that cases were sent
        with; without a company where all companies share the customer."""
        found = defaultdict(list)
        references = [p.ref for p in self if p._ropo_own_reference()]
        if not references:
            return found
        for partner in self.sudo().search([("ref", "in", references)]):
            if partner == partner.commercial_partner_id:
                found[partner.ref].append((partner, partner.company_id))
        cases = (
            self.env["ropo.job"]
            .sudo()
            ._read_group(
                [
                    ("debtor_reference", "in", references),
                    ("released", "=", False),
                    ("stage", "not in", ENDED),
                ],
                ["debtor_reference", "partner_id", "company_id"],
            )
        )
        for reference, partner, company in cases:
            found[reference].append((partner, company))
        return found

    def _ropo_registration_number(self):
        """The business id, which the VAT number tells where it was not entered."""
        country = self.country_id.code
        return self.company_registry or identifiers.business_id_of_vat(
            country, self.vat or ""
        )

    def _ropo_person_number(self):
        """The number by which the law knows a private person, where it was entered.

        Users may claim from a person whose number only managers see.
        """
        return "" if self.is_company else (self.sudo().ropo_personal_id or "").strip()

    def _ropo_country_name(self, sender):
        """The country as a letter abroad has to say it; empty in the sender's own."""
        country = self.country_id
        return "" if country == sender.country_id else country.name or ""

    def _ropo_debtor(self, sender):
        """The `Debtor` at this (invoice) address; his company is who owes.

        :param sender: the company whose invoice it is
        """
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
            registration_number=owner.is_company
            and owner._ropo_registration_number()
            or "",
            vat=owner.vat or "",
            email=self.email or owner.email or "",
            phone=self.phone or owner.phone or "",
            contact_name=self.name if is_contact else "",
            contact_title=self.function or "" if is_contact else "",
            second_email=owner.ropo_second_email or "",
            country_name=self._ropo_country_name(sender),
            registered_in=owner.is_company and owner.country_id.code or "",
        )

    def _ropo_place(self, sender):
        """The `Place` that goods are delivered to at this address."""
        self.ensure_one()
        owner = self.commercial_partner_id
        is_contact = self != owner and self.name and not self.is_company
        return Place(
            name=owner.name or "",
            is_company=owner.is_company,
            street=self.street or "",
            street2=self.street2 or "",
            zip=self.zip or "",
            city=self.city or "",
            country=self.country_id.code or "",
            country_name=self._ropo_country_name(sender),
            contact_name=self.name if is_contact else "",
            email=self.email or "",
            phone=self.phone or "",
        )

    def _ropo_delivery(self, account, reminder=False, wanted=None):
        """The `Delivery` of this customer's invoices, or of his reminders.

        :param wanted: how the reminder is to go, instead of as his invoices go: a
            `claim_sendtype`

        A reminder can't go to a consumer's bank that does not know the account's
        invoicing subject: it goes as a letter.
        """
        self.ensure_one()
        owner = self.commercial_partner_id
        if reminder and owner.ropo_no_electronic_reminder:
            return Delivery(method="post")
        if wanted == "einvoice":
            wanted = "evoice" if owner.is_company else "b2c"
        can = account._channel().capabilities
        wishes = (wanted, owner.ropo_sendtype, account.default_sendtype)
        chosen = next((wish for wish in wishes if wish in can.deliveries), "")
        known = can.reminder_deliveries if reminder else can.invoice_deliveries
        method = known.get(chosen, chosen)
        subject = account.einvoice_subject or "" if chosen == "b2c" else ""
        if method == "b2c" and not subject:
            return Delivery(method="post")
        fallback = "" if reminder else account.fallback_sendtype or ""
        if method not in ELECTRONIC_ADDRESS and method != "peppol":
            return Delivery(method=method, fallback=fallback)
        return Delivery(
            method=method,
            address=owner._ropo_electronic_address(method),
            operator=(owner.ropo_evoice_operator or "").replace(" ", ""),
            subject=subject,
            fallback=fallback,
        )

    def _ropo_electronic_address(self, method):
        """The e-invoice address that was entered, else the Peppol id that Odoo has.

        Assumption: Ropo takes a Peppol id as `evoice`, with its scheme: 0216:0037…
        """
        # Of account_edi_ubl_cii, which may not be installed.
        if self.ropo_evoice or method != "peppol" or "peppol_eas" not in self._fields:
            return (self.ropo_evoice or "").replace(" ", "")
        if not self.peppol_eas or not self.peppol_endpoint:
            return ""
        return f"{self.peppol_eas}:{self.peppol_endpoint}"
