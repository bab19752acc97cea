from odoo import Command, api, fields, models

from ..models.ropo_claim_terms import SHARED_TERMS
from .transaction import keep_answer


class RopoQueueing(models.AbstractModel):
    """What is asked for on invoices becomes requests of the outbox.

    Whether each may go, and who asks may send or transfer, is for the caller to have
    asked.
    """

    _name = "ropo.queueing"
    _description = "Queueing of Invoices for Ropo"

    # --- sending ---

    @api.model
    def _queue_sending(self, moves, files=None, **values):
        """Queues these to be sent, and returns the requests.

        :param files: what goes along: `{move: attachments}`
        """
        files = {move: some for move, some in (files or {}).items() if some}
        shows_own = not values.get("local_print")
        vals_list = []
        for move in moves:
            has_image = shows_own and move.ropo_account_id.own_image
            vals_list.append(
                {
                    **self._request_vals(move, self._send_operation(move)),
                    "has_image": has_image,
                    "has_attachments": move in files or has_image,
                    **values,
                }
            )
        requests = self.env["ropo.request"]._queue(vals_list)
        for move, request in zip(moves, requests, strict=True):
            request._keep_files(files.get(move, self.env["ir.attachment"]))
        return requests

    @staticmethod
    def _send_operation(move):
        return "credit_note" if move.move_type == "out_refund" else "invoice"

    @api.model
    def _request_vals(self, move, operation):
        return {
            "account_id": move.ropo_account_id.id,
            "company_id": move.company_id.id,
            "move_id": move.id,
            "operation": operation,
            "amount": move.amount_total,
            "currency_id": move.currency_id.id,
        }

    # --- transfer ---

    @api.model
    def _queue_transfer(self, moves, kind, terms):
        """Queues these to be transferred, and returns the requests.

        :param kind: `reminder` or `collection`
        :param terms: `{move: Terms}`
        """
        rates = {}
        vals_list = [
            self._transfer_vals(move, kind, terms[move], rates) for move in moves
        ]
        noticed = {}  # dates of own reminders: the evidence stays on the invoices
        for move in moves:
            date = terms[move].notice_date
            if date and not move.ropo_notice_date:
                noticed.setdefault(date, []).append(move.id)
        requests = self.env["ropo.request"]._queue(vals_list)
        for date, ids in noticed.items():
            self.env["ropo.own.reminder"]._note(moves.browse(ids), date)
        return requests

    def _transfer_vals(self, move, kind, terms, rates):
        """:param rates: those of currencies that are known already"""
        account, currency = move.ropo_account_id, move.currency_id
        rate = self._rate(move, terms, rates)
        parts = self.env["ropo.transfer.rules"]._claim_parts(move, account, terms)
        return {
            **self._request_vals(move, kind),
            **{name: getattr(terms, name) for name in SHARED_TERMS},
            "amount": sum(parts.mapped("amount_residual_currency")),
            "notice_fee": currency.round(terms.notice_fee * rate),
            "claim_interest": terms.interest,
            "notice_date": move.ropo_notice_date or terms.notice_date,
            "co_debtor_ids": [Command.set(terms.co_debtors)],
        }

    @staticmethod
    def _rate(move, terms, rates):
        """From the account's currency, in which the costs are, to the invoice's."""
        ours, theirs = move.ropo_account_id.currency_id, move.currency_id
        if terms.notice_fee and (ours, theirs) not in rates:
            rates[ours, theirs] = ours._get_conversion_rate(
                ours, theirs, move.company_id, fields.Date.context_today(move)
            )
        return rates.get((ours, theirs), 1.0)

    # --- preview ---

    @api.model
    def _preview(self, move):
        """The PDF that Ropo would deliver, attached to the invoice."""
        move.ensure_one()
        account = move.ropo_account_id
        account._check_can("can_preview")
        invoice = self.env["ropo.document"]._invoice(move, account, move.id)
        frozen = account._channel().freeze(invoice)
        content = account._call_now(lambda client: client.preview(frozen))
        return keep_answer(self.env, self._keep_preview, move, content)

    def _keep_preview(self, move, content):
        move.ropo_preview_id.unlink()
        move.ropo_preview_id = self.env["ir.attachment"].create(
            {
                "name": self.env._("Preview %(number)s.pdf", number=move.name),
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": move._name,
                "res_id": move.id,
            }
        )
        return move.ropo_preview_id
