"""Which datasets Ropo takes, and what it answers."""

import base64
import importlib.util
import itertools
from pathlib import Path

import pytest

PRINT_EXAMPLE = {
    "jobtype": "300",
    "address": "123 Main Street",
    "postcode": "12345",
    "company": "test company",
    "customertype": "1",
    "city": "Sample City",
    "billdate": "2025-05-06",
    "paydate": "2025-05-20",
    "payrow": [
        {
            "desc": "Product Description",
            "count": "10.00",
            "amount": "50.00",
            "taxpr": "24",
        }
    ],
}
CLAIM_EXAMPLE = {
    "jobtype": "1",
    "billcode": "4349",
    "amount": "55.32",
    "billnum": "1000",
    "person": "Example Person",
    "address": "Example street 15 A 3",
    "postcode": "70100",
    "city": "KUOPIO",
    "customertype": "2",
    "billdate": "2017-01-01",
    "paydate": "2017-01-14",
}
# The guides' own examples, their people renamed.
GUIDES = [
    pytest.param(PRINT_EXAMPLE, 620, id="connect-print-service"),
    pytest.param({**PRINT_EXAMPLE, "jobtype": "0"}, 620, id="connect-curl"),
    pytest.param(CLAIM_EXAMPLE, 55.32, id="reminder"),
    pytest.param(
        {**CLAIM_EXAMPLE, "jobtype": "2", "noticedate": "2025-01-30"},
        55.32,
        id="collection",
    ),
    pytest.param(
        {
            "jobtype": "0",
            "person": "Example Person",
            "address": "Example street 23-25 A 7",
            "postcode": "70100",
            "city": "KUOPIO",
            "customertype": "2",
            "billdate": "2017-03-03",
            "paydate": "2017-03-17",
            "payrow": [
                {
                    "desc": "Massage",
                    "count": "1",
                    "itemtype": "h",
                    "amount": "35.00",
                    "taxpr": "24.00",
                }
            ],
        },
        43.4,
        id="invoice",
    ),
]


@pytest.mark.parametrize("dataset, amount", GUIDES)
def test_the_guides_own_examples_are_accepted(ropo, dataset, amount):
    body = {"datastream": {"dataset": [dataset]}}
    answer = ropo.call("POST", "/jobs", json=body)
    [row] = answer.json()["result"]
    assert answer.status_code == 201
    assert (row["amount"], row["jobtype"]) == (amount, dataset["jobtype"])
    assert "jobtype: string given for number" in row["notice"]


def test_the_answer_has_what_the_guide_shows(ropo):
    dataset = ropo.invoice(ownref="4711", billcode="4349", sendtype="print")
    assert ropo.accepted(dataset) == {
        "accepted": 1,
        "amount": 125.5,
        "billnum": dataset["billnum"],
        "billcode": "4349",
        "error": None,
        "evoicetype": "",
        "jobid": 28000001,
        "jobstatus": "300",
        "jobtype": "300",
        "notice": None,
        "origbillnum": None,
        "ownref": 4711,
        "print": "28000001",
        "receiver": "Example Company Oy",
        "reference": "15700001280000017",
        "sendtype": "print",
    }


def test_the_check_digit_is_the_one_in_the_guides_answers():
    path = Path(__file__).parents[1] / "references.py"
    spec = importlib.util.spec_from_file_location("references", path)
    references = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(references)

    class Finnish:
        cid, country = "7000073", "fi"

    assert references.make(Finnish, 28117994) == "157000073281179944"
    assert references.make(Finnish, 26692344) == "157000073266923445"


# --- rules of one dataset: what is changed, and the word that the error must hold -

ROW = {"desc": "Work", "count": 1, "amount": 100, "taxpr": 25.5}
PDF = base64.b64encode(b"%PDF-1.4 test").decode()
BIG = base64.b64encode(b"%PDF-1.4" + b"x" * 1_000_001).decode()
PAYMENTID = [{"propname": "job_finvoice_paymentid", "propvalue": "Rent"}]


def _attached(name, content=PDF):
    return [{"attachmentname": name, "attachmentfile": content}]


