from collections import Counter

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

ELIGIBILITY = [
    ("ready", "Ready"),
    ("fix", "Not Ready"),
    ("final", "Not Applicable"),
]


class RopoWizardMixin(models.AbstractModel):
    """What the wizards over a selection of invoices have in common."""

    _name = "ropo.wizard.mixin"
    _description = "Selection of Invoices for Ropo"

    move_ids = fields.Many2many("account.move", string="Invoices", required=True)
    ready_count = fields.Integer(compute="_compute_counts")
    blocked_count = fields.Integer(compute="_compute_counts")
    final_count = fields.Integer(compute="_compute_counts")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        context = self.env.context
        if context.get("active_model") == "account.move" and "move_ids" in fields_list:
            values["move_ids"] = [Command.set(context.get("active_ids") or [])]
        return values

    @api.depends("line_ids.eligibility")
    def _compute_counts(self):
        for wizard in self:
            counts = Counter(wizard.line_ids.mapped("eligibility"))
            wizard.ready_count = counts["ready"]
            wizard.blocked_count = counts["fix"]
            wizard.final_count = counts["final"]

    def _lines(self, verdicts):
        """Commands for one line per invoice: those to fix, the ready ones, the rest."""
        rows = [
            {
                "move_id": move._origin.id,
                "reason": verdict.text,
                **self._eligibility_vals(verdict),
            }
            for move, verdict in verdicts.items()
        ]
        rows.sort(key=lambda row: ("fix", "ready", "final").index(row["eligibility"]))
        return [Command.clear(), *map(Command.create, rows)]

    def _eligibility_vals(self, verdict):
        """Whether it may go, and which record to open where it can be put right."""
        record = verdict.record
        if not verdict.code:
            return {"eligibility": "ready", "fix_model": "", "fix_id": 0}
        if verdict.is_final:
            return {"eligibility": "final", "fix_model": "", "fix_id": 0}
        if verdict.code == "account":
            # There is none to open: a new one is set up, by those who may.
            record = self.env["ropo.account"]
            may = record.sudo(False).has_access("create")
            model = record._name if may else ""
        else:
            model = record._name if record else ""
        return {
            "eligibility": "fix",
            "fix_model": model,
            "fix_id": record._origin.id if record else 0,
        }

    def action_check(self):
        """Looks anew at what may go; what was chosen here stays."""
        self.ensure_one()
        self._compute_line_ids()
        return self._reopen()

    def _reopen(self):
        """Shows this wizard as it is now."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env["ir.model"]._get(self._name).name,  # as it is translated
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _ready_lines(self):
        return self.line_ids.filtered(lambda line: line.eligibility == "ready")

    def _ready_moves(self):
        """The invoices that may go, or a clear refusal when none may."""
        ready = self._ready_lines().move_id
        if not ready:
            reasons = self.line_ids.mapped(
                lambda line: f"{line.move_id.display_name}: {line.reason}"
            )
            raise UserError(
                "\n".join(reasons[:10]) or self.env._("There is no invoice to send.")
            )
        return ready

    def _show(self, requests):
        """Has the queued requests worked off and shows what becomes of them."""
        self.env["ropo.outbox"]._work_off_soon(requests)
        if len(requests) == 1:
            return {"type": "ir.actions.act_window_close"}
        return self._list(requests)

    def _list(self, requests):
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ropo_connect.action_ropo_request"
        )
        action["domain"] = [("id", "in", requests.ids)]
        action["context"] = {}
        return action


class RopoWizardLineMixin(models.AbstractModel):
    """One invoice of the selection, and whether it may go."""

    _name = "ropo.wizard.line.mixin"
    _description = "Invoice in a Selection for Ropo"

    move_id = fields.Many2one("account.move", readonly=True, required=True)
    partner_id = fields.Many2one(related="move_id.commercial_partner_id")
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount_total = fields.Monetary(related="move_id.amount_total")
    amount_residual = fields.Monetary(related="move_id.amount_residual")
    invoice_date_due = fields.Date(related="move_id.invoice_date_due")
    company_id = fields.Many2one(related="move_id.company_id")
    eligibility = fields.Selection(ELIGIBILITY, string="Status", readonly=True)
    reason = fields.Char(string="Issue", readonly=True)
    fix_model = fields.Char(readonly=True)
    fix_id = fields.Integer(readonly=True)
    fix_record = fields.Reference(
        [
            ("account.move", "Invoice"),
            ("res.partner", "Customer"),
            ("res.company", "Company"),
            ("ropo.account", "Ropo Account"),
            ("ropo.job", "Case"),
            ("account.account", "Account"),
        ],
        compute="_compute_fix_record",
    )

    @api.depends("fix_model", "fix_id")
    def _compute_fix_record(self):
        for line in self:
            line.fix_record = (
                f"{line.fix_model},{line.fix_id}" if line.fix_id else False
            )
