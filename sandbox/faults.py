"""Faults on order: what a network and a busy service do to an honest client.

Each fault draws from a random stream of its own, seeded, so that the same calls in the
same order meet the same faults again.
"""

import asyncio
import contextlib
import dataclasses
import fnmatch
import json
import random
import socket
import struct
from collections.abc import Callable
from typing import Any

from aiohttp import web

from .shapes import Answering, Json, octets

KINDS = frozenset(
    {
        "refuse",
        "drop_before",
        "drop_after",
        "slow",
        "cut",
        "garbled",
        "error_before",
        "error_after",
        "gateway_before",
        "gateway_after",
        "throttle",
        "expired_token",
        "duplicate",
    }
)
NUMBERS = {"probability": float, "skip": int, "seconds": float, "status": int}
ERROR_PAGE = "<html><body><h1>500 Internal Server Error</h1></body></html>"


@dataclasses.dataclass
class Fault:
    """One kind of trouble, and which calls it meets. ``times`` None: for ever.

    ``contains``: only calls whose body has this text, such as an invoice number.
    ``status`` and ``body`` (JSON) are the answer of a gateway in front of the service.
    """

    kind: str
    method: str | None = None
    path: str | None = None
    contains: str = ""
    probability: float = 1.0
    times: int | None = None
    skip: int = 0
    seconds: float = 1.0
    retry_after: int | None = None
    status: int = 403
    body: dict[str, Any] | list[Any] | None = None
    fired: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind}: no such fault; one of {sorted(KINDS)}")
        for name, kind in NUMBERS.items():
            setattr(self, name, kind(getattr(self, name)))
        if not 400 <= self.status <= 599:
            raise ValueError(f"{self.status}: no status by which a gateway refuses")
        for name in ("times", "retry_after"):
            value = getattr(self, name)
            setattr(self, name, None if value is None else int(value))

    def matches(self, method: str, path: str) -> bool:
        """``*`` in a fault's path stands for anything, such as an id."""
        wanted = self.path or "*"
        return self.method in (None, method) and fnmatch.fnmatchcase(path, wanted)


class FaultBook:
    """The faults that are on, in order; the first that strikes wins."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.replace([])

    def replace(self, faults: list[Fault]) -> None:
        self.faults = faults
        self._streams = [
            random.Random(f"{self.seed}/{number}/{fault.kind}")
            for number, fault in enumerate(faults)
        ]

    async def strike(self, request: web.Request) -> Fault | None:
        """The fault that this call meets, or None."""
        for fault, stream in zip(self.faults, self._streams, strict=True):
            if not fault.matches(request.method, request.path):
                continue
            if fault.contains and fault.contains.encode() not in await request.read():
                continue
            if self._fires(fault, stream):
                fault.fired += 1
                return fault
        return None

    @staticmethod
    def _fires(fault: Fault, stream: random.Random) -> bool:
        if fault.times is not None and fault.fired >= fault.times:
            return False
        if fault.skip > 0:
            fault.skip -= 1
            return False
        return stream.random() < fault.probability

    def shown(self) -> list[Json]:
        return [dataclasses.asdict(fault) for fault in self.faults]


def from_spec(spec: str) -> list[Fault]:
    """Faults of a command line: ``drop_after:POST /rest/jobs:p=0.1:times=3,slow``."""
    return [_one_from_spec(part) for part in spec.split(",") if part.strip()]


def _one_from_spec(part: str) -> Fault:
    kind, *rest = part.strip().split(":")
    options: Json = {}
    for item in rest:
        if "=" in item:
            name, value = item.split("=", 1)
            options["probability" if name == "p" else name] = value
        else:
            method, _, path = item.rpartition(" ")
            options.update(method=method or None, path=path)
    return Fault(kind, **options)


async def play(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    """What the client meets. ``act`` does the real work and gives the real answer."""
    return await PLAYS[fault.kind](fault, request, act, throttled)


async def _refuse(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    """Reset at once: nothing but the head was read. An HTTP server that shares its port
    with other paths cannot know earlier which call it is."""
    return _hang_up(request, reset=True)


async def _drop_before(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    await request.read()
    return _hang_up(request)


async def _drop_after(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    await act(request)
    return _hang_up(request)


async def _slow(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    response = await act(request)
    await asyncio.sleep(fault.seconds)
    return response


async def _cut(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    """The whole head and half of the body, then nothing."""
    response = await act(request)
    body = octets(response)
    head = f"HTTP/1.1 {response.status} {response.reason or 'OK'}\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in response.headers.items()
    )
    if "Content-Length" not in response.headers:
        head += f"Content-Length: {len(body)}\r\n"
    if request.transport:
        request.transport.write(f"{head}\r\n".encode() + body[: len(body) // 2])
    return _hang_up(request)


async def _garbled(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    response = await act(request)
    body = octets(response) or b"{}"
    return web.Response(
        status=201 if response.status == 201 else 200,
        body=body[: max(len(body) * 2 // 3, 1)],
        content_type="application/json",
    )


async def _error_before(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    await request.read()
    return _error()


async def _error_after(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    await act(request)
    return _error()


async def _gateway_before(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    """A gateway in front of the service refuses the call: the service never sees it."""
    await request.read()
    return _gateway(fault)


async def _gateway_after(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    """The service acted, and a gateway puts an answer of its own in place of its."""
    await act(request)
    return _gateway(fault)


def _gateway(fault: Fault) -> web.Response:
    body = fault.body
    if body is None:
        body = {"message": "Refused", "request_id": f"gw-{fault.fired}"}
    return web.json_response(body, status=fault.status)


async def _throttle(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    await request.read()
    response = throttled()
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


async def _expired_token(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    await request.read()
    answer: web.Response = request["service"].unauthorized("Token has expired")
    return answer


async def _duplicate(
    fault: Fault,
    request: web.Request,
    act: Answering,
    throttled: Callable[[], web.Response],
) -> web.Response:
    response = await act(request)
    with contextlib.suppress(TypeError, ValueError):
        response.body = json.dumps(_doubled(json.loads(octets(response)))).encode()
    return response


def _doubled(body: Any) -> Any:
    """Every list of rows in the answer, twice."""
    if isinstance(body, list):
        return body + body
    if not isinstance(body, dict):
        return body
    rows = ("result", "status", "jobs")
    return {key: _doubled(body[key]) if key in rows else body[key] for key in body}


def _error() -> web.Response:
    return web.Response(status=500, text=ERROR_PAGE, content_type="text/html")


def _hang_up(request: web.Request, reset: bool = False) -> web.Response:
    """Close the connection under the answer that aiohttp is about to write."""
    transport = request.transport
    if transport and reset:
        linger = struct.pack("ii", 1, 0)  # on, 0 seconds: the kernel sends a reset
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger
        )
        transport.abort()
    elif transport:
        transport.close()
    return web.Response()


PLAYS = {
    "refuse": _refuse,
    "drop_before": _drop_before,
    "drop_after": _drop_after,
    "slow": _slow,
    "cut": _cut,
    "garbled": _garbled,
    "error_before": _error_before,
    "error_after": _error_after,
    "gateway_before": _gateway_before,
    "gateway_after": _gateway_after,
    "throttle": _throttle,
    "expired_token": _expired_token,
    "duplicate": _duplicate,
}
