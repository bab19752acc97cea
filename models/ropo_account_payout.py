from odoo import fields, models

EXPENSES = ("expense", "expense_direct_cost", "expense_other")
INCOME = ("income", "income_other")


class RopoAccount(models.Model):
    """Where the parts of a payout are booked (services/payouts.py books them)."""

    _inherit = "ropo.account"

    payout_principal_account_id = fields.Many2one(
        "account.account",
        string="Other Principal Account",
        check_company=True,
        help="For principal that Ropo pays out and no registered payment stands for, "
        "such as payments that were not registered in Odoo.",
    )
    payout_interest_account_id = fields.Many2one(
        "account.account",
        string="Interest Account",
        check_company=True,
        domain=[("account_type", "in", INCOME)],
        help="For the interest that debtors paid and Ropo pays out.",
    )
    payout_fee_account_id = fields.Many2one(
        "account.account",
        string="Fees Account",
        check_company=True,
        domain=[("account_type", "in", INCOME)],
        help="For the reminder and collection fees that debtors paid and Ropo pays "
        "out.",
    )
    payout_commission_account_id = fields.Many2one(
        "account.account",
        string="Commission Account",
        check_company=True,
        domain=[("account_type", "in", EXPENSES)],
        help="For what Ropo deducts from a payout for its own work, without tax.",
    )
    payout_commission_tax_ids = fields.Many2many(
        "account.tax",
        string="Commission Taxes",
        check_company=True,
        domain=[("type_tax_use", "=", "purchase")],
        help="Computed on top of the commission, and deductible as on a vendor bill.",
    )
