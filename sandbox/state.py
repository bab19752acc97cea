"""What the sandbox holds: profiles, jobs, what happened to them, and counters.

Everything lives in memory. With ``--state FILE`` each change is also written to that
file before the answer goes out, so a killed sandbox has lost nothing it accepted.
"""

import collections
import dataclasses
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

from . import money, payouts, statuses
from .maventa.books import Books as MaventaBooks
from .shapes import Json
from .store import Store

Counts = collections.Counter[str]

FIRST_JOBID = 28_000_001
FIRST_BILLNUM = 3001
UPDATES_PER_PAGE = 1000
AMOUNTS = (
    "amount",
    "capital",
    "interest",
    "noticefee",
    "paid_interest",
    "paid_noticefee",
    "overpaid",
    *payouts.HELD,
)

DEFAULT_PROFILES: tuple[Json, ...] = (
    {"cid": "700001", "apicode": "sandbox-apicode", "name": "Sandbox Connect"},
    {
        "cid": "700002",
        "apicode": "sandbox-apicode-2",
        "service_model": "unify",
        "name": "Sandbox Unify",
    },
    {
        "cid": "700003",
        "apicode": "sandbox-apicode-3",
        "country": "se",
        "name": "Sandbox Connect Sweden",
    },
)


@dataclasses.dataclass
class Profile:
    """A company at Ropo. ``concurrency`` None: the sandbox's own limit, if any."""

    cid: str
    apicode: str
    country: str = "fi"
    service_model: str = "connect"
    name: str = ""
    concurrency: int | None = None
    token_lifetime: int = 7200
    lenient: bool = False
    tolerance: float = 0.01
    status_rows: str = "plain"

    @property
    def takes_the_money(self) -> bool:
        """Unify and Embed: Ropo's own account and reference, and Ropo collects."""
        return self.service_model in ("unify", "embed")


@dataclasses.dataclass
class Job:
    """One job at Ropo. Money in cents; a credit note's amount is negative."""

    jobid: int
    cid: str
    jobtype: int
    billnum: str
    billcode: str
    reference: str
    ownref: int | str
    customertype: int
    receiver: str
    amount: int
    capital: int
    stage: str
    dataset: Json
    created: str
    paydate: str | None
    delivery_only: bool
    credit: bool
    sendtype: str
    status: int = 0
    statustext: str = ""
    interest: int = 0
    noticefee: int = 0
    paid_interest: int = 0
    paid_noticefee: int = 0
    overpaid: int = 0
    held_principal: int = 0
    held_interest: int = 0
    held_fees: int = 0
    next_stage: str | None = None
    next_date: str | None = None
    refundtojobid: int | None = None
    forced: int | None = None
    pdf_mode: str = "ok"
    stage_before: str | None = None
    payments: list[Json] = dataclasses.field(default_factory=list)
    received: list[Json] = dataclasses.field(default_factory=list)
    events: list[Json] = dataclasses.field(default_factory=list)

    @property
    def finished(self) -> bool:
        return self.stage in statuses.FINISHED

    @property
    def collected(self) -> bool:
        """Ropo follows the money of this job: not a delivery, not a credit note."""
        return not (self.delivery_only or self.credit)

    def shown(self) -> Json:
        """The job as the control API shows it: money with two decimals."""
        return {
            **vars(self),
            **{name: money.plain(getattr(self, name)) for name in AMOUNTS},
        }


@dataclasses.dataclass
class Update:
    """A row of ``/jobs/statusupdates`` and how far it has got."""

    number: int
    cid: str
    row: Json
    fetched: bool = False
    webhook: str = "waiting"  # waiting | delivered | refused


