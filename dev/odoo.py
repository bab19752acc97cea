"""Finds Odoo 19: a checkout, an importable one, or Debian's package unpacked here."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import steps
from .place import STATE, TroubleError, show

SERIES = "19.0"
PACKAGE = "odoo-19"
UNPACKED = STATE / "debian"
PYTHON_FILES = "usr/lib/python3/dist-packages"
# Blurs the background of a video call. Debian leaves it out for its licence, and the
# web client's bundle, which names it, then logs an error on every page.
LEFT_OUT = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
REMEDY = (
    "Odoo 19 is not here: set ODOO_PATH to a checkout of Odoo 19.0"
    " (git clone --depth 1 --branch 19.0 of odoo/odoo)"
)


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
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            raise TroubleError(f"{REMEDY}.")
        with steps.new_folder(UNPACKED) as folder:
            _unpack(folder)
        found = _at(home)
    return found


def add_icons(fonts):
    """Put Font Awesome 4.7 where Debian's package looks for it (Debian's own is 7)."""
    if UNPACKED.exists() and fonts.exists():
        wanted = UNPACKED / "usr/share/fonts-font-awesome/fonts"
        shutil.copytree(fonts, wanted, dirs_exist_ok=True)


def _unpack(folder):
    """Download and unpack Debian's package and its web assets, system untouched."""
    apt = _private_apt(folder / "apt")
    show(f"Odoo 19: fetching Debian's package {PACKAGE} …")
    steps.run("apt", ["apt-get", *apt, "update"], trouble=REMEDY)
    shown = steps.output(["apt-cache", *apt, "show", "--no-all-versions", PACKAGE])
    if not (version := re.search(r"^Version: (.+)$", shown, re.MULTILINE)):
        raise TroubleError(f"{REMEDY}; Debian's sid has no {PACKAGE} now.")
    download = ["apt-get", *apt, "download", PACKAGE, *_web_assets(shown)]
    steps.run("apt", download, cwd=folder / "apt", trouble=REMEDY)
    show(f"Odoo 19: unpacking {version[1]} …")
    for deb in sorted((folder / "apt").glob("*.deb")):
        steps.run("apt", ["dpkg", "-x", str(deb), str(folder)])
    shutil.rmtree(folder / "apt")
    stand_in = folder / PYTHON_FILES / "odoo/addons" / LEFT_OUT
    stand_in.parent.mkdir(exist_ok=True)
    stand_in.touch()
    (folder / "version").write_text(version[1] + "\n")


def _web_assets(shown):
    """The packages that Debian's Odoo links to for its scripts and fonts."""
    depends = re.search(r"^Depends: (.+)$", shown, re.MULTILINE)[1]
    first_choices = (choices.split()[0] for choices in depends.split(", "))
    return [name for name in first_choices if name.startswith(("libjs-", "fonts-"))]


def _private_apt(state):
    """Options that make apt see Debian's sid, and keep its state, in `state` alone."""
    for name in ("lists/partial", "cache/archives/partial", "sources"):
        (state / name).mkdir(parents=True)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    source = f"deb {signed}{_mirror()} sid main\n"
    (state / "sources" / "sid.list").write_text(source)
    settings = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": state / "sources",
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    return [
        word for key, value in settings.items() for word in ("-o", f"{key}={value}")
    ]


def _mirror():
    """The mirror that this machine's own apt sources name for Debian."""
    release = Path("/etc/os-release").read_text()
    codename = re.search(r"^VERSION_CODENAME=(\w+)", release, re.MULTILINE)
    suites = {"stable", "testing", "unstable", "sid", codename and codename[1]}
    if re.search(r"^ID=debian$", release, re.MULTILINE):
        targets = steps.output(
            ["apt-get", "indextargets", "--no-release-info", "Created-By: Packages"]
        )
        for stanza in targets.split("\n\n"):
            target = dict(re.findall(r"^([\w-]+): (.+)$", stanza, re.MULTILINE))
            if target.get("Release") in suites and target.get("Component") == "main":
                return target["Repo-URI"]
    raise TroubleError(f"{REMEDY}; this machine's apt sources name no Debian mirror.")
