"""The bill of materials of the wheel: what it needs at run time, as CycloneDX has it.

The versions are those of the lock, with which the tests ran; whoever installs the wheel
may have others.
"""

import re
import uuid
from importlib.metadata import distribution

import tomllib
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement

from .place import ROOT

NAMESPACE = uuid.UUID("f3c5f1de-4a53-4f38-9f0e-5b1d6c1c2a77")


def text():
    """The bill, as JSON; the same for the same sources and the same lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    root = Component(
        name=project["name"],
        version=_version(),
        type=ComponentType.LIBRARY,
        description=project["description"],
        licenses=[LicenseExpression(project["license"])],
        purl=PackageURL("pypi", name=_normal(project["name"]), version=_version()),
        bom_ref=_normal(project["name"]),
    )
    found = {}
    bom = Bom(components=(), serial_number=uuid.uuid5(NAMESPACE, str(root.purl)))
    bom.metadata.component = root
    bom.metadata.timestamp = None  # the same for the same sources
    bom.register_dependency(root, _needed(project["dependencies"], found, bom))
    bom.components.update(found.values())
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(
        indent=2
    )


def _needed(requirements, found, bom):
    """The components for these, and in `found` all that those need in turn."""
    needed = []
    for requirement in map(Requirement, requirements):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = _normal(requirement.name)
        if name not in found:
            installed = distribution(name)
            found[name] = Component(
                name=installed.metadata["Name"],
                version=installed.version,
                type=ComponentType.LIBRARY,
                purl=PackageURL("pypi", name=name, version=installed.version),
                bom_ref=name,
            )
            below = _needed(installed.requires or (), found, bom)
            bom.register_dependency(found[name], below)
        needed.append(found[name])
    return needed


def _version():
    manifest = (ROOT / "__manifest__.py").read_text()
    return re.search(r'"version": "([\d.]+)"', manifest)[1]


def _normal(name):
    """A name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    print(text())
