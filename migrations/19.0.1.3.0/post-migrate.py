from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """The codes of the channel that is new; those of the other are the manager's.

    What Ropo wrote before counts as read.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["ropo.status.code"]._load_known()
    cr.execute(
        """
        UPDATE ropo_event
           SET is_message = TRUE
         WHERE stage IS NULL
           AND LOWER(kind) IS DISTINCT FROM 'payment'
           AND (LOWER(kind) = 'comment' OR code = '98')
        """
    )
