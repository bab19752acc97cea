from odoo import Command, api, models
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


class RopoGuard(models.AbstractModel):
    """What Ropo holds of an invoice stays as it was sent."""

    _name = "ropo.guard"
    _description = "Guard of What Ropo Holds"

    @api.model
    def _check_moves(self, moves, vals):
        """Raises when `vals` would change what Ropo holds of these invoices."""
        names = [name for name in (*SENT_FIELDS, *ROW_FIELDS) if name in vals]
        if not names or self._is_own_write(moves):
            return
        changed = moves.filtered(
            lambda move: (
                move.state == "posted"
                and move.is_sale_document()
                and any(self._will_change(move, vals, name) for name in names)
            )
        )
        self._check_not_held(changed)

    @staticmethod
    def _is_own_write(moves):
        """Whether the addon itself writes the reference that Ropo gave."""
        return moves.env.su and moves.env.context.get("ropo_takes_over")

    @staticmethod
    def _will_change(move, vals, name):
        if name not in ROW_FIELDS:
            return move._field_will_change(move, vals, name)
        # What an update changes is seen on the row itself.
        harmless = (Command.UPDATE, Command.LINK)
        return any(command[0] not in harmless for command in vals[name])

    @api.model
    def _check_lines(self, lines, vals):
        """The same for journal items."""
        names = [name for name in SENT_LINE_FIELDS if name in vals]
        if not names:
            return
        changed = lines.filtered(
            lambda line: (
                line.parent_state == "posted"
                and line.move_id.is_sale_document()
                and any(
                    line.move_id._field_will_change(line, vals, name) for name in names
                )
            )
        )
        self._check_not_held(changed.move_id)

    def _check_not_held(self, moves):
        held = moves.sudo().filtered(lambda move: move._ropo_is_held())
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
