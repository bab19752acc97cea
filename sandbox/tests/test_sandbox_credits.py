"""Credit notes: as a dataset, as a payment, and as a call of their own."""

import pytest

ROW = {"desc": "Work", "count": 1, "amount": 100, "taxpr": 25.5}
CREDIT_ROW = {**ROW, "count": -1}


def _claim(ropo, **changes):
    return ropo.accepted(ropo.reminder(**{"amount": 125.5, **changes}))


@pytest.mark.parametrize(
    "name, value", [("refundtojobid", "jobid"), ("refundtobillnum", "billnum")]
)
def test_a_credit_note_lowers_what_it_names(ropo, name, value):
    claim = _claim(ropo)
    note = ropo.accepted(ropo.credit_note(count=-0.5, **{name: claim[value]}))
    assert note["amount"] == -62.75
    origin, credit = ropo.job(claim["jobid"]), ropo.job(note["jobid"])
    assert (origin["capital"], origin["stage"]) == (62.75, "reminder")
    assert (credit["refundtojobid"], credit["capital"]) == (claim["jobid"], 0)


def test_a_full_credit_closes_the_case_and_says_so(ropo):
    claim = _claim(ropo)
    ropo.accepted(ropo.credit_note(refundtojobid=claim["jobid"]))
    assert ropo.job(claim["jobid"])["stage"] == "credited"
    [update] = ropo.updates()
    assert (update["jobid"], update["statuscode"]) == (claim["jobid"], 102)


def test_a_credit_note_leaves_the_fees_open(ropo):
    claim = _claim(ropo, amount=100)
    ropo.control(f"jobs/{claim['jobid']}/fees", interest=3, noticefee=5)
    ropo.accepted(ropo.credit_note(refundtojobid=claim["jobid"]))
    job = ropo.job(claim["jobid"])
    assert (job["capital"], job["interest"], job["noticefee"]) == (0, 3, 5)
    assert job["stage"] == "reminder"


def test_what_a_credit_note_has_left_over_stays_its_own(ropo):
    claim = _claim(ropo, amount=100)
    note = ropo.accepted(ropo.credit_note(refundtojobid=claim["jobid"]))
    assert ropo.job(claim["jobid"])["capital"] == 0
    credit = ropo.job(note["jobid"])
    assert (credit["capital"], credit["stage"]) == (-25.5, "invoiced")


def test_a_credit_note_that_names_nothing_waits(ropo):
    note = ropo.accepted(ropo.credit_note())
    assert ropo.job(note["jobid"])["capital"] == -125.5


def test_half_by_discount_is_accepted_as_the_guide_has_it(ropo):
    claim = _claim(ropo)
    row = {**CREDIT_ROW, "discount": 50}
    ropo.accepted(ropo.invoice(payrow=[row], refundtojobid=claim["jobid"]))
    assert ropo.job(claim["jobid"])["capital"] == 62.75


@pytest.mark.parametrize(
    "changes, word",
    [
        ({"payrow": [ROW]}, "negative"),
        ({"payrow": [CREDIT_ROW, {**ROW, "amount": 10}]}, "payrow[1]"),
        ({"refundtobillnum": "X"}, "not both"),
        ({"refundtojobid": 1}, "no such invoice"),
        ({"totalamount": 125.5}, "totalamount"),
        ({"netamount": 100}, "netamount"),
        ({"payrow": [{**CREDIT_ROW, "netamount": 100}]}, "netamount"),
    ],
)
def test_what_no_credit_note_is(ropo, changes, word):
    claim = _claim(ropo)
    changes = {"refundtojobid": claim["jobid"], **changes}
    assert word in ropo.refused(ropo.credit_note(**changes))
    assert ropo.job(claim["jobid"])["capital"] == 125.5


def test_negative_figures_that_agree_are_accepted(ropo):
    claim = _claim(ropo)
    figures = {"netamount": -100, "vatamount": -25.5, "totalamount": -125.5}
    ropo.accepted(
        ropo.credit_note(
            refundtojobid=claim["jobid"],
            payrow=[{**CREDIT_ROW, **figures}],
            taxrow=[{"taxpr": 25.5, **figures}],
            **figures,
        )
    )
    assert ropo.job(claim["jobid"])["capital"] == 0


def test_a_credit_note_does_not_credit_another_credit_note(ropo):
    note = ropo.accepted(ropo.credit_note())
    error = ropo.refused(ropo.credit_note(refundtojobid=note["jobid"]))
    assert "no such invoice" in error


def test_a_credit_reported_as_a_payment_lowers_the_capital_only(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/fees", interest=3, noticefee=5)
    answer = ropo.pay(jobid=jobid, amount=130, creditnotebillnum="CN1").json()
    assert (answer["focusedtocapital"], answer["unfocused"]) == (125.5, 4.5)
    assert (answer["interestafter"], answer["noticefeeafter"]) == (3, 5)
    assert ropo.job(jobid)["stage"] == "reminder"


def test_a_credit_taken_back_opens_the_case_again(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.pay(jobid=jobid, amount=125.5, creditnotebillnum="CN1")
    assert ropo.job(jobid)["stage"] == "credited"
    ropo.pay(jobid=jobid, amount=-25.5, creditnotebillnum="CN1")
    job = ropo.job(jobid)
    assert (job["stage"], job["capital"]) == ("reminder", 25.5)


def test_one_credit_note_over_several_claims(ropo):
    first, second = _claim(ropo, amount=50), _claim(ropo, amount=200)
    note = ropo.accepted(ropo.credit_note(refundtojobid=first["jobid"]))
    ropo.pay(jobid=second["jobid"], amount=75.5, creditnotebillnum=note["billnum"])
    assert ropo.job(first["jobid"])["capital"] == 0
    assert ropo.job(second["jobid"])["capital"] == 124.5
    assert ropo.job(note["jobid"])["capital"] == 0


def test_the_credit_note_call_works_like_a_payment_of_credit(ropo):
    claim = _claim(ropo)
    body = {"billnum": claim["billnum"], "amount": 25.5, "date": "2026-03-01"}
    body.update(type="allocated", creditnotebillnum="26251")
    answer = ropo.call("POST", "/jobs/creditnote", json=body)
    assert (answer.status_code, answer.json()["capitalafter"]) == (201, 100)
    assert "26251" in ropo.updates()[0]["statustext"]


@pytest.mark.parametrize("name", ["amount", "date", "billnum"])
def test_the_credit_note_call_needs_its_fields(ropo, name):
    body = {"billnum": _claim(ropo)["billnum"], "amount": 1, "date": "2026-03-01"}
    del body[name]
    answer = ropo.call("POST", "/jobs/creditnote", json=body)
    assert (answer.status_code, answer.json()["statusid"]) == (400, 1)
