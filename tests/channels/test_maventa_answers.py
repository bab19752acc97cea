"""What is read of Maventa's answers: whole, and from every form they may have."""

import datetime
import hashlib

import pytest

from ...channels.documents import Answer, AssignmentState, HeldInvoice, StatusUpdate
from ...channels.errors import Fault, Meaning, Outcome, Reason, Unknown
from ...channels.maventa import answers as read
from ...channels.maventa.codes import Call

ID = "0b6d1b9a-4c2e-5d3f-8a71-6f2c9e0d4b18"
CASE = f"{ID}/ropo"
TIME = "2026-11-02T10:00:00+02:00"
AT = datetime.datetime(2026, 11, 2, 8)
LONG = "x" * 201
INVOICE = {
    "id": ID.upper(),
    "status": "DELIVERED",
    "number": " A/1 ",
    "date": "2026-11-01",
    "sum_tax": "124.50",
    "currency": "EUR",
    "actions": [
        {"message": "Taken", "happened_at": "2026-11-01"},
        {"message": "Delivered", "happened_at": TIME},
    ],
    "recipient": {"name": " Example Oy "},
}
INVOICE_PART = {key: INVOICE[key] for key in read.INVOICE_NAMES}
TRANSFER = {
    "status": "sent",
    "message": "Sent on",
    "assignment_id": ID.upper(),
    "created_at": TIME,
    "more": 1,
}
TRANSFER_PART = {key: TRANSFER[key] for key in read.TRANSFER_NAMES}
ASSIGNMENT = {
    "id": "a7",
    "invoice_id": ID.upper(),
    "invoice_number": " A/1 ",
    "reference_ids": ["12344"],
    "status": "OPEN",
    "collection_status": "Debt_Collection",
    "currency": "EUR",
    "sum": 100,
    "sum_open": "89,50",
    "sum_fees": 5.004,
    "closed_at": None,
    "debtor": "somebody",
}
ASSIGNMENT_PART = {key: ASSIGNMENT[key] for key in read.ASSIGNMENT_NAMES}
EVENT = {
    "id": " e1 ",
    "event_type": "PAID",
    "origin": "SERVICE",
    "sum_paid": "10.50",
    "credit_sum": 3,
    "text": " Thanks ",
    "created_at": TIME,
    "booked_at": "2026-11-01",
}


def unreadable(call, *arguments):
    with pytest.raises(Unknown) as caught:
        call(*arguments)
    assert caught.value.reason == Reason.UNREADABLE
    return caught.value.detail


