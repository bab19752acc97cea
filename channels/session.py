"""Calls with a token, which is renewed once for all threads that found it refused."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterable
from typing import TypeGuard

from .base import Token
from .transport import Reply

TOKEN = re.compile(r"[!-~]+")  # what a header can carry, with no blank in it


def is_token(value: object) -> TypeGuard[str]:
    """Whether this is a text that can be sent as a token."""
    return isinstance(value, str) and bool(TOKEN.fullmatch(value))


class Session:
    """A token and its renewal.

    :param fetch: returns a fresh `Token`, or raises a `ChannelError`
    :param secrets: the address and the credentials; a fingerprint of them distinguishes
        tokens of others, without keeping them
    """

    def __init__(
        self, fetch: Callable[[], Token], token: Token | None, secrets: Iterable[str]
    ) -> None:
        self.token = token or Token()
        self.fingerprint = hashlib.sha256("\n".join(secrets).encode()).hexdigest()
        self._fetch = fetch
        self._renewing = threading.Lock()

    def connect(self) -> Token:
        """A fresh token, whatever was kept."""
        self._renew(self.token.value)
        return self.token

    def call(self, call: Callable[[str, int], Reply]) -> Reply:
        """The reply of `call(token, attempt)`; once more with a fresh token after a
        401, before which nothing was done. A second 401 is returned."""
        token = self.token
        if not token.good_for(0):
            self._renew(token.value)
        used = self.token.value
        reply = call(used, 1)
        if reply.status != 401:
            return reply
        self._renew(used)
        return call(self.token.value, 2)

    def _renew(self, stale: str) -> None:
        with self._renewing:
            if self.token.value == stale:
                self.token = self._fetch()
