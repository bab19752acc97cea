"""The HTTP server: counts calls, holds limits, plays faults, lets services act.

A service (Ropo One, Maventa) brings ``prefix`` (one, or a tuple), ``routes()``,
``customer(request)``, ``profile(cid)``, ``limit(cid)``, ``needs_token(request)``,
``unauthorized()`` and ``throttled()``, and in ``beside`` its own parts of the control
API and of the pages; faults, state, control and the first page are shared.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import socket
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from . import faults as faults_module
from .control import Control
from .faults import FaultBook
from .pages import Pages
from .state import World

log = logging.getLogger("sandbox")


class Part(Protocol):
    """What answers some of the paths."""

    def routes(self) -> list[web.RouteDef]: ...


class Service(Part, Protocol):
    """What every service gives the server."""

    @property
    def prefix(self) -> str | tuple[str, ...]: ...

    @property
    def beside(self) -> Sequence[Callable[[Server], Part]]: ...

    def customer(self, request: web.Request) -> str | None: ...

    def profile(self, cid: str) -> object: ...

    def limit(self, cid: str) -> int | None: ...

    def needs_token(self, request: web.Request) -> bool: ...

    def unauthorized(self) -> web.Response: ...

    def throttled(self) -> web.Response: ...


LARGEST_BODY = 64 * 1024 * 1024
LAST_CALLS = 50


class Server:
    """One running sandbox; ``latency``: milliseconds before a service call acts."""

    def __init__(
        self,
        world: World,
        services: Sequence[Service],
        faults: FaultBook,
        latency: float = 0,
        concurrency: int | None = None,
    ) -> None:
        self.world = world
        self.services = services
        self.faults = faults
        self.latency = latency
        self.concurrency = concurrency
        self.running: collections.Counter[str | None] = collections.Counter()
        self.last_calls: collections.deque[Call] = collections.deque(maxlen=LAST_CALLS)

    def application(self) -> web.Application:
        app = web.Application(
            client_max_size=LARGEST_BODY, middlewares=[self._middleware()]
        )
        beside = [part(self) for service in self.services for part in service.beside]
        parts: list[Part] = [*self.services, Control(self), Pages(self), *beside]
        for part in parts:
            app.add_routes(part.routes())
        return app

    def _middleware(self) -> Middleware:
        @web.middleware
        async def middleware(
            request: web.Request, handler: Handler
        ) -> web.StreamResponse:
            service = self._service(request.path)
            if service:
                return await self._serve(service, request, handler)
            response = await handler(request)
            self.world.commit()
            return response

        return middleware

    def _service(self, path: str) -> Service | None:
        return next((s for s in self.services if path.startswith(s.prefix)), None)

    async def _serve(
        self, service: Service, request: web.Request, handler: Handler
    ) -> web.Response:
        """A vendor call, measured: who, how many at once, what came of it."""
        self.world.calls[f"{request.method} {_pattern(request)}"] += 1
        request["service"] = service
        cid = service.customer(request)
        call = Call(request, cid)
        self.last_calls.append(call)
        self.running[cid] += 1
        if cid and self.running[cid] > self.world.max_concurrent[cid]:
            self.world.max_concurrent[cid] = self.running[cid]
        try:
            response = await self._answer(service, request, handler, call)
            call.done(response)
            return response
        except ConnectionResetError:
            log.info("%s: the client went away before it had sent all", call.label)
            return web.Response()
        finally:
            self.running[cid] -= 1

    async def _answer(
        self, service: Service, request: web.Request, handler: Handler, call: Call
    ) -> web.Response:
        def throttled() -> web.Response:
            self.world.throttled[call.cid or ""] += 1
            return service.throttled()

        async def act(request: web.Request) -> web.Response:
            return await self._act(service, request, handler, call.cid)

        if self._too_many(service, call.cid):
            await request.read()
            return throttled()
        fault = await self.faults.strike(request)
        if fault is None:
            return await act(request)
        call.fault = fault.kind
        log.info("%s meets %s", call.label, fault.kind)
        return await faults_module.play(fault, request, act, throttled)

    def _too_many(self, service: Service, cid: str | None) -> bool:
        if cid is None:
            return False
        limit = service.limit(cid) or self.concurrency
        return limit is not None and self.running[cid] > limit

    async def _act(
        self,
        service: Service,
        request: web.Request,
        handler: Handler,
        cid: str | None,
    ) -> web.Response:
        """The real work. What it changed is kept before any answer leaves.

        The whole request is read first: once it is here, a client that hangs up stops
        nothing.
        """
        await request.read()
        if self.latency:
            await asyncio.sleep(self.latency / 1000)
        if service.needs_token(request):
            if cid is None:
                return service.unauthorized()
            request["profile"] = service.profile(cid)
        response = await handler(request)
        if not isinstance(response, web.Response):
            raise TypeError("A service answers with a whole body")
        self.world.commit()
        return response

    async def run(self, sock: socket.socket, stop: asyncio.Event) -> None:
        """Serve on a listening socket until ``stop`` is set."""
        runner = web.AppRunner(
            self.application(), access_log=None, shutdown_timeout=0.5
        )
        await runner.setup()
        await web.SockSite(runner, sock).start()
        host, port = sock.getsockname()[:2]
        host = f"[{host}]" if ":" in host else host
        print(f"Listening on http://{host}:{port}", flush=True)
        await stop.wait()
        await runner.cleanup()


def _pattern(request: web.Request) -> str:
    """The path with names for ids, so that calls of one kind are counted together."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else request.path


class Call:
    """A line of the page's "last calls"."""

    def __init__(self, request: web.Request, cid: str | None) -> None:
        self.label = f"{request.method} {request.path_qs}"
        self.cid = cid
        self.time = time.strftime("%H:%M:%S")
        self.started = time.perf_counter()
        self.fault: str | None = None
        self.status: int | None = None
        self.milliseconds: float | None = None

    def done(self, response: web.Response) -> None:
        self.status = response.status
        self.milliseconds = (time.perf_counter() - self.started) * 1000
