"""A process beside the tests: Odoo over HTTP in threads, with real commits."""

import json
import sys

from werkzeug.serving import make_server

from odoo import SUPERUSER_ID, api, http
from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.tools import config


def main(database):
    options = ["--database", database, "--db-filter", f"^{database}$"]
    config.parse_config([*options, "--log-level", "critical"])
    load_server_wide_modules()
    registry = Registry(database)
    with registry.cursor() as cr:
        key = create_account(api.Environment(cr, SUPERUSER_ID, {}))
    http.root.initialize()
    server = make_server("127.0.0.1", 0, http.root, threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    sys.stdout.write(json.dumps({"url": url, "key": key}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


def create_account(env):
    env["ir.cron"].search([]).active = False
    account = env["ropo.account"].create(
        {"name": "Example", "webhook_user": "ropo", "webhook_password": "secret"}
    )
    return account.webhook_key


if __name__ == "__main__":
    main(sys.argv[1])
