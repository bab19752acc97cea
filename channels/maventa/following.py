"""Where cases stand, and what happened to them."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote

from ..base import Page
from ..documents import CaseRef, Standing
from ..errors import ChannelError, Outcome, Reason, Rejected, Unknown
from ..values import Json
from . import answers, cases
from .answers import Row
from .events import EventCursor
from .reading import PER_PAGE, CaseRefused, Reading

_logger = logging.getLogger(__name__)

MOST_FAILURES = 3  # of single cases that cost their time, before a run is given up
SLOW = (Reason.TIMEOUT, Reason.CUT)


class Patience:
    """Counts the cases of one run that nobody answers about in time. What is refused
    at once costs no time, however many there are."""

    def __init__(self) -> None:
        self._failures = 0

    def is_over(self, error: ChannelError) -> bool:
        self._failures += error.reason in SLOW
        return self._failures >= MOST_FAILURES


class Following(Reading):
    """Standings, updates and histories; see `base.Channel`."""

    # --- where it stands ---

    def standings(self, refs: Sequence[CaseRef]) -> list[Standing]:
        """A `Standing` for each; raises nothing: what could not be had is in it."""
        return [self._standing(case) for case in refs]

    def _standing(self, case: CaseRef) -> Standing:
        try:
            if cases.is_transfer(case.assignment) or not case.assignment:
                return self._transfer_standing(case)
            return self._invoice_standing(case)
        except ChannelError as error:
            return Standing(error.outcome, error=error)
        except Exception:
            # What is odd of one case must not be lost of the others.
            _logger.exception("Case %s: its state can't be read", case.assignment)
            odd = Unknown(Reason.UNREADABLE)
            return Standing(odd.outcome, error=odd)

    def _invoice_standing(self, case: CaseRef) -> Standing:
        invoice = self._invoice(self._invoice_id(case.assignment, case.number))
        if not invoice:
            raise CaseRefused("Maventa does not have the invoice.")
        return Standing(Outcome.ACCEPTED, answers.invoice_state(invoice))

    def _transfer_standing(self, case: CaseRef) -> Standing:
        invoice_id = self._invoice_id(case.assignment, case.number)
        name = cases.transfer_of(invoice_id)
        if invoice_id not in self._assignments:
            transfer = self._transfer(invoice_id)
            if not transfer and not case.assignment:
                return self._invoice_standing(case)  # it was only sent
            if transfer and answers.progress(transfer) != "done":
                state = answers.transfer_state(name, transfer)
                return Standing(Outcome.ACCEPTED, state)
            self._assigned(invoice_id, transfer)
        identifier = self._assignments[invoice_id]
        assignment = self._held_assignment(identifier)
        is_closed = answers.is_closed(assignment)
        return Standing(
            Outcome.ACCEPTED,
            answers.assignment_state(name, assignment),
            # Of what is closed Ropo asks nothing any more, whatever the sums say.
            0.0 if is_closed else answers.open_amount(assignment),
        )

    # --- what is new ---

    def updates(
        self, cursor: Json | None = None, pending: Sequence[CaseRef] = ()
    ) -> Iterator[Page]:
        """What became of pending cases, then the events that are new.

        Events are read from the cursor on and known by their ids, since anybody may
        mark one as seen; they are marked when they were kept.
        """
        yield from self._settled(pending)
        yield from self._new_events(EventCursor(cursor))

    def _settled(self, pending: Sequence[CaseRef]) -> Iterator[Page]:
        """What became of these; one that can't be asked about does not stop others."""
        names = [case.assignment for case in pending]
        transfers = [name for name in names if cases.is_transfer(name)]
        invoices = [cases.invoice_of(name) for name in names if name not in transfers]
        invoices = list(filter(None, invoices))
        for start in range(0, len(invoices), PER_PAGE):
            if rows := self._delivery_rows(invoices[start : start + PER_PAGE]):
                yield Page(rows)
        patience = Patience()
        for name in transfers:
            try:
                rows = self._transfer_rows(cases.invoice_of(name))
            except (Rejected, Unknown) as error:
                _logger.warning("Case %s: can't be asked about: %s", name, error)
                if patience.is_over(error):
                    return
                continue
            if rows:
                yield Page(rows)

    def _delivery_rows(self, ids: Sequence[str]) -> list[Json]:
        """The deliveries that are settled, of at most `PER_PAGE` invoices."""
        pages = self._pages("/v1/invoices", {"direction": "SENT", "ids": ids})
        return [
            answers.delivery_row(invoice)
            for page in pages
            for invoice in page
            if invoice["id"].lower() in ids
            and answers.progress(invoice) in ("done", "failed")
        ]

    def _transfer_rows(self, invoice_id: str) -> list[Json]:
        """What became of the transfer of this invoice, where that is settled."""
        transfer = self._transfer(invoice_id) if invoice_id else None
        if not transfer or answers.progress(transfer) not in ("done", "failed"):
            return []
        return [answers.transfer_row(invoice_id, transfer)]

    def _new_events(self, cursor: EventCursor) -> Iterator[Page]:
        """Pages of events; what was not marked as seen yet goes with the next."""
        unseen, held, patience = [], {}, Patience()
        for events in self._event_pages("/v1/events", cursor.query()):
            unseen += [event for event in events if event.get("seen") is not True]
            fresh = cursor.fresh(events)
            for identifier in set(map(_assignment_of, fresh)):
                if identifier not in held:
                    held[identifier] = self._assignment(identifier, patience)
            rows = self._event_rows(fresh, held, cursor)
            cursor.take(events)
            if rows:
                seen, unseen = cursor.without_held_back(unseen), []
                yield Page(rows, cursor.state(), acknowledge=self._marks(seen))
        seen = cursor.without_held_back(unseen)
        if seen or cursor.is_behind():
            yield Page([], cursor.end(), acknowledge=self._marks(seen))

    def _event_rows(
        self,
        events: Sequence[Row],
        held: Mapping[str, Json | None],
        cursor: EventCursor,
    ) -> list[Json]:
        """Rows of events with what is needed of their assignments.

        Those of an assignment that can't be read are held back and asked for again:
        they keep no other from being taken.

        :param held: assignments that were read in this run, by id
        """
        rows = []
        for event in events:
            assignment = held[_assignment_of(event)]
            if assignment is None:
                cursor.hold_back(event)
            else:
                rows.append(answers.event_row(event, assignment))
        return rows

    def _assignment(self, identifier: str, patience: Patience) -> Json | None:
        """The assignment, {} where there is none, None where it can't be read now."""
        if not identifier:
            return {}
        try:
            return self._held_assignment(identifier)
        except Rejected:
            return {}
        except Unknown as error:
            _logger.warning("Assignment %s: can't be read: %s", identifier, error)
            if patience.is_over(error):
                raise
            return None

    def _marks(self, events: Sequence[Row]) -> Callable[[], None]:
        """A function that marks these as seen, as well as it can: no more hangs on it
        than how they are shown to people."""

        def mark() -> None:
            for event in events:
                if not (assignment := _assignment_of(event)):
                    continue
                path = f"/v1/assignments/{assignment}/events"
                try:
                    self._call("POST", f"{path}/{quote(event['id'], safe='')}/seen")
                except ChannelError as error:
                    _logger.info("Events can't be marked as seen: %s", error)
                    return

        return mark

    def history(self, case: CaseRef) -> list[Json]:
        """All raw updates of one case; by its number, of all that bear it."""
        if case.assignment:
            invoice_id = cases.invoice_of(case.assignment)
            if cases.is_transfer(case.assignment):
                return self._transfer_history(invoice_id)
            return self._delivery_rows([invoice_id]) if invoice_id else []
        rows = []
        for invoice in self._invoices_of(case.number):
            if answers.progress(invoice) in ("done", "failed"):
                rows.append(answers.delivery_row(invoice))
            rows += self._transfer_history(invoice["id"].lower())
        return rows

    def _transfer_history(self, invoice_id: str) -> list[Json]:
        rows = self._transfer_rows(invoice_id)
        if not rows or answers.status_update(rows[0]).progress != "done":
            return rows
        identifier = self._assignment_id(cases.transfer_of(invoice_id))
        assignment = self._held_assignment(identifier)
        events = self._event_pages(f"/v1/assignments/{identifier}/events")
        return rows + [
            answers.event_row(event, assignment) for page in events for event in page
        ]


def _assignment_of(event: Json) -> str:
    """The id of the event's assignment; "" where it names none."""
    identifier = event.get("assignment_id")
    return identifier if cases.is_uuid(identifier) else ""
