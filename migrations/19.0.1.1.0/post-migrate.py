def migrate(cr, version):
    reset_what_belongs_to_no_state(cr)


def reset_what_belongs_to_no_state(cr):
    """Dates of an earlier state woke workers for what only a person can move on."""
    cr.execute(
        "UPDATE ropo_request SET to_review = TRUE, next_attempt_at = NULL "
        "WHERE state = 'unknown' AND look_ups >= 5"
    )
    cr.execute(
        "UPDATE ropo_request SET next_attempt_at = NULL, lease_until = NULL "
        "WHERE state IN ('done', 'rejected', 'cancelled') "
        "AND (next_attempt_at IS NOT NULL OR lease_until IS NOT NULL)"
    )
