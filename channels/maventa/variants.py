"""What Maventa may do otherwise than assumed, where a setting covers it.

Each function finds, in what came, the value of the setting with which the client
agrees; "" where it finds none.
"""

import re
from collections.abc import Container
from urllib.parse import urlsplit

from ..transport import Reply
from ..values import Json, number
from . import answers, cases
from .codes import RECEIVABLES_HOSTS
from .words import Words

# Other names of a payer's fields, as the refusal of a transfer may have them.
SYNONYMS = {
    "name": ("full_name", "payer_name", "company_name"),
    "customer_type": ("payer_type", "type", "receiver_type", "party_type"),
    "business_id": ("bid", "company_id", "organization_number", "org_number", "vat_id"),
    "personal_id": ("ssn", "person_id", "social_security_number", "personal_number"),
    "street": ("street_address", "address", "address1", "address_line1", "street_name"),
    "postcode": ("postal_code", "zip", "zip_code", "post_code", "postalcode"),
    "city": ("town", "post_office", "postal_city"),
    "country": ("country_code",),
    "email": ("email_address",),
    "phone": ("phone_number", "telephone", "mobile"),
    "language": ("lang", "language_code"),
}
CAPITALS = ("amount", "capital", "open_amount", "sum", "sum_open", "principal")
# `(name of the type, key of the values)` of an event's envelope.
ENVELOPES = (
    ("event_type", ""),
    ("type", ""),
    ("event_type", "data"),
    ("type", "data"),
    ("event_type", "details"),
    ("type", "details"),
    ("event_type", "payload"),
    ("type", "payload"),
    ("type", "event"),
)
LEADS_NOWHERE = (403, 404, 405)


def other_addresses(base_url: str, now: str) -> list[str]:
    """Where else the Receivables API may be: never in production."""
    tests = [
        url
        for (environment, _country), url in RECEIVABLES_HOSTS.items()
        if environment == "test"
    ]
    is_own_machine = not (urlsplit(base_url).hostname or "").endswith("maventa.com")
    beside = [base_url, f"{base_url}/receivables"]
    several = beside if is_own_machine else [*beside, *tests]
    return [url for url in dict.fromkeys(several) if url != now]


def payer_names(words: Words, refusal: str) -> dict[str, str]:
    """`{setting: name}`: the other names of a payer that a refusal speaks of."""
    spoken = set(re.findall(r"\w+", refusal.lower()))
    found = {}
    for ours, others in SYNONYMS.items():
        setting = f"maventa_payer_{ours}"
        theirs = next((name for name in others if name in spoken), "")
        if theirs and theirs != words[setting]:
            found[setting] = theirs
    return found


def place_of_rows(body: object, inside: str = "") -> str:
    """Where a list of objects with ids is, such as `data.items`."""
    if not isinstance(body, dict):
        return ""
    for name, item in body.items():
        if isinstance(item, list) and item and _has_id(item[0]):
            return f"{inside}{name}"
        if place := place_of_rows(item, f"{inside}{name}."):
            return place
    return ""


def _has_id(row: object) -> bool:
    return isinstance(row, dict) and bool(row.get("id"))


def place_of_next(reply: Reply, wanted: str = "2") -> str:
    """What names the second page: a header, or a place in the body."""
    for name, value in reply.headers.items():
        if "next" in name.lower() and value.strip() == wanted:
            return name
    return _place_of_value(reply.json_or_none(), wanted, "next")


def _place_of_value(body: object, wanted: str, word: str, inside: str = "") -> str:
    for name, item in body.items() if isinstance(body, dict) else ():
        if word in name.lower() and str(item) == wanted:
            return f"{inside}{name}"
        if place := _place_of_value(item, wanted, word, f"{inside}{name}."):
            return place
    return ""


def name_of_assignment(transfer: Json, invoice_id: str) -> str:
    """The name under which a transfer shows an id that is not the invoice's."""
    for name, value in transfer.items():
        is_other = cases.is_uuid(value) and value.lower() != invoice_id
        if is_other and name not in ("id", "invoice_id"):
            return name
    return ""


def name_of_sum(before: Json, after: Json, difference: float) -> str:
    """The name of the amount that fell by so much from one answer to the other."""
    for name, value in after.items():
        was, is_now = number(before.get(name)), number(value)
        if was is None or is_now is None:
            continue
        if round(was - is_now, 2) == difference:
            return name
    return ""


def name_of_fees(assignment: Json) -> str:
    for name, value in assignment.items():
        if "fee" in name or "cost" in name or "interest" in name:
            if number(value) is not None:
                return name
    return ""


def name_of_state(body: Json, states: Container[str]) -> str:
    """The name of the field that has one of these words."""
    for name, value in body.items():
        if str(value).upper() in states:
            return name
    return ""


def further_keys(body: Json) -> str:
    """The keys of a refusal that are not those of its shape, with commas between."""
    return ",".join(sorted(set(body) - answers.ERROR))
