"""The wheel's bill of materials, and what is audited by it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import cyclonedx.schema
import jsonschema_rs
import pytest
import tomllib

from ..dev import audit

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = Path(cyclonedx.schema.__file__).parent / "_res"
# As all in the wheel, below the addon's folder.
BILL = ".dist-info/sboms/odoo/addons/ropo_connect/ropo_connect.cdx.json"


@pytest.fixture(scope="module")
def bill():
    """What `make wheel` writes down, out of a wheel that was built with it."""
    command = [sys.executable, "-m", "dev.sbom"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return done.stdout


def test_the_wheel_bears_the_bill_of_what_it_needs(bill, tmp_path):
    path = tmp_path / "ropo_connect.cdx.json"
    path.write_bytes(bill)
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT]
    subprocess.run(
        [sys.executable, *map(str, build)],
        env={**os.environ, "ROPO_SBOM": str(path)},
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(BILL))
        assert archive.read(name) == bill


def test_the_bill_names_each_requirement_and_what_that_needs_as_locked(bill):
    bom = json.loads(bill)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    root = bom["metadata"]["component"]
    needs = {row["ref"]: row.get("dependsOn", []) for row in bom["dependencies"]}
    assert sorted(needs[root["bom-ref"]]) == sorted(project["dependencies"])
    assert {"certifi", "urllib3"} <= set(needs["requests"])
    lock = (ROOT / "dev/requirements.txt").read_text().lower().splitlines()
    pins = {line.split(" ")[0].replace("_", "-") for line in lock}
    for component in bom["components"]:
        pin = f"{component['name']}=={component['version']}".lower()
        assert pin.replace("_", "-") in pins
        assert component["purl"].startswith("pkg:pypi/")


def test_the_bill_keeps_to_cyclonedxs_own_schema(bill):
    resources = [
        (f"http://cyclonedx.org/schema/{path.name}", json.loads(path.read_text()))
        for path in SCHEMAS.glob("*.SNAPSHOT.schema.json")
        if not path.name.startswith("bom")
    ]
    registry = jsonschema_rs.Registry(resources)
    schema = json.loads((SCHEMAS / "bom-1.6.SNAPSHOT.schema.json").read_text())
    validator = jsonschema_rs.validator_for(schema, registry=registry)
    assert [str(error) for error in validator.iter_errors(json.loads(bill))] == []
    broken = {**json.loads(bill), "components": [{"name": "x"}]}
    assert not validator.is_valid(broken)


def test_the_bill_is_the_same_each_time(bill):
    again = subprocess.run(
        [sys.executable, "-m", "dev.sbom"], cwd=ROOT, capture_output=True, check=True
    )
    assert again.stdout == bill


def rows(**flaws):
    report = [
        {"name": name, "version": "1", "vulns": found} for name, found in flaws.items()
    ]
    return json.dumps({"dependencies": report, "fixes": []})


def test_an_audit_that_reached_nobody_says_so_and_is_no_success():
    for output, complaint in (
        ("", "ConnectionError: no route"),
        (
            json.dumps(
                {"dependencies": [{"name": "a", "skip_reason": "not found there"}]}
            ),
            "",
        ),
        (rows(a=[]), "only one of two"),
    ):
        with pytest.raises(audit.UnreachableError) as caught:
            audit.verdict(output, complaint, 2)
        assert "can't be reached" in str(caught.value)
        assert (complaint or "not found there") in str(caught.value)
        assert caught.value.code == 2


def test_an_audit_shows_what_is_known_and_fails(capsys):
    flaw = {"id": "PYSEC-1", "fix_versions": ["2", "3"]}
    assert audit.verdict(rows(a=[], b=[flaw]), "", 2) == 1
    assert "b 1: PYSEC-1, fixed in: 2, 3" in capsys.readouterr().out
    assert audit.verdict(rows(a=[], b=[]), "", 2) == 0
