"""The page for people."""

import pytest
import requests

NASTY = "<script>alert('x')</script>"


def _page(ropo, path="/"):
    answer = requests.get(f"{ropo.url}{path}", timeout=5)
    assert answer.status_code == 200
    return answer.text


def test_the_page_shows_what_the_sandbox_holds(ropo):
    row = ropo.accepted(ropo.reminder(company="Example Debtor Oy"))
    ropo.pay(jobid=row["jobid"], amount=25.5)
    ropo.refused(ropo.reminder(city=None))
    ropo.faults({"kind": "slow", "path": "/rest/none"})
    page = _page(ropo)
    for expected in (
        row["billnum"],
        "Example Debtor Oy",
        "Sandbox Connect",
        "Reminder",
        "100.00",
        "125.50",
        "city",
        "slow",
        "POST /rest/jobs/payment",
        f'href="/jobs/{row["jobid"]}"',
    ):
        assert expected in page


def test_a_job_has_a_page_with_dataset_payments_and_events(ropo):
    row = ropo.accepted(ropo.reminder(ourcode="Our reference 7"))
    ropo.pay(jobid=row["jobid"], amount=25.5)
    ropo.control(f"jobs/{row['jobid']}/comment", text="Called the debtor")
    page = _page(ropo, f"/jobs/{row['jobid']}")
    for expected in ("Our reference 7", "statusid 6", "Called the debtor", "100.00"):
        assert expected in page


def test_the_document_can_be_seen_without_a_token(ropo):
    row = ropo.accepted(ropo.invoice())
    answer = requests.get(f"{ropo.url}/jobs/{row['jobid']}/document", timeout=5)
    assert answer.content.startswith(b"%PDF")


@pytest.mark.parametrize("where", ["/", "job"])
def test_nothing_of_a_client_becomes_markup(ropo, where):
    row = ropo.accepted(
        ropo.reminder(company=NASTY, billnum=NASTY, billcode=NASTY, ourcode=NASTY)
    )
    payment = {"jobid": row["jobid"], "amount": NASTY, "paydate": NASTY}
    ropo.call("POST", "/jobs/payment", json=payment)
    ropo.pay(jobid=row["jobid"], amount=1, identifier=NASTY)
    ropo.refused(ropo.reminder(billnum=NASTY, sendtype=NASTY))
    ropo.control(f"jobs/{row['jobid']}/comment", text=NASTY)
    ropo.call("GET", f"/jobs/pdf?billnum={NASTY}")
    ropo.control("webhooks", cid="700001", url=f"http://127.0.0.1:9/{NASTY}")
    ropo.control("webhooks/deliver")
    ropo.profile("900008", name=NASTY)
    page = _page(ropo, "/" if where == "/" else f"/jobs/{row['jobid']}")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_an_unknown_job_has_no_page(ropo):
    assert requests.get(f"{ropo.url}/jobs/1", timeout=5).status_code == 404
