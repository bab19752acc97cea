"""Invoices at Maventa: sent, found, looked at."""

import uuid

import pytest
from maventa_client import SWEDEN, UNKNOWN, bis3, finvoice


def test_a_bis3_invoice_is_read(maventa):
    answer = maventa.upload(bis3(number="INV/1", date_due="2026-02-03"))
    assert answer.status_code == 201
    body = answer.json()
    assert uuid.UUID(body["id"])
    expected = {
        "status": "PENDING",
        "number": "INV/1",
        "date": "2026-01-02",
        "date_due": "2026-02-03",
        "currency": "EUR",
        "sum": 100.0,
        "sum_tax": 125.5,
        "reference": "1232",
        "source_format": "PEPPOLBIS30",
        "destination": "EINVOICE",
    }
    assert {name: body[name] for name in expected} == expected
    assert body["recipient"] == {
        "eia": "003776543218",
        "bid": None,
        "name": "Käyttäjä & Co",
        "country": None,
        "operator": None,
    }
    assert body["sender"]["bid"] == "1234567-1"


def test_a_finvoice_is_read_in_its_own_encoding(maventa):
    body = maventa.upload(finvoice(), format="FINVOICE30").json()
    expected = ("F1", "2026-01-02", "2026-01-16", "EUR", 100.0, 125.5, "1232")
    names = ("number", "date", "date_due", "currency", "sum", "sum_tax", "reference")
    assert tuple(body[name] for name in names) == expected
    assert body["recipient"]["name"] == "Käyttäjä €"


@pytest.mark.parametrize("octets", [bis3(number="A"), finvoice()])
def test_without_a_format_the_root_says_what_it_is(maventa, octets):
    assert maventa.upload(octets, format=None).status_code == 201


@pytest.mark.parametrize(
    "octets, wanted, words",
    [
        (b"<Invoice>", "PEPPOLBIS30", "not well-formed"),
        (b"\xff\xfe\x00", "PEPPOLBIS30", "not well-formed"),
        (b"no xml", "FINVOICE30", "not well-formed"),
        (b"", "PEPPOLBIS30", "empty"),
        (b"<Invoice/>", "PEPPOLBIS30", "is no PEPPOLBIS30"),
        (bis3(), "FINVOICE30", "is no FINVOICE30"),
        (finvoice(), "PEPPOLBIS30", "is no PEPPOLBIS30"),
        (finvoice(), "TEAPPS30", "is no TEAPPS30"),
        (bis3(), "UBL", "not supported"),
        (finvoice(version="2.01"), "FINVOICE30", "version 2.01"),
        (bis3(customization="urn:other"), "PEPPOLBIS30", "CustomizationID"),
        (bis3(number=""), "PEPPOLBIS30", "number"),
        (bis3(currency=""), "PEPPOLBIS30", "currency"),
        (bis3(date="02.01.2026"), "PEPPOLBIS30", "is no date"),
        (bis3(date_due="2026-02-30"), "PEPPOLBIS30", "is no date"),
        (bis3(sum_tax="much"), "PEPPOLBIS30", "is no amount"),
        (bis3(sum_tax="NaN"), "PEPPOLBIS30", "is no amount"),
        (bis3(sum_tax="1e400"), "PEPPOLBIS30", "is no amount"),
        (bis3(sum_tax="1e999999999"), "PEPPOLBIS30", "is no amount"),
        (
            b'<!DOCTYPE a [<!ENTITY x "y">]>' + bis3()[bis3().index(b"<Inv") :],
            "PEPPOLBIS30",
            "document type declaration",
        ),
    ],
)
def test_a_file_that_is_no_such_invoice_is_refused(maventa, octets, wanted, words):
    answer = maventa.upload(octets, format=wanted)
    assert words in maventa.refused(answer, 422, "invoice_invalid_file")
    assert maventa.state()["invoices"] == []


def test_the_file_needs_a_name_and_the_call_multipart(maventa):
    answer = maventa.call("POST", "/v1/invoices", files={"file": (None, bis3())})
    assert "file name" in maventa.refused(answer, 400, "validation_error")
    answer = maventa.call("POST", "/v1/invoices", data=bis3())
    assert "multipart" in maventa.refused(answer, 400, "validation_error")


def test_an_invoice_is_delivered_or_fails(maventa):
    invoice = maventa.sent()
    body = maventa.get(f"/v1/invoices/{invoice}")
    assert body["status"] == "DELIVERED"
    assert [action["type"] for action in body["actions"]] == ["CREATED", "DELIVERED"]
    control = f"maventa/invoices/{invoice}/delivery"
    maventa.control(control, status="FAILED", message="No such address")
    body = maventa.get(f"/v1/invoices/{invoice}")
    assert body["status"] == "FAILED"
    assert body["actions"][-1]["message"] == "No such address"


