"""A small Finnish company: its customers, its products, its thirty invoices.

All names, numbers and addresses are invented, and the same in every run; only the dates
follow the calendar.
"""

from datetime import timedelta

from odoo import Command, fields

COMPANY = "Demo Company Oy"
LOGIN = "ropo"
SIGNATORY = "signatory@demo.example"  # who signs the agreement with Ropo
SETTLEMENT = "ROPO"  # the code of the journal for what Ropo pays out
BANK = "BNK1"

# By rate, the taxes of the Finnish chart of accounts.
TAXES = {
    25.5: "tax_dom_sales_goods_25_5",
    14: "tax_dom_sales_goods_14",
    10: "tax_dom_sales_goods_10",
    0: "tax_dom_sales_goods_0",
}
PRODUCTS = {
    "Consulting, hour": (95.00, 25.5),
    "Device rental, day": (149.90, 25.5),
    "Handbook": (38.50, 14),
    "Magazine, one year": (89.00, 10),
    "Membership fee": (120.00, 0),
}

E_INVOICE = {"ropo_sendtype": "evoice", "ropo_evoice_operator": "EXAMPLEOPERATOR"}
EMAIL = {"ropo_sendtype": "email"}
POST = {"ropo_sendtype": "post"}
COMPANIES = {
    "Example 1 Oy": {
        "company_registry": "0000001-9",
        "ropo_evoice": "003700000019",
        **E_INVOICE,
    },
    "Example 2 Oy": {
        "company_registry": "0000002-7",
        "ropo_evoice": "003700000027",
        **E_INVOICE,
    },
    "Example 3 Oy": {
        "company_registry": "0000003-5",
        "email": "invoices@three.example",
        **EMAIL,
    },
    "Example 4 Oy": {"company_registry": "0000004-3", **POST},
    "Example 5 Oy": {"company_registry": "0000005-1"},
    "Example 6 Oy": {"company_registry": "0000007-8", "city": False},
}
CONSUMERS = {
    "Esimerkki Asiakas 1": {"email": "asiakas1@home.example", **EMAIL},
    "Esimerkki Asiakas 2": {"email": "asiakas2@home.example", **EMAIL},
    "Esimerkki Asiakas 3": POST,
    "Esimerkki Asiakas 4": POST,
    "Esimerkki Asiakas 5": {"ropo_language": "sv"},
    "Esimerkki Asiakas 6": {"ropo_no_collection": True},
}
WITHOUT_CITY = "Example 6 Oy"

# What is sold: (product, quantity, discount in percent); a text alone is a note.
BASKETS = {
    "hours": [("Consulting, hour", 12, 0)],
    "rental": [("Device rental, day", 5, 10)],
    "books": [("Handbook", 7, 0)],
    "magazine": [("Magazine, one year", 1, 0)],
    "member": [("Membership fee", 1, 0)],
    "mixed": [
        ("Consulting, hour", 3.5, 0),
        ("Handbook", 3, 12.5),
        ("Magazine, one year", 2, 0),
        ("Membership fee", 1, 0),
    ],
    "project": [
        ("Consulting, hour", 37.75, 7.5),
        ("Device rental, day", 11, 0),
        "Work was done as agreed; the devices came back in order.",
        ("Handbook", 1, 100),
    ],
}

# Customer, days since it was due (negative: days to go), what was sold.
INVOICES = [
    # overdue long enough
    ("Example 1 Oy", 38, "project"),
    ("Example 2 Oy", 36, "hours"),
    ("Esimerkki Asiakas 1", 35, "mixed"),
    ("Example 3 Oy", 33, "mixed"),
    ("Esimerkki Asiakas 2", 31, "rental"),
    ("Example 4 Oy", 29, "rental"),
    ("Esimerkki Asiakas 3", 27, "books"),
    ("Example 5 Oy", 22, "hours"),
    ("Esimerkki Asiakas 4", 20, "mixed"),
    ("Example 1 Oy", 15, "rental"),
    ("Esimerkki Asiakas 5", 15, "magazine"),
    # overdue, and not to be collected: an exempt customer, and too early
    ("Esimerkki Asiakas 6", 24, "member"),
    ("Esimerkki Asiakas 1", 10, "hours"),
    ("Example 2 Oy", 4, "project"),
    # not due yet
    ("Example 1 Oy", -1, "hours"),
    ("Example 2 Oy", -2, "mixed"),
    ("Example 3 Oy", -3, "project"),
    ("Example 4 Oy", -3, "books"),
    ("Example 5 Oy", -5, "mixed"),
    ("Example 6 Oy", -6, "rental"),
    ("Esimerkki Asiakas 1", -7, "books"),
    ("Esimerkki Asiakas 2", -7, "magazine"),
    ("Esimerkki Asiakas 3", -8, "member"),
    ("Esimerkki Asiakas 4", -9, "hours"),
    ("Esimerkki Asiakas 5", -10, "mixed"),
    ("Esimerkki Asiakas 6", -11, "rental"),
    ("Example 1 Oy", -12, "magazine"),
    ("Example 3 Oy", -13, "member"),
    ("Example 4 Oy", -14, "project"),
    ("Example 5 Oy", -14, "rental"),
]


