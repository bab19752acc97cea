"""The mutants of a file: it, with one small fault each, as mutmut makes them.

Mutants are made inside functions only, where the code of a function can be changed in a
running process; not in annotations, decorators, defaults and messages to a logger. Of a
string there is one mutant, not three: that it is wrong, not in how many ways. mutmut
leaves out functions with decorators; here they are in.
"""

import functools
from dataclasses import dataclass

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

from . import steps
from .place import ROOT

LEFT_ALONE = (libcst.Annotation, libcst.Decorator, libcst.Param)
NAMED = (libcst.ClassDef, libcst.FunctionDef)
CALLS_LEFT_ALONE = {"len", "isinstance", "cast", "_logger", "super"}


@dataclass(frozen=True)
class Mutant:
    """:param lines: of its statement, by which tests are found that run it"""

    path: str  # below the root
    lines: range
    change: str  # what a person reads, and equal mutants are named by
    key: str  # the same as long as its function is
    statement: int  # of the module, which becomes:
    text: str

    @property
    def source(self):
        before, statements, after = _parts(self.path)
        texts = [*statements[: self.statement], self.text]
        return "".join([before, *texts, *statements[self.statement + 1 :], after])


@functools.cache
def of(path):
    """All of a file, each once."""
    found = {}
    wrapper = MetadataWrapper(_parsed(path), unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    for statement, node in enumerate(wrapper.module.body):
        visitor = _Visitor(positions)
        node.visit(visitor)
        original = _parts(path)[1][statement]
        for place, lines, old, new in visitor.found:
            text = wrapper.module.code_for_node(node.deep_replace(old, new))
            key = steps.digest(path, original, text)
            change = f"{place}: {_change(original, text)}"
            found.setdefault(key, Mutant(path, lines, change, key, statement, text))
    return list(found.values())


class _Visitor(libcst.CSTVisitor):
    """Collects what is changed in one statement of a module."""

    def __init__(self, positions):
        super().__init__()
        self.found = []
        self._positions = positions
        self._names = []  # of the classes and functions that we are in
        self._functions = 0
        self._lines = []  # of the statement that we are in

    def on_visit(self, node):
        if isinstance(node, LEFT_ALONE) or _is_left_alone(node):
            return False
        if isinstance(node, libcst.SimpleStatementLine):
            self._lines.append(self._span(node))
        if self._functions:
            self._mutate(node)
        self._functions += isinstance(node, libcst.FunctionDef)
        if isinstance(node, NAMED):
            self._names.append(node.name.value)
        return True

    def on_leave(self, node):
        self._functions -= isinstance(node, libcst.FunctionDef)
        if isinstance(node, NAMED):
            self._names.pop()
        if isinstance(node, libcst.SimpleStatementLine):
            self._lines.pop()

    def _mutate(self, node):
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                changed = list(operator(node))
                chosen = changed[:1] if operator is operator_string else changed
                lines = self._lines[-1] if self._lines else self._span(node)
                place = ".".join(self._names)
                self.found += [(place, lines, node, new) for new in chosen]

    def _span(self, node):
        if span := self._positions.get(node):
            return range(span.start.line, span.end.line + 1)
        return range(0)


def _is_left_alone(node):
    if not isinstance(node, libcst.Call):
        return False
    name = node.func
    while isinstance(name, libcst.Attribute):
        name = name.value
    return isinstance(name, libcst.Name) and name.value in CALLS_LEFT_ALONE


def _change(before, after):
    """The lines that differ, and what becomes of them."""
    old, new = before.splitlines(), after.splitlines()
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return " → ".join(" ".join(" ".join(lines).split()) for lines in (old, new))


@functools.cache
def _parsed(path):
    return libcst.parse_module((ROOT / path).read_text())


@functools.cache
def _parts(path):
    """What is before the statements of a file, they, and what is behind them."""
    module = _parsed(path)
    statements = [module.code_for_node(node) for node in module.body]
    before, after = module.code.split("".join(statements))
    return before, statements, after
