from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from .ir_cron import BY_HAND

# At which the scheduled transfer runs, in the time of the company. Unlike three it
# exists once on every day in the Nordic countries.
EARLY_HOUR = time(4)
TIME_ZONES = {"fi": "Europe/Helsinki", "se": "Europe/Stockholm", "no": "Europe/Oslo"}


class RopoAccount(models.Model):
    """What is transferred automatically, and when (services/policy.py does it)."""

    _inherit = "ropo.account"

    auto_transfer = fields.Selection(
        [
            ("none", "Manual"),
            ("reminder", "Reminder (daily)"),
            ("collection", "Collection (daily)"),
        ],
        string="Automatic Transfer",
        required=True,
        default="none",
        tracking=True,
    )
    auto_limit = fields.Integer(
        string="Daily Limit",
        default=500,
        help="The rest is transferred on the next day, the longest overdue first.",
    )
    auto_despite_warnings = fields.Boolean(
        string="Include Invoices with Warnings",
        tracking=True,
        help="Transfer even where a payment or a credit note of the customer is not "
        "reconciled. Otherwise such an invoice waits to be reviewed.",
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
        help="Their invoices are never transferred through this account.",
    )
    delivered_elsewhere = fields.Boolean(
        string="Invoices Are Delivered Outside Odoo",
        tracking=True,
        help="An invoice that neither Ropo nor Odoo sent counts as delivered. "
        "Otherwise it is not transferred automatically, and a person decides.",
    )
    reminder_template_ids = fields.Many2many(
        "mail.template",
        string="Reminder E-mail Templates",
        domain=[("model", "=", "account.move")],
        help="When Odoo sends an invoice with one of these e-mail templates, the date "
        "of your own reminder is noted on the invoice.",
    )

    _auto_limit_positive = models.Constraint(
        "CHECK(auto_limit > 0)", "The daily limit must be at least one invoice."
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

    # --- onchanges ---

    @api.onchange("exempt_partner_ids")
    def _onchange_exempt_partner_ids(self):
        added = self.exempt_partner_ids._origin - self._origin.exempt_partner_ids
        return self.env["ropo.exemption"]._warning(added)

    # --- CRUD ---

    def write(self, vals):
        # EXTENDS
        if "exempt_partner_ids" not in vals:
            return super().write(vals)
        before = {account: account.exempt_partner_ids for account in self}
        result = super().write(vals)
        for account, partners in before.items():
            now = account.exempt_partner_ids
            changed = (now | partners) - (now & partners)
            self.env["ropo.exemption"]._follow_partners(changed, account)
        return result

    # --- actions ---

    def action_preview_transfer(self):
        """Shows what the next run would do for these accounts; does nothing."""
        accounts = self.filtered(lambda account: account.auto_transfer != "none")
        if not accounts:
            raise UserError(
                self.env._(
                    "No account transfers invoices automatically. Choose it on the "
                    "account, under Ropo → Configuration → Ropo Accounts."
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
        """Transfers what is overdue, as each account has it.

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
        self.env["ropo.policy"]._run(accounts)

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
