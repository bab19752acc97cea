"""Each measure of `make bench` runs, and ends in a row for each of its goals.

With a few of everything: whether the goals are met is for `make bench` itself.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TITLES = ["What", "N", "ms each", "queries each", "ratio", "of", "goal"]
SPREAD = re.compile(r"\d+\.\d+ \(\d+\.\d+–\d+\.\d+\)")
GOALS = {
    ("Posting an invoice", "≤ 1.02 ×"),
    ("Posting an invoice", "no more queries"),
    ("Registering a payment", "≤ 1.02 ×"),
    ("Registering a payment", "no more queries"),
    ("Sending", "≤ 1.5 ×"),
    ("Sending", "queries ≤ 0.2"),
    ("Sending many", "≤ 1.05 ×"),
    ("Sending many", "queries ≤ 0.2"),
    ("Sending many: peak memory over idle", "≤ 200 MB"),
    ("Sending", "≤ a tenth"),
    ("Sending", "≤ a third"),
    ("Sending for 2 accounts, 100 ms away, two workers", "≤ 1.2 ×"),
    ("Verdicts for transfer", "the same queries"),
    ("Verdicts for transfer", "< 2.4 ms (OCA, seen elsewhere)"),
    ("Comparison, all of it new", "≤ 1.5 ×"),
    ("Comparison, nothing new", "≤ 1.5 ×"),
    ("Payments, 100 ms away, 8 at once", "≤ 1.1 ×"),
    ("Comparison of open cases, no news", "≤ 3 s in all"),
}


def measured(folder, *names):
    """The rows of these measures, as they are printed, too."""
    path = folder / "rows.json"
    command = [sys.executable, "-m", "dev", "bench", "--smoke", "--json", str(path)]
    for name in names:
        command += ["--only", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr
    rows = json.loads(path.read_text())
    lines = [re.split(r" {2,}", line.strip()) for line in done.stdout.splitlines()]
    printed = lines[lines.index(TITLES) + 1 :]
    assert [line[0] for line in printed[: len(rows)]] == [row["what"] for row in rows]
    for line, row in zip(printed, rows, strict=False):
        verdict = {None: (), True: ("met",), False: ("MISSED",)}[row["met"]]
        assert set(verdict) <= set(line), line
    return rows


def with_goal(rows):
    return [row for row in rows if row["met"] is not None]


class TestBench:
    """Each is a scope of its own, so that workers share them."""

    def test_each_goal_of_sending_and_of_money_has_a_row(self, tmp_path):
        names = ["booking", "sending", "many", "others", "accounts"]
        names += ["verdicts", "money", "cases"]
        rows = with_goal(measured(tmp_path, *names))
        assert {(row["what"], row["goal"]) for row in rows} == GOALS
        assert len(rows) == len(GOALS)
        for row in rows:
            if row["goal"].endswith("×"):
                assert SPREAD.fullmatch(row["ratio"]), row


class TestOpening:
    def test_each_screen_has_a_row_with_its_time_and_its_queries(self, tmp_path):
        rows = measured(tmp_path, "opening")
        names = [row["what"] for row in rows]
        assert {"Overview: kanban", "Cases: list", "Ropo Case: form"} <= {*names}
        assert len({*names}) == len(names) == len(with_goal(rows)) > 30
        assert all(row["ms"] and row["queries"] for row in rows)


class TestPast:
    def test_each_scheduled_action_has_a_row_with_the_past_and_one_without(
        self, tmp_path
    ):
        rows = measured(tmp_path, "past")
        without = [row["what"] for row in rows if row["what"].endswith(", no past")]
        beside = [row for row in rows if not row["what"].endswith(", no past")]
        assert [f"{row['what']}, no past" for row in beside] == without
        assert {"Ropo: Send Outbox", "Ropo: Report Payments"} <= {
            row["what"] for row in beside
        }
        # How much of what has ended is looked at each day grows with it.
        assert len(with_goal(rows)) == len(beside) - 1
        assert all(SPREAD.fullmatch(row["ratio"]) for row in beside)


class TestInstall:
    def test_installing_and_upgrading_have_a_row_with_what_was_written(self, tmp_path):
        rows = measured(tmp_path, "install")
        assert [(row["what"], row["goal"]) for row in rows] == [
            ("Installing beside many invoices", "none"),
            ("Upgrading beside many invoices", "none"),
        ]
        assert all(row["met"] for row in rows), "no invoice is written again"
