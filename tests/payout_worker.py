"""A process beside the tests: two connections match payouts, with real commits.

Prints `{scene: [what each press of the button came to, the books]}` as JSON.
"""

import json
import sys

from crash_worker import in_company, make, set_up

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tools import config

NOBODY = "http://127.0.0.1:9"  # Ropo is not asked
PROFILE = {"channel": "ropo_one", "cid": "700001", "apicode": "sandbox-apicode"}
MATCHED = "matched"


def main(database):
    config.parse_config(["--database", database, "--log-level", "critical"])
    registry = Registry(database)
    results = {}
    with registry.cursor() as cr:
        account = set_up(api.Environment(cr, SUPERUSER_ID, {}), NOBODY, PROFILE)
        journal = make_journal(cr, account)
    for scene, lines in ((same_line, 1), (same_payment, 2), (old_snapshot, 1)):
        with registry.cursor() as cr:
            dialogs = open_dialogs(in_company_of(cr, account), journal, lines)
        with registry.cursor() as first, registry.cursor() as second:
            envs = (in_company_of(cr, account) for cr in (first, second))
            said = scene(*zip(envs, dialogs, strict=True))
        with registry.cursor() as cr:
            results[scene.__name__] = [said, books(in_company_of(cr, account), dialogs)]
    sys.stdout.write(json.dumps(results) + "\n")


# --- what two do ---


def same_line(first, second):
    """The second comes while the first is not committed, and once it is."""
    env, _dialog = first
    said = [press(*first), press(*second)]
    env.cr.commit()
    return [*said, press(*second)]


def same_payment(first, second):
    """The same, of two bank lines that pay out one payment."""
    return same_line(first, second)


def old_snapshot(first, second):
    """The second began before the first was done, and is repeated as Odoo does it."""
    (env, _dialog), (other, _dialog) = first, second
    other.cr.execute("SELECT count(*) FROM account_move_line")
    said = [press(*first)]
    env.cr.commit()
    return [*said, retrying(lambda: press(*second), other)]


def press(env, dialog):
    """Presses the button of the dialog; `matched`, or what the user is shown."""
    env.cr.execute("SET LOCAL lock_timeout = '5s'")  # who waits fails
    try:
        env["ropo.payout.wizard"].browse(dialog).action_match()
        env.flush_all()
    except UserError as error:
        env.cr.rollback()
        env.transaction.reset()
        return str(error)
    return MATCHED


# --- what is there ---


def in_company_of(cr, account):
    return in_company(api.Environment(cr, SUPERUSER_ID, {}), account)


def make_journal(cr, account):
    """Where payments that Ropo collected are registered, against an account of it."""
    env = in_company_of(cr, account)
    outstanding = env["account.account"].create(
        {
            "name": "Money at Ropo",
            "code": "177777",
            "account_type": "asset_current",
            "reconcile": True,
        }
    )
    journal = env["account.journal"].create(
        {"name": "Ropo", "code": "ROPO", "type": "bank"}
    )
    methods = journal.inbound_payment_method_line_ids
    methods.payment_account_id = outstanding
    env["ropo.account"].browse(account).settlement_journal_id = journal
    return journal.id


def open_dialogs(env, journal, lines):
    """A payment, and two open dialogs that propose it, on so many bank lines."""
    invoice = make(env, 1)
    register = env["account.payment.register"].with_context(
        active_model="account.move", active_ids=invoice.ids
    )
    register.create({"journal_id": journal})._create_payments()
    values = {"journal_id": journal, "payment_ref": invoice.name}
    values["amount"] = invoice.amount_total
    bank_lines = env["account.bank.statement.line"].create([values] * lines)
    dialogs = env["ropo.payout.wizard"].create(
        [{"statement_line_id": line.id} for line in (bank_lines[0], bank_lines[-1])]
    )
    return dialogs.ids


def books(env, dialogs):
    """What is open of the bank lines, and of their payment, and by how many lines it
    was paid out."""
    dialogs = env["ropo.payout.wizard"].browse(dialogs)
    payment = dialogs.line_ids.move_line_id
    return {
        "lines": dialogs.statement_line_id.mapped("ropo_open_amount"),
        "payment": payment.amount_residual,
        "paid out by": len(payment.matched_credit_ids),
    }


if __name__ == "__main__":
    main(sys.argv[1])
