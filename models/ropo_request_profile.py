from odoo import api, models

from .ropo_request import ASSIGNMENTS


class RopoRequest(models.Model):
    """What belongs to the profile under which it was asked for."""

    _inherit = "ropo.request"

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: what changes a case belongs to the profile of the case
        return super().create(self.env["ropo.account"]._stamp_profile(vals_list))

    # --- business ---

    def _of_profile(self, profile):
        """Those of these that may be sent by a client for this profile.

        Read from the database: the account may have got another profile since the
        client logged in.
        """
        return self.search(
            [
                ("id", "in", self.ids),
                ("profile", "=", profile),
                ("account_id.profile", "=", profile),
            ],
            order="id",
        )

    @api.model
    def _refuse_foreign(self, account, profile):
        """Concludes what waits for a profile that the account has no more; what may
        have arrived there is for a person to find out."""
        foreign = self.search(
            [
                ("account_id", "=", account.id),
                ("state", "in", ("queued", "unknown")),
                ("profile", "!=", profile),
                ("to_review", "=", False),
            ]
        )
        waiting = foreign.filtered(lambda request: request.state == "queued")
        waiting._set_state(
            "rejected",
            error=self.env._(
                "It was asked for under another profile (environment, address or "
                "customer ID) than the one that the account has now. Send it again "
                "under this one, or cancel it."
            ),
        )
        (foreign - waiting)._set_state(
            "unknown",
            to_review=True,
            error=self.env._(
                "It is not known whether Ropo got it, and the account has another "
                "profile (environment, address or customer ID) now. Look it up in Ropo "
                "One under the earlier profile, then choose “It Arrived” or “Send "
                "Again”."
            ),
        )

    def _end_for_good(self):
        """Neither these nor their cases count any more, nor is anything of them sent
        or looked up."""
        jobs = self.job_id
        jobs._release()
        self.filtered(lambda r: r.state == "unknown")._set_state("rejected")
        self._may_become("cancelled")._set_state("cancelled")
        self.void = True
        self._take_back_delivery()
        jobs.write({"to_refresh": False, "fetch_at": False, "differs_since": False})
        waiting = jobs.event_ids.filtered(lambda event: event.settlement == "waiting")
        waiting.settlement = False

    def _take_back_delivery(self):
        """What only another environment delivered has not gone out, and its own
        reference stands on it again (Unify and Embed put theirs in its place)."""
        delivered = self.filtered(
            lambda r: r.state == "done" and r.operation in ("invoice", "credit_note")
        )
        delivered.move_id.is_move_sent = False
        for job in delivered.job_id.filtered("reference"):
            if job.move_id.payment_reference == job.reference:
                job.move_id.payment_reference = job.billcode

    def _assigned_moves(self):
        return self.filtered(lambda r: r.operation in ASSIGNMENTS).move_id
