from odoo.tools.sql import column_exists, create_column


def migrate(cr, version):
    free_paths(cr)
    store_when_it_was_collected(cr)


def free_paths(cr):
    """Those of actions that another one has now, and which Odoo deletes only at the end
    of the update: a path belongs to one. The update gives each its own again."""
    cr.execute(
        """
        UPDATE ir_actions action
           SET path = NULL
          FROM ir_model_data data
         WHERE data.module = 'ropo_connect'
           AND data.model LIKE 'ir.actions.%'
           AND data.res_id = action.id
        """
    )


def store_when_it_was_collected(cr):
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
