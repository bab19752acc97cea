"""Faults: what the client meets, and whether the work was done all the same."""

import json
import time

import pytest
import requests

LOST = requests.exceptions.ConnectionError
CUT = (requests.exceptions.ChunkedEncodingError, LOST)
JOBS = {"method": "POST", "path": "/rest/jobs"}


def _post(ropo):
    body = {"datastream": {"dataset": [ropo.invoice()]}}
    return ropo.call("POST", "/jobs", json=body)


def _loses_the_connection(ropo):
    with pytest.raises(LOST):
        _post(ropo)


def _gets_half(ropo):
    with pytest.raises(CUT):
        _post(ropo)


def _waits(ropo):
    started = time.monotonic()
    assert _post(ropo).status_code == 201
    assert time.monotonic() - started >= 0.3


def _cannot_read(ropo):
    answer = _post(ropo)
    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)


def _gets_500(ropo):
    answer = _post(ropo)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")


def _gets_403(ropo):
    answer = _post(ropo)
    assert answer.status_code == 403
    assert answer.json() == {"message": "Refused", "request_id": "gw-1"}


def _gets_413(ropo):
    answer = _post(ropo)
    assert (answer.status_code, answer.json()) == (413, {"code": "TOO_LARGE"})


def _gets_429(ropo):
    answer = _post(ropo)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert answer.json()["accepted"] == 0
    assert ropo.state()["throttled"] == {"700001": 1}


def _gets_401(ropo):
    assert _post(ropo).status_code == 401


def _gets_rows_twice(ropo):
    body = _post(ropo).json()
    assert (len(body["result"]), body["accepted"]) == (2, 1)
    assert body["result"][0] == body["result"][1]


# kind, options, what the client meets, how many jobs there are afterwards
FAULTS = [
    ("refuse", {}, _loses_the_connection, 0),
    ("drop_before", {}, _loses_the_connection, 0),
    ("drop_after", {}, _loses_the_connection, 1),
    ("slow", {"seconds": 0.3}, _waits, 1),
    ("cut", {}, _gets_half, 1),
    ("garbled", {}, _cannot_read, 1),
    ("error_before", {}, _gets_500, 0),
    ("error_after", {}, _gets_500, 1),
    ("gateway_before", {}, _gets_403, 0),
    ("gateway_after", {"status": 413, "body": {"code": "TOO_LARGE"}}, _gets_413, 1),
    ("throttle", {"retry_after": 3}, _gets_429, 0),
    ("expired_token", {}, _gets_401, 0),
    ("duplicate", {}, _gets_rows_twice, 1),
]


@pytest.mark.parametrize("kind, options, meets, jobs", FAULTS)
def test_each_fault_does_what_it_says(ropo, wait_until, kind, options, meets, jobs):
    ropo.updates()  # a token, and a connection that is already open
    ropo.faults({"kind": kind, **JOBS, **options})
    meets(ropo)
    wait_until(lambda: len(ropo.state()["jobs"]) == jobs)
    assert ropo.state()["faults"][0]["fired"] == 1
    ropo.control("faults", method="DELETE")
    assert _post(ropo).status_code == 201


def test_a_fault_meets_its_own_path_and_method_only(ropo):
    row = ropo.accepted(ropo.reminder())
    ropo.faults({"kind": "error_before", **JOBS})
    assert ropo.pay(jobid=row["jobid"], amount=1).status_code == 201
    info = ropo.call("GET", "/jobs", params={"jobid": row["jobid"]})
    assert info.status_code == 200
    assert _post(ropo).status_code == 500


def test_the_control_api_is_spared(ropo):
    ropo.faults({"kind": "error_before"})
    assert requests.get(f"{ropo.url}/", timeout=5).status_code == 200
    ropo.state()


def test_skip_and_times_say_which_calls_are_met(ropo):
    ropo.updates()
    ropo.faults({"kind": "error_before", "skip": 2, "times": 3, **JOBS})
    statuses = [_post(ropo).status_code for _ in range(8)]
    assert statuses == [201, 201, 500, 500, 500, 201, 201, 201]


def test_the_first_fault_that_strikes_wins(ropo):
    ropo.updates()
    ropo.faults(
        {"kind": "error_before", "times": 1, **JOBS}, {"kind": "throttle", **JOBS}
    )
    assert [_post(ropo).status_code for _ in range(3)] == [500, 429, 429]


def _run_of(ropo):
    ropo.control("reset")
    ropo.faults({"kind": "error_before", "probability": 0.4, **JOBS})
    return [_post(ropo).status_code for _ in range(30)]


def test_a_run_can_be_repeated(ropo, start, connect_to):
    first = _run_of(ropo)
    assert set(first) == {201, 500}
    assert _run_of(ropo) == first
    assert _run_of(connect_to(start("--seed", "0").url)) == first
    assert _run_of(connect_to(start("--seed", "1").url)) != first


def test_a_token_can_be_lost_too(ropo):
    ropo.faults({"kind": "garbled", "path": "/rest/token", "times": 1})
    with pytest.raises(ValueError):
        ropo.token()
    assert ropo.token()


def test_fetched_status_rows_are_gone_when_the_answer_is_lost(ropo, wait_until):
    row = ropo.accepted(ropo.reminder())
    ropo.control(f"jobs/{row['jobid']}/comment", text="Called")
    ropo.faults({"kind": "drop_after", "path": "/rest/jobs/statusupdates", "times": 1})
    with pytest.raises(LOST):
        ropo.updates()
    assert ropo.updates() is None
    assert len(ropo.updates(billnum=row["billnum"])) == 1


@pytest.mark.parametrize(
    "fault",
    [{"kind": "sulk"}, {}, {"kind": "slow", "often": 1}, {"kind": "slow", "skip": "x"}]
    + [{"kind": "gateway_before", "status": 200}],
)
def test_a_fault_that_makes_no_sense_is_refused(ropo, fault):
    ropo.control("faults", expected=(400,), faults=[fault])


def test_work_goes_on_when_the_client_hangs_up(ropo, wait_until):
    ropo.updates()
    ropo.control("latency", ms=300)
    body = {"datastream": {"dataset": [ropo.invoice()]}}
    with pytest.raises(requests.exceptions.ReadTimeout):
        ropo.call("POST", "/jobs", json=body, timeout=0.1)
    wait_until(lambda: len(ropo.state()["jobs"]) == 1)
