"""The token: given, renewed, refused, and what a refusal of it means."""

import threading
from urllib.parse import parse_qs

import pytest

from ...channels import get
from ...channels.base import Token
from ...channels.errors import (
    ChannelError,
    CredentialsRefused,
    NotSent,
    Outcome,
    Reason,
    RightsRefused,
    Throttled,
)
from ...channels.maventa import Maventa
from ...channels.maventa.connection import receivables_base
from .common import GOOD, claim, says, whole_text
from .maventa import (
    COMPANY,
    TENANT,
    TRANSFERS,
    USER_KEY,
    VENDOR_KEY,
    MaventaTests,
    Script,
    change,
    client,
    peppol,
    refuses,
    say,
    with_file,
)

ID = "0e4f5c92-6d3b-4f0f-9d0c-1f2e3d4c5b6a"
NO_RIGHT = {"code": "insufficient_scope", "message": "No right", "details": []}
INVOICE, FILES = with_file(peppol("INV/2026/00001"))


class TestToken(MaventaTests):
    def tokens_of(self, sandbox):
        return sandbox.state()["calls"].get("POST /oauth2/token", 0)

    def test_what_is_asked_with(self):
        server = Script()
        client(server.url).connect()
        server.stop()
        (request,) = server.received
        head, _, body = request.partition("\r\n\r\n")
        assert "Content-Type: application/x-www-form-urlencoded" in head
        assert "Authorization" not in head
        assert parse_qs(body) == {
            "grant_type": ["client_credentials"],
            "client_id": [COMPANY],
            "client_secret": [USER_KEY],
            "vendor_api_key": [VENDOR_KEY],
            "scope": [
                "company:read company:write invoice:send receivables:assignments"
            ],
        }

    def test_one_token_for_many_calls(self, sandbox):
        maventa = client(sandbox.url)
        self.transferred(maventa)
        self.transferred(maventa)
        assert self.tokens_of(sandbox) == 1
        assert maventa.token.lacks == ()
        assert maventa.token.good_for(3500)
        assert not maventa.token.good_for(3700)

    def test_token_past_its_time_is_renewed(self, sandbox):
        maventa = client(sandbox.url, token=Token("old", 1.0))
        assert say(maventa, INVOICE, FILES).outcome == Outcome.ACCEPTED
        assert self.tokens_of(sandbox) == 1

    def test_refused_token_is_renewed_once_and_the_call_repeated(self, sandbox):
        sandbox.fault("expired_token", path="/v1/invoices")
        answer = say(client(sandbox.url), INVOICE, FILES)
        assert answer.outcome == Outcome.ACCEPTED
        assert self.tokens_of(sandbox) == 2
        assert sandbox.state()["calls"]["POST /v1/invoices"] == 2

    def test_threads_with_a_bad_token_fetch_one_new_one(self, sandbox):
        sandbox.post("latency", ms=50)
        maventa = client(sandbox.url, token=Token("bad", 2**40), connections=8)
        together = threading.Barrier(8)
        outcomes = []

        def call(number):
            values = {"own_reference": number, "number": f"INV/{number}"}
            document, files = with_file(peppol(f"INV/{number}"), **values)
            together.wait()
            outcomes.append(say(maventa, document, files).outcome)

        threads = [threading.Thread(target=call, args=[n]) for n in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes == [Outcome.ACCEPTED] * 8
        assert self.tokens_of(sandbox) == 1

    @pytest.mark.parametrize(
        "values, text",
        [
            ({"user_key": "wrong"}, "Wrong client_id or client_secret"),
            (
                {"vendor_key": "wrong"},
                "Vendor API key is missing, wrong or disabled",
            ),
            ({"company": ID}, "Wrong client_id or client_secret"),
        ],
    )
    def test_wrong_credentials(self, sandbox, values, text):
        with pytest.raises(CredentialsRefused) as caught:
            client(sandbox.url, **values).connect()
        assert caught.value.detail == text
        answer = say(client(sandbox.url, **values), INVOICE, FILES)
        assert (answer.outcome, answer.reason) == (
            Outcome.NOT_SENT,
            Reason.CREDENTIALS,
        )

    def test_company_uuid_that_is_none_is_never_asked_with(self, sandbox):
        with pytest.raises(CredentialsRefused) as caught:
            client(sandbox.url, company="1234567-1").connect()
        assert caught.value.detail == "The company UUID is no UUID"
        assert sandbox.state()["calls"] == {}

    @pytest.mark.parametrize(
        "kind, error, reason",
        [
            ("drop_before", NotSent, Reason.CUT),
            ("drop_after", NotSent, Reason.CUT),
            ("error_after", NotSent, Reason.SERVER),
            ("gateway_before", NotSent, Reason.GATEWAY),
            ("garbled", NotSent, Reason.UNREADABLE),
            ("throttle", Throttled, Reason.THROTTLED),
        ],
    )
    def test_without_a_token_nothing_was_sent(self, sandbox, kind, error, reason):
        sandbox.fault(kind, path="/oauth2/token")
        with pytest.raises(error) as caught:
            client(sandbox.url).connect()
        assert caught.value.reason == reason
        sandbox.fault(kind, path="/oauth2/token")
        answer = say(client(sandbox.url), INVOICE, FILES)
        assert answer.outcome == error.outcome
        assert "POST /v1/invoices" not in sandbox.state()["calls"]

    def test_refusal_in_the_words_of_the_standard(self):
        body = {"error": "invalid_client", "error_description": "Unknown client"}
        assert self.refusal_of_token("401 Unauthorized", body) == (
            Reason.CREDENTIALS,
            "Unknown client",
        )
        body = {"error": "invalid_scope"}
        found = self.refusal_of_token("400 Bad Request", body)
        assert found == (Reason.RIGHTS, "invalid_scope")

    @pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
    def test_gateway_refuses_no_credentials(self, status):
        body = {"error": "forbidden"}
        reason, _text = self.refusal_of_token(status, body)
        assert reason == Reason.GATEWAY

    def test_keys_that_are_repeated_are_not_shown(self):
        message = f"Wrong {USER_KEY} or {VENDOR_KEY} of {COMPANY}"
        body = {"code": "invalid_client", "message": message, "details": []}
        _reason, text = self.refusal_of_token("401 Unauthorized", body)
        assert text == f"Wrong … or … of {COMPANY}"

    def refusal_of_token(self, status, body):
        server = Script()
        server._answer = refuses(status, body)
        try:
            client(server.url).connect()
        except ChannelError as error:
            return error.reason, error.detail
        finally:
            server.stop()


class TestRights(MaventaTests):
    """401 is a bad token or a missing right: which one, and who can do what."""

    def without_right(self, sandbox):
        scopes = ["receivables:assignments"]
        self.company(sandbox, service="ACTIVE", no_right_to=scopes)

    def test_token_that_lacks_a_scope_shows_it(self, sandbox):
        self.without_right(sandbox)
        maventa = client(sandbox.url)
        assert maventa.connect().lacks == ("receivables:assignments",)

    def test_missing_right_is_told_apart_and_stops_nothing_else(self, sandbox):
        self.without_right(sandbox)
        maventa = client(sandbox.url)
        sent = self.sent(maventa)
        assert sent.outcome == Outcome.ACCEPTED
        document = claim(invoice_id=sent.assignment, debtor=TENANT)
        answer = say(maventa, document)
        assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, Reason.RIGHTS)
        assert "it needs receivables:assignments" in answer.error
        assert answer.error.endswith("not granted: receivables:assignments")
        assert self.sent(maventa).outcome == Outcome.ACCEPTED

    def test_missing_right_with_a_token_of_another_run(self, sandbox):
        self.without_right(sandbox)
        kept = client(sandbox.url).connect()
        maventa = client(sandbox.url, token=Token(kept.value, kept.expires))
        with pytest.raises(RightsRefused):
            list(maventa.updates())

    def test_company_that_is_not_verified(self, sandbox):
        self.company(sandbox, verified=False)
        answer = say(client(sandbox.url), INVOICE, FILES)
        assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, Reason.RIGHTS)
        assert "not verified" in answer.error

    @pytest.mark.parametrize(
        "body, current, reason",
        [
            (NO_RIGHT, refuses("200 OK", {}), Reason.RIGHTS),
            (NO_RIGHT, refuses("401 Unauthorized", NO_RIGHT), Reason.CREDENTIALS),
            (NO_RIGHT, refuses("403 Forbidden", NO_RIGHT), Reason.GATEWAY),
            (NO_RIGHT, refuses("500 Error", {}), Reason.SERVER),
            ({"message": "No"}, refuses("200 OK", {}), Reason.GATEWAY),
            ([], refuses("200 OK", {}), Reason.GATEWAY),
        ],
    )
    def test_fresh_token_refused(self, body, current, reason):
        refused = refuses("401 Unauthorized", body)
        server = Script(**{"/v1/invoices": refused, "/oauth2/current": current})
        answer = say(client(server.url, token=GOOD), INVOICE, FILES)
        server.stop()
        assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, reason)

    def test_fresh_token_refused_without_a_word(self):
        server = Script(**{"/v1/invoices": says("401 Unauthorized")})
        answer = say(client(server.url), INVOICE, FILES)
        server.stop()
        assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, Reason.GATEWAY)


