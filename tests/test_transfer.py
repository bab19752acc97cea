"""Handing over: what is claimed, on which terms, and what speaks against it."""

import json
import os
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import RopoCommon

FOLDER = Path(__file__).parent / "payloads" / "claims"
UPDATE = bool(os.environ.get("ROPO_UPDATE_PAYLOADS"))
# What differs from run to run, once it was compared with Odoo's own.
RUNNING = ("ownref", "billnum", "billcode", "billdate", "paydate", "noticedate")
EINVOICE = {"ropo_evoice": "003700000019", "ropo_evoice_operator": "003700000000"}


class TransferCommon(RopoCommon):
    def instalments(self, partner=None, days_overdue=20, every=30, **values):
        """An invoice over 125.50 in three equal parts, the first so long overdue."""
        term = self.env["account.payment.term"].create(
            {
                "name": "Three parts",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": part, "nb_days": days}
                    )
                    for part, days in ((40, 0), (40, every), (20, 2 * every))
                ],
            }
        )
        return self.create_invoice(
            partner,
            invoice_date=self.today - timedelta(days=days_overdue),
            invoice_date_due=False,
            invoice_payment_term_id=term.id,
            **values,
        )

    def verdict(self, move, operation="reminder", **values):
        return self.verdicts(move, operation, **values)[move]

    def dues(self, move):
        return move.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).sorted("date_maturity")

    def pay_in_advance(self, partner, amount=50.0, currency=None):
        """Money of the customer that is reconciled with nothing."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": partner.id,
                "amount": amount,
                "journal_id": self.company_data["default_journal_bank"].id,
                "currency_id": (currency or self.env.company.currency_id).id,
                "payment_method_line_id": self.inbound_payment_method_line.id,
            }
        )
        payment.action_post()
        return payment

    def on_statement(self, amount=50.0, **values):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": self.today,
                "amount": amount,
                "payment_ref": "money",
                **values,
            }
        )


@tagged("post_install", "-at_install")
class TestWarnings(TransferCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._create_partner("Another Oy", is_company=True)

    def setUp(self):
        super().setUp()
        self.invoice = self.create_invoice(days_overdue=20)

    def assertWarned(self, invoice, warned=True):
        verdict = self.verdict(invoice)
        self.assertFalse(verdict.code, "a warning is no refusal")
        self.assertEqual(bool(verdict.warning), warned)

    def test_money_on_the_customers_account_warns_and_is_shown(self):
        self.assertWarned(self.invoice, False)
        payment = self.pay_in_advance(self.business)
        self.assertWarned(self.invoice)
        action = self.invoice.with_user(self.user).action_ropo_open_credits()
        line = self.env["account.move.line"].search(action["domain"])
        self.assertEqual(line.payment_id, payment)
        self.assertEqual(line.account_id.account_type, "asset_receivable")

    def test_an_open_credit_note_warns(self):
        note = self.create_invoice(amount=10, move_type="out_refund")
        self.assertWarned(self.invoice)
        (note | self.invoice).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()
        self.assertWarned(self.invoice, False)

    def test_a_contact_of_the_customer_counts_as_the_customer(self):
        contact = self._create_partner("Person", parent_id=self.business.id)
        self.pay_in_advance(contact)
        self.assertWarned(self.invoice)

    def test_money_on_a_statement_warns_until_it_is_matched(self):
        line = self.on_statement(partner_id=self.business.id)
        self.assertWarned(self.invoice)
        action = self.invoice.action_ropo_open_credits()
        shown = self.env["account.move.line"].search(action["domain"])
        self.assertEqual(shown.move_id, line.move_id)

    def test_money_with_the_reference_of_the_invoice_warns_without_a_customer(self):
        self.on_statement(payment_ref=self.invoice.payment_reference)
        self.assertWarned(self.invoice)
        self.assertWarned(self.create_invoice(days_overdue=20), False)

    def test_a_payment_that_has_no_entry_yet_warns(self):
        # As where Odoo's Accounting is installed: the bank statement brings the entry.
        journal = self.company_data["default_journal_bank"]
        methods = journal.inbound_payment_method_line_ids
        methods.payment_account_id = False
        Move = type(self.env["account.move"])
        with patch.object(
            Move, "_get_invoice_in_payment_state", lambda _self: "in_payment"
        ):
            self.pay(self.invoice, 50, payment_method_line_id=methods[:1].id)
            self.assertEqual(self.invoice.payment_state, "in_payment")
        self.assertEqual(self.invoice.amount_residual, 125.5)
        self.assertWarned(self.invoice)

    def test_what_is_another_customers_or_companys_does_not_warn(self):
        self.pay_in_advance(self.other)
        self.on_statement(partner_id=self.other.id)
        self.on_statement(amount=-50, partner_id=self.business.id)
        draft = self.pay_in_advance(self.business)
        draft.action_draft()
        self.assertWarned(self.invoice, False)

    def test_money_in_another_currency_warns_too(self):
        self.pay_in_advance(self.business, currency=self.setup_other_currency("SEK"))
        self.assertWarned(self.invoice)

    def test_the_wizard_shows_the_warning_and_what_it_is_about(self):
        self.pay_in_advance(self.business)
        calm = self.create_invoice(self.other, days_overdue=20)
        wizard = self._wizard("ropo.transfer.wizard", self.invoice | calm, self.user)
        self.assertEqual(
            (wizard.ready_count, wizard.warning_count, wizard.blocked_count), (1, 1, 0)
        )
        line = wizard.line_ids[0]
        self.assertEqual(line.move_id, self.invoice, "what to look at comes first")
        self.assertIn("Example Oy is not reconciled", line.warning)
        self.assertEqual(line.action_open_credits()["res_model"], "account.move.line")


@tagged("post_install", "-at_install")
class TestRules(TransferCommon):
    """Each rule of what may be transferred, and its other side."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sek = cls.setup_other_currency(
            "SEK", rounding=0.01, rates=[("2000-01-01", 10.0)]
        )

    def customer(self, **values):
        return self._create_partner("Sample Oy", **{"is_company": True, **values})

    def to(self, days_overdue=20, **values):
        """An overdue invoice to a new customer with these values."""
        return self.create_invoice(self.customer(**values), days_overdue=days_overdue)

    def changed(self, days_overdue=20, **values):
        invoice = self.create_invoice(days_overdue=days_overdue)
        invoice.write(values)
        return invoice

    def paid(self, *amounts, **values):
        invoice = self.create_invoice(days_overdue=20, **values)
        for amount in amounts:
            self.pay(invoice, amount)
        return invoice

    def credited(self, amount):
        invoice = self.create_invoice(days_overdue=20)
        note = self.create_invoice(amount=amount, move_type="out_refund")
        (note | invoice).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()
        return invoice

    def blocked(self):
        invoice = self.create_invoice(days_overdue=20)
        invoice.action_toggle_block_payment()
        return invoice

    def documents(self):
        create = self.create_invoice
        return {
            "posted, open, overdue": (create(days_overdue=20), False),
            "a draft": (create(days_overdue=20, post=False), "state"),
            "a credit note": (create(days_overdue=20, move_type="out_refund"), "type"),
            "a vendor bill": (
                create(move_type="in_invoice", ref="1", post=False),
                "type",
            ),
            "nothing to ask for": (create(days_overdue=20, amount=0), "zero"),
            "no reference": (self.changed(payment_reference=False), "reference"),
        }

    def days(self):
        create, consumer = self.create_invoice, self.consumer
        return {
            "due today": (create(days_overdue=0), "early"),
            "due tomorrow": (create(days_overdue=-1), "early"),
            "a company, 6 days": (create(days_overdue=6), "early"),
            "a company, 7 days": (create(days_overdue=7), False),
            "a consumer, 7 days": (create(consumer, days_overdue=7), "early"),
            "a consumer, 13 days": (create(consumer, days_overdue=13), "early"),
            "a consumer, 14 days": (create(consumer, days_overdue=14), False),
            "a contact of a company, 7 days": (
                create(
                    self._create_partner("Person", parent_id=self.business.id),
                    days_overdue=7,
                ),
                False,
            ),
            "no instalment overdue": (self.instalments(days_overdue=5), "early"),
            "one instalment overdue": (self.instalments(), "instalments"),
            "all but one overdue": (self.instalments(days_overdue=50), "instalments"),
            "all instalments overdue": (self.instalments(days_overdue=67), False),
        }

    def amounts(self):
        create, sek = self.create_invoice, {"currency_id": self.sek.id}
        return {
            "paid": (self.paid(125.5), "paid"),
            "paid in parts": (self.paid(100, 25.5), "paid"),
            "paid in part": (self.paid(25.5), False),
            "a small rest": (self.paid(100), "small"),
            "credited": (self.credited(100), "paid"),
            "credited in part": (self.credited(50), False),
            "below the smallest claim": (create(amount=20, days_overdue=20), "small"),
            "the smallest claim": (create(amount=23.91, days_overdue=20), False),
            "a foreign currency": (create(amount=400, days_overdue=20, **sek), False),
            "small in a foreign currency": (
                create(amount=200, days_overdue=20, **sek),
                "small",
            ),
        }

    def people(self):
        exempt, spared = self.customer(), self.customer(ropo_no_collection=True)
        self.account.exempt_partner_ids = exempt
        create = self.create_invoice
        of_exempt = self._create_partner("Person", parent_id=exempt.id)
        of_spared = self._create_partner("Person", parent_id=spared.id)
        return {
            "held": (self.changed(ropo_hold=True), "hold"),
            "no follow-up": (self.changed(no_followup=True), "exempt"),
            "disputed": (self.blocked(), "disputed"),
            "never collected": (create(spared, days_overdue=20), "exempt"),
            "contact of one never collected": (
                create(of_spared, days_overdue=20),
                "exempt",
            ),
            "exempt on the account": (create(exempt, days_overdue=20), "exempt"),
            "contact of an exempt": (create(of_exempt, days_overdue=20), "exempt"),
        }

    def addresses(self):
        wrong = {
            **EINVOICE,
            "ropo_evoice": "FI2112345600000786",
            "ropo_sendtype": "evoice",
        }
        return {
            "no street": (self.to(street=False), "address"),
            "no postcode": (self.to(zip=False), "address"),
            "no city": (self.to(city=False), "address"),
            "no business id": (self.to(company_registry="1"), "business_id"),
            "no e-mail": (self.to(ropo_sendtype="email"), "email"),
            "no e-invoice address": (self.to(ropo_sendtype="evoice"), "evoice"),
            "a wrong e-invoice address": (self.to(**wrong), "evoice"),
            "no e-mail, but on paper": (
                self.to(ropo_sendtype="email", ropo_no_electronic_reminder=True),
                False,
            ),
        }

    def collected(self):
        delivered, reminded, collected, queued = (
            self.create_invoice(days_overdue=20) for _n in range(4)
        )
        self.send(delivered)
        self.transfer(reminded)
        self.transfer(collected, "collection", notice_date=self.reminded_on)
        wizard = self._wizard("ropo.transfer.wizard", queued)
        wizard.line_ids.include = True  # the others of this customer are warnings
        wizard.action_transfer()
        return {
            "delivered by Ropo": (delivered, False),
            "in reminder": (reminded, "collected"),
            "in collection": (collected, "collected"),
            "on its way": (queued, "collected"),
        }

    def test_each_rule_for_reminders_and_for_collection(self):
        cases = {}
        for group in ("documents", "days", "people", "addresses", "collected"):
            cases |= getattr(self, group)()
        cases |= self.amounts()
        self.account.write(
            {"min_amount": 30, "notice_days_b2b": 0, "notice_days_b2c": 0}
        )
        self.assertGreaterEqual(len(cases), 40)
        moves = self.env["account.move"].union(*(move for move, _c in cases.values()))
        for operation in ("reminder", "collection"):
            verdicts = self.verdicts(moves, operation, notice_date=self.today)
            found = {what: verdicts[move].code for what, (move, _c) in cases.items()}
            self.assertEqual(found, {what: code for what, (_m, code) in cases.items()})
        found = self.env["account.move"].search(
            [("ropo_transferable", "=", True), ("id", "in", moves.ids)]
        )
        good = {move for move, code in cases.values() if not code}
        self.assertEqual(set(found), good, "the filter finds the same")
        self.assertEqual(set(moves.filtered("ropo_transferable")), good)

    def test_the_date_of_ones_own_reminder(self):
        bare, dated, ahead, before = (
            self.create_invoice(days_overdue=20) for _n in range(4)
        )
        for move, days in ((dated, 8), (ahead, -1), (before, 21)):
            move.ropo_notice_date = self.today - timedelta(days=days)
        codes = {bare: "notice", dated: False, ahead: "notice", before: "notice"}
        moves = bare | dated | ahead | before
        verdicts = self.verdicts(moves, "collection")
        self.assertEqual({move: v.code for move, v in verdicts.items()}, codes)
        self.account.country = "se"
        codes[bare] = False
        verdicts = self.verdicts(moves, "collection")
        self.assertEqual({move: v.code for move, v in verdicts.items()}, codes)