MINIMUM = [
    *itertools.product(
        ["invoice"],
        ["address", "postcode", "city", "customertype", "company", "billdate"],
    ),
    *itertools.product(
        ["reminder", "collection"],
        ["billcode", "amount", "billnum", "paydate", "postcode", "company"],
    ),
    ("invoice", "jobtype"),
    ("invoice", "paydate"),
    ("invoice", "payrow"),
    ("collection", "noticedate"),
]
PERSON = {"customertype": 2, "person": "Example Person", "company": None}
REFUSED = [
    ("invoice", {"jobtype": 602}, "jobtype"),
    ("invoice", {"jobtype": "bill"}, "jobtype"),
    ("invoice", {"customertype": 3}, "customertype"),
    ("invoice", {"customertype": 2}, "person"),
    ("invoice", {"company": " "}, "company"),
    ("invoice", {"postcode": ""}, "postcode"),
    ("invoice", {"billdate": "02.01.2026"}, "billdate"),
    ("invoice", {"paydate": "2026-02-30"}, "paydate"),
    ("invoice", {"postcode": 100}, "postcode"),
    ("invoice", {"totalamount": "about 125"}, "totalamount"),
    ("invoice", {"checkbillnum": True}, "checkbillnum"),
    ("invoice", {"payrow": []}, "payrow"),
    ("invoice", {"payrow": [{"invoicerowtype": 25601, "desc": "Head"}]}, "payrow"),
    ("invoice", {"payrow": [{**ROW, "desc": ""}]}, "payrow[0].desc"),
    ("invoice", {"payrow": [ROW, {**ROW, "taxpr": None}]}, "payrow[1].taxpr"),
    ("invoice", {"payrow": [{**ROW, "count": "one"}]}, "payrow[0].count"),
    ("invoice", {"sendtype": "fax"}, "sendtype"),
    ("invoice", {"sendtype": "b2c"}, "sendtype"),
    ("invoice", {"sendtype": "email"}, "email"),
    ("invoice", {"sendtype": "email", "email": "nobody"}, "email"),
    ("invoice", {"sendtype": "evoice", "evoice": "FI1"}, "evoiceint"),
    ("invoice", {"sendtype": "evoice", "evoiceint": "BANK"}, "evoice:"),
    ("invoice", {"sendtype": "peppol"}, "evoice"),
    ("invoice", {"attachment": _attached("a.exe")}, "attachmentname"),
    ("invoice", {"attachment": _attached("a.pdf", "%%%")}, "base64"),
    ("invoice", {"attachment": _attached("a.pdf", "YWJj")}, "no PDF"),
    ("invoice", {"attachment": [{"attachmentfile": PDF}]}, "attachmentname"),
    (
        "invoice",
        {
            "sendtype": "email",
            "email": "a@example.com",
            "attachment": _attached("a.pdf", BIG),
        },
        "1 MB",
    ),
    ("invoice", {"image": {"file": "%%%"}}, "image.file: not base64"),
    ("invoice", {"image": {"file": "YWJj"}}, "image.file: is no PDF"),
    (
        "invoice",
        {"sendtype": "email", "email": "a@example.com", "image": {"file": BIG}},
        "1 MB",
    ),
    (
        "invoice",
        {"customertype": 2, "person": "P", "attachment": _attached("a.csv")},
        "attachmentname",
    ),
    ("invoice", {"customertype": 2, "person": "P", "payplancount": 3}, "payplan"),
    ("invoice", {"payplanamount": 10}, "payplaninterval"),
    ("invoice", {"finance": 1}, "govid"),
    ("invoice", {"finance": 3, "govid": "1234567-8"}, "finance"),
    ("invoice", {"propertyrow": [{"propname": "x"}]}, "propvalue"),
    ("reminder", {"postcode": None, "addresscountry": "SWE"}, "postcode"),
    ("reminder", {**PERSON, "govid": "1234567-8", "addresscountry": "FIN"}, "govid"),
    ("reminder", {**PERSON, "govid": "010190-123X", "addresscountry": "SWE"}, "govid"),
    ("reminder", {"payrow": [ROW]}, "payrow"),
    ("collection", {"payrow": [ROW]}, "payrow"),
    ("reminder", {"amount": 0}, "amount"),
    ("reminder", {"amount": -5}, "amount"),
    ("reminder", {"sendtype": "peppol"}, "sendtype"),
    ("reminder", {"sendtype": "evoice", "evoice": "FI1"}, "evoiceint"),
    (
        "reminder",
        {"sendtype": "b2c", "evoice": "FI1", "evoiceint": "BANK"},
        "job_finvoice_paymentid",
    ),
    ("reminder", {"refundtojobid": 1}, "refundtojobid"),
]


