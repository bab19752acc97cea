"""The commands, one function each; its docstring's first line is its help."""

import contextlib
import os
import shutil
import socket

from . import audit as audits
from . import bench as benches
from . import campaign as campaigns
from . import (
    config,
    databases,
    debian,
    node,
    odoo,
    optional,
    postgres,
    processes,
    steps,
    system,
    venv,
)
from . import docs as guides
from . import lint as linters
from . import lock as locks
from . import mutate as mutations
from . import neighbours as beside
from . import readme as readme_file
from . import tests as test_runner
from . import upgrades as earlier
from .demo.sandbox import DEFAULT, SANDBOXES
from .place import ROOT, STATE, TroubleError, UsageError, show

DEMO_DATABASE = "ropo_demo"
DEVELOPMENT_DATABASE = "ropo_dev"
TRANSLATIONS_DATABASE = "ropo_translations"


def tools():
    """Have what needs no database: Odoo, the virtual environment, Node.js."""
    with steps.alone():
        found = odoo.locate()
        venv.ensure(found)
        node.ensure()
        odoo.add_icons(node.MODULES / "font-awesome/fonts")
        config.write(found)
    os.environ["PATH"] = f"{venv.HOME / 'bin'}{os.pathsep}{os.environ['PATH']}"
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ["ODOO_RC"] = str(config.PATH)
    # Odoo would take it for its database.
    os.environ.pop("PGDATABASE", None)
    return found


@contextlib.contextmanager
def servers():
    """All that a command with a database needs, PostgreSQL up meanwhile."""
    found = tools()
    with postgres.running() as variables:
        os.environ.update(variables)
        yield found


def setup():
    """Set everything up, the addon's database template too."""
    with servers() as found, steps.alone():
        system.ensure(*test_runner.PROGRAMS)
        show(f"Ready: {databases.addon_template(found)}, Odoo {found.version}.")


def demo():
    """Show the main job on a real Odoo, and leave it open at localhost:8069.

    With SERVE=0 in the environment it ends when the demo has; with CHANNEL=maventa it
    goes through Maventa; with DIALECT=other Ropo answers otherwise than
    assumed, and a conformance run finds the settings with which both sides agree.
    """
    channel = os.environ.get("CHANNEL") or DEFAULT
    if channel not in SANDBOXES:
        known = " or ".join(SANDBOXES)
        raise UsageError(f"There is no channel {channel}: CHANNEL may be {known}.")
    serve_it = os.environ.get("SERVE") != "0"
    if serve_it:
        _want_free_port()
    with _demo_database(channel) as code:
        return code or (_serve(DEMO_DATABASE, "--log-level", "warn") if serve_it else 0)


def screenshots():
    """Take the screenshots of README.rst anew, of the demo's database."""
    os.environ["SERVE"] = "0"  # the demo leaves nothing open, and says nothing of it
    system.ensure("chromium")
    with _demo_database(DEFAULT) as code:
        return code or processes.call(
            [venv.PYTHON, "-m", "dev.demo.screenshots"], PGDATABASE=DEMO_DATABASE
        )


def test(*arguments):
    """Lint, then run all tests; arguments go to pytest."""
    return lint() or pytest(*arguments)


def pytest(*arguments):
    """Run the tests alone; arguments go to pytest."""
    with servers() as found:
        return test_runner.run(found, arguments)


def neighbours(*modules):
    """Run tests of Odoo and of OCA without and beside the addon, and compare.

    Arguments say of which of those modules.
    """
    with servers() as found:
        return beside.run(found, modules)


def upgrades(*versions):
    """Upgrade what earlier versions left, and compare; arguments say which of them."""
    with servers() as found:
        return earlier.run(found, versions)


