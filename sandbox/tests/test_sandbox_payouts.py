"""What Ropo collected is held until it is paid out: no cent more, no cent less."""

import pytest

HELD = ("held_principal", "held_interest", "held_fees")


def held(case):
    return [case[name] for name in HELD]


def pay_out(ropo, **body):
    return ropo.control("payout", **body).json()


def collected(ropo, *amounts):
    jobid = ropo.accepted(ropo.reminder())["jobid"]
    for amount in amounts:
        ropo.control(f"jobs/{jobid}/pay", amount=amount)
    return jobid


def test_what_debtors_paid_is_paid_out_once_less_the_commission(ropo):
    first, second = collected(ropo, 30, 20), collected(ropo, 10)
    assert held(ropo.job(first)) == [50, 0, 0]
    assert pay_out(ropo, commission=8, tax_rate=25.5) == {
        "paid": 49.96,
        "principal": 60,
        "interest": 0,
        "fees": 0,
        "commission": 8,
        "tax": 2.04,
        "cases": [
            dict(zip(("case", *HELD), (str(first), 50, 0, 0), strict=True)),
            dict(zip(("case", *HELD), (str(second), 10, 0, 0), strict=True)),
        ],
    }
    assert held(ropo.job(first)) == held(ropo.job(second)) == [0, 0, 0]
    assert (pay_out(ropo)["paid"], pay_out(ropo)["cases"]) == (0, [])


def test_interest_and_fees_are_told_from_principal(ropo):
    jobid = collected(ropo)
    job = ropo.job(jobid)
    ropo.control(f"jobs/{jobid}/fees", interest=4.5, noticefee=5)
    ropo.control(f"jobs/{jobid}/pay", amount=job["capital"] + 9.5 + 1)
    figures = pay_out(ropo)
    assert figures["principal"] == job["capital"] + 1  # overpaid
    assert (figures["interest"], figures["fees"]) == (4.5, 5)


def test_what_is_taken_back_is_taken_off_the_next_payout(ropo):
    jobid = collected(ropo, 30)
    pay_out(ropo)
    ropo.control(f"jobs/{jobid}/pay", amount=-30)
    assert pay_out(ropo, commission=2)["paid"] == -32


def test_of_some_jobs_only(ropo):
    first, second = collected(ropo, 30), collected(ropo, 10)
    assert pay_out(ropo, jobs=[second])["paid"] == 10
    assert held(ropo.job(first)) == [30, 0, 0]


@pytest.mark.parametrize("body", [{"commission": "much"}, {"tax_rate": None}])
def test_a_commission_that_is_no_number_is_refused(ropo, body):
    assert ropo.control("payout", expected=(400,), **body).json()["error"]


def test_what_was_collected_outside_is_not_held(ropo):
    jobid = collected(ropo)
    billcode = ropo.job(jobid)["billcode"]
    day = ropo.state()["time"][:10]
    ropo.pay(billcode=billcode, paydate=day, amount=10)
    assert held(ropo.job(jobid)) == [0, 0, 0]


def test_maventa_pays_out_the_same_way(maventa):
    maventa.new_company(service="ACTIVE")
    assignment = maventa.transferred()
    maventa.control(f"maventa/assignments/{assignment}/pay", amount=25.5)
    figures = maventa.control("maventa/payout", commission=4, tax_rate=25).json()
    assert (figures["paid"], figures["principal"], figures["tax"]) == (20.5, 25.5, 1)
    assert [case["case"] for case in figures["cases"]] == [assignment]
    assert maventa.control("maventa/payout").json()["paid"] == 0
