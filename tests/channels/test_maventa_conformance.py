"""The conformance run over Maventa, held against its sandbox."""

import datetime
import functools
import json
from urllib.parse import urlsplit

import pytest

from ... import channels
from ...channels.artificial import PERSON_NUMBERS, Papers
from ...channels.conformance import DIFFERED, HELD, UNTRIED, Proposal, assumptions
from ...channels.errors import CredentialsRefused
from ...channels.maventa import conformance_calls, payloads, variants, words
from ..common import Sandbox
from .common import claim, invoice
from .maventa import (
    COMPANY,
    SWEDEN,
    USER_KEY,
    VENDOR_KEY,
    WITHOUT_ROPO,
    MaventaTests,
    change,
    ref,
    say,
)
from .maventa import client as maventa_client

RUN = "2602030405"
client = functools.partial(maventa_client, timeout=20)  # one file is large
NORWAY = "5f0c1f9e-0004-4a00-8000-000000000004"
# What takes days, money that Ropo adds, or production.
LATER = {"production_address", "event_stage", "open_amounts", "no_webhook"}
# What needs a service that is active.
OF_RECEIVABLES = {
    "payer",
    "capital",
    "event",
    "event_shown",
    "event_stage",
    "stages",
    "event_cursor",
    "lists",
    "transfer_state",
    "open_amounts",
    "transfer",
    "transfer_progress",
    "refusal_codes",
    "days",
    "assignment",
    "payment",
    "credit",
    "event_list",
    "seen",
}


def script(maventa, country="fi", **options):
    papers = Papers(country, RUN, datetime.date.today())
    return channels.script("maventa")(maventa, papers, **options)


def results(report):
    return {finding.key: finding.result for finding in report.findings}


def expected(untried=()):
    return {
        key: UNTRIED if key in {*LATER, *untried} else HELD
        for key in assumptions("maventa")
    }


def finding(report, key):
    (found,) = [each for each in report.findings if each.key == key]
    return found


class TestRun(MaventaTests):
    @pytest.mark.parametrize(
        "company, country", [(COMPANY, "fi"), (SWEDEN, "se"), (NORWAY, "no")]
    )
    def test_all_that_a_day_shows_holds(self, sandbox, company, country):
        values = {"company_id": company, "country": country, "service": "ACTIVE"}
        sandbox.post("maventa/companies", **values)
        report = script(client(sandbox.url, company), country).run()
        assert results(report) == expected()
        assert report.unknown == {} and report.proposals == []

    def test_without_the_service_the_rest_is_still_tried(self, sandbox):
        report = script(client(sandbox.url, WITHOUT_ROPO)).run()
        assert results(report) == expected(OF_RECEIVABLES)
        text = "The receivables service is not active: activate it, then run again"
        assert finding(report, "payer").got == text
        assert self.state(sandbox)["assignments"] == []

    def test_it_opens_and_closes_no_service(self, sandbox):
        def services():
            companies = self.state(sandbox)["companies"]
            return [each["service"] for each in companies]

        self.company(sandbox, service="ACTIVE", agreement_contact_email="a@b.example")
        before = services()
        for company in (COMPANY, SWEDEN, WITHOUT_ROPO):
            script(client(sandbox.url, company)).run()
        assert services() == before

    def test_a_transfer_that_stays_pending_is_looked_at_and_left(
        self, sandbox, monkeypatch
    ):
        monkeypatch.setattr(conformance_calls, "WAITS", (0, 0))
        self.company(sandbox, service="ACTIVE", transfer="pending")
        report = script(client(sandbox.url)).run()
        text = "Ropo has not taken it yet: look later"
        assert finding(report, "transfer_state").got == (
            f"Ropo has taken no transfer yet; {text}"
        )
        assert finding(report, "payment").result == UNTRIED
        assert finding(report, "payer").result == HELD

    def test_documents_are_obviously_artificial(self, sandbox):
        script(client(sandbox.url)).run()
        state = self.state(sandbox)
        assert len(state["invoices"]) == 23 and len(state["assignments"]) == 4
        for each in state["invoices"]:
            assert each["number"].startswith(f"TEST-{RUN}-")
            assert each["recipient"]["name"].endswith("(TEST, do not pay)")
        for case in state["assignments"]:
            for payer in case["request"]["payers"]:
                assert payer["name"].endswith("(TEST, do not pay)")
                assert payer["email"] == "test@example.com"

    def test_the_report_has_no_secret_and_no_personal_number(self, sandbox):
        maventa = client(sandbox.url)
        text = json.dumps(script(maventa).run().as_dict())
        secrets = [USER_KEY, VENDOR_KEY, maventa.token.value, PERSON_NUMBERS["fi"]]
        assert maventa.token.value
        assert [secret for secret in secrets if secret in text] == []

    def test_the_documents_of_others_are_not_shown(self, sandbox):
        maventa = client(sandbox.url)
        debtor = invoice().debtor
        case = self.transferred(maventa, debtor=debtor).assignment
        identifier = self.assignment(sandbox, case)["id"]
        sandbox.post(f"maventa/assignments/{identifier}/comment", text="Of a debtor")
        report = script(maventa).run()
        text = json.dumps(report.as_dict())
        shown = [part for part in ("Of a debtor", debtor.name, "INV/") if part in text]
        assert shown == []
        assert results(report) == expected()

    def test_a_step_that_fails_leaves_the_others(self, sandbox):
        sandbox.fault("drop_after", "/v1/events", times=None)
        report = script(client(sandbox.url)).run()
        wrong = {
            key: result
            for key, result in results(report).items()
            if result != expected()[key]
        }
        lost = dict.fromkeys(["event_cursor", "event_shown", "event_list"], UNTRIED)
        lost |= dict.fromkeys(["lists", "seen"], UNTRIED)
        assert wrong == lost
        assert "cut" in finding(report, "event_cursor").got

    def test_wrong_keys_end_it_with_the_reason(self, sandbox):
        report = script(client(sandbox.url, user_key="wrong-user-key")).run()
        assert finding(report, "token").result == DIFFERED
        assert finding(report, "invoice").result == UNTRIED
        assert self.state(sandbox)["invoices"] == []

    def test_calls_at_once_grow_until_one_is_refused(self, sandbox):
        self.company(sandbox, service="ACTIVE", concurrency=3)
        sandbox.post("latency", ms=50)
        report = script(client(sandbox.url, connections=16)).run()
        notes = [text for step, text in report.notes if step == "at_once"]
        assert notes == ["4 calls at once: 1 refused with 429"]
        assert finding(report, "too_many_calls").result == HELD


