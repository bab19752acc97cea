"""Assignments: what happens to them, and what the company reports of them."""

import pytest
from maventa_client import SWEDEN, UNKNOWN, payer


def _credit(client, assignment, amount, booked_at="2026-03-01"):
    body = {"event_type": "credit_note", "credit_sum": amount, "booked_at": booked_at}
    return client.post_event(assignment, **body)


def _happens(client, assignment, what, **body):
    client.control(f"maventa/assignments/{assignment}/{what}", **body)


def _figures(client, assignment):
    body = client.assignment(assignment)
    return body["status"], body["sum_open"]


def test_payments_and_credits_lower_what_is_open_to_the_cent(maventa):
    assignment = maventa.transferred()
    answer = maventa.paid(assignment, 0.1)
    assert answer.status_code == 201
    event = answer.json()
    assert event.pop("id") and event.pop("created_at")
    assert event == {
        "assignment_id": assignment,
        "event_type": "paid",
        "origin": "COMPANY",
        "seen": False,
        "sum_paid": 0.1,
        "booked_at": "2026-03-01",
    }
    assert _figures(maventa, assignment) == ("partially_closed", 125.4)
    maventa.paid(assignment, 0.2)
    _credit(maventa, assignment, 25.19)
    assert _figures(maventa, assignment) == ("partially_closed", 100.01)
    maventa.paid(assignment, 100.01)
    assert _figures(maventa, assignment) == ("closed", 0)
    body = maventa.assignment(assignment)
    assert body["closed_at"] and body["collection_status"] == "closed"
    kinds = [event["event_type"] for event in body["events"]]
    assert kinds == ["paid", "paid", "credit_note", "paid", "closed"]


def test_a_credit_leaves_ropos_fees_and_a_payment_settles_them(maventa):
    assignment = maventa.transferred()
    _happens(maventa, assignment, "fees", interest=1.5, noticefee=5)
    _credit(maventa, assignment, 125.5)
    assert _figures(maventa, assignment) == ("partially_closed", 0)
    maventa.paid(assignment, 6.5)
    assert _figures(maventa, assignment) == ("closed", 0)


@pytest.mark.parametrize(
    "body, words",
    [
        ({}, "event_type: is missing"),
        ({"event_type": 1}, "event_type: is missing"),
        ({"event_type": "paid", "booked_at": "2026-03-01"}, "sum_paid"),
        (
            {"event_type": "paid", "credit_sum": 1, "booked_at": "2026-03-01"},
            "credit_sum: is not known",
        ),
        (
            {"event_type": "paid", "sum_paid": 1, "booked_at": "2026-03-01", "a": 1},
            "a: is not known",
        ),
        ({"event_type": "paid", "sum_paid": 1}, "booked_at"),
        ({"event_type": "paid", "sum_paid": 1, "booked_at": "1.3.2026"}, "booked_at"),
        ({"event_type": "paid", "sum_paid": 1, "booked_at": "20260301"}, "booked_at"),
        (
            {"event_type": "paid", "sum_paid": 1, "booked_at": "2999-01-01"},
            "must not be after today",
        ),
    ],
)
def test_an_event_that_is_not_whole_is_refused(maventa, body, words):
    assignment = maventa.transferred()
    answer = maventa.post_event(assignment, **body)
    assert words in maventa.refused(answer, 400, "validation_error")
    assert _figures(maventa, assignment) == ("open", 125.5)


@pytest.mark.parametrize("wrong", [0, -1, "1", True, None, 0.005, 1e300])
def test_money_is_a_number_above_zero_to_the_cent(maventa, wrong):
    assignment = maventa.transferred()
    answer = maventa.paid(assignment, wrong)
    assert "sum_paid" in maventa.refused(answer, 400, "validation_error")
    assert _figures(maventa, assignment) == ("open", 125.5)


@pytest.mark.parametrize("kind", ["comment", "cancel", "due_date", "PAID", "reversal"])
def test_ropo_takes_two_kinds_of_event_and_no_other(maventa, kind):
    assignment = maventa.transferred()
    body = {"event_type": kind, "sum_paid": 1, "booked_at": "2026-03-01"}
    answer = maventa.post_event(assignment, **body)
    maventa.refused(answer, 422, "event_type_not_allowed")


def test_a_closed_assignment_takes_no_event(maventa):
    assignment = maventa.transferred()
    _happens(maventa, assignment, "close", text="Withdrawn")
    maventa.refused(maventa.paid(assignment, 1), 409, "assignment_closed")


