"""OCA's l10n_fi_edicode, really installed: its code and operator are the defaults."""

from odoo.tests import tagged

from odoo.addons.ropo_connect.tests.common import RopoCommon


@tagged("post_install", "-at_install")
class TestFinnishAddress(RopoCommon):
    ADDRESS, OPERATOR = "003700000019", "HELSFIHH"

    def test_its_code_and_operator_are_sent_and_ours_override_them(self):
        operator = self.env["res.partner.operator.einvoice"].search(
            [("identifier", "=", self.OPERATOR)]
        )
        self.business.write(
            {"edicode": "0037 0000 0019", "einvoice_operator_id": operator.id}
        )
        self.business.ropo_sendtype = "evoice"
        self.assertEqual(self.sent(), (self.ADDRESS, self.OPERATOR))
        # Of a contact, the company's own counts.
        contact = self._create_partner("Contact", parent_id=self.business.id)
        debtor = self.env(user=self.user)["ropo.debtor"]
        self.assertEqual(
            debtor._other_einvoice_address(contact), (self.ADDRESS, self.OPERATOR)
        )
        self.business.write(
            {"ropo_evoice": "003700000027", "ropo_evoice_operator": "DABAFIHH"}
        )
        self.assertEqual(self.sent(), ("003700000027", "DABAFIHH"))
        # Many customers need no query each.
        partners = self.create_invoices(6).partner_id
        debtors = partners.browse(partners.ids)
        debtors.write({"edicode": "1", "einvoice_operator_id": operator.id})
        few = self.queries(lambda: list(map(self.address, debtors[:2])))
        self.assertEqual(self.queries(lambda: list(map(self.address, debtors))), few)

    def sent(self):
        """Address and operator as Ropo got them."""
        invoice = self.create_invoice()
        self.send(invoice)
        payload = self.requests_of(invoice).payload
        return payload["evoice"], payload["evoiceint"]

    def address(self, partner):
        return self.env["ropo.debtor"]._other_einvoice_address(partner)
