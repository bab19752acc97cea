"""What is read of Ropo One's answers: whole, and from every form they may have."""

import datetime
import hashlib

import pytest

from ...channels.documents import (
    Answer,
    AssignmentState,
    Capital,
    CustomerInvoice,
    StatusUpdate,
)
from ...channels.errors import Meaning, Outcome, Reason, Unknown
from ...channels.ropo_one import answers as read
from ...channels.transport import Reply

INVOICE = {"ownref": "r1", "billnum": "A/1", "jobtype": 0}
OTHER = {"ownref": "r2", "billnum": "A/2", "jobtype": 0}
PERSON = {**INVOICE, "customertype": 2, "govid": "010190-123X"}
ROW = {
    "ownref": "r1",
    "billnum": "A/1",
    "jobtype": 0,
    "accepted": 1,
    "jobid": 28000001,
    "reference": "RF18539007547034",
    "billcode": "12344",
    "amount": "124,50",
    "notice": ["First", 2],
}
TAKEN = Answer(
    Outcome.ACCEPTED,
    assignment="28000001",
    number="A/1",
    payment_reference="RF18539007547034",
    amount=124.5,
    notices=("First", "2"),
    raw=ROW,
)


def assigned(*rows, payloads=(INVOICE,), status=200, words="", **body):
    return read.assignment_answers(payloads, status, {"result": rows, **body}, words)


def refused(error, raw, is_duplicate=False, number=""):
    return Answer(
        Outcome.REJECTED,
        number=number,
        error=error,
        is_duplicate=is_duplicate,
        raw=raw,
    )


