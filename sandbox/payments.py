"""Payments and credits reported by the creditor, and money that reaches Ropo itself."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from . import contract, jobs, ledger, money, payouts
from .money import cents
from .shapes import Json
from .state import Job, Profile, World

UNDONE, FAIL, OLD, ROPO, ROPO_REFUND, CLOSE, POSTED = range(7)
IGNORE, DIFFCID, NOT_FOUND, CANCELLED = 8, 9, 10, 11

# S: the names in brackets; the sentences are ours.
TEXTS = {
    UNDONE: "Nothing to post (UNDONE)",
    FAIL: "Payment could not be posted (FAIL)",
    OLD: "Payment is too old (OLD)",
    ROPO: "Payment came through Ropo (ROPO)",
    ROPO_REFUND: "Refund came from Ropo (ROPO Refund)",
    CLOSE: "Job is closed (CLOSE)",
    POSTED: "Capital posted",
    IGNORE: "Ropo does not control this job's payments (IGNORE)",
    DIFFCID: "Job belongs to another customer (DIFFCID)",
    NOT_FOUND: "Job not found (NOT FOUND)",
    CANCELLED: "Job is cancelled (CANCELLED)",
}

SEARCH_ORDER = ("billcode", "jobid", "billnum")  # S


def post(world: World, profile: Profile, received: Any) -> tuple[int, Json]:
    """``(HTTP status, answer)`` of ``POST /jobs/payment``: 201 only for statusid 6."""
    return _report(world, profile, received, received)


def post_credit_note(world: World, profile: Profile, received: Any) -> tuple[int, Json]:
    """``POST /jobs/creditnote`` (D for the call and its body, A for its answer).

    A credit without a dataset of its own: the same keys as a payment, with ``date``
    for ``paydate``. It works like a payment that carries ``creditnotebillnum``.
    """
    body = received
    if isinstance(received, dict):
        body = {
            ("paydate" if name == "date" else name): received[name] for name in received
        }
        body.setdefault("creditnotebillnum", "")
    return _report(world, profile, received, body)


def _report(
    world: World, profile: Profile, received: Any, body: Any
) -> tuple[int, Json]:
    body, errors, notices = contract.payment().read(body)
    if errors:
        text = "; ".join(errors)
        return _refuse(world, profile, received, None, FAIL, text)
    job, statusid = find(world, profile, body)
    if not job:
        return _refuse(world, profile, received, None, statusid or NOT_FOUND)
    statusid = _forced(world, job) if job.forced is not None else None
    statusid = _objection(job, body) if statusid is None else statusid
    if statusid is not None:
        return _refuse(world, profile, received, job, statusid)
    effect = _move_money(world, profile, job, body)
    return _answer(world, profile, received, job, POSTED, effect, notices=notices)


def find(world: World, profile: Profile, body: Any) -> tuple[Job | None, int | None]:
    """``(job, None)``, or ``(None, statusid)``.

    S: searched by billcode, then jobid, then billnum. A: where the first finds nothing
    in this profile the next one is tried.
    """
    foreign = False
    for name in SEARCH_ORDER:
        if body.get(name) is None:
            continue
        found = world.jobs_with(name, body[name])
        own = [job for job in found if job.cid == profile.cid]
        if own:
            return jobs.choose(own), None
        foreign = foreign or bool(found)
    return None, DIFFCID if foreign else NOT_FOUND


def _forced(world: World, job: Job) -> int | None:
    statusid, job.forced = job.forced, None
    world.touch_job(job)
    return None if statusid == POSTED else statusid


def _objection(job: Job, body: Any) -> int | None:
    """Why a payment is not posted, or None.

    The documents list the numbers without saying when; each line is an assumption.
    OLD has no natural trigger here and is reached by forcing only.
    """
    amount = cents(body["amount"])
    if not job.collected:
        return IGNORE  # D: "Ropo does not control payments in this mode" (print)
    if amount == 0:
        return UNDONE
    if job.stage == "closed":
        return CLOSE
    if amount > 0:
        return _objection_to_payment(job, body, amount)
    return _objection_to_reversal(job, body, -amount)


def _objection_to_payment(job: Job, body: Any, amount: int) -> int | None:
    if job.stage == "credited":
        return CANCELLED
    if _came_through_ropo(job, body, amount):
        return ROPO
    return CLOSE if job.stage == "paid" else None


def _objection_to_reversal(job: Job, body: Any, amount: int) -> int | None:
    if _came_through_ropo(job, body, amount):
        return ROPO_REFUND
    grows = amount > ledger.room_for_reversal(job)
    # More than was ever owed wants a reason: "Capital amount increased due to ..."
    return FAIL if grows and not body.get("description") else None


def _came_through_ropo(job: Job, body: Any, amount: int) -> bool:
    """The same amount on the same day has reached Ropo itself."""
    return {"amount": amount, "date": body["paydate"]} in job.received


def _move_money(world: World, profile: Profile, job: Job, body: Any) -> ledger.Effect:
    amount, credit = cents(body["amount"]), "creditnotebillnum" in body
    if amount > 0:
        effect = ledger.credit(job, amount) if credit else ledger.pay(job, amount)
    elif credit:
        effect = ledger.take_credit_back(job, -amount)
    else:
        effect = ledger.take_back(job, -amount)
    world.touch_job(job)
    if credit:
        _use_credit_note(world, profile, body["creditnotebillnum"], effect)
    _report_stage(world, profile, job, body, effect, credit)
    return effect


def _use_credit_note(
    world: World, profile: Profile, billnum: str, effect: ledger.Effect
) -> None:
    """What was allocated is no longer left over on the credit note's own job."""
    for note in world.jobs_with("billnum", billnum):
        if note.cid == profile.cid and note.credit:
            note.capital = min(note.capital + effect.focused("capital"), 0)
            note.capital = max(note.capital, note.amount)
            world.touch_job(note)


