"""Odoo's ledger beside what the sandbox holds, document by document."""

from dataclasses import dataclass

from . import screen

DELIVERED = "total"  # Ropo delivered it and follows no money
COLLECTED = "open"  # Ropo asks the debtor for the capital


@dataclass(frozen=True)
class Row:
    """One document as both sides have it; an amount is None where it is missing."""

    kind: str
    number: str
    measure: str
    jobid: str
    ledger: float | None
    ropo: float | None
    stage: str
    ropo_stage: str
    digits: int = 2

    @property
    def agrees(self):
        if self.ledger is None or self.ropo is None or self.stage != self.ropo_stage:
            return False
        return round(self.ledger - self.ropo, self.digits) == 0


def compare(moves, sandbox):
    """A `Row` for each document that either side has."""
    held = {str(job["jobid"]): job for job in sandbox.jobs()}
    rows = []
    for move in moves.sorted("name"):
        cases = move.ropo_job_ids.sorted("id")
        rows += [_row(move, case, held.pop(case.jobid, None)) for case in cases]
        if not cases:
            rows.append(_row(move, cases, None))
    return rows + [_stray(job) for job in held.values()]


def _row(move, case, job):
    ledger = move.amount_residual if case.is_collected else move.amount_total
    if move.move_type == "out_refund":
        ledger = -ledger
    return Row(
        kind=_kind(case) or "Not at Ropo",
        number=move.name,
        measure=COLLECTED if case.is_collected else DELIVERED,
        jobid=case.jobid or "",
        ledger=ledger,
        ropo=_amount(job) if job else None,
        stage=case.stage or "",
        ropo_stage=job["stage"] if job else "",
        digits=move.currency_id.decimal_places,
    )


def _kind(case):
    return dict(case._fields["kind"].selection).get(case.kind)


def _stray(job):
    """Ropo holds it and Odoo knows nothing of it."""
    return Row(
        kind="Not in Odoo",
        number=job["billnum"],
        measure=DELIVERED if job["delivery_only"] else COLLECTED,
        jobid=str(job["jobid"]),
        ledger=None,
        ropo=_amount(job),
        stage="",
        ropo_stage=job["stage"],
    )


def _amount(job):
    delivered = job["delivery_only"] or job["credit"]
    return float(job["amount"] if delivered else job["capital"])


def show(rows):
    screen.table(
        ["Kind", "Number", "Case", "What", "Odoo", "Ropo", "Odoo", "Ropo", ""],
        [
            (
                row.kind,
                row.number,
                row.jobid,
                row.measure,
                row.ledger,
                row.ropo,
                row.stage,
                row.ropo_stage,
                "=" if row.agrees else "DIFFERS",
            )
            for row in rows
        ],
        colour_of=lambda cells: None if cells[-1] == "=" else "red",
    )
