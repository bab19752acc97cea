"""What the scheduled actions cost with years of ended cases, beside what they cost
without: each runs with nothing due, as it mostly does."""

import time
from dataclasses import replace

from odoo.tools.profiler import Profiler

from . import history_books
from .measure import cost, in_turn
from .report import compared, plain

MOST = 1.2
# A seventh of those that have ended each day, so that nothing stays wrong unseen.
GROWS = "Ropo: Compare Ended Cases"
NOISE = 3  # ms; what takes less in both is as good as nothing
ROUNDS = 7
SETTLING = 4  # runs, until all is done that the books brought along


def scheduled(world):
    """A row for each scheduled action, in books of years and in new ones."""
    old, new = (
        Server(world, database, cases)
        for database, cases in (
            (world.old_database, world.cases),
            (world.new_database, world.open_cases),
        )
    )
    rows = []
    for name in old.actions:
        old_costs, new_costs = in_turn(
            world.rounds(ROUNDS),
            lambda name=name: old.run(name),
            lambda name=name: new.run(name),
        )
        if world.plans:
            old.explain(name)
        rows += [
            replace(plain(f"{name}, no past", new_costs), count=new.cases),
            _held(
                replace(
                    compared(name, old_costs, "without the past", new_costs, MOST),
                    count=old.cases,
                )
            ),
        ]
    return rows


def _held(row):
    if row.what == GROWS:
        return replace(row, goal="", met=None)
    return replace(row, met=True) if row.ms <= NOISE else row


class Server:
    """One database, whose scheduled actions are run."""

    def __init__(self, world, database, cases):
        self.world, self.database = world, database
        began = time.monotonic()
        with world.environment(database) as env:
            history_books.write(env, world.ropo, cases, world.open_cases)
            self.cases = env["ropo.job"].search_count([("is_collected", "=", True)])
            own = [("module", "=", "ropo_connect"), ("model", "=", "ir.cron")]
            crons = env["ir.cron"].browse(
                env["ir.model.data"].search(own).mapped("res_id")
            )
            self.actions = {cron.name: cron.id for cron in crons.sorted("name")}
        print(f"{self.cases:,} cases in {time.monotonic() - began:.0f} s")
        for _time in range(SETTLING):
            for name in self.actions:
                self.run(name)
        with world.environment(database) as env:
            history_books.vacuum(env.cr)

    def run(self, name):
        with self.world.environment(self.database) as env:
            return cost(lambda: self._work(env, name))

    def _work(self, env, name):
        action = env["ir.cron"].browse(self.actions[name]).ir_actions_server_id
        action.run()
        env.cr.commit()

    def explain(self, name):
        """Prints how the server worked off the slowest query of an action."""
        with self.world.environment(self.database) as env:
            with Profiler(collectors=["sql"], db=None) as profiler:
                self._work(env, name)
            (collector,) = profiler.collectors
            slowest = max(collector.entries, key=lambda entry: entry["time"])
            env.cr.execute(f"EXPLAIN (ANALYZE, BUFFERS) {slowest['full_query']}")
            print(f"\n{name}: {slowest['time'] * 1000:.0f} ms\n{slowest['full_query']}")
            print(*(line for (line,) in env.cr.fetchall()), sep="\n")
