"""The storm of tests/test_crash.py for many seeds, in several processes.

What each seed brought is kept in .dev/campaign, so that a campaign that was stopped
goes on; a seed that failed is run again by `ROPO_STORM_SEEDS=… ROPO_STORM_ROUNDS=1`.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

from .place import ROOT, STATE, show

FOLDER = STATE / "campaign"
CHUNK = 10  # seeds that share the set-up of their databases
PROCESSES = 2
STORM = ["tests/test_crash.py", "-k", "storm", "--numprocesses=0"]


def run(seeds):
    """Run the seeds from 1 to `seeds` that have not been run, and sum up them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    todo = [seed for seed in range(1, seeds + 1) if not _kept(seed).exists()]
    chunks = [todo[start : start + CHUNK] for start in range(0, len(todo), CHUNK)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        for chunk in pool.map(_run, chunks):
            show(f"Seeds {chunk[0]} to {chunk[-1]}: {_verdict(chunk)}")
    return _sum_up(range(1, seeds + 1))


def _run(chunk):
    """One process for these seeds. What it leaves out, since it died, is run again."""
    found = FOLDER / f"{chunk[0]}.xml"
    found.unlink(missing_ok=True)
    variables = {
        "ROPO_STORM_SEEDS": ",".join(map(str, chunk)),
        "ROPO_STORM_ROUNDS": "1",
    }
    with (FOLDER / f"{chunk[0]}.log").open("w") as log:
        subprocess.run(
            [sys.executable, "-m", "dev", "pytest", *STORM, f"--junitxml={found}"],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    if found.exists():
        _keep(chunk, ElementTree.parse(found).findall(".//testcase"))
        found.unlink()
    return chunk


def _keep(chunk, cases):
    """Write what the tests of each seed brought."""
    for seed in chunk:
        own = [case for case in cases if case.get("name").endswith(f"-{seed}]")]
        stories = {
            case.get("name"): story.text
            for case in own
            for story in (*case.findall("failure"), *case.findall("error"))
        }
        happened = [
            (entry.get("name"), entry.get("value"))
            for case in own
            for entry in case.findall("properties/property")
        ]
        if own:
            result = {"runs": len(own), "failed": stories, "happened": happened}
            _kept(seed).write_text(json.dumps(result, indent=1))


def _kept(seed):
    return FOLDER / f"{seed}.json"


def _results(seeds):
    return {
        seed: json.loads(_kept(seed).read_text())
        for seed in seeds
        if _kept(seed).exists()
    }


def _verdict(seeds):
    found = _results(seeds)
    failed = [seed for seed, result in found.items() if result["failed"]]
    lost = len(seeds) - len(found)
    parts = [f"{len(found) - len(failed)} passed"]
    parts += [f"failed: {', '.join(map(str, failed))}"] if failed else []
    parts += [f"{lost} did not end"] if lost else []
    return "; ".join(parts)


def _sum_up(seeds):
    found = _results(seeds)
    counts = Counter(
        tuple(one) for result in found.values() for one in result["happened"]
    )
    for (what, name), count in sorted(counts.items()):
        print(f"{count:>7}  {what}: {name}")
    print(f"{sum(result['runs'] for result in found.values()):>7}  storms")
    for seed, result in found.items():
        for test, story in result["failed"].items():
            print(f"\nSeed {seed}, {test}:\n{story}")
    print(f"\n{len(seeds)} seeds: {_verdict(seeds)}.")
    return int(any(r["failed"] for r in found.values()) or len(found) < len(seeds))