@tagged("post_install", "-at_install")
class TestInstalments(TransferCommon):
    def parts(self, **values):
        return {"claim_parts": True, **values}

    def test_it_goes_when_the_last_is_overdue(self):
        early, late = self.instalments(), self.instalments(days_overdue=67)
        self.assertEqual(self.verdict(early).code, "instalments")
        self.assertFalse(self.verdict(late).code)
        self.transfer(late)
        self.assertEqual(self.sandbox.job(billnum=late.name)["amount"], 125.5)

    def test_it_is_early_while_none_is_overdue_long_enough(self):
        fresh = self.instalments(days_overdue=6)
        self.assertEqual(self.verdict(fresh).code, "early")
        self.account.claim_parts = True
        self.assertEqual(self.verdict(fresh).code, "early")
        self.assertFalse(self.verdict(self.instalments(days_overdue=7)).code)

    def test_it_goes_when_the_later_ones_are_paid(self):
        invoice = self.instalments()
        lines = self.dues(invoice)[1:]
        payment = self.pay_in_advance(
            self.business, sum(lines.mapped("amount_residual"))
        )
        credit = payment.move_id.line_ids.filtered("account_id.reconcile").filtered(
            lambda line: line.account_id == lines.account_id
        )
        (credit | lines).reconcile()
        self.assertFalse(self.verdict(invoice).code)
        self.transfer(invoice)
        self.assertEqual(self.sandbox.job()["amount"], 50.2)

    def test_the_overdue_part_goes_when_the_user_says_so(self):
        invoice = self.instalments(days_overdue=40)
        self.transfer(invoice, user=self.user, **self.parts())
        job = self.sandbox.job()
        self.assertEqual(job["amount"], 100.4)
        self.assertEqual(
            job["dataset"]["paydate"], self.dues(invoice)[1].date_maturity.isoformat()
        )
        case = invoice.ropo_job_ids
        self.assertEqual((case.amount, case.open_amount), (100.4, 100.4))
        self.assertEqual(case.part_ids, self.dues(invoice)[:2].ids)

    def test_ropo_learns_of_money_on_the_claimed_part_only(self):
        invoice = self.instalments(days_overdue=40)
        self.pay(invoice, 20.2)
        self.transfer(invoice, **self.parts())
        self.assertEqual(self.sandbox.job()["capital"], 80.2)
        self.pay(invoice, 30)  # of the first, which is claimed
        later = self.dues(invoice)[2]
        payment = self.pay_in_advance(self.business, 25.1)
        credit = payment.move_id.line_ids.filtered(
            lambda line: line.account_id == later.account_id
        )
        (credit | later).reconcile()
        self.run_cron("cron_post_payments")
        self.run_cron("cron_process_requests")
        self.assertEqual(self.requests_of(invoice, "payment").mapped("amount"), [30])
        self.assertEqual(self.sandbox.job()["capital"], 50.2)
        self.assertEqual(sum(self.dues(invoice)[:2].mapped("amount_residual")), 50.2)
        report = self.env["ropo.receivable.report"].search(
            [("move_id", "=", invoice.id)]
        )
        self.assertEqual((report.residual, report.difference), (50.2, 0))
        (payment.move_id.line_ids & credit).remove_move_reconcile()
        self.run_cron("cron_post_payments")
        self.assertFalse(self.requests_of(invoice, "payment_reversal"))

    def test_a_part_that_is_paid_before_sending_is_not_claimed(self):
        invoice = self.instalments()
        self._wizard("ropo.transfer.wizard", invoice, **self.parts()).action_transfer()
        self.pay(invoice, 50.2)
        self.work_off()
        request = self.requests_of(invoice)
        self.assertEqual(request.state, "cancelled")
        self.assertIn("Not overdue long enough", request.error)
        self.assertEqual(self.sandbox.jobs(), [])

    def test_the_smallest_claim_is_that_of_the_part(self):
        self.account.min_amount = 60
        invoice = self.instalments()
        self.account.claim_parts = True
        self.assertEqual(self.verdict(invoice).code, "small")


