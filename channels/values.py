"""Values as services write and want them: numbers, dates, amounts and texts."""

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

# An object of JSON that came from outside: of its values nothing is known yet.
Json = dict[str, object]
# One that was made here; what is in it, the files of tests/payloads/ show.
Payload = dict[str, Any]

LARGEST_NUMBER = 1e12  # of an amount; what is larger is a fault

NORDIC_FORMS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y%m%d")
YEARS = range(1970, 2200)  # what is dated otherwise bears no date
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def number(value: object) -> float | None:
    """A number from a number or a text, with a comma or a point; None if neither, or
    if no ledger could hold it."""
    if isinstance(value, bool):
        return None
    text = str(value if value is not None else "").replace("\N{MINUS SIGN}", "-")
    text = re.sub(r"[\s'€]|(EUR|SEK|NOK|kr)$", "", text.strip(), flags=re.I)
    if "," in text and "." in text:
        decimal = max(text.rfind(","), text.rfind("."))
        text = re.sub(r"[.,]", "", text[:decimal]) + "." + text[decimal + 1 :]
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        return None
    # NaN is in no range.
    return found if -LARGEST_NUMBER <= found <= LARGEST_NUMBER else None


def unreadable(value: object) -> str:
    """A given amount as text, if it is none; "" if it can be read, or none is given."""
    is_given = value not in (None, "")
    return str(value) if is_given and number(value) is None else ""


def date(value: object) -> datetime.date | None:
    """A date from an ISO or a Nordic (1.2.2026) text, or None."""
    found = moment(value)
    return found.date() if found else None


def moment(value: object) -> datetime.datetime | None:
    """A naive datetime from the forms that Ropo may use, or None."""
    text = re.sub(r"[zZ]$", "+00:00", str(value or "").strip())
    for parse in (datetime.datetime.fromisoformat, *map(_strptime, NORDIC_FORMS)):
        try:
            parsed = parse(text)
            if parsed.tzinfo:
                parsed = parsed.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        except (ValueError, OverflowError):
            continue
        return parsed.replace(microsecond=0) if parsed.year in YEARS else None
    return None


def _strptime(form: str) -> Callable[[str], datetime.datetime]:
    return lambda text: datetime.datetime.strptime(text, form)


def value_at(body: object, place: str) -> object:
    """What is at a place such as `result.status`; None where there is nothing."""
    for name in place.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def rows_at(body: object, place: str) -> list[object] | None:
    """The list at a place; None where there is none.

    Without the last wrapper it is taken, too.
    """
    wrappers, _dot, last = place.rpartition(".")
    body = value_at(body, wrappers) if wrappers else body
    rows = body.get(last) if isinstance(body, dict) else body
    return rows if isinstance(rows, list) else None


def money(amount: float) -> float:
    return round(amount, 2) + 0.0  # + 0.0: no negative zero


def without_blanks(payload: Mapping[str, object]) -> Payload:
    values = {
        key: readable(value) if isinstance(value, str) else value
        for key, value in payload.items()
    }
    return {key: value for key, value in values.items() if value not in ("", None, [])}


def readable(text: str) -> str:
    """Without what no printer and no XML can show, such as a form feed."""
    return CONTROLS.sub("", text).strip()
