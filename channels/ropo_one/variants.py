"""What Ropo One may do otherwise than assumed, where a setting covers it.

Each function finds, in what came, the value of the setting with which the client
agrees.
"""

import re

from ..values import Json
from .answers import PROBLEM

# Tried in turn where the path that is set leads nowhere. None of them posts anything
# but a document for local print, which is what is tried.
OTHER_PATHS = {
    "path_preview": (
        "/jobs/preview",
        "/jobs/previewpdf",
        "/jobs/pdfpreview",
        "/jobs/pdf/preview",
        "/preview",
    ),
    "path_localprint": (
        "/jobs/localprint",
        "/jobs/print",
        "/jobs/local-print",
        "/jobs/printlocal",
        "/localprint",
    ),
}
LEADS_NOWHERE = (404, 405)


def other_paths(name: str, now: str) -> list[str]:
    return [path for path in OTHER_PATHS[name] if path != now]


def place_of_rows(body: Json) -> str:
    """Where a list of objects is, such as `result.status`; "" if it is nowhere."""
    for name, item in body.items():
        if isinstance(item, list) and item and isinstance(item[0], dict):
            return name
        if isinstance(item, dict) and (place := place_of_rows(item)):
            return f"{name}.{place}"
    return ""


def further_keys(body: Json) -> str:
    """The keys of a refusal that are not those of its shape, with commas between."""
    shapes = ({"errorId", "errorText"}, {"error"}, PROBLEM)
    shape = max(shapes, key=lambda keys: len(keys & set(body)))
    return ",".join(sorted(set(body) - shape))


def words_of(error: str, number: str) -> str:
    """What a refusal says beside the number that it is about."""
    parts = re.split(rf"{re.escape(number)}|\(.*?\)", error)
    return max((part.strip(" :.,;") for part in parts), key=len)
