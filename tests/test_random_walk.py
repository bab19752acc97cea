"""Random walks through ledger, faults and Ropo: wherever they end, both sides agree.

One seed alone, with its story: `make campaign SEED=7`.
"""

from collections import Counter

from odoo.tests import tagged

from .crash_channels import MONEY
from .ledger import LedgerCommon
from .maventa import MaventaCommon
from .walks import (
    OverMaventa,
    Walk,
    WalkCommon,
    any_one,
    cents,
    one_of,
    step,
    walk_each_seed,
)

FAULTS = ["refuse", "drop_before", "drop_after", "cut", "garbled"]
FAULTS += ["error_before", "error_after", "throttle", "expired_token", "duplicate"]
FAULTS += ["gateway_before", "gateway_after"]
STATUSES = [400, 403, 409, 429, 503]  # of a gateway


class LedgerWalk(Walk):
    """What accountants, debtors, Ropo and the network do, in any order."""

    # --- what is there to choose from ---

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

    # --- steps: the ledger ---

    @step(amount=cents, kind=one_of("reminder", "collection"))
    def invoice(self, amount, kind):
        if len(self.invoices) < 3:
            invoice = self.case.create_invoice(days_overdue=20, amount=amount / 100)
            self.invoices.append(invoice)
            if self.case.offer(invoice):
                self.case.transfer(invoice, kind, notice_date=self.case.reminded_on)

    @step(which=any_one, amount=cents)
    def pay(self, which, amount):
        if invoice := self.open_invoice(which):
            if invoice.amount_residual > 0:
                self.case.pay(invoice, self.part(invoice, amount))

    @step(which=any_one)
    def pay_all(self, which):
        if invoice := self.open_invoice(which):
            if invoice.amount_residual > 0:
                self.case.pay(invoice)

    @step(amount=cents)
    def pay_several(self, amount):
        invoices = self.case.env["account.move"].concat(
            *(i for i in self.invoices if i.amount_residual > 0)
        )
        if invoices:
            most = sum(invoices.mapped("amount_residual"))
            amount = min(2 * amount / 100, most)
            self.case.pay(invoices, amount, group_payment=True)

    @step(which=any_one, amount=cents)
    def bank_statement(self, which, amount):
        if invoice := self.open_invoice(which):
            line = self.case.bank_line(self.part(invoice, amount) or 1)
            if not self.case.receivable(invoice).reconciled:
                self.case.match(line, self.case.receivable(invoice))

    @step(which=any_one, amount=cents)
    def write_off(self, which, amount):
        if invoice := self.open_invoice(which):
            if part := self.part(invoice, amount):
                self.case.assign(invoice, self.case.entry(part))

    @step(which=any_one, amount=cents)
    def credit(self, which, amount):
        if invoice := self.open_invoice(which):
            if invoice.amount_residual > 0:
                self.case.credit(invoice, self.part(invoice, amount))

    @step(which=any_one, partial=any_one)
    def unreconcile(self, which, partial):
        if invoice := self.one(which, self.invoices):
            own = self.case.partials(invoice).filtered(
                lambda p: p.credit_move_id.move_id.origin_payment_id.memo != "Ropo's"
            )
            if chosen := self.one(partial, own):
                invoice.js_remove_outstanding_partial(chosen.id)

    @step(which=any_one, other=any_one)
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

    @step(which=any_one)
    def payment_to_draft_or_back(self, which):
        if payment := self.one(which, self.own_payments()):
            if payment.state == "draft":
                payment.action_post()
            else:
                payment.action_draft()

    @step(which=any_one)
    def payment_bounces(self, which):
        posted = [p for p in self.own_payments() if p.move_id.state == "posted"]
        payment = self.one(which, posted)
        if payment and not payment.move_id.reversal_move_ids:
            self.case.reverse(payment.move_id)

    @step(which=any_one)
    def payment_is_deleted(self, which):
        if payment := self.one(which, self.own_payments()):
            if not payment.move_id.reversal_move_ids:
                if payment.state != "draft":
                    payment.action_draft()
                payment.unlink()

    # --- steps: Ropo and the way to it ---

    @step(which=any_one, amount=cents, at_once=one_of(True, False))
    def debtor_pays_ropo(self, which, amount, at_once):
        """What Ropo collects is booked where Ropo pays out to, sooner or later."""
        if not (invoice := self.open_invoice(which)):
            return
        there = self.at_ropo(invoice)
        most = min(self.residual(invoice), invoice.amount_residual)
        amount = round(min(amount / 100, most, there.capital if there else 0), 2)
        if amount > 0:
            self.case.sandbox.post(f"{there.path}/pay", amount=amount)
            if at_once:
                self.case.run_cron("cron_poll_status")
            self.case.pay(
                invoice, amount, journal_id=self.case.cash.id, communication="Ropo's"
            )

    @step(
        kind=one_of(*FAULTS),
        path=any_one,
        times=one_of(1, 2, 3),
        status=one_of(*STATUSES),
    )
    def trouble(self, kind, path, times, status):
        path = self.one(path, self.channel.paths)
        self.case.sandbox.fault(kind, path, times=times, status=status)

    @step()
    def trouble_ends(self):
        self.case.sandbox.heal()

    @step()
    def compare(self):
        self.case.compare()

    @step()
    def work_off(self):
        self.case.run_cron("cron_process_requests")

    @step()
    def poll(self):
        self.case.run_cron("cron_poll_status")

    @step(way=any_one)
    def another_way_of_crediting(self, way):
        ways = self.channel.settings.get("credit_allocation", ["payment"])
        self.case.account.credit_allocation = self.one(way, ways)

    @step()
    def time_passes(self):
        self.case.let_time_pass()

    # --- the end of each walk ---

    def end(self):
        self.case.sandbox.heal()
        self.case.settle(self)
        for invoice in self.invoices:
            self.agree(invoice)
        twice = self.channel.duplicates(self.case.sandbox.state())
        assert twice == 0, "collected twice"

    def agree(self, invoice):
        case = invoice.ropo_job_ids.filtered("is_collected")
        there = self.at_ropo(invoice)
        assert bool(case) == bool(there), "a case on one side only"
        if not case:
            return
        requests = case.request_ids.filtered(lambda r: r.operation in MONEY)
        untold = requests.filtered(self.is_for_person)
        owed = self.residual(invoice) - sum(untold.mapped("amount"))
        figures = [round(owed, 2), there.capital, round(case.open_amount, 2)]
        reported = [(r.operation, r.state, r.void, r.amount) for r in requests]
        story = figures, there, case.stage, reported
        assert there.ended or figures == figures[:1] * 3, story
        states = set((requests - untold).mapped("state"))
        assert states <= {"done", "cancelled"}, story
        said = Counter(
            round(r._signed_amount(), 2)
            for r in requests
            if r.state == "done" and self.channel.says_sum(r.payload)
        )
        assert said == Counter(there.said), ("reported twice, or not at all", story)

    def is_for_person(self, request):
        """No call tells Ropo of it: a person does."""
        by_person = request.operation in self.channel.by_person
        return by_person and request.state == "rejected"


