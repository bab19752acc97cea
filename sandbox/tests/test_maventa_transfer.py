"""Transferring invoices to Ropo through Maventa."""

import pytest
from maventa_client import SWEDEN, UNKNOWN, bis3, finvoice, payer


def _status(client, invoice):
    return client.get(f"/v2/invoices/{invoice}/assignment")


def test_a_transfer_is_pending_then_sent_and_makes_an_assignment(maventa):
    client = maventa.new_company(service="ACTIVE", transfer="pending")
    invoice = client.sent(number="INV/7")
    answer = client.transfer(invoice)
    assert answer.status_code == 201
    body = answer.json()
    assert (body["status"], body["assignment_id"]) == ("pending", None)
    assert _status(client, invoice) == body
    assert client.get("/v1/assignments") == []
    client.control(f"maventa/invoices/{invoice}/transfer", status="sent")
    sent = _status(client, invoice)
    assert sent["status"] == "sent"
    [assignment] = client.get("/v1/assignments")
    expected = {
        "id": sent["assignment_id"],
        "invoice_id": invoice,
        "invoice_number": "INV/7",
        "reference_ids": ["1232"],
        "status": "open",
        "collection_status": "new",
        "debtor_name": "Debtor Oy",
        "currency": "EUR",
        "sum": 125.5,
        "sum_open": 125.5,
        "sum_fees": 0,
        "closed_at": None,
        "events": [],
    }
    assert {name: assignment[name] for name in expected} == expected


def test_a_transfer_that_failed_says_why_and_may_be_tried_again(maventa):
    client = maventa.new_company(service="ACTIVE", transfer="pending")
    invoice = client.sent()
    client.transfer(invoice)
    path = f"maventa/invoices/{invoice}/transfer"
    client.control(path, status="error", text="Debtor's address is incomplete")
    body = _status(client, invoice)
    assert body["status"] == "error"
    assert body["message"] == "Debtor's address is incomplete"
    assert client.transfer(invoice).status_code == 201
    assert _status(client, invoice)["status"] == "pending"
    assert client.state()["duplicates"] == 0


def test_nothing_is_transferred_twice(maventa):
    client = maventa.new_company(service="ACTIVE", transfer="pending")
    waiting = client.sent()
    client.transfer(waiting)
    again = client.transfer(waiting)
    client.refused(again, 409, "assignment_already_exists")
    client.control(f"maventa/invoices/{waiting}/transfer", status="sent")
    again = client.transfer(waiting)
    client.refused(again, 409, "assignment_already_exists")
    assert len(client.get("/v1/assignments")) == 1
    assert client.state()["duplicates"] == 2


@pytest.mark.parametrize(
    "kind, days",
    [("b2b", 7), ("b2c", 14), ("b2b_rental", 7), ("b2c_rental", 14)],
)
def test_an_invoice_has_to_be_overdue_for_some_days(maventa, kind, days):
    debtor = payer(customer_type="person", personal_id="131052-308T")
    early = maventa.sent(date_due=maventa.today(1 - days))
    answer = maventa.transfer(early, receivables_type=kind, payers=[debtor])
    message = maventa.refused(answer, 422, "assignment_too_early")
    assert maventa.today(1) in message
    ready = maventa.sent(date_due=maventa.today(-days))
    answer = maventa.transfer(ready, receivables_type=kind, payers=[debtor])
    assert answer.status_code == 201


def test_the_days_go_by_the_sandboxs_clock(maventa):
    invoice = maventa.sent(date_due=maventa.today())
    maventa.refused(maventa.transfer(invoice), 422, "assignment_too_early")
    maventa.control("age", days=7)
    assert maventa.transfer(invoice).status_code == 201


def test_rental_receivables_only_in_finland(maventa):
    swedish = maventa.as_company(SWEDEN)
    invoice = swedish.sent(currency="SEK")
    answer = swedish.transfer(invoice, receivables_type="b2b_rental")
    assert "Finland" in swedish.refused(answer, 422, "assignment_not_allowed")
    assert swedish.transfer(invoice).status_code == 201


@pytest.mark.parametrize("country, currency", [("fi", "SEK"), ("no", "EUR")])
def test_an_account_has_one_currency(maventa, country, currency):
    client = maventa.new_company(service="ACTIVE", country=country)
    answer = client.transfer(client.sent(currency=currency))
    assert currency in client.refused(answer, 422, "assignment_not_allowed")


