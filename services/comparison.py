from psycopg2.errors import UniqueViolation

from odoo import api, models
from odoo.tools import format_date, formatLang, groupby

from .transaction import commit_with_retry, isolated


class RopoComparison(models.AbstractModel):
    """Queues the difference between the ledger and what was reported to Ropo.

    Nothing in accounting is hooked into: posting and reconciling cost the same.
    """

    _name = "ropo.comparison"
    _description = "Ledger Against Ropo"

    # --- crons ---

    @api.model
    def _cron_post_payments(self):
        """Queues the ledger's money that was not reported, and reverses what was
        reported and stands no more, credits as well."""
        commit_with_retry(self.env, self._queue_differences, "payment")
        commit_with_retry(self.env, self.env["ropo.agreement"]._follow)

    @api.model
    def _cron_post_credit_notes(self):
        """Queues the ledger's credits that were not reported."""
        commit_with_retry(self.env, self._queue_differences, "credit_allocation")

    # --- differences ---

    @api.model
    def _queue_differences(self, operation):
        """Queues what stands in the ledger and was not reported, and the reversal of
        what was reported and stands no more.

        Both crons may run at the same moment. Withdrawals are queued by that of the
        payments alone; the other one leaves a case with withdrawals as it is until
        they are queued, since they must go first.

        :param operation: `payment` for money, write-offs and withdrawals,
            `credit_allocation` for credit notes
        """
        ledger = self.env["ropo.ledger"]
        rows = ledger._differences()
        if operation == "payment" and self._drop_needless(rows):
            rows = ledger._differences()
        requests = self.env["ropo.request"].sudo()
        accounts = self.env["ropo.account"].sudo()
        for account_id, own in groupby(rows, lambda row: row["account_id"]):
            account = accounts.browse(account_id)
            requests |= self._queue_isolated(account, own, operation)
        if requests:
            self.env["ropo.outbox"]._wake(requests.account_id)
        return requests

    def _queue_isolated(self, account, rows, operation):
        """Queues the differences of one account; where that fails, case by case."""
        doing = "queue its differences"
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
        fresh = [row for row in rows if row["state"] is None]
        withdrawn = [row for row in rows if row["state"] is not None]
        reversals = []
        if operation == "payment":
            reversals = self._withdraw(withdrawn)
            fresh, reversals = self._without_renumbered(fresh, reversals)
            fresh = self.env["ropo.bad.debt"]._without_bad_debts(fresh)
            fresh, reversals = self._without_passed_on(fresh, reversals)
        else:
            busy = {row["job_id"] for row in withdrawn}
            fresh = [row for row in fresh if row["job_id"] not in busy]
        fresh = [row for row in fresh if row["operation"] == operation]
        reported_money = self.env["ropo.reported.money"]
        fresh = reported_money._without_ropos_money(fresh)
        # Reversals first: nothing more can be paid to a case that is paid.
        requests = Request._queue(
            [self._change_vals(row) for row in [*reversals, *fresh]]
        )
        self.env.flush_all()  # a race that was lost shows here
        reported_money._ask_about(requests)
        return requests

    def _withdraw(self, withdrawn):
        """Cancels what was not sent yet; rows of the reversals of what was."""
        unsent = [row for row in withdrawn if row["state"] in ("queued", "rejected")]
        requests = self.env["ropo.request"].sudo().browse(_ids(unsent, "request_id"))
        # Void: the same reconciliation may stand again one day, and is reported then.
        free = requests.try_lock_for_update()  # the others are being sent right now
        free._lock_in("queued", "rejected")._set_state("cancelled", void=True)
        return [
            {**row, "operation": "payment_reversal"}
            for row in withdrawn
            if row["state"] == "done"
        ]

    def _drop_needless(self, rows):
        """Cancels the reversals of what stands again, and forgets where money that
        Ropo reported was found and is no more; whether there was any of it."""
        needless = [row for row in rows if row["state"] == "reversal"]
        reversals = self.env["ropo.request"].sudo().browse(_ids(needless, "request_id"))
        reversals._may_become("cancelled")._set_state("cancelled")
        reversals.void = True
        missing = self.env["ropo.event"].sudo().browse(_ids(rows, "event_id"))
        missing.write({"source_partial_id": False})
        return bool(needless or missing)

    # --- requests ---

    def _without_renumbered(self, fresh, reversals):
        """Both without what was only reconciled anew: the same entry and amount have
        another number, which is no difference for Ropo."""
        gone = {}
        for row in reversals:
            if row["request_id"] and row["entry_id"]:
                gone[row["job_id"], row["entry_id"], float(row["amount"])] = row
        rest = []
        for row in fresh:
            key = row["job_id"], row["entry_id"], float(row["amount"])
            before = row["entry_id"] and gone.pop(key, None)
            if before:
                reversals.remove(before)
                self.env["ropo.request"].sudo().browse(
                    before["request_id"]
                ).source_partial_id = row["partial_id"]
            else:
                rest.append(row)
        return rest, reversals

    def _without_passed_on(self, fresh, reversals):
        """Both without what the bank statement has now of a payment without an entry:
        its report passes on to the reconciliation of the statement's line, so that the
        money is neither reported again nor reversed."""
        lines = [row for row in fresh if row["is_bank_line"]]
        if not lines:
            return fresh, reversals
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
            same = next(
                (
                    other
                    for other in fresh
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
            elif same:
                row["payment_id"] = same["payment_id"]
                dropped.append(same)
        reversals = [row for row in reversals if row["request_id"] not in passed.ids]
        return [row for row in fresh if row not in dropped], reversals

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
            "description": row["entry_name"] or self.env._("Payment reversal"),
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
            "Ropo reported %(amount)s on %(date)s: is it this money? Then choose "
            "“Same Payment”, else “Different Payment”, and it is reported.",
            amount=formatLang(self.env, event.amount, currency_obj=event.currency_id),
            date=format_date(self.env, event._paid_on()),
        )


def _ids(rows, name):
    return [row[name] for row in rows if row[name]]


def _is_amount(request, row):
    return not request.currency_id.compare_amounts(request.amount, float(row["amount"]))
