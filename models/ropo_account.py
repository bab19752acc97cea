from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from .. import channels
from ..channels.base import ServiceModel
from ..channels.documents import Printing
from ..channels.errors import ChannelError
from .notification import notification
from .res_partner import DELIVERIES
from .ropo_job import ENDED

COUNTRIES = [("fi", "Finland"), ("se", "Sweden"), ("no", "Norway")]
UNFINISHED = ("queued", "sending", "unknown")  # states of requests


class RopoAccount(models.Model):
    """One profile at Ropo: whose invoices go where, and on which terms."""

    _name = "ropo.account"
    _description = "Ropo Account"
    _inherit = ["mail.thread", "mail.activity.mixin", "ropo.claim.terms"]
    _order = "company_id, sequence, id"
    _check_company_auto = True
    # A branch uses the account of its parent where it has none of its own.
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        help="Gets an activity when something needs a decision.",
    )
    channel = fields.Selection(
        lambda self: self._selection_channel(),
        required=True,
        default=lambda self: self._default_channel(),
    )
    country = fields.Selection(
        COUNTRIES,
        required=True,
        compute="_compute_country",
        store=True,
        readonly=False,
        precompute=True,
    )
    environment = fields.Selection(
        [("sandbox", "Sandbox"), ("test", "Test"), ("production", "Production")],
        required=True,
        default="test",
        tracking=True,
    )
    service_model = fields.Selection(
        [
            (
                "connect",
                "Connect: Ropo delivers invoices, and collects what is transferred",
            ),
            ("unify", "Unify: Ropo delivers and collects"),
            ("embed", "Embed: Ropo delivers, collects and keeps the ledger"),
        ],
        required=True,
        default="connect",
    )
    check_number = fields.Boolean(
        string="Reject Duplicate Invoice Numbers",
        default=True,
        help="Ropo refuses a second invoice with the same number.",
    )
    einvoice_subject = fields.Char(
        string="Invoicing Subject",
        help="By which consumers' banks know your e-invoices. Reminders to consumers "
        "go to their banks only when it is set, else as letters.",
    )
    default_sendtype = fields.Selection(
        DELIVERIES,
        string="Delivery",
        help="How invoices are delivered to customers who have no delivery of their "
        "own. Empty: as agreed with Ropo.",
    )
    fallback_sendtype = fields.Selection(
        [item for item in DELIVERIES if item[0] in ("post", "email", "print")],
        string="Fallback Delivery",
        help="How Ropo delivers what did not arrive in the first way.",
    )
    print_colour = fields.Selection(
        [("colour", "Colour"), ("black", "Black and White")],
        string="Letter Colour",
        help="Empty: as agreed with Ropo.",
    )
    print_sides = fields.Selection(
        [("single", "One Side"), ("double", "Both Sides")],
        string="Letter Sides",
        help="Empty: as agreed with Ropo.",
    )
    post_class = fields.Selection(
        [("1", "First Class"), ("2", "Second Class")],
        help="Empty: as agreed with Ropo.",
    )
    layout = fields.Char(
        help="The name or the number of the layout at Ropo, such as CUSTOM. Empty: as "
        "agreed with Ropo.",
    )
    interest_b2b = fields.Float(
        string="Late Interest, Companies (%)",
        help="Percent a year, printed on invoices. Empty: as agreed with Ropo.",
    )
    interest_b2c = fields.Float(
        string="Late Interest, Consumers (%)",
        help="Percent a year, printed on invoices. Empty: as agreed with Ropo.",
    )
    cost_centre_plan_id = fields.Many2one(
        "account.analytic.plan",
        string="Cost Centres",
        domain=[("parent_id", "=", False)],
        help="The analytic plan whose accounts are cost centres at Ropo, by code. A "
        "row that is spread over several has none.",
    )
    send_periods = fields.Boolean(
        string="Send Accounting Periods",
        help="Embed: each document names its period of the books and of the tax. Only "
        "as agreed with Ropo.",
    )
    financing = fields.Selection(
        [("financing", "Financed"), ("purchase", "Sold to Ropo")],
        help="Empty: neither. Needs an agreement with Ropo, and business ids.",
    )
    send_attachments = fields.Boolean(
        help="The files attached to an invoice go along with it: PDFs, to companies "
        "also Excel and CSV. Who sends it can choose otherwise for each invoice.",
    )
    own_image = fields.Boolean(
        string="Use Odoo's PDF",
        help="Ropo shows the PDF that Odoo makes of it, instead of drawing one. "
        "Odoo makes it when the invoice is sent, which takes about a second.",
    )
    fetch_documents = fields.Boolean(
        string="Archive Documents",
        help="What Ropo delivers is fetched and attached to the invoice automatically, "
        "for each case from now on. Otherwise press “Download Documents” where "
        "you want it.",
    )
    document_is_main = fields.Boolean(
        string="Use as Main Attachment",
        help="The document that was fetched from Ropo is what Odoo shows first.",
    )
    batch_size = fields.Integer(
        default=50, help="The most invoices that travel in one call."
    )
    min_days_b2b = fields.Integer(string="Days Overdue, Companies", default=7)
    min_days_b2c = fields.Integer(string="Days Overdue, Consumers", default=14)
    notice_days_b2b = fields.Integer(
        string="Days After Own Reminder, Companies",
        default=7,
        help="An invoice goes to debt collection this many days after your own "
        "reminder at the earliest.",
    )
    notice_days_b2c = fields.Integer(
        string="Days After Own Reminder, Consumers",
        default=14,
        help="An invoice goes to debt collection this many days after your own "
        "reminder at the earliest.",
    )
    min_amount = fields.Monetary(
        string="Minimum Amount", help="Invoices below this amount are not transferred."
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    settlement_journal_ids = fields.Many2many(
        "account.journal",
        string="Settlement Journals",
        check_company=True,
        help="Ropo pays out into these journals. Their entries are not reported to "
        "Ropo.",
    )
    settlement_journal_id = fields.Many2one(
        "account.journal",
        string="Collected Payments Journal",
        check_company=True,
        domain=[("type", "in", ("bank", "cash", "credit"))],
        help="Payments that Ropo reports are registered in this journal, against "
        "the outstanding account of its payment method. Its entries are not "
        "reported to Ropo.",
    )
    bad_debt_account_ids = fields.Many2many(
        "account.account",
        string="Bad Debt Accounts",
        check_company=True,
        domain=[
            (
                "account_type",
                "not in",
                ("asset_receivable", "asset_cash", "liability_payable"),
            )
        ],
        help="What is written off against these accounts is not reported to Ropo, "
        "which goes on collecting it. Other write-offs are reported.",
    )
    recovered_debt_account_id = fields.Many2one(
        "account.account",
        string="Recovered Debts Account",
        check_company=True,
        domain=[("account_type", "in", ("income", "income_other"))],
        help="What Ropo collects of a bad debt after all is income on this account.",
    )
    register_payments = fields.Boolean(
        string="Register Collected Payments Automatically",
        help="Each payment that Ropo reports from now on is registered and reconciled "
        "with its invoice. Otherwise press “Register Payment” where you want it.",
    )
    credit_allocation = fields.Selection(
        [
            ("credit_job", "As a credit note against the case"),
            ("payment", "As a credited amount of the case"),
        ],
        required=True,
        default="payment",
        help="How the allocation of a credit note is reported to Ropo.",
    )
    difference_days = fields.Integer(
        string="Alert on Mismatch After (Days)",
        default=3,
        help="The responsible gets an activity when Ropo's open amount of a case "
        "differs from the ledger's for longer.",
    )
    count_payment = fields.Selection(
        [
            ("registered", "When it is registered"),
            ("bank", "When the bank statement has it"),
        ],
        string="Report Payments When",
        required=True,
        default="registered",
        help="A payment that waits for its bank statement line is reported to Ropo "
        "at once, so that nobody is asked for money that was paid; or only "
        "with that line.",
    )
    retention_months = fields.Integer(
        string="Keep Raw Data (Months)",
        help="This many months after a case has ended, what was sent and received of "
        "it, with its files, is deleted; amounts, dates and states stay. 0: never.",
    )
    gap_since = fields.Date(
        readonly=True,
        help="An answer with status updates was lost on the way on this day: the days "
        "since then are asked for once more.",
    )
    status_cursor = fields.Json(
        readonly=True,
        copy=False,
        help="Up to where status updates have been fetched, where the channel counts.",
    )
    queued_count = fields.Integer(compute="_compute_counts")
    attention_count = fields.Integer(compute="_compute_counts")
    _batch_size_positive = models.Constraint(
        "CHECK(batch_size BETWEEN 1 AND 1000)",
        "Between 1 and 1,000 invoices can travel in one call.",
    )
    _days_positive = models.Constraint(
        "CHECK(min_days_b2b >= 0 AND min_days_b2c >= 0 AND min_amount >= 0 "
        "AND difference_days >= 0 AND notice_days_b2b >= 0 AND notice_days_b2c >= 0)",
        "Days and amounts can't be negative.",
    )
    _retention_positive = models.Constraint(
        "CHECK(retention_months >= 0)",
        "The months can't be negative.",
    )
    _interest_positive = models.Constraint(
        "CHECK(interest_b2b >= 0 AND interest_b2c >= 0)",
        "Interest can't be negative.",
    )

    # --- defaults and computes ---

    @api.model
    def _selection_channel(self):
        return channels.names()

    @api.model
    def _default_channel(self):
        return channels.DEFAULT

    @api.depends("company_id")
    def _compute_country(self):
        """That of its company, until the account is saved."""
        for account in self:
            code = (account.company_id.country_id.code or "").lower()
            proposed = code if code in dict(COUNTRIES) else "fi"
            account.country = account._origin.country or proposed

    def _compute_counts(self):
        queued = self._count_requests(["queued", "sending"])
        attention = self._count_requests(["unknown"])
        for account in self:
            account.queued_count = queued.get(account, 0)
            account.attention_count = attention.get(account, 0)

    def _count_requests(self, states):
        return dict(
            self.env["ropo.request"]._read_group(
                [("account_id", "in", self.ids), ("state", "in", states)],
                ["account_id"],
                ["__count"],
            )
        )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        accounts._adopt_database()
        accounts._keep_to_settlement()
        return accounts

    def write(self, vals):
        if "active" in vals and not vals["active"]:
            self._check_archivable()
        credentials = channels.account_fields("credentials")
        leads_elsewhere = self._leads_elsewhere(vals)
        result = super().write(vals)
        if leads_elsewhere:
            # Who may not read the credentials may not send them to another host.
            self.sudo().write(dict.fromkeys(credentials, False))
        if any(name in vals for name in credentials):
            # Who types credentials means this database, not the one it was copied of.
            self._adopt_database()
            self._resume()
        if "settlement_journal_id" in vals:
            self._keep_to_settlement()
        if {"settlement_journal_id", "settlement_journal_ids"} & vals.keys():
            self.env["ropo.job.figures"]._forget_all()
        return result

    def _check_archivable(self):
        """An account whose cases Ropo still collects goes on reporting for them."""
        own = [("account_id", "in", self.ids)]
        cases = self.env["ropo.job"].sudo()
        cases = cases.search(
            [*own, ("is_collected", "=", True), ("stage", "not in", ENDED)]
        )
        requests = self.env["ropo.request"].sudo()
        requests = requests.search([*own, ("state", "in", UNFINISHED)])
        live = cases or requests
        if live:
            raise UserError(
                self.env._(
                    "%(accounts)s can't be archived: Ropo still works on %(count)s "
                    "cases and requests of it, such as %(first)s, and gets no "
                    "payments reported for an archived account. To use another "
                    "account for new invoices, drag that one to the top of the list, "
                    "or choose it on the journals.",
                    accounts=", ".join(live.account_id.mapped("name")),
                    count=len(cases) + len(requests),
                    first=live[0].display_name,
                )
            )

    def _keep_to_settlement(self):
        """What is registered for Ropo is Ropo's money, and not reported back."""
        for account in self.filtered("settlement_journal_id"):
            account.settlement_journal_ids |= account.settlement_journal_id

    def _leads_elsewhere(self, vals):
        """Whether somebody who may not read the credentials changes where they go."""
        if self.env.su or self.env.user.has_group("base.group_system"):
            return False
        return any(
            name in vals and any(account[name] != vals[name] for account in self)
            for name in ("channel", "environment", "country", "base_url")
        )

    # --- actions ---

    def action_poll_status(self):
        """Fetches what happened at Ropo, now."""
        self.check_access("write")  # what follows works as superuser
        counts = []
        for account in self:
            try:
                counts.append(self.env["ropo.inbox"]._run(account.id, poll=True))
            except ChannelError as error:
                raise UserError(account._explain(error)) from error
        self.env.invalidate_all()
        return self._notify_fetched(counts)

    def _notify_fetched(self, counts):
        """:param counts: of updates, of each account; None where it is paused"""
        if None in counts:
            text = self.env._("The account is paused: nothing was fetched.")
            return notification(text, "warning")
        count = sum(counts)
        if not count:
            return notification(self.env._("Nothing new."), "info")
        if count == 1:
            return notification(self.env._("1 update."))
        return notification(self.env._("%(count)s updates.", count=count))

    def action_open_requests(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ropo_connect.action_ropo_request"
        )
        action["context"] = {"search_default_account_id": self.id}
        return action

    # --- business: the channel ---

    def _channel(self):
        """The channel of this account, for all that needs no connection; that of new
        accounts where there is none."""
        return channels.get(self.channel or channels.DEFAULT)

    @api.model
    def _channels(self):
        """`(name, channel)` of each."""
        return channels.CHANNELS.items()

    def _service(self, model=None):
        """The `ServiceModel` of a service model, by default that of the account."""
        models_of = self._channel().capabilities.service_models
        return models_of.get(model or self.service_model, ServiceModel())

    # --- business ---

    def _ask_person(self, key, summary, note, user=None):
        """One activity for the responsible, however often the reason comes back.

        :param key: of the cause; when it is gone, services/questions.py says
        :param user: who is asked, instead of the responsible
        """
        self.ensure_one()
        responsible = user or self._responsible()
        self.env["ropo.activities"]._schedule(
            self,
            key,
            "mail.mail_activity_data_warning",
            summary=summary,
            note=plaintext2html(note),
            user_id=responsible.id,
        )

    def _responsible(self):
        return self.user_id or self.env.ref("base.user_admin")

    def _close_answered(self):
        """Ends the activities on these whose cause is gone."""
        self.env["ropo.activities"]._close_answered(self)

    @api.model
    def _defaults_of(self, companies):
        """The account that each company uses by default: `{company id: account}`.

        A branch without one uses that of its nearest parent.
        """
        family = self.sudo().search([("company_id", "in", companies.parent_ids.ids)])
        first = {}
        for account in family:
            first.setdefault(account.company_id.id, account)
        found = {}
        for company in companies:
            lineage = reversed(company.parent_ids.ids)
            found[company.id] = next(
                (first[id_] for id_ in lineage if id_ in first), self.browse()
            )
        return found

    def _printing(self):
        """The `Printing` of letters."""
        return Printing(
            colour=self.print_colour == "colour" if self.print_colour else None,
            double_sided=self.print_sides == "double" if self.print_sides else None,
            post_class=int(self.post_class) if self.post_class else None,
            layout=(self.layout or "").strip(),
        )

    def _credits_by_document(self):
        """Whether an allocation is reported as a credit note of its own."""
        ways = self._channel().capabilities.credit_ways
        return self.credit_allocation == "credit_job" and "credit_job" in ways

    def _interest(self, is_company):
        """Late interest in percent a year; None: as agreed with Ropo."""
        return (self.interest_b2b if is_company else self.interest_b2c) or None

    def _label(self, field_name):
        selection = self._fields[field_name]._description_selection(self.env)
        return dict(selection)[self[field_name]]
