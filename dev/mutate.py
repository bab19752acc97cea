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
from .forks import BROKEN, KILLED, MISFIT, SURVIVED
from .place import HERE, ROOT, STATE, TroubleError, UsageError, show

HOME = STATE / "mutate"
PACKAGES = STATE / "mutmut"
TOOL = HERE / "requirements-mutate.txt"  # apart: nothing else needs it
LIST = HERE / "equal_mutants.json"
PROCESSES = 2
EQUAL = "equal"
COLUMNS = {"killed": KILLED, "equal": EQUAL, "alive": SURVIVED, "broken": BROKEN}
AGAIN = 75  # with this code a process wants to be started again

# The services that decide, and of each the tests that speak of what it decides, the
# most telling first: to measure and to try all tests of the addon takes days.
DECIDING = {
    "agreement": "agreement ledger kept_figures",
    "channel_rules": "reasons maventa_transfer",
    "comparison": "ledger agreement bad_debt money_back",
    "delivery_rules": "reasons customer_number double_delivery debtor",
    "effects": "effects main_job outbox local_print decisions lookup",
    "eligibility": "reasons verdicts debtor_rules customer_number transfer",
    "lookup": "lookup_answers lookup request_state",
    "transfer_rules": "reasons notice verdicts transfer debtor_rules holds exemption",
    "verdict": "verdicts",
}


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
    found = [Scope("channels", [*map(str, channels)], ["channels"], own)]
    for name, subjects in DECIDING.items():
        tests = [ROOT / f"tests/test_{subject}.py" for subject in subjects.split()]
        found.append(Scope("services", [f"services/{name}.py"], ["services"], tests))
    return found


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
    for log in HOME.glob("*/*.log"):
        log.unlink()
    for scope in scopes():
        wanted = [path for path in scope.files if _is_wanted(path, patterns)]
        if wanted:
            chosen += wanted
            kept = HOME / scope.name
            kept.mkdir(parents=True, exist_ok=True)
            scope = scope._replace(files=wanted)
            modules = [str(path.relative_to(ROOT)) for path in scope.tests]
            fresh = all(is_measured(name, kept, wanted) for name in modules)
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
    with ThreadPoolExecutor(len(databases)) as pool:
        tasks = [
            pool.submit(_process, scope, kept, phase, part, databases, running)
            for part in range(len(databases))
        ]
        try:
            return [task.result() for task in tasks]
        except BaseException:
            for process in running:
                process.terminate()
            raise


def _process(scope, kept, phase, part, databases, running):
    """One process of pytest, as often as it wants to be started again."""
    plan = {"phase": phase, "kept": str(kept), "part": part, "parts": len(databases)}
    plan |= {"files": scope.files, "code": scope.code}
    tests = [config.ADDON / path.relative_to(ROOT) for path in scope.tests]
    command = [venv.PYTHON, "-m", "pytest", f"--rootdir={config.ADDONS}"]
    command += ["-c", config.ADDON / "pyproject.toml", "--capture=no", "--quiet"]
    command += ["-p", "dev.mutating", "-p", "no:xdist", "-p", "no:cacheprovider"]
    command += [f"--odoo-config={config.PATH}", f"--odoo-database={databases[part]}"]
    environment = {**os.environ, "ROPO_MUTATE": json.dumps(plan)}
    with (kept / f"{phase}-{part}.log").open("a") as log:
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


def is_measured(module, kept, files):
    """Whether it is still known which lines of these files the tests of a module run.

    It is as long as neither the module changed nor a file that it ran. What another
    change has them run besides costs kills, and makes none up.
    """
    path = measured(module, kept)
    if not path.exists():
        return False
    found = json.loads(path.read_text())
    ran = {name for test in found["tests"].values() for name in test["lines"]}
    now = stamps(module, [name for name in files if name in {*ran, module}])
    return now.items() <= found["stamps"].items()


def stamps(module, files):
    """What a measurement of a module is of: it, and these files as they are now."""
    return {name: steps.digest((ROOT / name).read_bytes()) for name in [module, *files]}


def results(kept):
    """What came of each mutant: `{mutant: {tests: result}}`, the last of each."""
    found = defaultdict(dict)
    for path in kept.glob("outcomes-*.jsonl"):
        for row in map(json.loads, path.read_text().splitlines()):
            found[row["mutant"]][row["tests"]] = row["result"]
    return found


def in_the_end(tried):
    """What came of a mutant by all that it was tried against."""
    for result in (KILLED, MISFIT, BROKEN):
        if result in tried.values():
            return result
    return SURVIVED


def _sum_up(files):
    """The score of each file, and its survivors; the code is 1 where there are any."""
    from . import mutants  # which needs what ensure() installs

    done = {}
    for scope in scopes():
        done |= results(HOME / scope.name)
    equal = {
        (group["path"], change): group["why"]
        for group in json.loads(LIST.read_text())
        for change in group["mutants"]
    }
    total, lines = Counter(), []
    print("".join(f"{name:>7}" for name in COLUMNS), f"{'score':>7}  file")
    for path in files:
        counts = Counter()
        for mutant in mutants.of(path):
            result = in_the_end(done.get(mutant.key, {}))
            if result in (SURVIVED, BROKEN) and (path, mutant.change) in equal:
                result = EQUAL
            counts[result] += 1
            if result in (SURVIVED, BROKEN):
                note = " (broken: see the logs)" if result == BROKEN else ""
                lines.append(f"{path}:{mutant.lines.start}: {mutant.change}{note}")
        _print_score(counts, path)
        total += counts
    _print_score(total, "all")
    (HOME / "survivors.txt").write_text("\n".join([*lines, ""]))
    print(f"Survivors: {HOME / 'survivors.txt'}")
    return int(bool(lines))


def _print_score(counts, name):
    """An equal mutant can't be killed: it counts for nothing; nor is one killed of
    which it is not known."""
    of_it = sum(counts[result] for result in (KILLED, SURVIVED, BROKEN))
    if of_it + counts[EQUAL]:
        columns = "".join(f"{counts[result]:>7}" for result in COLUMNS.values())
        print(columns, f"{counts[KILLED] / max(1, of_it):>7.1%}  {name}")


if __name__ == "__main__":
    processes.end_on_termination()
    try:
        sys.exit(main(*sys.argv[1:]))
    except TroubleError as trouble:
        show(str(trouble))
        sys.exit(trouble.code)
