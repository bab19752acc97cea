"""Who may call: ``POST /oauth2/token``, and what a token's scopes open.

D: OAuth2 client credentials, as a form; ``client_id`` is the company's UUID,
``client_secret`` the user's API key; a token lives 60 minutes; the granted scopes come
back in the answer; without ``scope`` the token has ``global`` and ``company``.
"""

from collections.abc import Mapping, Sequence

from .. import tokens
from ..shapes import Json
from .books import Books, Company
from .errors import (
    NO_RIGHT,
    WRONG_CLIENT,
    WRONG_GRANT,
    WRONG_SCOPE,
    WRONG_VENDOR,
    Refused,
)

SCOPES = frozenset(
    {
        "eui:open",
        "lookup",
        "company:read",
        "company:write",
        "document:send",
        "document:receive",
        "invoice:send",
        "invoice:receive",
        "validate",
        "receivables:assignments",
        "analysis",
        "billing:reports",
    }
)
# D: one word for several.
ALIASES = {
    "company": {"company:read", "company:write"},
    "global": {"company:read", "document:receive", "document:send", "lookup"},
    "eui": SCOPES - {"validate", "billing:reports"},
}
DEFAULT = "global company"


def grant(books: Books, form: Mapping[str, str | None]) -> Json:
    """The body of a token's answer."""
    if form.get("grant_type") != "client_credentials":
        raise Refused(WRONG_GRANT, "grant_type must be client_credentials")
    company = _company(books, form)
    scopes = sorted(_scopes(company, form.get("scope") or DEFAULT))
    token = tokens.make(company.company_id, company.token_lifetime, scopes)
    return {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": company.token_lifetime,
        "scope": " ".join(scopes),
    }


def _company(books: Books, form: Mapping[str, str | None]) -> Company:
    """A: a wrong key and an unknown company are not distinguished.

    D: "you need a vendor_api_key"; the older API description calls it optional. A: it
    is demanded, and it is the one that the company is linked to.
    """
    company = books.companies.get(form.get("client_id") or "")
    if company is None or form.get("client_secret") != company.user_api_key:
        raise Refused(WRONG_CLIENT, "Wrong client_id or client_secret")
    if form.get("vendor_api_key") != company.vendor_api_key:
        raise Refused(WRONG_VENDOR, "Vendor API key is missing, wrong or disabled")
    return company


def _scopes(company: Company, text: str) -> set[str]:
    """A: an unknown scope is refused; one that the company has no right to is left out
    of the answer and of the token."""
    asked = text.split()
    unknown = [name for name in asked if name not in SCOPES and name not in ALIASES]
    if unknown:
        raise Refused(WRONG_SCOPE, "Unknown scope", unknown)
    wanted = set().union(*(ALIASES.get(name, {name}) for name in asked))
    return wanted - set(company.no_right_to)


def may(claims: Json | None, scopes: Sequence[str]) -> None:
    """Refuses a token without any one of these scopes."""
    if not set(scopes) & set(claims["scope"] if claims else ()):
        wanted = " or ".join(scopes)
        raise Refused(NO_RIGHT, f"The token has no right to this, it needs {wanted}")


def current(company: Company, claims: Json | None) -> Json:
    """D: ``GET /oauth2/current``, whose token this is."""
    return {
        "user": {"id": company.company_id},
        "company": {
            "id": company.company_id,
            "name": company.name,
            "bid": company.bid,
            "country": company.country.upper(),
            "disabled": False,
        },
        "scopes": claims["scope"] if claims else [],
    }
