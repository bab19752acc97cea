"""Status updates and what a debtor owes."""

import pytest


def _claim(ropo, **changes):
    return ropo.accepted(ropo.reminder(**changes))["jobid"]


def test_nothing_new_is_204(ropo):
    _claim(ropo)
    assert ropo.updates() is None


def test_each_kind_of_row_has_the_documented_names(ropo):
    jobid = _claim(ropo)
    ropo.control(f"jobs/{jobid}/pay", amount=5, date="2026-02-03")
    ropo.control(f"jobs/{jobid}/comment", text="Called the debtor")
    ropo.control(f"jobs/{jobid}/comment", text="Other", statuscode=55)
    ropo.control(f"jobs/{jobid}/stage", stage="legal", text="At court")
    rows = ropo.updates()
    names = {
        "jobid",
        "statusid",
        "billnum",
        "statustype",
        "statustime",
        "statusref",
        "statustext",
        "statuscode",
        "paydate",
        "amount",
    }
    assert [set(row) for row in rows] == [names] * 4
    assert [row["statusid"][0] for row in rows] == ["P", "C", "C", "C"]
    assert [row["statuscode"] for row in rows] == [101, 98, 55, 3]
    assert len({row["statusid"] for row in rows}) == 4
    assert ropo.job(jobid)["events"] == rows


def test_a_thousand_rows_a_page_until_204(ropo):
    jobid = _claim(ropo)
    for number in range(1005):
        ropo.control(f"jobs/{jobid}/comment", text=str(number))
    first, second = ropo.updates(), ropo.updates()
    assert (len(first), len(second)) == (1000, 5)
    texts = [row["statustext"] for row in first + second]
    assert texts == [str(number) for number in range(1005)]
    assert ropo.updates() is None


@pytest.mark.parametrize("filtered", ["date", "billnum"])
def test_a_filtered_look_does_not_consume(ropo, filtered):
    jobid = _claim(ropo, billnum="A/1")
    ropo.control(f"jobs/{jobid}/comment", text="One")
    ropo.control("age", days=1)
    ropo.control(f"jobs/{_claim(ropo)}/comment", text="Two")
    value = {"date": ropo.job(jobid)["events"][0]["statustime"][:10], "billnum": "A/1"}
    query = {filtered: value[filtered]}
    assert [row["statustext"] for row in ropo.updates(**query)] == ["One"]
    assert [row["statustext"] for row in ropo.updates()] == ["One", "Two"]
    assert [row["statustext"] for row in ropo.updates(**query)] == ["One"]


@pytest.mark.parametrize(
    "query",
    [
        {"date": "2026-01-01", "billnum": "1"},
        {"date": "1.1.2026"},
        {"date": "20260101"},
    ],
)
def test_a_filter_that_makes_no_sense_is_an_error(ropo, query):
    answer = ropo.call("GET", "/jobs/statusupdates", params=query)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_a_filter_without_rows_is_204(ropo):
    assert ropo.updates(billnum="none") is None
    assert ropo.updates(date="2020-01-01") is None


def test_the_clock_moves_and_status_times_use_it(ropo):
    jobid = _claim(ropo)
    before = ropo.state()["time"]
    ropo.control("age", days=40)
    ropo.control(f"jobs/{jobid}/comment", text="Later")
    assert ropo.updates()[0]["statustime"][:7] > before[:7]


def test_the_next_stage_can_be_arranged(ropo):
    jobid = _claim(ropo)
    ropo.control(
        f"jobs/{jobid}/stage",
        stage="payment_plan",
        next_stage="legal",
        next_date="2026-12-01",
    )
    info = ropo.call("GET", "/jobs", params={"jobid": jobid}).json()
    assert (info["currentstatus"], info["nextstatus"]) == (4, 3)
    assert info["nextstatusdate"] == "2026-12-01"


# --- by end customer --------------------------------------------------------------


def _found(ropo, **body):
    answer = ropo.call("POST", "/jobs/findbyendcustomer", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["jobs"]


def test_a_debtors_open_cases_are_found(ropo):
    row = ropo.accepted(ropo.reminder(custnum="C7", govid="010190-123X", amount=80))
    ropo.accepted(ropo.reminder(custnum="C8"))
    ropo.control(f"jobs/{row['jobid']}/fees", interest=1.5, noticefee=5)
    [found] = _found(ropo, custnum="C7")
    assert found["case_number"] == row["jobid"]
    assert found["invoice_number"] == row["billnum"]
    assert (found["status"], found["open_amount"]) == ("reminder", 86.5)
    assert found["my_ropo_link"].startswith("https://")
    assert _found(ropo, ssn="010190-123X") == [found]


@pytest.mark.parametrize(
    "stage, status",
    [
        ("reminder", "reminder"),
        ("collection", "collection"),
        ("legal", "collection"),
        ("paid", "paid"),
    ],
)
def test_the_words_are_those_of_myropo(ropo, stage, status):
    jobid = _claim(ropo, custnum="C7")
    ropo.control(f"jobs/{jobid}/stage", stage=stage)
    assert [job["status"] for job in _found(ropo, custnum="C7", all_invoices=1)] == [
        status
    ]


def test_an_invoice_is_due_once_its_due_date_has_passed(ropo, logins):
    unify = ropo.as_customer(logins["unify"])
    today = ropo.state()["time"][:10]
    unify.accepted(ropo.invoice(jobtype=0, custnum="C7", paydate=today))
    assert _found(unify, custnum="C7")[0]["status"] == "invoicing"
    ropo.control("age", days=2)
    assert _found(unify, custnum="C7")[0]["status"] == "due"


def test_paid_ones_are_listed_on_request_for_two_years(ropo):
    today = ropo.state()["time"][:10]
    jobid = _claim(ropo, custnum="C7", paydate=today, amount=10)
    ropo.pay(jobid=jobid, amount=10)
    assert _found(ropo, custnum="C7") == []
    assert len(_found(ropo, custnum="C7", all_invoices=1)) == 1
    ropo.control("age", days=740)
    assert _found(ropo, custnum="C7", all_invoices=1) == []


@pytest.mark.parametrize("body", [{}, {"all_invoices": 1}, {"custnum": 5}, []])
def test_somebody_must_be_named(ropo, body):
    answer = ropo.call("POST", "/jobs/findbyendcustomer", json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_a_debtor_has_a_link(ropo):
    row = ropo.accepted(ropo.reminder())
    query = {"billnum": row["billnum"]}
    answer = ropo.call("GET", "/online/onlinelink", params=query)
    assert answer.json()["url"].startswith("https://")
    answer = ropo.call("GET", "/online/onlinelink", params={"billnum": "none"})
    assert answer.status_code == 404
    assert set(answer.json()) == {"status", "type", "title", "detail"}


def test_shuffled_rows_come_all_in_another_order(ropo):
    jobid = _claim(ropo)
    texts = [str(number) for number in range(20)]
    for text in texts:
        ropo.control(f"jobs/{jobid}/comment", text=text)
    ropo.control("shuffle", seed=1)
    reported = [row["statustext"] for row in ropo.updates()]
    assert reported != texts
    assert sorted(reported) == sorted(texts)
    assert ropo.updates() is None
    ropo.control("shuffle", expected=(400,))
