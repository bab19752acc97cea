from odoo import fields, models


class RopoRequest(models.Model):
    """What waits is sent in the order in which it was asked for, but for what somebody
    waits for."""

    _inherit = "ropo.request"

    is_urgent = fields.Boolean(
        string="Urgent",
        readonly=True,
        copy=False,
        help="Somebody waits for it: it goes first.",
    )

    _in_order = models.Index("(account_id, id) WHERE state = 'queued'")
    _urgent = models.Index("(account_id) WHERE state = 'queued' AND is_urgent IS TRUE")
