"""What the sandbox holds, to look at: plain HTML, no script, everything escaped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import markup, money, pdf, statuses
from .shapes import Cells, Json

if TYPE_CHECKING:
    from .server import Server
    from .state import Job, Profile


SERVICE_MODELS = {"connect": "Connect", "unify": "Unify", "embed": "Embed"}


class Pages:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.world = server.world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.index),
            web.get("/jobs/{jobid:\\d+}", self.job),
            web.get("/jobs/{jobid:\\d+}/document", self.document),
        ]

    async def index(self, request: web.Request) -> web.Response:
        return markup.page(
            "Ropo sandbox", self._header() + self._tiles() + self._sections()
        )

    async def job(self, request: web.Request) -> web.Response:
        job = self._job(request)
        return markup.page(
            f"Job {job.jobid}", _job_page(job, self.world.profiles[job.cid])
        )

    async def document(self, request: web.Request) -> web.Response:
        """The current document, for people: the API's own wants a token."""
        job = self._job(request)
        content = pdf.render(job, self.world.profiles[job.cid], original=False)
        return web.Response(body=content, content_type="application/pdf")

    def _job(self, request: web.Request) -> Job:
        job = self.world.jobs.get(int(request.match_info["jobid"]))
        if job is None:
            raise web.HTTPNotFound(text="No such job")
        return job

    # --- parts of the first page --------------------------------------------------

    def _header(self) -> str:
        return (
            "<header><h1>Ropo sandbox</h1><p>A stand-in for Ropo, for tests and for "
            "trying things out. Nothing here reaches a debtor. "
            f"Its clock: <b>{self.world.stamp()}</b> UTC. "
            '<a href="/_sandbox/state">State as JSON</a>, '
            '<a href="/maventa">Maventa</a></p></header>'
        )

    def _tiles(self) -> str:
        jobs = self.world.jobs.values()
        collected = [job for job in jobs if job.collected and not job.finished]
        tiles = (
            ("Jobs", len(self.world.jobs)),
            ("Followed by Ropo", len(collected)),
            ("Open capital", money.text(sum(job.capital for job in collected))),
            ("Payments reported", len(self.world.payments)),
            ("Rows refused", len(self.world.rejected)),
            ("Sent twice", self.world.duplicates),
            ("Answers 429", sum(self.world.throttled.values())),
        )
        return markup.tiles(tiles)

    def _sections(self) -> str:
        return "".join(
            (
                self._faults(),
                markup.section("Profiles", PROFILE, map(_profile, self._profiles())),
                markup.section(
                    "Jobs", JOBS, map(_job_row, markup.latest(self.world.jobs.values()))
                ),
                markup.section(
                    "Payments reported to Ropo", PAYMENTS, map(_call, self._payments())
                ),
                markup.section(
                    "Rows refused", REFUSED, map(_refusal, self._rejected())
                ),
                markup.section("Webhook deliveries", DELIVERIES, self._delivery_rows()),
                markup.section(
                    "Last calls", CALLS, map(_last_call, self._last_calls())
                ),
            )
        )

    def _profiles(self) -> Iterator[tuple[Profile, int]]:
        jobs = self.world.jobs.values()
        for profile in self.world.profiles.values():
            yield profile, sum(job.cid == profile.cid for job in jobs)

    def _payments(self) -> list[Json]:
        return markup.latest(self.world.payments)

    def _rejected(self) -> list[Json]:
        return markup.latest(self.world.rejected)

    def _last_calls(self) -> list[Any]:
        return markup.latest(self.server.last_calls)

    def _delivery_rows(self) -> Iterator[Cells]:
        for delivery in markup.latest(self.world.deliveries):
            outcome = delivery["status"] or delivery["error"]
            yield (
                delivery["time"],
                delivery["cid"],
                delivery["url"],
                delivery["messages"],
                markup.Raw(
                    markup.badge(outcome, "good" if delivery["delivered"] else "bad")
                ),
            )

    def _faults(self) -> str:
        faults = self.server.faults.faults
        if not (faults or self.server.latency):
            return ""
        rows: list[Cells] = [
            (
                markup.Raw(markup.badge(fault.kind, "bad")),
                f"{fault.method or 'any'} {fault.path or 'path'}",
                f"{fault.probability:.0%}",
                "for ever" if fault.times is None else fault.times,
                fault.fired,
            )
            for fault in faults
        ]
        if self.server.latency:
            rows.append(("latency", "every call", f"{self.server.latency} ms", "", ""))
        return markup.section("Faults that are on", FAULTS, rows)


