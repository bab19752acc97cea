"""The wheel: the addon alone, and Odoo finds it where pip has put it."""

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import tomllib

import odoo.release

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "odoo/addons/ropo_connect/"
OPTIONAL = sorted(path.parent for path in ROOT.glob("addons/*/__manifest__.py"))
# What nobody needs who runs the addon.
KEPT_OUT = {"addons", "bench", "dev", "dist", "docs", "readme", "sandbox", "tests"}
KEPT_OUT |= {"__pycache__"}
FIND = """
import odoo.init, odoo.tools
from odoo.modules.module import Manifest, initialize_sys_path
odoo.tools.config.parse_config([])
initialize_sys_path()
found = Manifest.for_addon("ropo_connect")
print(found.path, found.version, sep="\\n")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a checkout with another name."""
    checkout = tmp_path_factory.mktemp("elsewhere") / "some-checkout"
    left_behind = shutil.ignore_patterns(".*", "__pycache__", "dist")
    shutil.copytree(ROOT, checkout, ignore=left_behind)
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
    run([sys.executable, *build], checkout)
    return next((checkout / "dist").glob("*.whl"))


def test_wheel_holds_the_addon_alone(wheel):
    names = [name for name in zipfile.ZipFile(wheel).namelist() if FOLDER in name]
    inside = {name.removeprefix(FOLDER) for name in names}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - KEPT_OUT
    assert {name.split("/")[0] for name in inside if "/" in name} == {
        name for name in folders if not name.startswith(".")
    }
    assert {name for name in inside if "/" not in name} == {
        "LICENSE",
        "README.rst",
        "__init__.py",
        "__manifest__.py",
    }


def test_wheel_has_the_manifests_version_and_requirements(wheel):
    manifest = ast.literal_eval((ROOT / "__manifest__.py").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert wheel.name.split("-")[:2] == ["odoo_addon_ropo_connect", manifest["version"]]
    assert project["dependencies"] == manifest["external_dependencies"]["python"]


def test_odoo_finds_the_installed_addon(wheel, tmp_path):
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    pip = ["-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel]
    run([sys.executable, *pip], tmp_path)
    site_packages = next(home.glob("lib/python3*/site-packages"))
    # Odoo and what it requires, as an environment has them that Odoo runs in.
    odoo_home = Path(odoo.release.__file__).parents[1]
    borrowed = f"{sysconfig.get_path('purelib')}\n{odoo_home}\n"
    (site_packages / "borrowed.pth").write_text(borrowed)

    path, version = run([python, "-c", FIND], tmp_path).splitlines()

    assert Path(path) == site_packages / FOLDER
    assert wheel.name.split("-")[1] == version


@pytest.mark.parametrize("addon", OPTIONAL, ids=lambda addon: addon.name)
def test_an_optional_addon_has_a_wheel_of_its_own(addon, tmp_path):
    checkout = tmp_path / "some-checkout"
    left_behind = shutil.ignore_patterns(".*", "__pycache__", "dist")
    shutil.copytree(addon, checkout, ignore=left_behind)
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
    run([sys.executable, *build], checkout)
    (wheel,) = (checkout / "dist").glob("*.whl")
    manifest = ast.literal_eval((addon / "__manifest__.py").read_text())
    archive = zipfile.ZipFile(wheel)
    folder = f"odoo/addons/{addon.name}/"
    inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = {
        folder + str(path.relative_to(checkout))
        for path in checkout.rglob("*")
        if path.is_file() and path.relative_to(checkout).parts[0] not in KEPT_OUT
    }
    assert inside == files - {f"{folder}pyproject.toml"}
    (name,) = (x for x in archive.namelist() if x.endswith(".dist-info/METADATA"))
    metadata = archive.read(name).decode()
    assert f"Name: odoo-addon-{addon.name}\n" in metadata
    assert f"Version: {manifest['version']}\n" in metadata
    required = re.findall(r"^Requires-Dist: odoo-addon-([\w-]+)", metadata, re.M)
    depends = [name.replace("-", "_") for name in required]
    assert sorted(depends) == sorted(manifest["depends"])


def run(command, folder):
    """What `command` prints, run with nothing in the environment but the paths."""
    environment = {"PATH": sysconfig.get_path("scripts"), "HOME": str(folder)}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout
