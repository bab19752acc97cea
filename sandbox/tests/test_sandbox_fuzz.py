"""Whatever a client sends, the sandbox answers in the documents' shapes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "1", "-1", "1e5", "²", "2026-01-01", "T1", "email", "nan"])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["amount", "desc", "file", "x"]), inner)
    ),
    max_leaves=4,
)
FIELDS = [
    "jobtype",
    "customertype",
    "billnum",
    "billcode",
    "ownref",
    "amount",
    "totalamount",
    "netamount",
    "payrow",
    "taxrow",
    "attachment",
    "propertyrow",
    "payplan",
    "contract",
    "image",
    "sendtype",
    "email",
    "refundtojobid",
    "refundtobillnum",
    "paydate",
    "billdate",
    "language",
    "country",
    "currency",
    "pdfname",
    "checkbillnum",
    "putonhold",
    "company",
]
ROW_FIELDS = ["desc", "count", "amount", "taxpr", "discount", "netamount", "vatamount"]
QUICK = settings(max_examples=150)


def _send(ropo, path, body):
    text = json.dumps(body).replace("Infinity", "1e400")
    return ropo.call("POST", path, data=text)


@QUICK
@given(
    kind=st.sampled_from(["invoice", "reminder", "collection", "credit_note"]),
    changes=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3),
    row=st.dictionaries(st.sampled_from(ROW_FIELDS), VALUES, max_size=2),
    path=st.sampled_from(["/jobs", "/jobs/preview", "/jobs/localprint"]),
)
def test_no_dataset_breaks_it(ropo, kind, changes, row, path):
    dataset = {**getattr(ropo, kind)(), **changes}
    if row and "payrow" in dataset and "payrow" not in changes:
        dataset["payrow"] = [{**dataset["payrow"][0], **row}]
    answer = _send(ropo, path, {"datastream": {"dataset": [dataset]}})
    assert answer.status_code in (200, 201, 400), answer.text


@QUICK
@given(
    body=st.dictionaries(
        st.sampled_from(
            ["amount", "paydate", "jobid", "billnum", "creditnotebillnum", "date"]
        ),
        VALUES,
    ),
    path=st.sampled_from(
        ["/jobs/payment", "/jobs/creditnote", "/jobs/findbyendcustomer"]
    ),
)
def test_no_payment_breaks_it(ropo, body, path):
    assert _send(ropo, path, body).status_code in (200, 201, 400)


@pytest.mark.parametrize("amount", [1e300, -1e300, 1e-300, 10**25])
def test_absurd_amounts_are_answered(ropo, amount):
    jobid = ropo.accepted(ropo.reminder())["jobid"]
    answer = ropo.call(
        "POST",
        "/jobs/payment",
        json={"jobid": jobid, "amount": amount, "paydate": "2026-01-01"},
    )
    assert answer.status_code in (201, 400)
    dataset = ropo.reminder(amount=amount)
    assert ropo.post_jobs(dataset).status_code in (201, 400)