def test_a_consumers_rental_needs_the_identity_code(maventa):
    invoice = maventa.sent()
    answer = maventa.transfer(invoice, receivables_type="b2c_rental")
    assert "personal_id" in maventa.refused(answer, 400, "validation_error")


def test_a_credit_note_is_no_debt(maventa):
    note = maventa.sent(root="CreditNote")
    maventa.refused(maventa.transfer(note), 422, "assignment_not_allowed")
    note = maventa.upload(finvoice(code="INV02"), format="FINVOICE30").json()["id"]
    maventa.refused(maventa.transfer(note), 422, "assignment_not_allowed")


@pytest.mark.parametrize("nothing", ["0.00", "-125.50"])
def test_an_invoice_that_asks_for_nothing_is_no_debt(maventa, nothing):
    invoice = maventa.sent(sum_tax=nothing)
    maventa.refused(maventa.transfer(invoice), 422, "assignment_not_allowed")


def test_an_invoice_without_a_due_date_is_not_overdue(maventa):
    octets = bis3().replace(b"<cbc:DueDate>2026-01-16</cbc:DueDate>", b"")
    invoice = maventa.upload(octets).json()["id"]
    maventa.refused(maventa.transfer(invoice), 422, "assignment_not_allowed")


def test_the_invoice_has_to_be_ones_own(maventa):
    invoice = maventa.sent()
    other = maventa.as_company(SWEDEN)
    other.refused(other.transfer(invoice), 404, "invoice_not_found")
    maventa.refused(maventa.transfer(UNKNOWN), 404, "invoice_not_found")
    maventa.refused(maventa.transfer("INV-1"), 400, "validation_error")
    answer = maventa.call("GET", f"/v2/invoices/{invoice}/assignment")
    maventa.refused(answer, 404, "assignment_not_found")


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"collection_type": None}, "collection_type: is missing"),
        ({"collection_type": "reminder"}, "collection_type: must be one of"),
        ({"receivables_type": None}, "receivables_type: is missing"),
        ({"receivables_type": "B2B"}, "receivables_type: must be one of"),
        ({"receivables_type": ["b2b"]}, "receivables_type: must be one of"),
        ({"payers": None}, "payers: is missing"),
        ({"payers": []}, "at least one payer"),
        ({"payers": payer()}, "must be a list"),
        ({"payers": ["Debtor Oy"]}, "payers[0]: must be an object"),
        ({"payers": [payer(street=None)]}, "payers[0].street: is missing"),
        ({"payers": [payer(), payer(city=" ")]}, "payers[1].city: must be text"),
        ({"payers": [payer(postcode=100)]}, "payers[0].postcode: must be text"),
        ({"payers": [payer(country="FIN")]}, "country: must be two letters"),
        ({"payers": [payer(customer_type="b2b")]}, "customer_type: must be one of"),
        ({"payers": [payer(zip="00100")]}, "payers[0].zip: is not known"),
        ({"assignment_summary": None}, "assignment_summary: is missing"),
        ({"assignment_summary": ""}, "assignment_summary: must be text"),
        ({"capital_amount": 0}, "capital_amount: must be an amount"),
        ({"capital_amount": "10"}, "capital_amount: must be an amount"),
        ({"capital_amount": 0.001}, "capital_amount: must be an amount"),
        ({"capital": 10}, "capital: is not known"),
    ],
)
def test_a_transfer_that_lacks_something_is_refused(maventa, changes, words):
    answer = maventa.transfer(maventa.sent(), **changes)
    assert words in maventa.refused(answer, 400, "validation_error")
    assert maventa.state()["assignments"] == []


def test_several_payers_answer_for_one_debt(maventa):
    assignment = maventa.transferred(payers=[payer(), payer(name="Co-debtor Oy")])
    [kept] = maventa.state()["assignments"]
    names = [each["name"] for each in kept["request"]["payers"]]
    assert names == ["Debtor Oy", "Co-debtor Oy"]
    assert maventa.assignment(assignment)["debtor_name"] == "Debtor Oy"


def test_a_part_of_the_invoice_can_be_transferred_and_never_more(maventa):
    assignment = maventa.transferred(capital_amount=25.5)
    assert maventa.assignment(assignment)["sum_open"] == 25.5
    answer = maventa.transfer(maventa.sent(), capital_amount=125.51)
    maventa.refused(answer, 422, "assignment_not_allowed")
