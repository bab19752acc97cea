"""What Maventa holds, found by what the addon knows of it."""

import functools
from collections.abc import Iterator

from ..errors import Meaning, NotSent, Reason, Rejected
from ..transport import Params
from ..values import Json
from . import answers, cases
from .answers import Row
from .codes import NO_ASSIGNMENT, NO_INVOICE
from .connection import Connection

PER_PAGE = 100  # the most that Maventa gives
MOST_PAGES = 1000  # of one list


class CaseRefused(Rejected):
    """A case that can't be told anything, and what that means for it."""

    def __init__(self, text: str, meaning: Meaning = Meaning.TO_FIX) -> None:
        super().__init__(Reason.REFUSED, text)
        self.meaning = meaning


class Reading(Connection):
    """Invoices, transfers, and the assignments that they became."""

    @functools.cached_property
    def _assignments(self) -> dict[str, str]:
        """Ids of those that are known, by the invoice's id."""
        return {}

    def _invoice(self, invoice_id: str) -> Json | None:
        """An invoice, or None where Maventa does not have it."""
        return self._read_or_none(f"/v1/invoices/{invoice_id}", (NO_INVOICE,))

    def _transfer(self, invoice_id: str) -> Json | None:
        """The state of an invoice's transfer, or None where there is none."""
        path = transfer_path(invoice_id)
        transfer = self._read_or_none(path, (NO_ASSIGNMENT, NO_INVOICE))
        return transfer and self._words.transfer(transfer)

    def _invoice_id(self, case: str, number: str = "") -> str:
        """The id of the invoice that a case is about, by its number where the case's
        id is not known."""
        if case:
            found = [cases.invoice_of(case)]
        else:
            held = self._invoices_of(number)
            found = [str(invoice["id"]).lower() for invoice in held]
        if len(found) != 1 or not found[0]:
            text = f"Maventa has no single invoice {case or number}."
            raise CaseRefused(text)
        return found[0]

    def _assignment_id(self, case: str, number: str = "") -> str:
        """The id of the assignment that a transfer became; raises as `_assigned`."""
        invoice_id = self._invoice_id(case, number)
        if invoice_id in self._assignments:
            return self._assignments[invoice_id]
        return self._assigned(invoice_id, self._transfer(invoice_id))

    def _assigned(self, invoice_id: str, transfer: Json | None) -> str:
        """The id of the assignment that this transfer became, known from then on.

        Raises `CaseRefused` where there is none, `NotSent` where Ropo has not taken it
        yet.
        """
        if not transfer:
            raise CaseRefused("Maventa knows of no transfer of this invoice.")
        state = answers.progress(transfer)
        if state == "failed":
            raise CaseRefused(answers.transfer_text(transfer), Meaning.ENDED)
        found = answers.assignment_id(transfer)
        if state == "done" and not found:
            found = self._look_for_assignment(invoice_id)
        if not found:
            raise NotSent(Reason.NOT_READY, answers.transfer_text(transfer))
        self._assignments[invoice_id] = found
        return found

    def _look_for_assignment(self, invoice_id: str) -> str:
        """The id of an assignment by the list of all, where its transfer lacks it."""
        for page in self._pages("/v1/assignments"):
            for assignment in page:
                if str(assignment.get("invoice_id")).lower() == invoice_id:
                    return str(assignment["id"]).lower()
        return ""

    def _pages(self, path: str, params: Params | None = None) -> Iterator[list[Row]]:
        """The rows of a list, page by page, each once.

        Ends where a page brings nothing new, so that one that repeats is no endless
        list.
        """
        known = set()
        for page in range(1, MOST_PAGES + 1):
            query = {**(params or {}), "page": page, "per_page": PER_PAGE}
            reply = self._accepted("GET", path, params=query)
            rows = {row["id"]: row for row in self._words.rows(reply.json())}
            fresh = [row for key, row in rows.items() if key not in known]
            if not fresh:
                return
            yield fresh
            known |= set(rows)
            if self._words.is_last_page(reply, len(rows), PER_PAGE):
                return

    def _held_assignment(self, identifier: str) -> Json:
        """An assignment; raises `Rejected` where there is none."""
        return self._words.assignment(
            self._read("GET", f"/v1/assignments/{identifier}")
        )

    def _event_pages(
        self, path: str, params: Params | None = None
    ) -> Iterator[list[Row]]:
        """The same of events."""
        for page in self._pages(path, params):
            yield [self._words.event(event) for event in page]

    def _invoices_of(self, number: str) -> list[Row]:
        """Those that we sent under exactly this number."""
        if not number:
            return []
        params = {"direction": "SENT", "number": number}
        return [
            invoice
            for page in self._pages("/v1/invoices", params)
            for invoice in page
            if invoice.get("number") == number
        ]


def transfer_path(invoice_id: str) -> str:
    return f"/v2/invoices/{invoice_id}/assignment"
