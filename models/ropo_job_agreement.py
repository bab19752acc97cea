from odoo import fields, models

# What the comparison with the ledger reads of a case: a change makes it compare again.
COMPARED_BY = {
    "account_id",
    "bad_debts",
    "covers",
    "is_collected",
    "move_id",
    "part_ids",
    "profile",
    "stage",
}


class RopoJob(models.Model):
    """Whether a case that has ended still has to be compared with the ledger."""

    _inherit = "ropo.job"

    agreed_at = fields.Datetime(
        string="Agreed with the Ledger",
        readonly=True,
        copy=False,
        help="Since when it has ended and agrees with the ledger. It is compared again "
        "when its ledger moves.",
    )

    # What every run compares: little, however many cases have ended.
    _compared = models.Index(
        "(id) WHERE is_collected AND stage != 'closed' AND agreed_at IS NULL"
    )
    # Among them those whose ledger moves are looked for.
    _agreed = models.Index("(move_id) WHERE agreed_at IS NOT NULL")

    # --- CRUD ---

    def write(self, vals):
        # EXTENDS 'base'
        if COMPARED_BY & vals.keys():
            vals = {**vals, "agreed_at": False}
        return super().write(vals)
