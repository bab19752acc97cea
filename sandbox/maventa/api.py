"""Maventa's paths: who may call them, reading requests, writing answers, no rules.

The AutoXChange API and the Receivables API have a host each (D:
``receivables-stage.maventa.com`` beside ``ax-stage.maventa.com``); here both are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from .. import tokens
from ..shapes import Answering, Json
from . import (
    authentication,
    checks,
    invoices,
    receivables,
    ropo_service,
    ropo_transfer,
)
from .books import Assignment, Company, Invoice
from .control import Control
from .dialect import Usual
from .errors import BAD_TOKEN, TOO_MANY, Refused
from .pages import Pages

if TYPE_CHECKING:
    from ..state import World


TOKEN = "/oauth2/token"
SERVICE = "/v2/services/ropo/receivables"
INVOICE = "/v1/invoices/{id}"
TRANSFER = "/v2/invoices/{id}/assignment"

# D: what each scope opens. A: which of them each call needs; one of several is enough.
READ_COMPANY = ("company:read",)
WRITE_COMPANY = ("company:write",)
SEND = ("invoice:send",)
READ_INVOICES = ("invoice:send", "invoice:receive")
RECEIVABLES = ("receivables:assignments",)


class Maventa:
    """The handlers; ``world`` is all they know, ``dialect`` how they speak."""

    beside = (Control, Pages)

    def __init__(self, world: World, dialect: Usual | None = None) -> None:
        self.world = world
        self.books = world.maventa
        self.dialect = dialect or Usual()
        below = f"{self.dialect.receivables}/"
        self.prefix = tuple({"/oauth2/", "/v1/", "/v2/", below} - {"/"})

    def routes(self) -> list[web.RouteDef]:
        receivables = self.dialect.receivables
        assignments = f"{receivables}/v1/assignments"
        assignment = f"{assignments}/{{id}}"
        table = (
            ("GET", "/oauth2/current", (), self.current),
            ("GET", SERVICE, READ_COMPANY, self.show_service),
            ("PUT", SERVICE, WRITE_COMPANY, self.open_service),
            ("DELETE", SERVICE, WRITE_COMPANY, self.close_service),
            ("POST", "/v1/invoices", SEND, self.send_invoice),
            ("GET", "/v1/invoices", READ_INVOICES, self.list_invoices),
            ("GET", INVOICE, READ_INVOICES, self.show_invoice),
            ("POST", f"{TRANSFER}/ropo", RECEIVABLES, self.transfer),
            ("GET", TRANSFER, RECEIVABLES, self.show_transfer),
            ("GET", assignments, RECEIVABLES, self.list_assignments),
            ("GET", assignment, RECEIVABLES, self.show_assignment),
            ("GET", f"{assignment}/events", RECEIVABLES, self.show_events),
            ("POST", f"{assignment}/events", RECEIVABLES, self.post_event),
            (
                "POST",
                f"{assignment}/events/{{event_id}}/seen",
                RECEIVABLES,
                self.mark_seen,
            ),
            ("GET", f"{receivables}/v1/events", RECEIVABLES, self.list_events),
        )
        return [web.post(TOKEN, self._answered((), self.token))] + [
            web.route(method, path, self._answered(scopes, act), allow_head=False)
            if method == "GET"
            else web.route(method, path, self._answered(scopes, act))
            for method, path, scopes, act in table
        ]

    # --- what every service gives the server --------------------------------------

    def customer(self, request: web.Request) -> str | None:
        """The company of a call with a good token, else None."""
        company_id = tokens.cid_of(request.headers.get("Authorization"))
        return company_id if company_id in self.books.companies else None

    def profile(self, company_id: str) -> Company:
        return self.books.companies[company_id]

    def limit(self, company_id: str) -> int | None:
        return self.books.companies[company_id].concurrency

    def needs_token(self, request: web.Request) -> bool:
        return request.path != TOKEN

    def unauthorized(self, message: str = "No valid token") -> web.Response:
        return self.dialect.answer(Refused(BAD_TOKEN, message).response())

    def throttled(self) -> web.Response:
        return self.dialect.answer(Refused(TOO_MANY, "Too many requests").response())

    def _answered(self, scopes: Sequence[str], act: Answering) -> Answering:
        """The handler, for tokens with one of the scopes; a refusal is answered."""

        async def handler(request: web.Request) -> web.Response:
            try:
                if scopes:
                    header = request.headers.get("Authorization")
                    authentication.may(tokens.claims_of(header), scopes)
                return self.dialect.answer(await act(request))
            except Refused as refused:
                self._note(request, refused)
                return self.dialect.answer(refused.response())

        return handler

    def _note(self, request: web.Request, refused: Refused) -> None:
        company = request.get("profile")
        call = f"{request.method} {request.path}"
        company_id = company.company_id if company else None
        error = {"status": refused.status, **refused.body()}
        self.books.add_rejected(company_id, call, error)

    # --- token --------------------------------------------------------------------

    async def token(self, request: web.Request) -> web.Response:
        parts = await checks.form(request)
        form = {name: checks.first_text(parts, name) for name in parts}
        return web.json_response(authentication.grant(self.books, form))

    async def current(self, request: web.Request) -> web.Response:
        claims = tokens.claims_of(request.headers["Authorization"])
        return web.json_response(authentication.current(request["profile"], claims))

    # --- the service --------------------------------------------------------------

    async def show_service(self, request: web.Request) -> web.Response:
        return self._service_shown(ropo_service.shown(request["profile"]))

    async def open_service(self, request: web.Request) -> web.Response:
        body = await checks.body(request)
        company = request["profile"]
        return self._service_shown(ropo_service.open_for(self.books, company, body))

    def _service_shown(self, state: Json) -> web.Response:
        return web.json_response(self.dialect.service_shown(state))

    async def close_service(self, request: web.Request) -> web.Response:
        ropo_service.close(self.books, request["profile"])
        return web.Response(status=204)

    # --- invoices -----------------------------------------------------------------

    async def send_invoice(self, request: web.Request) -> web.Response:
        if request.content_type != "multipart/form-data":
            raise checks.invalid("body: must be multipart/form-data")
        parts = await checks.form(request)
        answer = invoices.send(self.books, request["profile"], parts)
        return web.json_response(answer, status=201)

    async def list_invoices(self, request: web.Request) -> web.Response:
        found = invoices.listed(self.books, request["profile"], request.query)
        return self._page(request, [invoices.shown(each) for each in found])

    async def show_invoice(self, request: web.Request) -> web.Response:
        return web.json_response(invoices.shown(self._invoice(request)))

    def _invoice(self, request: web.Request) -> Invoice:
        company, identifier = request["profile"], checks.identifier(request)
        return invoices.find(self.books, company, identifier)

    # --- transfer -----------------------------------------------------------------

    async def transfer(self, request: web.Request) -> web.Response:
        """A: 201 and the state."""
        invoice, body = self._invoice(request), await checks.body(request)
        company, body = request["profile"], self.dialect.transfer(body)
        answer = ropo_transfer.transfer(self.books, company, invoice, body)
        return web.json_response(self.dialect.transfer_shown(answer), status=201)

    async def show_transfer(self, request: web.Request) -> web.Response:
        answer = ropo_transfer.status_of(self._invoice(request))
        return web.json_response(self.dialect.transfer_shown(answer))

    # --- assignments and their events ---------------------------------------------

    async def list_assignments(self, request: web.Request) -> web.Response:
        found = receivables.listed(self.books, request["profile"], request.query)
        return self._page(request, map(self.dialect.assignment_shown, found))

    async def show_assignment(self, request: web.Request) -> web.Response:
        assignment = self._assignment(request)
        answer = receivables.shown(self.books, assignment)
        return web.json_response(self.dialect.assignment_shown(answer))

    async def show_events(self, request: web.Request) -> web.Response:
        events = self.books.events_of(self._assignment(request))
        shown = map(receivables.event_shown, events)
        return self._page(request, map(self.dialect.event_shown, shown))

    async def list_events(self, request: web.Request) -> web.Response:
        found = receivables.events(self.books, request["profile"], request.query)
        return self._page(request, map(self.dialect.event_shown, found))

    async def post_event(self, request: web.Request) -> web.Response:
        """A: 201 and the event."""
        assignment, body = self._assignment(request), await checks.body(request)
        body = self.dialect.event(body)
        event = receivables.post_event(self.books, assignment, body)
        answer = self.dialect.event_shown(receivables.event_shown(event))
        return web.json_response(answer, status=201)

    async def mark_seen(self, request: web.Request) -> web.Response:
        """A: 204."""
        assignment = self._assignment(request)
        event_id = checks.identifier(request, "event_id")
        receivables.mark_seen(self.books, assignment, event_id)
        return web.Response(status=204)

    def _assignment(self, request: web.Request) -> Assignment:
        company, identifier = request["profile"], checks.identifier(request)
        return receivables.find(self.books, company, identifier)

    def _page(self, request: web.Request, rows: Iterable[Json]) -> web.Response:
        most = self.dialect.largest_page
        return self.dialect.page(*checks.page(request, list(rows), most))
