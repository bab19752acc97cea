from collections import defaultdict
from datetime import datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..models.res_partner import READERS
from ..models.ropo_job import ENDED

PARTS = ("paid", "paid_to_ropo", "credited", "written_off")


class RopoStatement(models.AbstractModel):
    """What was open on a day in the ledger, and where it stood at Ropo.

    Open items are receivable journal items less what had been reconciled by that day,
    so that they sum up to the balances of the receivable accounts on that day. The
    number of queries does not depend on the number of invoices.
    """

    _name = "ropo.statement"
    _description = "Statement of Receivables"

    @api.model
    def _rows(self, company, day, partners=None):
        """What was open, or still collected, on this day.

        :param partners: commercial partners; all if not given
        :return: a list of `{move, partner, account, currency, open, balance, case,
            stage, paid, paid_to_ropo, credited, written_off}`: `balance` is in the
            company's currency, the other amounts are in `currency`; what is
            reconciled counts from the day of the later of both entries
        """
        self._check_may_read()
        cases = self._cases(company, day, partners)
        items = self._open_items(company, day, partners, cases)
        stages = self._stages(cases.values(), day)
        parts = self._parts([case.move_id.id for case in cases.values()], day, cases)
        rows = []
        for item in items:
            case = cases.get(item["move"].id)
            own = parts.get((item["move"].id, item["account"].id))
            own = own or dict.fromkeys(PARTS, 0.0)
            currency = item["currency"]
            lives = case and stages[case] not in ENDED
            if currency.is_zero(item["open"]) and not item["balance"] and not lives:
                continue
            rows.append({**item, **own, "case": case, "stage": stages.get(case)})
        return rows

    @api.model
    def _trial_balance(self, company, day, partners=None):
        """`{receivable account: its balance on this day}`, as the ledger has it."""
        domain = [
            ("company_id", "=", company.id),
            ("parent_state", "=", "posted"),
            ("account_id.account_type", "=", "asset_receivable"),
            ("date", "<=", day),
        ]
        if partners is not None:
            domain.append(("partner_id.commercial_partner_id", "in", partners.ids))
        lines = self.env["account.move.line"].sudo()
        groups = lines._read_group(domain, ["account_id"], ["balance:sum"])
        return {
            account: balance
            for account, balance in groups
            if not company.currency_id.is_zero(balance)
        }

    def _check_may_read(self):
        """The address of a report is open to whoever knows it, and what follows reads
        past the rules of records."""
        if not self.env.su and not self.env.user.has_groups(READERS):
            raise AccessError(
                self.env._("Only those who may read invoices may print a statement.")
            )

    # --- the ledger ---

    def _open_items(self, company, day, partners, cases):
        self.env["ropo.ledger"]._flush_ledger()
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT line.move_id AS move, line.account_id AS account,
                       line.currency_id AS currency,
                       partner.commercial_partner_id AS partner,
                       SUM(line.amount_currency - debit.currency + credit.currency)
                           AS open,
                       SUM(line.balance - debit.amount + credit.amount) AS balance
                  FROM account_move_line line
                  JOIN account_account account ON account.id = line.account_id
                  LEFT JOIN res_partner partner ON partner.id = line.partner_id
                 CROSS JOIN LATERAL (
                       SELECT COALESCE(SUM(partial.amount), 0) AS amount,
                              COALESCE(SUM(partial.debit_amount_currency), 0)
                                  AS currency
                         FROM account_partial_reconcile partial
                        WHERE partial.debit_move_id = line.id
                          AND partial.max_date <= %(day)s) debit
                 CROSS JOIN LATERAL (
                       SELECT COALESCE(SUM(partial.amount), 0) AS amount,
                              COALESCE(SUM(partial.credit_amount_currency), 0)
                                  AS currency
                         FROM account_partial_reconcile partial
                        WHERE partial.credit_move_id = line.id
                          AND partial.max_date <= %(day)s) credit
                 WHERE account.account_type = 'asset_receivable'
                   AND line.parent_state = 'posted'
                   AND line.company_id = %(company)s
                   AND line.date <= %(day)s
                   AND %(partners)s
                 GROUP BY 1, 2, 3, 4
                HAVING SUM(line.amount_currency - debit.currency + credit.currency)
                       != 0
                    OR SUM(line.balance - debit.amount + credit.amount) != 0
                    OR line.move_id IN %(collected)s
                 ORDER BY MIN(COALESCE(line.date_maturity, line.date)), 1, 2
                """,
                day=day,
                company=company.id,
                partners=SQL("TRUE")
                if partners is None
                else SQL(
                    "partner.commercial_partner_id IN %s", tuple(partners.ids or [0])
                ),
                collected=tuple(cases or [0]),
            )
        )
        models_ = {
            "move": "account.move",
            "account": "account.account",
            "currency": "res.currency",
            "partner": "res.partner",
        }
        records = {
            name: self.env[model].sudo().browse({row[name] for row in rows} - {None})
            for name, model in models_.items()
        }
        return [
            {
                **{
                    name: own.browse(row[name] or []).with_prefetch(own.ids)
                    for name, own in records.items()
                },
                "open": float(row["open"]),
                "balance": float(row["balance"]),
            }
            for row in rows
        ]

    def _parts(self, move_ids, day, cases):
        """How the rest of these was settled by this day, by invoice and account."""
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT line.move_id AS move, line.account_id AS account,
                       partial.id, partial.debit_amount_currency AS amount,
                       entry.move_type = 'out_refund' AS is_credit,
                       payment.ropo_event_id IS NOT NULL OR EXISTS (
                           SELECT FROM ropo_event event
                            WHERE event.move_id = line.move_id
                              AND event.source_partial_id = partial.id) AS is_ropos
                  %s
                  JOIN account_move entry ON entry.id = counterpart.move_id
                  LEFT JOIN account_payment payment
                    ON payment.id = entry.origin_payment_id
                 WHERE %s AND line.move_id IN %s AND partial.max_date <= %s
                """,
                self.env["ropo.ledger"]._ledger(SQL("account_move_line line")),
                self.env["ropo.ledger"]._is_real(),
                tuple(move_ids or [0]),
                day,
            )
        )
        found = defaultdict(lambda: dict.fromkeys(PARTS, 0.0))
        for row in rows:
            own = found[row["move"], row["account"]]
            noted = cases[row["move"]].bad_debts or {}
            loss = noted.get(str(row["id"]), 0.0)
            own["written_off"] += loss
            rest = float(row["amount"]) - loss
            own["credited" if row["is_credit"] else "paid"] += rest
            own["paid_to_ropo"] += rest if row["is_ropos"] else 0.0
        return found

    # --- Ropo ---

    def _cases(self, company, day, partners):
        """The newest case of each invoice that Ropo had taken by this day."""
        domain = [
            ("company_id", "=", company.id),
            ("is_collected", "=", True),
            ("create_date", "<", _end(day)),
        ]
        if partners is not None:
            domain.append(("partner_id", "in", partners.ids))
        jobs = self.env["ropo.job"].sudo().search(domain, order="id")
        return {job.move_id.id: job for job in jobs}

    def _stages(self, cases, day):
        """`{case: its stage on this day}`, by what Ropo had reported by then."""
        if day >= fields.Date.context_today(self):
            return {case: case.stage for case in cases}
        events = self.env["ropo.event"].sudo()
        known = events.search_fetch(
            [
                ("job_id", "in", [case.id for case in cases]),
                ("applied_stage", "!=", False),
                ("event_time", "<", _end(day)),
            ],
            ["job_id", "applied_stage"],
            order="event_time, id",
        )
        stages = {event.job_id: event.applied_stage for event in known}
        return {case: stages.get(case, case.kind) for case in cases}


def _end(day):
    return datetime.combine(day + timedelta(days=1), time())
