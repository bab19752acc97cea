"""HTTP with a known end: every call returns a reply or raises a `ChannelError`.

The difference that matters is whether the other side can have read the request. It
can only have done so once the first byte of the body was handed to the socket, so
that is what is watched, and not the type of the exception.
"""

import io
import ipaddress
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict, Unpack
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from .errors import ChannelError, NotSent, Outcome, Reason, Throttled, Unknown
from .inbound import storable
from .values import number

_logger = logging.getLogger(__name__)

JSON_LIMIT = 64 * 1024 * 1024  # bytes; far over 1,000 status rows
CHUNK = 64 * 1024

Content = tuple[str, bytes]  # its type, and its octets
Params = Mapping[str, str | int | Sequence[str]]
Auth = Callable[[requests.PreparedRequest], requests.PreparedRequest]


class CallOptions(TypedDict, total=False):
    """What a call may be given by name; see `Transport.exchange()`."""

    body: object
    content: Content | None
    params: Params | None
    limit: int
    timeout: float


class ExchangeOptions(CallOptions, total=False):
    """The same, and what a session adds."""

    token: str
    attempt: int


class TransportOptions(TypedDict, total=False):
    """What a `Transport` may be given by name."""

    timeout: float
    longest: float | None
    connections: int
    loopback_http: bool
    caller: str


class _Content(TypedDict):
    params: Params | None
    data: "_Body | None"
    headers: Mapping[str, str]


FAILURES = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_url(base_url: str | None, *, loopback_http: bool = False) -> str:
    """`base_url` without its trailing slash.

    Raises `NotSent` when it is no address, or not https. `loopback_http` allows http
    to this very machine, for a sandbox.
    """
    given = base_url or ""
    try:
        parts = urlsplit(given.strip())
    except ValueError as error:  # such as a bracket that is not closed
        raise NotSent(Reason.ADDRESS) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotSent(Reason.ADDRESS, given)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise NotSent(Reason.ADDRESS, parts.hostname)
    allowed = loopback_http and is_loopback(parts.hostname)
    if parts.scheme == "http" and not allowed:
        raise NotSent(Reason.INSECURE, given)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


