"""What Maventa answers, what it is taken for, and what became of lost answers."""

import datetime
import json

import pytest

from ...channels.base import Found
from ...channels.documents import Answer, CaseRef, HeldInvoice
from ...channels.errors import (
    ChannelError,
    Fault,
    Meaning,
    NotSent,
    Outcome,
    Reason,
    Rejected,
    Unknown,
)
from ...channels.maventa import answers as read
from .common import GOOD, claim, invoice, says
from .maventa import (
    COMPANY,
    EVENTS,
    SWEDEN,
    TENANT,
    TRANSFERS,
    WITHOUT_ROPO,
    MaventaTests,
    Script,
    change,
    client,
    finvoice,
    peppol,
    ref,
    refuses,
    say,
    with_file,
)

NUMBER = invoice().number
ID = "0e4f5c92-6d3b-4f0f-9d0c-1f2e3d4c5b6a"
OTHER_ID = "0e4f5c92-6d3b-4f0f-9d0c-1f2e3d4c5b6b"
FAULTS = [
    ("drop_before", Outcome.UNKNOWN, 0),
    ("drop_after", Outcome.UNKNOWN, 1),
    ("cut", Outcome.UNKNOWN, 1),
    ("garbled", Outcome.UNKNOWN, 1),
    ("error_before", Outcome.UNKNOWN, 0),
    ("error_after", Outcome.UNKNOWN, 1),
    ("gateway_before", Outcome.UNKNOWN, 0),
    ("gateway_after", Outcome.UNKNOWN, 1),
    ("throttle", Outcome.THROTTLED, 0),
    ("expired_token", Outcome.ACCEPTED, 1),
    ("duplicate", Outcome.ACCEPTED, 1),
]


