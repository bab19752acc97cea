from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import split_every

from ..models.ropo_request import TRANSFERS
from .transaction import commit_with_retry, isolated
from .verdict import Verdict

INVOICES_AT_ONCE = 1000  # whose verdicts are asked for together


class RopoPolicy(models.AbstractModel):
    """The scheduled transfer: which overdue invoices an account transfers without a
    person, and in what order."""

    _name = "ropo.policy"
    _description = "Scheduled Transfer"

    # --- the run ---

    @api.model
    def _run(self, accounts):
        """Transfers what is overdue, account by account, each committed."""
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(accounts))
        self.env["ropo.holds"]._end_due(accounts.company_id)
        for account in accounts:
            commit_with_retry(self.env, self._run_account, account)
            progress(1)

    def _run_account(self, account):
        """Transfers once, and notes when it is due again: whoever runs it again after a
        crash does not exceed the day's limit."""
        with isolated(account, "transfer what is overdue"):
            self._transfer_overdue(account)
        account.next_transfer_at = account._early_hour_after(fields.Datetime.now())

    @api.model
    def _transfer_overdue(self, account):
        """What the scheduled transfer does for this account; the requests that it
        queued."""
        requests = self.env["ropo.request"]
        to_review = 0
        for plan in self._plan(account, chosen=[("ropo_hold", "=", False)]):
            going = self.env["account.move"].union(
                *(move for move, (_verdict, status) in plan.items() if status == "goes")
            )
            requests |= self._queue(account, going)
            to_review += sum(status == "waits" for _verdict, status in plan.values())
            if len(requests) >= account.auto_limit:
                break
        self.env["ropo.outbox"]._work_off_by_cron(requests)
        if requests or to_review:
            self._note_run(account, len(requests), to_review)
        return requests

    def _queue(self, account, moves):
        """Queues these; one that can't be does not harm the rest."""
        if not moves:
            return self.env["ropo.request"]
        # What may fail is one that a person transfers at this moment.
        with isolated(moves, "transfer them") as attempt:
            terms = self.env["ropo.eligibility"]._default_terms(moves)
            requests = self.env["ropo.queueing"]._queue_transfer(
                moves, account.auto_transfer, terms
            )
            self.env.flush_all()
        if not attempt.error:
            return requests
        if len(moves) == 1:
            return self.env["ropo.request"]
        half = len(moves) // 2
        return self._queue(account, moves[:half]) | self._queue(account, moves[half:])

    def _note_run(self, account, transferred, to_review):
        account.message_post(
            body=self.env._(
                "Overdue invoices transferred: %(transferred)s. To review because of a "
                "warning: %(to_review)s.",
                transferred=transferred,
                to_review=to_review,
            )
        )

    # --- the plan ---

    @api.model
    def _plan(self, account, chosen=None):
        """Yields what the next run does with each overdue invoice, the longest overdue
        first, in parts: `{move: (verdict, status)}`.

        The status is `goes`, `later` (over the limit), `waits` (a warning), `held` or
        `stays`.
        """
        left = account.auto_limit
        domain = self._overdue_domain(account) & Domain(chosen or [])
        moves = self.env["account.move"].search(domain, order="invoice_date_due, id")
        for part in split_every(INVOICES_AT_ONCE, moves.ids, moves.browse):
            part = part.filtered(lambda move: move.ropo_account_id == account)
            verdicts = self._verdicts(account, part)
            plan = {}
            for move in part:
                status = self._status(account, verdicts[move])
                if status == "goes":
                    status = "goes" if left > 0 else "later"
                    left -= 1
                plan[move] = verdicts[move], status
            yield plan

    def _overdue_domain(self, account):
        """The invoices that may come into question; the verdicts decide."""
        days = fields.Date.subtract(
            fields.Date.context_today(self),
            days=min(account.min_days_b2b, account.min_days_b2c),
        )
        return (
            Domain("company_id", "child_of", account.company_id.id)
            & (
                Domain("journal_id.ropo_account_id", "in", [account.id, False])
                | Domain("journal_id.ropo_account_id.active", "=", False)
            )
            & self.env["ropo.transfer.rules"]._overdue_domain(days)
        )

    def _verdicts(self, account, moves):
        """What Ropo rejected once is not sent again at each run: a person corrects it
        and transfers it."""
        verdicts = self.env["ropo.eligibility"]._verdicts(moves, account.auto_transfer)
        rejected = self.env["ropo.request"]._read_group(
            [
                ("move_id", "in", moves.ids),
                ("operation", "in", TRANSFERS),
                ("state", "=", "rejected"),
            ],
            ["move_id"],
            ["id:recordset"],
        )
        for move, requests in rejected:
            if not verdicts[move].code:
                text = self.env._(
                    "Ropo rejected it: %(reason)s Correct it, and transfer it by hand.",
                    reason=requests.sorted("id")[-1].error or "",
                )
                verdicts[move] = Verdict("refused", text, move)
        return verdicts

    @staticmethod
    def _status(account, verdict):
        if verdict.code:
            return "held" if verdict.code == "hold" else "stays"
        decides = verdict.needs_person or not account.auto_despite_warnings
        return "waits" if verdict.warning and decides else "goes"