def open_company(env):
    """Makes the database's company a Finnish one; its sales taxes by rate."""
    company = env.company
    company.write(
        {
            "name": COMPANY,
            "country_id": env.ref("base.fi").id,
            "street": "Esimerkkikatu 100",
            "zip": "00100",
            "city": "Helsinki",
            # Else the first invoice that is sent asks for it.
            "external_report_layout_id": env.ref("web.external_layout_standard").id,
        }
    )
    chart = env["account.chart.template"].with_company(company)
    if company.chart_template != "fi":
        chart.try_loading("fi", company)
    # Money is booked when it is registered, not only when the statement comes.
    outstanding = chart.ref("account_journal_payment_debit_account_id")
    _journal(env, BANK).inbound_payment_method_line_ids.write(
        {"payment_account_id": outstanding.id}
    )
    taxes = {rate: chart.ref(name) for rate, name in TAXES.items()}
    for tax in taxes.values():
        tax.active = True
    return taxes


def open_settlement_journal(env):
    """Where Ropo pays out what debtors paid to it: that is never reported to Ropo."""
    journal = env["account.journal"].create(
        {
            "name": "Paid out by Ropo",
            "code": SETTLEMENT,
            "type": "bank",
            "ropo_settlement": True,
        }
    )
    journal.inbound_payment_method_line_ids.payment_account_id = env[
        "account.account"
    ].create(
        {
            "name": "Collected by Ropo, not yet paid out",
            "code": "177700",
            "account_type": "asset_current",
            "reconcile": True,
        }
    )
    return journal


def register_by_itself(account):
    """From now on what debtors pay to Ropo is registered when Ropo reports it."""
    journal = _journal(account.env, SETTLEMENT)
    account.write({"settlement_journal_id": journal.id, "register_payments": True})


def held_account(env):
    """Where what Ropo received stands until it is paid out."""
    lines = _journal(env, SETTLEMENT).inbound_payment_method_line_ids
    return lines.payment_account_id


def open_payout_accounts(env, account):
    """Where the commission that Ropo deducts from a payout is booked, and its tax."""
    chart = env["account.chart.template"].with_company(account.company_id)
    tax = chart.ref("tax_dom_purchase_service_25_5")
    tax.active = True
    account.write(
        {
            "payout_commission_account_id": env["account.account"]
            .create(
                {
                    "name": "Collection Costs",
                    "code": "688900",
                    "account_type": "expense",
                }
            )
            .id,
            "payout_commission_tax_ids": tax.ids,
        }
    )


def receive_payout(env, amount):
    """The bank line in which Ropo pays out."""
    return env["account.bank.statement.line"].create(
        {
            "journal_id": _journal(env, SETTLEMENT).id,
            "date": fields.Date.today(),
            "payment_ref": "Ropo payout",
            "amount": amount,
        }
    )


def balance(account):
    """Of what is posted on an account, to the cent."""
    lines = account.env["account.move.line"].search(
        [("account_id", "=", account.id), ("parent_state", "=", "posted")]
    )
    return round(sum(lines.mapped("balance")), 2)


def open_bad_debt_accounts(account):
    """What is a loss here, and what Ropo recovers of it."""
    losses, recovered = account.env["account.account"].create(
        [
            {"name": "Bad Debts", "code": "688800", "account_type": "expense"},
            {
                "name": "Recovered Bad Debts",
                "code": "388800",
                "account_type": "income_other",
            },
        ]
    )
    account.write(
        {
            "bad_debt_account_ids": losses.ids,
            "recovered_debt_account_id": recovered.id,
        }
    )


