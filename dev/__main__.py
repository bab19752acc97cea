"""Sets up Odoo, PostgreSQL and databases, and runs the project's commands."""

import inspect
import sys

if sys.version_info < (3, 11):
    sys.exit("This needs Python 3.11 or newer, for example: python3.11 -m dev test")

from . import commands
from .place import TroubleError, show
from .processes import end_on_termination


def main(name="--help", *arguments):
    command = {known.__name__: known for known in commands.ALL}.get(name)
    if not command:
        show_help()
        return 0 if name in {"help", "--help", "-h"} else 2
    try:
        inspect.signature(command).bind(*arguments)
    except TypeError as error:
        show(f"{name}: {error}; it takes {name}{inspect.signature(command)}.")
        return 2
    end_on_termination()
    try:
        return command(*arguments)
    except TroubleError as trouble:
        show(str(trouble))
        return trouble.code
    except KeyboardInterrupt:
        show("Stopped.")
    return 1


def show_help():
    print(f"python3 -m dev COMMAND [ARGUMENTS]\n\n{__doc__}\n")
    for command in commands.ALL:
        print(f"  {command.__name__:<12}{command.__doc__.splitlines()[0]}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
