"""Every screen is whole, silent and accessible, at a desk and on a telephone."""

from odoo.tests import tagged

from .browser import DESK, TELEPHONE, JavaScriptError
from .screens import ScreensCase

# Of axe-core: what can be read, and what a screen reader can name. The others are about
# the frame that Odoo puts around each view.
RULES = ("color-contrast", "button-name", "link-name", "label", "select-name")


@tagged("post_install", "-at_install")
class TestScreens(ScreensCase):
    maxDiff = None

    def walk(self, browser, screens, look):
        """`{kind: [what is found]}` on each screen, in each of its tabs."""
        found = {}

        def note(kind, where, texts):
            found.setdefault(kind, []).extend(f"{where}: {text}" for text in texts)

        for screen in screens:
            try:
                browser.call(f"ropo.{screen.function}", *screen.arguments)
                for tab in browser.call("ropo.tabs", screen.whose) or [""]:
                    where = f"{screen.name} {tab}".strip()
                    if tab:
                        browser.call("ropo.click", f".nav-link[name='{tab}']")
                    for kind, texts in look(screen).items():
                        note(kind, where, texts)
            except JavaScriptError as error:
                note("broken", screen.name, [error])
            note("console", screen.name, browser.heard())
        return {kind: texts for kind, texts in found.items() if texts}

    def test_each_screen_at_a_desk_is_whole_silent_and_accessible(self):
        self._check(DESK, "cut")

    def test_each_screen_on_a_telephone_is_whole_silent_and_accessible(self):
        self._check(TELEPHONE, "wide")

    def _check(self, size, whole):
        # While one browses, the server has the cursor.
        odoos, screens = list(self.screens_of_odoo()), list(self.screens())
        with self.browse(self.user.login, size) as browser:

            def faults(screen):
                return browser.call("ropo.inaccessible", RULES, screen.whose)

            known = set()
            for other in (DESK, TELEPHONE):  # each shows kinds that the other does not
                browser.resize(*other)
                browser.call("ropo.settle")
                self.walk(
                    browser,
                    odoos,
                    lambda one: known.update(sign for sign, _what in faults(one)) or {},
                )
            browser.resize(*size)
            browser.call("ropo.settle")
            found = self.walk(
                browser,
                screens,
                lambda screen: {
                    whole: browser.call(f"ropo.{whole}", screen.whose),
                    "inaccessible": [
                        f"{sign}: {what}"
                        for sign, what in faults(screen)
                        if sign not in known
                    ],
                },
            )
        self.assertEqual(found, {})
