"""Payments reported to Ropo: every statusid, and figures that always add up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

DAY = "2026-03-01"


def _claim(ropo, **changes):
    """A reminder over 100.00; the answer row."""
    return ropo.accepted(ropo.reminder(**{"amount": 100, **changes}))


def test_a_payment_lowers_the_capital_and_shows_how(ropo):
    row = _claim(ropo)
    answer = ropo.pay(jobid=row["jobid"], amount=40, type="directpayment")
    assert answer.status_code == 201
    assert answer.json() == {
        "jobid": row["jobid"],
        "billnum": row["billnum"],
        "billcode": row["billcode"],
        "paydate": DAY,
        "amount": 40,
        "capitalbefore": 100,
        "capitalafter": 60,
        "focusedtocapital": 40,
        "interestbefore": 0,
        "interestafter": 0,
        "focusedtointerest": 0,
        "noticefeebefore": 0,
        "noticefeeafter": 0,
        "focusedtonoticefee": 0,
        "unfocused": 0,
        "statusid": 6,
        "statustext": "Capital posted",
    }


def test_money_goes_to_capital_then_interest_then_notice_fee(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/fees", interest=3, noticefee=5)
    answer = ropo.pay(jobid=jobid, amount=110).json()
    focused = [
        answer[f"focusedto{part}"] for part in ("capital", "interest", "noticefee")
    ]
    assert focused == [100, 3, 5]
    assert answer["unfocused"] == 2


def test_a_job_with_open_fees_is_not_paid_yet(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/fees", noticefee=5)
    ropo.pay(jobid=jobid, amount=100)
    assert ropo.job(jobid)["stage"] == "reminder"
    ropo.pay(jobid=jobid, amount=5)
    assert ropo.job(jobid)["stage"] == "paid"


def test_a_paid_job_is_reported_in_the_status_updates(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.pay(jobid=jobid, amount=100)
    [update] = ropo.updates()
    assert (update["statuscode"], update["statustype"]) == (101, "comment")
    assert update["jobid"] == jobid


@pytest.mark.parametrize("name", ["billcode", "jobid", "billnum"])
def test_a_job_is_found_by_each_identifier(ropo, name):
    row = _claim(ropo)
    assert ropo.pay(**{name: row[name]}, amount=1).json()["jobid"] == row["jobid"]


def test_identifiers_are_searched_in_the_documented_order(ropo):
    first, second, third = _claim(ropo), _claim(ropo), _claim(ropo)
    names = {"jobid": second["jobid"], "billnum": third["billnum"]}
    found = ropo.pay(billcode=first["billcode"], amount=1, **names).json()["jobid"]
    assert found == first["jobid"]
    assert ropo.pay(amount=1, **names).json()["jobid"] == second["jobid"]


def test_the_collected_job_is_meant_where_its_invoice_has_the_same_number(ropo):
    reminder = _claim(ropo)
    ropo.accepted(ropo.invoice(billnum=reminder["billnum"]))
    answer = ropo.pay(billnum=reminder["billnum"], amount=1).json()
    assert answer["jobid"] == reminder["jobid"]


# --- every statusid: how it comes about -------------------------------------------


def _undone(ropo):
    return {"jobid": _claim(ropo)["jobid"], "amount": 0}


def _fail(ropo):
    return {"jobid": _claim(ropo)["jobid"], "amount": "much"}


def _fail_above_the_original(ropo):
    return {"jobid": _claim(ropo)["jobid"], "amount": -1}


def _through_ropo(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/pay", amount=30, date=DAY)
    return {"jobid": jobid, "amount": 30}


def _all_through_ropo(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/pay", amount=100, date=DAY)
    return {"jobid": jobid, "amount": 100}


def _refund_of_ropo(ropo):
    return {**_through_ropo(ropo), "amount": -30}


def _closed(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/stage", stage="closed")
    return {"jobid": jobid, "amount": 1}


def _paid(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.pay(jobid=jobid, amount=100)
    return {"jobid": jobid, "amount": 1}


def _delivered_only(ropo):
    return {"jobid": ropo.accepted(ropo.invoice())["jobid"], "amount": 1}


def _of_another_customer(ropo):
    other = ropo.profile("900002")
    return {"billcode": _claim(other)["billcode"], "amount": 1}


def _cancelled(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.pay(jobid=jobid, amount=100, creditnotebillnum="CN1")
    return {"jobid": jobid, "amount": 1}


NATURAL = [
    (0, _undone),
    (1, _fail),
    (1, _fail_above_the_original),
    (3, _through_ropo),
    (3, _all_through_ropo),
    (4, _refund_of_ropo),
    (5, _closed),
    (5, _paid),
    (6, lambda ropo: {"jobid": _claim(ropo)["jobid"], "amount": 1}),
    (8, _delivered_only),
    (9, _of_another_customer),
    (10, lambda ropo: {"billcode": "1234", "amount": 1}),
    (11, _cancelled),
]


@pytest.mark.parametrize("statusid, arrange", NATURAL)
def test_each_statusid_has_its_cause(ropo, statusid, arrange):
    body = arrange(ropo)
    before = {job["jobid"]: job["capital"] for job in ropo.state()["jobs"]}
    answer = ropo.pay(**body)
    assert answer.json()["statusid"] == statusid
    assert answer.status_code == (201 if statusid == 6 else 400)
    state = ropo.state()
    assert state["payments"][-1]["statusid"] == statusid
    if statusid != 6:
        assert {job["jobid"]: job["capital"] for job in state["jobs"]} == before


@pytest.mark.parametrize("statusid", [0, 1, 2, 3, 4, 5, 8, 9, 10, 11])
def test_each_statusid_can_be_forced_once_and_posts_nothing(ropo, statusid):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/force", statusid=statusid)
    answer = ropo.pay(jobid=jobid, amount=10)
    assert (answer.status_code, answer.json()["statusid"]) == (400, statusid)
    assert answer.json()["capitalafter"] == 100
    assert ropo.pay(jobid=jobid, amount=10).json()["capitalafter"] == 90


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 1, "paydate": DAY},
        {"billnum": "1", "paydate": DAY},
        {"billnum": "1", "amount": 1},
        {"billnum": "1", "amount": 1, "paydate": "1.3.2026"},
        {"billnum": "1", "amount": None, "paydate": DAY},
        {"billnum": 1, "amount": 1, "paydate": DAY},
        {"jobid": "x", "amount": 1, "paydate": DAY},
        {"billnum": "1", "amount": 1, "paydate": DAY, "creditnotebillnum": None},
        [],
        "pay",
    ],
)
def test_a_body_that_breaks_the_contract_fails(ropo, body):
    answer = ropo.call("POST", "/jobs/payment", json=body)
    assert (answer.status_code, answer.json()["statusid"]) == (400, 1)


def test_numbers_written_as_text_are_taken_and_noticed(ropo):
    jobid = _claim(ropo)["jobid"]
    assert ropo.pay(jobid=str(jobid), amount="10.00").json()["capitalafter"] == 90
    [call] = ropo.state()["payments"]
    assert sorted(call["notices"]) == [
        "amount: string given for number",
        "jobid: string given for number",
    ]


def test_an_unknown_property_of_a_payment_is_noticed(ropo):
    ropo.pay(jobid=_claim(ropo)["jobid"], amount=1, ammount=1)
    [call] = ropo.state()["payments"]
    assert call["notices"] == ["ammount: unknown property, ignored"]


# --- the way back -----------------------------------------------------------------


def test_a_negative_amount_raises_the_capital_again(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.pay(jobid=jobid, amount=40)
    answer = ropo.pay(jobid=jobid, amount=-40)
    assert answer.status_code == 201
    assert answer.json()["capitalafter"] == 100
    assert answer.json()["focusedtocapital"] == -40


def test_a_reversal_opens_a_paid_job_again(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/stage", stage="collection")
    ropo.pay(jobid=jobid, amount=100)
    ropo.pay(jobid=jobid, amount=-100)
    job = ropo.job(jobid)
    assert (job["stage"], job["capital"]) == ("collection", 100)


def test_a_paid_job_is_open_again_when_ropo_takes_a_payment_back(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/pay", amount=100)
    assert ropo.job(jobid)["stage"] == "paid"
    ropo.control(f"jobs/{jobid}/pay", amount=-100)
    job = ropo.job(jobid)
    assert (job["stage"], job["capital"]) == ("reminder", 100)


def test_a_reversal_takes_back_what_was_unfocused_and_the_fees_first(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/fees", interest=3, noticefee=5)
    ropo.pay(jobid=jobid, amount=110)
    answer = ropo.pay(jobid=jobid, amount=-110).json()
    after = [answer[f"{part}after"] for part in ("capital", "interest", "noticefee")]
    assert (after, answer["unfocused"]) == ([100, 3, 5], -2)


def test_capital_grows_beyond_the_original_only_with_a_reason(ropo):
    jobid = _claim(ropo)["jobid"]
    reason = "Capital amount increased due to agreement change."
    assert ropo.pay(jobid=jobid, amount=-20).json()["statusid"] == 1
    answer = ropo.pay(jobid=jobid, amount=-20, description=reason).json()
    assert answer["capitalafter"] == 120


# --- what Ropo reports back -------------------------------------------------------


def test_money_that_reached_ropo_is_reported_as_its_payment(ropo):
    jobid = _claim(ropo)["jobid"]
    ropo.control(f"jobs/{jobid}/pay", amount=30, date=DAY)
    [row] = ropo.updates()
    assert row["statusid"].startswith("P")
    assert (row["statustype"], row["statuscode"]) == ("payment", 101)
    assert (row["amount"], row["paydate"]) == (30, DAY)


def test_full_status_rows_echo_a_reported_payment_as_the_older_interface_did(ropo):
    full = ropo.profile(status_rows="full")
    jobid = _claim(full)["jobid"]
    full.pay(jobid=jobid, amount=100)
    reported, message, paid = full.updates()
    assert (reported["statusref"], reported["statuscode"]) == (
        "Paid to the principal",
        None,
    )
    assert (reported["amount"], reported["paydate"]) == (100, DAY)
    assert (message["statustype"], message["statuscode"]) == ("comment", 98)
    assert (paid["statustype"], paid["statuscode"]) == ("comment", 101)


# --- always -----------------------------------------------------------------------

CENTS = st.integers(-30_000, 30_000).map(lambda cents: cents / 100)
STEPS = st.one_of(
    st.tuples(st.just("report"), CENTS),
    st.tuples(st.just("credit"), CENTS),
    st.tuples(st.just("pay"), st.integers(1, 15_000).map(lambda cents: cents / 100)),
    st.tuples(st.just("fees"), st.integers(0, 2_000).map(lambda cents: cents / 100)),
)
PARTS = ("capital", "interest", "noticefee")


def _figures(answer, when):
    return {part: round(answer[f"{part}{when}"] * 100) for part in PARTS}


def _job_figures(job):
    return {part: round(job[part] * 100) for part in PARTS}


@settings(max_examples=40)
@given(capital=st.integers(1, 20_000), steps=st.lists(STEPS, max_size=6))
def test_before_and_after_always_add_up(ropo, capital, steps):
    ropo.control("reset")
    jobid = _claim(ropo, amount=capital / 100)["jobid"]
    for kind, amount in steps:
        known = _job_figures(ropo.job(jobid))
        if kind == "fees":
            ropo.control(f"jobs/{jobid}/fees", interest=amount, noticefee=amount)
            continue
        if kind == "pay":
            ropo.control(f"jobs/{jobid}/pay", amount=amount, date="2026-04-01")
            continue
        note = {"creditnotebillnum": "CN1"} if kind == "credit" else {}
        answer = ropo.pay(jobid=jobid, amount=amount, **note).json()
        _check(answer, known, capital, amount)
        assert _figures(answer, "after") == _job_figures(ropo.job(jobid))


def _check(answer, known, capital, amount):
    before, after = _figures(answer, "before"), _figures(answer, "after")
    focused = {part: round(answer[f"focusedto{part}"] * 100) for part in PARTS}
    assert before == known
    assert {part: before[part] - after[part] for part in PARTS} == focused
    assert all(value >= 0 for value in after.values())
    assert after["capital"] <= capital
    posted = round(amount * 100) if answer["statusid"] == 6 else 0
    assert sum(focused.values()) + round(answer["unfocused"] * 100) == posted
