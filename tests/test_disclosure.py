"""What a customer may get of what Ropo was sent about it, and nothing of others."""

import json

from lxml import html

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import format_date

from .common import RopoCommon
from .maventa import MaventaCommon

NUMBER = "131052-308T"
EVIL = "<img src=x onerror=alert(1)>"


class DisclosureCommon:
    def document(self, partner, user=None, companies=None):
        disclosure = self.env["ropo.disclosure"].with_user(user or self.manager)
        if companies:
            disclosure = disclosure.with_context(allowed_company_ids=companies.ids)
        return disclosure._document(partner.with_env(disclosure.env))

    def page(self, partner, user=None):
        """The text of the printed one."""
        report = self.env["ir.actions.report"].with_user(user or self.manager)
        content, _kind = report._render_qweb_html(
            "ropo_connect.report_disclosure", partner.ids
        )
        tree = html.fromstring(content)
        self.assertFalse(tree.xpath("//img[@onerror]"))
        return " ".join(tree.text_content().split())

    def contact(self, **values):
        return {
            "name": "Esimerkki Asiakas",
            "is_company": False,
            "street": "Esimerkkikatu 1",
            "street2": "",
            "zip": "00100",
            "city": "Helsinki",
            "country": "FI",
            "email": "",
            "phone": "",
            "language": "en_US",
            "function": "",
            **values,
        }


@tagged("post_install", "-at_install")
class TestDisclosure(DisclosureCommon, RopoCommon):
    def test_the_whole_document(self):
        self.consumer.write({"ropo_personal_id": NUMBER, "email": "a@example.com"})
        contact = self._create_partner(
            "Esimerkki Laskutus", parent_id=self.consumer.id, type="other"
        )
        invoice, case = self.transferred_case(partner=self.consumer)
        other = self.transferred()  # of somebody else
        self.pay(invoice, 25.5)
        self.report()
        self.at_ropo(case, "comment", text=EVIL)
        self.run_cron("cron_poll_status")
        document = self.document(contact)
        claim, payment = invoice.sudo().ropo_request_ids.sorted("id")
        common = {
            "company": self.env.company.name,
            "state": "done",
            "role": "customer",
            "invoice": invoice.name,
            "currency": "EUR",
            "files": [],
            "deleted_on": None,
        }
        events = case.event_ids.sorted(lambda event: (event.event_time, event.id))
        self.assertEqual(
            document,
            {
                "format": "ropo_connect.disclosure",
                "version": 1,
                "made_on": str(self.today),
                "companies": [self.env.company.name],
                "customer": {
                    **self.contact(email="a@example.com"),
                    "customer_number": f"ODOO-{self.consumer.id}",
                    "registration_number": "",
                    "vat": "",
                    "second_email": "",
                    "einvoice_address": "",
                    "einvoice_operator": "",
                    "personal_identity_number": NUMBER,
                },
                "contacts": [self.contact(name="Esimerkki Laskutus")],
                "requests": [
                    {
                        **common,
                        "type": "reminder",
                        "amount": 125.5,
                        "requested_at": claim.create_date.isoformat(),
                        "sent_at": claim.done_at.isoformat(),
                        "sent": claim.payload,
                    },
                    {
                        **common,
                        "type": "payment",
                        "amount": 25.5,
                        "requested_at": payment.create_date.isoformat(),
                        "sent_at": payment.done_at.isoformat(),
                        "sent": payment.payload,
                    },
                ],
                "cases": [
                    {
                        "company": self.env.company.name,
                        "type": "reminder",
                        "case_number": case.jobid,
                        "invoice": invoice.name,
                        "customer_number": f"ODOO-{self.consumer.id}",
                        "stage": "reminder",
                        "since": case.stage_date.isoformat(),
                        "amount": 125.5,
                        "open_amount": 100.0,
                        "open_interest": case.open_interest,
                        "open_fees": case.open_fees,
                        "currency": "EUR",
                        "letters": [],
                        "events": [
                            {
                                "at": event.event_time.isoformat(),
                                "text": event.text or "",
                                "stage": event.stage or "",
                                "amount": event.amount,
                                "deleted_on": None,
                            }
                            for event in events
                        ],
                    }
                ],
            },
        )
        self.assertIn(EVIL, events.mapped("text"))
        self.assertIn(NUMBER, str(claim.payload))
        self.assertEqual(json.loads(json.dumps(document)), document)
        page = self.page(contact)
        for text in (EVIL, NUMBER, invoice.name, "125.50 EUR", "Esimerkki Laskutus"):
            self.assertIn(text, page)
        for text in (other.name, "Example Oy", "False", "None"):
            self.assertNotIn(text, page)

    def test_the_place_of_somebody_else_is_left_out(self):
        place = self._create_partner("Naapuri Nieminen", street="Naapurikatu 2")
        invoice = self.create_invoice(self.consumer, partner_shipping_id=place.id)
        self.send(invoice)
        sent = str(invoice.sudo().ropo_request_ids.payload)
        self.assertIn("Naapurikatu 2", sent)
        document = str(self.document(self.consumer))
        self.assertNotIn("Naapuri", document)
        self.assertIn("Esimerkkikatu 1", document)

    def test_what_was_deleted_says_so(self):
        invoice = self.transferred(partner=self.consumer)
        requests = invoice.sudo().ropo_request_ids
        self.env["ropo.retention"].sudo()._thin_each(requests)
        (shown,) = self.document(self.consumer)["requests"]
        self.assertEqual((shown["sent"], shown["deleted_on"]), (None, str(self.today)))
        day = format_date(self.env, self.today)
        self.assertIn(f"was deleted on {day}", self.page(self.consumer))

    def test_a_merged_contact_brings_what_was_sent_of_it(self):
        twin = self._create_partner("Esimerkki Kaksonen", is_company=False)
        self.transferred(partner=twin)
        wizard = self.env["base.partner.merge.automatic.wizard"].create(
            {
                "dst_partner_id": self.consumer.id,
                "partner_ids": [Command.set((twin | self.consumer).ids)],
                "state": "selection",
            }
        )
        wizard.action_merge()
        self.env.flush_all()
        self.env.invalidate_all()
        document = self.document(self.consumer)
        self.assertEqual(document["customer"]["name"], "Esimerkki Asiakas")
        self.assertIn("Esimerkki Kaksonen", str(document["requests"]))
        self.assertEqual(len(document["cases"]), 1)

    def test_only_a_manager_exports(self):
        self.transferred(partner=self.consumer)
        clerk = new_test_user(
            self.env, login="clerk", groups="account.group_account_invoice"
        )
        for user in (self.user, clerk):
            with self.assertRaisesRegex(AccessError, "Only a Ropo manager"):
                self.document(self.consumer, user)
            with self.assertRaisesRegex(AccessError, "Only a Ropo manager"):
                self.page(self.consumer, user)
            with self.assertRaisesRegex(AccessError, "Only a Ropo manager"):
                self.consumer.with_user(user).action_ropo_disclose()

    def test_of_two_companies_what_the_user_may_see(self):
        other = self.setup_other_company(name="Other Oy")
        account = self._create_account(other["company"])
        invoice = self.create_invoice(
            self.consumer,
            journal_id=other["default_journal_sale"].id,
            invoice_line_ids=[
                Command.create(
                    {"name": "Work", "price_unit": 100, "tax_ids": [Command.clear()]}
                )
            ],
        )
        self._wizard("ropo.send.wizard", invoice).action_send()
        self.work_off(account)
        self.assertTrue(invoice.sudo().ropo_job_ids)
        own = self.transferred(partner=self.consumer)

        def numbers(document):
            return [each["invoice"] for each in document["cases"]]

        self.assertEqual(numbers(self.document(self.consumer)), [own.name])
        both = self.env.company | other["company"]
        with self.assertRaises(AccessError):
            self.document(self.consumer, companies=both)
        self.manager.company_ids = both
        document = self.document(self.consumer, companies=both)
        self.assertEqual(numbers(document), [invoice.name, own.name])
        document = self.document(self.consumer, companies=other["company"])
        self.assertEqual(numbers(document), [invoice.name])
        self.assertEqual(document["companies"], ["Other Oy"])
        self.assertEqual({r["company"] for r in document["requests"]}, {"Other Oy"})
        # Whom no record rule holds back gets no more than was chosen.
        root = self.env.ref("base.user_root")
        document = self.document(self.consumer, root, other["company"])
        self.assertEqual(numbers(document), [invoice.name])
        self.assertEqual({r["company"] for r in document["requests"]}, {"Other Oy"})


