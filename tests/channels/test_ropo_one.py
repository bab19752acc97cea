"""What is said to Ropo One, word by word, and what its answers are taken for."""

import datetime
import json
import threading
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest

from ...channels.base import Found, Token
from ...channels.documents import Capital, CaseRef, Delivery
from ...channels.errors import (
    ChannelError,
    CredentialsRefused,
    Meaning,
    NotSent,
    Outcome,
    Reason,
    Rejected,
    Throttled,
    Unknown,
)
from ...channels.ropo_one import RopoOne
from ...channels.ropo_one import answers as read
from ...channels.ropo_one import payloads as build
from .common import (
    APICODE,
    CID,
    GOOD,
    ChannelTests,
    as_jobs,
    as_payment,
    change,
    claim,
    client,
    credit_note,
    invoice,
    says,
    whole_text,
)

CONTRACT = Path(__file__).resolve().parents[2] / "sandbox/contract"


def validator(document, name):
    whole = json.loads((CONTRACT / document).read_text(encoding="utf-8"))
    schema = {"$ref": f"#/components/schemas/{name}", "components": whole["components"]}
    return jsonschema_rs.validator_for(schema, validate_formats=True)


DATASET = validator("jobs.openapi.json", "JobDataSet")
PAYMENT = validator("payment.openapi.json", "JobAddPayment")

COMPANY_WORDS = {
    "customertype": 1,
    "company": "Example Oy",
    "address": "Esimerkkikatu 1",
    "addressaddline2": "Accounts Payable",
    "addressaddline3": "PL 7",
    "postcode": "00100",
    "city": "Helsinki",
    "addresscountry": "FIN",
    "language": "fin",
    "custnum": "C1001",
    "govid": "0000001-9",
    "vatid": "FI00000019",
    "email": "invoices@example.com",
    "phone": "+358 9 1234567",
    "contactperson": "Accounts Payable",
}
INVOICE_WORDS = {
    "ownref": "17",
    "billnum": "INV/2026/00001",
    "billcode": "1232",
    "billdate": "2026-02-02",
    "paydate": "2026-02-16",
    "currency": "EUR",
    **COMPANY_WORDS,
    "sendtype": "evoice",
    "evoice": "003700000019",
    "evoiceint": "003700000000",
    "checkbillnum": 1,
    "yourcode": "PO 5",
    "freetext": "Thank you",
}
ROW_WORDS = {
    "desc": "Work",
    "itemtype": "h",
    "amount": 50.0,
    "discount": 10,
    "taxpr": 25.5,
    "productid": "W1",
}
TEXT_WORDS = {"desc": "Work in January", "invoicerowtype": build.TEXT_ROW}
CLAIM_WORDS = {
    "jobtype": 1,
    "ownref": "18",
    "billnum": "INV/2026/00002",
    "billcode": "4349",
    "billdate": "2026-02-02",
    "paydate": "2026-02-16",
    "currency": "EUR",
    "customertype": 2,
    "person": "Esimerkki Asiakas",
    "address": "Esimerkkikatu 2",
    "postcode": "00200",
    "city": "Helsinki",
    "amount": 55.32,
}


