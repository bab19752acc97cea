"""Ropo One's interface as it is assumed, and as it might be instead.

``--dialect other`` turns round what the documents leave open, and what a tolerant
reader bears: the two calls whose paths no page has are elsewhere, status rows have
another wrapper, numbers are text, keys and rows come in another order, each object has
a key more, a payment's amount is the change of the capital, a credited case has another
code, and a number that is taken is refused in other words.
"""

import json
import re
from typing import Any

from aiohttp import web

from .shapes import Answering, octets


class Usual:
    paths = {"preview": "/jobs/preview", "localprint": "/jobs/localprint"}

    def payment(self, body: object) -> object:
        """A reported payment, as the rules read it."""
        return body

    def answer(self, response: web.Response) -> web.Response:
        return response

    def spoken(self, handler: Answering) -> Answering:
        """The handler, whose answers are in this dialect."""

        async def speak(request: web.Request) -> web.Response:
            return self.answer(await handler(request))

        return speak


class Other(Usual):
    paths = {"preview": "/jobs/pdf/preview", "localprint": "/jobs/print"}
    codes = {"102": "112"}
    coded = ("currentstatus", "statuscode", "nextstatus", "jobstatus")
    words = (r"is already in use \(.*?\)", "on varattu")
    extra = {"traceId": "0af7651916cd43dd"}

    def payment(self, body: object) -> object:
        if isinstance(body, dict) and isinstance(body.get("amount"), int | float):
            return {**body, "amount": -body["amount"]}
        return body

    def answer(self, response: web.Response) -> web.Response:
        if response.content_type != "application/json":
            return response
        answer = json.loads(octets(response))
        if isinstance(answer.get("result"), dict):
            answer = {"updates": {"rows": answer["result"]["status"]}}
        return web.json_response(self._turned(answer), status=response.status)

    def _turned(self, value: object) -> Any:
        if isinstance(value, dict):
            backwards = reversed(value.items())
            found = {name: self._field(name, item) for name, item in backwards}
            return {**found, **self.extra}
        if isinstance(value, list):
            return [self._turned(item) for item in reversed(value)]
        if isinstance(value, str):
            return re.sub(*self.words, value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if is_number else value

    def _field(self, name: str, value: object) -> object:
        turned = self._turned(value)
        return self.codes.get(turned, turned) if name in self.coded else turned


def backwards(value: object) -> Any:
    """The same JSON with keys in another order, and numbers as text."""
    if isinstance(value, dict):
        return {name: backwards(item) for name, item in reversed(value.items())}
    if isinstance(value, list):
        return [backwards(item) for item in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


DIALECTS = {"usual": Usual, "other": Other}
