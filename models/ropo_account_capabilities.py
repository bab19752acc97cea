from odoo import api, fields, models
from odoo.exceptions import UserError


class RopoAccount(models.Model):
    """What the account's channel can do: what forms show, and actions ask for."""

    _inherit = "ropo.account"

    can_preview = fields.Boolean(compute="_compute_capabilities")
    can_print_locally = fields.Boolean(compute="_compute_capabilities")
    has_debtor_page = fields.Boolean(compute="_compute_capabilities")
    has_service_models = fields.Boolean(compute="_compute_capabilities")
    has_webhook = fields.Boolean(compute="_compute_capabilities")
    can_find_invoices = fields.Boolean(compute="_compute_capabilities")
    can_fetch_documents = fields.Boolean(compute="_compute_capabilities")
    terms_names = fields.Char(
        compute="_compute_capabilities",
        help="What the channel lets one choose of invoices and claims.",
    )

    # --- computes ---

    @api.depends("channel", "country")
    def _compute_capabilities(self):
        for account in self:
            can = account._channel().capabilities
            account.can_preview = can.preview
            account.can_print_locally = can.local_print
            account.has_debtor_page = can.debtor_page
            account.has_service_models = bool(can.service_models)
            account.has_webhook = can.webhook
            account.can_find_invoices = can.finds_invoices
            account.can_fetch_documents = can.documents
            account.terms_names = self._names(can, account.country)

    @staticmethod
    def _names(can, country):
        """In one text, so that views can ask for each."""
        names = {*can.invoice_terms, *can.claim_terms}
        for name, is_there in (
            ("co_debtors", can.co_debtors),
            ("credit_allocation", len(can.credit_ways) > 1),
            ("delivered_elsewhere", not can.needs_invoice),
        ):
            if is_there:
                names.add(name)
        if country not in can.rental_countries:
            names.discard("is_rental")
        return " ".join(sorted(names))

    # --- business ---

    def _check_can(self, capability):
        """Raises that the channel has no call for what was asked.

        :param capability: the name of one of the fields above, such as `can_preview`
        """
        unable = self.filtered(lambda account: not account[capability])
        if unable:
            raise UserError(
                self.env._(
                    "%(accounts)s: %(channel)s has no call for this.",
                    accounts=", ".join(unable.mapped("name")),
                    channel=unable[0]._label("channel"),
                )
            )
