"""The virtual environment: Odoo's requirements and our tools, as locked."""

import shutil
import sys

from . import steps, system
from .place import HERE, STATE, show

HOME = STATE / "venv"
PYTHON = HOME / "bin" / "python"
LOCK = HERE / "requirements.txt"
INSTALLER = HERE / "requirements-pip.txt"
WRONG_FILE = "DO NOT MATCH THE HASHES"  # as pip says it
TROUBLE = (
    "pip could not install what {name} lists: above it says which file and why. Run"
    " the command again: what had come whole is not fetched once more. If a file"
    " differs from its hash again, what stands between here and the package index"
    " changes it, or the lock is wrong: python3 -m dev lock renews it"
)


def ensure(odoo):
    """Build the environment unless it stands, and make `odoo` importable in it."""
    inputs = (
        LOCK.read_bytes(),
        INSTALLER.read_bytes(),
        sys.version_info[:2],
        HOME,
    )
    # The Python that it was made with may be gone.
    if not steps.fresh(HOME, *inputs) or not PYTHON.exists():
        show("Python: installing the locked requirements …")
        create(HOME)
        install(LOCK)
        steps.stamp(HOME, *inputs)
    (site_packages() / "odoo.pth").write_text(f"{odoo.home}\n")


def create(home):
    """Make an environment with the locked pip, which resumes what breaks off."""
    bare(home)
    install(INSTALLER, python=home / "bin/python")


def bare(home):
    """Make an environment with what Python itself brings."""
    system.ensure_venv()
    shutil.rmtree(home, ignore_errors=True)
    steps.run("venv", [sys.executable, "-m", "venv", home])


def install(lock, *options, python=PYTHON):
    """Install what `lock` lists, no file that differs from its hash.

    What is built here is built by the locked tools, not by the newest of them.
    """
    command = ["install", "--require-hashes", "--no-deps", "--no-build-isolation"]
    command += [*options, "--requirement", lock]
    trouble = TROUBLE.format(name=lock.name)
    try:
        pip(*command, python=python, trouble=trouble)
    except steps.FailedError as failed:
        if WRONG_FILE not in failed.output:
            raise
        show("Python: fetching all anew, as what pip keeps may be broken …")
        pip(*command, "--no-cache-dir", python=python, trouble=trouble)


def pip(*arguments, python=PYTHON, trouble="pip could not install the requirements"):
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    steps.run("pip", command, trouble=trouble)


def site_packages():
    return next(HOME.glob("lib/python3*/site-packages"))
