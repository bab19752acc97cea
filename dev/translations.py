"""The files in i18n/: the template as Odoo exports it, and the languages beside it."""

import io
import json
import os
from unittest.mock import patch

import polib

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config
from odoo.tools.translate import trans_export

from .place import HERE, NAME, ROOT

FOLDER = ROOT / "i18n"
TEMPLATE = FOLDER / f"{NAME}.pot"
LANGUAGES = {"fi": "fi_FI", "nb": "nb_NO", "sv": "sv_SE"}
# Terms that read the same in a language: OCA wants no translation of such a term, so
# nothing else would tell it from one that was forgotten.
UNCHANGED = HERE / "unchanged_terms.json"
# What has no terms of this addon's: it is not there where it is installed.
OTHERS = ["addons", "bench", "dev", "docs", "sandbox", "tests"]
# They change with each export and say nothing.
DATES = ["POT-Creation-Date", "PO-Revision-Date"]
HEADER = f"Translation of the Odoo addon {NAME}."
WIDTH = 78


def export(env):
    """The addon's terms, as Odoo exports them from the database of `env`: a POFile."""
    buffer = io.BytesIO()
    with patch("os.walk", _walk):
        trans_export(None, [NAME], buffer, "po", env)
    return polib.pofile(buffer.getvalue().decode(), wrapwidth=WIDTH)


def _walk(top, _walk=os.walk, **options):
    """Past the link to itself that a checkout holds, and past what is no part of it."""
    for folder, folders, files in _walk(top, **options):
        left_out = OTHERS if os.path.basename(folder) == NAME else ()
        folders[:] = [
            name for name in folders if name[0] != "." and name not in left_out
        ]
        yield folder, folders, files


def renew(template):
    """Write the template, and each language with its translations of these terms."""
    for date in DATES:
        template.metadata.pop(date, None)
    template.header = HEADER
    FOLDER.mkdir(exist_ok=True)
    template.save(str(TEMPLATE))
    unchanged = read_unchanged()
    for language in LANGUAGES:
        known = set(unchanged.get(language, ()))
        unchanged[language] = _renew_language(language, template, known)
    text = json.dumps(unchanged, ensure_ascii=False, indent=2)
    UNCHANGED.write_text(f"{text}\n")


def main():
    """Renew them from the database that the environment names."""
    config.parse_config(["--config", os.environ["ODOO_RC"]])
    with Registry(os.environ["PGDATABASE"]).cursor(readonly=True) as cr:
        renew(export(api.Environment(cr, SUPERUSER_ID, {})))


def read_unchanged():
    """By language, the terms that read the same as in English."""
    return json.loads(UNCHANGED.read_text()) if UNCHANGED.exists() else {}


def _renew_language(language, template, unchanged):
    """Write a language's file; return its terms that read the same as in English."""
    path = FOLDER / f"{language}.po"
    old = {entry.msgid: entry.msgstr for entry in _entries(path)}
    new = polib.POFile(wrapwidth=WIDTH)
    new.header = HEADER
    new.metadata = {**template.metadata, "Language": language}
    same = set()
    missing = 0
    for entry in template:
        text = old.get(entry.msgid, "")
        if text == entry.msgid or (not text and entry.msgid in unchanged):
            same.add(entry.msgid)
            text = ""
        elif not text:
            missing += 1
        new.append(
            polib.POEntry(
                msgid=entry.msgid,
                msgstr=text,
                comment=entry.comment,
                occurrences=entry.occurrences,
                flags=entry.flags,
            )
        )
    new.save(str(path))
    print(f"{path.name}: {len(new):,} terms, {missing:,} without a translation.")
    return sorted(same)


def _entries(path):
    return polib.pofile(str(path)) if path.exists() else []


if __name__ == "__main__":
    main()
