from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize


class RopoActivationWizard(models.TransientModel):
    """Explains the agreement with Ropo, and asks for it."""

    _name = "ropo.activation.wizard"
    _description = "Activate Receivables Service"

    account_id = fields.Many2one("ropo.account", required=True, readonly=True)
    country = fields.Selection(related="account_id.country")
    email = fields.Char(
        string="Contact E-mail",
        required=True,
        compute="_compute_email",
        store=True,
        readonly=False,
        help="Of who may sign for the company: Ropo sends the form there.",
    )

    @api.depends("account_id")
    def _compute_email(self):
        for wizard in self:
            company = wizard.account_id.company_id
            wizard.email = self.env.user.email or company.email

    def action_activate(self):
        self.ensure_one()
        self.account_id.check_access("write")
        email = email_normalize(self.email or "")
        if not email:
            raise UserError(
                self.env._(
                    "“%(email)s” is no e-mail address. Enter that of who signs for "
                    "the company.",
                    email=self.email,
                )
            )
        self.account_id._activate_service(email)
        return {"type": "ir.actions.act_window_close"}