PROFILE = ("Customer", "Name", "Country", "Service model", "Calls at once", "Jobs")
JOBS = (
    "Job",
    "Customer",
    "Invoice",
    "Receiver",
    "Kind",
    "Stage",
    "Open",
    "Amount",
    "Due",
)
PAYMENTS = ("Time", "Customer", "Job", "Amount", "Answer", "Capital before", "after")
REFUSED = ("Time", "Customer", "Invoice", "Why")
DELIVERIES = ("Time", "Customer", "Address", "Messages", "Answer")
CALLS = ("Time", "Customer", "Call", "Answer", "ms", "Fault")
FAULTS = ("Fault", "Meets", "How often", "Times", "So far")
EVENTS = ("Time", "Id", "Type", "Code", "Status", "Text", "Amount")
JOB_PAYMENTS = ("Time", "Amount", "Paid on", "Answer", "Capital before", "after")


def _profile(profile_and_count: tuple[Profile, int]) -> Cells:
    profile, count = profile_and_count
    model = SERVICE_MODELS[profile.service_model]
    limit = profile.concurrency or ""
    return profile.cid, profile.name, profile.country.upper(), model, limit, count


def _job_row(job: Job) -> Cells:
    link = markup.Raw(f'<a href="/jobs/{job.jobid}">{job.jobid}</a>')
    return (
        link,
        job.cid,
        job.billnum,
        job.receiver,
        pdf.title(job, original=True),
        markup.Raw(_stage(job)),
        markup.Money(money.text(job.capital)),
        markup.Money(money.text(job.amount)),
        job.paydate,
    )


def _stage(job: Job) -> str:
    kind = (
        "good" if job.finished else "warn" if job.stage in statuses.CHASED else "calm"
    )
    return markup.badge(job.statustext, kind)


def _call(call: Json) -> Cells:
    request = call["request"] if isinstance(call["request"], dict) else {}
    job = call["jobid"]
    link = markup.Raw(f'<a href="/jobs/{job}">{job}</a>') if job else ""
    answer = markup.Raw(markup.badge(f"statusid {call['statusid']}", _posted(call)))
    figures = markup.amount(call["capitalbefore"]), markup.amount(call["capitalafter"])
    amount = markup.amount(request.get("amount"))
    return call["time"], call["cid"], link, amount, answer, *figures


def _posted(call: Json) -> str:
    return "good" if call["statusid"] == 6 else "bad"


def _refusal(row: Json) -> Cells:
    return row["time"], row["cid"], row["dataset"].get("billnum"), row["error"]


def _last_call(call: Any) -> Cells:
    status = call.status or "…"
    good = call.status and call.status < 400 and not call.fault
    took = markup.Money("" if call.milliseconds is None else f"{call.milliseconds:.1f}")
    badge = markup.Raw(markup.badge(status, "good" if good else "bad"))
    return call.time, call.cid, call.label, badge, took, call.fault or ""


def _job_page(job: Job, profile: Profile) -> str:
    return "".join(
        (
            f'<header><p><a href="/">Ropo sandbox</a></p><h1>{escape(job.billnum)} '
            f"{_stage(job)}</h1><p>Job {job.jobid} of {escape(profile.name)}, "
            f"{escape(pdf.title(job, original=True).lower())} to "
            f"<b>{escape(job.receiver)}</b>. "
            f"Reference {escape(job.billcode or 'none')}, "
            f"Ropo's {escape(job.reference)}. "
            f'<a href="/jobs/{job.jobid}/document">See the document</a></p></header>',
            _facts(job),
            markup.section("What happened", EVENTS, map(_event, job.events)),
            markup.section(
                "Payments reported to Ropo", JOB_PAYMENTS, map(_reported, job.payments)
            ),
            "<section><h2>Dataset, as received</h2><pre>",
            escape(json.dumps(job.dataset, indent=2, ensure_ascii=False)),
            "</pre></section>",
        )
    )


def _facts(job: Job) -> str:
    facts = (
        ("Amount", money.text(job.amount)),
        ("Open capital", money.text(job.capital)),
        ("Interest", money.text(job.interest)),
        ("Notice fee", money.text(job.noticefee)),
        ("Due", job.paydate or "none"),
        (f"Next: {job.next_stage or 'nothing'}", job.next_date or "none"),
    )
    return markup.tiles(facts)


def _event(row: Json) -> Cells:
    names = ("statustime", "statusid", "statustype", "statuscode", "statusref")
    reported = (row[name] for name in names)
    return *reported, row["statustext"], markup.amount(row["amount"])


def _reported(payment: Json) -> Cells:
    request = payment["request"]
    answer = markup.Raw(
        markup.badge(f"statusid {payment['statusid']}", _posted(payment))
    )
    figures = (
        markup.amount(payment["capitalbefore"]),
        markup.amount(payment["capitalafter"]),
    )
    paid_on = request.get("paydate") or request.get("date")
    amount = markup.amount(request.get("amount"))
    return payment["time"], amount, paid_on, answer, *figures
