"""What the guides say is so: their examples run, and their labels are on the screens.

The page for the Odoo Apps Store shows what it names.
"""

import re
from pathlib import Path
from unittest.mock import patch

from lxml import etree, html

from odoo.modules.module import Manifest
from odoo.tests import TransactionCase, tagged

from .common import RopoCommon

ROOT = Path(__file__).resolve().parents[1]
GUIDES = ROOT / "docs"
PICTURES = ROOT / "static/description"
EXAMPLE = re.compile(r"^\.\. code-block:: python\n\n((?: {4}.*\n|\n)+)", re.M)
LABEL = re.compile(r":guilabel:`([^`]+)`")
PATH = re.compile(r":menuselection:`([^`]+)`")
SANDBOX_OF_THE_GUIDE = "http://127.0.0.1:8090"
DESCRIPTION = "field_description"
# Views and actions that a label may stand in.
SCREENS = ["views", "wizards", "report", "data"]
SHOWN = ("string", "title", "placeholder", "confirm-label", "cancel-label")


def without_breaks(text):
    return " ".join(text.split())


class TestGuides(TransactionCase):
    def test_each_label_of_a_guide_is_on_a_screen(self):
        labels = self._labels()
        absent = [
            (guide.name, label)
            for guide in sorted(GUIDES.glob("*.rst"))
            for label in map(without_breaks, LABEL.findall(guide.read_text()))
            if label not in labels
        ]
        self.assertFalse(absent, "no label of ours: what is Odoo's is set in *italics*")

    def test_each_menu_of_a_guide_exists(self):
        menus = set(self.env["ir.ui.menu"].search([]).mapped("complete_name"))
        absent = [
            (guide.name, path)
            for guide in sorted(GUIDES.glob("*.rst"))
            for path in map(without_breaks, PATH.findall(guide.read_text()))
            if path.replace(" --> ", "/") not in menus
        ]
        self.assertFalse(absent)

    def _labels(self):
        """What the addon shows: fields and their choices, buttons, texts, actions."""
        fields = self.env["ir.model.fields"]
        ours = fields.search(
            ["|", ("model", "=like", "ropo.%"), ("name", "=like", "ropo_%")]
        )
        ours |= fields._get("res.partner", "invoice_sending_method")
        # Odoo's own, of which the e-invoice takes why there is no tax.
        labels = set(fields.search([("model", "=", "account.tax")]).mapped(DESCRIPTION))
        labels |= set(ours.mapped(DESCRIPTION)) | set(ours.selection_ids.mapped("name"))
        for room in SCREENS:
            for path in (ROOT / room).glob("*.xml"):
                labels |= self._labels_of_screen(path)
        return labels

    def _labels_of_screen(self, path):
        tree = etree.parse(path)
        labels = {
            element.get(name)
            for element in tree.iter(etree.Element)
            for name in SHOWN
            if element.get(name)
        }
        texts = tree.xpath(
            "//span | //strong | //record/field[@name='name'] | //setting"
        )
        return labels | {without_breaks(text.text or "") for text in texts}


@tagged("-at_install", "post_install")
class TestExamples(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The guide sets up its own.
        cls.account.active = False

    def test_examples_for_developers_run(self):
        guide = (GUIDES / "developers.rst").read_text()
        examples = EXAMPLE.findall(guide)
        self.assertGreater(len(examples), 5)
        names = {"env": self.env, "print": self._print}
        self.printed = []
        with patch.object(self.env.cr, "commit", self._commit):
            for number, example in enumerate(examples):
                with self.subTest(example=number):
                    code = example.replace("\n    ", "\n").removeprefix("    ")
                    code = code.replace(SANDBOX_OF_THE_GUIDE, self.sandbox.url)
                    exec(compile(code, f"example {number}", "exec"), names)  # noqa: S102

        invoice = names["invoice"]
        self.assertEqual(
            [line[1:] for line in self.printed if line[0] == invoice.name],
            [("ready", "")],
        )
        self.assertIn(("collection", "EUR", 1, 60.0), self.printed)
        claim = self.sandbox.job(jobid=int(names["case"].jobid))
        self.assertEqual(claim["capital"], 60.0)

    def _print(self, *values):
        self.printed.append(values)

    def _commit(self):
        """What is done at a commit, in the one transaction of the test."""
        self.env.flush_all()
        self.env.cr.postcommit.run()
        self.env.invalidate_all()


class TestAppsPage(TransactionCase):
    def test_pictures_of_the_page_are_there_and_nothing_is_loaded_from_elsewhere(self):
        page = (PICTURES / "index.html").read_text()
        shown = {
            link
            for _element, _attribute, link, _pos in html.fromstring(page).iterlinks()
        }
        self.assertTrue(shown)
        self.assertLessEqual(shown, {path.name for path in PICTURES.glob("*.png")})
        self.assertNotIn("<script", page)
        self.assertNotIn("<style", page)

    def test_odoo_shows_the_page_with_its_pictures(self):
        module = self.env["ir.module.module"].search([("name", "=", "ropo_connect")])
        page = html.fromstring(module.description_html)
        pictures = page.xpath("//img/@src")
        self.assertGreater(len(pictures), 3)
        for picture in pictures:
            folder = "/ropo_connect/static/description/"
            self.assertEqual(picture.rpartition("/")[0] + "/", folder)
            self.assertTrue((PICTURES / picture.rpartition("/")[2]).exists(), picture)

    def test_manifest_names_what_the_store_asks_for(self):
        manifest = Manifest.for_addon("ropo_connect")
        self.assertLessEqual(len(manifest["name"]), 25)
        self.assertEqual(manifest["images"][0], "static/description/banner.png")
        for picture in manifest["images"]:
            self.assertTrue((ROOT / picture).exists(), picture)
