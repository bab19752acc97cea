from collections import namedtuple

from odoo import fields, models

# The terms of one claim; `interest` in percent a year, `notice_date` the day of one's
# own reminder where the invoice bears none, `co_debtors` ids of contacts.
Terms = namedtuple(
    "Terms",
    [
        "claim_sendtype",
        "claim_reason",
        "collection_process",
        "debt_type",
        "notice_fee",
        "claim_parts",
        "is_rental",
        "interest",
        "notice_date",
        "co_debtors",
    ],
    defaults=[0.0, None, ()],
)
SHARED_TERMS = Terms._fields[:-3]


class RopoClaimTerms(models.AbstractModel):
    """What can be chosen when an invoice is transferred.

    The account has it as default, the wizard asks for it, and the request keeps it, so
    that a retry sends the same.
    """

    _name = "ropo.claim.terms"
    _description = "Terms of a Claim"

    currency_id = fields.Many2one("res.currency")
    claim_sendtype = fields.Selection(
        [("post", "Letter"), ("email", "E-mail"), ("einvoice", "E-invoice")],
        string="Reminder Delivery",
        help="Empty: as the customer's invoices do. E-invoices go to a company's "
        "operator, or to a consumer's bank. Who wants reminders on paper gets letters.",
    )
    claim_reason = fields.Char(
        string="Claim Description",
        help="Why the money is demanded, as Ropo and the debtor read it.",
    )
    collection_process = fields.Char(
        string="Claim Type",
        help="Ropo's name for the kind of claim, by which it chooses how to collect. "
        "Empty: as agreed with Ropo.",
    )
    debt_type = fields.Selection(
        [
            ("capital", "Capital"),
            ("customer_fee", "A Fee"),
            ("reminder_fee", "A Reminder Fee"),
        ],
        help="Sent with collections. Empty: the principal, as agreed with Ropo.",
    )
    notice_fee = fields.Monetary(
        string="Own Reminder Fee",
        help="What the debtor pays for your own reminder, besides the open amount "
        "of each invoice.",
    )
    claim_parts = fields.Boolean(
        string="Transfer Overdue Instalments Separately",
        help="An invoice with several instalments is transferred as soon as one of "
        "them is overdue, with what is overdue. Ropo takes each invoice once, "
        "so later instalments are not transferred any more. Otherwise it is "
        "transferred when the last instalment is overdue.",
    )

    is_rental = fields.Boolean(
        string="Rent",
        help="What is claimed is rent of a home or of premises, which has rules of its "
        "own in Finland.",
    )

    _notice_fee_positive = models.Constraint(
        "CHECK(notice_fee >= 0)", "Own reminder costs can't be negative."
    )

    def _terms(self, **values):
        """These as plain `Terms`, with `values` besides."""
        return Terms(**{name: self[name] for name in SHARED_TERMS}, **values)
