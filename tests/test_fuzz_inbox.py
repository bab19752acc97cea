"""Whatever a service reports, through the real inbox: kept raw and whole, or refused
whole; and what is kept is understood, or set aside for a person with a reason."""

import json
import os

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from ..channels.inbound import RefusedError, messages_of, storable
from .channels.fuzz import ANY_JSON, bent, contents, documents_of
from .channels.fuzz_readers import UPDATE, WEBHOOKS
from .common import RopoCommon

SEED = int(os.environ.get("ROPO_FUZZ_SEED", 0))
SETTINGS = settings(
    max_examples=int(os.environ.get("ROPO_FUZZ_DOCUMENTS", 150)),
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
JSON_TYPE = {"Content-Type": "application/json"}
ROW = documents_of(UPDATE)
ROWS = st.lists(
    ROW | bent(ROW) | st.dictionaries(st.text(max_size=5), ANY_JSON, max_size=3),
    max_size=4,
).filter(lambda rows: all(isinstance(row, dict) for row in rows))


@tagged("post_install", "-at_install")
class TestFuzzInbox(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inbox = cls.env["ropo.inbox"].sudo()
        cls.account = cls.account.sudo()

    def setUp(self):
        super().setUp()
        # Its case is among the numbers that the rows may bear.
        self.invoice, self.job = self.transferred_case()

    def each(self, documents, read):
        """Reads so many documents, each as if it were the first."""

        @seed(SEED)
        @SETTINGS
        @given(documents)
        def one(document):
            with self.env.cr.savepoint() as savepoint:
                read(document)
                savepoint.rollback()
            self.env.invalidate_all(flush=False)

        one()

    def take(self, rows, source):
        """Keeps these rows and interprets them, as a run does."""
        kept = self.inbox._store(self.account, rows, source)
        interpret = self.account._channel().interpret
        wanted = {}
        for row in map(storable, rows):
            if external_id := interpret(row).external_id:
                wanted.setdefault(external_id, row)
        raw = {event.external_id: event.raw for event in kept}
        self.assertEqual(as_kept(raw), as_kept(wanted))
        self.inbox._interpret_waiting(self.account)
        self.assertNotIn("new", kept.mapped("state"))
        for event in kept.filtered(lambda event: event.state == "review"):
            self.assertIn("can't be read", event.problem)

    def test_a_polled_page_is_kept_whole_and_understood_or_set_aside(self):
        self.each(ROWS.map(self.of_our_case), lambda rows: self.take(rows, "poll"))

    def test_a_pushed_batch_is_kept_whole_or_refused_whole(self):
        def read(octets):
            try:
                messages = messages_of(octets, JSON_TYPE)
            except RefusedError:
                return
            self.take(messages, "webhook")

        self.each(st.one_of(map(contents, WEBHOOKS)), read)

    def test_what_a_database_can_not_hold_is_kept_without_it(self):
        """The documents drawn seldom have it, so it is here for sure."""
        self.at_ropo(self.job, "stage", stage="collection")
        with self.account._client() as client:
            page = next(iter(client.updates(None, [])))
        odd = "a\x00b\ud800"
        rows = [{**row, "odd": odd, odd: [odd, float("inf")]} for row in page.rows]
        self.assertTrue(rows, "else no test")
        for source in ("poll", "webhook"):
            with self.subTest(source=source), self.env.cr.savepoint() as savepoint:
                self.take(rows, source)
                savepoint.rollback()

    def of_our_case(self, rows):
        """The same rows, those of the usual number being of a case that is there."""
        ours = {"INV/2026/00001": self.invoice.name}
        return [
            {k: ours.get(v, v) if isinstance(v, str) else v for k, v in row.items()}
            for row in rows
        ]


def as_kept(value):
    """JSON as PostgreSQL gives it back: numbers by their value, keys in no order."""
    return json.loads(json.dumps(value, sort_keys=True), parse_int=float)
