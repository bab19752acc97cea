"""Databases: templates that are built once, and copies of them.

`base` has Odoo's own modules that the addon needs, `addon` has the addon too, and
`optional` the optional addons besides. `neighbours` has addons that many have beside
it, but not the addon itself; `beside` has both.
A template's name says what it was built from: a stale one is never mistaken for it.
"""

import ast
import os
import re
import shutil

from . import config, optional, processes, steps, venv
from .place import NAME, ROOT, STATE, TroubleError, show

FILESTORE = config.DATA / "filestore"
# Two checkouts may share one server.
PREFIX = f"ropo_{steps.digest(STATE)[:6]}_"
# Finland's chart of accounts is what the tests and the demo book with. The others have
# what the addon says when it is there: references, corrected invoices, buyers' codes.
ALWAYS = ["account", "l10n_fi", "l10n_no", "l10n_se"]
ALWAYS += ["account_debit_note", "account_peppol_advanced_fields"]
NEIGHBOURS = ["account_debit_note", "account_edi_ubl_cii", "account_peppol", "sale"]
NEIGHBOURS += ["snailmail_account"]
# OCA's, as pinned.
NEIGHBOURS += ["account_credit_control", "account_due_list", "account_edi_finvoice"]
NEIGHBOURS += ["l10n_fi_edicode", "queue_job"]
REACH_THE_DATABASE = [
    "__init__.py",
    "__manifest__.py",
    "channels",
    "controllers",
    "data",
    "demo",
    "hooks.py",
    "i18n",
    "migrations",
    "models",
    "report",
    "security",
    "services",
    "static",
    "views",
    "wizards",
]


def new(odoo, name, kind="addon"):
    """Make `name` a new database: a copy of the template of this kind."""
    with steps.alone():
        _drop_stale_tests()
        copy(TEMPLATES[kind](odoo), name)


def optional_template(odoo):
    """The name of a database with the optional addons as they are now, too."""
    optional.ensure(odoo)
    addon = addon_template(odoo)
    name = f"{PREFIX}optional_{steps.digest(addon, *optional.files())}"
    if not exists(name):
        modules = [*optional.names(), *optional.LOOKED_FOR]
        show(f"Database: installing {', '.join(modules)} …")
        _build(name, modules, template=addon, configuration=optional.CONFIG)
        _drop_stale("optional", keep={name})
    return name


def neighbours_template(odoo):
    """The name of a database with what many have beside the addon, without it."""
    optional.ensure(odoo)
    base, locked = base_template(odoo), optional.LOCK.read_bytes()
    name = f"{PREFIX}neighbours_{steps.digest(base, locked, NEIGHBOURS)}"
    if not exists(name):
        show(f"Database: installing {', '.join(NEIGHBOURS)} …")
        _build(name, NEIGHBOURS, template=base, configuration=optional.CONFIG)
        _drop_stale("neighbours", keep={name})
    return name


def beside_template(odoo):
    """The name of a database with all that, and with the addon as it is now."""
    neighbours = neighbours_template(odoo)
    files = [*_addon_files(), *optional.files()]
    name = f"{PREFIX}beside_{steps.digest(neighbours, *files)}"
    if not exists(name):
        modules = [NAME, *optional.names()]
        show(f"Database: installing {', '.join(modules)} beside those …")
        _build(name, modules, template=neighbours, configuration=optional.CONFIG)
        _drop_stale("beside", keep={name})
    return name


def addon_template(odoo):
    """The name of a database with the addon as it is now in the checkout."""
    base = base_template(odoo)
    name = f"{PREFIX}addon_{steps.digest(base, *_addon_files())}"
    if not exists(name):
        show(f"Database: installing {NAME} …")
        _build(name, [NAME], template=base)
        _drop_stale("base", "addon", "optional", keep={base, name})
    return name


def base_template(odoo):
    """The name of a database with what the addon depends on."""
    modules = sorted({*ALWAYS, *_manifest().get("depends", [])})
    name = f"{PREFIX}base_{steps.digest(odoo.version, venv.LOCK.read_bytes(), modules)}"
    if not exists(name):
        show(f"Database: installing {', '.join(modules)} …")
        _build(name, modules)
    return name


def copy(template, name):
    """Make `name` a new copy of `template`, its files included."""
    drop(name)
    steps.run("database", ["createdb", "--template", template, name])
    # Attachments are named by their content and never change: links will do.
    shutil.copytree(FILESTORE / template, FILESTORE / name, copy_function=os.link)


def drop(name):
    steps.run("database", ["dropdb", "--if-exists", "--force", name])
    shutil.rmtree(FILESTORE / name, ignore_errors=True)


def exists(name):
    return name in names()


def names():
    query = "SELECT datname FROM pg_database"
    return steps.output(["psql", "-d", "postgres", "-tAc", query]).split()


def _build(name, modules, template=None, configuration=config.PATH):
    """Install `modules` into a database that gets its name only when it is whole."""
    new = f"{PREFIX}new"
    if template:
        copy(template, new)
    else:
        drop(new)
        steps.run("database", ["createdb", "--template", "template0", new])
    arguments = ["--database", new, "--init", ",".join(modules)]
    arguments += ["--stop-after-init", "--no-http"]
    install = processes.odoo(*arguments, configuration=configuration)
    try:
        steps.run(
            "database", install, trouble=f"Odoo could not install {', '.join(modules)}"
        )
    except TroubleError:
        drop(new)
        raise
    shutil.rmtree(FILESTORE / name, ignore_errors=True)
    (FILESTORE / new).rename(FILESTORE / name)
    rename = f'ALTER DATABASE "{new}" RENAME TO "{name}"'
    steps.run("database", ["psql", "-d", "postgres", "-qc", rename])


def _drop_stale(*kinds, keep):
    templates = tuple(f"{PREFIX}{kind}_" for kind in kinds)
    for name in names():
        if name.startswith(templates) and name not in keep:
            drop(name)


def _drop_stale_tests():
    """Drop what test runs left that came to no end of their own."""
    for name in names():
        owner = re.fullmatch(rf"{PREFIX}test_(\d+)(-\w+)?", name)
        if owner and not processes.alive(int(owner[1])):
            drop(name)


def _manifest():
    path = ROOT / "__manifest__.py"
    return ast.literal_eval(path.read_text()) if path.exists() else {}


def _addon_files():
    """Path and content of each file that has a say in what the database holds."""
    for name in REACH_THE_DATABASE:
        for path in sorted([ROOT / name, *(ROOT / name).rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path.relative_to(ROOT))
                yield path.read_bytes()


TEMPLATES = {
    "base": base_template,
    "addon": addon_template,
    "optional": optional_template,
    "neighbours": neighbours_template,
    "beside": beside_template,
}
