"""Opening and closing Ropo's service at Maventa."""

import pytest
from maventa_client import WITHOUT_ROPO

PATH = "/v2/services/ropo/receivables"


@pytest.fixture
def client(maventa):
    return maventa.as_company(WITHOUT_ROPO)


def _open(client, email="boss@example.com"):
    return client.call("PUT", PATH, json={"agreement_contact_email": email})


def _activate(client):
    path = f"maventa/companies/{client.company}/service"
    client.control(path, status="ACTIVE")


def test_the_service_is_disabled_then_pending_then_active(client):
    assert client.get(PATH)["status"] == "DISABLED"
    expected = {"status": "PENDING", "agreement_contact_email": "boss@example.com"}
    assert _open(client).json() == expected
    assert client.get(PATH) == expected
    _activate(client)
    assert client.get(PATH)["status"] == "ACTIVE"
    client.refused(_open(client), 409, "service_already_active")


def test_asking_again_while_pending_sends_it_to_the_new_address(client):
    _open(client)
    assert _open(client, "chair@example.com").status_code == 200
    assert client.get(PATH)["agreement_contact_email"] == "chair@example.com"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"agreement_contact_email": "nobody"},
        {"agreement_contact_email": 7},
        {"agreement_contact_email": "a@b.fi", "authorization_email": "a@b.fi"},
        [],
    ],
)
def test_the_agreement_needs_an_address_and_nothing_else(client, body):
    answer = client.call("PUT", PATH, json=body)
    client.refused(answer, 400, "validation_error")
    assert client.get(PATH)["status"] == "DISABLED"


def test_nothing_is_transferred_before_the_service_is_active(client):
    invoice = client.sent()
    for state in ("DISABLED", "PENDING"):
        message = client.refused(client.transfer(invoice), 422, "service_not_active")
        assert state in message
        _open(client)
    _activate(client)
    assert client.transfer(invoice).status_code == 201


def test_closing_keeps_open_assignments_and_takes_no_new_ones(maventa):
    assignment, waiting = maventa.transferred(), maventa.sent()
    assert maventa.call("DELETE", PATH).status_code == 204
    assert maventa.get(PATH)["status"] == "DISABLED"
    maventa.refused(maventa.transfer(waiting), 422, "service_not_active")
    assert maventa.paid(assignment, 25.5).status_code == 201
    assert maventa.assignment(assignment)["sum_open"] == 100


def test_what_is_not_open_cannot_be_closed(client):
    client.refused(client.call("DELETE", PATH), 422, "service_not_active")
