"""The control API: what a test may see and arrange. No password, loopback only."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from . import asked, payments, payouts, statuses
from .faults import Fault
from .money import cents
from .state import Profile
from .webhooks import Webhooks

if TYPE_CHECKING:
    from .server import Server
    from .state import Job


PREFIX = "/_sandbox"
COUNTRIES = ("fi", "se", "no")
SERVICE_MODELS = ("connect", "unify", "embed")
STATUS_ROWS = ("plain", "full")
PDF_MODES = ("ok", "not_pdf", "huge", "empty")


class Control:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.world = server.world
        self.webhooks = Webhooks(server.world)

    def routes(self) -> list[web.RouteDef]:
        job = f"{PREFIX}/jobs/{{jobid:\\d+}}"
        table = (
            ("GET", f"{PREFIX}/state", self.show_state),
            ("POST", f"{PREFIX}/reset", self.reset),
            ("POST", f"{PREFIX}/profiles", self.set_profile),
            ("POST", f"{PREFIX}/faults", self.set_faults),
            ("DELETE", f"{PREFIX}/faults", self.clear_faults),
            ("POST", f"{PREFIX}/latency", self.set_latency),
            ("POST", f"{PREFIX}/age", self.age),
            ("POST", f"{PREFIX}/shuffle", self.shuffle),
            ("POST", f"{PREFIX}/webhooks", self.set_webhook),
            ("POST", f"{PREFIX}/webhooks/deliver", self.deliver),
            ("POST", f"{PREFIX}/payout", self.pay_out),
            ("POST", f"{job}/pay", self.pay),
            ("POST", f"{job}/stage", self.set_stage),
            ("POST", f"{job}/comment", self.comment),
            ("POST", f"{job}/fees", self.set_fees),
            ("POST", f"{job}/force", self.force),
            ("POST", f"{job}/pdf", self.set_pdf),
        )
        return [
            web.route(method, path, asked.answered(act)) for method, path, act in table
        ]

    # --- the whole ----------------------------------------------------------------

    async def show_state(self, request: web.Request) -> web.Response:
        """All of it; ``?only=calls,duplicates`` gives parts, for many jobs."""
        only = [name for name in request.query.get("only", "").split(",") if name]
        state = {
            name: part()
            for name, part in self._parts().items()
            if not only or name in only
        }
        return web.json_response(state)

    def _parts(self) -> dict[str, Callable[[], object]]:
        world = self.world
        return {
            "profiles": lambda: [
                dataclasses.asdict(p) for p in world.profiles.values()
            ],
            "jobs": lambda: [job.shown() for job in world.jobs.values()],
            "payments": lambda: world.payments,
            "calls": lambda: dict(world.calls),
            "rejected": lambda: world.rejected,
            "duplicates": lambda: world.duplicates,
            "max_concurrent": lambda: dict(world.max_concurrent),
            "throttled": lambda: dict(world.throttled),
            "webhooks": lambda: [
                {"cid": cid, **hook} for cid, hook in world.webhooks.items()
            ],
            "deliveries": lambda: world.deliveries,
            "faults": self.server.faults.shown,
            "latency": lambda: self.server.latency,
            "maventa": world.maventa.shown,
            "time": world.stamp,
        }

    async def reset(self, request: web.Request) -> web.Response:
        self.world.reset()
        self.server.faults.replace([])
        self.server.latency = 0
        self.server.last_calls.clear()
        return web.Response(status=204)

    async def set_profile(self, request: web.Request) -> web.Response:
        body = await asked.read(request, required=("cid", "apicode"), model=Profile)
        profile = Profile(**body)
        asked.one_of("country", profile.country, COUNTRIES)
        asked.one_of("service_model", profile.service_model, SERVICE_MODELS)
        asked.one_of("status_rows", profile.status_rows, STATUS_ROWS)
        self.world.add_profile(profile)
        return web.json_response(dataclasses.asdict(profile), status=201)

    async def set_faults(self, request: web.Request) -> web.Response:
        body = await asked.read(request, required=("faults",))
        try:
            faults = [Fault(**fault) for fault in body["faults"]]
        except (TypeError, ValueError) as error:
            raise asked.BadRequest(str(error)) from error
        self.server.faults.replace(faults)
        return web.json_response({"faults": self.server.faults.shown()}, status=201)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self.server.faults.replace([])
        return web.Response(status=204)

    async def set_latency(self, request: web.Request) -> web.Response:
        body = await asked.read(request, required=("ms",))
        self.server.latency = asked.number(body, "ms")
        return web.json_response({"ms": self.server.latency})

    async def age(self, request: web.Request) -> web.Response:
        body = await asked.read(request, required=("days",))
        self.world.age(asked.number(body, "days"))
        self.world.touch("meta", "meta", None)
        return web.json_response({"time": self.world.stamp()})

    async def shuffle(self, request: web.Request) -> web.Response:
        """What was not reported yet comes in another order, each way in its own."""
        body = await asked.read(request, required=("seed",))
        self.world.shuffle_updates(int(asked.number(body, "seed")))
        return web.Response(status=204)

    # --- webhooks -----------------------------------------------------------------

    async def set_webhook(self, request: web.Request) -> web.Response:
        body = await asked.read(request, required=("cid", "url"))
        hook = {name: body.get(name) for name in ("url", "user", "password")}
        self.world.webhooks[body["cid"]] = hook
        self.world.touch("meta", "meta", None)
        return web.json_response({"cid": body["cid"], **hook}, status=201)

    async def deliver(self, request: web.Request) -> web.Response:
        """``{"repeat": true}`` sends again what was delivered before."""
        body = await asked.read(request)
        result = await self.webhooks.deliver(bool(body.get("repeat")))
        return web.json_response(result)

    async def pay_out(self, request: web.Request) -> web.Response:
        """Ropo pays out what it holds, of all jobs or of ``{"jobs": [jobid]}``."""
        body = await asked.read(request)
        wanted = body.get("jobs", list(self.world.jobs))
        jobs = [job for job in self.world.jobs.values() if job.jobid in wanted]
        figures = payouts.pay_out(jobs, *payouts.terms(body))
        for job in jobs:
            self.world.touch_job(job)
        return web.json_response(figures)

    # --- one job ------------------------------------------------------------------

    async def pay(self, request: web.Request) -> web.Response:
        """The debtor pays at Ropo."""
        body = await asked.read(request, required=("amount",))
        amount = cents(asked.number(body, "amount"))
        paydate = body.get("date") or self.world.today().isoformat()
        job = self._job(request)
        payments.receive(self.world, job, amount, paydate)
        return web.json_response(job.shown())

    async def set_stage(self, request: web.Request) -> web.Response:
        body = await asked.read(request, required=("stage",))
        asked.one_of("stage", body["stage"], statuses.STAGES)
        following = body.get("next_stage")
        if following is not None:
            asked.one_of("next_stage", following, statuses.STAGES)
        job = self._job(request)
        self.world.move(
            job, body["stage"], body.get("text"), following, body.get("next_date")
        )
        return web.json_response(job.shown())

    async def comment(self, request: web.Request) -> web.Response:
        body = await asked.read(request, required=("text",))
        job = self._job(request)
        self.world.add_comment(job, body["text"], body.get("statuscode"))
        return web.json_response(job.shown())

    async def set_fees(self, request: web.Request) -> web.Response:
        body = await asked.read(request)
        job = self._job(request)
        for name in ("interest", "noticefee"):
            if name in body:
                setattr(job, name, cents(asked.number(body, name)))
        self.world.touch_job(job)
        return web.json_response(job.shown())

    async def force(self, request: web.Request) -> web.Response:
        body = await asked.read(request, required=("statusid",))
        asked.one_of("statusid", body["statusid"], payments.TEXTS)
        job = self._job(request)
        job.forced = body["statusid"]
        self.world.touch_job(job)
        return web.json_response(job.shown())

    async def set_pdf(self, request: web.Request) -> web.Response:
        body = await asked.read(request, required=("mode",))
        asked.one_of("mode", body["mode"], PDF_MODES)
        job = self._job(request)
        job.pdf_mode = body["mode"]
        self.world.touch_job(job)
        return web.json_response(job.shown())

    def _job(self, request: web.Request) -> Job:
        jobid = int(request.match_info["jobid"])
        if jobid not in self.world.jobs:
            raise web.HTTPNotFound(text=f"No job {jobid}")
        return self.world.jobs[jobid]
