"""The published contract, ready to hold a request against it."""

import copy
import functools
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs

from .shapes import Json

FOLDER = Path(__file__).parent / "contract"
# By name, those below it; None where nothing is known of them.
Known = dict[str, "Known | None"]

NUMBERS = {"integer", "number"}


def _load(name: str) -> Json:
    document: Json = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return document


def _validator(document: Json, schema: Json) -> jsonschema_rs.Validator:
    whole = {"components": document["components"], **schema}
    return jsonschema_rs.validator_for(whole, validate_formats=True)


class Shape:
    """One schema of the contract: refuses what breaks it, notices what bends it."""

    def __init__(self, document: Json, name: str) -> None:
        self.document = document
        schema = {"$ref": f"#/components/schemas/{name}"}
        self.validator = _validator(document, schema)
        self.known = _known_names(document, schema)

    def read(self, instance: Any) -> tuple[Any, list[str], list[str]]:
        """``(instance, errors, notices)``, numbers written as text made numbers.

        The guides' own examples write numbers as text ("jobtype": "1"), the contract
        says integer: so text is taken, with a notice that a test can insist on not
        seeing.
        """
        errors: list[str] = []
        notices: list[str] = []
        if not self.validator.is_valid(instance):
            instance, notices = self._numbers_from_text(instance)
            errors = [
                f"{_path(error.instance_path)}{error.message[:300]}"
                for error in self.validator.iter_errors(instance)
            ]
        notices += [
            f"{name}: unknown property, ignored"
            for name in _unknown_names(instance, self.known)
        ]
        return instance, errors, notices

    def _numbers_from_text(self, instance: Any) -> tuple[Any, list[str]]:
        instance = copy.deepcopy(instance)
        notices: list[str] = []
        for error in list(self.validator.iter_errors(instance)):
            number = _number_for(error)
            if number is not None:
                _put(instance, error.instance_path, number)
                notices.append(f"{_path(error.instance_path)}string given for number")
        return instance, notices


def _number_for(error: jsonschema_rs.ValidationError) -> float | None:
    """The number that a text stands for, where the contract wants a number."""
    kind = error.kind
    if not isinstance(kind, jsonschema_rs.ValidationErrorKind.Type):
        return None
    if not isinstance(error.instance, str):
        return None
    wanted = NUMBERS & set(kind.types)
    try:
        number = float(error.instance)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    if "number" in wanted:
        return number
    return int(number) if "integer" in wanted and number.is_integer() else None


def _put(instance: Any, path: Sequence[str | int], value: float) -> None:
    *parents, last = path
    for step in parents:
        instance = instance[step]
    instance[last] = value


def _path(steps: Sequence[str | int]) -> str:
    joined = ""
    for step in steps:
        if isinstance(step, int):
            joined += f"[{step}]"
        else:
            joined += f".{step}" if joined else step
    return f"{joined}: " if joined else ""


def _known_names(
    document: Json, schema: Json, seen: tuple[str, ...] = ()
) -> Known | None:
    """``{property: names below it or None}`` of a schema, references followed."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name in seen:
            return None  # JobDataSet holds itself (subset): one level is enough
        target = document["components"]["schemas"][name]
        return _known_names(document, target, (*seen, name))
    if "oneOf" in schema:
        return _known_names(document, schema["oneOf"][0], seen)
    if "items" in schema:
        return _known_names(document, schema["items"], seen)
    if "properties" not in schema:
        return None
    return {
        name: _known_names(document, below, seen)
        for name, below in schema["properties"].items()
    }


def _unknown_names(
    instance: object, known: Known | None, prefix: str = ""
) -> Iterator[str]:
    if known is None:
        return
    if isinstance(instance, list):
        for index, item in enumerate(instance):
            yield from _unknown_names(item, known, f"{prefix[:-1]}[{index}].")
    elif isinstance(instance, dict):
        for name, value in instance.items():
            if name not in known:
                yield f"{prefix}{name}"
            elif isinstance(value, (dict, list)):
                yield from _unknown_names(value, known[name], f"{prefix}{name}.")


@functools.cache
def dataset() -> Shape:
    """One job: an item of ``datastream.dataset``."""
    return Shape(_load("jobs.openapi.json"), "JobDataSet")


@functools.cache
def payment() -> Shape:
    """The body of ``POST /jobs/payment``."""
    return Shape(_load("payment.openapi.json"), "JobAddPayment")


@functools.cache
def _outer() -> jsonschema_rs.Validator:
    document = _load("jobs.openapi.json")
    stream = copy.deepcopy(document["components"]["schemas"]["JobDataStream"])
    stream["properties"]["dataset"]["items"] = {"type": "object"}
    stream["required"] = ["dataset"]
    return _validator(
        document,
        {
            "type": "object",
            "required": ["datastream"],
            "properties": {"datastream": stream},
        },
    )


def datasets(body: Any) -> tuple[list[Json], list[str]]:
    """``(datasets, errors)`` of a body's outer shape; the rows are looked at later."""
    errors = [
        f"{_path(e.instance_path)}{e.message}" for e in _outer().iter_errors(body)
    ]
    if errors:
        return [], errors
    rows = body["datastream"]["dataset"]
    return rows, [] if rows else ["datastream.dataset: no dataset"]
