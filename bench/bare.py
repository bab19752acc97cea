"""The least that sending can be: the same rows and the same bytes, nothing else."""

import json

from odoo import fields

from . import outbox
from .measure import cost

PER_CALL = 50
PARTNER_FIELDS = ["name", "ref", "street", "zip", "city", "lang", "country_id"]


class Bare:
    """Does over what a sending has done: its payloads, and Ropo's answers to them."""

    def __init__(self, world, account_id, move_ids):
        self.world, self.account_id, self.move_ids = world, account_id, move_ids
        with world.environment() as env:
            requests = env["ropo.request"].search([("move_id", "in", move_ids)])
            self.said = {r.move_id.id: (r.payload, r.response) for r in requests}
        payloads = [self.said[move_id][0] for move_id in move_ids]
        calls = [
            payloads[at : at + PER_CALL] for at in range(0, len(payloads), PER_CALL)
        ]
        self.bodies = [
            json.dumps({"datastream": {"dataset": call}}).encode() for call in calls
        ]

    def measure(self):
        outbox.clear(self.world)
        with self.world.ropo.session() as session, self.world.environment() as env:
            return cost(lambda: self._work(env, session), len(self.move_ids))

    def _work(self, env, session):
        # Found only once Odoo knows where its addons are.
        from odoo.addons.ropo_connect.services import documents

        moves = env["account.move"].browse(self.move_ids)
        moves.fetch(documents.MOVE_FIELDS)
        moves.line_ids.fetch(documents.LINE_FIELDS)
        (moves.partner_id | moves.commercial_partner_id).fetch(PARTNER_FIELDS)
        self._write_rows(env, moves)
        for body in self.bodies:
            answer = session.post(
                f"{self.world.ropo.url}/rest/jobs",
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=60,
            )
            answer.raise_for_status()
            answer.json()
        env.cr.commit()

    def _write_rows(self, env, moves):
        common = {"account_id": self.account_id, "company_id": env.company.id}
        requests = env["ropo.request"].create(
            [
                {
                    **common,
                    "move_id": move.id,
                    "operation": "invoice",
                    "amount": move.amount_total,
                    "currency_id": move.currency_id.id,
                }
                for move in moves
            ]
        )
        jobs = env["ropo.job"].create(
            [
                {
                    **common,
                    "move_id": move.id,
                    "kind": "invoice",
                    "stage": "invoiced",
                    "amount": move.amount_total,
                    "currency_id": move.currency_id.id,
                    "billnum": move.name,
                    "billcode": move.payment_reference,
                }
                for move in moves
            ]
        )
        for request, job in zip(requests, jobs, strict=True):
            payload, response = self.said[request.move_id.id]
            request.write(
                {
                    "state": "done",
                    "job_id": job.id,
                    "payload": payload,
                    "response": response,
                }
            )
            job.write(
                {"jobid": str(response["jobid"]), "stage_date": fields.Datetime.now()}
            )
        env.flush_all()
