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
