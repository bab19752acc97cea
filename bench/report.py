"""The one table that all measurements end in."""

from dataclasses import dataclass

from dev.demo import screen

from .measure import middle, ratios

TITLES = ["What", "N", "ms each", "queries each", "ratio", "of", "goal", ""]


@dataclass(frozen=True)
class Row:
    """One measured thing; without a goal it is there to compare with."""

    what: str
    count: int
    ms: float | None = None
    queries: float | None = None
    ratio: str = ""
    yardstick: str = ""
    goal: str = ""
    met: bool | None = None

    def cells(self):
        return (
            self.what,
            f"{self.count:,}",
            "" if self.ms is None else f"{self.ms:.3f}",
            "" if self.queries is None else f"{self.queries:.3f}",
            self.ratio,
            self.yardstick,
            self.goal,
            {None: "", True: "met", False: "MISSED"}[self.met],
        )


def plain(what, costs, **values):
    """A row of what was measured `costs` times."""
    cost = middle(costs)
    return Row(what, cost.count, cost.ms, cost.queries_each, **values)


def compared(what, costs, yardstick, others, most, text=""):
    """A row of what may take at most `most` times as long as its yardstick."""
    least, times, most_times = ratios(costs, others)
    return plain(
        what,
        costs,
        ratio=f"{times:.3f} ({least:.2f}–{most_times:.2f})",
        yardstick=yardstick,
        goal=text or f"≤ {most:g} ×",
        met=times <= most,
    )


def limited(what, costs, most):
    """A row of what may take at most so many queries each."""
    cost = middle(costs)
    return Row(
        what,
        cost.count,
        queries=cost.queries_each,
        goal=f"queries ≤ {most:g}",
        met=all(cost.queries_each <= most for cost in costs),
    )


def show(rows):
    screen.table(
        TITLES,
        [row.cells() for row in rows],
        colour_of=lambda cells: "red" if cells[-1] == "MISSED" else None,
    )
