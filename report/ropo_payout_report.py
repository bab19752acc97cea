from odoo import api, fields, models
from odoo.tools import SQL


class RopoPayoutReport(models.Model):
    """What Ropo collected and has not paid out, by age.

    One row per payment that is registered in a journal into which Ropo pays, with what
    is open of it on its outstanding account. What Ropo took back is negative.
    """

    _name = "ropo.payout.report"
    _description = "Collected by Ropo, Not Paid Out"
    _auto = False
    _rec_name = "payment_id"
    _order = "date, id"

    payment_id = fields.Many2one("account.payment", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    job_id = fields.Many2one("ropo.job", string="Case", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    account_id = fields.Many2one("ropo.account", string="Ropo Account", readonly=True)
    journal_id = fields.Many2one("account.journal", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    date = fields.Date(string="Collected On", readonly=True)
    days = fields.Integer(readonly=True, aggregator="max")
    age = fields.Selection(
        [
            ("1_week", "0–7 days"),
            ("2_month", "8–30 days"),
            ("3_two_months", "31–60 days"),
            ("4_older", "Over 60 days"),
        ],
        readonly=True,
    )
    amount = fields.Monetary(
        string="Collected", readonly=True, help="Less than zero: taken back by Ropo."
    )
    open_amount = fields.Monetary(string="Not Paid Out", readonly=True)

    _depends = {
        "account.account": ["account_type", "reconcile"],
        "account.journal": ["ropo_settlement"],
        "account.move.line": [
            "account_id",
            "amount_currency",
            "amount_residual_currency",
            "company_id",
            "currency_id",
            "date",
            "journal_id",
            "parent_state",
            "partner_id",
            "payment_id",
            "reconciled",
        ],
        "account.payment": ["ropo_event_id"],
        "ropo.account": ["settlement_journal_ids"],
        "ropo.event": ["account_id", "job_id", "move_id"],
    }

    @property
    def _table_query(self):
        today = fields.Date.context_today(self)
        return SQL(
            """
            SELECT line.id, line.payment_id, line.partner_id, line.journal_id,
                   line.company_id, line.currency_id, line.date,
                   line.amount_currency AS amount,
                   line.amount_residual_currency AS open_amount,
                   event.move_id, event.job_id, event.account_id,
                   %(today)s - line.date AS days,
                   CASE WHEN line.date >= %(today)s - 7 THEN '1_week'
                        WHEN line.date >= %(today)s - 30 THEN '2_month'
                        WHEN line.date >= %(today)s - 60 THEN '3_two_months'
                        ELSE '4_older' END AS age
              FROM account_move_line line
              JOIN account_payment payment ON payment.id = line.payment_id
              JOIN account_journal journal ON journal.id = line.journal_id
              JOIN account_account account ON account.id = line.account_id
         LEFT JOIN ropo_event event ON event.id = payment.ropo_event_id
             WHERE line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND account.reconcile
               AND account.account_type NOT IN
                   ('asset_receivable', 'liability_payable')
               AND (journal.ropo_settlement
                    OR EXISTS (
                        SELECT FROM account_journal_ropo_account_rel named
                         WHERE named.account_journal_id = journal.id))
            """,
            today=today,
        )

    # --- actions ---

    def action_open_payment(self):
        return self._open(self.payment_id)

    def action_open_invoice(self):
        return self._open(self.move_id)

    def action_open_job(self):
        return self._open(self.job_id)

    @api.model
    def _open(self, record):
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }
