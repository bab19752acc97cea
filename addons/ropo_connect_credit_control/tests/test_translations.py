"""Each language says all that this addon says, beside OCA's own, and shows it."""

from odoo.tests import tagged

from odoo.addons.ropo_connect.dev import translations
from odoo.addons.ropo_connect.tests import translated

OURS = translations.of("ropo_connect_credit_control")


@tagged("post_install", "-at_install")
class TestFiles(translated.FilesCase):
    addon = OURS


@tagged("post_install", "-at_install")
class TestScreens(translated.ScreensCase):
    addon = OURS
    at_least = {"views": 5, "fields": 4}
