"""Ropo's token: a JWT signed with HS512, ``sub`` the cid, two hours from iat to exp.

Real time, not the sandbox's clock: a client measures a token's age by its own clock.
"""

import base64
import hashlib
import hmac
import json
import time

SECRET = b"ropo-sandbox"  # a restarted sandbox still knows the tokens it gave
HEADER = {"typ": "JWT", "alg": "HS512"}


def make(cid, lifetime):
    issued = int(time.time())
    claims = {
        "sub": cid,
        "scope": [],
        "roles": ["apicode"],
        "iat": issued,
        "exp": issued + lifetime,
    }
    signed = f"{_encode(HEADER)}.{_encode(claims)}"
    return f"{signed}.{_signature(signed)}"


def cid_of(authorization):
    """The cid behind an Authorization header, or None: bad, or past its time."""
    scheme, _, token = (authorization or "").partition(" ")
    signed, _, signature = token.rpartition(".")
    if scheme != "Bearer" or not hmac.compare_digest(
        signature.encode(), _signature(signed).encode()
    ):
        return None
    claims = _decode(signed.partition(".")[2])
    return claims["sub"] if time.time() < claims["exp"] else None


def _signature(signed):
    digest = hmac.new(SECRET, signed.encode(), hashlib.sha512).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encode(value):
    octets = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decode(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
