"""Installing and upgrading the addon on a database with a great many invoices: not one
row of them may be written again for it."""

import subprocess
import time

from dev import processes

from . import books
from .report import Row

TABLES = ("account_move", "account_move_line")


def beside_many_invoices(world):
    count = world.number(1_000_000, 20_000)
    with world.environment(world.bare_database) as env:
        _write(env, count)
    return [
        _row(world, f"{what} beside many invoices", count, option)
        for what, option in (("Installing", "--init"), ("Upgrading", "--update"))
    ]


def _write(env, count):
    """A posted invoice with its debt, and copies of both straight in the tables."""
    books.open_company(env)
    invoice = books.write_drafts(env, books.write_customers(env, 1))
    invoice.action_post()
    debt = invoice.line_ids.filtered(lambda line: line.display_type == "payment_term")
    env.flush_all()
    books.copy_row(env, "account_move", invoice.id, count, name="'BENCH/' || n")
    books.copy_row(env, "account_move_line", debt.id, count, move_id="{base} + n")
    env.cr.commit()


def _written(world):
    """How many rows were changed so far, and in which file each table is."""
    with world.environment(world.bare_database) as env:
        env.cr.execute(
            """
            SELECT SUM(n_tup_upd + n_tup_del),
                   ARRAY_AGG(PG_RELATION_FILENODE(relid) ORDER BY relname)
              FROM pg_stat_user_tables WHERE relname IN %s
            """,
            [TABLES],
        )
        return env.cr.fetchone()


def _row(world, what, count, option):
    changed, files = _written(world)
    began = time.monotonic()
    subprocess.run(
        processes.odoo(
            *("--database", world.bare_database, option, "ropo_connect"),
            *("--stop-after-init", "--no-http", "--log-level", "warn"),
        ),
        check=True,
    )
    seconds = time.monotonic() - began
    changed_after, files_after = _written(world)
    written = count if files_after != files else int(changed_after - changed)
    return Row(
        what,
        count,
        ratio=f"{seconds:.0f} s",
        yardstick=f"{written:,} rows written again",
        goal="none",
        met=not written,
    )
