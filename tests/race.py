"""What two real connections do at the same moment, in a database of their own."""

import json
import re
import subprocess
import sys
from pathlib import Path

from odoo.sql_db import close_all
from odoo.tests.common import get_db_name


def run(worker, number, *arguments):
    """What the scenes of a worker beside the tests came to, as it prints them.

    :param worker: the name of its file here, or its path
    :param number: of the database's name, which no other test uses: copies are named
        like that of one more pytest worker, as in test_crash
    :param arguments: of the worker, besides the name of the database
    """
    name = re.sub(r"-gw\d+$", "", get_db_name())
    own = int((re.findall(r"-gw(\d+)$", get_db_name()) or [0])[0])
    copy = f"{name}-gw{number + own}"
    path = Path(__file__).parent / worker
    close_all()  # nobody may be connected to what is copied
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
    command = ["psql", "-d", "postgres", "-qAtc", end.format(get_db_name())]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    subprocess.run(["createdb", "--template", get_db_name(), copy], check=True)
    done = subprocess.run(
        [sys.executable, str(path), copy, *arguments],
        stdout=subprocess.PIPE,
        check=False,
    )
    subprocess.run(["dropdb", "--force", copy], check=True)
    assert done.returncode == 0
    return json.loads(done.stdout)
