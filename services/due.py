from odoo import api, fields, models
from odoo.tools import SQL

from ..models.ropo_request import ASSIGNMENTS

# Calls of each connection that one reservation plans for: of one document, and of many.
CALLS_PER_RESERVATION, BATCHES_PER_RESERVATION = 10, 3
MOST_RESERVED = 1000  # more cost memory, and no fewer queries each


class RopoDue(models.AbstractModel):
    """What of the outbox is due, whose turn it is, and what goes first."""

    _name = "ropo.due"
    _description = "Ropo: What Is Due"

    # --- accounts ---

    @api.model
    def _accounts(self):
        """Ids of the accounts with something to do, those first that have waited
        longest for a turn: no account is kept waiting by another that has much."""
        groups = (
            self.env["ropo.request"]
            .sudo()
            ._read_group(
                [("state", "in", ("queued", "sending", "unknown"))], ["account_id"]
            )
        )
        accounts = self.env["ropo.account"].sudo().union(*(a for (a,) in groups))
        return accounts.sorted(
            lambda account: (account.last_turn or account.create_date, account.id)
        ).ids

    @api.model
    def _count(self, account_ids=None):
        """How many can be sent now, by a worker of any account, or of these."""
        domain = [
            ("state", "=", "queued"),
            "|",
            ("account_id.paused_until", "=", False),
            ("account_id.paused_until", "<=", fields.Datetime.now()),
            *self._movable_domain(),
            *self._time_has_come(),
        ]
        if account_ids is not None:
            domain.append(("account_id", "in", list(account_ids)))
        return self.env["ropo.request"].sudo().search_count(domain)

    @api.model
    def _has_work(self, account):
        domain = [("account_id", "=", account.id), *self._movable_domain()]
        return self.env["ropo.request"].search_count(
            [*domain, *self._time_has_come()], limit=1
        )

    def _movable_domain(self):
        """What a worker can move on. The others wait for a person, or for another
        change of the same case that is under way or lost."""
        blocking = [
            ("state", "in", ("sending", "unknown")),
            ("operation", "not in", ASSIGNMENTS),
        ]
        return [
            "|",
            "&",
            ("state", "=", "unknown"),
            ("to_review", "=", False),
            "&",
            ("state", "=", "queued"),
            "|",
            ("operation", "in", ASSIGNMENTS),
            ("job_id", "not any", [("request_ids", "any", blocking)]),
        ]

    def _time_has_come(self):
        return [
            "|",
            ("next_attempt_at", "=", False),
            ("next_attempt_at", "<=", fields.Datetime.now()),
        ]

    # --- requests ---

    @api.model
    def _urgent_due(self, account, only):
        """What somebody waits for, of whatever kind: it overtakes a night's run."""
        return self.env["ropo.request"].search(
            [
                *self._chosen(account, only),
                ("is_urgent", "=", True),
                ("operation", "in", ASSIGNMENTS),
                *self._time_has_come(),
            ],
            order="id",
            limit=account.max_concurrency,
        )

    def _assignments_due(self, account, only):
        """The next invoices, claims and credit notes to say."""
        at_once = account.batch_size * account.max_concurrency
        limit = max(at_once, min(at_once * BATCHES_PER_RESERVATION, MOST_RESERVED))
        return self._due_of(account, only, limit, send_alone=False)

    def _alone_due(self, account, only):
        """The next of which a call of many may have failed: each has its own call."""
        limit = account.max_concurrency * CALLS_PER_RESERVATION
        return self._due_of(account, only, limit, send_alone=True)

    def _heavy_due(self, account, only):
        """The next invoices with attachments, few: each takes its files along."""
        return self._due_of(
            account, only, account.max_concurrency, has_attachments=True
        )

    def _local_prints_due(self, account, only):
        """The next invoices to print ourselves, few: each brings its document."""
        return self._due_of(account, only, account.max_concurrency, local_print=True)

    def _due_of(self, account, only, limit, **kinds):
        kinds = {"local_print": False, "has_attachments": False, **kinds}
        return self.env["ropo.request"].search(
            [
                *self._chosen(account, only),
                ("operation", "in", ASSIGNMENTS),
                *((name, "=", value) for name, value in kinds.items()),
                *self._time_has_come(),
            ],
            order="id",
            limit=limit,
        )

    def _chosen(self, account, only):
        domain = [("account_id", "=", account.id), ("state", "=", "queued")]
        return [*domain, ("id", "in", only)] if only else domain

    def _changes_due(self, account, only):
        """The next payments, reversals and allocations: one of each case.

        While one change of a case is under way or lost, no other is sent: that is
        what makes a lost one recognisable by the capital that Ropo shows. Reversals go
        first: to a case that is paid nothing can be paid. SQL, since the ORM has no
        DISTINCT ON: `make bench` sends 1,000 payments by it (“money”).
        """
        limit = account.max_concurrency * CALLS_PER_RESERVATION
        self.env["ropo.request"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (request.job_id) request.id
                  FROM ropo_request request
                 WHERE request.account_id = %(account)s
                   AND request.state = 'queued'
                   AND request.operation NOT IN %(assignments)s
                   AND %(chosen)s
                   AND COALESCE(request.next_attempt_at, %(now)s) <= %(now)s
                   AND NOT EXISTS (
                       SELECT FROM ropo_request other
                        WHERE other.job_id = request.job_id
                          AND other.state IN ('sending', 'unknown')
                          AND other.operation NOT IN %(assignments)s)
                 ORDER BY request.job_id,
                          request.operation != 'payment_reversal',
                          request.id
                 LIMIT %(limit)s
                """,
                account=account.id,
                assignments=ASSIGNMENTS,
                chosen=SQL("request.id IN %s", tuple(only)) if only else SQL("TRUE"),
                now=fields.Datetime.now(),
                limit=limit,
            )
        )
        return self.env["ropo.request"].browse(row[0] for row in rows)
