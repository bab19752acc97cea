"""Documents that nobody can take for real ones, for runs against a test environment."""

import datetime
import itertools
from typing import Any, Literal

from .documents import (
    Attachment,
    CapitalChange,
    Claim,
    Debtor,
    Delivery,
    Invoice,
    InvoiceRow,
    TaxTotal,
)

MARK = "TEST, do not pay"
NUMBERS = "TEST-"  # how each of their numbers begins
CURRENCIES = {"fi": "EUR", "se": "SEK", "no": "NOK"}
LANGUAGES = {"fi": "fi_FI", "se": "sv_SE", "no": "nb_NO"}
CITIES = {"fi": ("00100", "Helsinki"), "se": ("11120", "Stockholm")}
CITIES["no"] = ("0151", "Oslo")
# With good check digits, and nobody's.
BUSINESS_IDS = {"fi": "0000001-9", "se": "000000-0000", "no": "000000000"}
# Finland: 900 to 999 are never given for good. Sweden: of the tax office's list for
# tests. Norway: 80 more than a month is synthetic.
PERSON_NUMBERS = {"fi": "010190-900P", "se": "18900101-9802", "no": "01819010001"}
TAX = {"fi": 25.5, "se": 25.0, "no": 25.0}
DAYS_OVERDUE = 30  # of what is claimed

WEIGHTS = (7, 3, 1)  # of the check digit of a Finnish reference


class Papers:
    """The documents of one run: their numbers begin with TEST and the run's name.

    :param run: digits by which the numbers of this run differ from all others
    """

    def __init__(self, country: str, run: str, today: datetime.date) -> None:
        self.country = country
        self.run = run
        self.today = today
        self._count = itertools.count(1)

    @property
    def currency(self) -> str:
        return CURRENCIES[self.country]

    def company(self, **values: Any) -> Debtor:
        return self._debtor("Testi Oy", True, f"TEST{self.run}C", **values)

    def person(self, **values: Any) -> Debtor:
        return self._debtor("Testi Testinen", False, f"TEST{self.run}P", **values)

    def _debtor(
        self, name: str, is_company: bool, reference: str, **values: Any
    ) -> Debtor:
        code, city = CITIES[self.country]
        known: dict[str, Any] = {
            "name": f"{name} ({MARK})",
            "is_company": is_company,
            "street": "Testikatu 1",
            "zip": code,
            "city": city,
            "country": self.country.upper(),
            "language": LANGUAGES[self.country],
            "reference": reference,
            "email": "test@example.com",  # a domain of nobody (RFC 2606)
        }
        if is_company:
            known["registration_number"] = BUSINESS_IDS[self.country]
        return Debtor(**known | values)

    def invoice(self, **values: Any) -> Invoice:
        """100.00 and the country's tax, due in two weeks."""
        count, percent = next(self._count), TAX[self.country]
        known: dict[str, Any] = {
            **self._head(count),
            "date": self.today,
            "due_date": self.today + datetime.timedelta(days=14),
            "debtor": self.company(),
            "rows": (
                InvoiceRow(
                    name=MARK, quantity=2, price=50.0, tax_percent=percent, net=100.0
                ),
            ),
            "taxes": (TaxTotal(percent, 100.0, percent),),
            "net": 100.0,
            "tax": percent,
            "total": 100.0 + percent,
            "delivery": Delivery("post"),
            "note": MARK,
        }
        return Invoice(**known | values)

    def claim(self, kind: Literal["reminder", "collection"], **values: Any) -> Claim:
        """100.00 of an invoice that is long overdue."""
        due = self.today - datetime.timedelta(days=DAYS_OVERDUE)
        known: dict[str, Any] = {
            **self._head(next(self._count)),
            "kind": kind,
            "date": due - datetime.timedelta(days=14),
            "due_date": due,
            "debtor": self.person(),
            "amount": 100.0,
            "delivery": Delivery("post"),
            "reason": MARK,
        }
        return Claim(**known | values)

    def change(self, amount: float, **values: Any) -> CapitalChange:
        known: dict[str, Any] = {
            "date": self.today,
            "amount": amount,
            "description": MARK,
            "identifier": f"test-{self.run}-{next(self._count)}",
        }
        return CapitalChange(**known | values)

    def attachment(self, name: str, checksum: str) -> Attachment:
        return Attachment(name, checksum)

    def _head(self, count: int) -> dict[str, Any]:
        return {
            "own_reference": count,
            "number": f"{NUMBERS}{self.run}-{count:02}",
            "currency": self.currency,
            "payment_reference": payment_reference(self.country, f"{self.run}{count}"),
        }


def run_name(moment: datetime.datetime) -> str:
    """Digits by which a run that begins at `moment` differs from others."""
    return f"{moment:%y%m%d%H%M%S}"


def payment_reference(country: str, digits: str) -> str:
    """The digits and the check digit of the country's references.

    Finland weighs them by 7, 3, 1 from the right; Sweden and Norway have Luhn's.
    """
    backwards = [int(digit) for digit in reversed(digits)]
    if country == "fi":
        weighed = zip(backwards, itertools.cycle(WEIGHTS), strict=False)
        sums = sum(digit * weight for digit, weight in weighed)
    else:
        weighed = zip(backwards, itertools.cycle((2, 1)), strict=False)
        sums = sum(sum(divmod(digit * weight, 10)) for digit, weight in weighed)
    return f"{digits}{-sums % 10}"


def pdf(size: int = 0, text: str = MARK) -> bytes:
    """A PDF of one page with that text, filled with comments up to `size` bytes."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    octets, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(octets))
        octets += f"{number} 0 obj{content}endobj\n".encode()
    if (missing := size - len(octets)) > 0:
        octets += b"%" + b"-" * missing + b"\n"
    start = len(octets)
    entries = "".join(f"{place:010} 00000 n \n" for place in places)
    octets += f"xref\n0 6\n0000000000 65535 f \n{entries}".encode()
    octets += f"trailer<</Size 6/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(octets)
