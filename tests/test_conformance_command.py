"""`make conformance`: the same script from a shell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .channels.common import APICODE, CID, ChannelTests
from .channels.maventa import COMPANY, USER_KEY, VENDOR_KEY

ROOT = Path(__file__).resolve().parents[1]


def run(*secrets, **variables):
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "dev.conformance"],
        cwd=ROOT,
        env={**clean, **variables},
        input="".join(f"{secret}\n" for secret in secrets),
        capture_output=True,
        text=True,
        timeout=120,
    )


class TestCommand(ChannelTests):
    def test_shows_a_table_and_writes_json_without_the_code(self, sandbox):
        ran = run(APICODE, URL=sandbox.url, CID=CID)
        assert ran.returncode == 0, ran.stderr
        last = ran.stdout.splitlines()[-1]
        assert last.startswith("holds 50, DIFFERS 0, not tried 9. For Ropo's support: ")
        path = Path(last.partition("support: ")[2])
        text = path.read_text(encoding="utf-8")
        path.unlink()
        assert json.loads(text)["counts"] == {"held": 50, "differed": 0, "untried": 9}
        assert APICODE not in text + ran.stdout + ran.stderr

    def test_what_differs_makes_the_command_fail(self, sandbox):
        ran = run("wrong", URL=sandbox.url, CID=CID)
        assert ran.returncode == 1
        assert "DIFFERS   A token is given" in ran.stdout
        Path(ran.stdout.splitlines()[-1].partition("support: ")[2]).unlink()

    @pytest.mark.parametrize("url", ["https://ropo24.fi", "https://ROPO24.SE./x"])
    def test_production_is_refused_before_anything_is_sent(self, url):
        ran = run(APICODE, URL=url, CID=CID)
        assert ran.returncode == 2
        assert "is production" in ran.stderr and not ran.stdout

    def test_says_how_it_is_asked_for(self):
        ran = run(APICODE)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "make conformance URL=https://… CID=…" in ran.stderr

    def test_at_maventa_it_asks_for_both_keys_and_shows_neither(self, sandbox):
        who = {"CHANNEL": "maventa", "URL": sandbox.url, "COMPANY": COMPANY}
        ran = run(USER_KEY, VENDOR_KEY, **who)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        last = ran.stdout.splitlines()[-1]
        assert last.startswith("holds 31, DIFFERS 0, not tried 4. For Ropo's support: ")
        path = Path(last.partition("support: ")[2])
        text = path.read_text(encoding="utf-8")
        path.unlink()
        assert json.loads(text)["channel"] == "maventa"
        shown = text + ran.stdout + ran.stderr
        assert USER_KEY not in shown and VENDOR_KEY not in shown

    def test_a_run_is_continued_from_its_file(self, sandbox):
        who = {"URL": sandbox.url, "CID": CID}
        ran = run(APICODE, **who)
        path = Path(ran.stdout.splitlines()[-1].partition("support: ")[2])
        before = len(sandbox.jobs())
        sandbox.post("age", days=8)
        again = run(APICODE, CONTINUE=str(path), **who)
        path.unlink()
        last = again.stdout.splitlines()[-1]
        Path(last.partition("support: ")[2]).unlink(missing_ok=True)
        assert last.startswith("holds 51, DIFFERS 0, not tried 8.")
        assert "Not seen yet: 3, 4, 103" in again.stdout
        assert len(sandbox.jobs()) == before > 0

    def test_neither_address_at_maventa_may_be_production(self, sandbox):
        who = {"CHANNEL": "maventa", "COMPANY": COMPANY}
        for addresses in (
            {"URL": "https://ax.maventa.com"},
            {"URL": sandbox.url, "RECEIVABLES_URL": "https://receivables.maventa.com"},
        ):
            ran = run(USER_KEY, VENDOR_KEY, **who, **addresses)
            assert ran.returncode == 2
            assert "is production" in ran.stderr and not ran.stdout
        assert sandbox.state()["calls"] == {}

    @pytest.mark.parametrize(
        "variables, says",
        [
            ({"CHANNEL": "maventa"}, "CHANNEL=maventa URL=https://… COMPANY=…"),
            ({"CHANNEL": "pigeons"}, "CHANNEL may be ropo_one or maventa"),
        ],
    )
    def test_says_how_another_channel_is_asked_for(self, variables, says):
        ran = run(**variables)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert says in ran.stderr
