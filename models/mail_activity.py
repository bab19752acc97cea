from odoo import fields, models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    ropo_key = fields.Char(
        string="Cause",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Why Ropo Connect asks: the activity ends when the reason is gone.",
    )

    def _check_access(self, operation):
        # EXTENDS 'mail': nobody may write cases, but Ropo users close their activities
        result = super()._check_access(operation)
        is_user = self.env.user.has_group("ropo_connect.group_ropo_user")
        if not (self and result and operation in ("write", "unlink") and is_user):
            return result
        ids = {
            activity.id: activity.res_id
            for activity in result[0].sudo()
            if activity.res_model == "ropo.job"
        }
        cases = self.env["ropo.job"].browse(set(ids.values()))
        readable = set(cases.exists()._filtered_access("read").ids)
        forbidden = result[0].filtered(
            lambda activity: ids.get(activity.id) not in readable
        )
        if not forbidden:
            return None
        return forbidden, lambda: forbidden._make_access_error(operation)
