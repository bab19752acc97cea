"""Ropo One's REST interface: reading requests, writing answers, and no rules."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import NoReturn

from aiohttp import web

from . import contract, jobs, ledger, money, payments, pdf, statuses, tokens
from .dialect import Usual
from .shapes import Json
from .state import Job, Profile, World

PREFIX = "/rest"
PAID_IS_FORGOTTEN = timedelta(days=730)  # D: "older that 2y are not returned"
HUGE = 20 * 1024 * 1024 + 1


class RopoOne:
    """The handlers; ``world`` is all they know, ``dialect`` how they speak."""

    prefix = PREFIX
    beside = ()

    def __init__(self, world: World, dialect: Usual | None = None) -> None:
        self.world = world
        self.dialect = dialect or Usual()

    def routes(self) -> list[web.RouteDef]:
        preview, printed = (self.dialect.paths[n] for n in ("preview", "localprint"))
        table = (
            ("POST", "/token", self.token),
            ("POST", "/jobs", self.add_jobs),
            ("GET", "/jobs", self.show_job),
            ("POST", "/jobs/payment", self.add_payment),
            ("POST", "/jobs/creditnote", self.add_credit_note),
            ("GET", "/jobs/pdf", self.show_pdf),
            ("GET", "/jobs/statusupdates", self.status_updates),
            ("POST", "/jobs/findbyendcustomer", self.find_by_end_customer),
            ("POST", preview, self.preview),
            ("POST", printed, self.local_print),
            ("GET", "/online/onlinelink", self.online_link),
        )
        return [
            web.route(method, f"{PREFIX}{path}", self.dialect.spoken(handler))
            for method, path, handler in table
        ]

    # --- what every service gives the server --------------------------------------

    def customer(self, request: web.Request) -> str | None:
        """The cid of a call with a good token, else None."""
        cid = tokens.cid_of(request.headers.get("Authorization"))
        return cid if cid in self.world.profiles else None

    def profile(self, cid: str) -> Profile:
        return self.world.profiles[cid]

    def limit(self, cid: str) -> int | None:
        """How many calls at once this customer has of its own, or None."""
        return self.world.profiles[cid].concurrency

    def needs_token(self, request: web.Request) -> bool:
        return request.path != f"{PREFIX}/token"

    def unauthorized(self, detail: str = "No valid token") -> web.Response:
        """A: 401 is documented without a body; this is the vendor's problem shape."""
        problem = {"status": 401, "title": "Unauthorized", "detail": detail}
        return self.dialect.answer(web.json_response(problem, status=401))

    @staticmethod
    def throttled() -> web.Response:
        error = "Too many requests - Too many concurrent requests for this customer"
        return web.json_response(_job_response([], [error]), status=429)

    # --- token --------------------------------------------------------------------

    async def token(self, request: web.Request) -> web.Response:
        body = await _json(request)
        body = body if isinstance(body, dict) else {}
        profile = self.world.profiles.get(str(body.get("cid")))
        given = body.get("cid"), body.get("apicode")
        if profile is None or given != (profile.cid, profile.apicode):
            error = {"errorId": 1, "errorText": "Wrong cid or apicode"}
            return web.json_response(error, status=400)
        token = tokens.make(profile.cid, profile.token_lifetime)
        return web.json_response({"token": token}, status=201)

    # --- jobs ---------------------------------------------------------------------

    async def add_jobs(self, request: web.Request) -> web.Response:
        datasets, errors = await _datasets(request)
        if errors:
            return web.json_response(_job_response([], errors), status=400)
        rows = jobs.post(self.world, request["profile"], datasets)
        answer = _job_response(rows)
        return web.json_response(answer, status=201 if answer["accepted"] else 400)

    async def preview(self, request: web.Request) -> web.Response:
        """S that it exists and names the file in a header, A for the path."""
        dataset = await _single_dataset(request)
        if isinstance(dataset, web.Response):
            return dataset
        profile: Profile = request["profile"]
        readable, errors, _notices = jobs.read(profile, dataset)
        if errors:
            return _refused_row(dataset, errors)
        draft = jobs.draft(self.world, profile, readable, dataset)
        return _pdf(pdf.render(draft, profile, preview=True), _file_name(draft))

    async def local_print(self, request: web.Request) -> web.Response:
        """S that it exists, A for the path, the status and the headers: the PDF fills
        the body, so what a job's answer row reports stands in headers."""
        dataset = await _single_dataset(request)
        if isinstance(dataset, web.Response):
            return dataset
        profile: Profile = request["profile"]
        [row] = jobs.post(self.world, profile, [dataset])
        if not row["accepted"]:
            return web.json_response(_job_response([row]), status=400)
        job = self.world.jobs[row["jobid"]]
        response = _pdf(pdf.render(job, profile), _file_name(job), status=201)
        for name in ("jobid", "billnum", "billcode", "reference", "ownref"):
            response.headers[name] = _header(row[name])
        return response

    async def show_job(self, request: web.Request) -> web.Response:
        jobid = request.query.get("jobid", "")
        job = self.world.jobs.get(int(jobid)) if jobid.isdecimal() else None
        if job is None or job.cid != request["profile"].cid:
            return _error("jobid: no such job")
        return web.json_response(_job_info(job))

    async def status_updates(self, request: web.Request) -> web.Response:
        """D: all not yet fetched, 1000 at a time, then 204; or one day; or one bill."""
        filters = {
            name: request.query[name]
            for name in ("date", "billnum")
            if name in request.query
        }
        if len(filters) > 1:
            return _error("date, billnum: send one of them")
        if not payments.is_date(filters.get("date", "2000-01-01")):
            return _error("date: must be YYYY-MM-DD")
        rows = self._updates(request["profile"].cid, filters)
        if not rows:
            return web.Response(status=204)
        return web.json_response({"result": {"status": rows}})

    def _updates(self, cid: str, filters: Mapping[str, str]) -> list[Json]:
        if "billnum" in filters:
            billnum = filters["billnum"]
            return self.world.updates_where(cid, lambda row: row["billnum"] == billnum)
        if "date" in filters:
            day = filters["date"]
            return self.world.updates_where(
                cid, lambda row: row["statustime"].startswith(day)
            )
        return self.world.fetch_updates(cid)

    async def find_by_end_customer(self, request: web.Request) -> web.Response:
        body = await _json(request)
        body = body if isinstance(body, dict) else {}
        name, value = _end_customer(body)
        if not value:
            return _error("ssn, custnum: one of them is required")
        everything = body.get("all_invoices") == 1
        found = [
            self._found(job)
            for job in self.world.jobs_of(request["profile"].cid)
            if job.dataset.get(name) == value and self._is_listed(job, everything)
        ]
        return web.json_response({"jobs": found})

    def _is_listed(self, job: Job, everything: bool) -> bool:
        """D: open ones, or all but those paid whose due date is over two years ago."""
        if job.credit or job.jobtype == 301:
            return False
        if not (job.finished or ledger.settled(job)):
            return True
        due = date.fromisoformat(job.paydate) if job.paydate else self.world.today()
        return everything and due >= self.world.today() - PAID_IS_FORGOTTEN

    def _found(self, job: Job) -> Json:
        """D for the names; the group keys and their emptiness A."""
        return {
            "case_number": job.jobid,
            "invoice_number": job.billnum,
            "original_invoice_date": job.created[:10],
            "status": self._myropo_status(job),
            "open_amount": money.plain(job.capital + job.interest + job.noticefee),
            "group_job": 0,
            "group_case_numbers": [],
            "group_total_payable": None,
            "my_ropo_link": _link(job),
        }

    def _myropo_status(self, job: Job) -> str:
        if job.stage in statuses.MYROPO:
            return statuses.MYROPO[job.stage]
        overdue = job.paydate and date.fromisoformat(job.paydate) < self.world.today()
        return "due" if overdue else "invoicing"

    # --- money --------------------------------------------------------------------

    async def add_payment(self, request: web.Request) -> web.Response:
        body = self.dialect.payment(await _json(request))
        status, answer = payments.post(self.world, request["profile"], body)
        return web.json_response(answer, status=status)

    async def add_credit_note(self, request: web.Request) -> web.Response:
        status, answer = payments.post_credit_note(
            self.world, request["profile"], await _json(request)
        )
        return web.json_response(answer, status=status)

    # --- documents ----------------------------------------------------------------

    async def show_pdf(self, request: web.Request) -> web.Response:
        job = self._document(request)
        if isinstance(job, str):
            return _error(job)
        if job.pdf_mode != "ok":
            return _pdf(WRONG_DOCUMENTS[job.pdf_mode](), _file_name(job))
        original = request.query.get("origdata", "1") != "0"
        content = pdf.render(job, request["profile"], original=original)
        return _pdf(content, _file_name(job))

    def _document(self, request: web.Request) -> Job | str:
        """The job, or what is wrong.

        D: all identifiers sent must mean the same document.
        """
        wanted = [name for name in DOCUMENT_KEYS if request.query.get(name)]
        if not wanted:
            return "contractnum, billnum or jobid is required"
        found = [self._matches(request, name) for name in wanted]
        common = set.intersection(*found)
        if not common:
            return "No such document"
        # A: one number, several documents: the newest.
        return self.world.jobs[max(common)]

    def _matches(self, request: web.Request, name: str) -> set[int]:
        value, cid = request.query[name], request["profile"].cid
        if name == "contractnum":
            found = [
                job for job in self.world.jobs_of(cid) if _has_contract(job, value)
            ]
        elif name == "jobid":
            jobid = int(value) if value.isdecimal() else None
            found = self.world.jobs_with("jobid", jobid)
        else:
            found = self.world.jobs_with("billnum", value)
        return {job.jobid for job in found if job.cid == cid}

    async def online_link(self, request: web.Request) -> web.Response:
        billnum = request.query.get("billnum", "")
        cid = request["profile"].cid
        own = [j for j in self.world.jobs_with("billnum", billnum) if j.cid == cid]
        if not own:
            problem = {"status": 404, "title": "Not Found", "detail": "No such invoice"}
            return web.json_response({"type": None, **problem}, status=404)
        return web.json_response({"url": _link(jobs.choose(own))})


