"""A sandbox of its own for these tests, spoken to as any client would."""

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jsonschema_rs
import pytest
import requests
from hypothesis import HealthCheck, configuration, settings
from maventa_client import MaventaClient

# The same examples in each run, and nothing written beside the sources.
configuration.set_hypothesis_home_dir(tempfile.gettempdir())
settings.register_profile(
    "sandbox",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("sandbox")

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = Path(__file__).resolve().parents[1] / "contract"
FINLAND = ("700001", "sandbox-apicode")
UNIFY = ("700002", "sandbox-apicode-2")
SWEDEN = ("700003", "sandbox-apicode-3")


def _answers_of(document, name):
    whole = json.loads((CONTRACT / document).read_text(encoding="utf-8"))
    schema = {
        "$ref": f"#/components/schemas/{name}",
        "components": whole["components"],
    }
    return jsonschema_rs.validator_for(schema, validate_formats=True)


JOB_ANSWER = _answers_of("jobs.openapi.json", "JobResponse")
PAYMENT_ANSWER = _answers_of("payment.openapi.json", "JobAddPaymentResponse")


class Process:
    """``python -m sandbox`` in a process; ``url`` is the line it prints."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.line = self.process.stdout.readline()
        self.url = self.line.removeprefix("Listening on ").strip()

    def end(self, signum=signal.SIGTERM):
        """``(exit code, rest of stdout, stderr)``."""
        self.process.send_signal(signum)
        rest, errors = self.process.communicate(timeout=10)
        return self.process.returncode, rest, errors


class Client:
    """Calls as one customer; the control API beside it."""

    numbers = itertools.count(1)

    def __init__(self, url, login=FINLAND):
        self.url = url
        self.login = login
        self.http = requests.Session()
        self.http.trust_env = False

    def as_customer(self, login):
        return Client(self.url, login)

    # --- the vendor's API ---------------------------------------------------------

    def token(self):
        cid, apicode = self.login
        body = {"cid": cid, "apicode": apicode}
        answer = self.http.post(f"{self.url}/rest/token", json=body, timeout=10)
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    def call(self, method, path, **options):
        if "Authorization" not in self.http.headers:
            self.http.headers["Authorization"] = f"Bearer {self.token()}"
        options.setdefault("timeout", 20)
        return self.http.request(method, f"{self.url}/rest{path}", **options)

    def post_jobs(self, *datasets):
        body = {"datastream": {"dataset": list(datasets)}}
        answer = self.call("POST", "/jobs", json=body)
        JOB_ANSWER.validate(answer.json())
        return answer

    def accepted(self, dataset):
        """The answer row of one dataset that has to be taken."""
        answer = self.post_jobs(dataset)
        assert answer.status_code == 201, answer.text
        [row] = answer.json()["result"]
        return row

    def refused(self, dataset):
        """Why one dataset was not taken."""
        answer = self.post_jobs(dataset)
        assert answer.status_code == 400, answer.text
        [row] = answer.json()["result"]
        assert row["accepted"] == 0
        return row["error"]

    def pay(self, **body):
        body.setdefault("paydate", "2026-03-01")
        answer = self.call("POST", "/jobs/payment", json=body)
        PAYMENT_ANSWER.validate(answer.json())
        return answer

    def updates(self, **query):
        """Rows of one page of status updates, or None at 204."""
        answer = self.call("GET", "/jobs/statusupdates", params=query)
        if answer.status_code == 204:
            assert not answer.content
            return None
        return answer.json()["result"]["status"]

    # --- the control API ----------------------------------------------------------

    def control(self, path, expected=(200, 201, 204), method="POST", **body):
        answer = requests.request(
            method, f"{self.url}/_sandbox/{path}", json=body, timeout=20
        )
        assert answer.status_code in expected, answer.text
        return answer

    def state(self):
        return requests.get(f"{self.url}/_sandbox/state", timeout=20).json()

    def job(self, jobid):
        return next(job for job in self.state()["jobs"] if job["jobid"] == jobid)

    def profile(self, cid="900001", **values):
        """A customer made for one test, and the client that speaks as it."""
        self.control("profiles", cid=cid, apicode="test-apicode", **values)
        return self.as_customer((cid, "test-apicode"))

    def faults(self, *faults):
        self.control("faults", faults=list(faults))

    # --- datasets -----------------------------------------------------------------

    def number(self):
        return next(Client.numbers)

    def invoice(self, **changes):
        number = self.number()
        return _without_none(
            {
                "jobtype": 300,
                "ownref": str(number),
                "billnum": f"INV/{number:05}",
                "billcode": f"{number}0001",
                "customertype": 1,
                "company": "Example Company Oy",
                "address": "Example street 1",
                "postcode": "00100",
                "city": "Helsinki",
                "billdate": "2026-01-02",
                "paydate": "2026-01-16",
                "payrow": [{"desc": "Work", "count": 1, "amount": 100, "taxpr": 25.5}],
                **changes,
            }
        )

    def reminder(self, **changes):
        claim = {"jobtype": 1, "payrow": None, "amount": 125.5}
        return self.invoice(**{**claim, **changes})

    def collection(self, **changes):
        claim = {"jobtype": 2, "noticedate": "2026-02-01"}
        return self.reminder(**{**claim, **changes})

    def credit_note(self, count=-1, **changes):
        row = {"desc": "Work", "count": count, "amount": 100, "taxpr": 25.5}
        return self.invoice(**{"payrow": [row], **changes})


def _without_none(dataset):
    return {name: value for name, value in dataset.items() if value is not None}


def wait_until(condition, seconds=5):
    """Poll until the condition holds; for what happens after a connection died."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def running():
    process = Process()
    yield process
    code, rest, errors = process.end()
    assert (code, rest, errors) == (0, "", ""), errors


@pytest.fixture
def ropo(running):
    client = Client(running.url)
    client.control("reset")
    return client


@pytest.fixture
def maventa(running):
    client = MaventaClient(running.url)
    client.control("reset")
    return client


@pytest.fixture
def start():
    """Start further sandboxes with options of their own; they are ended afterwards."""
    started = []

    def start(*options):
        process = Process(*options)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.process.poll() is None:
            process.end(signal.SIGKILL)


@pytest.fixture(name="wait_until")
def _wait_until():
    return wait_until


@pytest.fixture
def logins():
    return {"finland": FINLAND, "unify": UNIFY, "sweden": SWEDEN}


@pytest.fixture
def connect_to():
    return Client
