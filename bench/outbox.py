"""The outbox, filled and emptied around what is measured."""

from .measure import cost
from .world import LOG

AT_ONCE = 1000  # that are asked for together
TABLES = ["ropo_event", "ropo_request", "ropo_job", "ropo_token"]


def clear(world):
    """Nothing was reported, and Ropo knows nothing."""
    world.ropo.reset()
    with world.environment() as env:
        for table in TABLES:
            env.cr.execute(f"DELETE FROM {table}")
        env.cr.execute(
            "UPDATE account_move SET ropo_state = NULL, is_move_sent = FALSE "
            "WHERE ropo_state IS NOT NULL"
        )
        env.cr.execute(f"ANALYZE account_move, {', '.join(TABLES)}")
        env.cr.commit()


def fill(world, move_ids, operation="invoice", **values):
    """Queues one request for each, as the wizards do, with these values."""
    # As they come in, so that the memory that is measured is that of sending them.
    for start in range(0, len(move_ids), AT_ONCE):
        with world.environment() as env:
            moves = env["account.move"].browse(move_ids[start : start + AT_ONCE])
            request_vals = env["ropo.queueing"]._request_vals
            vals_list = [request_vals(move, operation) | values for move in moves]
            env["ropo.request"]._queue(vals_list)
            env.cr.commit()


def work_off(world, account_id, count):
    """The cost of reporting all that is queued; none of it may be left."""
    with world.environment() as env:
        found = cost(lambda: env["ropo.outbox"]._work_off(account_id), count)
    check(world)
    return found


def check(world):
    """Nothing may be left that was not reported."""
    with world.environment() as env:
        states = dict(env["ropo.request"]._read_group([], ["state"], ["__count"]))
    if [*states] != ["done"]:
        raise RuntimeError(f"Not all of it was reported: {states}, see {LOG}")


def send(world, account_id, move_ids):
    """The cost of sending these invoices, from an outbox and a Ropo that are empty."""
    clear(world)
    fill(world, move_ids)
    return work_off(world, account_id, len(move_ids))
