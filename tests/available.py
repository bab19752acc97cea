"""What only the developer's environment has: without it, tests are skipped.

Odoo imports the tests of each addon when it is started with `--test-enable`, also where
nothing but Odoo and the addon is installed.
"""

import importlib
import sys
from importlib.util import find_spec
from types import ModuleType

from odoo.tests import BaseCase, tagged

TOOLS = ("hypothesis", "pytest")
SANDBOX = ("aiohttp", "jsonschema_rs")  # of the process that stands in for Ropo


def missing(packages):
    """Those of these packages that are not installed."""
    return [name for name in packages if not _is_installed(name)]


def reason(packages):
    return f"not installed: {', '.join(packages)}"


def import_tests(package, names):
    """Imports these modules of tests, `{name: module}`.

    One that needs a tool that is not installed becomes one with a single test, which is
    skipped and says why. Any other error is raised: it is a fault of the module.
    """
    modules = {}
    for name in names:
        path = f"{package}.{name}"
        try:
            modules[name] = importlib.import_module(path)
        except ModuleNotFoundError as error:
            if error.name not in missing(TOOLS):
                raise
            modules[name] = _skipped(path, reason([error.name]))
    return modules


def _skipped(path, why):
    """A module in the place of one that can't be imported."""

    def test_skipped(self):
        self.skipTest(why)

    module = ModuleType(path)
    values = {"__module__": path, "test_skipped": test_skipped}
    case = tagged("post_install", "-at_install")(
        type("TestSkipped", (BaseCase,), values)
    )
    module.TestSkipped = case
    sys.modules[path] = module
    return module


def _is_installed(name):
    try:
        return find_spec(name) is not None
    except ImportError:
        return False
