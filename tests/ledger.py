"""What accountants do, each with Odoo's own tools, and what must come of it at Ropo."""

import re
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import Command

from ..services.agreement import RopoAgreement
from .common import RopoCommon

MARK = re.compile(r" ?odoo-\d+$")


class LedgerCommon(RopoCommon):
    foreign_currency = "SEK"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env.company.currency_id
        cls.sek = cls.setup_other_currency(
            cls.foreign_currency,
            rates=[
                (cls.today - timedelta(days=90), 10.0),
                (cls.today - timedelta(days=1), 12.0),
            ],
        )
        cls.misc = cls.company_data["default_journal_misc"]
        cls.bank = cls.company_data["default_journal_bank"]
        cls.cash = cls.company_data["default_journal_cash"]
        cls.expense = cls.company_data["default_account_expense"]
        cls.yesterday = cls.today - timedelta(days=1)

    @contextmanager
    def weeks_later(self):
        """All reconciliations that there are have been seen for long."""
        self.env.flush_all()
        partials = self.env["account.partial.reconcile"].search([], order="id desc")
        with patch.object(
            RopoAgreement, "_last_seen", lambda self, last=partials[:1].id or 0: last
        ):
            yield

    # --- what must come of it ---

    def reported(self, *names):
        """Money reported to Ropo, in order: `(amount, ...)` of each call, without
        the mark by which our own reports are recognised."""
        names = ("amount", *names)
        calls = [payment["request"] for payment in self.sandbox.state()["payments"]]
        for call in calls:
            call["description"] = MARK.sub("", call.get("description") or "") or None
        return [tuple(call.get(name) for name in names) for call in calls]

    def capital(self, invoice):
        """What Ropo asks for."""
        job = invoice.ropo_job_ids.filtered("is_collected")
        return self.sandbox.job(jobid=int(job.jobid))["capital"]

    def open_in_ledger(self, invoice):
        """What nobody has paid: a payment that was reset to draft pays nothing."""
        partials = self.partials(invoice).filtered(
            lambda partial: partial.credit_move_id.parent_state == "posted"
        )
        return invoice.amount_total - sum(partials.mapped("debit_amount_currency"))

    def assertInStep(self, *invoices):
        """To the cent, and nothing is left to report."""
        for invoice in invoices:
            job = invoice.ropo_job_ids.filtered("is_collected")
            figures = [
                self.open_in_ledger(invoice),
                self.capital(invoice),
                job.open_amount,
            ]
            figures = [round(figure, 2) for figure in figures]
            self.assertEqual(figures, figures[:1] * 3, "ledger, Ropo, case")
        before = self.env["ropo.request"].search_count([])
        self.report()
        self.assertEqual(self.env["ropo.request"].search_count([]), before)
        open_ = [("state", "not in", ("done", "cancelled"))]
        self.assertFalse(self.env["ropo.request"].search(open_))

    # --- what is in the ledger ---

    def partials(self, invoice):
        return self.receivable(invoice).matched_credit_ids

    @staticmethod
    def receivable(move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    # --- what accountants do ---

    def loose_payment(self, amount, **values):
        """A payment that lies unreconciled."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.business.id,
                "amount": amount,
                "date": self.today,
                "payment_method_line_id": self.inbound_payment_method_line.id,
                "journal_id": self.bank.id,
                **values,
            }
        )
        payment.action_post()
        return payment

    def assign(self, invoice, move):
        invoice.js_assign_outstanding_line(self.receivable(move).filtered(_is_open).id)

    def unassign(self, invoice):
        """Takes every payment and credit note off the invoice, by its own button."""
        while partial := self.partials(invoice).exists()[:1]:
            # Odoo takes the exchange differences off with it.
            invoice.js_remove_outstanding_partial(partial.id)

    def credit(self, invoice, amount=None):
        """Odoo's own credit note wizard; `amount` without tax makes it partial."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "reason": "Returned"})
        )
        note = self.env["account.move"].browse(wizard.reverse_moves()["res_id"])
        if amount:
            note.invoice_line_ids.price_unit = amount
        note.action_post()
        if not self.receivable(note).reconciled and amount:
            self.assign(invoice, note)
        return note

    def entry(self, amount, account=None, partner=None, **values):
        """A miscellaneous entry that lowers what customers owe; negative: raises."""
        debit, credit = (amount, 0) if amount > 0 else (0, -amount)
        receivable = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "journal_id": self.misc.id,
                "date": self.today,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": (account or self.expense).id,
                            "debit": debit,
                            "credit": credit,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": (partner or self.business).id,
                            "debit": credit,
                            "credit": debit,
                        }
                    ),
                ],
                **values,
            }
        )
        entry.action_post()
        return entry

    def reverse(self, entry):
        """Odoo's reversal wizard on an entry or a payment: both cancel each other."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=entry.ids)
            .create({"journal_id": entry.journal_id.id})
        )
        wizard.refund_moves()
        reversal = wizard.new_move_ids
        if reversal.state == "draft":
            reversal.action_post()
        return reversal

    def bank_line(self, amount, **values):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.bank.id,
                "date": self.yesterday,
                "payment_ref": "Money",
                "partner_id": self.business.id,
                "amount": amount,
                **values,
            }
        )

    def match(self, line, *wanted):
        """Reconciles a statement line with these open items, one after the other."""
        for item in wanted:
            line.invalidate_recordset()
            _liquidity, suspense, other = line._seek_for_lines()
            if suspense:
                suspense.account_id = item.account_id
            source = (suspense | other).filtered(lambda own: not own.reconciled)
            (source | item).reconcile()

    def split(self, line, *amounts):
        """Spreads a statement line over several items, as the widget does."""
        liquidity, suspense, _other = line._seek_for_lines()
        receivable = self.company_data["default_account_receivable"]
        line.with_context(force_delete=True, skip_readonly_check=True).write(
            {
                "line_ids": [
                    Command.delete(suspense.id),
                    *(
                        Command.create(
                            {
                                "account_id": receivable.id,
                                "partner_id": line.partner_id.id,
                                "name": f"Part {amount}",
                                "credit": amount,
                            }
                        )
                        for amount in amounts
                    ),
                ]
            }
        )
        return (line.line_ids - liquidity).sorted(
            lambda part: amounts.index(part.credit)
        )

    def with_outstanding_account(self):
        """Payments of the bank wait on an account of their own for the statement."""
        account = self.env["account.account"].create(
            {
                "name": "Outstanding Receipts",
                "code": "101999",
                "account_type": "asset_current",
                "reconcile": True,
            }
        )
        self.bank.inbound_payment_method_line_ids.payment_account_id = account
        return account

    def waiting(self, payment):
        """The line of a payment that waits for the bank statement."""
        return payment.move_id.line_ids.filtered(
            lambda line: line.account_id == payment.outstanding_account_id
        )


def _is_open(line):
    return not line.reconciled
