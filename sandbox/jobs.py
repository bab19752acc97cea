"""Datasets become jobs: what ``POST /rest/jobs`` does."""

from collections.abc import Sequence

from . import contract, ledger, money, references, rules, statuses
from .shapes import Json
from .state import Job, Profile, World


def post(world: World, profile: Profile, datasets: Sequence[Json]) -> list[Json]:
    """Answer rows of all datasets, in an order of the sandbox's own.

    Nothing promises that rows come back in the order they went, so they never do.
    """
    rows = [_post_one(world, profile, dataset) for dataset in datasets]
    world.random.shuffle(rows)
    return rows


def _post_one(world: World, profile: Profile, received: Json) -> Json:
    dataset, errors, notices = read(profile, received)
    errors = errors or _conflicts(world, profile, dataset)
    if errors:
        error = "; ".join(errors)
        world.add_rejected(profile.cid, received, error)
        return refused(received, error)
    job = make(world, profile, dataset, received)
    world.add_job(job)
    if job.credit:
        _allocate(world, profile, job, dataset)
    return accepted(job, notices)


def read(profile: Profile, received: Json) -> tuple[Json, list[str], list[str]]:
    """``(dataset, errors, notices)``: all that one dataset shows alone."""
    dataset, errors, notices = contract.dataset().read(received)
    errors = errors or rules.check(dataset, profile)
    errors = errors or rules.check_sums(dataset, profile)
    if not errors:
        notices += rules.notices(dataset, profile)
    return dataset, errors, notices


def make(world: World, profile: Profile, dataset: Json, received: Json) -> Job:
    """The job of an acceptable dataset, not yet among the others."""
    job = draft(world, profile, dataset, received)
    job.jobid = world.take_jobid()
    job.reference = references.make(profile, job.jobid)
    job.billnum = job.billnum or world.take_billnum()
    world.set_stage(job)
    return job


def draft(world: World, profile: Profile, dataset: Json, received: Json) -> Job:
    """A job without numbers of Ropo's, good for a preview."""
    amount = rules.total(dataset)
    return Job(
        jobid=0,
        cid=profile.cid,
        jobtype=dataset["jobtype"],
        billnum=dataset.get("billnum") or "",
        billcode=dataset.get("billcode") or "",
        reference="",
        ownref=_ownref(dataset),
        customertype=dataset["customertype"],
        receiver=_receiver(dataset),
        amount=amount,
        capital=amount,
        noticefee=_noticefee(dataset),
        stage=_first_stage(dataset),
        dataset=received,
        created=world.stamp(),
        paydate=dataset.get("paydate"),
        delivery_only=_delivery_only(dataset, profile),
        credit=rules.is_credit(dataset),
        sendtype=dataset.get("sendtype") or "post",
    )


def _noticefee(dataset: Json) -> int:
    """S: the principal's notice costs. A: they are demanded of the debtor, too."""
    collected = rules.KINDS.get(dataset["jobtype"]) in (
        rules.REMINDER,
        rules.COLLECTION,
    )
    return money.cents(dataset.get("noticefee") or 0) if collected else 0


def _first_stage(dataset: Json) -> str:
    if dataset.get("putonhold") == 1:  # S: "Should jobstatus be changed to 100"
        return "on_hold"
    return statuses.FIRST_STAGE.get(dataset["jobtype"], "invoiced")


def _delivery_only(dataset: Json, profile: Profile) -> bool:
    """Ropo delivers and looks after no money.

    D: jobtype 300, or collectionprocess T1. A: jobtype 0 in Connect, which knows no
    invoice of Ropo's (the Connect guide's own curl example sends one, its answer says
    300).
    """
    if dataset["jobtype"] == 0:
        return not profile.takes_the_money or dataset.get("collectionprocess") == "T1"
    return dataset["jobtype"] in statuses.DELIVERY


def _conflicts(world: World, profile: Profile, dataset: Json) -> list[str]:
    """Errors that only show beside the other jobs of the profile."""
    errors = _origin_errors(world, profile, dataset)
    return errors or _sent_before(world, profile, dataset)


