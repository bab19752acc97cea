from collections import defaultdict
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import api, models
from odoo.tools import SQL, format_date, formatLang, groupby

from ..channels.errors import Meaning
from ..services.transaction import commit_with_retry, isolated

# How far Ropo's day of a payment may be from the ledger's.
SAME_MONEY_DAYS = timedelta(days=7)
# What is farther apart, or differs by up to this part of the amount on the same day,
# may be the same money: a person says.
SIMILAR_MONEY_DAYS = timedelta(days=31)
SIMILAR_MONEY_PART = 0.02
SAME_DAY = timedelta(days=1)  # Ropo's clock is not ours


class RopoComparison(models.AbstractModel):
    """What the ledger says, held against what Ropo was told; the difference is queued.

    Nothing in accounting is hooked into: posting and reconciling cost the same.
    """

    _name = "ropo.comparison"
    _description = "Ledger Against Ropo"

    # --- crons ---

    @api.model
    def _cron_post_payments(self):
        """Queues what the ledger's money says and was not reported, and takes back
        what was reported and stands no more, credits as well."""
        commit_with_retry(self.env, self._queue_differences, "payment")

    @api.model
    def _cron_post_credit_notes(self):
        """Queues what the ledger's credit notes say and was not reported."""
        commit_with_retry(self.env, self._queue_differences, "credit_allocation")

    # --- business: the ledger ---

    @api.model
    def _reflected_partials(self, moves):
        """What the open amounts of these invoices reflect.

        :return: `{move id: rows}`; with those of payments that were reset to draft,
            since Odoo's open amount reflects them too
        """
        found = defaultdict(list)
        for row in self._partials_of(SQL("line.move_id IN %s", _any_of(moves))):
            found[row["move_id"]].append(row)
        return found

    @api.model
    def _credit_partials(self, credit_notes):
        """The reconciliations of these credit notes with invoices, as rows."""
        return self._partials_of(
            SQL("counterpart.move_id IN %s", _any_of(credit_notes))
        )

    def _partials_of(self, condition):
        self._flush_ledger()
        return self.env.execute_query_dict(
            SQL(
                "SELECT line.move_id, line.id AS line_id, partial.id AS partial_id, "
                "partial.debit_amount_currency AS amount %s WHERE %s AND %s",
                self._ledger(SQL("account_move_line line")),
                self._is_real(),
                condition,
            )
        )

    def _ledger(self, lines):
        """`lines`, which end in a `line` of an invoice's debt, with the partial
        reconciliations of it, in the invoice's currency."""
        return SQL(
            """
            FROM %s
            JOIN account_partial_reconcile partial
              ON partial.debit_move_id = line.id
             AND line.display_type = 'payment_term'
             AND partial.debit_amount_currency != 0
            JOIN account_move_line counterpart
              ON counterpart.id = partial.credit_move_id
            """,
            lines,
        )

    def _is_real(self):
        """Exchange differences are the ledger's matter, not the debtor's."""
        return SQL(
            """
            NOT EXISTS (
                SELECT FROM account_partial_reconcile cause
                 WHERE cause.exchange_move_id = counterpart.move_id)
            """
        )

    def _flush_ledger(self):
        for model in (
            "account.move",
            "account.move.line",
            "account.partial.reconcile",
            "account.payment",
        ):
            self.env[model].flush_model()

    # --- business: the differences ---

    @api.model
    def _queue_differences(self, operation):
        """Queues what the ledger says and Ropo was not told, and what it was told
        and the ledger says no more.

        Both crons may run at the same moment. Withdrawals are queued by that of the
        payments alone; the other one leaves a case with withdrawals as it is until
        they are queued, since they must go first.

        :param operation: `payment` for money, write-offs and withdrawals,
            `credit_allocation` for credit notes
        """
        rows = self._differences()
        if operation == "payment" and self._mend(rows):
            rows = self._differences()
        requests = self.env["ropo.request"].sudo()
        accounts = self.env["ropo.account"].sudo()
        for account_id, own in groupby(rows, lambda row: row["account_id"]):
            account = accounts.browse(account_id)
            requests |= self._queue_isolated(account, own, operation)
        if requests:
            self.env.ref("ropo_connect.cron_process_requests")._trigger()
        return requests

    def _queue_isolated(self, account, rows, operation):
        """Queues the differences of one account; where that fails, case by case."""
        doing = "queue what the ledger says"
        with isolated(account, doing, UniqueViolation) as attempt:
            return self._queue_rows(rows, operation)
        requests = self.env["ropo.request"].sudo()
        jobs = self.env["ropo.job"].sudo()
        if not attempt.error or len({row["job_id"] for row in rows}) == 1:
            return requests
        for job_id, own in groupby(rows, lambda row: row["job_id"]):
            # Another run, or a person, that queued the same meanwhile was first.
            with isolated(jobs.browse(job_id), doing, UniqueViolation):
                requests |= self._queue_rows(own, operation)
        return requests

    def _queue_rows(self, rows, operation):
        Request = self.env["ropo.request"].sudo()
        untold = [row for row in rows if row["state"] is None]
        withdrawn = [row for row in rows if row["state"] is not None]
        said = []
        if operation == "payment":
            said = self._withdraw(withdrawn)
            untold, said = self._without_renumbered(untold, said)
            untold, said = self._without_passed_on(untold, said)
        else:
            busy = {row["job_id"] for row in withdrawn}
            untold = [row for row in untold if row["job_id"] not in busy]
        untold = [row for row in untold if row["operation"] == operation]
        untold = self._without_ropos_money(untold)
        # What is taken back goes first: to a case that is paid no more can be paid.
        requests = Request._queue([self._change_vals(row) for row in [*said, *untold]])
        self.env.flush_all()  # a race that was lost shows here
        self._ask_about(requests)
        return requests

    def _withdraw(self, withdrawn):
        """Cancels what was not sent yet; rows of the reversals of what was."""
        unsaid = [row for row in withdrawn if row["state"] in ("queued", "rejected")]
        requests = self.env["ropo.request"].sudo().browse(_ids(unsaid, "request_id"))
        # Void: the same reconciliation may stand again one day, and is told then.
        free = requests.try_lock_for_update()  # the others are being sent right now
        free._lock_in("queued", "rejected")._set_state("cancelled", void=True)
        return [
            {**row, "operation": "payment_reversal"}
            for row in withdrawn
            if row["state"] == "done"
        ]

    def _differences(self):
        """What stands in the ledger and nothing tells of (rows without a `state`), and
        what was told, or is about to be, and stands no more, or is to be taken back
        and stands again.

        Both in one pass: what stands, and what speaks for a reconciliation (a request,
        the capital handed over, a credit note of its own, an event of Ropo's), are
        joined, and what has no other side is the difference.
        """
        self._flush_ledger()
        for model in ("ropo.job", "ropo.request", "ropo.event", "ropo.account"):
            self.env[model].flush_model()
        return self.env.execute_query_dict(
            SQL(
                """
                WITH standing AS (%(standing)s), told AS (%(told)s)
                SELECT job.id AS job_id,
                       job.account_id,
                       job.company_id,
                       job.currency_id,
                       job.move_id,
                       partial_id,
                       told.request_id,
                       told.event_id,
                       told.state,
                       COALESCE(standing.amount, told.amount) AS amount,
                       CASE WHEN entry.move_type = 'out_refund'
                            THEN 'credit_allocation' ELSE 'payment' END AS operation,
                       entry.id AS entry_id,
                       standing.payment_id,
                       entry.statement_line_id IS NOT NULL AS is_bank_line,
                       COALESCE(entry.name, payment.name) AS entry_name,
                       CASE WHEN standing.amount IS NULL THEN CURRENT_DATE
                            ELSE COALESCE(payment.date, entry.invoice_date, entry.date)
                            END AS date,
                       %(is_ropos)s AS is_ropos,
                       %(has_money)s AS has_money
                  FROM standing
                  FULL JOIN told USING (job_id, partial_id)
                  JOIN ropo_job job ON job.id = job_id
                  JOIN ropo_account account ON account.id = job.account_id
                  LEFT JOIN account_move entry
                    ON entry.id = COALESCE(standing.entry_id, told.entry_id)
                  LEFT JOIN account_payment payment
                    ON payment.id
                     = COALESCE(entry.origin_payment_id, standing.payment_id)
                  LEFT JOIN account_journal journal
                    ON journal.id = COALESCE(entry.journal_id, payment.journal_id)
                 WHERE (standing.amount IS NULL OR told.state IS NULL
                        OR told.state = 'reversal')
                   AND job.chased
                   AND job.stage != 'closed'
                   -- A case of another environment can't be reached any more.
                   AND job.profile = account.profile
                   AND CASE WHEN told.state = 'reversal'
                            THEN standing.amount IS NOT NULL
                            WHEN standing.amount IS NULL
                            THEN %(is_withdrawn)s ELSE %(is_untold)s END
                 ORDER BY date, partial_id
                """,
                standing=self._standing(),
                told=self._told(),
                is_ropos=self._is_ropos(),
                has_money=self._has_money(),
                is_withdrawn=self._is_withdrawn(),
                is_untold=self._is_untold(),
            )
        )

    def _standing(self):
        """What stands: a payment that was reset to draft keeps its partial, but
        nobody has paid."""
        return SQL(
            """
            SELECT job.id AS job_id,
                   partial.id AS partial_id,
                   partial.debit_amount_currency AS amount,
                   counterpart.move_id AS entry_id,
                   NULL::integer AS payment_id
            %s
             WHERE job.chased
               AND job.stage != 'closed'
               AND counterpart.parent_state = 'posted'
               -- A claim over some instalments hears of those only.
               AND (job.part_ids IS NULL OR job.part_ids @> to_jsonb(line.id))
             UNION ALL
            SELECT job.id, -registered.payment_id, registered.amount, NULL,
                   registered.payment_id
              FROM ropo_job job
             CROSS JOIN LATERAL (%s) registered
             WHERE job.chased
               AND job.stage != 'closed'
            """,
            self._ledger(
                SQL(
                    "ropo_job job "
                    "JOIN account_move_line line ON line.move_id = job.move_id"
                )
            ),
            self._registered(),
        )

    @api.model
    def _registered(self):
        """The payments of `job` that have no journal entry, in its currency, as far as
        its invoice is open: Odoo leaves the invoice open until the bank statement has
        them. One that the statement has, and whose report passed on to that
        reconciliation, stands by it.

        Of a payment over several invoices the first ones get what is open of them.
        """
        return SQL(
            """
            SELECT payment.id AS payment_id,
                   ROUND(LEAST(
                       invoice.amount_residual,
                       CASE WHEN payment.currency_id = invoice.currency_id
                            THEN payment.amount
                            ELSE ABS(payment.amount_company_currency_signed
                                     * invoice.amount_total
                                     / NULLIF(invoice.amount_total_signed, 0)) END
                       - COALESCE((
                           SELECT SUM(earlier.amount_residual)
                             FROM account_move__account_payment other
                             JOIN account_move earlier ON earlier.id = other.invoice_id
                            WHERE other.payment_id = payment.id
                              AND other.invoice_id < invoice.id), 0)), 2) AS amount
              FROM account_move invoice
              JOIN account_move__account_payment matched
                ON matched.invoice_id = invoice.id
              JOIN account_payment payment ON payment.id = matched.payment_id
             WHERE invoice.id = job.move_id
               AND invoice.amount_residual > 0
               AND payment.move_id IS NULL
               AND payment.payment_type = 'inbound'
               AND payment.state IN ('in_process', 'paid')
               AND NOT EXISTS (
                   SELECT FROM ropo_request passed
                    WHERE passed.job_id = job.id
                      AND passed.payment_id = payment.id
                      AND passed.operation = 'payment'
                      AND passed.source_partial_id > 0
                      AND passed.void IS NOT TRUE)
               AND payment.amount > COALESCE((
                   SELECT SUM(earlier.amount_residual)
                     FROM account_move__account_payment other
                     JOIN account_move earlier ON earlier.id = other.invoice_id
                    WHERE other.payment_id = payment.id
                      AND other.invoice_id < invoice.id), 0)
            """
        )

    @api.model
    def _registered_amounts(self, moves):
        """What payments without a journal entry pay of these: `{move id: amount}`."""
        if not moves.ids:
            return {}
        self._flush_ledger()
        self.env["ropo.request"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT job.move_id, SUM(registered.amount)
                  FROM (SELECT id AS move_id, 0 AS id
                          FROM account_move WHERE id IN %s) job
                 CROSS JOIN LATERAL (%s) registered
                 GROUP BY job.move_id
                """,
                _any_of(moves),
                self._registered(),
            )
        )
        return {move_id: float(amount) for move_id, amount in rows}

    def _told(self):
        """What speaks for a reconciliation."""
        return SQL(
            """
            SELECT job_id, source_partial_id AS partial_id, id AS request_id,
                   NULL::integer AS event_id, state, amount,
                   counterpart_id AS entry_id
              FROM ropo_request
             WHERE operation IN ('payment', 'credit_allocation')
               AND void IS NOT TRUE
             UNION ALL
            SELECT job.id, covered.key::integer, NULL, NULL, 'done',
                   covered.value::numeric, NULL
              FROM ropo_job job, jsonb_each_text(job.covers) covered
             WHERE job.chased
               AND jsonb_typeof(job.covers) = 'object'
             UNION ALL
            SELECT job.id, covered.key::integer, NULL, NULL, credit.state,
                   covered.value::numeric, credit.move_id
              FROM ropo_request credit
              JOIN ropo_job job
                ON job.id = credit.credited_job_id,
                   jsonb_each_text(credit.covers) covered
             WHERE credit.operation = 'credit_note'
               AND credit.state IN ('sending', 'unknown', 'done')
               AND jsonb_typeof(credit.covers) = 'object'
             UNION ALL
            SELECT job_id, source_partial_id, id, NULL, 'reversal', amount, NULL
              FROM ropo_request
             WHERE operation = 'payment_reversal'
               AND state IN ('queued', 'rejected', 'cancelled')
               AND void IS NOT TRUE
             UNION ALL
            SELECT job_id, source_partial_id, NULL, id, 'heard', amount, NULL
              FROM ropo_event
             WHERE source_partial_id != 0
            """
        )

    def _is_withdrawn(self):
        """Of money and of credits alike: what is taken back must go before both."""
        return SQL(
            """
            told.state IN ('queued', 'rejected', 'done', 'heard')
            AND NOT EXISTS (
                SELECT FROM ropo_request reversal
                 WHERE reversal.job_id = told.job_id
                   AND reversal.source_partial_id = told.partial_id
                   AND reversal.operation = 'payment_reversal'
                   AND reversal.void IS NOT TRUE)
            """
        )

    def _is_untold(self):
        return SQL(
            """
            (account.count_payment = 'registered'
                 OR payment.id IS NULL OR payment.is_matched)
            AND (NOT %s OR %s)
            AND NOT EXISTS (
                SELECT FROM account_partial_reconcile cause
                 WHERE cause.exchange_move_id = entry.id)
            """,
            self._is_ropos(),
            self._has_money(),
        )

    def _is_ropos(self):
        """Whether it is what Ropo collected, or booked where Ropo pays out to."""
        return SQL(
            """
            (journal.ropo_settlement IS TRUE
             OR payment.ropo_event_id IS NOT NULL
             OR EXISTS (
                SELECT FROM account_journal_ropo_account_rel settlement
                 WHERE settlement.ropo_account_id = account.id
                   AND settlement.account_journal_id = journal.id))
            """
        )

    def _has_money(self):
        """Whether Ropo reported money of the case that is not found in the ledger."""
        return SQL(
            """
            EXISTS (
                SELECT FROM ropo_event event
                 WHERE event.job_id = job.id
                   AND LOWER(event.kind) = 'payment'
                   AND event.amount != 0
                   AND COALESCE(event.source_partial_id, 0) = 0
                   AND event.request_id IS NULL
                   AND event.doubt_request_id IS NULL
                   AND event.duplicate_of_id IS NULL
                   AND NOT EXISTS (
                       SELECT FROM account_payment registered
                        WHERE registered.ropo_event_id = event.id))
            """
        )

    def _mend(self, rows):
        """Forgets what was to be taken back and stands again, and where money that
        Ropo reported was found and is no more; whether there was any of it."""
        needless = [row for row in rows if row["state"] == "reversal"]
        reversals = self.env["ropo.request"].sudo().browse(_ids(needless, "request_id"))
        reversals._may_become("cancelled")._set_state("cancelled")
        reversals.void = True
        unheard = self.env["ropo.event"].sudo().browse(_ids(rows, "event_id"))
        unheard.write({"source_partial_id": False})
        return bool(needless or unheard)

    # --- business: money that came through Ropo ---

    def _without_ropos_money(self, rows):
        """`rows` without what is known to be the money that Ropo reported itself.

        Equal money on nearby days may be the same, or paid once to us and once to
        Ropo: such a row bears the event as its `doubt`, and a person says.
        """
        jobs = {row["job_id"] for row in rows if row["has_money"]}
        if not jobs:
            return rows
        reported = self._reported_money(jobs)
        # What is known to be Ropo's speaks for its event, and for no other money.
        known = [row for row in rows if row["is_ropos"]]
        answered = self._answered_by_person(jobs)
        for row in [*self._known_by_answer(jobs), *known]:
            self._find_reported(row, reported)
        rest = []
        for row in rows:
            event = answered.get((row["job_id"], row["entry_id"]))
            if event and _is_near(event, row) and not event.source_partial_id:
                event.source_partial_id = row["partial_id"]
            elif not row["is_ropos"]:
                row["doubt"] = self._doubt_of(row, reported)
                rest.append(row)
        return rest

    def _reported_money(self, job_ids):
        """What Ropo reported and is not found in the ledger: `{case id: events}`."""
        events = self.env["ropo.event"].search(
            [
                ("job_id", "in", list(job_ids)),
                ("kind", "=ilike", "payment"),
                ("amount", "!=", 0),
                ("source_partial_id", "in", (0, False)),
                ("request_id", "=", False),
                ("doubt_request_id", "=", False),
                ("duplicate_of_id", "=", False),
                ("payment_ids", "=", False),
            ]
        )
        return events.grouped(lambda event: event.job_id.id)

    def _answered_by_person(self, job_ids):
        """Of which entries a person said that they are Ropo's money, and which:
        `{(case id, entry id): event}`. Reconciled anew, nobody is asked again."""
        requests = self.env["ropo.request"].search(
            [
                ("job_id", "in", list(job_ids)),
                ("doubt_event_id", "!=", False),
                ("state", "=", "cancelled"),
                ("void", "=", False),
            ]
        )
        return {
            (request.job_id.id, request.counterpart_id.id): request.doubt_event_id
            for request in requests
        }

    def _known_by_answer(self, job_ids):
        """What Ropo answered to be its own money, as rows."""
        requests = self.env["ropo.request"].search(
            [
                ("job_id", "in", list(job_ids)),
                ("operation", "=", "payment"),
                ("answer_meaning", "=", Meaning.OWN_MONEY),
                ("void", "=", False),
            ]
        )
        heard = set(requests.job_id.event_ids.mapped("source_partial_id"))
        return [
            {
                "job_id": request.job_id.id,
                "partial_id": request.source_partial_id,
                "amount": request.amount,
                "date": request.date,
            }
            for request in requests
            if request.source_partial_id not in heard
        ]

    def _find_reported(self, row, reported):
        """Notes by which event Ropo reported the money of this row, if it did."""
        found = self._near_events(row, reported).filtered(
            lambda event: _is_same(event, row) and _days(event, row) <= SAME_MONEY_DAYS
        )
        found[:1].source_partial_id = row["partial_id"]

    def _doubt_of(self, row, reported):
        """What Ropo reported and may be the money of this row."""
        if row["operation"] != "payment":
            return self.env["ropo.event"]  # a credit note is no money
        events = self._near_events(row, reported)
        return events.filtered(lambda event: _is_near(event, row))[:1]

    def _near_events(self, row, reported):
        events = reported.get(row["job_id"], self.env["ropo.event"]).filtered(
            lambda event: not event.source_partial_id
        )
        return events.sorted(lambda event: (_days(event, row), event.id))

    def _ask_about(self, requests):
        doubtful = requests.filtered("doubt_event_id")
        for account, own in doubtful.grouped("account_id").items():
            account._ask_person(
                self.env._("Is this the same money?"),
                self.env._(
                    "Of some payments it is not sure whether Ropo has the money "
                    "itself: they wait for you under “Needs a Look”, Ropo → Told to "
                    "Ropo. The first: %(payment)s.",
                    payment=own[0].display_name,
                ),
            )

    # --- business: requests ---

    def _without_renumbered(self, untold, said):
        """Both without what was only reconciled anew: the same entry and amount have
        another number, and Ropo need not hear of it."""
        gone = {}
        for row in said:
            if row["request_id"] and row["entry_id"]:
                gone[row["job_id"], row["entry_id"], float(row["amount"])] = row
        rest = []
        for row in untold:
            key = row["job_id"], row["entry_id"], float(row["amount"])
            told = row["entry_id"] and gone.pop(key, None)
            if told:
                said.remove(told)
                self.env["ropo.request"].sudo().browse(
                    told["request_id"]
                ).source_partial_id = row["partial_id"]
            else:
                rest.append(row)
        return rest, said

    def _without_passed_on(self, untold, said):
        """Both without what the bank statement has now of a payment without an entry:
        its report passes on to the reconciliation of the statement's line, so that the
        money is neither reported again nor taken back."""
        lines = [row for row in untold if row["is_bank_line"]]
        if not lines:
            return untold, said
        reports = self.env["ropo.request"].search(
            [
                ("job_id", "in", [row["job_id"] for row in lines]),
                ("operation", "=", "payment"),
                ("payment_id", "!=", False),
                ("source_partial_id", "<", 0),
                ("void", "=", False),
            ],
            order="id",
        )
        passed, dropped = self.env["ropo.request"], []
        for row in lines:
            report = (reports - passed).filtered(
                lambda report, row=row: (
                    report.job_id.id == row["job_id"] and _is_amount(report, row)
                )
            )[:1]
            fresh = next(
                (
                    other
                    for other in untold
                    if other["payment_id"]
                    and other not in dropped
                    and other["job_id"] == row["job_id"]
                    and other["amount"] == row["amount"]
                ),
                None,
            )
            if report:
                report.source_partial_id = row["partial_id"]
                passed |= report
                dropped.append(row)
            elif fresh:
                row["payment_id"] = fresh["payment_id"]
                dropped.append(fresh)
        said = [row for row in said if row["request_id"] not in passed.ids]
        return [row for row in untold if row not in dropped], said

    def _change_vals(self, row):
        vals = {
            "account_id": row["account_id"],
            "company_id": row["company_id"],
            "move_id": row["move_id"],
            "job_id": row["job_id"],
            "operation": row["operation"],
            "amount": row["amount"],
            "currency_id": row["currency_id"],
            "date": row["date"],
            "source_partial_id": row["partial_id"],
            "counterpart_id": row["entry_id"],
            "payment_id": row["payment_id"],
            # Ropo wants a reason where the capital rises, also when the entry is gone.
            "description": row["entry_name"] or self.env._("Payment taken back"),
        }
        if row.get("doubt"):
            vals |= {
                "state": "rejected",
                "doubt_event_id": row["doubt"].id,
                "error": self._doubt_text(row["doubt"]),
            }
        return vals

    def _doubt_text(self, event):
        return self.env._(
            "Ropo reported %(amount)s on %(date)s: is it this money? Then choose “It "
            "Came Through Ropo”, else “It Is Other Money”, and Ropo is told.",
            amount=formatLang(self.env, event.amount, currency_obj=event.currency_id),
            date=format_date(self.env, event._paid_on()),
        )


def _any_of(records):
    return tuple(records.ids or [0])


def _ids(rows, name):
    return [row[name] for row in rows if row[name]]


def _days(event, row):
    return abs(event._paid_on() - row["date"])


def _is_same(event, row):
    return not event.currency_id.compare_amounts(event.amount, float(row["amount"]))


def _is_amount(request, row):
    return not request.currency_id.compare_amounts(request.amount, float(row["amount"]))


def _is_near(event, row):
    """Whether it may be the same money."""
    amount = float(row["amount"])
    if _is_same(event, row):
        return _days(event, row) <= SIMILAR_MONEY_DAYS
    little = abs(event.amount - amount) <= abs(amount) * SIMILAR_MONEY_PART
    return little and _days(event, row) <= SAME_DAY