def open_ropo_account(env, sandbox):
    return env["ropo.account"].create(
        {
            "name": "Ropo (sandbox)",
            "environment": "sandbox",
            "base_url": sandbox.url,
            **sandbox.account,
        }
    )


def create_user(env):
    """An accountant, who sends invoices and books money and sets up nothing."""
    groups = [
        "base.group_user",
        "base.group_partner_manager",
        "account.group_account_user",
        "ropo_connect.group_ropo_user",
    ]
    return env["res.users"].create(
        {
            "name": "Demo Accountant",
            "login": LOGIN,
            "password": LOGIN,
            "group_ids": [Command.set([env.ref(name).id for name in groups])],
        }
    )


def write_customers(env):
    common = {
        "zip": "00100",
        "city": "Helsinki",
        "country_id": env.ref("base.fi").id,
    }
    return env["res.partner"].create(
        [
            {
                **common,
                "name": name,
                "street": f"Esimerkkikatu {number}",
                "ref": f"C{100 + number}",
                "is_company": name in COMPANIES,
                **values,
            }
            for number, (name, values) in enumerate(
                {**COMPANIES, **CONSUMERS}.items(), 1
            )
        ]
    )


def write_products(env, taxes):
    return env["product.product"].create(
        [
            {
                "name": name,
                "type": "service",
                "list_price": price,
                "taxes_id": [Command.set(taxes[rate].ids)],
            }
            for name, (price, rate) in PRODUCTS.items()
        ]
    )


def write_invoice(env, customer, days_overdue, basket):
    """A posted invoice, 14 days net, due that many days ago."""
    due = fields.Date.today() - timedelta(days=days_overdue)
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": _named(env["res.partner"], customer).id,
            "invoice_date": due - timedelta(days=14),
            "invoice_date_due": due,
            "invoice_payment_term_id": False,
            "invoice_line_ids": [
                Command.create(_line(env, item)) for item in BASKETS[basket]
            ],
        }
    )
    invoice.action_post()
    return invoice


def _line(env, item):
    if isinstance(item, str):
        return {"display_type": "line_note", "name": item}
    product, quantity, discount = item
    return {
        "product_id": _named(env["product.product"], product).id,
        "quantity": quantity,
        "discount": discount,
    }


def rates(invoice):
    """The rates on an invoice, for people."""
    percents = set(invoice.invoice_line_ids.tax_ids.mapped("amount"))
    return " + ".join(f"{percent:g}" for percent in sorted(percents)) + " %"


def pay(invoice):
    """Registers a payment with Odoo's own dialog, on the bank journal."""
    context = {"active_model": "account.move", "active_ids": invoice.ids}
    dialog = invoice.env["account.payment.register"].with_context(**context)
    journal = _journal(invoice.env, BANK)
    return dialog.create({"journal_id": journal.id})._create_payments()


def book_bank_line(invoice, amount, journal=BANK):
    """Books a line of a bank statement and settles the invoice with it."""
    line = invoice.env["account.bank.statement.line"].create(
        {
            "journal_id": _journal(invoice.env, journal).id,
            "date": fields.Date.today(),
            "payment_ref": invoice.payment_reference,
            "partner_id": invoice.commercial_partner_id.id,
            "amount": amount,
        }
    )
    receivable = invoice.line_ids.filtered(
        lambda item: item.display_type == "payment_term"
    )
    _liquidity, suspense, _other = line._seek_for_lines()
    suspense.account_id = receivable.account_id
    (suspense | receivable).reconcile()


def credit(invoice, product, quantity):
    """Credits some of one row; Odoo allocates the note to its invoice when posting."""
    context = {"active_model": "account.move", "active_ids": invoice.ids}
    dialog = invoice.env["account.move.reversal"].with_context(**context)
    reversal = dialog.create({"journal_id": invoice.journal_id.id})
    reversal.refund_moves()
    note = reversal.new_move_ids
    lines = note.invoice_line_ids
    line = lines.filtered(lambda line: line.product_id.name == product)
    (lines - line).unlink()
    line.quantity = quantity
    note.action_post()
    return note


def _journal(env, code):
    return env["account.journal"].search([("code", "=", code)])


def _named(model, name):
    return model.search([("name", "=", name)])
