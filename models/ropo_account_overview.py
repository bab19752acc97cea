import json

from odoo import api, fields, models
from odoo.tools import format_datetime

from ..channels.errors import CredentialsRefused

COUNT = {"compute": "_compute_overview"}


class RopoAccount(models.Model):
    """The overview: a card for each account. Each figure is one of the table in
    services/overview.py, and opens the records that it counts."""

    _inherit = "ropo.account"

    overview_waiting = fields.Integer(string="Waiting", **COUNT)
    overview_rejected = fields.Integer(
        string="Rejected", help="By Ropo, and not sent again since.", **COUNT
    )
    overview_unknown = fields.Integer(
        string="Unknown", help="It may have arrived at Ropo.", **COUNT
    )
    overview_unread = fields.Integer(string="Unread Messages", **COUNT)
    overview_undecided = fields.Integer(
        string="Closed Unpaid",
        help="Cases that Ropo closed unpaid, and nobody has decided about.",
        **COUNT,
    )
    overview_unsettled = fields.Integer(
        string="Payments to Review",
        help="Collected by Ropo, and not registered by themselves.",
        **COUNT,
    )
    overview_mismatch = fields.Integer(
        string="Mismatch",
        help="Cases of which Ropo has another open amount than the ledger, as the "
        "daily check saw.",
        **COUNT,
    )
    overview_mismatch_is_late = fields.Boolean(
        string="Mismatch to Review",
        compute="_compute_overview_mismatch_is_late",
        help="One of them needs a person: the next run does not settle it.",
    )
    overview_overdue = fields.Integer(string="Overdue, Not Transferred", **COUNT)
    overview_overdue_amount = fields.Char(**COUNT)
    overview_reminder = fields.Integer(string="In Reminder", **COUNT)
    overview_reminder_amount = fields.Char(**COUNT)
    overview_collection = fields.Integer(string="In Collection", **COUNT)
    overview_collection_amount = fields.Char(**COUNT)
    overview_collected = fields.Integer(
        string="Collected This Month",
        help="Payments of debtors to Ropo, less what Ropo took back.",
        **COUNT,
    )
    overview_collected_amount = fields.Char(**COUNT)
    overview_graph = fields.Text(compute="_compute_overview_graph")
    overview_problem = fields.Char(
        compute="_compute_overview_problem",
        help="Why nothing is sent through this account.",
    )
    overview_remedy = fields.Selection(
        [
            ("configure", "Open Account"),
            ("test", "Test Connection"),
            ("activate", "Activate Receivables Service"),
            ("refresh", "Refresh Receivables Service"),
        ],
        compute="_compute_overview_problem",
        help="The button that helps.",
    )
    last_contact = fields.Datetime(
        readonly=True,
        copy=False,
        help="When Ropo last answered a question about news, or a test.",
    )
    pause_reason = fields.Char(readonly=True, copy=False)

    # --- computes ---

    @api.depends_context("allowed_company_ids", "uid", "lang")
    def _compute_overview(self):
        found = self.env["ropo.overview"]._figures(self._origin)
        for account in self:
            figures = found.get(account._origin.id, {})
            for name in self._overview_names():
                count, amounts = figures.get(name, (0, {}))
                account[f"overview_{name}"] = count
                if f"overview_{name}_amount" in self._fields:
                    account[f"overview_{name}_amount"] = " + ".join(
                        currency.format(amount)
                        for currency, amount in sorted(
                            amounts.items(), key=lambda item: item[0].id
                        )
                    )

    def _overview_names(self):
        return [
            name.removeprefix("overview_")
            for name, field in self._fields.items()
            if name.startswith("overview_") and field.type == "integer"
        ]

    @api.depends_context("allowed_company_ids", "uid")
    def _compute_overview_mismatch_is_late(self):
        late = self.env["ropo.overview"]._with_late_mismatch(self._origin)
        for account in self:
            account.overview_mismatch_is_late = account._origin in late

    @api.depends_context("allowed_company_ids", "uid", "lang")
    def _compute_overview_graph(self):
        overview = self.env["ropo.overview"]
        weeks = overview._weeks(self._origin)
        for account in self:
            found = weeks.get(account._origin.id)
            account.overview_graph = found and json.dumps(
                overview._graph(account, found)
            )

    @api.depends_context("lang")
    @api.depends(
        "active",
        "environment",
        "is_connected",
        "last_contact",
        "pause_reason",
        "paused_until",
        "service_state",
    )
    def _compute_overview_problem(self):
        for account in self:
            problem, remedy = account._overview_problem()
            account.overview_problem, account.overview_remedy = problem, remedy

    def _overview_problem(self):
        """`(sentence, remedy)`: why nothing is sent; both False where all is well."""
        own = self.sudo()
        if not self.active:
            return self.env._("This account is archived."), "configure"
        if own._missing_credentials():
            return self._explain(CredentialsRefused("missing")), "configure"
        if own._is_copy():
            return self._copy_text(), "configure"
        if self.is_resting:
            return self._pause_text(), "test"
        if not self.is_connected and not self.last_contact:
            return self.env._("The connection has not been tested yet."), "test"
        if self.has_activation and self.service_state != "active":
            return self._service_problem()
        return False, False

    def _pause_text(self):
        until = format_datetime(self.env, self.paused_until)
        if not self.pause_reason:
            return self.env._("Paused until %(time)s.", time=until)
        return self.env._(
            "Paused until %(time)s. %(reason)s", time=until, reason=self.pause_reason
        )

    def _service_problem(self):
        if self.service_state == "pending":
            text = self.env._(
                "The receivables service waits for your signature: nothing can be "
                "transferred yet."
            )
            return text, "refresh"
        text = self.env._(
            "The receivables service is not active: nothing can be transferred."
        )
        return text, "activate"

    # --- CRUD ---

    def write(self, vals):
        # EXTENDS: another pause has another reason
        if "paused_until" in vals:
            vals = {"pause_reason": False, **vals}
        return super().write(vals)

    # --- actions ---

    def action_open_figure(self):
        """Opens the records behind the figure that the context names."""
        self.ensure_one()
        return self.env["ropo.overview"]._open(self.env.context["figure"], self)

    def action_open_account(self):
        return self._get_records_action()
