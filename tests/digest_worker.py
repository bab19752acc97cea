"""A process beside the tests: two connections send the summary, with real commits.

Prints `{scene: [e-mails after each step]}` as JSON.
"""

import json
import sys

from crash_worker import in_company, set_up

from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tools import config

NOBODY = "http://127.0.0.1:9"  # Ropo is not asked
PROFILE = {"channel": "ropo_one", "cid": "700001", "apicode": "sandbox-apicode"}
SUBJECT = "Ropo: 1 item to review"


def main(database):
    config.parse_config(["--database", database, "--log-level", "critical"])
    registry = Registry(database)
    results = {}
    with registry.cursor() as cr:
        account = set_up(api.Environment(cr, SUPERUSER_ID, {}), NOBODY, PROFILE)
        reader = make_reader(cr, account)
    for scene in (at_once, old_snapshot, old_cache):
        with registry.cursor() as cr:
            user = in_company_of(cr, account)["res.users"].browse(reader)
            user.ropo_digest_sent = False
            mails(user.env).unlink()
        with registry.cursor() as first, registry.cursor() as second:
            digests = [
                in_company_of(cr, account)["ropo.digest"] for cr in (first, second)
            ]
            for digest in digests:
                digest.env.cr.execute(
                    "SET LOCAL lock_timeout = '5s'"
                )  # who waits fails
            results[scene.__name__] = scene(*digests, reader)
    sys.stdout.write(json.dumps(results) + "\n")


# --- what two do ---


def at_once(first, second, reader):
    """The second comes while the first is not committed."""
    found = [send(first, reader), send(second, reader)]
    second.env.cr.commit()
    first.env.cr.commit()
    return [*found, len(mails(first.env))]


def old_snapshot(first, second, reader):
    """The second began before the first was done, and is repeated as Odoo does it."""
    second.env.cr.execute("SELECT count(*) FROM res_users")
    found = [send(first, reader)]
    first.env.cr.commit()
    return [*found, retrying(lambda: send(second, reader), second.env)]


def old_cache(first, second, reader):
    """The second read the day in an earlier transaction of its run."""
    second.env["res.users"].browse(reader).mapped("ropo_digest_sent")
    second.env.cr.commit()
    found = [send(first, reader)]
    first.env.cr.commit()
    return [*found, send(second, reader)]


def send(digest, reader):
    """Sends to the reader; how many e-mails this connection sees then."""
    digest._send(digest.env["res.users"].browse(reader))
    digest.env.flush_all()
    return len(mails(digest.env))


# --- what is there ---


def mails(env):
    return env["mail.mail"].search([("subject", "=", SUBJECT)])


def in_company_of(cr, account):
    return in_company(api.Environment(cr, SUPERUSER_ID, {}), account)


def make_reader(cr, account):
    """A manager who wants the summary, and something that waits."""
    env = in_company_of(cr, account)
    manager = env.ref("ropo_connect.group_ropo_manager")
    reader = env["res.users"].create(
        {
            "name": "Reader",
            "login": "reader",
            "email": "reader@example.com",
            "company_id": env.company.id,
            "company_ids": [Command.set(env.company.ids)],
            "group_ids": [Command.link(manager.id)],
            "ropo_digest_on": True,
        }
    )
    env["ropo.account"].browse(account)._ask_person("database", "Moved", "Look at it.")
    return reader.id


if __name__ == "__main__":
    main(sys.argv[1])
