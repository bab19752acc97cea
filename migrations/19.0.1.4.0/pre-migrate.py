from odoo.tools.sql import column_exists, create_column


def migrate(cr, version):
    """The day of the money that Ropo collected, by which it is summed up."""
    if column_exists(cr, "ropo_event", "collected_on"):
        return
    create_column(cr, "ropo_event", "collected_on", "date")
    cr.execute(
        """
        UPDATE ropo_event
           SET collected_on = COALESCE(day, event_time::date, create_date::date)
         WHERE counted != 0
        """
    )
