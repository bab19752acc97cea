"""The conformance run: what is assumed of a service, held against its sandbox."""

import ast
import datetime
import json
from pathlib import Path

import pytest

from ... import channels
from ...channels.artificial import PERSON_NUMBERS, Papers, payment_reference
from ...channels.conformance import (
    DIFFERED,
    HELD,
    UNTRIED,
    Finding,
    Proposal,
    assumptions,
)
from ...channels.errors import CredentialsRefused
from ..common import Sandbox
from .common import (
    APICODE,
    CID,
    GOOD,
    ChannelTests,
    change,
    claim,
    client,
    invoice,
    says,
)

ROOT = Path(__file__).resolve().parents[2]
RUN = "2602030405"
# What takes days, money or a webhook.
LATER = {
    "stage_codes",
    "poll_and_webhook",
    "messages",
    "webhook",
    "day_of_payment",
    "reversed_payment",
    "echo",
    "reported_money",
    "near_money",
}


def script(client, country="fi", model="connect", **options):
    papers = Papers(country, RUN, datetime.date.today())
    return channels.script("ropo_one")(client, papers, model, **options)


def results(report):
    return {finding.key: finding.result for finding in report.findings}


def expected(untried=()):
    return {
        key: UNTRIED if key in {*LATER, *untried} else HELD
        for key in assumptions("ropo_one")
    }


def finding(report, key):
    (found,) = [each for each in report.findings if each.key == key]
    return found


class TestAssumptions:
    @pytest.mark.parametrize("channel", channels.CHANNELS)
    def test_each_names_code_that_exists(self, channel):
        places = [
            (place.file, name)
            for assumption in assumptions(channel).values()
            for place in assumption.where
            for name in place.names
        ]
        missing = [(file, name) for file, name in places if name not in names_in(file)]
        assert places and not missing

    @pytest.mark.parametrize("channel", channels.CHANNELS)
    def test_each_has_a_grade_and_a_source(self, channel):
        found = assumptions(channel).values()
        bare = [one.key for one in found if not (one.grade in "SDA" and one.source)]
        assert not bare

    @pytest.mark.parametrize("channel", channels.CHANNELS)
    def test_each_is_decided_by_steps_and_says_what_is_expected(self, channel):
        script_of = channels.script(channel)
        steps = {*script_of.steps(), *script_of.followups()}
        undecided = [
            assumption.key
            for assumption in assumptions(channel).values()
            if not assumption.expected
            or not assumption.steps
            or not steps.issuperset(assumption.steps)
        ]
        assert not undecided

    def test_the_expectation_names_statuses_and_keys(self):
        assert assumptions("ropo_one")["payment"].expectation == (
            "`capitalafter` is lower than `capitalbefore` by the amount; HTTP 201; "
            "with statusid, capitalbefore, capitalafter"
        )

    def test_the_readme_lists_each_that_no_document_confirms(self):
        readme = " ".join((ROOT / "README.rst").read_text(encoding="utf-8").split())
        missing = [
            assumption.key
            for channel in channels.CHANNELS
            for assumption in assumptions(channel).values()
            if (assumption.text in readme) != (assumption.grade == "A")
        ]
        assert not missing


def names_in(file):
    """What a file defines at its top, and in its classes, as `Class.name`, too."""
    found = set()
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        names = _names(node)
        found |= names
        if isinstance(node, ast.ClassDef):
            inner = {name for member in node.body for name in _names(member)}
            found |= inner | {f"{node.name}.{name}" for name in inner}
        # A keyword of what is made at the top, such as a capability.
        found |= {
            keyword.arg
            for call in ast.walk(node)
            if isinstance(node, ast.Assign) and isinstance(call, ast.Call)
            for keyword in call.keywords
        }
    return found


def _names(node):
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return set()