class World:
    """All that the sandbox knows, and the only place that changes it."""

    def __init__(self, store: Store | None = None, seed: int = 0) -> None:
        self.store = store
        self.seed = seed
        self.dirty: dict[tuple[str, str], object] = {}
        self.maventa = MaventaBooks(self)
        self._empty()
        if store is None or not self._restore():
            self._default_profiles()
            self.commit()

    def _empty(self) -> None:
        self.random = random.Random(self.seed)
        self.maventa.empty()
        self.profiles: dict[str, Profile] = {}
        self.jobs: dict[int, Job] = {}
        self.updates: list[Update] = []
        self.payments: list[Json] = []
        self.rejected: list[Json] = []
        self.deliveries: list[Json] = []
        self.webhooks: dict[str, Json] = {}
        self.calls: Counts = collections.Counter()
        self.max_concurrent: Counts = collections.Counter()
        self.throttled: Counts = collections.Counter()
        self.duplicates = 0
        self.offset = 0.0
        self.next_jobid = FIRST_JOBID
        self.next_billnum = FIRST_BILLNUM
        self.next_row = 1
        self._index: dict[tuple[str, str], list[int]] = collections.defaultdict(list)
        self._unfetched: dict[str, collections.deque[Update]] = collections.defaultdict(
            collections.deque
        )

    def _default_profiles(self) -> None:
        for profile in DEFAULT_PROFILES:
            self.add_profile(Profile(**profile))
        self.maventa.defaults()

    def reset(self) -> None:
        """Everything gone but the default profiles."""
        self._empty()
        self.dirty = {}
        if self.store:
            self.store.clear()
        self._default_profiles()

    # --- the clock ----------------------------------------------------------------

    def now(self) -> datetime:
        """The sandbox's own time, UTC: the machine's plus what ``age`` added."""
        return datetime.now(timezone.utc) + timedelta(seconds=self.offset)

    def stamp(self) -> str:
        return self.now().strftime("%Y-%m-%d %H:%M:%S")

    def today(self) -> date:
        return self.now().date()

    def age(self, days: float) -> None:
        self.offset += days * 86400

    # --- records ------------------------------------------------------------------

    def add_profile(self, profile: Profile) -> None:
        self.profiles[profile.cid] = profile
        self.touch("profile", profile.cid, profile)

    def add_job(self, job: Job) -> None:
        self.jobs[job.jobid] = job
        self._index_job(job)
        self.touch_job(job)

    def _index_job(self, job: Job) -> None:
        for value in {job.billcode, job.reference} - {""}:
            self._index["billcode", value].append(job.jobid)
        if job.billnum:
            self._index["billnum", job.billnum].append(job.jobid)

    def touch_job(self, job: Job) -> None:
        self.touch("job", job.jobid, job)

    def jobs_with(self, name: str, value: Any) -> list[Job]:
        """Jobs of all profiles with that ``billcode``, ``jobid`` or ``billnum``."""
        if name == "jobid":
            job = self.jobs.get(value)
            return [job] if job else []
        return [self.jobs[jobid] for jobid in self._index.get((name, value), ())]

    def jobs_of(self, cid: str) -> list[Job]:
        return [job for job in self.jobs.values() if job.cid == cid]

    def take_jobid(self) -> int:
        self.next_jobid += 1
        return self.next_jobid - 1

    def take_billnum(self) -> str:
        """D: no billnum is needed; the guide's answer shows one that Ropo gave."""
        self.next_billnum += 1
        return str(self.next_billnum - 1)

    def add_rejected(self, cid: str, dataset: Json, error: str) -> None:
        row = {"cid": cid, "time": self.stamp(), "dataset": dataset, "error": error}
        self.rejected.append(row)
        self.touch("rejected", len(self.rejected), row)

    def add_payment(self, job: Job | None, call: Json) -> None:
        """A payment call, answered: beside the job it hit, and in the whole list."""
        self.payments.append(call)
        self.touch("payment", len(self.payments), call)
        if job:
            names = ("request", "statusid", "capitalbefore", "capitalafter", "time")
            job.payments.append({name: call[name] for name in names})
            self.touch_job(job)

    # --- what happened, as Ropo reports it ------------------------------------------

    def add_update(
        self,
        job: Job,
        kind: str,
        code: int | None,
        ref: str,
        text: str,
        paydate: str | None = None,
        amount: int | None = None,
    ) -> None:
        """A status row. ``kind`` is ``payment`` (id P…) or ``comment`` (id C…).

        Grade: the names D (older XML interface), the same names in JSON A.
        """
        row = {
            "jobid": job.jobid,
            "statusid": f"{kind[0].upper()}{self.next_row}",
            "billnum": job.billnum,
            "statustype": kind,
            "statustime": self.stamp(),
            "statusref": ref,
            "statustext": text,
            "statuscode": code,
            "paydate": paydate,
            "amount": None if amount is None else money.plain(amount),
        }
        update = Update(self.next_row, job.cid, row)
        self.next_row += 1
        self.updates.append(update)
        self._unfetched[job.cid].append(update)
        job.events.append(row)
        self.touch("update", update.number, update)
        self.touch_job(job)

    def fetch_updates(self, cid: str) -> list[Json]:
        """The next page not yet fetched; it is not offered again."""
        waiting = self._unfetched[cid]
        page: list[Json] = []
        while waiting and len(page) < UPDATES_PER_PAGE:
            update = waiting.popleft()
            update.fetched = True
            self.touch("update", update.number, update)
            page.append(update.row)
        return page

    def shuffle_updates(self, seed: int) -> None:
        """Rows come in an order of their own, as from several servers."""
        dice = random.Random(seed)
        for waiting in self._unfetched.values():
            dice.shuffle(waiting)
        dice.shuffle(self.updates)

    def updates_where(self, cid: str, matches: Callable[[Json], bool]) -> list[Json]:
        """Rows looked at by date or billnum: A, these stay on offer."""
        rows = (u.row for u in self.updates if u.cid == cid and matches(u.row))
        return [row for row, _ in zip(rows, range(UPDATES_PER_PAGE), strict=False)]

    def move(
        self,
        job: Job,
        stage: str,
        text: str | None = None,
        next_stage: str | None = None,
        next_date: str | None = None,
    ) -> None:
        """A job reaches a stage, and Ropo says so in a status row."""
        job.stage_before, job.stage = job.stage, stage
        self.set_stage(job, next_stage, next_date)
        self.add_comment(job, text or job.statustext, job.status, job.statustext)

    def add_comment(
        self, job: Job, text: str, code: int | None = None, ref: str | None = None
    ) -> None:
        """A comment row; without a code it is a message."""
        if code is None:
            code, ref = statuses.MESSAGE
        self.add_update(job, "comment", code, ref or statuses.text_of(code), text)

    def set_stage(
        self, job: Job, next_stage: str | None = None, next_date: str | None = None
    ) -> None:
        """The numbers and words that go with ``job.stage``, and what follows it."""
        job.status, job.statustext = statuses.code_of(job.stage, job.jobtype)
        if next_stage is None:
            start = max(self.today(), date.fromisoformat(job.paydate or "2000-01-01"))
            next_stage, next_date = statuses.next_of(
                job.stage, not job.collected, start
            )
        job.next_stage, job.next_date = next_stage, next_date
        self.touch_job(job)

    # --- keeping ------------------------------------------------------------------

    def touch(self, kind: str, key: object, record: object) -> None:
        if self.store:
            self.dirty[kind, str(key)] = record

    def commit(self) -> None:
        """Write what changed; called before any answer leaves."""
        if self.store and self.dirty:
            self.dirty["meta", "meta"] = self._meta()
            self.store.save(self.dirty)
            self.dirty = {}

    def _meta(self) -> Json:
        names = ("duplicates", "offset", "next_jobid", "next_billnum", "next_row")
        meta = {name: getattr(self, name) for name in names}
        for name in ("calls", "max_concurrent", "throttled", "webhooks", "deliveries"):
            meta[name] = getattr(self, name)
        return meta

    def _restore(self) -> bool:
        records = self.store.load() if self.store else {}
        if not records:
            return False
        self.profiles = {p["cid"]: Profile(**p) for p in records["profile"]}
        self.jobs = {j["jobid"]: Job(**j) for j in records["job"]}
        self.updates = [Update(**u) for u in records["update"]]
        self.payments, self.rejected = records["payment"], records["rejected"]
        for name, value in records["meta"][0].items():
            before = getattr(self, name)
            counts = isinstance(before, collections.Counter)
            setattr(self, name, collections.Counter(value) if counts else value)
        self.maventa.restore(records)
        for job in self.jobs.values():
            self._index_job(job)
        for update in self.updates:
            if not update.fetched:
                self._unfetched[update.cid].append(update)
        return True
