"""Ropo pays out in sums: each is taken apart on its bank line, and undone whole."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import SQL

from ..services.payout_sums import choose
from .common import RopoCommon

LINE_FORM = "account_bank_statement_line_view_form"


class PayoutCommon(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._register_collected()
        cls.interest = cls._account("interest", "income_other")
        cls.fees = cls._account("fees", "income_other")
        cls.principal = cls._account("principal", "asset_current")
        cls.commission = cls._account("commission", "expense")
        cls.purchase_tax = cls._purchase_tax()
        cls.account.write(
            {
                "payout_principal_account_id": cls.principal.id,
                "payout_interest_account_id": cls.interest.id,
                "payout_fee_account_id": cls.fees.id,
                "payout_commission_account_id": cls.commission.id,
                "payout_commission_tax_ids": [Command.set(cls.purchase_tax.ids)],
            }
        )
        cls.bank = cls.journal.default_account_id
        cls.suspense = cls.journal.suspense_account_id
        cls.accountant = cls._new_user("accountant", "account.group_account_basic")

    @classmethod
    def _new_user(cls, login, group, **values):
        company = cls.env.company
        values = {"company_id": company.id, "company_ids": company.ids, **values}
        values["company_ids"] = [Command.set(values["company_ids"])]
        return new_test_user(cls.env, login=login, groups=group, **values)

    @classmethod
    def _account(cls, name, kind, **values):
        code = f"17{sum(map(ord, name)):04}"
        return cls.env["account.account"].create(
            {"name": name, "code": code, "account_type": kind, **values}
        )

    @classmethod
    def _purchase_tax(cls):
        taxes = cls.env["account.tax"].with_context(active_test=False)
        tax = taxes.search(
            [
                ("company_id", "=", cls.env.company.id),
                ("type_tax_use", "=", "purchase"),
                ("amount_type", "=", "percent"),
                ("amount", "=", 25.5),
                ("price_include", "=", False),
                ("invoice_repartition_line_ids.factor_percent", ">", 0),
            ],
            limit=1,
        )
        tax.active = True
        return tax

    # --- what is there ---

    def collected(self, *amounts, days=0):
        """Payments that Ropo collected, one for each amount, the oldest first."""
        moves = self.env["account.move"].concat(
            *(self.create_invoice(amount=amount / 1.255) for amount in amounts)
        )
        return self.registered(moves, days)

    def registered(self, moves, days=0, **values):
        """Payments of these invoices, as Ropo's events register them."""
        payments = self.env["account.payment"]
        for move in moves:
            payments |= self.pay(
                move,
                journal_id=self.journal.id,
                payment_date=self.today - timedelta(days=days),
                **values,
            )
        return payments

    def held(self, payments):
        return payments.move_id.line_ids.filtered(
            lambda line: line.account_id == self.outstanding
        )

    def bank_line(self, amount, label="Payout", **values):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.journal.id,
                "date": self.today,
                "payment_ref": label,
                "amount": amount,
                **values,
            }
        )

    def dialog(self, line, user=None):
        """The dialog as the button opens it."""
        line = line.with_user(user or self.accountant)
        action = line.action_ropo_match_payout()
        model = line.env["ropo.payout.wizard"].with_context(**action["context"])
        return Form(model)

    def match(self, line, user=None, **values):
        """As the accountant does who changes only these fields."""
        form = self.dialog(line, user)
        for name, value in values.items():
            form[name] = value
        form.save().action_match()
        self.env.invalidate_all()

    def payments_in(self, form):
        return [row["move_line_id"] for row in form.line_ids._records]

    # --- what came of it ---

    def balances(self):
        """The trial balance: `{account: balance}` of all that is not zero."""
        groups = self.env["account.move.line"]._read_group(
            [
                ("parent_state", "=", "posted"),
                ("company_id", "child_of", self.env.company.id),
            ],
            ["account_id"],
            ["balance:sum"],
        )
        sums = {account: round(balance, 2) for account, balance in groups}
        self.assertEqual(round(sum(sums.values()), 2), 0)
        return {account: balance for account, balance in sums.items() if balance}

    def change(self, before):
        after = self.balances()
        changes = {
            account: round(after.get(account, 0) - before.get(account, 0), 2)
            for account in {*before, *after}
        }
        return {account: change for account, change in changes.items() if change}

    def assertMatched(self, line, payments):
        self.assertTrue(line.is_reconciled)
        self.assertEqual(line.ropo_open_amount, 0)
        held = self.held(payments)
        self.assertTrue(all(held.mapped("reconciled")))
        self.assertEqual(set(payments.mapped("state")), {"paid"})
        self.assertTrue(all(payments.mapped("is_matched")))


