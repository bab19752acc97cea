"""The fields of Maventa's answers that the code, or a page of Maventa's, knows.

What a conformance run meets beside these is shown as what was not known yet.
"""

from .codes import PROGRESS, STAGES

TOKEN = frozenset(["access_token", "token_type", "expires_in", "scope"])
SERVICE = frozenset(["status", "agreement_contact_email"])
INVOICE = frozenset(
    """id status reference number sender recipient created_at date date_due
    source_format currency destination comment received_at sum sum_tax origin files
    actions revision""".split()
)
TRANSFER = frozenset("service status message assignment_id created_at".split())
ASSIGNMENT = frozenset(
    """id invoice_id invoice_number reference_ids service status collection_status
    debtor_name currency sum sum_open sum_fees created_at closed_at events""".split()
)
EVENT = frozenset(
    """id assignment_id event_type origin created_at seen text collection_status
    sum_paid credit_sum booked_at""".split()
)

STATES = frozenset(PROGRESS)  # of invoices and transfers
COLLECTION_STATUSES = frozenset([*STAGES, "new"])
EVENT_TYPES = frozenset("paid credit_note comment collection_status closed".split())
ASSIGNMENT_STATES = frozenset(["open", "partially_closed", "closed"])
