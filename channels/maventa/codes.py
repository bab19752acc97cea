"""The words by which Maventa names things.

Facts are from Maventa's documentation and the guide to Ropo's receivables service; an
assumption, where no page says it, is marked so.
"""

import enum
import uuid

from ..base import ServiceState
from ..documents import Progress
from ..errors import Fault, Meaning

COUNTRIES = ("fi", "se", "no")
HOSTS = {
    (environment, country): host
    for environment, host in (
        ("test", "https://ax-stage.maventa.com"),
        ("production", "https://ax.maventa.com"),
    )
    for country in COUNTRIES
}
# Assumption: production; of the test host a page shows the address.
RECEIVABLES_HOSTS = {
    (environment, country): host
    for environment, host in (
        ("test", "https://receivables-stage.maventa.com"),
        ("production", "https://receivables.maventa.com"),
    )
    for country in COUNTRIES
}

SCOPES = ("company:read", "company:write", "invoice:send", "receivables:assignments")


class Call(enum.StrEnum):
    """The calls that send something."""

    INVOICE = "invoice"
    TRANSFER = "transfer"
    EVENT = "event"


# By the neutral name of the format.
FORMATS = {"peppol_bis3": "PEPPOLBIS30", "finvoice3": "FINVOICE30"}
ROUTES = {
    "evoice": "einvoice",
    "peppol": "einvoice",
    "email": "email",
    "post": "print",
}
# Assumption: these words for the language of an e-mail or a letter; of others it is
# left to Maventa.
LANGUAGES = {
    "fi": "FI",
    "sv": "SV",
    "en": "EN",
    "no": "NO",
    "nb": "NO",
    "nn": "NO",
}
COLLECTION_TYPES = {"reminder": "reminder_and_collection", "collection": "collection"}

# What is sent twice bears the same id, which is made of what it is, within this space.
INVOICE_IDS = uuid.UUID("8a3d2c1e-6f0b-5e47-9c55-1d2f7b6a4e90")

PROGRESS: dict[str, Progress] = {
    # Of an invoice. D: a delivery can be confirmed later.
    "PENDING": "pending",
    "DELIVERED": "done",
    "DELIVERY_CONFIRMED": "done",
    "FAILED": "failed",
    # Of a transfer.
    "pending": "pending",
    "sent": "done",
    "error": "failed",
}
SERVICE_STATES: dict[str, ServiceState] = {
    "DISABLED": "inactive",
    "PENDING": "pending",
    "ACTIVE": "active",
}

# `collection_status`, an open list: any other is kept and shown, and the stage stays.
STAGES = {
    "reminder_sent": "reminder",
    "debt_collection": "collection",
    "legal_collection": "legal",
    "payment_plan": "payment_plan",
    "closed": "closed",
    "delivered": "invoiced",
}
ASSUMED_CODES = ("closed", "delivered")  # of STAGES
CLOSED = "closed"
DELIVERED = "delivered"

# Assumption: the codes of refusals, of which one page shows the pattern alone. What is
# not listed is a refusal in Maventa's own words.
UNAUTHORIZED_SCOPES = ("invalid_scope",)
SAME_UUID = "invoice_duplicate_uuid"
SERVICE_OPEN = "service_already_active"
SERVICE_CLOSED = "service_not_active"
NO_ASSIGNMENT = "assignment_not_found"
NO_INVOICE = "invoice_not_found"
FAULTS = {
    "validation_error": Fault.VALUES,
    NO_INVOICE: Fault.INVOICE_UNKNOWN,
    NO_ASSIGNMENT: Fault.CASE_UNKNOWN,
    "invoice_invalid_file": Fault.EINVOICE,
    SAME_UUID: Fault.DUPLICATE,
    "invoice_duplicate_number": Fault.DUPLICATE,
    SERVICE_CLOSED: Fault.SERVICE,
    "assignment_too_early": Fault.TOO_EARLY,
    "assignment_not_allowed": Fault.NOT_ALLOWED,
    "assignment_already_exists": Fault.DUPLICATE,
    "event_type_not_allowed": Fault.NOT_ALLOWED,
}
# What a refused event means for its case; any other is for a person to fix.
CASE_CLOSED = "assignment_closed"
MEANINGS = {CASE_CLOSED: Meaning.ENDED}
# Of which something follows; settings can replace each.
DECIDING = tuple(dict.fromkeys((*FAULTS, SERVICE_OPEN, *MEANINGS)))
