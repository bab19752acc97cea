"""Numbers, dates and places as services write them, and what is none."""

import datetime
import time

import pytest

from ...channels import values


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (12, 12),
        (0, 0),
        (1.5, 1.5),
        ("1.5", 1.5),
        ("1,5", 1.5),
        ("-1,5", -1.5),
        ("\N{MINUS SIGN}1,5", -1.5),
        (" 1 234,50 € ", 1234.5),
        ("1\N{NO-BREAK SPACE}234,50 eur", 1234.5),
        ("99 SEK", 99),
        ("99 nok", 99),
        ("99 kr", 99),
        ("1'234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("1,234.50", 1234.5),
        ("1.234.567,50", 1234567.5),
        ("1,234,567.50", 1234567.5),
        (1e12, 1e12),
        (-1e12, -1e12),
    ],
)
def test_number_is_read_as_it_is_written_here(written, meant):
    assert values.number(written) == meant


@pytest.mark.parametrize(
    ("given", "kept"),
    [(None, ""), ("", ""), ("ten", "ten"), (False, "False"), (0, ""), ("1,50", "")],
)
def test_what_was_given_as_an_amount_and_is_none_is_kept_as_it_came(given, kept):
    assert values.unreadable(given) == kept


@pytest.mark.parametrize(
    "written",
    [None, "", "XX", True, "EUR 5", "kr5", "1,2,3", "nan", "inf", 1.1e12, -1.1e12, [1]],
)
def test_what_is_no_number_of_a_ledger_is_none(written):
    assert values.number(written) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-02-01", (2026, 2, 1)),
        ("2026-02-01T10:20:30", (2026, 2, 1, 10, 20, 30)),
        ("2026-02-01T10:20:30.999", (2026, 2, 1, 10, 20, 30)),
        ("2026-02-01T10:20:30Z", (2026, 2, 1, 10, 20, 30)),
        ("2026-02-01T10:20:30z", (2026, 2, 1, 10, 20, 30)),
        ("2026-02-01T01:20:30+02:00", (2026, 1, 31, 23, 20, 30)),
        (" 1.2.2026 ", (2026, 2, 1)),
        ("1.2.2026 10:20", (2026, 2, 1, 10, 20)),
        ("1.2.2026 10:20:30", (2026, 2, 1, 10, 20, 30)),
        ("20260201", (2026, 2, 1)),
        (20260201, (2026, 2, 1)),
        ("1970-01-01", (1970, 1, 1)),
        ("2199-12-31", (2199, 12, 31)),
    ],
)
def test_moment_is_read_as_it_is_written_here(written, meant):
    assert values.moment(written) == datetime.datetime(*meant)
    assert values.date(written) == datetime.date(*meant[:3])


@pytest.mark.parametrize(
    "written",
    [None, "", "soon", "1969-12-31", "2200-01-01", "31.2.2026", "0001-01-01T00:00+23"],
)
def test_what_is_no_moment_is_none(written):
    assert values.moment(written) is None
    assert values.date(written) is None


def test_moment_is_the_same_wherever_the_machine_is(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        read = values.moment("2026-02-01T01:20:30+02:00")
    time.tzset()
    assert read == datetime.datetime(2026, 1, 31, 23, 20, 30)


@pytest.mark.parametrize(
    ("body", "place", "rows"),
    [
        ({"rows": [1]}, "rows", [1]),
        ([1], "rows", [1]),
        ({"a": {"b": {"rows": [1]}}}, "a.b.rows", [1]),
        ({"a": {"b": [1]}}, "a.b.rows", [1]),
        ({"a": {"rows": [1]}}, "a.b.rows", None),
        ({"other": [1]}, "rows", None),
        ({"rows": {"0": 1}}, "rows", None),
        ("text", "rows", None),
        (None, "a.rows", None),
    ],
)
def test_rows_are_found_with_and_without_their_last_wrapper(body, place, rows):
    assert values.rows_at(body, place) == rows
