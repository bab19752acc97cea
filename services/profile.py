from odoo import models

from ..models.ropo_request import ASSIGNMENTS


class RopoProfile(models.AbstractModel):
    """The end of a profile: what Ropo holds under it no longer counts."""

    _name = "ropo.profile"
    _description = "Ropo: End of a Profile"

    def _end(self, requests):
        """Neither these nor their cases count any more, nor is anything of them sent
        or looked up; the invoices that can be sent again."""
        jobs = requests.job_id
        jobs._release()
        requests.filtered(lambda r: r.state == "unknown")._set_state("rejected")
        requests._may_become("cancelled")._set_state("cancelled")
        requests.void = True
        self._undo_delivery(requests)
        jobs.write({"to_refresh": False, "fetch_at": False, "differs_since": False})
        waiting = jobs.event_ids.filtered(lambda event: event.settlement == "waiting")
        waiting.settlement = False
        return requests.filtered(lambda r: r.operation in ASSIGNMENTS).move_id

    def _undo_delivery(self, requests):
        """What only another environment delivered has not gone out, and its own
        reference stands on it again (Unify and Embed put theirs in its place)."""
        delivered = requests.filtered(
            lambda r: r.state == "done" and r.operation in ("invoice", "credit_note")
        )
        delivered.move_id.is_move_sent = False
        for job in delivered.job_id.filtered("reference"):
            if job.move_id.payment_reference == job.reference:
                job.move_id.payment_reference = job.billcode
