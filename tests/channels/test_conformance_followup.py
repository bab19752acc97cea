"""A conformance run that continues another one: what days bring decides the rest."""

import datetime
import json

import pytest

from ... import channels
from ...channels.artificial import Papers
from ...channels.conformance import DIFFERED, HELD, UNTRIED
from ...channels.maventa import conformance_calls
from .common import ChannelTests, RawServer, client, says
from .maventa import MaventaTests
from .maventa import client as maventa_client
from .test_conformance import finding, results

RUN = "2602030405"


def script(channel, connection, **options):
    papers = Papers("fi", RUN, datetime.date.today())
    return channels.script(channel)(connection, papers, "connect", **options)


def first(channel, connection):
    """The report of a first run, as it is kept."""
    return json.loads(json.dumps(script(channel, connection).run().as_dict()))


def names_of(earlier, result):
    return {row["key"] for row in earlier["findings"] if row["result"] == result}


class TestRopoOne(ChannelTests):
    @pytest.fixture
    def earlier(self, sandbox):
        return first("ropo_one", client(sandbox.url))

    def case(self, earlier, name):
        return earlier["sent"][name]["assignment"]

    def go_on(self, sandbox, earlier):
        """What happens at Ropo within days; the messages that the webhook got."""
        sandbox.post("age", days=8)
        for name, stage in (("consumer", "legal"), ("collection", "payment_plan")):
            sandbox.post(f"jobs/{self.case(earlier, name)}/stage", stage=stage)
        job = f"jobs/{self.case(earlier, 'collection')}"
        sandbox.post(f"{job}/comment", text="The debtor called")
        for amount in (30.0, -30.0):
            sandbox.post(f"{job}/pay", amount=amount)
        sandbox.post(f"{job}/stage", stage="closed")
        receiver = RawServer(says("200 OK"))
        sandbox.post("webhooks", cid="700001", url=receiver.url, user="u", password="p")
        sandbox.post("webhooks/deliver")
        receiver.stop()
        bodies = [text.partition("\r\n\r\n")[2] for text in receiver.received]
        messages = [raw for body in bodies for raw in json.loads(body)["messages"]]
        return [{"source": "webhook", "raw": message} for message in messages]

    def test_what_only_days_show_is_decided_by_what_happened(self, sandbox, earlier):
        received = self.go_on(sandbox, earlier)
        before = sandbox.jobs()
        options = {"earlier": earlier, "received": received}
        report = script("ropo_one", client(sandbox.url), **options).run()
        # What the ledger alone shows stays as it is.
        left = {"echo", "reported_money", "near_money"}
        assert results(report) == {
            row["key"]: UNTRIED if row["key"] in left else HELD
            for row in earlier["findings"]
        }
        assert len(sandbox.jobs()) == len(before)
        assert report.sent == earlier["sent"]

    def test_nothing_that_happened_leaves_it_as_it_was(self, sandbox, earlier):
        report = script("ropo_one", client(sandbox.url), earlier=earlier).run()
        assert results(report) == {
            **{row["key"]: row["result"] for row in earlier["findings"]},
            "messages": HELD,  # of a credit note, which the first run does not ask for
        }
        assert finding(report, "stage_codes").got == "Not seen yet: 3, 4, 103"
        text = "No message has come to the webhook yet"
        assert finding(report, "webhook").got == text

    def test_it_sends_nothing(self, sandbox, earlier):
        before = sandbox.state()["calls"]
        script("ropo_one", client(sandbox.url), earlier=earlier).run()
        after = sandbox.state()["calls"]
        writes = ["POST /rest/jobs", "POST /rest/jobs/payment"]
        assert [after[call] - before[call] for call in writes] == [0, 0]

    def test_an_echo_is_known_by_its_mark_and_the_day_of_the_first_run(self, sandbox):
        values = {"cid": "7", "apicode": "code", "status_rows": "full"}
        sandbox.post("profiles", **values)
        ropo = client(sandbox.url, "7", "code")
        earlier = first("ropo_one", ropo)
        sandbox.post("age", days=8)
        report = script("ropo_one", ropo, earlier=earlier).run()
        assert finding(report, "echo").result == HELD
        earlier["started"] = "2020-01-01T00:00:00+00:00"
        report = script("ropo_one", ropo, earlier=earlier).run()
        assert finding(report, "echo").result == DIFFERED

    def test_a_code_that_nobody_knows_differs(self, sandbox, earlier):
        self.go_on(sandbox, earlier)
        stages = {**channels.get("ropo_one").stages}
        del stages["3"]
        ropo = client(sandbox.url)
        report = script("ropo_one", ropo, earlier=earlier, stages=stages).run()
        found = finding(report, "stage_codes")
        assert found.result == DIFFERED
        assert "consumer: 3 Legal collection" in found.got

    def test_a_stage_that_the_customers_list_contradicts_differs(
        self, sandbox, earlier
    ):
        self.go_on(sandbox, earlier)
        stages = {**channels.get("ropo_one").stages, "3": "paid"}
        ropo = client(sandbox.url)
        report = script("ropo_one", ropo, earlier=earlier, stages=stages).run()
        found = finding(report, "stage_codes")
        assert found.result == DIFFERED
        assert "consumer: 3 Legal collection, listed as collection" in found.got

    def test_a_message_with_other_ids_day_and_code_is_no_twin(self, sandbox, earlier):
        received = self.go_on(sandbox, earlier)
        for each in received:
            each["raw"] |= {"id": "other", "paydate": "2020-01-01"}
        options = {"earlier": earlier, "received": received}
        report = script("ropo_one", client(sandbox.url), **options).run()
        assert finding(report, "poll_and_webhook").result == DIFFERED

    def test_taken_back_before_it_was_paid_differs(self, sandbox, earlier):
        job = f"jobs/{self.case(earlier, 'collection')}"
        sandbox.post(f"{job}/pay", amount=-30.0)
        report = script("ropo_one", client(sandbox.url), earlier=earlier).run()
        assert finding(report, "reversed_payment").result == DIFFERED

    def test_what_differed_before_is_not_forgotten(self, sandbox, earlier):
        for row in earlier["findings"]:
            if row["key"] == "payment":
                row |= {"result": DIFFERED, "got": "as it was"}
        report = script("ropo_one", client(sandbox.url), earlier=earlier).run()
        found = finding(report, "payment")
        assert (found.result, found.got) == (DIFFERED, "as it was")


