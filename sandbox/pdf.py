"""The documents: one plain A4 page that names what a test or a person looks for."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from . import money, statuses

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

    from .state import Job, Profile


LETTERS = {
    "reminder": "Payment reminder",
    "collection": "Debt collection letter",
    "legal": "Legal collection notice",
    "payment_plan": "Payment plan",
}
BY_JOBTYPE = {1: "Payment reminder", 2: "Debt collection letter", 301: "Letter"}
OWN_ACCOUNT = "FI21 1234 5600 0007 85"  # the example of the Finnish IBAN standard


def render(
    job: Job, profile: Profile, original: bool = True, preview: bool = False
) -> bytes:
    """The job's PDF: as first sent, or (``original`` False) as it stands now.

    A: the document that came as ``image`` is the one that was sent.
    """
    if original and not preview and job.dataset.get("image"):
        return base64.b64decode(job.dataset["image"]["file"])
    from reportlab.lib.pagesizes import A4  # slow to import, and few calls need it
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    # The same document is the same bytes, as one that is kept in an archive.
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    canvas.setTitle(f"{title(job, original)} {job.billnum}")
    _write(canvas, 20, 770, 20, title(job, original))
    if preview:
        _write(canvas, 20, 745, 10, "PREVIEW - not sent")
    for number, (label, value) in enumerate(_lines(job, profile, original)):
        height = 710 - 18 * number
        _write(canvas, 20, height, 10, label)
        _write(canvas, 60, height, 10, value)
    canvas.save()
    return buffer.getvalue()


def _write(
    canvas: Canvas, millimetres: float, height: float, size: float, text: object
) -> None:
    canvas.setFont("Helvetica-Bold" if size > 12 else "Helvetica", size)
    canvas.drawString(millimetres * 72 / 25.4, height, str(text))


def title(job: Job, original: bool) -> str:
    if job.credit:
        return "Credit note"
    if original or job.stage not in LETTERS:
        return BY_JOBTYPE.get(job.jobtype, "Invoice")
    return LETTERS[job.stage]


def _lines(job: Job, profile: Profile, original: bool) -> list[tuple[str, object]]:
    """Label and value. Unify and Embed show Ropo's own reference and account."""
    dataset, ropos = job.dataset, profile.takes_the_money and not job.delivery_only
    amount = job.amount if original else job.capital + job.interest + job.noticefee
    lines = [
        ("Invoice number", job.billnum or "(none yet)"),
        ("Receiver", job.receiver),
        ("Address", dataset.get("address")),
        ("", f"{dataset.get('postcode') or ''} {dataset.get('city')}"),
        ("Invoice date", dataset.get("billdate")),
        ("Due date", job.paydate),
        (
            "Amount",
            f"{money.text(amount)} {dataset.get('currency') or _currency(profile)}",
        ),
        ("Reference", job.reference if ropos else job.billcode or job.reference),
        ("Account", OWN_ACCOUNT if ropos else "the sender's own"),
        ("Stage", statuses.STAGES[job.stage][1]),
        ("Sender", f"{profile.name} ({profile.cid})"),
        ("Ropo job", job.jobid or "(none yet)"),
    ]
    return [(label, "" if value is None else value) for label, value in lines]


def _currency(profile: Profile) -> str:
    return {"fi": "EUR", "se": "SEK", "no": "NOK"}[profile.country]
