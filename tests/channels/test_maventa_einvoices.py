"""Which files are let through as e-invoices."""

import pytest

from ...channels.maventa.einvoices import fault
from .maventa import BIS3, UBL

FINVOICE = (
    '<Finvoice Version="{version}"><InvoiceDetails>'
    "<InvoiceNumber> {number} </InvoiceNumber></InvoiceDetails></Finvoice>"
)


def peppol(root="Invoice", customization=BIS3, number="<cbc:ID> INV/1 </cbc:ID>"):
    return (
        f'<{root} xmlns="{UBL}:{root}-2" xmlns:cbc="{UBL}:CommonBasicComponents-2">'
        f"{customization and f'<cbc:CustomizationID>{customization}'}"
        f"{customization and '</cbc:CustomizationID>'}{number}</{root}>"
    )


def finvoice(version="3.0", number="INV/1"):
    return FINVOICE.format(version=version, number=number)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (peppol(), "PEPPOLBIS30"),
        (peppol("CreditNote"), "PEPPOLBIS30"),
        (peppol(customization=f" {BIS3}#more "), "PEPPOLBIS30"),
        (finvoice(), "FINVOICE30"),
    ],
)
def test_what_maventa_is_promised_is_let_through(text, form):
    assert fault(text.encode(), form, "INV/1") == ""


NOT_PEPPOL = "The e-invoice's file is no Peppol BIS 3.0."
DECLARED = "The e-invoice's file has a document type declaration."


@pytest.mark.parametrize(
    ("text", "form", "says"),
    [
        (peppol(), "UBL", "The e-invoice's format UBL can't be sent through Maventa."),
        (peppol(customization=""), "PEPPOLBIS30", NOT_PEPPOL),
        (peppol(customization="XX"), "PEPPOLBIS30", NOT_PEPPOL),
        (finvoice(), "PEPPOLBIS30", NOT_PEPPOL),
        (peppol("Order"), "PEPPOLBIS30", NOT_PEPPOL),
        (peppol(), "FINVOICE30", "The e-invoice's file is no Finvoice 3.0."),
        (finvoice("2.0"), "FINVOICE30", "The e-invoice's file is no Finvoice 3.0."),
        (
            peppol(number=""),
            "PEPPOLBIS30",
            "The e-invoice's file is of no invoice, not of INV/1.",
        ),
        (
            peppol(number="<cbc:ID/>"),
            "PEPPOLBIS30",
            "The e-invoice's file is of no invoice, not of INV/1.",
        ),
        (
            finvoice(number="INV/2"),
            "FINVOICE30",
            "The e-invoice's file is of INV/2, not of INV/1.",
        ),
        (
            f'<!DOCTYPE Finvoice [<!ENTITY a "b">]>{finvoice()}',
            "FINVOICE30",
            DECLARED,
        ),
        (
            f'<!DOCTYPE Finvoice SYSTEM "/nowhere.dtd">{finvoice()}',
            "FINVOICE30",
            DECLARED,
        ),
    ],
)
def test_any_other_file_is_refused_by_what_is_wrong(text, form, says):
    assert fault(text.encode(), form, "INV/1") == says


@pytest.mark.parametrize(
    "text", ["", "<Finvoice>", "<a>" * 1000 + "</a>" * 1000, "<a>\0</a>"]
)
def test_file_that_is_not_well_formed_or_nested_without_end_is_refused(text):
    said = fault(text.encode(), "FINVOICE30", "INV/1")
    assert said.startswith("The e-invoice's file is not well-formed XML: ")