@pytest.mark.parametrize("kind, name", MINIMUM)
def test_a_missing_minimum_field_is_named(ropo, kind, name):
    dataset = getattr(ropo, kind)()
    del dataset[name]
    assert name in ropo.refused(dataset)
    state = ropo.state()
    assert state["jobs"] == []
    assert name in state["rejected"][0]["error"]


@pytest.mark.parametrize("kind, changes, word", REFUSED)
def test_a_broken_rule_is_named(ropo, kind, changes, word):
    assert word in ropo.refused(getattr(ropo, kind)(**changes))


ACCEPTED = [
    ("invoice", {}),
    ("invoice", {"billnum": None}),
    ("invoice", {"currency": "SEK", "foreignamount": 1200, "foreigncurrency": "SEK"}),
    ("invoice", {"sendtype": "evoice", "evoice": "FI1", "evoiceint": "BANK"}),
    ("invoice", {"sendtype": "peppol", "evoice": "0216:FI1"}),
    ("invoice", {"sendtype": "email", "email": "a@example.com"}),
    ("invoice", {"payrow": [ROW, {"invoicerowtype": 25601, "desc": "Head"}]}),
    ("invoice", {"payrow": [ROW, {"invoicerowtype": 25600, "amount": 50}]}),
    ("invoice", {"payrow": [ROW, {"allownullvalues": True, "freetext": "Thanks"}]}),
    ("invoice", {"payrow": [ROW, {**ROW, "desc": "Discount", "amount": -10}]}),
    ("invoice", {"attachment": _attached("a.pdf")}),
    ("invoice", {"attachment": _attached("a.csv")}),
    ("invoice", {"attachment": [{"attachmentid": 5}]}),
    ("invoice", {"payplaninterval": 1, "payplancount": 3}),
    ("invoice", {"payplan": {"instalment": [{"date": "2026-05-01", "amount": 5}]}}),
    ("invoice", {"finance": 2, "govid": "1234567-8"}),
    ("reminder", {"customertype": 2, "person": "Example Person", "company": None}),
    ("reminder", {"sendtype": "email", "email": "a@example.com"}),
    ("reminder", {"postcode": None, "addresscountry": "HKG"}),
    ("reminder", {**PERSON, "govid": "010190-123X", "addresscountry": "FIN"}),
    ("reminder", {**PERSON, "govid": "900101-1234", "addresscountry": "SWE"}),
    ("reminder", {**PERSON, "govid": "01019012345", "addresscountry": "NOR"}),
    (
        "reminder",
        {
            "sendtype": "b2c",
            "evoice": "FI1",
            "evoiceint": "BANK",
            "propertyrow": PAYMENTID,
        },
    ),
    ("collection", {}),
]


@pytest.mark.parametrize("kind, changes", ACCEPTED)
def test_a_proper_dataset_is_accepted_without_a_notice(ropo, kind, changes):
    assert ropo.accepted(getattr(ropo, kind)(**changes))["notice"] is None


def test_a_letter_carries_its_document(ropo):
    letter = ropo.invoice(
        jobtype=301,
        payrow=None,
        sendtype="post",
        addresscountry="FIN",
        countryname="Finland",
        image={"file": PDF},
    )
    assert ropo.accepted(letter)["jobstatus"] == "301"
    for name in ("image", "sendtype", "addresscountry", "countryname"):
        assert name in ropo.refused({k: v for k, v in letter.items() if k != name})


def test_noticedate_is_mandatory_in_finland_only(ropo, logins):
    sweden = ropo.as_customer(logins["sweden"])
    assert sweden.accepted(ropo.collection(noticedate=None))["accepted"] == 1


