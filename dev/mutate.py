"""Mutation testing: small faults are put into the code one at a time, and each has to
make a test fail.

Which tests run which line is measured first; then each mutant is tried against the
tests that run its line (dev/mutating.py). What comes out is kept in .dev/mutate: a run
that was stopped goes on, and one after a change tries what is new, or has new tests. A
mutant that can't be told from the code is named in dev/equal_mutants.json, with the
reason.
"""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from typing import NamedTuple

from . import config, processes, steps, venv
from .place import HERE, ROOT, STATE, TroubleError, UsageError, show

HOME = STATE / "mutate"
PACKAGES = STATE / "mutmut"
TOOL = HERE / "requirements-mutate.txt"  # apart: nothing else needs it
EQUAL = HERE / "equal_mutants.json"
PROCESSES = 2
AGAIN = 75  # with this code a process wants to be started again
SURVIVED, KILLED, MISFIT = 0, 1, 2

# The services that decide.
DECIDING = ["agreement", "channel_rules", "comparison", "delivery_rules", "effects"]
DECIDING += ["eligibility", "lookup", "transfer_rules", "verdict"]
# And the tests that speak of what they decide.
DECIDED = ["agreement", "bad_debt", "customer_number", "debtor", "debtor_rules"]
DECIDED += ["decisions", "exemption", "holds", "kept_figures", "ledger", "lookup"]
DECIDED += [
    "local_print",
    "main_job",
    "maventa_transfer",
    "money_back",
    "notice",
    "outbox",
]
DECIDED += ["request_state", "send_wizard", "taking_back", "transfer", "verdicts"]


class Scope(NamedTuple):
    """What is mutated, and the tests that have to find it out."""

    name: str
    files: list
    code: list  # folders whose lines are measured, so that tests are found
    tests: list


def scopes():
    channels = sorted(path.relative_to(ROOT) for path in ROOT.glob("channels/**/*.py"))
    own = sorted(ROOT.glob("tests/channels/test_*.py"))
    own.remove(ROOT / "tests/channels/test_fuzz.py")  # no promise, and slow
    decided = [ROOT / f"tests/test_{name}.py" for name in DECIDED]
    deciding = [f"services/{name}.py" for name in DECIDING]
    return [
        Scope("channels", [*map(str, channels)], ["channels"], own),
        Scope("services", deciding, ["services"], decided),
    ]


def ensure():
    """Have what only this needs."""
    if not steps.fresh(PACKAGES, TOOL.read_bytes()):
        show("Mutation testing: installing mutmut …")
        with steps.new_folder(PACKAGES) as folder:
            venv.install(TOOL, "--target", folder)
        steps.stamp(PACKAGES, TOOL.read_bytes())


def main(databases, *patterns):
    """Try the mutants of these files, or of all, and sum them up."""
    chosen = []
    for scope in scopes():
        wanted = [path for path in scope.files if _is_wanted(path, patterns)]
        if wanted:
            chosen += wanted
            kept = HOME / scope.name
            kept.mkdir(parents=True, exist_ok=True)
            scope = scope._replace(files=wanted)
            modules = [str(path.relative_to(ROOT)) for path in scope.tests]
            fresh = all(is_measured(name, kept, scope.code) for name in modules)
            for phase in ("measure", "mutate")[fresh:]:
                codes = _side_by_side(scope, kept, phase, databases.split(","))
                # A test that fails without a mutant is left out.
                if set(codes) - {0, 1}:
                    raise TroubleError(f"It ended early; the logs are in {kept}.")
    if not chosen:
        raise UsageError("No such file is mutated: it is in channels/ or decides.")
    return _sum_up(chosen)


def _is_wanted(path, patterns):
    return not patterns or any(fnmatch(path, pattern) for pattern in patterns)


def _side_by_side(scope, kept, phase, databases):
    running = []
    with ThreadPoolExecutor(PROCESSES) as pool:
        tasks = [
            pool.submit(_process, scope, kept, phase, part, database, running)
            for part, database in enumerate(databases)
        ]
        try:
            return [task.result() for task in tasks]
        except BaseException:
            for process in running:
                process.terminate()
            raise


