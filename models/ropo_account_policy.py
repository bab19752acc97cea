from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import split_every

from ..services.transaction import isolated
from .account_move_verdict import Verdict
from .ropo_request import CHASES

INVOICES_AT_ONCE = 1000  # whose verdicts are asked for together


class RopoAccount(models.Model):
    """The policy: what is handed over by itself, every night."""

    _inherit = "ropo.account"

    auto_transfer = fields.Selection(
        [
            ("none", "By Hand"),
            ("reminder", "To Reminder, Every Night"),
            ("collection", "To Collection, Every Night"),
        ],
        string="Overdue Invoices",
        required=True,
        default="none",
        tracking=True,
    )
    auto_limit = fields.Integer(
        string="Most Invoices a Night",
        default=500,
        help="What is left over goes the next night, the longest overdue first.",
    )
    auto_despite_warnings = fields.Boolean(
        string="Also With a Warning",
        tracking=True,
        help="Hand over even where money or a credit note of the customer lies "
        "unreconciled. Otherwise such an invoice waits for a person.",
    )
    exempt_partner_ids = fields.Many2many(
        "res.partner",
        string="Exempt Customers",
        check_company=True,
        help="Their invoices are never handed over through this account.",
    )
    delivered_elsewhere = fields.Boolean(
        string="Invoices Are Delivered Outside Odoo",
        tracking=True,
        help="An invoice that neither Ropo nor Odoo sent counts as delivered. "
        "Otherwise it is not transferred automatically, and a person decides.",
    )
    reminder_template_ids = fields.Many2many(
        "mail.template",
        string="Own Reminders",
        domain=[("model", "=", "account.move")],
        help="When Odoo sends an invoice with one of these e-mail templates, the date "
        "of your own reminder is noted on the invoice.",
    )

    _auto_limit_positive = models.Constraint(
        "CHECK(auto_limit > 0)", "At least one invoice a night must be allowed."
    )

    # --- actions ---

    def action_preview_transfer(self):
        """Shows what tonight's run would do for these accounts; does nothing."""
        accounts = self.filtered(lambda account: account.auto_transfer != "none")
        if not accounts:
            raise UserError(
                self.env._(
                    "No account hands invoices over by itself. Choose to on the "
                    "account, under Ropo → Configuration → Accounts."
                )
            )
        return self.env["ropo.transfer.preview"]._open(accounts)

    @api.model
    def action_preview_transfers(self):
        """The same for all accounts of the companies that are chosen."""
        accounts = self.search([("company_id", "parent_of", self.env.companies.ids)])
        return accounts.action_preview_transfer()

    # --- crons ---

    @api.model
    def _cron_transfer_overdue(self):
        """Hands over what is overdue, as each account has it."""
        accounts = self.search([("auto_transfer", "!=", "none")])
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(accounts))
        for account in accounts:
            with isolated(account, "transfer what is overdue"):
                account._transfer_overdue()
            # Not stopped when time runs out: the next run would begin with the first
            # account again, and hand over more than a night's limit.
            progress(1)

    # --- business ---

    def _transfer_overdue(self):
        """What tonight's run does for this account; the requests that it queued."""
        requests = self.env["ropo.request"]
        waiting = 0
        for plan in self._plan_transfer(chosen=[("ropo_hold", "=", False)]):
            going = self.env["account.move"].union(
                *(move for move, (_verdict, fate) in plan.items() if fate == "goes")
            )
            requests |= self._hand_over(going)
            waiting += sum(fate == "waits" for _verdict, fate in plan.values())
            if len(requests) >= self.auto_limit:
                break
        requests._work_off_by_cron()
        if requests or waiting:
            self._tell_of_run(len(requests), waiting)
        return requests

    def _hand_over(self, moves):
        """Queues these; one that can't be does not harm the rest."""
        if not moves:
            return self.env["ropo.request"]
        # What may fail is one that a person transfers at this moment.
        with isolated(moves, "transfer them") as attempt:
            requests = moves._ropo_queue_transfer(
                self.auto_transfer, moves._ropo_default_terms()
            )
            self.env.flush_all()
        if not attempt.error:
            return requests
        if len(moves) == 1:
            return self.env["ropo.request"]
        half = len(moves) // 2
        return self._hand_over(moves[:half]) | self._hand_over(moves[half:])

    def _tell_of_run(self, handed_over, waiting):
        self.message_post(
            body=self.env._(
                "Overdue invoices handed over tonight: %(handed_over)s. Waiting for a "
                "person because of a warning: %(waiting)s.",
                handed_over=handed_over,
                waiting=waiting,
            )
        )

    def _plan_transfer(self, chosen=None):
        """Yields what becomes of each overdue invoice, the longest overdue first, in
        parts: `{move: (verdict, fate)}`.

        The fate is `goes`, `later` (over the limit), `waits` (a warning), `held` or
        `stays`.
        """
        self.ensure_one()
        left = self.auto_limit
        domain = self._overdue_domain() & Domain(chosen or [])
        moves = self.env["account.move"].search(domain, order="invoice_date_due, id")
        for part in split_every(INVOICES_AT_ONCE, moves.ids, moves.browse):
            part = part.filtered(lambda move: move.ropo_account_id == self)
            verdicts = self._night_verdicts(part)
            plan = {}
            for move in part:
                fate = self._fate(verdicts[move])
                if fate == "goes":
                    fate = "goes" if left > 0 else "later"
                    left -= 1
                plan[move] = verdicts[move], fate
            yield plan

    def _night_verdicts(self, moves):
        """The verdicts of the night: what Ropo refused once is not said again every
        night, but mended and handed over by a person."""
        verdicts = moves._ropo_verdicts(self.auto_transfer)
        refused = self.env["ropo.request"]._read_group(
            [
                ("move_id", "in", moves.ids),
                ("operation", "in", CHASES),
                ("state", "=", "rejected"),
            ],
            ["move_id"],
            ["id:recordset"],
        )
        for move, requests in refused:
            if not verdicts[move].code:
                text = self.env._(
                    "Ropo refused it: %(reason)s Mend it, and hand it over yourself.",
                    reason=requests.sorted("id")[-1].error or "",
                )
                verdicts[move] = Verdict("refused", text, move)
        return verdicts

    def _fate(self, verdict):
        if verdict.code:
            return "held" if verdict.code == "hold" else "stays"
        decides = verdict.unsent or not self.auto_despite_warnings
        if verdict.warning and decides:
            return "waits"
        return "goes"

    def _overdue_domain(self):
        """The invoices that may come into question; the verdicts say which do."""
        days = fields.Date.subtract(
            fields.Date.context_today(self),
            days=min(self.min_days_b2b, self.min_days_b2c),
        )
        return (
            Domain("company_id", "child_of", self.company_id.id)
            & (
                Domain("journal_id.ropo_account_id", "in", [self.id, False])
                | Domain("journal_id.ropo_account_id.active", "=", False)
            )
            & self.env["account.move"]._ropo_overdue_domain(days)
        )
