"""What happened at Ropo: by pages, each once, nothing lost, nothing without end."""

import contextlib
import datetime
import json

import pytest

from ...channels.documents import CaseRef, StatusUpdate
from ...channels.errors import ChannelError, NotSent, Rejected, Unknown
from ...channels.inbound import RefusedError
from ...channels.maventa import Maventa
from ...channels.maventa.events import EventCursor
from .common import GOOD
from .maventa import (
    COMPANY,
    EVENTS,
    SWEDEN,
    MaventaTests,
    Script,
    change,
    client,
    ref,
    refuses,
    say,
)

ID = "0e4f5c92-6d3b-4f0f-9d0c-1f2e3d4c5b6a"
CASES = [f"0e4f5c92-6d3b-4f0f-9d0c-1f2e3d4c5b{n:02}" for n in range(10)]


class Following(MaventaTests):
    def at_ropo(self, sandbox, case, act, **values):
        """Has Ropo do something with the case."""
        identifier = self.assignment(sandbox, case)["id"]
        sandbox.post(f"maventa/assignments/{identifier}/{act}", **values)

    def drain(self, maventa, cursor=None, pending=(), acknowledge=True):
        """`(updates, cursor)`, as whoever keeps the pages has them afterwards."""
        updates = []
        for page in maventa.updates(cursor, pending):
            rows = json.loads(json.dumps(list(page.rows)))
            updates += [maventa.interpret(row) for row in rows]
            cursor = page.cursor or cursor
            if acknowledge:
                page.acknowledge()
        return updates, cursor