def test_embed_needs_account_rows(ropo):
    embed = ropo.profile(service_model="embed")
    rows = [{"accountid": 3000, "netamount": 100, "vatamount": 25.5}]
    assert "accountrow" in embed.refused(ropo.invoice(jobtype=0))
    assert embed.accepted(ropo.invoice(jobtype=0, accountrow=rows))["accepted"] == 1


NOTICED = [
    ({"billdatte": "2026-01-01"}, "billdatte: unknown property, ignored"),
    ({"payrow": [{**ROW, "vat": 1}]}, "payrow[0].vat: unknown property, ignored"),
    ({"customertype": "1"}, "customertype: string given for number"),
    (
        {"payrow": [{**ROW, "amount": "100.00"}]},
        "payrow[0].amount: string given for number",
    ),
    ({"language": "fi"}, "language: fi is not documented"),
    ({"country": "FI"}, "country: not a three-letter country code"),
    ({"paydate": "2025-12-24"}, "paydate: before billdate"),
    ({"jobtype": 0}, "jobtype: 0 is a Unify or Embed invoice, delivered only"),
]


@pytest.mark.parametrize("changes, notice", NOTICED)
def test_what_a_careful_sender_would_not_send_is_noticed(ropo, changes, notice):
    assert ropo.accepted(ropo.invoice(**changes))["notice"] == [notice]


# --- the arithmetic ---------------------------------------------------------------

FIGURES = {"netamount": 100.0, "vatamount": 25.5, "totalamount": 125.5}
FULL_ROW = {**ROW, **FIGURES}
TAX_ROW = {"taxpr": 25.5, **FIGURES}


def _third(**changes):
    """Three rows at 33.33 whose VAT was worked out on the whole."""
    row = {"desc": "Third", "count": 1, "amount": 33.33, "taxpr": 25.5}
    return {"payrow": [row] * 3, "netamount": 99.99, **changes}


SUMS = [
    pytest.param({**FIGURES, "amount": 125.5}, None, id="header"),
    pytest.param(
        {**FIGURES, "payrow": [FULL_ROW], "taxrow": [TAX_ROW]}, None, id="all"
    ),
    pytest.param(_third(vatamount=25.5, totalamount=125.49), None, id="rounding"),
    pytest.param(_third(vatamount=25.56, totalamount=125.55), "vatamount", id="vat"),
    pytest.param({"totalamount": 125.52}, "totalamount", id="total"),
    pytest.param({"amount": 120}, "amount", id="amount"),
    pytest.param({**FIGURES, "amount": 125.49}, "amount", id="amount-total"),
    pytest.param({**FIGURES, "totalamount": 125.51}, "totalamount", id="parts"),
    pytest.param(
        {"payrow": [FULL_ROW], **FIGURES, "netamount": 99.99, "vatamount": 25.51},
        "netamount",
        id="net-of-the-rows-is-exact",
    ),
    pytest.param({"payrow": [{**FULL_ROW, "netamount": 98}]}, "payrow[0]", id="row"),
    pytest.param(
        {"payrow": [{**FULL_ROW, "vatamount": 24}]}, "vatamount", id="row-vat"
    ),
    pytest.param(
        {**FIGURES, "taxrow": [{**TAX_ROW, "vatamount": 20, "totalamount": 120}]},
        "vatamount",
        id="tax-row",
    ),
    pytest.param({"payrow": [{**ROW, "discount": 50}], "totalamount": 62.75}, None),
    pytest.param({"payrow": [{**ROW, "discount": 50}], "totalamount": 125.5}, "total"),
]


@pytest.mark.parametrize("changes, word", SUMS)
def test_figures_must_agree_with_the_rows_to_the_cent(ropo, changes, word):
    dataset = ropo.invoice(**changes)
    if word:
        assert word in ropo.refused(dataset)
    else:
        assert ropo.accepted(dataset)["notice"] is None


@pytest.mark.parametrize(
    "changes, amount",
    [
        ({}, 125.5),
        ({"payrow": [ROW, {**ROW, "count": 0.5, "discount": 10}]}, 181.98),
        ({"payrow": [{**ROW, "amount": 0.005, "taxpr": 0}]}, 0.01),
        ({"payrow": [{**ROW, "amount": 1.005, "taxpr": 0}]}, 1.01),
        ({"amount": 125.5}, 125.5),
        ({"totalamount": 125.51}, 125.51),
    ],
)
def test_the_capital_is_total_or_amount_or_what_the_rows_come_to(ropo, changes, amount):
    row = ropo.accepted(ropo.invoice(**changes))
    job = ropo.job(row["jobid"])
    assert row["amount"] == job["amount"] == job["capital"] == amount


