import logging

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from .transaction import isolated

_logger = logging.getLogger(__name__)
REPORT = "ropo_connect.report_case_history"
CASES_PER_RUN = 200


class RopoEvidence(models.AbstractModel):
    """What shows that a bad debt could not be collected, at the entry of the loss: the
    history of the case, and what Ropo sent to the debtor.

    The entry is posted first, and these follow: neither a printer nor Ropo can stop it.
    The history is attached by the next run of the archive's cron, and what was not
    fetched before is fetched by the archive, with its own repeats.
    """

    _name = "ropo.evidence"
    _description = "Ropo: Evidence of Bad Debts"

    @api.model
    def _ask_for(self, jobs, entries):
        """The evidence of these cases is to be attached to these entries."""
        links = [Command.link(entry.id) for entry in entries]
        jobs.write({"loss_ids": links, "evidence": "waiting"})
        self.env.ref("ropo_connect.cron_fetch_documents").sudo()._trigger()

    @api.model
    def _attach_all_due(self):
        Job = self.env["ropo.job"]
        due = [("evidence", "=", "waiting")]
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=Job.search_count(due))
        for job in Job.search(due, order="id", limit=CASES_PER_RUN):
            if job.try_lock_for_update():
                self._attach(job)
            if progress(1) <= 0:
                return

    @api.model
    def _attach(self, job):
        """Attaches what is here, and has the archive fetch the rest."""
        with isolated(job, "attach its evidence") as attempt:
            for entry in job.loss_ids:
                self._attach_history(job, entry)
            self._attach_letters(job)
        if attempt.error:
            job.evidence = "failed"  # a person tries again
        elif self._lacks_letter(job):
            now = fields.Datetime.now()
            job.write({"evidence": "letter", "fetch_at": now, "fetch_tries": 0})
        else:
            job.evidence = "done"

    @api.model
    def _take_letters(self, job):
        """The archive has got something of this case."""
        self, job = self.sudo(), job.sudo()
        if job.evidence != "letter":
            return
        self._attach_letters(job)
        if not self._lacks_letter(job):
            job.evidence = "done"

    def _lacks_letter(self, job):
        """Whether Ropo sent the debtor something that can be had and is not here."""
        account = job.account_id
        if not account.can_fetch_documents or job.profile != account.profile:
            return False
        has_letters = account._channel().capabilities.letters
        return not job.document_id or (has_letters and job._lacks_letter())

    def _attach_letters(self, job):
        """To each entry, each document once: copies, for the invoice keeps its own."""
        documents = job.document_id | job.letter_ids
        for entry in job.loss_ids:
            known = set(self._attached(entry).mapped("checksum"))
            for document in documents:
                if document.checksum not in known:
                    document.copy({"res_model": entry._name, "res_id": entry.id})

    def _attach_history(self, job, entry):
        if self._attached(entry) & job.history_ids:
            return
        content, suffix = self._history(job)
        job = job.with_context(lang=job.company_id.partner_id.lang)
        name = job.env._("History of %(case)s", case=job.display_name)
        job.history_ids |= self.env["ir.attachment"].create(
            {
                "name": f"{name}.{suffix}".replace("/", "-"),
                "raw": content,
                "mimetype": "application/pdf" if suffix == "pdf" else "text/html",
                "res_model": entry._name,
                "res_id": entry.id,
            }
        )

    def _history(self, job):
        """The printed history, `(content, file name's suffix)`; HTML without a printer,
        so that there is something to read in any case."""
        report = self.env["ir.actions.report"].with_company(job.company_id)
        try:
            return report._render_qweb_pdf(REPORT, job.ids)
        except UserError as error:
            _logger.warning("%s is kept as HTML: %s", job.display_name, error)
            return report._render_qweb_html(REPORT, job.ids)

    def _attached(self, entry):
        return self.env["ir.attachment"].search(
            [("res_model", "=", entry._name), ("res_id", "=", entry.id)]
        )
