"""A process beside the tests: two hosts do the jobs of one database, and one dies.

Gets the name of the database, the address of a sandbox, the configuration and the
folder of Ropo Connect's own tests; prints what had arrived at Ropo when the first host
died, and in the end, as JSON.
"""

import json
import sys

import hosts
import requests

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

sys.path.append(sys.argv[4])  # the tests of Ropo Connect

from crash_worker import in_company, make, open_accounts, put  # noqa: E402

ACCOUNTS, EACH = 3, 20
BEFORE = 6  # arrived, when the first host dies


def main(database, url, configuration):
    options = ["--config", configuration, "--database", database]
    config.parse_config([*options, "--log-level", "critical"])
    registry = Registry(database)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        accounts = open_accounts(env, url, ACCOUNTS, timeout=2)
    post(url, "latency", ms=100)
    with hosts.host(database) as first:
        hosts.until(lambda: has_runner(registry))
        with hosts.host(database):
            fill(registry, accounts)
            hosts.until(lambda: len(arrived(url)) >= BEFORE)
            first.kill()
            let_leases_end(registry)
            before = len(arrived(url))
            hosts.until(lambda: is_done(registry))
    jobs = arrived(url)
    result = {"before": before, "came": len(jobs), "twice": len(jobs) - len(set(jobs))}
    sys.stdout.write(json.dumps(result) + "\n")


def fill(registry, accounts):
    with registry.cursor() as cr:
        for account in accounts:
            env = in_company(api.Environment(cr, SUPERUSER_ID, {}), account)
            put(env["ropo.send.wizard"], "action_send", make(env, EACH))


def has_runner(registry):
    """Whether a host's runner has the lock by which it alone hands out the jobs."""
    # Only by now Odoo knows where its addons are.
    from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID

    with registry.cursor() as cr:
        cr.execute("SELECT pg_try_advisory_xact_lock(%s)", [PG_ADVISORY_LOCK_ID])
        return not cr.fetchone()[0]


def let_leases_end(registry):
    """Of what the dead host was sending: nobody else sends yet."""
    with registry.cursor() as cr:
        cr.execute(
            "UPDATE ropo_request SET lease_until = NOW() AT TIME ZONE 'UTC' "
            "- INTERVAL '1 hour' WHERE state = 'sending'"
        )


def is_done(registry):
    """Whether all are. For what was lost, the scheduled action would come in time."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        states = env["ropo.request"].search([]).mapped("state")
        if "queued" not in states:
            env["ropo.outbox"]._work_off_all()
        return set(states) == {"done"}


def arrived(url):
    state = requests.get(f"{url}/_sandbox/state", timeout=10).json()
    return [(job["cid"], job["billnum"]) for job in state["jobs"]]


def post(url, path, **body):
    requests.post(f"{url}/_sandbox/{path}", json=body, timeout=10).raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:4])