class TestRun(ChannelTests):
    @pytest.mark.parametrize(
        "cid, apicode, country, model, untried",
        [
            ("700001", "sandbox-apicode", "fi", "connect", ()),
            ("700002", "sandbox-apicode-2", "fi", "unify", ["credit_note_connect"]),
            ("700003", "sandbox-apicode-3", "se", "connect", ["notice_date"]),
            ("7", "code", "no", "connect", ["notice_date"]),
            ("7", "code", "fi", "embed", ["credit_note_connect"]),
        ],
    )
    def test_all_that_a_day_shows_holds(
        self, sandbox, cid, apicode, country, model, untried
    ):
        if cid == "7":
            sandbox.post(
                "profiles",
                cid=cid,
                apicode=apicode,
                country=country,
                service_model=model,
            )
        report = script(client(sandbox.url, cid, apicode), country, model).run()
        assert results(report) == expected(untried)
        assert report.unknown == {} and report.proposals == []

    def test_what_ropo_reports_of_our_payments_is_seen_where_it_does(self, sandbox):
        sandbox.post("profiles", cid="7", apicode="code", status_rows="full")
        report = script(client(sandbox.url, "7", "code")).run()
        wanted = {**expected(), "messages": HELD, "echo": HELD}
        assert results(report) == wanted

    def test_documents_are_obviously_artificial(self, sandbox):
        script(client(sandbox.url)).run()
        jobs = sandbox.jobs()
        assert jobs
        for job in jobs:
            assert job["receiver"].endswith("(TEST, do not pay)")
            assert job["billnum"].startswith(f"TEST-{RUN}-")
            assert job["dataset"]["email"] == "test@example.com"

    def test_the_report_has_no_secret_and_no_personal_number(self, sandbox):
        ropo = client(sandbox.url)
        text = json.dumps(script(ropo).run().as_dict())
        secrets = [APICODE, ropo.token.value, PERSON_NUMBERS["fi"]]
        assert ropo.token.value
        assert [secret for secret in secrets if secret in text] == []

    def test_what_is_fetched_about_other_documents_is_kept_and_not_shown(self, sandbox):
        ropo = client(sandbox.url)
        ropo.send([ropo.freeze(claim(number="R-1"))])
        sandbox.post(f"jobs/{sandbox.job()['jobid']}/comment", text="Of a debtor")
        kept = []
        report = script(ropo, keep=kept.extend).run()
        (row,) = sandbox.job(billnum="R-1")["events"]
        assert kept == [row]
        assert "Of a debtor" not in json.dumps(report.as_dict())
        assert results(report) == expected()

    def test_no_step_begins_when_the_time_is_up(self, sandbox):
        report = script(client(sandbox.url), seconds=1e-9).run()
        assert set(results(report).values()) == {UNTRIED}
        assert finding(report, "token").got == "No time was left for it"
        assert sandbox.state()["calls"] == {}

    def test_a_step_that_fails_leaves_the_others(self, sandbox):
        sandbox.fault("drop_after", "/rest/jobs/findbyendcustomer", times=None)
        report = script(client(sandbox.url)).run()
        lost = {"lookup", "customer_list", "notice_fee", "payment", "untyped_payment"}
        lost |= {"reversal", "refused_payments", "paid_takes_nothing", "stage_rows"}
        lost |= {"row_names", "rows_by_date", "times"}
        wrong = {
            key: result
            for key, result in results(report).items()
            if result != expected(lost)[key]
        }
        assert wrong == {}
        assert "cut" in finding(report, "customer_list").got

    def test_wrong_credentials_end_it_with_the_reason(self, sandbox):
        report = script(client(sandbox.url, apicode="other")).run()
        assert set(results(report).values()) == {UNTRIED, HELD, DIFFERED}
        assert finding(report, "token").result == DIFFERED
        assert finding(report, "document") == Finding(
            "document", UNTRIED, "An earlier step brought no answer to go on with"
        )
        assert sandbox.jobs() == []

    def test_a_path_that_leads_nowhere_brings_the_proposal_of_one_that_does(
        self, sandbox
    ):
        ropo = client(sandbox.url, settings={"path_preview": "/jobs/nowhere"})
        report = script(ropo).run()
        assert finding(report, "paths") == Finding(
            "paths",
            DIFFERED,
            "/jobs/nowhere: HTTP 404; /jobs/preview answers",
            (Proposal("path_preview", "/jobs/preview", "/jobs/nowhere"),),
        )

    def test_calls_at_once_grow_until_one_is_refused(self, sandbox):
        sandbox.post("profiles", cid=CID, apicode=APICODE, concurrency=3)
        sandbox.post("latency", ms=50)
        report = script(client(sandbox.url, connections=16)).run()
        notes = [text for step, text in report.notes if step == "at_once"]
        assert notes == ["4 calls at once: 1 refused with 429"]
        assert results(report)["too_many_calls"] == HELD