def campaign():
    """Run the storm and the walks for SEEDS seeds; goes on where it was stopped.

    With SEED=7 it runs that one alone, and tells its story.
    """
    seeds = _how_many("SEEDS", "200", "make campaign SEEDS=1000")
    alone = _how_many("SEED", "0", "make campaign SEED=7")
    with servers():
        if alone:
            return campaigns.CAMPAIGN.replay(alone)
        return campaigns.CAMPAIGN.run(seeds)


def fuzz():
    """Read DOCUMENTS odd documents; goes on where it was stopped."""
    documents = _how_many("DOCUMENTS", "10000", "make fuzz DOCUMENTS=100000")
    with servers():
        return campaigns.fuzz(documents)


def _how_many(name, usual, example):
    count = os.environ.get(name) or usual
    if not count.isdecimal():
        raise UsageError(f"Say how many: {example}")
    return int(count)


def mutate(*files):
    """Try small faults in the code, one at a time: which makes no test fail?

    Of all files or of these; goes on where it was stopped.
    """
    with servers() as found:
        mutations.ensure()
        own = f"{databases.PREFIX}test_{os.getpid()}"
        names = [f"{own}-mutate{part}" for part in range(mutations.PROCESSES)]
        for name in names:
            databases.new(found, name)
        path = f"{ROOT}{os.pathsep}{mutations.PACKAGES}"
        command = [venv.PYTHON, "-m", "dev.mutate", ",".join(names), *files]
        try:
            return processes.call(command, PYTHONPATH=path)
        finally:
            for name in names:
                databases.drop(name)


def lint():
    """Check code, formats and manifest."""
    tools()
    return linters.check()


def format(*_arguments):
    """Fix what the linters can fix."""
    tools()
    return linters.fix()


def docs():
    """Build the guides of docs/ as web pages, into .dev/docs."""
    tools()
    code = processes.call(guides.COMMAND)
    if not code:
        show(f"The guides: {guides.OUTPUT / 'index.html'}")
    return code


def banner():
    """Draw the banner of the Apps page, with the screenshot that is there."""
    tools()
    system.ensure("chromium")
    return processes.call([venv.PYTHON, "-m", "dev.banner"])


def readme():
    """Make README.rst of the fragments in readme/."""
    return readme_file.main()


def translations():
    """Renew the files in i18n/ with the terms that the addon has now, and the optional
    addons."""
    with servers() as found:
        for kind, configuration in (
            ("addon", config.PATH),
            ("optional", optional.CONFIG),
        ):
            databases.new(found, TRANSLATIONS_DATABASE, kind)
            code = processes.call(
                [venv.PYTHON, "-m", "dev.translations"],
                PGDATABASE=TRANSLATIONS_DATABASE,
                ODOO_RC=str(configuration),
            )
            databases.drop(TRANSLATIONS_DATABASE)
            if code:
                return code
    return 0


def bench(*arguments):
    """Measure, with new databases and a sandbox; arguments go to the benchmark."""
    with servers() as found, benches.databases_for(found, arguments) as variables:
        with processes.sandbox() as url:
            command = [venv.PYTHON, "-m", "bench", *arguments]
            return processes.call(command, ROPO_SANDBOX_URL=url, **variables)


def sandbox(*arguments):
    """Run the stand-in for Ropo in the foreground; arguments go to it."""
    tools()
    return processes.call([venv.PYTHON, "-m", "sandbox", *arguments])


def conformance():
    """Hold a test environment of Ropo's against what is assumed of it.

    URL and CID in the environment say which, or CHANNEL=maventa, URL and COMPANY; codes
    and keys are asked for.
    """
    tools()
    return processes.call([venv.PYTHON, "-m", "dev.conformance"])


def wheel():
    """Build the wheel into dist/, with a bill of materials of what it needs."""
    tools()
    bill = STATE / "sbom" / "ropo_connect.cdx.json"
    bill.parent.mkdir(exist_ok=True)
    bill.write_text(steps.output([venv.PYTHON, "-m", "dev.sbom"], check=True))
    build = ["build", "--wheel", "--no-isolation", "--outdir", ROOT / "dist", ROOT]
    return processes.call([venv.PYTHON, "-m", *build], ROPO_SBOM=str(bill))