class TestErrors:
    ERROR = {"code": "a", "message": "b", "details": []}

    @pytest.mark.parametrize(
        "change, wanted",
        [
            ({}, True),
            ({"code": 1}, False),
            ({"message": None}, False),
            ({"details": {}}, False),
            ({"more": 1}, False),
        ],
    )
    def test_its_own_refusals_are_told_from_a_gateways(self, change, wanted):
        assert read.is_own_error({**self.ERROR, **change}) is wanted

    def test_each_key_of_a_refusal_is_there(self):
        for key in self.ERROR:
            body = {name: self.ERROR[name] for name in self.ERROR if name != key}
            assert not read.is_own_error(body)
        for body in (None, [], "code", {}):
            assert not read.is_own_error(body)

    def test_keys_that_it_has_besides_are_no_gateways(self):
        body = {**self.ERROR, "trace": 1, "host": 2}
        assert not read.is_own_error(body, "trace")
        assert read.is_own_error(body, "trace,host")

    @pytest.mark.parametrize(
        "body, code, is_one",
        [
            ({"error": "invalid_client"}, "invalid_client", True),
            ({"error": "invalid_grant"}, "invalid_grant", True),
            ({"error": "invalid_scope"}, "invalid_scope", True),
            ({"error": "unauthorized_client"}, "unauthorized_client", True),
            ({"error": "server_error"}, "server_error", False),
            ({"code": "invalid_client"}, None, False),
            ("invalid_client", None, False),
            (None, None, False),
        ],
    )
    def test_a_token_may_be_refused_as_oauth_has_it(self, body, code, is_one):
        assert read.oauth_code(body) == code
        assert read.is_oauth_error(body) is is_one

    @pytest.mark.parametrize(
        "body, code, text",
        [
            ({"code": "a", "message": "b", "details": ["c", 1]}, "a", "b: c; 1"),
            ({"code": 5, "message": "b"}, "5", "b"),
            ({"details": [{"message": "c"}, {"x": 1}]}, "", "c; {'x': 1}"),
            ({"message": "b", "error_description": "d", "error": "e"}, "", "b"),
            ({"error_description": "d", "error": "e"}, "", "d"),
            ({"error": "e", "details": "none"}, "", "e"),
            ({"code": None}, "", ""),
            ({}, "", ""),
            (None, "", ""),
            (["b"], "", ""),
        ],
    )
    def test_code_and_words_are_read_from_any_shape(self, body, code, text):
        assert read.error_code(body) == code
        assert read.error_text(body) == text

    @pytest.mark.parametrize(
        "code, fault, is_duplicate",
        [
            ("validation_error", Fault.VALUES, False),
            ("invoice_not_found", Fault.INVOICE_UNKNOWN, False),
            ("assignment_not_found", Fault.CASE_UNKNOWN, False),
            ("invoice_invalid_file", Fault.EINVOICE, False),
            ("invoice_duplicate_uuid", Fault.DUPLICATE, True),
            ("invoice_duplicate_number", Fault.DUPLICATE, True),
            ("service_not_active", Fault.SERVICE, False),
            ("assignment_too_early", Fault.TOO_EARLY, False),
            ("assignment_not_allowed", Fault.NOT_ALLOWED, False),
            ("assignment_already_exists", Fault.DUPLICATE, True),
            ("event_type_not_allowed", Fault.NOT_ALLOWED, False),
            ("assignment_closed", "", False),
            ("new_code", "", False),
        ],
    )
    def test_a_refusal_is_known_by_its_code(self, code, fault, is_duplicate):
        body = {"code": "as Maventa has it", "message": "No", "details": []}
        for call in (Call.INVOICE, Call.TRANSFER):
            assert read.refusal(call, body, code) == Answer(
                Outcome.REJECTED,
                error="No",
                fault=fault,
                is_duplicate=is_duplicate,
                raw=body,
            )
        is_end = code == "assignment_closed"
        assert read.refusal(Call.EVENT, body, code) == Answer(
            Outcome.REJECTED,
            error="No",
            fault=fault,
            meaning=Meaning.ENDED if is_end else Meaning.TO_FIX,
            is_duplicate=is_duplicate,
            raw=body,
        )
        assert read.refusal(call, {}, code).error == code

    def test_a_refused_transfer_names_no_person_by_number(self):
        payers = [{"personal_id": "1-A"}, {"name": "x"}, {"personal_id": "2-B"}]
        payload = {"assignment": {"payers": payers}}
        body = {"message": "1-A and 2-B, 1-A"}
        answer = read.transfer_refusal(payload, body, "validation_error")
        assert answer == Answer(
            Outcome.REJECTED, error="… and …, …", fault=Fault.VALUES, raw=body
        )

    def test_a_meaning_can_be_found_later(self):
        answer = Answer(Outcome.REJECTED, error="No")
        found = read.with_meaning(answer, Meaning.ENDED)
        assert found == Answer(Outcome.REJECTED, error="No", meaning=Meaning.ENDED)


