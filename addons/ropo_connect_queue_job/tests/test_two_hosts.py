"""Two hosts share the jobs of one database; where one dies, the other goes on."""

from pathlib import Path

import pytest

from odoo.tools import config

from odoo.addons.ropo_connect.tests import race
from odoo.addons.ropo_connect.tests.common import Sandbox


@pytest.fixture(scope="module")
def outcome():
    sandbox = Sandbox()
    try:
        worker = Path(__file__).with_name("hosts_worker.py")
        tests = Path(race.__file__).parent
        return race.run(worker, 900, sandbox.url, config["config"], tests)
    finally:
        sandbox.stop()


def test_where_a_host_dies_the_other_one_goes_on_and_nothing_is_lost(outcome):
    assert 0 < outcome["before"] < 60, "else no test"
    assert outcome["came"] == 60


def test_nothing_that_the_dead_host_was_sending_is_sent_twice(outcome):
    assert outcome["twice"] == 0
