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
    case: str
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


def compare(moves, documents):
    """A `Row` for each document that either side has.

    :param documents: what the sandbox holds
    """
    held = {document.case: document for document in documents}
    rows = []
    for move in moves.sorted("name"):
        cases = move.ropo_job_ids.sorted("id")
        rows += [_row(move, case, held.pop(case.jobid, None)) for case in cases]
        if not cases:
            rows.append(_row(move, cases, None))
    return rows + [_stray(document) for document in held.values()]


def _row(move, case, document):
    ledger = move.amount_total
    if case.is_collected:  # a bad debt, too, is collected until it is recovered
        ledger = move.amount_residual + case.written_off - case.recovered
    if move.move_type == "out_refund":
        ledger = -ledger
    return Row(
        kind=_kind(case) or "Not at Ropo",
        number=move.name,
        measure=COLLECTED if case.is_collected else DELIVERED,
        case=case.jobid or "",
        ledger=ledger,
        ropo=document.amount if document else None,
        stage=case.stage or "",
        ropo_stage=document.stage if document else "",
        digits=move.currency_id.decimal_places,
    )


def _kind(case):
    return dict(case._fields["kind"].selection).get(case.kind)


def _stray(document):
    """Ropo holds it and Odoo knows nothing of it."""
    return Row(
        kind="Not in Odoo",
        number=document.number,
        measure=COLLECTED if document.collected else DELIVERED,
        case=document.case,
        ledger=None,
        ropo=document.amount,
        stage="",
        ropo_stage=document.stage,
    )


def show(rows):
    screen.table(
        ["Kind", "Number", "Case", "What", "Odoo", "Ropo", "Odoo", "Ropo", ""],
        [
            (
                row.kind,
                row.number,
                screen.case(row.case),
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
