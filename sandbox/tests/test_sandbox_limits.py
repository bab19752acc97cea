"""Too many calls at once, and latency."""

import concurrent.futures
import time

import pytest


def _at_once(client, calls):
    """Statuses of calls started together, each on a connection of its own."""
    clients = [client.as_customer(client.login) for _ in range(calls)]
    token = client.token()
    for one in clients:
        one.http.headers["Authorization"] = f"Bearer {token}"
    with concurrent.futures.ThreadPoolExecutor(calls) as pool:
        answers = pool.map(lambda one: one.call("GET", "/jobs/statusupdates"), clients)
        return sorted(answer.status_code for answer in answers)


def test_more_than_the_limit_at_once_is_429(ropo):
    client = ropo.profile("900003", concurrency=2)
    ropo.control("latency", ms=400)
    assert _at_once(client, 5) == [204, 204, 429, 429, 429]
    state = ropo.state()
    assert state["throttled"] == {"900003": 3}
    assert 2 < state["max_concurrent"]["900003"] <= 5


def test_the_limit_is_each_customers_own(ropo):
    narrow = ropo.profile("900003", concurrency=1)
    wide = ropo.profile("900004")
    ropo.control("latency", ms=300)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda client: _at_once(client, 3), (narrow, wide))
    assert first == [204, 429, 429]
    assert second == [204, 204, 204]


def test_the_command_line_sets_everybodys_limit(start, connect_to):
    ropo = connect_to(start("--concurrency", "1", "--latency", "300").url)
    assert _at_once(ropo, 2) == [204, 429]


def test_the_high_water_mark_stays_low_for_one_call_after_the_other(ropo):
    for _ in range(3):
        ropo.updates()
    assert ropo.state()["max_concurrent"] == {"700001": 1}


@pytest.mark.parametrize("path", ["/jobs/statusupdates", "/jobs?jobid=1"])
def test_latency_is_added_to_each_call(ropo, path):
    ropo.updates()
    ropo.control("latency", ms=150)
    started = time.monotonic()
    ropo.call("GET", path)
    assert time.monotonic() - started >= 0.15


def test_calls_with_latency_run_side_by_side(ropo):
    ropo.control("latency", ms=300)
    started = time.monotonic()
    _at_once(ropo, 6)
    # a token, then six calls together
    assert time.monotonic() - started < 5 * 0.3
