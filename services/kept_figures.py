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
    def _changed(self, is_asked):
        """SQL of the ids of cases whose figures have to be computed.

        :param is_asked: SQL of which cases, of a `job`
        """
        agreement = self.env["ropo.agreement"]
        return SQL(
            """
            SELECT job.id
              FROM ropo_job job
              -- Ropo holds nothing else: so that the index of these alone is read.
              JOIN account_move move
                ON move.id = job.move_id
               AND move.move_type IN ('out_invoice', 'out_refund')
              LEFT JOIN ropo_job_figures kept ON kept.job_id = job.id
             WHERE job.is_collected
               AND %(is_asked)s
               AND (kept.residual IS DISTINCT FROM move.amount_residual
                    OR job.move_id IN (%(reconciled)s UNION ALL %(reset)s))
            """,
            is_asked=is_asked,
            reconciled=agreement._newly_reconciled(),
            reset=agreement._reset_to_draft(),
        )

    @api.model
    def _keep(self):
        """Keeps the figures that have changed, and some of those that are new."""
        self._compute(self._changed(SQL("kept.job_id IS NOT NULL")))
        new = self._changed(SQL("kept.job_id IS NULL"))
        self._compute(SQL("%s LIMIT %s", new, AT_ONCE))

    @api.model
    def _compute(self, job_ids):
        """Keeps the figures of these cases.

        :param job_ids: SQL of their ids
        """
        self.env["ropo.ledger"]._flush_sides()
        self.env["account.journal"].flush_model()
        names = [SQL.identifier(name) for name in ("residual", *FIGURES)]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ropo_job_figures AS kept (job_id, %(names)s)
                SELECT job.id,
                       -- Nothing tells when a draft is posted again.
                       CASE WHEN move.id NOT IN (%(reset)s)
                            THEN move.amount_residual END,
                       %(figures)s
                  FROM (%(settled)s) settled
                  JOIN ropo_job job ON job.id = settled.job_id
                  JOIN account_move move ON move.id = job.move_id
                    ON CONFLICT (job_id) DO UPDATE SET (%(names)s) = (%(computed)s)
                 WHERE (%(current)s) IS DISTINCT FROM (%(computed)s)
                """,
                reset=self.env["ropo.agreement"]._reset_to_draft(),
                settled=self.env["ropo.figures"]._settled(job_ids),
                names=SQL(", ").join(names),
                figures=_all_of("settled", FIGURES),
                current=_all_of("kept", ("residual", *FIGURES)),
                computed=_all_of("excluded", ("residual", *FIGURES)),
            )
        )
        self.env["ropo.job.figures"].invalidate_model()


def _all_of(table, names):
    return SQL(", ").join(SQL.identifier(table, name) for name in names)
