from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

VERSION = 1


class RopoDisclosure(models.AbstractModel):
    """What Ropo was sent about a customer, and what it reported: for the customer who
    asks for it (General Data Protection Regulation, article 15).

    The customer gets what is the customer's own, the personal identity number included,
    and of others nothing: neither co-debtors nor the owners of places of delivery. It
    is read as the user who exports it, so it holds what that user may see, of the
    companies that are chosen.
    """

    _name = "ropo.disclosure"
    _description = "Ropo: Data of a Customer"

    @api.model
    def _document(self, partner):
        """All that is held about the customer that this contact belongs to, as JSON.

        Keys: `format` and `version` (of this shape), `made_on` (day), `companies`
        (names), `customer` and `contacts` (as Odoo has them today), `requests` (what
        was to be sent, oldest first, with `sent` as it was sent; null when it was not
        sent, or was deleted on `deleted_on`), `cases` with their `events` (oldest
        first). Amounts are numbers in `currency`, days `YYYY-MM-DD`, times ISO 8601 in
        UTC. Raises `AccessError` for who is no Ropo manager.
        """
        self._check_manager()
        partner.check_access("read")
        owner = partner.commercial_partner_id
        contacts = self.env["res.partner"].search(
            [("id", "child_of", owner.id), ("id", "!=", owner.id)], order="id"
        )
        return {
            "format": "ropo_connect.disclosure",
            "version": VERSION,
            "made_on": _text(fields.Date.context_today(self)),
            "companies": self.env.companies.mapped("name"),
            "customer": {
                **self._contact(owner),
                "customer_number": owner._ropo_reference(),
                "registration_number": owner.company_registry or "",
                "vat": owner.vat or "",
                "second_email": owner.ropo_second_email or "",
                "einvoice_address": owner.ropo_evoice or "",
                "einvoice_operator": owner.ropo_evoice_operator or "",
                "personal_identity_number": owner.ropo_personal_id or "",
            },
            "contacts": [
                self._contact(contact)
                for contact in contacts
                if contact.commercial_partner_id == owner
            ],
            "requests": [
                self._request(request, owner) for request in self._requests(owner)
            ],
            "cases": [self._case(job) for job in self._cases(owner)],
        }

    def _check_manager(self):
        is_manager = self.env.user.has_group("ropo_connect.group_ropo_manager")
        if not self.env.su and not is_manager:
            raise AccessError(
                self.env._("Only a Ropo manager may export what Ropo knows of people.")
            )

    # --- what there is ---

    def _requests(self, owner):
        own = Domain("move_id.commercial_partner_id", "=", owner.id)
        shared = Domain("co_debtor_ids.commercial_partner_id", "=", owner.id)
        companies = Domain("company_id", "in", self.env.companies.ids)
        return self.env["ropo.request"].search((own | shared) & companies, order="id")

    def _cases(self, owner):
        return self.env["ropo.job"].search(
            [
                ("partner_id", "=", owner.id),
                ("company_id", "in", self.env.companies.ids),
            ],
            order="id",
        )

    # --- how it is shown ---

    @staticmethod
    def _contact(partner):
        return {
            "name": partner.name or "",
            "is_company": partner.is_company,
            "street": partner.street or "",
            "street2": partner.street2 or "",
            "zip": partner.zip or "",
            "city": partner.city or "",
            "country": partner.country_id.code or "",
            "email": partner.email or "",
            "phone": partner.phone or "",
            "language": partner.ropo_language or partner.lang or "",
            "function": partner.function or "",
        }

    def _request(self, request, owner):
        return {
            "company": request.company_id.name,
            "type": request.operation,
            "state": request.state,
            "role": "customer" if request.partner_id == owner else "co-debtor",
            "invoice": request.number or request.move_id.name,
            "amount": request.amount,
            "currency": request.currency_id.name,
            "requested_at": _text(request.create_date),
            "sent_at": _text(request.done_at),
            "files": request._files().mapped("name"),
            "deleted_on": _text(request.thinned_on),
            "sent": self._sent(request, owner),
        }

    def _sent(self, request, owner):
        """What was sent of this customer: what others are to Ropo is theirs."""
        if not request.payload:
            return None
        of_debtor = request.account_id.sudo()._channel().of_debtor
        if request.partner_id == owner:
            return of_debtor(request.payload)
        names = request.co_debtor_ids.filtered(
            lambda partner: partner.commercial_partner_id == owner
        ).mapped("name")
        return of_debtor(request.payload, names[0])

    def _case(self, job):
        events = job.event_ids.filtered(lambda event: not event.duplicate_of_id)
        return {
            "company": job.company_id.name,
            "type": job.kind,
            "case_number": job.jobid or "",
            "invoice": job.billnum or "",
            "customer_number": job.debtor_reference or "",
            "stage": job.stage,
            "since": _text(job.stage_date),
            "amount": job.amount,
            "open_amount": job.open_amount,
            "open_interest": job.open_interest,
            "open_fees": job.open_fees,
            "currency": job.currency_id.name,
            "letters": (job.document_id | job.letter_ids).mapped("name"),
            "events": [
                self._event(event)
                for event in events.sorted(lambda e: (e._happened_at(), e.id))
            ],
        }

    @staticmethod
    def _event(event):
        return {
            "at": _text(event._happened_at()),
            "text": event.text or "",
            "stage": event.stage or "",
            "amount": event.amount,
            "deleted_on": _text(event.thinned_on),
        }


def _text(moment):
    """A day or a time as ISO 8601; None when there is none."""
    return moment.isoformat() if moment else None
