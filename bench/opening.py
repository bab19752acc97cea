"""How long it takes to open what an accountant opens, among a great many cases.

Each screen is opened by a user with nothing in the cache; what the server remembers
from an earlier opening (access rights, views) is there.
"""

import statistics

from odoo.tools.profiler import Profiler

from . import history_books
from .measure import cost
from .report import Row
from .screens import favourites, of_menu, open_form

SECOND = 1000  # ms
ROUNDS = 5


def screens(world):
    """A row for each view that the menu opens, each favourite, and two forms."""
    desk = Desk(world)
    return [_row(desk, name, work) for name, work in desk.screens()]


def _row(desk, name, work):
    def measure():
        with desk.environment() as env:
            return cost(lambda: work(env))

    measure()
    costs = [measure() for _time in range(desk.world.rounds(ROUNDS))]
    if desk.world.plans:
        desk.explain(name, work)
    times = sorted(cost.ms for cost in costs)
    middle = statistics.median(times)
    return Row(
        name,
        desk.cases,
        middle,
        costs[0].queries,
        ratio=f"{times[0]:.0f}–{times[-1]:.0f}",
        yardstick="ms, fastest–slowest",
        goal=f"≤ {SECOND} ms",
        met=middle <= SECOND,
    )


class Desk:
    """An accountant at books with many cases, which are written first."""

    def __init__(self, world):
        self.world = world
        with world.environment(world.history_database) as env:
            user = history_books.write(env, world.ropo, world.cases, world.open_cases)
            self.user_id, self.company_ids = user.id, user.company_ids.ids
            self.cases = env["ropo.job"].search_count([("is_collected", "=", True)])

    def environment(self):
        return self.world.environment(
            self.world.history_database,
            self.user_id,
            allowed_company_ids=self.company_ids,
            lang="en_US",
        )

    def screens(self):
        """`(name, what opens it)` of each."""
        with self.environment() as env:
            found = [*of_menu(env), *favourites(env)]
            case = env["ropo.job"].search([("is_collected", "=", True)], limit=1)
            for record in (case.move_id, case):
                found.append((f"{record._description}: form", _form_of(record)))
        return found

    def explain(self, name, work):
        """Prints how the server worked off the slowest query of a screen."""
        with self.environment() as env:
            with Profiler(collectors=["sql"], db=None) as profiler:
                work(env)
            (collector,) = profiler.collectors
            slowest = max(collector.entries, key=lambda entry: entry["time"])
            env.cr.execute(f"EXPLAIN (ANALYZE, BUFFERS) {slowest['full_query']}")
            print(f"\n{name}: {slowest['time'] * 1000:.0f} ms\n{slowest['full_query']}")
            print(*(line for (line,) in env.cr.fetchall()), sep="\n")


def _form_of(record):
    return lambda env: open_form(env, record._name, record.id)
