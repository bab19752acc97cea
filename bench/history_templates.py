"""The entries that the rows of a history are copies of."""

from odoo import Command, fields


def write_templates(env, account):
    """A posted entry of each kind of this company, of two journal items each; what
    Ropo collects has a journal of its own.

    :param account: at Ropo, which gets an account for bad debts
    """
    receivable = env.user.partner_id.property_account_receivable_id
    outstanding, losses = env["account.account"].create(
        [
            {
                "name": name,
                "code": code,
                "account_type": kind,
                "reconcile": kind == "asset_current",
            }
            for name, code, kind in (
                ("Money at Ropo", "177771", "asset_current"),
                ("Bad Debts", "688881", "expense"),
            )
        ]
    )
    account.bad_debt_account_ids = losses
    journal = env["account.journal"].create(
        {"name": "Ropo", "code": "ROPOH", "type": "bank", "ropo_settlement": True}
    )
    bank, misc = (_journal(env, kind) for kind in ("bank", "general"))
    cash = bank.default_account_id
    expense = env["account.account"].search(
        [("account_type", "=", "expense"), ("id", "!=", losses.id)], limit=1
    )
    templates = {
        "invoice": _invoice(env, "out_invoice"),
        "credit": _invoice(env, "out_refund"),
        "payment": _entry(env, bank, cash, receivable),
        "collected": _entry(env, journal, outstanding, receivable),
        "loss": _entry(env, misc, losses, receivable),
        "adjustment": _entry(env, misc, expense, receivable),
        "payout": _entry(env, bank, cash, outstanding),
    }
    for move in templates.values():
        move.action_post()
    return templates


def _journal(env, kind):
    own = [("type", "=", kind), ("company_id", "=", env.company.id)]
    return env["account.journal"].search(own, limit=1)


def _invoice(env, kind):
    line = {"name": "Work", "price_unit": 1, "tax_ids": False}
    return env["account.move"].create(
        {
            "move_type": kind,
            "partner_id": env.user.partner_id.id,
            "invoice_date": fields.Date.context_today(env.user),
            "journal_id": _journal(env, "sale").id,
            "invoice_payment_term_id": False,
            "invoice_line_ids": [Command.create(line)],
        }
    )


def _entry(env, journal, debit, credit):
    common = {"partner_id": env.user.partner_id.id}
    return env["account.move"].create(
        {
            "journal_id": journal.id,
            "date": fields.Date.context_today(env.user),
            "line_ids": [
                Command.create({**common, "account_id": debit.id, "debit": 1}),
                Command.create({**common, "account_id": credit.id, "credit": 1}),
            ],
        }
    )
