from odoo import api, models
from odoo.fields import Domain

from ..models.ropo_request import TRANSFERS

INFORM_ROPO = "ropo_connect.mail_activity_type_inform_ropo"


class RopoExemption(models.AbstractModel):
    """What is not to be collected, and Ropo collects already.

    What Ropo collects goes on there, whatever is set in Odoo: a hold, *no collection*
    and an exemption only keep back what was not transferred. So a person is asked to
    inform Ropo, once for each case.
    """

    _name = "ropo.exemption"
    _description = "Exemption of What Ropo Collects"

    # --- following what is set ---

    @api.model
    def _follow(self, jobs):
        """Asks a person about those of these that Ropo collects although they are not
        to be collected; ends the question where that is over."""
        exempt = jobs.filtered(lambda job: job._is_collected() and self._reason(job))
        self._ask_to_stop(exempt - exempt.filtered("stop_asked"))
        self._end_asking(jobs.filtered("stop_asked") - exempt)

    @api.model
    def _follow_moves(self, moves):
        self._follow(self._collected_jobs(Domain("move_id", "in", moves.ids)))

    @api.model
    def _follow_partners(self, partners, account=None):
        """:param account: whose cases alone are concerned, if not all"""
        jobs = self._jobs_of(partners)
        self._follow(jobs.filtered(lambda job: account in (None, job.account_id)))

    def _jobs_of(self, partners):
        """What Ropo collects of these customers, in all companies."""
        return self._collected_jobs(
            Domain("partner_id", "in", partners.commercial_partner_id.ids)
        )

    def _collected_jobs(self, domain):
        jobs = self.env["ropo.job"].sudo()
        return jobs.search(domain & Domain(jobs._collected_domain()))

    # --- the question ---

    def _reason(self, job):
        """Why the invoice is not to be collected; "" when it may be."""
        rules = job.env["ropo.transfer.rules"]
        return rules._exemption_verdict(job.move_id, job.account_id).text or ""

    def _ask_to_stop(self, jobs):
        jobs.stop_asked = True
        for account, own in jobs.grouped("account_id").items():
            responsible = account.user_id or jobs.env.ref("base.user_admin")
            moves = own.move_id
            moves._message_log_batch(
                {
                    job.move_id.id: self._goes_on_text(job, responsible.name)
                    for job in own
                }
            )
            # One change may concern many invoices: no e-mail for each.
            jobs.env["ropo.activities"]._schedule(
                moves.with_context(mail_activity_quick_update=True),
                "inform_ropo",
                INFORM_ROPO,
                summary=self.env._("Inform Ropo: not to be collected"),
                note=self.env._(
                    "Ropo collects this invoice and goes on, whatever is set in Odoo. "
                    "Ask Ropo to put its case on hold, or to end it."
                ),
                user_id=responsible.id,
            )

    def _goes_on_text(self, job, responsible):
        return self.env._(
            "%(reason)s But Ropo collects the invoice already, and goes on: this stops "
            "nothing at Ropo. %(responsible)s is asked to inform Ropo.",
            reason=self._reason(job),
            responsible=responsible,
        )

    @staticmethod
    def _end_asking(jobs):
        """Ropo collects these no more, or they may be collected again."""
        jobs.stop_asked = False
        jobs.env["ropo.activities"]._close(jobs.move_id, "inform_ropo")
        again = jobs.filtered(lambda job: job._is_collected())
        again.move_id._message_log_batch(
            {
                move.id: move.env._(
                    "The invoice may be collected again. If Ropo was informed that it "
                    "may not, inform Ropo again."
                )
                for move in again.move_id
            }
        )

    # --- what a form shows ---

    @api.model
    def _text(self, move):
        """What a hold does not stop on an invoice that Ropo collects, or False."""
        jobs = move._origin.ropo_job_ids.filtered(lambda job: job._is_collected())
        # What is typed and not saved counts: it is to be seen at that moment.
        rules = self.env["ropo.transfer.rules"]
        verdict = rules._exemption_verdict(move, jobs[:1].account_id)
        return bool(jobs and verdict.code) and self.env._(
            "%(reason)s Ropo collects it already and goes on: this stops nothing "
            "at Ropo. Ask Ropo to put the case on hold, or to end it.",
            reason=verdict.text,
        )

    @api.model
    def _warning(self, partners):
        """The warning of a form in which these are exempted, if there is reason."""
        jobs = self._jobs_of(partners)
        jobs = jobs.filtered(lambda job: job.company_id in self.env.companies)
        texts = [self._goes_on_warning(jobs), self._queued_warning(partners)]
        if not any(texts):
            return None
        title = self.env._("Ropo goes on") if jobs else self.env._("Not transferred")
        return {"warning": {"title": title, "message": " ".join(filter(None, texts))}}

    def _goes_on_warning(self, jobs):
        return bool(jobs) and self.env._(
            "Ropo collects %(count)s invoices already (%(invoices)s), and goes "
            "on with them: this stops nothing at Ropo. When it is saved, the "
            "person responsible for the Ropo account is asked to inform Ropo. Ending "
            "a case costs what you agreed with Ropo.",
            count=len(jobs),
            invoices=", ".join(jobs.move_id[:5].mapped("display_name")),
        )

    def _queued_warning(self, partners):
        """What is queued is looked at once more before it leaves, and stays then."""
        queued = (
            self.env["ropo.request"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", partners.commercial_partner_id.ids),
                    ("company_id", "in", self.env.companies.ids),
                    ("operation", "in", TRANSFERS),
                    ("state", "=", "queued"),
                ],
                order="id",
            )
        )
        return bool(queued) and self.env._(
            "%(count)s transfers have not left yet (%(invoices)s). They are not sent "
            "when this is saved before that, which costs nothing.",
            count=len(queued),
            invoices=", ".join(queued.move_id[:5].mapped("display_name")),
        )