def _report_stage(
    world: World,
    profile: Profile,
    job: Job,
    body: Any,
    effect: ledger.Effect,
    credit: bool,
) -> None:
    """Status rows of what a reported payment changed."""
    if credit:
        jobs.credited(world, job, body["creditnotebillnum"], effect)
    elif profile.status_rows == "full":
        _full_rows(world, job, body)
    if not credit or job.finished:
        _follow_capital(world, job)


def _full_rows(world: World, job: Job, body: Any) -> None:
    """X: the vendor's older interface reports a bypass payment back, in two rows.

    A: the first one repeats the identifier and the description that came with it.
    """
    amount = cents(body["amount"])
    ref = " ".join(filter(None, ["Paid to the principal", body.get("identifier")]))
    text = body.get("description") or "1"
    world.add_update(job, "payment", None, ref, text, body["paydate"], amount)
    world.add_comment(job, f"Bypass payment posted: {money.text(amount)}")


def _follow_capital(world: World, job: Job) -> None:
    """What is paid is closed, and open again when money is taken back."""
    if job.finished and not ledger.settled(job):
        world.move(job, job.stage_before or "invoiced", "Opened again")
    else:
        close_if_settled(world, job)


def close_if_settled(world: World, job: Job) -> None:
    if ledger.settled(job) and not job.finished:
        world.move(job, "paid", "Capital paid")


def receive(world: World, job: Job, amount: int, paydate: str) -> ledger.Effect:
    """The debtor pays at Ropo (control API): the money is Ropo's to report."""
    effect = ledger.pay(job, amount)
    payouts.keep(job, effect)
    job.received.append({"amount": amount, "date": paydate})
    full = world.profiles[job.cid].status_rows == "full"
    code, text = (None, "2") if full else (101, f"Paid: {money.text(amount)}")
    world.add_update(job, "payment", code, "Paid to Ropo", text, paydate, amount)
    _follow_capital(world, job)
    return effect


# --- answers ----------------------------------------------------------------------


def _refuse(
    world: World,
    profile: Profile,
    received: Any,
    job: Job | None,
    statusid: int,
    text: str | None = None,
) -> tuple[int, Json]:
    effect = ledger.pay(job, 0) if job else None
    return _answer(world, profile, received, job, statusid, effect, text)


def _answer(
    world: World,
    profile: Profile,
    received: Any,
    job: Job | None,
    statusid: int,
    effect: ledger.Effect | None,
    text: str | None = None,
    notices: Sequence[str] = (),
) -> tuple[int, Json]:
    answer = _figures(received, job, effect)
    answer["statusid"], answer["statustext"] = statusid, text or TEXTS[statusid]
    call = {
        "cid": profile.cid,
        "request": received,
        "statusid": statusid,
        "jobid": job.jobid if job else None,
        "capitalbefore": answer["capitalbefore"],
        "capitalafter": answer["capitalafter"],
        "time": world.stamp(),
        "notices": list(notices),
    }
    world.add_payment(job, call)
    return 201 if statusid == POSTED else 400, answer


def _figures(received: Any, job: Job | None, effect: ledger.Effect | None) -> Json:
    answer = {
        "jobid": job.jobid if job else None,
        "billnum": job.billnum if job else _sent(received, "billnum", str),
        "billcode": job.billcode if job else _sent(received, "billcode", str),
        "paydate": _sent_date(received),
        "amount": _sent(received, "amount", (int, float)),
    }
    for part in ledger.PARTS:
        for when in ("before", "after"):
            figures = getattr(effect, when) if effect else None
            answer[f"{part}{when}"] = money.plain(figures[part]) if figures else None
        focused = money.plain(effect.focused(part)) if effect else None
        answer[f"focusedto{part}"] = focused
    answer["unfocused"] = money.plain(effect.unfocused) if effect else None
    return answer


def _sent_date(received: Any) -> str | None:
    """The date as it was sent, where it is one; the answer keeps to the contract."""
    text = _sent(received, "paydate", str) or _sent(received, "date", str)
    return text if is_date(text) else None


def is_date(text: object) -> bool:
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _sent(received: Any, name: str, kind: type | tuple[type, ...]) -> Any:
    value = received.get(name) if isinstance(received, dict) else None
    return value if isinstance(value, kind) else None
