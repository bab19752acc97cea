"""Measures what the design promises, each thing beside its yardstick, in one run.

Times vary from machine to machine and from minute to minute, so only ratios of what was
measured in turn are held against a goal; queries are counted exactly. The databases and
the sandbox come from the environment: ``python3 -m dev bench`` provides them.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.demo import books as demo
from dev.demo import screen

from . import (
    books,
    install,
    ledger,
    money,
    opening,
    past,
    sending,
    side_by_side,
    verdicts,
)
from .report import show
from .world import World

# In this order: the payments settle their invoices for good.
MEASURES = {
    "booking": ledger.booking,
    "sending": sending.beside_bare,
    "many": sending.many,
    "others": sending.beside_others,
    "accounts": side_by_side.accounts,
    "verdicts": verdicts.transfer,
    "money": money.payments,
    "cases": money.open_cases,
}
# In books of their own, which they write.
APART = {
    "opening": opening.screens,
    "past": past.scheduled,
    "install": install.beside_many_invoices,
}


@dataclass(frozen=True)
class Books:
    """The account and the posted invoices that all measure with."""

    account_id: int
    move_ids: list


def main():
    options = arguments()
    began = time.monotonic()
    world = World(options.size, options.plans, options.cases, options.open)
    names = options.only or [*MEASURES, *APART]
    made = None if APART.keys() >= set(names) else open_books(world, options.invoices)
    rows = []
    for name in names:
        seconds = time.monotonic() - began
        screen.show(f"{seconds:4.0f} s: measuring {name} …", "dim")
        rows += APART[name](world) if name in APART else MEASURES[name](world, made)
    print()
    show(rows)
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(row) for row in rows]))
    missed = sum(row.met is False for row in rows)
    seconds = time.monotonic() - began
    screen.show(f"{missed or 'No'} goals missed; took {seconds:.0f} s.")
    return 1 if missed and options.size != "smoke" else 0


def arguments():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=[*MEASURES, *APART],
        metavar="NAME",
        help=f"one of {', '.join([*MEASURES, *APART])}; may be repeated",
    )
    parser.add_argument(
        "--cases",
        type=int,
        help="that Ropo collects or has collected, for “opening” and “past”",
    )
    parser.add_argument("--invoices", type=int, help="that “many” sends in one run")
    parser.add_argument("--open", type=int, help="how many of them it still collects")
    parser.add_argument(
        "--plans",
        action="store_true",
        help="print how the server worked off the slowest query of each screen",
    )
    parser.add_argument("--json", metavar="FILE", help="write the rows there, too")
    parser.set_defaults(size="full")
    for size, what in (
        ("quick", "fewer of everything"),
        ("smoke", "a few of everything, to see that it runs; no goal counts"),
    ):
        parser.add_argument(
            f"--{size}", dest="size", action="store_const", const=size, help=what
        )
    return parser.parse_args()


def open_books(world, count):
    count = count or world.number(10000, 1000)
    screen.show(f"   0 s: writing {count:,} invoices …", "dim")
    with world.environment() as env:
        books.open_company(env)
        account = demo.open_ropo_account(env, world.ropo)
        found = Books(account.id, books.write_invoices(env, count))
        env.cr.commit()
    return found


if __name__ == "__main__":
    sys.exit(main())
