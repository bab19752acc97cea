from odoo import api, fields, models


class RopoTakeBackWizard(models.TransientModel):
    """Stops what of a selection of invoices has not left; of what Ropo collects it
    says what ending it costs, and gives the text that Ropo needs for it."""

    _name = "ropo.take.back.wizard"
    _inherit = "ropo.inform.mixin"
    _description = "Take Back From Ropo"

    queued_text = fields.Text(compute="_compute_texts", compute_sudo=True)
    cost_text = fields.Text(compute="_compute_texts", compute_sudo=True)
    letter = fields.Text(
        string="Text for Ropo", compute="_compute_texts", compute_sudo=True
    )
    # Ids of the requests that were queued when the dialog was opened.
    queued = fields.Json(compute="_compute_queued", store=True, readonly=False)
    hold = fields.Boolean(
        string="Put on Hold",
        compute="_compute_hold",
        store=True,
        readonly=False,
        help="Otherwise the scheduled transfer may take it up again.",
    )

    # --- computes ---

    @api.depends("move_ids")
    def _compute_texts(self):
        taking_back = self.env["ropo.taking.back"]
        for wizard in self:
            moves = wizard.move_ids._origin
            requests = taking_back._unsettled(moves)
            jobs = taking_back._collected(moves)
            queued = requests.filtered(lambda request: request.state == "queued")
            wizard.queued_text = taking_back._queued_text(queued)
            wizard.cost_text = taking_back._cost_text(requests, jobs)
            wizard.letter = bool(jobs) and taking_back._letter(jobs)

    @api.depends("move_ids")
    def _compute_queued(self):
        taking_back = self.env["ropo.taking.back"]
        for wizard in self:
            requests = taking_back._unsettled(wizard.move_ids._origin)
            queued = requests.filtered(lambda request: request.state == "queued")
            wizard.queued = queued.ids

    @api.depends("move_ids")
    def _compute_hold(self):
        for wizard in self:
            accounts = wizard.move_ids.sudo().ropo_account_id
            wizard.hold = any(a.auto_transfer != "none" for a in accounts)

    # --- actions ---

    def action_stop(self):
        """What has not left is not sent."""
        self.ensure_one()
        self.move_ids.check_access("write")
        reason = self.env._("%(user)s took it back.", user=self.env.user.name)
        stopped = self.env["ropo.taking.back"]._stop(self.move_ids, self.queued, reason)
        if self.hold:
            moves = stopped.filtered("collects").move_id.with_env(self.env)
            free = moves.filtered(lambda move: not move.ropo_hold)
            self.env["ropo.holds"]._hold(free, "other")
        return {"type": "ir.actions.act_window_close"}

    def action_informed(self):
        """Notes on the invoices that Ropo was asked to end their cases."""
        self.ensure_one()
        self.move_ids.check_access("write")
        self._check_informed_how()
        moves = self.env["ropo.taking.back"]._collected(self.move_ids).move_id
        self.env["ropo.holds"]._note_informed(
            moves.with_env(self.env), self.informed_how, self.letter
        )
        return {"type": "ir.actions.act_window_close"}

    def action_credit(self):
        """Opens Odoo's dialog for credit notes, by which Ropo is informed."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "account.action_view_account_move_reversal"
        )
        context = {"active_model": "account.move", "active_ids": self.move_ids.ids}
        return {**action, "view_mode": "form", "context": context}
