"""How the command behaves: starting, ending, remembering."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests


def test_prints_one_line_once_it_accepts_connections(start):
    process = start()
    assert process.line.startswith("Listening on http://127.0.0.1:")
    assert requests.get(process.url, timeout=5).status_code == 200
    assert process.end()[1] == ""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_ends_cleanly_when_asked_to(start, connect_to, signum):
    process = start()
    connect_to(process.url).updates()  # a connection that stays open
    assert process.end(signum) == (0, "", "")


def test_listens_on_loopback_only(start):
    command = [sys.executable, "-m", "sandbox", "--host", "0.0.0.0"]
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=10
    )
    assert result.returncode == 2
    assert "invalid choice" in result.stderr


def test_a_taken_port_is_reported_in_one_line(start):
    process = start()
    port = process.url.rsplit(":", 1)[1]
    other = start("--port", port)
    assert other.line == ""
    assert f"Cannot listen on port {port}" in other.process.stderr.read()


def test_a_killed_sandbox_has_lost_nothing_it_accepted(start, connect_to, tmp_path):
    file = str(tmp_path / "state.db")
    process = start("--state", file)
    ropo = connect_to(process.url)
    row = ropo.accepted(ropo.reminder())
    ropo.pay(jobid=row["jobid"], amount=25.5)
    ropo.control(f"jobs/{row['jobid']}/stage", stage="collection")
    ropo.control("age", days=3)
    ropo.control("webhooks", cid="700001", url="http://127.0.0.1:9", user="u")
    ropo.profile("900007", country="no")
    ropo.refused(ropo.reminder(billnum=row["billnum"]))
    before = ropo.state()
    process.end(signal.SIGKILL)

    again = connect_to(start("--state", file).url)
    after = again.state()
    for name in ("profiles", "jobs", "payments", "rejected", "duplicates", "webhooks"):
        assert after[name] == before[name], name
    assert after["time"][:10] == before["time"][:10]
    assert [update["statuscode"] for update in again.updates()] == [2]
    assert again.updates() is None
    assert again.accepted(again.reminder())["jobid"] > row["jobid"]
    assert again.pay(jobid=row["jobid"], amount=100).json()["capitalafter"] == 0


def test_what_was_fetched_before_a_restart_is_not_offered_again(
    start, connect_to, tmp_path
):
    file = str(tmp_path / "state.db")
    process = start("--state", file)
    ropo = connect_to(process.url)
    row = ropo.accepted(ropo.reminder())
    ropo.control(f"jobs/{row['jobid']}/comment", text="Called")
    assert len(ropo.updates()) == 1
    process.end(signal.SIGKILL)
    assert connect_to(start("--state", file).url).updates() is None


def test_reset_empties_the_file_too(start, connect_to, tmp_path):
    file = str(tmp_path / "state.db")
    process = start("--state", file)
    ropo = connect_to(process.url)
    ropo.accepted(ropo.reminder())
    ropo.control("reset")
    process.end(signal.SIGKILL)
    assert connect_to(start("--state", file).url).state()["jobs"] == []


def test_options_of_the_command_line_apply(start, connect_to):
    spec = "drop_after:POST /rest/jobs:p=0.5:times=3,throttle:skip=2:retry_after=7"
    ropo = connect_to(start("--faults", spec, "--latency", "5").url)
    state = ropo.state()
    first, second = state["faults"]
    assert state["latency"] == 5
    assert (first["kind"], first["method"], first["path"], first["times"]) == (
        "drop_after",
        "POST",
        "/rest/jobs",
        3,
    )
    assert first["probability"] == 0.5
    assert (second["kind"], second["skip"], second["retry_after"]) == ("throttle", 2, 7)


def test_a_fault_that_does_not_exist_is_refused(start):
    process = start("--faults", "sulk:p=1")
    assert process.line == ""
    assert process.process.wait(timeout=10) == 2
