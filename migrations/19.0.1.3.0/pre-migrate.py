from odoo.tools.sql import column_exists, create_column

TABLES = ("ropo_account", "ropo_request", "ropo_job", "ropo_event")


def migrate(cr, version):
    """A profile names its channel: environment, host, channel, customer.

    All that is there went through Ropo One. What Ropo wrote before counts as read, so
    that nothing is to be computed for each event that is there.
    """
    for table in TABLES:
        if column_exists(cr, table, "profile"):
            cr.execute(
                f"""
                UPDATE {table}
                   SET profile = REGEXP_REPLACE(
                       profile, '^([^|]*[|][^|]*[|])([^|]*)$', '\\1ropo_one|\\2')
                 WHERE profile ~ '^[^|]*[|][^|]*[|][^|]*$'
                """  # pylint: disable=sql-injection
            )
    if not column_exists(cr, "ropo_event", "is_unread"):
        create_column(cr, "ropo_event", "is_unread", "boolean")
