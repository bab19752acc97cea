from odoo import api, models
from odoo.tools import SQL

AT_ONCE = 50_000  # cases whose figures are kept for the first time in one run
FIGURES = (
    "collected",
    "paid",
    "credited",
    "adjusted",
    "money_days",
    "first_day",
    "last_day",
)
COLUMNS = ("residual", "last_partial_id", *FIGURES)


class RopoKeptFigures(models.AbstractModel):
    """What the ledger has settled of each case is kept, and computed anew where it may
    have changed: else a report on years reads all reconciliations of years.

    What was kept serves as long as the invoice has the open amount that it had, unless
    something of it was reconciled since the last day on which all was computed, or a
    reconciled entry is a draft, whose figures are not kept. What else decides, forgets
    it (`_forget`). Besides, all of it is computed anew once in a week.
    """

    _name = "ropo.kept.figures"
    _description = "Kept Figures of Cases"

    @api.model
    def _kept(self):
        """SQL that joins what is kept of each `job` of a `move`, and what
        `_has_changed` asks besides."""
        self.env["ropo.job.figures"]._write_forgotten()
        agreement = self.env["ropo.agreement"]
        return SQL(
            """
              LEFT JOIN ropo_job_figures kept ON kept.job_id = job.id
              LEFT JOIN (%(newest)s) newest ON newest.move_id = job.move_id
              LEFT JOIN (SELECT DISTINCT move_id FROM (%(reset)s) draft) reset
                ON reset.move_id = job.move_id
            """,
            newest=agreement._newly_reconciled(),
            reset=agreement._reset_to_draft(),
        )

    @api.model
    def _has_changed(self):
        """SQL of whether the figures of a `job` have to be computed to show them."""
        return SQL(
            """
            (kept.residual IS DISTINCT FROM move.amount_residual
             OR newest.partial_id > COALESCE(kept.last_partial_id, 0)
             OR reset.move_id IS NOT NULL)
            """
        )

    @api.model
    def _keep(self):
        """Keeps what was reconciled meanwhile and so much of what has nothing kept: it
        costs what has changed. What was taken off an invoice is computed wherever it is
        shown, and kept within a week."""
        self.env["ropo.job.figures"]._write_forgotten()
        self._compute(
            SQL(
                """
                SELECT job.id
                  FROM (%s) newest
                  JOIN ropo_job job
                    ON job.move_id = newest.move_id AND job.is_collected
                  LEFT JOIN ropo_job_figures kept ON kept.job_id = job.id
                 WHERE newest.partial_id > COALESCE(kept.last_partial_id, 0)
                """,
                self.env["ropo.agreement"]._newly_reconciled(),
            )
        )
        self._compute(
            SQL(
                "SELECT job_id AS id FROM ropo_job_figures "
                "WHERE residual IS NULL LIMIT %s",
                AT_ONCE,
            )
        )

    @api.model
    def _compute(self, job_ids):
        """Keeps the figures of these cases.

        :param job_ids: SQL of their ids
        """
        self.env["ropo.ledger"]._flush_sides()
        self.env["account.journal"].flush_model()
        names = [SQL.identifier(name) for name in COLUMNS]
        self.env.cr.execute(
            SQL(
                """
                  WITH asked AS MATERIALIZED (%(job_ids)s)
                INSERT INTO ropo_job_figures AS kept (job_id, %(names)s)
                SELECT job.id,
                       -- Nothing tells when a draft is posted again.
                       CASE WHEN move.id NOT IN (%(reset)s)
                            THEN move.amount_residual END,
                       (SELECT MAX(partial.id)
                          FROM account_move_line line
                          JOIN account_partial_reconcile partial
                            ON partial.debit_move_id = line.id
                         WHERE line.move_id = move.id),
                       %(figures)s
                  FROM (%(settled)s) settled
                  JOIN ropo_job job ON job.id = settled.job_id
                  JOIN account_move move ON move.id = job.move_id
                    ON CONFLICT (job_id) DO UPDATE SET (%(names)s) = (%(computed)s)
                 WHERE (%(current)s) IS DISTINCT FROM (%(computed)s)
                """,
                reset=self.env["ropo.agreement"]._reset_to_draft(),
                job_ids=job_ids,
                settled=self.env["ropo.figures"]._settled(
                    SQL("ARRAY(SELECT id FROM asked)")
                ),
                names=SQL(", ").join(names),
                figures=_all_of("settled", FIGURES),
                current=_all_of("kept", COLUMNS),
                computed=_all_of("excluded", COLUMNS),
            )
        )
        self.env["ropo.job.figures"].invalidate_model()


def _all_of(table, names):
    return SQL(", ").join(SQL.identifier(table, name) for name in names)