class TestOverTheWire(MaventaTests):
    """The sandbox holds each against the documents, and refuses what bends them."""

    @pytest.mark.parametrize(
        "octets, format_, source",
        [
            (peppol(NUMBER), "peppol_bis3", "PEPPOLBIS30"),
            (finvoice(NUMBER), "finvoice3", "FINVOICE30"),
        ],
    )
    def test_invoice_arrives_under_our_own_id(self, sandbox, octets, format_, source):
        maventa = client(sandbox.url)
        document, files = with_file(octets, format_)
        answer = say(maventa, document, files)
        (held,) = self.state(sandbox)["invoices"]
        assert (answer.outcome, answer.error) == (Outcome.ACCEPTED, "")
        assert answer.assignment == maventa.freeze(document).body["form"]["uuid"]
        assert (answer.number, answer.amount) == (NUMBER, 564.75)
        assert answer.progress == "pending"
        assert held["id"] == answer.assignment
        assert (held["source_format"], held["ignored"]) == (source, [])

    def test_transfer_is_taken_later(self, sandbox):
        maventa = client(sandbox.url)
        sent = self.sent(maventa)
        document = claim(invoice_id=sent.assignment, number=sent.number, debtor=TENANT)
        answer = say(maventa, document)
        assert answer == Answer(
            Outcome.ACCEPTED,
            assignment=f"{sent.assignment}/ropo",
            number=sent.number,
            progress="pending",
            raw=answer.raw,
        )
        held = self.assignment(sandbox, answer.assignment)
        assert held["request"] == maventa.freeze(document).body["assignment"]
        assert held["capital"] == 55.32

    def test_several_payers_and_rent_in_finland(self, sandbox):
        answer = self.transferred(
            client(sandbox.url), debtor=TENANT, co_debtors=(TENANT,), is_rental=True
        )
        held = self.assignment(sandbox, answer.assignment)["request"]
        assert held["receivables_type"] == "b2c_rental"
        assert [payer["name"] for payer in held["payers"]] == [TENANT.name] * 2

    def test_payment_and_credit_lower_the_capital(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        paid = say(maventa, change(case))
        credited = say(maventa, change(case, amount=5.0, is_payment=False))
        assert [
            (answer.outcome, answer.assignment, answer.amount)
            for answer in (paid, credited)
        ] == [(Outcome.ACCEPTED, case, 20.0), (Outcome.ACCEPTED, case, 5.0)]
        assert self.assignment(sandbox, case)["capital"] == 30.32
        # The assignment's own id was asked for once.
        calls = sandbox.state()["calls"]
        assert calls["GET /v2/invoices/{id}/assignment"] == 1

    def test_change_by_the_number_of_an_invoice_without_a_case(self, sandbox):
        maventa = client(sandbox.url)
        answer = self.transferred(maventa)
        paid = say(maventa, change("", number=answer.number))
        assert paid.outcome == Outcome.ACCEPTED
        assert self.assignment(sandbox, answer.assignment)["capital"] == 35.32

    @pytest.mark.parametrize("kind, outcome, arrived", FAULTS)
    def test_fault_of_an_invoice(self, sandbox, kind, outcome, arrived):
        sandbox.fault(kind, path="/v1/invoices", method="POST")
        document, files = with_file(peppol(NUMBER))
        answer = say(client(sandbox.url), document, files)
        assert answer.outcome == outcome
        assert len(self.state(sandbox)["invoices"]) == arrived

    @pytest.mark.parametrize("kind, outcome, arrived", FAULTS)
    def test_fault_of_a_transfer(self, sandbox, kind, outcome, arrived):
        sandbox.fault(kind, path=TRANSFERS)
        answer = self.transferred(client(sandbox.url))
        assert answer.outcome == outcome
        assert len(self.state(sandbox)["assignments"]) == arrived

    @pytest.mark.parametrize("kind, outcome, arrived", FAULTS)
    def test_fault_of_an_event(self, sandbox, kind, outcome, arrived):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        sandbox.fault(kind, path=EVENTS, method="POST")
        answer = say(maventa, change(case))
        assert answer.outcome == outcome
        capital = self.assignment(sandbox, case)["capital"]
        assert capital == round(55.32 - 20 * arrived, 2)

    @pytest.mark.parametrize(
        "kind", ["drop_after", "error_after", "garbled", "gateway_before", "slow"]
    )
    def test_event_whose_case_could_not_be_asked_for_was_not_sent(self, sandbox, kind):
        case = self.transferred(client(sandbox.url)).assignment
        sandbox.fault(kind, path="/v2/invoices/*/assignment", method="GET", seconds=2)
        answer = say(client(sandbox.url, timeout=1), change(case))
        assert answer.outcome == Outcome.NOT_SENT
        assert self.assignment(sandbox, case)["capital"] == 55.32

    def test_no_answer_in_time(self, sandbox):
        sandbox.fault("slow", path="/v1/invoices", method="POST", seconds=2)
        document, files = with_file(peppol(NUMBER))
        answer = say(client(sandbox.url, timeout=1), document, files)
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.TIMEOUT)

    def test_several_documents_are_answered_each(self, sandbox):
        maventa = client(sandbox.url)
        first, files = with_file(peppol(NUMBER))
        broken, more = with_file(b"<", own_reference=18)
        documents = [maventa.freeze(each) for each in (broken, first)]
        outcomes = [each.outcome for each in maventa.send(documents, files | more)]
        assert outcomes == [Outcome.REJECTED, Outcome.ACCEPTED]


