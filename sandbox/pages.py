"""What the sandbox holds, to look at: plain HTML, no script, everything escaped."""

import json
from html import escape
from pathlib import Path

from aiohttp import web

from . import money, pdf, statuses

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
SHOWN = 200
SERVICE_MODELS = {"connect": "Connect", "unify": "Unify", "embed": "Embed"}


class Pages:
    def __init__(self, server):
        self.server = server
        self.world = server.world

    def routes(self):
        return [
            web.get("/", self.index),
            web.get("/jobs/{jobid:\\d+}", self.job),
            web.get("/jobs/{jobid:\\d+}/document", self.document),
        ]

    async def index(self, request):
        return _page("Ropo sandbox", self._header() + self._tiles() + self._sections())

    async def job(self, request):
        job = self._job(request)
        return _page(f"Job {job.jobid}", _job_page(job, self.world.profiles[job.cid]))

    async def document(self, request):
        """The current document, for people: the API's own wants a token."""
        job = self._job(request)
        content = pdf.render(job, self.world.profiles[job.cid], original=False)
        return web.Response(body=content, content_type="application/pdf")

    def _job(self, request):
        job = self.world.jobs.get(int(request.match_info["jobid"]))
        if job is None:
            raise web.HTTPNotFound(text="No such job")
        return job

    # --- parts of the first page --------------------------------------------------

    def _header(self):
        return (
            "<header><h1>Ropo sandbox</h1><p>A stand-in for Ropo, for tests and for "
            "trying things out. Nothing here reaches a debtor. "
            f"Its clock: <b>{self.world.stamp()}</b> UTC. "
            '<a href="/_sandbox/state">State as JSON</a></p></header>'
        )

    def _tiles(self):
        jobs = self.world.jobs.values()
        chased = [job for job in jobs if job.chased and not job.finished]
        tiles = (
            ("Jobs", len(self.world.jobs)),
            ("Followed by Ropo", len(chased)),
            ("Open capital", money.text(sum(job.capital for job in chased))),
            ("Payments told", len(self.world.payments)),
            ("Rows refused", len(self.world.rejected)),
            ("Sent twice", self.world.duplicates),
            ("Answers 429", sum(self.world.throttled.values())),
        )
        inside = "".join(
            f"<div><b>{escape(str(value))}</b><span>{escape(label)}</span></div>"
            for label, value in tiles
        )
        return f'<div class="tiles">{inside}</div>'

    def _sections(self):
        return "".join(
            (
                self._faults(),
                _section("Profiles", PROFILE, map(_profile, self._profiles())),
                _section(
                    "Jobs", JOBS, map(_job_row, _latest(self.world.jobs.values()))
                ),
                _section(
                    "Payments told to Ropo", PAYMENTS, map(_call, self._payments())
                ),
                _section("Rows refused", REFUSED, map(_refusal, self._rejected())),
                _section("Webhook deliveries", DELIVERIES, self._delivery_rows()),
                _section("Last calls", CALLS, map(_last_call, self._last_calls())),
            )
        )

    def _profiles(self):
        jobs = self.world.jobs.values()
        for profile in self.world.profiles.values():
            yield profile, sum(job.cid == profile.cid for job in jobs)

    def _payments(self):
        return _latest(self.world.payments)

    def _rejected(self):
        return _latest(self.world.rejected)

    def _last_calls(self):
        return _latest(self.server.last_calls)

    def _delivery_rows(self):
        for delivery in _latest(self.world.deliveries):
            outcome = delivery["status"] or delivery["error"]
            yield (
                delivery["time"],
                delivery["cid"],
                delivery["url"],
                delivery["messages"],
                Raw(_badge(outcome, "good" if delivery["delivered"] else "bad")),
            )

    def _faults(self):
        faults = self.server.faults.faults
        if not (faults or self.server.latency):
            return ""
        rows = [
            (
                Raw(_badge(fault.kind, "bad")),
                f"{fault.method or 'any'} {fault.path or 'path'}",
                f"{fault.probability:.0%}",
                "for ever" if fault.times is None else fault.times,
                fault.fired,
            )
            for fault in faults
        ]
        if self.server.latency:
            rows.append(("latency", "every call", f"{self.server.latency} ms", "", ""))
        return _section("Faults that are on", FAULTS, rows)


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


class Raw(str):
    """HTML that was put together here; anything else gets escaped."""


class Money(str):
    """An amount, set to the right."""