class TestMaventa(MaventaTests):
    def client(self, sandbox):
        return maventa_client(sandbox.url, timeout=20)

    def go_on(self, sandbox, earlier):
        sandbox.post("age", days=8)
        for name, status in (
            ("person", "debt_collection"),
            ("several", "reminder_sent"),
        ):
            case = f"maventa/assignments/{earlier['sent'][name]['assignment']}"
            sandbox.post(f"{case}/stage", collection_status=status)
            sandbox.post(f"{case}/fees", interest=1.25, noticefee=5)
        sandbox.post(f"{case}/pay", amount=20)

    def test_what_only_days_show_is_decided_by_what_happened(self, sandbox):
        maventa = self.client(sandbox)
        earlier = first("maventa", maventa)
        self.go_on(sandbox, earlier)
        report = script("maventa", maventa, earlier=earlier).run()
        assert results(report) == {
            row["key"]: UNTRIED
            if row["key"] in ("production_address", "no_webhook")
            else HELD
            for row in earlier["findings"]
        }
        got = finding(report, "open_amounts").got
        assert "person: 125.5 and 6.25 open, 125.5 of the capital unpaid" in got
        assert "several: 105.5 and 6.25 open, 105.5 of the capital unpaid" in got

    def test_a_transfer_that_was_pending_is_looked_at_again(self, sandbox, monkeypatch):
        monkeypatch.setattr(conformance_calls, "WAITS", ())
        self.company(sandbox, service="ACTIVE", transfer="pending")
        maventa = self.client(sandbox)
        earlier = first("maventa", maventa)
        assert "transfer_state" in names_of(earlier, UNTRIED)
        for invoice in self.state(sandbox)["invoices"]:
            if invoice["transfer"]:
                path = f"maventa/invoices/{invoice['id']}/transfer"
                sandbox.post(path, status="sent")
        report = script("maventa", maventa, earlier=earlier).run()
        assert finding(report, "transfer_state").result == HELD
        transferred = [sent for sent in report.sent.values() if "open" in sent]
        assert len([sent for sent in transferred if sent["assignment"]]) == 4

    def test_fees_that_are_in_the_capital_differ(self, sandbox):
        maventa = self.client(sandbox)
        earlier = first("maventa", maventa)
        self.go_on(sandbox, earlier)
        for sent in earlier["sent"].values():
            sent["open"] = 100.0
        report = script("maventa", maventa, earlier=earlier).run()
        assert finding(report, "open_amounts").result == DIFFERED

    def test_it_sends_nothing(self, sandbox):
        maventa = self.client(sandbox)
        earlier = first("maventa", maventa)
        before = sandbox.state()["calls"]
        script("maventa", maventa, earlier=earlier).run()
        after = sandbox.state()["calls"]
        writes = [call for call in after if call.startswith("POST")]
        assert {call: after[call] - before[call] for call in writes} == {
            call: 0 for call in writes
        }
