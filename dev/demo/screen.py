"""What the person sees: headings, tables, a progress bar; colours on a tty only."""

import os
import sys

FANCY = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
BAR = 30


def paint(text, colour):
    return f"\033[{COLOURS[colour]}m{text}\033[0m" if FANCY else str(text)


def heading(number, title):
    print(f"\n{paint(f'{number}. {title}', 'bold')}", flush=True)


def show(text, colour=None):
    print(f"   {paint(text, colour) if colour else text}", flush=True)


def case(number):
    """A case's number; of a long one as much as Ropo's own pages show."""
    return (number or "")[:8]


def money(amount):
    return f"{amount:,.2f}".replace(",", " ")


def table(titles, rows, colour_of=lambda row: None):
    """Prints rows of texts and numbers; floats are money and stand to the right."""
    rows = [tuple(row) for row in rows]
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    right = [
        any(isinstance(row[column], float) for row in rows)
        for column in range(len(titles))
    ]
    show(_line(titles, widths, right), "dim")
    for row, texts in zip(rows, cells, strict=True):
        show(_line(texts, widths, right), colour_of(row))


def _cell(value):
    return money(value) if isinstance(value, float) else str(value or "")


def _line(texts, widths, right):
    parts = [
        text.rjust(width) if to_right else text.ljust(width)
        for text, width, to_right in zip(texts, widths, right, strict=True)
    ]
    return "  ".join(parts).rstrip()


def progress(items, label):
    """Yields `items`, and shows how far it has got."""
    items = list(items)
    for count, item in enumerate(items):
        _bar(label, count, len(items))
        yield item
    _bar(label, len(items), len(items))


def _bar(label, count, total):
    done = count == total
    if not FANCY and not done:
        return
    filled = BAR * count // (total or 1)
    bar = paint("█" * filled, "green") + "░" * (BAR - filled)
    start = "\r" if FANCY else ""
    print(f"{start}   {label} {bar} {count}/{total}", end="\n" if done else "")
    sys.stdout.flush()
