from odoo import api, fields, models


class RopoRequest(models.Model):
    """A request in words (services/request_text.py)."""

    _inherit = "ropo.request"

    summary = fields.Char(string="Requested", compute="_compute_summary")
    outcome = fields.Char(string="Answer", compute="_compute_summary")
    next_step = fields.Char(compute="_compute_summary")

    @api.depends("operation", "state", "amount", "error", "done_at", "void")
    def _compute_summary(self):
        texts = self.env["ropo.request.text"]
        for request in self:
            request.summary = texts._summary(request)
            request.outcome = texts._outcome(request)
            request.next_step = texts._next(request)
