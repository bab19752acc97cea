"""Runs the steps of a set-up: logged, whole or not at all, one at a time."""

import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess

from .place import LOGS, STATE, TroubleError, show

SHOWN_LINES = 15


class FailedError(TroubleError):
    """A step failed; `output` is what its program printed."""

    def __init__(self, text, output):
        super().__init__(text)
        self.output = output


def run(log, command, *, trouble=None, **options):
    """Run `command`, what it prints kept in `.dev/log/<log>.log`."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    command = [str(word) for word in command]
    with path.open("a+") as output:
        print("$", shlex.join(command), file=output, flush=True)
        begin = output.tell()
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        if not subprocess.run(command, **streams, **options).returncode:
            return
        output.seek(begin)
        lines = output.readlines()
    for line in lines[-SHOWN_LINES:]:
        show(f"  {line.rstrip()}")
    trouble = trouble or f"{os.path.basename(command[0])} failed"
    text = f"{trouble}; all that it said is in {path}."
    raise FailedError(text, "".join(lines))


def output(command, **options):
    """What `command` prints; nothing when it fails."""
    command = [str(word) for word in command]
    return subprocess.run(command, capture_output=True, text=True, **options).stdout


@contextlib.contextmanager
def new_folder(target):
    """A folder to fill that becomes `target` only when it is complete."""
    folder = target.with_name(f"{target.name}.new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)


def digest(*parts):
    """One short name for all that `parts` say."""
    total = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else str(part).encode()
        total.update(b"%d:" % len(content) + content)
    return total.hexdigest()[:16]


def fresh(folder, *inputs):
    """Whether `folder` was finished from just these inputs."""
    with contextlib.suppress(OSError):
        return (folder / ".stamp").read_text() == digest(*inputs)
    return False


def stamp(folder, *inputs):
    """Say that `folder` is finished: the last thing that is written to it."""
    (folder / ".stamp").write_text(digest(*inputs))


@contextlib.contextmanager
def alone(what="set-up"):
    """Let one command at a time do `what`; a command that dies lets go of it."""
    STATE.mkdir(exist_ok=True)
    with (STATE / f"{what}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            show(f"Waiting for another command to finish its {what} …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
