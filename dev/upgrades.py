"""Installs an earlier version, lets it work, upgrades it, and compares what it left
with what the present version makes of it."""

import json
import os
import shutil
import subprocess

from . import config, databases, processes, steps, venv
from .demo.sandbox import DEFAULT
from .place import NAME, ROOT, STATE, TroubleError, UsageError, show

FOLDER = STATE / "earlier"
# The last commit of a version; the first one, and one from before cases of the past
# left the comparison.
EARLIER = {
    "19.0.1.0.0": "67b367a45fa03c54370e06c404a05f975fc2a610",
    "19.0.1.4.0": "2f65b1deade8279fc2b8c140aaab984ad7d99ba3",
}
RENAMED = {
    "chased": "is_collected",
    "chases": "collects",
    "told_stage": "applied_stage",
}
# When a row was written last, and what is kept as its meaning (tests/test_upgrade.py).
OTHERWISE = {"write_date", "write_uid", "answer_code"}
MOST_SHOWN = 20


def run(odoo, versions=()):
    """Upgrade each of these versions, else all, and return a code: 1 if one differs."""
    versions = versions or tuple(EARLIER)
    if unknown := set(versions) - EARLIER.keys():
        known = ", ".join(EARLIER)
        raise UsageError(f"There is no {', '.join(unknown)}: it may be {known}.")
    return max([_upgrade(odoo, version) for version in versions])


def differences(before, after):
    """What the upgrade changed that it should not have, a line for each.

    :param before: `rows`, `{table: {id: row}}`, and `due`, the list of what is to be
        told Ropo
    :param after: the same of the upgraded database, which may have further columns
    """
    for table, rows in before["rows"].items():
        for number, row in rows.items():
            new = after["rows"][table].get(number)
            if new is None:
                yield f"{table} {number} is gone"
                continue
            for column in sorted(row.keys() - OTHERWISE):
                value = new.get(RENAMED.get(column, column), "nothing")
                if value != row[column]:
                    change = f"{row[column]!r} became {value!r}"
                    yield f"{table} {number}, {column}: {change}"
        for number in after["rows"][table].keys() - rows.keys():
            yield f"{table} {number} is new"
    for what in sorted({*map(tuple, before["due"]), *map(tuple, after["due"])}):
        counts = [each["due"].count(list(what)) for each in (before, after)]
        if counts[0] != counts[1]:
            yield f"due {counts[0]} times before and {counts[1]} after: {what}"


def _upgrade(odoo, version):
    show(f"Upgrade: {version} from its commit, and its own demo …")
    checkout, earlier = _checkout(odoo, version)
    name = f"{databases.PREFIX}upgrade_{steps.digest(version)[:6]}"
    due = f"{name}_due"
    try:
        with steps.alone():
            databases.copy(databases.base_template(odoo), name)
        _odoo(name, earlier, "--init", NAME)
        with processes.sandbox() as url:
            inside = _Inside(name, earlier, url)
            inside.run("-m", "dev.demo", cwd=checkout)
            inside.run("-m", "dev.left_over", "leave")
            databases.copy(name, due)
            before = inside.on(due).read("due")
            show(f"Upgrade: {version} to the present version …")
            _odoo(name, config.PATH, "--update", NAME)
            inside = _Inside(name, config.PATH, url)
            databases.copy(name, due)
            after = inside.on(due).read("due")
            found = [*differences(before, after), *inside.read("agree")]
    finally:
        databases.drop(name)
        databases.drop(due)
    for line in found[:MOST_SHOWN]:
        print(f"{version}: {line}")
    rows = sum(map(len, before["rows"].values()))
    show(
        f"Upgrade: {version} left {rows} rows, of which {len(before['due'])} facts are "
        f"due to Ropo; {len(found) or 'none'} differ."
    )
    return 1 if found else 0


def _checkout(odoo, version):
    """The folder of this version's code, and Odoo's configuration with it."""
    folder = FOLDER / version / NAME
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pack = ["git", "-C", str(ROOT), "archive", EARLIER[version]]
    packed = subprocess.run(pack, capture_output=True)
    if packed.returncode:
        raise TroubleError(
            f"{version} is not in the history here: fetch the whole of it, by "
            "git fetch --unshallow."
        )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    path = folder.parent / "odoo.conf"
    config.write(odoo, path, own=folder.parent)
    return folder, path


def _odoo(database, configuration, option, module):
    arguments = ["--database", database, option, module]
    arguments += ["--stop-after-init", "--no-http"]
    steps.run(
        "database",
        processes.odoo(*arguments, configuration=configuration),
        trouble=f"Odoo could not {option.strip('-')} {module}",
    )


class _Inside:
    """Runs programs beside one version of the addon, on one database."""

    def __init__(self, database, configuration, url):
        self.database, self.configuration, self.url = database, configuration, url

    def on(self, database):
        return _Inside(database, self.configuration, self.url)

    def read(self, what):
        return json.loads(self.run("-m", "dev.left_over", what))

    def run(self, *arguments, cwd=ROOT):
        """What the program prints."""
        done = subprocess.run(
            [str(venv.PYTHON), *arguments],
            cwd=cwd,
            env=self._environment(cwd),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = done.stdout[-3000:] + done.stderr[-3000:]
            raise TroubleError(f"{' '.join(arguments)} failed:\n{said}")
        return done.stdout

    def _environment(self, cwd):
        return {
            **os.environ,
            "PYTHONPATH": str(cwd),
            "ODOO_RC": str(self.configuration),
            "PGDATABASE": self.database,
            "ROPO_SANDBOX_URL": self.url,
            "CHANNEL": DEFAULT,
            "SERVE": "0",
        }
