"""Two hosts of one database: real servers of Odoo on ports of their own, each with the
job runner."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import requests

from odoo.tools import config

LONGEST = 120  # seconds until a server answers, or a scene is over


class Host:
    """One server; its runner has the jobs done by this server alone."""

    def __init__(self, database):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "odoo", "--config", config["config"]),
                *("--database", database, "--load", "base,web,queue_job"),
                *("--http-interface", "127.0.0.1", "--http-port", str(self.port)),
                *("--max-cron-threads", "0", "--log-level", "error"),
            ],
            env={
                **os.environ,
                "ODOO_QUEUE_JOB_HOST": "127.0.0.1",
                "ODOO_QUEUE_JOB_PORT": str(self.port),
                "ODOO_QUEUE_JOB_CHANNELS": "root:4,root.ropo:2",
            },
        )

    def wait(self):
        def answers():
            try:
                url = f"http://127.0.0.1:{self.port}/web/health"
                return requests.get(url, timeout=5).ok
            except requests.RequestException:  # not yet
                return False

        until(answers)

    def kill(self):
        self._process.kill()
        self._process.wait()


@contextmanager
def host(database):
    """One of them, once it answers."""
    started = Host(database)
    try:
        started.wait()
        yield started
    finally:
        started.kill()


def until(is_true):
    end = time.monotonic() + LONGEST
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.1)
