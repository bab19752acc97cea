"""The banner of the Apps page, drawn by Chromium from `banner.html`."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from .place import HERE, ROOT
from .system import BROWSERS

PICTURES = ROOT / "static/description"
BANNER = PICTURES / "banner.png"
# The store shows it at half of this.
SIZE = {"width": 1120, "height": 560}


def main():
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        return "Chromium is missing: install it (apt-get install chromium)."
    # The page and the pictures that it shows, in one folder.
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for path in (HERE / "banner.html", *PICTURES.glob("*.png")):
            shutil.copy(path, folder)
        chromium = playwright.chromium.launch(executable_path=browser)
        page = chromium.new_page(viewport=SIZE)
        page.goto((Path(folder) / "banner.html").as_uri())
        page.screenshot(path=BANNER)
        chromium.close()


if __name__ == "__main__":
    sys.exit(main())
