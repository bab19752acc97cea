"""A mutant is tried in a fork: how one ended, and what that says of the mutant.

Only a test that fails, or never ends, kills a mutant. What goes wrong in the fork
itself says nothing of it.
"""

import contextlib
import os
import signal
import time
import traceback

SURVIVED, KILLED, MISFIT, BROKEN = 0, 1, 2, 3
TRIES = 2  # of a fork that goes wrong by itself


class MisfitError(Exception):
    """This mutant can't take the place of the code that is there."""


def outcome(name, run, limit):
    """What came of a fork, tried again where it went wrong by itself.

    :param name: what a person finds in the log
    :param run: what the fork does: it comes back when no test failed, and ends the
        process with KILLED as soon as one does
    :returns: one of the four, or below zero: the signal that ended it, as a test that
        takes longer than `limit` seconds is
    """
    code = BROKEN
    for _try in range(TRIES):
        code = _fork(name, run, limit)
        if code != BROKEN:
            break
    return code


def _fork(name, run, limit):
    child = os.fork()
    if not child:
        _be_child(name, run, limit)
    end = time.monotonic() + limit
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        time.sleep(0.005)
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            ended = os.waitpid(child, 0)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what its tests started
    code = os.waitstatus_to_exitcode(ended[1])
    return code if code <= BROKEN else BROKEN


def _be_child(name, run, limit):
    """Never comes back: nothing of what its parent is amid may happen twice."""
    code = BROKEN
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(limit) + 2)  # should its parent die
        log = os.fdopen(os.dup(2), "w")
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            run()
            code = SURVIVED
        except MisfitError:
            code = MISFIT
        except BaseException:
            print(f"Broken: {name}", traceback.format_exc(), sep="\n", file=log)
            log.flush()
    finally:
        os._exit(code)
