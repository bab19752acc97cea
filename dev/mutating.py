"""A plugin of pytest: finds out which test runs which line, or tries the mutants.

mutmut's own runner copies the code and starts pytest there; cosmic-ray starts it for
each mutant. Odoo knows an addon by its folder and takes seconds to load. So here one
process loads all, and sets up each class of tests once. For each mutant it forks; the
fork puts the mutant's code in the place of that of the functions that are there, runs
the tests that run the line, and dies. The fork shares the database's connection with
it, so what it wrote is undone by a savepoint.
"""

import atexit
import contextlib
import gc
import json
import os
import signal
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType

from odoo.tests import HttpCase

from . import mutants, processes, steps
from .mutate import (
    AGAIN,
    KILLED,
    MISFIT,
    PROCESSES,
    SURVIVED,
    is_measured,
    measured,
    results,
    stamp,
)
from .place import ROOT

PLAN = json.loads(os.environ["ROPO_MUTATE"])
PART = PLAN["part"]
KEPT = Path(PLAN["kept"])
MOST = 60  # tests for one mutant


def pytest_collection_modifyitems(items):
    # What is asked over HTTP has a server in a thread, and no thread is in a fork.
    items[:] = [one for one in items if not issubclass(one.cls or object, HttpCase)]


def pytest_runtestloop(session):
    """Instead of just running the tests."""
    processes.end_on_termination()  # and the sandboxes of its tests with it
    {"measure": _measure, "mutate": _mutate}[PLAN["phase"]](session.items)
    session._setupstate.teardown_exact(None)
    return True


def _module(item):
    return str(item.path.resolve().relative_to(ROOT))


def _measure(items):
    """Keep the lines that each test runs, of the modules that changed."""
    from coverage import Coverage

    modules = defaultdict(list)
    for item in items:
        modules[_module(item)].append(item)
    for module in list(modules)[PART::PROCESSES]:
        if is_measured(module, KEPT, PLAN["code"]):
            continue
        places = [f"{ROOT / name}/*" for name in PLAN["code"]]
        cover = Coverage(data_file=None, include=places)
        tests, passed = {}, _Passed()
        cover.start()
        for item, after in pairwise([*modules[module], None]):
            cover.switch_context(item.nodeid)
            begin = time.monotonic()
            passed.run(item, after)
            if passed.all_is_well:
                seconds = time.monotonic() - begin
                tests[item.nodeid] = {"seconds": seconds, "lines": defaultdict(list)}
        cover.stop()
        for path in cover.get_data().measured_files():
            name = str(Path(path).relative_to(ROOT))
            for line, ids in cover.get_data().contexts_by_lineno(path).items():
                for one in set(ids) & set(tests):
                    tests[one]["lines"][name].append(line)
        found = {"stamp": stamp(module, PLAN["code"]), "tests": tests}
        measured(module, KEPT).write_text(json.dumps(found))
        print(f"{module}: {len(tests)} of {len(modules[module])} tests measured")


class _Passed:
    """Runs tests, and hears whether they passed."""

    def run(self, item, after):
        self.all_is_well = True
        item.config.pluginmanager.register(self)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        finally:
            item.config.pluginmanager.unregister(self)

    def pytest_runtest_logreport(self, report):
        self.all_is_well &= report.passed


class _FirstFailure:
    """Ends a fork with the first test that fails."""

    def pytest_runtest_logreport(self, report):
        if report.failed:
            os._exit(KILLED)


def _mutate(items):
    """Try the mutants of our part that are not yet decided, and keep what comes out."""
    groups = defaultdict(dict)
    for item in items:
        groups[item.parent][item.nodeid] = item
    tests = {}
    for module in {_module(item) for item in items}:
        tests.update(json.loads(measured(module, KEPT).read_text())["tests"])
    seconds = {one: values["seconds"] for one, values in tests.items()}
    running = _running(tests)
    done, chosen = results(KEPT), {}
    for path in PLAN["files"]:
        for mutant in mutants.of(path)[PART::PROCESSES]:
            if done.get(mutant.key) not in (KILLED, MISFIT):
                names = set().union(*(running[path, line] for line in mutant.lines))
                chosen[mutant] = _closest(path, names, tests)
    functions = _functions(PLAN["files"])
    gc.collect()
    gc.freeze()
    with (KEPT / f"results-{PART}.jsonl").open("a") as kept:
        # Tests of a unit before whole walks.
        for group in sorted(groups, key=lambda one: _cost(groups[one], seconds)):
            _try_group(groups[group], chosen, seconds, functions, done, kept)


