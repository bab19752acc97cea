"""The e-invoices of artificial invoices: Peppol BIS 3.0 and Finvoice 3.0, whole, so
that a service which validates them has nothing to say."""

import base64
import datetime
from xml.sax.saxutils import escape

from .artificial import BUSINESS_IDS, CITIES, MARK
from .documents import Invoice

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
BIS3 = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
# Of the lists of Peppol: the organisation numbers of the three countries.
SCHEMES = {"fi": "0212", "se": "0007", "no": "0192"}
# Those that banks and ministries print as examples.
IBANS = {
    "fi": "FI2112345600000785",
    "se": "SE4550000000058398257466",
    "no": "NO9386011117947",
}
SELLER = f"Testimyynti Oy ({MARK})"


def peppol(invoice: Invoice, country: str, attachment: bytes = b"") -> bytes:
    """The octets of an `Invoice` of `artificial.Papers` as Peppol BIS 3.0.

    :param attachment: a PDF that travels in it
    """
    kind = "CreditNote" if invoice.is_credit else "Invoice"
    code = "381" if invoice.is_credit else "380"
    due = _element("cbc:DueDate", invoice.due_date)
    parts = [
        _element("cbc:CustomizationID", BIS3),
        _element("cbc:ProfileID", PROFILE),
        _element("cbc:ID", invoice.number),
        _element("cbc:IssueDate", invoice.date),
        "" if invoice.is_credit else due,
        _element(f"cbc:{kind}TypeCode", code),
        _element("cbc:Note", MARK),
        _element("cbc:DocumentCurrencyCode", invoice.currency),
        _element("cbc:BuyerReference", MARK),
        _embedded(attachment) if attachment else "",
        _peppol_party("Supplier", SELLER, country, is_taxed=True),
        _peppol_party("Customer", invoice.debtor.name, country),
        _peppol_payment(invoice, country),
        _peppol_sums(invoice),
        _peppol_line(invoice),
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{kind} xmlns="{UBL}:{kind}-2"'
        f' xmlns:cac="{UBL}:CommonAggregateComponents-2"'
        f' xmlns:cbc="{UBL}:CommonBasicComponents-2">{"".join(parts)}</{kind}>'
    ).encode()


def _embedded(content: bytes) -> str:
    octets = base64.b64encode(content).decode()
    return (
        "<cac:AdditionalDocumentReference><cbc:ID>TEST</cbc:ID><cac:Attachment>"
        '<cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf"'
        f' filename="test.pdf">{octets}</cbc:EmbeddedDocumentBinaryObject>'
        "</cac:Attachment></cac:AdditionalDocumentReference>"
    )


def _peppol_party(role: str, name: str, country: str, is_taxed: bool = False) -> str:
    number = BUSINESS_IDS[country]
    digits, scheme = number.replace("-", ""), SCHEMES[country]
    code, city = CITIES[country]
    tax = (
        "<cac:PartyTaxScheme>"
        + _element("cbc:CompanyID", _vat_number(country))
        + "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
    )
    return (
        f"<cac:Accounting{role}Party><cac:Party>"
        f'<cbc:EndpointID schemeID="{scheme}">{digits}</cbc:EndpointID>'
        f"<cac:PartyName>{_element('cbc:Name', name)}</cac:PartyName>"
        "<cac:PostalAddress><cbc:StreetName>Testikatu 1</cbc:StreetName>"
        f"<cbc:CityName>{city}</cbc:CityName><cbc:PostalZone>{code}</cbc:PostalZone>"
        f"<cac:Country>{_element('cbc:IdentificationCode', country.upper())}"
        f"</cac:Country></cac:PostalAddress>{tax if is_taxed else ''}"
        f"<cac:PartyLegalEntity>{_element('cbc:RegistrationName', name)}"
        f'<cbc:CompanyID schemeID="{scheme}">{digits}</cbc:CompanyID>'
        f"</cac:PartyLegalEntity></cac:Party></cac:Accounting{role}Party>"
    )


