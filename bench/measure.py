"""Time, queries and memory of a piece of work, and what is printed of them."""

import gc
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from odoo import sql_db


@dataclass(frozen=True)
class Cost:
    """What `count` pieces of work took together."""

    seconds: float
    queries: int
    count: int = 1

    @property
    def ms(self):
        return self.seconds * 1000 / self.count

    @property
    def queries_each(self):
        return self.queries / self.count


def cost(work, count=1):
    """What `work()` takes; queries of all cursors count, also of those it opens."""
    gc.collect()
    queries, began = sql_db.sql_counter, time.perf_counter()
    work()
    return Cost(time.perf_counter() - began, sql_db.sql_counter - queries, count)


def in_turn(rounds, *measures):
    """Runs each of `measures` in turn, A B B A A B …; their costs, round by round.

    A machine that others use too is slow for a while and then fast again: only what
    was measured side by side can be compared.
    """
    costs = [[] for _measure in measures]
    for number in range(rounds):
        order = list(zip(measures, costs, strict=True))
        for measure, found in order if number % 2 == 0 else reversed(order):
            found.append(measure())
    return costs


def ratios(costs, yardstick):
    """How many times the time of `yardstick` each round took: the least, the one in the
    middle, and the most."""
    found = sorted(
        cost.ms / other.ms for cost, other in zip(costs, yardstick, strict=True)
    )
    return found[0], statistics.median(found), found[-1]


def middle(costs):
    """The cost in the middle, by time."""
    return sorted(costs, key=lambda cost: cost.ms)[len(costs) // 2]


class Memory:
    """The memory of this process, in megabytes, as Linux counts it."""

    def __init__(self):
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        self.idle = self._read("VmRSS")

    def over_idle(self):
        return self._read("VmHWM") - self.idle

    @staticmethod
    def _read(name):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise LookupError(name)