class TestSecrets(MaventaTests):
    def test_no_secret_in_logs_errors_or_answers(self, sandbox, log_text):
        texts = []
        for kind in ("expired_token", "drop_after", "garbled", "error_after"):
            for path in ("/v1/invoices", TRANSFERS, "/oauth2/token"):
                maventa = client(sandbox.url)
                sandbox.fault(kind, path=path, times=2)
                texts += [repr(self.transferred(maventa)), maventa.token.value]
                texts.append(repr(maventa))
                sandbox.fault(kind, path=path, times=2)
                try:
                    maventa.connect()
                    list(maventa.updates())
                except ChannelError as error:
                    texts.append(whole_text(error))
        tokens = [text for text in texts if text.startswith("ey")]
        seen = log_text() + "".join(text for text in texts if text not in tokens)
        assert tokens and "/oauth2/token" in seen
        for secret in (USER_KEY, VENDOR_KEY, "Example Oy", *tokens):
            assert secret not in seen
        assert COMPANY not in log_text()


class TestHosts(MaventaTests):
    @pytest.mark.parametrize(
        "base, given, root",
        [
            ("http://127.0.0.1:8", "", "http://127.0.0.1:8"),
            (
                "https://ax-stage.maventa.com/",
                "",
                "https://receivables-stage.maventa.com",
            ),
            ("https://ax.maventa.com", "", "https://receivables.maventa.com"),
            ("https://ax.maventa.com", "https://x.example", "https://x.example"),
        ],
    )
    def test_the_receivables_api_has_a_root_of_its_own(self, base, given, root):
        assert receivables_base(base, given) == root

    def test_each_api_is_asked_at_its_own_root(self, sandbox):
        path = "/v1/assignments/0e4f5c92-6d3b-4f0f-9d0c-1f2e3d4c5b6b/events"
        transfer = {"status": "sent", "assignment_id": path.split("/")[3]}
        invoices = Script(
            **{f"/v2/invoices/{ID}/assignment": refuses("200 OK", transfer)}
        )
        receivables = Script(**{path: refuses("201 Created", {"id": "e"})})
        maventa = client(invoices.url, receivables_base_url=receivables.url)
        assert say(maventa, change(f"{ID}/ropo")).outcome == Outcome.ACCEPTED
        list(maventa.updates())
        for server in (invoices, receivables):
            server.stop()
        assert invoices.asked == [
            "POST /oauth2/token",
            f"GET /v2/invoices/{ID}/assignment",
        ]
        assert [each.split("?")[0] for each in receivables.asked] == [
            f"POST {path}",
            "GET /v1/events",
        ]

    @pytest.mark.parametrize("root", ["http://receivables.example", "nonsense"])
    def test_root_that_is_not_safe_is_never_asked(self, sandbox, root):
        with pytest.raises(NotSent):
            client(sandbox.url, receivables_base_url=root)

    def test_hosts_are_known_by_environment_and_country(self):
        keys = {(e, c) for e in ("test", "production") for c in ("fi", "se", "no")}
        assert set(Maventa.hosts) == keys
        assert set(Maventa.further_hosts["receivables_base_url"]) == keys
        assert set(Maventa.hosts.values()) == {
            "https://ax-stage.maventa.com",
            "https://ax.maventa.com",
        }