class TestTaken:
    def test_an_invoice_is_read_whole(self):
        assert read.invoice_answer(INVOICE) == Answer(
            Outcome.ACCEPTED,
            assignment=ID,
            number="A/1",
            amount=124.5,
            progress="done",
            raw=INVOICE_PART,
        )
        bare = Answer(Outcome.ACCEPTED, assignment=ID, raw={"id": ID})
        assert read.invoice_answer({"id": ID}) == bare

    @pytest.mark.parametrize("found", [None, "", "7", f"{ID}0", 7])
    def test_an_invoice_without_an_id_is_unknown(self, found):
        assert unreadable(read.invoice_answer, {**INVOICE, "id": found}) == "id"

    def test_a_transfer_is_read_whole(self):
        payload = {"invoice_id": ID, "number": "A/1"}
        for status, progress in (("sent", "done"), ("pending", "pending")):
            body = {**TRANSFER, "status": status}
            assert read.transfer_answer(payload, body) == Answer(
                Outcome.ACCEPTED,
                assignment=CASE,
                number="A/1",
                progress=progress,
                raw=body,
            )
        body = {**TRANSFER, "status": "error"}
        assert read.transfer_answer(payload, body) == Answer(
            Outcome.REJECTED, error="Sent on", progress="failed", raw=body
        )
        for status in ("odd", None, "SENT"):
            body = {**TRANSFER, "status": status}
            assert unreadable(read.transfer_answer, payload, body) == "status"

    def test_an_event_is_read_whole(self):
        payload = {"case": CASE, "number": "A/1"}
        for kind, amount in (("paid", 10.5), ("credit_note", 3.0), ("comment", None)):
            body = {**EVENT, "event_type": kind}
            assert read.event_answer(payload, body) == Answer(
                Outcome.ACCEPTED,
                assignment=CASE,
                number="A/1",
                amount=amount,
                raw=body,
            )
        for found in ("", " ", None, 7):
            body = {**EVENT, "id": found}
            assert unreadable(read.event_answer, payload, body) == "id"


class TestStates:
    @pytest.mark.parametrize(
        "status, progress",
        [
            ("PENDING", "pending"),
            ("DELIVERED", "done"),
            ("DELIVERY_CONFIRMED", "done"),
            (" FAILED ", "failed"),
            ("pending", "pending"),
            ("sent", "done"),
            ("error", "failed"),
            ("delivered", ""),
            (None, ""),
            (1, ""),
        ],
    )
    def test_how_it_goes_on(self, status, progress):
        assert read.progress({"status": status}) == progress

    def test_what_became_of_a_delivery_is_what_was_done_last(self):
        assert read.delivery_text(INVOICE) == "Delivered"
        for actions in (None, [], {}, ["text"], [{"message": "a"}, None], "text"):
            assert read.delivery_text({"actions": actions}) == "", actions

    def test_the_assignment_of_a_transfer(self):
        assert read.assignment_id(TRANSFER) == ID
        for found in (None, "", "7", 7):
            assert read.assignment_id({"assignment_id": found}) == ""

    @pytest.mark.parametrize(
        "status, state",
        [("disabled", "inactive"), ("PENDING", "pending"), (" Active ", "active")],
    )
    def test_the_state_of_the_service(self, status, state):
        assert read.service_state({"status": status}) == state

    def test_a_state_of_the_service_that_nobody_knows(self):
        for body in ({}, {"status": "new"}, {"status": 1}, {"state": "ACTIVE"}):
            assert unreadable(read.service_state, body) == "status"

    def test_what_is_open_is_with_fees_and_to_the_cent(self):
        assert read.open_amount(ASSIGNMENT) == 94.5
        assert read.open_amount({"sum_open": 0}) == 0
        assert read.open_amount({"sum_open": 1, "sum_fees": "x"}) == 1
        assert read.open_amount({"sum_fees": 5}) is None

    def test_an_assignment_is_read_whole(self):
        assert read.assignment_state(CASE, ASSIGNMENT) == AssignmentState(
            CASE,
            number="A/1",
            stage_code="debt_collection",
            progress="done",
            raw=ASSIGNMENT_PART,
        )
        odd = {"collection_status": "Bailiff"}
        assert read.assignment_state(CASE, odd) == AssignmentState(
            CASE, stage_code="bailiff", text="Bailiff", progress="done", raw=odd
        )

    @pytest.mark.parametrize("status", ["closed", " CLOSED "])
    def test_one_that_is_closed_is_whatever_its_stage(self, status):
        closed = {**ASSIGNMENT, "status": status}
        assert read.is_closed(closed)
        assert read.assignment_state(CASE, closed).stage_code == "closed"
        assert not read.is_closed(ASSIGNMENT)
        assert not read.is_closed({})

    def test_a_transfer_is_read_whole(self):
        assert read.transfer_state(CASE, TRANSFER) == AssignmentState(
            CASE, text="Sent on", progress="done", raw=TRANSFER_PART
        )
        assert read.transfer_text({"message": 1}) == ""

    def test_a_delivery_is_read_whole(self):
        assert read.invoice_state(INVOICE) == AssignmentState(
            ID,
            number="A/1",
            stage_code="delivered",
            text="Delivered",
            progress="done",
            raw=INVOICE_PART,
        )
        failed = {"id": ID, "status": "FAILED"}
        state = AssignmentState(ID, progress="failed", raw=failed)
        assert read.invoice_state(failed) == state

    def test_what_maventa_holds_of_an_invoice_is_read_whole(self):
        assert read.held_invoice(INVOICE) == HeldInvoice(
            ID,
            "A/1",
            date=datetime.date(2026, 11, 1),
            total=124.5,
            currency="EUR",
            debtor="Example Oy",
            progress="done",
        )
        for recipient in (None, "Example Oy", []):
            assert read.held_invoice({"recipient": recipient}) == HeldInvoice("", "")


