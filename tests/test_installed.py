"""The tests where only Odoo and the addon are, as hosting services run them."""

import subprocess
import sys

from odoo.tools import config

from .available import SANDBOX, TOOLS, missing

# What dev/requirements.in has besides what Odoo itself needs.
DEVELOPERS = {*TOOLS, *SANDBOX, "jsonschema", "playwright", "xdist", "pytest_odoo"}
LOAD = """
import sys
import odoo.addons, odoo.tools
from odoo.modules.module import initialize_sys_path
odoo.tools.config.parse_config(["-c", sys.argv[1]])
initialize_sys_path()
BLOCKED = set(sys.argv[2:])

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
import odoo.tests
from odoo.tests.loader import get_module_test_cases, get_test_modules
for module in get_test_modules("ropo_connect"):
    list(get_module_test_cases(module))
from odoo.addons.ropo_connect.tests.test_account import TestAccount
try:
    TestAccount.setUpClass()
except Exception as error:
    print(type(error).__name__, error, sep=": ")
"""


def test_tests_load_where_only_odoo_is_installed():
    lines = load(DEVELOPERS)
    assert lines == ["SkipTest: not installed: aiohttp, jsonschema_rs"]


def test_nothing_is_skipped_in_the_developers_environment():
    assert not missing([*TOOLS, *SANDBOX])


def load(blocked):
    """What Odoo's own loader of tests prints without these packages."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, config["config"], *sorted(blocked)],
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()
