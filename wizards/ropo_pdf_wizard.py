from odoo import Command, fields, models
from odoo.exceptions import UserError


class RopoPdfWizard(models.TransientModel):
    """Attaches the documents that Ropo holds to a selection of invoices."""

    _name = "ropo.pdf.wizard"
    _description = "Download Documents from Ropo"
    _inherit = "ropo.wizard.mixin"

    line_ids = fields.One2many("ropo.pdf.wizard.line", "wizard_id")
    fetched_count = fields.Integer(readonly=True)

    def action_fetch(self):
        """Fetches each document once; who could not be had is listed with why."""
        self.ensure_one()
        self.move_ids.check_access("write")
        jobs = self.move_ids.sudo().ropo_job_ids
        before = jobs._documents()
        failures = self.env["ropo.archive"]._attach_pdfs(jobs)
        without = self.move_ids - jobs.move_id
        reasons = {job.move_id.id: reason for job, reason in failures.items()}
        reasons |= dict.fromkeys(
            without.ids,
            self.env._("Ropo does not have it: it was not sent through Ropo."),
        )
        if len(self.move_ids) == 1 and reasons:
            raise UserError(
                self.env._(
                    "%(invoice)s: %(reason)s",
                    invoice=self.move_ids.display_name,
                    reason=reasons[self.move_ids.id],
                )
            )
        if not reasons:
            return jobs._notify_documents(before)
        self.line_ids = [Command.clear()] + [
            Command.create({"move_id": move_id, "reason": reason})
            for move_id, reason in reasons.items()
        ]
        self.fetched_count = len(jobs) - len(failures)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Download Documents"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class RopoPdfWizardLine(models.TransientModel):
    _name = "ropo.pdf.wizard.line"
    _description = "Invoice Whose PDF Was Not Fetched"
    _inherit = "ropo.wizard.line.mixin"

    wizard_id = fields.Many2one("ropo.pdf.wizard", required=True, ondelete="cascade")
