"""What can be checked of the code without running it."""

import os
import shutil
import subprocess

from . import config, docs, node, optional, steps, venv
from .place import NAME, ROOT, STATE, show

RUFF = [venv.PYTHON, "-m", "ruff"]
XML = ["**/*.xml", "!.dev/**"]
# Folders beside the modules that OCA's checks look at.
NO_MODULES = ["addons", "bench", "dev", "dist", "docs", "sandbox"]
# What runs on a server; its faults of security are looked for.
SHIPPED = ["addons", "channels", "controllers", "models", "report", "services"]
SHIPPED += ["wizards"]
# What imports nothing of Odoo has types, and is held to them; pyproject.toml says how.
MYPY = [venv.PYTHON, "-m", "mypy", "--no-error-summary", "channels", "sandbox"]
BANDIT = [venv.PYTHON, "-m", "bandit", "--quiet", "--recursive"]
BANDIT += ["--severity-level", "medium", "--exclude", "*/tests/*"]
# Without `odoo.pth`, as OCA runs it: to infer types from Odoo's own code takes more
# than half of the time, and a file with one fault of each kind has the same findings.
PYLINT = [
    venv.PYTHON,
    "-S",
    "-m",
    "pylint",
    "--jobs=2",
    f"--rcfile={ROOT / 'pyproject.toml'}",
]


def check():
    """Run every linter, side by side, and return an exit code."""
    linters = {
        "ruff check": _start([*RUFF, "check", "--quiet", "."]),
        "ruff format": _start([*RUFF, "format", "--quiet", "--diff", "."]),
        "bandit": _start([*BANDIT, *SHIPPED]),
        "mypy": _start(MYPY),
        # Where the addon bears its name, which is part of what is checked.
        "pylint-odoo": _start([*PYLINT, NAME], folder=config.ADDONS),
        "guides": _start(docs.COMMAND),
        "README.rst": _start([venv.PYTHON, "-m", "dev.readme", "check"]),
    }
    if others := optional.names():
        linters["pylint-odoo, optional addons"] = _start(
            [*PYLINT, *others], folder=optional.FOLDER
        )
    if node.MODULES.exists():
        linters["prettier"] = _start(_prettier("--check"))
        linters["eslint"] = _start(_eslint())
    linters |= {name: _start(command) for name, command in _oca().items()}
    verdicts = [_verdict(name, process) for name, process in linters.items()]
    return 0 if all(verdicts) else 1


def fix():
    """Format what can be formatted; the rest is for a person."""
    started = [_start([*RUFF, "check", "--fix", "--quiet", "."])]
    if node.MODULES.exists():
        started.append(_start(_prettier("--write")))
    verdicts = [_verdict("fixes", one) for one in started]
    verdicts.append(_verdict("format", _start([*RUFF, "format", "--quiet", "."])))
    return 0 if all(verdicts) else 1


def _oca():
    """OCA's checks of modules and of translations.

    They look for the manifest below the root of a repository, never in it, so they
    are given copies in folders that bear the addons' names.
    """
    with steps.new_folder(STATE / "oca") as folder:
        left_out = shutil.ignore_patterns(".*", "__pycache__", *NO_MODULES)
        shutil.copytree(ROOT, folder / NAME, ignore=left_out)
        for other in optional.folders():
            shutil.copytree(other, folder / other.name, ignore=left_out)
    copies = [STATE / "oca" / name for name in (NAME, *optional.names())]
    checks = {"OCA module checks": [venv.HOME / "bin/oca-checks-odoo-module", *copies]}
    if translations := sorted((STATE / "oca").glob("*/i18n/*.po*")):
        checks["OCA translation checks"] = [
            venv.HOME / "bin/oca-checks-po",
            *translations,
        ]
    return checks


def _start(command, folder=ROOT):
    path = f"{folder}{os.pathsep}{venv.site_packages()}"
    return subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _verdict(name, process):
    output, _ = process.communicate()
    if process.returncode:
        print(f"{name}: failed", output, sep="\n", end="", flush=True)
    else:
        show(f"{name}: ok")
    return not process.returncode


def _prettier(action):
    prettier = node.MODULES / "prettier/bin/prettier.cjs"
    plugin = node.MODULES / "@prettier/plugin-xml/src/plugin.js"
    # Without a file to look at it would fail.
    options = ["--log-level", "warn", "--no-error-on-unmatched-pattern"]
    return [node.program(), prettier, "--plugin", plugin, *options, action, *XML]


def _eslint():
    return [node.program(), node.MODULES / "eslint/bin/eslint.js", "static"]