class TestInterface:
    """Both channels have what the interface demands of all."""

    @pytest.mark.parametrize("channel", [get("ropo_one"), Maventa])
    def test_constants_and_calls(self, channel):
        for name in (
            "label",
            "capabilities",
            "credentials",
            "identity",
            "hosts",
            "further_hosts",
            "stages",
            "assumed_codes",
            "settings",
        ):
            assert hasattr(channel, name), name
        calls = "close connect freeze send find standings updates history interpret"
        for name in [*calls.split(), "messages"]:
            assert callable(getattr(channel, name)), name
        can = channel.capabilities
        optional = {
            "document": can.documents,
            "preview": can.preview,
            "debtor_page": can.debtor_page,
            "day": can.pages_are_final,
            "find_invoice": can.finds_invoices,
            "activate_service": can.activation,
            "service_state": can.activation,
            "close_service": can.activation,
        }
        for name, offered in optional.items():
            assert hasattr(channel, name) == offered, name
        assert set(channel.assumed_codes) <= set(channel.stages)
        assert {country for _environment, country in channel.hosts} == set(
            can.countries
        )

    def test_fingerprint_tells_credentials_apart_and_keeps_none(self):
        one = client("http://127.0.0.1:1")
        assert one.fingerprint == client("http://127.0.0.1:1/").fingerprint
        others = [
            client("http://127.0.0.1:1", user_key="x"),
            client("http://127.0.0.1:1", vendor_key="x"),
            client("http://127.0.0.1:1", company=ID),
            client("http://127.0.0.1:2"),
        ]
        assert len({one.fingerprint, *(each.fingerprint for each in others)}) == 5
        assert (one.profile, client("http://127.0.0.1:1", profile="p").profile) == (
            "",
            "p",
        )
