from odoo import Command, api, models
from odoo.exceptions import UserError
from odoo.tools import format_date

OWED = ("asset_receivable", "liability_payable")


class RopoBadDebt(models.AbstractModel):
    """Debts that are a loss in the ledger, and that Ropo goes on collecting.

    What was taken as a bad debt is noted on its case once, by its reconciliation, and
    read from there: whatever the account's list says later, it is neither reported nor
    taken back.
    """

    _name = "ropo.bad.debt"
    _description = "Bad Debts That Ropo Goes On Collecting"

    # --- what was written off ---

    @api.model
    def _without_bad_debts(self, rows):
        """`rows` without what of them was written off as bad debts, which is noted.

        What was booked where Ropo pays out to is looked at for its bad debts alone.
        """
        jobs = self.env["ropo.job"].sudo().browse({row["job_id"] for row in rows})
        jobs = {job.id: job for job in jobs if job.account_id.bad_debt_account_ids}
        entries = self.env["account.move"].sudo()
        entries = entries.browse(
            {row["entry_id"] for row in rows if row["job_id"] in jobs} - {None}
        )
        entries = {entry.id: entry for entry in entries}
        rest = []
        for row in rows:
            job, entry = jobs.get(row["job_id"]), entries.get(row["entry_id"])
            written_off = self._share(row, job, entry) if job and entry else 0.0
            if written_off:
                job._note_bad_debts({row["partial_id"]: written_off})
                amount = job.currency_id.round(float(row["amount"]) - written_off)
                row = {**row, "amount": amount}
            if row["amount"] and (row["has_money"] or not row["is_ropos"]):
                rest.append(row)
        return rest

    def _share(self, row, job, entry):
        """What of this reconciliation is a bad debt.

        Taxes that are relieved along with it are part of the loss. An entry with other
        accounts too, such as a payment with a write-off, has to settle one invoice
        only: else it does not say which of them was written off, and nobody is to be
        asked for what he has paid.
        """
        accounts = job.account_id.bad_debt_account_ids
        is_noted = str(row["partial_id"]) in (job.bad_debts or {})
        if is_noted or row["operation"] != "payment":
            return 0.0
        lines = entry.line_ids
        owed = lines.filtered(lambda line: line.account_id.account_type in OWED)
        others = lines - owed
        losses = others.filtered(lambda line: line.account_id in accounts)
        if not losses:
            return 0.0
        losses |= others.filtered("tax_repartition_line_id")
        amount = float(row["amount"])
        if losses == others:
            return amount
        loss, total = (sum(part.mapped("balance")) for part in (losses, others))
        is_alone = owed.matched_debit_ids.debit_move_id.move_id == job.move_id
        if not is_alone or loss <= 0 or total <= 0:
            return 0.0
        return job.currency_id.round(amount * min(loss / total, 1.0))

    # --- writing off ---

    @api.model
    def _problem(self, move, account):
        """Why this invoice can't be written off against `account`, or an empty text."""
        cases = move.sudo().ropo_job_ids.filtered(
            lambda job: job.is_collected and not job.released
        )
        ropo_account = cases.account_id[:1]
        if move.state != "posted" or not move._ropo_open_parts():
            return self.env._("Nothing is open.")
        if not cases:
            return self.env._(
                "Ropo does not collect it. Write it off with Odoo's “Pay” instead."
            )
        if not ropo_account.bad_debt_account_ids:
            return self.env._(
                "%(ropo_account)s has no bad debt account. A Ropo manager adds one "
                "there, under Payments.",
                ropo_account=ropo_account.name,
            )
        if not account:
            return self.env._("Choose the account of the loss.")
        if account not in ropo_account.bad_debt_account_ids:
            return self.env._(
                "%(account)s is not a bad debt account of %(ropo_account)s. A Ropo "
                "manager adds it there, under Payments.",
                account=account.display_name,
                ropo_account=ropo_account.name,
            )
        return ""

    @api.model
    def _write_off(self, move, account, date, with_relief=False):
        """Posts what is open of this invoice as a loss, in an entry of its own.

        :param with_relief: whether the tax of what is open is taken back, as a credit
            note would, so that only the rest is a loss
        """
        if problem := self._problem(move, account):
            raise UserError(problem)
        journal = self._journal(move.company_id)
        self._check_open(move.company_id, journal, date, with_relief)
        parts = move._ropo_open_parts()
        label = self._label(move)
        shares = [({}, *_amounts(parts))]
        if with_relief:
            shares = self._relieved(move, _amounts(parts))
        lines = [
            *self._receivable_lines(parts),
            *(
                self._line(
                    move, amounts, **{"account_id": account.id, "name": label, **vals}
                )
                for vals, *amounts in shares
            ),
        ]
        entry = self._post_entry(move, journal, date, lines, label)
        self._reconcile(entry, parts)
        self._note_entry(entry, move)
        return entry

    @api.model
    def _open_tax(self, move):
        """The tax of what is open, in the currency of the invoice."""
        if not move.amount_total:
            return 0.0
        part = move.amount_residual / move.amount_total
        return move.currency_id.round(move.amount_tax * part)

    def _journal(self, company):
        journals = self.env["account.journal"]
        journal = journals.search(
            [*journals._check_company_domain(company), ("type", "=", "general")],
            limit=1,
        )
        if not journal:
            raise UserError(
                self.env._(
                    "%(company)s has no journal of the type Miscellaneous. Create one.",
                    company=company.display_name,
                )
            )
        return journal

    def _relieved(self, move, loss):
        """The loss as a credit note would split it: the net amounts, then the taxes.

        :return: `(vals, amount in currency, balance)` of each line
        """
        lines = move.line_ids.filtered(
            lambda line: line.display_type not in ("payment_term", "cogs")
        )
        taxes = lines.filtered("tax_repartition_line_id")
        if "on_payment" in taxes.tax_line_id.mapped("tax_exigibility"):
            raise UserError(
                self.env._(
                    "Its tax is due only when it is paid: write it off without VAT "
                    "relief."
                )
            )
        shares = [
            (_base_vals(applied), *_negated(_booked(own)))
            for applied, own in (lines - taxes).grouped("tax_ids").items()
        ]
        shares += [(_tax_vals(line), *_negated(_booked(line))) for line in taxes]
        return self._in_proportion(move, shares, loss)

    @staticmethod
    def _in_proportion(move, shares, wanted):
        """`shares` made smaller or larger so that they sum up to `wanted`, to the cent:
        the last one has what rounding leaves."""
        currencies = (move.currency_id, move.company_currency_id)
        totals = [sum(share[number] for share in shares) for number in (1, 2)]
        rest, scaled = list(wanted), []
        for vals, *amounts in shares:
            own = [
                currency.round(amount * goal / total) if total else 0.0
                for currency, amount, goal, total in zip(
                    currencies, amounts, wanted, totals, strict=True
                )
            ]
            rest = [left - amount for left, amount in zip(rest, own, strict=True)]
            scaled.append([vals, *own])
        scaled[-1][1:] = [
            currency.round(amount + left)
            for currency, amount, left in zip(
                currencies, scaled[-1][1:], rest, strict=True
            )
        ]
        return scaled

    def _label(self, move):
        return self.env._("Bad debt: %(invoice)s", invoice=move.name)

    def _receivable_lines(self, parts):
        return [
            self._line(own.move_id, _negated(_amounts(own)), account_id=account.id)
            for account, own in parts.grouped("account_id").items()
        ]

    def _line(self, move, amounts, **vals):
        amount_currency, balance = amounts
        return {
            "partner_id": move.commercial_partner_id.id,
            "currency_id": move.currency_id.id,
            "amount_currency": amount_currency,
            "balance": balance,
            **vals,
        }

    def _post_entry(self, move, journal, date, lines, label):
        # Its lines are whole: Odoo is not to compute taxes anew.
        entry = (
            self.env["account.move"]
            .with_company(move.company_id)
            .with_context(skip_invoice_sync=True)
            .create(
                {
                    "move_type": "entry",
                    "journal_id": journal.id,
                    "date": date,
                    "ref": label,
                    "line_ids": [Command.create(line) for line in lines],
                }
            )
        )
        entry.action_post()
        return entry.with_context(skip_invoice_sync=False)

    @staticmethod
    def _reconcile(entry, parts):
        owed = entry.line_ids.grouped("account_id")
        for account, own in parts.grouped("account_id").items():
            (own | owed[account]).reconcile()

    def _note_entry(self, entry, move):
        """At once, so that nobody sees a difference until the next comparison."""
        cases = move.sudo().ropo_job_ids
        cases = cases.filtered(lambda job: job.is_collected and not job.released)
        for job in cases:
            partials = entry.line_ids.matched_debit_ids.filtered(
                lambda partial, job=job: job._collects(partial.debit_move_id)
            )
            job._note_bad_debts(
                {partial.id: partial.debit_amount_currency for partial in partials}
            )
        self.env["ropo.evidence"]._ask_for(cases, entry)

    # --- recovering ---

    @api.model
    def _recover(self, event, amount, by_person=False):
        """Has the debtor owe again what Ropo collected of a bad debt, as income, so
        that the payment pays it; the receivable line of that, if there is any.

        :param amount: what Ropo collected besides what is open
        """
        job = event.job_id
        amount = min(amount, job.written_off - job.recovered)
        amount = event.currency_id.round(amount)
        none = self.env["account.move.line"]
        if amount <= 0:
            return none
        income = event.account_id.recovered_debt_account_id
        if not income and event.move_id._ropo_open_parts():
            return none  # what is open is paid, and a person is asked about the rest
        if not income:
            raise UserError(
                self.env._(
                    "%(invoice)s was written off as a bad debt, and %(account)s names "
                    "no account for what is recovered. A Ropo manager chooses one "
                    "there, under Payments.",
                    invoice=event.move_id.display_name,
                    account=event.account_id.name,
                )
            )
        shares = self._lost_shares(job)
        has_tax = len(shares) > 1
        move = event.move_id
        journal = self._journal(move.company_id)
        settlement = self.env["ropo.settlement"]
        day = settlement._open_day(event, journal, by_person, has_tax)
        balance = event.currency_id._convert(
            amount, move.company_currency_id, move.company_id, day
        )
        receivable = move.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).account_id[:1]
        label = self.env._("Recovered: %(invoice)s", invoice=move.name)
        shares = self._in_proportion(move, shares, (-amount, -balance))
        lines = [
            self._line(move, (amount, balance), account_id=receivable.id, name=label),
            *(
                self._line(
                    move, amounts, **{"account_id": income.id, "name": label, **vals}
                )
                for vals, *amounts in shares
            ),
        ]
        entry = self._post_entry(move, journal, day, lines, label)
        event.sudo().write({"recovered": amount, "recovery_id": entry.id})
        return entry.line_ids.filtered(lambda line: line.account_id == receivable)

    def _lost_shares(self, job):
        """Net amounts and taxes of the losses, whose taxes are owed again; what was
        written off without relief has none."""
        shares, rest = [], 0.0
        for partial in job._bad_debt_partials():
            entry = partial.credit_move_id.move_id
            lines = entry.line_ids.filtered(
                lambda line: line.account_id.account_type not in OWED
            )
            taxes = lines.filtered("tax_repartition_line_id")
            if not taxes or lines.currency_id != job.currency_id:
                rest += job.bad_debts[str(partial.id)]
                continue
            shares += [(_copied_vals(line), *_booked(line)) for line in lines - taxes]
            shares += [
                (
                    {**_copied_vals(line), "account_id": line.account_id.id},
                    *_booked(line),
                )
                for line in taxes
            ]
        if rest:
            relieved = [sum(share[number] for share in shares) for number in (1, 2)]
            rate = relieved[1] / relieved[0] if shares else 1.0
            shares.insert(0, ({}, rest, rest * rate))
        return shares

    @api.model
    def _lose_again(self, event, day):
        """Ropo took back what had been recovered: it is a loss again."""
        earlier = event.reverses_id
        entry = earlier.recovery_id
        if entry.state != "posted":
            return
        back = entry._reverse_moves([{"date": day}], cancel=True)
        event.sudo().write({"recovered": -earlier.recovered, "recovery_id": back.id})

    # --- helpers ---

    def _check_open(self, company, journal, date, has_tax=False):
        """Odoo would book it on another day, unasked."""
        locks = company._get_violated_lock_dates(date, has_tax, journal)
        if locks:
            raise UserError(
                self.env._(
                    "%(date)s is in a closed period. Choose a date after %(lock)s.",
                    date=format_date(self.env, date),
                    lock=format_date(self.env, max(lock for lock, _name in locks)),
                )
            )


