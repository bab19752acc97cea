"""Whether ids and electronic addresses have the form that their standards demand.

A check digit finds the slip of a finger before Ropo, or nobody, does.
"""

import re

from stdnum.fi import ytunnus
from stdnum.iso7064 import mod_97_10
from stdnum.no import orgnr as norwegian
from stdnum.se import orgnr as swedish

BUSINESS_IDS = {"FI": ytunnus, "SE": swedish, "NO": norwegian}
OVT_PREFIX = "0037"  # the Finnish tax administration as issuer (ISO 6523)
IBAN_FORM = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
OVT_LENGTHS = range(12, 18)  # prefix, business id, at most five signs of a unit


def is_business_id(country: str, text: str) -> bool:
    """Whether a company of `country` (alpha-2) may have this id.

    True for countries whose ids are not known here.
    """
    check = BUSINESS_IDS.get(country)
    return not check or check.is_valid(text)


def business_id_of_vat(country: str, vat: str) -> str:
    """The business id that a Nordic VAT number is made of, or an empty text."""
    digits = "".join(sign for sign in vat if sign.isdecimal())
    if country == "SE":
        digits = digits[:10]  # 01 at the end
    check = BUSINESS_IDS.get(country)
    if not check or not check.is_valid(digits):
        return ""
    formatted: str = check.format(digits)
    return formatted.replace(" ", "")  # Norway's comes with blanks


def is_ovt(text: str) -> bool:
    """Whether this is an OVT code: 0037, a Finnish business id, maybe a unit."""
    return (
        text.startswith(OVT_PREFIX)
        and text.isalnum()
        and len(text) in OVT_LENGTHS
        and ytunnus.is_valid(text[4:12])
    )


def is_einvoice_address(text: str) -> bool:
    """Whether an e-invoice may be addressed so: an OVT code, an IBAN or another id.

    OVT codes and Finnish IBANs have check digits; what else operators use (TE0037…,
    GLN) is only looked at for signs that no address has.
    """
    if text.startswith(OVT_PREFIX):
        return is_ovt(text)
    if text.startswith("FI"):
        return is_iban(text)
    return text.isalnum() and text.isascii()


def is_operator(text: str) -> bool:
    """Whether this may be an operator: an OVT code, a BIC or a short code."""
    if text.startswith(OVT_PREFIX):
        # Some operators' codes only look like OVT codes.
        return text.isdecimal() and len(text) in OVT_LENGTHS
    return text.isalnum() and text.isascii()


def is_peppol_id(text: str) -> bool:
    """Whether this is a scheme of four signs, a colon and an id in it."""
    scheme, colon, identifier = text.partition(":")
    return bool(colon and identifier) and scheme.isdecimal() and len(scheme) == 4


def is_iban(text: str | None) -> bool:
    """Whether the check digits of an IBAN are right; not whether the bank exists."""
    text = text or ""
    return bool(IBAN_FORM.fullmatch(text)) and mod_97_10.is_valid(text[4:] + text[:4])
