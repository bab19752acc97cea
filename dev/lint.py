"""What can be said about the code without running it."""

import os
import subprocess

from . import config, node, venv
from .place import NAME, ROOT, say

RUFF = [venv.PYTHON, "-m", "ruff"]
XML = ["**/*.xml", "!.dev/**"]
PYLINT = [
    venv.PYTHON,
    "-m",
    "pylint",
    "--jobs=2",
    f"--rcfile={ROOT / 'pyproject.toml'}",
    NAME,
]


def check():
    """Run every linter, side by side, and return an exit code."""
    linters = {
        "ruff check": _start([*RUFF, "check", "--quiet", "."]),
        "ruff format": _start([*RUFF, "format", "--quiet", "--diff", "."]),
        # Where the addon bears its name, which is part of what is checked.
        "pylint-odoo": _start(PYLINT, folder=config.ADDONS),
    }
    if node.MODULES.exists():
        linters["prettier"] = _start(_prettier("--check"))
    verdicts = [_verdict(name, process) for name, process in linters.items()]
    return 0 if all(verdicts) else 1


def mend():
    """Format what can be formatted; the rest is for a person."""
    started = [_start([*RUFF, "check", "--fix", "--quiet", "."])]
    if node.MODULES.exists():
        started.append(_start(_prettier("--write")))
    verdicts = [_verdict("what ruff or prettier can't mend", one) for one in started]
    verdicts.append(_verdict("format", _start([*RUFF, "format", "--quiet", "."])))
    return 0 if all(verdicts) else 1


def _start(command, folder=ROOT):
    return subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _verdict(name, process):
    told, _ = process.communicate()
    if process.returncode:
        print(f"{name}: failed", told, sep="\n", end="", flush=True)
    else:
        say(f"{name}: ok")
    return not process.returncode


def _prettier(action):
    prettier = node.MODULES / "prettier/bin/prettier.cjs"
    plugin = node.MODULES / "@prettier/plugin-xml/src/plugin.js"
    # Without a file to look at it would fail.
    options = ["--log-level", "warn", "--no-error-on-unmatched-pattern"]
    return [node.program(), prettier, "--plugin", plugin, *options, action, *XML]
