"""What Ropo gets of Odoo's documents: whole payloads, and sums to the cent."""

import random
from datetime import timedelta

from odoo import Command
from odoo.tests import tagged

from .common import RopoCommon


@tagged("post_install", "-at_install")
class TestDocuments(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.business.ref = "C100"
        cls.product = cls.env["product.product"].create(
            {"name": "Chair", "default_code": "CH-1", "uom_id": cls.uom_unit.id}
        )

    # --- helpers ---

    def line(self, amount, rate=25.5, **values):
        taxes = values.pop("taxes", None) or self._tax(rate)
        return Command.create(
            {
                "name": "Work",
                "quantity": 1,
                "price_unit": amount,
                "tax_ids": [Command.set(taxes.ids)],
                **values,
            }
        )

    def inside(self, rate):
        """A tax at this rate that is part of the price."""
        values = {"name": f"{rate} inside", "price_include_override": "tax_included"}
        return self._tax(rate).copy(values)

    def invoice(self, *lines, partner=None, **values):
        return self.create_invoice(partner, invoice_line_ids=list(lines), **values)

    def sent(self, move):
        """Sends it; what went over the wire, which Ropo took without a notice."""
        self.send(move)
        return self.reported(move)

    def reported(self, move):
        request = self.requests_of(move).sorted("id")[-1:]
        self.assertEqual((request.state, request.error), ("done", False))
        self.assertFalse(request.response["notice"])
        job = self.sandbox.jobs()[-1]
        self.assertEqual(request.payload, job["dataset"])
        self.assertEqual(request.payload["ownref"], str(request.id))
        return request.payload

    def assertSums(self, move, payload):
        """Header, rows and tax rows come to what Odoo posted."""
        sign = -1 if move.move_type == "out_refund" else 1
        posted = [
            round(sign * amount, 2)
            for amount in (move.amount_untaxed, move.amount_tax, move.amount_total)
        ]
        names = ("netamount", "vatamount", "totalamount")
        self.assertEqual([payload[name] for name in names], posted)
        self.assertEqual(
            [round(sum(row[name] for row in payload["taxrow"]), 2) for name in names],
            posted,
        )
        rows = [row for row in payload["payrow"] if "invoicerowtype" not in row]
        self.assertEqual(round(sum(row["netamount"] for row in rows), 2), posted[0])

    def head(self, move, **values):
        """What every dataset says of an invoice to `business`."""
        return {
            "ownref": str(self.requests_of(move).sorted("id")[-1:].id),
            "billnum": move.name,
            "billcode": move.payment_reference,
            "billdate": move.invoice_date.isoformat(),
            "paydate": move.invoice_date_due.isoformat(),
            "currency": "EUR",
            "customertype": 1,
            "company": "Example Oy",
            "address": "Esimerkkikatu 1",
            "postcode": "00100",
            "city": "Helsinki",
            "addresscountry": "FIN",
            "country": "FIN",
            "language": "eng",
            "custnum": "C100",
            "govid": "0000001-9",
            **values,
        }

    # --- invoices ---

    def test_invoice_to_a_company(self):
        invoice = self.create_invoice(
            ref="PO 7", narration="<p>Thank you &amp; bye</p>"
        )
        payload = self.sent(invoice)
        self.assertEqual(
            payload,
            {
                **self.head(invoice),
                "jobtype": 300,
                "checkbillnum": 1,
                "netamount": 100,
                "vatamount": 25.5,
                "totalamount": 125.5,
                "yourcode": "PO 7",
                "salesmanname": invoice.invoice_user_id.name,
                "freetext": "Thank you & bye",
                "payrow": [
                    {
                        "desc": "Work",
                        "count": 1,
                        "amount": 100,
                        "taxpr": 25.5,
                        "netamount": 100,
                    }
                ],
                "taxrow": [
                    {
                        "taxpr": 25.5,
                        "netamount": 100,
                        "vatamount": 25.5,
                        "totalamount": 125.5,
                    }
                ],
            },
        )
        self.assertSums(invoice, payload)

    def test_invoice_to_a_consumer(self):
        self.consumer.update(
            {
                "ropo_language": "sv",
                "email": "asiakas@example.com",
                "phone": "+358 40 123 4567",
                "street2": "B 2",
                "ropo_sendtype": "email",
            }
        )
        invoice = self.create_invoice(self.consumer)
        payload = self.sent(invoice)
        head = self.head(invoice)
        del head["company"], head["govid"], head["country"]
        head |= {
            "customertype": 2,
            "person": "Esimerkki Asiakas",
            "custnum": f"ODOO-{self.consumer.id}",
            "language": "swe",
            "email": "asiakas@example.com",
            "phone": "+358 40 123 4567",
            "addressaddline2": "B 2",
            "sendtype": "email",
        }
        self.assertEqual({name: payload[name] for name in head}, head)
        self.assertFalse({"company", "govid", "contactperson"} & set(payload))

    def test_contact_of_a_company_receives_and_the_company_owes(self):
        contact = self._create_partner(
            "Contact Person",
            parent_id=self.business.id,
            type="invoice",
            street="Toinen katu 2",
            zip="33100",
            city="Tampere",
            is_company=False,
        )
        invoice = self.create_invoice(contact)
        payload = self.sent(invoice)
        head = self.head(
            invoice,
            address="Toinen katu 2",
            postcode="33100",
            city="Tampere",
            contactperson="Contact Person",
        )
        self.assertEqual({name: payload.get(name) for name in head}, head)

    def test_rows_of_all_kinds(self):
        invoice = self.invoice(
            Command.create({"display_type": "line_section", "name": "Goods"}),
            self.line(
                19.99,
                name="Chair",
                product_id=self.product.id,
                quantity=3,
                discount=12.5,
            ),
            self.line(10, 14, name="Food", quantity=2.5),
            self.line(7.77, 10, name="Book"),
            Command.create({"display_type": "line_note", "name": "As agreed"}),
            self.line(5, 0, name="Export"),
            self.line(-4.2, 14, name="Bottle returned"),
            self.line(50, name="Free of charge", discount=100),
        )
        payload = self.sent(invoice)
        self.assertEqual(
            payload["payrow"],
            [
                text_row("Goods"),
                {
                    "desc": "Chair",
                    "count": 3,
                    "itemtype": "Units",
                    "amount": 19.99,
                    "discount": 12.5,
                    "taxpr": 25.5,
                    "netamount": 52.47,
                    "productid": "CH-1",
                },
                row("Food", 2.5, 10, 14, 25),
                row("Book", 1, 7.77, 10, 7.77),
                text_row("As agreed"),
                row("Export", 1, 5, 0, 5),
                row("Bottle returned", 1, -4.2, 14, -4.2),
                {**row("Free of charge", 1, 50, 25.5, 0), "discount": 100},
            ],
        )
        self.assertEqual(
            payload["taxrow"],
            [
                tax_row(25.5, 52.47, 13.38),
                tax_row(14, 20.8, 2.91),
                tax_row(10, 7.77, 0.78),
                tax_row(0, 5, 0),
            ],
        )
        self.assertSums(invoice, payload)

    def test_price_with_tax_inside_is_reported_without(self):
        inside = self.inside(25.5)
        invoice = self.invoice(
            self.line(9.99, taxes=inside, quantity=7),
            self.line(125.5, taxes=inside, discount=10),
        )
        payload = self.sent(invoice)
        self.assertSums(invoice, payload)
        self.assertEqual(
            [(row["amount"], row["netamount"]) for row in payload["payrow"]],
            [(7.96, 55.72), (100, 90)],
        )

    def test_foreign_currency(self):
        sek = self.setup_other_currency("SEK", rates=[("2000-01-01", 11.37)])
        invoice = self.invoice(
            self.line(99.99, quantity=3), self.line(12.34, 14), currency_id=sek.id
        )
        payload = self.sent(invoice)
        self.assertEqual(payload["currency"], "SEK")
        self.assertSums(invoice, payload)

    def test_cash_rounding_is_a_row(self):
        invoice = self.rounded(self.cash_rounding_a)
        payload = self.sent(invoice)
        self.assertSums(invoice, payload)
        self.assertEqual(payload["payrow"][-1]["desc"], self.cash_rounding_a.name)

    def test_cash_rounding_of_the_tax_is_reported_as_tax(self):
        # The tax is no more its rate of the net, which Ropo may refuse.
        invoice = self.rounded(self.cash_rounding_b)
        self.send(invoice)
        self.assertSums(invoice, self.requests_of(invoice).payload)

    def rounded(self, rounding):
        invoice = self.invoice(
            self.line(9.99),
            self.line(1.01, 14),
            invoice_cash_rounding_id=rounding.id,
        )
        self.assertFalse(round(invoice.amount_total * 100) % 5)
        return invoice

    def test_any_invoice_comes_to_the_cent(self):
        """Thirty of them at random, with both ways of rounding taxes."""
        chance = random.Random(19)
        inside = self.inside(14)
        taxes = [self._tax(25.5), self._tax(14), self._tax(10), self._tax(0), inside]
        for method in ("round_per_line", "round_globally"):
            self.env.company.tax_calculation_rounding_method = method
            moves = self.env["account.move"]
            for _number in range(15):
                lines = [
                    self.line(
                        round(chance.uniform(0.05, 300), 2),
                        taxes=chance.choice(taxes),
                        quantity=chance.choice([1, 3, 0.333, 12, 7.5]),
                        discount=chance.choice([0, 0, 5, 33.33]),
                    )
                    for _line in range(chance.randint(1, 8))
                ]
                moves |= self.invoice(*lines, move_type=chance.choice(KINDS))
            self.send(moves)
            for move in moves:
                request = self.requests_of(move)
                with self.subTest(f"{method} {move.name}"):
                    self.assertEqual((request.state, request.error), ("done", False))
                    self.assertFalse(request.response["notice"])
                    self.assertSums(move, request.payload)

    def test_credit_note_has_negative_rows(self):
        note = self.invoice(
            self.line(100, quantity=2, discount=10), move_type="out_refund"
        )
        payload = self.sent(note)
        head = self.head(note)
        del head["billcode"]
        self.assertEqual(
            payload,
            {
                **head,
                "jobtype": 300,
                "checkbillnum": 1,
                "netamount": -180,
                "vatamount": -45.9,
                "totalamount": -225.9,
                "payrow": [{**row("Work", -2, 100, 25.5, -180), "discount": 10}],
                "taxrow": [tax_row(25.5, -180, -45.9)],
                "salesmanname": note.invoice_user_id.name,
            },
        )
        self.assertSums(note, payload)
        self.assertEqual(self.sandbox.job()["capital"], -225.9)

    def test_unify_invoice_and_its_credit_note_by_job(self):
        self.account.write(
            {
                "service_model": "unify",
                "cid": "700002",
                "apicode": "sandbox-apicode-2",
                "credit_allocation": "credit_job",
            }
        )
        invoice = self.create_invoice()
        payload = self.sent(invoice)
        self.assertEqual(payload["jobtype"], 0)
        job = invoice.ropo_job_ids
        self.assertEqual(job.reference, self.sandbox.job()["reference"])
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "reason": "Returned"})
        )
        note = self.env["account.move"].browse(wizard.reverse_moves()["res_id"])
        note.action_post()
        payload = self.sent(note)
        self.assertEqual(payload["refundtojobid"], int(job.jobid))
        self.assertSums(note, payload)
        self.assertEqual(self.sandbox.job(billnum=invoice.name)["capital"], 0)
        self.assertEqual(job.open_amount, 0)
        for cron in ("cron_post_payments", "cron_post_credit_notes"):
            self.run_cron(cron)
        self.assertFalse(
            self.requests_of(invoice, "credit_allocation"), "reported already"
        )

    def test_incoming_money_is_matched_by_the_reference_that_ropo_put_on_it(self):
        invoices = self.create_invoice() | self.create_invoice()
        first, kept = (invoice.payment_reference for invoice in invoices)
        self.account.write(
            {"service_model": "unify", "cid": "700002", "apicode": "sandbox-apicode-2"}
        )
        payload = self.sent(invoices[0])
        self.assertEqual(payload["billcode"], first)
        reference = self.sandbox.job()["reference"]
        self.assertNotEqual(reference, first, "else nothing is shown")
        self.assertEqual(invoices.mapped("payment_reference"), [reference, kept])
        self.assertEqual(invoices[0].ropo_job_ids.billcode, first)

    def test_in_connect_the_reference_stays_ones_own(self):
        invoice = self.create_invoice()
        payload = self.sent(invoice)
        self.assertNotIn(self.sandbox.job()["reference"], ("", payload["billcode"]))
        self.assertEqual(invoice.payment_reference, payload["billcode"])

    # --- claims ---

    def test_reminder_asks_for_what_is_open(self):
        invoice = self.create_invoice(days_overdue=20)
        self.pay(invoice, 25.5)
        self.transfer(invoice)
        self.assertEqual(
            self.reported(invoice), {**self.head(invoice), "jobtype": 1, "amount": 100}
        )

    def test_collection_names_the_day_of_ones_own_reminder(self):
        invoice = self.create_invoice(self.consumer, days_overdue=20)
        day = self.today - timedelta(days=15)
        self.transfer(invoice, "collection", notice_date=day)
        head = self.head(
            invoice,
            customertype=2,
            person="Esimerkki Asiakas",
            custnum=f"ODOO-{self.consumer.id}",
        )
        del head["company"], head["govid"], head["country"]
        self.assertEqual(
            self.reported(invoice),
            {**head, "jobtype": 2, "amount": 125.5, "noticedate": day.isoformat()},
        )

    def test_reminder_on_paper_for_whoever_wants_it(self):
        self.business.update(
            {
                "ropo_sendtype": "evoice",
                "ropo_evoice": "003712345671",
                "ropo_evoice_operator": "DABAFIHH",
                "ropo_no_electronic_reminder": True,
            }
        )
        invoice = self.create_invoice(days_overdue=20)
        delivery = {"evoice": "003712345671", "evoiceint": "DABAFIHH"}
        payload = self.sent(invoice)
        self.assertEqual(payload["sendtype"], "evoice")
        self.assertEqual({name: payload[name] for name in delivery}, delivery)
        self.transfer(invoice)
        self.assertEqual(
            self.reported(invoice),
            {**self.head(invoice), "sendtype": "post", "jobtype": 1, "amount": 125.5},
        )

    def test_every_delivery_is_taken_for_every_document(self):
        """Ropo knows not every `sendtype` for every kind of document."""
        address = {"ropo_evoice": "003712345671", "ropo_evoice_operator": "DABAFIHH"}
        field = self.env["res.partner"]._fields["ropo_sendtype"]
        for sendtype, _label in [(False, ""), *field.selection]:
            for debtor in (self.business, self.consumer):
                debtor.write(
                    {"ropo_sendtype": sendtype, "email": "a@example.com", **address}
                )
                first, second = (
                    self.create_invoice(debtor, days_overdue=20) for _n in range(2)
                )
                self.send(first)
                self.transfer(first)
                self.transfer(second, "collection", notice_date=self.reminded_on)
                for request in self.requests_of(first) | self.requests_of(second):
                    with self.subTest(f"{debtor.name} {sendtype} {request.operation}"):
                        self.assertEqual(
                            (request.state, request.error), ("done", False)
                        )


KINDS = ("out_invoice", "out_invoice", "out_refund")


def row(desc, count, amount, rate, net):
    return {
        "desc": desc,
        "count": count,
        "amount": amount,
        "taxpr": rate,
        "netamount": net,
    }


def text_row(desc):
    return {"desc": desc, "invoicerowtype": 25601}


def tax_row(rate, net, tax):
    return {
        "taxpr": rate,
        "netamount": net,
        "vatamount": tax,
        "totalamount": round(net + tax, 2),
    }
