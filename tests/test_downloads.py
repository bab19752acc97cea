"""What the set-up fetches: pinned, checked by its hash, and resumed where it broke off.

A real pip fetches from a server on this machine, which breaks off or sends other bytes.
"""

import base64
import hashlib
import importlib.metadata
import os
import re
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..dev import steps, venv
from ..dev.place import TroubleError
from .broken_server import BrokenServer

DEV = Path(__file__).resolve().parents[1] / "dev"
LOCKS = sorted(path.with_suffix("") for path in DEV.glob("*.in"))
PIN = re.compile(r"([\w.-]+)==(\S+)( ; .+)?((?: --hash=sha256:[0-9a-f]{64})+)")
METADATA = b"Metadata-Version: 2.1\nName: demo-download\nVersion: 1.0\n"
TAGS = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
WHEEL = "demo_download-1.0-py3-none-any.whl"


def pins(lock):
    """What a lock pins: `{name: version}`; each line has to be a pin with hashes."""
    text = re.sub(r"^#.*\n", "", lock.with_suffix(".txt").read_text(), flags=re.M)
    found = {}
    for line in text.replace(" \\\n   ", "").splitlines():
        matched = PIN.fullmatch(line)
        assert matched, f"{lock.name}.txt, not a pin with hashes: {line[:200]}"
        found[canonicalize_name(matched[1])] = matched[2]
    return found


def asked(lock):
    lines = lock.with_suffix(".in").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_each_release_that_is_asked_for_is_locked_with_the_hashes_of_its_files(lock):
    locked = pins(lock)
    for requirement in asked(lock):
        version = locked.get(canonicalize_name(requirement.name))
        assert version, f"{requirement} is not locked: python3 -m dev lock new"
        assert requirement.specifier.contains(version), f"{requirement}: {version}"


def test_what_is_locked_is_what_is_asked_for_and_what_that_needs():
    """As far as it concerns this Python and this machine."""
    lock = DEV / "requirements"
    elsewhere = re.findall(
        r"^([\w.-]+)==\S+ ; ", lock.with_suffix(".txt").read_text(), flags=re.M
    )
    needed, waiting = set(), asked(lock)
    while waiting:
        requirement = waiting.pop()
        one = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if one not in needed:
            needed.add(one)
            waiting += below(*one)
    names = {name for name, _extras in needed}
    assert names <= pins(lock).keys()
    assert pins(lock).keys() <= names | set(elsewhere)


def below(name, extras):
    """What an installed package needs here, with these of its extras."""
    for needed in map(Requirement, importlib.metadata.requires(name) or ()):
        marker = needed.marker
        if not marker or any(marker.evaluate({"extra": e}) for e in extras or {""}):
            yield needed


@pytest.fixture
def index(tmp_path, monkeypatch):
    page = f'<!DOCTYPE html><a href="/files/{WHEEL}">{WHEEL}</a>'.encode()
    files = {"/simple/demo-download/": page, f"/files/{WHEEL}": wheel(tmp_path)}
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(steps, "LOGS", tmp_path / "log")
    with BrokenServer(files, fragile=f"/files/{WHEEL}") as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
        yield server


def wheel(folder):
    """A wheel with more in it than one read of pip's takes."""
    path = folder / WHEEL
    info = "demo_download-1.0.dist-info"
    files = {
        "demo_download.py": base64.b85encode(os.urandom(400_000)),
        f"{info}/METADATA": METADATA,
        f"{info}/WHEEL": TAGS,
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path.read_bytes()


@pytest.fixture
def install(index, tmp_path):
    """Installs from the index what is locked, and says whether it is there."""
    digest = hashlib.sha256(index.files[index.fragile]).hexdigest()

    def install(pin=f"demo-download==1.0 --hash=sha256:{digest}"):
        lock = tmp_path / "requirements-demo.txt"
        lock.write_text(f"{pin}\n")
        venv.install(lock, "--target", tmp_path / "installed")

    return install


def installed(folder):
    return (folder / "installed/demo_download.py").exists()


def test_a_download_that_breaks_off_goes_on_where_it_was(index, install, tmp_path):
    index.cut_at = [200_000, 100_000]
    install()
    assert installed(tmp_path)
    assert index.ranges == [None, "bytes=200000-", "bytes=300000-"]


def test_a_wrong_file_is_named_with_what_to_do_and_not_installed(
    index, install, tmp_path, capsys
):
    index.wrong = 2
    with pytest.raises(TroubleError) as raised:
        install()
    assert not installed(tmp_path)
    shown = capsys.readouterr().err
    assert "DO NOT MATCH THE HASHES" in shown and WHEEL in shown
    assert "requirements-demo.txt" in str(raised.value)
    assert "Run the command again" in str(raised.value)


def test_what_came_broken_is_fetched_again_and_not_taken_from_what_is_kept(
    index, install, tmp_path
):
    index.wrong = 1
    install()
    assert installed(tmp_path)
    assert index.ranges == [None, None]


def test_what_never_comes_whole_is_named_and_fetched_at_the_next_run(
    index, install, tmp_path, capsys
):
    index.cut_at = [1000] * 20
    with pytest.raises(TroubleError, match="Run the command again"):
        install()
    assert WHEEL in capsys.readouterr().err
    assert not installed(tmp_path)
    index.cut_at = []
    install()
    assert installed(tmp_path)


def test_what_has_no_hash_is_not_installed(install, tmp_path):
    with pytest.raises(TroubleError):
        install("demo-download==1.0")
    assert not installed(tmp_path)
