"""``python -m sandbox``: start the stand-in and serve until it is stopped."""

import argparse
import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Sequence

from .dialect import DIALECTS
from .faults import FaultBook, from_spec
from .maventa import DIALECTS as MAVENTA_DIALECTS
from .maventa import Maventa
from .ropo_one import RopoOne
from .server import Server
from .state import World
from .store import Store

LOOPBACK = ("127.0.0.1", "localhost", "::1")
BACKLOG = 1024


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", choices=LOOPBACK)
    parser.add_argument(
        "--faults",
        type=from_spec,
        default=[],
        metavar="SPEC",
        help='such as "drop_after:POST /rest/jobs:p=0.1:times=3,throttle:p=0.05"',
    )
    parser.add_argument("--latency", type=float, default=0, metavar="MS")
    parser.add_argument("--seed", type=int, default=0, help="of faults and row order")
    parser.add_argument(
        "--concurrency", type=int, metavar="K", help="calls at once per customer"
    )
    parser.add_argument("--state", metavar="FILE", help="keep the state in this file")
    parser.add_argument(
        "--dialect",
        default="usual",
        choices=DIALECTS,
        help="other: what no document of Ropo's says is otherwise than assumed",
    )
    parser.add_argument("--verbose", action="store_true", help="log what faults strike")
    return parser.parse_args(argv)


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


async def serve(options: argparse.Namespace, sock: socket.socket) -> None:
    store = Store(options.state) if options.state else None
    world = World(store, seed=options.seed)
    faults = FaultBook(options.seed)
    faults.replace(options.faults)
    server = Server(
        world,
        [
            RopoOne(world, DIALECTS[options.dialect]()),
            Maventa(world, MAVENTA_DIALECTS[options.dialect]()),
        ],
        faults,
        options.latency,
        options.concurrency,
    )
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await server.run(sock, stop)
    if store:
        store.close()


def main(argv: Sequence[str] | None = None) -> None:
    options = arguments(argv)
    level = logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(
        stream=sys.stderr, level=level, format="%(asctime)s %(name)s %(message)s"
    )
    try:
        sock = listen(options.host, options.port)
    except OSError as error:
        sys.exit(f"Cannot listen on port {options.port}: {error.strerror}")
    asyncio.run(serve(options, sock))


if __name__ == "__main__":
    main()
