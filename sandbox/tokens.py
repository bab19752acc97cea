"""Tokens: a JWT signed with HS512, ``sub`` the customer, ``scope`` what it may do.

Real time, not the sandbox's clock: a client measures a token's age by its own clock.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable

from .shapes import Json

SECRET = b"ropo-sandbox"  # a restarted sandbox still knows the tokens it gave
HEADER = {"typ": "JWT", "alg": "HS512"}


def make(cid: str, lifetime: int, scope: Iterable[str] = ()) -> str:
    issued = int(time.time())
    claims = {
        "sub": cid,
        "scope": list(scope),
        "roles": ["apicode"],
        "iat": issued,
        "exp": issued + lifetime,
    }
    signed = f"{_encode(HEADER)}.{_encode(claims)}"
    return f"{signed}.{_signature(signed)}"


def cid_of(authorization: str | None) -> str | None:
    """The customer behind an Authorization header, or None: bad, or past its time."""
    claims = claims_of(authorization)
    return claims["sub"] if claims else None


def claims_of(authorization: str | None) -> Json | None:
    """All that a good token says, or None."""
    scheme, _, token = (authorization or "").partition(" ")
    signed, _, signature = token.rpartition(".")
    if scheme != "Bearer" or not hmac.compare_digest(
        signature.encode(), _signature(signed).encode()
    ):
        return None
    claims = _decode(signed.partition(".")[2])
    return claims if time.time() < claims["exp"] else None


def _signature(signed: str) -> str:
    digest = hmac.new(SECRET, signed.encode(), hashlib.sha512).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encode(value: object) -> str:
    octets = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decode(part: str) -> Json:
    claims: Json = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
