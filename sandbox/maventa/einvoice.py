"""What an e-invoice says of itself: Peppol BIS 3.0 (UBL 2.1) and Finvoice 3.0.

Read with the standard library. A document type (DTD) is refused before anything is
expanded: UBL forbids it, and Finvoice 3.0 has a schema in its place.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from ..money import cents
from ..shapes import Json
from .errors import BAD_FILE, Refused

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
NAMES = {
    "cbc": f"{UBL}:CommonBasicComponents-2",
    "cac": f"{UBL}:CommonAggregateComponents-2",
}
BIS3 = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"

# format: {root element: is it a credit note; None: the document's own code says}
ROOTS: dict[str, dict[str, bool | None]] = {
    "PEPPOLBIS30": {
        f"{{{UBL}:Invoice-2}}Invoice": False,
        f"{{{UBL}:CreditNote-2}}CreditNote": True,
    },
    "FINVOICE30": {"Finvoice": None},
}
# D: the list of the API. The sandbox reads those of ROOTS and refuses the others.
FORMATS = frozenset(
    (
        "VISMAXML53 VISMAXML60 SVEFAKTURA10 SEDI E2B EHF20 PEPPOLBIS20 PEPPOLBIS30 "
        "SIUBL11 SIUBL12 SIUBL20 OIOUBL VISMAUBL10 VISMAUBL30 FINVOICE13 FINVOICE20 "
        "FINVOICE30 TEAPPS27 TEAPPS30"
    ).split()
)
LARGEST = 10**12  # A: no invoice is over that
FINVOICE_CREDIT_NOTES = frozenset({"INV02", "INV06"})

_UBL_PARTY = {
    "eia": "cbc:EndpointID",
    "bid": "cac:PartyLegalEntity/cbc:CompanyID",
    "name": "cac:PartyLegalEntity/cbc:RegistrationName",
    "country": "cac:PostalAddress/cac:Country/cbc:IdentificationCode",
}
PATHS: dict[str, dict[str, tuple[Any, ...]]] = {
    "PEPPOLBIS30": {
        "number": ("cbc:ID",),
        "date": ("cbc:IssueDate",),
        "date_due": ("cbc:DueDate", "cac:PaymentMeans/cbc:PaymentDueDate"),
        "currency": ("cbc:DocumentCurrencyCode",),
        "sum": ("cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount",),
        "sum_tax": ("cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",),
        "payable": ("cac:LegalMonetaryTotal/cbc:PayableAmount",),
        "reference": ("cac:PaymentMeans/cbc:PaymentID",),
        "sender": ("cac:AccountingSupplierParty/cac:Party", _UBL_PARTY),
        "recipient": ("cac:AccountingCustomerParty/cac:Party", _UBL_PARTY),
    },
    "FINVOICE30": {
        "number": ("InvoiceDetails/InvoiceNumber",),
        "date": ("InvoiceDetails/InvoiceDate",),
        "date_due": (
            "InvoiceDetails/PaymentTermsDetails/InvoiceDueDate",
            "EpiDetails/EpiPaymentInstructionDetails/EpiDateOptionDate",
        ),
        "sum": ("InvoiceDetails/InvoiceTotalVatExcludedAmount",),
        "sum_tax": ("InvoiceDetails/InvoiceTotalVatIncludedAmount",),
        "payable": (
            "EpiDetails/EpiPaymentInstructionDetails/EpiInstructedAmount",
            "InvoiceDetails/InvoiceTotalVatIncludedAmount",
        ),
        "reference": (
            "EpiDetails/EpiPaymentInstructionDetails/EpiRemittanceInfoIdentifier",
        ),
        "sender": (
            ".",
            {
                "eia": "MessageTransmissionDetails/MessageSenderDetails/FromIdentifier",
                "bid": "SellerPartyDetails/SellerPartyIdentifier",
                "name": "SellerPartyDetails/SellerOrganisationName",
                "country": "SellerPartyDetails/SellerPostalAddressDetails/CountryCode",
            },
        ),
        "recipient": (
            ".",
            {
                "eia": "MessageTransmissionDetails/MessageReceiverDetails/ToIdentifier",
                "bid": "BuyerPartyDetails/BuyerPartyIdentifier",
                "name": "BuyerPartyDetails/BuyerOrganisationName",
                "country": "BuyerPartyDetails/BuyerPostalAddressDetails/CountryCode",
            },
        ),
    },
}


@dataclasses.dataclass
class Document:
    """The facts of an e-invoice; amounts in cents, dates ``YYYY-MM-DD``."""

    number: str
    date: str
    date_due: str | None
    currency: str
    sum: int
    sum_tax: int
    payable: int
    reference: str | None
    sender: Json
    recipient: Json
    credit_note: bool
    source_format: str


def read(octets: bytes, wanted: str | None = None) -> Document:
    """The document, or what is wrong with it. A: without a format its root says it."""
    if wanted is not None and wanted not in FORMATS:
        raise Refused(BAD_FILE, f"format: {wanted} is not supported")
    root = _parse(octets)
    kind = next((name for name, roots in ROOTS.items() if root.tag in roots), None)
    if kind is None or wanted not in (None, kind):
        raise Refused(BAD_FILE, f"The file is no {wanted or 'supported format'}")
    problem = _version(root, kind)
    if problem:
        raise Refused(BAD_FILE, problem)
    return _facts(root, kind)


def _parse(octets: bytes) -> ElementTree.Element:
    try:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _no_doctype
        parser.Parse(octets, True)
        return ElementTree.fromstring(octets)
    except (expat.ExpatError, ElementTree.ParseError, ValueError) as error:
        raise Refused(BAD_FILE, f"The file is not well-formed XML: {error}") from error


def _no_doctype(*_declaration: object) -> NoReturn:
    raise Refused(BAD_FILE, "The file has a document type declaration")


def _version(root: ElementTree.Element, kind: str) -> str:
    """What makes the root element a document of another version."""
    if kind == "FINVOICE30":
        given = root.get("Version")
        return "" if given == "3.0" else f"Finvoice version {given} is not 3.0"
    given = root.findtext("cbc:CustomizationID", "", NAMES).strip()
    return "" if given.startswith(BIS3) else f"CustomizationID {given} is not BIS 3.0"


def _facts(root: ElementTree.Element, kind: str) -> Document:
    paths = PATHS[kind]
    text = {name: _text(root, paths[name]) for name in paths}
    text["currency"] = text.get("currency") or _currency(root, paths["sum_tax"])
    needed = ("number", "date", "currency", "sum_tax")
    missing = [name for name in needed if not text.get(name)]
    if missing:
        raise Refused(BAD_FILE, "The invoice lacks what it needs", missing)
    return Document(
        number=text["number"],
        date=_date("date", text["date"]) or "",
        date_due=_date("date_due", text["date_due"]),
        currency=text["currency"],
        sum=_amount("sum", text["sum"] or text["sum_tax"]),
        sum_tax=_amount("sum_tax", text["sum_tax"]),
        payable=_amount("payable", text["payable"] or text["sum_tax"]),
        reference=text["reference"] or None,
        sender=_party(root, *paths["sender"]),
        recipient=_party(root, *paths["recipient"]),
        credit_note=_is_credit_note(root, kind),
        source_format=kind,
    )


def _text(root: ElementTree.Element, paths: Sequence[Any]) -> str:
    """The text of the first of these elements that is there."""
    paths = [path for path in paths if isinstance(path, str)]
    found = (root.findtext(path, "", NAMES).strip() for path in paths)
    return next(filter(None, found), "")


def _currency(root: ElementTree.Element, paths: Sequence[Any]) -> str:
    element = root.find(paths[0], NAMES)
    return "" if element is None else element.get("AmountCurrencyIdentifier", "")


def _party(root: ElementTree.Element, path: str, names: Mapping[str, str]) -> Json:
    party = root.find(path, NAMES)
    if party is None:
        return dict.fromkeys(names)
    return {
        name: party.findtext(below, "", NAMES).strip() or None
        for name, below in names.items()
    }


def _is_credit_note(root: ElementTree.Element, kind: str) -> bool:
    credit_note = ROOTS[kind][root.tag]
    if credit_note is not None:
        return credit_note
    code = root.findtext("InvoiceDetails/InvoiceTypeCode", "").strip()
    return code in FINVOICE_CREDIT_NOTES


def _date(name: str, text: str) -> str | None:
    """``2026-03-01``, or Finvoice's ``20260301``."""
    if not text:
        return None
    try:
        if len(text) == 8:
            return datetime.strptime(text, "%Y%m%d").date().isoformat()
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Refused(BAD_FILE, f"{name}: {text} is no date") from error


def _amount(name: str, text: str) -> int:
    """Cents of ``1234.50``, or of Finvoice's ``1234,50``."""
    try:
        amount = Decimal(text.replace(",", "."))
        if abs(amount) >= LARGEST:
            raise ValueError(f"{LARGEST} or more")
        return cents(amount)
    except (ArithmeticError, ValueError) as error:
        raise Refused(BAD_FILE, f"{name}: {text} is no amount") from error