class TestAssignments:
    def test_a_row_is_read_whole(self):
        assert assigned(ROW) == [TAKEN]
        assert assigned([*ROW], ROW, "text", None) == [TAKEN]
        assert read.assignment_answers([INVOICE], 200, {"result": (ROW,)}) == [TAKEN]

    def test_a_row_with_little_is_read(self):
        row = {"ownref": "r1", "accepted": "1"}
        assert assigned(row) == [Answer(Outcome.ACCEPTED, raw=row)]
        row = {**row, "jobid": 0, "billcode": "12344", "notice": "One", "amount": "x"}
        answer = Answer(
            Outcome.ACCEPTED, payment_reference="12344", notices=("One",), raw=row
        )
        assert assigned(row) == [answer]

    def test_a_refused_row_has_no_case_even_if_it_names_one(self):
        row = {**ROW, "accepted": 0, "error": "No address", "notice": None}
        answer = Answer(
            Outcome.REJECTED,
            number="A/1",
            payment_reference="RF18539007547034",
            amount=124.5,
            error="No address",
            raw=row,
        )
        assert assigned(row) == [answer]
        row = {"ownref": "r1", "accepted": "0", "errorText": "Otherwise said"}
        assert assigned(row) == [refused("Otherwise said", row)]
        row["error"] = "Said of this one"
        assert assigned(row) == [refused("Said of this one", row)]
        for accepted in (None, True, "true", "", 2):
            row = {"ownref": "r1", "accepted": accepted}
            assert assigned(row)[0].outcome == Outcome.REJECTED, accepted

    def test_rows_are_matched_by_reference_then_by_number_and_kind(self):
        second = {**ROW, "ownref": "r2", "billnum": "A/2", "jobid": 2}
        answers = assigned(second, ROW, payloads=(INVOICE, OTHER))
        assert [answer.assignment for answer in answers] == ["28000001", "2"]
        nameless = {key: ROW[key] for key in ("billnum", "jobtype", "accepted")}
        assert assigned(nameless)[0].outcome == Outcome.ACCEPTED
        for change in ({"jobtype": 1}, {"billnum": "A/9"}, {"billnum": None}):
            (answer,) = assigned({**nameless, **change})
            assert answer.outcome == Outcome.UNKNOWN, change

    def test_without_a_number_only_the_reference_tells(self):
        payload = {"ownref": "r1", "jobtype": 0}
        (answer,) = assigned({"jobtype": 0, "accepted": 1}, payloads=[payload])
        assert answer.outcome == Outcome.ACCEPTED
        (answer,) = assigned({"ownref": "r1", "accepted": 1}, payloads=[payload])
        assert answer.outcome == Outcome.ACCEPTED

    def test_what_was_both_taken_and_refused_is_taken(self):
        no = {**ROW, "accepted": 0, "error": "already there"}
        for rows in ((ROW, no), (no, ROW)):
            assert assigned(*rows) == [TAKEN]

    def test_what_nobody_answered_is_unknown(self):
        body = {"result": (ROW,)}
        unknown = Answer(Outcome.UNKNOWN, reason=Reason.UNREADABLE, raw=body)
        assert assigned(ROW, payloads=(INVOICE, OTHER)) == [TAKEN, unknown]
        # One of them was taken, so the refusal was not of all.
        answers = assigned(ROW, payloads=(INVOICE, OTHER), status=400)
        assert answers == [TAKEN, unknown]
        for body in ({}, {"result": None}, {"result": "rows"}, {"result": {"a": 1}}):
            (answer,) = read.assignment_answers([INVOICE], 399, body)
            assert answer == Answer(Outcome.UNKNOWN, reason=Reason.UNREADABLE, raw=body)

    def test_a_refusal_of_all_is_one_of_each(self):
        body = {"error": "Duplicate billnum"}
        alone = read.assignment_answers([INVOICE], 400, body)
        assert alone == [refused("Duplicate billnum", body, is_duplicate=True)]
        # Of which of several it speaks is not known.
        several = read.assignment_answers([INVOICE, OTHER], 400, body)
        assert several == [refused("Duplicate billnum", body)] * 2
        body = {"error": "Taken here before"}
        for words, is_duplicate in (("", False), ("here", True), ("there", False)):
            answers = read.assignment_answers([INVOICE], 500, body, words)
            assert answers == [refused("Taken here before", body, is_duplicate)]
        answers = read.assignment_answers([INVOICE, OTHER], 500, body, "here")
        assert answers == [refused("Taken here before", body)] * 2

    @pytest.mark.parametrize(
        "error",
        [
            "It is ALREADY there",
            "a duplicate",
            "see checkBillnum",
            "Numero on jo olemassa",
            "Numero JO KÄYTÖSSÄ",
            "Numret finns redan",
            "Finnes allerede",
        ],
    )
    def test_a_number_that_is_taken_is_known_in_each_language(self, error):
        row = {**ROW, "accepted": 0, "error": error}
        (answer,) = assigned(row)
        assert answer.is_duplicate
        assert answer.error == error

    def test_other_refusals_are_no_duplicate(self):
        for error in ("Readily refused", "Redaneering", "unalreadyish", ""):
            (answer,) = assigned({**ROW, "accepted": 0, "error": error})
            assert not answer.is_duplicate, error
        (answer,) = assigned({**ROW, "accepted": 0, "error": "in use"}, words="in use")
        assert answer.is_duplicate
        assert not assigned({**ROW, "error": "already"})[0].is_duplicate, "it is taken"

    def test_a_person_is_not_named_by_number_in_what_people_read(self):
        error = "010190-123X is wrong, 010190-123X"
        row = {**ROW, "accepted": 0, "error": error}
        (answer,) = assigned(row, payloads=[PERSON])
        assert answer.error == "… is wrong, …"
        assert answer.raw == row
        assert answer.number == "A/1"
        kept = [{**PERSON, "customertype": 1}, {**PERSON, "govid": ""}, INVOICE]
        for payload in kept:
            (answer,) = assigned(row, payloads=[payload])
            assert answer.error == error, payload
        (answer,) = assigned({**row, "error": "Wrong"}, payloads=[PERSON])
        assert answer.error == "Wrong"


