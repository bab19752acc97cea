from odoo import api, fields, models
from odoo.fields import Domain

from .account_move_verdict import HOPELESS
from .res_partner import READERS
from .ropo_claim_terms import SHARED_TERMS
from .ropo_request import LIVE


class AccountMove(models.Model):
    """Handing overdue invoices over, and what goes before it."""

    _inherit = "account.move"

    ropo_may_transfer = fields.Boolean(
        compute="_compute_ropo_may_transfer",
        compute_sudo=True,
        help="There is something to hand over; the wizard says what is missing.",
        groups=READERS,
    )
    ropo_transferable = fields.Boolean(
        string="May Be Handed Over to Ropo",
        compute="_compute_ropo_may_transfer",
        search="_search_ropo_transferable",
        compute_sudo=True,
        groups=READERS,
    )

    ropo_overdue = fields.Boolean(
        string="Overdue, Not Transferred",
        compute="_compute_ropo_overdue",
        search="_search_ropo_overdue",
        compute_sudo=True,
        groups=READERS,
        help="Some of it is overdue, and Ropo collects nothing of it.",
    )

    # --- computes ---

    @api.depends("state", "amount_residual", "ropo_request_ids")
    def _compute_ropo_overdue(self):
        overdue = self.search(
            Domain("id", "in", self.ids)
            & self._ropo_overdue_domain(self._ropo_yesterday())
        )
        for move in self:
            move.ropo_overdue = move._origin in overdue

    def _search_ropo_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        overdue = self._ropo_overdue_domain(self._ropo_yesterday())
        return overdue if True in value else ~overdue

    @api.depends(
        "state",
        "amount_residual",
        "invoice_date_due",
        "payment_state",
        "ropo_hold",
        "ropo_request_ids",
    )
    def _compute_ropo_may_transfer(self):
        self.ropo_may_transfer = self.ropo_transferable = False
        today = fields.Date.context_today(self)
        posted = self.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice"
        )
        verdicts = posted._origin._ropo_verdicts("reminder", warn=False)
        for move in posted:
            code = verdicts[move._origin].code
            overdue = move._origin._ropo_first_due() < today
            move.ropo_may_transfer = overdue and code not in HOPELESS
            move.ropo_transferable = not code

    def _search_ropo_transferable(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        companies = Domain("company_id", "in", self.env.companies.ids)
        moves = self.search(companies & self._ropo_overdue_domain(today))
        verdicts = moves.sudo()._ropo_verdicts("reminder", warn=False)
        ids = [move.id for move in moves if not verdicts[move].code]
        return Domain("id", "in" if True in value else "not in", ids)

    @api.model
    def get_empty_list_help(self, help_message):
        # EXTENDS 'mail': without an account, nothing was sent and nothing can be
        if self.env.context.get("ropo_list"):
            text = self.env["ropo.account"]._help_to_set_up()
            help_message = text or help_message
        return super().get_empty_list_help(help_message)

    # --- actions ---

    def action_ropo_transfer(self):
        """Opens the wizard that hands these invoices over."""
        wizard = self.env["ropo.transfer.wizard"].create({"move_ids": self.ids})
        action = self._ropo_wizard(wizard._name, self.env._("Transfer to Ropo"))
        return action | {"res_id": wizard.id}

    def action_ropo_open_credits(self):
        """Shows what of the customer lies unreconciled in the ledger."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "Not Reconciled: %(partner)s",
                partner=self.commercial_partner_id.display_name,
            ),
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": [("id", "in", self._ropo_open_credits()[self])],
            "context": {"create": False},
        }

    # --- business ---

    def _ropo_queue_transfer(self, kind, terms):
        """Queues these to be handed over, and returns the requests. Whether each may
        go, and who asks may hand over, is for the caller to have asked.

        :param kind: `reminder` or `collection`
        :param terms: `{move: Terms}`
        """
        rates = {}
        vals_list = []
        asked = {}  # dates of own reminders: the evidence stays on the invoices
        for move in self:
            own = terms[move]
            if own.notice_date and not move.ropo_notice_date:
                asked.setdefault(own.notice_date, []).append(move.id)
            ours, theirs = move.ropo_account_id.currency_id, move.currency_id
            if own.notice_fee and (ours, theirs) not in rates:
                rates[ours, theirs] = ours._get_conversion_rate(
                    ours, theirs, move.company_id, fields.Date.context_today(self)
                )
            rate = rates.get((ours, theirs), 1.0)
            vals_list.append(
                {
                    **move._ropo_request_vals(kind),
                    **{name: getattr(own, name) for name in SHARED_TERMS},
                    "amount": sum(
                        move._ropo_claim_parts(move.ropo_account_id, own).mapped(
                            "amount_residual_currency"
                        )
                    ),
                    "notice_fee": theirs.round(own.notice_fee * rate),
                    "claim_interest": own.interest,
                    "notice_date": move.ropo_notice_date or own.notice_date,
                }
            )
        requests = self.env["ropo.request"]._queue(vals_list)
        for date, ids in asked.items():
            self.browse(ids)._ropo_note_reminder(date)
        return requests

    # --- helpers ---

    def _ropo_yesterday(self):
        return fields.Date.subtract(fields.Date.context_today(self), days=1)

    def _ropo_first_due(self):
        """The day on which the first of what is open was due."""
        dues = [line._ropo_due_date() for line in self._ropo_open_parts()]
        return min(dues, default=self.invoice_date_due or self.date)

    @api.model
    def _ropo_overdue_domain(self, due_by):
        """What is open of invoices that nobody at Ropo chases, some of it due by then.

        Wider than the verdicts, and cheap: the index of open journal items serves it.
        """
        late = [
            ("display_type", "=", "payment_term"),
            ("reconciled", "=", False),
            "|",
            ("date_maturity", "<=", due_by),
            "&",
            ("date_maturity", "=", False),
            ("move_id.invoice_date_due", "<=", due_by),
        ]
        chased = [
            ("chases", "=", True),
            ("state", "in", LIVE),
            ("void", "=", False),
            # What Ropo closed unpaid is nobody's, until a person decides.
            "|",
            ("job_id", "=", False),
            ("job_id.decision", "=", False),
        ]
        return (
            Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
            & Domain("amount_residual", ">", 0)
            & Domain("line_ids", "any", late)
            & Domain("ropo_request_ids", "not any", chased)
        )
