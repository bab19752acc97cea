"""Runs the tests: Odoo's, the channels' and the sandbox's, in one session of pytest."""

import os

from . import config, databases, processes, system, venv
from .place import ROOT

FOLDERS = ["tests", "sandbox/tests"]
PROGRAMS = ["chromium", "wkhtmltopdf"]


def run(odoo, arguments):
    """Run pytest on a database of its own; two workers take copies of that."""
    system.ensure(*PROGRAMS)
    name = f"{databases.PREFIX}test_{os.getpid()}"
    databases.new(odoo, name)
    try:
        return processes.call(_command(name, arguments))
    finally:
        databases.drop(name)


def _command(database, arguments):
    arguments = [_through_link(argument) for argument in arguments]
    if not any(str(config.ADDON) in argument for argument in arguments):
        arguments += [
            str(config.ADDON / name) for name in FOLDERS if (ROOT / name).exists()
        ]
    pytest = [venv.PYTHON, "-m", "pytest", f"--rootdir={config.ADDONS}"]
    pytest += ["-c", config.ADDON / "pyproject.toml"]
    # Setting up a class costs seconds: its tests stay with one worker.
    pytest += ["--numprocesses=2", "--dist=loadscope", "--odoo-http"]
    pytest += ["-p", "dev.filestore"]
    pytest += [f"--odoo-config={config.PATH}", f"--odoo-database={database}"]
    return [*pytest, *arguments]


def _through_link(argument):
    """A path of the checkout as Odoo knows it: below a folder with the addon's name."""
    path = argument.split("::")[0]
    named = path in FOLDERS or ("/" in path and not path.startswith("-"))
    if named and (ROOT / path).exists():
        return f"{config.ADDON}/{os.path.relpath(path, ROOT)}{argument[len(path) :]}"
    return argument