def _vat_number(country: str) -> str:
    digits = BUSINESS_IDS[country].replace("-", "")
    ending = {"fi": "", "se": "01", "no": "MVA"}[country]
    return f"{country.upper()}{digits}{ending}"


def _peppol_payment(invoice: Invoice, country: str) -> str:
    return (
        '<cac:PaymentMeans><cbc:PaymentMeansCode name="Credit transfer">30'
        f"</cbc:PaymentMeansCode>{_element('cbc:PaymentID', invoice.payment_reference)}"
        f"<cac:PayeeFinancialAccount>{_element('cbc:ID', IBANS[country])}"
        "</cac:PayeeFinancialAccount></cac:PaymentMeans>"
    )


def _category(name: str, percent: float) -> str:
    return (
        f"<cac:{name}><cbc:ID>S</cbc:ID><cbc:Percent>{percent}</cbc:Percent>"
        f"<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:{name}>"
    )


def _peppol_sums(invoice: Invoice) -> str:
    (tax,) = invoice.taxes

    def amount(name: str, value: float) -> str:
        return f'<cbc:{name} currencyID="{invoice.currency}">{value:.2f}</cbc:{name}>'

    return (
        f"<cac:TaxTotal>{amount('TaxAmount', invoice.tax)}"
        f"<cac:TaxSubtotal>{amount('TaxableAmount', invoice.net)}"
        f"{amount('TaxAmount', invoice.tax)}"
        f"{_category('TaxCategory', tax.percent)}"
        "</cac:TaxSubtotal></cac:TaxTotal><cac:LegalMonetaryTotal>"
        f"{amount('LineExtensionAmount', invoice.net)}"
        f"{amount('TaxExclusiveAmount', invoice.net)}"
        f"{amount('TaxInclusiveAmount', invoice.total)}"
        f"{amount('PayableAmount', invoice.total)}</cac:LegalMonetaryTotal>"
    )


def _peppol_line(invoice: Invoice) -> str:
    (row,) = invoice.rows
    kind = "CreditNote" if invoice.is_credit else "Invoice"
    counted = "Credited" if invoice.is_credit else "Invoiced"
    currency = invoice.currency
    return (
        f"<cac:{kind}Line><cbc:ID>1</cbc:ID>"
        f'<cbc:{counted}Quantity unitCode="C62">{row.quantity}</cbc:{counted}Quantity>'
        f'<cbc:LineExtensionAmount currencyID="{currency}">{row.net:.2f}'
        f"</cbc:LineExtensionAmount><cac:Item>{_element('cbc:Name', row.name)}"
        f"{_category('ClassifiedTaxCategory', row.tax_percent)}</cac:Item><cac:Price>"
        f'<cbc:PriceAmount currencyID="{currency}">{row.price:.2f}</cbc:PriceAmount>'
        f"</cac:Price></cac:{kind}Line>"
    )


def finvoice(invoice: Invoice) -> bytes:
    """The octets of an `Invoice` as Finvoice 3.0."""
    number = BUSINESS_IDS["fi"]
    identifier = f"0037{number.replace('-', '')}"
    stamp = f"{invoice.date}T12:00:00"
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<Finvoice Version="3.0">',
        "<MessageTransmissionDetails><MessageSenderDetails>",
        f"<FromIdentifier>{identifier}</FromIdentifier>",
        "<FromIntermediator>TESTOPERATOR</FromIntermediator></MessageSenderDetails>",
        "<MessageReceiverDetails>",
        f"<ToIdentifier>{identifier}</ToIdentifier>",
        "<ToIntermediator>TESTOPERATOR</ToIntermediator></MessageReceiverDetails>",
        f"<MessageDetails>{_element('MessageIdentifier', invoice.number)}",
        f"<MessageTimeStamp>{stamp}</MessageTimeStamp></MessageDetails>",
        "</MessageTransmissionDetails>",
        _finvoice_party("Seller", SELLER, number),
        _finvoice_party("Buyer", invoice.debtor.name, number),
        _finvoice_details(invoice),
        _finvoice_row(invoice),
        _finvoice_payment(invoice),
        "</Finvoice>",
    ]
    return "".join(parts).encode()


