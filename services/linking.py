from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..channels.documents import Answer
from ..channels.errors import Outcome
from .transaction import keep_answer

MOST_NAMED = 5  # invoices that one message names


class RopoLinking(models.AbstractModel):
    """Invoices that came to the channel by another program: found there, and followed
    from then on as if they had been sent from here."""

    _name = "ropo.linking"
    _description = "Linking Sent Invoices"

    @api.model
    def _link(self, move):
        """Finds this invoice at the channel by its number and date, and takes it over.

        Raises `UserError` when there is none, or not exactly this one.
        """
        move.ensure_one()
        account = move.ropo_account_id
        self._check(move, account)
        held = account._call_now(
            lambda client: client.find_invoice(move.name, move.invoice_date)
        )
        keep_answer(self.env, self._take_over, move, self._choose(move, held))

    @api.model
    def _is_free(self, account, held):
        """Whether nothing of it is at this channel or on its way.

        :param held: what Ropo has of it, as by `ropo.eligibility`
        """
        if not held.operations:
            return True
        return bool(account._other_channels(held.delivered_by)) and not held.collects

    def _check(self, move, account):
        if (
            move.move_type not in ("out_invoice", "out_refund")
            or move.state != "posted"
        ):
            raise UserError(
                self.env._(
                    "%(invoice)s: only posted customer invoices can be found.",
                    invoice=move.display_name,
                )
            )
        account._check_can("can_find_invoices")
        held = self.env["ropo.eligibility"]._held(move, queued=True)[move.id]
        if not self._is_free(account, held):
            raise UserError(
                self.env._(
                    "%(invoice)s: Ropo has it already, or it is on its way.",
                    invoice=move.display_name,
                )
            )

    def _choose(self, move, held):
        """The one that is this invoice, by total and currency too."""
        same = [
            invoice
            for invoice in held
            if invoice.currency in ("", move.currency_id.name)
            and invoice.total is not None
            and not move.currency_id.compare_amounts(invoice.total, move.amount_total)
        ]
        if len(same) == 1:
            return same[0]
        values = {
            "number": move.name,
            "date": format_date(self.env, move.invoice_date),
            "total": move.currency_id.format(move.amount_total),
            "found": "; ".join(
                f"{invoice.number} {invoice.debtor} {invoice.total} {invoice.currency}"
                for invoice in held[:MOST_NAMED]
            ),
        }
        if not held:
            raise UserError(
                self.env._(
                    "There is no invoice %(number)s of %(date)s. Send it, or compare "
                    "number and date with what was sent.",
                    **values,
                )
            )
        raise UserError(
            self.env._(
                "No single invoice %(number)s of %(date)s over %(total)s is there, "
                "but: %(found)s. Compare them with what was sent.",
                **values,
            )
        )

    def _take_over(self, move, held):
        """A request that is done already: what follows on it is as on any."""
        self = self.sudo()  # nobody may create cases by hand
        queueing = self.env["ropo.queueing"]
        operation = queueing._send_operation(move)
        request = self.env["ropo.request"]._queue(
            [{**queueing._request_vals(move.sudo(), operation), "number": move.name}]
        )
        answer = Answer(
            Outcome.ACCEPTED,
            assignment=held.assignment,
            number=held.number,
            progress=held.progress,
        )
        self.env["ropo.effects"]._conclude_done(request, {request.id: answer})
