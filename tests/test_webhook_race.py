"""Two deliveries at the same moment: real threads over HTTP, real commits."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
import requests

from odoo.sql_db import close_all
from odoo.tests.common import get_db_name

SERVER = Path(__file__).with_name("webhook_server.py")


class Server:
    def __init__(self, database):
        self.database = database
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER), database], stdout=subprocess.PIPE, text=True
        )
        said = json.loads(self._process.stdout.readline())
        self.url = f"{said['url']}/ropo/webhook/{said['key']}"

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def push_together(self, *batches):
        """Posts each batch in a thread of its own; the answers."""
        with ThreadPoolExecutor(len(batches)) as pool:
            return list(pool.map(self._push, batches))

    def _push(self, messages):
        login = ("ropo", "secret")
        return requests.post(self.url, json=messages, auth=login, timeout=120)

    def kept(self):
        with psycopg2.connect(dbname=self.database) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT external_id FROM ropo_event")
            return sorted(row[0] for row in cursor.fetchall())


@pytest.fixture(scope="module")
def server():
    # Named like a copy for one more pytest worker, as in test_crash.
    name = re.sub(r"-gw\d+$", "", get_db_name())
    worker = int((re.findall(r"-gw(\d+)$", get_db_name()) or [0])[0])
    copy = f"{name}-gw{800 + worker}"
    close_all()  # nobody may be connected to what is copied
    subprocess.run(["createdb", "--template", get_db_name(), copy], check=True)
    server = Server(copy)
    yield server
    server.stop()
    subprocess.run(["dropdb", "--force", copy], check=True)


def batch(name, start, stop, step=1):
    return [{"id": f"{name}{n:03}"} for n in range(start, stop, step)]


def test_duplicates_that_meet_are_kept_once_and_all_are_answered_2xx(server):
    before = server.kept()
    same = batch("A", 0, 500)
    answers = server.push_together(*[same] * 4)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert sum(answer.json()["new"] for answer in answers) == 500
    assert server.kept() == sorted(before + [m["id"] for m in same])


def test_batches_that_overlap_lose_nothing_of_their_own(server):
    before = server.kept()
    answers = server.push_together(
        batch("B", 0, 300), batch("B", 200, 500), batch("B", 499, -1, -1)
    )
    assert [answer.status_code for answer in answers] == [200] * 3
    assert server.kept() == sorted(before + [m["id"] for m in batch("B", 0, 500)])