# --- requests ---------------------------------------------------------------------


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


async def _json(request: web.Request) -> object:
    """The body, or None where it is no JSON."""
    try:
        return json.loads(await request.read(), parse_constant=_reject_constant)
    except ValueError:
        return None


async def _datasets(request: web.Request) -> tuple[list[Json], list[str]]:
    body = await _json(request)
    return ([], ["body: not JSON"]) if body is None else contract.datasets(body)


async def _single_dataset(request: web.Request) -> Json | web.Response:
    """The dataset, or the refusal.

    Preview and local print take one document at a time.
    """
    datasets, errors = await _datasets(request)
    if not errors and len(datasets) != 1:
        errors = ["datastream.dataset: exactly one dataset"]
    if errors:
        return web.json_response(_job_response([], errors), status=400)
    return datasets[0]


def _end_customer(body: Json) -> tuple[str, str | None]:
    if isinstance(body.get("ssn"), str) and body["ssn"]:
        return "govid", body["ssn"]
    custnum = body.get("custnum")
    return "custnum", custnum if isinstance(custnum, str) else None


# --- answers ----------------------------------------------------------------------


def _job_response(rows: Sequence[Json], errors: Sequence[str] = ()) -> Json:
    return {
        "result": rows,
        "errors": [{"error": error} for error in errors],
        "accepted": sum(row["accepted"] for row in rows),
    }


