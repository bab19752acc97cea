"""What a person reads where an invoice may not be sent or transferred: the whole text,
which names what is wrong and what to do, and the record that is opened to fix it."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import format_date

from .common import RopoCommon
from .maventa import MaventaCommon


class ReasonsCommon(RopoCommon):
    def assertReason(self, invoice, operation, code, text, record=None, **values):
        verdict = self.verdicts(invoice, operation, **values)[invoice]
        found = (verdict.code, verdict.text, verdict.record)
        self.assertEqual(found, (code, text, record or invoice))

    def day(self, days):
        return format_date(self.env, self.today + timedelta(days=days))


@tagged("post_install", "-at_install")
class TestReasons(ReasonsCommon):
    # --- whatever is to be done with it ---

    def test_what_any_document_needs_is_said_in_whole_sentences(self):
        bill = self.create_invoice(move_type="in_invoice", ref="1", post=False)
        draft = self.create_invoice(post=False)
        zero = self.create_invoice(amount=0)
        dinar = self.setup_other_currency("KWD", rounding=0.001)
        odd = self.create_invoice(currency_id=dinar.id)
        for operation in ("invoice", "reminder"):
            for invoice, code, text in (
                (
                    bill,
                    "type",
                    "This is no customer invoice. Only those go to Ropo.",
                ),
                (draft, "state", "It is not posted. Confirm it first."),
                (zero, "zero", "Its total is zero: there is nothing to ask for."),
                (
                    odd,
                    "currency",
                    "KWD has more decimals than the two that Ropo knows. Invoice in "
                    "another currency.",
                ),
            ):
                with self.subTest(code, operation=operation):
                    self.assertReason(invoice, operation, code, text)

    def test_a_company_without_an_account_is_named_with_where_to_set_one_up(self):
        invoice = self.create_invoice()
        self.account.active = False
        self.assertReason(
            invoice,
            "invoice",
            "account",
            f"{self.env.company.display_name} has no Ropo account. Set one up under "
            "Ropo → Configuration, or choose one on the journal.",
            self.env.company,
        )

    def test_a_channel_that_has_no_such_documents_is_named(self):
        invoice = self.create_invoice(days_overdue=20)
        channel = self.account._channel()
        few = replace(channel.capabilities, kinds=frozenset(["reminder"]))
        with patch.object(channel, "capabilities", few):
            self.assertReason(
                invoice,
                "invoice",
                "kind",
                f"{self.account.name} can't take it: its channel has no documents of "
                "this kind.",
                self.account,
            )
            self.assertFalse(self.verdicts(invoice, "reminder")[invoice].code)

    def test_what_can_not_be_checked_says_where_the_details_are(self):
        invoice = self.create_invoice()
        rules = type(self.env["ropo.delivery.rules"])
        with (
            patch.object(rules, "_verdict", side_effect=KeyError("an odd record")),
            self.assertLogs("odoo.addons.ropo_connect.services.transaction") as logs,
        ):
            self.assertReason(
                invoice,
                "invoice",
                "failed",
                "It can't be checked (KeyError). Your administrator finds the details "
                "in the server's log.",
            )
        self.assertIn("can't check it", logs.output[0])

    def test_who_lacks_the_right_reads_which_to_ask_for(self):
        verdict = self.env["ropo.eligibility"]._lacks_right()
        self.assertEqual(
            (verdict.code, verdict.text, verdict.record),
            ("right", "You lack the right “Ropo: User”. Ask for it.", None),
        )

    # --- sending ---

    def test_what_is_not_sent_again_or_can_not_be_booked_says_so(self):
        sent, unnumbered = self.create_invoice(), self.create_invoice()
        self.send(sent)
        self.assertReason(
            sent, "invoice", "sent", "Ropo has it already, or it is on its way."
        )
        ledger = unnumbered.invoice_line_ids.account_id
        ledger.code = "SALES"
        self.assertFalse(self.verdicts(unnumbered, "invoice")[unnumbered].code)
        self.assertReason(
            unnumbered,
            "invoice",
            "ledger",
            "Ropo keeps the ledger (Embed) and needs numbers: the account "
            f"{ledger.display_name} has none as its code.",
            ledger,
            model="embed",
        )

    def test_an_invoice_without_rows_says_what_to_add(self):
        invoice = self.create_invoice()
        # As an import of open items leaves it: what is owed, and nothing that was sold.
        self.cr.execute(
            "UPDATE account_move_line SET display_type = 'rounding' "
            "WHERE move_id = %s AND display_type = 'product'",
            [invoice.id],
        )
        self.env.invalidate_all()
        self.assertReason(
            invoice, "invoice", "rows", "It has no rows. Add what was sold."
        )

    def test_at_most_ten_reasons_are_shown_at_once(self):
        drafts = self.env["account.move"].concat(
            *(self.create_invoice(post=False) for _number in range(11))
        )
        with self.assertRaises(UserError) as raised:
            self.env["ropo.eligibility"]._check(drafts | self.create_invoice())
        self.assertEqual(
            str(raised.exception).split("\n"),
            [
                f"{draft.display_name}: It is not posted. Confirm it first."
                for draft in drafts[:10]
            ],
        )

    def test_a_credit_note_that_credits_nothing_says_what_to_do(self):
        note = self.create_invoice(move_type="out_refund")
        text = self.env["ropo.eligibility"]._allocation_note(note)
        self.assertEqual(
            text,
            "It credits no invoice, so Ropo gets it unallocated. Reconcile it with the "
            "invoice that it is for.",
        )
        for other in (self.create_invoice(), self.create_invoice(days_overdue=20)):
            self.assertEqual(self.env["ropo.eligibility"]._allocation_note(other), "")

    # --- delivery ---

    def test_a_customer_who_can_not_be_reached_is_named_with_what_is_missing(self):
        name = self.business.display_name
        email = (
            f"{name} is to get it by e-mail and has no address. Enter one, or choose "
            "another delivery."
        )
        evoice = (
            f"{name} is to get an e-invoice and has no e-invoice address or operator. "
            "Enter both, or choose another delivery."
        )
        peppol = (
            f"{name} is to get it by Peppol and has no Peppol id. Enter it as the "
            "e-invoice address, or choose another delivery."
        )
        form = (
            f"“Mäkikatu1” can't be where {name} receives e-invoices: an OVT code is "
            "0037 and the business id, an IBAN has its check digits, a Peppol id a "
            "scheme such as 0216: before it. Correct the address or the operator."
        )
        invoice = self.create_invoice(self.business)
        to_peppol = {"ropo_sendtype": "peppol"}
        operator = {"ropo_sendtype": "evoice", "ropo_evoice_operator": "DABAFIHH"}
        for values, code, text in (
            ({"ropo_sendtype": "email"}, "email", email),
            (operator, "evoice", evoice),
            (to_peppol, "evoice", peppol),
            ({**to_peppol, "ropo_evoice": "Mäkikatu 1"}, "evoice", form),
        ):
            with self.subTest(text[-30:]):
                usual = {"ropo_evoice": False, "ropo_evoice_operator": False}
                self.business.write({**usual, **values})
                self.assertReason(invoice, "invoice", code, text, self.business)

    def test_all_parts_of_an_address_are_named_in_the_order_of_a_letter(self):
        address = self._create_partner("Example", zip=False, city=False)
        invoice = self.create_invoice(address)
        self.assertReason(
            invoice,
            "invoice",
            "address",
            f"{address.display_name} has no postcode, city. Complete the address.",
            address,
        )
        # An address alone, such as one that was taken off its company.
        address.write({"type": "invoice", "name": False, "street": False})
        self.assertReason(
            invoice,
            "invoice",
            "address",
            "The customer has no name, street, postcode, city. Complete the address.",
            address,
        )

    def test_a_wrong_business_id_is_named_with_its_country(self):
        self.business.company_registry = "0000001-8"
        self.assertReason(
            self.create_invoice(),
            "invoice",
            "business_id",
            "“0000001-8” is no business id of Finland. Correct the company id of "
            "Example Oy.",
            self.business,
        )

    def test_two_customers_of_one_number_are_both_named(self):
        other = self._create_partner("Another Oy", is_company=True, ref="4711")
        self.business.ref = "4711"
        for operation in ("invoice", "reminder"):
            self.assertReason(
                self.create_invoice(days_overdue=20),
                operation,
                "customer_number",
                f"Example Oy and {other.display_name} have the same customer number "
                "4711 at Ropo, which takes them for one debtor. Give one of them "
                "another reference.",
                self.business,
            )

    # --- transfer ---

    def test_what_is_not_owed_or_collected_already_says_so(self):
        note = self.create_invoice(
            self.consumer, move_type="out_refund", days_overdue=20
        )
        paid = self.create_invoice(days_overdue=20)
        self.pay(paid)
        waiting = self.create_invoice(days_overdue=20)
        self._wizard("ropo.transfer.wizard", waiting).action_transfer()
        for invoice, code, text in (
            (note, "type", "It is a credit note: nobody owes it."),
            (paid, "paid", "Nothing of it is open."),
            (
                waiting,
                "collected",
                "Ropo collects it already, and goes on from reminder to collection "
                "automatically.",
            ),
        ):
            self.assertReason(invoice, "reminder", code, text)

    def test_what_ropo_closed_unpaid_says_where_it_is_decided(self):
        invoice, case = self.transferred_case()
        self.at_ropo(case, "stage", stage="closed")
        self.run_cron("cron_poll_status")
        self.assertReason(
            invoice,
            "reminder",
            "ended",
            "Ropo closed its case unpaid. Decide on the case what becomes of it: "
            "write it off, transfer it again, or leave it.",
            case,
        )
        case.with_user(self.manager).action_leave()
        self.assertReason(
            invoice,
            "reminder",
            "ended",
            "Ropo closed its case unpaid, and it was decided that it is left. To "
            "transfer it all the same, choose “Transfer Again” on the case.",
            case,
        )

    def test_a_delivery_that_did_not_come_about_says_when_it_may_go(self):
        lost, refused, waiting = self.not_sent(days_overdue=20)
        for invoice, text in (
            (
                lost,
                "It is not known whether Ropo got it for delivery. It may be "
                "transferred when that is known.",
            ),
            (
                waiting,
                "Ropo is to deliver it, and it is not delivered yet. It may be "
                "transferred after that.",
            ),
            (
                refused,
                "Ropo rejected its delivery. Correct what is wrong and send it again. "
                "If it was delivered in another way, cancel that request.",
            ),
        ):
            self.assertReason(invoice, "reminder", "delivery", text)

    def test_the_accounts_own_rules_say_what_they_are(self):
        self.account.min_amount = 30
        small = self.create_invoice(amount=20, days_overdue=20)
        least = self.create_invoice(amount=30, days_overdue=20)
        self.pay(least, least.amount_residual - 30)
        unnamed, blocked = (
            self.create_invoice(days_overdue=20) for _number in range(2)
        )
        unnamed.payment_reference = False
        blocked.action_toggle_block_payment()
        for invoice, code, text in (
            (small, "small", "Less is open of it than the account's minimum amount."),
            (
                unnamed,
                "reference",
                "It has no payment reference, by which Ropo knows the money.",
            ),
            (
                blocked,
                "disputed",
                "Its payment is blocked: settle the dispute first.",
            ),
        ):
            self.assertReason(invoice, "reminder", code, text)
        verdict = self.verdicts(least, "reminder")[least]
        self.assertFalse(verdict.code, "as much as the least is enough")

    def test_who_is_exempt_and_where_that_is_set_is_said(self):
        marked, of_exempt, of_left = (
            self.create_invoice(
                self._create_partner(name, is_company=True), days_overdue=20
            )
            for name in ("First Oy", "Second Oy", "Third Oy")
        )
        marked.line_ids.no_followup = True
        of_exempt.partner_id.ropo_no_collection = True
        self.account.exempt_partner_ids = of_left.partner_id
        self.assertReason(
            marked,
            "reminder",
            "exempt",
            "“No Follow-Up” is set on it, or on its journal items.",
        )
        self.assertReason(
            of_exempt,
            "reminder",
            "exempt",
            "Second Oy: no reminders or collection.",
            of_exempt.partner_id,
        )
        self.assertReason(
            of_left,
            "reminder",
            "exempt",
            f"Third Oy is exempt on the Ropo account {self.account.name}.",
            self.account,
        )

    def test_the_day_on_which_it_may_go_is_said(self):
        early = self.create_invoice(days_overdue=3)
        self.assertReason(
            early,
            "reminder",
            "early",
            f"Not overdue long enough: it may go from {self.day(4)}.",
        )

    def test_what_is_missing_of_ones_own_reminder_is_said(self):
        invoice = self.create_invoice(days_overdue=20)
        self.account.notice_days_b2b = 10
        for days, code, text in (
            (
                None,
                "notice",
                "In Finland a debt is only collected after one's own reminder. Enter "
                "the date on which you sent it.",
            ),
            (1, "notice", "The date of your own reminder lies ahead."),
            (
                -21,
                "notice",
                "The date of your own reminder is before the due date, "
                f"{self.day(-20)}.",
            ),
            (
                -3,
                "notice_early",
                f"Your own reminder is of {self.day(-3)}: it may go to debt "
                f"collection from {self.day(7)}.",
            ),
        ):
            date = days and self.today + timedelta(days=days)
            self.assertReason(invoice, "collection", code, text, notice_date=date)
        for days in (-20, -10):  # on the due date, and as long ago as it has to be
            date = self.today + timedelta(days=days)
            found = self.verdicts(invoice, "collection", notice_date=date)[invoice]
            self.assertFalse(found.code)


@tagged("post_install", "-at_install")
class TestReasonsOfTheChannel(MaventaCommon, ReasonsCommon):
    """What a channel demands that collects of its own invoices alone."""

    def terms(self, invoice, **values):
        terms = self.env["ropo.eligibility"]._default_terms(invoice)
        return {invoice: terms[invoice]._replace(**values)}

    def test_a_service_that_is_not_active_says_what_to_do(self):
        invoice = self.delivered()
        name = self.account.name
        for state, text in (
            (
                "pending",
                f"{name}: the receivables service is not active yet. Odoo informs the "
                "responsible when it is.",
            ),
            (
                "inactive",
                f"{name}: the receivables service is not active. Activate it on the "
                "account.",
            ),
        ):
            self.account.service_state = state
            self.assertReason(invoice, "reminder", "service", text, self.account)

    def test_the_currencies_that_can_be_collected_are_named(self):
        krona = self.env.ref("base.SEK")
        krona.active = True
        self.assertReason(
            self.delivered(currency_id=krona.id),
            "reminder",
            "currency",
            f"It is in SEK: through {self.account.name} only EUR can be collected.",
        )

    def test_what_rent_needs_is_said(self):
        invoice = self.delivered(partner=self.consumer)
        terms = self.terms(invoice, is_rental=True)
        self.assertReason(
            invoice,
            "reminder",
            "rental",
            "Rent of a private person is only collected with the personal identity "
            "number of Esimerkki Asiakas. A Ropo manager enters it on the contact.",
            self.consumer,
            terms=terms,
        )
        channel = self.account._channel()
        none = replace(channel.capabilities, rental_countries=())
        with patch.object(channel, "capabilities", none):
            self.assertReason(
                invoice,
                "reminder",
                "rental",
                f"Rent can't be transferred as rent through {self.account.name}. "
                "Clear “Rent” in the claim's terms.",
                self.account,
                terms=terms,
            )

    def test_an_invoice_that_is_not_there_says_how_it_gets_there(self):
        invoice = self.create_invoice(days_overdue=20)
        name = self.account.name
        self.assertReason(
            invoice,
            "reminder",
            "invoice_missing",
            f"{name} needs the invoice itself first. Send it, or press “Find Sent "
            "Invoice” on it if it was sent by another program.",
        )
        self.set_company(country="fi", service="ACTIVE", delivery="PENDING")
        self.send(invoice)
        self.run_cron("cron_poll_status")
        self.assertReason(
            invoice,
            "reminder",
            "undelivered",
            "It is not known yet whether it was delivered. It may be transferred when "
            "it was.",
        )

    def test_all_that_is_missing_of_a_co_debtors_address_is_named(self):
        invoice = self.delivered(partner=self.consumer)
        other = self._create_partner(
            "Esimerkki Toinen",
            street=False,
            zip=False,
            city=False,
            country_id=False,
        )
        self.assertReason(
            invoice,
            "reminder",
            "address",
            "The co-debtor Esimerkki Toinen has no street, postcode, city, country. "
            "Complete the address.",
            other,
            terms=self.terms(invoice, co_debtors=(other.id,)),
        )
