"""Every way a call can end, over real sockets."""

import datetime
import gzip
import ipaddress
import re
import socket
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ...channels.base import Token
from ...channels.errors import (
    ChannelError,
    NotSent,
    Outcome,
    Reason,
    Throttled,
    Unknown,
)
from ...channels.session import Session
from ...channels.transport import Reply, Transport, checked_url
from .common import GOOD, ChannelTests, says, whole_text

SECRET = "very-secret-token"


def call(url, *, timeout=2, method="POST", **values):
    transport = Transport(url, timeout=timeout, loopback_http=True)
    try:
        body = {"hello": 1} if method == "POST" else None
        return transport.call(method, "/rest/jobs", body=body, **values)
    finally:
        transport.close()


def failure(url, kind, **values):
    with pytest.raises(kind) as caught:
        call(url, **values)
    return caught.value


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return unused.getsockname()[1]


class TestNotSent(ChannelTests):
    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_refused_connection_is_not_sent(self, method):
        error = failure(f"http://127.0.0.1:{free_port()}", NotSent, method=method)
        assert error.reason == Reason.CONNECT
        assert error.outcome == Outcome.NOT_SENT

    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_unknown_host_is_not_sent(self, method):
        error = failure("https://nonexistent.invalid", NotSent, method=method)
        assert error.reason == Reason.DNS

    def test_tls_to_a_plain_port_is_not_sent(self, sandbox):
        error = failure(sandbox.url.replace("http:", "https:"), NotSent)
        assert error.reason == Reason.TLS

    def test_no_answer_to_tls_is_not_sent(self, serve):
        server = serve(lambda connection: time.sleep(3))
        started = time.monotonic()
        failure(server.url.replace("http:", "https:"), NotSent, timeout=0.5)
        assert time.monotonic() - started < 1.5

    def test_http_to_another_host_is_refused_before_anything_leaves(self, monkeypatch):
        monkeypatch.setattr(socket.socket, "connect", None)  # whoever tries fails
        for url in ("http://ropo24.fi", "http://192.0.2.1", "http://localhost.example"):
            with pytest.raises(NotSent) as caught:
                Transport(url, loopback_http=True)
            assert caught.value.reason == Reason.INSECURE

    def test_http_to_this_machine_only_when_allowed(self):
        for url in ("http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1/"):
            assert checked_url(url, loopback_http=True) == url.rstrip("/")
            with pytest.raises(NotSent) as caught:
                checked_url(url)
            assert caught.value.reason == Reason.INSECURE
            assert caught.value.detail == url

    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            (None, ""),
            ("", ""),
            ("ropo24.fi", "ropo24.fi"),
            ("ftp://ropo24.fi", "ftp://ropo24.fi"),
            ("https://", "https://"),
            ("https://u:p@x.fi", "x.fi"),
            ("https://user@x.fi", "x.fi"),
            ("https://:p@x.fi", "x.fi"),
            ("https://x.fi?user=u:p", "x.fi"),
            ("https://x.fi#u:p", "x.fi"),
            ("https://u:p@[x.fi", ""),
            ("https://[x.fi]", ""),
        ],
    )
    def test_what_is_no_address_is_refused_without_its_secrets(self, url, shown):
        with pytest.raises(NotSent) as caught:
            checked_url(url)
        assert (caught.value.reason, caught.value.detail) == (Reason.ADDRESS, shown)
        assert "u:p" not in str(caught.value)

    def test_address_keeps_its_path(self):
        assert checked_url(" https://x.fi/api/v1/ ") == "https://x.fi/api/v1"
        assert checked_url("https://x.fi:8443/XX/") == "https://x.fi:8443/XX"


