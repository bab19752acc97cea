from odoo import api, models
from odoo.tools import SQL

from ..models.ropo_job import ENDED
from .kept_figures import FIGURES


class RopoFigures(models.AbstractModel):
    """What became of each case that Ropo collects, as a query of one row per case.

    Each part is grouped once and joined, never looked up for each row; PostgreSQL
    leaves out the parts whose columns nobody asks for. Where some cases only are asked
    for, each part is limited to them: PostgreSQL does not conclude it from the join.
    What the ledger has settled is kept (`ropo.kept.figures`), and computed of those
    cases alone where it may have changed.
    """

    _name = "ropo.figures"
    _description = "Figures of Cases"

    @api.model
    def _cases(self, today, only=None):
        """Amounts are in the currency of the case; `rate` makes them the company's, at
        the rate of the invoice, where it `is_foreign`. `money_days` are days from the
        transfer, times money.

        :param only: where not all cases are asked for: a tuple of the ids of few, or a
            query of them
        """
        ledger = self.env["ropo.ledger"]
        kept = self.env["ropo.kept.figures"]
        return SQL(
            """
            SELECT job.id,
                   job.id AS job_id,
                   job.move_id,
                   job.partner_id,
                   job.account_id,
                   job.company_id,
                   job.currency_id,
                   job.kind,
                   job.stage,
                   job.stage_date,
                   job.differs_since,
                   job.covers,
                   job.bad_debts,
                   account.channel,
                   company.currency_id AS company_currency_id,
                   move.invoice_user_id AS user_id,
                   move.journal_id,
                   move.invoice_date_due,
                   CASE WHEN ledger.residual != 0 OR job.open_amount != 0
                        THEN %(today)s - move.invoice_date_due END AS days_overdue,
                   move.amount_total_signed != move.amount_total AS is_foreign,
                   COALESCE(
                       move.amount_total_signed / NULLIF(move.amount_total, 0), 1)
                       AS rate,
                   job.amount,
                   %(collected)s AS collected,
                   %(paid)s AS paid,
                   %(credited)s AS credited,
                   %(adjusted)s AS adjusted,
                   %(money_days)s + COALESCE(recovery.money_days, 0) AS money_days,
                   ledger.residual,
                   CASE WHEN job.part_ids IS NULL THEN move.amount_residual_signed END
                       AS whole_residual,
                   job.open_amount,
                   GREATEST(job.open_total - job.open_amount, 0) AS charges,
                   bad.amount AS written_off,
                   COALESCE(recovery.amount, 0) AS recovered,
                   COALESCE(reporting.amount, 0) AS under_way,
                   ledger.residual + bad.amount - COALESCE(recovery.amount, 0)
                       - COALESCE(registered.amount, 0) - job.open_amount
                       + COALESCE(reporting.amount, 0) AS difference,
                   job.stage = 'closed'
                       AND job.released IS NOT TRUE
                       AND ledger.residual + bad.amount
                        != COALESCE(job.closed_residual, 0)
                       AS has_moved,
                   delivery.day AS sent_date,
                   job.create_date::date AS transfer_date,
                   CASE WHEN job.kind = 'reminder' THEN job.create_date::date
                        WHEN job.stage = 'reminder'
                        THEN COALESCE(steps.reminder, job.stage_date::date)
                        ELSE steps.reminder END AS reminder_date,
                   CASE WHEN job.kind = 'collection' THEN job.create_date::date
                        WHEN job.stage IN ('collection', 'legal')
                        THEN COALESCE(steps.collection, job.stage_date::date)
                        ELSE steps.collection END AS collection_date,
                   LEAST(%(first_day)s, recovery.first_day)
                       AS first_payment_date,
                   GREATEST(%(last_day)s, recovery.last_day)
                       AS last_payment_date,
                   CASE WHEN job.stage IN %(ended)s THEN job.stage_date::date END
                       AS ended_date
              FROM ropo_job job
              -- Ropo holds nothing else: so that the index of these alone is read.
              JOIN account_move move
                ON move.id = job.move_id
               AND move.move_type IN ('out_invoice', 'out_refund')
              JOIN ropo_account account ON account.id = job.account_id
              JOIN res_company company ON company.id = job.company_id
             -- Of few cases only: claims over instalments, bad debts.
             CROSS JOIN LATERAL (
                   SELECT CASE WHEN job.part_ids IS NULL THEN move.amount_residual
                          ELSE (SELECT SUM(line.amount_residual_currency)
                                  FROM account_move_line line
                                 WHERE line.move_id = move.id
                                   AND job.part_ids @> to_jsonb(line.id))
                          END AS residual) ledger
             CROSS JOIN LATERAL (
                   SELECT CASE WHEN job.bad_debts IS NULL THEN 0
                          ELSE (%(written_off)s) END AS amount) bad
              %(kept)s
              -- Of the cases alone whose figures have changed, which is looked up where
              -- they are read. Of a sum PostgreSQL knows that it is one row, and leaves
              -- it out where nobody asks for it.
              LEFT JOIN LATERAL (
                   SELECT %(computed)s
                     FROM (SELECT job.id) asked
                    CROSS JOIN LATERAL (%(settled)s) computed
                    WHERE %(has_changed)s) settled ON TRUE
              LEFT JOIN (%(recovery)s) recovery ON recovery.job_id = job.id
              LEFT JOIN (%(registered)s) registered ON registered.job_id = job.id
              LEFT JOIN (%(reporting)s) reporting ON reporting.job_id = job.id
              LEFT JOIN (%(steps)s) steps ON steps.job_id = job.id
              LEFT JOIN (%(delivery)s) delivery ON delivery.move_id = job.move_id
             WHERE job.is_collected AND %(is_asked)s
            """,
            today=today,
            ended=ENDED,
            is_asked=_among(SQL("job.id"), only),
            written_off=ledger._written_off(),
            kept=kept._kept(),
            settled=self._settled(SQL("ARRAY[asked.id]")),
            computed=SQL(", ").join(
                SQL("MIN(%(name)s) AS %(name)s", name=SQL.identifier(name))
                for name in ("job_id", *FIGURES)
            ),
            has_changed=kept._has_changed(),
            # What was kept serves where nothing had to be computed.
            **{
                name: SQL(
                    "CASE WHEN settled.job_id IS NULL THEN %s ELSE %s END",
                    SQL.identifier("kept", name),
                    SQL.identifier("settled", name),
                )
                for name in FIGURES
            },
            recovery=self._recovery(only),
            registered=self._registered(only),
            reporting=self._reporting(only),
            steps=self._steps(only),
            delivery=self._delivery(only),
        )

    # --- parts ---

    @api.model
    def _settled(self, job_ids):
        """How the ledger settled what was transferred, since it was: one row for each
        of these cases, which are few. What an earlier case had been paid is part of
        what the next one covers.

        :param job_ids: SQL of an array of their ids: of one PostgreSQL takes it for
            short, so that it looks up what belongs to these cases alone
        """
        ledger = self.env["ropo.ledger"]
        return SQL(
            """
            SELECT job_id,
                   COALESCE(SUM(amount) FILTER (WHERE part = 'collected'), 0)
                       AS collected,
                   COALESCE(SUM(amount) FILTER (WHERE part = 'paid'), 0) AS paid,
                   COALESCE(SUM(amount) FILTER (WHERE part = 'credited'), 0)
                       AS credited,
                   COALESCE(SUM(amount) FILTER (WHERE part = 'adjusted'), 0)
                       AS adjusted,
                   COALESCE(SUM(amount * days)
                       FILTER (WHERE part IN ('collected', 'paid')), 0) AS money_days,
                   MIN(day) FILTER (WHERE part IN ('collected', 'paid')) AS first_day,
                   MAX(day) FILTER (WHERE part IN ('collected', 'paid')) AS last_day
              FROM (SELECT job.id AS job_id,
                           counterpart.date AS day,
                           GREATEST(counterpart.date - job.create_date::date, 0)
                               AS days,
                           partial.debit_amount_currency - COALESCE(
                               (job.bad_debts->>partial.id::text)::numeric, 0)
                               AS amount,
                           CASE WHEN %(is_credit)s THEN 'credited'
                                WHEN EXISTS (
                                     SELECT FROM ropo_event found
                                      WHERE found.job_id = job.id
                                        AND found.source_partial_id = partial.id)
                                     OR %(is_ropos)s THEN 'collected'
                                WHEN %(is_money)s THEN 'paid'
                                ELSE 'adjusted' END AS part
                      %(ledger)s
                       AND COALESCE(job.part_ids @> to_jsonb(line.id), TRUE)
                      JOIN ropo_account account ON account.id = job.account_id
                      JOIN account_journal journal
                        ON journal.id = counterpart.journal_id
                      LEFT JOIN account_payment payment
                        ON payment.id = counterpart.payment_id
                     WHERE job.id = ANY(%(job_ids)s)
                       AND counterpart.parent_state = 'posted'
                       AND %(is_real)s
                       AND NOT COALESCE(
                           jsonb_exists(job.covers, partial.id::text), FALSE)
                       AND %(is_before_next)s
                     UNION ALL
                    SELECT UNNEST(%(job_ids)s), NULL, NULL, NULL, NULL
                    -- Else what a part is is found out anew for each sum.
                    OFFSET 0) settlement
             GROUP BY job_id
            """,
            job_ids=job_ids,
            ledger=ledger._ledger(
                SQL(
                    """
                    ropo_job job
                    JOIN account_move_line line ON line.move_id = job.move_id
                    """
                )
            ),
            is_credit=self._is_credit(),
            is_ropos=ledger._is_ropos(),
            is_money=self._is_money(),
            is_real=ledger._is_real(),
            is_before_next=self._is_before_next(),
        )

    def _is_before_next(self):
        """Whether the next case of the same debt covers `partial`, if there is one."""
        return SQL(
            """
            COALESCE((
                SELECT COALESCE(jsonb_exists(next.covers, partial.id::text), FALSE)
                  FROM ropo_job next
                 WHERE next.move_id = job.move_id
                   AND next.is_collected
                   AND next.part_ids IS NOT DISTINCT FROM job.part_ids
                   AND next.id > job.id
                 ORDER BY next.id
                 LIMIT 1), TRUE)
            """
        )

    def _is_credit(self):
        """Whether `counterpart` is of a credit note. Of other entries, which have no
        items with a due date of their own, the entry is not looked up."""
        return SQL(
            """
            CASE WHEN counterpart.display_type = 'payment_term'
                 THEN (SELECT entry.move_type = 'out_refund' FROM account_move entry
                        WHERE entry.id = counterpart.move_id)
                 ELSE FALSE END
            """
        )

    @api.model
    def _is_money(self):
        """Whether `counterpart`, in its `journal`, is a payment."""
        return SQL(
            """
            (counterpart.payment_id IS NOT NULL
             OR counterpart.statement_line_id IS NOT NULL
             OR journal.type IN ('bank', 'cash', 'credit'))
            """
        )

    def _recovery(self, only):
        """What Ropo collected of bad debts, less what it took back."""
        day = SQL(
            "COALESCE(event.day, event.event_time::date, event.create_date::date)"
        )
        return SQL(
            """
            SELECT event.job_id,
                   SUM(event.recovered) AS amount,
                   -- Of few events: else all cases are read once more for them.
                   SUM(event.recovered * GREATEST(%(day)s - (
                       SELECT job.create_date::date
                         FROM ropo_job job
                        WHERE job.id = event.job_id), 0)) AS money_days,
                   MIN(%(day)s) FILTER (WHERE event.recovered > 0) AS first_day,
                   MAX(%(day)s) FILTER (WHERE event.recovered > 0) AS last_day
              FROM ropo_event event
             WHERE event.recovered != 0 AND %(is_asked)s
             GROUP BY event.job_id
            """,
            day=day,
            is_asked=_among(SQL("event.job_id"), only),
        )

    def _registered(self, only):
        """Payments without a journal entry, which leave the invoice open."""
        return SQL(
            """
            SELECT job.id AS job_id, SUM(payment.amount) AS amount
              FROM ropo_job job
              JOIN ropo_account account ON account.id = job.account_id
             CROSS JOIN LATERAL (%s) payment
             WHERE job.is_collected AND account.count_payment = 'registered' AND %s
               -- Of few invoices: else each case looks for payments of its own.
               AND job.move_id IN (
                   SELECT matched.invoice_id
                     FROM account_move__account_payment matched
                     JOIN account_payment found ON found.id = matched.payment_id
                    WHERE found.move_id IS NULL)
             GROUP BY job.id
            """,
            self.env["ropo.ledger"]._registered(),
            _among(SQL("job.id"), only),
        )

    def _reporting(self, only):
        """What is about to be reported to Ropo, less what is to be reversed."""
        return SQL(
            """
            SELECT job_id,
                   SUM(CASE WHEN operation = 'payment_reversal'
                            THEN -amount ELSE amount END) AS amount
              FROM ropo_request
             WHERE source_partial_id IS NOT NULL
               AND state IN ('queued', 'sending', 'unknown')
               AND %s
             GROUP BY job_id
            """,
            _among(SQL("job_id"), only),
        )

    def _steps(self, only):
        """When Ropo reported the case to be in reminder and in collection first."""
        return SQL(
            """
            SELECT job_id,
                   MIN(event_time) FILTER (WHERE applied_stage = 'reminder')::date
                       AS reminder,
                   MIN(event_time) FILTER (
                       WHERE applied_stage IN ('collection', 'legal'))::date
                       AS collection
              FROM ropo_event
             WHERE applied_stage IN ('reminder', 'collection', 'legal') AND %s
             GROUP BY job_id
            """,
            _among(SQL("job_id"), only),
        )

    def _delivery(self, only):
        """When Ropo took the invoice itself."""
        return SQL(
            """
            SELECT move_id, MIN(create_date)::date AS day
              FROM ropo_job
             WHERE kind = 'invoice' AND %s
             GROUP BY move_id
            """,
            _of_invoices(only),
        )

    # --- differences ---

    @api.model
    def _reason(self):
        """Why a case of `figures` differs, the first that fits; read only where one
        does."""
        return SQL(
            """
            CASE
            WHEN EXISTS (
                SELECT FROM ropo_request request
                 WHERE request.job_id = figures.job_id
                   AND request.state IN ('sending', 'unknown')
            ) THEN 'unknown'
            WHEN EXISTS (
                SELECT FROM ropo_request request
                 WHERE request.job_id = figures.job_id
                   AND request.state = 'rejected'
                   AND request.source_partial_id IS NOT NULL
                   AND NOT EXISTS (
                       SELECT FROM ropo_request later
                        WHERE later.job_id = request.job_id
                          AND later.source_partial_id = request.source_partial_id
                          AND later.operation = request.operation
                          AND later.id > request.id)
            ) THEN 'refused'
            WHEN figures.stage = 'closed' THEN 'closed'
            WHEN EXISTS (
                SELECT FROM ropo_event event
                 WHERE event.job_id = figures.job_id AND event.is_missing
            ) THEN 'collected'
            WHEN EXISTS (
                SELECT %(partials)s
                   AND entry.state = 'draft'
            ) THEN 'draft'
            WHEN EXISTS (
                SELECT %(partials)s
                   AND NOT EXISTS (
                       SELECT FROM ropo_request request
                        WHERE request.job_id = figures.job_id
                          AND request.source_partial_id = partial.id)
                   AND NOT COALESCE(
                       jsonb_exists(figures.covers, partial.id::text), FALSE)
                   AND NOT COALESCE(
                       jsonb_exists(figures.bad_debts, partial.id::text), FALSE)
            ) THEN 'unreported'
            ELSE 'unexplained' END
            """,
            partials=SQL(
                """
                  FROM account_move_line line
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = line.id
                  JOIN account_move_line counterpart
                    ON counterpart.id = partial.credit_move_id
                  JOIN account_move entry ON entry.id = counterpart.move_id
                 WHERE line.move_id = figures.move_id
                   AND line.display_type = 'payment_term'
                """
            ),
        )


def _among(job_id, only):
    return SQL("TRUE") if only is None else SQL("%s IN %s", job_id, only)


def _of_invoices(only):
    """Whether a case is of the same invoice as those that are asked for."""
    invoices = SQL("(SELECT move_id FROM ropo_job WHERE id IN %s)", only)
    return _among(SQL("move_id"), only and invoices)
