"""Random walks of debtors, Ropo and accountants: what Ropo holds and paid out always
equals the ledger's accounts for it.

One seed alone, with its story: `make campaign SEED=7`.
"""

from odoo import Command
from odoo.tests import tagged

from .test_payouts import PayoutCommon
from .walks import Walk, WalkCommon, any_one, cents, one_of, step, walk_each_seed

TAX_RATE = 25.5


def small(dice):
    return dice.randint(0, 900)


class PayoutWalk(Walk):
    """Sums are in cents, so that nothing is rounded away by the comparison itself."""

    def __init__(self, case):
        super().__init__(case)
        self.lines = []
        self.collected = self.paid_out = self.in_bank = 0

    # --- what is there to choose from ---

    def job(self, which):
        invoice = self.one(which, self.invoices)
        return invoice and invoice.sudo().ropo_job_ids.filtered("is_collected")

    def there(self, job):
        return self.case.sandbox.job(jobid=int(job.jobid))

    def pay(self, job, amount):
        self.case.sandbox.post(f"jobs/{job.jobid}/pay", amount=amount / 100)
        self.case.run_cron("cron_poll_status")
        self.collected += amount

    # --- steps ---

    @step(amount=cents)
    def invoice(self, amount):
        if len(self.invoices) < 4:
            invoice = self.case.create_invoice(
                days_overdue=20, amount=amount / 100, post=False
            )
            # Else Odoo takes the account that this customer had most often, and that
            # may be the one of recovered debts.
            invoice.invoice_line_ids.account_id = self.case.revenue
            invoice.action_post()
            self.invoices.append(invoice)
            self.case.transfer(invoice)

    @step(which=any_one, amount=cents)
    def debtor_pays_a_part(self, which, amount):
        if job := self.job(which):
            capital = in_cents(self.there(job)["capital"])
            if amount := min(amount, capital):
                self.pay(job, amount)

    @step(which=any_one, interest=small, fee=small)
    def debtor_pays_all_with_interest_and_fees(self, which, interest, fee):
        job = self.job(which)
        capital = job and in_cents(self.there(job)["capital"])
        if capital:
            self.case.at_ropo(job, "fees", interest=interest / 100, noticefee=fee / 100)
            self.pay(job, capital + interest + fee)

    @step(which=any_one, number=any_one)
    def ropo_takes_a_payment_back(self, which, number):
        if not (job := self.job(which)):
            return
        whole = [
            event
            for event in job.event_ids - job.event_ids.reverses_id
            if event.amount > 0
            and event.settlement == "registered"
            and event.payment_ids.amount == event.amount
        ]
        if event := self.one(number, whole):
            self.pay(job, -in_cents(event.amount))

    @step(which=any_one)
    def write_off(self, which):
        invoice = self.one(which, self.invoices)
        if invoice and invoice.amount_residual:
            self.case.env["ropo.bad.debt"]._write_off(
                invoice, self.case.losses, self.case.today
            )

    @step(commission=small, which=any_one, of_one=one_of(True, False))
    def payout(self, commission, which, of_one):
        job = self.job(which)
        wanted = {"jobs": [int(job.jobid)]} if of_one and job else {}
        figures = self.case.sandbox.post(
            "payout", commission=commission / 100, tax_rate=TAX_RATE, **wanted
        )
        if not figures["paid"]:
            return  # then no money moves, and no bank line comes
        self.case.assertEqual(in_cents(figures["commission"]), commission)
        line = self.case.bank_line(figures["paid"])
        self.lines.append((line, figures))
        self.in_bank += in_cents(figures["paid"])
        self.match(line, figures)

    @step(which=any_one)
    def payout_is_undone_and_matched_again(self, which):
        if found := self.one(which, self.lines):
            line, figures = found
            line.with_user(self.case.accountant).action_ropo_undo_payout()
            self.paid_out -= total(figures)
            self.match(line, figures)

    def match(self, line, figures):
        """As an accountant does who has Ropo's statement, with the figures by case."""
        form = self.case.dialog(line)
        form.interest_amount = figures["interest"]
        form.fee_amount = figures["fees"]
        form.commission_amount = figures["commission"]
        self.case.assertEqual(in_cents(form.commission_tax), in_cents(figures["tax"]))
        self.choose(form, [row["case"] for row in figures["cases"]], figures)
        self.case.assertEqual(form.rest, 0)
        form.save().action_match()
        self.case.env.invalidate_all()
        self.case.assertTrue(line.is_reconciled)
        self.paid_out += total(figures)

    def choose(self, form, cases, figures):
        """The payments of these cases, up to what the payout says of principal."""
        if in_cents(form.payment_amount) == in_cents(figures["principal"]):
            return
        while form.line_ids._records:
            form.line_ids.remove(0)
        rows = self.case.env["ropo.payout.report"].search([])
        for row in rows.filtered(lambda row: row.job_id.jobid in cases):
            with form.line_ids.new() as line:
                line.move_line_id = self.case.env["account.move.line"].browse(row.id)

    # --- after each step ---

    def check(self):
        self.what_ropo_holds_is_in_the_ledger()
        self.the_bank_has_what_was_paid_out()
        self.losses_and_recoveries_are_those_of_the_cases()

    def what_ropo_holds_is_in_the_ledger(self):
        """Held and paid out is all that debtors paid, and the ledger says so."""
        jobs = self.case.sandbox.jobs()
        held = in_cents(sum(job["held_principal"] for job in jobs))
        others = in_cents(sum(job["held_interest"] + job["held_fees"] for job in jobs))
        balance = self.balance
        self.case.assertEqual(self.collected, held + others + self.paid_out)
        self.case.assertEqual(balance(self.case.outstanding), held)
        parts = [figures for _line, figures in self.lines]
        for name, account, sign in (
            ("interest", self.case.interest, -1),
            ("fees", self.case.fees, -1),
            ("commission", self.case.commission, 1),
            ("tax", self.case.tax_account, 1),
        ):
            booked = balance(account) - self.opening.get(account, 0)
            expected = sum(in_cents(figures[name]) for figures in parts)
            self.case.assertEqual(booked, sign * expected, name)
        self.case.assertEqual(balance(self.case.suspense), self.in_suspense)

    opening = {}
    in_suspense = 0

    def the_bank_has_what_was_paid_out(self):
        self.case.assertEqual(self.balance(self.case.bank), self.in_bank)

    def losses_and_recoveries_are_those_of_the_cases(self):
        jobs = [self.job(number) for number in range(len(self.invoices))]
        lost, recovered = (
            sum(in_cents(job[name]) for job in jobs)
            for name in ("written_off", "recovered")
        )
        self.case.assertEqual(self.balance(self.case.losses), lost)
        self.case.assertEqual(self.balance(self.case.recovered), -recovered)
        for invoice, job in zip(self.invoices, jobs, strict=True):
            owed = in_cents(invoice.amount_residual)
            owed += in_cents(job.written_off) - in_cents(job.recovered)
            capital = in_cents(self.there(job)["capital"])
            self.case.assertEqual((capital, in_cents(job.open_amount)), (owed, owed))

    def balance(self, account):
        return in_cents(self.case.balances().get(account, 0))


