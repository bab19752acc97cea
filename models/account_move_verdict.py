from collections import defaultdict, namedtuple
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..channels import identifiers
from ..services.transaction import isolated
from .res_partner import ELECTRONIC_ADDRESS
from .ropo_request import ASSIGNMENTS, CHASES, LIVE

# May this invoice be told to Ropo? `code` is False when it may; `text` says why not,
# and what to do about it; `record` is what to open to mend it. `warning` speaks against
# it without forbidding it; `unsent` is whether it is that nobody sent the invoice.
Verdict = namedtuple(
    "Verdict",
    ["code", "text", "record", "warning", "unsent"],
    defaults=[False, "", None, "", False],
)

# What Ropo has of an invoice, or may get: the operations, whether it collects, the
# states of its deliveries, and the case that ended unpaid, if one did.
Held = namedtuple(
    "Held",
    ["operations", "collects", "deliveries", "ended"],
    defaults=[frozenset(), False, frozenset(), None],
)

MOST_DECIMALS = 2  # of an amount that Ropo can be told

# Verdicts that only time or the ledger changes: there is nothing to hand over.
HOPELESS = ("type", "state", "account", "zero", "chased", "paid")


class AccountMove(models.Model):
    """Whether an invoice may be sent, or handed over, and if not, why."""

    _inherit = "account.move"

    def _ropo_verdicts(
        self,
        operation,
        notice_date=None,
        account=None,
        terms=None,
        warn=True,
        model=None,
    ):
        """Whether each of these may be told to Ropo now: `{move: Verdict}`.

        Wizards, buttons, filters, the night's run and the worker all ask here. The
        number of queries does not depend on the number of invoices.

        :param operation: `invoice`, `credit_note`, `reminder` or `collection`
        :param notice_date: the date of one's own reminder, when asked for just now
        :param account: the account whose worker asks, by which these go whatever the
            invoices' own is by now; what is on its way there does then not speak
            against the invoice
        :param terms: `{move: Terms}` on which claims are to go, instead of those of
            the accounts
        :param warn: whether to look for money that lies unreconciled
        :param model: the service model that was asked for, if not the account's
        """
        self.env["ropo.document"]._prefetch(self)
        held = self._ropo_held(queued=not account)
        chase = operation in CHASES
        registered = {}
        if chase:
            terms = terms or self._ropo_default_terms(notice_date)
            registered = self.env["ropo.ledger"]._registered_amounts(self)
        verdicts = {}
        for move in self:
            own = account or move.ropo_account_id
            with isolated(move, "check it", reads_only=True) as attempt:
                verdicts[move] = move._ropo_verdict_under(
                    own,
                    operation,
                    held[move.id],
                    terms[move] if chase else None,
                    model or own.service_model,
                    registered,
                )
            if attempt.error:
                verdicts[move] = move._ropo_failed_verdict(attempt.error)
        if operation != "credit_note":
            self._ropo_check_numbers(verdicts)
        if chase and warn and not account:
            self._ropo_add_warnings(verdicts, held)
        return verdicts

    def _ropo_verdict_under(self, account, operation, held, terms, model, registered):
        """Its `Verdict`, where it goes through this account."""
        verdict = self._ropo_document_verdict(account)
        if not verdict.code:
            verdict = self._ropo_kind_verdict(account, operation)
        if not verdict.code and terms:
            verdict = self._ropo_registered_verdict(registered)
        if not verdict.code and terms:
            verdict = self._ropo_chase_verdict(operation, account, held, terms)
        if not verdict.code:
            wanted = terms.claim_sendtype if operation == "reminder" else None
            verdict = self._ropo_address_verdict(account, bool(terms), wanted)
        if not verdict.code and not terms:
            verdict = self._ropo_send_verdict(held, account._service(model))
        return verdict

    def _ropo_kind_verdict(self, account, operation):
        """Whether the account's channel takes such a document at all."""
        if operation in account._channel().capabilities.kinds:
            return Verdict()
        text = self.env._(
            "%(account)s can't take it: its channel has no documents of this kind.",
            account=account.name,
        )
        return Verdict("kind", text, account)

    def _ropo_failed_verdict(self, error):
        text = self.env._(
            "It can't be checked (%(error)s). Your administrator finds the details in "
            "the server's log.",
            error=type(error).__name__,
        )
        return Verdict("failed", text, self)

    def _ropo_default_terms(self, notice_date=None):
        """`{move: Terms}`, those of the accounts."""
        accounts = self.ropo_account_id
        terms = {
            (account, is_company): account._terms(
                interest=account._interest(is_company) or 0.0,
                notice_date=notice_date,
            )
            for account in accounts
            for is_company in (True, False)
        }
        return {
            move: terms.get(
                (move.ropo_account_id, move.commercial_partner_id.is_company)
            )
            for move in self
        }

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

    def _ropo_allocation_note(self):
        """What to know of a credit note that credits nothing yet; empty for others."""
        is_open = not self.currency_id.compare_amounts(
            self.amount_residual, self.amount_total
        )
        is_credit = self.move_type == "out_refund"
        if not is_credit or not is_open or self.env["ropo.document"]._origin(self):
            return ""
        return self.env._(
            "It credits no invoice, so Ropo gets it unallocated. Reconcile it with the "
            "invoice that it is for."
        )

    def _ropo_held(self, queued):
        """What Ropo has or may get of each: `{move id: Held}`, by the facts that are
        stored with what was asked for."""
        states = LIVE if queued else ("unknown", "done")
        rows = (
            self.env["ropo.request"]
            .sudo()
            ._read_group(
                [
                    ("move_id", "in", self.ids),
                    ("operation", "in", ASSIGNMENTS),
                    ("state", "in", (*LIVE, "rejected")),
                    ("void", "=", False),
                ],
                ["move_id", "operation", "state", "chases"],
            )
        )
        facts = defaultdict(list)
        for move, operation, state, collects in rows:
            facts[move.id].append((operation, state, collects))
        held = defaultdict(Held)
        ended = self._ropo_ended_cases()
        for move_id, own in facts.items():
            live = [row for row in own if row[1] in states]
            held[move_id] = Held(
                operations=frozenset(operation for operation, _s, _c in live),
                collects=any(collects for _o, _s, collects in live),
                deliveries=frozenset(s for o, s, _c in own if o == "invoice"),
                ended=ended.get(move_id),
            )
        return held

    def _ropo_ended_cases(self):
        """The cases that Ropo closed with something open, and that may not be
        transferred again yet: `{move id: case}`."""
        cases = (
            self.env["ropo.job"]
            .sudo()
            .search_fetch(
                [
                    ("move_id", "in", self.ids),
                    ("decision", "!=", False),
                    ("released", "=", False),
                ],
                ["move_id", "decision"],
                order="id",
            )
        )
        return {case.move_id.id: case for case in cases}

    def _ropo_document_verdict(self, account):
        """What any document needs, whatever is to be done with it."""
        if self.move_type not in ("out_invoice", "out_refund"):
            text = self.env._("This is no customer invoice. Only those go to Ropo.")
            return Verdict("type", text, self)
        if self.state != "posted":
            text = self.env._("It is not posted. Confirm it first.")
            return Verdict("state", text, self)
        if not account:
            text = self.env._(
                "%(company)s has no Ropo account. Set one up under Ropo → "
                "Configuration, or choose one on the journal.",
                company=self.company_id.display_name,
            )
            return Verdict("account", text, self.company_id)
        if self.currency_id.decimal_places > MOST_DECIMALS:
            text = self.env._(
                "%(currency)s has more decimals than the two that Ropo knows. Invoice "
                "in another currency.",
                currency=self.currency_id.name,
            )
            return Verdict("currency", text, self)
        if self.currency_id.is_zero(self.amount_total):
            text = self.env._("Its total is zero: there is nothing to ask for.")
            return Verdict("zero", text, self)
        return Verdict()

    def _ropo_address_verdict(self, account, chase, wanted=None):
        """:param wanted: how the reminder is to go, if not as the invoices"""
        partner = self.partner_id
        labels = {
            "street": self.env._("street"),
            "zip": self.env._("postcode"),
            "city": self.env._("city"),
        }
        if partner.country_id and not partner.country_id.zip_required:
            del labels["zip"]
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
        return self._ropo_identity_verdict() or self._ropo_delivery_verdict(
            account, chase, wanted
        )

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

    def _ropo_check_numbers(self, verdicts):
        """Holds back those whose customer shares its number at Ropo with another one:
        for Ropo both would be one debtor. Not credit notes, which ask for nothing."""
        ready = self.filtered(lambda move: not verdicts[move].code)
        holders = ready.commercial_partner_id._ropo_holders()
        for move in ready:
            owner, root = move.commercial_partner_id, move.company_id.root_id
            others = [
                partner
                for partner, company in holders.get(owner.ref, ())
                if partner != owner and (not company or company.root_id == root)
            ]
            if others:
                text = self.env._(
                    "%(partner)s and %(other)s have the same customer number "
                    "%(number)s at Ropo, which takes them for one debtor. Give one of "
                    "them another reference.",
                    partner=owner.display_name,
                    other=others[0].display_name,
                    number=owner.ref,
                )
                verdicts[move] = Verdict("customer_number", text, owner)

    def _ropo_delivery_verdict(self, account, chase, wanted):
        """Whether the way of delivery has what it needs to find the customer."""
        owner = self.commercial_partner_id
        delivery = self.partner_id._ropo_delivery(account, chase, wanted)
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
        document = self.env["ropo.document.rows"]
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

    def _ropo_send_verdict(self, held, service):
        if held.operations:
            text = self.env._("Ropo has it already, or it is on its way.")
            return Verdict("sent", text, self)
        if not any(line.display_type == "product" for line in self.line_ids):
            text = self.env._("It has no rows. Add what was sold.")
            return Verdict("rows", text, self)
        if service.keeps_books:
            return self._ropo_embed_verdict()
        return Verdict()

    def _ropo_chase_verdict(self, operation, account, held, terms):
        """Whether what is open of it may be handed over on these terms."""
        if self.move_type != "out_invoice":
            text = self.env._("It is a credit note: nobody owes it.")
            return Verdict("type", text, self)
        if held.ended and self.currency_id.compare_amounts(self.amount_residual, 0) > 0:
            return self._ropo_ended_verdict(held.ended)
        if held.collects and not held.ended:
            text = self.env._(
                "Ropo chases it already. From reminder to collection Ropo goes by "
                "itself."
            )
            return Verdict("chased", text, self)
        if self.currency_id.compare_amounts(self.amount_residual, 0) <= 0:
            text = self.env._("Nothing of it is open.")
            return Verdict("paid", text, self)
        verdict = self._ropo_undelivered_verdict(held.deliveries)
        if not verdict.code:
            verdict = self._ropo_policy_verdict(account, terms)
        if not verdict.code and operation == "collection":
            return self._ropo_notice_verdict(account, terms)
        return verdict

    def _ropo_registered_verdict(self, registered):
        """Whether payments that have no journal entry yet pay all that is open."""
        paid = registered.get(self.id, 0.0)
        if not paid or self.currency_id.compare_amounts(self.amount_residual, paid) > 0:
            return Verdict()
        text = self.env._(
            "A registered payment pays it, and the bank statement does not have it "
            "yet. If the money did not come, cancel that payment."
        )
        return Verdict("paid", text, self)

    def _ropo_ended_verdict(self, case):
        case = case.with_env(self.env)
        if case.decision == "leave":
            text = self.env._(
                "Ropo closed its case unpaid, and it was decided that it is left. To "
                "transfer it all the same, choose “Transfer Again” on the case."
            )
        else:
            text = self.env._(
                "Ropo closed its case unpaid. Decide on the case what becomes of it: "
                "write it off, transfer it again, or leave it."
            )
        return Verdict("ended", text, case)

    def _ropo_undelivered_verdict(self, deliveries):
        """Whether Ropo's delivery of it, where one was asked for, came about.

        :param deliveries: the states of the requests to deliver it
        """
        if "unknown" in deliveries:
            text = self.env._(
                "It is not known whether Ropo got it for delivery. It may be "
                "transferred when that is known."
            )
        elif deliveries & {"queued", "sending"}:
            text = self.env._(
                "Ropo is to deliver it, and it is not delivered yet. It may be "
                "transferred after that."
            )
        elif "rejected" in deliveries and "done" not in deliveries:
            text = self.env._(
                "Ropo refused to deliver it. Correct what is wrong and send it again. "
                "If it was delivered in another way, cancel that request."
            )
        else:
            return Verdict()
        return Verdict("delivery", text, self)

    def _ropo_policy_verdict(self, account, terms):
        """Whether the account's own rules allow to chase it today."""
        exempt = self._ropo_exemption_verdict(account)
        if exempt.code:
            return exempt
        parts = self._ropo_claim_parts(account, terms)
        if not parts:
            return self._ropo_early_verdict(account, terms)
        if self._ropo_in_company_currency(parts) < account.min_amount:
            text = self.env._("Less is open of it than the account's smallest claim.")
            return Verdict("small", text, self)
        if not self.payment_reference:
            text = self.env._(
                "It has no payment reference, by which Ropo knows the money."
            )
            return Verdict("reference", text, self)
        return Verdict()

    def _ropo_exemption_verdict(self, account):
        """Whether a person said that it is not to be chased."""
        customer = self.commercial_partner_id
        if self.ropo_hold:
            text = self.env._("It is held: “Never Chase” is set on it.")
            return Verdict("hold", text, self)
        if any(self._ropo_open_parts().mapped("no_followup")):
            text = self.env._("“No Follow-Up” is set on it, or on its journal items.")
            return Verdict("exempt", text, self)
        if customer.ropo_no_collection:
            text = self.env._(
                "%(partner)s is never reminded nor collected.",
                partner=customer.display_name,
            )
            return Verdict("exempt", text, customer)
        if customer in account.exempt_partner_ids.commercial_partner_id:
            text = self.env._(
                "%(partner)s is exempt on the Ropo account %(account)s.",
                partner=customer.display_name,
                account=account.name,
            )
            return Verdict("exempt", text, account)
        if self.payment_state == "blocked":
            text = self.env._("Its payment is blocked: settle the dispute first.")
            return Verdict("disputed", text, self)
        return Verdict()

    def _ropo_early_verdict(self, account, terms):
        """Why nothing of it may go today, and from when it may."""
        dues = [line._ropo_due_date() for line in self._ropo_open_parts()]
        wait = self._ropo_days_to_wait(account)
        first, last = (format_date(self.env, d + wait) for d in (min(dues), max(dues)))
        overdue = min(dues) + wait <= fields.Date.context_today(self)
        if overdue and not terms.claim_parts:
            text = self.env._(
                "Not all of its instalments are overdue: it may go from %(date)s, or "
                "now with the overdue ones by themselves.",
                date=last,
            )
            return Verdict("instalments", text, self)
        text = self.env._(
            "Not overdue long enough: it may go from %(date)s.",
            date=first if terms.claim_parts else last,
        )
        return Verdict("early", text, self)

    def _ropo_notice_verdict(self, account, terms):
        """Finland: one's own reminder comes before collection (guide: Connect)."""
        date = self.ropo_notice_date or terms.notice_date
        if not date and account.country == "fi":
            text = self.env._(
                "In Finland a debt is only collected after one's own reminder. Enter "
                "the date on which you sent it."
            )
            return Verdict("notice", text, self)
        if date and date > fields.Date.context_today(self):
            text = self.env._("The date of your own reminder lies ahead.")
            return Verdict("notice", text, self)
        parts = self._ropo_claim_parts(account, terms)
        due = min(line._ropo_due_date() for line in parts)
        if date and date < due:
            text = self.env._(
                "The date of your own reminder is before the due date, %(date)s.",
                date=format_date(self.env, due),
            )
            return Verdict("notice", text, self)
        return self._ropo_notice_days_verdict(account, date)

    def _ropo_notice_days_verdict(self, account, date):
        """The debtor gets time to pay after one's own reminder, of `date` or False."""
        is_company = self.commercial_partner_id.is_company
        days = account.notice_days_b2b if is_company else account.notice_days_b2c
        first = date and fields.Date.add(date, days=days)
        if not first or first <= fields.Date.context_today(self):
            return Verdict()
        text = self.env._(
            "Your own reminder is of %(notice_date)s: it may go to debt collection "
            "from %(date)s.",
            notice_date=format_date(self.env, date),
            date=format_date(self.env, first),
        )
        return Verdict("notice_early", text, self)

    # --- what is claimed ---

    def _ropo_open_parts(self):
        """The open receivable lines: one, or one for each instalment."""
        return self.line_ids.filtered(
            lambda line: (
                line.display_type == "payment_term"
                and not line.currency_id.is_zero(line.amount_residual_currency)
            )
        )

    def _ropo_claim_parts(self, account, terms):
        """The open receivable lines that may be handed over today: all when the last
        is overdue; the overdue ones when they may go by themselves; else none."""
        parts = self._ropo_open_parts()
        wait = self._ropo_days_to_wait(account)
        today = fields.Date.context_today(self)
        overdue = parts.filtered(lambda line: line._ropo_due_date() + wait <= today)
        return overdue if terms.claim_parts or overdue == parts else parts.browse()

    def _ropo_days_to_wait(self, account):
        is_company = self.commercial_partner_id.is_company
        days = account.min_days_b2b if is_company else account.min_days_b2c
        return timedelta(days=days)

    @staticmethod
    def _ropo_in_company_currency(parts):
        return abs(sum(parts.mapped("amount_residual")))

    # --- warnings ---

    def _ropo_add_warnings(self, verdicts, held):
        """Says which of these nobody sent, and where money or a credit of the same
        customer lies unreconciled."""
        ready = self.filtered(lambda move: not verdicts[move].code)
        credits = ready._ropo_open_credits()
        for move in ready:
            unsent = move._ropo_unsent_text(held[move.id].deliveries)
            texts = [unsent, move._ropo_money_text(credits[move])]
            verdicts[move] = verdicts[move]._replace(
                warning=" ".join(filter(None, texts)), unsent=bool(unsent)
            )

    def _ropo_unsent_text(self, deliveries):
        """What to know of an invoice that the customer may never have got."""
        is_sent = self.is_move_sent or "done" in deliveries
        if is_sent or self.ropo_account_id.delivered_elsewhere:
            return ""
        return self.env._(
            "It is not marked as sent, so the customer may not have got it. Send it "
            "first, unless it was delivered outside Odoo."
        )

    def _ropo_money_text(self, credits):
        if self.payment_state in ("in_payment", "paid"):
            return self.env._(
                "A payment of it is registered, which is not in the ledger yet."
            )
        if credits:
            return self.env._(
                "Money or a credit note of %(partner)s is not reconciled.",
                partner=self.commercial_partner_id.display_name,
            )
        return ""

    def _ropo_open_credits(self):
        """What of their customers lies unreconciled in their companies' ledgers:
        `{move: ids of journal items}`.

        Credits on receivable accounts, and money on bank statements that is not
        matched yet: of the customer, or with the reference of the invoice.
        """
        if not self:
            return {}
        for model in ("account.move.line", "account.bank.statement.line"):
            self.env[model].flush_model()
        by_customer, by_reference = defaultdict(list), defaultdict(list)
        for row in self.env.execute_query_dict(self._ropo_open_credits_query()):
            company = row["company_id"]
            by_customer[company, row["partner_id"]].append(row["id"])
            if row["payment_ref"]:
                by_reference[company, row["payment_ref"]].append(row["id"])
        return {
            move: [
                *by_customer[move.company_id.id, move.commercial_partner_id.id],
                *by_reference[move.company_id.id, move.payment_reference],
            ]
            for move in self
        }

    def _ropo_open_credits_query(self):
        return SQL(
            """
            SELECT line.id,
                   line.company_id,
                   partner.commercial_partner_id AS partner_id,
                   NULL AS payment_ref
              FROM account_move_line line
              JOIN account_account account ON account.id = line.account_id
              JOIN res_partner partner ON partner.id = line.partner_id
             WHERE partner.commercial_partner_id IN %(partners)s
               AND line.company_id IN %(companies)s
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.amount_residual < 0
               AND account.account_type = 'asset_receivable'
             UNION ALL
            SELECT line.id, line.company_id, partner.commercial_partner_id,
                   CASE WHEN partner.id IS NULL THEN statement.payment_ref END
              FROM account_bank_statement_line statement
              JOIN account_move_line line ON line.move_id = statement.move_id
              JOIN account_journal journal
                ON journal.id = statement.journal_id
               AND journal.suspense_account_id = line.account_id
              LEFT JOIN res_partner partner ON partner.id = statement.partner_id
             WHERE statement.is_reconciled IS NOT TRUE
               AND statement.amount > 0
               AND statement.company_id IN %(companies)s
               AND line.parent_state = 'posted'
               AND (partner.commercial_partner_id IN %(partners)s
                    OR partner.id IS NULL AND statement.payment_ref IN %(references)s)
            """,
            partners=tuple(self.commercial_partner_id.ids or [0]),
            companies=tuple(self.company_id.ids),
            references=tuple(set(self.mapped("payment_reference"))),
        )


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _ropo_due_date(self):
        """The day on which this debt is due; imported entries may have none of their
        own, and are due with their invoice."""
        move = self.move_id
        invoice = move.invoice_date_due or move.invoice_date or move.date
        return self.date_maturity or invoice
