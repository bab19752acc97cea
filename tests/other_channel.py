"""A small channel that is unlike Ropo One, by which the boundary is tried.

Ids are texts that are no numbers, amounts are in cents, updates come by a cursor, and
there is no call for a reversal, a preview or a local print. Its service is a `World` in
memory: what matters here is what passes the boundary, not HTTP.
"""

import datetime
import time

from ..channels.base import Capabilities, Found, Frozen, Page, Token
from ..channels.documents import (
    Answer,
    AssignmentState,
    CapitalChange,
    Claim,
    Standing,
    StatusUpdate,
)
from ..channels.errors import Outcome, Reason, Rejected

PAGE = 2  # updates that a page has at most


class World:
    """What the service holds."""

    def __init__(self):
        self.cases = {}  # by id
        self.updates = []
        self.acknowledged = 0
        self.calls = []  # how many documents each call had
        self.loses_answers = False

    def take(self, body, collects):
        key = f"case/{len(self.cases) + 1:x}-{body['nr']}"
        self.cases[key] = {**body, "collects": collects, "open": body["sum"]}
        return key

    def change(self, key, cents):
        self.cases[key]["open"] -= cents

    def report(self, key, kind, cents=None, state=""):
        row = {"seq": f"u{len(self.updates)}", "case": key, "what": kind}
        row |= {"sum": cents, "state": state, "on": "2026-01-02"}
        self.updates.append(row)


class OtherChannel:
    label = "Other"
    capabilities = Capabilities(
        kinds=frozenset(["invoice", "reminder", "credit_note"]),
        deliveries=("post", "email"),
        batch_size=2,
        reversal="person",
        documents=True,
    )
    credentials = ("cid", "apicode")
    identity = ("cid",)
    hosts = {}
    stages = {"WARNED": "reminder", "OVER": "paid"}
    assumed_codes = ()
    settings = ()
    further_hosts = {}
    world = World()

    def __init__(self, base_url, credentials, *, profile="", token=None, **_options):
        self.fingerprint = f"{base_url} {credentials['cid']}"
        self.profile = profile
        self.token = token or Token()

    def close(self):
        pass

    def connect(self):
        self.token = Token("open", time.time() + 3600)
        return self.token

    @classmethod
    def freeze(cls, document):
        if isinstance(document, CapitalChange):
            body = {"case": document.assignment, "sum": _cents(document.amount)}
            return Frozen("change", {**body, "key": document.identifier}, False)
        is_claim = isinstance(document, Claim)
        body = {
            "nr": document.number,
            "who": document.debtor.reference,
            "by": document.delivery.method,
            "sum": _cents(document.amount if is_claim else document.total),
        }
        return Frozen("claim" if is_claim else "paper", body)

    @classmethod
    def without_personal_numbers(cls, payload):
        return payload  # it gets none

    @classmethod
    def case_of(cls, document):
        return ""

    @classmethod
    def of_debtor(cls, payload, name=None):
        return payload if name is None else {}

    def send(self, documents, files=None):
        self.world.calls.append((documents[0].call, len(documents)))
        answers = [self._send(document) for document in documents]
        if self.world.loses_answers:
            lost = Answer(Outcome.UNKNOWN, reason=Reason.TIMEOUT)
            return [lost] * len(documents)
        return answers

    def _send(self, document):
        body = document.body
        if document.call == "change":
            self.world.change(body["case"], body["sum"])
            return Answer(Outcome.ACCEPTED, assignment=body["case"])
        key = self.world.take(body, document.call == "claim")
        return Answer(Outcome.ACCEPTED, assignment=key, number=body["nr"])

    def find(self, document, case=None):
        if case:
            return Found(open_amount=self.world.cases[case.assignment]["open"] / 100)
        keys = [
            key
            for key, held in self.world.cases.items()
            if held["nr"] == document.body["nr"]
            and held["collects"] == (document.call == "claim")
        ]
        return Found(bool(keys), keys[0] if keys else "")

    def standings(self, cases):
        return [self._standing(case.assignment) for case in cases]

    def _standing(self, key):
        held = self.world.cases[key]["open"]
        state = AssignmentState(key, stage_code="OVER" if not held else "WARNED")
        return Standing(Outcome.ACCEPTED, state, held / 100)

    def updates(self, cursor=None, pending=()):
        at = (cursor or {}).get("next", 0)
        while rows := self.world.updates[at : at + PAGE]:
            at += len(rows)
            yield Page(rows, {"next": at}, acknowledge=lambda at=at: self._seen(at))

    def _seen(self, count):
        self.world.acknowledged = count

    def history(self, case):
        return [row for row in self.world.updates if row["case"] == case.assignment]

    @classmethod
    def interpret(cls, raw):
        return StatusUpdate(
            external_id=raw["seq"],
            kind=raw["what"],
            assignment=raw["case"],
            amount=raw["sum"] and raw["sum"] / 100,
            day=datetime.date.fromisoformat(raw["on"]),
            stage_code=raw["state"],
        )

    def document(self, case, which="original"):
        if case.assignment not in self.world.cases:
            raise Rejected(Reason.REFUSED)
        return b"%PDF-1.4 " + case.assignment.encode()


def _cents(amount):
    return round(amount * 100)
