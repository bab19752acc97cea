"""The guides of docs/, built by Sphinx; what comes out never lies in the checkout."""

from . import venv
from .place import ROOT, STATE

OUTPUT = STATE / "docs"
# A warning is an error, so that no link, label or picture of a guide is ever broken.
COMMAND = [
    *(venv.PYTHON, "-m", "sphinx", "--builder", "html", "--quiet"),
    *("--fail-on-warning", "--keep-going", "--nitpicky"),
    *("--doctree-dir", STATE / "docs.cache"),
    *(ROOT / "docs", OUTPUT),
]
