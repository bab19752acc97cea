from odoo import fields, models

from .ropo_request import ASSIGNMENTS


class RopoJob(models.Model):
    """How a delivery or a transfer goes on that is settled only after its answer."""

    _inherit = "ropo.job"

    progress = fields.Selection(
        [("pending", "Pending"), ("done", "Done"), ("failed", "Failed")],
        readonly=True,
        index="btree_not_null",
        help="Whether what Ropo accepted was delivered, or taken for collection, "
        "since. Empty: that was settled with the answer.",
    )

    def _take_progress(self, progress, text=""):
        """What became of what was pending; what is settled stays as it is."""
        self.ensure_one()
        if self.progress != "pending" or progress not in ("done", "failed"):
            return
        self.progress = progress
        if progress == "failed":
            self._fail(text)

    def _fail(self, text):
        """It came to nothing: its request counts as rejected, with the channel's own
        words, and can be sent again once the reason is gone."""
        requests = self.request_ids.filtered(
            lambda r: r.operation in ASSIGNMENTS and r.state == "done"
        )
        is_delivery = not self.is_collected
        self.write(
            {
                "stage": "closed",
                "stage_date": fields.Datetime.now(),
                "stage_text": text,
                "is_collected": False,
                "released": True,
                "to_refresh": False,
                "fetch_at": False,
                "open_amount": 0.0,
                "open_total": 0.0,
                # What is sent anew may get the same id.
                "jobid": False,
            }
        )
        requests._set_state(
            "rejected", error=text or self.env._("No reason was given.")
        )
        if is_delivery:
            self.move_id.is_move_sent = False
        self._ask_about_failure(text, is_delivery)

    def _ask_about_failure(self, text, is_delivery):
        values = {"case": self.display_name, "text": text}
        if is_delivery:
            key = "undelivered"
            summary = self.env._("An invoice was not delivered")
            note = self.env._(
                "Its customer has not got it. Correct what is wrong, then send it "
                "again. The first: %(case)s. %(text)s",
                **values,
            )
        else:
            key = "transfer_failed"
            summary = self.env._("A transfer failed")
            note = self.env._(
                "Nobody collects it. Correct what is wrong, then transfer it again. "
                "The first: %(case)s. %(text)s",
                **values,
            )
        self.account_id._ask_person(key, summary, note)
        self.move_id._message_log(body=f"{summary}: {text}" if text else summary)