class Bearer(requests.auth.AuthBase):
    """The token as an auth object, since a header would lose against a .netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Body(io.BytesIO):
    """The request's bytes; knows whether anybody began to read them.

    The HTTP client sends the headers first and then reads this, so an error before
    `started` means that no server can have acted on the request.
    """

    started = False

    def read(self, size: int | None = -1) -> bytes:
        self.started = True
        return super().read(size)


class Reply:
    """Status, headers and the whole body of an answer."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = content

    def json(self) -> object:
        """The body as JSON that can be kept; raises `Unknown` when it is none."""
        try:
            return storable(json.loads(self.content))
        except (ValueError, RecursionError) as error:
            raise Unknown(Reason.UNREADABLE, f"HTTP {self.status}") from error

    def json_or_none(self) -> object:
        try:
            return self.json()
        except Unknown:
            return None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Transport:
    """Calls to one host, from any thread.

    :param base_url: root that every path is appended to
    :param timeout: seconds for one call, from its first byte to its last
    :param longest: seconds that no call may take more than, or None
    :param connections: how many calls may be under way at once
    :param caller: for whom it calls, as the log names it
    """

    def __init__(
        self,
        base_url: str | None,
        *,
        timeout: float = 60,
        longest: float | None = None,
        connections: int = 1,
        loopback_http: bool = False,
        caller: str = "",
    ) -> None:
        self.base_url = checked_url(base_url, loopback_http=loopback_http)
        self._timeout = timeout
        self._longest = longest
        self._caller = caller
        self._session = requests.Session()
        # An error page of ours is no reason to follow another host's advice, and a
        # repeated POST is what this addon exists to avoid: no retries, no redirects.
        adapter = HTTPAdapter(pool_maxsize=connections, max_retries=0, pool_block=False)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        self._session.close()

    def call(
        self, method: str, path: str, **arguments: Unpack[ExchangeOptions]
    ) -> Reply:
        """One HTTP call; see `exchange()` for its arguments.

        :raises NotSent: no server can have acted on it
        :raises Throttled: 429
        :raises Unknown: it may have been acted upon, and nothing shows how it ended
        """
        return _checked(self.exchange(method, path, **arguments))

    def exchange(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: object | None = None,
        content: Content | None = None,
        params: Params | None = None,
        limit: int = JSON_LIMIT,
        timeout: float = 0,
        attempt: int = 1,
    ) -> Reply:
        """The reply of one HTTP call, whatever its status.

        :param body: what is sent as JSON
        :param content: what is sent as it is: `(content type, bytes)`
        :param timeout: seconds that this call may need, when more than the usual
        :param attempt: the how manieth time it is called, for the log
        :param limit: the most bytes of an answer that are read
        :raises NotSent: no server can have acted on it
        :raises Unknown: no whole reply came
        """
        stream = None
        headers = {"Accept": "application/json, application/pdf"}
        if body is not None:
            octets = json.dumps(body, allow_nan=False).encode()
            content = ("application/json", octets)
        if content is not None:
            headers["Content-Type"], octets = content
            stream = _Body(octets)
        started = time.monotonic()
        status: int | str = "-"
        outcome = Outcome.UNKNOWN
        try:
            reply = self._read(
                method,
                self.base_url + path,
                {"params": params, "data": stream, "headers": headers},
                Bearer(token) if token else _no_auth,
                limit,
                self._seconds(timeout),
            )
            status = reply.status
            outcome = _outcome(reply)
        except FAILURES as error:
            failure = _failure(error, stream)
            outcome = failure.outcome
            raise failure from error
        except ChannelError as error:
            outcome = error.outcome
            raise
        finally:
            # Neither bodies nor parameters: both can hold names and numbers of people.
            _logger.info(
                'account=%s operation="%s %s" status=%s outcome=%s ms=%d attempt=%d',
                self._caller or "-",
                method,
                path,
                status,
                outcome,
                1000 * (time.monotonic() - started),
                attempt,
            )
        return reply

    def _seconds(self, timeout: float) -> float:
        timeout = max(timeout, self._timeout)
        return timeout if self._longest is None else min(timeout, self._longest)

    def _read(
        self,
        method: str,
        url: str,
        content: _Content,
        auth: Auth,
        limit: int,
        timeout: float,
    ) -> Reply:
        end = time.monotonic() + timeout
        with self._session.request(
            method,
            url,
            **content,
            auth=auth,
            timeout=timeout,
            allow_redirects=False,
            stream=True,
            # http is for this very machine only, and no proxy is to listen.
            proxies={"http": ""},
        ) as response:
            parts = bytearray()
            # What has come, however little: the socket's own timeout begins anew with
            # every byte, so a slow answer is only seen to be one from here.
            while part := response.raw.read1(CHUNK, decode_content=True):
                parts += part
                if len(parts) > limit:
                    raise Unknown(Reason.TOO_LARGE, str(limit))
                if time.monotonic() > end and response.raw.length_remaining != 0:
                    raise Unknown(Reason.TIMEOUT)
            return Reply(response.status_code, response.headers, bytes(parts))


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Says that there is nothing to authenticate with, so that .netrc is not asked."""
    return request


def _outcome(reply: Reply) -> Outcome:
    try:
        return Outcome.ACCEPTED if _checked(reply).ok else Outcome.REJECTED
    except ChannelError as error:
        return error.outcome


def _checked(reply: Reply) -> Reply:
    if reply.status == 429:
        detail = reply.headers.get("Retry-After", "")
        raise Throttled(retry_after=_seconds(detail))
    if reply.status >= 500 or 300 <= reply.status < 400:
        raise Unknown(Reason.SERVER, f"HTTP {reply.status}")
    return reply


def _seconds(text: str) -> float | None:
    # Retry-After may also be a date (RFC 9110); the caller's own wait serves then.
    return number(text) if text.isdecimal() else None


def _failure(error: Exception, stream: _Body | None) -> ChannelError:
    reason = _reason(error)
    if stream is None:
        sent = reason not in (Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.ADDRESS)
    else:
        sent = stream.started
    return (Unknown if sent else NotSent)(reason)


def _reason(error: Exception) -> Reason:
    kinds = requests.exceptions
    if isinstance(error, kinds.SSLError):
        return Reason.TLS
    if isinstance(error, kinds.ConnectTimeout | kinds.ProxyError):
        return Reason.CONNECT
    if isinstance(error, kinds.Timeout | urllib3.exceptions.TimeoutError):
        return Reason.TIMEOUT
    if isinstance(error, kinds.InvalidURL | kinds.InvalidSchema):
        return Reason.ADDRESS
    causes = {type(cause).__name__ for cause in _causes(error)}
    if "NameResolutionError" in causes:
        return Reason.DNS
    if "NewConnectionError" in causes:
        return Reason.CONNECT
    if "ReadTimeoutError" in causes:
        return Reason.TIMEOUT
    return Reason.CUT


def _causes(error: Exception) -> list[BaseException]:
    """The errors inside an error of requests, which wraps those of urllib3."""
    seen: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        item = queue.pop()
        if not isinstance(item, BaseException) or item in seen:
            continue
        seen.append(item)
        reason = getattr(item, "reason", None)
        queue += [reason, item.__cause__, item.__context__, *item.args]
    return seen
