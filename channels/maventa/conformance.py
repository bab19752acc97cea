"""Maventa's script: what it does with artificial documents, held against what is
assumed. Each step says in its checks which assumptions it decides."""

import collections
import datetime
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Literal

from ..artificial import MARK, PERSON_NUMBERS
from ..conformance import STATUS_CODE, Proposal, UntriedError, step
from ..documents import Claim
from ..transport import Reply
from ..values import Payload, moment, number
from . import answers, variants
from .codes import CASE_CLOSED, CLOSED, NO_ASSIGNMENT, NO_INVOICE, PROGRESS
from .conformance_followup import Followup

AT_ONCE = (2, 4, 8, 16)
OPEN = 60.0  # of the invoice's sum, what is transferred
PART = 20.0  # of that, what is paid at first
SECOND = datetime.timedelta(seconds=1)

ROPO_ACTS = "Only what Ropo does in days shows it"
LATER = {
    "production_address": "Only production shows it",
    "no_webhook": "No call shows what is not sent",
}
ROPO_EVENTS = ("paid", "credit_note", "comment")


# Of refusals, by our names.
INVALID = "validation_error"
TOO_EARLY = "assignment_too_early"
NOT_ALLOWED = "assignment_not_allowed"
ALREADY = "assignment_already_exists"
WRONG_EVENT = "event_type_not_allowed"


