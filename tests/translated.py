"""What is promised of the translations of an addon: the tests of each inherit it.

Imported as a module: pytest would run the classes where it finds their names.
"""

import re

import polib

from odoo.tests import TransactionCase

from ..dev import translations

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd%]|\{\w*\}|</?[a-z][^>]*>|&\w+;")
# What a reader reads, in a tag.
LABEL = re.compile(r'\b(aria-label|title|alt)="[^"]*"')
RENEW = "python3 -m dev translations"


def load(path):
    return polib.pofile(str(path))


def placeholders(text):
    return sorted(PLACEHOLDER.findall(LABEL.sub(r"\1", text)))


class FilesCase(TransactionCase):
    allow_inherited_tests_method = True  # by Odoo's own runner
    addon = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = load(cls.addon.template)
        cls.languages = {
            language: load(cls.addon.path(language))
            for language in translations.LANGUAGES
        }

    def test_template_has_each_term_of_the_addon_and_no_other(self):
        self.assertEqual(
            [entry.msgid for entry in self.addon.export(self.env)],
            [entry.msgid for entry in self.template],
            RENEW,
        )

    def test_each_language_has_each_term_and_no_other(self):
        expected = [entry.msgid for entry in self.template]
        for language, terms in self.languages.items():
            with self.subTest(language=language):
                self.assertEqual([entry.msgid for entry in terms], expected, RENEW)

    def test_no_term_is_without_a_translation_but_those_that_read_the_same(self):
        unchanged = self.addon.unchanged()
        for language, terms in self.languages.items():
            with self.subTest(language=language):
                empty = {entry.msgid for entry in terms if not entry.msgstr}
                self.assertEqual(empty, unchanged[language])

    def test_no_translation_is_in_doubt(self):
        for language, terms in self.languages.items():
            with self.subTest(language=language):
                self.assertFalse([entry.msgid for entry in terms if entry.fuzzy])

    def test_placeholders_and_tags_are_the_same_in_each_language(self):
        for language, terms in self.languages.items():
            differ = [
                (entry.msgid, entry.msgstr)
                for entry in terms
                if entry.msgstr
                and placeholders(entry.msgid) != placeholders(entry.msgstr)
            ]
            with self.subTest(language=language):
                self.assertFalse(differ)

    def test_a_translation_starts_and_ends_as_its_term_does(self):
        """A label stays one, a sentence too; Odoo glues nothing to it elsewhere."""
        for language, terms in self.languages.items():
            differ = [
                (entry.msgid, entry.msgstr)
                for entry in terms
                if entry.msgstr and self._ends(entry.msgid) != self._ends(entry.msgstr)
            ]
            with self.subTest(language=language):
                self.assertFalse(differ)

    @staticmethod
    def _ends(text):
        return text.strip() == text, text.endswith(".")


class ScreensCase(TransactionCase):
    allow_inherited_tests_method = True  # by Odoo's own runner
    addon = None
    at_least = {}  # there is so much to test

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        module = cls.env.ref(f"base.module_{cls.addon.name}")
        for code in translations.LANGUAGES.values():
            cls.env["res.lang"]._activate_lang(code)
            module._update_translations([code])
        found = cls.env["ir.model.data"].search(
            [("module", "=", cls.addon.name), ("model", "=", "ir.ui.view")]
        )
        cls.views = cls.env["ir.ui.view"].browse(found.mapped("res_id"))

    def in_each_language(self):
        for language, code in translations.LANGUAGES.items():
            entries = load(self.addon.path(language))
            terms = {entry.msgid: entry.msgstr for entry in entries if entry.msgstr}
            with self.subTest(language=language):
                yield self.env(context={**self.env.context, "lang": code}), terms

    def test_each_view_is_shown_in_each_language(self):
        screens = self.views.filtered(lambda view: view.type != "qweb")
        self.assertGreaterEqual(len(screens), self.at_least["views"])
        for env, _terms in self.in_each_language():
            for view in screens.with_env(env):
                shown = env[view.model].get_view(
                    None if view.inherit_id else view.id, view.type
                )
                self.assertTrue(shown["arch"], view.xml_id)

    def test_each_text_of_a_view_is_shown_translated(self):
        for env, terms in self.in_each_language():
            english = self.views.with_env(self.env(context={}))
            for view, source in zip(self.views.with_env(env), english, strict=True):
                for attribute in ("string", "placeholder", "title", "help"):
                    pattern = rf' {attribute}="([^"]+)"'
                    expected = [
                        terms.get(text, text)
                        for text in re.findall(pattern, source.arch)
                    ]
                    found = re.findall(pattern, view.arch)
                    self.assertEqual(found, expected, view.xml_id)

    def test_each_field_and_choice_is_named_in_each_language(self):
        for env, terms in self.in_each_language():
            names = [
                (field, description["string"], field.string)
                for model in env.values()
                if not model._abstract
                for field, description in (
                    (model._fields[name], values)
                    for name, values in model.fields_get(attributes=["string"]).items()
                )
                if field._module == self.addon.name and not field.related
            ]
            self.assertGreaterEqual(len(names), self.at_least["fields"])
            wrong = [
                (str(field), shown, terms.get(source, source))
                for field, shown, source in names
                if shown != terms.get(source, source)
            ]
            self.assertFalse(wrong)