def _sent_before(world: World, profile: Profile, dataset: Json) -> list[str]:
    """``checkbillnum``, and the rule that Ropo collects a debt once.

    A: the documents ask to send each collection only once and do not say what happens
    otherwise. It is refused; a profile that is ``lenient`` takes it. Either way it
    counts as a duplicate, for tests that must know that nothing was sent twice.
    """
    kind, billnum = rules.KINDS[dataset["jobtype"]], dataset.get("billnum")
    same = [
        job for job in world.jobs_with("billnum", billnum) if job.cid == profile.cid
    ]
    twins = [job for job in same if rules.KINDS[job.jobtype] == kind]
    if twins and dataset.get("checkbillnum") == 1:
        return [f"billnum: {billnum} is already in use ({kind}, checkbillnum)"]
    if kind in (rules.REMINDER, rules.COLLECTION):
        twins = [job for job in same if job.collected and not job.finished]
    if not twins:
        return []
    world.duplicates += 1
    if kind == rules.INVOICE or profile.lenient:
        return []
    return [f"billnum: {billnum} is already collected in job {twins[0].jobid}"]


def _origin_errors(world: World, profile: Profile, dataset: Json) -> list[str]:
    if not names_origin(dataset):
        return []
    if rules.total(dataset) >= 0:
        return ["totalamount: a credit note's total is negative"]
    if _origin(world, profile, dataset) is None:
        return ["refundtojobid, refundtobillnum: no such invoice"]
    return []


def names_origin(dataset: Json) -> bool:
    return bool(dataset.get("refundtojobid") or dataset.get("refundtobillnum"))


def _origin(world: World, profile: Profile, dataset: Json) -> Job | None:
    if dataset.get("refundtojobid"):
        jobs = world.jobs_with("jobid", dataset["refundtojobid"])
    else:
        jobs = world.jobs_with("billnum", dataset["refundtobillnum"])
    jobs = [job for job in jobs if job.cid == profile.cid and not job.credit]
    return choose(jobs) if jobs else None


def choose(jobs: Sequence[Job]) -> Job:
    """Which of several jobs with the same number is meant.

    A: the one that Ropo collects now, else one that it collected, else the newest.
    """
    return max(
        jobs,
        key=lambda job: (job.collected and not job.finished, job.collected, job.jobid),
    )


def _allocate(world: World, profile: Profile, job: Job, dataset: Json) -> None:
    """A credit note lowers what it names; what is left over stays its own capital.

    D: one that names nothing waits in Ropo One until somebody places it.
    """
    origin = _origin(world, profile, dataset) if names_origin(dataset) else None
    if not origin:
        return
    effect = ledger.credit(origin, -job.amount)
    job.refundtojobid, job.capital = origin.jobid, -effect.unfocused
    if not job.capital:
        job.stage = "closed"
        world.set_stage(job)
    credited(world, origin, job.billnum, effect)


def credited(world: World, job: Job, billnum: str, effect: ledger.Effect) -> None:
    """Tell that a credit note was allocated, and close what owes nothing more."""
    amount = money.text(effect.focused("capital"))
    text = f"Credit note {billnum} allocated: {amount}"
    if ledger.settled(job) and not job.finished:
        world.move(job, "credited", text)
    else:
        world.add_comment(job, text)


# --- answers ----------------------------------------------------------------------


def _ownref(dataset: Json) -> int | str:
    """Echoed as an integer (contract); the guide shows "" where none was sent."""
    ownref = dataset.get("ownref") or ""
    return int(ownref) if isinstance(ownref, str) and ownref.isdecimal() else ownref


def _receiver(dataset: Json) -> str:
    name = "company" if dataset.get("customertype") == 1 else "person"
    return dataset.get(name) or ""


def accepted(job: Job, notices: list[str]) -> Json:
    return {
        "accepted": 1,
        "amount": money.plain(job.amount),
        "billnum": job.billnum,
        "billcode": job.billcode,
        "error": None,
        "evoicetype": "finvoice" if job.sendtype == "evoice" else "",
        "jobid": job.jobid,
        "jobstatus": str(job.status),
        "jobtype": str(job.jobtype),
        "notice": notices or None,
        "origbillnum": None,
        "ownref": job.ownref,
        "print": str(job.jobid) if job.sendtype == "print" else None,
        "receiver": job.receiver,
        "reference": job.reference,
        "sendtype": job.sendtype,
    }


def refused(received: Json, error: str) -> Json:
    return {
        "accepted": 0,
        "amount": None,
        "billnum": _text(received, "billnum"),
        "billcode": _text(received, "billcode"),
        "error": error,
        "evoicetype": "",
        "jobid": None,
        "jobstatus": "",
        "jobtype": _text(received, "jobtype"),
        "notice": None,
        "origbillnum": None,
        "ownref": _ownref(received),
        "print": None,
        "receiver": _receiver(received),
        "reference": "",
        "sendtype": _text(received, "sendtype"),
    }


def _text(received: Json, name: str) -> str:
    value = received.get(name)
    return "" if value is None else str(value)
