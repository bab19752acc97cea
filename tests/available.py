"""What only the developer's environment has: without it, tests are skipped.

Odoo imports the tests of each addon when it is started with `--test-enable`, also where
nothing but Odoo and the addon is installed.
"""

from importlib.util import find_spec

TOOLS = ("hypothesis", "pytest")
SANDBOX = ("aiohttp", "jsonschema_rs")  # of the process that stands in for Ropo


def missing(packages):
    """Those of these packages that are not installed."""
    return [name for name in packages if not _is_installed(name)]


def reason(packages):
    return f"not installed: {', '.join(packages)}"


def _is_installed(name):
    try:
        return find_spec(name) is not None
    except ImportError:
        return False