def _process(scope, kept, phase, part, database, running):
    """One process of pytest, as often as it wants to be started again."""
    plan = {"phase": phase, "part": part, "kept": str(kept)}
    plan |= {"files": scope.files, "code": scope.code}
    tests = [config.ADDON / path.relative_to(ROOT) for path in scope.tests]
    command = [venv.PYTHON, "-m", "pytest", f"--rootdir={config.ADDONS}"]
    command += ["-c", config.ADDON / "pyproject.toml", "--capture=no", "--quiet"]
    command += ["-p", "dev.mutating", "-p", "no:xdist", "-p", "no:cacheprovider"]
    command += [f"--odoo-config={config.PATH}", f"--odoo-database={database}"]
    environment = {**os.environ, "ROPO_MUTATE": json.dumps(plan)}
    with (kept / f"{phase}-{part}.log").open("w") as log:
        code = AGAIN
        while code == AGAIN:
            with subprocess.Popen(
                [*map(str, command), *map(str, tests)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            ) as process:
                running.append(process)
            code = process.returncode
    return code


def measured(module, kept):
    """Where it is written which lines the tests of a module run."""
    return kept / f"{module.replace('/', '.')}.json"


def is_measured(module, kept, code):
    path = measured(module, kept)
    return path.exists() and json.loads(path.read_text())["stamp"] == stamp(
        module, code
    )


def stamp(module, code):
    """Of all that has a say in which lines the tests of a module run."""
    helpers = [path for path in ROOT.glob("tests/**/*.py") if "test_" not in path.name]
    paths = [path for name in code for path in ROOT.glob(f"{name}/**/*.py")]
    paths = [ROOT / module, *sorted(helpers), *sorted(paths)]
    return steps.digest(*(path.read_bytes() for path in paths))


def results(kept):
    """What came of each mutant: KILLED, MISFIT, or the tests that it passed."""
    found = defaultdict(set)
    for path in kept.glob("results-*.jsonl"):
        for row in map(json.loads, path.read_text().splitlines()):
            if isinstance(row["result"], int):
                found[row["mutant"]] = row["result"]
            elif isinstance(found[row["mutant"]], set):
                found[row["mutant"]].add(row["result"])
    return found


def _sum_up(files):
    """The score of each file, and its survivors; the code is 1 where there are any."""
    from . import mutants  # which needs what ensure() installs

    done = {}
    for scope in scopes():
        done |= results(HOME / scope.name)
    equal = {
        (group["path"], change): group["why"]
        for group in json.loads(EQUAL.read_text())
        for change in group["mutants"]
    }
    total, survivors = Counter(), []
    print(f"{'killed':>7}{'equal':>7}{'alive':>7}{'score':>8}  file")
    for path in files:
        counts = Counter()
        for mutant in mutants.of(path):
            result = done.get(mutant.key, set())
            if isinstance(result, int):
                counts[result] += 1
            elif (path, mutant.change) in equal:
                counts["equal"] += 1
            else:
                counts[SURVIVED] += 1
                survivors.append(f"{path}:{mutant.lines.start}: {mutant.change}")
        _print_score(counts, path)
        total += counts
    _print_score(total, "all")
    (HOME / "survivors.txt").write_text("\n".join([*survivors, ""]))
    print(f"Survivors: {HOME / 'survivors.txt'}")
    return int(bool(survivors))


def _print_score(counts, name):
    killed, alive = counts[KILLED], counts[SURVIVED]
    if killed + alive + counts["equal"]:
        # An equal mutant can't be killed: it counts for nothing.
        score = f"{killed / max(1, killed + alive):.1%}"
        print(f"{killed:>7}{counts['equal']:>7}{alive:>7}{score:>8}  {name}")


if __name__ == "__main__":
    processes.end_on_termination()
    try:
        sys.exit(main(*sys.argv[1:]))
    except TroubleError as trouble:
        show(str(trouble))
        sys.exit(trouble.code)
