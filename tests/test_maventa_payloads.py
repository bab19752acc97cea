"""Every call to Maventa, whole: each case against its file in payloads/maventa/.

ROPO_UPDATE_PAYLOADS=1 writes the files anew, for a person to read the difference.
"""

import json
import os
import re
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .maventa import CREDENTIALS, WITHOUT_SERVICE, MaventaCommon

FOLDER = Path(__file__).parent / "payloads" / "maventa"
UPDATE = bool(os.environ.get("ROPO_UPDATE_PAYLOADS"))
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z?")


@tagged("post_install", "-at_install")
class TestMaventaPayloads(MaventaCommon):
    calls = None  # those of the case, as (method, address, headers, body)

    @classmethod
    def _request_handler(cls, session, request, /, **arguments):
        # EXTENDS: what leaves is kept
        if cls.calls is not None and "_sandbox" not in request.url:
            cls.calls.append(request)
        return super()._request_handler(session, request, **arguments)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.business.write({"ref": "C100", "email": "office@example.com"})
        cls.consumer.write({"ref": "C200", "email": "home@example.com"})

    # --- the comparison ---

    @contextmanager
    def case(self, name, invoice=None):
        """What is called in here is what the file of this name has."""
        cls = type(self)
        cls.calls = []
        try:
            yield
        finally:
            calls, cls.calls = cls.calls, None
        self.assertTrue(calls, name)
        known = self.names_of(invoice)
        shown = [self.shown(request, known) for request in calls]
        text = json.dumps(shown, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        path = FOLDER / f"{name}.json"
        if UPDATE:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.assertEqual(json.loads(path.read_text(encoding="utf-8")), shown)
        self.compared.add(name)

    def names_of(self, invoice):
        """What differs from run to run, by what it is; checked to be what Odoo has."""
        known = {self.today.isoformat(): "<today>"}
        known |= {value: f"<{name}>" for name, value in CREDENTIALS.items()}
        known[WITHOUT_SERVICE] = "<maventa_company_uuid>"
        for token in self.env["ropo.token"].sudo().search([]):
            known[token.value] = "<token>"
        if invoice:
            known[invoice.name] = "<number>"
            for each in self.maventa("invoices", number=invoice.name):
                known[each["id"]] = "<invoice>"
            for each in self.maventa("assignments", invoice_number=invoice.name):
                known[each["id"]] = "<assignment>"
        return known

    def shown(self, request, known):
        """A call as the file has it; a file in it is checked and shown by its name."""
        address = urlsplit(request.url)
        kind = request.headers.get("Content-Type", "")
        shown = {
            "method": request.method,
            "path": self.named(address.path, known),
            "headers": {
                name: self.named(request.headers[name], known)
                for name in ("Authorization", "Accept")
                if name in request.headers
            },
        }
        if address.query:
            query = parse_qsl(address.query, keep_blank_values=True)
            shown["query"] = [[k, self.named(v, known)] for k, v in query]
        if kind.startswith("multipart/form-data"):
            shown["form"] = self.form(request, kind, known)
        elif kind.startswith("application/x-www-form-urlencoded"):
            parts = parse_qsl(request.body.getvalue().decode(), keep_blank_values=True)
            shown["form"] = [[k, self.named(v, known)] for k, v in parts]
        elif request.body:
            self.assertEqual(kind, "application/json")
            body = json.loads(request.body.getvalue())
            shown["json"] = json.loads(self.named(json.dumps(body), known))
        return shown

    def form(self, request, kind, known):
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        parts = []
        for part in message_from_bytes(head + request.body.getvalue()).get_payload():
            name = part.get_param("name", header="content-disposition")
            octets = part.get_payload(decode=True)
            if part.get_filename():
                self.assertTrue(self.is_kept(octets), "it is the file that was kept")
                kind = part.get_content_type()
                value = f"<the e-invoice that was kept, {kind}>"
            else:
                value = self.named(octets.decode(), known)
            parts.append([name, value])
        return parts

    def is_kept(self, octets):
        files = self.env["ropo.request"].sudo().search([]).einvoice_id
        return octets in files.mapped("raw")

    @staticmethod
    def named(text, known):
        text = MOMENT.sub("<moment>", text)
        for value in sorted(known, key=len, reverse=True):
            text = text.replace(value, known[value])
        return UUID.sub("<uuid>", text)

    def setUp(self):
        super().setUp()
        self.compared = set()

    def assertAll(self, prefix):
        """Each file that begins so was compared with."""
        files = {path.stem for path in FOLDER.glob(f"{prefix}*.json")}
        self.assertEqual(files, self.compared)
        self.assertFalse(UPDATE, "the files were written anew: run it without")

    # --- the cases ---

    def connected(self):
        """The token is there, so that what follows shows none."""
        self.account.action_test_connection()

    def test_what_is_sent_to_connect_and_of_the_agreement(self):
        account = self.account
        account.maventa_company_uuid = WITHOUT_SERVICE
        with self.case("service_connection"):
            account.action_test_connection()
        with self.case("service_activation"):
            account._activate_service("signer@example.com")
        with self.case("service_state"):
            account.action_refresh_service()
        path = f"maventa/companies/{WITHOUT_SERVICE}/service"
        self.sandbox.post(path, status="ACTIVE")
        with self.case("service_closing"):
            account.action_close_service()
        self.assertAll("service_")

    def test_what_is_sent_of_an_invoice(self):
        self.connected()
        partners = {
            "as_agreed": (self.business, {}),
            "as_einvoice": (
                self.business,
                {
                    "ropo_sendtype": "evoice",
                    "ropo_evoice": "003700000019",
                    "ropo_evoice_operator": "DABAFIHH",
                },
            ),
            "by_email": (self.business, {"ropo_sendtype": "email"}),
            "by_letter": (self.consumer, {"ropo_sendtype": "post"}),
        }
        for name, (partner, values) in partners.items():
            partner.write(values)
            invoice = self.create_invoice(partner)
            with self.case(f"invoice_{name}", invoice):
                self.send(invoice)
        self.account.fallback_sendtype = "post"
        self.business.ropo_sendtype = "email"
        invoice = self.create_invoice()
        with self.case("invoice_by_email_else_letter", invoice):
            self.send(invoice)
        note = self.create_invoice(move_type="out_refund")
        with self.case("invoice_credit_note", note):
            self.send(note)
        self.assertAll("invoice_")

    def test_what_is_sent_of_a_transfer(self):
        co_debtor = self._create_partner(
            "Esimerkki Toinen",
            parent_id=self.consumer.id,
            type="other",
            email="other@example.com",
            lang="fi_FI"
            if "fi_FI" in dict(self.env["res.lang"].get_installed())
            else "en_US",
        )
        self.consumer.ropo_personal_id = "010190-002R"
        cases = {
            "reminder": ({}, {}),
            "reminder_of_what_is_open": ({"paid": 25.5}, {}),
            "collection": ({}, {"kind": "collection"}),
            "collection_of_a_consumer": (
                {"partner": self.consumer},
                {"kind": "collection", "claim_reason": "Repair"},
            ),
            "rent_of_two": (
                {"partner": self.consumer},
                {"is_rental": True, "co_debtor": co_debtor},
            ),
        }
        for name, (values, terms) in cases.items():
            paid = values.pop("paid", 0)
            invoice = self.delivered(**values)
            if paid:
                self.pay(invoice, paid)
            with self.case(f"transfer_{name}", invoice):
                self.put(invoice, **terms)
        self.assertAll("transfer_")

    def put(self, invoice, kind="reminder", co_debtor=None, **terms):
        wizard = self._wizard(
            "ropo.transfer.wizard",
            invoice,
            kind=kind,
            notice_date=self.reminded_on,
            **terms,
        )
        wizard.line_ids.include = True
        if co_debtor:
            wizard.line_ids.co_debtor_ids = [Command.set(co_debtor.ids)]
        wizard.action_transfer()
        self.work_off()
        self.assertTrue(self.assignment_of(invoice))

    def test_what_is_sent_of_money(self):
        invoice = self.transferred()
        self.pay(invoice, 25.5)
        self.compare()
        with self.case("money_payment", invoice):
            self.run_cron("cron_process_requests")
        note = invoice._reverse_moves(
            [{"invoice_date": self.today, "date": self.today}]
        )
        note.invoice_line_ids.price_unit = 40
        note.action_post()
        (invoice | note).line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).reconcile()
        self.compare()
        with self.case("money_credit", invoice):
            self.run_cron("cron_process_requests")
        self.assertAll("money_")

    def test_what_is_asked_to_follow(self):
        self.set_company(
            country="fi", service="ACTIVE", delivery="PENDING", transfer="pending"
        )
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice)
        with self.case("follow_delivery", invoice):
            self.run_cron("cron_poll_status")
        identifier = self.invoice_there(invoice)["id"]
        path = f"maventa/invoices/{identifier}"
        self.sandbox.post(f"{path}/delivery", status="DELIVERED")
        self.run_cron("cron_poll_status")
        self.transfer(invoice)
        with self.case("follow_transfer", invoice):
            self.run_cron("cron_poll_status")
        self.sandbox.post(f"{path}/transfer", status="sent")
        self.run_cron("cron_poll_status")
        self.at_maventa(invoice, "pay", amount=25.5)
        with self.case("follow_events", invoice):
            self.run_cron("cron_poll_status")
        with self.case("follow_events_from_there_on", invoice):
            self.run_cron("cron_poll_status")
        case = invoice.sudo().ropo_job_ids.filtered("is_collected")
        with self.case("follow_refresh", invoice):
            case.action_refresh()
        self.assertAll("follow_")

    @mute_logger("odoo.addons.ropo_connect")
    def test_what_is_asked_when_an_answer_is_lost(self):
        self.env["ir.config_parameter"].sudo().set_param(
            "ropo_connect.look_up_delay", 0
        )
        self.account.timeout = 1
        invoice = self.create_invoice(days_overdue=20)
        self.lose("/v1/invoices", self._wizard("ropo.send.wizard", invoice).action_send)
        with self.case("lookup_invoice", invoice):
            self.look_up()
        self.run_cron("cron_poll_status")
        wizard = self._wizard("ropo.transfer.wizard", invoice)
        wizard.line_ids.include = True
        self.lose("/v2/invoices/*/assignment/ropo", wizard.action_transfer)
        with self.case("lookup_transfer", invoice):
            self.look_up()
        self.run_cron("cron_poll_status")
        self.pay(invoice, 25.5)
        self.lose("/v1/assignments/*/events", self.compare)
        with self.case("lookup_payment", invoice):
            self.look_up()
        self.assertAll("lookup_")

    def lose(self, path, act):
        act()
        self.sandbox.fault("drop_after", path, method="POST")
        self.work_off()
        self.sandbox.heal()

    def look_up(self):
        requests = self.env["ropo.request"].search([("state", "=", "unknown")])
        self.assertEqual(len(requests), 1)
        requests.sudo().next_attempt_at = fields.Datetime.now()
        self.account.sudo().paused_until = False
        self.work_off()
        self.assertEqual(requests.state, "done")

    def test_what_is_asked_to_find_an_invoice(self):
        self.connected()
        invoice = self.create_invoice()
        self.from_elsewhere(invoice)
        with self.case("find_invoice", invoice):
            invoice.action_ropo_find()
        self.assertAll("find_")
