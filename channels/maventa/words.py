"""By which names Maventa calls what no page confirms, where settings say otherwise.

All other files have the names of `SETTINGS`: what is sent is put into Maventa's names
when it leaves, and what comes into ours.
"""

from collections.abc import Mapping, Sequence
from typing import Self, TypeGuard

from ..transport import Reply
from ..values import Json, Payload, rows_at, value_at
from . import answers
from .answers import Row
from .codes import CLOSED, DECIDING

PAYER_NAMES = (
    "name",
    "customer_type",
    "business_id",
    "personal_id",
    "street",
    "postcode",
    "city",
    "country",
    "email",
    "phone",
    "language",
)
# Settings that replace assumptions, with what is assumed: the name of an event's type,
# and the key of the object that holds its values ("": they stand beside); whose event
# it is; the type that ends a case; names in the answers; where the rows of a list are
# ("": the whole body, or the only list in it) and what says which page follows, a
# header or a place in the body; keys that errors have beside their own; the names of a
# transfer; the codes of refusals that decide something.
PAYER, CODE = "maventa_payer_", "maventa_code_"
SETTINGS = {
    "maventa_event_type": "event_type",
    "maventa_event_values": "",
    "maventa_origin_own": answers.OWN,
    "maventa_origin_ropo": answers.ROPO,
    "maventa_event_closed": CLOSED,
    "maventa_assignment_id": "assignment_id",
    "maventa_sum_open": "sum_open",
    "maventa_sum_fees": "sum_fees",
    "maventa_service_status": "status",
    "maventa_list_rows": "",
    "maventa_next_page": "X-Next-Page",
    "maventa_error_keys": "",
    "maventa_capital_amount": "capital_amount",
    **{f"{PAYER}{name}": name for name in PAYER_NAMES},
    **{f"{CODE}{code}": code for code in DECIDING},
}


class Words:
    """:param settings: what replaces `SETTINGS`, by name"""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self._settings: dict[str, str] = {**SETTINGS, **(settings or {})}

    def __getitem__(self, name: str) -> str:
        """The value in force of a setting."""
        return self._settings[name]

    def replaced(self, name: str, value: str) -> Self:
        """The same with another value of this setting."""
        return type(self)({**self._settings, name: value})

    # --- what leaves ---

    def transfer_sent(self, assignment: Payload) -> Payload:
        """A transfer's request in Maventa's names."""
        payers = [
            {self[f"{PAYER}{name}"]: value for name, value in payer.items()}
            for payer in assignment["payers"]
        ]
        theirs = {"capital_amount": self["maventa_capital_amount"]}
        return {
            theirs.get(name, name): payers if name == "payers" else value
            for name, value in assignment.items()
        }

    def event_sent(self, event: Payload) -> Payload:
        """An event in Maventa's envelope."""
        values = {name: value for name, value in event.items() if name != "event_type"}
        wrapper = self["maventa_event_values"]
        return {
            self["maventa_event_type"]: event["event_type"],
            **({wrapper: values} if wrapper else values),
        }

    # --- what comes ---

    def event(self, event: Json) -> Row:
        """An event as it came, with our names beside its own."""
        wrapped = event.get(self["maventa_event_values"])
        values = wrapped if isinstance(wrapped, dict) else {}
        found = {**values, **event}
        if (kind := event.get(self["maventa_event_type"])) is not None:
            is_end = kind == self["maventa_event_closed"]
            found["event_type"] = CLOSED if is_end else kind
        for name, origin in (("own", answers.OWN), ("ropo", answers.ROPO)):
            if event.get("origin") == self[f"maventa_origin_{name}"]:
                found["origin"] = origin
        return found

    def transfer(self, transfer: Json) -> Json:
        return self._named(transfer, "assignment_id")

    def assignment(self, assignment: Json) -> Json:
        return self._named(assignment, "sum_open", "sum_fees")

    def service(self, state: Json) -> Json:
        theirs = self["maventa_service_status"]
        return {**state, "status": state[theirs]} if theirs in state else state

    def _named(self, body: Json, *names: str) -> Json:
        """A body as it came, with our names beside its own."""
        theirs = {name: self[f"maventa_{name}"] for name in names}
        found = {ours: body[name] for ours, name in theirs.items() if name in body}
        return {**body, **found}

    def rows(self, body: object) -> list[Row]:
        """The rows of a list; see `answers.rows_of`."""
        place = self["maventa_list_rows"]
        return answers.rows_of(rows_at(body, place) if place else body)

    def is_last_page(self, reply: Reply, count: int, size: int) -> bool:
        """See `answers.is_last_page`."""
        place = self["maventa_next_page"]
        following = reply.headers.get(place)
        if following is None:
            found = value_at(reply.json_or_none(), place)
            following = found if found is None else str(found)
        return answers.is_last_page(following, count, size)

    # --- refusals ---

    def is_own_error(self, body: object) -> TypeGuard[Json]:
        return answers.is_own_error(body, self["maventa_error_keys"])

    def is_refused_as(self, body: object, codes: Sequence[str]) -> bool:
        """Whether a refusal bears one of these codes, by our names."""
        return answers.error_code(body) in [self[f"{CODE}{code}"] for code in codes]

    def code(self, body: object) -> str:
        """The code of a refusal by our name; as it came where we have none."""
        theirs = answers.error_code(body)
        found = (code for code in DECIDING if self[f"{CODE}{code}"] == theirs)
        return next(found, theirs)
