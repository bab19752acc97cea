from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

MONTHS = 24  # that are shown before the present one


class RopoSalesOutstanding(models.AbstractModel):
    """What customers owe at the end of each month, beside what was invoiced in it.

    Of posted customer invoices and credit notes, in the currency of their company, with
    what is reconciled from the day of the later of both entries, as on the statement.
    Counted back from what is open now: history before the first month is not read.
    """

    _name = "ropo.sales.outstanding"
    _description = "Days Sales Outstanding"

    @api.model
    def _months(self, today):
        """A query with one row for each month, company, journal and way to Ropo:
        `date` (the first of the month), `days` (until today at most), `sales`,
        `open_amount`, `paid` and `paid_days` (days from the invoice, times money)."""
        month = today.replace(day=1)
        return SQL(
            """
            WITH at_ropo AS (%(at_ropo)s),
                 flow AS (
                 SELECT company_id, journal_id, ropo,
                        CASE WHEN date > %(today)s THEN %(next)s
                             ELSE DATE_TRUNC('month', date)::date END AS date,
                        SUM(sales) AS sales, SUM(change) AS change,
                        SUM(paid) AS paid, SUM(paid_days) AS paid_days
                   FROM (%(invoiced)s UNION ALL %(settled)s UNION ALL %(used)s) part
                  GROUP BY 1, 2, 3, 4),
                 closing AS (%(closing)s),
                 own AS (
                 SELECT company_id, journal_id, ropo FROM flow
                  UNION SELECT company_id, journal_id, ropo FROM closing)
            SELECT own.*,
                   month.day::date AS date,
                   LEAST((month.day + interval '1 month')::date, %(today)s + 1)
                       - month.day::date AS days,
                   COALESCE(flow.sales, 0) AS sales,
                   COALESCE(flow.paid, 0) AS paid,
                   COALESCE(flow.paid_days, 0) AS paid_days,
                   -- What is open now, less all that came after.
                   COALESCE(closing.residual, 0) - COALESCE(SUM(flow.change) OVER (
                       PARTITION BY own.company_id, own.journal_id, own.ropo
                       ORDER BY month.day DESC
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
                       AS open_amount
              FROM own
             CROSS JOIN GENERATE_SERIES(
                   %(first)s::timestamp, %(next)s::timestamp, '1 month') month (day)
              LEFT JOIN flow
                ON flow.company_id = own.company_id
               AND flow.journal_id = own.journal_id
               AND flow.ropo = own.ropo
               AND flow.date = month.day::date
              LEFT JOIN closing
                ON closing.company_id = own.company_id
               AND closing.journal_id = own.journal_id
               AND closing.ropo = own.ropo
            """,
            at_ropo=self._at_ropo(),
            today=today,
            first=month - relativedelta(months=MONTHS),
            next=month + relativedelta(months=1),
            closing=self._closing(),
            **self._flows(month - relativedelta(months=MONTHS)),
        )

    @api.model
    def _open_moves(self, company, journal, ropo, day):
        """The invoices and credit notes that were open on this day."""
        self.env["ropo.ledger"]._flush_ledger()
        self.env["ropo.job"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                WITH at_ropo AS (%(at_ropo)s)
                SELECT line.move_id
                %(items)s
                   AND line.company_id = %(company)s
                   AND line.journal_id = %(journal)s
                   AND %(way)s = %(ropo)s
                   AND line.date <= %(day)s
                   AND (line.reconciled IS NOT TRUE OR EXISTS (
                        SELECT FROM account_partial_reconcile later
                         WHERE line.id IN (later.debit_move_id, later.credit_move_id)
                           AND later.max_date > %(day)s))
                 GROUP BY line.move_id
                HAVING SUM(line.balance - (
                           SELECT COALESCE(SUM(CASE
                                  WHEN partial.debit_move_id = line.id
                                  THEN partial.amount ELSE -partial.amount END), 0)
                             FROM account_partial_reconcile partial
                            WHERE line.id IN (
                                      partial.debit_move_id, partial.credit_move_id)
                              AND partial.max_date <= %(day)s)) != 0
                """,
                at_ropo=self._at_ropo(),
                items=self._items(SQL("account_move_line line")),
                company=company.id,
                journal=journal.id,
                way=self._way(),
                ropo=ropo,
                day=day,
            )
        )
        return self.env["account.move"].browse([move_id for (move_id,) in rows])

    @api.model
    def _last_day(self, month, today):
        return min(month + relativedelta(months=1) - timedelta(days=1), today)

    # --- parts ---

    def _at_ropo(self):
        """Whether an invoice ever was at Ropo, and whether Ropo collected it: by that
        it stays on one side, with all that it owed before."""
        return SQL(
            """
            SELECT move_id, BOOL_OR(is_collected IS TRUE) AS is_collected
              FROM ropo_job
             GROUP BY move_id
            """
        )

    def _way(self):
        return SQL(
            """
            CASE WHEN at_ropo.is_collected THEN 'collected'
                 WHEN at_ropo.move_id IS NOT NULL THEN 'sent'
                 ELSE 'none' END
            """
        )

    def _items(self, lines):
        """`lines`, which end in a `line`, of customer invoices and of credit notes,
        which go with what they credit."""
        return SQL(
            """
              FROM %s
              JOIN account_move move ON move.id = line.move_id
              LEFT JOIN at_ropo
                ON at_ropo.move_id = COALESCE(move.reversed_entry_id, move.id)
             WHERE line.display_type = 'payment_term'
               AND line.parent_state = 'posted'
               AND move.move_type IN ('out_invoice', 'out_refund')
            """,
            lines,
        )

    def _closing(self):
        return SQL(
            """
            SELECT line.company_id, line.journal_id, %s AS ropo,
                   SUM(line.amount_residual) AS residual
            %s
               AND line.reconciled IS NOT TRUE
             GROUP BY 1, 2, 3
            """,
            self._way(),
            self._items(SQL("account_move_line line")),
        )

    def _flows(self, first):
        """What was invoiced since this day, what settled invoices, and what credit
        notes were used for."""
        own = SQL("SELECT line.company_id, line.journal_id, %s AS ropo", self._way())
        partials = SQL("account_partial_reconcile partial")
        money = SQL("CASE WHEN %s THEN partial.amount ELSE 0 END", self._is_money())
        return {
            "invoiced": SQL(
                "%s, line.date, line.balance AS sales, line.balance AS change, "
                "0 AS paid, 0 AS paid_days %s AND line.date >= %s",
                own,
                self._items(SQL("account_move_line line")),
                first,
            ),
            "settled": SQL(
                "%(own)s, partial.max_date, 0, -partial.amount, %(money)s, "
                "%(money)s * GREATEST(counterpart.date - move.invoice_date, 0) "
                "%(items)s AND partial.max_date >= %(first)s",
                own=own,
                money=money,
                items=self._items(
                    SQL(
                        """
                        %s
                        JOIN account_move_line line ON line.id = partial.debit_move_id
                        JOIN account_move_line counterpart
                          ON counterpart.id = partial.credit_move_id
                        JOIN account_move entry ON entry.id = counterpart.move_id
                        JOIN account_journal journal ON journal.id = entry.journal_id
                        """,
                        partials,
                    )
                ),
                first=first,
            ),
            "used": SQL(
                "%s, partial.max_date, 0, partial.amount, 0, 0 %s "
                "AND partial.max_date >= %s",
                own,
                self._items(
                    SQL(
                        "%s JOIN account_move_line line "
                        "ON line.id = partial.credit_move_id",
                        partials,
                    )
                ),
                first,
            ),
        }

    def _is_money(self):
        return SQL(
            """
            (entry.origin_payment_id IS NOT NULL
             OR entry.statement_line_id IS NOT NULL
             OR journal.type IN ('bank', 'cash', 'credit'))
            """
        )
