"""Maventa's control API, its pages, its faults, and what a restart keeps."""

import concurrent.futures
import json
import signal
import time

import pytest
import requests
from maventa_client import COMPANY, SWEDEN, WITHOUT_ROPO, MaventaClient, bis3, payer

LOST = requests.exceptions.ConnectionError
CUT = (requests.exceptions.ChunkedEncodingError, LOST)
NASTY = "<script>alert('x')</script>"
TRANSFER = {"method": "POST", "path": "/v2/invoices/*/assignment/ropo"}


def test_the_companies_from_the_start(maventa):
    shown = [
        (each["company_id"], each["country"], each["service"])
        for each in maventa.state()["companies"]
    ]
    assert shown == [
        (COMPANY, "fi", "ACTIVE"),
        (SWEDEN, "se", "ACTIVE"),
        (WITHOUT_ROPO, "fi", "DISABLED"),
    ]


def test_reset_leaves_nothing_but_them(maventa):
    maventa.new_company(service="ACTIVE")
    assignment = maventa.transferred()
    maventa.paid(assignment, 10)
    maventa.paid(assignment, 10)
    maventa.refused(maventa.transfer("x"), 400, "validation_error")
    maventa.control("reset")
    state = maventa.state()
    assert len(state.pop("companies")) == 3
    assert state == {
        "invoices": [],
        "assignments": [],
        "events": [],
        "rejected": [],
        "duplicates": 0,
    }


def test_what_was_refused_is_kept_with_its_reason(maventa):
    answer = maventa.transfer(maventa.sent(), payers=[])
    maventa.refused(answer, 400, "validation_error")
    [row] = maventa.state()["rejected"]
    assert (row["company_id"], row["status"]) == (COMPANY, 400)
    assert row["details"] == ["payers: must be a list of at least one payer"]


@pytest.mark.parametrize(
    "path, body",
    [
        ("companies", {}),
        ("companies", {"company_id": "x"}),
        ("companies", {"company_id": COMPANY, "country": "dk"}),
        ("companies", {"company_id": COMPANY, "service": "OPEN"}),
        ("companies", {"company_id": COMPANY, "delivery": "SENT"}),
        ("companies", {"company_id": COMPANY, "transfer": "done"}),
        ("companies", {"company_id": COMPANY, "no_right_to": ["all"]}),
        ("companies", {"company_id": COMPANY, "colour": "red"}),
        (f"companies/{COMPANY}/service", {"status": "OPEN"}),
        ("invoices/INVOICE/delivery", {"status": "SENT"}),
        ("invoices/INVOICE/transfer", {"status": "pending"}),
        ("invoices/INVOICE/transfer", {"status": "sent"}),
        ("assignments/ASSIGNMENT/stage", {}),
        ("assignments/ASSIGNMENT/comment", {}),
        ("assignments/ASSIGNMENT/pay", {"amount": "all"}),
        ("assignments/ASSIGNMENT/fees", {"interest": "high"}),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(maventa, path, body):
    assignment = maventa.transferred()
    invoice = maventa.assignment(assignment)["invoice_id"]
    path = path.replace("INVOICE", invoice).replace("ASSIGNMENT", assignment)
    answer = maventa.control(f"maventa/{path}", expected=(400,), **body)
    assert answer.json()["error"]


def test_an_unknown_record_is_not_found(maventa):
    maventa.control("maventa/invoices/1/delivery", expected=(404,), status="FAILED")


# --- faults -----------------------------------------------------------------------


def _transfer(maventa):
    return maventa.transfer(maventa.state()["invoices"][0]["id"])


def _loses_the_connection(maventa):
    with pytest.raises(LOST):
        _transfer(maventa)


def _gets_half(maventa):
    with pytest.raises(CUT):
        _transfer(maventa)


def _waits(maventa):
    started = time.monotonic()
    assert _transfer(maventa).status_code == 201
    assert time.monotonic() - started >= 0.2


def _cannot_read(maventa):
    answer = _transfer(maventa)
    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)


def _gets_500(maventa):
    answer = _transfer(maventa)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")


def _gets_429(maventa):
    answer = _transfer(maventa)
    maventa.refused(answer, 429, "too_many_requests")
    assert answer.headers["Retry-After"] == "3"


def _gets_401(maventa):
    maventa.refused(_transfer(maventa), 401, "unauthorized")


# kind, options, what the client meets, how many assignments there are afterwards
FAULTS = [
    ("refuse", {}, _loses_the_connection, 0),
    ("drop_before", {}, _loses_the_connection, 0),
    ("drop_after", {}, _loses_the_connection, 1),
    ("slow", {"seconds": 0.2}, _waits, 1),
    ("cut", {}, _gets_half, 1),
    ("garbled", {}, _cannot_read, 1),
    ("error_before", {}, _gets_500, 0),
    ("error_after", {}, _gets_500, 1),
    ("throttle", {"retry_after": 3}, _gets_429, 0),
    ("expired_token", {}, _gets_401, 0),
]


@pytest.mark.parametrize("kind, options, meets, assignments", FAULTS)
def test_each_fault_does_here_what_it_says(
    maventa, wait_until, kind, options, meets, assignments
):
    maventa.sent()
    maventa.faults({"kind": kind, **TRANSFER, **options})
    meets(maventa)
    wait_until(lambda: len(maventa.state()["assignments"]) == assignments)


def test_a_list_can_come_with_every_row_twice(maventa):
    maventa.sent()
    maventa.faults({"kind": "duplicate", "path": "/v1/invoices"})
    first, second = maventa.get("/v1/invoices", direction="SENT")
    assert first == second


def test_a_fault_of_one_path_spares_the_others(maventa):
    maventa.faults({"kind": "error_before", **TRANSFER})
    invoice = maventa.sent()
    assert maventa.transfer(invoice).status_code == 500
    assert maventa.get("/v1/assignments") == []


def test_calls_are_counted_by_what_they_are(maventa, ropo):
    maventa.transferred()
    maventa.transferred()
    calls = ropo.state()["calls"]
    assert calls["POST /v2/invoices/{id}/assignment/ropo"] == 2
    assert calls["POST /v1/invoices"] == 2


def test_too_many_calls_at_once_are_429(maventa):
    clients = [maventa.new_company(concurrency=1) for _ in range(2)]
    for client in clients:
        client.get("/v1/events")
    maventa.control("latency", ms=200)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda one: one.call("GET", "/v1/events"), clients)
        answers = sorted(answers, key=lambda answer: answer.status_code)
    assert answers[0].status_code == 200
    maventa.refused(answers[1], 429, "too_many_requests")


