from odoo import models
from odoo.exceptions import UserError

from ..models.ropo_request import ASSIGNMENTS, LIVE, TRANSFERS
from .transaction import isolated

# Verdicts by which what waits to be sent has become needless.
GONE = ("state", "sent", "collected", "paid", "small", "early", "instalments")
GONE += ("hold", "exempt", "disputed")


class RopoFreezing(models.AbstractModel):
    """What a request will send, built from the ledger when it is reserved."""

    _name = "ropo.freezing"
    _description = "Ropo: Freezing Requests"

    def _freeze_safely(self, requests, account, lease):
        """Freezes all of these together, and each alone only where that fails: one
        that can't be built never stops the others.

        :param lease: until when those that can be sent are taken for sending
        """
        with isolated(requests, "be built together") as attempt:
            self._freeze(requests, account, lease)
        if not attempt.error:
            return
        for request in requests:
            with isolated(request, "be built") as attempt:
                self._freeze(request, account, lease)
            if attempt.error:
                self._refuse_unbuilt(request, attempt.error)

    def _refuse_unbuilt(self, request, error):
        text = self.env._(
            "It can't be put into Ropo's form (%(error)s). Inform your administrator; "
            "the server's log has the details.",
            error=type(error).__name__,
        )
        request._set_state("rejected", error=text)

    def _freeze(self, requests, account, lease):
        """Builds the payloads and takes these for sending, each written once;
        concludes those that can't be sent any more."""
        requests.move_id.fetch(["state"])
        frozen = {}  # what is written of each that can be sent
        assignments = requests.filtered(lambda r: r.operation in ASSIGNMENTS)
        groups = assignments.grouped(lambda r: (r.operation, r.service_model))
        for (operation, model), some in groups.items():
            frozen |= self._freeze_assignments(some, operation, model, account)
        frozen |= self._freeze_changes(requests - assignments, account)
        ready = requests.filtered(lambda request: request in frozen)
        ready._set_state_each("sending", frozen, lease_until=lease)

    def _freeze_assignments(self, requests, operation, model, account):
        is_transfer = operation in TRANSFERS
        verdicts = self.env["ropo.eligibility"]._verdicts(
            requests.move_id,
            operation,
            account=account,
            terms=is_transfer and {r.move_id: self._own_terms(r) for r in requests},
            model=model,
        )
        if not is_transfer:
            self.env["ropo.document"]._prefetch_rows(requests.move_id)
        frozen = {}
        for request in requests:
            verdict = verdicts[request.move_id]
            if verdict.code:
                self._refuse(request, verdict)
            else:
                frozen |= self._freeze_one(request, account)
        if is_transfer:
            self._freeze_covers(frozen)
        return frozen

    def _freeze_changes(self, changes, account):
        newest, frozen = changes.job_id._newest_events(), {}
        by_call = account._channel().capabilities.reversal == "call"
        for request in changes:
            job = request.job_id
            # What is reported meanwhile may have this in it already: only against
            # these figures can be seen whether it arrived.
            request.write(
                {
                    "capital_before": job.open_amount,
                    "total_before": job.open_total,
                    "last_event_id": newest.get(job, 0),
                }
            )
            if request.operation == "payment_reversal" and not by_call:
                self._leave_reversal_to_person(request)
            else:
                frozen |= self._freeze_one(request, account)
        return frozen

    def _leave_reversal_to_person(self, request):
        """The channel has no call by which a reported payment is taken back."""
        before, after = request._expected_totals()
        text = self.env._(
            "The ledger no longer has a payment of %(amount)s that was reported, and "
            "this can't be reported automatically. Ask Ropo to raise the open amount "
            "from %(before)s to %(after)s, then choose “Mark as Received”.",
            amount=request.currency_id.format(request.amount),
            before=request.currency_id.format(before),
            after=request.currency_id.format(after),
        )
        request._set_state("rejected", error=text, may_have_arrived=True)
        request.account_id._ask_person(
            "reversal",
            self.env._("A payment has to be reversed at Ropo manually"),
            self.env._(
                "%(request)s: %(text)s", request=request.display_name, text=text
            ),
        )

    def _refuse(self, request, verdict):
        """Concludes one that must not be sent: the ledger or a person took it back
        meanwhile, or a fault that somebody has to fix."""
        gone = verdict.code in GONE
        request._set_state("cancelled" if gone else "rejected", error=verdict.text)

    def _freeze_one(self, request, account):
        """What is to be written of it, `{request: values}`: none where it can't be
        sent, which is concluded."""
        try:
            document = self._document(request, account)
            frozen = account._channel().freeze(document)
        except UserError as error:
            request._set_state("rejected", error=str(error))
            return {}
        values = {
            "payload": frozen.body,
            "call": frozen.call,
            "batchable": frozen.batchable,
            "attempts": request.attempts + 1,
            **self._sent_facts(request, document),
        }
        return {request: values}

    def _sent_facts(self, request, document):
        """What a case is known by, as the document has it: the invoice may change."""
        if not request._is_assignment():
            return {}
        move = request.move_id
        facts = {
            "number": move.name,
            "reference": move.payment_reference,
            "debtor_reference": document.debtor.reference,
        }
        if request.operation in TRANSFERS:
            return {**facts, "amount": document.amount}
        exempt = not document.may_remind
        return {**facts, "amount": move.amount_total, "is_exempt": exempt}

    def _document(self, request, account):
        """The document that this sends, as plain data."""
        document = self.env["ropo.document"]
        if request.operation in ("invoice", "credit_note"):
            return self._invoice(request, account)
        if request.operation in TRANSFERS:
            claim, parts = document._claim(
                request.move_id,
                account,
                request.operation,
                request.id,
                self._own_terms(request),
            )
            request.part_ids = (
                parts.ids if parts < request.move_id._ropo_open_parts() else False
            )
            return claim
        if self._is_credit_job(request, account):
            return document._allocation(request)
        return document._change(request)

    def _invoice(self, request, account):
        if request.operation == "credit_note":
            request.credited_job_id = self._credited_job(request, account)
        self._keep_image(request)
        self.env["ropo.einvoices"]._keep(request)
        kept = request._files() | request.image_id | request.einvoice_id
        self._check_readable(kept)
        was_allocated = self._was_allocated(request) and self._stands_in_ropos_ledger(
            request, account
        )
        handling = "local_print" if request.local_print else ""
        return self.env["ropo.document"]._invoice(
            request.move_id,
            account,
            request.id,
            request.credited_job_id,
            request._files(),
            request.image_id,
            model=request.service_model,
            handling="deliver_only" if was_allocated else handling,
            einvoice=request._einvoice(),
        )

    def _check_readable(self, files):
        """Raises `UserError` for a file whose content is lost: Odoo itself would give
        an empty one, and Ropo would deliver it."""
        for file in files:
            if file.raw:
                continue
            raise UserError(
                self.env._(
                    "The content of “%(file)s” can't be read from Odoo's file store. "
                    "Attach the file to the invoice again, then send the invoice.",
                    file=file.name,
                )
            )

    def _keep_image(self, request):
        """Keeps Odoo's own PDF with what is to be sent, where it is to be shown."""
        if not request.has_image or request.image_id:
            return
        attachments, files = self.env["ropo.attachments"], request._files()
        image = attachments._own_pdf(request.move_id)
        fault = attachments._verdict(
            request.move_id, files, image, account=request.account_id
        ).text
        if fault:
            raise UserError(fault)
        request.image_id = image.sudo().copy(
            {"res_model": request._name, "res_id": request.id}
        )

    def _credited_job(self, request, account):
        """The case that this credit note, as a job of its own, credits at Ropo.

        Only where Ropo keeps the ledger and the whole credit note lies on one invoice
        there. Any other is sent unallocated, and what is allocated of it is reported
        reconciliation by reconciliation.
        """
        jobs = self.env["ropo.job"]
        by_job = account._credits_by_document() and request._holds_ledger()
        if not by_job or self._was_allocated(request):
            return jobs
        partials = self.env["ropo.ledger"]._credit_partials(request.move_id)
        amount = sum(partial["amount"] for partial in partials)
        invoices = {partial["move_id"] for partial in partials}
        if len(invoices) != 1 or request.currency_id.compare_amounts(
            amount, request.move_id.amount_total
        ):
            return jobs
        request.covers = {str(row["partial_id"]): row["amount"] for row in partials}
        return jobs.search(
            [
                ("account_id", "=", account.id),
                ("profile", "=", request.profile),
                ("move_id", "in", list(invoices)),
                ("is_collected", "=", True),
            ]
        )

    def _stands_in_ropos_ledger(self, request, account):
        """Whether this credit note, once allocated, is there under its number."""
        return request._holds_ledger() or account._credits_by_document()

    def _own_terms(self, request):
        return request._terms(
            interest=request.claim_interest,
            notice_date=request.notice_date,
            co_debtors=tuple(request.co_debtor_ids.ids),
        )

    def _freeze_covers(self, frozen):
        """The reconciliations that the claimed amounts already reflect.

        :param frozen: the values of each request, which this adds to
        """
        moves = self.env["account.move"].union(*(r.move_id for r in frozen))
        partials = self.env["ropo.ledger"]._reflected_partials(moves)
        for request, values in frozen.items():
            values["covers"] = {
                str(row["partial_id"]): row["amount"]
                for row in partials[request.move_id.id]
                if not request.part_ids or row["line_id"] in request.part_ids
            }

    def _was_allocated(self, request):
        """Whether Ropo got this credit note already, as credits of the cases."""
        return request.operation == "credit_note" and request.search_count(
            [
                ("operation", "=", "credit_allocation"),
                ("counterpart_id", "=", request.move_id.id),
                ("state", "in", LIVE),
                ("void", "=", False),
            ],
            limit=1,
        )

    def _is_credit_job(self, request, account):
        """Whether it is sent as a job of its own, which credits the case."""
        by_job = account._credits_by_document()
        return by_job and request.operation == "credit_allocation"