class TestOtherDialect(MaventaTests):
    """What differs in a way that a setting covers brings the proposal of its value."""

    @pytest.fixture(scope="class")
    @classmethod
    def sandbox_process(cls):
        sandbox = Sandbox("--dialect", "other")
        yield sandbox
        sandbox.stop()

    PROPOSED = {
        "maventa_error_keys": "traceId",
        "maventa_service_status": "state",
        "maventa_list_rows": "data.items",
        "maventa_next_page": "data.next",
        "maventa_payer_customer_type": "type",
        "maventa_payer_postcode": "postal_code",
        "maventa_capital_amount": "amount",
        "maventa_assignment_id": "receivable_id",
        "maventa_sum_open": "open_sum",
        "maventa_sum_fees": "cost_sum",
        "maventa_event_type": "type",
        "maventa_event_values": "data",
        "maventa_event_closed": "assignment_closed",
        "maventa_origin_own": "CREDITOR",
        "maventa_origin_ropo": "ROPO",
        "maventa_code_invoice_duplicate_uuid": "uuid_taken",
        "maventa_code_invoice_not_found": "unknown_invoice",
        "maventa_code_assignment_not_found": "not_transferred",
        "maventa_code_assignment_already_exists": "transferred_before",
        "maventa_code_assignment_closed": "case_closed",
    }
    DIFFERING = {
        "errors",
        "service_state",
        "lists",
        "payer",
        "capital",
        "transfer_state",
        "open_amounts",
        "event",
        "event_shown",
        "event_stage",
        "stages",
        "refusal_codes",
        "receivables_address",
    }

    def agreed(self, sandbox, **values):
        """A client with all that was proposed."""
        address = f"{sandbox.url}/receivables"
        values = {"settings": self.PROPOSED, "receivables_base_url": address, **values}
        return client(sandbox.url, **values)

    def test_what_differs_brings_proposals_with_which_all_holds(self, sandbox):
        report = script(client(sandbox.url)).run()
        assert {one.setting: one.value for one in report.proposals} == {
            **self.PROPOSED,
            "receivables_base_url": f"{sandbox.url}/receivables",
            "status_code:settled": "closed",
        }
        differing = dict.fromkeys(self.DIFFERING, DIFFERED)
        assert results(report) == expected() | differing

        sandbox.reset()
        stages = {**channels.get("maventa").stages, "settled": "closed"}
        again = script(self.agreed(sandbox), stages=stages).run()
        assert results(again) == expected()
        assert again.proposals == []

    def test_each_setting_that_is_proposed_is_one_of_the_channel(self):
        assert set(self.PROPOSED) <= set(channels.get("maventa").settings)

    def test_the_client_agrees_with_the_proposals(self, sandbox):
        maventa = self.agreed(sandbox)
        assert maventa.service_state() == "active"
        answer = self.transferred(maventa, amount=50.0)
        case = answer.assignment
        assert (answer.outcome, answer.progress) == ("accepted", "pending")
        identifier = self.assignment(sandbox, case)["id"]
        sandbox.post(f"maventa/assignments/{identifier}/fees", noticefee=5)
        paid = maventa.freeze(change(case))
        (answer,) = maventa.send([paid])
        assert (answer.outcome, answer.amount) == ("accepted", 20.0)
        found = maventa.find(paid, ref(case))
        assert (found.open_amount, found.reports) == (35.0, 1)
        sandbox.post(f"maventa/assignments/{identifier}/pay", amount=35)
        (standing,) = maventa.standings([ref(case)])
        assert standing.state.stage_code == "closed"
        pages = list(maventa.updates())
        rows = [maventa.interpret(row) for page in pages for row in page.rows]
        kinds = sorted((row.kind, row.is_own, row.amount) for row in rows)
        assert kinds == [
            ("closed", False, None),
            ("payment", False, 35.0),
            ("report", True, 20.0),
        ]
        refused = say(maventa, change(case))
        assert (refused.outcome, refused.meaning) == ("rejected", "ended")

    def test_every_event_of_many_pages_comes_once(self, sandbox):
        maventa = self.agreed(sandbox)
        case = self.transferred(maventa).assignment
        identifier = self.assignment(sandbox, case)["id"]
        for number in range(120):
            text = f"Comment {number}"
            sandbox.post(f"maventa/assignments/{identifier}/comment", text=text)
        rows = [row for page in maventa.updates() for row in page.rows]
        texts = {maventa.interpret(row).text for row in rows}
        assert (len(rows), len(texts)) == (120, 120)

    def test_a_lost_answer_is_found_and_what_is_not_there_is_not(self, sandbox):
        maventa = self.agreed(sandbox)
        sent = self.sent(maventa)
        values = {"invoice_id": sent.assignment, "number": sent.number}
        transfer = maventa.freeze(claim(debtor=invoice().debtor, **values))
        assert maventa.find(transfer).arrived is False
        assert say(maventa, claim(debtor=invoice().debtor, **values)).assignment
        assert maventa.find(transfer).arrived is True

    def test_without_the_settings_a_refusal_is_nobodys(self, sandbox):
        with pytest.raises(CredentialsRefused):
            self.agreed(sandbox, user_key="wrong-user-key").connect()
        answer = self.transferred(client(sandbox.url))
        assert answer.outcome == "unknown"  # its keys are not those of Maventa

    def test_the_further_key_is_shown_as_new_and_other_names_are_not(self, sandbox):
        report = script(client(sandbox.url)).run()
        assert report.unknown.pop("collection_status") == {"settled": ""}
        assert report.unknown.pop("event_type") == {"assignment_closed": ""}
        names = {name for values in report.unknown.values() for name in values}
        assert names == {"traceId"}

    def test_an_address_that_leads_nowhere_brings_that_of_another(self, sandbox):
        maventa = client(sandbox.url, receivables_base_url=f"{sandbox.url}/nowhere")
        report = script(maventa).run()
        assert finding(report, "receivables_address").proposals == (
            Proposal(
                "receivables_base_url",
                f"{sandbox.url}/receivables",
                f"{sandbox.url}/nowhere",
            ),
        )


def test_a_personal_number_is_masked_under_whatever_name_it_comes_back():
    number = PERSON_NUMBERS["fi"]
    asked = script(client("http://127.0.0.1:1"))
    assert asked.masked({"text": f"No {number}", "personal_id": "1"}) == {
        "text": "No …",
        "personal_id": "…",
    }


def test_no_other_address_that_is_tried_is_in_production():
    for base_url in ("https://ax-stage.maventa.com", "http://127.0.0.1:8090"):
        tried = variants.other_addresses(base_url, "")
        hosts = {urlsplit(url).hostname for url in tried}
        assert base_url in tried
        assert not hosts & channels.production_hosts()


def test_a_refusal_that_names_nothing_proposes_no_name():
    text = "the request is not valid"
    assert variants.payer_names(words.Words(), text) == {}


def test_the_script_knows_another_name_for_each_name_of_a_payer():
    assert set(variants.SYNONYMS) == set(words.PAYER_NAMES)
    assert payloads.NEEDED.keys() <= variants.SYNONYMS.keys()
