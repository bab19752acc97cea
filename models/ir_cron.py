from contextvars import ContextVar

from dateutil.relativedelta import relativedelta

from odoo import fields, models

# Whether a person runs a cron now. What waits for its hour then does not wait.
BY_HAND = ContextVar("ropo_by_hand", default=False)


class IrCron(models.Model):
    _inherit = "ir.cron"

    def _ropo_due_since(self):
        """Since when this is due, or was due last. Odoo sets the next time only when
        a run says that nothing is left."""
        self.ensure_one()
        due = self.nextcall
        while due > fields.Datetime.now():
            due -= relativedelta(**{self.interval_type: self.interval_number})
        return due

    def method_direct_trigger(self):
        # EXTENDS 'base': who runs it by hand means now
        token = BY_HAND.set(True)
        try:
            return super().method_direct_trigger()
        finally:
            BY_HAND.reset(token)
