from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

DELIVERIES = [
    ("post", "Letter"),
    ("email", "E-mail"),
    ("evoice", "E-invoice"),
    ("evoicenet", "E-invoice, printed when it can't be delivered"),
    ("evoicesm", "E-invoice by its service message"),
    ("peppol", "Peppol"),
    ("b2c", "E-invoice to a consumer's bank"),
    ("print", "Printed by ourselves"),
]
# What customers, and colleagues who have nothing to do with invoices, don't see.
READERS = "account.group_account_invoice,account.group_account_readonly"
ID_PREFIX = "ODOO-"


class ResPartner(models.Model):
    _inherit = "res.partner"

    invoice_sending_method = fields.Selection(selection_add=[("ropo", "via Ropo")])
    ropo_sendtype = fields.Selection(
        DELIVERIES,
        string="Ropo Delivery",
        help="How Ropo delivers this customer's invoices. Empty: as agreed with Ropo.",
        groups=READERS,
    )
    ropo_evoice = fields.Char(
        string="E-invoice Address",
        help="The address that the customer receives e-invoices at: an OVT code, an "
        "IBAN or a Peppol id.",
        groups=READERS,
    )
    ropo_evoice_operator = fields.Char(
        string="E-invoice Operator",
        help="The code of the operator or bank that forwards the e-invoices.",
        groups=READERS,
    )
    ropo_evoice_default = fields.Char(
        compute="_compute_ropo_evoice_defaults",
        groups=READERS,
        help="What another module has, and what counts where nothing is entered.",
    )
    ropo_evoice_operator_default = fields.Char(
        compute="_compute_ropo_evoice_defaults", groups=READERS
    )
    ropo_double_delivery = fields.Char(
        compute="_compute_ropo_double_delivery", groups=READERS
    )
    ropo_second_email = fields.Char(
        string="Second E-mail for Invoices",
        help="Invoices that Ropo sends by e-mail go to this address too.",
        groups=READERS,
    )
    ropo_language = fields.Selection(
        [
            ("fi", "Finnish"),
            ("sv", "Swedish"),
            ("nb", "Norwegian"),
            ("en", "English"),
            ("et", "Estonian"),
        ],
        help="The language of Ropo's letters. Empty: the customer's language.",
        groups=READERS,
    )
    ropo_no_collection = fields.Boolean(
        string="No Reminders or Collection",
        help="Invoices of this customer are never transferred to Ropo.",
        groups=READERS,
    )
    ropo_no_electronic_reminder = fields.Boolean(
        string="Reminders by Post",
        help="Reminders to this customer are sent as letters, whatever the delivery "
        "of the invoices.",
        groups=READERS,
    )
    ropo_personal_id = fields.Char(
        string="Personal Identity Number",
        groups="ropo_connect.group_ropo_manager",
        copy=False,
        help="Only where Ropo demands one to collect from a private person.",
    )

    # --- computes ---

    def _compute_ropo_evoice_defaults(self):
        debtors = self.env["ropo.debtor"]
        for partner in self:
            address, operator = debtors._other_einvoice_address(partner)
            partner.ropo_evoice_default = address
            partner.ropo_evoice_operator_default = operator

    @api.depends("invoice_sending_method", "ropo_sendtype")
    @api.depends_context("company")
    def _compute_ropo_double_delivery(self):
        rules = self.env["ropo.delivery.rules"]
        for partner in self:
            partner.ropo_double_delivery = rules._double_delivery_text(partner)

    # --- onchanges ---

    @api.onchange("ropo_no_collection")
    def _onchange_ropo_no_collection(self):
        if self.ropo_no_collection:
            return self.env["ropo.exemption"]._warning(self._origin)

    # --- CRUD ---

    def write(self, vals):
        # EXTENDS 'base'
        result = super().write(vals)
        if "ropo_no_collection" in vals:
            self.env["ropo.exemption"]._follow_partners(self)
        return result

    def copy_data(self, default=None):
        # EXTENDS: who may not see these may copy a customer all the same
        default = default or {}
        hidden = {
            name: False
            for name, field in self._fields.items()
            if not self._has_field_access(field, "write")
            and name.startswith("ropo_")
            and name not in default
        }
        copies = super().copy_data({**hidden, **default})
        for vals in filter(None, copies):
            for name in hidden:
                vals.pop(name)
        return copies

    # --- actions ---

    def action_ropo_transfer(self):
        """Opens the wizard that hands all overdue invoices of these customers over."""
        Move = self.env["account.move"]
        moves = Move.search(
            Domain("company_id", "in", self.env.companies.ids)
            & Domain("commercial_partner_id", "in", self.commercial_partner_id.ids)
            & self.env["ropo.transfer.rules"]._overdue_domain()
        )
        if not moves:
            raise UserError(
                self.env._(
                    "%(partners)s: there is no overdue invoice that Ropo does not "
                    "collect already.",
                    partners=", ".join(self.mapped("display_name")[:5]),
                )
            )
        return moves.action_ropo_transfer()

    def action_ropo_disclose(self):
        """Downloads what Ropo was sent of this customer, and reported (JSON)."""
        self.ensure_one()
        self.env["ropo.disclosure"]._check_manager()
        companies = ",".join(map(str, self.env.companies.ids))
        return {
            "type": "ir.actions.act_url",
            "url": f"/ropo/disclosure/{self.id}?companies={companies}",
            "target": "download",
        }

    # --- helpers ---

    def _ropo_reference(self):
        """The customer number by which Ropo and we mean the same debtor.

        An id has a prefix, so that it is never somebody else's reference.
        """
        self.ensure_one()
        return self._ropo_own_reference() or f"{ID_PREFIX}{self.id}"

    def _ropo_own_reference(self):
        """The reference that was entered, if it can serve as a customer number."""
        reference = self.ref or ""
        return "" if reference.startswith(ID_PREFIX) else reference