class TestPayloads:
    @pytest.mark.parametrize("jobtype, ledger", [(300, False), (0, True)])
    def test_invoice(self, jobtype, ledger):
        payload = build.invoice_payload(invoice(ledger_at_ropo=ledger))
        assert payload == {
            "jobtype": jobtype,
            **INVOICE_WORDS,
            "netamount": 450.0,
            "vatamount": 114.75,
            "totalamount": 564.75,
            "payrow": [TEXT_WORDS, {**ROW_WORDS, "count": 10, "netamount": 450.0}],
            "taxrow": [
                {
                    "taxpr": 25.5,
                    "netamount": 450.0,
                    "vatamount": 114.75,
                    "totalamount": 564.75,
                }
            ],
        }
        DATASET.validate(payload)

    @pytest.mark.parametrize(
        "values, words",
        [
            ({"credits_assignment": "28000001"}, {"refundtojobid": 28000001}),
            ({"credits_number": "INV/1"}, {"refundtobillnum": "INV/1"}),
            (
                {"credits_assignment": "28000001", "credits_number": "INV/1"},
                {"refundtojobid": 28000001},
            ),
            ({}, {}),
        ],
    )
    def test_credit_note(self, values, words):
        note = credit_note(ledger_at_ropo=True, **values)
        payload = build.invoice_payload(note)
        assert payload == {
            "jobtype": 0,
            **INVOICE_WORDS,
            "billnum": "RINV/2026/00001",
            "netamount": -450.0,
            "vatamount": -114.75,
            "totalamount": -564.75,
            "payrow": [TEXT_WORDS, {**ROW_WORDS, "count": -10, "netamount": -450.0}],
            "taxrow": [
                {
                    "taxpr": 25.5,
                    "netamount": -450.0,
                    "vatamount": -114.75,
                    "totalamount": -564.75,
                }
            ],
            **words,
        }
        DATASET.validate(payload)

    def test_row_of_a_period(self):
        period = {
            "start": datetime.date(2026, 1, 1),
            "end": datetime.date(2026, 3, 31),
        }
        rows = tuple(replace(row, **period) for row in invoice().rows[1:])
        (reported,) = build.invoice_payload(invoice(rows=rows))["payrow"]
        assert (reported["startdate"], reported["enddate"]) == (
            "2026-01-01",
            "2026-03-31",
        )

    def test_reminder(self):
        payload = build.claim_payload(claim())
        assert payload == CLAIM_WORDS
        DATASET.validate(payload)

    def test_collection_names_the_own_reminder(self):
        payload = build.claim_payload(
            claim(kind="collection", notice_date=datetime.date(2026, 2, 20))
        )
        assert payload == {**CLAIM_WORDS, "jobtype": 2, "noticedate": "2026-02-20"}
        DATASET.validate(payload)

    @pytest.mark.parametrize(
        "values, words",
        [
            ({}, {"jobid": 28000001, "amount": 20.0, "type": "directpayment"}),
            (
                {"assignment": "", "number": "INV/1"},
                {"billnum": "INV/1", "amount": 20.0, "type": "directpayment"},
            ),
            (
                {"number": "INV/1", "amount": -20.0, "description": "Taken back"},
                {
                    "jobid": 28000001,
                    "amount": -20.0,
                    "type": "directpayment",
                    "description": "Taken back",
                },
            ),
            (
                {"is_payment": False, "credit_note": "RINV/1"},
                {"jobid": 28000001, "amount": 20.0, "creditnotebillnum": "RINV/1"},
            ),
        ],
        ids=["payment", "by number", "reversal", "allocation"],
    )
    def test_change_names_one_identifier(self, values, words):
        payload = build.payment_payload(change(**values))
        assert payload == {"paydate": "2026-03-01", **words}
        PAYMENT.validate(payload)

    def test_amounts_have_two_decimals_and_no_negative_zero(self):
        note = credit_note(net=0.1 + 0.2, tax=0.0, total=0.1 + 0.2)
        payload = build.invoice_payload(note)
        assert payload["netamount"] == -0.3
        assert str(payload["vatamount"]) == "0.0"


