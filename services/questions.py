from dataclasses import dataclass

from odoo import api, models
from odoo.fields import Domain

from ..models.ropo_job import ENDED
from ..models.ropo_request import ASSIGNMENTS, TRANSFERS
from .archive import FETCH_TRIES
from .lookup import MOST_ATTEMPTS

# Why an activity ends only when a person marks it as done, or by the code that knows
# that the reason is gone: there is no record that shows it.
BY_HAND = {
    "cancelled": "nobody but Ropo knows whether it ended what it got",
    "closed_changed": "nothing is reported of a closed case, so a person does it",
    "database": "ropo.account ends it when it is bound to a database",
    "day_gap": "a person compares that day with Ropo One",
    "not_placed": "a person pays it back at the bank",
    "service_active": "it is good news",
    "standing": "a person looks the case up in Ropo One",
    "hold_ends": "ropo.holds ends it with the hold",
    "inform_ropo": "ropo.exemption ends it, or who informs Ropo",
    "plan_broken": "ropo.job ends it with a new plan or the end of the case",
    "message": "ropo.event ends it when the message is read",
}


@dataclass(frozen=True)
class Question:
    """What needs a person: the records that show it, as long as they do.

    :param domain: `(name, operator, value)`, all of which hold
    :param still: the name of a field that must be true too, which SQL does not know
    """

    model: str
    domain: tuple = ()
    still: str = ""


def _rejected(*domain):
    """Requests that Ropo rejected, and that were not sent again since."""
    return Question("ropo.request", (("is_to_fix", "=", True), *domain))


NO_DOUBT = ("doubt_event_id", "=", False)
# By the key of the activity that asks about it.
QUESTIONS = {
    "arrived": Question(
        "ropo.request", (("state", "=", "unknown"), ("to_review", "=", True))
    ),
    "fails": _rejected(("attempts", ">=", MOST_ATTEMPTS), NO_DOUBT),
    "money_rejected": _rejected(
        ("operation", "not in", ASSIGNMENTS),
        NO_DOUBT,
    ),
    # Nothing was rejected: the request is cancelled, and the case may go wrong.
    "not_followed": Question(
        "ropo.request",
        (("answer_meaning", "=", "not_followed"), ("job_id.stage", "not in", ENDED)),
    ),
    "reversal": _rejected(
        ("operation", "=", "payment_reversal"), ("may_have_arrived", "=", True)
    ),
    "duplicate": _rejected(("doubt_event_id", "!=", False)),
    "undelivered": _rejected(
        ("operation", "in", ("invoice", "credit_note")), ("job_id", "!=", False)
    ),
    "transfer_failed": _rejected(
        ("operation", "in", TRANSFERS), ("job_id", "!=", False)
    ),
    "rights": Question(
        "ropo.request", (("state", "in", ("queued", "sending")), ("attempts", ">", 0))
    ),
    "own_report": Question("ropo.event", (("doubt_request_id", "!=", False),)),
    "collected": Question("ropo.event", (("settlement", "=", "person"),)),
    "not_taken_in": Question("ropo.event", (("state", "=", "review"),)),
    "decision": Question(
        "ropo.job",
        (("decision", "=", "undecided"), ("released", "=", False)),
        still="may_decide",
    ),
    "no_document": Question(
        "ropo.job", (("fetch_tries", ">=", FETCH_TRIES), ("fetch_at", "=", False))
    ),
    "mismatch": Question(
        "ropo.receivable.report",
        (
            ("differs_since", "!=", False),
            ("differs", "=", True),
            ("stage", "!=", "closed"),
        ),
        still="is_late",
    ),
    "credentials": Question("ropo.account", (("paused_until", "!=", False),)),
}


class RopoQuestions(models.AbstractModel):
    """What needs a person, and whether it still does."""

    _name = "ropo.questions"
    _description = "Ropo: Questions to People"

    @api.model
    def _is_open(self, key, account):
        """Whether the cause of this question is still there on this account."""
        question = QUESTIONS[key]
        own = "id" if question.model == account._name else "account_id"
        domain = Domain(question.domain) & Domain(own, "=", account.id)
        records = self.env[question.model].sudo().with_context(active_test=False)
        if not question.still:
            return bool(records.search_count(domain, limit=1))
        return any(records.search(domain).mapped(question.still))
