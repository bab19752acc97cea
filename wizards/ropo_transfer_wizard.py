from odoo import api, fields, models


class RopoTransferWizard(models.TransientModel):
    """Hands a selection of overdue invoices over, saying first which can go."""

    _name = "ropo.transfer.wizard"
    _description = "Hand Over Invoices to Ropo"
    _inherit = "ropo.wizard.mixin"

    kind = fields.Selection(
        [("reminder", "Reminder"), ("collection", "Debt Collection")],
        required=True,
        default="reminder",
        help="After a reminder that is not paid, Ropo goes on to collection by itself.",
    )
    notice_date = fields.Date(
        string="Own Reminder Sent On",
        help="When you yourself reminded the customers. Mandatory in Finland. Used for "
        "the invoices that have no such date of their own.",
    )
    line_ids = fields.One2many(
        "ropo.transfer.wizard.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    @api.depends("move_ids", "kind", "notice_date")
    def _compute_line_ids(self):
        for wizard in self:
            verdicts = wizard.move_ids._ropo_verdicts(
                wizard.kind, notice_date=wizard._notice_date()
            )
            wizard.line_ids = wizard._lines(verdicts)

    def _notice_date(self):
        return self.kind == "collection" and self.notice_date

    def action_transfer(self):
        """Queues what can go; a single one is handed over at once, many by the cron."""
        self.ensure_one()
        self.env["ropo.request"].check_access("read")
        self._compute_line_ids()  # the ledger may have changed since it was shown
        requests = self.env["ropo.request"]._queue(
            [
                {
                    **move._ropo_request_vals(self.kind),
                    "amount": move.amount_residual,
                    "notice_date": move.ropo_notice_date or self._notice_date(),
                }
                for move in self._ready_moves()
            ]
        )
        return self._show(requests)


class RopoTransferWizardLine(models.TransientModel):
    _name = "ropo.transfer.wizard.line"
    _description = "Invoice to Hand Over to Ropo"
    _inherit = "ropo.wizard.line.mixin"

    wizard_id = fields.Many2one(
        "ropo.transfer.wizard", required=True, ondelete="cascade"
    )
    days_overdue = fields.Integer(compute="_compute_days_overdue")

    @api.depends("move_id")
    def _compute_days_overdue(self):
        today = fields.Date.context_today(self)
        for line in self:
            due = line.move_id.invoice_date_due
            line.days_overdue = max((today - due).days, 0) if due else 0
