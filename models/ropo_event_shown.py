from odoo import api, fields, models
from odoo.tools import formatLang


class RopoEvent(models.Model):
    """An event as a person reads it."""

    _inherit = "ropo.event"

    description = fields.Char(
        compute="_compute_description",
        help="Of money, how much; else Ropo's own words.",
    )
    accounting = fields.Selection(
        [
            ("missing", "Not in Odoo"),
            ("waiting", "To Register"),
            ("person", "To Review"),
            ("registered", "Registered"),
            ("booked", "Booked"),
            ("own", "Own Report"),
        ],
        string="Accounting Status",
        compute="_compute_accounting",
        help="Whether Odoo's ledger has the money that this reports. Own Report: Ropo "
        "only repeats what you reported to it.",
    )

    # --- computes ---

    @api.depends("text", "kind", "amount", "currency_id")
    def _compute_description(self):
        for event in self:
            event.description = event.text
            if event._is_payment() and event.amount:
                amount, currency = abs(event.amount), event.currency_id
                value = formatLang(self.env, amount, currency_obj=currency or None)
                if event.amount > 0:
                    text = self.env._("Payment of %(amount)s", amount=value)
                else:
                    text = self.env._("Payment of %(amount)s reversed", amount=value)
                event.description = text

    @api.depends("settlement", "is_missing", "request_id", "duplicate_of_id")
    def _compute_accounting(self):
        for event in self:
            if not event._is_money() or event.doubt_request_id:
                event.accounting = False
            elif event.request_id:
                event.accounting = "own"
            elif not event.is_missing:
                is_registered = event.settlement == "registered"
                event.accounting = "registered" if is_registered else "booked"
            elif event.settlement in ("waiting", "person"):
                event.accounting = event.settlement
            else:
                event.accounting = "missing"