class TestPayments:
    BODY = {
        "statusid": "6",
        "jobid": "28000001",
        "billnum": "A/1",
        "amount": "10.50",
        "statustext": "Posted",
        "capitalbefore": 100,
        "interestbefore": 1.5,
        "noticefeebefore": "5",
        "capitalafter": "89,50",
        "unfocused": "0.25",
    }

    def test_one_that_was_posted_is_read_whole(self):
        assert read.payment_answer(200, self.BODY) == Answer(
            Outcome.ACCEPTED,
            assignment="28000001",
            number="A/1",
            amount=10.5,
            before=Capital(100.0, 1.5, 5.0),
            after=Capital(89.5, 0.0, 0.0),
            unallocated=0.25,
            raw=self.BODY,
        )
        body = {"statusid": 6}
        assert read.payment_answer(500, body) == Answer(Outcome.ACCEPTED, raw=body)

    @pytest.mark.parametrize(
        "code, meaning",
        [
            (2, Meaning.ENDED),
            (3, Meaning.OWN_MONEY),
            (4, Meaning.OWN_MONEY),
            (5, Meaning.ENDED),
            (8, Meaning.NOT_FOLLOWED),
            (11, Meaning.ENDED),
            (0, Meaning.TO_FIX),
            (7, Meaning.TO_FIX),
            (-1, Meaning.TO_FIX),
        ],
    )
    def test_any_other_code_is_a_refusal_with_its_meaning(self, code, meaning):
        body = {"statusid": code, "statustext": "Why"}
        answer = Answer(Outcome.REJECTED, error="Why", meaning=meaning, raw=body)
        assert read.payment_answer(200, body) == answer
        body = {"statusid": code}
        answer = Answer(Outcome.REJECTED, meaning=meaning, raw=body)
        assert read.payment_answer(200, body) == answer

    def test_without_a_code_the_status_decides(self):
        body = {"errorText": "No such case"}
        for status in (200, 399):
            answer = Answer(Outcome.UNKNOWN, reason=Reason.UNREADABLE, raw=body)
            assert read.payment_answer(status, body) == answer
        for status in (400, 401):
            assert read.payment_answer(status, body) == refused("No such case", body)

    def test_the_sign_is_as_ropo_has_it(self):
        payload = {"amount": 10.5, "jobid": 1}
        assert read.signed(payload, "1") == payload
        assert read.signed(payload, "") == payload
        assert read.signed(payload, "-1") == {"amount": -10.5, "jobid": 1}


class TestLocalPrint:
    HEADERS = {
        "jobid": "28000001",
        "billnum": "A/1",
        "billcode": "12344",
        "reference": "RF18\0",
        "ownref": "r1",
        "jobtype": "0",
        "date": "never",
    }

    def test_the_headers_are_its_row_and_the_body_its_pdf(self):
        row = {**self.HEADERS, "reference": "RF18"}
        del row["date"]
        answer = read.local_print_answer(Reply(200, self.HEADERS, b"%PDF-1.7"))
        assert answer == Answer(
            Outcome.ACCEPTED,
            assignment="28000001",
            number="A/1",
            payment_reference="RF18",
            document=b"%PDF-1.7",
            raw=row,
        )

    @pytest.mark.parametrize("content", [b"", b"%PDF", b" %PDF-1.7", b"<html>"])
    def test_what_is_no_pdf_leaves_it_unknown(self, content):
        with pytest.raises(Unknown) as caught:
            read.local_print_answer(Reply(200, self.HEADERS, content))
        assert (caught.value.reason, caught.value.detail) == (Reason.UNREADABLE, "PDF")


