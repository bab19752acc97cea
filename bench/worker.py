"""``python -m bench.worker``: works all outboxes off whenever it reads a line.

One of several processes, as Odoo has several workers for scheduled actions.
"""

import sys

from .world import World


def main():
    world = World()
    with world.environment() as env:
        env["ropo.due"]._accounts()  # warms the caches up
    print("ready", flush=True)
    for _line in sys.stdin:
        with world.environment() as env:
            env["ropo.outbox"]._work_off_all()
            env.cr.commit()
        print("done", flush=True)


if __name__ == "__main__":
    main()