class TestRefusals(MaventaTests):
    """Each is a refusal with its cause, in Maventa's own words."""

    def refused(self, answer, fault, text):
        assert (answer.outcome, answer.reason) == (Outcome.REJECTED, None)
        assert answer.fault == fault
        assert text in answer.error
        assert answer.is_duplicate == (fault == Fault.DUPLICATE)

    def test_service_not_active_or_closed_meanwhile(self, sandbox):
        answer = self.transferred(client(sandbox.url, company=WITHOUT_ROPO))
        self.refused(answer, Fault.SERVICE, "The service is DISABLED")
        maventa = client(sandbox.url)
        maventa.close_service()
        answer = self.transferred(maventa)
        self.refused(answer, Fault.SERVICE, "The service is DISABLED")

    def test_invoice_unknown_or_of_another_company(self, sandbox):
        document = claim(invoice_id=ID, debtor=TENANT)
        answer = say(client(sandbox.url), document)
        self.refused(answer, Fault.INVOICE_UNKNOWN, "was not found")
        other = self.sent(client(sandbox.url, company=SWEDEN))
        document = claim(invoice_id=other.assignment, debtor=TENANT)
        answer = say(client(sandbox.url), document)
        self.refused(answer, Fault.INVOICE_UNKNOWN, "was not found")

    def test_foreign_currency(self, sandbox):
        maventa = client(sandbox.url)
        answer = self.transferred(maventa, {"currency": "SEK"})
        text = "The account is in EUR, not in SEK"
        self.refused(answer, Fault.NOT_ALLOWED, text)

    def test_rental_outside_finland(self, sandbox):
        maventa = client(sandbox.url, company=SWEDEN)
        answer = self.transferred(maventa, {"currency": "SEK"}, is_rental=True)
        self.refused(answer, Fault.NOT_ALLOWED, "Rental receivables only in Finland")

    def test_consumers_rental_without_the_identity_code(self, sandbox):
        tenant = claim(debtor=TENANT, is_rental=True).debtor
        nameless = type(tenant)(
            name="A", is_company=False, street="B", zip="1", city="C", country="FI"
        )
        answer = self.transferred(client(sandbox.url), debtor=nameless, is_rental=True)
        self.refused(answer, Fault.VALUES, "personal_id: is needed")

    def test_too_early(self, sandbox):
        due = datetime.date.today() - datetime.timedelta(days=3)
        answer = self.transferred(client(sandbox.url), {"due": due.isoformat()})
        first = due + datetime.timedelta(days=7)
        self.refused(answer, Fault.TOO_EARLY, f"Can be transferred from {first}")

    def test_transferred_already(self, sandbox):
        maventa = client(sandbox.url)
        first = self.transferred(maventa)
        document = claim(
            invoice_id=first.assignment.removesuffix("/ropo"), debtor=TENANT
        )
        self.refused(say(maventa, document), Fault.DUPLICATE, "already")
        assert len(self.state(sandbox)["assignments"]) == 1

    def test_number_that_maventa_has_already(self, sandbox):
        self.company(sandbox, service="ACTIVE", stop_duplicate_numbers=True)
        maventa = client(sandbox.url)
        say(maventa, *with_file(peppol(NUMBER)))
        answer = say(maventa, *with_file(peppol(NUMBER), own_reference=18))
        self.refused(answer, Fault.DUPLICATE, f"number {NUMBER} exists already")

    def test_amount_over_the_invoice(self, sandbox):
        answer = self.transferred(client(sandbox.url), amount=600.0)
        self.refused(answer, Fault.NOT_ALLOWED, "capital_amount is more")

    def test_event_of_a_case_that_has_ended(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        sandbox.post(
            f"maventa/assignments/{self.assignment(sandbox, case)['id']}/close"
        )
        answer = say(maventa, change(case))
        self.refused(answer, "", "is closed")
        assert answer.meaning == Meaning.ENDED

    def test_event_that_is_not_valid_is_for_a_person(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        day = datetime.date.today() + datetime.timedelta(days=3)
        answer = say(maventa, change(case, date=day))
        self.refused(answer, Fault.VALUES, "booked_at: must not be after today")
        assert answer.meaning == Meaning.TO_FIX

    def test_event_of_a_transfer_that_is_pending_waits(self, sandbox):
        self.company(sandbox, service="ACTIVE", transfer="pending")
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        answer = say(maventa, change(case))
        assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, Reason.NOT_READY)
        path = f"maventa/invoices/{case.removesuffix('/ropo')}/transfer"
        sandbox.post(path, status="sent")
        assert say(maventa, change(case)).outcome == Outcome.ACCEPTED

    def test_event_of_a_transfer_that_failed(self, sandbox):
        self.company(sandbox, service="ACTIVE", transfer="error")
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        answer = say(maventa, change(case))
        text = "Ropo did not take the assignment"
        self.refused(answer, Fault.CASE_UNKNOWN, text)
        assert answer.meaning == Meaning.ENDED

    def test_personal_numbers_are_not_repeated(self):
        payload = {"assignment": {"payers": [{"personal_id": "131052-308T"}]}}
        body = {"code": "validation_error", "message": "131052-308T", "details": []}
        assert read.transfer_refusal(payload, body, "").error == "…"

    def test_words_without_a_known_code_decide_nothing(self):
        body = {"code": "new_code", "message": "Already closed", "details": []}
        for call in ("event", "transfer", "invoice"):
            answer = read.refusal(call, body, body["code"])
            assert answer.outcome == Outcome.REJECTED
            assert (answer.fault, answer.is_duplicate) == ("", False)
            assert answer.meaning in ("", Meaning.TO_FIX)

    def test_words_and_details_of_any_shape(self):
        details = ["a: is missing", {"message": "b"}, {"field": "c"}, 4]
        body = {"code": "x", "message": "Not valid", "details": details}
        text = "Not valid: a: is missing; b; {'field': 'c'}; 4"
        assert read.error_text(body) == text


OWN_ERROR = {"code": "validation_error", "message": "No", "details": []}


class TestGateways(MaventaTests):
    """What is not Maventa's own shape, or status, is no answer of Maventa's."""

    @pytest.mark.parametrize(
        "status, body",
        [
            ("403 Forbidden", OWN_ERROR),
            ("408 Request Timeout", OWN_ERROR),
            ("413 Payload Too Large", OWN_ERROR),
            ("404 Not Found", {"message": "Not found"}),
            ("404 Not Found", {"code": 404, "message": "No route", "details": []}),
            ("400 Bad Request", {"code": "x", "message": "No"}),
            ("400 Bad Request", {**OWN_ERROR, "request_id": "1"}),
            ("409 Conflict", []),
            ("422 Unprocessable", "text"),
            ("502 Bad Gateway", OWN_ERROR),
            ("302 Found", {}),
        ],
    )
    def test_gateway_leaves_it_unknown(self, status, body):
        server = Script(**{"/v1/invoices": refuses(status, body)})
        answer = say(client(server.url), *with_file(peppol(NUMBER)))
        server.stop()
        assert answer.outcome == Outcome.UNKNOWN

    @pytest.mark.parametrize("status", ["400 Bad", "404 Not", "409 C", "422 U"])
    def test_maventas_own_refusal_is_one(self, status):
        server = Script(**{"/v1/invoices": refuses(status, OWN_ERROR)})
        answer = say(client(server.url), *with_file(peppol(NUMBER)))
        server.stop()
        assert (answer.outcome, answer.error) == (Outcome.REJECTED, "No")

    @pytest.mark.parametrize(
        "body", [[], "text", 5, None, {}, {"id": "5"}, {"id": None}], ids=str
    )
    def test_strange_answer_is_unknown(self, body):
        octets = json.dumps(body).encode()
        path = f"/v2/invoices/{ID}/assignment"
        server = Script(
            **{
                "/v1/invoices": says("201 Created", octets),
                f"{path}/ropo": says("201 Created", octets),
                path: refuses("200 OK", {"status": "sent", "assignment_id": OTHER_ID}),
                f"/v1/assignments/{OTHER_ID}/events": says("201 Created", octets),
            }
        )
        maventa = client(server.url, token=GOOD)
        answers = [
            say(maventa, *with_file(peppol(NUMBER))),
            say(maventa, claim(invoice_id=ID, debtor=TENANT)),
        ]
        if not isinstance(body, dict) or not body.get("id"):
            answers.append(say(maventa, change(f"{ID}/ropo")))
        server.stop()
        assert {answer.outcome for answer in answers} == {Outcome.UNKNOWN}

    def test_invoice_that_got_another_id_is_known_by_that(self):
        body = {"id": OTHER_ID.upper(), "status": "PENDING", "number": NUMBER}
        server = Script(**{"/v1/invoices": refuses("201 Created", body)})
        answer = say(client(server.url), *with_file(peppol(NUMBER)))
        server.stop()
        assert (answer.outcome, answer.assignment) == (Outcome.ACCEPTED, OTHER_ID)


class TestLookingUp(MaventaTests):
    """What is known about a call whose answer was lost."""

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after"])
    def test_invoice(self, sandbox, kind):
        maventa = client(sandbox.url)
        document, files = with_file(peppol(NUMBER))
        frozen = maventa.freeze(document)
        assert maventa.find(frozen) == Found(False)
        sandbox.fault(kind, path="/v1/invoices", method="POST")
        assert say(maventa, document, files).outcome == Outcome.UNKNOWN
        arrived = kind != "drop_before"
        found = Found(arrived, frozen.body["form"]["uuid"] if arrived else "")
        assert maventa.find(frozen) == found

    def test_invoice_that_arrived_before_is_accepted_once(self, sandbox):
        maventa = client(sandbox.url)
        document, files = with_file(peppol(NUMBER))
        sandbox.fault("drop_after", path="/v1/invoices", method="POST")
        assert say(maventa, document, files).outcome == Outcome.UNKNOWN
        again = say(maventa, document, files)
        assert again.outcome == Outcome.ACCEPTED
        (held,) = self.state(sandbox)["invoices"]
        assert (again.assignment, again.number) == (held["id"], NUMBER)
        assert self.state(sandbox)["duplicates"] == 0

    def test_id_that_another_company_has_is_no_arrival(self, sandbox):
        document, files = with_file(peppol(NUMBER))
        say(client(sandbox.url, company=SWEDEN), document, files)
        answer = say(client(sandbox.url), document, files)
        assert (answer.outcome, answer.fault) == (Outcome.REJECTED, Fault.DUPLICATE)

    def test_arrival_that_can_not_be_confirmed_is_unknown(self, sandbox):
        maventa = client(sandbox.url)
        document, files = with_file(peppol(NUMBER))
        say(maventa, document, files)
        sandbox.fault("throttle", path="/v1/invoices/*", method="GET")
        assert say(maventa, document, files).outcome == Outcome.UNKNOWN

    @pytest.mark.parametrize(
        "state, arrived", [("pending", True), ("sent", True), ("error", False)]
    )
    def test_transfer(self, sandbox, state, arrived):
        """One that failed can be made again."""
        self.company(sandbox, service="ACTIVE", transfer=state)
        maventa = client(sandbox.url)
        sent = self.sent(maventa)
        document = claim(invoice_id=sent.assignment, debtor=TENANT)
        frozen = maventa.freeze(document)
        assert maventa.find(frozen) == Found(False)
        sandbox.fault("drop_after", path=TRANSFERS)
        assert say(maventa, document).outcome == Outcome.UNKNOWN
        case = f"{sent.assignment}/ropo" if arrived else ""
        assert maventa.find(frozen) == Found(arrived, case)
        assert maventa.find(maventa.freeze(claim(debtor=TENANT))) == Found(False)

    def test_transfer_in_a_state_that_nobody_knows(self):
        path = f"/v2/invoices/{ID}/assignment"
        server = Script(**{path: refuses("200 OK", {"status": "odd"})})
        maventa = client(server.url)
        frozen = maventa.freeze(claim(invoice_id=ID, debtor=TENANT))
        found = maventa.find(frozen)
        server.stop()
        assert found == Found()

    def test_of_two_equal_payments_each_counts(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        identifier = self.assignment(sandbox, case)["id"]
        sandbox.post(f"maventa/assignments/{identifier}/fees", noticefee=5.0)
        frozen = maventa.freeze(change(case))

        def found():
            return maventa.find(frozen, ref(case))

        assert found() == Found(open_amount=60.32, reports=0)
        assert say(maventa, change(case)).outcome == Outcome.ACCEPTED
        assert found() == Found(open_amount=40.32, reports=1)
        # Ropo's own money, another kind, sum or day is none of our reports.
        sandbox.post(
            f"maventa/assignments/{identifier}/pay", amount=20.0, date="2026-03-01"
        )
        say(maventa, change(case, amount=5.0))
        say(maventa, change(case, amount=1.0, date=datetime.date(2026, 3, 2)))
        assert found().reports == 1
        sandbox.fault("drop_after", path=EVENTS, method="POST")
        assert say(maventa, change(case, amount=10.0)).outcome == Outcome.UNKNOWN
        lost = maventa.freeze(change(case, amount=10.0))
        assert maventa.find(lost, ref(case)).reports == 1

    def test_reports_of_nobody_knows_whom_are_not_counted(self):
        wanted = {"event_type": "paid", "sum_paid": 20.0, "booked_at": "2026-03-01"}
        own = {**wanted, "origin": "COMPANY", "sum_paid": "20,00"}
        assert read.count_reports([own, own], wanted) == 2
        assert read.count_reports([own, wanted], wanted) is None

    def test_change_of_no_case_is_not_known(self, sandbox):
        maventa = client(sandbox.url)
        frozen = maventa.freeze(change(f"{ID}/ropo"))
        assert maventa.find(frozen, ref(f"{ID}/ropo")) == Found()
        assert maventa.find(maventa.freeze(change("", number="X"))) == Found()

    def test_what_can_not_be_asked_raises(self, sandbox):
        maventa = client(sandbox.url)
        frozen = maventa.freeze(with_file(peppol(NUMBER))[0])
        sandbox.fault("error_after", path="/v1/invoices/*", method="GET")
        with pytest.raises(Unknown):
            maventa.find(frozen)

    def test_assignment_that_its_transfer_lacks_is_found_by_the_list(self):
        """Page by page, and no longer than pages bring something new."""
        full = [{"id": f"{n}", "invoice_id": "x"} for n in range(100)]
        last = [{"id": OTHER_ID.upper(), "invoice_id": ID}]
        server = Script(
            **{
                f"/v2/invoices/{ID}/assignment": refuses("200 OK", {"status": "sent"}),
                "/v1/assignments": [
                    refuses("200 OK", {"assignments": full}),
                    refuses("200 OK", {"assignments": last}),
                ],
                f"/v1/assignments/{OTHER_ID}/events": refuses("201 C", {"id": "e"}),
            }
        )
        answer = say(client(server.url), change(f"{ID}/ropo"))
        assert answer.outcome == Outcome.ACCEPTED
        server.answers["/v1/assignments"] = refuses("200 OK", full)
        answer = say(client(server.url), change(f"{ID}/ropo"))
        server.stop()
        assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, Reason.NOT_READY)
        pages = [each for each in server.asked if "GET /v1/assignments?" in each]
        assert [each[-12:] for each in pages] == ["per_page=100"] * 4


class TestLinking(MaventaTests):
    def test_invoice_that_is_there_is_found_by_number_and_date(self, sandbox):
        maventa = client(sandbox.url)
        say(maventa, *with_file(peppol(NUMBER)))
        held = HeldInvoice(
            assignment=self.state(sandbox)["invoices"][0]["id"],
            number=NUMBER,
            date=datetime.date(2026, 2, 2),
            total=564.75,
            currency="EUR",
            progress="done",
        )
        assert maventa.find_invoice(NUMBER, datetime.date(2026, 2, 2)) == [held]
        assert maventa.find_invoice(NUMBER) == [held]
        assert maventa.find_invoice(NUMBER, datetime.date(2026, 2, 3)) == []
        assert maventa.find_invoice(NUMBER[:-1]) == []
        assert maventa.find_invoice("") == []
        assert client(sandbox.url, company=SWEDEN).find_invoice(NUMBER) == []

    def test_of_several_each_is_shown(self, sandbox):
        maventa = client(sandbox.url)
        for own in range(120):
            document, files = with_file(peppol(NUMBER), own_reference=own)
            assert say(maventa, document, files).outcome == Outcome.ACCEPTED
        assert len({each.assignment for each in maventa.find_invoice(NUMBER)}) == 120
        answer = say(maventa, change("", number=NUMBER))
        assert answer.error == f"Maventa has no single invoice {NUMBER}."


class TestService(MaventaTests):
    def test_from_the_request_to_the_end(self, sandbox):
        maventa = client(sandbox.url, company=WITHOUT_ROPO)
        assert maventa.service_state() == "inactive"
        assert maventa.activate_service("boss@example.com") == "pending"
        assert maventa.service_state() == "pending"
        (held,) = [
            company
            for company in self.state(sandbox)["companies"]
            if company["company_id"] == WITHOUT_ROPO
        ]
        assert held["agreement_contact_email"] == "boss@example.com"
        path = f"maventa/companies/{WITHOUT_ROPO}/service"
        sandbox.post(path, status="ACTIVE")
        assert maventa.service_state() == "active"
        assert maventa.close_service() == "inactive"
        assert maventa.service_state() == "inactive"

    def test_what_is_so_already_is_no_error(self, sandbox):
        maventa = client(sandbox.url)
        assert maventa.activate_service("boss@example.com") == "active"
        assert maventa.close_service() == "inactive"
        assert maventa.close_service() == "inactive"

    def test_cases_outlive_the_service(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        maventa.close_service()
        assert say(maventa, change(case)).outcome == Outcome.ACCEPTED
        (standing,) = maventa.standings([ref(case)])
        assert standing.open_amount == 35.32

    def test_address_that_is_none(self, sandbox):
        with pytest.raises(Rejected) as caught:
            client(sandbox.url, company=WITHOUT_ROPO).activate_service("boss")
        text = "agreement_contact_email: must be an e-mail address"
        assert text in caught.value.detail

    @pytest.mark.parametrize("body", [{}, {"status": "ON"}, [], "x"], ids=str)
    def test_state_that_nobody_knows(self, body):
        path = "/v2/services/ropo/receivables"
        server = Script(**{path: refuses("200 OK", body)})
        with pytest.raises(Unknown):
            client(server.url).service_state()
        server.stop()


class TestStandings(MaventaTests):
    def standing(self, maventa, case):
        (standing,) = maventa.standings([case])
        state = standing.state
        return state and (
            state.assignment,
            state.stage_code,
            state.progress,
            standing.open_amount,
        )

    def test_of_an_invoice(self, sandbox):
        self.company(sandbox, service="ACTIVE", delivery="PENDING")
        maventa = client(sandbox.url)
        case = self.sent(maventa).assignment
        assert self.standing(maventa, ref(case)) == (case, "", "pending", None)
        path = f"maventa/invoices/{case}/delivery"
        sandbox.post(path, status="FAILED", message="No such address")
        assert self.standing(maventa, ref(case)) == (case, "", "failed", None)
        (standing,) = maventa.standings([ref(case)])
        assert standing.state.text == "No such address"
        sandbox.post(path, status="DELIVERED")
        found = self.standing(maventa, ref(case))
        assert found == (case, "delivered", "done", None)
        assert maventa.stages["delivered"] == "invoiced"

    def test_of_a_transfer(self, sandbox):
        self.company(sandbox, service="ACTIVE", transfer="pending")
        maventa = client(sandbox.url)
        taken = self.transferred(maventa)
        case, invoice_id = taken.assignment, taken.assignment.removesuffix("/ropo")
        assert self.standing(maventa, ref(case)) == (case, "", "pending", None)
        sandbox.post(f"maventa/invoices/{invoice_id}/transfer", status="sent")
        assert self.standing(maventa, ref(case)) == (case, "new", "done", 55.32)
        identifier = self.assignment(sandbox, case)["id"]
        path = f"maventa/assignments/{identifier}"
        sandbox.post(f"{path}/fees", interest=1.0, noticefee=5.0)
        sandbox.post(f"{path}/stage", collection_status="Legal_Collection")
        number = CaseRef(number=taken.number)
        for each in (ref(case), number):
            found = self.standing(maventa, each)
            assert found == (case, "legal_collection", "done", 61.32)
        assert maventa.stages["legal_collection"] == "legal"
        sandbox.post(f"{path}/close")
        assert self.standing(maventa, ref(case)) == (case, "closed", "done", 0.0)

    def test_of_a_transfer_that_failed(self, sandbox):
        self.company(sandbox, service="ACTIVE", transfer="error")
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        assert self.standing(maventa, ref(case)) == (case, "", "failed", None)

    def test_of_what_can_not_be_had_keeps_no_other(self, sandbox):
        maventa = client(sandbox.url)
        case = self.transferred(maventa).assignment
        refs = [ref(f"{ID}/ropo"), ref(ID), ref("28000001"), ref(case)]
        outcomes = [standing.outcome for standing in maventa.standings(refs)]
        assert outcomes == [Outcome.REJECTED] * 3 + [Outcome.ACCEPTED]
        sandbox.fault("error_after", path="/v1/assignments/*")
        standings = maventa.standings([ref(case), ref(case)])
        assert [standing.outcome for standing in standings] == [
            Outcome.UNKNOWN,
            Outcome.ACCEPTED,
        ]


class TestNothingLeaks(MaventaTests):
    def test_a_company_sees_its_own_only(self, sandbox):
        case = self.transferred(client(sandbox.url)).assignment
        stranger = client(sandbox.url, company=SWEDEN)
        (standing,) = stranger.standings([ref(case)])
        assert isinstance(standing.error, ChannelError)
        assert say(stranger, change(case)).outcome == Outcome.REJECTED
        assert COMPANY not in standing.error.detail

    def test_a_host_that_is_not_there_was_sent_nothing(self):
        maventa = client("http://127.0.0.1:1")
        assert say(maventa, *with_file(peppol(NUMBER))).outcome == Outcome.NOT_SENT
        with pytest.raises(NotSent):
            maventa.connect()
