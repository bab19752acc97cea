"""Which invoices may go to Ropo, why the others may not, and what fixes it."""

from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import format_date

from .common import RopoCommon


@tagged("post_install", "-at_install")
class TestVerdicts(RopoCommon):
    # --- helpers ---

    def customer(self, name="Example Oy", **values):
        return self._create_partner(name, **{"is_company": True, **values})

    def assertVerdicts(self, operation, cases, **values):
        """`cases`: `{what: (invoice, code, record that fixes it)}`."""
        moves = self.env["account.move"].concat(*(case[0] for case in cases.values()))
        verdicts = self.verdicts(moves, operation, **values)
        found = {what: verdicts[move] for what, (move, _c, _r) in cases.items()}
        self.assertEqual(
            {what: (verdict.code, verdict.record) for what, verdict in found.items()},
            {what: (code, record) for what, (_m, code, record) in cases.items()},
        )
        for what, verdict in found.items():
            self.assertEqual(bool(verdict.text), bool(verdict.code), what)

    def bad_documents(self):
        """What can't go, whatever is to be done with it."""
        draft = self.create_invoice(days_overdue=20, post=False)
        bill = self.create_invoice(
            days_overdue=20, move_type="in_invoice", ref="1", post=False
        )
        cancelled = self.create_invoice(days_overdue=20, post=False)
        cancelled.button_cancel()
        zero = self.create_invoice(days_overdue=20, amount=0)
        empty = self.create_invoice(days_overdue=20, invoice_line_ids=[], post=False)
        cases = {
            "draft": (draft, "state", draft),
            "cancelled": (cancelled, "state", cancelled),
            "vendor bill": (bill, "type", bill),
            "zero amount": (zero, "zero", zero),
            "no rows, so it can't be posted": (empty, "state", empty),
        }
        incomplete = {
            "no street": ("address", {"street": False}),
            "no postcode": ("address", {"zip": False}),
            "no city": ("address", {"city": False}),
            "e-mail without address": ("email", {"ropo_sendtype": "email"}),
            "e-invoice without address": (
                "evoice",
                {"ropo_sendtype": "evoice", "ropo_evoice_operator": "DABAFIHH"},
            ),
            "e-invoice without operator": (
                "evoice",
                {"ropo_sendtype": "evoice", "ropo_evoice": "003712345671"},
            ),
            "peppol without address": ("evoice", {"ropo_sendtype": "peppol"}),
        }
        for what, (code, values) in incomplete.items():
            partner = self.customer(**values)
            cases[what] = (
                self.create_invoice(partner, days_overdue=20),
                code,
                partner,
            )
        owner = self.customer(name="Another Oy")
        address = self._create_partner(
            False, type="invoice", parent_id=owner.id, street=False
        )
        cases["invoice address without street"] = (
            self.create_invoice(address, days_overdue=20),
            "address",
            address,
        )
        return cases

    # --- sending ---

    def test_what_can_not_be_sent_and_where_it_is_fixed(self):
        good = self.create_invoice()
        note = self.create_invoice(move_type="out_refund")
        by_mail = self.create_invoice(
            self.customer(ropo_sendtype="email", email="billing@example.com")
        )
        self.assertVerdicts(
            "invoice",
            {
                **self.bad_documents(),
                "good": (good, False, None),
                "credit note": (note, False, None),
                "e-mail with address": (by_mail, False, None),
            },
        )

    def test_the_reason_names_all_that_is_missing(self):
        partner = self.customer(street=False, zip=False, city=False)
        invoice = self.create_invoice(partner)
        verdict = self.verdicts(invoice, "invoice")[invoice]
        self.assertEqual(
            verdict.text,
            "Example Oy has no street, postcode, city. Complete the address.",
        )

    def test_without_an_account_the_company_is_to_fix(self):
        invoice = self.create_invoice(days_overdue=20)
        self.account.active = False
        for operation in ("invoice", "reminder", "collection"):
            verdict = self.verdicts(invoice, operation)[invoice]
            self.assertEqual(verdict.code, "account")
            self.assertEqual(verdict.record, self.env.company)

    def test_what_was_sent_or_may_have_been_is_not_sent_again(self):
        sent = self.create_invoice()
        self.send(sent)
        lost, refused, waiting = self.not_sent()
        self.assertEqual(
            (sent | lost | refused | waiting).mapped("ropo_state"),
            ["sent", "unknown", "rejected", "queued"],
        )
        self.assertVerdicts(
            "invoice",
            {
                "sent": (sent, "sent", sent),
                "lost": (lost, "sent", lost),
                "queued": (waiting, "sent", waiting),
                "refused, so it may go again": (refused, False, None),
            },
        )
        self.send(refused)
        self.assertEqual(refused.ropo_state, "sent")

    # --- transfer ---

    def test_what_can_not_be_collected_and_where_it_is_fixed(self):
        self.account.min_amount = 30
        exempt = self.customer(ropo_no_collection=True)
        other = self.customer(name="Another Oy")
        consumer = self.consumer
        paid, part, held, blocked, unnamed = (
            self.create_invoice(days_overdue=20) for _n in range(5)
        )
        self.pay(paid)
        self.pay(part, 25.5)
        held.ropo_hold = True
        blocked.action_toggle_block_payment()
        unnamed.payment_reference = False
        small = self.create_invoice(other, amount=20, days_overdue=20)
        small_rest = self.create_invoice(days_overdue=20)
        self.pay(small_rest, 100)
        invoice = self.create_invoice
        first_b2b, first_b2c = (
            invoice(days_overdue=7),
            invoice(consumer, days_overdue=14),
        )
        early_b2b, early_b2c = (
            invoice(days_overdue=6),
            invoice(consumer, days_overdue=13),
        )
        note = invoice(move_type="out_refund", days_overdue=20)
        of_exempt = invoice(exempt, days_overdue=20)
        cases = self.bad_documents()
        del cases["peppol without address"]  # such a reminder goes as a letter
        cases |= {
            "paid": (paid, "paid", paid),
            "part-paid": (part, False, None),
            "held": (held, "hold", held),
            "disputed": (blocked, "disputed", blocked),
            "no payment reference": (unnamed, "reference", unnamed),
            "below the smallest claim": (small, "small", small),
            "rest below the smallest claim": (small_rest, "small", small_rest),
            "company, first day": (first_b2b, False, None),
            "company, the day before": (early_b2b, "early", early_b2b),
            "consumer, first day": (first_b2c, False, None),
            "consumer, the day before": (early_b2c, "early", early_b2c),
            "credit note": (note, "type", note),
            "exempt customer": (of_exempt, "exempt", exempt),
        }
        self.assertVerdicts("reminder", cases)
        self.account.write({"notice_days_b2b": 0, "notice_days_b2c": 0})
        self.assertVerdicts("collection", cases, notice_date=self.today)

    def test_no_postcode_is_demanded_where_the_country_has_none(self):
        hong_kong = self.env.ref("base.hk")
        self.assertFalse(hong_kong.zip_required)
        partner = self.customer(zip=False, country_id=hong_kong.id)
        self.account.country = "se"
        delivered, reminded = (
            self.create_invoice(partner, days_overdue=20) for _n in range(2)
        )
        self.send(delivered)
        self.transfer(reminded)
        self.assertEqual(
            (delivered.ropo_state, reminded.ropo_state), ("sent", "reminder")
        )
        self.assertNotIn("postcode", self.requests_of(reminded).payload)

    def test_the_day_on_which_it_may_go_is_named(self):
        invoice = self.create_invoice(days_overdue=3)
        verdict = self.verdicts(invoice, "reminder")[invoice]
        day = format_date(self.env, self.today + timedelta(days=4))
        self.assertEqual(
            verdict.text, f"Not overdue long enough: it may go from {day}."
        )

    def test_each_debt_is_collected_once(self):
        delivered, reminded, collected, waiting, lost, refused = (
            self.create_invoice(days_overdue=20) for _n in range(6)
        )
        self.send(delivered)
        self.transfer(reminded)
        self.transfer(collected, "collection", notice_date=self.reminded_on)
        self.sandbox.fault("drop_after", method="POST")
        self.transfer(lost)
        self.business.update({"ropo_sendtype": "email", "email": "nowhere"})
        self.transfer(refused)
        self.business.update({"ropo_sendtype": False, "email": False})
        self._wizard("ropo.transfer.wizard", waiting).action_transfer()
        self.assertEqual(
            refused.ropo_state, "rejected", "what is collected again is set up"
        )
        cases = {
            "delivered only": (delivered, False, None),
            "reminded": (reminded, "collected", reminded),
            "collected": (collected, "collected", collected),
            "lost": (lost, "collected", lost),
            "queued": (waiting, "collected", waiting),
            "refused, so it may go again": (refused, False, None),
        }
        self.assertVerdicts("reminder", cases)
        self.assertVerdicts("collection", cases, notice_date=self.reminded_on)

    def test_what_ropo_invoiced_itself_is_never_handed_over(self):
        # Connect delivers 300 and collects nothing; Unify and Embed collect unasked.
        self.account.write(
            {
                "service_model": "unify",
                "cid": "700002",
                "apicode": "sandbox-apicode-2",
            }
        )
        invoice, fresh = (self.create_invoice(days_overdue=20) for _n in range(2))
        self.send(invoice)
        self.assertEqual(self.sandbox.job(billnum=invoice.name)["jobtype"], 0)
        cases = {
            "invoiced by Ropo": (invoice, "collected", invoice),
            "never sent": (fresh, False, None),
        }
        for model in ("unify", "embed"):
            self.account.service_model = model
            self.assertVerdicts("reminder", cases)
            self.assertVerdicts("collection", cases, notice_date=self.reminded_on)

    def test_finland_collects_after_ones_own_reminder(self):
        bare, dated, ahead = (self.create_invoice(days_overdue=20) for _n in range(3))
        dated.ropo_notice_date = self.today - timedelta(days=10)
        ahead.ropo_notice_date = self.today + timedelta(days=1)
        self.assertVerdicts(
            "collection",
            {
                "without": (bare, "notice", bare),
                "with": (dated, False, None),
                "in the future": (ahead, "notice", ahead),
            },
        )
        self.assertVerdicts(
            "collection",
            {"the future one is asked for": (bare, "notice", bare)},
            notice_date=self.today + timedelta(days=1),
        )
        self.assertVerdicts(
            "collection",
            {"asked for": (bare, False, None)},
            notice_date=self.reminded_on,
        )
        self.assertVerdicts("reminder", {"reminder": (bare, False, None)})
        self.account.country = "se"
        self.assertVerdicts(
            "collection",
            {
                "Sweden, without": (bare, False, None),
                "Sweden, in the future": (ahead, "notice", ahead),
            },
        )

    def test_ones_own_date_goes_before_the_one_asked_for(self):
        """The wizard's date is for invoices that have none."""
        dated, bare = (self.create_invoice(days_overdue=20) for _n in range(2))
        dated.ropo_notice_date = self.today - timedelta(days=10)
        asked = self.today - timedelta(days=8)
        self.transfer(dated | bare, "collection", notice_date=asked)
        sent = {
            job["billnum"]: job["dataset"]["noticedate"]
            for job in self.sandbox.jobs(jobtype=2)
        }
        self.assertEqual(
            sent,
            {
                dated.name: dated.ropo_notice_date.isoformat(),
                bare.name: asked.isoformat(),
            },
        )

    # --- wizards ---

    def test_good_ones_go_and_each_bad_one_says_why(self):
        good, another = self.create_invoice(), self.create_invoice()
        partner = self.customer(street=False)
        bad = self.create_invoice(partner)
        draft = self.create_invoice(post=False)
        wizard = self._wizard(
            "ropo.send.wizard", good | bad | draft | another, self.user
        )
        self.assertEqual((wizard.ready_count, wizard.blocked_count), (2, 2))
        lines = {line.move_id.id: line for line in wizard.line_ids}
        self.assertEqual(
            {move_id: line.reason for move_id, line in lines.items()},
            {
                bad.id: "Example Oy has no street. Complete the address.",
                draft.id: "It is not posted. Confirm it first.",
                good.id: "",
                another.id: "",
            },
        )
        self.assertFalse(wizard.line_ids[-1].reason, "what is to fix comes first")
        for move, record in ((bad, partner), (draft, draft)):
            self.assertEqual(lines[move.id].fix_record, record)
        wizard.action_send()
        self.work_off()
        self.assertEqual(
            (good | another | bad | draft).mapped("ropo_state"),
            ["sent", "sent", False, False],
        )
        self.assertFalse(self.requests_of(bad) | self.requests_of(draft))

    def test_when_nothing_can_go_each_is_named_with_its_reason(self):
        bad = self.create_invoice(self.customer(city=False))
        draft = self.create_invoice(post=False)
        wizard = self._wizard("ropo.send.wizard", bad | draft, self.user)
        with self.assertRaises(UserError) as raised:
            wizard.action_send()
        self.assertEqual(
            set(str(raised.exception).split("\n")),
            {
                f"{bad.display_name}: Example Oy has no city. Complete the address.",
                f"{draft.display_name}: It is not posted. Confirm it first.",
            },
        )
        wizard = self._wizard("ropo.transfer.wizard", draft, self.user)
        with self.assertRaisesRegex(UserError, "not posted"):
            wizard.action_transfer()

    def test_what_changed_since_the_wizard_opened_counts(self):
        paid, kept = (self.create_invoice(days_overdue=20) for _n in range(2))
        wizard = self._wizard("ropo.transfer.wizard", paid | kept, self.user)
        self.assertEqual(wizard.ready_count, 2)
        self.pay(paid)
        self.pay(kept, 25.5)
        wizard.action_transfer()
        self.work_off()
        self.assertFalse(self.requests_of(paid))
        self.assertEqual(self.sandbox.job(jobtype=1)["amount"], 100)

        other, fixed = self.create_invoice(), self.create_invoice(post=False)
        wizard = self._wizard("ropo.send.wizard", other | fixed, self.user)
        self.assertEqual((wizard.ready_count, wizard.blocked_count), (1, 1))
        fixed.action_post()
        other.button_draft()
        wizard.action_send()
        self.work_off()
        self.assertEqual((fixed | other).mapped("ropo_state"), ["sent", False])

    def test_what_is_paid_between_queueing_and_sending_is_not_collected(self):
        invoice = self.create_invoice(days_overdue=20)
        self._wizard("ropo.transfer.wizard", invoice).action_transfer()
        self.pay(invoice)
        self.work_off()
        self.assertEqual(self.requests_of(invoice).state, "cancelled")
        self.assertEqual(self.sandbox.jobs(), [])
        self.assertFalse(invoice.ropo_state)

    def test_a_double_click_sends_once(self):
        invoice = self.create_invoice()
        wizard = self._wizard("ropo.send.wizard", invoice)
        wizard.action_send()
        with self.assertRaisesRegex(UserError, "Ropo has it already"):
            wizard.action_send()
        self.work_off()
        self.assertEqual(len(self.sandbox.jobs()), 1)

    def test_the_kind_and_the_date_in_the_wizard_change_the_verdicts(self):
        invoice = self.create_invoice(days_overdue=20)
        wizard = self._wizard("ropo.transfer.wizard", invoice, self.user)
        self.assertFalse(wizard.line_ids.reason)
        wizard.kind = "collection"
        self.assertIn("Finland", wizard.line_ids.reason)
        wizard.notice_date = self.reminded_on
        self.assertFalse(wizard.line_ids.reason)

    def test_verdicts_take_as_many_queries_for_many_as_for_few(self):
        many = self.create_invoices(100)
        few = many[:10]
        for operation in ("invoice", "reminder", "collection"):
            with self.subTest(operation):
                counts = [
                    self.queries(lambda m=m, o=operation: self.verdicts(m, o))
                    for m in (few, few, many)  # the first fills the registry's caches
                ]
                self.assertEqual(*counts[1:])
