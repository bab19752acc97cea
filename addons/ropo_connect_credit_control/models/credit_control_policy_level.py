from odoo import fields, models


class CreditControlPolicyLevel(models.Model):
    _inherit = "credit.control.policy.level"

    channel = fields.Selection(
        selection_add=[("ropo", "Transfer to Ropo")],
        ondelete={"ropo": lambda levels: levels.write({"channel": "letter"})},
    )
    ropo_kind = fields.Selection(
        [("reminder", "Payment Reminder"), ("collection", "Debt Collection")],
        string="Transfer Type",
        required=True,
        default="reminder",
        help="After an unpaid reminder, Ropo goes on to collection automatically. Debt "
        "collection comes after your own reminders.",
    )