def in_cents(amount):
    return round(amount * 100)


def total(figures):
    return sum(in_cents(figures[name]) for name in ("principal", "interest", "fees"))


@tagged("post_install", "-at_install")
@walk_each_seed(PayoutWalk, 40)
class TestPayoutWalk(WalkCommon, PayoutCommon):
    """What Ropo holds and paid out is what the ledger says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.losses = cls._account("losses", "expense")
        cls.recovered = cls._account("recovered", "income_other")
        cls.account.write(
            {
                "bad_debt_account_ids": [Command.set(cls.losses.ids)],
                "recovered_debt_account_id": cls.recovered.id,
            }
        )
        cls.revenue = cls.company_data["default_account_revenue"]
        repartition = cls.purchase_tax.invoice_repartition_line_ids
        cls.tax_account = repartition.account_id

    def test_what_was_paid_out_is_not_reported_to_ropo(self):
        """After such a walk, by hand: nothing of it goes to Ropo."""
        invoice, job = self.transferred_case()
        self.at_ropo(job, "pay", amount=60)
        self.run_cron("cron_poll_status")
        figures = self.sandbox.post("payout", commission=4, tax_rate=TAX_RATE)
        self.match(self.bank_line(figures["paid"]), commission_amount=4)
        self.env["ropo.bad.debt"]._write_off(invoice, self.losses, self.today)
        self.report()
        self.assertFalse(self.sandbox.job(jobid=int(job.jobid))["payments"])
        self.assertEqual(self.sandbox.job(jobid=int(job.jobid))["capital"], 65.5)
