from odoo import fields, models

from .res_partner import READERS


class AccountJournal(models.Model):
    _inherit = "account.journal"

    ropo_account_id = fields.Many2one(
        "ropo.account",
        check_company=True,
        help="The profile at Ropo that the invoices of this journal go through. "
        "Empty: the company's first account.",
        groups=READERS,
    )
    ropo_settlement = fields.Boolean(
        string="Ropo Settlement Journal",
        help="The entries of this journal are payouts of Ropo. They are not "
        "reported to Ropo.",
        groups=READERS,
    )
