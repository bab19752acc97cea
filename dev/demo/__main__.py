"""The main job on a real Odoo and over real HTTP, from the invoice to the money.

Odoo's database, the channel and the sandbox's address come from the environment; what
Odoo itself has to say goes to a log. The exit code is 1 when the two sides differ in
the end.
"""

import contextlib
import os
import sys
import time

from ..place import LOGS, ROOT
from . import screen
from .sandbox import SANDBOXES

LOG = LOGS / "demo.log"


def main():
    began = time.monotonic()
    sandbox = SANDBOXES[os.environ["CHANNEL"]](os.environ["ROPO_SANDBOX_URL"])
    with odoo(os.environ["PGDATABASE"]) as env:
        agrees = play(env, sandbox)
    seconds = time.monotonic() - began
    screen.show(f"Took {seconds:.0f} s; Odoo's own log: {LOG.relative_to(ROOT)}")
    if agrees and os.environ.get("SERVE") != "0":
        show_where_to_look(sandbox)
    return 0 if agrees else 1


def play(env, sandbox):
    """Runs the main job; whether both sides agree at its end."""
    from .story import Story  # needs Odoo, which is configured only now

    story = Story(env, sandbox)
    story.open_books()
    story.connect()
    if os.environ.get("DIALECT"):
        story.try_out()
    story.activate()
    if os.environ.get("DIALECT") and story.account.has_activation:
        story.try_out()  # what needs the service
    story.write_invoices()
    story.send()
    story.fix_and_send()
    story.send_specials()
    story.transfer()
    story.transfer_by_schedule()
    story.book_money()
    story.receive_from_ropo()
    story.follow()
    story.receive_and_register()
    story.dispute()
    story.lose_and_recover()
    story.match_payout()
    story.fetch_pdfs()
    story.poll_again()
    return story.compare()


@contextlib.contextmanager
def odoo(database):
    """An environment of the superuser, in a transaction that the demo commits."""
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    LOGS.mkdir(parents=True, exist_ok=True)
    LOG.unlink(missing_ok=True)
    options = ["--config", os.environ["ODOO_RC"], "--database", database]
    config.parse_config([*options, "--logfile", str(LOG)], setup_logging=True)
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})


def show_where_to_look(sandbox):
    print(
        f"""
   {screen.paint("Where to look", "bold")}
   Odoo         http://localhost:8069, log in as admin / admin, or as ropo / ropo
                (sends invoices and books money, sets up nothing)
   The sandbox  {sandbox.url}{sandbox.page}, what Ropo would hold
   First        Ropo → Invoices → Sent to Ropo: open one in collection, see its cases;
                then Ropo → Outbox: what was sent, and what Ropo answered.
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
