import logging

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date, format_datetime

from ..models.ropo_request import ASSIGNMENTS, TRANSFERS

_logger = logging.getLogger(__name__)


class RopoEffects(models.AbstractModel):
    """What follows when a channel has taken a request: cases, notes, documents."""

    _name = "ropo.effects"
    _description = "Ropo: Effects of Acceptance"

    def _conclude_done(self, requests, answers=None):
        """Ropo has it; its answers (`{request id: Answer}`) may have been lost."""
        answers = answers or {}
        assignments = requests.filtered(lambda r: r.operation in ASSIGNMENTS)
        self._set_done(requests, self._create_jobs(assignments, answers), answers)
        self._take_over_references(assignments)
        self._keep_documents(assignments, answers)
        self._lower_credited(assignments)
        self._note_accepted(assignments)
        self._note_unallocated(assignments)
        self._mark_sent(assignments)
        self.env["ropo.job"]._take_changes(
            [(r.job_id, r, answers.get(r.id)) for r in requests - assignments]
        )
        self._void_reversed(
            requests.filtered(lambda r: r.operation == "payment_reversal")
        )

    def _set_done(self, requests, jobs, answers):
        """All that is to be written of each, in one go.

        :param jobs: the new cases, `{request: case}`
        """
        values = {request: {} for request in requests}
        for request, job in jobs.items():
            values[request]["job_id"] = job.id
        for request in requests:
            if answer := answers.get(request.id):
                values[request]["response"] = answer.raw
        requests._set_state_each("done", values, done_at=fields.Datetime.now())

    def _void_reversed(self, requests):
        """Reported and reversed: both become void, since the same reconciliation may
        stand again one day, and is reported anew then."""
        reported = requests.search(
            [
                ("job_id", "in", requests.job_id.ids),
                ("source_partial_id", "in", requests.mapped("source_partial_id")),
                ("operation", "in", ("payment", "credit_allocation")),
                ("state", "=", "done"),
                ("void", "=", False),
            ]
        )
        reversed_ = {(r.job_id, r.source_partial_id) for r in requests}
        reported = reported.filtered(
            lambda r: (r.job_id, r.source_partial_id) in reversed_
        )
        (requests | reported).void = True
        for reversal in requests:
            reversal.job_id._uncover(reversal.source_partial_id)
            if reversal.counterpart_id.move_type == "out_refund":
                reversal.counterpart_id.sudo().ropo_request_ids._uncover(
                    reversal.source_partial_id
                )

    def _mark_sent(self, requests):
        """Marks these invoices as sent in Odoo, too."""
        delivered = requests.filtered(
            lambda r: r.operation in ("invoice", "credit_note")
        )
        moves = delivered.move_id.filtered(lambda move: not move.is_move_sent)
        if moves:
            # Past account.move's own write(), which checks and synchronizes the whole
            # entry: more work than all the rest of sending, for a flag (`make bench`,
            # “sending”).
            self.env.execute_query(
                SQL(
                    "UPDATE account_move SET is_move_sent = TRUE WHERE id IN %s "
                    "RETURNING id",
                    tuple(moves.ids),
                )
            )
            moves.invalidate_recordset(["is_move_sent"], flush=False)
            moves.modified(["is_move_sent"])

    def _create_jobs(self, requests, answers):
        """One case per assignment that Ropo took: `{request: case}`."""
        fresh = requests.filtered(lambda request: not request.job_id)
        jobs = self.env["ropo.job"].create(
            [self._job_vals(request, answers.get(request.id)) for request in fresh]
        )
        return dict(zip(fresh, jobs, strict=True))

    def _take_over_references(self, requests):
        """The debtor pays with the reference that Ropo put on the invoice (Unify and
        Embed): incoming money is matched by it. The first one stays on the case."""
        for request in requests.filtered(
            lambda r: r.operation == "invoice" and r.collects
        ):
            move, reference = request.move_id, request.job_id.reference
            if not reference or reference == move.payment_reference:
                continue
            try:
                with self.env.cr.savepoint():
                    move.with_context(
                        ropo_takes_over=True
                    ).payment_reference = reference
            except UserError as error:  # another module's lock: the case has it
                _logger.warning("%s keeps its reference: %s", move, error)

    @staticmethod
    def _progress(request, answer, can):
        """As the answer has it; that of a lost one is found out."""
        if answer:
            return answer.progress or False
        return "pending" if request.operation in can.settles_later else False

    def _keep_documents(self, requests, answers):
        """Attaches what came for local print; what was lost of it is fetched."""
        for request in requests.filtered("local_print"):
            answer = answers.get(request.id)
            if answer and answer.document:
                self.env["ropo.archive"]._keep_document(request.job_id, answer.document)
            else:
                request.job_id.fetch_at = fields.Datetime.now()

    def _lower_credited(self, requests):
        """A credit note that credits a case by itself has lowered its capital."""
        for request in requests.filtered(lambda r: r.operation == "credit_note"):
            job = request.credited_job_id
            if job:
                job._take_changes([(job, request, None)])

    def _note_accepted(self, requests):
        """Says on the invoices what Ropo took, on which terms, and who asked for it."""
        what = dict(requests._fields["operation"]._description_selection(self.env))
        for author, some in requests.grouped("create_uid").items():
            # What many have in common is put into words once.
            alike = some.grouped(lambda r: (r.operation, r.account_id, r.create_date))
            notes = {}
            for (operation, account, asked), of_kind in alike.items():
                common = (
                    self.env._("Account: %s", account.name),
                    self.env._("Requested on: %s", format_datetime(self.env, asked)),
                )
                for request in of_kind:
                    text = self._acceptance(request, what[operation], common)
                    notes[request.move_id.id] = text
            self.env["account.move"].browse(notes)._message_log_batch(
                notes, author_id=author.partner_id.id
            )

    def _acceptance(self, request, what, common):
        """What Ropo took, as HTML.

        :param what: the operation in words
        :param common: facts that others have, too
        """
        facts = [
            self.env._("Case: %s", request.job_id.jobid or request.number),
            *common,
            *self._terms_text(request),
        ]
        title = self.env._(
            "Ropo has accepted: %(what)s, %(amount)s",
            what=what,
            amount=request.currency_id.format(request.amount),
        )
        items = Markup("").join(Markup("<li>%s</li>") % fact for fact in facts)
        return Markup("<p>%s</p><ul>%s</ul>") % (title, items)

    def _terms_text(self, request):
        """The terms on which a claim was transferred; those that were agreed with Ropo
        are not among them."""
        if request.operation not in TRANSFERS:
            return []
        date = request.notice_date and format_date(self.env, request.notice_date)
        fee = request.notice_fee and request.currency_id.format(request.notice_fee)
        texts = (
            date and self.env._("Own reminder sent on: %s", date),
            fee and self.env._("Own reminder fee: %s", fee),
            request.claim_interest
            and self.env._("Late interest: %s %%", request.claim_interest),
            request.collection_process
            and self.env._("Collection process: %s", request.collection_process),
            request.claim_reason and self.env._("Reason: %s", request.claim_reason),
        )
        return [text for text in texts if text]

    def _note_unallocated(self, requests):
        """Says on credit notes that credit nothing that they do."""
        notes = {
            move.id: self.env["ropo.eligibility"]._allocation_note(move)
            for move in requests.filtered(
                lambda r: r.operation == "credit_note"
            ).move_id
        }
        notes = {move_id: note for move_id, note in notes.items() if note}
        if notes:
            self.env["account.move"].browse(notes)._message_log_batch(notes)

    def _job_vals(self, request, answer=None):
        is_transfer = request.operation in TRANSFERS
        channel = request.account_id._channel()
        can = channel.capabilities
        # Without an answer, as when a person says that it arrived, the id is the one
        # that was sent, if any was.
        assignment = answer.assignment if answer else channel.case_of(request._frozen())
        fetches = can.documents and request.account_id.fetch_documents
        return {
            "account_id": request.account_id.id,
            "profile": request.profile,
            "company_id": request.company_id.id,
            "move_id": request.move_id.id,
            # What the field computes, so that it is not written a second time.
            "partner_id": request.move_id.commercial_partner_id.id,
            "kind": request.operation,
            "jobid": assignment,
            "billnum": request.number or request.move_id.name,
            "billcode": request.reference or request.move_id.payment_reference,
            "reference": answer.payment_reference if answer else "",
            "debtor_reference": request.debtor_reference or "",
            "stage": request.operation if is_transfer else "invoiced",
            "stage_date": fields.Datetime.now(),
            "amount": request.amount,
            "open_amount": request.collects and request.amount,
            "open_total": request.collects and request.amount + request.notice_fee,
            "currency_id": request.currency_id.id,
            "covers": request.covers,
            "part_ids": request.part_ids,
            "is_collected": request.collects,
            "stop_asked": request.collects and request.is_exempt,
            "fetch_at": fetches and fields.Datetime.now(),
            "progress": self._progress(request, answer, can),
        }