def self_signed():
    """A key and a certificate for 127.0.0.1, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def drip(head):
    def answer(connection):
        connection.sendall(head)
        for _second in range(50):
            time.sleep(0.2)
            connection.sendall(b" ")

    return answer


class TestTls(ChannelTests):
    @pytest.fixture
    def certificate(self, tmp_path):
        path = tmp_path / "certificate.pem"
        path.write_bytes(self_signed())
        return path

    def test_https_works_and_ends_in_time(self, serve, certificate, monkeypatch):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        server = serve(says("201 Created", b"{}"), certificate=certificate)
        assert call(server.url, token=SECRET).json() == {}
        head = b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n"
        server = serve(drip(head), certificate=certificate)
        started = time.monotonic()
        assert failure(server.url, Unknown, timeout=1).reason == Reason.TIMEOUT
        assert time.monotonic() - started < 1.5

    def test_certificate_of_nobody_is_not_sent(self, serve, certificate):
        server = serve(says("201 Created", b"{}"), certificate=certificate)
        assert failure(server.url, NotSent).reason == Reason.TLS
        assert not server.received


class TestUnknown(ChannelTests):
    def test_dropped_after_the_request_is_unknown(self, serve):
        assert failure(serve(lambda _: None).url, Unknown).reason == Reason.CUT

    @pytest.mark.parametrize(
        "kind, reason",
        [
            ("drop_before", Reason.CUT),
            ("drop_after", Reason.CUT),
            ("cut", Reason.CUT),
            ("error_before", Reason.SERVER),
            ("error_after", Reason.SERVER),
        ],
    )
    def test_what_the_sandbox_breaks_is_unknown(self, sandbox, kind, reason):
        sandbox.fault(kind)
        assert failure(sandbox.url, Unknown).reason == reason

    def test_slow_answer_is_unknown(self, sandbox):
        sandbox.fault("slow", seconds=3)
        assert failure(sandbox.url, Unknown, timeout=0.3).reason == Reason.TIMEOUT

    @pytest.mark.parametrize(
        "head",
        [
            b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n",
            b"HTTP/1.1 201 Created\r\n\r\n",
        ],
        ids=["body", "body of unknown length"],
    )
    def test_dripping_answer_ends_at_the_timeout(self, serve, head):
        started = time.monotonic()
        error = failure(serve(drip(head)).url, Unknown, timeout=1)
        assert time.monotonic() - started < 1.5
        assert error.reason == Reason.TIMEOUT

    def test_kept_connection_has_its_own_timeout_for_each_call(self, serve):
        """The time of one call is not the time of the connection."""

        def answer(connection):
            for _call in range(4):
                time.sleep(0.4)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                connection.recv(65536)

        transport = Transport(serve(answer).url, timeout=1, loopback_http=True)
        for _call in range(4):
            assert transport.call("GET", "/").ok
        transport.close()

    def test_too_large_an_answer_is_not_read_to_its_end(self, serve):
        server = serve(says("200 OK", b"x" * 300_000))
        error = failure(server.url, Unknown, limit=100_000)
        assert (error.reason, error.detail) == (Reason.TOO_LARGE, "100000")
        assert len(call(server.url, limit=300_000).content) == 300_000

    @pytest.mark.parametrize(
        "answer", [b"not HTTP at all\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"]
    )
    def test_what_is_no_http_is_unknown(self, serve, answer):
        server = serve(lambda connection: connection.sendall(answer))
        assert failure(server.url, Unknown).reason == Reason.CUT

    def test_redirect_is_not_followed(self, serve):
        target = serve(says("201 Created", b"{}"))
        server = serve(says("307 Temporary Redirect", Location=target.url))
        error = failure(server.url, Unknown)
        assert (error.reason, error.detail) == (Reason.SERVER, "HTTP 307")
        assert not target.received

    @pytest.mark.parametrize("status", [300, 399, 500, 599])
    def test_answer_that_says_nothing_of_the_request_is_unknown(self, serve, status):
        error = failure(serve(says(f"{status} Odd")).url, Unknown)
        assert (error.reason, error.detail) == (Reason.SERVER, f"HTTP {status}")

    @pytest.mark.parametrize(
        ("status", "is_ok"), [(200, True), (299, True), (400, False), (499, False)]
    )
    def test_answer_of_the_api_is_returned(self, serve, status, is_ok):
        reply = call(serve(says(f"{status} So")).url)
        assert (reply.status, reply.ok) == (status, is_ok)

    def test_reply_is_ok_from_200_to_299(self):
        statuses = [status for status in range(100, 600) if Reply(status, {}, b"").ok]
        assert statuses == list(range(200, 300))

    def test_compressed_answer_is_read(self, serve):
        body = gzip.compress(b'{"a": 1}')
        server = serve(says("200 OK", body, Content_Encoding="gzip"))
        assert call(server.url).json() == {"a": 1}

    def test_no_call_takes_longer_than_the_longest(self, serve):
        server = serve(lambda _connection: time.sleep(5))
        begin = time.monotonic()
        transport = Transport(server.url, timeout=5, longest=0.3, loopback_http=True)
        with pytest.raises(Unknown) as caught:
            transport.call("GET", "/", timeout=5)
        assert caught.value.reason == Reason.TIMEOUT
        assert time.monotonic() - begin < 3

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b'{"a": ', b"\xff\xfe", b"[" * 10**6]
    )
    def test_unreadable_json_is_unknown(self, serve, body):
        reply = call(serve(says("201 Created", body)).url)
        with pytest.raises(Unknown) as caught:
            reply.json()
        assert caught.value.reason == Reason.UNREADABLE
        assert caught.value.detail == "HTTP 201"


class TestThrottled(ChannelTests):
    @pytest.mark.parametrize(
        "header, seconds",
        [
            ({}, None),
            ({"Retry_After": "7"}, 7),
            ({"Retry_After": "0"}, 0),
            ({"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
            ({"Retry_After": "\xb2"}, None),
            ({"Retry_After": "1.5"}, None),
            ({"Retry_After": "-1"}, None),
        ],
    )
    def test_429_is_throttled(self, serve, header, seconds):
        server = serve(says("429 Too Many Requests", b"{}", **header))
        assert failure(server.url, Throttled).retry_after == seconds


class TestRequest(ChannelTests):
    def test_token_travels_and_netrc_does_not(self, serve, tmp_path, monkeypatch):
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password else\n")
        monkeypatch.setenv("NETRC", str(netrc))
        server = serve(says("201 Created", b"{}"))
        call(server.url, token=SECRET)
        call(server.url)
        with_token, without = server.received
        assert f"Authorization: Bearer {SECRET}" in with_token
        assert "Authorization" not in without

    def test_what_is_asked_travels_whole(self, serve):
        server = serve(says("201 Created", b"{}"))
        call(server.url, params={"custnum": "4711"})
        call(server.url, method="GET", content=("text/plain", b"as it is"))
        call(server.url, method="GET")
        json_call, content_call, empty_call = server.received
        assert json_call.startswith("POST /rest/jobs?custnum=4711 HTTP/1.1\r\n")
        assert "\r\nAccept: application/json, application/pdf\r\n" in json_call
        assert "\r\nContent-Type: application/json\r\n" in json_call
        assert json_call.endswith('\r\n\r\n{"hello": 1}')
        assert "\r\nContent-Type: text/plain\r\n" in content_call
        assert content_call.endswith("\r\n\r\nas it is")
        assert empty_call.endswith("\r\n\r\n") and "Content-Type" not in empty_call

    def test_number_that_json_lacks_is_never_sent(self, serve):
        server = serve(says("201 Created", b"{}"))
        transport = Transport(server.url, loopback_http=True)
        with pytest.raises(ValueError, match="Out of range"):
            transport.call("POST", "/", body={"amount": float("nan")})
        assert not server.received

    def test_call_to_this_machine_uses_no_proxy(self, serve, monkeypatch):
        proxy = serve(says("201 Created", b"{}"))
        server = serve(says("201 Created", b"{}"))
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("all_proxy", proxy.url)
        call(server.url)
        assert (len(proxy.received), len(server.received)) == (0, 1)

    def test_nothing_is_said_twice_by_itself(self, serve):
        server = serve(lambda _: None)
        failure(server.url, Unknown)
        assert len(server.received) == 1

    @pytest.mark.parametrize(
        "answer",
        [
            says("201 Created", b"{}"),
            says("500 Oops"),
            says("429 Wait"),
            lambda _: None,
        ],
    )
    def test_no_secret_in_logs_or_errors(self, serve, answer, log_text):
        server = serve(answer)
        try:
            call(server.url, token=SECRET)
        except Exception as error:
            assert SECRET not in whole_text(error)
        assert "POST /rest/jobs" in log_text()
        assert SECRET not in log_text()
        assert "hello" not in log_text()


class TestLog(ChannelTests):
    """One line for each call, which operators can search; never a secret or a body."""

    def line(self, log_text, url, kind=(), **values):
        """What one call adds to the log of operations."""
        before = self.lines(log_text)
        transport = Transport(url, timeout=2, loopback_http=True, caller=7)
        try:
            transport.call("POST", "/rest/jobs", **values)
        except ChannelError as error:
            assert isinstance(error, kind)
        finally:
            transport.close()
        (line,) = self.lines(log_text)[len(before) :]
        return re.sub(r" ms=\d+ ", " ms=N ", line)

    def lines(self, log_text):
        return [line for line in log_text().splitlines() if "operation=" in line]

    def test_each_call_logs_its_account_operation_outcome_time_and_attempt(
        self, log_text, serve
    ):
        for status, kind, outcome in (
            ("200 OK", (), "accepted"),
            ("400 Bad Request", (), "rejected"),
            ("429 Too Many", Throttled, "throttled"),
            ("500 Oops", Unknown, "unknown"),
        ):
            url = serve(says(status, b"{}")).url
            assert self.line(log_text, url, kind, body={}, attempt=2) == (
                f'account=7 operation="POST /rest/jobs" status={status[:3]} '
                f"outcome={outcome} ms=N attempt=2"
            )

    def test_a_call_that_never_left_is_logged_too(self, log_text):
        url = f"http://127.0.0.1:{free_port()}"
        assert self.line(log_text, url, NotSent, body={}) == (
            'account=7 operation="POST /rest/jobs" status=- outcome=not_sent ms=N '
            "attempt=1"
        )

    def test_no_secret_body_or_parameter_is_logged(self, log_text, serve):
        line = self.line(
            log_text,
            serve(says("200 OK", b"{}")).url,
            token=SECRET,
            body={"name": "Private Person"},
            params={"custnum": "4711-Private"},
        )
        for hidden in (SECRET, "Private", "4711"):
            assert hidden not in line

    def test_what_is_called_again_with_a_fresh_token_is_the_second_attempt(self):
        attempts = []

        def call(token, attempt):
            attempts.append((token, attempt))
            return Reply(401 if attempt == 1 else 200, {}, b"")

        session = Session(lambda: GOOD, Token("stale", 2**40), ())
        assert session.call(call).status == 200
        assert attempts == [("stale", 1), (GOOD.value, 2)]