class TestOverTheWire(ChannelTests):
    """The sandbox holds each against the contract, and notices what bends it."""

    @pytest.mark.parametrize(
        "payload",
        [
            build.invoice_payload(invoice()),
            build.invoice_payload(invoice(delivery=Delivery("email"))),
            build.invoice_payload(credit_note()),
            build.claim_payload(claim()),
            build.claim_payload(
                claim(kind="collection", notice_date=datetime.date(2026, 2, 20))
            ),
        ],
    )
    def test_assignment_is_taken_without_a_notice(self, sandbox, payload):
        (answer,) = client(sandbox.url).send(as_jobs(payload))
        job = sandbox.job()
        assert answer.outcome == Outcome.ACCEPTED
        assert not answer.notices
        assert answer.assignment == str(job["jobid"])
        assert answer.payment_reference == job["reference"]
        assert job["dataset"] == payload

    def test_credit_note_finds_its_invoice(self, sandbox):
        unify = client(sandbox.url, cid="700002", apicode="sandbox-apicode-2")
        payload = build.invoice_payload(invoice(ledger_at_ropo=True))
        (sent,) = unify.send(as_jobs(payload))
        note = credit_note(ledger_at_ropo=True, credits_assignment=sent.assignment)
        (answer,) = unify.send(as_jobs(build.invoice_payload(note)))
        assert answer.outcome == Outcome.ACCEPTED
        assert not answer.notices
        assert sandbox.job(jobid=int(sent.assignment))["capital"] == 0

    def test_payment_and_its_reversal(self, sandbox):
        ropo = client(sandbox.url)
        (sent,) = ropo.send(as_jobs(build.claim_payload(claim())))
        said = change(assignment=sent.assignment)
        (answer,) = ropo.send(as_payment(build.payment_payload(said)))
        assert answer.outcome == Outcome.ACCEPTED
        assert (answer.before, answer.after) == (Capital(55.32), Capital(35.32))
        back = change(assignment=sent.assignment, amount=-20.0, description="Back")
        (answer,) = ropo.send(as_payment(build.payment_payload(back)))
        assert answer.after == Capital(55.32)

    def test_each_identifier_finds_the_case(self, sandbox):
        ropo = client(sandbox.url)
        ropo.send(as_jobs(build.claim_payload(claim())))
        said = change(assignment="", number="INV/2026/00002")
        (answer,) = ropo.send(as_payment(build.payment_payload(said)))
        assert answer.outcome == Outcome.ACCEPTED

    def test_refused_payment_says_why(self, sandbox):
        said = build.payment_payload(change(assignment="1"))
        (answer,) = client(sandbox.url).send(as_payment(said))
        assert (answer.outcome, answer.meaning) == (Outcome.REJECTED, Meaning.TO_FIX)
        assert "NOT FOUND" in answer.error

    def test_one_refused_row_does_not_touch_the_others(self, sandbox):
        payloads = [
            build.invoice_payload(invoice(own_reference=n, number=f"INV/{n}"))
            for n in range(1, 6)
        ]
        del payloads[2]["city"]
        answers = client(sandbox.url).send(as_jobs(*payloads))
        assert [answer.outcome for answer in answers] == [
            Outcome.ACCEPTED,
            Outcome.ACCEPTED,
            Outcome.REJECTED,
            Outcome.ACCEPTED,
            Outcome.ACCEPTED,
        ]
        for payload, answer in zip(payloads, answers, strict=True):
            if answer.assignment:
                job = sandbox.job(jobid=int(answer.assignment))
                assert job["billnum"] == payload["billnum"]
        assert "city" in answers[2].error

    @pytest.mark.parametrize(
        "kind, outcome",
        [
            ("drop_before", Outcome.UNKNOWN),
            ("drop_after", Outcome.UNKNOWN),
            ("cut", Outcome.UNKNOWN),
            ("garbled", Outcome.UNKNOWN),
            ("error_before", Outcome.UNKNOWN),
            ("error_after", Outcome.UNKNOWN),
            ("throttle", Outcome.THROTTLED),
            ("expired_token", Outcome.ACCEPTED),
            ("duplicate", Outcome.ACCEPTED),
        ],
    )
    def test_fault(self, sandbox, kind, outcome):
        sandbox.fault(kind)
        answers = client(sandbox.url).send(as_jobs(build.claim_payload(claim())))
        assert [answer.outcome for answer in answers] == [outcome]
        assert len(sandbox.jobs()) == (kind not in NEVER_ACTED)


NEVER_ACTED = ("drop_before", "error_before", "throttle")


def row(**values):
    return {
        "accepted": 1,
        "amount": 55.32,
        "billnum": "INV/1",
        "billcode": "4349",
        "error": None,
        "jobid": 26692344,
        "jobstatus": "1",
        "jobtype": "1",
        "notice": None,
        "ownref": 1,
        "reference": "157000073266923445",
        "sendtype": "post",
        **values,
    }


REFUSED = {"accepted": 0, "error": "city: required", "jobid": None}


def answers_to(numbers, rows, status=201, **values):
    """The answers to payloads with these own references."""
    payloads = [
        {"ownref": str(number), "billnum": f"INV/{number}", "jobtype": 1}
        for number in numbers
    ]
    body = {"result": rows, "errors": [], **values}
    return read.assignment_answers(payloads, status, body)


