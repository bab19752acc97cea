"""How a call can end, as types: nobody has to guess from a text."""

import enum


class Outcome(enum.StrEnum):
    """How one write to Ropo ended, seen from the ledger."""

    ACCEPTED = "accepted"  # Ropo took it
    REJECTED = "rejected"  # Ropo refused: repeating it will not help
    NOT_SENT = "not_sent"  # it never left: safe to try again
    THROTTLED = "throttled"  # refused unread because of load: try again later
    UNKNOWN = "unknown"  # it may have arrived: ask before saying it again


class Reason(enum.StrEnum):
    """Why a call failed; the addon has a sentence with a remedy for each."""

    ADDRESS = "address"  # the base URL is no usable address
    INSECURE = "insecure"  # http to a host that is not this machine
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    CREDENTIALS = "credentials"
    TIMEOUT = "timeout"
    CUT = "cut"
    SERVER = "server"
    GATEWAY = "gateway"  # something in front of the API answered, not the API
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    THROTTLED = "throttled"
    REFUSED = "refused"
    NOT_BEGUN = "not_begun"  # it was not its turn in time: no call was made
    PROFILE = "profile"  # it belongs to other credentials than these
    RIGHTS = "rights"  # the credentials are good, and may not do this
    NOT_READY = "not_ready"  # the channel has not taken its case yet


class Meaning(enum.StrEnum):
    """What a refused payment or credit means for its case."""

    TO_FIX = "to_fix"  # a person has to find out
    ENDED = "ended"  # the case has ended
    OWN_MONEY = "own_money"  # the channel received, or paid back, this money itself
    NOT_FOLLOWED = "not_followed"  # the channel does not follow the money of the case


class Fault(enum.StrEnum):
    """Why a document was refused, where the channel shows it by a code of its own, or
    where it was not even sent; the addon has a sentence with a remedy for each."""

    SERVICE = "service"  # the service that takes it is not active
    INVOICE_UNKNOWN = "invoice_unknown"  # the channel does not have the invoice
    CASE_UNKNOWN = "case_unknown"  # the channel does not have the case
    TOO_EARLY = "too_early"  # not so soon after the due date
    NOT_ALLOWED = "not_allowed"  # the channel does not collect this, as it says why
    DUPLICATE = "duplicate"  # the channel has it already
    EINVOICE = "einvoice"  # the e-invoice is missing, or is not what it should be
    ADDRESS = "address"  # a payer's address is not complete
    VALUES = "values"  # a value is not what it should be


class ChannelError(Exception):
    """A call that brought no result.

    `outcome` says what it means for the ledger, `reason` why, `detail` is the other
    side's own text (foreign: escape it before showing it as HTML).
    """

    outcome = Outcome.UNKNOWN

    def __init__(
        self, reason: Reason, detail: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = Reason(reason)
        self.detail = detail
        self.retry_after = retry_after


class Rejected(ChannelError):
    outcome = Outcome.REJECTED


class NotSent(ChannelError):
    outcome = Outcome.NOT_SENT


class CredentialsRefused(NotSent):
    """The profile's credentials do not open the door: no call of it can succeed."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(Reason.CREDENTIALS, detail)


class RightsRefused(NotSent):
    """The credentials are good, but have no right to this; other calls may succeed."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(Reason.RIGHTS, detail)


class Throttled(ChannelError):
    """Too many concurrent calls; `retry_after` is in seconds, or None."""

    outcome = Outcome.THROTTLED

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(Reason.THROTTLED, detail, retry_after=retry_after)


class Unknown(ChannelError):
    outcome = Outcome.UNKNOWN
