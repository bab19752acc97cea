"""How Sphinx builds the guides: `make docs`."""

import ast
from pathlib import Path

manifest = ast.literal_eval(
    (Path(__file__).parents[1] / "__manifest__.py").read_text(encoding="utf-8")
)

project = manifest["name"]
author = manifest["author"]
copyright = author
version = release = manifest["version"]

html_theme = "alabaster"
html_theme_options = {
    "description": manifest["summary"],
    "fixed_sidebar": True,
    "page_width": "1100px",
}
html_show_sourcelink = False
html_show_copyright = False