@tagged("post_install", "-at_install")
class TestPayoutSums(RopoCommon):
    """The search alone, in cents."""

    def test_what_the_bank_line_names_comes_first(self):
        items = [("a", 100), ("b", 100), ("c", 50)]
        self.assertEqual(choose(100, items, ["b"]), (["b"], "named"))
        self.assertEqual(choose(90, items, ["b"]), (["b"], "named_part"))

    def test_one_then_the_oldest_then_any_few(self):
        items = [("a", 30), ("b", 70), ("c", 100), ("d", 5)]
        self.assertEqual(choose(100, items), (["c"], "one"))
        self.assertEqual(choose(205, items), (["a", "b", "c", "d"], "oldest"))
        self.assertEqual(choose(75, items), (["b", "d"], "some"))

    def test_of_equal_ones_the_oldest(self):
        items = [("a", 10), ("b", 10), ("c", 7)]
        self.assertEqual(choose(10, items), (["a"], "one"))
        self.assertEqual(choose(17, items), (["a", "c"], "some"))

    def test_without_an_exact_sum_the_oldest_up_to_the_amount(self):
        items = [("a", 30), ("b", 70), ("c", 100)]
        self.assertEqual(choose(150, items), (["a", "b"], "part"))
        self.assertEqual(choose(20, items), ([], "none"))
        self.assertEqual(choose(20, []), ([], "none"))

    def test_reversals_lower_the_sum_and_a_negative_payout_is_the_mirror(self):
        items = [("a", 30), ("b", -10), ("c", 100)]
        self.assertEqual(choose(20, items), (["a", "b"], "oldest"))
        self.assertEqual(choose(-10, items), (["b"], "one"))
        back = [("a", -30), ("b", -40)]
        self.assertEqual(choose(-50, back), (["a"], "part"))
        self.assertEqual(choose(90, items), (["b", "c"], "some"))

    def test_the_search_is_bounded(self):
        items = [(number, 3**number) for number in range(2000)]
        self.assertEqual(choose(2, items), ([0], "part"))


