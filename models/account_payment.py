from odoo import fields, models

from .res_partner import READERS


class AccountPayment(models.Model):
    _inherit = "account.payment"

    ropo_event_id = fields.Many2one(
        "ropo.event",
        string="Collected by Ropo",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The event by which Ropo reported this payment.",
        groups=READERS,
    )

    ropo_reported_ids = fields.One2many(
        related="move_id.ropo_reported_ids",
        groups=READERS,
    )

    _ropo_event_unique = models.UniqueIndex(
        "(ropo_event_id) WHERE ropo_event_id IS NOT NULL",
        "What Ropo collected is registered already.",
    )
