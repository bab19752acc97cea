from collections import defaultdict

from odoo import api, models

from ..channels import identifiers
from ..channels.documents import Debtor, Delivery, Place
from ..models.ropo_job import ENDED

ELECTRONIC_ADDRESS = ("evoice", "evoicenet", "evoicesm", "b2c")


class RopoDebtor(models.AbstractModel):
    """Who owes an invoice, where it is delivered to, and how."""

    _name = "ropo.debtor"
    _description = "Debtors for Ropo"

    # --- who and where ---

    @api.model
    def _debtor(self, partner, sender):
        """The `Debtor` at this (invoice) address; its company is who owes.

        :param sender: the company whose invoice it is
        """
        partner.ensure_one()
        owner = partner.commercial_partner_id
        address = self._address(partner, sender)
        return Debtor(
            **address,
            language=owner.ropo_language or partner.lang or "",
            reference=owner._ropo_reference(),
            registration_number=self._registration_number(owner)
            if owner.is_company
            else "",
            vat=owner.vat or "",
            email=partner.email or owner.email or "",
            phone=partner.phone or owner.phone or "",
            contact_title=address["contact_name"] and partner.function or "",
            second_email=owner.ropo_second_email or "",
            registered_in=owner.is_company and owner.country_id.code or "",
        )

    @api.model
    def _co_debtor(self, partner, sender):
        """The `Debtor` that this contact itself is, whatever company it belongs to."""
        partner.ensure_one()
        number = self._person_number(partner)
        if partner.is_company:
            number = self._registration_number(partner)
        return Debtor(
            name=partner.name or "",
            is_company=partner.is_company,
            street=partner.street or "",
            street2=partner.street2 or "",
            zip=partner.zip or "",
            city=partner.city or "",
            country=partner.country_id.code or "",
            country_name=self._country_name(partner, sender),
            language=partner.ropo_language or partner.lang or "",
            registration_number=number,
            vat=partner.vat or "",
            email=partner.email or "",
            phone=partner.phone or "",
        )

    @api.model
    def _place(self, partner, sender):
        """The `Place` that goods are delivered to at this address."""
        partner.ensure_one()
        return Place(
            **self._address(partner, sender),
            email=partner.email or "",
            phone=partner.phone or "",
        )

    def _address(self, partner, sender):
        """What a debtor and a place of delivery have in common."""
        owner = partner.commercial_partner_id
        is_contact = partner != owner and partner.name and not partner.is_company
        return {
            "name": owner.name or "",
            "is_company": owner.is_company,
            "street": partner.street or "",
            "street2": partner.street2 or "",
            "zip": partner.zip or "",
            "city": partner.city or "",
            "country": partner.country_id.code or "",
            "country_name": self._country_name(partner, sender),
            "contact_name": partner.name if is_contact else "",
        }

    @staticmethod
    def _country_name(partner, sender):
        """The country, as a letter abroad needs it; empty in the sender's own."""
        country = partner.country_id
        return "" if country == sender.country_id else country.name or ""

    @api.model
    def _registration_number(self, partner):
        """The business id; where it was not entered, the one in the VAT number."""
        country = partner.country_id.code
        return partner.company_registry or identifiers.business_id_of_vat(
            country, partner.vat or ""
        )

    @api.model
    def _person_number(self, partner):
        """The number by which the law knows a private person, where it was entered.

        Users may claim from a person whose number only managers see.
        """
        if partner.is_company:
            return ""
        return (partner.sudo().ropo_personal_id or "").strip()

    # --- how it is delivered ---

    @api.model
    def _delivery(self, partner, account, reminder=False, wanted=None):
        """The `Delivery` of this customer's invoices or reminders.

        :param wanted: how the reminder is to go, instead of as the invoices: a
            `claim_sendtype`

        A reminder can't go to a consumer's bank that does not know the account's
        invoicing subject: it goes as a letter.
        """
        partner.ensure_one()
        owner = partner.commercial_partner_id
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
            address=self._electronic_address(owner, method),
            operator=self._electronic_operator(owner),
            subject=subject,
            fallback=fallback,
        )

    @api.model
    def _delivery_text(self, *args, **kwargs):
        """How it is delivered, as a person reads it; arguments as for `_delivery()`."""
        method = self._delivery(*args, **kwargs).method
        field = self.env["res.partner"]._fields["ropo_sendtype"]
        labels = dict(field._description_selection(self.env))
        return labels.get(method) or self.env._("As agreed with Ropo")

    def _electronic_address(self, partner, method):
        """The e-invoice address that was entered, else the one that another module
        has: for Peppol the Peppol id, for the others the code of Finnish e-invoices.

        Assumption: Ropo takes a Peppol id as `evoice`, with its scheme: 0216:0037…
        """
        entered = (partner.ropo_evoice or "").replace(" ", "")
        if entered:
            return entered
        if method != "peppol":
            return self._other_einvoice_address(partner)[0]
        # Of account_edi_ubl_cii, which may not be installed.
        if "peppol_eas" not in partner._fields:
            return ""
        if not partner.peppol_eas or not partner.peppol_endpoint:
            return ""
        return f"{partner.peppol_eas}:{partner.peppol_endpoint}"

    def _electronic_operator(self, partner):
        entered = (partner.ropo_evoice_operator or "").replace(" ", "")
        return entered or self._other_einvoice_address(partner)[1]

    @api.model
    def _other_einvoice_address(self, partner):
        """`(address, operator)` that OCA's l10n_fi_edicode has of this customer; both
        "" where it is not installed, or where nothing was entered there."""
        if not {"edicode", "einvoice_operator_id"} <= partner._fields.keys():
            return "", ""
        owner = partner.commercial_partner_id
        # Users of invoices may not be let at the list of operators.
        operator = owner.sudo().einvoice_operator_id.identifier
        return tuple(
            (text or "").replace(" ", "") for text in (owner.edicode, operator)
        )

    # --- customer numbers ---

    @api.model
    def _holders(self, partners):
        """Who else is known by the references of these: `{reference: [(customer,
        company)]}`, by the references of today and by those that cases were sent
        with; without a company where all companies share the customer."""
        found = defaultdict(list)
        references = [p.ref for p in partners if p._ropo_own_reference()]
        if not references:
            return found
        for partner in partners.sudo().search([("ref", "in", references)]):
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
