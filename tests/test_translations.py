"""Each language says all that the addon says, and shows it.

`python3 -m dev translations` renews the files when a text has changed.
"""

from odoo.tests import tagged

from ..dev import translations
from . import translated


class TestFiles(translated.FilesCase):
    addon = translations.OURS


@tagged("post_install", "-at_install")
class TestScreens(translated.ScreensCase):
    addon = translations.OURS
    at_least = {"views": 40, "fields": 200}

    def test_the_title_of_a_dialog_is_in_the_language_of_who_reads_it(self):
        for env, terms in self.in_each_language():
            for model, title in (
                ("ropo.send.wizard", "Send via Ropo"),
                ("ropo.transfer.wizard", "Transfer to Ropo"),
            ):
                shown = env[model].new()._reopen()["name"]
                # In Norwegian the first reads the same.
                self.assertEqual(shown, terms.get(title, title))
                self.assertEqual(shown != title, title in terms)
