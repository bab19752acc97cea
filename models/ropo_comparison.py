from collections import defaultdict
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

POSTED = SQL("entry.state = 'posted'")
# How far Ropo's day of a payment may be from the ledger's.
SAME_MONEY_DAYS = timedelta(days=7)


class RopoComparison(models.AbstractModel):
    """What the ledger says, held against what Ropo was told; the difference is queued.

    Nothing in accounting is hooked into: posting and reconciling cost the same.
    """

    _name = "ropo.comparison"
    _description = "Ledger Against Ropo"

    # --- crons ---

    @api.model
    def _cron_post_payments(self):
        """Queues what the ledger's money says and Ropo has not heard."""
        self._queue_differences("payment")

    @api.model
    def _cron_post_credit_notes(self):
        """Queues what the ledger's credit notes say and Ropo has not heard."""
        self._queue_differences("credit_allocation")

    # --- business: the ledger ---

    @api.model
    def _reflected_partials(self, moves):
        """What the open amounts of these invoices reflect.

        :return: `{move id: rows}`; with those of payments that were reset to draft,
            since Odoo's open amount reflects them too
        """
        query = self._partials_query(
            SQL("line.move_id IN %s", tuple(moves.ids or [0])), SQL("TRUE")
        )
        found = defaultdict(list)
        for row in self.env.execute_query_dict(query):
            found[row["move_id"]].append(row)
        return found

    @api.model
    def _credit_partials(self, credit_notes):
        """The reconciliations of these credit notes with invoices, as rows."""
        return self.env.execute_query_dict(
            self._partials_query(SQL("entry.id IN %s", tuple(credit_notes.ids or [0])))
        )

    def _partials_query(self, condition, standing=POSTED):
        """Partial reconciliations of receivables, in the invoice's currency.

        Exchange differences are left out: they are the ledger's matter, not the
        debtor's. So is what does not stand: a payment that was reset to draft keeps
        its partial, but nobody has paid.
        """
        for model in ("account.move", "account.move.line", "account.partial.reconcile"):
            self.env[model].flush_model()
        return SQL(
            """
            SELECT line.move_id,
                   line.id AS line_id,
                   partial.id AS partial_id,
                   partial.debit_amount_currency AS amount,
                   entry.id AS entry_id,
                   entry.move_type,
                   counterpart.date,
                   counterpart.journal_id
              FROM account_move_line line
              JOIN account_partial_reconcile partial ON partial.debit_move_id = line.id
              JOIN account_move_line counterpart
                ON counterpart.id = partial.credit_move_id
              JOIN account_move entry ON entry.id = counterpart.move_id
             WHERE line.display_type = 'payment_term'
               AND partial.debit_amount_currency != 0
               AND NOT EXISTS (
                   SELECT FROM account_partial_reconcile cause
                    WHERE cause.exchange_move_id = entry.id)
               AND %s
               AND %s
            """,
            standing,
            condition,
        )

    # --- business: the differences ---

    @api.model
    def _queue_differences(self, operation):
        """Queues what the ledger says and Ropo was not told, and what it was told
        and the ledger says no more.

        :param operation: `payment` for money and write-offs, `credit_allocation` for
            credit notes
        """
        Request = self.env["ropo.request"].sudo()
        withdrawn = self._withdrawn(operation)
        # Void: the same reconciliation may stand again one day, and is told then.
        Request.browse(withdrawn.pop("queued", [])).write(
            {"state": "cancelled", "void": True}
        )
        vals_list = [self._change_vals(row) for row in self._untold(operation)]
        vals_list += [self._change_vals(row) for row in withdrawn.get("told", [])]
        requests = Request._queue(vals_list)
        if requests:
            self.env.ref("ropo_connect.cron_process_requests")._trigger()
        return requests

    def _untold(self, operation):
        """Rows of what stands in the ledger and no request tells of."""
        self.env["ropo.job"].flush_model()
        self.env["ropo.request"].flush_model()
        is_credit = SQL("=") if operation == "credit_allocation" else SQL("!=")
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT job.id AS job_id, ledger.*, %(operation)s AS operation
                  FROM ropo_job job
                  JOIN ropo_account account ON account.id = job.account_id
                  JOIN (%(ledger)s) ledger ON ledger.move_id = job.move_id
                  JOIN account_journal journal ON journal.id = ledger.journal_id
                 WHERE job.chased
                   AND job.stage NOT IN ('closed')
                   AND account.active
                   AND ledger.move_type %(is_credit)s 'out_refund'
                   AND journal.ropo_settlement IS NOT TRUE
                   AND NOT EXISTS (
                       SELECT FROM account_journal_ropo_account_rel settlement
                        WHERE settlement.ropo_account_id = account.id
                          AND settlement.account_journal_id = journal.id)
                   -- A claim over some instalments hears of those only.
                   AND (job.part_ids IS NULL
                        OR job.part_ids @> to_jsonb(ledger.line_id))
                   AND NOT COALESCE(
                       jsonb_exists(job.covers, ledger.partial_id::text), FALSE)
                   AND NOT EXISTS (
                       SELECT FROM ropo_request request
                        WHERE request.job_id = job.id
                          AND request.source_partial_id = ledger.partial_id
                          AND request.operation IN ('payment', 'credit_allocation')
                          AND request.void IS NOT TRUE)
                   AND NOT EXISTS (
                       SELECT FROM ropo_request credit
                        WHERE credit.move_id = ledger.entry_id
                          AND credit.operation = 'credit_note'
                          AND credit.state IN ('queued', 'sending', 'unknown', 'done')
                          AND jsonb_exists(credit.covers, ledger.partial_id::text))
                   AND NOT EXISTS (
                       SELECT FROM ropo_event event
                        WHERE event.job_id = job.id
                          AND event.source_partial_id = ledger.partial_id)
                 ORDER BY ledger.date, ledger.partial_id
                """,
                operation=operation,
                is_credit=is_credit,
                ledger=self._partials_query(SQL("TRUE")),
            )
        )
        return self._without_ropos_money(rows)

    def _without_ropos_money(self, rows):
        """`rows` without the money that Ropo reported itself.

        By amount, and by date with some days of tolerance; each event speaks for one
        reconciliation.
        """
        events = self.env["ropo.event"].search(
            [
                ("job_id", "in", [row["job_id"] for row in rows]),
                ("kind", "=ilike", "payment"),
                ("amount", "!=", 0),
                ("source_partial_id", "in", (0, False)),
                ("request_id", "=", False),
                ("duplicate_of_id", "=", False),
            ]
        )
        reported = events.grouped(lambda event: (event.job_id.id, event.amount))
        untold = []
        for row in rows:
            key = row["job_id"], float(row["amount"])
            same = reported.get(key, events.browse()).filtered(
                lambda event, day=row["date"]: (
                    not event.source_partial_id
                    and abs((event.event_time or event.create_date).date() - day)
                    <= SAME_MONEY_DAYS
                )
            )[:1]
            if same:
                same.source_partial_id = row["partial_id"]
            else:
                untold.append(row)
        return untold

    def _withdrawn(self, operation):
        """What was told, or is about to be, and stands no more in the ledger."""
        self.env["ropo.job"].flush_model()
        self.env["ropo.request"].flush_model()
        rows = self.env.execute_query_dict(
            SQL(
                """
                WITH ledger AS (%(ledger)s)
                SELECT request.id AS request_id,
                       request.state,
                       request.job_id,
                       job.move_id,
                       request.source_partial_id AS partial_id,
                       request.amount,
                       request.counterpart_id AS entry_id,
                       CURRENT_DATE AS date,
                       'payment_reversal' AS operation
                  FROM ropo_request request
                  JOIN ropo_job job ON job.id = request.job_id
                 WHERE request.operation = %(operation)s
                   AND request.state IN ('queued', 'done')
                   AND request.void IS NOT TRUE
                   AND job.stage NOT IN ('closed')
                   AND NOT EXISTS (
                       SELECT FROM ledger
                        WHERE ledger.partial_id = request.source_partial_id)
                   AND NOT EXISTS (
                       SELECT FROM ropo_request reversal
                        WHERE reversal.job_id = request.job_id
                          AND reversal.source_partial_id = request.source_partial_id
                          AND reversal.operation = 'payment_reversal'
                          AND reversal.state != 'cancelled'
                          AND reversal.void IS NOT TRUE)
                """,
                operation=operation,
                ledger=self._partials_query(SQL("TRUE")),
            )
        )
        rows += self._uncovered() if operation == "payment" else []
        return {
            "queued": [row["request_id"] for row in rows if row["state"] == "queued"],
            "told": [row for row in rows if row["state"] == "done"],
        }

    def _uncovered(self):
        """What the capital handed over took into account and stands no more."""
        return self.env.execute_query_dict(
            SQL(
                """
                WITH ledger AS (%(ledger)s)
                SELECT 'done' AS state,
                       job.id AS job_id,
                       job.move_id,
                       covered.key::integer AS partial_id,
                       covered.value::numeric AS amount,
                       NULL::integer AS entry_id,
                       CURRENT_DATE AS date,
                       'payment_reversal' AS operation
                  FROM ropo_job job
                 CROSS JOIN LATERAL jsonb_each_text(job.covers) covered
                 WHERE job.chased
                   AND jsonb_typeof(job.covers) = 'object'
                   AND job.stage NOT IN ('closed')
                   AND NOT EXISTS (
                       SELECT FROM ledger
                        WHERE ledger.partial_id = covered.key::integer)
                   AND NOT EXISTS (
                       SELECT FROM ropo_request reversal
                        WHERE reversal.job_id = job.id
                          AND reversal.source_partial_id = covered.key::integer
                          AND reversal.operation = 'payment_reversal')
                """,
                ledger=self._partials_query(SQL("TRUE")),
            )
        )

    def _change_vals(self, row):
        job = self.env["ropo.job"].browse(row["job_id"])
        entry = self.env["account.move"].browse(row["entry_id"])
        return {
            "account_id": job.account_id.id,
            "company_id": job.company_id.id,
            "move_id": job.move_id.id,
            "job_id": job.id,
            "operation": row["operation"],
            "amount": row["amount"],
            "currency_id": job.currency_id.id,
            "date": row["date"],
            "source_partial_id": row["partial_id"],
            "counterpart_id": row["entry_id"],
            # Ropo wants a reason where the capital rises, also when the entry is gone.
            "description": entry.name or self.env._("Payment taken back"),
        }