def _finvoice_party(role: str, name: str, number: str) -> str:
    code, city = CITIES["fi"]
    return (
        f"<{role}PartyDetails><{role}PartyIdentifier>{number}</{role}PartyIdentifier>"
        f"{_element(f'{role}OrganisationName', name)}<{role}PostalAddressDetails>"
        f"<{role}StreetName>Testikatu 1</{role}StreetName>"
        f"<{role}TownName>{city}</{role}TownName>"
        f"<{role}PostCodeIdentifier>{code}</{role}PostCodeIdentifier>"
        f"<CountryCode>FI</CountryCode></{role}PostalAddressDetails>"
        f"</{role}PartyDetails>"
    )


def _finvoice_details(invoice: Invoice) -> str:
    (tax,) = invoice.taxes
    rate = f"{tax.percent:.1f}".replace(".", ",")
    return (
        "<InvoiceDetails><InvoiceTypeCode>INV01</InvoiceTypeCode>"
        "<InvoiceTypeText>INVOICE</InvoiceTypeText><OriginCode>Original</OriginCode>"
        f"{_element('InvoiceNumber', invoice.number)}"
        f"{_day('InvoiceDate', invoice.date)}"
        f"{_sum('InvoiceTotalVatExcludedAmount', invoice, invoice.net)}"
        f"{_sum('InvoiceTotalVatAmount', invoice, invoice.tax)}"
        f"{_sum('InvoiceTotalVatIncludedAmount', invoice, invoice.total)}"
        f"<VatSpecificationDetails>{_sum('VatBaseAmount', invoice, invoice.net)}"
        f"<VatRatePercent>{rate}</VatRatePercent>"
        f"{_sum('VatRateAmount', invoice, invoice.tax)}</VatSpecificationDetails>"
        f"{_element('InvoiceFreeText', MARK)}<PaymentTermsDetails>"
        f"{_day('InvoiceDueDate', invoice.due_date)}</PaymentTermsDetails>"
        "</InvoiceDetails>"
    )


def _finvoice_row(invoice: Invoice) -> str:
    (row,) = invoice.rows
    return (
        f"<InvoiceRow>{_element('ArticleName', row.name)}"
        f'<InvoicedQuantity QuantityUnitCode="kpl">{row.quantity}</InvoicedQuantity>'
        f"{_sum('UnitPriceAmount', invoice, row.price or 0.0)}"
        f"{_sum('RowVatExcludedAmount', invoice, row.net)}</InvoiceRow>"
    )


def _finvoice_payment(invoice: Invoice) -> str:
    return (
        "<EpiDetails><EpiIdentificationDetails>"
        f"{_day('EpiDate', invoice.date)}{_element('EpiReference', invoice.number)}"
        "</EpiIdentificationDetails><EpiPartyDetails><EpiBfiPartyDetails/>"
        f"<EpiBeneficiaryPartyDetails>{_element('EpiNameAddressDetails', SELLER[:35])}"
        f'<EpiAccountID IdentificationSchemeName="IBAN">{IBANS["fi"]}</EpiAccountID>'
        "</EpiBeneficiaryPartyDetails></EpiPartyDetails><EpiPaymentInstructionDetails>"
        '<EpiRemittanceInfoIdentifier IdentificationSchemeName="SPY">'
        f"{invoice.payment_reference.zfill(20)}</EpiRemittanceInfoIdentifier>"
        f"{_sum('EpiInstructedAmount', invoice, invoice.total)}"
        '<EpiCharge ChargeOption="SHA">SHA</EpiCharge>'
        f"{_day('EpiDateOptionDate', invoice.due_date)}"
        "</EpiPaymentInstructionDetails></EpiDetails>"
    )


def _element(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def _day(name: str, day: datetime.date) -> str:
    return f'<{name} Format="CCYYMMDD">{day:%Y%m%d}</{name}>'


def _sum(name: str, invoice: Invoice, value: float) -> str:
    text = f"{value:.2f}".replace(".", ",")
    return f'<{name} AmountCurrencyIdentifier="{invoice.currency}">{text}</{name}>'
