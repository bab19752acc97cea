"""Random walks through ledger, faults and Ropo: wherever they end, both sides agree.

Short and always the same in CI; for thousands of steps, always other ones:
`ROPO_WALKS=500 python3 -m dev pytest tests/test_random_walk.py -n 0`.
"""

import os
from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from odoo.tests import tagged

from .ledger import LedgerCommon

WALKS = int(os.environ.get("ROPO_WALKS", 0))
STEPS = int(os.environ.get("ROPO_WALK_STEPS", 20))
SETTINGS = settings(
    max_examples=WALKS or 12,
    stateful_step_count=STEPS,
    derandomize=not WALKS,
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)

FAULTS = ["refuse", "drop_before", "drop_after", "cut", "garbled"]
FAULTS += ["error_before", "error_after", "throttle", "expired_token", "duplicate"]
PATHS = ["jobs/payment", "jobs/payment", "jobs", "jobs/findbyendcustomer"]
PATHS += ["jobs/statusupdates", "token"]

cents = st.integers(1, 20000)
any_one = st.integers(0, 7)


class Walk(RuleBasedStateMachine):
    """What accountants, debtors, Ropo and the network do, in any order."""

    case = None  # the test, with its database and its sandbox

    def __init__(self):
        super().__init__()
        self.invoices = []
        self.case.sandbox.reset()
        self.case.env.flush_all()
        self.undone = self.case.cr.savepoint()

    # --- what is there to choose from ---

    def one(self, which, among):
        return among[which % len(among)] if among else None

    def open_invoice(self, which):
        return self.one(which, [i for i in self.invoices if self.residual(i) > 0])

    def residual(self, invoice):
        return round(self.case.open_in_ledger(invoice), 2)

    def part(self, invoice, amount):
        return min(amount / 100, invoice.amount_residual)

    def own_payments(self):
        moves = self.case.env["account.move"].concat(*self.invoices)
        payments = self.case.env["account.payment"].search(
            [("partner_id", "in", moves.partner_id.ids), ("memo", "!=", "Ropo's")]
        )
        return list(payments.filtered(lambda payment: payment.state != "canceled"))

    # --- rules: the ledger ---

    @rule(amount=cents, kind=st.sampled_from(["reminder", "collection"]))
    def invoice(self, amount, kind):
        if len(self.invoices) < 3:
            invoice = self.case.create_invoice(days_overdue=20, amount=amount / 100)
            self.invoices.append(invoice)
            self.case.transfer(invoice, kind, notice_date=self.case.reminded_on)

    @rule(which=any_one, amount=cents)
    def pay(self, which, amount):
        if invoice := self.open_invoice(which):
            if invoice.amount_residual > 0:
                self.case.pay(invoice, self.part(invoice, amount))

    @rule(which=any_one)
    def pay_all(self, which):
        if invoice := self.open_invoice(which):
            if invoice.amount_residual > 0:
                self.case.pay(invoice)

    @rule(amount=cents)
    def pay_several(self, amount):
        invoices = self.case.env["account.move"].concat(
            *(i for i in self.invoices if i.amount_residual > 0)
        )
        if invoices:
            most = sum(invoices.mapped("amount_residual"))
            amount = min(2 * amount / 100, most)
            self.case.pay(invoices, amount, group_payment=True)

    @rule(which=any_one, amount=cents)
    def bank_statement(self, which, amount):
        if invoice := self.open_invoice(which):
            line = self.case.bank_line(self.part(invoice, amount) or 1)
            if not self.case.receivable(invoice).reconciled:
                self.case.match(line, self.case.receivable(invoice))

    @rule(which=any_one, amount=cents)
    def write_off(self, which, amount):
        if invoice := self.open_invoice(which):
            if part := self.part(invoice, amount):
                self.case.assign(invoice, self.case.entry(part))

    @rule(which=any_one, amount=cents)
    def credit(self, which, amount):
        if invoice := self.open_invoice(which):
            if invoice.amount_residual > 0:
                self.case.credit(invoice, self.part(invoice, amount))

    @rule(which=any_one, partial=any_one)
    def unreconcile(self, which, partial):
        if invoice := self.one(which, self.invoices):
            own = self.case.partials(invoice).filtered(
                lambda p: p.credit_move_id.move_id.origin_payment_id.memo != "Ropo's"
            )
            if chosen := self.one(partial, own):
                invoice.js_remove_outstanding_partial(chosen.id)

    @rule(which=any_one, other=any_one)
    def assign_what_lies_loose(self, which, other):
        if invoice := self.open_invoice(which):
            loose = self.case.env["account.move.line"].search(
                [
                    ("account_id", "=", self.case.receivable(invoice).account_id.id),
                    ("partner_id", "=", invoice.partner_id.id),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    ("balance", "<", 0),
                    ("move_id.origin_payment_id.memo", "!=", "Ropo's"),
                ]
            )
            line = self.one(other, loose)
            if line and invoice.amount_residual > 0:
                invoice.js_assign_outstanding_line(line.id)

    @rule(which=any_one)
    def payment_to_draft_or_back(self, which):
        if payment := self.one(which, self.own_payments()):
            if payment.state == "draft":
                payment.action_post()
            else:
                payment.action_draft()

    @rule(which=any_one)
    def payment_bounces(self, which):
        posted = [p for p in self.own_payments() if p.move_id.state == "posted"]
        payment = self.one(which, posted)
        if payment and not payment.move_id.reversal_move_ids:
            self.case.reverse(payment.move_id)

    @rule(which=any_one)
    def payment_is_deleted(self, which):
        if payment := self.one(which, self.own_payments()):
            if not payment.move_id.reversal_move_ids:
                if payment.state != "draft":
                    payment.action_draft()
                payment.unlink()

    # --- rules: Ropo and the way to it ---

    @rule(which=any_one, amount=cents, at_once=st.booleans())
    def debtor_pays_ropo(self, which, amount, at_once):
        """What Ropo collects is booked where Ropo pays out to, sooner or later."""
        if not (invoice := self.open_invoice(which)):
            return
        job = self.at_ropo(invoice)
        most = min(self.residual(invoice), invoice.amount_residual)
        amount = round(min(amount / 100, most, job["capital"] if job else 0), 2)
        if amount > 0:
            self.case.sandbox.post(f"jobs/{job['jobid']}/pay", amount=amount)
            if at_once:
                self.case.run_cron("cron_poll_status")
            self.case.pay(
                invoice, amount, journal_id=self.case.cash.id, communication="Ropo's"
            )

    @rule(
        kind=st.sampled_from(FAULTS),
        path=st.sampled_from(PATHS),
        times=st.integers(1, 3),
    )
    def trouble(self, kind, path, times):
        self.case.sandbox.fault(kind, f"/rest/{path}", times=times)

    @rule()
    def trouble_ends(self):
        self.case.sandbox.heal()

    @rule()
    def compare(self):
        self.case.compare()

    @rule()
    def work_off(self):
        self.case.run_cron("cron_process_requests")

    @rule()
    def poll(self):
        self.case.run_cron("cron_poll_status")

    @rule(way=st.sampled_from(["payment", "credit_job"]))
    def another_way_of_crediting(self, way):
        self.case.account.credit_allocation = way

    @rule()
    def time_passes(self):
        self.case.let_time_pass()

    # --- the end of each walk ---

    def at_ropo(self, invoice):
        jobs = self.case.sandbox.jobs(billnum=invoice.name, credit=False)
        return jobs[0] if jobs else None

    def teardown(self):
        try:
            self.case.sandbox.heal()
            self.case.settle()
            for invoice in self.invoices:
                self.agree(invoice)
            assert self.case.sandbox.state()["duplicates"] == 0, "collected twice"
        finally:
            self.undone.close(rollback=True)
            self.case.env.invalidate_all(flush=False)

    def agree(self, invoice):
        case, job = invoice.ropo_job_ids.filtered("is_collected"), self.at_ropo(invoice)
        assert bool(case) == bool(job), "a case on one side only"
        if not case:
            return
        figures = [self.residual(invoice), job["capital"], round(case.open_amount, 2)]
        reported = [(r.operation, r.state, r.void, r.amount) for r in case.request_ids]
        story = figures, job["stage"], case.stage, reported, job["payments"]
        assert figures == figures[:1] * 3, story
        requests = case.request_ids.filtered("source_partial_id")
        assert set(requests.mapped("state")) <= {"done", "cancelled"}, story
        said = Counter(
            round(r._signed_amount(), 2)
            for r in requests
            if r.state == "done" and "amount" in r.payload
        )
        known = Counter(
            payment["request"]["amount"]
            for payment in job["payments"]
            if payment["statusid"] == 6
        )
        assert said == known, ("reported twice, or not at all", story)


