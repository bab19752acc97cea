"""The ids by which the addon knows a case, from the moment that it is asked for.

An invoice's is its id at Maventa. A transfer's is made of it, since the assignment has
an id of its own only once Ropo took it, and an invoice has one transfer.
"""

import re
from typing import TypeGuard

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
TRANSFER = "/ropo"


def is_uuid(text: object) -> TypeGuard[str]:
    return isinstance(text, str) and bool(UUID.fullmatch(text))


def transfer_of(invoice_id: str) -> str:
    """The case of this invoice's transfer; "" without one."""
    return f"{invoice_id}{TRANSFER}" if invoice_id else ""


def is_transfer(case: str) -> bool:
    return case.endswith(TRANSFER)


def invoice_of(case: str) -> str:
    """The id of the invoice that a case is about; "" when this is none."""
    found = case.removesuffix(TRANSFER)
    return found.lower() if is_uuid(found) else ""