# --- pages ------------------------------------------------------------------------


def _page(maventa, path):
    answer = requests.get(f"{maventa.url}{path}", timeout=5)
    assert answer.status_code == 200
    return answer.text


def test_the_pages_show_what_is_held(maventa):
    assignment = maventa.transferred(payers=[payer(name="Alpha Oy")])
    invoice = maventa.assignment(assignment)["invoice_id"]
    maventa.paid(assignment, 25.5)
    maventa.refused(maventa.transfer(invoice), 409, "assignment_already_exists")
    assert 'href="/maventa"' in _page(maventa, "/")
    page = _page(maventa, "/maventa")
    for expected in (
        "Sandbox Maventa",
        "Alpha Oy",
        "100.00",
        "125.50 EUR",
        "DELIVERED",
        "partially_closed",
        "sum_paid: 25.5",
        "409 assignment_already_exists",
        f'href="/maventa/assignments/{assignment}"',
        f'href="/maventa/invoices/{invoice}"',
    ):
        assert expected in page, expected
    page = _page(maventa, f"/maventa/assignments/{assignment}")
    for expected in ("Example street 1", "sum_paid: 25.5", "100.00"):
        assert expected in page, expected
    assert "Delivered" in _page(maventa, f"/maventa/invoices/{invoice}")


def test_nothing_of_a_client_becomes_markup(maventa):
    nasty = NASTY.replace("<", "&lt;")
    octets = bis3(number=nasty).replace("Käyttäjä".encode(), nasty.encode())
    invoice = maventa.upload(octets).json()["id"]
    maventa.transfer(invoice, payers=[payer(name=NASTY)], assignment_summary=NASTY)
    [assignment] = maventa.get("/v1/assignments")
    control = f"maventa/assignments/{assignment['id']}"
    maventa.control(f"{control}/stage", collection_status=NASTY, text=NASTY)
    maventa.refused(maventa.transfer(invoice), 409, "assignment_already_exists")
    maventa.new_company(name=NASTY, agreement_contact_email=NASTY)
    for path in ("", f"/invoices/{invoice}", f"/assignments/{assignment['id']}"):
        page = _page(maventa, f"/maventa{path}")
        assert "<script" not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["invoices/1", "assignments/1"])
def test_what_is_not_there_has_no_page(maventa, path):
    answer = requests.get(f"{maventa.url}/maventa/{path}", timeout=5)
    assert answer.status_code == 404


# --- a file -----------------------------------------------------------------------


def test_a_killed_sandbox_has_lost_nothing_of_maventa(start, tmp_path):
    file = str(tmp_path / "state.db")
    process = start("--state", file)
    maventa = MaventaClient(process.url)
    maventa.new_company(service="ACTIVE")
    assignment = maventa.transferred()
    event = maventa.paid(assignment, 25.5).json()["id"]
    maventa.call("POST", f"/v1/assignments/{assignment}/events/{event}/seen")
    maventa.sent(number="INV/1")
    maventa.sent(number="INV/1")
    maventa.refused(maventa.transfer("x"), 400, "validation_error")
    before = maventa.state()
    process.end(signal.SIGKILL)

    again = MaventaClient(start("--state", file).url)
    assert again.state() == before
    again.paid(assignment, 100)
    body = again.assignment(assignment)
    assert body["status"] == "closed"
    assert [each["event_type"] for each in body["events"]] == ["paid", "paid", "closed"]
