"""The virtual environment: Odoo's requirements and our tools, as locked."""

import shutil
import sys

from . import steps, system
from .place import HERE, STATE, show

HOME = STATE / "venv"
PYTHON = HOME / "bin" / "python"
ASKED = HERE / "requirements.in"
LOCK = HERE / "requirements.txt"


def ensure(odoo):
    """Build the environment unless it stands, and make `odoo` importable in it."""
    inputs = LOCK.read_bytes(), sys.version_info[:2], HOME
    # The Python that it was made with may be gone.
    if not steps.fresh(HOME, *inputs) or not PYTHON.exists():
        show("Python: installing the locked requirements …")
        create(HOME)
        pip("install", "--no-deps", "--requirement", LOCK)
        steps.stamp(HOME, *inputs)
    (site_packages() / "odoo.pth").write_text(f"{odoo.home}\n")


def create(home):
    system.ensure_venv()
    shutil.rmtree(home, ignore_errors=True)
    steps.run("venv", [sys.executable, "-m", "venv", home])


def lock():
    """Resolve what we ask for, as new as it gets, into the lock."""
    home = STATE / "venv.lock"
    create(home)
    show("Python: resolving dev/requirements.in …")
    pip("install", "--requirement", ASKED, python=home / "bin/python")
    pinned = steps.output([home / "bin/python", "-m", "pip", "freeze"])
    LOCK.write_text(f"# Made by `python3 -m dev lock` from requirements.in.\n{pinned}")
    shutil.rmtree(home)


def pip(*arguments, python=PYTHON):
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    steps.run("pip", command, trouble="pip could not install the requirements")


def site_packages():
    return next(HOME.glob("lib/python3*/site-packages"))
