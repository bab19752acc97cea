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
        """`rows` without what of them was written off as bad debts, which is noted."""
        rest = []
        for row in rows:
            job = self.env["ropo.job"].sudo().browse(row["job_id"])
            written_off = self._share(row, job)
            if written_off:
                job._note_bad_debts({row["partial_id"]: written_off})
                amount = job.currency_id.round(float(row["amount"]) - written_off)
                row = {**row, "amount": amount}
            if row["amount"]:
                rest.append(row)
        return rest

    def _share(self, row, job):
        """What of this reconciliation is a bad debt.

        Taxes that are relieved along with it are part of the loss. An entry with other
        accounts too, such as a payment with a write-off, has to settle one invoice
        only: else it does not say which of them was written off, and nobody is to be
        asked for what he has paid.
        """
        accounts = job.account_id.bad_debt_account_ids
        if not accounts or not row["entry_id"] or row["operation"] != "payment":
            return 0.0
        lines = self.env["account.move"].sudo().browse(row["entry_id"]).line_ids
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
        if account not in ropo_account.bad_debt_account_ids:
            return self.env._(
                "%(account)s is not a bad debt account of %(ropo_account)s. A Ropo "
                "manager adds it there, under Payments.",
                account=account.display_name,
                ropo_account=ropo_account.name,
            )
        return ""

    @api.model
    def _write_off(self, move, account, date):
        """Posts what is open of this invoice as a loss, in an entry of its own."""
        if problem := self._problem(move, account):
            raise UserError(problem)
        journal = self._journal(move.company_id)
        self._check_open(move.company_id, journal, date)
        parts = move._ropo_open_parts()
        loss = _amounts(parts)
        lines = [
            *self._receivable_lines(parts),
            self._line(move, loss, account_id=account.id, name=self._label(move)),
        ]
        entry = self._post_entry(move, journal, date, lines)
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

    def _post_entry(self, move, journal, date, lines):
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
                    "ref": self._label(move),
                    "line_ids": [Command.create(line) for line in lines],
                }
            )
        )
        entry.action_post()
        return entry.with_context(skip_invoice_sync=False)

    @staticmethod
    def _reconcile(entry, parts):
        for account, own in parts.grouped("account_id").items():
            (
                own | entry.line_ids.filtered(lambda line: line.account_id == account)
            ).reconcile()

    def _note_entry(self, entry, move):
        """At once, so that nobody sees a difference until the next comparison."""
        for job in move.sudo().ropo_job_ids.filtered("is_collected"):
            partials = entry.line_ids.matched_debit_ids.filtered(
                lambda partial, job=job: job._collects(partial.debit_move_id)
            )
            job._note_bad_debts(
                {partial.id: partial.debit_amount_currency for partial in partials}
            )

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


def _negated(amounts):
    return tuple(-amount for amount in amounts)