class LedgerWalkCommon(WalkCommon, LedgerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.write({"timeout": 1, "max_concurrency": 2})
        cls.cash.ropo_settlement = True
        cls.env["ir.config_parameter"].set_param("ropo_connect.look_up_delay", 0)

    # --- helpers ---

    def let_time_pass(self):
        """Whatever waits for another day is due."""
        self.account.paused_until = False
        requests = self.env["ropo.request"].sudo()
        requests.search([("next_attempt_at", "!=", False)]).next_attempt_at = False
        self.env.flush_all()

    def settle(self, walk):
        for _round in range(12):
            self.let_time_pass()
            self.run_cron("cron_poll_status")
            self.report()
            unsettled = self.env["ropo.request"].search(
                [("state", "in", ("queued", "sending", "unknown", "rejected"))]
            )
            unsettled -= unsettled.filtered(walk.is_for_person)
            if not unsettled:
                break
            self.decide(unsettled, walk)
        self.report()

    def decide(self, requests, walk):
        """What a person does who looks at Ropo One."""
        for request in requests:
            there = walk.at_ropo(request.move_id)
            if request.state == "rejected" and request._still_open_problems():
                if not (there and there.ended):
                    request.action_retry()
            elif request.state == "unknown" and request.to_review:
                if self.arrived(request, there):
                    request.action_resolve_done()
                else:
                    request.action_resolve_requeue()

    def arrived(self, request, there):
        """Whether Ropo has taken one more of these than is known of."""
        known = request.job_id.request_ids.filtered(
            lambda other: (
                other.state == "done"
                and not self.env.company.currency_id.compare_amounts(
                    other._signed_amount(), request._signed_amount()
                )
            )
        )
        return there.said.count(request._signed_amount()) > len(known)


@tagged("post_install", "-at_install")
@walk_each_seed(LedgerWalk, 60)
class TestRandomWalk(LedgerWalkCommon):
    """Wherever a walk ends, Ropo asks for what the ledger says."""


@tagged("post_install", "-at_install")
@walk_each_seed(LedgerWalk, 60)
class TestRandomWalkMaventa(OverMaventa, LedgerWalkCommon, MaventaCommon):
    """The same over Maventa."""
