"""Programs of the machine itself: found, else installed where we may."""

import importlib.util
import os
import shutil

from . import steps
from .place import IN_CI, TroubleError, show

# Odoo's tests look for a browser under any of these names.
BROWSERS = ["google-chrome", "chromium", "chromium-browser", "google-chrome-stable"]
PROGRAMS = {"chromium": BROWSERS, "wkhtmltopdf": ["wkhtmltopdf"]}


def ensure(*packages):
    """Have the programs of these Debian packages, or say what goes without them."""
    if missing := _missing(packages):
        if _may_install():
            _install(missing)
        missing = _missing(missing)
    for package in missing:
        text = f"{package} is missing: install it (apt-get install {package})"
        if IN_CI:
            raise TroubleError(f"{text}.")
        show(f"{text}; what needs it is left out.")


def ensure_venv():
    """Have Python's own `venv`, which Debian packages apart."""
    if importlib.util.find_spec("ensurepip"):
        return
    if not _may_install():
        raise TroubleError("Python's venv is missing: apt-get install python3-venv.")
    _install(["python3-venv"])


def _missing(packages):
    return [name for name in packages if not any(map(shutil.which, PROGRAMS[name]))]


def _may_install():
    return os.geteuid() == 0 and shutil.which("apt-get")


def _install(packages):
    show(f"System: installing {' and '.join(packages)} …")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Each for itself: a system may not have one of them, as Debian 13 no wkhtmltopdf.
    install = ["install", "--yes", "--no-install-recommends"]
    for action in (["update"], *([*install, package] for package in packages)):
        try:
            steps.run("apt", ["apt-get", *action], env=quiet)
        except TroubleError as trouble:
            # A source of the machine that fails is no matter if the package comes.
            show(str(trouble))
