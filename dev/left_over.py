"""What one version of the addon leaves to the next, on the database of its demo.

Runs beside both versions, and so by what is in the earliest: `leave` adds what is not
finished, `due` prints what is kept of cases and what the comparison with the ledger
finds to tell Ropo besides, and `agree` tells it and compares both sides.
"""

import json
import os
import sys

from .demo import comparison
from .demo.__main__ import odoo
from .demo.sandbox import DEFAULT, SANDBOXES

NOW = "2000-01-01 00:00:00"  # for what is to be asked for when its time has come
TABLES = ["ropo_account", "ropo_event", "ropo_job", "ropo_request"]
FOUND_BY = ["cron_post_payments", "cron_post_credit_notes", "cron_transfer_overdue"]


def leave(env, sandbox):
    """One invoice is paid in part, one in full and one credited in part, of which Ropo
    knows nothing yet. One is sent without an answer, and one waits."""
    from .demo import books  # needs Odoo, which is configured only now

    paid, part_paid, credited = _collected(env)[:3].move_id
    books.pay(paid)
    books.book_bank_line(part_paid, 10.00)
    books.credit(credited, credited.invoice_line_ids.product_id[:1].name, 1)
    _queue(env, paid)
    sandbox.lose_answer()
    _run_cron(env, "cron_process_requests")
    _queue(env, paid)


def _queue(env, like):
    invoice = like.copy({"invoice_date": like.invoice_date})
    invoice.action_post()
    context = {"active_model": "account.move", "active_ids": invoice.ids}
    env["ropo.send.wizard"].with_context(**context).create({}).action_send()


def due(env, _sandbox):
    """All that is kept, and what is found to tell besides."""
    kept = {table: _rows(env, table) for table in TABLES}
    known = env["ropo.request"].search([])
    for name in FOUND_BY:
        _run_cron(env, name)
    new = env["ropo.request"].search([]) - known
    return {"rows": kept, "due": [_fact(request) for request in new.sorted("id")]}


def agree(env, sandbox):
    """Tells Ropo what is due, and returns what then differs."""
    env["ropo.request"].search([("state", "=", "unknown")]).next_attempt_at = NOW
    for name in (*FOUND_BY, "cron_process_requests", "cron_poll_status"):
        _run_cron(env, name)
    moves = env["account.move"].search([("ropo_job_ids", "!=", False)])
    found = comparison.compare(moves, sandbox.held())
    differing = [str(row) for row in found if not row.agrees]
    if twice := sandbox.sent_twice():
        differing.append(f"{twice} were sent twice")
    return differing


def _collected(env):
    cases = env["ropo.job"].search(
        [("kind", "in", ["reminder", "collection"])], order="id"
    )
    return cases.filtered(lambda case: case.move_id.amount_residual > 500)


def _fact(request):
    return [
        request.operation,
        request.move_id.name,
        request.job_id.jobid or "",
        f"{request.amount:.2f}",
        request.currency_id.name,
    ]


def _rows(env, table):
    env.cr.execute(f"SELECT * FROM {table} ORDER BY id")
    return {str(row["id"]): row for row in env.cr.dictfetchall()}


def _run_cron(env, name):
    env.cr.commit()
    result = env.ref(f"ropo_connect.{name}").method_direct_trigger()
    if result is not True:
        raise RuntimeError(f"{name} failed: {result}")
    env.cr.commit()
    env.invalidate_all()


COMMANDS = {command.__name__: command for command in (leave, due, agree)}


def main():
    sandbox = SANDBOXES[DEFAULT](os.environ["ROPO_SANDBOX_URL"])
    with odoo(os.environ["PGDATABASE"]) as env:
        print(json.dumps(COMMANDS[sys.argv[1]](env, sandbox), default=str))


if __name__ == "__main__":
    main()
