from dataclasses import dataclass, replace

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
    :param money: the path to the amount that it is about, if it is about any
    """

    model: str
    domain: tuple = ()
    still: str = ""
    money: str = ""


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


def _about(key, money):
    return replace(QUESTIONS[key], money=money)


# What the daily summary lists, the most urgent first; each has an action of this name
# in views/ropo_question_views.xml, which opens it, and whose name is its label.
SUMMARY = {
    "connection": Question(
        "ropo.account",
        (("activity_ids.ropo_key", "in", ("credentials", "database", "rights")),),
    ),
    "arrived": _about("arrived", "amount"),
    "rejected": replace(_rejected(NO_DOUBT), money="amount"),
    "duplicate": _about("duplicate", "amount"),
    "own_report": _about("own_report", "amount"),
    "collected": _about("collected", "amount"),
    "not_taken_in": _about("not_taken_in", ""),
    "mismatch": _about("mismatch", "difference"),
    "decision": _about("decision", "move_id.amount_residual"),
    "inform_ropo": Question(
        "ropo.job", (("stop_asked", "=", True),), "", "open_amount"
    ),
    "plan_broken": Question(
        "ropo.job", (("activity_ids.ropo_key", "=", "plan_broken"),), "", "open_amount"
    ),
    "message": Question("ropo.event", (("is_unread", "=", True),)),
}
# What lists the records of each model.
LISTS = {
    "ropo.account": "action_ropo_account",
    "ropo.request": "action_ropo_request",
    "ropo.event": "action_ropo_event",
    "ropo.job": "action_ropo_job",
    "ropo.receivable.report": "action_ropo_difference",
}


class RopoQuestions(models.AbstractModel):
    """What needs a person, and whether it still does."""

    _name = "ropo.questions"
    _description = "Ropo: Questions to People"

    @api.model
    def _still_open(self, key, accounts):
        """Those of these accounts on which the cause of this is still there."""
        question = QUESTIONS[key]
        own = "id" if question.model == accounts._name else "account_id"
        domain = Domain(question.domain) & Domain(own, "in", accounts.ids)
        records = self.env[question.model].sudo().with_context(active_test=False)
        if question.still:
            found = records.search(domain).filtered(question.still)
            return found if own == "id" else found[own]
        if own == "id":
            return records.search(domain)
        groups = records._read_group(domain, [own])
        return accounts.browse(account.id for (account,) in groups)

    @api.model
    def _waiting(self, key):
        """What waits for this user by this question of the summary."""
        question = SUMMARY[key]
        domain = Domain(question.domain)
        domain &= Domain("company_id", "in", self.env.companies.ids)
        records = self.env[question.model].search(domain)
        return records.filtered(question.still) if question.still else records

    @api.model
    def _action(self, key):
        """Opens exactly that, for this user."""
        action = self._action_of(key)
        question = self.env["ir.actions.act_window"]._for_xml_id(
            f"ropo_connect.{LISTS[SUMMARY[key].model]}"
        )
        return {
            # Without its own address, which leads to the whole list.
            **{k: v for k, v in question.items() if k not in ("id", "path")},
            "name": action.name,
            "display_name": action.name,
            "view_mode": "list,form",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", self._waiting(key).ids)],
            "context": {"create": False},
        }

    @api.model
    def _action_of(self, key):
        return self.env.ref(f"ropo_connect.action_ropo_question_{key}").sudo()