class MaventaScript(Followup):
    """The steps, in the order in which they are taken."""

    # --- transfers ---

    @step
    def receivables_address(self) -> None:
        """Where the Receivables API answers."""
        now = self.receivables
        reply = self._list_at(now)
        if reply.status not in variants.LEADS_NOWHERE:
            got = f"{now}: HTTP {reply.status}"
            self.check_reply("receivables_address", reply, reply.ok, got)
            return
        base_url = self.client.setting("base_url")
        others = variants.other_addresses(base_url, now)
        good = next((url for url in others if self._list_at(url).ok), "")
        proposals = [Proposal("receivables_base_url", good, now)] if good else []
        self.receivables = good or now
        got = f"{now}: HTTP {reply.status}; {good or 'no other address'} answers"
        self.check("receivables_address", False, got, *proposals)

    def _list_at(self, base_url: str) -> Reply:
        return self.call(
            "GET",
            "/v1/assignments",
            params={"page": 1, "per_page": 1},
            only=self._ours_only,
            base_url=base_url,
        )

    @step
    def transfers(self) -> None:
        self.need_service()
        company = self._claim("company", amount=OPEN, debtor=self.papers.company())
        reply, body = self._first_transfer(company)
        state = answers.progress(body)
        if not self.took("payer", "a company", reply):
            raise UntriedError("No transfer was taken")
        self._keep_transfer("company", company)
        self.check_reply("transfer_state", reply, state in PROGRESS.values(), state)
        numbered = PERSON_NUMBERS[self.papers.country]
        person = self.papers.person(registration_number=numbered)
        is_rental = self.papers.country == "fi"
        for what, values in (
            ("person", {"kind": "collection", "debtor": self.papers.person()}),
            ("several", {"debtor": person, "is_rental": is_rental}),
            ("credited", {"debtor": self.papers.company()}),
        ):
            others = (self.papers.company(),) if what == "several" else ()
            claim = self._claim(what, co_debtors=others, **values)
            reply, _body = self.post_transfer(claim)
            self.took("transfer", f"{claim.kind} of {what}", reply)
            if self.took("payer", what, reply):
                self._keep_transfer(what, claim)

    def _keep_transfer(self, what: str, claim: Claim) -> None:
        """For later steps, and for a run that continues this one."""
        self.report.sent[what] |= {"is_transferred": True, "open": claim.amount}

    def _claim(
        self,
        what: str,
        kind: Literal["reminder", "collection"] = "reminder",
        **values: Any,
    ) -> Claim:
        identifier, document = self.need("sent")[what]
        return replace(
            self.papers.claim(kind),
            number=document.number,
            date=document.date,
            due_date=document.due_date,
            invoice_id=identifier,
            summary=MARK,
            **{"amount": document.total, **values},
        )

    def _first_transfer(self, claim: Claim) -> tuple[Reply, Payload]:
        """`(reply, body)`, once the names are those that Maventa wants."""
        reply, body = self.post_transfer(claim)
        refusal = f"{answers.error_text(body)} {body}".lower()
        names = variants.payer_names(self.words, refusal) if reply.status >= 400 else {}
        if names:
            proposals = [self.propose(name, value) for name, value in names.items()]
            got = answers.error_text(body)
            self.check("payer", False, got, *proposals)
            reply, body = self.post_transfer(claim)
        if reply.status >= 400 and self._is_about_capital(body):
            reply, body = self._other_capital(claim, reply, body)
        return reply, body

    def _is_about_capital(self, body: Payload) -> bool:
        return self.words["maventa_capital_amount"] in answers.error_text(body)

    def _other_capital(
        self, claim: Claim, reply: Reply, body: Payload
    ) -> tuple[Reply, Payload]:
        """Tries other names: one that is not known is refused, and nothing is sent."""
        before, got = self.words, answers.error_text(body)
        for name in variants.CAPITALS:
            proposal = self.propose("maventa_capital_amount", name)
            other_reply, other = self.post_transfer(claim)
            if other_reply.ok:
                self.check("capital", False, got, proposal)
                return other_reply, other
            self.words = before
        return reply, body

    @step
    def transfer_states(self) -> None:
        self.need_service()
        for what, (identifier, document) in self.need("sent").items():
            if not self.report.sent[what].get("is_transferred"):
                continue
            if found := self.look_for_assignment(what, identifier):
                setattr(self, f"case_{what}", (found, document))
        if not self.assignments:
            raise UntriedError("Ropo has taken no transfer yet")

    @step
    def transfer_refusals(self) -> None:
        """None of them begins anything."""
        self.need_service()
        sent = self.need("sent")
        company: Payload = {"debtor": self.papers.company()}
        reply = self.call(
            "GET", f"/v2/invoices/{sent['never transferred'][0]}/assignment"
        )
        self.refused(NO_ASSIGNMENT, reply, "a transfer that was not made")
        reply, _body = self.post_transfer(self._claim("company", **company))
        self.refused(ALREADY, reply, "a second transfer")
        reply, _body = self.post_transfer(self._claim("not overdue", **company))
        self.refused(TOO_EARLY, reply, "a transfer before its time")
        is_refused = reply.status >= 400
        self.check("days", is_refused, f"not overdue: HTTP {reply.status}")
        free = self._claim("never transferred", **company)
        reply, _body = self.post_transfer(replace(free, amount=free.amount * 10))
        self.refused(NOT_ALLOWED, reply, "more than the invoice's sum")
        reply, _body = self.post_transfer(free, payers=[])
        self.refused(INVALID, reply, "a transfer without payers")
        reply, _body = self.post_transfer(free, unknown_field=MARK)
        self.note_answer("A field of a transfer that no page has", reply)
        nobody = str(uuid.uuid5(uuid.NAMESPACE_URL, self.papers.run))
        reply, _body = self.post_transfer(replace(free, invoice_id=nobody))
        self.refused(NO_INVOICE, reply, "a transfer of an invoice that is not there")

    # --- cases ---

    @step
    def case_shown(self) -> None:
        identifier, document = self.need("case_company")
        reply, body = self.held(identifier)
        held = str(body.get("invoice_number")) == document.number
        self.check_reply("assignment", reply, held, body.get("status"), body)
        capital, fees = (self.words[f"maventa_{n}"] for n in ("sum_open", "sum_fees"))
        if fees not in body and (fees := variants.name_of_fees(body)):
            proposal = self.propose("maventa_sum_fees", fees)
            self.check("open_amounts", False, f"fees at {fees}", proposal)
        amounts = [number(value) for value in body.values()]
        self.check("capital", OPEN in amounts, f"{OPEN} among {_numbers(amounts)}")
        if capital in body:
            is_open = number(body[capital]) == OPEN
            self.check("open_amounts", is_open, f"{capital}: {body[capital]}")
        self.before = body
        if not number(body.get(fees)):
            self.postpone("open_amounts", f"No fees yet. {ROPO_ACTS}")

    @step
    def case_list(self) -> None:
        """Two pages of one row each, as far as there are so many."""
        self.need("case_company")
        params = {"page": 1, "per_page": 1}
        reply = self.call("GET", "/v1/assignments", params=params, only=self._ours_only)
        setting = self.words["maventa_next_page"]
        place = variants.place_of_next(reply)
        same = place.lower() == setting.lower()
        proposals = [self.propose("maventa_next_page", place)] if place else []
        got = f"the next page is at {place or 'no place'}"
        self.check_reply("lists", reply, same, got, (), [] if same else proposals)
        reply, rows = self.rows("/v1/assignments")
        found = {str(row.get("id")).lower() for row in rows}
        known = set(self.assignments.values())
        self.check_reply("lists", reply, known <= found, f"{len(found)} of this run")

    # --- money ---

    @step
    def payments(self) -> None:
        identifier, _document = self.need("case_company")
        event = self.event(PART)
        reply, body = self._first_event(identifier, event)
        if not self.took("event", "paid", reply, fields=self.words.event(body)):
            raise UntriedError("No event was taken")
        self.paid = event
        amount, after = self.open_of(identifier)
        name = self.words["maventa_sum_open"]
        if amount is None and (name := variants.name_of_sum(self.before, after, PART)):
            proposal = self.propose("maventa_sum_open", name)
            self.check("open_amounts", False, f"what fell is {name}", proposal)
            amount = number(after[name])
        self.check("payment", amount == OPEN - PART, f"{amount} of {OPEN} open")
        self.check("open_amounts", amount == OPEN - PART, f"{name}: {amount}")
        status = str(after.get("status"))
        self.check("assignment", status == "partially_closed", f"{status} when paid")

    def _first_event(self, assignment: str, event: Payload) -> tuple[Reply, Payload]:
        """`(reply, body)`, once the envelope is the one that Maventa wants."""
        reply, body = self.post_event(assignment, event)
        if reply.status != 400 and reply.status != 422:
            return reply, body
        before, got = self.words, answers.error_text(body)
        for kind, values in variants.ENVELOPES:
            proposals = [
                self.propose(name, value)
                for name, value in (
                    ("maventa_event_type", kind),
                    ("maventa_event_values", values),
                )
                if value != self.words[name]
            ]
            other_reply, other = self.post_event(assignment, event)
            if other_reply.ok:
                self.check("event", False, got, *proposals)
                return other_reply, other
            self.words = before
        return reply, body

    @step
    def credit(self) -> None:
        identifier, document = self.need("case_credited")
        event = self.event(document.total, is_payment=False)
        reply, body = self.post_event(identifier, event)
        self.took("event", "credit_note", reply, fields=self.words.event(body))
        amount, _after = self.open_of(identifier)
        self.check("credit", amount == 0, f"{amount} open when credited")

    @step
    def odd_events(self) -> None:
        identifier, _document = self.need("case_person")
        event = {**self.event(PART), "event_type": "comment"}
        reply, _body = self.post_event(identifier, event)
        self.refused(WRONG_EVENT, reply, "an event of another type")
        tomorrow = self.papers.today + datetime.timedelta(days=2)
        for what, event, further in (
            ("A field of an event that no page has", self.event(1.0), {"x": MARK}),
            ("A payment of a day to come", self.event(1.0, date=tomorrow), {}),
            ("A payment of less than nothing", {**self.event(1.0), "sum_paid": -1}, {}),
        ):
            reply, _body = self.post_event(identifier, event, **further)
            self.note_answer(what, reply)

    @step
    def closing(self) -> None:
        """What is paid in full is closed, and takes nothing more."""
        identifier, _document = self.need("case_company")
        self.need("paid")
        reply, _body = self.post_event(identifier, self.event(OPEN - PART))
        _reply, body = self.held(identifier)
        status = body.get("status")
        self.check("assignment", status == CLOSED, f"{status} when paid in full")
        reply, _body = self.post_event(identifier, self.event(1.0))
        self.refused(CASE_CLOSED, reply, "a payment of a closed case")
        code = str(body.get("collection_status") or "").lower()
        is_known = self.stages.get(code) == "closed"
        proposals = [] if is_known else [Proposal(f"{STATUS_CODE}{code}", "closed")]
        if code and code not in self.stages or is_known:
            self.check("stages", is_known, f"closed: {code}", *proposals)

    # --- what is reported ---

    @step
    def events(self) -> None:
        identifier, _document = self.need("case_company")
        reply, found = self.events_of(identifier)
        again = self.events_of(identifier)[1]
        same = [event.get("id") for event in found] == [e.get("id") for e in again]
        self.check_reply("event_list", reply, same, f"{len(found)}, asked for twice")
        self._own_event(found)
        self._closing_event(found)
        self._from_a_moment(found)
        self._mark_seen(identifier, found[:1])

    def _own_event(self, events: Sequence[Payload]) -> None:
        """The payment that was reported is among them, and shown to be ours."""
        alike = [
            event for event in events if answers.is_alike(event, self.need("paid"))
        ]
        if not alike:
            self.check("event_shown", False, "the payment is not among the events")
            return
        origin = str(alike[0].get("origin", ""))
        is_ours, proposals = answers.ORIGINS.get(origin) is True, []
        if origin and not is_ours:
            proposals = [self.propose("maventa_origin_own", origin)]
        got = f"of what we reported: {origin or 'nothing'}"
        self.check("event_shown", is_ours, got, *proposals)

    def _closing_event(self, events: Sequence[Payload]) -> None:
        """What came when the last was paid."""
        own = self.words["maventa_origin_own"]
        others = [
            event
            for event in map(self.words.event, events)
            if event.get("origin") not in (own, answers.OWN)
            and event.get("event_type") not in ROPO_EVENTS
        ]
        if not others:
            self.postpone("event_shown", "No event of Ropo's own came")
            self.postpone("event_stage", ROPO_ACTS)
            return
        last = max(others, key=lambda event: str(event.get("created_at")))
        origin, kind = str(last.get("origin", "")), str(last.get("event_type"))
        is_ropos = answers.ORIGINS.get(origin) is False
        proposals = [] if is_ropos else [self.propose("maventa_origin_ropo", origin)]
        self.check("event_shown", is_ropos, f"of Ropo's: {origin}", *proposals)
        is_end = kind == CLOSED
        proposals = [] if is_end else [self.propose("maventa_event_closed", kind)]
        self.check("event_stage", is_end, f"the end: {kind}", *proposals)
        self.postpone("event_stage", f"the end: {kind}. {ROPO_ACTS} of the stages")

    def _from_a_moment(self, events: Sequence[Payload]) -> None:
        """All events from the moment of one on; those before it do not come."""
        moments = [moment(event.get("created_at")) for event in events]
        newest = max(filter(None, moments), default=None)
        if newest is None:
            self.check("event_cursor", False, "no event has a readable created_at")
            return
        wanted = {event.get("id") for event in events}
        counts = []
        for start in (min(filter(None, moments)), newest + SECOND * 2):
            params = {"created_at_start": f"{start.isoformat()}Z"}
            reply, rows = self.rows("/v1/events", **params)
            counts.append(len([row for row in rows if row.get("id") in wanted]))
        held = counts == [len(wanted), 0]
        got = f"{counts[0]} of {len(wanted)} from the first, {counts[1]} after the last"
        self.check_reply("event_cursor", reply, held, got)

    def _mark_seen(self, assignment: str, events: Sequence[Payload]) -> None:
        for event in events:
            path = f"/v1/assignments/{assignment}/events/{event['id']}/seen"
            reply = self.call("POST", path)
            self.check_reply("seen", reply, reply.ok)

    @step
    def at_once(self) -> None:
        """More and more calls at the same time, until one is refused."""
        identifier, _document = next(iter(self.need("sent").values()))
        for count in AT_ONCE:
            with ThreadPoolExecutor(count) as pool:
                statuses = list(pool.map(self._one_of_many, [identifier] * count))
            seen = dict(collections.Counter(statuses))
            self.check("too_many_calls", set(seen) <= {200, 429}, f"{count}: {seen}")
            if 429 in seen:
                self.note(f"{count} calls at once: {seen[429]} refused with 429")
                return
        self.note(f"{AT_ONCE[-1]} calls at once: none refused")

    def _one_of_many(self, identifier: str) -> int:
        return self.client.exchange("GET", f"/v1/invoices/{identifier}").status

    # --- what all answers show ---

    @step
    def later(self) -> None:
        """What this day can't show, and what is new in the answers."""
        self.meet_all()
        for key, why in LATER.items():
            self.postpone(key, why)


def _numbers(values: Iterable[float | None]) -> list[float]:
    return sorted({value for value in values if value is not None})