# --- several datasets -------------------------------------------------------------


def test_one_bad_row_does_not_stop_the_others(ropo):
    good, bad = ropo.invoice(), ropo.invoice(city=None)
    answer = ropo.post_jobs(good, bad, ropo.invoice())
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["errors"]) == (201, 2, [])
    [refused] = [row for row in body["result"] if not row["accepted"]]
    assert refused["ownref"] == int(bad["ownref"])
    assert refused["jobid"] is None
    assert "city" in refused["error"]


def test_rows_come_back_in_an_order_of_ropos_own(ropo):
    datasets = [ropo.invoice() for _ in range(20)]
    rows = ropo.post_jobs(*datasets).json()["result"]
    sent = [int(dataset["ownref"]) for dataset in datasets]
    answered = [row["ownref"] for row in rows]
    assert answered != sent
    assert sorted(answered) == sent
    assert len({row["jobid"] for row in rows}) == 20


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"datastream": 1}',
        b'{"datastream": {"dataset": []}}',
        b'{"datastream": {"dataset": [1]}}',
        b'{"datastream": {"dataset": {}}}',
        b'{"datastream": {"debug": 1, "dataset": [{}]}}',
        b'{"datastream": {"dataset": [{"amount": NaN}]}}',
        b"\xff\xfe",
    ],
)
def test_a_body_of_the_wrong_shape_is_answered_in_the_contracts_shape(ropo, body):
    answer = ropo.call("POST", "/jobs", data=body)
    assert answer.status_code == 400
    content = answer.json()
    assert content["result"] == [] and content["accepted"] == 0
    assert content["errors"][0]["error"]


def test_the_dataset_is_kept_as_it_was_received(ropo):
    dataset = ropo.invoice(customertype="1", surprise={"deep": [1]})
    jobid = ropo.accepted(dataset)["jobid"]
    assert ropo.job(jobid)["dataset"] == dataset


# --- sent twice -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["invoice", "reminder", "collection"])
def test_checkbillnum_refuses_the_same_number_of_the_same_kind(ropo, kind):
    dataset = getattr(ropo, kind)(checkbillnum=1)
    ropo.accepted(dataset)
    assert "checkbillnum" in ropo.refused(dataset)
    assert ropo.state()["duplicates"] == 0


def test_checkbillnum_holds_inside_one_request(ropo):
    dataset = ropo.invoice(checkbillnum=1)
    assert ropo.post_jobs(dataset, dataset).json()["accepted"] == 1


def test_checkbillnum_lets_a_reminder_follow_its_invoice(ropo):
    invoice = ropo.accepted(ropo.invoice(checkbillnum=1))
    reminder = ropo.reminder(billnum=invoice["billnum"], checkbillnum=1)
    assert ropo.accepted(reminder)["accepted"] == 1


def test_checkbillnum_looks_at_its_own_customer_only(ropo, logins):
    dataset = ropo.invoice(checkbillnum=1)
    ropo.accepted(dataset)
    assert ropo.as_customer(logins["sweden"]).accepted(dataset)["accepted"] == 1


def test_without_checkbillnum_a_second_invoice_is_taken_and_counted(ropo):
    dataset = ropo.invoice()
    ropo.accepted(dataset)
    ropo.accepted(dataset)
    assert ropo.state()["duplicates"] == 1


@pytest.mark.parametrize("first", ["reminder", "collection"])
@pytest.mark.parametrize("second", ["reminder", "collection"])
def test_a_debt_is_collected_once(ropo, first, second):
    row = ropo.accepted(getattr(ropo, first)())
    error = ropo.refused(getattr(ropo, second)(billnum=row["billnum"]))
    assert f"already collected in job {row['jobid']}" in error
    assert ropo.state()["duplicates"] == 1


