import threading
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import config, mute_logger

from .common import RopoCommon

TRANSPORT = "odoo.addons.ropo_connect.channels.transport.Transport._read"


@contextmanager
def limits(real, cron=-1, workers=0):
    """With these limits of the server."""
    values = {
        "limit_time_real": real,
        "limit_time_real_cron": cron,
        "workers": workers,
    }
    with patch.dict(config._runtime_options, values):
        yield


@tagged("post_install", "-at_install")
class TestTimeLimit(RopoCommon):
    @contextmanager
    def _timeouts(self):
        """The seconds that each call may take, by its path."""
        from odoo.addons.ropo_connect.channels.transport import Transport

        found, read = {}, Transport._read

        def note(transport, method, url, content, auth, limit, timeout):
            found[url.removeprefix(self.sandbox.url)] = timeout
            return read(transport, method, url, content, auth, limit, timeout)

        with patch(TRANSPORT, note):
            yield found

    def _poll(self):
        self.env.flush_all()
        with self._timeouts() as found:
            self.account.action_poll_status()
        return found["/rest/jobs/statusupdates"]

    def test_no_call_takes_longer_than_the_server_lets_it(self):
        for real, cron, workers, account, expected in (
            (120, -1, 0, 60, 90),
            (120, -1, 0, 600, 90),
            (0, -1, 0, 60, 240),
            (-1, -1, 0, 600, 600),
            (1000, 10, 0, 600, 600),  # a user's request, not a scheduled one
            (2, -1, 0, 60, 1),
        ):
            self.account.timeout = account
            with self.subTest(real=real, timeout=account), limits(real, cron, workers):
                self.assertEqual(self._poll(), expected)

    def test_scheduled_call_has_the_limit_of_scheduled_actions(self):
        thread = threading.current_thread()
        self.account.timeout = 600
        for real, cron, workers, expected in (
            (120, 400, 0, 300),
            (120, -1, 0, 90),
            (120, 0, 0, 90),  # threads: the limit of requests serves
            (120, 0, 2, 600),  # workers: none
            (0, -1, 2, 600),
        ):
            with (
                self.subTest(real=real, cron=cron, workers=workers),
                limits(real, cron, workers),
                patch.object(thread, "type", "cron", create=True),
            ):
                self.assertEqual(self._poll(), expected)
            with (
                limits(real, cron, workers),
                patch.object(thread, "_name", "Worker WorkerCron (1)"),
            ):
                self.assertEqual(self._poll(), expected)

    def test_slow_answer_ends_within_the_limit_and_its_lease_with_it(self):
        self.account.timeout = 600
        self.sandbox.fault("slow", path="/rest/jobs", seconds=5)
        invoice = self.create_invoice()
        wizard = self._wizard("ropo.send.wizard", invoice)
        wizard.action_send()
        with limits(2), mute_logger("odoo.addons.ropo_connect"):
            start = fields.Datetime.now()
            self.work_off()
            self.assertLess(fields.Datetime.now() - start, timedelta(seconds=4))
            request = self.requests_of(invoice)
            self.assertEqual(request.state, "unknown")
            until = self.env["ropo.outbox"]._lease_end(self.account)
            self.assertLess(until, fields.Datetime.now() + timedelta(seconds=40))

    def test_form_shows_when_and_to_what_the_timeout_is_capped(self):
        self.account.timeout = 100
        with limits(120):
            note = self.account.timeout_note
        self.assertIn("A user's call takes at most 90 seconds", note)
        self.assertIn("A scheduled call takes at most 90 seconds", note)
        self.assertIn("may need 240 seconds and takes at most 90", note)
        for real, cron, timeout, count in (
            (120, -1, 60, 1),
            (400, -1, 60, 0),
            (0, -1, 600, 0),
            (120, 900, 100, 1),
            (900, 120, 100, 2),
        ):
            self.account.timeout = timeout
            self.account.invalidate_recordset(["timeout_note"])
            with self.subTest(real=real, cron=cron), limits(real, cron):
                sentences = self.account.timeout_note.count("takes at most")
                self.assertEqual(sentences, count)
        arch = self.env["ropo.account"].get_view(view_type="form")["arch"]
        self.assertIn('name="timeout_note"', arch)
