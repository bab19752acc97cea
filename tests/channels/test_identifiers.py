"""Which ids and addresses have the form that their standards demand."""

import pytest

from ...channels import identifiers

FINNISH, SWEDISH, NORWEGIAN = "0000001-9", "000000-0018", "000000019"


@pytest.mark.parametrize(
    ("country", "right", "wrong"),
    [
        ("FI", FINNISH, "0000001-8"),
        ("SE", SWEDISH, "000000-0017"),
        ("NO", NORWEGIAN, "000000018"),
    ],
)
def test_business_id_has_the_check_digit_of_its_country(country, right, wrong):
    assert identifiers.is_business_id(country, right)
    assert not identifiers.is_business_id(country, wrong)


def test_business_id_of_a_country_that_is_not_known_is_let_through():
    assert identifiers.is_business_id("DE", "whatever")


@pytest.mark.parametrize(
    ("country", "vat", "business_id"),
    [
        ("FI", "FI00000019", FINNISH),
        ("FI", "FI 0000001-9", FINNISH),
        ("SE", "SE000000001801", SWEDISH),
        ("NO", "NO000000019MVA", NORWEGIAN),
        ("FI", "FI00000018", ""),
        ("SE", "SE000000001701", ""),
        ("NO", "NO000000018MVA", ""),
        ("DE", "DE00000019", ""),
        ("FI", "", ""),
    ],
)
def test_business_id_is_read_from_a_vat_number(country, vat, business_id):
    assert identifiers.business_id_of_vat(country, vat) == business_id


@pytest.mark.parametrize("text", ["003700000019", "003700000019A", "003700000019ABCDE"])
def test_ovt_code_is_a_business_id_and_maybe_a_unit(text):
    assert identifiers.is_ovt(text)
    assert identifiers.is_einvoice_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "000000000019",  # the prefix of no tax administration
        "003700000018",  # the check digit is another
        "00370000001",  # too short
        "003700000019ABCDEF",  # too long
        "003700000019-A",
    ],
)
def test_ovt_code_with_a_slip_is_none(text):
    assert not identifiers.is_ovt(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("003700000018", False),
        ("FI2112345600000785", True),
        ("FI2112345600000786", False),
        ("TE003700000018", True),
        ("5790000000005", True),
        ("TE0037-1", False),
        ("TEÄ", False),
        ("", False),
    ],
)
def test_einvoice_address_is_an_ovt_code_an_iban_or_another_id(text, right):
    assert identifiers.is_einvoice_address(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("003700000018", True),  # looks like an OVT code, and is an operator's
        ("00370000001", False),
        ("003700000018ABCDE", False),
        ("003700000018123456", False),
        ("BANKFIHH", True),
        ("BANK FIHH", False),
        ("BÄNKFIHH", False),
    ],
)
def test_operator_is_a_code_of_digits_a_bic_or_a_short_code(text, right):
    assert identifiers.is_operator(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("0216:003700000019", True),
        ("0088:a:b", True),  # all behind the first colon is the id
        ("0216:", False),
        ("0216", False),
        ("216:003700000019", False),
        ("00216:003700000019", False),
        ("FI16:003700000019", False),
        (":003700000019", False),
    ],
)
def test_peppol_id_is_a_scheme_of_four_digits_and_an_id(text, right):
    assert identifiers.is_peppol_id(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("FI2112345600000785", True),
        ("FI2112345600000786", False),
        ("fi2112345600000785", False),
        ("FI21 1234 5600 0007 85", False),
        ("2112345600000785FI", False),
        ("", False),
        (None, False),
    ],
)
def test_iban_has_its_check_digits(text, right):
    assert identifiers.is_iban(text) is right
