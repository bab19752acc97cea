"""What sending costs the database: as little for each of many as for one of few."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import Cursor
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..services import due as due_module
from .test_outbox import OutboxCommon


@contextmanager
def statements():
    """What is sent to the database meanwhile, in order."""
    found, execute = [], Cursor.execute

    def noting(self, query, *args, **kwargs):
        code = query if isinstance(query, str) else query.code
        found.append(" ".join(code.split()))
        return execute(self, query, *args, **kwargs)

    with patch.object(Cursor, "execute", noting):
        yield found


@tagged("post_install", "-at_install")
class TestSendingCost(OutboxCommon):
    def sent(self, moves):
        """The statements by which these, which wait, are sent."""
        requests = self.requests_of(moves)
        self.env.invalidate_all()
        with statements() as found:
            self.work_off()
        self.env.invalidate_all()
        self.assertEqual(set(requests.mapped("state")), {"done"})
        return found

    def freeze(self, requests):
        lease = fields.Datetime.now()
        self.env["ropo.freezing"]._freeze(requests, self.account, lease)

    def writes(self, found, table):
        return [query for query in found if query.startswith(f'UPDATE "{table}" SET')]

    def test_each_request_is_written_twice_when_reserved_and_when_recorded(self):
        moves = self.create_invoices(3)
        self.put(moves)
        frozen, recorded = self.writes(self.sent(moves), "ropo_request")
        for column in ("payload", "state", "lease_until", "attempts", "number"):
            self.assertIn(f'"{column}" =', frozen)
        for column in ("response", "state", "lease_until", "job_id", "done_at"):
            self.assertIn(f'"{column}" =', recorded)

    def test_each_claim_is_written_twice_when_reserved_and_when_recorded(self):
        moves = self.create_invoices(3, days_overdue=20)
        for move in moves:
            self.pay(move, 5)
        self.put_transfer(moves)
        frozen, recorded = self.writes(self.sent(moves), "ropo_request")
        self.assertIn('"covers" =', frozen)
        self.assertIn('"job_id" =', recorded)

    def test_a_case_is_written_once_and_the_state_of_its_invoice_too(self):
        moves = self.create_invoices(3)
        self.put(moves)
        found = self.sent(moves)
        self.assertFalse(self.writes(found, "ropo_job"))
        (written,) = self.writes(found, "account_move")
        self.assertIn('"ropo_state" =', written)
        self.assertEqual(set(moves.mapped("ropo_state")), {"sent"})
        self.assertEqual(
            moves.ropo_job_ids.partner_id, moves.partner_id.commercial_partner_id
        )

    def test_many_take_as_many_queries_as_few(self):
        counts = []
        for number in (2, 10, 40):  # the first fills the caches of the registry
            moves = self.create_invoices(number)
            self.put(moves)
            # As if they had been asked for one by one.
            for index, request in enumerate(self.requests_of(moves)):
                time = fields.Datetime.subtract(request.create_date, minutes=index)
                self.cr.execute(
                    "UPDATE ropo_request SET create_date = %s WHERE id = %s",
                    [time, request.id],
                )
            counts.append(len(self.sent(moves)))
        self.assertEqual(counts[1], counts[2])

    def test_freezing_takes_as_many_queries_for_many_as_for_few(self):
        for put, operation in ((self.put, "invoice"), (self.put_transfer, "reminder")):
            counts = []
            for number in (2, 10, 40):  # the first fills the caches of the registry
                moves = self.create_invoices(number)
                put(moves)
                requests = self.requests_of(moves, operation).sudo()
                counts.append(self.queries(lambda r=requests: self.freeze(r)))
                self.assertEqual(set(requests.mapped("state")), {"sending"})
                self.assertTrue(all(requests.mapped("payload")))
            with self.subTest(operation):
                self.assertEqual(counts[1], counts[2])

    def test_one_reservation_plans_three_calls_of_each_connection(self):
        self.account.write({"batch_size": 2, "max_concurrency": 2})
        self.put(self.create_invoices(15))
        sizes, service = [], type(self.env["ropo.outbox"])
        reserve = service._reserve

        def noting(self, requests, account):
            sizes.append(len(requests))
            return reserve(self, requests, account)

        with patch.object(service, "_reserve", noting):
            self.work_off()
        self.assertEqual([size for size in sizes if size], [12, 3])
        self.assertEqual(self.calls(), 8)

    def test_one_reservation_takes_no_more_than_memory_is_there_for(self):
        self.account.write({"batch_size": 2, "max_concurrency": 2})
        requests = self.put(self.create_invoices(7))
        due = self.env["ropo.due"]._assignments_due
        for most, size in ((5, 5), (3, 4)):  # each connection has its call
            with patch.object(due_module, "MOST_RESERVED", most):
                self.assertEqual(due(self.account, None), requests[:size])

    @mute_logger("odoo.addons.ropo_connect.services.transaction")
    def test_one_that_can_not_be_stored_does_not_stop_the_others(self):
        moves = self.create_invoices(3)
        requests = self.put(moves)
        freezing = type(self.env["ropo.freezing"])
        freeze_one = freezing._freeze_one

        def spoiling(self, request, account):
            found = freeze_one(self, request, account)
            if request == requests[1]:
                found[request]["payload"] = {"note": "\0"}  # not in PostgreSQL's JSON
            return found

        with patch.object(freezing, "_freeze_one", spoiling):
            self.work_off()
        self.assertStates(requests, "done", "rejected", "done")
        self.assertFalse(requests[1].sudo().payload)
        self.assertEqual(len(self.sandbox.jobs()), 2)
