"""The control API for Maventa: what a test arranges. No password, loopback only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from .. import asked, payouts
from ..money import cents
from . import books, invoices, receivables, ropo_service, ropo_transfer
from .authentication import SCOPES

if TYPE_CHECKING:
    from ..server import Server


Held = TypeVar("Held")

PREFIX = "/_sandbox/maventa"


class Control:
    def __init__(self, server: Server) -> None:
        self.world = server.world
        self.books = server.world.maventa

    def routes(self) -> list[web.RouteDef]:
        company = f"{PREFIX}/companies/{{id}}"
        invoice = f"{PREFIX}/invoices/{{id}}"
        assignment = f"{PREFIX}/assignments/{{id}}"
        table = (
            (f"{PREFIX}/companies", self.set_company),
            (f"{company}/service", self.set_service),
            (f"{invoice}/delivery", self.set_delivery),
            (f"{invoice}/transfer", self.set_transfer),
            (f"{PREFIX}/payout", self.pay_out),
            (f"{assignment}/stage", self.set_stage),
            (f"{assignment}/comment", self.comment),
            (f"{assignment}/pay", self.pay),
            (f"{assignment}/fees", self.set_fees),
            (f"{assignment}/close", self.close),
        )
        return [web.post(path, asked.answered(act)) for path, act in table]

    # --- a company ----------------------------------------------------------------

    async def set_company(self, request: web.Request) -> web.Response:
        body = await asked.read(request, ("company_id",), books.Company)
        if not books.is_uuid(body["company_id"]):
            raise asked.BadRequest("company_id: must be a UUID")
        company = books.Company(**body)
        asked.one_of("country", company.country, books.CURRENCIES)
        asked.one_of("service", company.service, ropo_service.STATES)
        asked.one_of("delivery", company.delivery, invoices.STATUSES)
        asked.one_of("transfer", company.transfer, ropo_transfer.STATES)
        for scope in company.no_right_to:
            asked.one_of("no_right_to", scope, sorted(SCOPES))
        self.books.keep(company)
        return web.json_response(dataclasses.asdict(company), status=201)

    async def set_service(self, request: web.Request) -> web.Response:
        """The agreement was signed (``ACTIVE``), or Ropo ended it."""
        body = await asked.read(request, ("status",))
        asked.one_of("status", body["status"], ropo_service.STATES)
        company = self._one(request, self.books.companies)
        company.service = body["status"]
        return self._kept(company)

    # --- an invoice ---------------------------------------------------------------

    async def set_delivery(self, request: web.Request) -> web.Response:
        body = await asked.read(request, ("status",))
        asked.one_of("status", body["status"], invoices.STATUSES)
        invoice = self._one(request, self.books.invoices)
        invoices.deliver(self.books, invoice, body["status"], body.get("message"))
        return self._kept(invoice)

    async def set_transfer(self, request: web.Request) -> web.Response:
        """A pending transfer is taken, or fails with a text."""
        body = await asked.read(request, ("status",))
        asked.one_of("status", body["status"], ("sent", "error"))
        invoice = self._one(request, self.books.invoices)
        if not invoice.transfer or invoice.transfer["status"] != "pending":
            raise asked.BadRequest("status: no transfer of this invoice is pending")
        ropo_transfer.settle(self.books, invoice, body["status"], body.get("text"))
        return self._kept(invoice)

    # --- an assignment ------------------------------------------------------------

    async def set_stage(self, request: web.Request) -> web.Response:
        """Any text is a status: the list is open, and clients have to bear that."""
        body = await asked.read(request, ("collection_status",))
        assignment = self._one(request, self.books.assignments)
        status = str(body["collection_status"])
        receivables.move(self.books, assignment, status, body.get("text"))
        return self._kept(assignment)

    async def comment(self, request: web.Request) -> web.Response:
        body = await asked.read(request, ("text",))
        assignment = self._one(request, self.books.assignments)
        self.books.add_event(assignment, "comment", text=body["text"])
        return self._kept(assignment)

    async def pay(self, request: web.Request) -> web.Response:
        """The debtor pays at Ropo."""
        body = await asked.read(request, ("amount",))
        amount = cents(asked.number(body, "amount"))
        day = body.get("date") or self.world.today().isoformat()
        assignment = self._one(request, self.books.assignments)
        receivables.collect(self.books, assignment, amount, day)
        return self._kept(assignment)

    async def pay_out(self, request: web.Request) -> web.Response:
        """Ropo pays out what it holds, of all or of ``{"assignments": [id]}``."""
        body = await asked.read(request)
        wanted = body.get("assignments", list(self.books.assignments))
        found = [each for each in self.books.assignments.values() if each.id in wanted]
        figures = payouts.pay_out(found, *payouts.terms(body))
        for assignment in found:
            self.books.keep(assignment)
        return web.json_response(figures)

    async def set_fees(self, request: web.Request) -> web.Response:
        body = await asked.read(request)
        assignment = self._one(request, self.books.assignments)
        for name in ("interest", "noticefee"):
            if name in body:
                setattr(assignment, name, cents(asked.number(body, name)))
        return self._kept(assignment)

    async def close(self, request: web.Request) -> web.Response:
        body = await asked.read(request)
        assignment = self._one(request, self.books.assignments)
        receivables.close(self.books, assignment, body.get("text") or "Closed by Ropo")
        return self._kept(assignment)

    def _one(self, request: web.Request, records: Mapping[str, Held]) -> Held:
        identifier = request.match_info["id"]
        if identifier not in records:
            raise web.HTTPNotFound(text=f"No {identifier}")
        return records[identifier]

    def _kept(self, record: books.Record) -> web.Response:
        self.books.keep(record)
        return web.json_response(books.shown(record))
