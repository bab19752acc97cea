"""Opening and closing Ropo's reminder and collection service.

S: ``agreement_contact_email`` opens it; somebody signs an agreement, in Finland with an
identity check, and one or two business days later it is active; closing it leaves open
assignments with Ropo. D: the states ``DISABLED``, ``PENDING`` and ``ACTIVE``.
"""

import re

from ..shapes import Json
from . import checks
from .books import Books, Company
from .errors import NO_SERVICE, SERVICE_OPEN, Refused

DISABLED, PENDING, ACTIVE = "DISABLED", "PENDING", "ACTIVE"
STATES = (DISABLED, PENDING, ACTIVE)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def shown(company: Company) -> Json:
    """A: what the service's state looks like, after Amili's."""
    return {
        "status": company.service,
        "agreement_contact_email": company.agreement_contact_email,
    }


def open_for(books: Books, company: Company, body: Json) -> Json:
    """A: asking again while it is pending sends the form to the new address."""
    unknown = sorted(set(body) - {"agreement_contact_email"})
    if unknown:
        raise checks.invalid(*(f"{name}: is not known" for name in unknown))
    email = body.get("agreement_contact_email")
    if not isinstance(email, str) or not EMAIL.fullmatch(email):
        raise checks.invalid("agreement_contact_email: must be an e-mail address")
    if company.service == ACTIVE:
        raise Refused(SERVICE_OPEN, "The service is active already")
    company.service, company.agreement_contact_email = PENDING, email
    books.keep(company)
    return shown(company)


def close(books: Books, company: Company) -> None:
    needs(company, PENDING, ACTIVE)
    company.service = DISABLED
    books.keep(company)


def needs(company: Company, *states: str) -> None:
    """Refuses what a service in another state cannot do."""
    if company.service not in states:
        raise Refused(NO_SERVICE, f"The service is {company.service}")
