from odoo.tools.sql import column_exists, create_column, rename_column

RENAMED = (
    ("ropo_request", "chases", "collects"),
    ("ropo_job", "chased", "is_collected"),
    ("ropo_event", "told_stage", "applied_stage"),
)


def migrate(cr, version):
    rename_columns(cr)
    known = column_exists(cr, "ropo_event", "doubt_request_id")
    if known and not column_exists(cr, "ropo_event", "is_missing"):
        # Else Odoo would read every event there ever was, to compute it.
        create_column(cr, "ropo_event", "is_missing", "boolean")
        store_what_is_missing(cr)


def store_what_is_missing(cr):
    """`is_missing` of events, as `_compute_is_missing` has it."""
    cr.execute(
        """
        UPDATE ropo_event event
           SET is_missing = TRUE
         WHERE LOWER(event.kind) = 'payment'
           AND event.amount != 0
           AND event.request_id IS NULL
           AND event.doubt_request_id IS NULL
           AND event.duplicate_of_id IS NULL
           AND COALESCE(event.source_partial_id, 0) = 0
           AND NOT EXISTS (
               SELECT FROM account_payment payment
                WHERE payment.ropo_event_id = event.id)
        """
    )


def rename_columns(cr):
    """Columns, and the unique index, whose names said it in other words."""
    for table, before, now in RENAMED:
        if column_exists(cr, table, before):
            rename_column(cr, table, before, now)
    cr.execute(
        """
        ALTER INDEX IF EXISTS ropo_request_one_chase_per_invoice
          RENAME TO ropo_request_one_transfer_per_invoice
        """
    )
