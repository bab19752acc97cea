"""Whether an e-invoice is what Maventa is promised, before it leaves.

Well-formed, of the right kind and version, and of this very invoice; the schemas
themselves are not at hand, so what is inside is Maventa's to judge.
"""

from lxml import etree

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
NAMES = {"cbc": f"{UBL}:CommonBasicComponents-2"}
BIS3 = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
ROOTS = {
    "PEPPOLBIS30": (f"{{{UBL}:Invoice-2}}Invoice", f"{{{UBL}:CreditNote-2}}CreditNote"),
    "FINVOICE30": ("Finvoice",),
}
LABELS = {"PEPPOLBIS30": "Peppol BIS 3.0", "FINVOICE30": "Finvoice 3.0"}
NUMBERS = {
    "PEPPOLBIS30": "cbc:ID",
    "FINVOICE30": "InvoiceDetails/InvoiceNumber",
}


def fault(octets: bytes, format_: str, number: str) -> str:
    """What is wrong with the file, as a sentence; "" if nothing is.

    :param format_: by Maventa's name
    :param number: of the invoice that it should be
    """
    if format_ not in ROOTS:
        return f"The e-invoice's format {format_} can't be sent through Maventa."
    root = _parsed(octets)
    if isinstance(root, str):
        return root
    if root.tag not in ROOTS[format_] or not _has_version(root, format_):
        return f"The e-invoice's file is no {LABELS[format_]}."
    found = (root.findtext(NUMBERS[format_], "", NAMES) or "").strip()
    if found != number:
        return f"The e-invoice's file is of {found or 'no invoice'}, not of {number}."
    return ""


def _parsed(octets: bytes) -> etree._Element | str:
    """The root, or what is wrong. Nothing is expanded and nothing fetched."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(octets, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        return f"The e-invoice's file is not well-formed XML: {error}."
    info: etree.DocInfo = root.getroottree().docinfo
    if info.internalDTD is not None:
        return "The e-invoice's file has a document type declaration."
    return root


def _has_version(root: etree._Element, format_: str) -> bool:
    if format_ == "FINVOICE30":
        return root.get("Version") == "3.0"
    customization = root.findtext("cbc:CustomizationID", "", NAMES) or ""
    return customization.strip().startswith(BIS3)
