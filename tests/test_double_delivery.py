"""What other modules bring to a customer: their e-invoice addresses are the defaults,
and a second way of sending beside Ropo is pointed out."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests import Form, tagged

from .common import RopoCommon

METHODS = ("peppol", "snailmail")


@tagged("post_install", "-at_install")
class TestDoubleDelivery(RopoCommon):
    """The warning in Odoo's own Send dialogs, and on the customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.business | cls.consumer).invoice_sending_method = "ropo"
        (cls.business | cls.consumer).email = "example@example.com"

    # --- helpers ---

    @contextmanager
    def every_method(self):
        """Nothing hinders another module from sending: no registration, no network."""
        Send = self.env.registry["account.move.send"]
        applicable = Send._is_applicable_to_move

        def is_applicable(send, method, move, **data):
            return method in METHODS or applicable(send, method, move, **data)

        with (
            patch.object(Send, "_is_applicable_to_move", is_applicable),
            patch.object(Send, "_is_applicable_to_company", lambda *_args: True),
        ):
            yield

    def alerts(self, moves, *methods):
        """Odoo's alerts of a dialog in which these methods are chosen for all."""
        send = self.env(user=self.user)["account.move.send"]
        moves = moves.with_user(self.user)
        data = {move: {"sending_methods": set(methods)} for move in moves}
        for move in moves:
            data[move] |= {"author_user_id": self.user.id, "extra_edis": set()}
            data[move] |= {"invoice_edi_format": False, "mail_attachments_widget": []}
            data[move]["mail_partner_ids"] = move.partner_id
        with self.every_method():
            return send._get_alerts(moves, data)

    def double(self, moves, *methods):
        return self.alerts(moves, *methods).get("ropo_double_delivery")

    def label(self, method):
        field = self.env["res.partner"]._fields["invoice_sending_method"]
        # Peppol's module need not be installed.
        return dict(field._description_selection(self.env)).get(method, method)

    # --- dialogs ---

    def test_another_channel_beside_ropo_is_pointed_out_with_the_invoices(self):
        for method in METHODS:
            invoice = self.create_invoice()
            with self.subTest(method):
                alert = self.double(invoice, "ropo", method)
                action = invoice._get_records_action(name="Delivered Twice")
                # It is of the user who asked.
                action.pop("context"), alert["action"].pop("context")
                self.assertEqual(
                    alert,
                    {
                        "level": "warning",
                        "message": f"{invoice.name}: the customer would get it twice, "
                        f"via Ropo and {self.label(method)}. Choose one of them.",
                        "action_text": "View Invoice(s)",
                        "action": action,
                    },
                )

    def test_each_alone_is_no_double_delivery(self):
        invoice = self.create_invoice()
        for methods in (("ropo",), METHODS, ("ropo", "manual"), ()):
            self.assertIsNone(self.double(invoice, *methods), methods)

    def test_an_email_is_a_copy_unless_ropo_sends_one_too(self):
        invoice = self.create_invoice()
        for sendtype, warns in ((False, False), ("post", False), ("email", True)):
            self.business.ropo_sendtype = sendtype
            alert = self.double(invoice, "ropo", "email")
            self.assertEqual(bool(alert), warns, sendtype)
        self.assertIn(f"via Ropo and {self.label('email')}", alert["message"])

    def test_what_ropo_has_us_print_it_does_not_deliver(self):
        invoice = self.create_invoice()
        self.business.ropo_sendtype = "print"
        self.assertIsNone(self.double(invoice, "ropo", *METHODS))

    def test_of_many_one_click_opens_those_that_go_twice(self):
        printed, *doubles = self.create_invoices(5)
        moves = self.env["account.move"].union(*doubles)
        printed.partner_id.ropo_sendtype = "print"
        alert = self.double(printed | moves, "ropo", "snailmail")
        self.assertEqual(
            alert["message"],
            "4 invoices: the customer would get it twice, via Ropo and "
            f"{self.label('snailmail')}. Choose one of them.",
        )
        self.assertEqual(alert["action"]["domain"], [("id", "in", moves.ids)])

    def test_what_does_not_go_via_ropo_goes_once(self):
        invoice = self.create_invoice()
        self.send(invoice)
        alerts = self.alerts(invoice, "ropo", "snailmail")
        self.assertNotIn("ropo_double_delivery", alerts)

    def test_the_dialog_itself_shows_it_when_the_second_box_is_ticked(self):
        invoice = self.create_invoice().with_user(self.user)
        action = invoice.action_send_and_print()
        with self.every_method():
            dialog = (
                self.env(user=self.user)[action["res_model"]]
                .with_context(**action["context"])
                .create({})
            )
            boxes = dialog.sending_method_checkboxes
            for chosen, warns in (({"ropo"}, False), ({"ropo", "snailmail"}, True)):
                dialog.sending_method_checkboxes = {
                    key: {**box, "checked": key in chosen} for key, box in boxes.items()
                }
                alerts = dialog.alerts or {}
                self.assertEqual("ropo_double_delivery" in alerts, warns)

    def test_a_transmission_method_of_oca_counts_too(self):
        invoice = self.create_invoice()
        for code, name in (("mail", None), ("einvoice", "eInvoice")):
            method = type("Method", (), {"code": code, "name": "eInvoice"})()
            move = type("Move", (), {"_fields": {"transmit_method_id": 1}})()
            move.transmit_method_id = method
            found = self.env["ropo.delivery.rules"]._transmit_methods(move)
            self.assertEqual(found, [name] if name else [])
        self.assertEqual(self.env["ropo.delivery.rules"]._transmit_methods(invoice), [])

    # --- the customer ---

    def test_the_customer_says_what_comes_of_both(self):
        for method, sendtype, warns in (
            ("snailmail", "post", True),
            ("snailmail", False, False),
            ("ropo", "post", False),
            ("email", "evoice", False),
            (False, "post", False),
        ):
            self.business.invoice_sending_method = method
            with Form(self.business.with_user(self.env.user)) as form:
                form.ropo_sendtype = sendtype
                text = form.ropo_double_delivery
            expected = (
                "Odoo sends the invoices of this customer "
                f"{self.label(method)}. What is sent via Ropo as well, the customer "
                "gets twice. “Ropo Delivery” is then for reminders only."
                if warns
                else False
            )
            self.assertEqual(text or False, expected, (method, sendtype))


