from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# What becomes of a debt that Ropo no longer collects.
DECISIONS = [
    ("undecided", "To Review"),
    ("write_off", "Write Off"),
    ("transfer", "Transfer Again"),
    ("leave", "Leave"),
]


class RopoJob(models.Model):
    """What becomes of a debt that Ropo closed unpaid; a person decides."""

    _inherit = "ropo.job"

    released = fields.Boolean(
        readonly=True,
        help="Ropo no longer holds the invoice because of this case: it may be "
        "transferred again.",
    )
    decision = fields.Selection(
        DECISIONS,
        readonly=True,
        index="btree_not_null",
        help="What becomes of the invoice, of which something was open when Ropo "
        "closed the case.",
    )
    may_decide = fields.Boolean(compute="_compute_may_decide")
    closed_residual = fields.Monetary(
        readonly=True,
        help="What was open in the ledger when Ropo closed the case, or when a person "
        "was last asked about a change of it.",
    )

    # --- computes ---

    @api.depends(
        "decision", "released", "move_id.amount_residual", "event_ids.is_missing"
    )
    def _compute_may_decide(self):
        for job in self:
            waits = job.decision and not job.released
            job.may_decide = waits and job._is_unpaid()

    # --- actions ---

    def action_transfer_again(self):
        """A person decides: the invoice may be transferred anew."""
        self._decide("transfer")
        self.sudo()._release(is_delivered=True)
        return self.move_id.action_ropo_transfer()

    def action_leave(self):
        """A person decides: the invoice stays open, and nobody collects it."""
        self._decide("leave")

    def action_write_off(self):
        """A person decides: the debt is a loss. Opens the wizard for bad debts, where
        the account has accounts for them, else Odoo's own way to book that."""
        self._decide("write_off")
        if self.may_write_off:
            return self.action_write_off_bad_debt()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write Off"),
            "res_model": "account.payment.register",
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": "account.move",
                "active_ids": self.move_id.ids,
                "default_amount": 0.0,
                "default_payment_difference_handling": "reconcile",
                "default_writeoff_label": self.env._("Bad Debt"),
                "dont_redirect_to_payments": True,
            },
        }

    def _decide(self, decision):
        self.ensure_one()
        self.check_access("read")
        group = "ropo_connect.group_ropo_manager"
        if not self.env.su and not self.env.user.has_group(group):
            raise AccessError(
                self.env._("Only a Ropo manager may decide what becomes of a case.")
            )
        if not self.may_decide:
            raise UserError(
                self.env._(
                    "%(case)s: there is nothing to decide, since Ropo did not close it "
                    "unpaid, or its invoice was transferred again or paid.",
                    case=self.display_name,
                )
            )
        self.sudo().decision = decision
        self.sudo().account_id._close_answered()

    # --- business ---

    def _ask_for_decision(self):
        """A case that Ropo closed unpaid waits for a person; one that goes on no
        longer does."""
        self._withdraw_question()
        is_over = self.stage == "closed" and self.is_collected and not self.released
        self.decision = is_over and self._is_unpaid() and "undecided"
        if not self.decision:
            return
        self.account_id._ask_person(
            "decision",
            self.env._("Ropo closed a case unpaid: a decision is needed"),
            self.env._(
                "Decide on the case what becomes of its invoice: write it off, "
                "transfer it again, or leave it. See “To Review” under Ropo → Cases. "
                "The first: %(case)s.",
                case=self.display_name,
            ),
        )

    def _is_unpaid(self):
        """Whether something is open that was not paid to Ropo either: what Ropo has
        comes with its payout."""
        paid_to_ropo = sum(
            self.event_ids.filtered("is_missing").mapped(lambda e: e._ropos_money())
        )
        open_amount = self.move_id.amount_residual - paid_to_ropo
        return self.currency_id.compare_amounts(open_amount, 0) > 0

    def _withdraw_question(self):
        """Nothing is to be decided of what was paid to Ropo, as it turns out, or of
        what goes on."""
        is_over = self.stage == "closed" and self._is_unpaid()
        if self.decision == "undecided" and not is_over:
            self.decision = False
            self.account_id._close_answered()
            self.env["ropo.followup"]._pause(self)

    def _residual(self):
        """What is open in the ledger of what Ropo was to collect, or a bad debt."""
        if not self.part_ids:
            return self.move_id.amount_residual + self.written_off
        parts = self.move_id.line_ids.filtered(self._collects)
        return sum(parts.mapped("amount_residual_currency")) + self.written_off

    def _release(self, is_delivered=False):
        """These are no longer Ropo's hold on their invoices, which may be transferred
        anew.

        :param is_delivered: whether what Ropo delivered counts as delivered still, so
            that it is not sent again
        """
        assignments = self.request_ids.filtered(lambda r: r._is_assignment())
        stand = assignments.filtered(
            lambda r: is_delivered and r.operation == "invoice"
        )
        stand.collects = False
        (assignments - stand).void = True
        self.released = True
        for job in self.filtered(lambda job: job.stage != "closed"):
            job._enter_stage("closed", fields.Datetime.now())
        self.write({"open_amount": 0.0, "open_total": 0.0})

    def _ask_about_closed(self, account):
        """The ledger of these closed cases has changed, and Ropo gets no report."""
        for job in self:
            job.closed_residual = job._residual()
        account._ask_person(
            "closed_changed",
            self.env._("The ledger of a closed case has changed"),
            self.env._(
                "Ropo has closed %(count)s cases whose invoices were paid, credited or "
                "opened again since. Ropo gets no report of it: if it still collects, "
                "report it there. The first: %(case)s.",
                count=len(self),
                case=self[0].display_name,
            ),
        )