def _amounts(lines):
    """What is open of these: in their currency, and in the company's."""
    return (
        sum(lines.mapped("amount_residual_currency")),
        sum(lines.mapped("amount_residual")),
    )


def _booked(lines):
    return sum(lines.mapped("amount_currency")), sum(lines.mapped("balance"))


def _base_vals(taxes):
    return {
        "tax_ids": [Command.set(taxes.ids)],
        "tax_tag_ids": [Command.set(_base_tags(taxes).ids)],
    }


def _tax_vals(line):
    """Of the line that takes this tax back."""
    tax = line.tax_line_id
    index = list(tax.invoice_repartition_line_ids).index(line.tax_repartition_line_id)
    refund = tax.refund_repartition_line_ids[index]
    tags = refund.tag_ids | _base_tags(line.tax_ids)
    return {
        "account_id": (refund.account_id or line.account_id).id,
        "name": line.name,
        "tax_repartition_line_id": refund.id,
        "group_tax_id": line.group_tax_id.id,
        "tax_ids": [Command.set(line.tax_ids.ids)],
        "tax_tag_ids": [Command.set(tags.ids)],
    }


def _copied_vals(line):
    return {
        "tax_repartition_line_id": line.tax_repartition_line_id.id,
        "group_tax_id": line.group_tax_id.id,
        "tax_ids": [Command.set(line.tax_ids.ids)],
        "tax_tag_ids": [Command.set(line.tax_tag_ids.ids)],
    }


def _base_tags(taxes):
    return (
        taxes._ropo_members()
        .refund_repartition_line_ids.filtered(
            lambda part: part.repartition_type == "base"
        )
        .tag_ids
    )


def _negated(amounts):
    return tuple(-amount for amount in amounts)
