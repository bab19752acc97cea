"""README.rst, made of the fragments in readme/ that OCA's addons have.

OCA makes it with `oca-gen-addon-readme`, which no package index has. The fragments and
the headings are the same here, so that it could take over.
"""

import ast
import json
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRAGMENTS = ROOT / "readme"
README = ROOT / "README.rst"
# What is assumed of each channel, written once: the conformance run reads it too.
ASSUMPTIONS = ROOT / "channels/assumptions.json"
PLACE_OF_TABLE = re.compile(r"^\.\. assumptions: (\w+)$", re.MULTILINE)
WIDTH = 92
# In OCA's order; a fragment that is absent has no section.
SECTIONS = {
    "CONTEXT": "Use Cases / Context",
    "INSTALL": "Installation",
    "CONFIGURE": "Configuration",
    "USAGE": "Usage",
    "ROADMAP": "Known issues / Roadmap",
    "DEVELOP": "Development",
    "HISTORY": "Changelog",
}
CREDITS = {"CONTRIBUTORS": "Contributors", "CREDITS": "Other credits"}
KNOWN = {"DESCRIPTION", *SECTIONS, *CREDITS}


def generate():
    """README.rst, as the fragments give it."""
    unknown = {path.stem for path in FRAGMENTS.iterdir()} - KNOWN
    if unknown:
        sys.exit(f"readme/: no section is made of {', '.join(sorted(unknown))}.")
    manifest = ast.literal_eval((ROOT / "__manifest__.py").read_text(encoding="utf-8"))
    name = manifest["name"]
    line = "=" * len(name)
    parts = [
        f"{line}\n{name}\n{line}",
        ".. Made of readme/ by `python3 -m dev readme`: change the fragments there.",
        _fragment("DESCRIPTION"),
        "**Table of contents**\n\n.. contents::\n   :local:",
        *_sections(SECTIONS, "="),
        f"Credits\n{'=' * 7}",
        f"Authors\n{'-' * 7}\n\n* {manifest['author']}",
        *_sections(CREDITS, "-"),
        f"Licence: {manifest['license']}.",
    ]
    return "\n\n".join(parts) + "\n"


def _sections(titles, underline):
    for name, title in titles.items():
        if text := _fragment(name):
            yield f"{title}\n{underline * len(title)}\n\n{text}"


def _fragment(name):
    path = FRAGMENTS / f"{name}.rst"
    if not path.exists():
        return ""
    text = path.read_text(encoding="utf-8").strip()
    return PLACE_OF_TABLE.sub(lambda found: _assumptions(found[1]), text)


def _assumptions(channel):
    """The table of what is assumed of a channel; what a document says is not in it."""
    entries = json.loads(ASSUMPTIONS.read_text(encoding="utf-8"))
    rows = [("Assumption", "Where")]
    rows += [
        (entry["text"], _where(entry))
        for entry in entries
        if entry["channel"] == channel and entry["grade"] == "A"
    ]
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 60 40",
        "",
        *(_row(*row) for row in rows),
    ]
    return "\n".join(lines)


def _where(entry):
    """The setting, if there is one, and the names in each file."""
    places = [
        f"{' and '.join(map('``{}``'.format, place['names']))} in ``{place['file']}``"
        for place in entry["where"]
    ]
    if setting := entry.get("setting"):
        places = [f"{setting}, from {places[0]}", *places[1:]]
    return ", ".join(places)


def _row(assumption, where):
    return f"{_cell('   * - ', assumption)}\n{_cell('     - ', where)}"


def _cell(mark, text):
    blanks = " " * len(mark)
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=mark,
        subsequent_indent=blanks,
        break_long_words=False,
        break_on_hyphens=False,
    )


def main(action="write"):
    """Write README.rst; with `check`, say whether it is as the fragments give it."""
    text = generate()
    if action != "check":
        README.write_text(text, encoding="utf-8")
    elif text != README.read_text(encoding="utf-8"):
        return (
            "README.rst is not what readme/ gives. Change a fragment in readme/, or a "
            "guide in docs/, then run `python3 -m dev readme`."
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
