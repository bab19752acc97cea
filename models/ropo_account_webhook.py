import hashlib
from hmac import compare_digest
from secrets import token_urlsafe

from odoo import api, fields, models
from odoo.exceptions import AccessError


class RopoAccount(models.Model):
    """The webhook: the address at which Ropo reports to this account."""

    _inherit = "ropo.account"

    webhook_key = fields.Char(
        default=lambda self: token_urlsafe(24),
        groups="base.group_system",
        copy=False,
    )
    webhook_user = fields.Char(groups="base.group_system", copy=False)
    webhook_password = fields.Char(groups="base.group_system", copy=False)
    webhook_url = fields.Char(
        string="Webhook URL",
        compute="_compute_webhook_url",
        groups="base.group_system",
        help="Ropo sends its status updates here as they happen.",
    )

    _webhook_key_unique = models.UniqueIndex(
        "(webhook_key)", "Another account has this webhook key."
    )

    # --- computes ---

    @api.depends("webhook_key")
    def _compute_webhook_url(self):
        for account in self:
            account.webhook_url = account.webhook_key and (
                f"{account.get_base_url()}/ropo/webhook/{account.webhook_key}"
            )

    # --- actions ---

    def action_renew_webhook_key(self):
        """Gives the webhook another address; the old one is dead at once."""
        if not self.env.su and not self.env.user.has_group("base.group_system"):
            raise AccessError(
                self.env._(
                    "Only a system administrator may regenerate the webhook URL."
                )
            )
        for account in self:
            account.webhook_key = token_urlsafe(24)

    # --- business ---

    @api.model
    def _of_webhook(self, key, user, password):
        """The account whose webhook these open, or none at all.

        An unknown key, an account without user or password, and a wrong password are
        compared alike, so that neither the answer nor its time distinguishes them.
        """
        account = self.sudo().search_fetch(
            [("webhook_key", "=", (key or "-").replace("\0", ""))],
            ["webhook_user", "webhook_password", "environment", "database_uuid"],
            limit=1,
        )
        expected = (account.webhook_user, account.webhook_password)
        matches = [
            compare_digest(_digest(given or ""), _digest(wanted or token_urlsafe()))
            for given, wanted in zip((user, password), expected, strict=True)
        ]
        if all(matches) and not account._is_copy():
            return account.with_company(account.company_id)
        return self.browse()


def _digest(text):
    """Of the same length whatever the text, so that comparing shows no length."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
