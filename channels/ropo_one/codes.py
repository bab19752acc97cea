"""The numbers and words by which Ropo One names things.

Facts are from the vendor's guides and the published contract; an assumption, where no
page says it, is marked so.
"""

import enum

from ..errors import Meaning

HOSTS = {
    ("test", "fi"): "https://rc.ropo24.fi",
    ("test", "se"): "https://rc.ropo24.se",
    ("test", "no"): "https://rc.ropo24.no",
    ("production", "fi"): "https://ropo24.fi",
    ("production", "se"): "https://ropo24.se",
    ("production", "no"): "https://ropo24.no",
}


class Call(enum.StrEnum):
    """The calls that send something."""

    JOBS = "jobs"
    PAYMENT = "payment"
    LOCAL_PRINT = "localprint"


INVOICE, REMINDER, COLLECTION, PRINT_SERVICE = 0, 1, 2, 300
COMPANY, PERSON = 1, 2  # `customertype`
JOBTYPES = {"reminder": REMINDER, "collection": COLLECTION}

POSTED = 6  # the one `statusid` of a payment that means: done
# Any other `statusid` (guide: Payment); what is not listed is for a person to fix.
MEANINGS = {
    2: Meaning.ENDED,  # too old
    3: Meaning.OWN_MONEY,  # received by Ropo itself
    4: Meaning.OWN_MONEY,  # paid back by Ropo itself
    5: Meaning.ENDED,  # closed
    8: Meaning.NOT_FOLLOWED,
    11: Meaning.ENDED,  # cancelled
}

# No page lists the codes of `currentstatus` and `statuscode`. 0, 1, 2 and 300 are in
# the vendor's examples, the contract says that `putonhold` sets 100, and 101 means that
# the capital is paid. Any other code is kept and shown, and the stage stays.
STAGES = {
    "0": "invoiced",
    "1": "reminder",
    "2": "collection",
    "3": "legal",
    "4": "payment_plan",
    "100": "on_hold",
    "101": "paid",
    "102": "credited",
    "103": "closed",
    "300": "invoiced",
}
ASSUMED_CODES = ("3", "4", "102", "103")  # of STAGES

MESSAGE = "98"  # `statuscode` of what somebody at Ropo wrote
# Assumption: of comments, those by which Ropo confirms our own report begin so.
CONFIRMATION = "Bypass payment posted"

# Of the words by which a customer's invoices are listed, those of what is collected,
# and those of what is not.
COLLECTED = ("reminder", "collection")
NOT_COLLECTED = ("invoicing", "due")
