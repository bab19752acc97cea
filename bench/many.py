"""``python -m bench.many SMALL LARGE``: sends both numbers, and says what it took.

A process of its own, since the most memory that a process ever used can't be read
apart from what others used in it before. Reads the account and the invoices as JSON,
and answers so.
"""

import json
import sys
from dataclasses import asdict

from odoo.modules.registry import Registry

from . import outbox
from .measure import Memory
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
    after = [send(small) for _run in range(SMALL_RUNS)]
    answer = {
        "small": before + after,
        "large": [many],
        "megabytes": memory.over_idle(),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