# Columns of amounts, whose heads stand to the right as well.
AMOUNTS = frozenset({"Open", "Amount", "Capital before", "after", "ms"})


def _latest(rows):
    return list(rows)[: -SHOWN - 1 : -1]


def _profile(profile_and_count):
    profile, count = profile_and_count
    model = SERVICE_MODELS[profile.service_model]
    limit = profile.concurrency or ""
    return profile.cid, profile.name, profile.country.upper(), model, limit, count


def _job_row(job):
    link = Raw(f'<a href="/jobs/{job.jobid}">{job.jobid}</a>')
    return (
        link,
        job.cid,
        job.billnum,
        job.receiver,
        pdf.title(job, original=True),
        Raw(_stage(job)),
        Money(money.text(job.capital)),
        Money(money.text(job.amount)),
        job.paydate,
    )


def _stage(job):
    kind = (
        "good" if job.finished else "warn" if job.stage in statuses.CHASED else "calm"
    )
    return _badge(job.statustext, kind)


def _call(call):
    request = call["request"] if isinstance(call["request"], dict) else {}
    job = call["jobid"]
    link = Raw(f'<a href="/jobs/{job}">{job}</a>') if job else ""
    answer = Raw(_badge(f"statusid {call['statusid']}", _posted(call)))
    figures = _amount(call["capitalbefore"]), _amount(call["capitalafter"])
    amount = _amount(request.get("amount"))
    return call["time"], call["cid"], link, amount, answer, *figures


def _amount(value):
    if isinstance(value, (int, float)):
        return Money(f"{value:.2f}")
    return Money("" if value is None else value)


def _posted(call):
    return "good" if call["statusid"] == 6 else "bad"


def _refusal(row):
    return row["time"], row["cid"], row["dataset"].get("billnum"), row["error"]


def _last_call(call):
    status = call.status or "…"
    good = call.status and call.status < 400 and not call.fault
    took = Money("" if call.milliseconds is None else f"{call.milliseconds:.1f}")
    badge = Raw(_badge(status, "good" if good else "bad"))
    return call.time, call.cid, call.label, badge, took, call.fault or ""


def _job_page(job, profile):
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
            _section("What happened", EVENTS, map(_event, job.events)),
            _section("Payments told to Ropo", JOB_PAYMENTS, map(_told, job.payments)),
            "<section><h2>Dataset, as received</h2><pre>",
            escape(json.dumps(job.dataset, indent=2, ensure_ascii=False)),
            "</pre></section>",
        )
    )


def _facts(job):
    facts = (
        ("Amount", money.text(job.amount)),
        ("Open capital", money.text(job.capital)),
        ("Interest", money.text(job.interest)),
        ("Notice fee", money.text(job.noticefee)),
        ("Due", job.paydate or "none"),
        (f"Next: {job.next_stage or 'nothing'}", job.next_date or "none"),
    )
    inside = "".join(
        f"<div><b>{escape(str(value))}</b><span>{escape(label)}</span></div>"
        for label, value in facts
    )
    return f'<div class="tiles">{inside}</div>'


def _event(row):
    names = ("statustime", "statusid", "statustype", "statuscode", "statusref")
    told = (row[name] for name in names)
    return *told, row["statustext"], _amount(row["amount"])


def _told(payment):
    request = payment["request"]
    answer = Raw(_badge(f"statusid {payment['statusid']}", _posted(payment)))
    figures = _amount(payment["capitalbefore"]), _amount(payment["capitalafter"])
    paid_on = request.get("paydate") or request.get("date")
    amount = _amount(request.get("amount"))
    return payment["time"], amount, paid_on, answer, *figures


def _badge(text, kind):
    return f'<span class="badge {kind}">{escape(str(text))}</span>'


def _section(title, columns, rows):
    rows = list(rows)
    if not rows:
        return (
            f"<section><h2>{escape(title)}</h2>"
            '<p class="none">Nothing yet.</p></section>'
        )
    head = "".join(map(_head, columns))
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return (
        f"<section><h2>{escape(title)} <small>{len(rows)}</small></h2>"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _head(column):
    amount = ' class="money"' if column in AMOUNTS else ""
    return f"<th{amount}>{escape(column)}</th>"


def _cell(value):
    if isinstance(value, Raw):
        return f"<td>{value}</td>"
    if isinstance(value, Money):
        return f'<td class="money">{escape(value)}</td>'
    return f"<td>{'' if value is None else escape(str(value))}</td>"


def _page(title, body):
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    return web.Response(text=html, content_type="text/html")
