"""A process beside the tests: several of Odoo's workers run the scheduled actions of
one database at the same moment, with real commits.

Gets the name of the database and the address of a sandbox; prints
`{scene: what came of it}` as JSON.
"""

import json
import os
import sys
import time

import requests
from crash_worker import finish, in_company, make, open_accounts, put

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry
from odoo.sql_db import close_all
from odoo.tools import config

ACCOUNTS, EACH, AT_NIGHT = 4, 10, 40
LONGEST = 60  # seconds that a scene may take


def main(database, url):
    config.parse_config(["--database", database, "--log-level", "critical"])
    registry = Registry(database)
    results = {}
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        accounts = open_accounts(env, url, ACCOUNTS, timeout=5)
    post(url, "latency", ms=50)
    for scene in (side_by_side, somebody_waits):
        results[scene.__name__] = scene(registry, accounts, url)
    sys.stdout.write(json.dumps(results) + "\n")


# --- scenes ---


def side_by_side(registry, accounts, url):
    """Two workers, four accounts; how many each of them sent, and what arrived."""
    with registry.cursor() as cr:
        for account in accounts:
            fill(in_company(api.Environment(cr, SUPERUSER_ID, {}), account), EACH)
    wake(registry)
    sent = at_once(registry, [work_as_server] * 2)
    return {"sent": sent, **arrived(url)}


def somebody_waits(registry, accounts, url):
    """Somebody sends one invoice while a worker is at a night's run of its account;
    how many of the night's waited still when the one was answered."""
    with registry.cursor() as cr:
        env = in_company(api.Environment(cr, SUPERUSER_ID, {}), accounts[0])
        fill(env, AT_NIGHT)
        one = make(env, 1)
    wake(registry)
    (_sent, left) = at_once(
        registry, [work_as_server, lambda env: send_one(env, accounts[0], one.ids)]
    )
    return {"left": left, **arrived(url)}


def send_one(env, account, ids):
    env = in_company(env, account)
    queued = [("state", "=", "queued")]
    until(env, lambda: env["ropo.request"].search_count(queued) < AT_NIGHT - 5)
    moves = env["account.move"].browse(ids)
    put(env["ropo.send.wizard"], "action_send", moves)
    until(env, lambda: moves.ropo_request_ids.state == "done")
    return env["ropo.request"].search_count(queued)


# --- workers ---


def at_once(registry, works):
    """What each of these comes to, in a process of its own."""
    close_all()  # connections can't be shared with a fork
    return [finish(*child) for child in [start(registry, work) for work in works]]


def start(registry, work):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    with registry.cursor() as cr:
        result = work(api.Environment(cr, SUPERUSER_ID, {}))
    with os.fdopen(writer, "w") as pipe:
        json.dump(result, pipe)
    os._exit(0)


def work_as_server(env):
    """Runs what is due as a worker for scheduled actions does, until nothing is; how
    many requests it sent."""
    outbox, sent = type(env["ropo.outbox"]), []
    work_off = outbox._work_off

    def counting(self, *args, **kwargs):
        sent.append(work_off(self, *args, **kwargs))
        return sent[-1]

    outbox._work_off = counting

    def is_done():
        env.registry["ir.cron"]._process_jobs(env.cr.dbname)
        return not env["ropo.due"]._count()

    until(env, is_done)
    return sum(sent)


def until(env, is_true):
    end = time.monotonic() + LONGEST
    while True:
        env.cr.commit()
        env.invalidate_all()
        if is_true():
            return
        assert time.monotonic() < end
        time.sleep(0.05)


# --- the books and Ropo ---


def fill(env, count):
    """Puts so many invoices into the outbox."""
    put(env["ropo.send.wizard"], "action_send", make(env, count))


def wake(registry):
    """Only the outbox's own scheduled actions run, the first of them at once."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        crons = env["ir.cron"].with_context(active_test=False)
        own = crons.search([("cron_name", "like", "Ropo: Send Outbox")])
        later = fields.Datetime.add(fields.Datetime.now(), hours=1)
        own.write({"active": True, "nextcall": later})
        env.ref("ropo_connect.cron_process_requests")._trigger()


def arrived(url):
    """How many invoices of each account came, and how many of them twice."""
    state = requests.get(f"{url}/_sandbox/state", timeout=10).json()
    jobs = [(job["cid"], job["billnum"]) for job in state["jobs"]]
    accounts = sorted({cid for cid, _number in jobs})
    return {
        "came": [sum(cid == own for cid, _number in jobs) for own in accounts],
        "twice": len(jobs) - len(set(jobs)),
    }


def post(url, path, **body):
    requests.post(f"{url}/_sandbox/{path}", json=body, timeout=10).raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:])
