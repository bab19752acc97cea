"""pip-audit over what the wheel needs at run time, in the versions of the lock."""

import json
import subprocess

from . import steps, venv
from .place import HERE, STATE, TroubleError, show

HOME = STATE / "audit"
TOOL = HERE / "requirements-audit.txt"  # apart: nothing else needs it
ASKED = HOME / "asked.txt"
SERVICE_FAILED = 2  # our code where nobody could be asked


class UnreachableError(TroubleError):
    code = SERVICE_FAILED


def run():
    """0 where nothing is known, 1 with what is; raises where nobody could be asked."""
    _ensure()
    bill = json.loads(steps.output([venv.PYTHON, "-m", "dev.sbom"], check=True))
    pins = [f"{one['name']}=={one['version']}" for one in bill["components"]]
    ASKED.write_text("\n".join(pins))
    command = [HOME / "bin/pip-audit", "--no-deps", "--disable-pip", "-r", ASKED]
    done = subprocess.run(
        [*map(str, command), "--format", "json", "--progress-spinner", "off"],
        capture_output=True,
        text=True,
    )
    return verdict(done.stdout, done.stderr, len(pins))


def verdict(output, complaint, asked):
    """The code for what pip-audit printed, and what it found, shown.

    :raises UnreachableError: where it printed no report, or one that leaves some out
    """
    try:
        rows = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        rows = []
    if len([row for row in rows if "vulns" in row]) < asked:
        reasons = [row["skip_reason"] for row in rows if "skip_reason" in row]
        last = [*complaint.strip().splitlines(), *reasons[:1]]
        why = last[-1] if last else "it said nothing"
        raise UnreachableError(
            "Nothing was audited: the advisories can't be reached from here, or the "
            f"tool failed ({why}). Run it where PyPI's JSON API can be reached."
        )
    found = [(row, flaw) for row in rows for flaw in row["vulns"]]
    for row, flaw in found:
        fixed = ", ".join(flaw["fix_versions"]) or "none"
        print(f"{row['name']} {row['version']}: {flaw['id']}, fixed in: {fixed}")
    show(f"{asked} packages audited: {len(found)} known vulnerabilities.")
    return 1 if found else 0


def _ensure():
    if not steps.fresh(HOME, TOOL.read_bytes()):
        show("Audit: installing pip-audit …")
        venv.create(HOME)
        venv.install(TOOL, python=HOME / "bin/python")
        steps.stamp(HOME, TOOL.read_bytes())
