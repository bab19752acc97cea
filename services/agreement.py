from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..models.ropo_job import SETTLED
from .transaction import commit_with_retry

LAST_DAY = "ropo_connect.ledger_compared_on"
# Odoo numbers a reconciliation when it is made, and others see it when its transaction
# is committed. None takes so long.
LONGEST_TRANSACTION = timedelta(days=1)
AT_ONCE = 50_000  # cases that are left in one run
WEEK = 7  # days, in which each case that was left is compared once


class RopoAgreement(models.AbstractModel):
    """Which cases are held against the ledger.

    All that have not ended, and those that have until they agree: then they are left,
    so that a run costs what is open and what has changed, however many have ended. They
    are compared again where their ledger moves. No hook tells that; four things show
    it: a reconciliation made since the last day on which all was compared, an open
    amount, a reconciled entry that is a draft again, and money of Ropo's that is not in
    the ledger. Besides, each is compared once in a week, whatever shows.
    """

    _name = "ropo.agreement"
    _description = "Ended Cases That Agree with the Ledger"

    # --- crons ---

    @api.model
    def _cron_compare_ended(self):
        """Compares some of those that were left, and computes some of what is kept,
        so that nothing stays wrong for long."""
        day = fields.Date.today().toordinal() % WEEK
        todays = SQL(
            "SELECT * FROM ropo_job WHERE agreed_at IS NOT NULL AND id %% %s = %s",
            WEEK,
            day,
        )
        commit_with_retry(self.env, self._take_back, todays)
        kept = SQL(
            "SELECT job_id AS id FROM ropo_job_figures WHERE job_id %% %s = %s",
            WEEK,
            day,
        )
        commit_with_retry(self.env, self.env["ropo.kept.figures"]._compute, kept)

    # --- business ---

    @api.model
    def _compared(self):
        """SQL of the rows of `ropo_job` that are held against the ledger."""
        return SQL(
            """
            SELECT * FROM ropo_job
             WHERE is_collected AND stage != 'closed' AND agreed_at IS NULL
             UNION ALL
            %s
            """,
            self._moved_again(),
        )

    def _moved_again(self):
        """SQL of the rows of those that were left and may agree no more."""
        return SQL(
            "SELECT * FROM ropo_job WHERE agreed_at IS NOT NULL AND move_id IN (%s)",
            self._moved(),
        )

    def _moved(self):
        """SQL of the ids of invoices whose cases may agree no more."""
        return SQL(
            """
            SELECT move_id FROM (%(reconciled)s) reconciled
             UNION
            SELECT id FROM account_move
             WHERE ropo_state IS NOT NULL AND amount_residual != 0
             UNION
            %(reset)s
             UNION
            SELECT move_id FROM ropo_event WHERE is_missing
            """,
            reconciled=self._newly_reconciled(),
            reset=self._reset_to_draft(),
        )

    @api.model
    def _newly_reconciled(self):
        """SQL of the ids of invoices of which something was reconciled since the last
        day on which all was compared, and of the last reconciliation of each."""
        return SQL(
            """
            SELECT line.move_id, MAX(partial.id) AS partial_id
              FROM account_partial_reconcile partial
              JOIN account_move_line line ON line.id = partial.debit_move_id
             WHERE partial.id > %s
             GROUP BY line.move_id
            """,
            self._last_seen(),
        )

    @api.model
    def _reset_to_draft(self):
        """SQL of the ids of invoices that are reconciled with a draft."""
        return SQL(
            """
            SELECT line.move_id
              FROM account_move_line draft
              JOIN account_partial_reconcile partial
                ON partial.credit_move_id = draft.id
              JOIN account_move_line line ON line.id = partial.debit_move_id
             WHERE draft.parent_state = 'draft' AND draft.matching_number IS NOT NULL
            """
        )

    def _last_seen(self):
        """The number of the last reconciliation that the last day's runs have seen."""
        day = self.env["ir.config_parameter"].sudo().get_param(LAST_DAY)
        if not day:
            return 0
        # A report asks many times; a number from earlier in a transaction is low at
        # worst, and so more is taken for new.
        seen = self.env.cr.cache.setdefault(LAST_DAY, {})
        if day not in seen:
            rows = self.env.execute_query(
                SQL(
                    # From the newest back: as far as those of a day or two.
                    "SELECT id FROM account_partial_reconcile WHERE create_date < %s "
                    "ORDER BY id DESC LIMIT 1",
                    fields.Datetime.to_datetime(day) - LONGEST_TRANSACTION,
                )
            )
            seen[day] = rows[0][0] if rows else 0
        return seen[day]

    # --- business: after a comparison ---

    @api.model
    def _follow(self):
        """Takes back those that agree no more and leaves those that do, and keeps what
        has been settled; up to which day all was compared is noted."""
        self._take_back(self._moved_again())
        self._leave()
        self.env["ropo.kept.figures"]._keep()
        self._note_day()

    def _take_back(self, cases):
        """Has those of these compared from now on that do not agree any more."""
        ledger = self.env["ropo.ledger"]
        ledger._flush_sides()
        rows = self.env.execute_query(ledger._unsettled(cases))
        jobs = self.env["ropo.job"].sudo().browse({job_id for (job_id,) in rows})
        jobs.agreed_at = False

    def _leave(self):
        ledger = self.env["ropo.ledger"]
        ledger._flush_sides()
        settled = self._settled()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM (%s) settled WHERE id NOT IN (%s) LIMIT %s",
                settled,
                ledger._unsettled(settled),
                AT_ONCE,
            )
        )
        jobs = self.env["ropo.job"].sudo().browse(job_id for (job_id,) in rows)
        jobs.agreed_at = fields.Datetime.now()

    def _settled(self):
        """SQL of the rows of cases that have ended, of invoices on which nothing is
        open, with nothing under way and no money of Ropo's to be booked."""
        return SQL(
            """
            SELECT job.*
              FROM ropo_job job
              JOIN account_move invoice ON invoice.id = job.move_id
             WHERE job.is_collected AND job.stage != 'closed' AND job.agreed_at IS NULL
               AND job.stage IN %s
               AND invoice.amount_residual = 0
               AND NOT EXISTS (
                   SELECT FROM ropo_event event
                    WHERE event.job_id = job.id AND event.is_missing)
               AND NOT EXISTS (
                   SELECT FROM ropo_request request
                    WHERE job.id IN (request.job_id, request.credited_job_id)
                      AND request.state IN ('queued', 'sending', 'unknown', 'rejected')
                      AND request.void IS NOT TRUE)
            """,
            SETTLED,
        )

    def _note_day(self):
        """Once a day: a parameter is cached by all of Odoo's processes."""
        parameters = self.env["ir.config_parameter"].sudo()
        today = fields.Date.to_string(fields.Date.today())
        if parameters.get_param(LAST_DAY) != today:
            parameters.set_param(LAST_DAY, today)
