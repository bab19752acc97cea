"""The control API: seeing, arranging, starting over."""

import pytest
import requests

STATE = {
    "profiles",
    "jobs",
    "payments",
    "calls",
    "rejected",
    "duplicates",
    "max_concurrent",
    "throttled",
    "webhooks",
    "deliveries",
    "faults",
    "latency",
    "maventa",
    "time",
}
JOB = {
    "jobid",
    "cid",
    "jobtype",
    "billnum",
    "billcode",
    "reference",
    "ownref",
    "customertype",
    "receiver",
    "amount",
    "capital",
    "interest",
    "noticefee",
    "stage",
    "status",
    "statustext",
    "refundtojobid",
    "dataset",
    "payments",
    "events",
}


def test_the_state_has_all_its_parts(ropo):
    row = ropo.accepted(ropo.reminder())
    ropo.pay(jobid=row["jobid"], amount=10)
    state = ropo.state()
    assert set(state) == STATE
    [job] = state["jobs"]
    assert set(job) >= JOB
    assert (job["jobtype"], job["status"], job["statustext"]) == (1, 1, "Reminder")
    assert (job["amount"], job["capital"]) == (125.5, 115.5)
    [payment] = job["payments"]
    assert set(payment) == {
        "request",
        "statusid",
        "capitalbefore",
        "capitalafter",
        "time",
    }
    [call] = state["payments"]
    assert set(call) >= {"cid", "request", "statusid", "jobid", "time"}
    assert state["calls"]["POST /rest/jobs"] == 1
    assert state["calls"]["POST /rest/jobs/payment"] == 1


def test_a_part_of_the_state_can_be_asked_for(ropo):
    answer = requests.get(f"{ropo.url}/_sandbox/state?only=calls,duplicates", timeout=5)
    assert set(answer.json()) == {"calls", "duplicates"}


def test_three_customers_are_there_from_the_start(ropo):
    profiles = [
        (profile["cid"], profile["country"], profile["service_model"])
        for profile in ropo.state()["profiles"]
    ]
    assert profiles == [
        ("700001", "fi", "connect"),
        ("700002", "fi", "unify"),
        ("700003", "se", "connect"),
    ]


def test_reset_leaves_nothing_but_the_default_customers(ropo):
    client = ropo.profile("900005")
    client.accepted(ropo.reminder())
    client.refused(ropo.reminder(city=None))
    ropo.faults({"kind": "slow"})
    ropo.control("latency", ms=1)
    ropo.control("age", days=10)
    ropo.control("reset", expected=(204,))
    state = ropo.state()
    assert [profile["cid"] for profile in state["profiles"]] == [
        "700001",
        "700002",
        "700003",
    ]
    for name in ("jobs", "payments", "rejected", "webhooks", "deliveries", "faults"):
        assert state[name] == [], name
    for name in ("calls", "max_concurrent", "throttled"):
        assert state[name] == {}, name
    assert (state["duplicates"], state["latency"]) == (0, 0)


def test_a_profile_is_created_and_replaced(ropo):
    ropo.control(
        "profiles", expected=(201,), cid="900006", apicode="a", country="no", name="N"
    )
    ropo.control("profiles", expected=(201,), cid="900006", apicode="b", country="se")
    [profile] = [p for p in ropo.state()["profiles"] if p["cid"] == "900006"]
    assert (profile["country"], profile["name"], profile["apicode"]) == ("se", "", "b")


@pytest.mark.parametrize(
    "path, body",
    [
        ("profiles", {"cid": "1"}),
        ("profiles", {"cid": "1", "apicode": "a", "country": "dk"}),
        ("profiles", {"cid": "1", "apicode": "a", "service_model": "loan"}),
        ("profiles", {"cid": "1", "apicode": "a", "colour": "red"}),
        ("latency", {"ms": "many"}),
        ("age", {}),
        ("webhooks", {"cid": "700001"}),
        ("jobs/28000001/stage", {"stage": "lost"}),
        ("jobs/28000001/stage", {"stage": "paid", "next_stage": "lost"}),
        ("jobs/28000001/force", {"statusid": 7}),
        ("jobs/28000001/pdf", {"mode": "blue"}),
        ("jobs/28000001/pay", {"amount": "all"}),
        ("jobs/28000001/comment", {}),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(ropo, path, body):
    ropo.accepted(ropo.reminder())
    assert ropo.control(path, expected=(400,), **body).json()["error"]


def test_an_unknown_job_is_not_found(ropo):
    ropo.control("jobs/1/pay", expected=(404,), amount=1)


@pytest.mark.parametrize(
    "stage",
    [
        "invoiced",
        "reminder",
        "collection",
        "legal",
        "payment_plan",
        "paid",
        "credited",
        "on_hold",
        "closed",
    ],
)
def test_every_stage_can_be_reached(ropo, stage):
    jobid = ropo.accepted(ropo.reminder())["jobid"]
    ropo.control(f"jobs/{jobid}/stage", stage=stage)
    assert ropo.job(jobid)["stage"] == stage
    assert ropo.updates()[0]["statuscode"] == ropo.job(jobid)["status"]
