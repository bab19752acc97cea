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
BUILT_ON = {
    "base": ("addon", "optional", "neighbours", "beside"),
    "addon": ("optional",),
    "neighbours": ("beside",),
    "optional": (),
    "beside": (),
}
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
    modules = [*optional.names(), *optional.LOOKED_FOR]
    return _template(
        "optional", modules, optional.files(), addon_template(odoo), optional.CONFIG
    )


def neighbours_template(odoo):
    """The name of a database with what many have beside the addon, without it."""
    optional.ensure(odoo)
    inputs = [optional.LOCK.read_bytes(), NEIGHBOURS]
    return _template(
        "neighbours", NEIGHBOURS, inputs, base_template(odoo), optional.CONFIG
    )


def beside_template(odoo):
    """The name of a database with all that, and with the addon as it is now."""
    modules = [NAME, *optional.names()]
    files = [*_addon_files(), *optional.files()]
    return _template(
        "beside", modules, files, neighbours_template(odoo), optional.CONFIG
    )


def addon_template(odoo):
    """The name of a database with the addon as it is now in the checkout."""
    return _template("addon", [NAME], _addon_files(), base_template(odoo))


def base_template(odoo):
    """The name of a database with what the addon depends on."""
    modules = sorted({*ALWAYS, *_manifest().get("depends", [])})
    inputs = [odoo.version, venv.LOCK.read_bytes(), modules]
    return _template("base", modules, inputs)


def _template(kind, modules, inputs, origin=None, configuration=config.PATH):
    """The name of the template of this kind: `origin` with `modules`, built once for
    all that `inputs` say."""
    name = f"{PREFIX}{kind}_{steps.digest(origin, *inputs)}"
    if not exists(name):
        show(f"Database: installing {', '.join(modules)} …")
        _build(name, modules, origin, configuration)
        _drop_stale(kind, *BUILT_ON[kind], keep={name})
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


def _build(name, modules, template, configuration):
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
