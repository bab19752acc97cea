"""What every part of the control API needs to read what it was asked."""

import dataclasses
import json
from collections.abc import Collection, Sequence
from typing import Any

from aiohttp import web

from .shapes import Answering, Json


class BadRequest(ValueError):
    """What the caller asked for makes no sense; answered 400."""


def answered(act: Answering) -> Answering:
    """The handler, with :class:`BadRequest` answered as 400."""

    async def handler(request: web.Request) -> web.Response:
        try:
            return await act(request)
        except BadRequest as error:
            return web.json_response({"error": str(error)}, status=400)

    return handler


async def read(
    request: web.Request, required: Sequence[str] = (), model: type[Any] | None = None
) -> Json:
    """The body: an object with at least these names, and no other than the model's."""
    octets = await request.read()
    try:
        body = json.loads(octets) if octets else {}
    except ValueError as error:
        raise BadRequest(f"body: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("body: must be an object")
    missing = [name for name in required if body.get(name) is None]
    if missing:
        raise BadRequest(f"required: {', '.join(missing)}")
    known = {field.name for field in dataclasses.fields(model)} if model else body
    unknown = [name for name in body if name not in known]
    if unknown:
        raise BadRequest(f"unknown: {', '.join(unknown)}")
    return body


def number(body: Json, name: str) -> float:
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRequest(f"{name}: must be a number")
    return value


def one_of(name: str, value: object, allowed: Collection[object]) -> None:
    if value not in allowed:
        raise BadRequest(
            f"{name}: {value} is not one of {', '.join(map(str, allowed))}"
        )
