"""The screenshots of README.rst, taken of the demo's database in headless Chromium.

Odoo's database comes from the environment, and so does LANGUAGE where it is to be
another one, such as fi_FI: those pictures, and those of a telephone, are to be looked
at, and are not kept with the product. A few more invoices are posted first, so that
there is something to send and to transfer.
"""

import os
import sys
from shutil import which

from .. import system
from ..place import ROOT, STATE
from . import screen, web
from .__main__ import odoo

FOLDER = ROOT / "static/description"
LOOKED_AT = STATE / "screenshots"
USUAL = "en_US"
SIZE = {"width": 1400, "height": 900}  # in pixels
TELEPHONE = {"width": 390, "height": 844}
SECONDS_TO_APPEAR = 60
SETTLES = 1500  # milliseconds: what moves or is fetched late
TO_LOOK_AT = [
    "overview",
    "cases",
    "to-send",
    "to-transfer",
    "outbox",
    "inbox",
    "accounts",
]
WITHOUT_ADDRESS = "Esimerkki Ilman Osoitetta Oy"
WAITING = [
    ("Esimerkki Asiakas 2", 32, "hours"),
    ("Esimerkki Asiakas 3", 25, "mixed"),
    ("Example 4 Oy", 21, "rental"),
    ("Example 5 Oy", -14, "books"),
    (WITHOUT_ADDRESS, -14, "project"),
]
FOLLOWED = ("Example 4 Oy", "collection")  # has a history of all kinds


def main():
    lang = os.environ.get("LANGUAGE") or USUAL
    with odoo(os.environ["PGDATABASE"]) as env:
        write_more(env)
        speak(env, lang)
        paths = find_paths(env)
        env.cr.commit()
        with web.served() as url:
            take_all(url, paths, lang)
    return 0


def write_more(env):
    """What waits to be sent, and is overdue: one of them can't go."""
    from . import books  # needs Odoo, which is configured only now

    admin = env(user=env.ref("base.user_admin"))
    admin["res.partner"].create({"name": WITHOUT_ADDRESS, "is_company": True})
    for customer, days_overdue, basket in WAITING:
        invoice = books.write_invoice(admin, customer, days_overdue, basket)
        invoice.is_move_sent = days_overdue > 0  # else each transfer has a warning


def speak(env, lang):
    """Has the administrator's screens in this language."""
    wizard = env["base.language.install"]
    known = env["res.lang"].with_context(active_test=False)
    chosen = known.search([("code", "=", lang)])
    wizard.create({"lang_ids": chosen.ids, "overwrite": False}).lang_install()
    env.ref("base.user_admin").lang = lang


def find_paths(env):
    customer, stage = FOLLOWED
    domain = [("partner_id.name", "=", customer), ("stage", "=", stage)]
    case = env["ropo.job"].search(domain, limit=1)
    account = env["ropo.account"].search([], limit=1)
    return {
        "invoice": f"/odoo/ropo-sent/{case.move_id.id}",
        "account": f"/odoo/ropo-accounts/{account.id}",
    }


def take_all(url, paths, lang):
    from playwright.sync_api import sync_playwright

    folder = FOLDER if lang == USUAL else LOOKED_AT / lang
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(which, system.BROWSERS))),
            args=["--no-sandbox"],
        )
        page = open_page(browser, url, lang, SIZE)
        page.goto(paths["account"])
        shoot(page, folder / "account_form.png", ".o_form_view .o_notebook")
        show_invoice(page, paths["invoice"])
        cases = ".o_field_widget[name=ropo_job_ids] .o_data_row"
        shoot(page, folder / "invoice_form.png", cases)
        page.goto("/odoo/ropo-scheduled-transfers")
        shoot(page, folder / "scheduled_transfers.png", ".o_list_view .o_data_row")
        press_for_all(page, "/odoo/ropo-to-send", "action_ropo_send")
        shoot(page, folder / "send_wizard.png", ".modal .o_data_row")
        press_for_all(page, "/odoo/ropo-to-transfer", "action_ropo_transfer")
        shoot(page, folder / "transfer_wizard.png", ".modal .o_data_row")
        if folder != FOLDER:
            take_to_look_at(page, folder)
            take_to_look_at(open_page(browser, url, lang, TELEPHONE), folder / "narrow")
        browser.close()


def take_to_look_at(page, folder):
    for name in TO_LOOK_AT:
        page.goto(f"/odoo/ropo-{name}")
        shoot(page, folder / f"{name}.png", ".o_action .o_content :visible")


def open_page(browser, url, lang, size):
    context = browser.new_context(
        viewport=size,
        locale=lang.replace("_", "-"),
        timezone_id="Europe/Helsinki",
        base_url=url,
    )
    page = context.new_page()
    page.set_default_timeout(SECONDS_TO_APPEAR * 1000)
    log_in(page)
    return page


def log_in(page):
    page.goto("/web/login")
    for name in ("login", "password"):
        page.fill(f"input[name={name}]", "admin")
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")


def show_invoice(page, path):
    page.goto(path)
    page.click(".o_notebook .nav-link:has-text('Ropo')")
    cases = page.locator(".o_field_widget[name=ropo_job_ids]")
    cases.evaluate("cases => cases.scrollIntoView({block: 'center'})")


def press_for_all(page, path, button):
    page.goto(path)
    page.click(".o_list_view thead .o_list_record_selector input")
    page.click(f"button[name={button}]")


def shoot(page, path, shown):
    """Writes the picture as soon as the selector `shown` is there."""
    page.wait_for_selector(shown)
    page.mouse.move(0, 0)  # nothing is hovered over
    page.wait_for_timeout(SETTLES)
    page.screenshot(path=path)
    screen.show(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