def _refused_row(dataset: Json, errors: Sequence[str]) -> web.Response:
    row = jobs.refused(dataset, "; ".join(errors))
    return web.json_response(_job_response([row]), status=400)


def _error(text: str) -> web.Response:
    """D: ``{error}``; A: that its status is 400."""
    return web.json_response({"error": text}, status=400)


def _job_info(job: Job) -> Json:
    """D for the names up to origjobdate; what the open amount is it does not show."""
    given = (
        "accountdate",
        "address",
        "addressaddline1",
        "addressaddline2",
        "city",
        "company",
        "country",
        "custnum",
        "govid",
        "person",
        "postcode",
    )
    nothing: tuple[int, str | None] = (-1, None)
    following = statuses.STAGES.get(job.next_stage or "", nothing)
    return {
        **{name: job.dataset.get(name) for name in given},
        "billcode": job.billcode,
        "billnum": job.billnum,
        "currentpaydate": job.paydate,
        "currentstatus": job.status,
        "currentstatustext": job.statustext,
        "jobid": job.jobid,
        "nextstatus": following[0],
        "nextstatusdate": job.next_date,
        "nextstatustext": following[1],
        "origjobdate": job.created[:10],
        "origjobtext": statuses.text_of(job.jobtype),
    }


def _link(job: Job) -> str:
    return f"https://myropo.example/#/job/{job.jobid:08x}"


def _has_contract(job: Job, number: str) -> bool:
    contracts = job.dataset.get("contract") or []
    return any(each.get("contract_no") == number for each in contracts)


def _file_name(job: Job) -> str:
    return job.dataset.get("pdfname") or f"{job.billnum or 'preview'}.pdf"


def _pdf(content: bytes, name: str, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        body=content,
        content_type="application/pdf",
        headers={"pdfname": _header(name)},
    )


def _header(value: object) -> str:
    return "".join(character for character in str(value) if character.isprintable())


DOCUMENT_KEYS = ("contractnum", "billnum", "jobid")
WRONG_DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "not_pdf": lambda: b"<html><body>Service unavailable</body></html>",
    "huge": lambda: b"%PDF-1.4\n" + b"%" * HUGE,
    "empty": lambda: b"",
}
