from odoo import api, models

from ..channels import identifiers
from .debtors import ELECTRONIC_ADDRESS
from .verdict import Verdict

OWN_METHOD = "ropo"  # among Odoo's sending methods
# Codes of OCA's account_invoice_transmit_method for what sends nothing by itself.
BY_HAND = ("mail", "post", "portal")


class RopoDeliveryRules(models.AbstractModel):
    """Whether a customer has what Ropo needs to deliver to it."""

    _name = "ropo.delivery.rules"
    _description = "Rules of Delivery"

    @api.model
    def _verdict(self, move, account, is_transfer, wanted=None):
        """:param wanted: how the reminder is to go, if not as the invoices"""
        partner = move.partner_id
        labels = {
            "street": self.env._("street"),
            "zip": self.env._("postcode"),
            "city": self.env._("city"),
        }
        if partner.country_id and not partner.country_id.zip_required:
            del labels["zip"]
        missing = [label for name, label in labels.items() if not partner[name]]
        if not move.commercial_partner_id.name:
            missing.insert(0, self.env._("name"))
        if missing:
            text = self.env._(
                "%(partner)s has no %(missing)s. Complete the address.",
                partner=partner.display_name or self.env._("The customer"),
                missing=", ".join(missing),
            )
            return Verdict("address", text, partner)
        return self._identity_verdict(move) or self._delivery_verdict(
            move, account, is_transfer, wanted
        )

    def _identity_verdict(self, move):
        """What is wrong with the business id, by which Ropo knows a company."""
        owner = move.commercial_partner_id
        number = owner.is_company and owner.company_registry
        country = owner.country_id.code
        if not number or identifiers.is_business_id(country, number):
            return None
        text = self.env._(
            "“%(number)s” is no business id of %(country)s. Correct the company id of "
            "%(partner)s.",
            number=number,
            country=owner.country_id.name,
            partner=owner.display_name,
        )
        return Verdict("business_id", text, owner)

    def _delivery_verdict(self, move, account, is_transfer, wanted):
        """Whether the way of delivery has what it needs to find the customer."""
        owner = move.commercial_partner_id
        delivery = self.env["ropo.debtor"]._delivery(
            move.partner_id, account, is_transfer, wanted
        )
        if delivery.method == "email" and not (move.partner_id.email or owner.email):
            text = self.env._(
                "%(partner)s is to get it by e-mail and has no address. Enter one, or "
                "choose another delivery.",
                partner=owner.display_name,
            )
            return Verdict("email", text, owner)
        incomplete = not delivery.address or not delivery.operator
        if delivery.method in ELECTRONIC_ADDRESS and incomplete:
            text = self.env._(
                "%(partner)s is to get an e-invoice and has no e-invoice address or "
                "operator. Enter both, or choose another delivery.",
                partner=owner.display_name,
            )
            return Verdict("evoice", text, owner)
        if delivery.method == "peppol" and not delivery.address:
            text = self.env._(
                "%(partner)s is to get it by Peppol and has no Peppol id. Enter it as "
                "the e-invoice address, or choose another delivery.",
                partner=owner.display_name,
            )
            return Verdict("evoice", text, owner)
        return self._electronic_verdict(move, delivery)

    def _electronic_verdict(self, move, delivery):
        """Whether e-invoice address and operator have the form that they must have."""
        owner = move.commercial_partner_id
        wrong = delivery.faults()
        if not wrong:
            return Verdict()
        text = self.env._(
            "“%(wrong)s” can't be where %(partner)s receives e-invoices: an OVT code "
            "is 0037 and the business id, an IBAN has its check digits, a Peppol id a "
            "scheme such as 0216: before it. Correct the address or the operator.",
            wrong=wrong[0],
            partner=owner.display_name,
        )
        return Verdict("evoice", text, owner)

    @api.model
    def _double_deliveries(self, move, methods):
        """What else brings the customer this invoice, or credit note, when it goes via
        Ropo: the names, as users know them.

        An e-mail beside Ropo's letter or e-invoice is a usual copy; beside Ropo's
        e-mail it is the same once more. What Ropo has us print it does not deliver.

        :param methods: the sending methods of Odoo that are chosen for it
        """
        if OWN_METHOD not in methods:
            return []
        partner, account = move.partner_id, move.ropo_account_id
        delivery = self.env["ropo.debtor"]._delivery(partner, account).method
        if delivery == "print":
            return []
        copies = ("manual",) if delivery == "email" else ("manual", "email")
        others = sorted({*methods} - {OWN_METHOD, *copies})
        return [*map(self._method_label, others), *self._transmit_methods(move)]

    @staticmethod
    def _transmit_methods(move):
        """The name of the transmission method by which another module sends it, such
        as OCA's Apix connector, where there is one."""
        if "transmit_method_id" not in move._fields:
            return []
        method = move.transmit_method_id
        return [method.name] if method and method.code not in BY_HAND else []

    def _method_label(self, method):
        field = self.env["res.partner"]._fields["invoice_sending_method"]
        return dict(field._description_selection(self.env)).get(method, method)

    @api.model
    def _double_delivery_text(self, partner):
        """What to know where a customer has a delivery of Ropo's and another sending
        method; False where that is no danger."""
        method = partner.invoice_sending_method
        usual = (False, "manual", "email", OWN_METHOD)
        if not partner.ropo_sendtype or method in usual:
            return False
        return self.env._(
            "Odoo sends the invoices of this customer %(method)s. What is sent via "
            "Ropo as well, the customer gets twice. “Ropo Delivery” is then for "
            "reminders only.",
            method=self._method_label(method),
        )

    @api.model
    def _check_numbers(self, verdicts):
        """Holds back those whose customer shares its number at Ropo with another one:
        for Ropo both would be one debtor. Not credit notes, which ask for nothing."""
        ready = self.env["account.move"].union(
            *(move for move, verdict in verdicts.items() if not verdict.code)
        )
        holders = self.env["ropo.debtor"]._holders(ready.commercial_partner_id)
        for move in ready:
            owner, root = move.commercial_partner_id, move.company_id.root_id
            others = [
                partner
                for partner, company in holders.get(owner.ref, ())
                if partner != owner and (not company or company.root_id == root)
            ]
            if others:
                text = self.env._(
                    "%(partner)s and %(other)s have the same customer number "
                    "%(number)s at Ropo, which takes them for one debtor. Give one of "
                    "them another reference.",
                    partner=owner.display_name,
                    other=others[0].display_name,
                    number=owner.ref,
                )
                verdicts[move] = Verdict("customer_number", text, owner)
