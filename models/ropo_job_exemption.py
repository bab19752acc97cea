from odoo import api, fields, models
from odoo.fields import Domain

from .res_partner import READERS
from .ropo_job import ENDED

INFORM_ROPO = "ropo_connect.mail_activity_type_inform_ropo"
# Stages in which Ropo sends nothing and collects nothing.
RESTING = (*ENDED, "on_hold")
# By which a user says of one invoice that it is not to be collected.
OF_MOVE = ("ropo_hold", "payment_state")


class RopoJob(models.Model):
    """What Ropo collects goes on there, whatever is set in Odoo: a hold, *no
    collection* and an exemption only keep back what was not transferred. So a person
    is asked to inform Ropo, once for each case."""

    _inherit = "ropo.job"

    stop_asked = fields.Boolean(
        readonly=True,
        help="The invoice is not to be collected: Ropo got it so, or a person was "
        "asked to inform Ropo.",
    )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: what was set while the transfer was under way
        jobs = super().create(vals_list)
        jobs._follow_exemption()
        return jobs

    def write(self, vals):
        # EXTENDS
        if not {"stage", "released"} & set(vals):
            return super().write(vals)
        resting = self.filtered(lambda job: not job._is_collected())
        result = super().write(vals)
        self.filtered(lambda job: job.stop_asked or job in resting)._follow_exemption()
        return result

    # --- business ---

    def _is_collected(self):
        """Whether Ropo collects by it now, and writes to the debtor."""
        return self.chased and not self.released and self.stage not in RESTING

    @api.model
    def _collected_domain(self):
        return [
            ("chased", "=", True),
            ("released", "=", False),
            ("stage", "not in", RESTING),
        ]

    def _follow_exemption(self):
        """Asks a person about those of these that Ropo collects although they are not
        to be collected; ends the question where that is over."""
        exempt = self.filtered(lambda job: job._is_collected() and job._exemption())
        (exempt - exempt.filtered("stop_asked"))._ask_to_stop()
        (self.filtered("stop_asked") - exempt)._end_asking()

    def _exemption(self):
        """Why the invoice is not to be collected; "" when it may be."""
        return self.move_id._ropo_exemption_verdict(self.account_id).text or ""

    def _ask_to_stop(self):
        self.stop_asked = True
        for account, jobs in self.grouped("account_id").items():
            responsible = account.user_id or self.env.ref("base.user_admin")
            moves = jobs.move_id
            moves._message_log_batch(
                {job.move_id.id: job._goes_on_text(responsible.name) for job in jobs}
            )
            # One change may concern many invoices: no e-mail for each.
            moves.with_context(mail_activity_quick_update=True).activity_schedule(
                INFORM_ROPO,
                summary=self.env._("Inform Ropo: not to be collected"),
                note=self.env._(
                    "Ropo collects this invoice and goes on, whatever is set in Odoo. "
                    "Ask Ropo to put its case on hold, or to end it."
                ),
                user_id=responsible.id,
            )

    def _goes_on_text(self, responsible):
        return self.env._(
            "%(reason)s But Ropo collects the invoice already, and goes on: this stops "
            "nothing at Ropo. %(responsible)s is asked to inform Ropo.",
            reason=self._exemption(),
            responsible=responsible,
        )

    def _end_asking(self):
        """Ropo collects these no more, or they may be collected again."""
        self.stop_asked = False
        self.move_id.activity_unlink([INFORM_ROPO])
        again = self.filtered(lambda job: job._is_collected())
        again.move_id._message_log_batch(
            {
                move.id: self.env._(
                    "The invoice may be collected again. If Ropo was informed that it "
                    "may not, inform Ropo again."
                )
                for move in again.move_id
            }
        )


class AccountMove(models.Model):
    _inherit = "account.move"

    ropo_goes_on = fields.Text(
        compute="_compute_ropo_goes_on",
        compute_sudo=True,
        groups=READERS,
        help="What a hold does not do on an invoice that Ropo collects already.",
    )

    @api.depends(
        "ropo_hold",
        "payment_state",
        "commercial_partner_id.ropo_no_collection",
        "line_ids.no_followup",
        "ropo_job_ids.stage",
        "ropo_job_ids.released",
    )
    def _compute_ropo_goes_on(self):
        for move in self:
            jobs = move._origin.ropo_job_ids.filtered(lambda job: job._is_collected())
            # What is typed and not saved counts: it is to be seen at that moment.
            verdict = move._ropo_exemption_verdict(jobs[:1].account_id)
            move.ropo_goes_on = bool(jobs and verdict.code) and self.env._(
                "%(reason)s Ropo collects it already and goes on: this stops nothing "
                "at Ropo. Ask Ropo to put the case on hold, or to end it.",
                reason=verdict.text,
            )

    def write(self, vals):
        # EXTENDS 'account'
        result = super().write(vals)
        if any(name in vals for name in OF_MOVE):
            self._ropo_follow_exemption()
        return result

    def _ropo_follow_exemption(self):
        jobs = self.env["ropo.job"].sudo()
        domain = Domain("move_id", "in", self.ids) & Domain(jobs._collected_domain())
        jobs.search(domain)._follow_exemption()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def write(self, vals):
        # EXTENDS 'account'
        result = super().write(vals)
        if "no_followup" in vals:
            self.move_id._ropo_follow_exemption()
        return result


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.onchange("ropo_no_collection")
    def _onchange_ropo_no_collection(self):
        if self.ropo_no_collection:
            return self._origin._ropo_goes_on_warning()

    def write(self, vals):
        # EXTENDS 'base'
        result = super().write(vals)
        if "ropo_no_collection" in vals:
            self._ropo_collected_jobs()._follow_exemption()
        return result

    def _ropo_collected_jobs(self):
        """What Ropo collects of these customers, in all companies."""
        jobs = self.env["ropo.job"].sudo()
        customers = Domain("partner_id", "in", self.commercial_partner_id.ids)
        return jobs.search(customers & Domain(jobs._collected_domain()))

    def _ropo_goes_on_warning(self):
        """The warning of a form in which these are exempted, if there is reason."""
        jobs = self._ropo_collected_jobs()
        jobs = jobs.filtered(lambda job: job.company_id in self.env.companies)
        if not jobs:
            return None
        return {
            "warning": {
                "title": self.env._("Ropo goes on"),
                "message": self.env._(
                    "Ropo collects %(count)s invoices already (%(invoices)s), and goes "
                    "on with them: this stops nothing at Ropo. When it is saved, the "
                    "person responsible for the Ropo account is asked to inform Ropo.",
                    count=len(jobs),
                    invoices=", ".join(jobs.move_id[:5].mapped("display_name")),
                ),
            }
        }


class RopoAccount(models.Model):
    _inherit = "ropo.account"

    @api.onchange("exempt_partner_ids")
    def _onchange_exempt_partner_ids(self):
        added = self.exempt_partner_ids._origin - self._origin.exempt_partner_ids
        return added._ropo_goes_on_warning()

    def write(self, vals):
        # EXTENDS
        if "exempt_partner_ids" not in vals:
            return super().write(vals)
        before = {account: account.exempt_partner_ids for account in self}
        result = super().write(vals)
        for account, partners in before.items():
            changed = (account.exempt_partner_ids | partners) - (
                account.exempt_partner_ids & partners
            )
            jobs = changed._ropo_collected_jobs()
            jobs.filtered(
                lambda job, own=account: job.account_id == own
            )._follow_exemption()
        return result
