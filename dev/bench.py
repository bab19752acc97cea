"""The databases that `make bench` measures in."""

import contextlib
import os

from . import databases

# What tells the benchmark of each, how it is called, and of which kind it is.
DATABASES = {
    "PGDATABASE": ("ropo_bench", "addon"),
    "ROPO_BARE_DATABASE": ("ropo_bench_bare", "base"),
    "ROPO_HISTORY_DATABASE": ("ropo_bench_history", "addon"),
    "ROPO_OLD_DATABASE": ("ropo_bench_old", "addon"),
    "ROPO_NEW_DATABASE": ("ropo_bench_new", "addon"),
}


@contextlib.contextmanager
def databases_for(odoo, arguments):
    """Variables that name new databases; they are kept to be looked at.

    Those of a smoke test are not, and have names of their own: others run beside it.
    """
    smoke = "--smoke" in arguments
    prefix = f"{databases.PREFIX}test_{os.getpid()}-" if smoke else ""
    try:
        for name, kind in DATABASES.values():
            databases.new(odoo, f"{prefix}{name}", kind)
        yield {key: f"{prefix}{name}" for key, (name, _kind) in DATABASES.items()}
    finally:
        for name, _kind in DATABASES.values() if smoke else ():
            databases.drop(f"{prefix}{name}")
