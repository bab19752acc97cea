from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import split_every

from ..services.transaction import commit_with_retry, isolated
from .account_move_verdict import Verdict
from .ir_cron import BY_HAND
from .ropo_request import CHASES

INVOICES_AT_ONCE = 1000  # whose verdicts are asked for together
# At which the scheduled transfer runs, in the time of the company. Unlike three it
# exists once on every day in the Nordic countries.
EARLY_HOUR = time(4)
TIME_ZONES = {"fi": "Europe/Helsinki", "se": "Europe/Stockholm", "no": "Europe/Oslo"}


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
    next_transfer_at = fields.Datetime(
        string="Next Scheduled Transfer",
        compute="_compute_next_transfer_at",
        store=True,
        copy=False,
        help="Every day at four in the morning, in the time zone of the company.",
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

    # --- computes ---

    @api.depends("auto_transfer", "country", "company_id.partner_id.tz")
    def _compute_next_transfer_at(self):
        now = fields.Datetime.now()
        for account in self:
            by_itself = account.auto_transfer != "none"
            account.next_transfer_at = by_itself and account._early_hour_after(now)

    def _early_hour_after(self, moment):
        """The next early hour in the company's time zone, in UTC."""
        zone = ZoneInfo(self.company_id.partner_id.tz or TIME_ZONES[self.country])
        day = moment.replace(tzinfo=timezone.utc).astimezone(zone).date()
        for date in (day, day + timedelta(days=1)):
            early = datetime.combine(date, EARLY_HOUR, zone).astimezone(timezone.utc)
            if early.replace(tzinfo=None) > moment:
                return early.replace(tzinfo=None)

    # --- actions ---

    def action_preview_transfer(self):
        """Shows what the next run would do for these accounts; does nothing."""
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
        return self.env["ir.actions.act_window"]._for_xml_id(
            "ropo_connect.action_ropo_transfer_preview"
        )

    # --- crons ---

    @api.model
    def _cron_transfer_overdue(self):
        """Hands over what is overdue, as each account has it.

        It looks every hour for the accounts whose early hour has come. Run by hand, it
        does not wait.
        """
        accounts = self.search([("auto_transfer", "!=", "none")])
        if self.env.context.get("cron_id") and not BY_HAND.get():
            now = fields.Datetime.now()
            accounts = accounts.filtered(
                lambda account: (
                    account.next_transfer_at and account.next_transfer_at <= now
                )
            )
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(accounts))
        for account in accounts:
            commit_with_retry(self.env, account._run_scheduled_transfer)
            progress(1)

    def _run_scheduled_transfer(self):
        """Transfers once, and notes when it is due again: whoever runs it again after a
        crash does not exceed the day's limit."""
        with isolated(self, "transfer what is overdue"):
            self._transfer_overdue()
        self.next_transfer_at = self._early_hour_after(fields.Datetime.now())

    # --- what an empty list says ---

    @api.model
    def _automatic(self):
        """The accounts of the chosen companies that transfer by themselves."""
        return self.search(
            [
                ("company_id", "parent_of", self.env.companies.ids),
                ("auto_transfer", "!=", "none"),
            ]
        )

    @api.model
    def _help_to_set_up(self):
        """Where the chosen companies have no account: how to get one. Else empty."""
        companies = self.env.companies
        if self.sudo().search_count([("company_id", "parent_of", companies.ids)]):
            return ""
        title = self.env._(
            "%(companies)s: there is no Ropo account yet",
            companies=", ".join(companies.mapped("name")),
        )
        if not self.sudo(False).has_access("create"):  # actions are read as superuser
            return self._help(title, self._help_for_users())
        text = self.env._("Set one up to send and transfer invoices.")
        return self._help(title, text, self.env._("Set Up a Ropo Account"), new=True)

    @api.model
    def _set_up_remedy(self):
        """The link of a warning that leads to a new account, for those who may."""
        if not self.sudo(False).has_access("create"):
            return {}
        return {
            "action_text": self.env._("Set Up a Ropo Account"),
            "action": {
                "type": "ir.actions.act_window",
                "name": self.env._("Ropo Account"),
                "res_model": self._name,
                "views": [(False, "form")],
            },
        }

    @api.model
    def _help_to_schedule(self):
        """Where no account transfers by itself: how to choose that. Else empty."""
        if self._automatic():
            return ""
        title = self.env._("Nothing is transferred automatically")
        if not self.sudo(False).has_access("write"):
            return self._help(title, self._help_for_users())
        text = self.env._("Automatic transfer is chosen on each Ropo account.")
        return self._help(title, text, self.env._("Ropo Accounts"))

    def _help_for_users(self):
        """Whom to ask, for those who may not set it up."""
        managers = self.env.ref("ropo_connect.group_ropo_manager").sudo().all_user_ids
        managers = managers.filtered(
            lambda user: user.active and user.company_ids & self.env.companies
        )
        return self.env._(
            "Accounts are set up by a Ropo manager. Ask %(names)s.",
            names=", ".join(managers.mapped("name")[:3])
            or self.env._("your administrator"),
        )

    def _help(self, title, text, button="", new=False):
        """:param new: whether the button opens a new account, instead of the list"""
        html = Markup('<p class="o_view_nocontent_smiling_face">%s</p><p>%s</p>')
        link = Markup(
            '<a type="action" class="btn btn-primary" data-model="ropo.account" '
            'data-views="%s">%s</a>'
        )
        views = "[[False, 'form']]" if new else "[[False, 'list'], [False, 'form']]"
        return html % (title, text) + (link % (views, button) if button else "")

    # --- business ---

    def _transfer_overdue(self):
        """What the scheduled transfer does for this account; the requests that it
        queued."""
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
                "Overdue invoices transferred: %(handed_over)s. To review because of a "
                "warning: %(waiting)s.",
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
