import logging
from datetime import timedelta

from odoo import fields, models

from ..channels.base import Found
from ..channels.documents import CaseRef
from ..channels.errors import ChannelError, Rejected
from ..models.ropo_request import ASSIGNMENTS
from .transaction import commit_with_retry, isolated

_logger = logging.getLogger(__name__)

LOOK_UP_DELAY = 120  # seconds before a lost call is asked about
LOOK_UPS = 5  # times that Ropo is asked before a person is
LOOK_UPS_PER_RUN = 50
NEGATIVES = 3  # answers "it is not here" that together are believed
NEGATIVE_WAIT = 60  # between them, as a multiple of LOOK_UP_DELAY: two hours
OUTAGE = timedelta(days=1)  # that Ropo may not answer before a person is asked
KEPT = ("error", "look_ups", "negatives", "negative_since")  # while it stays unknown
MOST_ATTEMPTS = 3  # that Ropo may fail on one document before a person is asked
FIRST_WAIT = 30  # seconds before what did not arrive is sent again


class RopoLookup(models.AbstractModel):
    """What became of requests whose answer was lost: asked until it is known, or until
    a person has to find out."""

    _name = "ropo.lookup"
    _description = "Ropo: Lookup"

    def _look_up_delay(self):
        parameters = self.env["ir.config_parameter"].sudo()
        return int(parameters.get_param("ropo_connect.look_up_delay", LOOK_UP_DELAY))

    def _look_up_lost(self, account, client):
        """Asks Ropo about the lost ones that have been given time to arrive."""
        lost = self.env["ropo.request"].search(
            [
                ("account_id", "=", account.id),
                ("profile", "=", client.profile),
                ("state", "=", "unknown"),
                ("to_review", "=", False),
                *self.env["ropo.due"]._time_has_come(),
            ],
            order="next_attempt_at, id",
            limit=LOOK_UPS_PER_RUN,
        )
        for request in lost:
            finding = self._ask_ropo(request, client)
            # What was read is as old as the call; what a person, or a late answer,
            # decided meanwhile is seen from here.
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            commit_with_retry(self.env, self._take_finding, request, finding)
            if not finding:
                break  # the others would wait as long; they have their turn later
        return len(lost)

    def _ask_ropo(self, request, client):
        """What Ropo shows of a lost one, as `Found`, by two means: what it reports of
        its number, and its list of the customer's invoices (or the document of a credit
        note). None where Ropo can't be asked.

        Takes in first what Ropo reports: money that came to the case meanwhile is in
        the figures that it shows. HTTP, and no lock.
        """
        case = request.job_id._ref() if not request._is_assignment() else None
        try:
            rows = client.history(case or CaseRef(number=request.number or ""))
            self.env["ropo.inbox"]._take(request.account_id, rows, client.profile)
            found = client.find(request._frozen(), case)
        except ChannelError as error:
            _logger.info("Ropo request %s: can't be asked about: %s", request.id, error)
            return Found() if isinstance(error, Rejected) else None
        is_missing = not case and found.arrived is False
        return self._find_in_rows(request, client, rows) if is_missing else found

    def _find_in_rows(self, request, client, rows):
        """The second opinion on what is not listed: whether what Ropo reports of its
        number is of an assignment that is none of our cases of it."""
        jobs = request.move_id.ropo_job_ids
        reported = {client.interpret(row).assignment for row in rows} - {""}
        found = reported - set(jobs.mapped("jobid"))
        if not found:
            return Found(arrived=False)
        if not all(jobs.mapped("jobid")):
            return Found()  # it may be the case whose id we do not know
        return Found(True, found.pop() if len(found) == 1 else "")

    def _take_finding(self, request, finding):
        """Concludes a look-up, unless somebody has decided meanwhile."""
        if not request._lock_in("unknown"):
            return
        with isolated(request, "be looked up") as attempt:
            if finding is None:
                self._wait_for_answer(request)
            else:
                self._conclude_look_up(request, finding)
        if attempt.error:
            self._ask_again_later(request)

    def _wait_for_answer(self, request):
        """Ropo could not be asked. That says nothing about the request, so it counts
        as no look-up; a person is asked only when it lasts."""
        now = fields.Datetime.now()
        since = request.unanswered_since or now
        if now - since < OUTAGE:
            wait = self._look_up_delay()
            self._stay_unknown(request, wait, unanswered_since=since)
        else:
            self._ask_person(request)

    def _stay_unknown(self, request, wait, **values):
        """To be asked about again after `wait` seconds; what is known of it stays."""
        request._set_state(
            "unknown",
            **{**{name: request[name] for name in KEPT}, **values},
            next_attempt_at=fields.Datetime.now() + timedelta(seconds=wait),
        )

    def _conclude_look_up(self, request, finding):
        arrived = finding.arrived
        if request.operation not in ASSIGNMENTS:
            arrived = self._arrived_by(request, finding)
        if arrived:
            self.env["ropo.effects"]._conclude_done(request)
            if finding.assignment and not request.job_id.jobid:
                request.job_id.jobid = finding.assignment
        elif arrived is False:
            self._count_negative(request)
        else:
            self._ask_again_later(request, finding.open_amount)

    def _arrived_by(self, request, finding):
        """Whether a change of a case arrived, by the reports that the case bears, else
        by what Ropo shows as open; None where neither shows it."""
        if request in request.job_id.event_ids.request_id:
            return True  # Ropo has reported it back
        if finding.reports is not None:
            return finding.reports > len(self._equal_known(request))
        shown = finding.open_amount
        compare = request.currency_id.compare_amounts
        before, after = request._expected_totals()
        if shown is None or not compare(before, after):
            return None
        if not compare(shown, after):
            return True
        return None if compare(shown, before) else False

    @staticmethod
    def _equal_known(request):
        """The other reports of the case with this kind, sum and day that arrived."""
        return request.job_id.request_ids.filtered(
            lambda other: (
                other.state == "done"
                and other.operation == request.operation
                and other.date == request.date
                and not request.currency_id.compare_amounts(
                    other.amount, request.amount
                )
            )
        )

    def _count_negative(self, request):
        """Ropo does not show it. It may do so only later, so one such answer decides
        nothing; several, hours apart, do."""
        now = fields.Datetime.now()
        since = request.negative_since or now
        negatives = request.negatives + 1
        wait = self._look_up_delay() * NEGATIVE_WAIT
        together = timedelta(seconds=wait) * (NEGATIVES - 1)
        if negatives >= NEGATIVES and now - since >= together:
            self._conclude_not_there(request)
        else:
            self._stay_unknown(request, wait, negatives=negatives, negative_since=since)

    def _conclude_not_there(self, request):
        """It did not arrive: it is sent again, alone and after a wait that grows; what
        Ropo never takes is for a person."""
        if request.attempts < MOST_ATTEMPTS:
            wait = FIRST_WAIT * 2**request.attempts if request.attempts > 1 else 0
            later = fields.Datetime.now() + timedelta(seconds=wait)
            request._set_state("queued", next_attempt_at=wait and later)
            return
        text = self.env._(
            "Ropo fails on this each time (%(attempts)s times), and does not have it. "
            "Look for something unusual in it, fix it and try again, or ask Ropo.",
            attempts=request.attempts,
        )
        request._set_state("rejected", error=text)
        request.account_id._ask_person(
            "fails",
            self.env._("Ropo fails on a document"),
            self.env._(
                "%(request)s: %(text)s", request=request.display_name, text=text
            ),
        )

    def _ask_again_later(self, request, shown=None):
        """:param shown: what Ropo shows as open, if it does"""
        look_ups = request.look_ups + 1
        if look_ups < LOOK_UPS:
            wait = self._look_up_delay() * 2**look_ups
            self._stay_unknown(request, wait, look_ups=look_ups)
        else:
            self._ask_person(request, shown, look_ups=look_ups)

    def _ask_person(self, request, shown=None, **values):
        request._set_state(
            "unknown",
            **{"look_ups": request.look_ups, **values},
            error=self._question(request, shown),
            to_review=True,
        )
        request.account_id._ask_person(
            "arrived",
            self.env._("Did it arrive at Ropo?"),
            self.env._(
                "Ropo can't confirm whether some requests arrived. See “To Review” "
                "under Ropo → Outbox."
            ),
        )

    def _question(self, request, shown):
        """What a person needs to decide whether it arrived."""
        question = self.env._(
            "Ropo can't confirm whether it arrived. Look it up in Ropo One, then "
            "choose “Mark as Received” or “Send Again”."
        )
        if shown is None:
            return question
        before, after = request._expected_totals()
        figures = self.env._(
            "Ropo shows %(shown)s as open, with interest and fees. It would be "
            "%(before)s if this did not arrive, and %(after)s if it did.",
            shown=request.currency_id.format(shown),
            before=request.currency_id.format(before),
            after=request.currency_id.format(after),
        )
        return f"{question} {figures}"
