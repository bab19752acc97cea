"""A process beside the storm: what happens in a company while everything breaks.

The orders of crash_worker.py, and more; an order `clock` says by how many seconds the
clock of its process is wrong.
"""

import gc
import json
import random
import sys
import time
from datetime import timedelta

import crash_worker
import requests
from crash_channels import CHANNELS, MONEY
from crash_worker import (
    collected_by,
    credit,
    in_company,
    make_claims,
    pay,
    receivables,
    send,
    transfer,
)

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.sql_db import Cursor, close_all
from odoo.tools import config

INVOICES = 20  # that wait to be sold: posting them anew would take as long as a storm
TIMEOUT = 0.4  # seconds; what is slow takes longer


def main(database):
    config.parse_config(["--database", database, "--log-level", "critical"])
    registry = Registry(database)
    shorten_timeout()
    crash_worker.answer(True)
    for line in sys.stdin:
        orders = json.loads(line)
        close_all()  # connections can't be shared with a fork
        if orders[0]["do"] == "warm_up":
            crash_worker.answer([warm_up(registry, **orders[0])])
            continue
        children = [crash_worker.start(registry, order) for order in orders]
        crash_worker.answer([crash_worker.finish(*child) for child in children])


def warm_up(registry, account, **_order):
    """A day of business in this very process: what Odoo keeps in memory of it, each
    process that is forked has at once. The database is copied anew afterwards."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        opening(env, account)
        trade(env, account, seed=1)
        crash_worker.settle(env, account)
        crash_worker.poll(env, account)
        crash_worker.report(env, account)
    close_all()
    gc.collect()
    gc.freeze()


def shorten_timeout():
    """Of every call, below the second that an account has at least."""
    # Only now does Odoo know where its addons are.
    from odoo.addons.ropo_connect.channels.transport import Transport

    Transport._seconds = lambda _transport, _timeout: TIMEOUT


def with_clock(order):
    """The order, in a process whose clock is wrong by `clock` seconds."""

    def do(env, clock=0, **values):
        if clock:
            shift_clock(clock)
        return order(env, **values)

    return do


def shift_clock(seconds):
    wrong, now, today = timedelta(seconds=seconds), Cursor.now, time.time
    context_today = fields.Date.context_today
    utc_now = fields.Datetime.now
    time.time = lambda: today() + seconds
    Cursor.now = lambda cr: now(cr) + wrong
    fields.Datetime.now = staticmethod(lambda *_args: utc_now() + wrong)
    fields.Date.today = staticmethod(lambda *_args: (utc_now() + wrong).date())
    fields.Date.context_today = staticmethod(
        lambda record, timestamp=None: context_today(
            record, timestamp or fields.Datetime.now()
        )
    )


# --- orders -------------------------------------------------------------------------


def set_up(env, url, values):
    """The same company, which books losses, and where what Ropo collects is registered
    in a journal of its own."""
    account = crash_worker.set_up(env, url, values)
    env = in_company(env, account)
    journal = env["account.journal"].create(
        {"name": "Ropo", "code": "ROPO", "type": "bank"}
    )
    methods = journal.inbound_payment_method_line_ids
    methods |= journal.outbound_payment_method_line_ids
    methods.payment_account_id = new_account(env, "177777", "asset_current")
    losses = new_account(env, "177778", "expense")
    recovered = new_account(env, "177779", "income_other")
    env["ropo.account"].browse(account).write(
        {
            "settlement_journal_id": journal.id,
            "register_payments": True,
            "bad_debt_account_ids": losses.ids,
            "recovered_debt_account_id": recovered.id,
        }
    )
    make(env, INVOICES)
    return account


def take(env, count):
    """So many of the invoices that were posted at set-up, and sold today."""
    unsold = [("move_type", "=", "out_invoice"), ("ropo_request_ids", "=", False)]
    unsold += [("state", "=", "posted"), ("company_id", "=", env.company.id)]
    found = env["account.move"].search(unsold, order="id", limit=count)
    assert len(found) == count
    return found


def new_account(env, code, kind):
    values = {"name": code, "code": code, "account_type": kind}
    if kind == "asset_current":
        values["reconcile"] = True
    return env["account.account"].create(values)


def opening(env, account):
    """What is at Ropo before anything breaks: claims, and an invoice."""
    env = in_company(env, account)
    transfer(env, make_claims(env, account, 3))
    send(env, take(env, 1))
    env["ropo.outbox"]._work_off(account)


def trade(env, account, seed, untouched=()):
    """A day's business: sales, overdue ones, money that comes and goes again, losses.

    :param untouched: numbers of invoices that somebody else pays
    """
    env = in_company(env, account)
    dice = random.Random(seed)
    transfer(env, make_claims(env, account, 2))
    send(env, take(env, 2))
    collected = collected_by(env, account)
    ours = collected.move_id.filtered(lambda move: move.name not in untouched)
    unpaid = ours.filtered("amount_residual")
    for invoice in dice.sample(unpaid, min(3, len(unpaid))):
        part = dice.randint(1, round(invoice.amount_residual * 100)) / 100
        pay(env, invoice, dice.choice([part, invoice.amount_residual]))
    payments = env["account.payment"].search([("company_id", "=", env.company.id)])
    payments -= payments.filtered(lambda p: p.reconciled_invoice_ids.name in untouched)
    for payment in dice.sample(payments, min(1, len(payments))):
        (payment.action_post if payment.state == "draft" else payment.action_draft)()
    for invoice in dice.sample(unpaid, min(1, len(unpaid))):
        credit(env, invoice, dice.randint(1, 20))
    settled = receivables(ours).filtered("matched_credit_ids")
    for line in dice.sample(settled, min(1, len(settled))):
        line.remove_move_reconcile()
    bad = ours.filtered("amount_residual") if dice.random() < 0.5 else ours.browse()
    for invoice in dice.sample(bad, min(1, len(bad))):
        write_off(env, account, invoice)
    env["ropo.comparison"]._cron_post_payments()
    env["ropo.comparison"]._cron_post_credit_notes()
    env.cr.commit()


def newest(env, account):
    """The number of an invoice that waits in the outbox."""
    domain = [("account_id", "=", account), ("state", "=", "queued")]
    return env["ropo.request"].search(domain, order="id desc", limit=1).move_id.name


def write_off(env, account, invoice):
    losses = env["ropo.account"].browse(account).bad_debt_account_ids
    env["ropo.bad.debt"]._write_off(invoice, losses, fields.Date.today())


def configure(env, account, values):
    """A manager changes the account; Odoo repeats what comes second, as for users."""
    record = env["ropo.account"].browse(account)
    retrying(lambda: record.write(values), env)
    env.cr.commit()


def decide(env, account, url, channel):
    """A person looks at Ropo and decides what is open, whoever looks it up meanwhile;
    how many it were."""
    side, decided = CHANNELS[channel], 0
    domain = [("account_id", "=", account), ("state", "in", ("unknown", "rejected"))]
    for request in env["ropo.request"].search(domain):
        try:
            decided += retrying(lambda r=request: decide_one(r, url, side), env)
            env.cr.commit()
        except UserError:
            env.cr.rollback()  # another came first
    return decided


def decide_one(request, url, channel):
    """Begins a transaction: what changes after the look makes this run again."""
    request.invalidate_recordset()
    if request.state == "rejected":
        if request.operation in channel.by_person or not request.is_to_fix:
            return 0
        request.action_retry()
        return 1
    if request.state != "unknown":
        return 0
    state = requests.get(f"{url}/_sandbox/state", timeout=10).json()
    if arrived(request, channel.held(state)):
        request.action_resolve_done()
    else:
        request.action_resolve_requeue()
    return 1


def arrived(request, held):
    """Whether Ropo has one more than is known of."""
    ours = request.move_id.ropo_job_ids
    if request.job_id.jobid:
        known = request.job_id.request_ids.filtered(
            lambda other: other.state == "done" and other.operation in MONEY
        )
        return held[request.job_id.jobid].reports > len(known)
    known, collects = set(ours.mapped("jobid")), request.operation != "invoice"
    return any(
        case.number == request.move_id.name
        and (case.capital is not None) == collects
        and jobid not in known
        for jobid, case in held.items()
    )


def payout(env, account, amount):
    """Ropo pays so much out: its bank line is matched with what it collected."""
    env = in_company(env, account)
    journal = env["ropo.account"].browse(account).settlement_journal_id
    line = env["account.bank.statement.line"].create(
        {"journal_id": journal.id, "payment_ref": "Payout", "amount": amount}
    )
    wizard = env["ropo.payout.wizard"].create({"statement_line_id": line.id})
    wizard.action_match()
    env.cr.commit()
    return line.is_reconciled


def asked(env, account):
    """How often people are asked about each cause."""
    groups = env["mail.activity"]._read_group(
        [("ropo_key", "!=", False)], ["ropo_key", "res_model", "res_id"], ["__count"]
    )
    return [(key, count) for key, _model, _id, count in groups]


def left(env, account):
    """What is in no case: what the ledger says that Ropo holds, and what people are
    still asked."""
    record = env["ropo.account"].browse(account)
    journal = record.settlement_journal_id
    outstanding = journal.inbound_payment_method_line_ids.payment_account_id
    lines = env["account.move.line"].search(
        [("account_id", "=", outstanding.id), ("parent_state", "=", "posted")]
    )
    return {
        "held": round(sum(lines.mapped("balance")), 2),
        "asked": env["mail.activity"]
        .search([("ropo_key", "!=", False)])
        .mapped("ropo_key"),
    }


def run_crons(env, account):
    """Runs every cron once as the scheduler does; which of them would run again at
    once, or soon."""
    names = env["ir.model.data"].search(
        [("module", "=", "ropo_connect"), ("model", "=", "ir.cron")]
    )
    crons = env["ir.cron"].browse(names.mapped("res_id"))
    crons.active = True
    env["ir.cron.trigger"].search([]).unlink()
    env["ir.cron.progress"].search([]).unlink()
    busy = {}
    for cron in crons:
        env.cr.commit()
        if cron.method_direct_trigger() is not True:
            busy[cron.name] = "failed"
    for cron in crons:
        runs = env["ir.cron.progress"].search([("cron_id", "=", cron.id)])
        triggers = env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        if len(runs) > 1 or sum(runs.mapped("remaining")) or triggers:
            busy[cron.name] = [len(runs), runs.mapped("remaining"), triggers]
    return busy


def run_restless_crons(env, account):
    """The same, with one that comes back at once, and asks a person the same twice."""
    name = "cron_post_payments"
    model = type(env["ropo.comparison"])
    method = getattr(model, f"_{name}")

    def come_back(self):
        method(self)
        env.ref(f"ropo_connect.{name}")._trigger()

    setattr(model, f"_{name}", come_back)
    busy = list(run_crons(env, account))
    env["ropo.account"].browse(account)._ask_person("rights", "Twice", "")
    env["mail.activity"].search([("ropo_key", "=", "rights")]).copy(
        {"ropo_key": "rights"}
    )
    env.cr.commit()
    return busy


def events(env, account):
    """What Ropo reported, and what became of it."""
    found = env["ropo.event"].search([("account_id", "=", account)], order="id")
    names = [
        "source",
        "state",
        "assignment",
        "number",
        "amount",
        "settlement",
        "problem",
    ]
    return [{name: event[name] for name in names} for event in found]


make, crash_worker.make = crash_worker.make, take
own = (set_up, opening, trade, newest, configure, decide, payout, asked, left)
own += (run_crons, run_restless_crons, events)
crash_worker.ORDERS |= {order.__name__: order for order in own}
crash_worker.ORDERS = {
    name: with_clock(order) for name, order in crash_worker.ORDERS.items()
}

if __name__ == "__main__":
    main(sys.argv[1])
