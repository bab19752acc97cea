"""Finds Odoo 19: a checkout, an importable one, or Debian's package unpacked here."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import debian, steps
from .place import STATE, TroubleError

SERIES = "19.0"
UNPACKED = STATE / "debian"
PYTHON_FILES = "usr/lib/python3/dist-packages"
# Blurs the background of a video call. Debian leaves it out for its licence, and the
# web client's bundle, which names it, then logs an error on every page.
LEFT_OUT = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


@dataclass(frozen=True)
class Odoo:
    """One Odoo: `home` is the folder that holds the package `odoo`."""

    home: Path
    version: str

    @property
    def addons_paths(self):
        candidates = [self.home / "addons", self.home / "odoo" / "addons"]
        # Debian's package has a leftover `addons` beside the real one: without data.
        return [path for path in candidates if (path / "account/views").exists()]


def locate():
    """Return the Odoo to use, unpacking Debian's when there is no other."""
    return _from_environment() or _importable() or _debian()


def _from_environment():
    if not (path := os.environ.get("ODOO_PATH")):
        return None
    home = Path(path).expanduser().resolve()
    if odoo := _at(home):
        return odoo
    raise TroubleError(
        f"ODOO_PATH={path} holds no Odoo {SERIES}: point it at a checkout."
    )


def _importable():
    spec = importlib.util.find_spec("odoo")
    for place in (spec and spec.submodule_search_locations) or ():
        if odoo := _at(Path(place).parent):
            return odoo
    return None


def _at(home):
    """The Odoo 19 in `home`, or None."""
    try:
        release = (home / "odoo" / "release.py").read_text()
    except OSError:
        return None
    version = re.search(r"version_info = \((\d+), (\d+),", release)
    if not version or ".".join(version.groups()) != SERIES:
        return None
    return Odoo(home, _revision(home) or SERIES)


def _revision(home):
    """What a rebuilt database depends on: a checkout's commit, a package's version."""
    if (stamp := UNPACKED / "version").exists() and UNPACKED in home.parents:
        return stamp.read_text().strip()
    git = ["git", "-C", str(home), "rev-parse", "HEAD"]
    if (home / ".git").exists() and shutil.which("git"):
        return subprocess.run(git, capture_output=True, text=True).stdout.strip()
    return None


def _debian():
    home = UNPACKED / PYTHON_FILES
    if not (found := _at(home)):
        with steps.new_folder(UNPACKED) as folder:
            version = debian.unpack(folder)
            stand_in = folder / PYTHON_FILES / "odoo/addons" / LEFT_OUT
            stand_in.parent.mkdir(exist_ok=True)
            stand_in.touch()
            (folder / "version").write_text(version + "\n")
        found = _at(home)
    return found


def add_icons(fonts):
    """Put Font Awesome 4.7 where Debian's package looks for it (Debian's own is 7)."""
    if UNPACKED.exists() and fonts.exists():
        wanted = UNPACKED / "usr/share/fonts-font-awesome/fonts"
        shutil.copytree(fonts, wanted, dirs_exist_ok=True)
