"""Who may import whom, read off every import in the checkout."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ADDON = "odoo.addons.ropo_connect"
# Folders that the addon is made of, and those that only look at it.
ROOMS = ["channels", "controllers", "models", "report", "services", "wizards"]
ASIDE = ["addons", "bench", "dev", "sandbox", "tests"]
RULES = [
    ("channels", ["odoo", *ASIDE, *ROOMS[1:]]),
    ("sandbox", ["odoo", *ROOMS, "bench", "dev", "tests"]),
    *((room, ASIDE) for room in ROOMS[1:]),
    ("models", ["controllers", "report", "wizards"]),
    ("services", ["controllers", "report", "wizards"]),
    ("__init__.py", ASIDE),
]
# How work is committed and how long a call may take: no process, but its tools.
TOOLS = {"services.time_limit", "services.transaction"}

# Whose names are known to nobody but the registry, `channels/__init__.py`.
CHANNELS = [path.parent.name for path in ROOT.glob("channels/*/client.py")]
# Words of the services that no other room may know.
WIRE_WORDS = """
    custnum statusid statuscode jobtype billdate paydate noticedate govid payrow
    refundtojobid refundtobillnum overdueinterest evoiceint dataset datastream
    """.split()


@pytest.mark.parametrize("source, forbidden", RULES)
def test_arrows_point_one_way(source, forbidden):
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in python_files(ROOT / source)
        for line, name in imports(path)
        if name.split(".")[0] in forbidden
    ]
    assert not wrong


def test_the_addon_knows_no_optional_addon_and_imports_none_of_oca():
    """It runs where neither is."""
    optional = [path.parent.name for path in ROOT.glob("addons/*/__manifest__.py")]
    asked = (ROOT / "dev/requirements-addons.in").read_text()
    oca = re.findall(r"^odoo-addon-(\w+)==", asked, re.MULTILINE)
    files = [path for room in ROOMS for path in python_files(ROOT / room)]
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in optional
        if name in path.read_text()
    ]
    wrong += [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files
        for line, name in imports(path)
        if name.startswith(tuple(f"odoo.addons.{addon}" for addon in oca))
    ]
    assert optional and oca and not wrong


def test_only_the_registry_imports_a_channel():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for room in ROOMS
        for path in python_files(ROOT / room)
        for line, name in imports(path)
        for channel in CHANNELS
        if name.startswith(f"channels.{channel}")
        and not path.is_relative_to(ROOT / "channels" / channel)
        and path != ROOT / "channels/__init__.py"
    ]
    assert CHANNELS and not wrong


def test_only_the_account_asks_the_registry():
    asking = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in python_files(ROOT / room)
        for _line, name in imports(path)
        if name == "channels" or name in ("channels.get", "channels.account_fields")
    }
    # The account is one model, in a file for each thing that it is about.
    others = {path for path in asking if not path.startswith("models/ropo_account")}
    assert asking and not others


def test_no_word_of_a_service_leaves_its_package():
    words = re.compile(rf"\b({'|'.join(WIRE_WORDS)})\b")
    wrong = [
        f"{path.relative_to(ROOT)}: {', '.join(sorted(set(found)))}"
        for room in [*ROOMS[1:], "views", "data"]
        for path in sorted((ROOT / room).rglob("*"))
        if path.suffix in (".py", ".xml") and (found := words.findall(path.read_text()))
    ]
    assert not wrong


def test_models_call_services_through_the_environment_alone():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in python_files(ROOT / "models")
        for line, name in imports(path)
        if name.split(".")[0] == "services"
        and ".".join(name.split(".")[:2]) not in TOOLS
    ]
    assert not wrong


def test_no_service_has_a_table():
    """What is stored lies in models/, each table in a file of its own."""
    for path in python_files(ROOT / "services"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.endswith("Model"):
                assert node.attr == "AbstractModel", path


def test_the_guide_to_the_rooms_names_files_and_functions_that_exist():
    guide = (ROOT / "ARCHITECTURE.md").read_text()
    code = "\n".join(
        path.read_text() for room in ROOMS for path in python_files(ROOT / room)
    )
    names = re.findall(r"`([\w./]+\.py)`", guide)
    missing = [
        name
        for name in names
        if not any(
            (ROOT / folder / name).exists()
            for folder in (".", "services", "channels/ropo_one", "channels/maventa")
        )
    ]
    missing += [
        name for name in re.findall(r"`(\w+)\(\)`", guide) if f"def {name}(" not in code
    ]
    assert names and not missing


def python_files(place):
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def imports(path):
    """`(line, name)` of each import, the checkout's own names without the addon's."""
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            names = [f"{module}.{alias.name}".strip(".") for alias in node.names]
        else:
            continue
        for name in names:
            yield node.lineno, name.removeprefix(f"{ADDON}.")
