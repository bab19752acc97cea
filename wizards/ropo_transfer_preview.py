from odoo import api, fields, models

from ..services.transaction import isolated

STATUSES = [
    ("goes", "Scheduled"),
    ("later", "Deferred (Limit)"),
    ("waits", "To Review"),
    ("held", "On Hold"),
    ("stays", "Not Eligible"),
]


class RopoTransferPreview(models.TransientModel):
    """One overdue invoice, and what the next scheduled transfer would do with it.

    Each person has rows of their own. They are made as of now whenever the list is
    read, however one came there: by the menu, the browser's Back, or the address.
    """

    _name = "ropo.transfer.preview"
    _description = "Scheduled Transfer"
    _order = "id"

    account_id = fields.Many2one("ropo.account", readonly=True)
    kind = fields.Selection(
        [("reminder", "Reminder"), ("collection", "Collection")],
        readonly=True,
    )
    move_id = fields.Many2one(
        "account.move", string="Invoice", readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(string="Open", readonly=True)
    invoice_date_due = fields.Date(string="Due Date", readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator="max")
    status = fields.Selection(STATUSES, readonly=True)
    text = fields.Char(string="Issue", readonly=True)
    next_transfer_at = fields.Datetime(related="account_id.next_transfer_at")
    has_warning = fields.Boolean(readonly=True)

    # --- reading ---

    @api.model
    def web_search_read(self, *args, **kwargs):
        # EXTENDS 'web'
        self = self._as_of_now()
        return super().web_search_read(*args, **kwargs)

    @api.model
    def web_read_group(self, *args, **kwargs):
        # EXTENDS 'web'
        self = self._as_of_now()
        return super().web_read_group(*args, **kwargs)

    # Not on a replica of the database: rows are written before they are read.
    web_search_read._readonly = web_read_group._readonly = False

    @api.model
    def get_empty_list_help(self, help_message):
        # EXTENDS 'web'
        accounts = self.env["ropo.account"]
        text = accounts._help_to_set_up() or accounts._help_to_schedule()
        return super().get_empty_list_help(text or help_message)

    # --- actions ---

    def action_hold(self):
        """Keeps these invoices back until they are resumed."""
        self.move_id.ropo_hold = True
        self._refresh(self.env["ropo.account"]._automatic())

    def action_release(self):
        self.move_id.ropo_hold = False
        self._refresh(self.env["ropo.account"]._automatic())

    def action_open(self):
        self.ensure_one()
        return self.move_id._get_records_action()

    def action_open_credits(self):
        """Shows the money or credit notes that the warning is about."""
        return self.move_id.action_ropo_open_credits()

    # --- business ---

    @api.model
    def _open(self, accounts):
        """An action that lists what the next run would do for these accounts."""
        self._refresh(self.env["ropo.account"]._automatic() | accounts)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ropo_connect.action_ropo_transfer_preview"
        )
        menu = self.env.ref("ropo_connect.action_ropo_transfer_previews").sudo()
        return action | {
            "domain": [("account_id", "in", accounts.ids)],
            "path": menu.path,
        }

    def _as_of_now(self):
        """This model with the rows of the person who looks as they are now."""
        if not self.env.context.get("ropo_as_of_now"):
            self._refresh(self.env["ropo.account"]._automatic())
        return self.with_context(ropo_as_of_now=True)  # once in one request

    @api.model
    def _refresh(self, accounts):
        """Makes the person's rows those of `accounts` as of now. A row of the same
        invoice keeps its id, so that what is selected on the screen stays so."""
        rows = self.search([("create_uid", "=", self.env.uid)])
        known = {(row.account_id.id, row.move_id.id): row for row in rows}
        current, fresh = self.browse(), []
        for vals in self._planned_vals(accounts):
            row = known.get((vals["account_id"], vals["move_id"]))
            if row:
                row._update(vals)
                current |= row
            else:
                fresh.append(vals)
        (rows - current).unlink()
        self.create(fresh)

    def _planned_vals(self, accounts):
        today = fields.Date.context_today(self)
        for account in accounts:
            plans = []
            with isolated(account, "plan its transfers"):
                plans = list(self.env["ropo.policy"]._plan(account))
            for plan in plans:
                for move, (verdict, status) in plan.items():
                    yield {
                        "account_id": account.id,
                        "kind": account.auto_transfer,
                        "move_id": move.id,
                        "partner_id": move.commercial_partner_id.id,
                        "currency_id": move.currency_id.id,
                        "amount": move.amount_residual,
                        "invoice_date_due": move._ropo_first_due(),
                        "days_overdue": (today - move._ropo_first_due()).days,
                        "status": status,
                        "text": verdict.text or verdict.warning,
                        "has_warning": bool(verdict.warning),
                    }

    def _update(self, vals):
        """Writes what differs: most rows are as they were."""
        now = self._convert_to_write({name: self[name] for name in vals})
        changed = {name: vals[name] for name in vals if now[name] != vals[name]}
        if changed:
            self.write(changed)
