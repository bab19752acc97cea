from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from .ropo_job import ENDED


class RopoJob(models.Model):
    """What of a case was written off in the ledger while Ropo goes on collecting."""

    _inherit = "ropo.job"

    bad_debts = fields.Json(
        readonly=True,
        help="The partial reconciliations that were taken as bad debts, with their "
        "amounts: they are not reported.",
    )
    written_off = fields.Monetary(
        compute="_compute_written_off",
        help="Written off in the ledger as a bad debt, and still owed to Ropo.",
    )
    bad_debt = fields.Selection(
        [("collected", "Written Off, Still Collected")],
        compute="_compute_written_off",
        search="_search_bad_debt",
    )
    recovered = fields.Monetary(
        compute="_compute_recovered", help="What Ropo collected of the bad debt."
    )
    loss_ids = fields.Many2many(
        "account.move",
        "ropo_job_loss_rel",
        string="Bad Debt Entries",
        readonly=True,
        help="The entries of the dialog that wrote it off.",
    )
    # False ──write-off──▶ waiting ──▶ done     the history and all letters are there
    #                        │ ▲  └──▶ letter   one has to be fetched from Ropo
    #                        ▼ └─person─────┐
    #                      failed ──────────┘
    evidence = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("letter", "Letter Missing"),
            ("failed", "Failed"),
            ("done", "Attached"),
        ],
        readonly=True,
        index="btree_not_null",
        help="Of the bad debt: Ropo's letters and the history, at its journal entry.",
    )
    history_ids = fields.Many2many(
        "ir.attachment", "ropo_job_history_rel", string="Histories", readonly=True
    )
    may_write_off = fields.Boolean(compute="_compute_may_write_off", compute_sudo=True)

    # --- computes ---

    @api.depends("bad_debts", "stage", "move_id.amount_residual")
    def _compute_written_off(self):
        amounts = self.env["ropo.ledger"]._written_off_amounts(self)
        for job in self:
            job.written_off = amounts.get(job.id, 0.0)
            is_going_on = job.written_off and job.stage not in ENDED
            job.bad_debt = "collected" if is_going_on else False

    @api.depends("event_ids.recovered")
    def _compute_recovered(self):
        for job in self:
            job.recovered = sum(job.event_ids.mapped("recovered"))

    def _search_bad_debt(self, operator, value):
        if operator != "in":
            return NotImplemented
        written_off = Domain("stage", "not in", ENDED) & Domain(
            "id",
            "in",
            SQL(
                "(SELECT job.id FROM ropo_job job, LATERAL (%s) written_off "
                "WHERE job.bad_debts IS NOT NULL AND written_off.amount > 0)",
                self.env["ropo.ledger"]._written_off(),
            ),
        )
        return written_off if "collected" in value else ~written_off

    @api.depends("is_collected", "released", "move_id.amount_residual", "account_id")
    def _compute_may_write_off(self):
        for job in self:
            is_open = job.currency_id.compare_amounts(job.move_id.amount_residual, 0)
            job.may_write_off = (
                job.is_collected
                and not job.released
                and is_open > 0
                and job.account_id.bad_debt_account_ids
            )

    # --- actions ---

    def action_write_off_bad_debt(self):
        """Opens the wizard by which these are a loss, and Ropo goes on collecting."""
        return self.move_id.action_ropo_write_off()

    def action_attach_evidence(self):
        """Attaches what is missing of the evidence, as soon as the archive runs."""
        self._check_may_write_off()
        self.check_access("read")  # nobody may write cases by hand
        written_off = self.sudo().filtered("loss_ids")
        for job in written_off:
            self.env["ropo.evidence"]._ask_for(job, job.loss_ids)

    # --- business ---

    def _has_letter(self):
        # EXTENDS: of what has ended, evidence needs what was sent before
        is_wanted = self.evidence in ("waiting", "letter") and not self.letter_stage
        return super()._has_letter() or (self.is_collected and is_wanted)

    def _letter_name(self):
        # EXTENDS: that Ropo closed it is no name of a letter
        if self.stage not in ENDED:
            return super()._letter_name()
        return self.env._("Letter %(number)s", number=self.billnum)

    def _note_bad_debts(self, amounts):
        """These reconciliations are bad debts, whatever the account says later."""
        noted = {str(partial_id): amount for partial_id, amount in amounts.items()}
        self.bad_debts = {**(self.bad_debts or {}), **noted}

    def _bad_debt_partials(self):
        partial_ids = [int(key) for key in self.bad_debts or {}]
        return self.env["account.partial.reconcile"].browse(partial_ids).exists()

    def _collects(self, line):
        """Whether the claim is over this receivable line."""
        return not self.part_ids or line.id in self.part_ids

    @api.model
    def _check_may_write_off(self):
        may_post = self.env["account.move"].has_access("create")
        user = self.env.user
        is_manager = user.has_group("ropo_connect.group_ropo_manager")
        if not self.env.su and not (is_manager and may_post):
            raise AccessError(
                self.env._(
                    "Only a Ropo manager who may post journal entries may write off "
                    "bad debts."
                )
            )