def test_the_same_report_twice_lowers_twice_and_counts(maventa):
    assignment = maventa.transferred()
    maventa.paid(assignment, 10)
    maventa.paid(assignment, 10)
    assert _figures(maventa, assignment)[1] == 105.5
    assert maventa.state()["duplicates"] == 1
    maventa.paid(assignment, 10, "2026-03-02")
    _credit(maventa, assignment, 10)
    assert maventa.state()["duplicates"] == 1


def test_what_happens_at_ropo_comes_as_events_of_its_own(maventa):
    assignment = maventa.transferred()
    _happens(maventa, assignment, "stage", collection_status="reminder_sent")
    _happens(maventa, assignment, "comment", text="Called the debtor")
    _happens(maventa, assignment, "pay", amount=25.5, date="2026-03-02")
    _happens(maventa, assignment, "stage", collection_status="something_new", text="!")
    body = maventa.assignment(assignment)
    assert body["collection_status"] == "something_new"
    assert (body["status"], body["sum_open"]) == ("partially_closed", 100)
    events = maventa.get(f"/v1/assignments/{assignment}/events")
    assert events == body["events"]
    assert {event["origin"] for event in events} == {"SERVICE"}
    reported = [
        (event["event_type"], event.get("collection_status") or event.get("text"))
        for event in events
    ]
    assert reported == [
        ("collection_status", "reminder_sent"),
        ("comment", "Called the debtor"),
        ("paid", None),
        ("collection_status", "something_new"),
    ]
    assert (events[2]["sum_paid"], events[2]["booked_at"]) == (25.5, "2026-03-02")


def test_money_at_ropo_closes_the_assignment(maventa):
    assignment = maventa.transferred()
    _happens(maventa, assignment, "pay", amount=125.5)
    assert _figures(maventa, assignment) == ("closed", 0)


def test_events_of_all_assignments_come_oldest_first_in_pages(maventa):
    first, second = maventa.transferred(), maventa.transferred()
    for number in range(6):
        _happens(maventa, first, "comment", text=f"first {number}")
        _happens(maventa, second, "comment", text=f"second {number}")
    page = maventa.get("/v1/events", per_page=5, page=3)
    assert [event["text"] for event in page] == ["first 5", "second 5"]
    answer = maventa.call("GET", "/v1/events", params={"per_page": 5, "page": 3})
    assert answer.headers["X-Next-Page"] == ""
    assert maventa.get("/v1/events", page=4) == []


def test_a_moment_and_what_was_seen_are_cursors(maventa):
    assignment = maventa.transferred()
    for text in ("a", "b", "c"):
        _happens(maventa, assignment, "comment", text=text)
    first, second, third = maventa.get("/v1/events")
    since = maventa.get("/v1/events", created_at_start=third["created_at"])
    assert third in since
    for _ in range(2):
        path = f"/v1/assignments/{assignment}/events/{second['id']}/seen"
        assert maventa.call("POST", path).status_code == 204
    assert maventa.get("/v1/events", seen="false") == [first, third]
    [seen] = maventa.get("/v1/events", seen="true")
    assert seen == {**second, "seen": True}
    answer = maventa.call("GET", "/v1/events", params={"seen": "perhaps"})
    maventa.refused(answer, 400, "validation_error")


def test_assignments_are_found_by_debtor_and_days(maventa):
    first = maventa.transferred(payers=[payer(name="Alpha Oy")])
    second = maventa.transferred(payers=[payer(name="Beta Oy")])
    _happens(maventa, first, "close")

    def found(**query):
        return [each["id"] for each in maventa.get("/v1/assignments", **query)]

    assert found() == [second, first]
    assert found(debtor_name="alpha") == [first]
    assert found(closed_at_start=f"{maventa.today()}T00:00:00Z") == [first]
    assert found(created_at_end=f"{maventa.today()}T00:00:00Z") == []
    assert found(invoice_number="none") == [second, first]  # not a filter


def test_another_companys_assignments_are_unknown(maventa):
    assignment = maventa.transferred()
    event = maventa.paid(assignment, 1).json()["id"]
    other = maventa.as_company(SWEDEN)
    assert other.get("/v1/assignments") == other.get("/v1/events") == []
    path = f"/v1/assignments/{assignment}"
    for method, below in (
        ("GET", ""),
        ("GET", "/events"),
        ("POST", "/events"),
        ("POST", f"/events/{event}/seen"),
    ):
        answer = other.call(method, path + below, json={})
        other.refused(answer, 404, "assignment_not_found")
    answer = maventa.call("POST", f"{path}/events/{UNKNOWN}/seen")
    maventa.refused(answer, 404, "event_not_found")
    second = maventa.transferred()
    answer = maventa.call("POST", f"/v1/assignments/{second}/events/{event}/seen")
    maventa.refused(answer, 404, "event_not_found")
    maventa.refused(maventa.call("GET", f"{path}x"), 400, "validation_error")
