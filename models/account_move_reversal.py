from odoo import api, fields, models


class AccountMoveReversal(models.TransientModel):
    """Odoo's dialog for credit notes says what one means at Ropo, and stops what has
    not left (services/taking_back.py)."""

    _inherit = "account.move.reversal"

    ropo_queued_text = fields.Text(compute="_compute_ropo_texts", compute_sudo=True)
    ropo_delivery_text = fields.Text(compute="_compute_ropo_texts", compute_sudo=True)
    ropo_cost_text = fields.Text(compute="_compute_ropo_texts", compute_sudo=True)
    ropo_credit_text = fields.Text(compute="_compute_ropo_texts", compute_sudo=True)
    ropo_stops = fields.Boolean(
        string="Stop the transfer",
        default=True,
        help="It is not sent to Ropo. It may be transferred again when the credit note "
        "is posted and something is left open.",
    )
    ropo_stops_delivery = fields.Boolean(
        string="Stop the delivery too",
        help="The customer does not get the invoice from Ropo.",
    )
    # What was queued when the dialog was opened: ids of requests, `{"transfers": [],
    # "deliveries": []}`. Stored, so that what has left meanwhile is known as such.
    ropo_queued = fields.Json(
        compute="_compute_ropo_queued", store=True, readonly=False
    )

    # --- computes ---

    @api.depends("move_ids")
    def _compute_ropo_texts(self):
        taking_back = self.env["ropo.taking.back"]
        for wizard in self:
            moves = wizard._ropo_moves()
            requests = taking_back._unsettled(moves)
            jobs = taking_back._collected(moves)
            for name, is_transfer in (("queued", True), ("delivery", False)):
                queued = taking_back._queued(requests, is_transfer)
                wizard[f"ropo_{name}_text"] = taking_back._queued_text(queued)
            wizard.ropo_cost_text = taking_back._cost_text(requests, jobs)
            wizard.ropo_credit_text = taking_back._credit_text(jobs)

    @api.depends("move_ids")
    def _compute_ropo_queued(self):
        taking_back = self.env["ropo.taking.back"]
        for wizard in self:
            requests = taking_back._unsettled(wizard._ropo_moves())
            wizard.ropo_queued = {
                "transfers": taking_back._queued(requests, True).ids,
                "deliveries": taking_back._queued(requests, False).ids,
            }

    # --- business ---

    def reverse_moves(self, is_modify=False):
        # EXTENDS 'account'
        self._ropo_stop()
        return super().reverse_moves(is_modify=is_modify)

    def _ropo_stop(self):
        """Stops what the user saw queued and wants stopped; that is free."""
        self.ensure_one()
        seen = self.ropo_queued or {}
        ids = []
        if self.ropo_stops:
            ids += seen.get("transfers") or []
        if self.ropo_stops_delivery:
            ids += seen.get("deliveries") or []
        if ids:
            reason = self.env._("The invoice is credited.")
            self.env["ropo.taking.back"]._stop(self._ropo_moves(), ids, reason)

    # --- helpers ---

    def _ropo_moves(self):
        return self.move_ids._origin.filtered(
            lambda move: move.move_type == "out_invoice"
        )