class TestOtherDialect(ChannelTests):
    """What differs in a way that a setting covers brings the proposal of its value."""

    @pytest.fixture(scope="class")
    @classmethod
    def sandbox_process(cls):
        sandbox = Sandbox("--dialect", "other")
        yield sandbox
        sandbox.stop()

    PROPOSED = {
        "path_preview": "/jobs/pdf/preview",
        "path_localprint": "/jobs/print",
        "status_rows": "updates.rows",
        "payment_sign": "-1",
        "error_keys": "traceId",
        "duplicate_words": "on varattu",
        "status_code:112": "credited",
    }

    def test_what_differs_brings_proposals_with_which_all_holds(self, sandbox):
        report = script(client(sandbox.url)).run()
        proposed = {one.setting: one.value for one in report.proposals}
        assert proposed == self.PROPOSED
        differing = {"stage_codes", "paths", "status_wrapper", "payment"}
        differing |= {"wrong_credentials", "duplicate_words"}
        assert results(report) == expected() | dict.fromkeys(differing, DIFFERED)

        sandbox.reset()
        code = proposed.pop("status_code:112")
        stages = {**channels.get("ropo_one").stages, "112": code}
        again = script(client(sandbox.url, settings=proposed), stages=stages).run()
        assert results(again) == expected()
        assert again.proposals == []

    def test_the_client_agrees_with_the_proposals(self, sandbox):
        settings = {k: v for k, v in self.PROPOSED.items() if ":" not in k}
        ropo = client(sandbox.url, settings=settings)
        (sent,) = ropo.send([ropo.freeze(claim(amount=50.0))])
        for amount, rest in ((20.0, 30.0), (-5.0, 35.0), (35.0, 0.0)):
            paid = ropo.freeze(change(assignment=sent.assignment, amount=amount))
            (answer,) = ropo.send([paid])
            assert (answer.outcome, answer.after.capital) == ("accepted", rest)
        (page,) = ropo.updates()
        assert [row["statuscode"] for row in page.rows] == ["101"]
        assert ropo.preview(ropo.freeze(invoice())).startswith(b"%PDF-")
        printed = ropo.freeze(invoice(handling="local_print"))
        (answer,) = ropo.send([printed])
        assert answer.document.startswith(b"%PDF-")
        (again,) = ropo.send([ropo.freeze(invoice())])
        assert again.is_duplicate
        with pytest.raises(CredentialsRefused):
            client(sandbox.url, apicode="x", settings=settings).connect()

    def test_the_further_key_is_shown_as_new_and_the_wrapper_as_no_field(self, sandbox):
        report = script(client(sandbox.url)).run()
        for name in ("currentstatus", "statuscode"):
            assert report.unknown.pop(name) == {"112": ""}
        names = {name for values in report.unknown.values() for name in values}
        assert names == {"traceId"}
        assert "GET /jobs/statusupdates, a row" in report.unknown


class TestUnknown(ChannelTests):
    def test_fields_and_codes_that_nobody_knew_are_collected(self, serve):
        row = {
            "billnum": "TEST-1",
            "statusid": "C1",
            "statuscode": 112,
            "statustype": "sms",
            "newkey": "x",
        }
        body = json.dumps({"result": {"status": [row]}}).encode()
        ropo = client(serve(says("200 OK", body)).url, token=GOOD)
        asked = script(ropo)
        asked.updates()
        assert asked.report.unknown == {
            "GET /jobs/statusupdates, a row": {"newkey": "x"},
            "statuscode": {"112": ""},
            "statustype": {"sms": "None"},
        }


@pytest.mark.parametrize(
    "country, digits, reference",
    [("fi", "123", "1232"), ("se", "123", "1230"), ("no", "123", "1230")],
)
def test_payment_references_have_the_check_digit_of_their_country(
    country, digits, reference
):
    assert payment_reference(country, digits) == reference
