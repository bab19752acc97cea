from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from .transaction import without_jit


class RopoLedger(models.AbstractModel):
    """What stands in the ledger of what Ropo collects, held against what Ropo has got.

    It only reads, with one query for however many cases. That is why it is SQL: `make
    bench` holds it against the bare join of the partials (“money”), and among a great
    many other cases (“cases”).
    """

    _name = "ropo.ledger"
    _description = "Ledger of What Ropo Collects"

    # --- reconciliations ---

    @api.model
    def _reflected_partials(self, moves):
        """What the open amounts of these invoices reflect.

        :return: `{move id: rows}`; with those of payments that were reset to draft,
            since Odoo's open amount reflects them too
        """
        found = defaultdict(list)
        for row in self._partials_of(SQL("line.move_id IN %s", _any_of(moves))):
            found[row["move_id"]].append(row)
        return found

    @api.model
    def _credit_partials(self, credit_notes):
        """The reconciliations of these credit notes with invoices, as rows."""
        return self._partials_of(
            SQL("counterpart.move_id IN %s", _any_of(credit_notes))
        )

    def _partials_of(self, condition):
        self._flush_ledger()
        return self.env.execute_query_dict(
            SQL(
                "SELECT line.move_id, line.id AS line_id, partial.id AS partial_id, "
                "partial.debit_amount_currency AS amount %s WHERE %s AND %s",
                self._ledger(SQL("account_move_line line")),
                self._is_real(),
                condition,
            )
        )

    def _ledger(self, lines):
        """`lines`, which end in a `line` of an invoice's debt, with the partial
        reconciliations of it, in the invoice's currency."""
        return SQL(
            """
            FROM %s
            JOIN account_partial_reconcile partial
              ON partial.debit_move_id = line.id
             AND line.display_type = 'payment_term'
             AND partial.debit_amount_currency != 0
            JOIN account_move_line counterpart
              ON counterpart.id = partial.credit_move_id
            """,
            lines,
        )

    def _is_real(self):
        """Exchange differences are the ledger's matter, not the debtor's."""
        return SQL(
            """
            NOT EXISTS (
                SELECT FROM account_partial_reconcile cause
                 WHERE cause.exchange_move_id = counterpart.move_id)
            """
        )

    def _flush_ledger(self):
        for model in (
            "account.move",
            "account.move.line",
            "account.partial.reconcile",
            "account.payment",
        ):
            self.env[model].flush_model()

    # --- differences ---

    @api.model
    def _differences(self):
        """What stands in the ledger and was not reported (rows without a `state`), and
        what was reported, or is about to be, and stands no more, or is to be reversed
        and stands again.

        Both in one pass: what stands, and what reports a reconciliation (a request,
        the capital transferred, a credit note of its own, an event of Ropo's), are
        joined, and what has no other side is the difference. `ropo.agreement` says of
        which cases.
        """
        self._flush_sides()
        without_jit(self.env.cr)
        return self.env.execute_query_dict(
            SQL(
                """
                %(sides)s
                SELECT job.id AS job_id,
                       job.account_id,
                       job.company_id,
                       job.currency_id,
                       job.move_id,
                       partial_id,
                       reported.request_id,
                       reported.event_id,
                       reported.state,
                       COALESCE(standing.amount, reported.amount) AS amount,
                       CASE WHEN entry.move_type = 'out_refund'
                            THEN 'credit_allocation' ELSE 'payment' END AS operation,
                       entry.id AS entry_id,
                       standing.payment_id,
                       entry.statement_line_id IS NOT NULL AS is_bank_line,
                       COALESCE(entry.name, payment.name) AS entry_name,
                       CASE WHEN standing.amount IS NULL THEN CURRENT_DATE
                            ELSE COALESCE(payment.date, entry.invoice_date, entry.date)
                            END AS date,
                       %(is_ropos)s AS is_ropos,
                       %(has_money)s AS has_money
                  %(joined)s
                 WHERE (standing.amount IS NULL OR reported.state IS NULL
                        OR reported.state = 'reversal')
                   -- A case of another environment can't be reached any more.
                   AND job.profile = account.profile
                   AND CASE WHEN reported.state = 'reversal'
                            THEN standing.amount IS NOT NULL
                            WHEN standing.amount IS NULL
                            THEN %(is_withdrawn)s
                            ELSE %(counts)s AND %(is_unreported)s END
                 ORDER BY date, partial_id
                """,
                sides=self._sides(self.env["ropo.agreement"]._compared()),
                joined=self._joined(),
                counts=self._counts(),
                is_ropos=self._is_ropos(),
                has_money=self._has_money(),
                is_withdrawn=self._is_withdrawn(),
                is_unreported=self._is_unreported(),
            )
        )

    @api.model
    def _unsettled(self, cases):
        """SQL of the ids of those of these cases where something stands or is reported
        that has no other side, or none yet: also what does not count so far."""
        return SQL(
            """
            %(sides)s
            SELECT job.id
            %(joined)s
             WHERE CASE WHEN reported.state = 'reversal'
                        THEN standing.amount IS NOT NULL
                        WHEN standing.amount IS NULL THEN %(is_withdrawn)s
                        WHEN reported.state IS NULL THEN %(is_unreported)s END
            """,
            sides=self._sides(cases),
            joined=self._joined(),
            is_withdrawn=self._is_withdrawn(),
            is_unreported=self._is_unreported(),
        )

    def _flush_sides(self):
        self._flush_ledger()
        for model in ("ropo.job", "ropo.request", "ropo.event", "ropo.account"):
            self.env[model].flush_model()

    def _sides(self, cases):
        """What stands and what is reported of these cases, for `_joined()`: each is
        computed once. Else the server, which knows nothing of how many rows of them
        there are, may compute both again for each case.

        :param cases: SQL of rows of `ropo_job`
        """
        return SQL(
            """
            WITH compared AS MATERIALIZED (
                     SELECT id, account_id, company_id, currency_id, move_id, profile,
                            part_ids, covers, bad_debts
                       FROM (%s) job),
                 standing AS MATERIALIZED (%s),
                 reported AS MATERIALIZED (%s)
            """,
            cases,
            self._standing(),
            self._reported(),
        )

    def _joined(self):
        """Row by row, with the entry, its payment and its journal."""
        return SQL(
            """
            FROM standing
            FULL JOIN reported USING (job_id, partial_id)
            JOIN ropo_job job ON job.id = job_id
            JOIN ropo_account account ON account.id = job.account_id
            LEFT JOIN account_move entry
              ON entry.id = COALESCE(standing.entry_id, reported.entry_id)
            LEFT JOIN account_payment payment
              ON payment.id = COALESCE(entry.origin_payment_id, standing.payment_id)
            LEFT JOIN account_journal journal
              ON journal.id = COALESCE(entry.journal_id, payment.journal_id)
            """
        )

    def _standing(self):
        """What stands, less bad debts: a payment that was reset to draft keeps its
        partial, but nobody has paid."""
        bad_debt = SQL("COALESCE((job.bad_debts->>partial.id::text)::numeric, 0)")
        return SQL(
            """
            SELECT job.id AS job_id,
                   partial.id AS partial_id,
                   partial.debit_amount_currency - %s AS amount,
                   counterpart.move_id AS entry_id,
                   NULL::integer AS payment_id
            %s
             WHERE counterpart.parent_state = 'posted'
               AND partial.debit_amount_currency != %s
               -- A claim over some instalments gets reports of those only.
               AND (job.part_ids IS NULL OR job.part_ids @> to_jsonb(line.id))
             UNION ALL
            SELECT job.id, -registered.payment_id, registered.amount, NULL,
                   registered.payment_id
              FROM compared job
             CROSS JOIN LATERAL (%s) registered
            """,
            bad_debt,
            self._ledger(
                SQL(
                    "compared job "
                    "JOIN account_move_line line ON line.move_id = job.move_id"
                )
            ),
            bad_debt,
            self._registered(),
        )

    # --- bad debts ---

    @api.model
    def _written_off(self):
        """What of `job` was taken as bad debts and stands, in its currency."""
        return SQL(
            """
            SELECT COALESCE(SUM(noted.value::numeric), 0) AS amount
              FROM jsonb_each_text(
                   CASE WHEN jsonb_typeof(job.bad_debts) = 'object'
                        THEN job.bad_debts ELSE '{}' END) noted
              JOIN account_partial_reconcile partial
                ON partial.id = noted.key::integer
            """
        )

    @api.model
    def _written_off_amounts(self, jobs):
        """What of these cases was written off as bad debts: `{case id: amount}`."""
        noted = jobs.filtered("bad_debts")
        if not noted.ids:
            return {}
        self.env["account.partial.reconcile"].flush_model()
        noted.flush_recordset(["bad_debts"])
        rows = self.env.execute_query(
            SQL(
                "SELECT job.id, written_off.amount "
                "FROM ropo_job job, LATERAL (%s) written_off WHERE job.id IN %s",
                self._written_off(),
                _any_of(noted),
            )
        )
        return {job_id: float(amount) for job_id, amount in rows}

    @api.model
    def _registered(self):
        """The payments of `job` that have no journal entry, in its currency, as far as
        its invoice is open: Odoo leaves the invoice open until the bank statement has
        them. One that the statement has, and whose report passed on to that
        reconciliation, stands by it.

        Of a payment over several invoices the first ones get what is open of them.
        """
        return SQL(
            """
            SELECT payment.id AS payment_id,
                   ROUND(LEAST(
                       invoice.amount_residual,
                       CASE WHEN payment.currency_id = invoice.currency_id
                            THEN payment.amount
                            ELSE ABS(payment.amount_company_currency_signed
                                     * invoice.amount_total
                                     / NULLIF(invoice.amount_total_signed, 0)) END
                       - COALESCE((
                           SELECT SUM(earlier.amount_residual)
                             FROM account_move__account_payment other
                             JOIN account_move earlier ON earlier.id = other.invoice_id
                            WHERE other.payment_id = payment.id
                              AND other.invoice_id < invoice.id), 0)), 2) AS amount
              FROM account_move invoice
              JOIN account_move__account_payment matched
                ON matched.invoice_id = invoice.id
              JOIN account_payment payment ON payment.id = matched.payment_id
             WHERE invoice.id = job.move_id
               AND invoice.amount_residual > 0
               AND payment.move_id IS NULL
               AND payment.payment_type = 'inbound'
               AND payment.state IN ('in_process', 'paid')
               AND NOT EXISTS (
                   SELECT FROM ropo_request passed
                    WHERE passed.job_id = job.id
                      AND passed.payment_id = payment.id
                      AND passed.operation = 'payment'
                      AND passed.source_partial_id > 0
                      AND passed.void IS NOT TRUE)
               AND payment.amount > COALESCE((
                   SELECT SUM(earlier.amount_residual)
                     FROM account_move__account_payment other
                     JOIN account_move earlier ON earlier.id = other.invoice_id
                    WHERE other.payment_id = payment.id
                      AND other.invoice_id < invoice.id), 0)
            """
        )

    @api.model
    def _registered_amounts(self, moves):
        """What payments without a journal entry pay of these: `{move id: amount}`."""
        if not moves.ids:
            return {}
        self._flush_ledger()
        self.env["ropo.request"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT job.move_id, SUM(registered.amount)
                  FROM (SELECT id AS move_id, 0 AS id
                          FROM account_move WHERE id IN %s) job
                 CROSS JOIN LATERAL (%s) registered
                 GROUP BY job.move_id
                """,
                _any_of(moves),
                self._registered(),
            )
        )
        return {move_id: float(amount) for move_id, amount in rows}

    def _reported(self):
        """What reports a reconciliation to Ropo, or came from Ropo for it."""
        return SQL(
            """
            SELECT job.id AS job_id, request.source_partial_id AS partial_id,
                   request.id AS request_id, NULL::integer AS event_id, request.state,
                   request.amount, request.counterpart_id AS entry_id
              FROM compared job
              JOIN ropo_request request ON request.job_id = job.id
             WHERE request.operation IN ('payment', 'credit_allocation')
               AND request.void IS NOT TRUE
             UNION ALL
            SELECT job.id, covered.key::integer, NULL, NULL, 'done',
                   covered.value::numeric, NULL
              FROM compared job, jsonb_each_text(job.covers) covered
             WHERE jsonb_typeof(job.covers) = 'object'
             UNION ALL
            SELECT job.id, covered.key::integer, NULL, NULL, credit.state,
                   covered.value::numeric, credit.move_id
              FROM ropo_request credit
              JOIN compared job
                ON job.id = credit.credited_job_id,
                   jsonb_each_text(credit.covers) covered
             WHERE credit.operation = 'credit_note'
               AND credit.state IN ('sending', 'unknown', 'done')
               AND jsonb_typeof(credit.covers) = 'object'
             UNION ALL
            SELECT job.id, request.source_partial_id, request.id, NULL, 'reversal',
                   request.amount, NULL
              FROM compared job
              JOIN ropo_request request ON request.job_id = job.id
             WHERE request.operation = 'payment_reversal'
               AND request.state IN ('queued', 'rejected', 'cancelled')
               AND request.void IS NOT TRUE
             UNION ALL
            SELECT job.id, event.source_partial_id, NULL, event.id, 'found',
                   event.amount, NULL
              FROM compared job
              JOIN ropo_event event ON event.job_id = job.id
             WHERE event.source_partial_id != 0
            """
        )

    def _is_withdrawn(self):
        """Of money and of credits alike: reversals must go before both."""
        return SQL(
            """
            reported.state IN ('queued', 'rejected', 'done', 'found')
            AND NOT EXISTS (
                SELECT FROM ropo_request reversal
                 WHERE reversal.job_id = reported.job_id
                   AND reversal.source_partial_id = reported.partial_id
                   AND reversal.operation = 'payment_reversal'
                   AND reversal.void IS NOT TRUE)
            """
        )

    def _counts(self):
        """Whether the account takes it for paid already."""
        return SQL(
            """
            (account.count_payment = 'registered'
             OR payment.id IS NULL OR payment.is_matched)
            """
        )

    def _is_unreported(self):
        return SQL(
            """
            (NOT %s OR %s OR %s)
            AND NOT EXISTS (
                SELECT FROM account_partial_reconcile cause
                 WHERE cause.exchange_move_id = entry.id)
            """,
            self._is_ropos(),
            self._has_money(),
            self._has_loss(),
        )

    def _has_loss(self):
        """Whether a bad debt may be part of it that was not noted yet: that is the
        ledger's matter where Ropo pays out to, too."""
        return SQL(
            """
            (job.bad_debts->>partial_id::text IS NULL
             AND EXISTS (
                SELECT FROM account_move_line loss
                  JOIN account_account_ropo_account_rel bad_debt
                    ON bad_debt.account_account_id = loss.account_id
                 WHERE loss.move_id = entry.id
                   AND bad_debt.ropo_account_id = account.id))
            """
        )

    def _is_ropos(self):
        """Whether it is what Ropo collected, or booked where Ropo pays out to."""
        return SQL(
            """
            (journal.ropo_settlement IS TRUE
             OR payment.ropo_event_id IS NOT NULL
             OR EXISTS (
                SELECT FROM account_journal_ropo_account_rel settlement
                 WHERE settlement.ropo_account_id = account.id
                   AND settlement.account_journal_id = journal.id))
            """
        )

    def _has_money(self):
        """Whether Ropo reported money of the case that is not found in the ledger."""
        return SQL(
            """
            EXISTS (
                SELECT FROM ropo_event event
                 WHERE event.job_id = job.id AND event.is_missing)
            """
        )


def _any_of(records):
    return tuple(records.ids or [0])
