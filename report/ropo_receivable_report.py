from datetime import date, datetime, time, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..services.transaction import isolated, without_jit

# What a row has in the company's currency, too, at the rate of the invoice.
CONVERTED = (
    "amount",
    "collected",
    "paid",
    "credited",
    "adjusted",
    "received",
    "written_off",
    "recovered",
    "residual",
    "open_amount",
    "charges",
    "difference",
    "money_days",
)
FEW = 1000  # rows, as the ORM reads them at a time
# By which few of all cases are asked for, and a row has it as its case has it.
OF_CASE = ("move_id", "partner_id")
# Days of the transfer, in moments: by the beginning of this or of the next day.
MOMENTS = {">=": (">=", 0), ">": (">=", 1), "<": ("<", 0), "<=": ("<", 1)}


def _converted(label):
    return fields.Monetary(
        string=label, currency_field="company_currency_id", readonly=True
    )


def _of_case(condition):
    """The same condition on the case of a row, if there is one."""
    name, operator, value = condition.field_expr, condition.operator, condition.value
    if name in OF_CASE:
        return condition
    if name == "transfer_date" and operator in MOMENTS and isinstance(value, date):
        operator, days = MOMENTS[operator]
        moment = datetime.combine(value + timedelta(days=days), time.min)
        return Domain("create_date", operator, moment)
    return None


