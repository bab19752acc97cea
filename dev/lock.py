"""Resolves what is asked for in dev/*.in into locks beside them.

Each release is pinned, and each of its files by hash, so that whatever Python and
machine there is gets what was locked or nothing.
"""

import shutil

from . import steps, venv
from .place import HERE, ROOT, STATE, show

OLDEST = "3.11"  # a lock holds from this Python on
# Odoo is there in ways that no index knows, so nothing follows from what needs it.
OPTIONS = {
    "requirements-addons": ["--no-deps"],
    "requirements-mutate": ["--no-deps"],  # its mutations alone are used
}


def renew(which="all"):
    """Make the locks; `which` says whether all is renewed, or what is new alone."""
    home = STATE / "venv.lock"
    venv.bare(home)
    venv.pip("install", "uv", python=home / "bin/python")
    for asked in sorted(HERE.glob("*.in")):
        show(f"Python: resolving {asked.relative_to(ROOT)} …")
        command = [home / "bin/uv", "pip", "compile", "--quiet", "--no-annotate"]
        command += ["--generate-hashes", "--universal", "--python-version", OLDEST]
        command += ["--custom-compile-command", "python3 -m dev lock"]
        command += ["--upgrade"] if which == "all" else []
        command += [*OPTIONS.get(asked.stem, []), *_index(home)]
        command += [asked.name, "--output-file", asked.with_suffix(".txt").name]
        steps.run("lock", command, cwd=HERE)
    shutil.rmtree(home)


def _index(home):
    """The index that pip is set to; what asks for it leaves it out of the lock."""
    key = "global.index-url"
    found = steps.output([home / "bin/python", "-m", "pip", "config", "get", key])
    return ["--default-index", found.strip()] if found.strip() else []
