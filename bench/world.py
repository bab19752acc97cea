"""Where is measured: Odoo's two databases, and the stand-in for Ropo."""

import contextlib
import os

import requests

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

from dev.demo.sandbox import RopoOne
from dev.place import LOGS

LOG = LOGS / "bench.log"
# Of what a quick run takes, where it is only to be seen that it runs.
SMALLER = 20
LEAST = 2


class Ropo(RopoOne):
    """The sandbox, as empty as one likes it and as slow as Ropo may be."""

    credentials = {key: RopoOne.account[key] for key in ("cid", "apicode")}

    def reset(self):
        self._post("reset")

    def set_latency(self, ms):
        self._post("latency", ms=ms)

    def limit_calls(self, count):
        """So many calls of the customer may be under way at once."""
        self._post("profiles", **self.credentials, concurrency=count)

    def open_customer(self, cid, apicode):
        self._post("profiles", cid=cid, apicode=apicode)

    def session(self):
        """Logged in, past the addon."""
        session = requests.Session()
        url = f"{self.url}/rest/token"
        answer = session.post(url, json=self.credentials, timeout=30)
        answer.raise_for_status()
        session.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return session


class World:
    """The database with the addon, the bare one without, those for years of cases,
    and the sandbox."""

    def __init__(self, size="full", plans=False, cases=None, open_cases=None):
        self.size, self.plans = size, plans
        self.cases = cases or self.number(200_000, 5_000)
        self.open_cases = open_cases or self.cases * 2 // 5
        self.database = os.environ["PGDATABASE"]
        self.bare_database = os.environ["ROPO_BARE_DATABASE"]
        self.history_database = os.environ["ROPO_HISTORY_DATABASE"]
        self.old_database = os.environ["ROPO_OLD_DATABASE"]
        self.new_database = os.environ["ROPO_NEW_DATABASE"]
        self.ropo = Ropo(os.environ["ROPO_SANDBOX_URL"])
        LOGS.mkdir(parents=True, exist_ok=True)
        options = ["--config", os.environ["ODOO_RC"], "--logfile", str(LOG)]
        config.parse_config(options, setup_logging=True)

    def number(self, full, quick):
        """So many, as large as this run is to be."""
        least = max(quick // SMALLER, LEAST)
        return {"full": full, "quick": quick, "smoke": least}[self.size]

    def rounds(self, full):
        return self.number(full, full)

    @contextlib.contextmanager
    def environment(self, database=None, user_id=SUPERUSER_ID, **context):
        """With nothing in its cache; undone unless committed."""
        with Registry(database or self.database).cursor() as cr:
            try:
                yield api.Environment(cr, user_id, context)
            finally:
                cr.rollback()  # leaving the cursor would commit