def audit():
    """Look for known vulnerabilities in what the wheel needs at run time."""
    tools()
    return audits.run()


def serve(database=DEVELOPMENT_DATABASE):
    """Serve Odoo at localhost:8069 with a database, a new one if need be."""
    _want_free_port()
    with servers() as found:
        _have(found, database)
        return _serve(database)


def shell(database=DEVELOPMENT_DATABASE, *arguments):
    """Open Odoo's Python shell on a database, a new one if need be."""
    with servers() as found:
        _have(found, database)
        return processes.call(
            processes.odoo("shell", "--database", database, "--no-http", *arguments)
        )


def psql(database=DEVELOPMENT_DATABASE, *arguments):
    """Open psql on a database."""
    with servers():
        return processes.call(["psql", "--dbname", database, *arguments])


def create(database, kind="addon"):
    """Make a new database: NAME, or NAME base, without the addon, or NAME optional.

    The last has the optional addons too.
    """
    if kind not in databases.TEMPLATES:
        known = ", ".join(databases.TEMPLATES)
        raise UsageError(f"There is no {kind}: it may be {known}.")
    with servers() as found:
        databases.new(found, database, kind)


def drop(*names):
    """Drop databases by name."""
    with servers():
        for name in names:
            databases.drop(name)


def run(*command):
    """Run any command with this environment: venv, PostgreSQL, ODOO_RC."""
    with servers():
        return processes.call(command)


def lock(which="all"):
    """Renew the locks in dev/ to the newest releases; `lock new` adds what is new.

    Each file of each release is locked by its hash.
    """
    if which not in {"all", "new"}:
        raise UsageError(f"There is no {which}: it may be all or new.")
    with steps.alone():
        locks.renew(which)
    if which == "new":
        return
    tools()
    with steps.alone():
        debian.lock()
        node.lock()


def clean():
    """Remove all that was set up here, and what the tools leave behind."""
    postgres.remove()
    shutil.rmtree(STATE, ignore_errors=True)
    for name in ("dist", ".ruff_cache", ".pytest_cache", ".hypothesis"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for cache in ROOT.rglob("__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)


@contextlib.contextmanager
def _demo_database(channel):
    """The exit code of the demo; its database and its sandbox are there meanwhile."""
    dialect = os.environ.get("DIALECT") or "usual"
    sandbox = processes.sandbox("--dialect", dialect)
    with servers() as found, sandbox as sandbox_url:
        system.ensure("wkhtmltopdf")
        databases.new(found, DEMO_DATABASE)
        yield processes.call(
            [venv.PYTHON, "-m", "dev.demo"],
            PGDATABASE=DEMO_DATABASE,
            ROPO_SANDBOX_URL=sandbox_url,
            CHANNEL=channel,
        )


def _have(found, database):
    if not databases.exists(database):
        databases.new(found, database)


def _want_free_port(port=8069):
    with socket.socket() as probe:
        if not probe.connect_ex(("127.0.0.1", port)):
            raise TroubleError(f"Port {port} is taken: stop what listens there first.")


def _serve(database, *arguments):
    show(f"Odoo: http://localhost:8069, admin/admin, database {database}; end: Ctrl-C.")
    only = [
        "--database",
        database,
        "--db-filter",
        f"^{database}$",
        "--no-database-list",
    ]
    return processes.call(processes.odoo(*only, "--max-cron-threads", "1", *arguments))


ALL = [setup, demo, test, pytest, lint, format, docs, readme, banner, translations]
ALL += [
    bench,
    neighbours,
    upgrades,
    campaign,
    fuzz,
    mutate,
    wheel,
    audit,
    sandbox,
    conformance,
    serve,
    shell,
    psql,
    screenshots,
    create,
    drop,
    run,
    lock,
    clean,
]
