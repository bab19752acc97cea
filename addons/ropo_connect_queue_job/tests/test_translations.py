"""Each language says all that this addon says, beside OCA's own."""

from odoo.tests import tagged

from odoo.addons.ropo_connect.dev import translations
from odoo.addons.ropo_connect.tests import translated

OURS = translations.of("ropo_connect_queue_job")


@tagged("post_install", "-at_install")
class TestFiles(translated.FilesCase):
    addon = OURS
