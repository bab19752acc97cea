"""What Ropo sends by itself: batches of messages, read without trusting them."""

import codecs
import json
import math
from collections.abc import Mapping
from email.message import Message
from typing import NoReturn

from .values import Json

LARGEST_BODY = 4 * 1024 * 1024  # bytes: 500 messages of 8 KB
MOST_MESSAGES = 500
LONGEST_ID = 200  # characters
DEEPEST = 50  # levels of lists and objects
TOO_DEEP = "(nested too deeply)"


class RefusedError(ValueError):
    """A batch that will never do; `status` is that of the answer, a 4xx."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def messages_of(content: bytes, headers: Mapping[str, str]) -> list[Json]:
    """The messages of one batch: `content` is the body, in bytes.

    It is a list of messages, or an object that holds one list. Each message is an
    object with an `id`, by which it is kept once; what else is in it is kept unseen.
    Raises `RefusedError` for anything else, so that a batch is kept whole or not.
    """
    _check_type(headers)
    messages = _list_of(_parse(content))
    if len(messages) > MOST_MESSAGES:
        raise RefusedError(413, f"More than {MOST_MESSAGES} messages")
    return [_message(message) for message in messages]


def _message(message: object) -> Json:
    if not isinstance(message, dict):
        raise RefusedError(400, "A message is no object")
    if not is_id(message.get("id")):
        raise RefusedError(400, "A message without a usable id")
    return message


def is_id(value: object) -> bool:
    """Whether this is a text or a number by which a message can be known again."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    return 0 < len(str(value).strip()) <= LONGEST_ID


def storable(value: object, levels: int = DEEPEST) -> object:
    """The same JSON as PostgreSQL keeps it: no NUL, no half characters, no infinity,
    nothing nested without end."""
    if not levels:
        return TOO_DEEP
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {
            storable(key): storable(item, levels - 1) for key, item in value.items()
        }
    if isinstance(value, list):
        return [storable(item, levels - 1) for item in value]
    return value


def _check_type(headers: Mapping[str, str]) -> None:
    message = Message()
    message["Content-Type"] = headers.get("Content-Type", "")
    if message.get_content_type() != "application/json":
        raise RefusedError(415, "Not application/json")
    try:
        charset = codecs.lookup(str(message.get_param("charset", "utf-8"))).name
    except LookupError:
        charset = None
    if charset not in ("utf-8", "ascii"):
        raise RefusedError(415, "Not UTF-8")
    if headers.get("Content-Encoding", "identity") != "identity":
        raise RefusedError(415, "Encoded content")


def _parse(content: bytes) -> object:
    try:
        return storable(json.loads(content.decode(), parse_constant=_no_number))
    except UnicodeDecodeError as error:
        raise RefusedError(400, "Not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "Not JSON") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _list_of(body: object) -> list[object]:
    if isinstance(body, dict):
        lists = [value for value in body.values() if isinstance(value, list)]
        body = lists[0] if len(lists) == 1 else None
    if not isinstance(body, list):
        raise RefusedError(400, "No list of messages")
    return body