@tagged("post_install", "-at_install")
class TestDownload(DisclosureCommon, RopoCommon, HttpCase):
    registry_test_mode = False  # RopoCommon enters it, and twice is once too often

    def test_the_button_downloads_it_and_keeps_no_file(self):
        invoice = self.transferred(partner=self.consumer)
        consumer = self.consumer.with_user(self.manager)
        url = consumer.action_ropo_disclose()["url"]
        self.authenticate("ropo_manager", "ropo_manager")
        before = self.env["ir.attachment"].search_count([])
        response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), self.document(self.consumer))
        self.assertIn(invoice.name, response.text)
        self.assertIn("attachment", response.headers["Content-Disposition"])
        self.assertEqual(self.env["ir.attachment"].search_count([]), before)
        self.authenticate("ropo_user", "ropo_user")
        self.assertEqual(self.url_open(url).status_code, 403)


@tagged("post_install", "-at_install")
class TestDisclosureAtMaventa(DisclosureCommon, MaventaCommon):
    def test_one_debtor_gets_nothing_of_the_other(self):
        self.consumer.ropo_personal_id = NUMBER
        firm = self._create_partner(
            "Toinen Oy",
            type="other",
            parent_id=self.consumer.id,
            is_company=True,
            company_registry="0000001-9",
            street="Toisenkatu 2",
        )
        invoice = self.delivered(partner=self.consumer)
        wizard = self._wizard(
            "ropo.transfer.wizard",
            invoice,
            notice_date=self.reminded_on,
            is_rental=True,
        )
        wizard.line_ids.include = True
        wizard.line_ids.co_debtor_ids = firm
        wizard.action_transfer()
        self.work_off()
        mine = self.document(self.consumer)
        self.assertIn(NUMBER, str(mine["requests"]))
        for text in ("Toinen Oy", "Toisenkatu"):
            self.assertNotIn(text, str(mine))
        self.assertEqual(mine["requests"][-1]["role"], "customer")
        theirs = self.document(firm)
        (shown,) = theirs["requests"]
        self.assertEqual(shown["role"], "co-debtor")
        self.assertIn("Toisenkatu 2", str(shown["sent"]))
        for text in (NUMBER, "Esimerkki Asiakas", "Esimerkkikatu"):
            self.assertNotIn(text, str(theirs))
        self.assertFalse(theirs["cases"])
        self.assertIn("You are a co-debtor", self.page(firm))