@tagged("post_install", "-at_install")
class TestTerms(TransferCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.business.write({"ref": "C100", "email": "office@example.com", **EINVOICE})
        cls.consumer.write({"ref": "C200", **EINVOICE})
        cls.printed = cls._create_partner(
            "Example Oy",
            is_company=True,
            company_registry="0000001-9",
            ref="C300",
            ropo_sendtype="print",
        )

    # --- whole payloads ---

    def assertTold(self, name, move):
        request = self.requests_of(move)
        self.assertEqual((request.state, request.error), ("done", False))
        payload = request.payload
        self.assertEqual(payload["billnum"], move.name)
        for key in RUNNING:
            if key in payload:
                payload[key] = f"<{key}>"
        path = FOLDER / f"{name}.json"
        if UPDATE:
            text = json.dumps(payload, indent=2, ensure_ascii=False) + "\n"
            path.write_text(text, encoding="utf-8")
        self.assertEqual(json.loads(path.read_text(encoding="utf-8")), payload)

    def test_the_dialog_shows_that_no_claim_is_printed_by_ourselves(self):
        move = self.create_invoice(self.printed, days_overdue=20)
        wizard = self._wizard("ropo.transfer.wizard", move, self.user)
        self.assertEqual(wizard.line_ids.delivery, "Letter")

    def test_payloads(self):
        subject = {"einvoice_subject": "Rent"}
        fee = {"notice_fee": 5.0}
        cases = {
            "plain_reminder": (self.business, "reminder", {}, {}),
            "plain_collection": (self.business, "collection", {}, {}),
            "reminder_by_letter": (
                self.business,
                "reminder",
                {"claim_sendtype": "post"},
                {},
            ),
            "reminder_whose_invoice_we_print": (self.printed, "reminder", {}, {}),
            "collection_whose_invoice_we_print": (self.printed, "collection", {}, {}),
            "reminder_where_the_account_prints": (
                self.consumer,
                "reminder",
                {},
                {"default_sendtype": "print"},
            ),
            "reminder_by_email": (
                self.business,
                "reminder",
                {"claim_sendtype": "email"},
                {},
            ),
            "reminder_to_a_companys_operator": (
                self.business,
                "reminder",
                {"claim_sendtype": "einvoice"},
                {},
            ),
            "reminder_to_a_consumers_bank": (
                self.consumer,
                "reminder",
                {"claim_sendtype": "einvoice"},
                subject,
            ),
            "reminder_with_costs_interest_and_reason": (
                self.consumer,
                "reminder",
                {
                    **fee,
                    "claim_interest": 7.5,
                    "claim_reason": "Rent of May",
                    "collection_process": "RENT",
                },
                {},
            ),
            "collection_of_a_fee": (
                self.business,
                "collection",
                {**fee, "debt_type": "customer_fee", "claim_reason": "Parking"},
                {},
            ),
            "terms_of_the_account": (
                self.business,
                "collection",
                {},
                {
                    **fee,
                    "interest_b2b": 10.5,
                    "claim_reason": "Goods",
                    "collection_process": "TRADE",
                    "debt_type": "capital",
                },
            ),
        }
        for name, (partner, kind, values, account_values) in cases.items():
            with self.subTest(name):
                before = {key: self.account[key] for key in account_values}
                self.account.write(account_values)
                move = self.create_invoice(partner, days_overdue=20)
                asked = (
                    {"notice_date": self.reminded_on} if kind == "collection" else {}
                )
                self.transfer(move, kind, user=self.user, **asked, **values)
                self.assertTold(name, move)
                self.account.write(before)
        self.assertEqual({path.stem for path in FOLDER.glob("*.json")}, set(cases))
        self.assertFalse(UPDATE, "the files were written anew: run it without")

    def test_a_claim_on_a_person_has_his_number_in_each_country(self):
        for country, number in (
            ("fi", "010190-123X"),
            ("se", "19900101-1234"),
            ("no", "01019012345"),
        ):
            sales = self.company_data["default_journal_sale"]
            account = self._create_account(
                self.env.company, cid=f"7{country}", country=country
            )
            journal = sales.copy(
                {
                    "ropo_account_id": account.id,
                    "default_account_id": sales.default_account_id.id,
                }
            )
            self.sandbox.post(
                "profiles",
                cid=f"7{country}",
                apicode="sandbox-apicode",
                country=country,
            )
            person = self._create_partner(
                "Esimerkki Asiakas",
                ref=f"C-{country}",
                country_id=self.env.ref(f"base.{country}").id,
                ropo_personal_id=f"{number} ",
            )
            for kind in ("reminder", "collection"):
                with self.subTest(f"{country} {kind}"):
                    move = self.create_invoice(
                        person, days_overdue=20, journal_id=journal.id
                    )
                    asked = {"notice_date": self.reminded_on}
                    asked = asked if kind == "collection" else {}
                    self._wizard(
                        "ropo.transfer.wizard", move, self.user, kind=kind, **asked
                    ).action_transfer()
                    self.work_off(account)
                    self.assertTold(f"persons/{country}_{kind}", move)
        company = self.business
        company.ropo_personal_id = "010190-123X"
        self.transfer(move := self.create_invoice(company, days_overdue=20))
        self.assertEqual(self.requests_of(move).payload["govid"], "0000001-9")

    # --- delivery ---

    def test_who_wants_reminders_on_paper_gets_letters_whatever_is_chosen(self):
        self.business.ropo_no_electronic_reminder = True
        move = self.create_invoice(days_overdue=20)
        self.transfer(move, claim_sendtype="email")
        self.assertEqual(self.sandbox.job()["sendtype"], "post")

    def test_who_can_not_be_reached_in_the_chosen_way_stays_behind(self):
        without = self._create_partner("Without Oy", is_company=True)
        move = self.create_invoice(without, days_overdue=20)
        for wanted, code in (
            ("email", "email"),
            ("einvoice", "evoice"),
            ("post", False),
        ):
            wizard = self._wizard("ropo.transfer.wizard", move, claim_sendtype=wanted)
            self.assertEqual(bool(wizard.blocked_count), bool(code), wanted)
        self.account.claim_sendtype = "email"
        self.assertEqual(self.verdict(move).code, "email")
        self.assertFalse(
            self.verdict(move, "collection", notice_date=self.reminded_on).code,
            "it is the reminder's delivery",
        )

    # --- where the terms come from, and where they stay ---

    def test_the_wizard_begins_with_the_accounts_terms(self):
        self.account.write({"notice_fee": 5, "claim_sendtype": "post"})
        move = self.create_invoice(days_overdue=20)
        wizard = self._wizard("ropo.transfer.wizard", move, self.user)
        self.assertEqual((wizard.notice_fee, wizard.claim_sendtype), (5, "post"))
        wizard.write({"notice_fee": 0, "claim_sendtype": "email"})
        wizard.action_transfer()
        self.work_off()
        dataset = self.sandbox.job()["dataset"]
        self.assertEqual(dataset["sendtype"], "email")
        self.assertNotIn("noticefee", dataset)

    def test_with_several_accounts_what_stays_empty_is_as_on_each(self):
        journal = self.company_data["default_journal_sale"].copy()
        other = self._create_account(self.env.company, name="Other", claim_reason="B")
        journal.ropo_account_id = other
        self.account.write({"claim_reason": "A", "notice_fee": 5})
        first = self.create_invoice(days_overdue=20)
        second = self.create_invoice(days_overdue=20, journal_id=journal.id)
        wizard = self._wizard("ropo.transfer.wizard", first | second, notice_fee=3)
        self.assertTrue(wizard.has_several_accounts)
        wizard.action_transfer()
        requests = self.requests_of(first) | self.requests_of(second)
        self.assertEqual(
            {r.move_id: (r.claim_reason, r.notice_fee) for r in requests},
            {first: ("A", 3), second: ("B", 3)},
        )

    def test_a_retry_says_the_same(self):
        move = self.create_invoice(days_overdue=20)
        self.business.email = "nowhere"
        self.transfer(
            move,
            claim_sendtype="email",
            notice_fee=5,
            claim_reason="Goods",
            claim_interest=8,
            claim_parts=True,
        )
        refused = self.requests_of(move)
        self.assertEqual(refused.state, "rejected")
        self.business.email = "office@example.com"
        refused.with_user(self.manager).action_retry()
        self.work_off()
        again = self.requests_of(move) - refused
        self.assertEqual(again.state, "done")
        names = ("noticefee", "claimtext", "overdueinterest", "sendtype", "amount")
        for name in names:
            self.assertEqual(again.payload[name], refused.payload[name], name)

    def test_own_costs_are_claimed_in_the_currency_of_the_invoice(self):
        sek = self.setup_other_currency(
            "SEK", rounding=0.01, rates=[("2000-01-01", 10.0)]
        )
        move = self.create_invoice(days_overdue=20, currency_id=sek.id)
        self.pay(move, 25.5)
        self.transfer(move, notice_fee=5)
        dataset = self.sandbox.job()["dataset"]
        self.assertEqual(
            (dataset["currency"], dataset["amount"], dataset["noticefee"]),
            ("SEK", 100, 50),
        )

    # --- what is sent is what is open then ---

    def test_money_between_wizard_and_sending_lowers_the_claim(self):
        part, paid = (self.create_invoice(days_overdue=20) for _n in range(2))
        self._wizard("ropo.transfer.wizard", part | paid).action_transfer()
        self.assertEqual(self.requests_of(part).amount, 125.5)
        self.pay(part, 25.5)
        self.pay(paid)
        self.work_off()
        self.assertEqual(self.sandbox.job()["amount"], 100)
        self.assertEqual(self.requests_of(part).amount, 100)
        self.assertEqual(self.requests_of(paid).state, "cancelled")
        self.assertEqual(self.requests_of(paid).error, "Nothing of it is open.")

    def test_what_a_person_holds_before_sending_is_not_sent(self):
        held, blocked = (self.create_invoice(days_overdue=20) for _n in range(2))
        spared = self._create_partner("Spared Oy", is_company=True)
        exempt = self.create_invoice(spared, days_overdue=20)
        moves = held | exempt | blocked
        self._wizard("ropo.transfer.wizard", moves).action_transfer()
        held.ropo_hold = True
        self.account.exempt_partner_ids = spared
        blocked.action_toggle_block_payment()
        self.work_off()
        self.assertEqual(self.sandbox.jobs(), [])
        self.assertEqual(
            [self.requests_of(move).state for move in moves], ["cancelled"] * 3
        )
        self.assertEqual(moves.mapped("ropo_state"), [False] * 3)

    # --- from where ---

    def test_from_the_customer_all_that_is_overdue(self):
        contact = self._create_partner("Person", parent_id=self.business.id)
        mine = self.create_invoice(days_overdue=20) | self.create_invoice(
            contact, days_overdue=9
        )
        reminded = self.create_invoice(days_overdue=20)
        self.transfer(reminded)
        self.create_invoice(self.consumer, days_overdue=20)
        self.create_invoice()
        action = contact.with_user(self.user).action_ropo_transfer()
        self.assertEqual(set(action["context"]["active_ids"]), set(mine.ids))
        with self.assertRaisesRegex(UserError, "there is no overdue invoice"):
            self._create_partner("New Oy").with_user(self.user).action_ropo_transfer()

    def test_by_customer_with_sums(self):
        other = self._create_partner("Another Oy", is_company=True)
        moves = (
            self.create_invoice(days_overdue=20)
            | self.create_invoice(other, days_overdue=30)
            | self.create_invoice(days_overdue=10)
            | self.create_invoice(days_overdue=1)
        )
        wizard = self._wizard("ropo.transfer.wizard", moves, self.user)
        self.assertEqual(wizard.line_ids.mapped("partner_id"), self.business | other)
        self.assertEqual(wizard.line_ids.mapped("days_overdue"), [1, 20, 10, 30])
        self.assertEqual(
            [
                (row.partner_id, row.invoice_count, row.ready_count, row.amount)
                for row in wizard.customer_ids
            ],
            [(self.business, 3, 2, 251.0), (other, 1, 1, 125.5)],
        )

    def test_what_was_fixed_meanwhile_is_looked_at_again(self):
        partner = self._create_partner("Nowhere Oy", is_company=True, city=False)
        move = self.create_invoice(partner, days_overdue=20)
        wizard = self._wizard("ropo.transfer.wizard", move, self.user, notice_fee=3)
        self.assertEqual(wizard.ready_count, 0)
        partner.city = "Helsinki"
        wizard.action_check()
        self.assertEqual((wizard.ready_count, wizard.notice_fee), (1, 3))
        self.assertEqual(wizard.customer_ids.ready_count, 1)

    def test_the_form_follows_what_is_chosen(self):
        moves = self.create_invoice(days_overdue=20) | self.instalments(self.consumer)
        wizard = self.env["ropo.transfer.wizard"].with_user(self.user)
        context = {"active_model": "account.move", "active_ids": moves.ids}
        with Form(wizard.with_context(**context)) as form:
            self.assertEqual((form.ready_count, form.blocked_count), (1, 1))
            form.claim_parts = True
            self.assertEqual(form.ready_count, 2)
            form.kind = "collection"
            self.assertEqual(form.ready_count, 0)
            form.notice_date = self.reminded_on
            self.assertEqual(form.ready_count, 2)
            self.assertEqual(len(form.customer_ids), 2)
        form.record.action_transfer()
        self.work_off()
        self.assertEqual(moves.mapped("ropo_state"), ["collection"] * 2)

    # --- who may ---

    def test_an_invoicing_user_without_the_group_may_not(self):
        plain = new_test_user(
            self.env, login="plain", groups="account.group_account_invoice"
        )
        move = self.create_invoice(days_overdue=20)
        with self.assertRaises(AccessError):
            self._wizard("ropo.transfer.wizard", move, plain)
        with self.assertRaises(AccessError):
            self.env["ropo.transfer.preview"].with_user(plain).create({})
        self.assertTrue(move.with_user(plain).ropo_may_transfer)
        found = move.with_user(plain).search(
            [("ropo_transferable", "=", True), ("id", "=", move.id)]
        )
        self.assertEqual(found, move)

    def test_a_ropo_user_does_all_of_it(self):
        move = self.create_invoice(days_overdue=20).with_user(self.user)
        self.assertTrue(move.ropo_may_transfer)
        self.transfer(move, user=self.user, notice_fee=5)
        self.assertEqual(move.ropo_state, "reminder")
        self.assertFalse(move.ropo_may_transfer)