@tagged("post_install", "-at_install")
class TestRandomWalk(LedgerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.write({"timeout": 1, "max_concurrency": 2})
        cls.cash.ropo_settlement = True
        cls.env["ir.config_parameter"].set_param("ropo_connect.look_up_delay", 0)
        cls.first_line = (
            cls.env["account.move.line"].search([], order="id desc", limit=1).id
        )

    def test_wherever_a_walk_ends_ropo_asks_for_what_the_ledger_says(self):
        Walk.case = self
        run_state_machine_as_test(Walk, settings=SETTINGS)

    # --- helpers ---

    def let_time_pass(self):
        """Whatever waits for another day is due."""
        self.account.paused_until = False
        requests = self.env["ropo.request"].sudo()
        requests.search([("next_attempt_at", "!=", False)]).next_attempt_at = False
        self.env.flush_all()

    def settle(self):
        for _round in range(12):
            self.let_time_pass()
            self.run_cron("cron_poll_status")
            self.report()
            unsettled = self.env["ropo.request"].search(
                [("state", "in", ("queued", "sending", "unknown", "rejected"))]
            )
            if not unsettled:
                break
            self.decide(unsettled)
        self.report()

    def decide(self, requests):
        """What a person does who looks at Ropo One."""
        for request in requests:
            if request.state == "rejected" and request._still_open_problems():
                request.action_retry()
            elif request.state == "unknown" and request.to_review:
                if self.arrived(request):
                    request.action_resolve_done()
                else:
                    request.action_resolve_requeue()

    def arrived(self, request):
        """Whether Ropo has posted one more of these than is known of."""
        job = self.sandbox.job(jobid=int(request.job_id.jobid))
        posted = [
            payment
            for payment in job["payments"]
            if payment["statusid"] == 6
            and payment["request"]["amount"] == request._signed_amount()
        ]
        known = request.job_id.request_ids.filtered(
            lambda other: (
                other.state == "done"
                and not self.env.company.currency_id.compare_amounts(
                    other._signed_amount(), request._signed_amount()
                )
            )
        )
        return len(posted) > len(known)
