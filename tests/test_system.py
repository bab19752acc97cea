"""Programs of the machine itself, installed where we may."""

import pytest

from ..dev import system
from ..dev.place import TroubleError

# As apt: of packages of which it has not got one, it installs none.
APT = """\
#!/bin/sh
case " $* " in
  *" absent "*) echo "E: Package 'absent' has no installation candidate"; exit 100 ;;
  *" present "*) cd "${0%/*}"; printf '#!/bin/sh\\n' > present; chmod +x present ;;
esac
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    apt = tmp_path / "apt-get"
    apt.write_text(APT)
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    monkeypatch.setattr(system, "IN_CI", False)
    names = ["absent", "present"]
    monkeypatch.setattr(system, "PROGRAMS", {name: [name] for name in names})
    return tmp_path


def test_a_package_that_a_system_does_not_have_keeps_no_other_away(machine, capfd):
    system.ensure("absent", "present")
    assert (machine / "present").exists()
    said = "".join(capfd.readouterr())
    assert "absent is missing: install it (apt-get install absent)" in said
    assert "present is missing" not in said


def test_what_is_missing_stops_a_run_that_decides(machine, monkeypatch):
    monkeypatch.setattr(system, "IN_CI", True)
    with pytest.raises(TroubleError, match="absent is missing"):
        system.ensure("absent", "present")
