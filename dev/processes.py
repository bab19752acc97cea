"""Programs that run beside a command or in its place, and end with it."""

import contextlib
import os
import signal
import subprocess
import sys
import time

from . import config, venv
from .place import LOGS, ROOT, TroubleError

SECONDS_TO_START = 30
SECONDS_TO_STOP = 20


def end_on_termination():
    """Make SIGTERM unwind like Ctrl-C does, so that nothing is left running."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def call(command, output=None, **variables):
    """Run `command` in front of the person and return its exit code.

    What it prints goes to the file `output`, if any.
    """
    command = [str(word) for word in command]
    streams = {"stdout": output, "stderr": output and subprocess.STDOUT}
    environment = {**os.environ, **variables}
    with subprocess.Popen(command, env=environment, **streams) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal signalled the program too: it ends in its own way.
            return _stop(process, signals=False)
        except BaseException:
            _stop(process)
            raise


def _stop(process, signals=True):
    if signals:
        process.terminate()
    try:
        return process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@contextlib.contextmanager
def sandbox(*arguments):
    """The address of a sandbox that runs on a free port meanwhile."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / "sandbox.log"
    command = [venv.PYTHON, "-u", "-m", "sandbox", "--port", "0", *arguments]
    with path.open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield _address(process, path)
    finally:
        _stop(process)


def _address(process, log):
    """The address that a starting server prints."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        _, found, rest = log.read_text().partition("Listening on ")
        if found and "\n" in rest:
            return rest.split()[0]
        time.sleep(0.05)
    raise TroubleError(f"The sandbox did not start; what it said is in {log}.")


def odoo(*arguments, configuration=config.PATH):
    """The command line of Odoo itself."""
    return [venv.PYTHON, "-m", "odoo", *arguments, "--config", configuration]
