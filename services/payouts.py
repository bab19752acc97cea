from odoo import Command, api, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import format_date

from .payout_sums import choose, is_named, words_of

OWED = ("asset_receivable", "liability_payable")
# The oldest of what Ropo holds, among which a proposal is looked for.
MOST_CANDIDATES = 2000
# What a payout has besides registered payments: its field on the account, and the sign
# of what it adds to the money that comes in.
PARTS = {
    "principal": ("payout_principal_account_id", 1),
    "interest": ("payout_interest_account_id", 1),
    "fee": ("payout_fee_account_id", 1),
    "commission": ("payout_commission_account_id", -1),
}


class RopoPayout(models.AbstractModel):
    """What Ropo pays out in one sum, taken apart again on the line of the bank.

    The entry of the bank line is the one entry of a payout: its suspense line gives way
    to one line for each payment that it pays out, which are reconciled, and to
    interest, fees and commission. What is not explained stays on the suspense account,
    and can be matched later: so one line may hold several payouts.
    """

    _name = "ropo.payout"
    _description = "Matching of Payouts"

    # --- what Ropo holds ---

    @api.model
    def _accounts(self, line):
        """The profiles whose payouts may be on this bank line."""
        journal, accounts = line.journal_id, self.env["ropo.account"]
        accounts = accounts.with_context(active_test=False).search(
            [("company_id", "parent_of", line.company_id.id)]
        )
        own = accounts.filtered(lambda a: journal in a.settlement_journal_ids)
        return own or (accounts if journal.ropo_settlement else own)

    @api.model
    def _journals(self, line):
        """Where the payments are registered that this bank line may pay out."""
        return self._accounts(line).settlement_journal_ids | line.journal_id

    @api.model
    def _open_domain(self, journals, currency):
        """Of what Ropo holds: open lines of payments on their outstanding account."""
        return Domain(
            [
                ("journal_id", "in", journals.ids),
                ("currency_id", "=", currency.id),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("payment_id", "!=", False),
                ("account_id.reconcile", "=", True),
                ("account_type", "not in", OWED),
            ]
        )

    @api.model
    def _candidates(self, line):
        """The oldest first, those of the branches that use the journal included."""
        line = self._with_branches(line)
        return line.env["account.move.line"].search(
            self._open_domain(self._journals(line), self._currency(line)),
            order="date, id",
            limit=MOST_CANDIDATES,
        )

    @staticmethod
    def _with_branches(line):
        """The same, in all branches of the journal's company that the user may see,
        whether they are chosen just now or not."""
        company = line.sudo().journal_id.company_id
        branches = company.search([("id", "child_of", company.id)])
        if not line.env.su:
            branches &= line.env.user.sudo().company_ids
        ids = (line.sudo().company_id | branches).ids
        return line.with_context(allowed_company_ids=ids)

    @api.model
    def _propose(self, line, amount):
        """The payments that make up `amount` of a bank line, and how they were found
        (:func:`choose` of payout_sums.py)."""
        candidates = self._candidates(line)
        unit = self._currency(line).rounding
        items = [
            (candidate.id, round(candidate.amount_residual_currency / unit))
            for candidate in candidates
        ]
        words = words_of(f"{line.payment_ref or ''} {line.ref or ''}")
        named = [
            candidate.id
            for candidate in candidates
            if is_named(self._names(candidate), words)
        ]
        found, basis = choose(round(amount / unit), items, named)
        return candidates.browse(found), basis

    @staticmethod
    def _names(candidate):
        """The numbers by which Ropo may name what it pays out."""
        payment = candidate.payment_id.sudo()
        event = payment.ropo_event_id
        invoices = event.move_id or payment.reconciled_invoice_ids
        return [
            payment.name,
            payment.payment_reference,
            *event.job_id.mapped("jobid"),
            *event.job_id.mapped("billcode"),
            *event.job_id.mapped("reference"),
            *invoices.mapped("name"),
            *invoices.mapped("payment_reference"),
        ]

    # --- the bank line ---

    @api.model
    def _currency(self, line):
        return line.foreign_currency_id or line.currency_id

    @api.model
    def _open(self, line):
        """What of a bank line is not matched yet: more than zero where money came."""
        _bank, suspense, _others = line._seek_for_lines()
        return -sum(suspense.mapped("amount_currency"))

    @api.model
    def _check_matchable(self, line):
        """Raises `UserError` where nothing of this bank line can be matched."""
        line.check_access("write")
        _bank, suspense, _others = line._seek_for_lines()
        if not self._accounts(line):
            problem = self.env._(
                "Its journal %(journal)s is not one that Ropo pays out to. Mark it as "
                "Ropo Settlement Journal, or add it to the settlement journals of a "
                "Ropo account.",
                journal=line.journal_id.display_name,
            )
        elif not suspense or not self._open(line):
            problem = self.env._(
                "Nothing of it is open. Undo its match to match it anew."
            )
        else:
            return self._check_changeable(line)
        raise UserError(self._text(line, problem))

    @api.model
    def _check_changeable(self, line, has_tax=False):
        """Raises `UserError` where the entry of this bank line may not be changed."""
        entry = line.move_id
        has_tax = has_tax or bool(entry.line_ids.tax_ids)
        locks = entry.company_id._get_violated_lock_dates(
            entry.date, has_tax, entry.journal_id
        )
        if entry.inalterable_hash:
            problem = self.env._(
                "Its entry is locked by a hash and can't be changed any more. Book the "
                "payout in an entry of its own, against the account on which the line "
                "was booked."
            )
        elif locks:
            problem = self.env._(
                "%(date)s is in a closed period, up to %(lock)s. Have an administrator "
                "open it for you, under Lock Dates.",
                date=format_date(self.env, entry.date),
                lock=format_date(self.env, max(lock for lock, _name in locks)),
            )
        elif entry.state != "posted":
            problem = self.env._("Its entry is not posted. Post it first.")
        else:
            return
        raise UserError(self._text(line, problem))

    # --- matching ---

    @api.model
    def _commission(self, line, account, net):
        """Lines of a commission: net, with the tags of its taxes, and the taxes.

        :param net: the commission without its taxes, in the currency of the bank line;
            negative where Ropo gives commission back
        """
        taxes, company = account.payout_commission_tax_ids, line.company_id
        engine = self.env["account.tax"]
        base = engine._prepare_base_line_for_taxes_computation(
            {},
            tax_ids=taxes,
            price_unit=abs(net),
            quantity=1.0,
            currency_id=self._currency(line),
            rate=self._rate(line),
            sign=1 if net > 0 else -1,
            is_refund=net < 0,
            special_mode="total_excluded",
            account_id=account.payout_commission_account_id,
            partner_id=line.partner_id,
        )
        engine._add_tax_details_in_base_lines([base], company)
        engine._round_base_lines_tax_details([base], company)
        # Ropo has its commission already: a tax that is due on payment is due.
        engine._add_accounting_data_in_base_lines_tax_details(
            [base], company, include_caba_tags=True
        )
        done = engine._prepare_tax_lines([base], company)
        ((_base, amounts),) = done["base_lines_to_update"]
        own = {"account_id": base["account_id"].id, "tax_ids": [Command.set(taxes.ids)]}
        return [{**own, **amounts}, *done["tax_lines_to_add"]]

    @api.model
    def _match(self, line, account, taken, parts, expected=None, leave_rest=False):
        """Books what a payout is made of in the entry of its bank line.

        :param taken: `{line of a payment: what of it is paid out}`, with the sign of
            what is open of it
        :param parts: `{one of PARTS: amount}`, in the currency of the bank line; the
            commission without its taxes
        :param expected: what was open of the bank line when this was decided; no match
            is based on what has changed since
        :param leave_rest: whether what is not explained may stay open
        :return: the entry
        """
        line.check_access("write")
        line = self._with_branches(line)
        taken = {part.with_env(line.env): amount for part, amount in taken.items()}
        self._lock(line, taken)
        self._check_matchable(line)
        self._check_expected(line, expected)
        self._check_taken(line, taken)
        parts = {name: amount for name, amount in parts.items() if amount}
        if not taken and not parts:
            raise UserError(self._text(line, self.env._("Choose what it pays out.")))
        vals = [self._payment_vals(line, *item) for item in taken.items()]
        vals += self._part_vals(line, account, parts)
        self._check_changeable(line, any(val.get("tax_ids") for val in vals))
        rest = self._open(line) + sum(val["amount_currency"] for val in vals)
        rest = self._currency(line).round(rest)
        if rest and not leave_rest:
            raise UserError(
                self._text(
                    line,
                    self.env._(
                        "%(rest)s are not explained. Complete the payout, or choose "
                        "to leave the rest open.",
                        rest=self._currency(line).format(rest),
                    ),
                )
            )
        self._reconcile(self._write_lines(line, vals, rest), list(taken))
        line.sudo().ropo_payout = True
        return line.move_id

    def _lock(self, line, taken):
        """Others may be matching it, or one of its payments, at this moment."""
        lines = line.env["account.move.line"].concat(*taken)
        try:
            line.lock_for_update()
            lines.lock_for_update(allow_referencing=True)
        except LockError as error:
            problem = self.env._(
                "Somebody else is matching it, or one of these payments, right now. "
                "Open it again in a moment."
            )
            raise UserError(self._text(line, problem)) from error
        (line.move_id.line_ids | lines).invalidate_recordset()

    def _check_expected(self, line, expected):
        currency, left = self._currency(line), self._open(line)
        if expected is None or not currency.compare_amounts(left, expected):
            return
        problem = self.env._(
            "%(left)s of it are open now, %(expected)s were when the dialog was "
            "opened. Open it again.",
            left=currency.format(left),
            expected=currency.format(expected),
        )
        raise UserError(self._text(line, problem))

    def _check_taken(self, line, taken):
        open_ones = self._candidates_among(line, taken)
        currency = self._currency(line)
        for candidate, amount in taken.items():
            residual = candidate.amount_residual_currency
            if candidate not in open_ones:
                problem = self.env._(
                    "%(payment)s is not open any more, or not of this payout. Open the "
                    "dialog again.",
                    payment=candidate.display_name,
                )
            elif amount * residual <= 0 or (
                currency.compare_amounts(abs(amount), abs(residual)) > 0
            ):
                problem = self.env._(
                    "Of %(payment)s %(residual)s are open: %(amount)s can't be taken.",
                    payment=candidate.display_name,
                    residual=currency.format(residual),
                    amount=currency.format(amount),
                )
            else:
                continue
            raise UserError(self._text(line, problem))

    def _candidates_among(self, line, taken):
        lines = line.env["account.move.line"].concat(*taken)
        domain = self._open_domain(self._journals(line), self._currency(line))
        return lines.filtered_domain(domain)

    # --- the lines of the entry ---

    def _payment_vals(self, line, candidate, amount):
        return {
            "account_id": candidate.account_id.id,
            "partner_id": candidate.partner_id.id,
            "name": candidate.payment_id.memo or candidate.name,
            **self._amounts(line, -amount),
        }

    def _part_vals(self, line, account, parts):
        vals = []
        for name, amount in parts.items():
            field, sign = PARTS[name]
            if not account[field]:
                raise UserError(self._text(line, self._no_account_text(account, field)))
            own = [{"account_id": account[field].id, **self._amounts(line, -amount)}]
            if sign < 0:
                own = self._commission(line, account, amount)
            label = self._part_label(name)
            vals += [
                {"name": label, "partner_id": line.partner_id.id, **v} for v in own
            ]
        return vals

    def _part_label(self, name):
        return {
            "principal": self.env._("Ropo: Principal"),
            "interest": self.env._("Ropo: Interest"),
            "fee": self.env._("Ropo: Fees"),
            "commission": self.env._("Ropo: Commission"),
        }[name]

    def _no_account_text(self, account, field):
        return self.env._(
            "%(account)s names no account for it. A Ropo manager enters “%(field)s” "
            "there, under Payments.",
            account=account.name,
            field=account._fields[field]._description_string(self.env),
        )

    def _amounts(self, line, amount):
        """In the currency of the bank line, and in the company's at the bank's rate."""
        company_currency = line.company_id.currency_id
        return {
            "amount_currency": amount,
            "balance": company_currency.round(amount / self._rate(line)),
        }

    @staticmethod
    def _rate(line):
        """How much of the bank line's currency is one of the company's."""
        figures = line._get_accounting_amounts_and_currencies()
        in_currency, in_company = figures[0], figures[4]
        return abs(in_currency / in_company) if in_company else 1.0

    def _write_lines(self, line, vals, rest):
        """Puts these lines in the place of the suspense line; the new lines, in order.

        Where the currencies differ, what rounding leaves is on the last one.
        """
        _bank, suspense, _others = line._seek_for_lines()
        currency = self._currency(line)
        left = suspense.balance - sum(val["balance"] for val in vals)
        left = line.company_id.currency_id.round(left)
        if rest:
            commands = [
                Command.update(suspense.id, {"amount_currency": -rest, "balance": left})
            ]
        else:
            vals[-1]["balance"] += left
            commands = [Command.delete(suspense.id)]
        common = {"currency_id": currency.id}
        commands += [Command.create({**common, **val}) for val in vals]
        before = line.move_id.line_ids
        # Its lines are whole: Odoo is not to compute taxes anew.
        line.move_id.with_context(
            force_delete=True, skip_readonly_check=True, skip_invoice_sync=True
        ).write({"line_ids": commands})
        return (line.move_id.line_ids - before).sorted("id")

    def _reconcile(self, new_lines, candidates):
        pairs = zip(new_lines, candidates, strict=False)
        plan = [own | candidate for own, candidate in pairs]
        if plan:
            new_lines._reconcile_plan(plan)

    # --- undoing ---

    @api.model
    def _undo(self, line):
        """Makes the bank line as it came, and what it paid out open again."""
        line.check_access("write")
        self._check_changeable(line)
        line.action_undo_reconciliation()

    def _text(self, line, problem):
        return self.env._(
            "%(line)s of %(date)s: %(reason)s",
            line=line.display_name,
            date=format_date(self.env, line.date),
            reason=problem,
        )
