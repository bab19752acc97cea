"""What a customer reads on the portal of an invoice that Ropo collects."""

from datetime import datetime
from unittest.mock import patch
from zoneinfo import ZoneInfo

from lxml import html

from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .ledger import LedgerCommon

URL = "https://example.com/my/1?a=1&b=2"


@tagged("post_install", "-at_install")
class TestPortal(LedgerCommon, HttpCase):
    registry_test_mode = False  # RopoCommon enters it, and twice is once too often

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = new_test_user(
            cls.env,
            login="portal",
            groups="base.group_portal",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
        )
        cls.portal.partner_id.write(
            {
                "parent_id": cls.business.id,
                "street": "Esimerkkikatu 1",
                "lang": "en_US",
                "tz": "Europe/Helsinki",
            }
        )
        cls.account.name = "Internal profile name"

    # --- helpers ---

    def collected(self, **values):
        invoice, case = self.transferred_case(partner=self.portal.partner_id, **values)
        case.write({"open_total": 130.5, "debtor_url": URL})
        return invoice, case

    def shown_today(self):
        """Today, where the reader of the page is."""
        return datetime.now(ZoneInfo("Europe/Helsinki")).strftime("%m/%d/%Y")

    def page(self, invoice, token=False):
        """The page of the invoice, as the portal user or by its link alone."""
        self.env.flush_all()
        path = f"/my/invoices/{invoice.id}"
        if token:
            self.authenticate(None, None)
            path += f"?access_token={invoice._portal_ensure_token()}"
            self.env.flush_all()
        else:
            self.authenticate("portal", "portal")
        answer = self.url_open(path)
        self.assertEqual(answer.status_code, 200)
        self.assertIn(invoice.name, answer.text, "else no test")
        return answer.text

    def box(self, page):
        """`(text, address of the button)`, or None where nothing is said of Ropo."""
        boxes = html.fromstring(page).xpath("//div[@name='ropo_collects']")
        if not boxes:
            return None
        (box,) = boxes
        links = box.xpath(".//a/@href")
        text = " ".join(box.text_content().replace("\ufeff", "").split())
        return text, links[0] if links else None

    # --- tests ---

    def test_the_customer_reads_where_it_is_what_is_open_and_how_to_pay(self):
        invoice, _case = self.collected()
        today = self.shown_today()
        expected = (
            f"This invoice has been with Ropo for a payment reminder since {today}. "
            "To pay to Ropo: 130.50 €, with interest and fees of 5.00 € Please pay to "
            "Ropo, as its latest letter says or on its payment page. What you pay to "
            "us instead is reported to Ropo, which may still ask for interest and "
            "fees. Pay at Ropo",
            URL,
        )
        for token in (False, True):
            with self.subTest(token=token):
                self.assertEqual(self.box(self.page(invoice, token)), expected)

    def test_nothing_is_asked_of_ropo_while_the_page_is_shown(self):
        invoice, case = self.collected()
        case.debtor_url = False
        Account = type(self.env["ropo.account"])
        with patch.object(Account, "_call_now", side_effect=AssertionError):
            text, link = self.box(self.page(invoice))
        self.assertIsNone(link)
        self.assertIn("Please pay to Ropo, as its latest letter says.", text)
        self.assertNotIn("payment page", text)

    def test_only_an_encrypted_page_is_a_link(self):
        invoice, case = self.collected()
        for url in (
            "http://example.com/1",
            "javascript:alert(1)",
            "//example.com/1",
            "https://",
            "https://[bad",
            "data:text/html,x",
        ):
            with self.subTest(url):
                case.debtor_url = url
                page = self.page(invoice)
                self.assertIsNone(self.box(page)[1])
                self.assertNotIn(url, page)

    def test_nothing_of_the_internals_is_in_the_page(self):
        invoice, case = self.collected()
        invoice.write({"ropo_hold": True, "ropo_notice_date": self.today})
        case.write({"next_stage": "Internal step", "stage_text": "Internal comment"})
        self.at_ropo(case, "pay", amount=1.25)
        self.run_cron("cron_poll_status")
        case.event_ids.write({"text": "Internal event", "code": "X-4711"})
        request = case.request_ids[:1]
        request.write({"error": "Internal error"})
        other, _case = self.transferred_case(partner=self.consumer)
        hidden = [
            "Internal",
            "X-4711",
            self.account.cid,
            case.jobid,
            other.name,
            self.consumer.name,
            str(request.payload)[:40],
        ]
        self.assertTrue(all(hidden))
        for token in (False, True):
            page = self.page(invoice, token)
            self.assertIsNotNone(self.box(page), "else no test")
            for text in hidden:
                with self.subTest(text, token=token):
                    self.assertNotIn(text, page)

    def test_another_customer_reads_nothing(self):
        other, _case = self.transferred_case(partner=self.consumer)
        self.env.flush_all()
        self.authenticate("portal", "portal")
        for query in ("", "?access_token=wrong"):
            answer = self.url_open(f"/my/invoices/{other.id}{query}")
            self.assertNotIn("ropo_collects", answer.text)
            self.assertNotIn(other.name, answer.text)

    def test_each_stage_has_a_sentence_of_its_own(self):
        invoice, case = self.collected()
        today = self.shown_today()
        case.kind = "collection"
        for stage, text in (
            ("invoiced", f"with Ropo for debt collection since {today}."),
            ("legal", f"with Ropo for debt collection since {today}."),
            ("on_hold", f"with Ropo since {today}, and is on hold there."),
            ("payment_plan", "Please pay as your payment plan with Ropo says."),
        ):
            with self.subTest(stage):
                case.stage = stage
                self.assertIn(text, self.env["ropo.portal"]._values(invoice)["text"])

    def test_what_ropo_does_not_collect_is_as_it_was(self):
        invoice, case = self.collected()
        values = self.env["ropo.portal"]._values
        for stage in ("paid", "credited", "closed"):
            case.stage = stage
            self.assertIsNone(values(invoice))
        case.write({"stage": "reminder", "progress": "pending"})
        self.assertIsNone(values(invoice), "not taken yet")
        case.write({"progress": "done", "released": True})
        self.assertIsNone(values(invoice))
        self.assertIsNone(self.box(self.page(invoice)))

    def test_a_debt_written_off_shows_what_ropo_asks_for(self):
        losses = self.env["account.account"].create(
            {"name": "Bad Debts", "code": "688888", "account_type": "expense"}
        )
        self.account.bad_debt_account_ids = losses
        invoice, _case = self.collected()
        self.assign(invoice, self.entry(125.5, losses))
        self.report()
        self.assertFalse(invoice.amount_residual)
        page = self.page(invoice)
        text, link = self.box(page)
        self.assertIn("To pay to Ropo: 130.50 €", text)
        self.assertNotIn("What you pay to us", text)
        self.assertEqual(link, URL)
        self.assertNotIn("Bad Debt", page)

    def test_in_the_currency_of_the_invoice(self):
        invoice, case = self.collected(currency_id=self.sek.id)
        self.assertEqual(case.currency_id, self.sek)
        text, _link = self.box(self.page(invoice))
        self.assertRegex(text, r"To pay to Ropo: (130.50\s?kr|kr\s?130.50),")

    def test_the_list_marks_what_is_with_ropo_in_a_constant_number_of_queries(self):
        invoice, _case = self.collected()
        self.create_invoice(self.portal.partner_id)
        self.env.flush_all()
        self.authenticate("portal", "portal")
        document = html.fromstring(self.url_open("/my/invoices").text)
        rows = "//tr[.//span[@name='ropo_collects']]/td[1]/a/@title"
        self.assertEqual(document.xpath(rows), [invoice.name])

        def read(moves):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            for move in moves.with_user(self.portal):
                self.env["ropo.portal"].with_user(self.portal)._values(move)
            return self.cr.sql_log_count - before

        others = self.env["account.move"]
        for _number in range(3):
            others |= self.collected()[0]
        self.env.flush_all()
        read(others)
        self.assertEqual(read(others[:1]), read(others))
