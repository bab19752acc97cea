"""What stands in the list of mutants that nothing can tell from the code, and what of a
fork says that a mutant was found."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from ..dev import forks, mutate

ROOT = Path(__file__).resolve().parents[1]
GROUPS = json.loads((ROOT / "dev/equal_mutants.json").read_text())


def test_each_equal_mutant_has_a_reason_and_is_made_of_code_that_is_there():
    assert GROUPS
    for group in GROUPS:
        assert group["why"].endswith(".")
        source = " ".join((ROOT / group["path"]).read_text().split())
        for mutant in group["mutants"]:
            place, _, change = mutant.partition(": ")
            assert f"def {place.rpartition('.')[2]}(" in source, mutant
            assert change.partition(" → ")[0] in source, mutant


def nothing_fails():
    pass


def a_test_fails():
    os._exit(forks.KILLED)


def it_misfits():
    raise forks.MisfitError


def the_harness_fails():
    raise RuntimeError("no test failed here")


def the_harness_wants_to_end():
    raise SystemExit(forks.KILLED)


def an_unknown_end():
    os._exit(77)


@pytest.mark.parametrize(
    ("run", "result"),
    [
        (nothing_fails, forks.SURVIVED),
        (a_test_fails, forks.KILLED),
        (it_misfits, forks.MISFIT),
        (the_harness_fails, forks.BROKEN),
        (the_harness_wants_to_end, forks.BROKEN),
        (an_unknown_end, forks.BROKEN),
    ],
)
def test_only_a_test_that_fails_kills_a_mutant(run, result):
    assert forks.outcome("mutant", run, limit=20) == result


def test_a_test_that_never_ends_is_stopped_and_said_to_be():
    assert forks.outcome("mutant", lambda: time.sleep(60), 0.2) == -signal.SIGKILL


def test_a_fork_that_goes_wrong_by_itself_is_tried_again_and_named_in_the_log(
    tmp_path, capfd
):
    def run():
        with (tmp_path / "tries").open("a") as tries:
            tries.write("x")
        if (tmp_path / "tries").stat().st_size == 1:
            raise RuntimeError("too many files are open")
        os._exit(forks.KILLED)

    assert forks.outcome("f: 1 → 2", run, limit=20) == forks.KILLED
    assert (tmp_path / "tries").read_text() == "xx"
    log = capfd.readouterr().err
    assert "Broken: f: 1 → 2" in log
    assert "too many files are open" in log


def test_a_broken_mutant_is_open_until_its_tests_were_tried(tmp_path):
    kept = tmp_path / "outcomes-0.jsonl"

    def rows(*results):
        rows = [{"mutant": "m", "tests": t, "result": r} for t, r in results]
        kept.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return mutate.in_the_end(mutate.results(tmp_path)["m"])

    assert rows(("a", forks.SURVIVED), ("b", forks.BROKEN)) == forks.BROKEN
    assert rows(("b", forks.BROKEN), ("b", forks.SURVIVED)) == forks.SURVIVED
    assert rows(("a", forks.BROKEN), ("b", forks.KILLED)) == forks.KILLED
    # And what was found by tests that fail without a mutant was not found.
    assert rows(("a", forks.KILLED), ("a", forks.BROKEN)) == forks.BROKEN


def test_a_measurement_lasts_until_its_module_or_a_file_that_it_ran_changes(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    for name in ("test_a.py", "ran.py", "other.py"):
        (tmp_path / name).write_text(f"# {name}")
    files = ["ran.py", "other.py"]
    tests = {"test_a.py::test": {"seconds": 1, "lines": {"ran.py": [1]}}}
    found = {"stamps": mutate.stamps("test_a.py", ["ran.py"]), "tests": tests}

    assert not mutate.is_measured("test_a.py", tmp_path, files)
    mutate.measured("test_a.py", tmp_path).write_text(json.dumps(found))
    assert mutate.is_measured("test_a.py", tmp_path, files)
    (tmp_path / "other.py").write_text("# changed")
    assert mutate.is_measured("test_a.py", tmp_path, files)
    (tmp_path / "ran.py").write_text("# changed")
    assert mutate.is_measured("test_a.py", tmp_path, ["other.py"])
    assert not mutate.is_measured("test_a.py", tmp_path, files)
    (tmp_path / "ran.py").write_text("# ran.py")
    (tmp_path / "test_a.py").write_text("# changed")
    assert not mutate.is_measured("test_a.py", tmp_path, files)
