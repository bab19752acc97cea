"""What is tried for many seeds, in several processes: the storm and the random walks,
and the odd documents of tests/channels/test_fuzz.py.

What each seed brought is kept in .dev, so that a campaign that was stopped goes on; one
that failed is tried again alone by `make campaign SEED=7`, which tells its story.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from .place import ROOT, STATE, show

PROCESSES = 2


@dataclass(frozen=True)
class Campaign:
    """One kind of test that is run for many seeds.

    :param tests: pytest's arguments
    :param variables: of the environment, for a list of seeds
    :param chunk: seeds that share a process, and the set-up of its databases
    """

    folder: Path
    tests: list[str]
    variables: Callable[[list[int]], dict[str, str]]
    chunk: int = 1

    def run(self, seeds):
        """Run those from 1 to `seeds` that have not been run, and sum up them all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        todo = [seed for seed in range(1, seeds + 1) if not self._kept(seed).exists()]
        starts = range(0, len(todo), self.chunk)
        chunks = [todo[start : start + self.chunk] for start in starts]
        with ThreadPoolExecutor(PROCESSES) as pool:
            for chunk in pool.map(self._run, chunks):
                show(f"Seeds {chunk[0]} to {chunk[-1]}: {self._verdict(chunk)}")
        return self._sum_up(range(1, seeds + 1))

    def replay(self, seed):
        """One seed alone, with its story."""
        command = [sys.executable, "-m", "dev", "pytest", "--numprocesses=0", "-s"]
        variables = {**os.environ, **self.variables([seed])}
        return subprocess.run(
            [*command, *self.tests], cwd=ROOT, env=variables
        ).returncode

    def _run(self, chunk):
        """One process for these seeds. What it leaves out, since it died, is run
        again."""
        found = self.folder / f"{chunk[0]}.xml"
        found.unlink(missing_ok=True)
        pytest = [sys.executable, "-m", "dev", "pytest", "--numprocesses=0"]
        variables = self.variables(chunk)
        with (self.folder / f"{chunk[0]}.log").open("w") as log:
            print(*(f"{k}={v}" for k, v in variables.items()), file=log, flush=True)
            subprocess.run(
                [*pytest, *self.tests, f"--junitxml={found}"],
                cwd=ROOT,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if found.exists():
            self._keep(chunk, ElementTree.parse(found).findall(".//testcase"))
            found.unlink()
        return chunk

    def _keep(self, chunk, cases):
        """Write what the tests of each seed brought; where a process has several, a
        test bears its own at the end of its name."""
        for seed in chunk:
            end = re.compile("" if self.chunk == 1 else rf"\D0*{seed}\]?$")
            own = [case for case in cases if end.search(case.get("name"))]
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
                self._kept(seed).write_text(json.dumps(result, indent=1))

    def _kept(self, seed):
        return self.folder / f"{seed}.json"

    def _results(self, seeds):
        return {
            seed: json.loads(self._kept(seed).read_text())
            for seed in seeds
            if self._kept(seed).exists()
        }

    def _verdict(self, seeds):
        found = self._results(seeds)
        failed = [seed for seed, result in found.items() if result["failed"]]
        lost = len(seeds) - len(found)
        parts = [f"{len(found) - len(failed)} passed"]
        parts += [f"failed: {', '.join(map(str, failed))}"] if failed else []
        parts += [f"{lost} did not end"] if lost else []
        return "; ".join(parts)

    def _sum_up(self, seeds):
        found = self._results(seeds)
        counts = Counter()
        for what, value in (one for each in found.values() for one in each["happened"]):
            is_count = value.isdecimal()
            name = what if is_count else f"{what}: {value}"
            counts[name] += int(value) if is_count else 1
        for name, count in sorted(counts.items()):
            print(f"{count:>7}  {name}")
        print(f"{sum(result['runs'] for result in found.values()):>7}  tests")
        for seed, result in found.items():
            for test, story in result["failed"].items():
                print(f"\nSeed {seed}, {test}:\n{story}")
        print(f"\n{len(seeds)} seeds: {self._verdict(seeds)}.")
        return int(any(r["failed"] for r in found.values()) or len(found) < len(seeds))


CAMPAIGN = Campaign(
    STATE / "campaign",
    [
        "tests/test_storm.py",
        "tests/test_random_walk.py",
        "tests/test_payout_walk.py",
        *("-k", "storm or test_walk", "-p", "dev.happened"),
    ],
    lambda seeds: {"ROPO_SEEDS": ",".join(map(str, seeds))},
    chunk=25,
)

OF_EACH_SEED = 5000  # documents
FUZZ = Campaign(
    STATE / "fuzz",
    ["tests/channels/test_fuzz.py"],
    lambda seeds: {
        "ROPO_FUZZ_SEED": str(seeds[0]),
        "ROPO_FUZZ_DOCUMENTS": str(OF_EACH_SEED),
    },
)


def fuzz(documents):
    """Read at least so many odd documents."""
    return FUZZ.run(-(-documents // OF_EACH_SEED))
