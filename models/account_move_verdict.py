from collections import defaultdict, namedtuple
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..channels import identifiers
from .res_partner import ELECTRONIC_ADDRESS
from .ropo_request import ASSIGNMENTS, CHASES, LIVE

# May this invoice be told to Ropo? `code` is False when it may; `text` says why not,
# and what to do about it; `record` is what to open to mend it.
Verdict = namedtuple("Verdict", ["code", "text", "record"], defaults=[False, "", None])


class AccountMove(models.Model):
    """Whether an invoice may be sent, or handed over, and if not, why."""

    _inherit = "account.move"

    def _ropo_verdicts(self, operation, notice_date=None, account=None):
        """Whether each of these may be told to Ropo now: `{move: Verdict}`.

        Wizards, buttons and the worker all ask here. The number of queries does not
        depend on the number of invoices.

        :param operation: `invoice`, `credit_note`, `reminder` or `collection`
        :param notice_date: the date of one's own reminder, when asked for just now
        :param account: the account whose worker asks; what is on its way there does
            then not speak against the invoice
        """
        self.env["ropo.document"]._prefetch(self)
        held = self._ropo_held_operations(queued=not account)
        chase = operation in CHASES
        verdicts = {}
        for move in self:
            verdict = move._ropo_document_verdict()
            if not verdict.code:
                verdict = move._ropo_address_verdict(chase)
            if not verdict.code and chase:
                verdict = move._ropo_chase_verdict(operation, held[move.id])
                if not verdict.code and operation == "collection":
                    verdict = move._ropo_notice_verdict(notice_date)
            elif not verdict.code:
                verdict = move._ropo_send_verdict(held[move.id])
            verdicts[move] = verdict
        return verdicts

    def _ropo_check_verdicts(self):
        """Raises what speaks against sending these now."""
        faults = [
            self.env._(
                "%(invoice)s: %(reason)s",
                invoice=move.display_name,
                reason=verdict.text,
            )
            for move, verdict in self._ropo_verdicts("invoice").items()
            if verdict.code
        ]
        if faults:
            raise UserError("\n".join(faults[:10]))

    def _ropo_held_operations(self, queued):
        """What Ropo has or may get of each: `{move id: {operation, ...}}`."""
        states = LIVE if queued else ("unknown", "done")
        rows = (
            self.env["ropo.request"]
            .sudo()
            ._read_group(
                [
                    ("move_id", "in", self.ids),
                    ("operation", "in", ASSIGNMENTS),
                    ("state", "in", states),
                    ("void", "=", False),
                ],
                ["move_id"],
                ["operation:array_agg"],
            )
        )
        held = defaultdict(set)
        held.update({move.id: set(operations) for move, operations in rows})
        return held

    def _ropo_document_verdict(self):
        """What any document needs, whatever is to be done with it."""
        if self.move_type not in ("out_invoice", "out_refund"):
            text = self.env._("This is no customer invoice. Only those go to Ropo.")
            return Verdict("type", text, self)
        if self.state != "posted":
            text = self.env._("It is not posted. Confirm it first.")
            return Verdict("state", text, self)
        if not self.ropo_account_id:
            text = self.env._(
                "%(company)s has no Ropo account. Set one up under Ropo → "
                "Configuration, or choose one on the journal.",
                company=self.company_id.display_name,
            )
            return Verdict("account", text, self.company_id)
        if self.currency_id.is_zero(self.amount_total):
            text = self.env._("Its total is zero: there is nothing to ask for.")
            return Verdict("zero", text, self)
        return Verdict()

    def _ropo_address_verdict(self, reminder):
        partner = self.partner_id
        labels = {
            "street": self.env._("street"),
            "zip": self.env._("postcode"),
            "city": self.env._("city"),
        }
        missing = [label for name, label in labels.items() if not partner[name]]
        if not self.commercial_partner_id.name:
            missing.insert(0, self.env._("name"))
        if missing:
            text = self.env._(
                "%(partner)s has no %(missing)s. Complete the address.",
                partner=partner.display_name or self.env._("The customer"),
                missing=", ".join(missing),
            )
            return Verdict("address", text, partner)
        return self._ropo_identity_verdict() or self._ropo_delivery_verdict(reminder)

    def _ropo_identity_verdict(self):
        """What is wrong with the business id, by which Ropo knows a company."""
        owner = self.commercial_partner_id
        number = owner.is_company and owner.company_registry
        country = owner.country_id.code
        if not number or identifiers.is_business_id(country, number):
            return None
        text = self.env._(
            "“%(number)s” is no business id of %(country)s. Correct the company id of "
            "%(partner)s.",
            number=number,
            country=owner.country_id.name,
            partner=owner.display_name,
        )
        return Verdict("business_id", text, owner)

    def _ropo_delivery_verdict(self, reminder):
        """Whether the way of delivery has what it needs to find the customer."""
        owner = self.commercial_partner_id
        delivery = self.partner_id._ropo_delivery(self.ropo_account_id, reminder)
        if delivery.method == "email" and not (self.partner_id.email or owner.email):
            text = self.env._(
                "%(partner)s is to get it by e-mail and has no address. Enter one, or "
                "choose another delivery.",
                partner=owner.display_name,
            )
            return Verdict("email", text, owner)
        incomplete = not delivery.address or not delivery.operator
        if delivery.method in ELECTRONIC_ADDRESS and incomplete:
            text = self.env._(
                "%(partner)s is to get an e-invoice and has no e-invoice address or "
                "operator. Enter both, or choose another delivery.",
                partner=owner.display_name,
            )
            return Verdict("evoice", text, owner)
        if delivery.method == "peppol" and not delivery.address:
            text = self.env._(
                "%(partner)s is to get it by Peppol and has no Peppol id. Enter it as "
                "the e-invoice address, or choose another delivery.",
                partner=owner.display_name,
            )
            return Verdict("evoice", text, owner)
        return self._ropo_electronic_verdict(delivery)

    def _ropo_electronic_verdict(self, delivery):
        """Whether e-invoice address and operator have the form that they must have."""
        owner = self.commercial_partner_id
        wrong = delivery.faults()
        if not wrong:
            return Verdict()
        text = self.env._(
            "“%(wrong)s” can't be where %(partner)s receives e-invoices: an OVT code "
            "is 0037 and the business id, an IBAN has its check digits, a Peppol id a "
            "scheme such as 0216: before it. Correct the address or the operator.",
            wrong=wrong[0],
            partner=owner.display_name,
        )
        return Verdict("evoice", text, owner)

    def _ropo_embed_verdict(self):
        """Embed: Ropo keeps the ledger, by numbers of accounts."""
        document = self.env["ropo.document"]
        for line in self.line_ids.filtered("account_id"):
            ledger = line.account_id
            if line.display_type != "payment_term" and not document._account_number(
                ledger, self.company_id
            ):
                text = self.env._(
                    "Ropo keeps the ledger (Embed) and needs numbers: the account "
                    "%(account)s has none as its code.",
                    account=ledger.display_name,
                )
                return Verdict("ledger", text, ledger)
        return Verdict()

    def _ropo_send_verdict(self, held):
        if held:
            text = self.env._("Ropo has it already, or it is on its way.")
            return Verdict("sent", text, self)
        if not any(line.display_type == "product" for line in self.line_ids):
            text = self.env._("It has no rows. Add what was sold.")
            return Verdict("rows", text, self)
        if self.ropo_account_id.service_model == "embed":
            return self._ropo_embed_verdict()
        return Verdict()

    def _ropo_chase_verdict(self, operation, held):
        """Whether what is open of it may be handed over."""
        account = self.ropo_account_id
        if self.move_type != "out_invoice":
            text = self.env._("It is a credit note: nobody owes it.")
            return Verdict("type", text, self)
        if held & set(CHASES):
            text = self.env._(
                "Ropo chases it already. From reminder to collection Ropo goes by "
                "itself."
            )
            return Verdict("chased", text, self)
        if held and account._holds_ledger():
            text = self.env._(
                "Ropo invoiced it (Unify or Embed), and chases it by itself."
            )
            return Verdict("chased", text, self)
        if self.currency_id.compare_amounts(self.amount_residual, 0) <= 0:
            text = self.env._("Nothing of it is open.")
            return Verdict("paid", text, self)
        return self._ropo_policy_verdict(account)

    def _ropo_policy_verdict(self, account):
        """Whether the account's own rules allow to chase it today."""
        if self.ropo_hold:
            text = self.env._("It is held: “Never Chase” is set on it.")
            return Verdict("hold", text, self)
        if self.commercial_partner_id.ropo_no_collection:
            text = self.env._(
                "%(partner)s is never reminded nor collected.",
                partner=self.commercial_partner_id.display_name,
            )
            return Verdict("exempt", text, self.commercial_partner_id)
        if self.payment_state == "blocked":
            text = self.env._("Its payment is blocked: settle the dispute first.")
            return Verdict("disputed", text, self)
        if abs(self.amount_residual_signed) < account.min_amount:
            text = self.env._("Less is open of it than the account's smallest claim.")
            return Verdict("small", text, self)
        due = self._ropo_chase_date(account)
        if due > fields.Date.context_today(self):
            text = self.env._(
                "Not overdue long enough: it may go from %(date)s.",
                date=format_date(self.env, due),
            )
            return Verdict("early", text, self)
        if not self.payment_reference:
            text = self.env._(
                "It has no payment reference, by which Ropo knows the money."
            )
            return Verdict("reference", text, self)
        return Verdict()

    def _ropo_chase_date(self, account):
        """The first day on which it may be handed over."""
        is_company = self.commercial_partner_id.is_company
        days = account.min_days_b2b if is_company else account.min_days_b2c
        return (self.invoice_date_due or self.invoice_date) + timedelta(days=days)

    def _ropo_notice_verdict(self, notice_date):
        """Finland: one's own reminder comes before collection (guide: Connect)."""
        date = notice_date or self.ropo_notice_date
        if not date and self.ropo_account_id.country == "fi":
            text = self.env._(
                "In Finland a debt is only collected after one's own reminder. Enter "
                "the date on which you sent it."
            )
            return Verdict("notice", text, self)
        if date and date > fields.Date.context_today(self):
            text = self.env._("The date of your own reminder lies ahead.")
            return Verdict("notice", text, self)
        return Verdict()