class TestUpdates:
    def test_a_row_keeps_what_is_read_of_it(self):
        row = read.event_row(EVENT, ASSIGNMENT)
        assert row == {"event": EVENT, "assignment": ASSIGNMENT_PART}
        assert read.delivery_row(INVOICE) == {"invoice": INVOICE_PART}
        transfer = {**TRANSFER_PART, "invoice_id": ID}
        assert read.transfer_row(ID, TRANSFER) == {"transfer": transfer}

    def update(self, **changes):
        return read.status_update(read.event_row({**EVENT, **changes}, {**ASSIGNMENT}))

    def test_an_event_is_read_whole(self):
        assert self.update() == StatusUpdate(
            external_id="e1",
            kind="payment",
            assignment=CASE,
            number="A/1",
            code="paid",
            text="Thanks",
            time=AT,
            amount=10.5,
            day=datetime.date(2026, 11, 1),
            is_own=False,
        )

    def test_our_own_report_comes_back_as_one(self):
        update = self.update(origin="COMPANY", event_type="credit_note")
        assert update == StatusUpdate(
            external_id="e1",
            kind="report",
            assignment=CASE,
            number="A/1",
            code="credit_note",
            text="Thanks",
            time=AT,
            amount=3.0,
            day=datetime.date(2026, 11, 1),
            is_own=True,
        )
        assert not self.update(origin="COMPANY", event_type="comment").is_message

    @pytest.mark.parametrize("origin", [None, "", "company", "OTHER"])
    def test_of_whom_it_is_may_not_be_known(self, origin):
        update = self.update(origin=origin)
        assert (update.is_own, update.kind) == (None, "payment")
        assert self.update(origin=origin, event_type="comment").is_message

    def test_a_comment_of_ropos_is_a_message(self):
        update = self.update(event_type="Comment")
        assert (update.kind, update.is_message) == ("comment", True)
        assert update.amount is None
        assert not self.update().is_message

    def test_a_new_status_is_a_stage(self):
        changes = {"event_type": "status", "collection_status": " Legal_Collection "}
        update = self.update(**changes, text="")
        assert (update.kind, update.code) == ("status", "legal_collection")
        assert update.stage_code == "legal_collection"
        assert update.text == ""
        update = self.update(event_type="status", collection_status="New", text=None)
        assert (update.stage_code, update.text) == ("new", "New")
        update = self.update(event_type="CLOSED", collection_status="reminder_sent")
        assert (update.kind, update.code, update.stage_code) == ("closed",) * 3

    def test_an_event_of_nothing_says_nothing(self):
        for row in ({"event": {}}, {"event": {}, "assignment": [1]}):
            assert read.status_update(row) == StatusUpdate("", "")
        for row in ({}, {"event": "x"}, {"event": None, "invoice": []}):
            assert read.status_update(row) == StatusUpdate("", "")

    def test_an_amount_that_is_none_is_kept_as_it_came(self):
        update = self.update(sum_paid="ten")
        assert (update.amount, update.unreadable_amount) == (None, "ten")

    def test_a_delivery_is_read_whole(self):
        assert read.status_update(read.delivery_row(INVOICE)) == StatusUpdate(
            external_id=f"{ID}/DELIVERED",
            kind="delivery",
            assignment=ID,
            number="A/1",
            code="delivered",
            text="Delivered",
            time=AT,
            stage_code="delivered",
            progress="done",
        )
        for actions in (None, [], ["x"], [{"happened_at": "x"}]):
            row = {"invoice": {"id": ID, "status": "FAILED", "actions": actions}}
            assert read.status_update(row) == StatusUpdate(
                external_id=f"{ID}/FAILED",
                kind="delivery",
                assignment=ID,
                code="failed",
                progress="failed",
            )

    def test_a_transfer_is_read_whole(self):
        row = read.transfer_row(ID.upper(), TRANSFER)
        assert read.status_update(row) == StatusUpdate(
            external_id=f"{CASE}/sent/{TIME}",
            kind="transfer",
            assignment=CASE,
            code="sent",
            text="Sent on",
            time=AT,
            progress="done",
        )
        bare = StatusUpdate(external_id="//", kind="transfer")
        assert read.status_update({"transfer": {}}) == bare

    def test_an_id_that_is_too_long_is_known_by_its_digest(self):
        digest = hashlib.sha256(LONG.encode()).hexdigest()
        assert self.update(id=LONG).external_id == digest
        assert self.update(id=LONG[1:]).external_id == LONG[1:]
        half = "\ud800" * 201
        wanted = hashlib.sha256(b"?" * 201).hexdigest()
        assert self.update(id=half).external_id == wanted


