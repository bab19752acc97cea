"""Odoo's headless Chromium, steered step by step, with what it says kept."""

import json
from contextlib import contextmanager
from pathlib import Path
from unittest import SkipTest

from odoo.tests import HttpCase
from odoo.tests.common import ChromeBrowser

HERE = Path(__file__).resolve().parent
AXE = HERE.parent / ".dev/node/node_modules/axe-core/axe.min.js"
SECONDS = 30  # that one step may take, on a slow machine
DESK, TELEPHONE = (1400, 900), (390, 844)  # in pixels


class JavaScriptError(AssertionError):
    """What the page threw."""


class Browser(ChromeBrowser):
    """It goes on where Odoo's own ends at the first error: all of them are reported.

    Odoo's raises the memory limit for Chromium, which the server has put on itself.
    """

    def __init__(self, case):
        self.said = []  # of the console, since it was last asked
        super().__init__(case)
        self._handlers["Log.entryAdded"] = self._handle_entry
        self._websocket_request("Log.enable")

    def resize(self, width, height):
        self._websocket_request(
            "Emulation.setDeviceMetricsOverride",
            params={
                "width": width,
                "height": height,
                "deviceScaleFactor": 1,
                "mobile": False,
            },
        )

    def run(self, code):
        """What this JavaScript comes to, waited for."""
        answer = self._websocket_request(
            "Runtime.evaluate",
            params={"expression": code, "awaitPromise": True, "returnByValue": True},
            timeout=SECONDS,
        )
        if "exceptionDetails" in answer:
            raise JavaScriptError(
                answer["exceptionDetails"]["exception"]["description"]
            )
        return answer["result"].get("value")

    def call(self, function, *arguments):
        return self.run(f"{function}(...{json.dumps(arguments)})")

    def press(self, key):
        """One key of the keyboard, as a person presses it."""
        code = {"Tab": 9, "Enter": 13}[key]
        values = {
            "key": key,
            "code": key,
            "windowsVirtualKeyCode": code,
        }
        text = {"text": "\r"} if key == "Enter" else {}
        for kind, more in (("keyDown", text), ("keyUp", {})):
            self._websocket_request(
                "Input.dispatchKeyEvent", params={"type": kind, **values, **more}
            )

    def heard(self):
        """What the console said since this was last asked."""
        said, self.said = self.said, []
        return said

    def _handle_console(self, type, args=None, **_more):
        if type in ("warning", "error", "assert"):
            texts = (str(self._from_remoteobject(arg)) for arg in args or ())
            self.said.append(f"{type}: {' '.join(texts)}")

    def _handle_exception(self, exceptionDetails, timestamp):
        thrown = exceptionDetails.get("exception", {})
        self.said.append(thrown.get("description") or exceptionDetails["text"])

    def _handle_entry(self, entry):
        if entry["level"] in ("warning", "error"):
            self.said.append(f"{entry['text']} {entry.get('url', '')}".strip())


class BrowserCase(HttpCase):
    """Tests that look at the screens, with axe-core and `screen.js` at hand."""

    @classmethod
    def setUpClass(cls):
        if not AXE.exists():
            raise SkipTest("not installed: axe-core")
        super().setUpClass()

    @contextmanager
    def browse(self, login, size, path="/odoo"):
        """A browser of this size in which this user has opened this page."""
        browser = Browser(self)
        try:
            with self.allow_requests(browser=browser):
                self.authenticate(login, login, browser=browser)
                self.cr.flush()
                self.cr.clear()
                browser.resize(*size)
                self.go(browser, path)
                yield browser
                self._wait_remaining_requests()
        finally:
            browser.stop()

    def go(self, browser, path):
        browser.navigate_to(f"{self.base_url()}{path}", wait_stop=True)
        for script in (AXE, HERE / "screen.js"):
            browser.run(script.read_text())
        browser.call("ropo.ready")
