from odoo import Command, models
from odoo.exceptions import UserError

# What Ropo has of an invoice, by which money finds it and its debt is what it is.
SENT_FIELDS = (
    "name",
    "payment_reference",
    "partner_id",
    "currency_id",
    "invoice_date",
    "invoice_date_due",
    "invoice_payment_term_id",
)
ROW_FIELDS = ("line_ids", "invoice_line_ids")
SENT_LINE_FIELDS = (
    "quantity",
    "price_unit",
    "discount",
    "tax_ids",
    "debit",
    "credit",
    "balance",
    "amount_currency",
    "date_maturity",
)


class AccountMove(models.Model):
    """What Ropo holds of an invoice stays as it was sent."""

    _inherit = "account.move"

    def write(self, vals):
        # EXTENDS 'account'
        fields = [name for name in (*SENT_FIELDS, *ROW_FIELDS) if name in vals]
        if fields and not self._ropo_is_taking_over():
            self._ropo_check_unchanged(vals, fields)
        return super().write(vals)

    def _ropo_is_taking_over(self):
        """Whether the addon itself writes the reference that Ropo gave."""
        return self.env.su and self.env.context.get("ropo_takes_over")

    def _ropo_check_unchanged(self, vals, fields):
        changed = self.filtered(
            lambda move: (
                move.state == "posted"
                and move.is_sale_document()
                and any(move._ropo_will_change(vals, name) for name in fields)
            )
        )
        changed._ropo_check_not_held()

    def _ropo_will_change(self, vals, name):
        if name not in ROW_FIELDS:
            return self._field_will_change(self, vals, name)
        # What an update changes is seen on the row itself.
        harmless = (Command.UPDATE, Command.LINK)
        return any(command[0] not in harmless for command in vals[name])

    def _ropo_check_not_held(self):
        held = self.sudo().filtered(lambda move: move._ropo_is_held())
        if held:
            raise UserError(
                self.env._(
                    "%(invoices)s: Ropo has it with its number, reference, dates and "
                    "amounts, and they can't be changed any more. Make a credit note "
                    "and a new invoice instead. To give the customer more time, set a "
                    "hold before the transfer, or ask Ropo after it.",
                    invoices=", ".join(held.mapped("display_name")),
                )
            )


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def write(self, vals):
        # EXTENDS 'account'
        fields = [name for name in SENT_LINE_FIELDS if name in vals]
        if fields:
            self._ropo_check_unchanged(vals, fields)
        return super().write(vals)

    def _ropo_check_unchanged(self, vals, fields):
        changed = self.filtered(
            lambda line: (
                line.parent_state == "posted"
                and line.move_id.is_sale_document()
                and any(
                    line.move_id._field_will_change(line, vals, name) for name in fields
                )
            )
        )
        changed.move_id._ropo_check_not_held()
