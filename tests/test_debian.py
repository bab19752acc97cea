"""Odoo as Debian has it: pinned, checked by its hash, and resumed where it broke off.

A real apt fetches from a server on this machine, which breaks off or sends other bytes.
"""

import hashlib
import os
import re
import subprocess

import pytest

from ..dev import debian, steps
from ..dev.place import TroubleError
from .broken_server import BrokenServer

NAME = "odoo-19_19.0.1_all.deb"
CONTROL = """\
Package: odoo-19
Version: 19.0.1
Architecture: all
Maintainer: Example <example@example.com>
Depends: python3
Description: a stand-in
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A package of Debian's, as a file; apt has to fetch it in more than one piece."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "DEBIAN").mkdir()
    (folder / "DEBIAN/control").write_text(CONTROL)
    (folder / "odoo").mkdir()
    (folder / "odoo/data").write_bytes(os.urandom(500_000))
    path = folder.with_suffix(".deb")
    build = ["dpkg-deb", "--build", "--root-owner-group", folder, path]
    subprocess.run(build, check=True, capture_output=True)
    return path.read_bytes()


@pytest.fixture
def mirror(package, tmp_path, monkeypatch):
    digest = hashlib.sha256(package).hexdigest()
    row = f"Filename: {NAME}\nSize: {len(package)}\nSHA256: {digest}\n"

    files = {f"/{NAME}": package, "/Packages": f"{CONTROL}{row}".encode()}
    for owner, name, path in (
        (debian, "FETCHED", "apt"),
        (debian, "LOCK", "debian.txt"),
        (steps, "LOGS", "log"),
    ):
        monkeypatch.setattr(owner, name, tmp_path / path)
    debian.LOCK.write_text(f"{NAME} SHA256:{digest}\n")
    with BrokenServer(files, fragile=f"/{NAME}") as server:
        source = f"deb [trusted=yes] {server.url}/ ./\n"
        monkeypatch.setattr(debian, "_source", lambda: source)
        yield server


def unpack(folder):
    folder.mkdir(exist_ok=True)
    return debian.unpack(folder)


def test_a_package_that_breaks_off_goes_on_where_it_was_even_in_the_next_run(
    mirror, tmp_path, capsys, monkeypatch
):
    def without_patience():
        return [*options(), "-o", "Acquire::Retries=0"]

    options = debian._options
    mirror.cut_at = [200_000, 100_000]
    with monkeypatch.context() as patch:
        patch.setattr(debian, "_options", without_patience)
        with pytest.raises(TroubleError, match=f"{NAME} did not come whole.*Run the"):
            unpack(tmp_path / "unpacked")
    assert NAME in capsys.readouterr().err
    assert unpack(tmp_path / "unpacked") == "19.0.1"
    assert (tmp_path / "unpacked/odoo/data").stat().st_size == 500_000
    assert mirror.ranges == [None, "bytes=200000-", "bytes=300000-"]
    assert not debian.FETCHED.exists(), "what was fetched is unpacked"


def test_a_broken_package_is_not_unpacked_and_fetched_again_in_the_next_run(
    mirror, tmp_path, capsys
):
    mirror.wrong = 20
    with pytest.raises(TroubleError, match=f"{NAME} did not come whole"):
        unpack(tmp_path / "unpacked")
    assert "Hash Sum mismatch" in capsys.readouterr().err
    assert not list((tmp_path / "unpacked").iterdir())
    mirror.wrong = 0
    unpack(tmp_path / "unpacked")
    assert (tmp_path / "unpacked/odoo/data").exists()


def test_another_package_of_the_pinned_name_is_refused(mirror, tmp_path):
    pinned = debian.LOCK.read_text()
    debian.LOCK.write_text(re.sub(r"\w{4}$", "0000", pinned.strip()))
    with pytest.raises(TroubleError, match=f"{NAME}: .* another file of this name"):
        unpack(tmp_path / "unpacked")
    assert mirror.ranges == []
    debian.lock()
    assert debian.LOCK.read_text().splitlines()[1:] == [pinned.strip()]
    unpack(tmp_path / "unpacked")


def test_a_newer_package_than_the_pinned_is_taken_and_named(mirror, tmp_path, capsys):
    debian.LOCK.write_text("odoo-19_19.0.0_all.deb SHA256:0\n")
    unpack(tmp_path / "unpacked")
    said = f"Debian has other releases than pinned: {NAME}."
    assert said in capsys.readouterr().err
    assert (tmp_path / "unpacked/odoo/data").exists()
