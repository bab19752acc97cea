"""What happens next with an invoice, and when: one sentence for each state."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from odoo import fields
from odoo.tests import tagged
from odoo.tools import format_date, format_datetime

from .ledger import LedgerCommon

UNSENT = "It is not sent yet: choose “Send via Ropo”."
NEXT_RUN = "It is sent with the next run of the Outbox."
GOES_ON = "Ropo goes on by itself."


class NextStepCommon(LedgerCommon):
    def setUp(self):
        super().setUp()
        self.account.sudo().paused_until = False

    def step(self, invoice, user=None):
        """As this user reads it."""
        self.env.flush_all()
        self.env.invalidate_all()
        text = invoice.with_user(user or self.user).ropo_next_step
        return text and text.replace("\xa0", " ")

    def assertStep(self, invoice, text, is_to_do=False, model=False):
        self.assertEqual(self.step(invoice), text)
        mine = invoice.with_user(self.user)
        self.assertEqual(
            (mine.ropo_next_step_is_to_do, mine.ropo_next_step_model),
            (is_to_do, model),
        )

    def day(self, days=0):
        return format_date(self.env, self.today + timedelta(days=days))

    def time(self, moment):
        return format_datetime(self.env(user=self.user), moment)

    def later(self):
        return fields.Datetime.now() + timedelta(hours=3)

    def put(self, invoice):
        self._wizard("ropo.send.wizard", invoice).action_send()
        return invoice.sudo().ropo_request_ids

    def put_transfer(self, invoice, kind="reminder"):
        wizard = self._wizard(
            "ropo.transfer.wizard", invoice, kind=kind, notice_date=self.reminded_on
        )
        wizard.line_ids.include = True
        wizard.action_transfer()
        return self.requests_of(invoice).sudo()

    def next_run(self):
        """The day of the next scheduled transfer, in Finland."""
        run = fields.Datetime.context_timestamp(
            self.account.with_context(tz="Europe/Helsinki"),
            self.account.next_transfer_at,
        )
        self.assertEqual(run.tzinfo.zone, ZoneInfo("Europe/Helsinki").key)
        return format_date(self.env, run.date())


@tagged("post_install", "-at_install")
class TestNextStepOfTransfer(NextStepCommon):
    """Ropo does not collect it."""

    def test_what_has_nothing_to_do_with_ropo_says_nothing(self):
        draft = self.create_invoice(post=False)
        bill = self.create_invoice(move_type="in_invoice", ref="1")
        paid = self.create_invoice()
        self.pay(paid)
        self.account.active = False
        nowhere = self.create_invoice(days_overdue=20)
        for move in (draft, bill, paid, nowhere):
            self.assertStep(move, False)

    def test_not_sent_yet(self):
        self.account.delivered_elsewhere = False
        invoice = self.create_invoice(days_overdue=-5)
        text = f"{UNSENT} Its due date is {self.day(5)}."
        self.assertStep(invoice, text, True)
        note = self.create_invoice(move_type="out_refund")
        self.assertStep(note, UNSENT, True)

    def test_sent_and_transferred_by_hand_when_it_stays_unpaid(self):
        invoice = self.create_invoice(days_overdue=-5)
        self.send(invoice)
        self.assertStep(
            invoice,
            f"Its due date is {self.day(5)}. If it stays unpaid, it may be "
            f"transferred by hand from {self.day(12)}.",
        )

    def test_overdue_and_transferred_by_hand(self):
        self.assertStep(
            self.create_invoice(days_overdue=20),
            f"It was due on {self.day(-20)} and is not transferred automatically: "
            "choose “Transfer to Ropo”.",
            True,
        )

    def test_the_scheduled_transfer_takes_it_when_the_days_have_passed(self):
        self.account.auto_transfer = "reminder"
        for partner, wait in ((self.business, 7), (self.consumer, 14)):
            self.assertStep(
                self.create_invoice(partner, days_overdue=-5),
                f"Its due date is {self.day(5)}. If it stays unpaid, it is transferred "
                f"to Ropo for a payment reminder on {self.day(5 + wait)}.",
                model="ropo.account",
            )

    def test_what_is_overdue_goes_with_the_next_scheduled_transfer(self):
        self.account.auto_transfer = "reminder"
        self.assertStep(
            self.create_invoice(days_overdue=20),
            f"Its due date is {self.day(-20)}. If it stays unpaid, it is transferred "
            f"to Ropo for a payment reminder on {self.next_run()}.",
            model="ropo.account",
        )

    def test_debt_collection_waits_for_the_days_after_ones_own_reminder(self):
        self.account.write({"auto_transfer": "collection", "notice_days_b2b": 9})
        invoice = self.create_invoice(days_overdue=20)
        invoice.ropo_notice_date = self.today
        self.assertStep(
            invoice,
            f"Its due date is {self.day(-20)}. If it stays unpaid, it is transferred "
            f"to Ropo for debt collection on {self.day(9)}.",
            model="ropo.account",
        )

    def test_debt_collection_in_finland_lacks_ones_own_reminder(self):
        self.account.auto_transfer = "collection"
        self.assertStep(
            self.create_invoice(days_overdue=-5),
            f"Its due date is {self.day(5)}. If it stays unpaid, record your own "
            "reminder after that: debt collection needs its date.",
        )
        invoice = self.create_invoice(days_overdue=20)
        self.assertStep(
            invoice,
            "It is not transferred to Ropo. In Finland a debt is only collected after "
            "one's own reminder. Enter the date on which you sent it.",
            True,
            "account.move",
        )

    def test_on_hold_until_a_day(self):
        invoices = [self.create_invoice(days_overdue=20) for _number in range(3)]
        until, reason, bare = invoices
        holds = self.env["ropo.holds"]
        holds._hold(until, "promise", self.today + timedelta(days=4))
        holds._hold(reason, "dispute")
        bare.ropo_hold = True
        self.assertStep(
            until,
            f"On hold until {self.day(4)} (Promise to Pay). It is not transferred "
            "before that day has passed.",
        )
        self.assertStep(
            reason,
            "On hold (Dispute). It is not transferred until somebody ends the hold.",
        )
        self.assertStep(
            bare,
            "Excluded from transfer. It is not transferred until somebody changes "
            "that.",
        )

    def test_excluded_by_the_customer_or_blocked(self):
        invoice = self.create_invoice(days_overdue=20)
        self.business.ropo_no_collection = True
        self.assertStep(
            invoice,
            "It is not transferred to Ropo. Example Oy: no reminders or collection.",
            model="res.partner",
        )
        disputed = self.create_invoice(self.consumer, days_overdue=20)
        disputed.action_toggle_block_payment()
        self.assertStep(
            disputed,
            "It is not transferred to Ropo. Its payment is blocked: settle the dispute "
            "first.",
            model="account.move",
        )

    def test_what_is_to_be_fixed_opens_what_fixes_it(self):
        self.account.auto_transfer = "reminder"
        homeless = self._create_partner("Nowhere Oy", is_company=True, city=False)
        invoice = self.create_invoice(homeless, days_overdue=20)
        self.assertStep(
            invoice,
            "It is not transferred to Ropo. Nowhere Oy has no city. Complete the "
            "address.",
            True,
            "res.partner",
        )
        action = invoice.with_user(self.user).action_ropo_open_next_step()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("res.partner", homeless.id)
        )

    def test_a_warning_waits_to_be_reviewed(self):
        self.account.write({"auto_transfer": "reminder", "delivered_elsewhere": False})
        self.assertStep(
            self.create_invoice(days_overdue=20),
            f"It was due on {self.day(-20)} and waits to be reviewed before it is "
            "transferred. It is not marked as sent, so the customer may not have got "
            "it. Send it first, unless it was delivered outside Odoo.",
            True,
        )

    def test_what_is_paid_or_credited_needs_nothing(self):
        invoice = self.create_invoice()
        self.send(invoice)
        self.pay(invoice)
        self.assertStep(invoice, "Nothing of it is open: nothing more is to be done.")
        note = self.create_invoice(move_type="out_refund")
        self.send(note)
        self.assertStep(note, "It was sent via Ropo: nothing more is to be done.")

    def test_two_companies_each_have_their_own_account(self):
        data = self.setup_other_company()
        company = data["company"]
        company.country_id = self.env.ref("base.fi")
        self.user.company_ids |= company
        self._create_account(company, auto_transfer="reminder", min_days_b2b=30)
        theirs = self.init_invoice(
            "out_invoice",
            partner=self.business,
            invoice_date=self.today,
            amounts=[100],
            company=company,
            post=True,
        )
        theirs.invoice_date_due = self.today + timedelta(days=5)
        both = self.env.company | company
        mine = self.create_invoice(days_overdue=-5)
        moves = (mine | theirs).with_user(self.user)
        moves = moves.with_context(allowed_company_ids=both.ids)
        self.assertEqual(
            moves.mapped("ropo_next_step"),
            [
                f"Its due date is {self.day(5)}. If it stays unpaid, it may be "
                f"transferred by hand from {self.day(12)}.",
                f"Its due date is {self.day(5)}. If it stays unpaid, it is transferred "
                f"to Ropo for a payment reminder on {self.day(35)}.",
            ],
        )


@tagged("post_install", "-at_install")
class TestNextStepOfOutbox(NextStepCommon):
    def test_waiting_to_be_sent(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.put(invoice)
        waits = "It waits to be sent via Ropo."
        self.assertStep(invoice, f"{waits} {NEXT_RUN}", model="ropo.request")
        request.next_attempt_at = later = self.later()
        self.assertStep(
            invoice,
            f"{waits} The next attempt is on {self.time(later)}.",
            model="ropo.request",
        )
        self.account.paused_until = paused = later + timedelta(hours=1)
        self.assertStep(
            invoice,
            f"{waits} The Ropo account is paused, and sends it on {self.time(paused)}.",
            model="ropo.request",
        )
        request._set_state("sending")
        self.assertStep(invoice, f"{waits} It is being sent now.", model="ropo.request")
        action = invoice.with_user(self.user).action_ropo_open_next_step()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("ropo.request", request.id)
        )

    def test_waiting_to_be_transferred(self):
        for kind, text in (
            ("reminder", "It waits to be transferred for a payment reminder."),
            ("collection", "It waits to be transferred for debt collection."),
        ):
            invoice = self.create_invoice(days_overdue=20)
            self.put_transfer(invoice, kind)
            self.assertStep(invoice, f"{text} {NEXT_RUN}", model="ropo.request")

    def test_a_transfer_that_waits_comes_before_a_report_that_waits(self):
        """Whichever of them was put into the outbox first."""
        invoice = self.transferred()
        self.pay(invoice, 25.5)
        self.compare()
        transfer = self.requests_of(invoice, "reminder").sudo()
        transfer.write({"state": "cancelled"})  # there is one of an invoice at most
        self.env.flush_all()
        again = transfer.copy(
            {"state": "queued", "move_id": invoice.id, "operation": "reminder"}
        )
        self.assertGreater(again.id, self.requests_of(invoice, "payment").id)
        self.assertStep(
            invoice,
            f"It waits to be transferred for a payment reminder. {NEXT_RUN}",
            model="ropo.request",
        )

    def test_rejected(self):
        refused, transfer, payment = (
            self.create_invoice(days_overdue=20) for _number in range(3)
        )
        self.put(refused)._set_state("rejected", error="The e-mail is wrong.")
        request = self.put_transfer(transfer)
        request._set_state("rejected", error="The address is wrong.")
        self.transfer(payment)
        self.pay(payment, 50)
        self.compare()
        reported = self.requests_of(payment, "payment").sudo()
        reported._set_state("rejected", error="UNDONE")
        self.assertStep(
            refused,
            "Ropo rejected it. Correct what is wrong, then send it again. The e-mail "
            "is wrong.",
            True,
            "ropo.request",
        )
        self.assertStep(
            transfer,
            "Ropo rejected the transfer. Correct what is wrong, then transfer it "
            "again. The address is wrong.",
            True,
            "ropo.request",
        )
        self.assertStep(
            payment,
            "Ropo rejected what was reported. A Ropo manager decides in the Outbox "
            "what becomes of it. UNDONE",
            True,
            "ropo.request",
        )
        refused.button_draft()
        self.assertIn("Correct what is wrong", self.step(refused), "until it is sent")

    def test_unknown(self):
        invoice = self.create_invoice(days_overdue=20)
        request = self.put(invoice)
        request._set_state("sending")
        later = self.later()
        request._set_state("unknown", next_attempt_at=later)
        unknown = "It is not known whether Ropo received it."
        self.assertStep(
            invoice,
            f"{unknown} It is looked up at Ropo on {self.time(later)}.",
            model="ropo.request",
        )
        request.next_attempt_at = False
        self.assertStep(
            invoice,
            f"{unknown} It is looked up at Ropo with the next run of the Outbox.",
            model="ropo.request",
        )
        request.to_review = True
        self.assertStep(
            invoice,
            f"{unknown} A Ropo manager decides that in the Outbox.",
            True,
            "ropo.request",
        )

    def test_a_payment_waits_to_be_reported(self):
        invoice = self.transferred()
        self.pay(invoice, 50)
        cron = self.env.ref("ropo_connect.cron_post_payments")
        self.assertStep(
            invoice,
            "75.50 € is open in Odoo and 125.50 € at Ropo. What Ropo lacks is reported "
            f"to it after {self.time(cron.nextcall)}.",
            model="ropo.job",
        )
        self.compare()
        self.assertStep(
            invoice,
            f"A payment of 50.00 € waits to be reported to Ropo. {NEXT_RUN}",
            model="ropo.request",
        )
        self.work_off()
        self.unassign(invoice)
        self.compare()
        self.assertStep(
            invoice,
            "The reversal of a payment of 50.00 € waits to be reported to Ropo. "
            f"{NEXT_RUN}",
            model="ropo.request",
        )

    def test_a_credit_waits_to_be_reported(self):
        invoice = self.transferred()
        note = self.credit(invoice, 10)
        self.compare()
        text = f"A credit of 12.55 € waits to be reported to Ropo. {NEXT_RUN}"
        for move in (invoice, note):
            self.assertStep(move, text, model="ropo.request")

    def test_in_a_foreign_currency(self):
        invoice = self.transferred(currency_id=self.sek.id)
        self.pay(invoice, 50, currency_id=self.sek.id)
        self.compare()
        amount = self.sek.format(50).replace("\xa0", " ")
        self.assertStep(
            invoice,
            f"A payment of {amount} waits to be reported to Ropo. {NEXT_RUN}",
            model="ropo.request",
        )