class TestReports:
    WANTED = {"event_type": "paid", "booked_at": "2026-11-01", "sum_paid": 10.5}

    def event(self, **changes):
        return {**self.WANTED, "origin": "COMPANY", **changes}

    @pytest.mark.parametrize(
        "change, wanted",
        [
            ({}, True),
            ({"sum_paid": "10,501"}, True),
            ({"booked_at": "2026-11-01T23:00:00"}, True),
            ({"sum_paid": 10.51}, False),
            ({"sum_paid": None}, False),
            ({"booked_at": "2026-11-02"}, False),
            ({"event_type": "credit_note", "credit_sum": 10.5}, False),
        ],
    )
    def test_one_is_like_another_by_kind_day_and_amount(self, change, wanted):
        assert read.is_alike(self.event(**change), self.WANTED) is wanted

    def test_those_of_our_own_are_counted(self):
        own, ropos = self.event(), self.event(origin="SERVICE")
        other = self.event(origin=None, sum_paid=1)
        assert read.count_reports([own, ropos, own, other], self.WANTED) == 2
        assert read.count_reports([], self.WANTED) == 0
        for origin in (None, "OTHER", ""):
            events = [own, self.event(origin=origin)]
            assert read.count_reports(events, self.WANTED) is None


class TestLists:
    ROWS = [{"id": "1"}, {"id": ""}, {"id": 2}, "x", {"name": "y"}]

    def test_the_rows_are_the_body_or_its_only_list(self):
        wanted = [{"id": "1"}]
        assert read.rows_of(self.ROWS) == wanted
        assert read.rows_of({"count": 5, "items": self.ROWS}) == wanted
        assert read.rows_of([]) == []
        for body in ({"a": [], "b": []}, {"a": 1}, {}, None, "text"):
            assert unreadable(read.rows_of, body) == "list"

    @pytest.mark.parametrize(
        "following, count, is_last",
        [
            (None, 49, True),
            (None, 50, False),
            ("", 50, True),
            (" ", 50, True),
            ("2", 50, False),
            ("2", 1, False),
        ],
    )
    def test_the_last_page_names_none_or_is_not_full(self, following, count, is_last):
        assert read.is_last_page(following, count, 50) is is_last