@tagged("post_install", "-at_install")
class TestFinnishAddresses(RopoCommon):
    """OCA's l10n_fi_edicode has the defaults; what is entered for Ropo overrides."""

    ADDRESS, OPERATOR = "003700000019", "HELSFIHH"

    def other_module(self):
        """What that module would have of each customer."""
        known = self.ADDRESS, self.OPERATOR
        debtor = self.env.registry["ropo.debtor"]
        return patch.object(debtor, "_other_einvoice_address", lambda *_args: known)

    def sent(self, **values):
        """Address and operator as Ropo got them of a customer with these values."""
        self.business.write({"ropo_sendtype": "evoice", **values})
        invoice = self.create_invoice()
        self.send(invoice)
        payload = self.requests_of(invoice).payload or {}
        return payload.get("evoice"), payload.get("evoiceint")

    def test_its_code_and_operator_are_sent_and_ours_override_each(self):
        ours = {"ropo_evoice": "003700000027", "ropo_evoice_operator": "DABAFIHH"}
        with self.other_module():
            self.assertEqual(self.sent(), (self.ADDRESS, self.OPERATOR))
            for name, expected in (
                ("ropo_evoice", ("003700000027", self.OPERATOR)),
                ("ropo_evoice_operator", (self.ADDRESS, "DABAFIHH")),
            ):
                self.business.write({**dict.fromkeys(ours, False)})
                self.assertEqual(self.sent(**{name: ours[name]}), expected)
            self.assertEqual(self.sent(**ours), ("003700000027", "DABAFIHH"))

    def test_a_finnish_code_is_no_peppol_id(self):
        debtor = self.env["ropo.debtor"]
        with self.other_module():
            self.business.ropo_sendtype = "peppol"
            delivery = debtor._delivery(self.business, self.account)
            self.assertNotEqual(delivery.address, self.ADDRESS)

    def test_the_form_shows_them_where_ours_are_to_be_entered(self):
        with self.other_module():
            form = Form(self.business.with_user(self.env.user))
            shown = form.ropo_evoice_default, form.ropo_evoice_operator_default
            self.assertEqual(shown, (self.ADDRESS, self.OPERATOR))

    def test_without_that_module_nothing_is_assumed(self):
        debtor = self.env["ropo.debtor"]
        self.assertEqual(debtor._other_einvoice_address(self.business), ("", ""))
        self.business.ropo_sendtype = "evoice"
        invoice = self.create_invoice()
        self.assertEqual(self.verdicts(invoice, "invoice")[invoice].code, "evoice")
