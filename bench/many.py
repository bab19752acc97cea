"""``python -m bench.many SMALL LARGE``: sends both numbers, and says what it took, and
whether the last of the large number were as cheap as its first.

A process of its own, since the most memory that a process ever used can't be read
apart from what others used in it before. Reads the account and the invoices as JSON,
and answers so.
"""

import json
import sys
from dataclasses import asdict
from itertools import pairwise

from odoo.modules.registry import Registry

from . import outbox
from .measure import Cost, Memory
from .world import World

SMALL_RUNS = 2  # before the large one, and as many after it


def main(small, large):
    given = json.load(sys.stdin)
    world = World()
    Registry(world.database)
    memory = Memory()

    def send(count):
        return asdict(outbox.send(world, given["account"], given["moves"][:count]))

    send(small)  # warms the caches up
    before = [send(small) for _run in range(SMALL_RUNS)]
    many = send(large)
    first, last = ends(world, small)
    after = [send(small) for _run in range(SMALL_RUNS)]
    answer = {
        "small": before + after,
        "large": [many],
        "first": [asdict(first)],
        "last": [asdict(last)],
        "megabytes": memory.over_idle(),
    }
    print(json.dumps(answer))


def ends(world, count):
    """What the first `count` of a run took, and what its last: a batch is recorded in
    one transaction, which begins where that of the batch before has ended."""
    with world.environment() as env:
        env.cr.execute(
            "SELECT write_date, count(*) FROM ropo_request GROUP BY 1 ORDER BY 1"
        )
        batches = [
            ((end - begin).total_seconds(), number)
            for (begin, number), (end, _number) in pairwise(env.cr.fetchall())
        ]
    return [_first(some, count) for some in (batches, batches[::-1])]


def _first(batches, least):
    """What the first of them took, as many as make `least` pieces."""
    seconds = count = 0
    for took, number in batches:
        if count < least:
            seconds, count = seconds + took, count + number
    return Cost(seconds, 0, count)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
