from collections import defaultdict, namedtuple

from odoo import api, models
from odoo.exceptions import UserError

from ..models.ropo_request import ASSIGNMENTS, LIVE, TRANSFERS
from .transaction import isolated
from .verdict import Verdict

# What Ropo has of an invoice, or may get: the operations, whether it collects, the
# states of its deliveries, the profiles that delivered it, and the case that ended
# unpaid, if one did.
Held = namedtuple(
    "Held",
    ["operations", "collects", "deliveries", "delivered_by", "ended"],
    defaults=[frozenset(), False, frozenset(), frozenset(), None],
)

MOST_DECIMALS = 2  # of an amount that Ropo takes


class RopoEligibility(models.AbstractModel):
    """Whether an invoice may be sent or transferred, and if not, why.

    What the rules are: of the delivery in delivery_rules.py, of the transfer in
    transfer_rules.py, and what makes one doubtful in transfer_warnings.py.
    """

    _name = "ropo.eligibility"
    _description = "Eligibility for Ropo"

    @api.model
    def _verdicts(
        self,
        moves,
        operation,
        notice_date=None,
        account=None,
        terms=None,
        warn=True,
        model=None,
    ):
        """Whether each of these may go to Ropo now: `{move: Verdict}`.

        Wizards, buttons, filters, the scheduled transfer and the worker all ask here.
        The number of queries does not depend on the number of invoices.

        :param operation: `invoice`, `credit_note`, `reminder` or `collection`
        :param notice_date: the date of one's own reminder, when asked for just now
        :param account: the account whose worker asks, by which these go whatever the
            invoices' own is by now; what is on its way there is then no reason
            against it
        :param terms: `{move: Terms}` on which claims are to go, instead of those of
            the accounts
        :param warn: whether to look for money that lies unreconciled
        :param model: the service model that was asked for, if not the account's
        """
        self = self.with_env(moves.env)
        self.env["ropo.document"]._prefetch(moves)
        held = self._held(moves, queued=not account)
        is_transfer = operation in TRANSFERS
        registered = {}
        if is_transfer:
            terms = terms or self._default_terms(moves, notice_date)
            registered = self.env["ropo.ledger"]._registered_amounts(moves)
        verdicts = {}
        for move in moves:
            own = account or move.ropo_account_id
            with isolated(move, "check it", reads_only=True) as attempt:
                verdicts[move] = self._verdict(
                    move,
                    own,
                    operation,
                    held[move.id],
                    terms[move] if is_transfer else None,
                    model or own.service_model,
                    registered,
                )
            if attempt.error:
                verdicts[move] = self._failed_verdict(move, attempt.error)
        if operation != "credit_note":
            self.env["ropo.delivery.rules"]._check_numbers(verdicts)
        if is_transfer and warn and not account:
            self.env["ropo.transfer.warnings"]._add(verdicts, held)
        return verdicts

    @api.model
    def _check(self, moves):
        """Raises why these may not be sent now."""
        faults = [
            self.env._(
                "%(invoice)s: %(reason)s",
                invoice=move.display_name,
                reason=verdict.text,
            )
            for move, verdict in self._verdicts(moves, "invoice").items()
            if verdict.code
        ]
        if faults:
            raise UserError("\n".join(faults[:10]))

    @api.model
    def _default_terms(self, moves, notice_date=None):
        """`{move: Terms}`, those of the accounts."""
        terms = {
            (account, is_company): account._terms(
                interest=account._interest(is_company) or 0.0,
                notice_date=notice_date,
            )
            for account in moves.ropo_account_id
            for is_company in (True, False)
        }
        return {
            move: terms.get(
                (move.ropo_account_id, move.commercial_partner_id.is_company)
            )
            for move in moves
        }

    @api.model
    def _lacks_right(self):
        text = self.env._("You lack the right “Ropo: User”. Ask for it.")
        return Verdict("right", text)

    # --- what Ropo has ---

    @api.model
    def _held(self, moves, queued):
        """What Ropo has or may get of each: `{move id: Held}`, by the facts that are
        stored with what was asked for.

        :param queued: whether what waits to be sent counts too
        """
        states = LIVE if queued else ("unknown", "done")
        rows = (
            self.env["ropo.request"]
            .sudo()
            ._read_group(
                [
                    ("move_id", "in", moves.ids),
                    ("operation", "in", ASSIGNMENTS),
                    ("state", "in", (*LIVE, "rejected")),
                    ("void", "=", False),
                ],
                ["move_id", "operation", "state", "collects", "profile"],
            )
        )
        facts = defaultdict(list)
        for move, *fact in rows:
            facts[move.id].append(fact)
        held = defaultdict(Held)
        ended = self._ended_cases(moves)
        for move_id, own in facts.items():
            live = [row for row in own if row[1] in states]
            held[move_id] = Held(
                operations=frozenset(operation for operation, *_rest in live),
                collects=any(collects for _o, _s, collects, _p in live),
                deliveries=frozenset(s for o, s, *_rest in own if o == "invoice"),
                delivered_by=frozenset(
                    profile
                    for operation, state, _c, profile in own
                    if (operation, state) == ("invoice", "done")
                ),
                ended=ended.get(move_id),
            )
        return held

    def _ended_cases(self, moves):
        """The cases that Ropo closed with something open, and that may not be
        transferred again yet: `{move id: case}`."""
        cases = (
            self.env["ropo.job"]
            .sudo()
            .search_fetch(
                [
                    ("move_id", "in", moves.ids),
                    ("decision", "!=", False),
                    ("released", "=", False),
                ],
                ["move_id", "decision"],
                order="id",
            )
        )
        return {case.move_id.id: case for case in cases}

    # --- one invoice ---

    def _verdict(self, move, account, operation, held, terms, model, registered):
        """Its `Verdict`, where it goes through this account."""
        transfer = self.env["ropo.transfer.rules"]
        delivery = self.env["ropo.delivery.rules"]
        verdict = self._document_verdict(move, account)
        if not verdict.code:
            verdict = self._kind_verdict(account, operation)
        if not verdict.code and terms:
            verdict = transfer._registered_verdict(move, registered)
        if not verdict.code and terms:
            verdict = transfer._verdict(move, operation, account, held, terms)
        if not verdict.code and terms:
            verdict = self.env["ropo.channel.rules"]._verdict(
                move, account, terms, held.delivered_by
            )
        if not verdict.code:
            wanted = terms.claim_sendtype if operation == "reminder" else None
            verdict = delivery._verdict(move, account, bool(terms), wanted)
        if not verdict.code and not terms:
            verdict = self._send_verdict(move, held, account._service(model))
        return verdict

    def _kind_verdict(self, account, operation):
        """Whether the account's channel takes such a document at all."""
        can = account._channel().capabilities
        if operation in can.kinds:
            return Verdict()
        text = self.env._(
            "%(account)s can't take it: its channel has no documents of this kind.",
            account=account.name,
        )
        return Verdict("kind", text, account)

    def _failed_verdict(self, move, error):
        text = self.env._(
            "It can't be checked (%(error)s). Your administrator finds the details in "
            "the server's log.",
            error=type(error).__name__,
        )
        return Verdict("failed", text, move)

    def _document_verdict(self, move, account):
        """What any document needs, whatever is to be done with it."""
        if move.move_type not in ("out_invoice", "out_refund"):
            text = self.env._("This is no customer invoice. Only those go to Ropo.")
            return Verdict("type", text, move)
        if move.state != "posted":
            text = self.env._("It is not posted. Confirm it first.")
            return Verdict("state", text, move)
        if not account:
            text = self.env._(
                "%(company)s has no Ropo account. Set one up under Ropo → "
                "Configuration, or choose one on the journal.",
                company=move.company_id.display_name,
            )
            return Verdict("account", text, move.company_id)
        if move.currency_id.decimal_places > MOST_DECIMALS:
            text = self.env._(
                "%(currency)s has more decimals than the two that Ropo knows. Invoice "
                "in another currency.",
                currency=move.currency_id.name,
            )
            return Verdict("currency", text, move)
        if move.currency_id.is_zero(move.amount_total):
            text = self.env._("Its total is zero: there is nothing to ask for.")
            return Verdict("zero", text, move)
        return Verdict()

    # --- sending ---

    def _send_verdict(self, move, held, service):
        if held.operations:
            text = self.env._("Ropo has it already, or it is on its way.")
            return Verdict("sent", text, move)
        if not any(line.display_type == "product" for line in move.line_ids):
            text = self.env._("It has no rows. Add what was sold.")
            return Verdict("rows", text, move)
        if service.keeps_books:
            return self._embed_verdict(move)
        return Verdict()

    def _embed_verdict(self, move):
        """Embed: Ropo keeps the ledger, by numbers of accounts."""
        document = self.env["ropo.document.rows"]
        for line in move.line_ids.filtered("account_id"):
            ledger = line.account_id
            if line.display_type != "payment_term" and not document._account_number(
                ledger, move.company_id
            ):
                text = self.env._(
                    "Ropo keeps the ledger (Embed) and needs numbers: the account "
                    "%(account)s has none as its code.",
                    account=ledger.display_name,
                )
                return Verdict("ledger", text, ledger)
        return Verdict()

    @api.model
    def _allocation_note(self, move):
        """What to know of a credit note that credits nothing yet; empty for others."""
        is_open = not move.currency_id.compare_amounts(
            move.amount_residual, move.amount_total
        )
        is_credit = move.move_type == "out_refund"
        if not is_credit or not is_open or self.env["ropo.document"]._origin(move):
            return ""
        return self.env._(
            "It credits no invoice, so Ropo gets it unallocated. Reconcile it with the "
            "invoice that it is for."
        )
