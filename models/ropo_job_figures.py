from odoo import api, fields, models
from odoo.tools import SQL

WAITING = "ropo_connect.forgotten_figures"
# What decides, besides the ledger, which reconciliations belong to a case.
DECIDING = {
    "account_id",
    "bad_debts",
    "covers",
    "is_collected",
    "kind",
    "move_id",
    "part_ids",
}


class RopoJobFigures(models.Model):
    """What the ledger has settled of a case, as `ropo.kept.figures` keeps it.

    A table of its own, since scheduled actions write it while people work on the
    cases. Nobody has access rights to it.
    """

    _name = "ropo.job.figures"
    _description = "Kept Figures of a Case"
    _log_access = False

    job_id = fields.Many2one(
        "ropo.job", string="Case", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="job_id.currency_id")
    residual = fields.Monetary(string="Open in Odoo", help="When these were computed.")
    collected = fields.Monetary(string="Collected by Ropo")
    paid = fields.Monetary(string="Paid to Us")
    credited = fields.Monetary()
    adjusted = fields.Monetary(string="Other Entries")
    last_partial_id = fields.Integer(
        string="Reconciliation", help="The last one of the invoice by then."
    )
    money_days = fields.Monetary(
        string="Days To Pay", help="Days from the transfer, times money."
    )
    first_day = fields.Date(string="First Payment")
    last_day = fields.Date(string="Last Payment")

    # What has to be computed by the next run.
    _forgotten = models.Index("(job_id) WHERE residual IS NULL")
    _job_unique = models.Constraint("UNIQUE(job_id)", "One row per case.")

    @api.model
    def _forget(self, moves):
        """What decides about the figures of these invoices' cases has changed, other
        than in the ledger, or they are new. The rows stay, so that whoever computes
        them right now notices and begins again."""
        waiting = self.env.cr.precommit.data.setdefault(WAITING, set())
        if moves and not waiting:
            self.env.cr.precommit.add(self._write_forgotten)
        waiting.update(moves.ids)

    @api.model
    def _write_forgotten(self):
        """Writes down what was forgotten in this transaction, all in one go: before it
        is committed, or before any of it is read."""
        moves = self.env.cr.precommit.data.pop(WAITING, None)
        if not moves:
            return
        self.env["ropo.job"].flush_model(["is_collected", "move_id"])
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ropo_job_figures (job_id)
                SELECT id FROM ropo_job WHERE is_collected AND move_id IN %s
                    ON CONFLICT (job_id) DO UPDATE SET residual = NULL
                """,
                tuple(moves),
            )
        )
        self.invalidate_model()

    @api.model
    def _forget_all(self):
        """It has changed which journals are Ropo's."""
        self.env.cr.execute(
            "UPDATE ropo_job_figures SET residual = NULL WHERE residual IS NOT NULL"
        )
        self.invalidate_model(["residual"])


class RopoJob(models.Model):
    _inherit = "ropo.job"

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'base': what an earlier case had been paid, a later one covers
        jobs = super().create(vals_list)
        self.env["ropo.job.figures"]._forget(jobs.filtered("is_collected").move_id)
        return jobs

    def write(self, vals):
        # EXTENDS 'base'
        decides = DECIDING & vals.keys()
        moves = self.move_id if decides else None
        done = super().write(vals)
        if decides:
            self.env["ropo.job.figures"]._forget(moves | self.move_id)
        return done
