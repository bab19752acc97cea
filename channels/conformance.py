"""Whether a service behaves as was read or assumed: a script of steps, and its report.

What is assumed stands in `assumptions.json`; a channel's own script decides it. Texts
are English, since the service's support reads the report.
"""

import dataclasses
import datetime
import functools
import json
import logging
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from .artificial import PERSON_NUMBERS, Papers
from .errors import ChannelError
from .transport import Reply
from .values import Payload

_logger = logging.getLogger(__name__)

FILE = Path(__file__).with_name("assumptions.json")

HELD, DIFFERED, UNTRIED = "held", "differed", "untried"

MASK = "…"
STATUS_CODE = "status_code:"  # before the code, where a proposal is about a stage
SECRETS = frozenset(
    """token access_token apicode client_secret vendor_api_key govid
    personal_id""".split()
)
LONGEST_TEXT = 200  # characters of a value that are kept: files are long
MOST_ITEMS = 20  # of a list that are kept


Step = TypeVar("Step", bound=Callable[..., None])


class Asked(Protocol):
    """What a script needs to know of its client."""

    @property
    def secrets(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Place:
    file: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assumption:
    """What the code takes for true of a service.

    :param text: as README.rst has it, with reStructuredText's marks
    :param grade: S (stands in what came with the order), D (in the vendor's
        documentation) or A (assumed)
    :param expected: what the run expects, in words; `status` are the HTTP statuses
        and `fields` the keys of the answer that go with it
    :param setting: where it can be changed by a user, if it can
    :param where: the code that relies on it
    :param steps: of the channel's script, those that decide it
    """

    key: str
    channel: str
    grade: str
    text: str
    source: str
    where: tuple[Place, ...]
    expected: str = ""
    status: tuple[int, ...] = ()
    fields: tuple[str, ...] = ()
    setting: str = ""
    steps: tuple[str, ...] = ()

    @property
    def expectation(self) -> str:
        """All that is expected, in one text."""
        statuses = " or ".join(map(str, self.status))
        parts = [
            self.expected,
            f"HTTP {statuses}" if statuses else "",
            f"with {', '.join(self.fields)}" if self.fields else "",
        ]
        return "; ".join(filter(None, parts))


@functools.cache
def assumptions(channel: str) -> dict[str, Assumption]:
    """The `Assumption`s about a channel, by key."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    found = [_assumption(row) for row in rows if row["channel"] == channel]
    return {assumption.key: assumption for assumption in found}


def _assumption(row: Payload) -> Assumption:
    places = [Place(place["file"], tuple(place["names"])) for place in row["where"]]
    lists = {name: tuple(row.get(name, ())) for name in ("status", "fields", "steps")}
    return Assumption(**{**row, **lists, "where": tuple(places)})


@dataclass(frozen=True, slots=True)
class Proposal:
    """The value of a channel's setting with which the code would agree.

    `setting` is one of the channel's `settings`, or `STATUS_CODE` and a code, whose
    stage is the value.
    """

    setting: str
    value: str
    now: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one assumption; `got` says what was seen, or why nothing was."""

    key: str
    result: str
    got: str
    proposals: tuple[Proposal, ...] = ()


@dataclass(slots=True)
class Report:
    """What a run found.

    :param exchanges: the calls as they went, without secrets, by step
    :param notes: what was seen and nobody had expected anything of: `(step, text)`
    :param unknown: fields and codes that nobody knew, with an example of each value:
        `{kind: {name: value}}`
    :param run: digits of the run, which the numbers of its documents bear
    :param sent: what was sent, by name, for a run that continues this one
    """

    channel: str
    started: datetime.datetime
    run: str = ""
    findings: list[Finding] = field(default_factory=list)
    exchanges: list[Payload] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    unknown: dict[str, dict[str, str]] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        results = [finding.result for finding in self.findings]
        return {result: results.count(result) for result in (HELD, DIFFERED, UNTRIED)}

    @property
    def proposals(self) -> list[Proposal]:
        """Each setting's once, in the order of the findings."""
        found = {
            proposal.setting: proposal
            for finding in self.findings
            for proposal in finding.proposals
        }
        return list(found.values())

    def as_dict(self) -> Payload:
        """JSON, with each assumption beside what became of it."""
        known = assumptions(self.channel)
        rows = [
            {
                **dataclasses.asdict(known[finding.key]),
                **dataclasses.asdict(finding),
            }
            for finding in self.findings
        ]
        return {
            "channel": self.channel,
            "started": self.started.isoformat(),
            "run": self.run,
            "counts": self.counts,
            "findings": rows,
            "notes": [list(note) for note in self.notes],
            "unknown": self.unknown,
            "sent": self.sent,
            "exchanges": self.exchanges,
        }


class UntriedError(Exception):
    """A step that can't be taken, and why."""


def step(method: Step) -> Step:
    """Marks a method of a script as one of its steps."""
    return _marked(method, "is_step")


def followup(method: Step) -> Step:
    """Marks a step that is taken when a run is continued, days later."""
    return _marked(method, "is_followup")


def _marked(method: Step, mark: str) -> Step:
    setattr(method, mark, True)
    return method


class Script:
    """The steps of a channel, in the order of its class; each decides assumptions.

    :param client: of the channel; see `base.Channel`
    :param papers: the `Papers` of the run
    :param earlier: the report of the run that this one continues, as JSON: nothing is
        sent, and what became of that run's documents is looked at
    :param received: what came of these documents meanwhile:
        `[{"source": "poll" or "webhook", "raw": row}]`
    :param keep: what keeps the status updates about other documents that came, and are
        never given again
    :param seconds: after which no further step begins, or None
    """

    channel = ""

    def __init__(
        self,
        client: Asked,
        papers: Papers,
        *,
        earlier: Payload | None = None,
        received: Sequence[Payload] = (),
        keep: Callable[[list[Payload]], object] = lambda rows: None,
        seconds: float | None = None,
    ) -> None:
        self.client = client
        self.papers = papers
        self.earlier = earlier
        self.received = received
        self.keep = keep
        self._end = time.monotonic() + seconds if seconds else float("inf")
        now = datetime.datetime.now(datetime.timezone.utc)
        sent = dict(earlier["sent"]) if earlier else {}
        self.report = Report(self.channel, now, papers.run, sent=sent)
        # No real one: an answer may repeat it under any name.
        self._secrets = (*client.secrets, *PERSON_NUMBERS.values())
        self._step = ""
        self._seen: dict[str, list[tuple[bool, str, tuple[Proposal, ...]]]] = {
            key: [] for key in assumptions(self.channel)
        }
        self._postponed: dict[str, str] = {}
        self._failed: dict[str, str] = {}

    @classmethod
    def steps(cls, mark: str = "is_step") -> list[str]:
        found = [
            name
            for base in reversed(cls.__mro__)
            for name, member in vars(base).items()
            if getattr(member, mark, False)
        ]
        return list(dict.fromkeys(found))

    @classmethod
    def followups(cls) -> list[str]:
        """The steps of a run that continues an earlier one."""
        return cls.steps("is_followup")

    def run(self) -> Report:
        """The `Report` of all steps. What fails in one leaves the others."""
        for name in self.followups() if self.earlier else self.steps():
            self._step = name
            try:
                if time.monotonic() > self._end:
                    raise UntriedError("No time was left for it")
                getattr(self, name)()
            except (UntriedError, ChannelError) as error:
                self._failed[name] = self.masked(str(error))
            except Exception as error:
                # An answer that nobody thought of is what a run is there to meet.
                _logger.exception("Conformance, step %s", name)
                self._failed[name] = (
                    f"The answer can't be read ({type(error).__name__})"
                )
        known = assumptions(self.channel)
        before = self._found_before()
        self.report.findings = [
            self._newer(before.get(key), self._finding(known[key])) for key in known
        ]
        return self.report

    def _found_before(self) -> dict[str, Finding]:
        """What the earlier run found, by key."""
        rows = self.earlier["findings"] if self.earlier else []
        found = [Finding(row["key"], row["result"], row["got"]) for row in rows]
        return {finding.key: finding for finding in found}

    def _newer(self, before: Finding | None, now: Finding) -> Finding:
        """The finding of now, unless it shows nothing and that of before more."""
        if not before or now.result != UNTRIED:
            return now
        is_looked_at = now.key in self._postponed and before.result == UNTRIED
        return now if is_looked_at else before

    # --- what steps say ---

    def check(self, key: str, held: object, got: object, *proposals: Proposal) -> None:
        """Decides the assumption `key`, or a part of it."""
        self._know(key)
        self._seen[key].append((bool(held), str(got), proposals))

    def postpone(self, key: str, why: str) -> None:
        """What of it can only be seen later, however the rest is."""
        self._know(key)
        self._postponed[key] = why

    def check_reply(
        self,
        key: str,
        reply: Reply,
        held: object = True,
        got: object = "",
        fields: Iterable[str] = (),
        proposals: Iterable[Proposal] = (),
    ) -> None:
        """The same, of the status and the keys that the assumption names, too.

        :param fields: the keys that are there
        """
        expected = assumptions(self.channel)[key]
        problems = []
        if expected.status and reply.status not in expected.status:
            problems.append(f"HTTP {reply.status}")
        if missing := [name for name in expected.fields if name not in fields]:
            problems.append(f"without {', '.join(missing)}")
        text = "; ".join([*problems, str(got)] if got else problems)
        held = held and not problems
        self.check(key, held, text or f"HTTP {reply.status}", *proposals)

    def note(self, text: str) -> None:
        """What was seen, where nothing was expected."""
        self.report.notes.append((self._step, self.masked(text)))

    def meet(
        self, kind: str, values: Mapping[str, object], known: Container[str]
    ) -> None:
        """Keeps the fields of an answer that are not among the known ones."""
        for name, value in values.items():
            if name not in known:
                self.meet_value(kind, name, value)

    def meet_value(self, kind: str, name: object, value: object = "") -> None:
        """Keeps a field or a code that the code does not know, with an example."""
        unknown = self.report.unknown.setdefault(kind, {})
        unknown.setdefault(str(name), str(self.masked(value))[:LONGEST_TEXT])

    def record(self, exchange: Payload) -> None:
        """Keeps a call of the step under way; `exchange` is JSON."""
        self.report.exchanges.append({"step": self._step, **self.masked(exchange)})

    def keep_call(
        self,
        call: str,
        reply: Reply,
        only: Callable[[object], object] = lambda answer: answer,
        **request: object,
    ) -> None:
        """Keeps a call; of the answer what `only()` leaves."""
        answer = only(reply.json_or_none())
        if answer is None and reply.content:
            kind = reply.headers.get("Content-Type", "")
            answer = f"{kind}, {len(reply.content)} bytes"
        request = {name: value for name, value in request.items() if value}
        self.record({"call": call, **request, "status": reply.status, "answer": answer})

    def need(self, name: str) -> Any:
        """What an earlier step left, or the end of this one."""
        if (found := getattr(self, name, None)) is None:
            raise UntriedError("An earlier step brought no answer to go on with")
        return found

    def masked(self, value: object) -> Any:
        """The same JSON without secrets, and without the contents of files."""
        if isinstance(value, dict):
            return {
                name: MASK if name in SECRETS and item else self.masked(item)
                for name, item in value.items()
            }
        if isinstance(value, list | tuple):
            kept = [self.masked(item) for item in value[:MOST_ITEMS]]
            rest = len(value) - len(kept)
            return [*kept, f"… {rest} more"] if rest else kept
        return self._masked_text(value) if isinstance(value, str) else value

    # --- helpers ---

    def _masked_text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        if len(text) > LONGEST_TEXT:
            return f"{text[:LONGEST_TEXT]}… ({len(text)} characters)"
        return text

    def _know(self, key: str) -> None:
        """What decides an assumption stands beside it, or a reader looks in vain."""
        if self._step not in assumptions(self.channel)[key].steps:
            raise LookupError(f"{key}: {self._step} is not among its steps")

    def _finding(self, assumption: Assumption) -> Finding:
        key, seen = assumption.key, self._seen[assumption.key]
        differing = [entry for entry in seen if not entry[0]]
        if differing:
            texts = dict.fromkeys(got for _held, got, _proposals in differing)
            proposals = [one for _, _, several in differing for one in several]
            return self._said(key, DIFFERED, "; ".join(texts), tuple(proposals))
        failed = [
            self._failed[name] for name in assumption.steps if name in self._failed
        ]
        if key in self._postponed:
            failed.append(self._postponed[key])
        if failed or not seen:
            why = "; ".join(dict.fromkeys(failed))
            return self._said(key, UNTRIED, why or "No answer showed it")
        texts = dict.fromkeys(got for _held, got, _proposals in seen)
        return self._said(key, HELD, "; ".join(texts))

    def _said(
        self, key: str, result: str, got: str, proposals: tuple[Proposal, ...] = ()
    ) -> Finding:
        return Finding(key, result, self.masked(got), proposals)


def json_object(reply: Reply) -> Payload:
    """The body, where it is an object, else {}."""
    body = reply.json_or_none()
    return body if isinstance(body, dict) else {}


def objects(value: object) -> list[Payload]:
    """The objects in what should be a list of them."""
    rows = value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict)]


def is_pdf(reply: Reply) -> bool:
    return reply.ok and reply.content.startswith(b"%PDF-")


def kind_of(reply: Reply) -> str:
    """What came, in short."""
    kind = reply.headers.get("Content-Type", "nothing")
    return f"HTTP {reply.status}, {kind}"
