"""Every screen is whole, silent and accessible, at a desk and on a telephone."""

from odoo import Command
from odoo.tests import new_test_user, tagged

from .browser import DESK, TELEPHONE
from .screens import ScreensCase

# Of axe-core: what can be read, and what a screen reader can name. The others are about
# the frame that Odoo puts around each view.
RULES = ("color-contrast", "button-name", "link-name", "label", "select-name")

# Lists of Odoo's own models, of what is set up once, and at a desk.
SETTINGS = (
    "Ropo/Configuration/Daily Summary",
    "Ropo/Configuration/Scheduled Actions",
)

# What a customer reads of us, in the list of invoices and on the page of one.
BADGE, LINK = "td .badge[name=ropo_collects]", "[name=ropo_collects] a.btn-primary"

STEPS = 60  # with Tab, to whatever is to be reached


@tagged("post_install", "-at_install")
class TestScreens(ScreensCase):
    maxDiff = None

    def test_each_screen_at_a_desk_is_whole_silent_and_accessible(self):
        self._check(DESK, "cut")

    def test_each_screen_on_a_telephone_is_whole_silent_and_accessible(self):
        self._check(TELEPHONE, "wide")

    def test_the_page_of_a_customer_is_whole_silent_and_accessible(self):
        invoice = self.demo("invoice_collection")
        case = self.demo("case_collection_collection")
        case.debtor_url = "https://example.com/pay"
        customer = self._customer(invoice.partner_id)
        for size, language in ((DESK, False), (TELEPHONE, "fi")):
            if language:
                customer.lang = self.load_language(language)
            with self.browse(customer.login, size, "/my/invoices") as browser:
                found = {"list": self._look_at_portal(browser, BADGE)}
                self.go(browser, f"/my/invoices/{invoice.id}")
                found["page"] = self._look_at_portal(browser, LINK)
            with self.subTest(size=size, language=language):
                self.assertEqual(found, {"list": [], "page": []})

    def _customer(self, company):
        customer = new_test_user(
            self.env,
            login="ropo_customer",
            name="Customer",  # a long name makes Odoo's own header too wide
            groups="base.group_portal",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        customer.partner_id.parent_id = company
        return customer

    def _look_at_portal(self, browser, selector):
        """What is wrong with a page of the portal, on which this is ours."""
        shown = browser.call("ropo.shows", selector)
        faults = browser.call("ropo.inaccessible", RULES, "ours")
        return [
            *browser.heard(),
            *([] if shown else [f"There is no {selector}"]),
            *browser.call("ropo.wide"),
            *browser.call("ropo.cut", "ours"),
            *(f"{sign}: {what}" for sign, what in faults),
        ]

    def test_what_is_a_list_at_a_desk_is_cards_on_a_telephone(self):
        actions = {
            menu.complete_name: menu.action.id
            for menu, window in self.menus()
            if window.view_mode.startswith("list")
            and menu.complete_name not in SETTINGS
        }
        self.assertGreater(len(actions), 12)
        with self.browse(self.user.login, TELEPHONE) as browser:
            for name, action_id in actions.items():
                browser.call("ropo.open", action_id)
                card = ".o_kanban_view .o_kanban_record:not(.o_kanban_ghost)"
                with self.subTest(name):
                    self.assertTrue(browser.call("ropo.shows", card))

    def test_the_main_actions_of_forms_are_reached_by_the_keyboard_alone(self):
        to_send, overdue = self.demo("invoice_to_send"), self.demo("invoice_overdue")
        case = self.demo("case_collection_collection")
        ways = [
            (self._form(to_send), "action_invoice_sent", ".modal"),
            (self._form(overdue), "action_ropo_transfer", ".modal"),
            (self._form(case), "action_take_back", ".modal"),
            (self._form(self.message), "action_answer", ".modal"),
        ]
        with self.browse(self.user.login, DESK) as browser:
            for screen, button, shown in ways:
                with self.subTest(button):
                    browser.call(f"ropo.{screen.function}", *screen.arguments)
                    self._tab_to(browser, button)
                    browser.press("Enter")
                    browser.call("ropo.appears", shown)

    def test_a_figure_of_the_overview_is_opened_by_the_keyboard_alone(self):
        with self.browse(self.user.login, DESK) as browser:
            browser.call("ropo.open", "ropo_connect.action_ropo_overview")
            browser.call("ropo.appears", ".o_kanban_record")
            # Odoo's search field keeps Tab; from there on, the way is ours.
            browser.run("document.querySelector('.o_kanban_record').focus()")
            self._tab_to(browser, "action_open_figure")
            browser.press("Enter")
            browser.call("ropo.appears", ".o_list_view")

    def _tab_to(self, browser, name):
        passed = []
        for _n in range(STEPS):
            browser.press("Tab")
            passed.append(browser.call("ropo.focused"))
            if browser.call("ropo.isFocused", f"[name='{name}']"):
                return
        self.fail(f"Tab does not come to {name}, but to {passed}")

    def _check(self, size, whole):
        # While one browses, the server has the cursor.
        odoos, screens = list(self.screens_of_odoo()), list(self.screens())
        with self.browse(self.user.login, size) as browser:

            def faults(screen):
                return browser.call("ropo.inaccessible", RULES, screen.whose)

            said = browser.heard()  # while the client was loaded
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
        self.assertEqual((said, found), ([], {}))


@tagged("post_install", "-at_install")
class TestLabels(ScreensCase):
    """By themselves: two workers share the classes."""

    maxDiff = None

    def test_no_label_is_cut_at_a_desk_in_finnish(self):
        self._check("fi")

    def test_no_label_is_cut_at_a_desk_in_norwegian(self):
        self._check("nb")

    def test_no_label_is_cut_at_a_desk_in_swedish(self):
        self._check("sv")

    def _check(self, language):
        self.user.lang = self.load_language(language)
        screens = list(self.screens())
        with self.browse(self.user.login, DESK) as browser:
            found = self.walk(
                browser,
                screens,
                lambda screen: {"cut": browser.call("ropo.cut", screen.whose)},
            )
        self.assertEqual(found, {})
