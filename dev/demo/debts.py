"""A dispute, a bad debt that Ropo recovers after all, and what Ropo pays out."""

from odoo import fields
from odoo.tests import Form

from . import books, screen

DISPUTED = ("Example 3 Oy", 33)
LOST = ("Esimerkki Asiakas 2", 31)  # of one tax rate, which the shares below rely on
RECOVERED = 400.00
COMMISSION = 20.00  # of a payout, without tax
COMMISSION_TAX = 25.5
LATER = ("Esimerkki Asiakas 4", 20)  # pays to Ropo after its payout


class Debts:
    """Steps of the story."""

    def dispute(self):
        self._step("“Put on Hold”: a customer disputes an invoice that Ropo collects")
        invoice = self._invoice(*DISPUTED)
        wizard = self._wizard(
            "ropo.hold.wizard",
            invoice,
            reason="dispute",
            until=fields.Date.add(fields.Date.today(), days=30),
        )
        screen.show("Ropo has no call for it. The text to send to Ropo:")
        for line in wizard.letter.splitlines():
            screen.show(f"  {line}", "yellow")
        wizard.write({"is_informed": True, "informed_how": "by e-mail"})
        wizard.action_apply()
        self._commit()
        self._show_hold(invoice)
        screen.show("A month later:")
        yesterday = fields.Date.subtract(fields.Date.today(), days=1)
        invoice.ropo_hold_until = yesterday
        self._run_cron("cron_end_holds")
        self._show_hold(invoice)

    def lose_and_recover(self):
        self._step("“Write Off as Bad Debt” with VAT relief; then the debtor pays Ropo")
        books.open_bad_debt_accounts(self.account)
        invoice = self._invoice(*LOST).with_env(self.admin)
        case = self._collected(invoice)
        wizard = self._wizard("ropo.bad.debt.wizard", invoice, with_relief=True)
        wizard.action_write_off()
        self._report_to_ropo()
        self._show_debt(case)
        self.sandbox.pay(case.jobid, RECOVERED)
        self._run_cron("cron_poll_status")
        self._show_debt(case)

    def match_payout(self):
        self._step("“Match Payout”: Ropo pays out what it holds, less a commission")
        books.open_payout_accounts(self.admin, self.account)
        payout = self.sandbox.payout(COMMISSION, COMMISSION_TAX)
        line = books.receive_payout(self.env, payout["paid"])
        self._commit()
        action = line.action_ropo_match_payout()
        dialog = Form(self.env[action["res_model"]].with_context(**action["context"]))
        dialog.commission_amount = payout["commission"]
        proposals = dict(self.env[action["res_model"]]._fields["basis"].selection)
        screen.show(proposals[dialog.basis], "green")
        dialog.save().action_match()
        self._commit()
        self._show_payout(line)
        invoice = self._invoice(*LATER)
        self.sandbox.pay(self._collected(invoice).jobid, 60.00)
        self._run_cron("cron_poll_status")
        held = self.env["ropo.payout.report"].search([])
        screen.show("Then another debtor pays. What Ropo holds now:")
        screen.table(
            ["Collected On", "Customer", "Invoice", "Not Paid Out"],
            [
                (row.date, row.partner_id.name, row.move_id.name, row.open_amount)
                for row in held
            ],
        )

    def _figures_agree(self):
        """Whether the ledger's accounts for debts show what they have to."""
        rows = [
            (label, is_now, should, "=" if is_now == should else "DIFFERS")
            for label, is_now, should in self._figures()
        ]
        screen.table(
            ["Account", "Odoo", "Expected", ""],
            rows,
            colour_of=lambda cells: None if cells[-1] == "=" else "red",
        )
        return all(row[-1] == "=" for row in rows)

    def _figures(self):
        """`[(account, its balance, what it has to be)]`"""
        env, account = self.account.env, self.account
        invoice = self._invoice(*LOST)
        net = invoice.amount_untaxed / invoice.amount_total
        listed = sum(env["ropo.payout.report"].search([]).mapped("open_amount"))
        held = self.sandbox.money()
        return [
            (ledger.name, sign * books.balance(ledger), round(expected, 2))
            for ledger, sign, expected in (
                (account.bad_debt_account_ids, 1, invoice.amount_untaxed),
                (account.recovered_debt_account_id, -1, RECOVERED * net),
                (account.payout_commission_account_id, 1, COMMISSION),
                (books.held_account(env), 1, held),
            )
        ] + [("The list of what is not paid out", round(listed, 2), round(held, 2))]

    def _show_hold(self, invoice):
        if not invoice.ropo_hold:
            screen.show(f"{invoice.name} is no longer on hold.", "green")
            return
        reason = dict(invoice._fields["ropo_hold_reason"].selection)
        screen.show(
            f"{invoice.name} is on hold until {invoice.ropo_hold_until}: "
            f"{reason[invoice.ropo_hold_reason]}."
        )

    def _show_payout(self, line):
        screen.table(
            ["Account", "Text", "Debit", "Credit"],
            [
                (item.account_id.name, item.name, item.debit or "", item.credit or "")
                for item in line.move_id.line_ids
            ],
        )

    def _show_debt(self, case):
        screen.table(
            ["Invoice", "Open in Odoo", "Written Off", "Recovered", "Open at Ropo"],
            [
                (
                    case.billnum,
                    case.move_id.amount_residual,
                    case.written_off,
                    case.recovered,
                    case.open_amount,
                )
            ],
        )
