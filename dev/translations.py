"""The files in i18n/ of each addon: the template as Odoo exports it, and the languages
beside it."""

import io
import json
import os
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import polib

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config
from odoo.tools.translate import trans_export

from . import optional
from .place import HERE, NAME, ROOT

LANGUAGES = {"fi": "fi_FI", "nb": "nb_NO", "sv": "sv_SE"}
# Terms that read the same in a language: OCA wants no translation of such a term, so
# nothing else would tell it from one that was forgotten.
UNCHANGED = HERE / "unchanged_terms.json"
# What has no terms of an addon's: it is not there where it is installed.
OTHERS = ["addons", "bench", "dev", "docs", "sandbox", "tests"]
# They change with each export and say nothing.
DATES = ["POT-Creation-Date", "PO-Revision-Date"]
WIDTH = 78


class Addon(NamedTuple):
    """An addon whose texts are translated, and the folder in which it is."""

    name: str
    home: Path

    @property
    def template(self):
        return self.home / "i18n" / f"{self.name}.pot"

    @property
    def header(self):
        return f"Translation of the Odoo addon {self.name}."

    def path(self, language):
        return self.home / "i18n" / f"{language}.po"

    def export(self, env):
        """Its terms, as Odoo exports them from the database of `env`: a POFile."""
        buffer = io.BytesIO()
        with patch("os.walk", _walk):
            trans_export(None, [self.name], buffer, "po", env)
        return polib.pofile(buffer.getvalue().decode(), wrapwidth=WIDTH)

    def unchanged(self):
        """By language, its terms that read the same as in English."""
        terms = {entry.msgid for entry in _entries(self.template)}
        return {language: terms & known for language, known in _read_unchanged()}

    def renew(self, template):
        """Write the template, and each language with what it has of these terms."""
        for date in DATES:
            template.metadata.pop(date, None)
        template.header = self.header
        self.template.parent.mkdir(exist_ok=True)
        template.save(str(self.template))
        unchanged = {
            language: self._renew_language(language, template, known)
            | self._unchanged_elsewhere(language, known)
            for language, known in _read_unchanged()
        }
        _write_unchanged(unchanged)

    def _renew_language(self, language, template, unchanged):
        """Write a language's file; return its terms that read as in English."""
        path = self.path(language)
        old = {entry.msgid: entry.msgstr for entry in _entries(path)}
        new = polib.POFile(wrapwidth=WIDTH)
        new.header = self.header
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
        shown = path.relative_to(ROOT)
        print(f"{shown}: {len(new):,} terms, {missing:,} without a translation.")
        return same

    def _unchanged_elsewhere(self, language, unchanged):
        """Those of the other addons among these terms."""
        return {
            entry.msgid
            for other in ALL
            if other != self
            for entry in _entries(other.path(language))
            if not entry.msgstr and entry.msgid in unchanged
        }


OURS = Addon(NAME, ROOT)
OPTIONAL = [Addon(folder.name, folder) for folder in optional.folders()]
ALL = [OURS, *OPTIONAL]


def of(name):
    """The addon of this name."""
    return next(addon for addon in ALL if addon.name == name)


def main():
    """Renew the files of those addons that the database of the environment has."""
    config.parse_config(["--config", os.environ["ODOO_RC"]])
    with Registry(os.environ["PGDATABASE"]).cursor(readonly=True) as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        installed = env["ir.module.module"]._installed()
        # The addon alone, or the optional ones where they are.
        addons = [addon for addon in OPTIONAL if addon.name in installed] or [OURS]
        for addon in addons:
            addon.renew(addon.export(env))


def _walk(top, _walk=os.walk, **options):
    """Past the link to itself that a checkout holds, and past what is no part of it."""
    names = {addon.name for addon in ALL}
    for folder, folders, files in _walk(top, **options):
        left_out = OTHERS if os.path.basename(folder) in names else ()
        folders[:] = [
            name for name in folders if name[0] != "." and name not in left_out
        ]
        yield folder, folders, files


def _read_unchanged():
    known = json.loads(UNCHANGED.read_text()) if UNCHANGED.exists() else {}
    return [(language, set(known.get(language, ()))) for language in LANGUAGES]


def _write_unchanged(terms):
    sorted_ = {language: sorted(known) for language, known in terms.items()}
    text = json.dumps(sorted_, ensure_ascii=False, indent=2)
    UNCHANGED.write_text(f"{text}\n")


def _entries(path):
    return polib.pofile(str(path)) if path.exists() else []


if __name__ == "__main__":
    main()