class TestStatusUpdates:
    ROW = {
        "id": " 77 ",
        "statusid": 88,
        "statustype": "Payment",
        "type": "comment",
        "jobid": "28000001",
        "billnum": "A/1",
        "statuscode": "02",
        "statustext": "Paid",
        "statustime": "2026-11-02T10:00:00+02:00",
        "created_at": "2020-01-01",
        "amount": "10,50",
        "paydate": "1.11.2026",
    }

    def test_a_row_is_read_whole(self):
        assert read.status_update(self.ROW) == StatusUpdate(
            external_id="77",
            kind="Payment",
            assignment="28000001",
            number="A/1",
            code="02",
            text="Paid",
            time=datetime.datetime(2026, 11, 2, 8),
            amount=10.5,
            day=datetime.date(2026, 11, 1),
        )

    def test_other_names_stand_in(self):
        row = {
            "statusid": 88,
            "type": "state",
            "statuscode": 2,
            "created_at": "20260102",
        }
        assert read.status_update(row) == StatusUpdate(
            external_id="88",
            kind="state",
            code="2",
            time=datetime.datetime(2026, 1, 2),
            stage_code="2",
        )

    def test_an_empty_row_says_nothing(self):
        assert read.status_update({}) == StatusUpdate(external_id="", kind="")
        zero = read.status_update({"statuscode": 0, "amount": 0})
        assert zero == StatusUpdate("", "", code="0", amount=0.0, stage_code="0")

    @pytest.mark.parametrize(
        "row, wanted",
        [
            ({"id": "", "statusid": 5}, "5"),
            ({"id": None, "statusid": " 5 "}, "5"),
            ({"id": True, "statusid": 5}, "5"),
            ({"id": "x" * 200}, "x" * 200),
            ({"id": "x" * 201}, hashlib.sha256(b"x" * 201).hexdigest()),
            (
                {"id": ["x" * 300]},
                hashlib.sha256(b"['" + b"x" * 300 + b"']").hexdigest(),
            ),
            ({"id": [5]}, ""),
            (
                {"statusid": "y" * 201, "id": 0.0},
                hashlib.sha256(b"y" * 201).hexdigest(),
            ),
        ],
    )
    def test_by_its_id_it_is_known_again(self, row, wanted):
        assert read.status_update(row).external_id == wanted

    @pytest.mark.parametrize(
        "row, wanted",
        [
            ({"statustype": "Comment"}, True),
            ({"type": "COMMENT", "statuscode": 2}, True),
            ({"statuscode": "98"}, True),
            ({"statuscode": 98, "statustype": "state"}, True),
            ({"statuscode": 98, "statustype": "PAYMENT"}, False),
            ({"statuscode": 97}, False),
            ({"statustype": "comment", "statustext": "Bypass payment posted 1"}, False),
            ({"statustype": "comment", "statustext": "A Bypass payment posted"}, True),
        ],
    )
    def test_what_people_wrote_is_a_message(self, row, wanted):
        assert read.status_update(row).is_message is wanted

    def test_an_amount_that_is_none_is_kept_as_it_came(self):
        update = read.status_update({"amount": "ten"})
        assert (update.amount, update.unreadable_amount) == (None, "ten")

    @pytest.mark.parametrize(
        "row, wanted",
        [
            ({"statuscode": "02"}, "2"),
            ({"statuscode": " odd "}, "odd"),
            ({"statuscode": ""}, ""),
            ({"statuscode": 2, "statustype": "PAYMENT"}, ""),
            ({"statuscode": 2, "type": "payment"}, ""),
            ({"statuscode": 2, "statustype": "payments"}, "2"),
        ],
    )
    def test_the_stage_is_reported_by_all_but_payments(self, row, wanted):
        assert read.status_update(row).stage_code == wanted


class TestStates:
    BODY = {
        "jobid": 28000001,
        "billnum": "A/1",
        "currentstatus": "01",
        "currentstatustext": "Reminded",
        "nextstatus": "2",
        "nextstatustext": "Collection",
        "nextstatusdate": "2026-12-01",
    }

    def test_a_state_is_read_whole(self):
        assert read.assignment_state(self.BODY) == AssignmentState(
            assignment="28000001",
            number="A/1",
            stage_code="1",
            text="Reminded",
            next_stage="Collection",
            next_stage_date=datetime.date(2026, 12, 1),
            raw=self.BODY,
        )
        assert read.assignment_state({}) == AssignmentState("")

    @pytest.mark.parametrize("following", [-1, "-1", None, "", "none"])
    def test_what_has_no_next_step_shows_none(self, following):
        state = read.assignment_state({**self.BODY, "nextstatus": following})
        assert (state.next_stage, state.next_stage_date) == ("", None)

    def test_a_next_step_may_have_no_name(self):
        body = {**self.BODY, "nextstatustext": None}
        state = read.assignment_state(body)
        assert state.next_stage == ""
        assert state.next_stage_date == datetime.date(2026, 12, 1)

    def test_the_first_stage_may_be_the_next_one(self):
        state = read.assignment_state({**self.BODY, "nextstatus": 0})
        assert state.next_stage == "Collection"
        assert state.next_stage_date == datetime.date(2026, 12, 1)

    def test_an_invoice_of_a_customer_is_read_whole(self):
        job = {
            "case_number": 7,
            "invoice_number": "A/1",
            "status": "due",
            "open_amount": "5",
        }
        assert read.customer_invoice(job) == CustomerInvoice("7", "A/1", "due", 5.0)
        bare = {"invoice_number": None}
        assert read.customer_invoice(bare) == CustomerInvoice("", "", "", None)
        for odd in (None, [], "text", {"status": "due"}):
            assert read.customer_invoice(odd) == CustomerInvoice("", None, "", None)