@tagged("post_install", "-at_install")
class TestPayouts(PayoutCommon):
    # --- proposing ---

    def test_one_payment_of_exactly_the_amount(self):
        _small, exact, _other = self.collected(40, 125.5, 60)
        line = self.bank_line(125.5)
        before = self.balances()
        form = self.dialog(line)
        self.assertEqual(self.proposed(form), exact)
        self.assertEqual((form.basis, form.rest), ("one", 0))
        form.save().action_match()
        self.assertEqual(
            self.change(before), {self.suspense: 125.5, self.outstanding: -125.5}
        )
        self.assertMatched(line, exact)

    def proposed(self, form):
        rows = form.line_ids._records
        lines = self.env["account.move.line"].browse(
            [row["move_line_id"] for row in rows]
        )
        return lines.payment_id

    def test_the_oldest_ones_whose_sum_is_exact(self):
        first, second, third = self.collected(40, 60, 80)
        form = self.dialog(self.bank_line(100))
        self.assertEqual(self.proposed(form), first | second)
        self.assertEqual((form.basis, form.rest), ("oldest", 0))
        self.assertNotIn(third, self.proposed(form))

    def test_the_invoice_case_or_reference_that_the_bank_line_names(self):
        payments = self.collected(70, 70, 70)
        invoices = payments.mapped("reconciled_invoice_ids").sorted("id")
        wanted = payments[1]
        invoice = wanted.reconciled_invoice_ids
        for label in (
            invoice.name,
            f"PAYOUT ({invoice.name.lower()}); Ropo",
            f"Ref. {invoice.payment_reference}",
            wanted.name,
        ):
            with self.subTest(label):
                form = self.dialog(self.bank_line(70, label))
                self.assertEqual(self.proposed(form), wanted)
                self.assertEqual(form.basis, "named")
        self.assertEqual(len(invoices), 3)

    def test_the_number_of_the_case_names_its_payment(self):
        invoice, job = self.transferred_case()
        other, other_job = self.transferred_case()
        for case in (other_job, job):
            self.sandbox.post(f"jobs/{case.jobid}/pay", amount=50)
        self.run_cron("cron_poll_status")
        payment = job.event_ids.payment_ids
        form = self.dialog(self.bank_line(50, f"Ropo {job.jobid}"))
        self.assertEqual((self.proposed(form), form.basis), (payment, "named"))
        self.assertEqual(other_job.event_ids.payment_ids.amount, 50)
        self.assertEqual(invoice.amount_residual, other.amount_residual)

    def test_without_an_exact_sum_the_oldest_and_the_rest_is_shown(self):
        first, _second = self.collected(40, 80)
        form = self.dialog(self.bank_line(100))
        self.assertEqual(self.proposed(form), first)
        self.assertEqual((form.basis, form.rest), ("part", 60))

    def test_other_accounts_currencies_and_drafts_are_not_proposed(self):
        draft = self.collected(50)
        draft.action_draft()
        elsewhere = self.create_invoice(amount=50 / 1.255)
        self.pay(elsewhere)  # in the ordinary bank journal
        rates = [(str(self.today - timedelta(days=30)), 10.0)]
        currency = self.setup_other_currency("SEK", rates=rates)
        foreign = self.create_invoice(amount=50 / 1.255, currency_id=currency.id)
        payment = self.registered(foreign, currency_id=currency.id)
        self.assertEqual(self.held(payment).amount_residual_currency, 50)
        form = self.dialog(self.bank_line(50))
        self.assertFalse(self.proposed(form))
        self.assertEqual((form.basis, form.rest), ("none", 50))

    def test_proposing_costs_the_same_for_one_and_for_fifty(self):
        def count(payments):
            line = self.bank_line(1000).with_user(self.accountant)
            proposed = []
            queries = self.queries(
                lambda: proposed.append(line.env["ropo.payout"]._propose(line, 1000))
            )
            self.assertGreaterEqual(len(proposed[0][0]), payments)
            return queries

        self.collected(10)
        count(1)
        one = count(1)
        self.collected(*range(2, 51))
        self.assertEqual(count(10), one)

    def test_the_proposal_follows_what_ropo_deducted(self):
        first, second, _third = self.collected(40, 60, 500)
        form = self.dialog(self.bank_line(100 - 25.1))
        self.assertEqual((self.proposed(form), form.rest), (first, 34.9))
        form.commission_amount = 20
        self.assertEqual((self.proposed(form), form.rest), (first | second, 0))
        self.assertEqual(form.basis, "oldest")
        form.interest_amount = 1  # nothing fits any more: what was chosen stays
        self.assertEqual((self.proposed(form), form.rest), (first | second, -1))

    # --- booking ---

    def test_principal_interest_fees_and_commission_with_its_tax(self):
        payments = self.collected(125.5, 74.5)
        # 200 registered, 30 not; 12 interest, 8 fees; less 20 and 25.5 % of it
        line = self.bank_line(200 + 30 + 12 + 8 - 25.1)
        before = self.balances()
        form = self.dialog(line)
        form.principal_amount = 30
        form.interest_amount = 12
        form.fee_amount = 8
        form.commission_amount = 20
        self.assertEqual(form.commission_tax, 5.1)
        self.assertEqual((form.payment_amount, form.rest), (200, 0))
        form.save().action_match()
        tax = self.purchase_tax.invoice_repartition_line_ids.account_id
        self.assertEqual(
            self.change(before),
            {
                self.suspense: 224.9,
                self.outstanding: -200,
                self.principal: -30,
                self.interest: -12,
                self.fees: -8,
                self.commission: 20,
                tax: 5.1,
            },
        )
        self.assertMatched(line, payments)
        self.assertEqual(line.move_id.state, "posted")
        names = {row.account_id: row.name for row in line.line_ids}
        parts = self.principal | self.interest | self.fees | self.commission
        self.assertEqual(
            [names[account] for account in parts],
            ["Ropo: Principal", "Ropo: Interest", "Ropo: Fees", "Ropo: Commission"],
        )

    def test_the_tax_of_the_commission_has_the_tags_of_a_vendor_bill(self):
        self.collected(100)
        line = self.bank_line(100 - 25.1)
        self.match(line, commission_amount=20)
        bill = self.vendor_document("in_invoice")
        self.assertEqual(self.tax_figures(line.move_id), self.tax_figures(bill))

    def vendor_document(self, kind):
        """A bill or a refund over a commission of 20."""
        return self.env["account.move"].create(
            {
                "move_type": kind,
                "partner_id": self.business.id,
                "invoice_date": self.today,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Commission",
                            "price_unit": 20,
                            "account_id": self.commission.id,
                            "tax_ids": [Command.set(self.purchase_tax.ids)],
                        }
                    )
                ],
            }
        )

    def tax_figures(self, move):
        """What the tax return reads: of the net amount and of the tax."""
        lines = move.line_ids.filtered(lambda row: row.tax_ids or row.tax_line_id)
        self.assertEqual(len(lines), 2)
        return {
            (
                row.account_id,
                row.tax_ids,
                row.tax_repartition_line_id,
                row.tax_tag_ids,
            ): row.balance
            for row in lines
        }

    def test_an_amount_without_an_account_says_which_and_who_enters_it(self):
        self.account.payout_interest_account_id = False
        self.collected(100)
        with self.assertRaisesRegex(UserError, "Interest Account.*Payments"):
            self.match(self.bank_line(103), interest_amount=3)

    def test_nothing_is_left_open_unless_it_is_chosen(self):
        self.collected(100)
        line = self.bank_line(105)
        before = self.balances()
        with self.assertRaisesRegex(UserError, "5.00.*not explained"):
            self.match(line)
        self.assertEqual(self.change(before), {})
        self.match(line, leave_rest=True)
        self.assertEqual(
            self.change(before), {self.suspense: 100, self.outstanding: -100}
        )
        self.assertFalse(line.is_reconciled)
        self.assertEqual(line.ropo_open_amount, 5)

    def test_several_payouts_in_one_line_are_matched_one_after_the_other(self):
        first, second, third = self.collected(40, 60, 30)
        line = self.bank_line(130)
        before = self.balances()
        form = self.dialog(line)
        form.line_ids.remove(2)
        form.line_ids.remove(1)
        self.assertEqual(form.rest, 90)
        form.leave_rest = True
        form.save().action_match()
        form = self.dialog(line)
        self.assertEqual(form.open_amount, 90)
        self.assertEqual(self.proposed(form), second | third)
        form.save().action_match()
        self.assertEqual(
            self.change(before), {self.suspense: 130, self.outstanding: -130}
        )
        self.assertMatched(line, first | second | third)

    def test_a_part_of_a_payment_leaves_the_other_part_with_ropo(self):
        payment = self.collected(100)
        line = self.bank_line(60)
        form = self.dialog(line)
        with form.line_ids.new() as row:
            row.move_line_id = self.held(payment)
            row.amount = 60
        self.assertEqual(form.rest, 0)
        form.save().action_match()
        self.assertEqual(self.held(payment).amount_residual, 40)
        self.assertFalse(payment.is_matched)
        self.assertTrue(line.is_reconciled)
        rest = self.bank_line(40)
        self.match(rest)
        self.assertMatched(rest, payment)

    def test_more_than_is_open_of_a_payment_is_refused(self):
        payment = self.collected(100)
        for amount in (101, -5):
            form = self.dialog(self.bank_line(amount))
            with form.line_ids.new() as row:
                row.move_line_id = self.held(payment)
                row.amount = amount
            with self.assertRaisesRegex(UserError, "can't be taken"):
                form.save().action_match()

    def test_ropo_takes_more_back_than_it_pays(self):
        payment = self.collected(20)
        reversal = self.env["account.payment"].create(
            {
                "payment_type": "outbound",
                "partner_type": "customer",
                "partner_id": self.business.id,
                "amount": 100,
                "date": self.today,
                "journal_id": self.journal.id,
            }
        )
        reversal.action_post()
        line = self.bank_line(-85.02)
        before = self.balances()
        form = self.dialog(line)
        self.assertEqual(self.proposed(form), payment | reversal)
        form.commission_amount = 4
        self.assertEqual(form.rest, 0)
        form.save().action_match()
        tax = self.purchase_tax.invoice_repartition_line_ids.account_id
        self.assertEqual(
            self.change(before),
            {
                self.suspense: -85.02,
                self.outstanding: 80,
                self.commission: 4,
                tax: 1.02,
            },
        )
        self.assertMatched(line, payment | reversal)

    def test_commission_that_ropo_gives_back(self):
        line = self.bank_line(25.1)
        before = self.balances()
        self.match(line, commission_amount=-20)
        tax = self.purchase_tax.invoice_repartition_line_ids.account_id
        self.assertEqual(
            self.change(before),
            {self.suspense: 25.1, self.commission: -20, tax: -5.1},
        )
        refund = self.vendor_document("in_refund")
        self.assertEqual(self.tax_figures(line.move_id), self.tax_figures(refund))

    # --- undoing ---

    def test_undoing_undoes_all(self):
        payments = self.collected(125.5, 74.5)
        line = self.bank_line(200 - 25.1 + 5)
        before = self.balances()
        lines = line.line_ids.mapped(lambda row: (row.account_id, row.balance))
        self.match(line, commission_amount=20, interest_amount=5)
        self.assertMatched(line, payments)
        line.with_user(self.accountant).action_ropo_undo_payout()
        self.assertEqual(self.change(before), {})
        self.assertEqual(
            line.line_ids.mapped(lambda row: (row.account_id, row.balance)), lines
        )
        self.assertFalse(line.is_reconciled or line.ropo_payout)
        self.assertFalse(any(payments.mapped("is_matched")))
        self.assertFalse(any(self.held(payments).mapped("reconciled")))
        self.match(line, commission_amount=20, interest_amount=5)
        self.assertMatched(line, payments)

    def check_undone_by(self, undo):
        """One of two payments is undone by an invoicing user: the payout is, too."""
        other, payment = self.collected(40, 60)
        line = self.bank_line(100 - 25.1)
        before = self.balances()
        self.match(line, commission_amount=20)
        self.assertMatched(line, payment | other)
        undo(payment.with_user(self.user))
        self.env.invalidate_all()
        self.assertFalse(line.is_reconciled or line.ropo_payout)
        self.assertEqual(line.ropo_open_amount, 74.9)
        self.assertEqual(self.held(other).amount_residual, 40)
        changed = self.change(before)
        self.assertFalse({self.commission, self.suspense} & set(changed))
        self.match(line, principal_amount=34.9)
        self.assertMatched(line, other)

    def test_a_payment_that_is_reset_to_draft_undoes_the_whole_payout(self):
        self.check_undone_by(lambda payment: payment.action_draft())

    def test_a_payment_that_is_deleted_undoes_the_whole_payout(self):
        self.check_undone_by(lambda payment: payment.unlink())

    def test_a_payment_that_is_cancelled_undoes_the_whole_payout(self):
        self.check_undone_by(lambda payment: payment.action_cancel())

    def test_an_entry_that_is_reset_to_draft_undoes_the_whole_payout(self):
        self.check_undone_by(lambda payment: payment.move_id.button_draft())

    def test_a_payment_that_is_unreconciled_undoes_the_whole_payout(self):
        def unreconcile(payment):
            lines = self.held(payment)
            lines.with_context(active_ids=lines.ids).action_unreconcile_match_entries()

        self.check_undone_by(unreconcile)

    def test_undoing_the_invoices_part_leaves_the_payout(self):
        payment = self.collected(100)
        line = self.bank_line(100)
        self.match(line)
        invoice = payment.reconciled_invoice_ids
        invoice.line_ids.remove_move_reconcile()
        self.assertTrue(line.is_reconciled)
        self.assertTrue(self.held(payment).reconciled)

    def test_what_is_changed_on_the_bank_line_itself_is_odoos_business(self):
        payment = self.collected(100)
        line = self.bank_line(100)
        self.match(line)
        with self.assertRaises(UserError):
            line.amount = 90
        self.assertTrue(self.held(payment).reconciled)
        line.unlink()
        self.assertEqual(self.held(payment).amount_residual, 100)

    # --- what may not be changed ---

    def test_two_dialogs_at_once_match_once(self):
        self.collected(100, 100)
        line = self.bank_line(100)
        first, second = self.dialog(line).save(), self.dialog(line).save()
        first.action_match()
        before = self.balances()
        with self.assertRaisesRegex(UserError, "[Oo]pen"):
            second.action_match()
        self.assertEqual(self.change(before), {})

    def test_one_payment_is_not_paid_out_by_two_lines(self):
        self.collected(100)
        lines = self.bank_line(100), self.bank_line(100)
        first, second = (self.dialog(line).save() for line in lines)
        first.action_match()
        with self.assertRaisesRegex(UserError, "not open any more"):
            second.action_match()
        self.assertFalse(lines[1].is_reconciled)

    def test_a_line_that_was_matched_in_part_meanwhile_is_looked_at_again(self):
        self.collected(40, 60)
        line = self.bank_line(110)
        first, second = self.dialog(line), self.dialog(line)
        first.line_ids.remove(1)
        first.leave_rest = True
        first.save().action_match()
        second.line_ids.remove(0)
        second.leave_rest = True
        with self.assertRaisesRegex(UserError, "when the dialog was opened"):
            second.save().action_match()

    def close(self, **lock):
        """Odoo itself closes no period with open bank lines, but one can be imported
        into a closed one under a lock exception."""
        ((name, day),) = lock.items()
        self.env.flush_all()
        self.cr.execute(
            SQL("UPDATE res_company SET %s = %s", SQL.identifier(name), day)
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()

    def test_a_closed_period_is_named_with_its_date(self):
        payment = self.collected(100)
        line = self.bank_line(100)
        form = self.dialog(line)
        self.close(fiscalyear_lock_date=self.today)
        with self.assertRaisesRegex(UserError, "closed period"):
            form.save().action_match()
        with self.assertRaisesRegex(UserError, "closed period"):
            self.dialog(line)
        self.close(fiscalyear_lock_date=None)
        self.match(line)
        self.close(fiscalyear_lock_date=self.today)
        with self.assertRaisesRegex(UserError, "closed period"):
            line.with_user(self.accountant).action_ropo_undo_payout()
        self.assertMatched(line, payment)

    def test_a_closed_tax_period_matters_where_there_is_tax(self):
        self.collected(100, 50)
        self.close(tax_lock_date=self.today)
        line = self.bank_line(100 - 25.1)
        form = self.dialog(line)
        form.commission_amount = 20
        with self.assertRaisesRegex(UserError, "closed period"):
            form.save().action_match()
        self.match(self.bank_line(50))

    def test_a_hashed_entry_is_named_with_what_to_do(self):
        self.collected(100)
        line = self.bank_line(100)
        self.env.flush_all()
        self.cr.execute(
            "UPDATE account_move SET inalterable_hash = 'x' WHERE id = %s",
            [line.move_id.id],
        )
        line.move_id.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "locked by a hash"):
            self.dialog(line)

    def test_a_journal_of_something_else_is_refused(self):
        bank = self.company_data["default_journal_bank"]
        line = self.bank_line(100, journal_id=bank.id)
        with self.assertRaisesRegex(UserError, "Ropo Settlement Journal"):
            self.dialog(line)
        bank.ropo_settlement = True
        self.assertEqual(self.dialog(line).rest, 100)

    def test_a_payout_in_another_bank_journal_of_the_account(self):
        bank = self.company_data["default_journal_bank"]
        bank.ropo_settlement = True
        payment = self.collected(100)
        line = self.bank_line(100, journal_id=bank.id)
        self.match(line)
        self.assertMatched(line, payment)

    # --- companies, currencies, rights ---

    def test_a_branch_that_uses_the_journal(self):
        branch = self.env["res.company"].create(
            {
                "name": "Branch",
                "parent_id": self.env.company.id,
                "country_id": self.env.company.country_id.id,
            }
        )
        self.env.cr.precommit.run()  # loads its chart of accounts
        self.env.user.company_ids |= branch
        self.accountant.company_ids |= branch
        self.env = self.env(
            context={
                **self.env.context,
                "allowed_company_ids": [self.env.company.id, branch.id],
            }
        )
        invoice = self.create_invoice(amount=100 / 1.255, company_id=branch.id)
        self.assertEqual(invoice.company_id, branch)
        payment = self.registered(invoice)
        self.assertEqual(payment.company_id, branch)
        line = self.bank_line(100)
        alone = {"allowed_company_ids": self.env.company.ids}  # as chosen at the top
        stranger = self._new_user("stranger", "account.group_account_basic")
        form = self.dialog(line.with_context(**alone), stranger)
        self.assertFalse(self.proposed(form))  # who may not see the branch
        self.match(line.with_context(**alone))
        self.assertMatched(line, payment)

    def test_another_companys_payments_are_not_seen(self):
        other = self.setup_other_company(name="Other Oy")
        user = self._new_user(
            "other",
            "account.group_account_basic",
            company_id=other["company"].id,
            company_ids=other["company"].ids,
        )
        self.collected(100)
        line = self.bank_line(100)
        with self.assertRaises(AccessError):
            line.with_user(user).action_ropo_match_payout()
        report = self.env["ropo.payout.report"].with_user(user)
        self.assertFalse(report.search([]))

    def test_a_foreign_currency_with_its_exchange_difference(self):
        currency = self.setup_other_currency(
            "SEK",
            rates=[
                (str(self.today - timedelta(days=9)), 10.0),
                (str(self.today), 12.5),
            ],
        )
        self.journal.currency_id = currency
        invoice = self.create_invoice(
            amount=1000, currency_id=currency.id, days_overdue=20
        )
        payment = self.registered(invoice, days=8, currency_id=currency.id)
        held = self.held(payment)
        self.assertEqual((held.amount_currency, held.balance), (1255, 125.5))
        line = self.bank_line(1255 - 25.1)
        self.assertEqual(line.currency_id, currency)
        before = self.balances()
        self.match(line, commission_amount=20)
        self.assertMatched(line, payment)
        changed = self.change(before)
        self.assertEqual(changed.pop(self.suspense), round(1229.9 / 12.5, 2))
        self.assertEqual(changed.pop(self.outstanding), -125.5)
        self.assertEqual(changed.pop(self.commission), 1.6)
        loss = self.env.company.expense_currency_exchange_account_id
        self.assertEqual(changed.pop(loss), 25.1)
        self.assertEqual(len(changed), 1)  # the tax
        line.action_undo_reconciliation()
        self.assertFalse({a: b for a, b in self.change(before).items() if a != loss})
        self.assertEqual(self.change(before).get(loss, 0), 0)

    def test_what_rounding_leaves_in_the_companys_currency_is_booked(self):
        rates = [(str(self.today - timedelta(days=30)), 3.0)]
        currency = self.setup_other_currency("SEK", rates=rates)
        self.journal.currency_id = currency
        invoices = self.env["account.move"].concat(
            *(
                self.create_invoice(amount=100 / 1.255, currency_id=currency.id)
                for _number in range(2)
            )
        )
        payments = self.registered(invoices, currency_id=currency.id)
        self.assertEqual(self.held(payments).mapped("balance"), [33.33] * 2)
        line = self.bank_line(200)
        before = self.balances()
        self.match(line)
        self.assertMatched(line, payments)
        gain = self.env.company.income_currency_exchange_account_id
        self.assertEqual(
            self.change(before),
            {self.suspense: 66.67, self.outstanding: -66.66, gain: -0.01},
        )

    def test_a_salesperson_is_refused_and_a_reader_sees_only(self):
        self.collected(100)
        line = self.bank_line(100)
        salesperson = self._new_user("seller", "base.group_user")
        reader = self._new_user("reader", "account.group_account_readonly")
        for user in (salesperson, reader, self.user):
            with self.assertRaises(AccessError):
                line.with_user(user).action_ropo_match_payout()
            with self.assertRaises(AccessError):
                line.with_user(user).action_ropo_undo_payout()
        rows = self.env["ropo.payout.report"]
        self.assertEqual(rows.with_user(reader).search([]).open_amount, 100)
        self.assertEqual(rows.with_user(self.user).search([]).open_amount, 100)
        with self.assertRaises(AccessError):
            rows.with_user(salesperson).search([])
        self.assertTrue(
            self.env["account.bank.statement.line"]
            .with_user(reader)
            .search([("journal_id.ropo_pays_out", "=", True)])
        )

    def test_who_may_match_where_odoo_hides_the_groups_of_accountants(self):
        """Odoo's free edition offers *Invoicing* and *Administrator* only."""
        for number, groups in enumerate(
            (
                "account.group_account_user",
                "account.group_account_manager",
                "ropo_connect.group_ropo_manager",
            )
        ):
            with self.subTest(groups):
                user = self._new_user(f"matches{number}", groups)
                self.assertEqual(self.buttons(user), 3)
                payment = self.collected(100)
                line = self.entered(user, 100)
                self.match(line, user)
                line.with_user(user).action_ropo_undo_payout()
                self.assertEqual(line.ropo_open_amount, 100)
                self.match(line, user)
                self.assertMatched(line, payment)
        self.assertEqual(self.buttons(self.user), 0)

    def buttons(self, user):
        """How many of list and form this user sees."""
        model = self.env["account.bank.statement.line"].with_user(user)
        views = ("account_bank_statement_line_view_list", LINE_FORM)
        views = (self.env.ref(f"ropo_connect.{name}").id for name in views)
        return sum(model.get_view(view)["arch"].count("<button") for view in views)

    def test_a_bookkeeper_enters_the_bank_line_where_it_is_matched(self):
        payment = self.collected(100)
        line = self.entered(self.accountant, 100)
        self.match(line)
        self.assertMatched(line, payment)

    def entered(self, user, amount):
        """A bank line as a user enters it in our form."""
        lines = self.env["account.bank.statement.line"].with_user(user)
        form = Form(lines, f"ropo_connect.{LINE_FORM}")
        form.journal_id = self.journal
        form.date = fields.Date.today()
        form.payment_ref = "Payout"
        form.amount = amount
        return form.save()

    # --- what is not paid out ---

    def test_what_ropo_holds_by_age(self):
        ages = {0: "1_week", 7: "1_week", 8: "2_month", 30: "2_month"}
        ages |= {31: "3_two_months", 60: "3_two_months", 61: "4_older"}
        payments = {
            self.collected(100 + days, days=days): age for days, age in ages.items()
        }
        rows = self.env["ropo.payout.report"].with_user(self.accountant).search([])
        self.assertEqual({row.payment_id: row.age for row in rows}, payments)
        self.assertEqual(sum(rows.mapped("open_amount")), 700 + sum(ages))
        self.assertEqual(rows[0].action_open_payment()["res_id"], rows[0].payment_id.id)
        self.match(self.bank_line(161))
        rows = self.env["ropo.payout.report"].search([])
        self.assertEqual(set(rows.mapped("age")), set(ages.values()) - {"4_older"})
        self.assertEqual(
            round(sum(rows.mapped("open_amount")), 2),
            self.balances()[self.outstanding],
        )

    # --- Ropo is not told of it ---

    def test_a_payout_is_not_reported_to_ropo_and_makes_no_difference(self):
        invoice, job = self.transferred_case()
        self.at_ropo(job, "fees", interest=4.5, noticefee=5)
        self.sandbox.post(f"jobs/{job.jobid}/pay", amount=135)
        other, other_job = self.transferred_case()
        self.sandbox.post(f"jobs/{other_job.jobid}/pay", amount=25.5)
        self.run_cron("cron_poll_status")
        self.assertEqual((invoice.amount_residual, other.amount_residual), (0, 100))

        def at_ropo():
            return [
                (row["jobid"], row["capital"], row["stage"], row["payments"])
                for row in self.sandbox.jobs()
            ]

        before = at_ropo()
        line = self.bank_line(160.5 - 12.55)
        self.match(line, interest_amount=4.5, fee_amount=5, commission_amount=10)
        self.report()
        self.run_cron("cron_poll_status")
        self.assertEqual(at_ropo(), before)
        self.assertFalse(
            self.env["ropo.request"].search(
                [("operation", "in", ("payment", "payment_reversal"))]
            )
        )
        self.assertEqual((job.open_amount, other_job.open_amount), (0, 100))
        report = self.env["ropo.receivable.report"].search([])
        self.assertFalse(any(report.mapped("differs")))
