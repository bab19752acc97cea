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
        `open_amount`, `settled`, `paid` and `paid_days` (days from the invoice, times
        money)."""
        month = today.replace(day=1)
        first = month - relativedelta(months=MONTHS)
        return SQL(
            """
            WITH at_ropo AS (%(at_ropo)s),
                 item AS MATERIALIZED (%(invoices)s),
                 flow AS (
                 SELECT company_id, journal_id, ropo, %(month)s AS date,
                        SUM(sales) AS sales, SUM(change) AS change,
                        SUM(settled) AS settled
                   FROM (%(invoiced)s UNION ALL %(reconciled)s) part
                  GROUP BY 1, 2, 3, 4),
                 closing AS (
                 SELECT company_id, journal_id, ropo, SUM(residual) AS residual
                   FROM item
                  WHERE residual != 0
                  GROUP BY 1, 2, 3),
                 own AS (
                 SELECT company_id, journal_id, ropo FROM flow
                  UNION SELECT company_id, journal_id, ropo FROM closing)
            SELECT own.*,
                   month.day::date AS date,
                   LEAST((month.day + interval '1 month')::date, %(today)s + 1)
                       - month.day::date AS days,
                   COALESCE(flow.sales, 0) AS sales,
                   COALESCE(flow.settled, 0) AS settled,
                   COALESCE(money.paid, 0) AS paid,
                   COALESCE(money.paid_days, 0) AS paid_days,
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
              -- PostgreSQL leaves it out where nobody asks for it.
              LEFT JOIN (%(money)s) money
                ON money.company_id = own.company_id
               AND money.journal_id = own.journal_id
               AND money.ropo = own.ropo
               AND money.date = month.day::date
              LEFT JOIN closing
                ON closing.company_id = own.company_id
               AND closing.journal_id = own.journal_id
               AND closing.ropo = own.ropo
            -- Else the company that is asked for is put into the joins, and PostgreSQL
            -- no longer sees that what nobody asks for may be left out.
            OFFSET 0
            """,
            at_ropo=self._at_ropo(),
            invoices=self._invoices(),
            month=self._month(today),
            invoiced=self._invoiced(first),
            reconciled=self._reconciled(first),
            money=self._money(first, today),
            today=today,
            first=first,
            next=month + relativedelta(months=1),
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

    def _invoices(self):
        """What each invoice and credit note comes to, read once for all that follows:
        the items that a customer owes sum up to what the entry says."""
        return SQL(
            """
            SELECT move.id,
                   move.company_id,
                   move.journal_id,
                   move.date,
                   move.invoice_date,
                   move.amount_total_signed AS total,
                   move.amount_residual_signed AS residual,
                   %s AS ropo
              FROM account_move move
              LEFT JOIN at_ropo
                ON at_ropo.move_id = COALESCE(move.reversed_entry_id, move.id)
             WHERE move.move_type IN ('out_invoice', 'out_refund')
               AND move.state = 'posted'
            """,
            self._way(),
        )

    def _month(self, today):
        """Of a `date`; what comes after today is a month of its own."""
        month = today.replace(day=1)
        return SQL(
            "CASE WHEN date > %s THEN %s ELSE DATE_TRUNC('month', date)::date END",
            today,
            month + relativedelta(months=1),
        )

    def _invoiced(self, first):
        return SQL(
            "SELECT company_id, journal_id, ropo, date, total AS sales, "
            "total AS change, 0 AS settled FROM item WHERE date >= %s",
            first,
        )

    def _reconciled(self, first):
        """What settled invoices, and what credit notes were used for."""
        return SQL(
            """
            SELECT item.company_id, item.journal_id, item.ropo, partial.max_date, 0,
                   partial.amount, GREATEST(-partial.amount, 0)
              FROM (SELECT debit_move_id AS line_id, max_date, -amount AS amount
                      FROM account_partial_reconcile
                     WHERE max_date >= %(first)s
                     UNION ALL
                    SELECT credit_move_id, max_date, amount
                      FROM account_partial_reconcile
                     WHERE max_date >= %(first)s) partial
              JOIN account_move_line line
                ON line.id = partial.line_id
               AND line.display_type = 'payment_term'
              JOIN item ON item.id = line.move_id
            """,
            first=first,
        )

    def _money(self, first, today):
        """What was paid of invoices in each month, and how many days after them."""
        return SQL(
            """
            SELECT company_id, journal_id, ropo, %(month)s AS date,
                   SUM(amount) AS paid,
                   SUM(amount * GREATEST(day - invoice_date, 0)) AS paid_days
              FROM (SELECT item.company_id, item.journal_id, item.ropo,
                           item.invoice_date, partial.max_date AS date,
                           counterpart.date AS day, partial.amount
                      FROM account_partial_reconcile partial
                      JOIN account_move_line line
                        ON line.id = partial.debit_move_id
                       AND line.display_type = 'payment_term'
                      JOIN item ON item.id = line.move_id
                      JOIN account_move_line counterpart
                        ON counterpart.id = partial.credit_move_id
                      JOIN account_journal journal
                        ON journal.id = counterpart.journal_id
                     WHERE partial.max_date >= %(first)s AND %(is_money)s) payment
             GROUP BY 1, 2, 3, 4
            """,
            month=self._month(today),
            first=first,
            is_money=self.env["ropo.figures"]._is_money(),
        )
