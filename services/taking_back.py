from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, format_datetime

from ..models.ropo_job import ENDED
from ..models.ropo_request import TRANSFERS

SHOWN = 5  # invoices that a text names; the rest is counted
LEAVING = ("sending", "unknown")


class RopoTakingBack(models.AbstractModel):
    """What crediting an invoice, or taking it back, means at Ropo.

    What is queued has not left: it can be stopped, and nothing is owed for it. What
    Ropo collects can't be called back: no document names a call for that, nor a day
    until which it would be free, so the agreement with Ropo says what it costs.

    The texts say so where a person decides; their cost does not depend on the number
    of invoices.
    """

    _name = "ropo.taking.back"
    _description = "Taking Back From Ropo"

    # --- what there is ---

    @api.model
    def _unsettled(self, moves):
        """The requests to deliver or to collect these that are not settled."""
        domain = [
            ("move_id", "in", moves.ids),
            ("operation", "in", ("invoice", *TRANSFERS)),
            ("state", "in", ("queued", *LEAVING)),
        ]
        return self.env["ropo.request"].sudo().search(domain, order="id")

    @api.model
    def _queued(self, requests, is_transfer):
        """Those of these requests that have not left."""
        return requests.filtered(
            lambda request: (
                request.state == "queued"
                and (request.operation in TRANSFERS) == is_transfer
            )
        )

    @api.model
    def _collected(self, moves):
        """The cases of these that cost something: Ropo collects, or only rests. What
        it merely delivered, with a reminder to come some day, is not among them."""
        domain = [
            ("move_id", "in", moves.ids),
            ("is_collected", "=", True),
            ("released", "=", False),
            ("stage", "not in", (*ENDED, "invoiced")),
        ]
        return self.env["ropo.job"].sudo().search(domain, order="id")

    # --- what a person reads ---

    @api.model
    def _queued_text(self, requests):
        """That these requests have not left, and until when stopping them is free;
        False when there are none."""
        groups = defaultdict(self.env["ropo.request"].sudo().browse)
        for request in requests:
            groups[self._free_until(request), request.operation] |= request
        return (
            "\n".join(
                self._one_queued_text(until, operation, some)
                for (until, operation), some in groups.items()
            )
            or False
        )

    def _one_queued_text(self, until, operation, requests):
        names = self._names(requests.move_id)
        if operation == "invoice":
            what = self.env._("%(invoices)s: not sent to the customer yet.", **names)
        else:
            what = self.env._("%(invoices)s: the transfer has not left yet.", **names)
        if until:
            free = self.env._(
                "It can be stopped free of charge until %(time)s, when it is sent at "
                "the earliest.",
                time=format_datetime(self.env, until),
            )
        else:
            free = self.env._(
                "It can be stopped free of charge until it is sent, which may be at "
                "any moment."
            )
        return f"{what} {free}"

    @staticmethod
    def _free_until(request):
        """The moment before which it is not sent (UTC); None if it may be sent now."""
        times = (request.next_attempt_at, request.account_id.paused_until)
        now = fields.Datetime.now()
        return max((time for time in times if time and time > now), default=None)

    @api.model
    def _cost_text(self, requests, jobs):
        """What of these requests and cases can't be stopped any more, and that it
        costs; False when there is nothing of the kind."""
        texts = []
        leaving = requests.filtered(
            lambda r: r.state in LEAVING and r.operation in TRANSFERS
        )
        if leaving:
            texts.append(
                self.env._(
                    "%(invoices)s: the transfer is being sent, or may be at Ropo "
                    "already. It can't be stopped any more, and ending its case costs "
                    "what you agreed with Ropo.",
                    **self._names(leaving.move_id),
                )
            )
        if jobs:
            texts.append(
                self.env._(
                    "Ropo collects this already, and ending a case costs what you "
                    "agreed with Ropo:"
                )
            )
            texts += map(self._case_text, jobs[:SHOWN])
        if len(jobs) > SHOWN:
            texts.append(self._more_text(len(jobs) - SHOWN))
        return "\n".join(texts) or False

    def _case_text(self, job):
        stages = dict(job._fields["stage"]._description_selection(self.env))
        text = self.env._(
            "%(invoice)s: %(stage)s since %(date)s, open at Ropo %(amount)s",
            invoice=job.move_id.display_name,
            stage=stages[job.stage],
            date=format_date(self.env, job.stage_date),
            amount=job.currency_id.format(job.open_amount),
        )
        if job.currency_id.compare_amounts(job.open_total, job.open_amount) > 0:
            text = self.env._(
                "%(text)s, with interest and fees %(total)s",
                text=text,
                total=job.currency_id.format(job.open_total),
            )
        if job.progress == "pending":
            text = self.env._("%(text)s (not confirmed by Ropo yet)", text=text)
        return text

    @api.model
    def _credit_text(self, jobs):
        """What becomes of a credit note at Ropo; False where Ropo collects nothing."""
        if not jobs:
            return False
        texts = []
        for by_document in sorted({a._credits_by_document() for a in jobs.account_id}):
            if by_document:
                text = self.env._(
                    "When the credit note is posted and reconciled with the invoice, "
                    "it is sent to Ropo as a credit note for the case."
                )
            else:
                text = self.env._(
                    "When the credit note is posted and reconciled with the invoice, "
                    "Ropo is informed that it lowers the open amount of the case."
                )
            texts.append(text)
        texts.append(
            self.env._(
                "Interest and fees stay with the customer: only Ropo can waive them."
            )
        )
        return " ".join(texts)

    @api.model
    def _letter(self, jobs):
        """What to write to Ropo to have these cases ended: there is no call for it."""
        head = self.env._("Please end these cases, we no longer claim the debt.")
        return "\n".join([head, *self.env["ropo.holds"]._case_rows(jobs)])

    def _names(self, moves):
        names = ", ".join(moves[:SHOWN].mapped("display_name"))
        if len(moves) > SHOWN:
            names = f"{names} {self._more_text(len(moves) - SHOWN)}"
        return {"invoices": names}

    def _more_text(self, count):
        return self.env._("(and %(count)s more)", count=count)

    # --- stopping ---

    @api.model
    def _stop(self, moves, request_ids, reason):
        """Cancels these requests before they are sent, in this transaction.

        Raises `UserError` when one of them has left since a person saw it queued: that
        person agreed to something that is free.

        :param request_ids: as seen in a dialog; of other invoices than `moves` none is
            stopped
        """
        requests = self.env["ropo.request"].sudo().browse(request_ids or [])
        requests = requests.exists().filtered(lambda r: r.move_id in moves)
        locked = requests.try_lock_for_update()  # the others are being sent right now
        stopped = locked._lock_in("queued")
        gone = locked.filtered(lambda r: r.state in ("cancelled", "rejected"))
        self._check_none_left(requests - stopped - gone)
        stopped._set_state("cancelled", error=reason)
        stopped.move_id._message_log_batch(
            {
                move.id: self.env._(
                    "Stopped before it was sent to Ropo, which costs nothing. "
                    "%(reason)s",
                    reason=reason,
                )
                for move in stopped.move_id
            }
        )
        return stopped

    def _check_none_left(self, requests):
        if requests:
            raise UserError(
                self.env._(
                    "%(invoices)s: it was sent to Ropo just now, so it can't be "
                    "stopped any more, and taking it back costs what you agreed with "
                    "Ropo. Nothing was changed. Open the dialog again to go on.",
                    **self._names(requests.move_id),
                )
            )