class TestErrors:
    @pytest.mark.parametrize(
        "body, wanted",
        [
            ({"result": []}, True),
            ({"result": [], "more": 1}, True),
            ({"result": None}, False),
            ({"errors": [{"error": "a"}]}, True),
            ({"errors": [{"error": "a"}, {"error": 1}]}, False),
            ({"errors": [{"error": "a"}, "b"]}, False),
            ({"errors": []}, False),
            ({"errors": "a"}, False),
            ({"statusid": 3, "x": 1}, True),
            ({"statusid": "x"}, False),
            ({"errorId": 1, "errorText": "a"}, True),
            ({"errorText": "a"}, True),
            ({"errorText": "a", "x": 1}, False),
            ({"error": "a"}, True),
            ({"error": {"a": 1}}, False),
            ({"error": "a", "x": 1}, False),
            ({"status": 400, "title": "a"}, True),
            ({"status": 400, "detail": "a", "type": "b"}, True),
            ({"status": 400, "type": "b"}, False),
            ({"title": "a", "detail": "b"}, False),
            ({"status": 400, "title": "a", "x": 1}, False),
            ({}, False),
            ([{"error": "a"}], False),
            (None, False),
        ],
    )
    def test_its_own_refusals_are_told_from_a_gateways(self, body, wanted):
        assert read.is_own_error(body) is wanted

    def test_keys_that_it_has_besides_are_no_gateways(self):
        body = {"error": "a", "trace": 1, "host": 2}
        assert not read.is_own_error(body, "trace")
        assert read.is_own_error(body, "trace,host")
        assert not read.is_own_error({"trace": 1}, "trace,host")

    @pytest.mark.parametrize(
        "body, wanted",
        [
            ({"errors": [{"error": "a"}, "b", None, {"x": 1}]}, "a; b"),
            ({"errors": ({"error": "a"},)}, "a"),
            ({"errors": "a", "error": "b"}, "a"),
            ({"errors": ["", {"error": ""}], "error": "b"}, "b"),
            ({"errors": [], "errorText": "t", "error": "b"}, "t"),
            ({"error": "b", "detail": "c"}, "b"),
            ({"detail": "c", "title": "d"}, "c"),
            ({"title": "d", "statustext": "e"}, "d"),
            ({"statustext": "e"}, "e"),
            ({"errorText": 5}, "5"),
            ({"other": "x"}, ""),
            ({}, ""),
            (None, ""),
            (["a"], ""),
        ],
    )
    def test_the_reason_is_read_from_any_of_its_shapes(self, body, wanted):
        assert read.error_text(body) == wanted

    @pytest.mark.parametrize(
        "value, wanted",
        [
            (28000001, "28000001"),
            ("0028", "28"),
            (5.0, "5"),
            (0, ""),
            ("0", ""),
            ("", ""),
            ("x", ""),
            (None, ""),
            ([5], ""),
            (float("inf"), ""),
            (float("nan"), ""),
        ],
    )
    def test_an_id_is_a_text_without_zeros_in_front(self, value, wanted):
        assert read.identifier(value) == wanted
