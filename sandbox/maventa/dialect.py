"""Maventa's interface as it is assumed, and as it might be instead.

``--dialect other`` turns round what the documents leave open: the Receivables API lies
elsewhere, lists have a wrapper and shorter pages and name the next in the body, an
event's values lie in an object of their own, payers, sums and states have other names,
refusals other codes and a key more, a settled case ends by another word; numbers are
text, and keys come in another order.
"""

import json
import re
from collections.abc import Mapping

from aiohttp import web

from ..dialect import backwards
from ..shapes import Json, octets
from .checks import LARGEST_PAGE

UNKNOWN = "~"  # behind a name that this dialect does not have


class Usual:
    receivables = ""  # below which the Receivables API lies
    largest_page = LARGEST_PAGE

    def transfer(self, body: Json) -> Json:
        """A request of a transfer, as the rules read it."""
        return body

    def event(self, body: Json) -> Json:
        """A reported event, as the rules read it."""
        return body

    def service_shown(self, answer: Json) -> Json:
        return answer

    def transfer_shown(self, answer: Json) -> Json:
        return answer

    def assignment_shown(self, answer: Json) -> Json:
        return answer

    def event_shown(self, answer: Json) -> Json:
        return answer

    def page(self, rows: list[Json], headers: Mapping[str, str]) -> web.Response:
        """A: a list is the whole body, and the headers say where it stands (D for
        AX)."""
        return web.json_response(rows, headers=headers)

    def answer(self, response: web.Response) -> web.Response:
        return response


class Other(Usual):
    receivables = "/receivables"
    largest_page = 50
    payer = {"postcode": "postal_code", "customer_type": "type"}
    capital = {"capital_amount": "amount"}
    names = {**payer, **capital, "event_type": "type"}
    transfer_names = {"assignment_id": "receivable_id"}
    assignment_names = {"sum_open": "open_sum", "sum_fees": "cost_sum"}
    origins = {"COMPANY": "CREDITOR", "SERVICE": "ROPO"}
    types = {"closed": "assignment_closed"}
    stages = {"closed": "settled"}
    codes = {
        "assignment_already_exists": "transferred_before",
        "assignment_closed": "case_closed",
        "assignment_not_found": "not_transferred",
        "invoice_duplicate_uuid": "uuid_taken",
        "invoice_not_found": "unknown_invoice",
        "service_already_active": "already_open",
        "service_not_active": "not_open",
    }
    beside = frozenset(["id", "assignment_id", "event_type", "origin"]) | frozenset(
        ["created_at", "seen"]
    )
    extra = {"traceId": "0af7651916cd43dd"}

    def transfer(self, body: Json) -> Json:
        if isinstance(body.get("payers"), list):
            payers = [
                _ours(payer, self.payer) if isinstance(payer, dict) else payer
                for payer in body["payers"]
            ]
            body = {**body, "payers": payers}
        return _ours(body, self.capital)

    def event(self, body: Json) -> Json:
        values = body.get("data")
        if "type" not in body or not isinstance(values, dict):
            return {f"{name}{UNKNOWN}": value for name, value in body.items()}
        rest = {name: body[name] for name in body if name not in ("type", "data")}
        return {"event_type": body["type"], **values, **rest}

    def service_shown(self, answer: Json) -> Json:
        return _named(answer, {"status": "state"})

    def transfer_shown(self, answer: Json) -> Json:
        return _named(answer, self.transfer_names)

    def assignment_shown(self, answer: Json) -> Json:
        stage = answer["collection_status"]
        return {
            **_named(answer, self.assignment_names),
            "collection_status": self.stages.get(stage, stage),
            "events": [self.event_shown(each) for each in answer["events"]],
        }

    def event_shown(self, answer: Json) -> Json:
        kind, values = answer["event_type"], set(answer) - self.beside
        return {
            **{name: answer[name] for name in ("id", "assignment_id", "created_at")},
            "seen": answer["seen"],
            "type": self.types.get(kind, kind),
            "origin": self.origins[answer["origin"]],
            "data": {name: answer[name] for name in values},
        }

    def page(self, rows: list[Json], headers: Mapping[str, str]) -> web.Response:
        page = {"items": rows[::-1], "next": headers["X-Next-Page"]}
        return web.json_response({"data": page})

    def answer(self, response: web.Response) -> web.Response:
        if response.content_type != "application/json":
            return response
        answer = json.loads(octets(response))
        if set(answer) == {"code", "message", "details"}:
            answer = self._refusal(answer)
        answer = {**backwards(answer), **self.extra}
        return web.json_response(answer, status=response.status)

    def _refusal(self, answer: Json) -> Json:
        code = answer["code"]
        details = [self._detail(detail) for detail in answer["details"]]
        return {**answer, "code": self.codes.get(code, code), "details": details}

    def _detail(self, text: str) -> str:
        for ours, theirs in self.names.items():
            text = re.sub(rf"\b{ours}\b(?!{UNKNOWN})", theirs, text)
        return text.replace(UNKNOWN, "")


def _named(answer: Json, names: Mapping[str, str]) -> Json:
    return {names.get(name, name): value for name, value in answer.items()}


def _ours(body: Json, names: Mapping[str, str]) -> Json:
    """A request by the rules' names; those that this dialect lacks stay unknown."""
    theirs = {name: ours for ours, name in names.items()}
    return {
        theirs.get(name, f"{name}{UNKNOWN}" if name in names else name): value
        for name, value in body.items()
    }


DIALECTS = {"usual": Usual, "other": Other}
