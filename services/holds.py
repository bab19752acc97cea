from odoo import api, fields, models
from odoo.tools import format_date, split_every

from ..models.account_move_hold import HOLD_ENDS
from .exemption import INFORM_ROPO
from .transaction import commit_with_retry, together_or_alone

AT_ONCE = 100


class RopoHolds(models.AbstractModel):
    """Invoices that are kept back: for a promise to pay, a dispute or another reason,
    until a day or until somebody ends it."""

    _name = "ropo.holds"
    _description = "Holds of Invoices"

    # --- set and ended ---

    @api.model
    def _hold(self, moves, reason, until=None):
        """Keeps these back; on the day a person is reminded of each."""
        moves.write(
            {
                "ropo_hold": True,
                "ropo_hold_reason": reason,
                "ropo_hold_until": until or False,
            }
        )
        activities = self.env["ropo.activities"]
        activities._close(moves, "hold_ends")
        if until:
            # One dialog may concern many invoices: no e-mail for each.
            activities._schedule(
                moves.with_context(mail_activity_quick_update=True),
                "hold_ends",
                HOLD_ENDS,
                date_deadline=until,
                summary=self._label(moves, reason),
                note=self.env._(
                    "The hold ends after this day, and the invoice may be transferred "
                    "again. See whether it was paid or settled."
                ),
                user_id=self.env.uid,
            )
        moves._message_log_batch({move.id: self._text(move) for move in moves})

    @api.model
    def _end_due(self, companies=None):
        """Ends the holds whose day has passed; one that can't be ended stays alone."""
        domain = [
            ("ropo_hold", "=", True),
            ("ropo_hold_until", "<", fields.Date.context_today(self)),
        ]
        if companies:
            domain.append(("company_id", "in", companies.ids))
        moves = self.env["account.move"].search(domain)
        for some in split_every(AT_ONCE, moves.ids, moves.browse):
            commit_with_retry(self.env, self._end_together, some)

    def _end_together(self, moves):
        together_or_alone(moves, self._end, "end its hold")

    def _end(self, moves):
        texts = {
            move.id: self.env._(
                "The hold ended on %(date)s: the invoice may be transferred again.",
                date=format_date(self.env, move.ropo_hold_until),
            )
            for move in moves
        }
        moves.ropo_hold = False
        moves._message_log_batch(texts)

    # --- what people read ---

    @api.model
    def _text(self, move):
        """Why the invoice is kept back, and until when."""
        if not move.ropo_hold_reason:
            return self.env._("It is on hold: “Exclude from Transfer” is set.")
        reason = self._label(move, move.ropo_hold_reason)
        if not move.ropo_hold_until:
            return self.env._("It is on hold: %(reason)s.", reason=reason.lower())
        return self.env._(
            "It is on hold until %(date)s: %(reason)s.",
            date=format_date(self.env, move.ropo_hold_until),
            reason=reason.lower(),
        )

    def _label(self, moves, reason):
        field = moves._fields["ropo_hold_reason"]
        return dict(field._description_selection(self.env))[reason]

    # --- what Ropo has to know ---

    @api.model
    def _collected(self, moves):
        """The cases of these invoices by which Ropo collects now."""
        return moves.sudo().ropo_job_ids.filtered(lambda job: job._is_collected())

    @api.model
    def _letter(self, jobs, reason, until=None):
        """What to write to Ropo about these cases, to copy: there is no call for it."""
        head = self.env._("Please put these cases on hold.")
        if until:
            head = self.env._(
                "Please put these cases on hold until %(date)s.",
                date=format_date(self.env, until),
            )
        rows = self._case_rows(jobs)
        if reason:
            label = self._label(jobs.move_id, reason)
            rows.insert(0, self.env._("Reason: %(reason)s", reason=label))
        return "\n".join([head, *rows])

    @api.model
    def _case_rows(self, jobs):
        """What Ropo knows each of these cases by."""
        return [
            self.env._(
                "Invoice %(invoice)s, case %(case)s, %(customer)s, open %(amount)s",
                invoice=job.move_id.name,
                case=job.jobid,
                customer=job.partner_id.display_name,
                amount=job.currency_id.format(job.open_amount),
            )
            for job in jobs
        ]

    @api.model
    def _note_informed(self, moves, how, text):
        """A person informed Ropo of these, and says how."""
        text = self.env._("Ropo was informed (%(how)s): %(text)s", how=how, text=text)
        kind = self.env.ref(INFORM_ROPO)
        asked = moves.activity_ids.filtered(lambda a: a.activity_type_id == kind)
        asked_ids = set(asked.mapped("res_id"))
        moves.activity_feedback([INFORM_ROPO], feedback=text)
        others = moves.filtered(lambda move: move.id not in asked_ids)
        others._message_log_batch(dict.fromkeys(others.ids, text))
