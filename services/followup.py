from odoo import api, models
from odoo.tools import SQL

from ..models.ropo_request import LIVE


class RopoFollowup(models.AbstractModel):
    """Odoo's own follow-up leaves alone what Ropo collects.

    It comes back when a case ends unpaid. What a person excluded stays excluded.
    """

    _name = "ropo.followup"
    _description = "Odoo's Follow-Up of What Ropo Collects"

    @api.model
    def _pause(self, jobs):
        """Takes out of it what these new cases claim."""
        lines = self._lines(jobs.sudo().filtered("is_collected"))
        self._set(lines.filtered(lambda line: not line.no_followup), True)

    @api.model
    def _resume(self, jobs):
        """Puts back what no case of these invoices collects any more."""
        moves = jobs.sudo().move_id
        paused = moves.line_ids.filtered("ropo_followup_paused")
        if paused:
            self._set(paused - self._collected(moves), False)

    @api.model
    def _collected(self, moves):
        """The journal items of these invoices that Ropo collects, or has the money
        of."""
        cases = moves.sudo().ropo_job_ids.filtered("is_collected")
        return self._lines(cases.filtered(self._pauses))

    @api.model
    def _claimed(self, moves):
        """The same, and those that are on their way to Ropo."""
        waiting = self.env["ropo.request"].sudo()
        waiting = waiting.search(
            [
                ("move_id", "in", moves.ids),
                ("collects", "=", True),
                ("state", "in", LIVE),
                ("void", "=", False),
                ("job_id", "=", False),
            ]
        )
        return self._collected(moves) | self._lines(waiting)

    @staticmethod
    def _pauses(job):
        """Whether Ropo collects by it, or has the money already."""
        return not job.released and (job.stage != "closed" or not job._is_unpaid())

    @staticmethod
    def _lines(jobs):
        """The journal items that these cases, or requests for some, claim: all of an
        invoice, or its parts."""
        parts = {line_id for job in jobs for line_id in job.part_ids or ()}
        whole = jobs.filtered(lambda job: not job.part_ids).move_id.line_ids
        lines = whole.filtered(lambda line: line.display_type == "payment_term")
        return lines | lines.browse(parts).exists()

    def _set(self, lines, pauses):
        """Writes past Odoo, which would do the same to all instalments of an invoice,
        and check the whole entry for a mark."""
        if not lines:
            return
        names = ["no_followup", "ropo_followup_paused"]
        lines.flush_recordset(names)
        self.env.execute_query(
            SQL(
                "UPDATE account_move_line SET no_followup = %(pauses)s, "
                "ropo_followup_paused = %(pauses)s WHERE id IN %(ids)s RETURNING id",
                pauses=pauses,
                ids=tuple(lines.ids),
            )
        )
        lines.invalidate_recordset(names, flush=False)
        lines.modified(names)