def _try_group(group, chosen, seconds, functions, done, kept):
    """Try the mutants whose lines one class of tests runs, or one module."""
    first = next(iter(group.values()))
    content = (ROOT / _module(first)).read_bytes()
    warm = False
    for mutant in list(chosen):
        names = [name for name in chosen[mutant] if name in group]
        tried = steps.digest(content, names)
        if not names or tried in done.get(mutant.key, ()):
            continue
        if not warm:
            _set_up(first)
            warm = True
        limit = 6 + 5 * sum(seconds[name] for name in names)
        code = _fork(mutant, [group[name] for name in names], functions, limit)
        result = tried if code == SURVIVED else KILLED if code != MISFIT else MISFIT
        row = json.dumps({"mutant": mutant.key, "result": result})
        print(row, file=kept, flush=True)
        if code != SURVIVED:
            del chosen[mutant]
        if hasattr(first.cls, "cr"):
            if code < 0:  # amid a query: the connection is of no more use
                atexit._run_exitfuncs()
                os._exit(AGAIN)
            first.cls.cr.execute("ROLLBACK TO SAVEPOINT mutant")


def _set_up(item):
    """Set up what the tests of a class share, and tear down what those before had."""
    state = item.session._setupstate
    state.teardown_exact(item.parent)
    item._initrequest()
    state.setup(item)
    with contextlib.suppress(KeyError):  # a fixture that misses its test's report
        state.teardown_exact(item.parent)
    item._request, item.funcargs = False, None
    if hasattr(item.cls, "cr"):
        item.cls.cr.execute("SAVEPOINT mutant")


def _fork(mutant, items, functions, limit):
    """How a fork with this mutant ended: its code, below zero for a signal."""
    child = os.fork()
    if not child:
        try:
            os.setpgid(0, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(limit) + 2)  # should its parent die
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            _put(mutant, functions)
            items[0].config.pluginmanager.register(_FirstFailure())
            for item, after in pairwise([*items, None]):
                after = after or item.parent
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            os._exit(SURVIVED)
        except ValueError:
            os._exit(MISFIT)
        finally:
            os._exit(KILLED)
    end = time.monotonic() + limit
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        time.sleep(0.005)
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            ended = os.waitpid(child, 0)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what its tests started
    return os.waitstatus_to_exitcode(ended[1])


def _functions(files):
    """The functions of these files that there are, by what they are called there."""
    names = {str(ROOT / path): path for path in files}
    codes = {path: _codes((ROOT / path).read_text(), path) for path in files}
    places = {
        (path, code.co_qualname, code.co_firstlineno): name
        for path, named in codes.items()
        for name, code in named.items()
    }
    found = defaultdict(list)
    for one in gc.get_objects():
        if type(one) is FunctionType:
            code = one.__code__
            path = names.get(os.path.realpath(code.co_filename))
            if name := places.get((path, code.co_qualname, code.co_firstlineno)):
                found[path].append((name, one))
    return found


def _put(mutant, functions):
    """Have all functions of its file run as the mutant has them."""
    codes = _codes(mutant.source, mutant.path)
    for name, function in functions[mutant.path]:
        if name in codes and codes[name] != function.__code__:
            function.__code__ = codes[name]


def _codes(source, path):
    """The code of each function, by its name and how many before it have that."""
    found, counts = {}, Counter()
    todo = [compile(source, path, "exec", dont_inherit=True)]
    for code in todo:
        name = code.co_qualname
        found[name, counts[name]] = code
        counts[name] += 1
        todo += [one for one in code.co_consts if isinstance(one, CodeType)]
    return found


def _running(tests):
    """The tests that run a line, by its file and number."""
    found = defaultdict(set)
    for name, values in tests.items():
        for path, lines in values["lines"].items():
            for line in lines:
                found[path, line].add(name)
    return found


def _closest(path, names, tests):
    """Those that are likely to tell: of this file, and quick ones that run little."""
    subjects = {Path(path).stem, Path(path).parent.name} - {"channels", "services"}

    def distance(name):
        module = name.partition("::")[0].rpartition("/")[2]
        is_about_it = any(subject in module for subject in subjects)
        lines = sum(map(len, tests[name]["lines"].values()))
        return not is_about_it, lines * tests[name]["seconds"], name

    return sorted(names, key=distance)[:MOST]


def _cost(names, seconds):
    return sum(seconds.get(name, 0) for name in names)
