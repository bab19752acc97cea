"""Fetches Debian's package of Odoo and unpacks it here, the system untouched.

apt knows by Debian's signature which files are right, and compares each with its hash.
`debian.txt` pins them besides. Debian's sid keeps the newest release alone: where that
is another one than the pinned, it is taken, and said.
"""

import re
import shutil
from pathlib import Path

from . import steps
from .place import HERE, STATE, TroubleError, show

PACKAGE = "odoo-19"
LOCK = HERE / "debian.txt"
# What came stays here until all is there: the next run goes on with it.
FETCHED = STATE / "apt"
HELPER = "/usr/lib/apt/apt-helper"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
REMEDY = (
    "Odoo 19 is not here: set ODOO_PATH to a checkout of Odoo 19.0"
    " (git clone --depth 1 --branch 19.0 of odoo/odoo)"
)
TROUBLE = (
    "{name} did not come whole: above it says why. Run the command again, and it goes"
    " on where it was; or set ODOO_PATH to a checkout of Odoo 19.0"
)


def unpack(folder):
    """Fill `folder` with Odoo and its web assets, and return the version."""
    files, version = _offered()
    _compare(files)
    show(f"Odoo 19: fetching Debian's package {PACKAGE} …")
    for name, (address, digest) in files.items():
        fetch = [HELPER, *_options(), "download-file", address, FETCHED / name, digest]
        steps.run("apt", fetch, trouble=TROUBLE.format(name=name))
    show(f"Odoo 19: unpacking {version} …")
    for name in files:
        steps.run("apt", ["dpkg", "-x", FETCHED / name, folder])
    shutil.rmtree(FETCHED)
    return version


def lock():
    """Pin what Debian offers now."""
    files, _version = _offered()
    lines = [f"{name} {digest}\n" for name, (_address, digest) in files.items()]
    LOCK.write_text("# Made by `python3 -m dev lock`.\n" + "".join(sorted(lines)))
    shutil.rmtree(FETCHED)


def _offered():
    """Address and hash of each file that Debian has now, and the version of Odoo."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise TroubleError(f"{REMEDY}.")
    _prepare()
    apt = _options()
    steps.run("apt", ["apt-get", *apt, "update"], trouble=REMEDY)
    shown = steps.output(["apt-cache", *apt, "show", "--no-all-versions", PACKAGE])
    if not (version := re.search(r"^Version: (.+)$", shown, re.MULTILINE)):
        raise TroubleError(f"{REMEDY}; Debian's sid has no {PACKAGE} now.")
    names = [PACKAGE, *_web_assets(shown)]
    lines = steps.output(["apt-get", *apt, "--print-uris", "download", *names])
    found = re.findall(r"^'(.+)' (\S+) \d+ (\w+:\w+)$", lines, re.MULTILINE)
    if len(found) < len(names):
        raise TroubleError(f"{REMEDY}; Debian's sid has not all of {names} now.")
    return {name: (address, digest) for address, name, digest in found}, version[1]


def _compare(files):
    """Hold what is offered against what is pinned."""
    lines = LOCK.read_text().splitlines()
    pinned = dict(line.split() for line in lines if not line.startswith("#"))
    for name, (_address, digest) in files.items():
        if pinned.get(name, digest) != digest:
            raise TroubleError(
                f"{name}: Debian's mirror offers another file of this name than the"
                f" one that is pinned in {LOCK.name}. Ask another mirror, or look at"
                " what it is before python3 -m dev lock pins it."
            )
    if others := sorted(files.keys() - pinned.keys()):
        show(f"Odoo 19: Debian has other releases than pinned: {', '.join(others)}.")


def _web_assets(shown):
    """The packages that Debian's Odoo links to for its scripts and fonts."""
    depends = re.search(r"^Depends: (.+)$", shown, re.MULTILINE)[1]
    first_choices = (choices.split()[0] for choices in depends.split(", "))
    return [name for name in first_choices if name.startswith(("libjs-", "fonts-"))]


def _prepare():
    """Make apt's folders and its list of sources."""
    for name in ("lists/partial", "cache/archives/partial", "sources"):
        (FETCHED / name).mkdir(parents=True, exist_ok=True)
    (FETCHED / "sources" / "sid.list").write_text(_source())


def _options():
    """Options that make apt see Debian's sid, and keep its state here alone."""
    settings = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": FETCHED / "sources",
        "Dir::State::lists": FETCHED / "lists",
        "Dir::Cache": FETCHED / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "5",
    }
    return [
        word for key, value in settings.items() for word in ("-o", f"{key}={value}")
    ]


def _source():
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    return f"deb {signed}{_mirror()} sid main\n"


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