def test_an_invoice_of_unify_is_collected_by_ropo_itself(ropo, logins):
    unify = ropo.as_customer(logins["unify"])
    row = unify.accepted(ropo.invoice(jobtype=0))
    assert "already collected" in unify.refused(ropo.collection(billnum=row["billnum"]))


@pytest.mark.parametrize("changes", [{"jobtype": 300}, {"collectionprocess": "T1"}])
def test_what_unify_only_delivers_can_be_collected_later(ropo, logins, changes):
    unify = ropo.as_customer(logins["unify"])
    row = unify.accepted(ropo.invoice(**{"jobtype": 0, **changes}))
    assert unify.accepted(ropo.collection(billnum=row["billnum"]))["accepted"] == 1


def test_a_closed_debt_may_be_sent_again(ropo):
    row = ropo.accepted(ropo.reminder())
    ropo.control(f"jobs/{row['jobid']}/stage", stage="closed")
    assert ropo.accepted(ropo.reminder(billnum=row["billnum"]))["accepted"] == 1
    assert ropo.state()["duplicates"] == 0


def test_a_lenient_customer_may_send_twice_and_it_counts(ropo):
    lenient = ropo.profile(lenient=True)
    row = lenient.accepted(ropo.reminder())
    lenient.accepted(ropo.reminder(billnum=row["billnum"]))
    assert ropo.state()["duplicates"] == 1


# --- references and stages --------------------------------------------------------


def test_unify_gives_a_reference_that_payments_find(ropo, logins):
    unify = ropo.as_customer(logins["unify"])
    row = unify.accepted(ropo.invoice(jobtype=0, billcode="1232"))
    assert row["reference"] not in ("", "1232")
    answer = unify.pay(billcode=row["reference"], amount=1).json()
    assert answer["jobid"] == row["jobid"]


@pytest.mark.parametrize(
    "kind, changes, status",
    [
        ("invoice", {}, "300"),
        ("reminder", {}, "1"),
        ("collection", {}, "2"),
        ("reminder", {"putonhold": 1}, "100"),
    ],
)
def test_a_job_starts_in_the_stage_of_its_kind(ropo, kind, changes, status):
    assert ropo.accepted(getattr(ropo, kind)(**changes))["jobstatus"] == status


def test_a_job_shows_its_state_and_what_comes_next(ropo):
    row = ropo.accepted(ropo.reminder())
    info = ropo.call("GET", "/jobs", params={"jobid": row["jobid"]}).json()
    assert (info["currentstatus"], info["currentstatustext"]) == (1, "Reminder")
    assert (info["nextstatus"], info["nextstatustext"]) == (2, "Collection")
    assert info["nextstatusdate"] > ropo.state()["time"][:10]
    assert info["billnum"] == row["billnum"]

    ropo.control(f"jobs/{row['jobid']}/stage", stage="legal")
    info = ropo.call("GET", "/jobs", params={"jobid": row["jobid"]}).json()
    assert (info["nextstatus"], info["nextstatusdate"]) == (-1, None)


@pytest.mark.parametrize("jobid", ["1", "x", "", "²"])
def test_an_unknown_job_is_an_error(ropo, jobid):
    answer = ropo.call("GET", "/jobs", params={"jobid": jobid})
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


def test_customers_never_see_each_others_jobs(ropo, logins):
    row = ropo.accepted(ropo.reminder(custnum="C1"))
    ropo.control(f"jobs/{row['jobid']}/comment", text="Called")
    other = ropo.as_customer(logins["sweden"])
    by_id, by_number = {"jobid": row["jobid"]}, {"billnum": row["billnum"]}
    assert other.call("GET", "/jobs", params=by_id).status_code == 400
    assert other.call("GET", "/jobs/pdf", params=by_id).status_code == 400
    assert other.call("GET", "/jobs/pdf", params=by_number).status_code == 400
    assert other.call("GET", "/online/onlinelink", params=by_number).status_code == 404
    assert other.updates() is None
    found = other.call("POST", "/jobs/findbyendcustomer", json={"custnum": "C1"})
    assert found.json() == {"jobs": []}
    credit = ropo.credit_note(refundtojobid=row["jobid"])
    assert "no such invoice" in other.refused(credit)
