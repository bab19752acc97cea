import random
from datetime import timedelta

from odoo import fields, models

from ..channels.errors import Fault, Meaning, Outcome, Reason
from .transaction import isolated

# What needs no person to fix it, since Ropo has it itself or does not follow it.
NEEDLESS = (Meaning.OWN_MONEY, Meaning.NOT_FOLLOWED)
FIRST_WAIT = 30  # seconds before the second attempt
THROTTLED_WAIT = 2  # the same after a 429 that names no time
LONGEST_WAIT = 6 * 3600  # seconds


class RopoRecording(models.AbstractModel):
    """How each call ended, written down before anything else happens."""

    _name = "ropo.recording"
    _description = "Ropo: Recording of Answers"

    def _record(self, requests, answers, account):
        """Writes down how each call ended; one that can't be does not harm the rest."""
        awaited = requests._lock_in("sending")
        with isolated(awaited, "be recorded together") as attempt:
            self._record_together(awaited, answers)
        if attempt.error:
            for request in awaited:
                self._record_alone(request, answers)
        for request in requests - awaited:
            self._record_late(request, answers[request.id])
        account._pause_on_shared_failure(answers.values())

    def _record_alone(self, request, answers):
        with isolated(request, "be recorded") as attempt:
            self._record_together(request, answers)
        if attempt.error:
            self._mark_lost(
                request,
                self.env._(
                    "Ropo's answer can't be recorded; your administrator finds the "
                    "details in the server's log. Ropo will be asked about it."
                ),
            )

    def _record_late(self, request, answer):
        """An answer to what a person or a lookup decided meanwhile: that stands, unless
        the answer shows that Ropo has it."""
        if answer.outcome != Outcome.ACCEPTED:
            return
        with isolated(request, "be recorded late") as attempt:
            if request._may_become("done"):
                self.env["ropo.effects"]._conclude_done(request, {request.id: answer})
            elif (
                request.state == "done" and request.job_id and not request.job_id.jobid
            ):
                request.job_id.jobid = answer.assignment
            elif request.state == "cancelled":
                self._ask_about_cancelled(request)
        if attempt.error:
            self._ask_about_cancelled(request)

    def _ask_about_cancelled(self, request):
        request.account_id._ask_person(
            "cancelled",
            self.env._("Ropo has a cancelled request"),
            self.env._(
                "Ropo's answer came after it was decided that it is not sent. Look it "
                "up in Ropo One, and ask Ropo to end it if it is wrong. The first: "
                "%(request)s.",
                request=request.display_name,
            ),
        )

    def _record_together(self, requests, answers):
        """In batches of equal ends."""
        outcomes = requests.grouped(lambda request: answers[request.id].outcome)
        if accepted := outcomes.get(Outcome.ACCEPTED):
            self.env["ropo.effects"]._conclude_done(accepted, answers)
        for outcome, record in (
            (Outcome.REJECTED, self._record_rejected),
            (Outcome.UNKNOWN, self._record_unknown),
            (Outcome.NOT_SENT, self._record_not_sent),
            (Outcome.THROTTLED, self._record_not_sent),
        ):
            for request in outcomes.get(outcome, ()):
                request.response = answers[request.id].raw
                record(request, answers[request.id])

    def _record_rejected(self, request, answer):
        text = self.env["ropo.faults"]._of_refusal(answer)
        if answer.fault == Fault.SERVICE:
            request.account_id._service_found_closed()
        meaning = answer.meaning
        request._set_state(
            "cancelled" if meaning in NEEDLESS else "rejected",
            error=text,
            answer_meaning=meaning,
            may_have_arrived=request.may_have_arrived or answer.is_duplicate,
        )
        if request._is_assignment() or meaning == Meaning.OWN_MONEY:
            return
        if meaning == Meaning.ENDED:
            # An answer to one payment ends no case: Ropo is asked where it stands,
            # and until it shows the end a person is asked.
            request.job_id.to_refresh = True
        if meaning == Meaning.NOT_FOLLOWED:
            request.account_id._ask_person(
                "not_followed",
                self.env._("Ropo does not follow the money of a case"),
                self.env._(
                    "Ropo ignored what was paid of some cases, so it may ask for money "
                    "that is paid. Ask Ropo. The first: %(case)s.",
                    case=request.job_id.display_name,
                ),
            )
        else:
            request.account_id._ask_person(
                "money_rejected",
                self.env._("Ropo rejected a payment or a credit"),
                self.env._(
                    "Ropo still asks for money that the ledger does not. See “To "
                    "Review” under Ropo → Outbox. The first: %(request)s: %(reason)s",
                    request=request.display_name,
                    reason=text,
                ),
            )

    def _record_unknown(self, request, answer):
        self._mark_lost(
            request,
            self.env._(
                "It is not known whether Ropo got it (%(reason)s). It will be asked "
                "about, and is not sent again before that.",
                reason=self.env["ropo.faults"]._of_lost_answer(answer),
            ),
        )

    def _record_not_sent(self, request, answer):
        """It never arrived: back into the queue, with a wait that grows."""
        if answer.reason == Reason.NOT_BEGUN:  # no call was made: no attempt
            request._set_state("queued", attempts=request.attempts - 1)
            return
        throttled = answer.outcome == Outcome.THROTTLED
        first = THROTTLED_WAIT if throttled else FIRST_WAIT
        wait = answer.retry_after or first * 2 ** min(request.attempts - 1, 20)
        # Jitter, so that many who failed together do not come back together.
        wait = min(wait * random.uniform(1, 1.5), LONGEST_WAIT)
        request._set_state(
            "queued", next_attempt_at=fields.Datetime.now() + timedelta(seconds=wait)
        )

    # --- what was lost on the way ---

    def _expire_leases(self, account):
        """A run that died had sent these, or not: nobody knows."""
        expired = self.env["ropo.request"].search(
            [
                ("account_id", "=", account.id),
                ("state", "=", "sending"),
                ("lease_until", "<", fields.Datetime.now()),
            ]
        )
        self._mark_lost(
            expired,
            self.env._(
                "The server stopped while this was being sent. Ropo will be asked "
                "whether it arrived."
            ),
        )

    def _mark_lost(self, requests, text):
        delay = timedelta(seconds=self.env["ropo.lookup"]._look_up_delay())
        requests._set_state(
            "unknown",
            error=text,
            next_attempt_at=fields.Datetime.now() + delay,
            may_have_arrived=True,
            # It may be this document that a call of many fails on.
            send_alone=True,
        )
