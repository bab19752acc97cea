"""Reading what a client sent, without trusting it."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from email import message_from_bytes
from email.message import Message
from typing import NoReturn, TypeGuard
from urllib.parse import parse_qs

from aiohttp import web

from ..shapes import Json
from .books import is_uuid
from .errors import INVALID, Refused

# Of a form: a text, or the name and the octets of a file.
Part = str | tuple[str, bytes]
Parts = Mapping[str, list[Part]]

PER_PAGE, LARGEST_PAGE = 10, 100  # D


def invalid(*details: str) -> Refused:
    return Refused(INVALID, "The request is not valid", details)


async def body(request: web.Request) -> Json:
    """A JSON object. A: a body that is none is a validation error."""
    try:
        parsed = json.loads(await request.read(), parse_constant=_no_constant)
    except ValueError as error:
        raise invalid(f"body: not JSON, {error}") from error
    if not isinstance(parsed, dict):
        raise invalid("body: must be an object")
    return parsed


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


async def form(request: web.Request) -> Parts:
    """``{name: [part]}`` of a form, urlencoded or multipart, which Maventa both takes.

    A part is text, or ``(file name, octets)``. The server has read the body already,
    so it is taken apart here.
    """
    if request.content_type != "multipart/form-data":
        text = (await request.read()).decode("utf-8", "replace")
        found = parse_qs(text, keep_blank_values=True)
        return {name: list(values) for name, values in found.items()}
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    parts: dict[str, list[Part]] = {}
    for part in message_from_bytes(head + await request.read()).walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and name:
            parts.setdefault(name, []).append(_part(part))
    return parts


def _part(part: Message) -> Part:
    payload = part.get_payload(decode=True)
    octets = payload if isinstance(payload, bytes) else b""
    if (name := part.get_filename()) is not None:
        return name, octets
    return octets.decode("utf-8", "replace")


def first_text(parts: Parts, name: str) -> str | None:
    """The first part of that name, where it is text; else None."""
    value = parts.get(name, [None])[0]
    return value if isinstance(value, str) else None


def several(parts: Parts, name: str) -> list[Part]:
    """All values of a list, sent as ``name`` or as ``name[]`` (A: both are taken)."""
    return [*parts.get(name, []), *parts.get(f"{name}[]", [])]


def identifier(request: web.Request, name: str = "id") -> str:
    value = request.match_info[name]
    if not is_uuid(value):
        raise invalid(f"{name}: must be a UUID")
    return value.lower()


def is_amount(value: object) -> bool:
    """A number above zero with at most two decimals."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if not math.isfinite(value) or not 0 < value < 1e12:
        return False
    return round(value * 100) == round(value * 100, 6)


def is_day(value: object) -> TypeGuard[str]:
    if not isinstance(value, str) or len(value) != 10:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())


def in_window(query: Mapping[str, str], name: str, value: str | None) -> bool:
    """``name_start`` and ``name_end`` around a timestamp, both ends included."""
    start, end = (_moment(query, f"{name}_{edge}") for edge in ("start", "end"))
    if start is None and end is None:
        return True
    if value is None:
        return False
    moment = datetime.fromisoformat(value)
    return (start is None or moment >= start) and (end is None or moment <= end)


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    text = query[name].replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"{name}: must be a date-time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def page(
    request: web.Request, rows: Sequence[Json], most: int = LARGEST_PAGE
) -> tuple[list[Json], dict[str, str]]:
    """``(rows of the page, headers)``. D: ``page`` from 1, ``per_page`` up to 100.

    ``most``: a page that asks for more has so many.
    """
    number, size = _whole(request, "page", 1), _whole(request, "per_page", PER_PAGE)
    if size > LARGEST_PAGE:
        raise invalid(f"per_page: at most {LARGEST_PAGE}")
    size = min(size, most)
    pages = max(-(-len(rows) // size), 1)
    headers = {
        "X-Total": len(rows),
        "X-Total-Pages": pages,
        "X-Page": number,
        "X-Per-Page": size,
        "X-Next-Page": number + 1 if number < pages else "",
        "X-Prev-Page": number - 1 if number > 1 else "",
    }
    start = (number - 1) * size
    texts = {name: str(value) for name, value in headers.items()}
    return list(rows[start : start + size]), texts


def _whole(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise invalid(f"{name}: must be a whole number from 1")
    return int(text)
