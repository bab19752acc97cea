"""Runs the tests: those of the optional addons, then all others, each in one session
of pytest on databases of its own."""

import os
from pathlib import Path
from typing import NamedTuple

from . import config, databases, optional, processes, system, venv
from .place import ROOT, show

FOLDERS = ["tests", "sandbox/tests"]
PROGRAMS = ["chromium", "wkhtmltopdf"]
NO_TESTS = 5  # pytest's code where the arguments leave none


class Session(NamedTuple):
    """What is tested together: on copies of one template, with one configuration."""

    kind: str
    places: list  # where its tests are
    root: Path  # the folder from whose names Odoo knows the addons
    configuration: Path


def run(odoo, arguments):
    """Run the sessions that hold what is asked for, and return a code for them all.

    The addon's own session comes last: what it sums up closes the output.
    """
    system.ensure(*PROGRAMS)
    codes = [run_session(odoo, *chosen) for chosen in _chosen(arguments)]
    return next((code for code in codes if code not in (0, NO_TESTS)), min(codes))


def _sessions():
    others = [folder / "tests" for folder in optional.folders()]
    own = [config.ADDON / name for name in FOLDERS if (ROOT / name).exists()]
    return (
        Session("optional", others, optional.FOLDER, optional.CONFIG),
        Session("addon", own, config.ADDONS, config.PATH),
    )


def _chosen(arguments):
    """The sessions to run, each with its arguments: the options and its own places."""
    options, places = [], {"optional": [], "addon": []}
    for argument in arguments:
        path = argument.split("::")[0]
        if not _is_place(path):
            options.append(argument)
        elif (ROOT / path).is_relative_to(optional.FOLDER):
            places["optional"].append(ROOT / argument)
        else:
            # As Odoo knows it: below a folder with the addon's name.
            link = f"{config.ADDON}/{os.path.relpath(path, ROOT)}"
            places["addon"].append(f"{link}{argument[len(path) :]}")
    for session in _sessions():
        chosen = places[session.kind] if any(places.values()) else session.places
        if chosen:
            yield session, [*options, *chosen]


def _is_place(path):
    named = path in FOLDERS or ("/" in path and not path.startswith("-"))
    return named and (ROOT / path).exists()


def run_session(odoo, session, arguments, output=None):
    """Run a session on a database of its own; two workers take copies of that.

    What it prints goes to the file `output`, if any.
    """
    name = f"{databases.PREFIX}test_{os.getpid()}"
    databases.new(odoo, name, session.kind)
    if session.kind == "optional":
        show(f"Tests of {', '.join(optional.names())}:")
    try:
        return processes.call(_command(name, session, arguments), output)
    finally:
        databases.drop(name)


def _command(database, session, arguments):
    pytest = [venv.PYTHON, "-m", "pytest", f"--rootdir={session.root}"]
    pytest += ["-c", config.ADDON / "pyproject.toml"]
    # Setting up a class costs seconds: its tests stay with one worker.
    pytest += ["--numprocesses=2", "--dist=loadscope", "--odoo-http"]
    pytest += ["-p", "dev.filestore"]
    if session.kind == "addon":  # others make a company of the same name
        pytest += ["-p", "dev.books"]
    pytest += [f"--odoo-config={session.configuration}", f"--odoo-database={database}"]
    return [*pytest, *arguments]
