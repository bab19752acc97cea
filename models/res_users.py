from odoo import fields, models
from odoo.exceptions import AccessError

OWN_FIELDS = ["ropo_digest_on"]
# Those who may get the summary, and those who manage users.
READERS = "ropo_connect.group_ropo_manager,base.group_erp_manager"


class ResUsers(models.Model):
    """Who gets the daily summary, and when it was sent last."""

    _inherit = "res.users"

    ropo_digest_on = fields.Boolean(
        string="Ropo Daily Summary",
        copy=False,
        groups=READERS,
        help="Get an e-mail in the morning when something at Ropo waits for a "
        "decision. At most one a day; none when nothing waits.",
    )
    ropo_digest_sent = fields.Date(
        string="Last Ropo Daily Summary", readonly=True, copy=False, groups=READERS
    )

    @property
    def SELF_READABLE_FIELDS(self):
        # EXTENDS 'base'
        return super().SELF_READABLE_FIELDS + OWN_FIELDS

    @property
    def SELF_WRITEABLE_FIELDS(self):
        # EXTENDS 'base'
        return super().SELF_WRITEABLE_FIELDS + OWN_FIELDS

    # --- actions ---

    def action_ropo_digest_on(self):
        self._set_ropo_digest(True)

    def action_ropo_digest_off(self):
        self._set_ropo_digest(False)

    def _set_ropo_digest(self, is_on):
        """A Ropo manager chooses for those who are managers too: nobody else may get
        it, and users are otherwise changed by administrators."""
        manager = "ropo_connect.group_ropo_manager"
        if not self.env.su and not self.env.user.has_group(manager):
            raise AccessError(
                self.env._("Only a Ropo manager may choose who gets the summary.")
            )
        self.check_access("read")
        readers = self.sudo().filtered(lambda user: user.has_group(manager))
        readers.ropo_digest_on = is_on