class TestAssignmentAnswers:
    def test_rows_in_another_order_are_matched(self):
        rows = [row(ownref=n, jobid=100 + n, billnum=f"INV/{n}") for n in (3, 1, 2)]
        answers = answers_to([1, 2, 3], rows)
        assert [answer.assignment for answer in answers] == ["101", "102", "103"]

    @pytest.mark.parametrize("ownref", [1, "1", "", None])
    def test_own_reference_as_number_as_text_or_missing(self, ownref):
        (answer,) = answers_to([1], [row(ownref=ownref)])
        assert answer.assignment == "26692344"

    def test_number_matches_only_with_the_same_kind(self):
        (answer,) = answers_to([1], [row(ownref="", jobtype="300")])
        assert answer.outcome == Outcome.UNKNOWN

    def test_row_twice_counts_once(self):
        (answer,) = answers_to([1], [row(), row()])
        assert answer.outcome == Outcome.ACCEPTED

    @pytest.mark.parametrize("rows", [[row(), row(**REFUSED)], [row(**REFUSED), row()]])
    def test_row_taken_and_refused_is_taken(self, rows):
        (answer,) = answers_to([1], rows)
        assert answer.outcome == Outcome.ACCEPTED

    def test_missing_row_is_unknown(self):
        answers = answers_to([1, 2], [row()])
        assert [answer.outcome for answer in answers] == [
            Outcome.ACCEPTED,
            Outcome.UNKNOWN,
        ]

    def test_missing_row_is_refused_when_all_were(self):
        answers = answers_to([1, 2], [row(**REFUSED)], status=400)
        assert [answer.outcome for answer in answers] == [Outcome.REJECTED] * 2

    def test_missing_row_is_unknown_when_some_were_taken(self):
        answers = answers_to([1, 2], [row()], status=400)
        assert [answer.outcome for answer in answers] == [
            Outcome.ACCEPTED,
            Outcome.UNKNOWN,
        ]

    def test_refused_whole_with_errors_only(self):
        answers = answers_to(
            [1, 2], [], status=400, errors=[{"error": "body"}, {"error": "again"}]
        )
        assert {answer.outcome for answer in answers} == {Outcome.REJECTED}
        assert answers[0].error == "body; again"

    def test_notices_are_kept(self):
        (answer,) = answers_to([1], [row(notice=["language: xx", "ownref"])])
        assert answer.notices == ("language: xx", "ownref")

    def test_answers_of_the_vendors_guide(self):
        body = {
            "result": [
                {
                    "accepted": 1,
                    "amount": 620,
                    "billnum": "3222",
                    "billcode": "",
                    "error": None,
                    "evoicetype": "",
                    "jobid": 28117994,
                    "jobstatus": "300",
                    "jobtype": "300",
                    "notice": None,
                    "origbillnum": None,
                    "ownref": "",
                    "print": None,
                    "receiver": "test company",
                    "reference": "157000073281179944",
                    "sendtype": "post",
                }
            ],
            "errors": [],
            "accepted": 1,
        }
        payload = {"ownref": "1", "billnum": "3222", "jobtype": 300}
        (answer,) = read.assignment_answers([payload], 201, body)
        assert answer.outcome == Outcome.ACCEPTED
        assert answer.assignment == "28117994"
        assert answer.payment_reference == "157000073281179944"
        assert answer.amount == 620.0
        assert answer.raw == body["result"][0]


class TestStrangeAnswers(ChannelTests):
    """Valid JSON of a shape that nobody expects: never an error of ours."""

    STRANGE = [
        [],
        "text",
        5,
        None,
        {},
        {"result": 5},
        {"result": "text"},
        {"result": [5, None, "x"]},
        {"result": None, "errors": 5, "accepted": None},
        {"result": {"status": "ok"}},
    ]

    @pytest.mark.parametrize("body", STRANGE, ids=str)
    def test_assignment_with_a_strange_answer_is_unknown(self, serve, body):
        server = serve(says("201 Created", json.dumps(body).encode()))
        answers = client(server.url, token=GOOD).send(as_jobs(*[{"ownref": "1"}] * 2))
        assert [answer.outcome for answer in answers] == [Outcome.UNKNOWN] * 2

    @pytest.mark.parametrize("notice", ["text", 5, {"a": 1}], ids=str)
    def test_strange_notice_does_not_lose_the_answer(self, serve, notice):
        body = {"result": [row(notice=notice)]}
        server = serve(says("201 Created", json.dumps(body).encode()))
        payloads = [{"ownref": "1", "billnum": "", "jobtype": 1}]
        (answer,) = client(server.url, token=GOOD).send(as_jobs(*payloads))
        assert answer.outcome == Outcome.ACCEPTED
        assert answer.notices == (str(notice),)

    @pytest.mark.parametrize("body", [[], "text", {}, {"statusid": None}], ids=str)
    def test_payment_with_a_strange_answer_is_unknown(self, serve, body):
        server = serve(says("201 Created", json.dumps(body).encode()))
        (answer,) = client(server.url, token=GOOD).send(as_payment({"amount": 1}))
        assert answer.outcome == Outcome.UNKNOWN

    def test_infinite_number_is_no_number(self, serve):
        server = serve(says("201 Created", b'{"statusid": 6, "jobid": Infinity}'))
        (answer,) = client(server.url, token=GOOD).send(as_payment({"amount": 1}))
        assert (answer.outcome, answer.assignment) == (Outcome.ACCEPTED, "")


