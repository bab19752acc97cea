"""Guide “Attachments” (documentation): files of an invoice, and its image."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from ..shapes import Json
from .datasets import missing
from .invoice_guide import ELECTRONIC

if TYPE_CHECKING:
    from ..state import Profile


MEGABYTE = 1_000_000

# D: 1 MB in all when delivered electronically; the decoded size is counted (A).
ATTACHMENTS_LIMIT = MEGABYTE


def attachments(dataset: Json, kind: str, profile: Profile) -> list[str]:
    size, errors = 0, []
    sendtype = dataset.get("sendtype") or "post"
    for index, attachment in enumerate(dataset.get("attachment") or []):
        found, octets = _attachment(attachment, dataset["customertype"], sendtype)
        errors += [f"attachment[{index}].{error}" for error in found]
        size += octets
    found, octets = image(dataset.get("image"))
    errors += found
    if sendtype in ELECTRONIC and size + octets > ATTACHMENTS_LIMIT:
        errors.append("attachment: more than 1 MB for an electronic delivery")
    return errors


def image(image: Json | None) -> tuple[list[str], int]:
    """``(errors, size)`` of the document to show. A: a PDF in base64, as attachments
    are; on invoices, too."""
    if not image:
        return [], 0
    try:
        content = base64.b64decode(image["file"], validate=True)
    except binascii.Error:
        return ["image.file: not base64"], 0
    if not content.startswith(b"%PDF-"):
        return ["image.file: is no PDF"], len(content)
    return [], len(content)


def _attachment(
    attachment: Json, customertype: int, sendtype: str
) -> tuple[list[str], int]:
    """``(errors, size)`` of one attachment. D: PDF; Excel and CSV B2B and Peppol."""
    if attachment.get("attachmentid"):
        return [], 0
    absent = missing(attachment, ("attachmentname", "attachmentfile"))
    if absent:
        return [f"{name}: required" for name in absent], 0
    try:
        content = base64.b64decode(attachment["attachmentfile"], validate=True)
    except binascii.Error:
        return ["attachmentfile: not base64"], 0
    name = attachment["attachmentname"].lower()
    sheets = customertype == 1 or sendtype == "peppol"
    allowed = (".pdf", ".xls", ".xlsx", ".csv") if sheets else (".pdf",)
    if not name.endswith(allowed):
        return [f"attachmentname: must end in {', '.join(allowed)}"], len(content)
    if name.endswith(".pdf") and not content.startswith(b"%PDF-"):
        return ["attachmentfile: is no PDF"], len(content)
    return [], len(content)
