"""One profile's calls: the token, and what a refusal of it means."""

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack
from urllib.parse import urlencode

from ..base import Token
from ..errors import (
    ChannelError,
    CredentialsRefused,
    NotSent,
    Reason,
    Rejected,
    RightsRefused,
    Throttled,
    Unknown,
)
from ..session import Session, is_token
from ..transport import CallOptions, Content, Reply, Transport, TransportOptions
from ..values import Json, number
from . import answers, cases
from .codes import HOSTS, RECEIVABLES_HOSTS, SCOPES, UNAUTHORIZED_SCOPES
from .words import Words

# With which Maventa itself refuses what it has read, in its own shape. Any other status
# or shape can be that of a gateway in front of it.
REFUSALS = (400, 404, 409, 422)
TOKEN = "/oauth2/token"
TOKEN_REFUSALS = (400, 401)
TOKEN_SECONDS = 3600  # where the answer does not say
LONGEST_TOKEN = 86400  # seconds; what is said to live longer is asked for anew then
SHORTEST_SECRET = 8  # characters; a shorter word may be any word of a sentence
LONGEST_DETAIL = 200  # characters of a foreign text that are kept
CREDENTIALS = (
    "maventa_company_uuid",
    "maventa_user_api_key",
    "maventa_vendor_api_key",
)


class Connection:
    """Calls of one profile, from any thread; `answers` reads what they bring.

    :param base_url: the root of the AutoXChange API
    :param credentials: by the names of `CREDENTIALS`
    :param receivables_base_url: the root of the Receivables API; "" for the usual one
    :param settings: what replaces `words.SETTINGS`, by name
    :param options: of `Transport`
    """

    credentials: ClassVar[tuple[str, ...]] = CREDENTIALS
    identity: ClassVar[tuple[str, ...]] = ("maventa_company_uuid",)

    def __init__(
        self,
        base_url: str | None,
        credentials: Mapping[str, str | None],
        *,
        token: Token | None = None,
        receivables_base_url: str = "",
        settings: Mapping[str, str] | None = None,
        profile: str = "",
        **options: Unpack[TransportOptions],
    ) -> None:
        self._invoices = self._receivables = Transport(base_url, **options)
        receivables = receivables_base(base_url, receivables_base_url)
        if receivables.rstrip("/") != self._invoices.base_url:
            self._receivables = Transport(receivables, **options)
        self._addresses = {
            "base_url": self._invoices.base_url,
            "receivables_base_url": self._receivables.base_url,
        }
        self._options = options
        self._elsewhere: dict[str, Transport] = {}  # other addresses that were tried
        self._words = Words(settings)
        self._credentials = {
            name: (credentials[name] or "").strip() for name in self.credentials
        }
        secrets = (self._invoices.base_url, *self._credentials.values())
        self._session = Session(self._fetch_token, token, secrets)
        self.fingerprint = self._session.fingerprint
        self.secrets = tuple(
            secret
            for name, secret in self._credentials.items()
            if len(secret) >= SHORTEST_SECRET and name not in self.identity
        )
        self.profile = profile

    @property
    def token(self) -> Token:
        return self._session.token

    @token.setter
    def token(self, token: Token) -> None:
        self._session.token = token

    def close(self) -> None:
        self._invoices.close()
        self._receivables.close()
        for transport in self._elsewhere.values():
            transport.close()

    def connect(self) -> Token:
        """Gets a fresh token, whatever was kept; `lacks` of it are the scopes that were
        not granted. Raises when there is none to be had."""
        return self._session.connect()

    # --- calls ---

    def _transport(self, path: str) -> Transport:
        return self._invoices if _is_invoices(path) else self._receivables

    def _call(self, method: str, path: str, **arguments: Unpack[CallOptions]) -> Reply:
        """The `Reply` that Maventa itself gave: what was asked for, or a refusal.

        :raises ChannelError: for any other end
        """
        transport = self._transport(path)
        reply = self._session.call(
            lambda token, attempt: transport.call(
                method, path, token=token, attempt=attempt, **arguments
            )
        )
        if reply.status == 401:
            raise self._unauthorized(reply)
        return self._from_api(reply)

    def _from_api(self, reply: Reply) -> Reply:
        """The reply, when Maventa itself gave it; raises `Unknown` for a gateway's:
        what it did with the call, and whether Maventa has seen it, nobody knows."""
        if reply.ok:
            return reply
        body = reply.json_or_none()
        if reply.status in REFUSALS and self._words.is_own_error(body):
            return reply
        text = f"HTTP {reply.status}: {answers.error_text(body)}".rstrip(": ")
        raise Unknown(Reason.GATEWAY, text[:LONGEST_DETAIL])

    def _read(self, method: str, path: str, **arguments: Unpack[CallOptions]) -> Json:
        """The object that a call brings; raises `Rejected` for a refusal."""
        return object_of(self._accepted(method, path, **arguments))

    def _accepted(
        self, method: str, path: str, **arguments: Unpack[CallOptions]
    ) -> Reply:
        reply = self._call(method, path, **arguments)
        if not reply.ok:
            raise Rejected(Reason.REFUSED, answers.error_text(reply.json()))
        return reply

    def _read_or_none(self, path: str, codes: Sequence[str]) -> Json | None:
        """What is there, or None where Maventa refuses by one of these codes."""
        reply = self._call("GET", path)
        if reply.ok:
            return object_of(reply)
        body = reply.json()
        if self._words.is_refused_as(body, codes):
            return None
        raise Rejected(Reason.REFUSED, answers.error_text(body))

    def _unauthorized(self, reply: Reply) -> NotSent:
        """The error for a fresh token that is refused; nothing was done with the call.

        Maventa refuses a bad token and a missing right alike; whose token it is, it
        shows to a good one only.
        """
        body = reply.json_or_none()
        if not self._words.is_own_error(body):
            return NotSent(Reason.GATEWAY, "HTTP 401")
        try:
            current = self._invoices.call(
                "GET", "/oauth2/current", token=self.token.value
            )
        except ChannelError as error:
            return NotSent(error.reason, error.detail)
        text = self._without_secrets(answers.error_text(body))
        if current.ok:
            return RightsRefused("; ".join(filter(None, (text, self._lacking()))))
        if current.status == 401 and self._words.is_own_error(current.json_or_none()):
            return CredentialsRefused(text)
        return NotSent(Reason.GATEWAY, f"HTTP {current.status}")

    def _lacking(self) -> str:
        lacks = self.token.lacks
        return f"not granted: {' '.join(lacks)}" if lacks else ""

    # --- the token ---

    def _fetch_token(self) -> Token:
        if not cases.is_uuid(self._credentials["maventa_company_uuid"]):
            raise CredentialsRefused("The company UUID is no UUID")
        content = self._token_form(SCOPES)
        try:
            reply = self._invoices.call("POST", TOKEN, content=content)
            body = reply.json()
        except Throttled:
            raise
        except ChannelError as error:
            # Whatever became of this call: the one that needed the token never left.
            raise NotSent(error.reason, error.detail) from error
        if not reply.ok:
            raise self._refused_token(reply.status, body)
        return _token(reply.status, body)

    def _token_form(self, scopes: Sequence[str], **others: str) -> Content:
        """`(content type, bytes)` of the call for a token."""
        company, user_key, vendor_key = (self._credentials | others).values()
        form = {
            "grant_type": "client_credentials",
            "client_id": company,
            "client_secret": user_key,
            "vendor_api_key": vendor_key,
            "scope": " ".join(scopes),
        }
        return "application/x-www-form-urlencoded", urlencode(form).encode()

    def _refused_token(self, status: int, body: object) -> NotSent:
        """The error for a token call that brought none: only Maventa itself refuses
        credentials, and only that needs a person."""
        is_own = self._words.is_own_error(body) or answers.is_oauth_error(body)
        if not is_own or status not in TOKEN_REFUSALS:
            return NotSent(Reason.GATEWAY, f"HTTP {status}")
        text = self._without_secrets(answers.error_text(body))
        code = answers.error_code(body) or answers.oauth_code(body)
        is_right = code in UNAUTHORIZED_SCOPES
        return RightsRefused(text) if is_right else CredentialsRefused(text)

    def _without_secrets(self, text: str) -> str:
        """A text without the keys that Maventa may repeat in it."""
        for secret in self.secrets:
            text = text.replace(secret, "…")
        return text[:LONGEST_DETAIL]

    # --- as it came, for the conformance run ---

    def setting(self, name: str) -> str:
        """The value in force of one of `settings`, or of an address."""
        return self._addresses.get(name) or self._words[name]

    def exchange(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        base_url: str = "",
        **arguments: Unpack[CallOptions],
    ) -> Reply:
        """The reply to one call, whatever its status; see `Transport.exchange()`.

        :param token: in place of the profile's own
        :param base_url: in place of the Receivables API's root
        """
        transport = self._transport(path)
        if base_url and not _is_invoices(path):
            known = self._elsewhere
            if base_url not in known:
                known[base_url] = Transport(base_url, **self._options)
            transport = known[base_url]

        def call(token: str, attempt: int = 1) -> Reply:
            return transport.exchange(
                method, path, token=token, attempt=attempt, **arguments
            )

        return self._session.call(call) if token is None else call(token)

    def exchange_token(self, scopes: Sequence[str] = SCOPES, **others: str) -> Reply:
        """The reply to a call for a token, with these credentials in place of ours."""
        content = self._token_form(scopes, **others)
        return self._invoices.exchange("POST", TOKEN, content=content)


