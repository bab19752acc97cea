"""Where things are, and how trouble is shown."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "dev"
STATE = ROOT / ".dev"
LOGS = STATE / "log"
NAME = "ropo_connect"
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


class TroubleError(Exception):
    """Foreseeable trouble: one sentence with the remedy, shown without a traceback."""

    code = 1  # with which the command ends


class UsageError(TroubleError):
    """The command was not asked for in the way that it takes."""

    code = 2


def show(text):
    print(text, file=sys.stderr, flush=True)
