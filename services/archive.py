import hashlib
from datetime import timedelta

from odoo import fields, models

from ..channels.errors import ChannelError
from .transaction import commit_before_call, isolated, keep_answer

FETCH_WAIT = timedelta(hours=1)  # doubled with each try
FETCH_TRIES = 6
FETCHED = {"fetch_at": False, "fetch_tries": 0}
FETCHES_PER_RUN = 200


class RopoArchive(models.AbstractModel):
    """The documents and letters of cases, attached to their invoices, each once."""

    _name = "ropo.archive"
    _description = "Ropo: Archive of Documents"

    def _fetch_all_due(self):
        """Fetches what is due, as much as one run may."""
        Job = self.env["ropo.job"]
        due = self._fetch_domain()
        jobs = Job.search(due, order="fetch_at, id", limit=FETCHES_PER_RUN)
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=Job.search_count(due))
        for (account, profile), own in jobs._by_profile().items():
            if profile != account.profile:
                own.fetch_at = False
                progress(len(own))
                continue
            try:
                with account._client(profile=profile) as client:
                    for job in own:
                        if job.try_lock_for_update():
                            self._fetch_due(job, client)
                        if progress(1) <= 0:
                            return
            except ChannelError as error:
                account._pause(error)
                progress(remaining=Job.search_count(self._fetch_domain()))

    def _fetch_domain(self):
        now = fields.Datetime.now()
        return [
            ("fetch_at", "<=", now),
            ("account_id.active", "=", True),
            "|",
            ("account_id.paused_until", "=", False),
            ("account_id.paused_until", "<=", now),
        ]

    def _attach_pdfs(self, jobs):
        """Attaches the document of each case to its invoice, each once.

        :return: `{job: why not}` of those that could not be had
        """
        commit_before_call(self.env)
        failures = {}
        for (account, profile), own in jobs._by_profile().items():
            if not account.can_fetch_documents:
                failures |= dict.fromkeys(own, self._no_documents(account))
                continue
            try:
                with account._client(profile=profile) as client:
                    for job in own:
                        *contents, error = self._fetch_pdfs(job, client)
                        keep_answer(self.env, self._keep_pdfs, job, *contents)
                        failures |= {job: account._explain(error)} if error else {}
            except ChannelError as error:
                failures |= dict.fromkeys(own, account._explain(error))
        return failures

    def _no_documents(self, account):
        return self.env._(
            "%(account)s: its channel gives no documents. Look at it there.",
            account=account.name,
        )

    def _fetch_pdfs(self, job, client):
        """The document of the case and its letter, None for what is not to be had or
        here already, and why the rest could not be had. Writes nothing."""
        document = letter = None
        try:
            if not job.document_id:
                document = client.document(job._ref(), "original")
            if client.capabilities.letters and job._has_letter():
                letter = client.document(job._ref(), "letter")
        except ChannelError as error:
            return document, letter, error
        return document, letter, None

    def _keep_pdfs(self, job, document, letter):
        # Another may have fetched it meanwhile.
        if document and not job.document_id:
            self._keep_document(job, document)
        if letter:
            self._keep_letter(job, letter)
        self.env["ropo.evidence"]._take_letters(job)

    def _keep_letter(self, job, content):
        """Attaches what Ropo writes to the debtor now, unless that is here already."""
        known = (job.letter_ids | job.document_id).sudo().mapped("checksum")
        # Odoo's own checksum of an attachment: to recognise it, not to trust it.
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        if digest not in known:
            letter = self._attach(job, content, f"Ropo {job._letter_name()}")
            job.sudo().letter_ids |= letter
        job.sudo().write({"letter_stage": job.stage, **FETCHED})

    def _keep_document(self, job, content):
        """Attaches the document of this case to its invoice."""
        attachment = self._attach(job, content, f"Ropo {job.display_name}")
        # Of two who fetch it at the same moment, the second fails here and finds it
        # when it is run again. As superuser: users may only read cases.
        job.sudo().write({"document_id": attachment.id, **FETCHED})
        if job.account_id.document_is_main:
            job.move_id._message_set_main_attachment_id(attachment, force=True)

    def _attach(self, job, content, name):
        return self.env["ir.attachment"].create(
            {
                "name": f"{name}.pdf".replace("/", "-"),
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": job.move_id.id,
            }
        )

    def _fetch_due(self, job, client):
        """Fetches this document for the archive; a failure is tried again later."""
        *contents, failed = self._fetch_pdfs(job, client)
        with isolated(job, "keep its document") as keeping:
            self._keep_pdfs(job, *contents)
        if failed or keeping.error:
            self._fetch_later(job)
        else:
            job.write(FETCHED)

    def _fetch_later(self, job):
        job.fetch_tries += 1
        wait = FETCH_WAIT * 2**job.fetch_tries
        job.fetch_at = fields.Datetime.now() + wait
        if job.fetch_tries >= FETCH_TRIES:
            job.fetch_at = False
            job.account_id._ask_person(
                "no_document",
                self.env._("Ropo has no document of some cases"),
                self.env._(
                    "Some documents could not be fetched for the archive. Open the "
                    "case and press “Download Documents” to see why. The first: "
                    "%(case)s.",
                    case=job.display_name,
                ),
            )
