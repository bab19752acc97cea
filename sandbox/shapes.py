"""What the parts of the sandbox hand each other, as types."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

# An object of JSON; what came from a client is held against the contract first.
Json = dict[str, Any]
# What answers a request, with its whole body at once.
Answering = Callable[[web.Request], Awaitable[web.Response]]
# A row of a page's table.
Cells = tuple[object, ...]


def octets(response: web.Response) -> bytes:
    """The whole body of an answer."""
    body = response.body
    return bytes(body) if isinstance(body, bytes | bytearray) else b""
