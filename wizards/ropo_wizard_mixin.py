from odoo import api, fields, models
from odoo.exceptions import UserError


class RopoWizardMixin(models.AbstractModel):
    """What the wizards over a selection of invoices have in common."""

    _name = "ropo.wizard.mixin"
    _description = "Selection of Invoices for Ropo"

    move_ids = fields.Many2many("account.move", string="Invoices", required=True)
    ready_count = fields.Integer(compute="_compute_counts")
    blocked_count = fields.Integer(compute="_compute_counts")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        context = self.env.context
        if context.get("active_model") == "account.move" and "move_ids" in fields_list:
            values["move_ids"] = [(6, 0, context.get("active_ids") or [])]
        return values

    @api.depends("line_ids.reason")
    def _compute_counts(self):
        for wizard in self:
            blocked = wizard.line_ids.filtered("reason")
            wizard.blocked_count = len(blocked)
            wizard.ready_count = len(wizard.line_ids) - len(blocked)

    def _lines(self, verdicts):
        """Commands for one line per invoice, those to mend first."""
        rows = [
            {
                "move_id": move._origin.id,
                "reason": verdict.text,
                "fix_model": verdict.record._name if verdict.record else "",
                "fix_id": verdict.record._origin.id if verdict.record else 0,
            }
            for move, verdict in verdicts.items()
        ]
        rows.sort(key=lambda row: not row["reason"])
        return [(5, 0, 0), *((0, 0, row) for row in rows)]

    def action_check(self):
        """Looks anew at what may go; what was chosen here stays."""
        self.ensure_one()
        self._compute_line_ids()
        return self._reopen()

    def _reopen(self):
        """Shows this wizard as it is now."""
        return {
            "type": "ir.actions.act_window",
            "name": self._description,
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _ready_moves(self):
        """The invoices that may go, or a clear refusal when none may."""
        ready = self.line_ids.filtered(lambda line: not line.reason).move_id
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
        requests._work_off_soon()
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
    reason = fields.Char(string="Why Not", readonly=True)
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
