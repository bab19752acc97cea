from odoo import fields, models
from odoo.tools import format_date, plaintext2html

from .ropo_job import ENDED, RECENT

PLAN_BROKEN = "ropo_connect.mail_activity_type_plan_broken"


class RopoJob(models.Model):
    """The payment plan that Ropo agreed with the debtor, and whether it is kept."""

    _inherit = "ropo.job"

    plan_broken_on = fields.Date(
        readonly=True,
        index="btree_not_null",
        help="On which Ropo went on collecting in spite of a payment plan.",
    )

    # --- business ---

    def _set_stage(self, stage, time, text=""):
        # EXTENDS: a plan ends in what was paid, or is broken
        had_plan = self.stage == "payment_plan"
        result = super()._set_stage(stage, time, text)
        if had_plan and stage in ("collection", "legal"):
            self._break_plan(time)
        elif self.plan_broken_on and stage in ("payment_plan", *ENDED):
            self._withdraw_plan_question(stage)
        return result

    def _break_plan(self, time):
        self.plan_broken_on = time.date()
        if time < fields.Datetime.now() - RECENT:
            return
        self.env["ropo.activities"]._schedule(
            self.with_context(mail_activity_quick_update=True),
            "plan_broken",
            PLAN_BROKEN,
            note=plaintext2html(
                self.env._(
                    "The customer has not kept to the payment plan, and Ropo collects "
                    "again since %(day)s. %(text)s",
                    day=format_date(self.env, self.plan_broken_on),
                    text=self.stage_text or "",
                )
            ),
            user_id=self.account_id._responsible().id,
        )

    def _withdraw_plan_question(self, stage):
        """There is a new plan, or nothing left to collect."""
        self.env["ropo.activities"]._close(self, "plan_broken")
        if stage == "payment_plan":
            self.plan_broken_on = False