class TestUpdates(Following):
    def test_events_of_all_cases_with_all_that_is_needed(self, sandbox):
        maventa = client(sandbox.url)
        first, second = self.transferred(maventa), self.transferred(maventa)
        self.at_ropo(sandbox, first.assignment, "comment", text="Moved away")
        self.at_ropo(
            sandbox,
            second.assignment,
            "stage",
            collection_status="debt_collection",
            text="Letter",
        )
        self.at_ropo(sandbox, second.assignment, "pay", amount=5.5, date="2026-03-02")
        updates, _cursor = self.drain(maventa)
        events = self.state(sandbox)["events"]
        times = [
            datetime.datetime.fromisoformat(event["created_at"])
            .astimezone(datetime.timezone.utc)
            .replace(tzinfo=None, microsecond=0)
            for event in events
        ]
        assert updates == [
            StatusUpdate(
                external_id=events[0]["id"],
                kind="comment",
                assignment=first.assignment,
                number=first.number,
                code="comment",
                text="Moved away",
                time=times[0],
                is_own=False,
                is_message=True,
            ),
            StatusUpdate(
                external_id=events[1]["id"],
                kind="collection_status",
                assignment=second.assignment,
                number=second.number,
                code="debt_collection",
                text="Letter",
                time=times[1],
                stage_code="debt_collection",
                is_own=False,
            ),
            StatusUpdate(
                external_id=events[2]["id"],
                kind="payment",
                assignment=second.assignment,
                number=second.number,
                code="paid",
                time=times[2],
                amount=5.5,
                day=datetime.date(2026, 3, 2),
                is_own=False,
            ),
        ]

    def test_row_bears_what_is_needed_of_its_assignment_and_no_more(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        self.at_ropo(sandbox, case, "comment", text="Moved away")
        ((page,), held) = list(maventa.updates()), self.assignment(sandbox, case)
        (row,) = page.rows
        assert row["assignment"] == {
            "id": held["id"],
            "invoice_id": held["invoice_id"],
            "invoice_number": held["invoice_number"],
            "reference_ids": [],
            "status": "open",
            "collection_status": "new",
            "currency": "EUR",
            "sum": 55.32,
            "sum_open": 55.32,
            "sum_fees": 0.0,
            "closed_at": None,
        }

    def test_own_reports_are_known_as_such(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        say(maventa, change(case))
        say(maventa, change(case, amount=5.0, is_payment=False))
        self.at_ropo(sandbox, case, "pay", amount=20.0, date="2026-03-01")
        updates, _cursor = self.drain(maventa)
        assert [(each.kind, each.is_own, each.amount) for each in updates] == [
            ("report", True, 20.0),
            ("report", True, 5.0),
            ("payment", False, 20.0),
        ]

    def test_end_of_a_case(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        self.at_ropo(sandbox, case, "pay", amount=55.32)
        updates, _cursor = self.drain(maventa)
        kinds = [(each.kind, each.stage_code) for each in updates]
        assert kinds == [("payment", ""), ("closed", "closed")]
        assert maventa.stages["closed"] == "closed"

    def test_status_of_an_open_list_is_kept(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        self.at_ropo(sandbox, case, "stage", collection_status="Court_Of_Appeal")
        ((update,), _cursor) = self.drain(maventa)
        assert update.stage_code == "court_of_appeal"
        assert update.text == "Court_Of_Appeal"
        assert "court_of_appeal" not in maventa.stages

    def test_what_was_given_is_not_given_again(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        cursor = None
        for number in range(3):
            self.at_ropo(sandbox, case, "comment", text=f"{number}")
            updates, cursor = self.drain(maventa, cursor)
            assert [update.text for update in updates] == [f"{number}"]
            cursor = json.loads(json.dumps(cursor))
        assert self.drain(maventa, cursor) == ([], cursor)

    def test_more_than_a_page(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        for number in range(230):
            self.at_ropo(sandbox, case, "comment", text=f"{number}")
        updates, cursor = self.drain(maventa, acknowledge=False)
        assert [update.text for update in updates] == [str(n) for n in range(230)]
        assert self.drain(maventa, cursor, acknowledge=False)[0] == []
        # The assignment was read once for all its events of the run.
        assert sandbox.state()["calls"]["GET /v1/assignments/{id}"] == 1

    def test_a_run_that_dies_goes_on_behind_what_was_kept(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        for number in range(150):
            self.at_ropo(sandbox, case, "comment", text=f"{number}")
        page = next(maventa.updates())
        updates, _cursor = self.drain(maventa, page.cursor)
        assert [update.text for update in updates] == [str(n) for n in range(100, 150)]

    def test_events_are_seen_once_they_are_kept(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        self.at_ropo(sandbox, case, "comment", text="1")
        (page,) = list(maventa.updates())
        assert [event["seen"] for event in self.state(sandbox)["events"]] == [False]
        page.acknowledge()
        assert [event["seen"] for event in self.state(sandbox)["events"]] == [True]

    def test_event_that_somebody_marked_as_seen_is_given(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        self.at_ropo(sandbox, case, "comment", text="1")
        next(maventa.updates()).acknowledge()
        assert [update.text for update in self.drain(maventa)[0]] == ["1"]

    @pytest.mark.parametrize("kind", ["drop_before", "error_after", "throttle"])
    def test_mark_that_fails_is_made_good_and_stops_nothing(self, sandbox, kind):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        self.at_ropo(sandbox, case, "comment", text="1")
        sandbox.fault(kind, path=f"{EVENTS}/*/seen")
        updates, cursor = self.drain(maventa)
        assert len(updates) == 1
        assert self.drain(maventa, cursor)[0] == []
        assert [event["seen"] for event in self.state(sandbox)["events"]] == [True]

    def test_duplicated_rows_come_once(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        self.at_ropo(sandbox, case, "comment", text="1")
        sandbox.fault("duplicate", path="/v1/events")
        assert len(self.drain(maventa)[0]) == 1

    @pytest.mark.parametrize(
        "kind, error",
        [
            ("drop_before", Unknown),
            ("garbled", Unknown),
            ("error_after", Unknown),
            ("gateway_before", Unknown),
            ("throttle", ChannelError),
        ],
    )
    @pytest.mark.parametrize("path", ["/v1/events"])
    def test_fault_loses_nothing(self, sandbox, kind, error, path):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        self.at_ropo(sandbox, case, "comment", text="1")
        sandbox.fault(kind, path=path)
        with pytest.raises(error):
            list(maventa.updates())
        assert len(self.drain(maventa)[0]) == 1

    def test_a_case_that_can_not_be_read_keeps_no_other_and_is_not_lost(self, sandbox):
        maventa = client(sandbox.url)
        sick, sound = self.transferred(maventa), self.transferred(maventa)
        for case in (sick, sound, sick, sound):
            self.at_ropo(sandbox, case.assignment, "comment", text=case.number)
        identifier = self.assignment(sandbox, sick.assignment)["id"]
        sandbox.fault("error_after", path=f"/v1/assignments/{identifier}", times=2)
        updates, cursor = self.drain(maventa)
        assert [update.number for update in updates] == [sound.number] * 2
        seen = {
            event["assignment_id"]: event["seen"]
            for event in self.state(sandbox)["events"]
        }
        assert sorted(seen.values()) == [False, True]
        assert self.drain(maventa, cursor)[0] == []
        updates, cursor = self.drain(maventa, cursor)
        assert [update.number for update in updates] == [sick.number] * 2
        assert self.drain(maventa, cursor)[0] == []

    def test_a_company_gets_its_own_only(self, sandbox):
        case = self.transferred(client(sandbox.url)).assignment
        self.at_ropo(sandbox, case, "comment", text="1")
        assert self.drain(client(sandbox.url, company=SWEDEN))[0] == []


class TestPending(Following):
    """Acceptance and delivery are followed until they are settled."""

    def test_deliveries(self, sandbox):
        self.company(sandbox, service="ACTIVE", delivery="PENDING")
        maventa = client(sandbox.url)
        sent = [self.sent(maventa) for _number in range(3)]
        pending = [ref(answer.assignment) for answer in sent]
        assert self.drain(maventa, pending=pending) == ([], None)
        path = "maventa/invoices/{}/delivery".format
        sandbox.post(path(sent[0].assignment), status="DELIVERED")
        sandbox.post(path(sent[1].assignment), status="FAILED", message="No address")
        updates, _cursor = self.drain(maventa, pending=pending)
        assert {
            (each.assignment, each.number, each.kind, each.progress, each.text)
            for each in updates
        } == {
            (
                sent[0].assignment,
                sent[0].number,
                "delivery",
                "done",
                "Delivered",
            ),
            (
                sent[1].assignment,
                sent[1].number,
                "delivery",
                "failed",
                "No address",
            ),
        }
        assert all(each.time for each in updates)
        again, _cursor = self.drain(maventa, pending=pending)
        assert again == updates
        assert len({each.external_id for each in updates}) == 2

    def test_many_deliveries_are_asked_for_together(self, sandbox):
        maventa = client(sandbox.url)
        pending = [ref(self.sent(maventa).assignment) for _number in range(101)]
        updates, _cursor = self.drain(maventa, pending=pending)
        assert {each.assignment for each in updates} == {
            case.assignment for case in pending
        }
        assert sandbox.state()["calls"]["GET /v1/invoices"] == 2

    def test_transfers(self, sandbox):
        self.company(sandbox, service="ACTIVE", transfer="pending")
        maventa = client(sandbox.url)
        taken, refused, waiting = [
            self.transferred(maventa).assignment for _number in range(3)
        ]
        pending = [ref(taken), ref(refused), ref(waiting)]
        assert self.drain(maventa, pending=pending) == ([], None)

        def settle(case, **values):
            invoice_id = case.removesuffix("/ropo")
            sandbox.post(f"maventa/invoices/{invoice_id}/transfer", **values)

        settle(taken, status="sent")
        settle(refused, status="error", text="Debtor is bankrupt")
        updates, _cursor = self.drain(maventa, pending=pending)
        assert [
            (each.assignment, each.kind, each.progress, each.text) for each in updates
        ] == [
            (taken, "transfer", "done", ""),
            (refused, "transfer", "failed", "Debtor is bankrupt"),
        ]
        assert self.drain(maventa, pending=pending)[0] == updates

    def test_the_next_error_of_the_same_invoice_is_another(self, sandbox):
        self.company(sandbox, service="ACTIVE", transfer="error")
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        (first,), _cursor = self.drain(maventa, pending=[ref(case)])
        row = {"status": "error", "created_at": "x", "invoice_id": case[:-5]}
        second = maventa.interpret({"transfer": row})
        assert (first.assignment, second.assignment) == (case, case)
        assert first.external_id != second.external_id

    def test_case_that_can_not_be_asked_about_keeps_no_other(self, sandbox):
        maventa = client(sandbox.url)
        sick, sound = self.transferred(maventa), self.transferred(maventa)
        self.at_ropo(sandbox, sound.assignment, "comment", text="1")
        path = f"/v2/invoices/{sick.assignment.removesuffix('/ropo')}/assignment"
        sandbox.fault("error_after", path=path, method="GET", times=None)
        pending = [ref("28000001"), ref(f"{ID}/ropo"), ref(sick.assignment)]
        updates, _cursor = self.drain(
            maventa, pending=[*pending, ref(sound.assignment), CaseRef(number="X")]
        )
        assert [each.kind for each in updates] == ["transfer", "comment"]

    def test_door_that_is_shut_is_not_knocked_at_for_each(self, sandbox):
        maventa = client(sandbox.url, user_key="wrong")
        with pytest.raises(NotSent):
            list(maventa.updates(None, [ref(f"{case}/ropo") for case in CASES]))
        assert sandbox.state()["calls"] == {"POST /oauth2/token": 1}


class TestHistory(Following):
    def test_of_a_transfer(self, sandbox):
        maventa = client(sandbox.url)
        taken = self.transferred(maventa)
        self.at_ropo(sandbox, taken.assignment, "comment", text="1")
        say(maventa, change(taken.assignment))
        for case, kinds in (
            (ref(taken.assignment), ["transfer", "comment", "report"]),
            (ref(taken.assignment.removesuffix("/ropo")), ["delivery"]),
            (
                CaseRef(number=taken.number),
                ["delivery", "transfer", "comment", "report"],
            ),
            (CaseRef(number="INV/none"), []),
            (CaseRef(), []),
            (ref("28000001"), []),
        ):
            rows = maventa.history(case)
            assert [maventa.interpret(row).kind for row in rows] == kinds
        # The same events as by updates, so that each is kept once.
        ids = {
            maventa.interpret(row).external_id
            for row in maventa.history(ref(taken.assignment))
        }
        assert {each.external_id for each in self.drain(maventa)[0]} < ids

    @pytest.mark.parametrize("state, kinds", [("pending", []), ("error", ["transfer"])])
    def test_of_a_transfer_that_ropo_has_not(self, sandbox, state, kinds):
        self.company(sandbox, service="ACTIVE", transfer=state)
        maventa = client(sandbox.url)
        rows = maventa.history(ref(self.transferred(maventa).assignment))
        assert [maventa.interpret(row).kind for row in rows] == kinds


class TestStrangeLists:
    """Lists of a shape, or an order, that no page confirms."""

    def event(self, number, **values):
        day = f"2026-03-01T10:{number % 60:02}:00Z"
        return {
            "id": f"e{number}",
            "assignment_id": CASES[0],
            "event_type": "comment",
            "created_at": day,
            "seen": True,
            **values,
        }

    def follow(self, pages, cursor=None):
        """`(texts, cursors, calls)` of events that come by these pages."""
        server = Script(
            **{
                "/v1/events": pages,
                f"/v1/assignments/{CASES[0]}": refuses("200 OK", {"invoice_id": ID}),
            }
        )
        maventa = client(server.url, token=GOOD)
        try:
            given = list(maventa.updates(cursor))
        finally:
            server.stop()
        ids = [row["event"]["id"] for page in given for row in page.rows]
        return ids, [page.cursor for page in given], server.asked

    def test_page_that_repeats_for_ever_ends(self):
        full = [self.event(number) for number in range(100)]
        ids, _cursors, asked = self.follow(refuses("200 OK", full))
        assert len(ids) == 100
        assert len([call for call in asked if "/v1/events" in call]) == 2

    def test_newest_first_moves_the_cursor_on_only_at_the_end(self):
        newest = [self.event(number) for number in range(150, 50, -1)]
        oldest = [self.event(1, created_at="2026-02-01T10:00:00Z")]
        pages = [refuses("200 OK", newest), refuses("200 OK", oldest)]
        ids, cursors, _asked = self.follow(pages)
        assert len(ids) == 101
        assert cursors[0] is None
        assert cursors[-1]["newest"] == "2026-03-01T10:59:00"

    def test_list_in_an_object_and_rows_that_are_none(self):
        rows = [self.event(1), "x", None, {"id": None}, {"event_type": "paid"}]
        ids, _cursors, _asked = self.follow(refuses("200 OK", {"events": rows}))
        assert ids == ["e1"]

    @pytest.mark.parametrize("body", [5, "x", None, {}, {"a": [], "b": []}], ids=str)
    def test_what_is_no_list_is_not_known(self, body):
        with pytest.raises(Unknown):
            self.follow(refuses("200 OK", body))

    def test_some_time_before_the_newest_is_read_again(self):
        """An event may become visible after a newer one."""
        _ids, cursors, _asked = self.follow(refuses("200 OK", [self.event(30)]))
        late = [self.event(25), self.event(30)]
        ids, _cursors, asked = self.follow(refuses("200 OK", late), cursors[-1])
        assert ids == ["e25"]
        (call,) = [call for call in asked if "/v1/events" in call]
        assert "created_at_start=2026-03-01T10%3A20%3A00Z" in call

    def test_events_of_no_assignment_are_kept_without_a_case(self):
        rows = [self.event(1, assignment_id=None), self.event(2, assignment_id="x")]
        ids, _cursors, _asked = self.follow(refuses("200 OK", rows))
        assert ids == ["e1", "e2"]

    @pytest.mark.parametrize(
        "answer, calls",
        [(lambda connection: connection.close(), 4), (refuses("500 Error", {}), 6)],
        ids=["no answer", "refused at once"],
    )
    def test_several_cases_that_nobody_answers_about_end_the_run(self, answer, calls):
        rows = [self.event(n, assignment_id=CASES[n]) for n in range(1, 5)]
        broken = {f"/v1/assignments/{case}": answer for case in CASES}
        server = Script(**{"/v1/events": refuses("200 OK", rows), **broken})
        maventa = client(server.url, token=GOOD)
        with pytest.raises(Unknown) if calls == 4 else contextlib.nullcontext():
            list(maventa.updates())
        server.stop()
        assert len(server.asked) <= calls

    def test_cursor_has_an_end(self):
        cursor = EventCursor()
        cursor.take(
            [self.event(n, created_at="2026-03-01T10:00:00Z") for n in range(3000)]
        )
        assert len(cursor.state()["ids"]) == 1000

    def test_cursor_that_makes_no_sense_begins_anew(self):
        assert EventCursor({"next": 5}).query() == {}
        assert EventCursor({"newest": "x", "ids": None}).query() == {}


class TestInterpret:
    def test_unknown_keys_and_missing_ones(self):
        row = {
            "event": {
                "id": "e1",
                "event_type": "due_date_moved",
                "new_key": {"a": [1]},
                "due": "2026-04-01",
            },
            "assignment": {"invoice_id": ID.upper(), "sum_open": "x"},
        }
        assert Maventa.interpret(row) == StatusUpdate(
            external_id="e1",
            kind="due_date_moved",
            assignment=f"{ID}/ropo",
            code="due_date_moved",
        )

    @pytest.mark.parametrize(
        "amount, unreadable", [("55,32", ""), ("much", "much"), ([], "[]"), (None, "")]
    )
    def test_amount_that_can_not_be_read_is_shown(self, amount, unreadable):
        event = {"id": "e1", "event_type": "paid", "sum_paid": amount}
        update = Maventa.interpret({"event": event})
        assert (update.kind, update.unreadable_amount) == ("payment", unreadable)
        assert update.amount == (55.32 if amount == "55,32" else None)

    @pytest.mark.parametrize(
        "row",
        [
            {},
            {"event": None},
            {"event": "x"},
            {"event": {}},
            {"event": {"id": 5, "event_type": 5}, "assignment": []},
            {"event": {"id": "", "origin": [], "created_at": {}}},
            {"invoice": {}},
            {"invoice": {"id": 5, "status": [], "actions": [None]}},
            {"invoice": {"actions": [{"message": 5, "happened_at": 5}]}},
            {"transfer": {}},
            {"transfer": {"status": {}, "message": [], "created_at": 1}},
            {"what": "ever"},
        ],
        ids=str,
    )
    def test_nothing_odd_raises(self, row):
        update = Maventa.interpret(row)
        assert (update.assignment, update.amount) == ("", None)

    def test_long_ids_are_kept_short(self):
        row = {"event": {"id": "x" * 300}}
        found = Maventa.interpret(row).external_id
        assert len(found) == 64
        assert found == Maventa.interpret(row).external_id

    def test_no_webhook_is_offered(self):
        assert not Maventa.capabilities.webhook
        with pytest.raises(RefusedError) as caught:
            Maventa.messages(b"[]", {"Content-Type": "application/json"})
        assert caught.value.status == 404
        assert COMPANY not in str(caught.value)
        assert issubclass(Rejected, ChannelError)
