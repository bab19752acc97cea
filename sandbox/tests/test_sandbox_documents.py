"""Documents: archived, previewed, printed here, and wrong ones on request."""

import base64
import io

import PyPDF2
import pytest


def _text(answer):
    assert answer.headers["Content-Type"] == "application/pdf"
    return PyPDF2.PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()


def _pdf(ropo, **query):
    return ropo.call("GET", "/jobs/pdf", params=query)


@pytest.mark.parametrize("name", ["jobid", "billnum"])
def test_the_document_names_invoice_debtor_and_amount(ropo, name):
    row = ropo.accepted(ropo.invoice())
    text = _text(_pdf(ropo, **{name: row[name]}))
    for expected in ("Invoice", row["billnum"], "Example Company Oy", "125.50 EUR"):
        assert expected in text


def test_a_document_is_found_by_its_contract(ropo):
    row = ropo.accepted(ropo.invoice(contract=[{"contract_no": "K-17"}]))
    assert row["billnum"] in _text(_pdf(ropo, contractnum="K-17"))


def test_original_and_current_document_differ(ropo):
    row = ropo.accepted(ropo.reminder(amount=100))
    ropo.control(f"jobs/{row['jobid']}/stage", stage="collection")
    ropo.pay(jobid=row["jobid"], amount=30)
    original = _text(_pdf(ropo, jobid=row["jobid"]))
    assert "Payment reminder" in original and "100.00" in original
    assert original == _text(_pdf(ropo, jobid=row["jobid"], origdata=1))
    current = _text(_pdf(ropo, jobid=row["jobid"], origdata=0))
    assert "Debt collection letter" in current and "70.00" in current


def test_document_that_came_along_is_the_original(ropo):
    content = base64.b64encode(b"%PDF-1.4 own").decode()
    row = ropo.accepted(ropo.invoice(image={"file": content, "fileType": "pdf"}))
    assert _pdf(ropo, jobid=row["jobid"]).content == b"%PDF-1.4 own"
    assert _pdf(ropo, jobid=row["jobid"], origdata=0).content != b"%PDF-1.4 own"


def test_unify_shows_ropos_reference_and_connect_the_senders(ropo, logins):
    unify = ropo.as_customer(logins["unify"])
    row = unify.accepted(ropo.invoice(jobtype=0, billcode="770077"))
    text = _text(_pdf(unify, jobid=row["jobid"]))
    assert row["reference"] in text and "770077" not in text
    row = ropo.accepted(ropo.invoice(billcode="770077"))
    assert "770077" in _text(_pdf(ropo, jobid=row["jobid"]))


@pytest.mark.parametrize(
    "query", [{}, {"jobid": "1"}, {"jobid": "x"}, {"billnum": "none"}]
)
def test_an_unknown_document_is_an_error(ropo, query):
    answer = _pdf(ropo, **query)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_identifiers_must_mean_the_same_document(ropo):
    first, second = ropo.accepted(ropo.invoice()), ropo.accepted(ropo.invoice())
    answer = _pdf(ropo, jobid=first["jobid"], billnum=second["billnum"])
    assert answer.status_code == 400


def test_wrong_documents_on_request(ropo):
    jobid = ropo.accepted(ropo.invoice())["jobid"]
    ropo.control(f"jobs/{jobid}/pdf", mode="not_pdf")
    assert not _pdf(ropo, jobid=jobid).content.startswith(b"%PDF")
    ropo.control(f"jobs/{jobid}/pdf", mode="huge")
    assert len(_pdf(ropo, jobid=jobid).content) > 20 * 1024 * 1024
    ropo.control(f"jobs/{jobid}/pdf", mode="empty")
    assert _pdf(ropo, jobid=jobid).content == b""
    ropo.control(f"jobs/{jobid}/pdf", mode="ok")
    assert "Invoice" in _text(_pdf(ropo, jobid=jobid))


def _body(*datasets):
    return {"datastream": {"dataset": list(datasets)}}


def test_a_preview_posts_nothing(ropo):
    dataset = ropo.invoice(pdfname="look.pdf")
    answer = ropo.call("POST", "/jobs/preview", json=_body(dataset))
    assert (answer.status_code, answer.headers["pdfname"]) == (200, "look.pdf")
    text = _text(answer)
    assert "PREVIEW" in text and dataset["billnum"] in text
    state = ropo.state()
    assert (state["jobs"], state["rejected"], state["duplicates"]) == ([], [], 0)


def test_a_preview_keeps_no_numbers_for_itself(ropo):
    ropo.call("POST", "/jobs/preview", json=_body(ropo.invoice(billnum=None)))
    row = ropo.accepted(ropo.invoice(billnum=None))
    assert (row["jobid"], row["billnum"]) == (28000001, "3001")


def test_a_local_print_posts_the_job_and_gives_the_document(ropo):
    dataset = ropo.invoice()
    answer = ropo.call("POST", "/jobs/localprint", json=_body(dataset))
    assert answer.status_code == 201
    assert dataset["billnum"] in _text(answer)
    [job] = ropo.state()["jobs"]
    assert answer.headers["jobid"] == str(job["jobid"])
    assert answer.headers["billnum"] == dataset["billnum"]
    assert answer.headers["pdfname"] == f"{dataset['billnum']}.pdf"


def test_a_line_break_in_a_number_does_not_split_the_header(ropo):
    dataset = ropo.invoice(billnum="A\r\nX-Other: 1")
    answer = ropo.call("POST", "/jobs/localprint", json=_body(dataset))
    assert (answer.status_code, answer.headers.get("X-Other")) == (201, None)


@pytest.mark.parametrize("path", ["/jobs/preview", "/jobs/localprint"])
def test_one_good_dataset_at_a_time(ropo, path):
    for body in (_body(), _body(ropo.invoice(), ropo.invoice()), []):
        answer = ropo.call("POST", path, json=body)
        assert (answer.status_code, answer.json()["result"]) == (400, [])
    answer = ropo.call("POST", path, json=_body(ropo.invoice(city=None)))
    assert answer.status_code == 400
    assert "city" in answer.json()["result"][0]["error"]
    assert ropo.state()["jobs"] == []
