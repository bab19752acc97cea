from odoo import api, models

from .questions import QUESTIONS


class RopoActivities(models.AbstractModel):
    """What a person is asked: once for each cause, until the cause is gone.

    The activity stores the key of its cause, by which it is found whatever the language
    of its text is.
    """

    _name = "ropo.activities"
    _description = "Ropo: Activities"

    @api.model
    def _schedule(self, records, key, type_xmlid, **values):
        """Asks about each of these, unless it is asked already."""
        asked = set(self._open(records, key).mapped("res_id"))
        new = records.filtered(lambda record: record.id not in asked)
        return new.activity_schedule(type_xmlid, ropo_key=key, **values)

    @api.model
    def _close(self, records, key, feedback=None):
        """The cause is gone.

        :param feedback: what the history of the record then says; without it, nothing
        """
        activities = self._open(records, key)
        if feedback:
            activities.action_feedback(feedback=feedback)
        else:
            activities.unlink()

    @api.model
    def _open(self, records, key):
        """The activities of these for this cause. As superuser: a question may be
        another user's."""
        return (
            self.env["mail.activity"]
            .sudo()
            .search(
                [
                    ("ropo_key", "=", key),
                    ("res_model", "=", records._name),
                    ("res_id", "in", records.ids),
                ]
            )
        )

    @api.model
    def _close_answered(self, accounts):
        """Ends the activities on these accounts whose cause is gone, whoever ended it.
        One query where none is open, else one more for each kind of cause."""
        activities = (
            self.env["mail.activity"]
            .sudo()
            .search(
                [
                    ("ropo_key", "in", list(QUESTIONS)),
                    ("res_model", "=", "ropo.account"),
                    ("res_id", "in", accounts.ids),
                ]
            )
        )
        answered = self.env["mail.activity"]
        for key, own in activities.grouped("ropo_key").items():
            asked = accounts.browse(own.mapped("res_id"))
            still = self.env["ropo.questions"]._still_open(key, asked)
            answered |= own.filtered(lambda a, ids=still.ids: a.res_id not in ids)
        if answered:
            answered.action_feedback(feedback=self._gone())

    def _gone(self):
        return self.env._("Nothing needs to be done any more: the reason is gone.")