def test_a_company_can_have_its_invoices_wait(maventa):
    client = maventa.new_company(delivery="PENDING")
    invoice = client.sent()
    assert client.get(f"/v1/invoices/{invoice}")["status"] == "PENDING"


def test_the_list_is_of_received_invoices_unless_sent_ones_are_asked_for(maventa):
    invoice = maventa.sent()
    assert maventa.get("/v1/invoices") == []
    [found] = maventa.get("/v1/invoices", direction="SENT")
    assert found["id"] == invoice


def test_invoices_are_found_by_number_day_status_and_id(maventa):
    first, second = maventa.sent(number="INV/1"), maventa.sent(number="INV/10")

    def found(**query):
        rows = maventa.get("/v1/invoices", direction="SENT", **query)
        return [row["id"] for row in rows]

    assert found() == [second, first]
    assert found(number="INV/1") == [first]
    assert found(number="INV/2") == []
    assert found(**{"ids[]": [first]}) == [first]
    assert found(status="FAILED") == []
    assert found(created_at_start=f"{maventa.today()}T00:00:00Z") == [second, first]
    assert found(created_at_start=f"{maventa.today(1)}T00:00:00Z") == []
    assert found(created_at_end=f"{maventa.today()}T00:00:00Z") == []


def test_pages_are_ten_long_and_the_headers_say_where_they_stand(maventa):
    for _ in range(11):
        maventa.sent()
    query = {"direction": "SENT"}
    answer = maventa.call("GET", "/v1/invoices", params=query)
    assert len(answer.json()) == 10
    names = ("X-Total", "X-Total-Pages", "X-Page", "X-Next-Page", "X-Per-Page")
    assert [answer.headers[name] for name in names] == ["11", "2", "1", "2", "10"]
    last = maventa.call("GET", "/v1/invoices", params={**query, "page": 2})
    assert len(last.json()) == 1
    assert last.headers["X-Next-Page"] == ""


@pytest.mark.parametrize(
    "query",
    [
        {"per_page": 101},
        {"per_page": 0},
        {"page": "x"},
        {"direction": "OUT"},
        {"direction": "SENT", "status": "SENT"},
        {"direction": "SENT", "created_at_start": "yesterday"},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(maventa, query):
    maventa.sent()
    answer = maventa.call("GET", "/v1/invoices", params=query)
    maventa.refused(answer, 400, "validation_error")


def test_the_invoice_of_another_company_is_unknown(maventa):
    invoice = maventa.sent()
    other = maventa.as_company(SWEDEN)
    answer = other.call("GET", f"/v1/invoices/{invoice}")
    other.refused(answer, 404, "invoice_not_found")
    assert other.get("/v1/invoices", direction="SENT") == []
    answer = maventa.call("GET", f"/v1/invoices/{UNKNOWN}")
    maventa.refused(answer, 404, "invoice_not_found")
    answer = maventa.call("GET", "/v1/invoices/17")
    maventa.refused(answer, 400, "validation_error")


def test_a_sender_without_an_answer_may_send_again_under_the_same_uuid(maventa):
    mine, octets = str(uuid.uuid4()), bis3()
    assert maventa.upload(octets, uuid=mine).json()["id"] == mine
    again = maventa.upload(octets, uuid=mine)
    maventa.refused(again, 422, "invoice_duplicate_uuid")
    state = maventa.state()
    assert (len(state["invoices"]), state["duplicates"]) == (1, 0)
    answer = maventa.upload(bis3(), uuid="mine")
    maventa.refused(answer, 400, "validation_error")


def test_a_number_sent_twice_counts_and_can_be_stopped(maventa):
    maventa.sent(number="INV/1")
    maventa.sent(number="INV/1")
    assert maventa.state()["duplicates"] == 1
    strict = maventa.new_company(stop_duplicate_numbers=True)
    strict.sent(number="INV/1")
    answer = strict.upload(bis3(number="INV/1"))
    strict.refused(answer, 422, "invoice_duplicate_number")


def test_an_unverified_company_sends_nothing(maventa):
    client = maventa.new_company(verified=False)
    client.refused(client.upload(bis3()), 401, "company_unverified")


def test_routes_can_be_switched_off_and_an_email_address_given(maventa):
    fields = {"recipient_email": "a@b.fi", "disabled_routes[]": ["einvoice", "print"]}
    assert maventa.upload(bis3(), **fields).json()["destination"] == "EMAIL"
    fields = {"disabled_routes[]": ["einvoice", "print"]}
    answer = maventa.upload(bis3(), **fields)
    maventa.refused(answer, 400, "validation_error")
    answer = maventa.upload(bis3(), disabled_routes="pigeon")
    maventa.refused(answer, 400, "validation_error")


def test_a_field_that_maventa_does_not_know_changes_nothing_and_is_kept(maventa):
    maventa.upload(bis3(), colour="red")
    [invoice] = maventa.state()["invoices"]
    assert invoice["ignored"] == ["colour"]
