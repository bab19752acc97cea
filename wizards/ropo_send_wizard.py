from odoo import api, fields, models


class RopoSendWizard(models.TransientModel):
    """Sends a selection of invoices and credit notes, saying first which can go."""

    _name = "ropo.send.wizard"
    _description = "Send Invoices by Ropo"
    _inherit = "ropo.wizard.mixin"

    line_ids = fields.One2many(
        "ropo.send.wizard.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    @api.depends("move_ids")
    def _compute_line_ids(self):
        for wizard in self:
            verdicts = wizard.move_ids._ropo_verdicts("invoice")
            wizard.line_ids = wizard._lines(verdicts)

    def action_send(self):
        """Queues what can go; a single one is sent at once, many by the cron."""
        self.ensure_one()
        self.env["ropo.request"].check_access("read")
        self._compute_line_ids()  # the selection may have changed since it was shown
        return self._show(self._ready_moves()._ropo_queue_sending())


class RopoSendWizardLine(models.TransientModel):
    _name = "ropo.send.wizard.line"
    _description = "Invoice to Send by Ropo"
    _inherit = "ropo.wizard.line.mixin"

    wizard_id = fields.Many2one("ropo.send.wizard", required=True, ondelete="cascade")
