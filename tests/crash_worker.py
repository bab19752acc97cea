"""A process beside the tests: works the outbox with real commits, dies on order.

Reads orders as lines of JSON and carries each out in processes of their own, which it
forks once Odoo is loaded. An order `die` names the step at which they kill themselves.
"""

import fnmatch
import json
import os
import signal
import sys
import threading
import time
import traceback

import requests

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.sql_db import ConnectionPool, close_all
from odoo.tools import config


def main(database):
    config.parse_config(["--database", database, "--log-level", "critical"])
    registry = Registry(database)
    answer(True)
    for line in sys.stdin:
        orders = json.loads(line)
        close_all()  # connections can't be shared with a fork
        children = [start(registry, order) for order in orders]
        answer([finish(*child) for child in children])


def answer(value):
    sys.stdout.write(json.dumps(value, default=str) + "\n")
    sys.stdout.flush()


def start(registry, order):
    """Forks a process that carries out `order`; `(its id, where its answer comes)`."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    try:
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            result = ORDERS[order.pop("do")](env, **order)
    except Exception:
        result = {"error": traceback.format_exc()}
    with os.fdopen(writer, "w") as pipe:
        json.dump(result, pipe, default=str)
    os._exit(0)


def finish(pid, reader):
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    _pid, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return {"killed": os.WTERMSIG(status)}
    return json.loads(text)


# --- orders -------------------------------------------------------------------------


def set_up(env, url, values):
    """A Finnish company with an account of these values at the sandbox."""
    # Else Odoo installs further modules for a company of this country.
    companies = env["res.company"].with_context(install_mode=True)
    company = companies.create(
        {
            "name": f"Example {values.get('name', values['channel'])} Oy",
            "vat": "FI20774740",
            "street": "Esimerkkikatu 2",
            "zip": "00100",
            "city": "Helsinki",
            "country_id": env.ref("base.fi").id,
        }
    )
    company = company.with_env(env)
    env["account.chart.template"].try_loading("fi", company, install_demo=False)
    # An e-invoice has a tax on each line; Finland's come archived.
    taxes = env["account.tax"].with_context(active_test=False)
    company.account_sale_tax_id = taxes.search(
        [
            ("company_id", "=", company.id),
            ("type_tax_use", "=", "sale"),
            ("amount", "=", 25.5),
            ("price_include", "=", False),
        ],
        limit=1,
    )
    company.account_sale_tax_id.active = True
    env["ir.config_parameter"].set_param("ropo_connect.look_up_delay", 0)
    account = env["ropo.account"].create(
        {
            "name": "Example",
            "company_id": company.id,
            "environment": "sandbox",
            "country": "fi",
            "base_url": url,
            "timeout": 1,
            # What is transferred here was never sent: it goes without a warning.
            "delivered_elsewhere": True,
            **values,
        }
    )
    env["ir.cron"].search([]).active = False
    return account.id


def open_accounts(env, url, count, **values):
    """So many accounts, each with a company of its own, and one connection that takes
    one invoice a call; the sandbox at `url` gets a customer for each."""
    ids = []
    for number in range(1, count + 1):
        credentials = {"cid": f"70000{number}", "apicode": f"sandbox-{number}"}
        requests.post(f"{url}/_sandbox/profiles", json=credentials, timeout=10)
        names = {"channel": "ropo_one", "name": f"{number}"}
        alone = {"batch_size": 1, "max_concurrency": 1}
        ids.append(set_up(env, url, {**names, **credentials, **alone, **values}))
    return ids


def prepare(env, account, invoices=0, reminders=0, payments=0, batch_size=50):
    """Puts so many of each into the outbox."""
    env = in_company(env, account)
    env["ropo.account"].browse(account).batch_size = batch_size
    claims = make_claims(env, account, payments + reminders)
    if payments:
        transfer(env, claims[:payments])
        env["ropo.outbox"]._work_off(account)
        env.invalidate_all()
        for invoice in claims[:payments]:
            pay(env, invoice, 25)
        env["ropo.comparison"]._cron_post_payments()
    send(env, make(env, invoices))
    transfer(env, claims[payments:])


def send(env, moves):
    put(env["ropo.send.wizard"], "action_send", moves)


def transfer(env, moves):
    put(env["ropo.transfer.wizard"], "action_transfer", moves)


def put(wizard, action, moves):
    if moves:
        getattr(wizard.create({"move_ids": [Command.set(moves.ids)]}), action)()
        wizard.env.cr.commit()


def make_claims(env, account, count):
    """So many overdue invoices, and where the channel needs them, it has delivered
    them: whatever else waits is worked off with them."""
    moves = make(env, count)
    can = env["ropo.account"].browse(account)._channel().capabilities
    if moves and can.needs_invoice:
        send(env, moves)
        env["ropo.outbox"]._work_off(account)
        env["ropo.inbox"]._run(account, poll=True)
        env.invalidate_all()
    return moves


def make(env, count):
    """So many posted invoices that are overdue."""
    moves = env["account.move"]
    due = fields.Date.subtract(fields.Date.today(), days=20)
    for _number in range(count):
        partner = env["res.partner"].create(
            {
                "name": "Example Customer Oy",
                "is_company": True,
                "street": "Esimerkkikatu 1",
                "zip": "00100",
                "city": "Helsinki",
                "country_id": env.ref("base.fi").id,
            }
        )
        moves |= moves.create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": due,
                "invoice_date_due": due,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Work",
                            "price_unit": 100,
                            "tax_ids": env.company.account_sale_tax_id.ids,
                        }
                    )
                ],
            }
        )
    moves.action_post()
    return moves


def pay(env, invoice, amount):
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=invoice.ids
    ).create({"amount": amount})._create_payments()
    env.cr.commit()


def work(env, account, die=""):
    """Works the outbox off, and dies at the step of that name."""
    if die:
        KILL[die](env)
    return env["ropo.outbox"]._work_off(account)


def send_one(env, account):
    """Sends one invoice as a user does; how many connections that took at once, how
    often one was taken, and how many locks stay."""
    env = in_company(env, account)
    used, taken = set(), []
    borrow, give_back = ConnectionPool.borrow, ConnectionPool.give_back

    def counted_borrow(pool, *args):
        connection = borrow(pool, *args)
        used.add(connection)
        taken.append(len(used))
        return connection

    def counted_give_back(pool, connection, **options):
        used.discard(connection)
        return give_back(pool, connection, **options)

    ConnectionPool.borrow = counted_borrow
    ConnectionPool.give_back = counted_give_back
    send(env, make(env, 1))
    # And the user's own, which was taken before.
    return {"most": max(taken) + 1, "times": len(taken), "locks": count_locks(env)}


def press(env, account, on, action, path, answer):
    """A user presses a button by which Ropo is asked, and another changes the same
    rows before the answer is written. Odoo repeats what fails of that, as for users.

    What is in the rows in the end: the answer, and what the other wrote.

    :param on: the record that has the button: `case`, `invoice` or `account`
    :param path: by which it asks; what is answered is written into the field `answer`
    """
    env = in_company(env, account)
    case = collected_by(env, account)[:1]
    invoice = make(env, 1)
    account = env["ropo.account"].browse(account)
    record = {"case": case, "invoice": invoice, "account": account}[on]
    tomorrow = fields.Datetime.add(fields.Datetime.now(), days=1)
    before = {"paused_until": tomorrow}.get(answer, False)
    if record[answer] != before:
        record[answer] = before
    env.cr.commit()
    change_after(path, case, invoice, account)
    retrying(lambda: getattr(record, action)(), env)
    env.cr.commit()
    env.invalidate_all()
    others = [case.differs_since, invoice.ref, account.layout]
    kept = record[answer] != before
    account.paused_until = False
    env.cr.commit()
    return {"kept": kept, "others": [bool(value) for value in others]}


def change_after(path, case, invoice, account):
    """When `path` has answered, another transaction changes these, once."""
    # Only now does Odoo know where its addons are.
    from odoo.addons.ropo_connect.channels.transport import Transport

    call, registry = Transport.call, case.env.registry
    changes = [
        f"UPDATE ropo_job SET differs_since = now() WHERE id = {case.id}",
        f"UPDATE account_move SET ref = 'other' WHERE id = {invoice.id}",
        f"UPDATE ropo_account SET layout = 'other' WHERE id = {account.id}",
    ]

    def answered(self, method, called, **arguments):
        reply = call(self, method, called, **arguments)
        if fnmatch.fnmatchcase(called, path) and changes:
            with registry.cursor() as cr:
                while changes:
                    cr.execute(changes.pop())
        return reply

    Transport.call = answered


def count_locks(env):
    env.cr.execute(
        "SELECT count(*) FROM pg_locks JOIN pg_database database "
        "ON database.oid = pg_locks.database AND datname = current_database() "
        "WHERE locktype = 'advisory'"
    )
    return env.cr.fetchone()[0]


def fail(env, account, statement):
    """Works the outbox off; `statement` ends the run. How many locks stay."""

    def _run(self, *_args):
        self.env.cr.execute(statement)
        yield 1

    type(env["ropo.outbox"])._run = _run
    try:
        env["ropo.outbox"]._work_off(account)
    except Exception:
        time.sleep(0.1)  # until a session that was ended is gone
        return count_locks(env)


def settle(env, account, die=""):
    """Time passes, and a worker that stays alive does the rest."""
    if die:
        KILL[die](env)
    for _round in range(12):
        env.cr.execute("UPDATE ropo_account SET paused_until = NULL")
        env.cr.execute(
            "UPDATE ropo_request SET next_attempt_at = NULL WHERE state = 'queued'"
        )
        env.cr.execute(
            "UPDATE ropo_request SET lease_until = now() AT TIME ZONE 'utc' - "
            "interval '1 second' WHERE state = 'sending'"
        )
        env.cr.commit()
        env["ropo.outbox"]._work_off(account)


def collected_by(env, account):
    """The cases that Ropo collects, the newest first."""
    return env["ropo.job"].search(
        [("account_id", "=", account), ("is_collected", "=", True)]
    )


def undo(env, account):
    """Undoes what paid the three newest invoices that Ropo collects; how many
    reconciliations it was."""
    collected = collected_by(env, account)[:3]
    partials = receivables(collected.move_id).matched_credit_ids
    count = len(partials)
    partials.unlink()
    return count


def pay_again(env, account, amount, credited=0):
    """The three newest invoices that Ropo collects are paid in part, and credited."""
    env = in_company(env, account)
    for invoice in collected_by(env, account)[:3].move_id:
        pay(env, invoice, amount)
        if credited:
            credit(env, invoice, credited)


def compare(env, account, cron, seconds):
    """Runs one of the two crons of money; what it queued is committed a while later."""
    request = type(env["ropo.request"])
    queue = request._queue

    def slow(self, vals_list):
        queued = queue(self, vals_list)
        self.env.flush_all()
        time.sleep(seconds)
        return queued

    request._queue = slow
    getattr(env["ropo.comparison"], cron)()
    env.cr.commit()


def credit(env, invoice, amount):
    """Credits so much of it, before tax; what is not open of it stays over."""
    wizard = (
        env["account.move.reversal"]
        .with_context(active_model="account.move", active_ids=invoice.ids)
        .create({"journal_id": invoice.journal_id.id})
    )
    note = env["account.move"].browse(wizard.reverse_moves()["res_id"])
    note.invoice_line_ids.write({"price_unit": amount, "quantity": 1})
    note.action_post()
    open_lines = receivables(invoice | note).filtered(lambda line: not line.reconciled)
    if len(open_lines.move_id) == 2:
        open_lines.reconcile()


def receivables(moves):
    return moves.line_ids.filtered(lambda line: line.display_type == "payment_term")


def poll(env, account, die=""):
    """Asks what happened, and dies at the step of that name; why it could not."""
    if die:
        KILL[die](env)
    # Only now does Odoo know where its addons are.
    from odoo.addons.ropo_connect.channels.errors import ChannelError

    try:
        env["ropo.inbox"]._run(account, poll=True)
    except ChannelError as error:
        return str(error)


def poll_beside(env, account):
    """Polls, and another changes the account when Ropo can't be asked; what became of
    the pause, of the change, and of the day that would have to be asked for again."""
    model, registry, changed = type(env["ropo.account"]), env.registry, []
    pause = model._pause

    def _pause(self, error):
        if not changed:
            changed.append(True)
            with registry.cursor() as cr:
                cr.execute("UPDATE ropo_account SET name = 'other'")
        return pause(self, error)

    model._pause = _pause
    # Without a token nothing can be asked, and that is certain.
    env.cr.execute("DELETE FROM ropo_token")
    env.cr.commit()
    poll(env, account)
    env.cr.rollback()
    record = env["ropo.account"].browse(account)
    kept = [bool(record.paused_until), record.name, record.gap_since]
    record.paused_until = False
    env.cr.commit()
    return kept


def report(env, account):
    """What the ledger says of what Ropo holds."""
    requests = env["ropo.request"].search([("account_id", "=", account)], order="id")
    # What was refused and sent again since is as if it had not been.
    requests -= requests.filtered(lambda r: r.state == "rejected" and not r.is_to_fix)
    return [
        {
            "operation": request.operation,
            "number": request.move_id.name,
            "state": request.state,
            "attempts": request.attempts,
            "amount": request.amount,
            "jobid": request.job_id.jobid,
            "progress": request.job_id.progress,
            "stage": request.job_id.stage,
            "capital": request.job_id.open_amount,
            "owed": residual(request.move_id) + loss(request.job_id),
            "error": request.error,
            "cases": len(cases_like(request)),
        }
        for request in requests
    ]


def cases_like(request):
    """The cases that its invoice has of the same kind."""
    return request.move_id.ropo_job_ids.filtered(
        lambda case: case.kind == request.job_id.kind
    )


def residual(invoice):
    """What is open; a payment that is reset to draft has paid nothing."""
    standing = receivables(invoice).matched_credit_ids.filtered(
        lambda partial: partial.credit_move_id.move_id.state == "posted"
    )
    return invoice.amount_total - sum(standing.mapped("debit_amount_currency"))


def loss(case):
    """What is a loss in the ledger, though Ropo goes on collecting it."""
    return case.written_off - case.recovered


def hold(env, account, after, seconds):
    """A user's transaction that changes the invoices and takes its time; when another
    comes first it is done over, as Odoo does it for users."""
    time.sleep(after)
    env.cr.commit()  # begins now

    def change():
        moves = env["ropo.request"].search([("account_id", "=", account)]).move_id
        moves.ref = "changed"
        env.flush_all()
        time.sleep(seconds)

    retrying(change, env)
    env.cr.commit()


def in_company(env, account):
    company = env["ropo.account"].browse(account).company_id
    context = {"allowed_company_ids": company.ids, "mail_notrack": True}
    return env(user=SUPERUSER_ID, context=context)


ORDERS = {
    order.__name__: order
    for order in (
        *(set_up, prepare, undo, pay_again, compare, work, poll, poll_beside, settle),
        *(report, hold, send_one, fail, press),
    )
}


# --- steps --------------------------------------------------------------------------


def kill(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)


def kill_after(seconds):
    def later(request, method):
        def wrapper(*args):
            threading.Timer(seconds, kill).start()
            return method(*args)

        return wrapper

    return later


def replace(model, name, new=None):
    """A step that kills at this method of a service, or runs what `new` makes of it."""

    def act(env):
        method = getattr(type(env[model]), name)
        setattr(type(env[model]), name, new(model, method) if new else kill)

    return act


def once_done(model, method):
    def wrapper(*args, **kwargs):
        method(*args, **kwargs)
        args[0].env.flush_all()
        kill()

    return wrapper


KILL = {
    "built, not committed": replace("ropo.outbox", "_lease_end"),
    "committed, not said": replace("ropo.outbox", "_dispatch"),
    "saying": replace("ropo.outbox", "_dispatch", kill_after(0.3)),
    "answered, not recorded": replace("ropo.recording", "_record"),
    "recorded, not committed": replace("ropo.recording", "_record", once_done),
    "looked up, not committed": replace("ropo.lookup", "_take_finding", once_done),
    # Of the poll:
    "fetched, not kept": replace("ropo.inbox", "_store"),
    "kept, not taken in": replace("ropo.inbox", "_interpret"),
    "taken in, not committed": replace("ropo.inbox", "_interpret", once_done),
    "booked, not committed": replace("ropo.settlement", "_settle", once_done),
}

if __name__ == "__main__":
    main(sys.argv[1])
