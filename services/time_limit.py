"""How long one call to another server may take on this server."""

import threading

from odoo.tools import config

MARGIN = 4  # one part of so many of Odoo's limit is left for the work around a call


def longest_call(is_cron=None):
    """Seconds that one call may take at most, or None when Odoo sets no limit.

    Odoo ends the worker of a request after `limit_time_real` seconds, and that of a
    scheduled action after `limit_time_real_cron`, whatever it is in the middle of.

    :param is_cron: of a scheduled action; by default of what runs now
    """
    limit = _limit(_runs_cron() if is_cron is None else is_cron)
    return max(limit - max(limit // MARGIN, 1), 1) if limit > 0 else None


def capped(seconds, is_cron=None):
    """So many seconds, or those that Odoo's limit leaves for one call."""
    longest = longest_call(is_cron)
    return seconds if longest is None else min(seconds, longest)


def _limit(is_cron):
    """As in odoo/service/server.py; 0 when there is none."""
    real = max(config["limit_time_real"] or 0, 0)
    cron = config["limit_time_real_cron"] or 0
    if not is_cron or cron < 0:
        return real
    # No limit with workers; the threads of a server without use the other one then.
    return cron or (0 if config["workers"] else real)


def _runs_cron():
    thread = threading.current_thread()
    # The first is a thread for scheduled actions, the second a worker process for them.
    return getattr(thread, "type", "") == "cron" or "WorkerCron" in thread.name