class TestPaymentAnswers:
    def answer(self, status=400, **body):
        return read.payment_answer(status, body)

    @pytest.mark.parametrize("code", [6, 6.0, "6"])
    def test_posted(self, code):
        answer = self.answer(
            201,
            statusid=code,
            jobid=123456,
            amount=710.0,
            capitalbefore=710.0,
            capitalafter=0.0,
            interestbefore=1.5,
            interestafter=1.5,
            noticefeebefore="5,00",
            noticefeeafter=5,
            unfocused=0.0,
            statustext="Capital kirjattu",
        )
        assert answer.outcome == Outcome.ACCEPTED
        assert answer.before == Capital(710.0, 1.5, 5.0)
        assert answer.after == Capital(0.0, 1.5, 5.0)
        assert not answer.error

    @pytest.mark.parametrize(
        "codes, meaning",
        [
            ([2, 5, 11], Meaning.ENDED),
            ([3, 4], Meaning.OWN_MONEY),
            ([8], Meaning.NOT_FOLLOWED),
            ([0, 1, 9, 10, 77], Meaning.TO_FIX),
        ],
    )
    def test_every_other_code_is_refused(self, codes, meaning):
        for code in codes:
            answer = self.answer(statusid=code, statustext="Job is closed")
            assert (answer.outcome, answer.meaning) == (Outcome.REJECTED, meaning)
            assert answer.error == "Job is closed"

    def test_refusal_without_a_code(self):
        answer = self.answer(errorId=1, errorText="No such job")
        assert (answer.outcome, answer.error) == (Outcome.REJECTED, "No such job")


class TestReading:
    @pytest.mark.parametrize(
        "body, text",
        [
            ({"errorId": 1, "errorText": "Wrong cid"}, "Wrong cid"),
            ({"result": [], "errors": [{"error": "a"}, {"error": "b"}]}, "a; b"),
            ({"errors": ["a", "b"]}, "a; b"),
            ({"errors": "text"}, "text"),
            ({"error": "No such document"}, "No such document"),
            (
                {"status": 401, "type": None, "title": "Unauthorized", "detail": "Old"},
                "Old",
            ),
            ({"status": 404, "title": "Not Found"}, "Not Found"),
            ({"statusid": 5, "statustext": "Job is closed"}, "Job is closed"),
            ({}, ""),
            ([], ""),
            (None, ""),
        ],
    )
    def test_error_shapes(self, body, text):
        assert read.error_text(body) == text

    @pytest.mark.parametrize(
        "text, number",
        [
            (5, 5.0),
            (0, 0.0),
            ("5", 5.0),
            ("5.5", 5.5),
            ("5,5", 5.5),
            ("1 234,50", 1234.5),
            ("1\xa0234,50", 1234.5),
            ("1.234,50", 1234.5),
            ("1,234.50", 1234.5),
            ("1.234.567,89", 1234567.89),
            ("-1 234,50", -1234.5),
            ("1'234.50", 1234.5),
            ("", None),
            (None, None),
            ("text", None),
            (True, None),
            ("nan", None),
            ("inf", None),
            (float("inf"), None),
            ([], None),
        ],
    )
    def test_numbers(self, text, number):
        assert read.number(text) == number

    @pytest.mark.parametrize(
        "text, date",
        [
            ("2026-02-01", datetime.date(2026, 2, 1)),
            ("1.2.2026", datetime.date(2026, 2, 1)),
            ("01.02.2026 13:45", datetime.date(2026, 2, 1)),
            ("20260201", datetime.date(2026, 2, 1)),
            ("2026-02-01T13:45:00Z", datetime.date(2026, 2, 1)),
            ("2026-02-01 23:30:00-03:00", datetime.date(2026, 2, 2)),
            ("", None),
            (None, None),
            ("soon", None),
            ("0000-00-00", None),
        ],
    )
    def test_dates(self, text, date):
        assert read.date(text) == date

    def test_moment_is_naive_utc(self):
        moment = read.moment("2026-02-01T13:45:10+02:00")
        assert moment == datetime.datetime(2026, 2, 1, 11, 45, 10)

    def test_unknown_code_has_no_stage_and_is_kept(self):
        update = read.status_update(
            {"statusid": "C9", "statustype": "comment", "statuscode": 4711}
        )
        assert (update.stage_code, update.code) == ("4711", "4711")
        state = read.assignment_state({"jobid": 1, "currentstatus": 4711})
        assert state.stage_code == "4711"
        assert "4711" not in RopoOne.stages

    def test_row_without_an_id_can_be_kept_by_none(self):
        assert read.status_update({"statustype": "comment"}).external_id == ""

    def test_nothing_follows_minus_one(self):
        body = {"jobid": 1, "nextstatus": -1, "nextstatustext": "x"}
        assert read.assignment_state(body).next_stage == ""


