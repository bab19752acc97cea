from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.tools import format_date, format_datetime

from ..models.ropo_job import ENDED
from ..models.ropo_request import TRANSFERS


class NextStep(NamedTuple):
    """What happens next with an invoice, and when."""

    text: str = ""  # empty where Ropo has nothing to do with it
    is_to_do: bool = False  # whether a person has to do something
    record: Any = None  # what it speaks of, to open


class RopoNextStep(models.AbstractModel):
    """What happens next with a customer invoice at Ropo and when, in one line.

    What a person has to fix comes first, then what is on its way, then the case that
    Ropo has. What Ropo does not collect is the matter of next_transfer.py.
    """

    _name = "ropo.next.step"
    _description = "Next Step of an Invoice"

    @api.model
    def _steps(self, moves):
        """`{move: NextStep}`, as superuser: the caller has checked who reads.

        The number of queries does not depend on the number of invoices.
        """
        moves = moves.sudo()
        steps = {move: self._step(move) for move in moves}
        rest = moves.filtered(lambda move: steps[move] is None)
        return steps | self.env["ropo.next.transfer"]._steps(rest)

    def _step(self, move):
        """Its step, or None where Ropo has it for delivery only, or not at all."""
        if move.move_type not in ("out_invoice", "out_refund"):
            return NextStep()
        if problem := move.ropo_request_ids._still_open_problems()[:1]:
            return self._problem_step(problem)
        waiting = (move.ropo_request_ids | move.ropo_reported_ids).filtered(
            lambda request: request.state in ("queued", "sending")
        )
        assignments = waiting.filtered(lambda request: request._is_assignment())
        if waiting:
            return self._waiting_step((assignments or waiting).sorted("id")[:1])
        if move.state != "posted":
            return NextStep()
        case = self._case(move)
        if not case:
            return None
        if case.stage in ENDED:
            return self._ended_step(case, move)
        return self._running_step(case, move)

    def _case(self, move):
        """The case by which Ropo collects it, or did."""
        cases = move.ropo_job_ids.filtered(
            lambda job: job.is_collected and not job.released
        )
        case = cases.sorted(lambda job: (job.stage not in ENDED, job.id))[-1:]
        # What is computed of one is computed of all: a slice knows no others.
        return case.with_prefetch(move.ropo_job_ids._prefetch_ids)

    # --- the outbox ---

    def _problem_step(self, request):
        if request.state == "rejected":
            return self._rejected_step(request)
        if not request.is_in_look_up:
            text = self.env._(
                "It is not known whether Ropo received it. A Ropo manager decides "
                "that in the Outbox."
            )
            return NextStep(text, True, request)
        now = fields.Datetime.now()
        if request.next_attempt_at and request.next_attempt_at > now:
            text = self.env._(
                "It is not known whether Ropo received it. It is looked up at Ropo on "
                "%(time)s.",
                time=format_datetime(self.env, request.next_attempt_at),
            )
        else:
            text = self.env._(
                "It is not known whether Ropo received it. It is looked up at Ropo "
                "with the next run of the Outbox."
            )
        return NextStep(text, False, request)

    def _rejected_step(self, request):
        reason = request.error or self.env._("No reason was given.")
        if not request._is_assignment():
            text = self.env._(
                "Ropo rejected what was reported. A Ropo manager decides in the Outbox "
                "what becomes of it. %(reason)s",
                reason=reason,
            )
        elif request.operation in TRANSFERS:
            text = self.env._(
                "Ropo rejected the transfer. Correct what is wrong, then transfer it "
                "again. %(reason)s",
                reason=reason,
            )
        else:
            text = self.env._(
                "Ropo rejected it. Correct what is wrong, then send it again. "
                "%(reason)s",
                reason=reason,
            )
        return NextStep(text, True, request)

    def _waiting_step(self, request):
        what = self._waiting_text(request)
        return NextStep(f"{what} {self._when_text(request)}", False, request)

    def _waiting_text(self, request):
        amount = request.currency_id.format(request.amount)
        if request.operation == "reminder":
            return self.env._("It waits to be transferred for a payment reminder.")
        if request.operation == "collection":
            return self.env._("It waits to be transferred for debt collection.")
        if request.operation == "payment":
            return self.env._(
                "A payment of %(amount)s waits to be reported to Ropo.", amount=amount
            )
        if request.operation == "payment_reversal":
            return self.env._(
                "The reversal of a payment of %(amount)s waits to be reported to Ropo.",
                amount=amount,
            )
        if request.operation == "credit_allocation":
            return self.env._(
                "A credit of %(amount)s waits to be reported to Ropo.", amount=amount
            )
        return self.env._("It waits to be sent via Ropo.")

    def _when_text(self, request):
        if request.state == "sending":
            return self.env._("It is being sent now.")
        until = self.env["ropo.taking.back"]._free_until(request)
        if not until:
            return self.env._("It is sent with the next run of the Outbox.")
        time = format_datetime(self.env, until)
        if request.account_id.paused_until == until:
            return self.env._(
                "The Ropo account is paused, and sends it on %(time)s.", time=time
            )
        return self.env._("The next attempt is on %(time)s.", time=time)

    # --- the case ---

    def _running_step(self, case, move):
        if case.progress == "pending":
            text = self.env._(
                "Ropo has it and has not confirmed it yet. Nothing needs to be done."
            )
        elif case.bad_debt:
            text = self.env._(
                "It is written off as a bad debt. Ropo goes on collecting %(amount)s.",
                amount=case.currency_id.format(case.open_amount),
            )
        elif case.currency_id.compare_amounts(case._residual(), case.open_amount) < 0:
            text = self._difference_text(case)
        else:
            text = f"{self._stage_text(case, move)} {self._following_text(case)}"
        return NextStep(text, False, case)

    def _difference_text(self, case):
        """What was paid or credited, and no request waits yet."""
        cron = self.env.ref("ropo_connect.cron_post_payments").sudo()
        return self.env._(
            "%(ledger)s is open in Odoo and %(ropo)s at Ropo. What Ropo lacks is "
            "reported to it after %(time)s.",
            ledger=case.currency_id.format(case._residual()),
            ropo=case.currency_id.format(case.open_amount),
            time=format_datetime(self.env, cron.nextcall),
        )

    def _stage_text(self, case, move):
        stage = case.stage
        if stage == "invoiced" and case.kind in TRANSFERS:
            stage = case.kind
        date = format_date(self.env, move._ropo_first_due())
        return {
            "invoiced": self.env._(
                "Ropo delivered it and collects it: it is due on %(date)s.", date=date
            ),
            "reminder": self.env._("It is at Ropo for a payment reminder."),
            "collection": self.env._("It is at Ropo for debt collection."),
            "legal": self.env._("It is at Ropo for legal collection."),
            "payment_plan": self.env._("The customer has a payment plan with Ropo."),
            "on_hold": self.env._("It is on hold at Ropo."),
        }[stage]

    def _following_text(self, case):
        """What Ropo does next, in its own words."""
        step, date = case.next_stage, case.next_stage_date
        day = date and format_date(self.env, date)
        if not step:
            if case.stage == "on_hold":
                return self.env._("Ropo goes on when the hold ends there.")
            return self.env._("Ropo goes on by itself.")
        if not date:
            return self.env._("The next step is “%(step)s”.", step=step)
        if date < fields.Date.context_today(self):
            return self.env._(
                "The next step, “%(step)s”, was to come on %(date)s. “Update Status” "
                "shows whether it did.",
                step=step,
                date=day,
            )
        return self.env._(
            "The next step is “%(step)s” on %(date)s.", step=step, date=day
        )

    @api.model
    def _following_on(self, case):
        """What follows on the stage of a case where Ropo has announced nothing, in a
        few words; empty where Ropo does not collect it, or is done."""
        if case.may_decide:
            return self.env._("To be decided by a Ropo manager")
        if not case.is_collected or case.stage in ENDED:
            return ""
        if case.progress == "pending":
            return self.env._("Confirmation by Ropo")
        stage = case.stage
        if stage == "invoiced" and case.kind == "collection":
            return self.env._("Debt collection")
        if stage == "invoiced" and case.kind == "reminder":
            return self.env._("Payment reminder")
        return {
            "invoiced": self.env._("Payment reminder, if unpaid"),
            "reminder": self.env._("Debt collection, if unpaid"),
            "payment_plan": self.env._("Payment by the plan"),
            "on_hold": self.env._("Resumed by Ropo"),
        }.get(stage) or self.env._("Ropo goes on collecting")

    def _ended_step(self, case, move):
        if case.may_decide:
            return self._decision_step(case)
        missing = case.event_ids.filtered("is_missing")
        amount = sum(event._ropos_money() for event in missing)
        if case.currency_id.compare_amounts(amount, 0) > 0:
            text = self.env._(
                "The customer paid Ropo %(amount)s that is not in Odoo yet. It comes "
                "with Ropo's payout, or “Register Payment” registers it.",
                amount=case.currency_id.format(amount),
            )
            return NextStep(text, False, case)
        if case.currency_id.compare_amounts(move.amount_residual, 0) > 0:
            text = self.env._(
                "Ropo has ended its case, and %(amount)s is open in Odoo. See the "
                "case for what is missing.",
                amount=case.currency_id.format(move.amount_residual),
            )
            return NextStep(text, True, case)
        return NextStep(self.env._("It is closed: nothing more is to be done."))

    def _decision_step(self, case):
        if case.decision == "leave":
            text = self.env._(
                "Ropo closed its case unpaid. It was decided to leave the invoice "
                "open: nobody collects it."
            )
        elif case.decision == "write_off":
            text = self.env._(
                "Ropo closed its case unpaid. It was decided to write the invoice off: "
                "that is to be booked."
            )
        else:
            text = self.env._(
                "Ropo closed its case unpaid. A Ropo manager decides on the case "
                "whether to write the invoice off, transfer it again or leave it."
            )
        return NextStep(text, case.decision != "leave", case)
