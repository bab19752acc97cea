"""Two runs send the summary at the same moment: real connections, real commits."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from odoo.sql_db import close_all
from odoo.tests.common import get_db_name

WORKER = Path(__file__).with_name("digest_worker.py")


@pytest.fixture(scope="module")
def scenes():
    # Named like a copy for one more pytest worker, as in test_crash.
    name = re.sub(r"-gw\d+$", "", get_db_name())
    worker = int((re.findall(r"-gw(\d+)$", get_db_name()) or [0])[0])
    copy = f"{name}-gw{600 + worker}"
    close_all()  # nobody may be connected to what is copied
    subprocess.run(["createdb", "--template", get_db_name(), copy], check=True)
    run = subprocess.run(
        [sys.executable, str(WORKER), copy], stdout=subprocess.PIPE, check=False
    )
    subprocess.run(["dropdb", "--force", copy], check=True)
    assert run.returncode == 0
    return json.loads(run.stdout)


def test_who_comes_while_another_sends_sends_nothing(scenes):
    assert scenes["at_once"] == [1, 0, 1]


def test_who_began_before_the_other_was_done_sends_nothing(scenes):
    assert scenes["old_snapshot"] == [1, 1]


def test_who_read_the_day_before_the_other_sent_sends_nothing(scenes):
    assert scenes["old_cache"] == [1, 1]
