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
import mmap
import os
import signal
import time
from collections import Counter, defaultdict
from itertools import accumulate, pairwise
from pathlib import Path
from types import CodeType, FunctionType

from odoo.tests import HttpCase

from . import mutants, steps
from .forks import BROKEN, KILLED, MISFIT, SURVIVED, MisfitError, outcome
from .mutate import (
    AGAIN,
    DECIDING,
    in_the_end,
    is_measured,
    measured,
    results,
    stamps,
)
from .place import ROOT

PLAN = json.loads(os.environ["ROPO_MUTATE"])
PART = PLAN["part"]
KEPT = Path(PLAN["kept"])
FINAL = (KILLED, MISFIT)  # nothing more is tried
MOST = 30  # seconds that the tests for one mutant take
TELLING = 2  # modules of tests, where those of a file are named


def pytest_collection_modifyitems(items):
    # What is asked over HTTP has a server in a thread, and no thread is in a fork.
    items[:] = [one for one in items if not issubclass(one.cls or object, HttpCase)]


def pytest_runtestloop(session):
    """Instead of just running the tests."""
    # What else ends a process, a test takes for its own failure. With it end the
    # sandboxes of the tests.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
    code = [path for name in PLAN["code"] for path in ROOT.glob(f"{name}/**/*.py")]
    code = [str(path.relative_to(ROOT)) for path in code]
    for module in list(modules)[PART :: PLAN["parts"]]:
        if is_measured(module, KEPT, PLAN["files"]):
            continue
        places = [f"{ROOT / name}/*" for name in PLAN["code"]]
        before = stamps(module, code)
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
        ran = {name for test in tests.values() for name in test["lines"]}
        known = {name: before[name] for name in sorted({module, *ran})}
        found = {"stamps": known, "tests": tests}
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
    """Ends a fork with the first test that fails, and leaves its name."""

    def __init__(self, found):
        self._found = found

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self._found.seek(0)
            self._found.write(report.nodeid.encode() + b"\n")
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
        for mutant in mutants.of(path)[PART :: PLAN["parts"]]:
            if in_the_end(done[mutant.key]) not in FINAL:
                names = set().union(*(running[path, line] for line in mutant.lines))
                chosen[mutant] = _closest(path, names, tests)
    functions = _functions(PLAN["files"])
    gc.collect()
    gc.freeze()

    def cost(group):
        """Those that speak of these files first, and a unit's before whole walks."""
        module = _module(next(iter(groups[group].values())))
        is_about = any(_is_about(path, module) for path in PLAN["files"])
        return not is_about, sum(seconds.get(name, 0) for name in groups[group])

    with (KEPT / f"outcomes-{PART}.jsonl").open("a") as kept:
        for group in sorted(groups, key=cost):
            own = _Group(groups[group], seconds, functions, done, kept)
            own.try_all(chosen)


class _Group:
    """The tests of one class, or of one module, which are to find mutants."""

    def __init__(self, items, seconds, functions, done, kept):
        self._items = items
        self._seconds = seconds
        self._functions = functions
        self._done = done
        self._kept = kept
        self._first = next(iter(items.values()))
        self._content = (ROOT / _module(self._first)).read_bytes()
        self._found_by = Counter()  # what found a mutant goes first with the next
        self._shared = mmap.mmap(-1, 4096)  # with the forks

    def try_all(self, chosen):
        """Try each of these that is not decided yet; what is then is taken out."""
        usable, killed = None, {}
        for mutant in list(chosen):
            names = [name for name in chosen[mutant] if name in self._items]
            tried = steps.digest(self._content, names)
            if not names or self._done[mutant.key].get(tried, BROKEN) != BROKEN:
                continue
            if usable is None:
                self._set_up()
                wanted = set().union(*chosen.values())
                usable = self._sound(name for name in self._items if name in wanted)
            if names := [name for name in names if name in usable]:
                result = self._try(mutant.change, names, mutant.key, tried, mutant)
                if result in FINAL:
                    del chosen[mutant]
                if result == KILLED:
                    killed[mutant.key] = tried
        # Where a test fails by now without a mutant, that may be all that was found.
        if killed and self._sound(usable) != usable:
            for key, tried in killed.items():
                self._keep(key, tried, BROKEN)

    def _sound(self, names):
        """Those of these tests that pass in a fork without a mutant too."""
        found = []
        for name in names:
            alone = steps.digest(self._content, name)
            if alone not in self._done[name]:
                result = self._try("no mutant", [name], name, alone)
                if result == SURVIVED:
                    found.append(name)
                else:
                    print(f"{name}: left out, as it fails in a fork by itself")
        return found

    def _try(self, what, names, key, tried, mutant=None):
        """What came of these tests with this mutant, or without any; keeps it."""
        names = sorted(names, key=lambda name: -self._found_by[name])
        items = [self._items[name] for name in names]

        def run():
            if mutant:
                _put(mutant, self._functions)
            items[0].config.pluginmanager.register(_FirstFailure(self._shared))
            for item, after in pairwise([*items, None]):
                after = after or item.parent
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)

        limit = 6 + 5 * sum(self._seconds[name] for name in names)
        code = outcome(what, run, limit)
        result = KILLED if code < 0 else code
        if code == KILLED:
            self._shared.seek(0)
            self._found_by[self._shared.readline().decode().strip()] += 1
        if mutant or result != SURVIVED:
            self._keep(key, tried, result)
        if hasattr(self._first.cls, "cr"):
            if code < 0:  # amid a query: the connection is of no more use
                atexit._run_exitfuncs()
                os._exit(AGAIN)
            self._first.cls.cr.execute("ROLLBACK TO SAVEPOINT mutant")
        return result

    def _keep(self, key, tried, result):
        row = {"mutant": key, "tests": tried, "result": result}
        print(json.dumps(row), file=self._kept, flush=True)

    def _set_up(self):
        """Set up what these tests share, and tear down what those before had."""
        item = self._first
        state = item.session._setupstate
        state.teardown_exact(item.parent)
        item._initrequest()
        state.setup(item)
        with contextlib.suppress(KeyError):  # a fixture that misses its test's report
            state.teardown_exact(item.parent)
        item._request, item.funcargs = False, None
        if hasattr(item.cls, "cr"):
            item.cls.cr.execute("SAVEPOINT mutant")


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
            try:
                function.__code__ = codes[name]
            except ValueError as error:  # it closes over other variables
                raise MisfitError from error


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

    def distance(name):
        lines = sum(map(len, tests[name]["lines"].values()))
        is_about = _is_about(path, name.partition("::")[0])
        return not is_about, lines * tests[name]["seconds"], name

    ordered = sorted(names, key=distance)
    sums = accumulate(tests[name]["seconds"] for name in ordered)
    within = [name for name, total in zip(ordered, sums, strict=True) if total < MOST]
    return within or ordered[:1]


def _is_about(path, module):
    """Whether the tests of a module are named for a file, or by its name."""
    name = Path(module).stem.removeprefix("test_")
    named = DECIDING.get(Path(path).stem, "").split()[:TELLING]
    subjects = {Path(path).stem, Path(path).parent.name} - {"channels", "services"}
    return name in named or any(subject in name for subject in subjects)
