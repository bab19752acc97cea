from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .ropo_request import ASSIGNMENTS

#  queued ──reserve: freeze payload, commit──▶ sending ──▶ done      Ropo took it
#    ▲                                           ├──▶ rejected  Ropo refused it
#    │ throttled, not sent: wait, try again      ├──▶ cancelled no longer needed
#    └───────────────────────────────────────────┤
#                                                └──▶ unknown   it may have arrived
#  unknown ──lookup──▶ done | queued | rejected | unknown, then a person decides
#  queued, rejected ──a person, or the ledger──▶ cancelled
#  rejected ──a person: Ropo has it already──▶ done
#  queued ──an answer that came late: Ropo has it──▶ done
#  done ──Ropo, later: it was not delivered, or not taken──▶ rejected
TRANSITIONS = {
    "queued": ("queued", "sending", "rejected", "cancelled", "done"),
    "sending": ("done", "rejected", "unknown", "queued", "cancelled"),
    "unknown": ("done", "queued", "rejected", "unknown"),
    "rejected": ("done", "cancelled"),
    "done": ("rejected",),
    "cancelled": (),
}
# What a person may do in which state; see the actions of the same name.
BY_PERSON = {
    "retry": ("queued", "rejected"),
    "requeue": ("unknown",),
    "cancel": ("queued", "rejected"),
}
# What belongs to the state that a request leaves, and is no longer true after it.
RESET = {
    "lease_until": False,
    "next_attempt_at": False,
    "error": False,
    "look_ups": 0,
    "negatives": 0,
    "negative_since": False,
    "unanswered_since": False,
    "to_review": False,
}


class RopoRequest(models.Model):
    """The one writer of the state, and the table of what may follow on what."""

    _inherit = "ropo.request"

    to_review = fields.Boolean(
        readonly=True,
        copy=False,
        help="It is unknown whether it arrived, and only a person can find out.",
    )

    negatives = fields.Integer(
        readonly=True,
        copy=False,
        help="How often Ropo, asked about it, did not show it.",
    )
    negative_since = fields.Datetime(readonly=True, copy=False)
    unanswered_since = fields.Datetime(
        string="No Answer Since",
        readonly=True,
        copy=False,
        help="Since when Ropo could not be asked about it.",
    )
    may_be_received = fields.Boolean(
        compute="_compute_may_be_received",
        help="A person may say that Ropo has it.",
    )
    is_in_look_up = fields.Boolean(
        compute="_compute_may_be_received",
        help="It is unknown whether it arrived, and it is still looked up by itself.",
    )

    is_to_fix = fields.Boolean(
        string="To Fix",
        compute="_compute_is_to_fix",
        search="_search_is_to_fix",
        help="Ropo rejected it, and the same was not sent again since.",
    )
    may_retry = fields.Boolean(compute="_compute_may_be_decided")
    may_requeue = fields.Boolean(compute="_compute_may_be_decided")
    may_cancel = fields.Boolean(compute="_compute_may_be_decided")

    @api.depends("state", "thinned_on")
    def _compute_may_be_decided(self):
        for request in self:
            for what, states in BY_PERSON.items():
                request[f"may_{what}"] = request.state in states
            request.may_retry &= not request.thinned_on  # its files are gone

    @api.depends("state", "may_have_arrived", "to_review", "doubt_event_id")
    def _compute_may_be_received(self):
        for request in self:
            refused = request.state == "rejected" and not request.doubt_event_id
            request.may_be_received = request.state == "unknown" or (
                refused and request.may_have_arrived
            )
            request.is_in_look_up = request.state == "unknown" and not request.to_review

    @api.depends("state", "void")
    def _compute_is_to_fix(self):
        domain = [("id", "in", self.ids), ("is_to_fix", "=", True)]
        to_fix = self.search(domain)
        for request in self:
            request.is_to_fix = request._origin in to_fix

    @api.model
    def _search_is_to_fix(self, operator, value):
        """As `_still_open_problems()` has it, in SQL: the later one is of the same
        invoice, and an assignment too or a report of the same."""
        if operator != "in":
            return NotImplemented
        self.flush_model(["move_id", "operation", "source_partial_id", "state", "void"])
        rejected = SQL(
            """
            (SELECT request.id
               FROM ropo_request request
              WHERE request.state = 'rejected'
                AND request.void IS NOT TRUE
                AND NOT EXISTS (
                    SELECT FROM ropo_request later
                     WHERE later.move_id = request.move_id
                       AND later.id > request.id
                       AND later.void IS NOT TRUE
                       AND CASE WHEN request.operation IN %(assignments)s
                           THEN later.operation IN %(assignments)s
                           ELSE later.operation = request.operation
                                AND COALESCE(later.source_partial_id, 0)
                                  = COALESCE(request.source_partial_id, 0) END))
            """,
            assignments=ASSIGNMENTS,
        )
        return Domain("id", "in" if True in value else "not in", rejected)

    def _set_state(self, new, **values):
        """Gives all of these the state `new`.

        Checked under a lock, against the states as they are in the database, so
        that who has an older view overwrites nothing. What belongs to the state that
        is left is reset, unless it is among `values`.
        """
        self._check_transition(new)
        self.write({**RESET, **values, "state": new})

    def _set_state_each(self, new, values_of, **values):
        """The same, with values of each besides: `{request: values}`. What all have in
        common is written for all at once, which costs them little."""
        self._set_state(new, **values)
        for request in self:
            request.write(values_of[request])

    def _may_become(self, new):
        """Those of these for which the state `new` is allowed now."""
        return self.filtered(lambda request: new in TRANSITIONS[request.state])

    def _lock_in(self, *states):
        """Locks these; those that are in one of these states in the database."""
        self._lock_states()
        return self.filtered(lambda request: request.state in states)

    def _check_transition(self, new):
        self._lock_states()
        wrong = self - self._may_become(new)
        if wrong:
            raise UserError(
                self.env._(
                    "%(names)s: the state has changed meanwhile. Open it again.",
                    names=", ".join(wrong.mapped("display_name")),
                )
            )

    def _lock_states(self):
        """Locks these and reads their states from the database, past the cache.

        Waits for who holds them. When they were changed since this transaction began,
        PostgreSQL raises a serialization failure, and the transaction runs again. SQL,
        since the ORM locks without reading, or without waiting.
        """
        if not self:
            return
        self.flush_recordset(["state"])
        rows = self.env.execute_query(
            SQL(
                "SELECT id, state FROM ropo_request WHERE id IN %s "
                "ORDER BY id FOR NO KEY UPDATE",
                tuple(self.ids),
            )
        )
        states = dict(rows)
        stale = self.filtered(lambda request: request.state != states.get(request.id))
        stale.invalidate_recordset()
