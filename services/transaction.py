"""Commit with retry, and one record at a time: each written once."""

import logging
import random
import time
from contextlib import contextmanager, nullcontext

import psycopg2

from odoo import modules
from odoo.exceptions import UserError
from odoo.service.model import (
    MAX_TRIES_ON_CONCURRENCY_FAILURE,
    PG_CONCURRENCY_EXCEPTIONS_TO_RETRY,
)
from odoo.sql_db import Cursor

_logger = logging.getLogger(__name__)


class Attempt:
    """How an isolated block ended: `error` is what it raised, or None."""

    error = None


def without_jit(cr):
    """Has PostgreSQL compile no query of what is left of this transaction.

    Of queries that read a whole ledger it believes that it pays, and it takes three
    times as long: each worker compiles each of hundreds of expressions anew.
    """
    cr.execute("SET LOCAL jit = off")


@contextmanager
def isolated(records, doing, expected=(), reads_only=False):
    """Runs the block in a savepoint, so that one bad record never stops the others.

    What the block raises is logged, undone, and left in `error` of the `Attempt`
    that is yielded. Concurrency errors go on: who retries the transaction must see
    them, since the transaction is of no use any more.

    :param records: what the block works on, for the log
    :param doing: what failed then, such as "build its document"
    :param expected: exceptions that are no fault, such as a race that was lost
    :param reads_only: whether the block writes nothing: no savepoint then, which costs
        queries for each record; what the database raises goes on
    """
    attempt = Attempt()
    env = records.env
    try:
        with nullcontext() if reads_only else env.cr.savepoint():
            yield attempt
    except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
        raise
    except Exception as error:
        if reads_only and isinstance(error, psycopg2.Error):
            raise
        level = logging.INFO if isinstance(error, expected) else logging.ERROR
        _logger.log(
            level, "%s: can't %s", records, doing, exc_info=level > logging.INFO
        )
        if not reads_only:
            env.invalidate_all(flush=False)
        attempt.error = error


def together_or_alone(records, act, doing):
    """`act(records)` and, only where that fails, `act` of each alone, isolated; the
    errors of those that fail alone, as `{record: error}`.

    All at once costs one savepoint, however many they are.
    """
    with isolated(records, doing, expected=Exception) as together:
        act(records)
    errors = {}
    for record in records if together.error else ():
        with isolated(record, doing) as alone:
            act(record)
        if alone.error:
            errors[record] = alone.error
    return errors


def commit_with_retry(env, act, *args):
    """What `act(*args)` returns, its work committed.

    Run again when another transaction came first, as when a user changes the same
    records. `act` makes no call to another server, since it may run several times.
    """
    for tries_left in reversed(range(MAX_TRIES_ON_CONCURRENCY_FAILURE)):
        try:
            result = act(*args)
            # What this commits is the caller's write-ahead, or an answer to keep.
            env.cr.commit()  # pylint: disable=invalid-commit
            return result
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            env.cr.rollback()
            if not tries_left:
                raise
            time.sleep(random.uniform(0.05, 0.2))


def commit_before_call(env):
    """Ends the user's transaction, for another server is to be called.

    Odoo repeats a whole request when another transaction came first, and would repeat
    the call with it. What follows the call is written with `keep_answer`.
    """
    if not _is_tests_own(env):
        # The user's own work is kept before the call, as a write-ahead.
        env.cr.commit()  # pylint: disable=invalid-commit


def keep_answer(env, act, *args):
    """What `act(*args)` returns, which writes what another server answered: committed
    at once, and only this is repeated when another transaction came first."""
    if _is_tests_own(env):
        return act(*args)
    try:
        return commit_with_retry(env, act, *args)
    except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
        # Odoo would repeat the request, and the call with it.
        raise UserError(
            env._("Others change the same records just now. Try again in a moment.")
        ) from error


def _is_tests_own(env):
    """Whether the transaction is a test's own, which no test may commit."""
    return modules.module.current_test and isinstance(env.cr, Cursor)