class TestToken(ChannelTests):
    def tokens_of(self, sandbox):
        return sandbox.state()["calls"].get("POST /rest/token", 0)

    def test_refused_token_is_renewed_once_and_the_call_repeated(self, sandbox):
        sandbox.fault("expired_token")
        (answer,) = client(sandbox.url).send(as_jobs(build.claim_payload(claim())))
        assert answer.outcome == Outcome.ACCEPTED
        assert self.tokens_of(sandbox) == 2
        assert sandbox.state()["calls"]["POST /rest/jobs"] == 2

    def test_token_refused_again_is_refused_credentials(self, sandbox):
        sandbox.fault("expired_token", times=None)
        (answer,) = client(sandbox.url).send(as_jobs(build.claim_payload(claim())))
        assert answer.outcome == Outcome.NOT_SENT
        assert answer.reason == Reason.CREDENTIALS
        assert sandbox.state()["calls"]["POST /rest/jobs"] == 2

    def test_wrong_credentials(self, sandbox):
        with pytest.raises(CredentialsRefused) as caught:
            client(sandbox.url, apicode="wrong").connect()
        assert caught.value.detail == "Wrong cid or apicode"

    @pytest.mark.parametrize("expires", [0, 2**40], ids=["past its time", "refused"])
    def test_threads_with_a_bad_token_fetch_one_new_one(self, sandbox, expires):
        """Whether its time is over, or Ropo refuses it before that."""
        sandbox.post("latency", ms=50)
        ropo = client(sandbox.url, token=Token("bad", expires), connections=8)
        together = threading.Barrier(8)
        outcomes = []

        def call(number):
            payload = build.claim_payload(
                claim(own_reference=number, number=f"INV/{number}")
            )
            together.wait()
            outcomes.append(ropo.send(as_jobs(payload))[0].outcome)

        threads = [threading.Thread(target=call, args=[n]) for n in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes == [Outcome.ACCEPTED] * 8
        assert self.tokens_of(sandbox) == 1

    @pytest.mark.parametrize(
        "kind, error, reason",
        [
            ("drop_after", NotSent, Reason.CUT),
            ("error_after", NotSent, Reason.SERVER),
            ("garbled", NotSent, Reason.UNREADABLE),
            ("throttle", Throttled, Reason.THROTTLED),
        ],
    )
    def test_without_a_token_nothing_was_sent(self, sandbox, kind, error, reason):
        sandbox.fault(kind, path="/rest/token")
        with pytest.raises(error) as caught:
            client(sandbox.url).connect()
        assert caught.value.reason == reason
        sandbox.fault(kind, path="/rest/token")
        (answer,) = client(sandbox.url).send(as_jobs({"ownref": "1"}))
        assert answer.outcome == error.outcome
        assert "POST /rest/jobs" not in sandbox.state()["calls"]

    def test_no_secret_in_logs_errors_or_answers(self, sandbox, log_text):
        texts = []
        for kind in ("expired_token", "drop_after", "garbled", "error_after"):
            for path in ("/rest/jobs", "/rest/token"):
                ropo = client(sandbox.url)
                sandbox.fault(kind, path=path, times=2)
                payloads = [build.claim_payload(claim())]
                texts += [repr(ropo.send(as_jobs(*payloads))), ropo.token.value]
                sandbox.heal()
                sandbox.fault(kind, path=path, times=2)
                try:
                    ropo.customer_invoices("C1001")
                    ropo.connect()
                except ChannelError as error:
                    texts.append(whole_text(error))
        tokens = [text for text in texts if text.startswith("ey")]
        said = log_text() + "".join(text for text in texts if text not in tokens)
        assert tokens and "/rest/token" in said
        for secret in (APICODE, "Esimerkki", *tokens):
            assert secret not in said
        assert CID not in log_text()


class TestLookingUp(ChannelTests):
    """What is known about a call whose answer was lost."""

    @pytest.mark.parametrize(
        "payload, reported",
        [
            (build.invoice_payload(invoice()), True),
            (build.invoice_payload(credit_note()), False),
            (build.claim_payload(claim(debtor=invoice().debtor)), True),
        ],
        ids=["invoice", "credit note", "claim"],
    )
    def test_what_arrived_is_found_and_what_did_not_is_not(
        self, sandbox, payload, reported
    ):
        """`reported`: whether Ropo reports the id of the case too."""
        ropo = client(sandbox.url)
        assert ropo.find(*as_jobs(payload)) == Found(False)
        (sent,) = ropo.send(as_jobs(payload))
        found = Found(True, sent.assignment if reported else "")
        assert ropo.find(*as_jobs(payload)) == found

    def test_delivered_is_not_collected(self, sandbox):
        ropo = client(sandbox.url)
        transfer = claim(debtor=invoice().debtor, number=invoice().number)
        payload = build.claim_payload(transfer)
        ropo.send(as_jobs(build.invoice_payload(invoice())))
        assert ropo.find(*as_jobs(payload)) == Found(False)
        (sent,) = ropo.send(as_jobs(payload))
        assert ropo.find(*as_jobs(payload)) == Found(True, sent.assignment)

    def test_paid_case_does_not_show_which_one_was_paid(self, sandbox):
        ropo = client(sandbox.url)
        payload = build.claim_payload(claim(debtor=invoice().debtor))
        ropo.send(as_jobs(payload))
        sandbox.post(f"jobs/{sandbox.job()['jobid']}/pay", amount=55.32)
        assert ropo.find(*as_jobs(payload)) == Found()

    def test_without_a_customer_number_nobody_can_say(self, sandbox):
        payload = build.claim_payload(claim())
        assert client(sandbox.url).find(*as_jobs(payload)) == Found()

    def test_open_amount_is_that_of_the_case(self, sandbox):
        ropo = client(sandbox.url)
        transfer = claim(debtor=invoice().debtor, number=invoice().number)
        ropo.send(as_jobs(build.invoice_payload(invoice())))
        (sent,) = ropo.send(as_jobs(build.claim_payload(transfer)))
        sandbox.post(f"jobs/{sent.assignment}/fees", interest=1.0, noticefee=5.0)
        (said,) = as_payment(build.payment_payload(change()))
        number = invoice().number
        for assignment in (sent.assignment, ""):
            case = CaseRef(assignment, number, "C1001")
            assert ropo.find(said, case) == Found(open_amount=61.32)
        for case in (CaseRef("", "INV/none", "C1001"), CaseRef("", number)):
            assert ropo.find(said, case) == Found()


class TestDocuments(ChannelTests):
    @pytest.mark.parametrize(
        "mode, error, reason",
        [
            ("not_pdf", Rejected, Reason.UNREADABLE),
            ("empty", Rejected, Reason.UNREADABLE),
            ("huge", Unknown, Reason.TOO_LARGE),
        ],
    )
    def test_what_is_no_document_is_refused(self, sandbox, mode, error, reason):
        ropo = client(sandbox.url)
        (sent,) = ropo.send(as_jobs(build.claim_payload(claim())))
        assert ropo.document(CaseRef(sent.assignment)).startswith(b"%PDF-")
        sandbox.post(f"jobs/{sent.assignment}/pdf", mode=mode)
        with pytest.raises(error) as caught:
            ropo.document(CaseRef(sent.assignment))
        assert caught.value.reason == reason

    def test_no_document_says_so(self, sandbox):
        with pytest.raises(Rejected) as caught:
            client(sandbox.url).document(CaseRef(number="INV/none"))
        assert caught.value.detail == "No such document"