def receivables_base(base_url: str | None, given: str) -> str:
    """The root of the Receivables API.

    Assumption: it lies beside the AutoXChange API, on a host of its own in production
    and test, and on the same one in a sandbox; a setting replaces it.
    """
    if given:
        return given
    known = {url: RECEIVABLES_HOSTS[key] for key, url in HOSTS.items()}
    return known.get((base_url or "").strip().rstrip("/"), base_url or "")


def _is_invoices(path: str) -> bool:
    return not path.startswith(("/v1/assignments", "/v1/events"))


def _token(status: int, body: object) -> Token:
    if not isinstance(body, dict) or not is_token(body.get("access_token")):
        raise NotSent(Reason.UNREADABLE, f"HTTP {status}")
    given = number(body.get("expires_in"))
    seconds = TOKEN_SECONDS if given is None else min(given, LONGEST_TOKEN)
    granted = body.get("scope")
    lacks = set(SCOPES) - set(granted.split()) if isinstance(granted, str) else ()
    return Token(
        body["access_token"],
        time.time() + seconds,
        tuple(sorted(lacks)),
    )


def object_of(reply: Reply) -> Json:
    body = reply.json()
    if not isinstance(body, dict):
        raise Unknown(Reason.UNREADABLE, f"HTTP {reply.status}")
    return body
