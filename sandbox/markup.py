"""HTML for people: no script, and everything that came from outside is escaped."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TypeVar

from aiohttp import web

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
SHOWN = 200

Row = TypeVar("Row")


class Raw(str):
    """HTML that was put together here; anything else gets escaped."""


class Money(str):
    """An amount, set to the right."""


# Columns of amounts, whose heads stand to the right as well.
AMOUNTS = frozenset({"Open", "Amount", "Capital before", "after", "ms"})


def latest(rows: Iterable[Row]) -> list[Row]:
    return list(rows)[: -SHOWN - 1 : -1]


def tiles(facts: Iterable[tuple[str, object]]) -> str:
    """``(label, value)`` pairs as a row of tiles."""
    inside = "".join(
        f"<div><b>{escape(str(value))}</b><span>{escape(label)}</span></div>"
        for label, value in facts
    )
    return f'<div class="tiles">{inside}</div>'


def amount(value: object) -> Money:
    """An amount as a client wrote it, which may be no number at all."""
    if isinstance(value, (int, float)):
        return Money(f"{value:.2f}")
    return Money("" if value is None else value)


def badge(text: object, kind: str) -> str:
    return f'<span class="badge {kind}">{escape(str(text))}</span>'


def section(
    title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]
) -> str:
    rows = list(rows)
    if not rows:
        return (
            f"<section><h2>{escape(title)}</h2>"
            '<p class="none">Nothing yet.</p></section>'
        )
    head = "".join(map(_head, columns))
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return (
        f"<section><h2>{escape(title)} <small>{len(rows)}</small></h2>"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _head(column: str) -> str:
    amount = ' class="money"' if column in AMOUNTS else ""
    return f"<th{amount}>{escape(column)}</th>"


def _cell(value: object) -> str:
    if isinstance(value, Raw):
        return f"<td>{value}</td>"
    if isinstance(value, Money):
        return f'<td class="money">{escape(value)}</td>'
    return f"<td>{'' if value is None else escape(str(value))}</td>"


def page(title: str, body: str) -> web.Response:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    return web.Response(text=html, content_type="text/html")
