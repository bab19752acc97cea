"""D: every error of Maventa is ``{code, message, details[]}``.

D for the shape and for the pattern of a code (``document_duplicate_transmission_id``);
A for the codes themselves: the one published list could not be read. So all stand here.
"""

from collections.abc import Iterable

from aiohttp import web

from ..shapes import Json

BAD_TOKEN = (401, "unauthorized")
NO_RIGHT = (401, "insufficient_scope")  # D: 401 for missing rights as well
WRONG_CLIENT = (401, "invalid_client")
WRONG_VENDOR = (401, "invalid_vendor_api_key")
WRONG_GRANT = (400, "unsupported_grant_type")
WRONG_SCOPE = (400, "invalid_scope")
UNVERIFIED = (401, "company_unverified")
INVALID = (400, "validation_error")
NO_INVOICE = (404, "invoice_not_found")
NO_ASSIGNMENT = (404, "assignment_not_found")
NO_EVENT = (404, "event_not_found")
BAD_FILE = (422, "invoice_invalid_file")
SAME_UUID = (422, "invoice_duplicate_uuid")
SAME_NUMBER = (422, "invoice_duplicate_number")
NO_SERVICE = (422, "service_not_active")
SERVICE_OPEN = (409, "service_already_active")
TOO_EARLY = (422, "assignment_too_early")
NOT_TRANSFERABLE = (422, "assignment_not_allowed")
TRANSFERRED = (409, "assignment_already_exists")
WRONG_EVENT = (422, "event_type_not_allowed")
CLOSED = (409, "assignment_closed")
TOO_MANY = (429, "too_many_requests")


class Refused(Exception):
    """Maventa says no: one of the kinds above, a sentence, and if wanted details."""

    def __init__(
        self, kind: tuple[int, str], message: str, details: Iterable[str] = ()
    ) -> None:
        super().__init__(message)
        self.status, self.code = kind
        self.message = message
        self.details = list(details)

    def body(self) -> Json:
        return {"code": self.code, "message": self.message, "details": self.details}

    def response(self) -> web.Response:
        return web.json_response(self.body(), status=self.status)