class RopoReceivableReport(models.Model):
    """What each collected case comes to: in the ledger, at Ropo, and on its way there.

    One row per case. Amounts are in the currency of the case, which is that of its
    invoice.
    """

    _name = "ropo.receivable.report"
    _inherit = "ropo.selection.order"
    _description = "Receivables at Ropo"
    _auto = False
    _selections_in_order = ("stage",)
    _rec_name = "move_id"
    _order = "differs_since, id"  # the oldest difference first, without computing any

    job_id = fields.Many2one("ropo.job", string="Case", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    journal_id = fields.Many2one("account.journal", readonly=True)
    account_id = fields.Many2one("ropo.account", string="Ropo Account", readonly=True)
    channel = fields.Selection(
        lambda self: self.env["ropo.account"]._selection_channel(), readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    kind = fields.Selection(
        lambda self: self._selection_of("kind"), string="Transferred As", readonly=True
    )
    stage = fields.Selection(lambda self: self._selection_of("stage"), readonly=True)
    stage_date = fields.Datetime(string="In Stage Since", readonly=True)
    invoice_date_due = fields.Date(string="Due Date", readonly=True)
    days_overdue = fields.Integer(
        readonly=True, aggregator="avg", help="As long as something is open."
    )
    age = fields.Selection(
        [
            ("0_not_due", "Not due"),
            ("1_month", "1–30 days"),
            ("2_two_months", "31–60 days"),
            ("3_three_months", "61–90 days"),
            ("4_four_months", "91–120 days"),
            ("5_older", "Over 120 days"),
        ],
        string="Days Overdue (Range)",
        readonly=True,
    )
    amount = fields.Monetary(string="Transferred", readonly=True)
    collected = fields.Monetary(
        string="Collected by Ropo",
        readonly=True,
        help="What the debtor paid to Ropo since the transfer, as booked in Odoo.",
    )
    paid = fields.Monetary(
        string="Paid to Us",
        readonly=True,
        help="What the debtor paid to the company since the transfer.",
    )
    credited = fields.Monetary(
        readonly=True, help="By credit notes since the transfer."
    )
    adjusted = fields.Monetary(
        string="Other Entries",
        readonly=True,
        help="What other entries settled since the transfer, such as write-offs that "
        "are no bad debts.",
    )
    received = fields.Monetary(
        readonly=True,
        help="Collected by Ropo, paid to us, and recovered of bad debts.",
    )
    residual = fields.Monetary(
        string="Open in Odoo", readonly=True, help="As the invoice says."
    )
    open_amount = fields.Monetary(
        string="Open at Ropo",
        readonly=True,
        help="The principal, as last reported by Ropo.",
    )
    charges = fields.Monetary(
        string="Interest and Fees",
        readonly=True,
        help="What Ropo asks for besides the principal, as last reported.",
    )
    written_off = fields.Monetary(
        readonly=True,
        help="Written off in Odoo as a bad debt: Ropo goes on collecting it.",
    )
    recovered = fields.Monetary(
        readonly=True, help="What Ropo collected of a bad debt, booked as income."
    )
    recovery_rate = fields.Float(
        readonly=True,
        aggregator="avg",
        help="What was received, of what was transferred less what was credited. Of "
        "several cases: by their sums in the company's currency.",
    )
    days_to_pay = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Days from the transfer to the payments, on average, weighted by their "
        "amounts.",
    )
    under_way = fields.Monetary(
        string="In Transit",
        readonly=True,
        help="Payments and credits that are about to be reported to Ropo, less what "
        "is about to be reversed.",
    )
    difference = fields.Monetary(
        readonly=True,
        help="Open in Odoo, or written off as a bad debt and not recovered, less what "
        "is open at Ropo after all that is in transit. "
        "More than zero: Ropo asks for too little; less: for too much.",
    )
    differs = fields.Boolean(readonly=True)
    differs_since = fields.Date(
        readonly=True, help="When the daily check first saw this difference."
    )
    is_late = fields.Boolean(
        compute="_compute_is_late",
        help="It differs for as many days as the account allows, or longer.",
    )
    has_moved = fields.Boolean(
        readonly=True,
        help="Ropo has closed the case, and the ledger has changed since.",
    )
    reason = fields.Selection(
        [
            ("unknown", "A report may have been lost: it is being looked up"),
            ("refused", "Ropo rejected a report: fix it, or send it again"),
            ("closed", "Ropo has closed the case"),
            ("collected", "Ropo was paid, and the ledger does not have it yet"),
            ("draft", "A payment was reset to draft"),
            ("unreported", "It is reported with the next run"),
            ("unexplained", "Not known: compare with Ropo One"),
        ],
        string="Probable Cause",
        readonly=True,
    )

    amount_company = _converted("Transferred (Company Currency)")
    collected_company = _converted("Collected by Ropo (Company Currency)")
    paid_company = _converted("Paid to Us (Company Currency)")
    credited_company = _converted("Credited (Company Currency)")
    adjusted_company = _converted("Other Entries (Company Currency)")
    received_company = _converted("Received (Company Currency)")
    written_off_company = _converted("Written Off (Company Currency)")
    recovered_company = _converted("Recovered (Company Currency)")
    residual_company = _converted("Open in Odoo (Company Currency)")
    open_amount_company = _converted("Open at Ropo (Company Currency)")
    charges_company = _converted("Interest and Fees (Company Currency)")
    difference_company = _converted("Difference (Company Currency)")
    sent_date = fields.Date(
        string="Sent On", readonly=True, help="When Ropo took the invoice itself."
    )
    transfer_date = fields.Date(string="Transferred On", readonly=True)
    reminder_date = fields.Date(
        string="In Reminder From", readonly=True, help="As Ropo reported it first."
    )
    collection_date = fields.Date(
        string="In Collection From", readonly=True, help="As Ropo reported it first."
    )
    first_payment_date = fields.Date(string="First Payment", readonly=True)
    last_payment_date = fields.Date(string="Last Payment", readonly=True)
    ended_date = fields.Date(string="Ended On", readonly=True)

    _depends = {
        "account.journal": ["ropo_settlement", "type"],
        "account.move": [
            "amount_residual",
            "amount_residual_signed",
            "amount_total",
            "amount_total_signed",
            "invoice_date_due",
            "invoice_user_id",
            "journal_id",
            "matched_payment_ids",
            "move_type",
            "state",
        ],
        "account.move.line": [
            "amount_residual_currency",
            "date",
            "display_type",
            "journal_id",
            "move_id",
            "parent_state",
            "payment_id",
            "statement_line_id",
        ],
        "account.payment": ["amount", "move_id", "ropo_event_id", "state"],
        "account.partial.reconcile": [
            "credit_move_id",
            "debit_amount_currency",
            "debit_move_id",
            "exchange_move_id",
        ],
        "res.company": ["currency_id"],
        "ropo.account": ["channel", "count_payment", "settlement_journal_ids"],
        "ropo.job": [
            "account_id",
            "amount",
            "bad_debts",
            "is_collected",
            "closed_residual",
            "company_id",
            "covers",
            "currency_id",
            "differs_since",
            "kind",
            "move_id",
            "open_amount",
            "open_total",
            "part_ids",
            "partner_id",
            "released",
            "stage",
            "stage_date",
        ],
        "ropo.request": [
            "amount",
            "job_id",
            "operation",
            "payment_id",
            "source_partial_id",
            "state",
            "void",
        ],
        "ropo.event": [
            "applied_stage",
            "day",
            "event_time",
            "is_missing",
            "job_id",
            "recovered",
            "source_partial_id",
        ],
    }

    def _selection_of(self, name):
        return self.env["ropo.job"]._fields[name]._description_selection(self.env)

    # --- reading ---

    def _search(self, domain, *args, **kwargs):
        # EXTENDS 'base': where a period or a customer is asked for, nothing is computed
        # of other cases
        cases = self._domain_of_cases(Domain(domain).optimize(self))
        if cases.is_true() or "ropo_cases" in self.env.context:
            return super()._search(domain, *args, **kwargs)
        cases &= Domain("is_collected", "=", True)
        found = self.env["ropo.job"]._search(cases, bypass_access=True)
        # Else PostgreSQL looks each case up once more, instead of all of them at once.
        found.groupby = SQL.identifier("ropo_job", "id")
        rows = self.with_context(ropo_cases=SQL("(%s)", found.select()))
        return super(RopoReceivableReport, rows)._search(domain, *args, **kwargs)

    def _domain_of_cases(self, domain):
        """What `domain` demands of the cases themselves; more may be demanded of their
        figures."""
        is_all_of = getattr(domain, "OPERATOR", "") == "&"
        found = Domain.TRUE
        for demand in domain.children if is_all_of else [domain]:
            conditions = [_of_case(leaf) for leaf in demand.iter_conditions()]
            if conditions and all(conditions):
                found &= demand.map_conditions(_of_case)
        return found

    def _fetch_query(self, query, fields):
        # EXTENDS 'base': which rows a page of a list has takes few columns of all
        # cases; all others are computed of those rows alone
        found = self.browse(query.get_result_ids())
        if not found or not fields or len(found) > FEW:
            return super()._fetch_query(query, fields)
        rows = found.with_context(ropo_cases=found.ids)
        fetched = super(RopoReceivableReport, rows)._fetch_query(
            rows._as_query(), fields
        )
        return self.browse(fetched.ids)

    @api.model
    @api.readonly
    def web_search_read(
        self, domain, specification, offset=0, limit=None, order=None, count_limit=None
    ):
        # EXTENDS 'web': to find a page, the differences of all cases may have to be
        # computed. What is counted beside it is found in the same go.
        if not limit or not count_limit or offset + limit >= count_limit:
            return super().web_search_read(
                domain, specification, offset, limit, order, count_limit
            )
        found = self.search(domain, limit=count_limit, order=order)
        page = self.browse(found.ids[offset : offset + limit])
        length = len(found) if page else 0
        return {"length": length, "records": page.web_read(specification)}

    def _asked(self):
        """Which cases the context asks for: these, those of a query, or those of which
        the daily check noted a difference, so that an index finds them."""
        asked = self.env.context.get("ropo_cases")
        if isinstance(asked, SQL):
            return asked
        if asked == "noted":
            return SQL("(SELECT id FROM ropo_job WHERE differs_since IS NOT NULL)")
        return asked and tuple(asked)

    @property
    def _table_query(self):
        figures = self.env["ropo.figures"]
        without_jit(self.env.cr)
        return SQL(
            """
            SELECT figures.*,
                   %(converted)s,
                   CASE WHEN days_overdue <= 0 THEN '0_not_due'
                        WHEN days_overdue <= 30 THEN '1_month'
                        WHEN days_overdue <= 60 THEN '2_two_months'
                        WHEN days_overdue <= 90 THEN '3_three_months'
                        WHEN days_overdue <= 120 THEN '4_four_months'
                        WHEN days_overdue > 120 THEN '5_older' END AS age,
                   received / NULLIF(amount - credited, 0) AS recovery_rate,
                   money_days / NULLIF(received, 0) AS days_to_pay,
                   difference != 0 AS differs,
                   CASE WHEN difference != 0 THEN %(reason)s END AS reason
              FROM (SELECT cases.*, collected + paid + recovered AS received
                      FROM (%(cases)s) cases) figures
            """,
            converted=SQL(", ").join(
                SQL(
                    "%s AS %s",
                    # What Odoo has in the company's currency is exact.
                    SQL("COALESCE(whole_residual, ROUND(residual * rate, 2))")
                    if name == "residual"
                    # To divide, multiply and round for nothing takes long.
                    else SQL(
                        "CASE WHEN is_foreign THEN ROUND(%(name)s * rate, 2) "
                        "ELSE %(name)s END",
                        name=SQL.identifier(name),
                    ),
                    SQL.identifier(f"{name}_company"),
                )
                for name in CONVERTED
            ),
            reason=figures._reason(),
            cases=figures._cases(fields.Date.context_today(self), self._asked()),
        )

    # --- computes ---

    @api.depends("differs_since", "account_id")
    def _compute_is_late(self):
        for row in self:
            since = row.differs_since
            row.is_late = since and since <= self._late_since(row.account_id)

    def _late_since(self, account):
        """What differs since this day, or longer, differs for too long."""
        return fields.Date.today() - timedelta(days=account.difference_days)

    # --- actions ---

    def action_open_job(self):
        """Opens the case, where all that was sent and reported is listed."""
        self.ensure_one()
        return self.job_id._get_records_action()

    def action_open_invoice(self):
        self.ensure_one()
        return self.move_id._get_records_action()

    def action_open_requests(self):
        """Opens what was sent to Ropo of the invoice, the transfer first."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ropo_connect.action_ropo_request"
        )
        return {
            **action,
            "path": False,
            "domain": [("move_id", "=", self.move_id.id)],
            "context": {"create": False},
        }

    # --- crons ---

    @api.model
    def _cron_check_differences(self):
        """Notes since when a case differs, and asks whoever is responsible for the
        account when one differs for longer than the account allows, or when the ledger
        of a closed one has changed."""
        self._check_running()
        self._check_closed()
        accounts = self.env["ropo.account"].with_context(active_test=False)
        accounts.search([])._close_answered()

    def _check_closed(self):
        """Of a closed case nothing is reported any more: a change of its ledger asks a
        person, once."""
        moved = self.search([("has_moved", "=", True)]).job_id
        for account, jobs in moved.grouped("account_id").items():
            with isolated(jobs, "ask about closed cases whose ledger has changed"):
                jobs._ask_about_closed(account)

    def _check_running(self):
        running = [("stage", "!=", "closed")]
        differing = self.search([("differs", "=", True), *running]).job_id
        noted = self.env["ropo.job"].search([("differs_since", "!=", False)])
        today = fields.Date.today()
        (noted - differing).differs_since = False
        (differing - noted).differs_since = today
        for account, jobs in differing.grouped("account_id").items():
            limit = today - timedelta(days=account.difference_days)
            late = jobs.filtered(lambda job, limit=limit: job.differs_since <= limit)
            if late:
                account._ask_person(
                    "mismatch",
                    self.env._("Ropo and the ledger differ"),
                    self.env._(
                        "Of %(count)s cases Ropo has another open amount than the "
                        "ledger, for %(days)s days or longer. See Ropo → Reports → "
                        "Reconciliation with Ropo. The first: %(case)s.",
                        count=len(late),
                        days=account.difference_days,
                        case=late[0].display_name,
                    ),
                )
