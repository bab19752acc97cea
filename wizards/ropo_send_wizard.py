from odoo import api, fields, models

from ..services.verdict import Verdict

WAITING = ("queued", "sending")


class RopoSendWizard(models.TransientModel):
    """Sends a selection of invoices and credit notes, and shows first which can go, and
    then what became of each."""

    _name = "ropo.send.wizard"
    _description = "Send via Ropo"
    _inherit = "ropo.wizard.mixin"

    line_ids = fields.One2many(
        "ropo.send.wizard.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    blocked_line_ids = fields.One2many(
        "ropo.send.wizard.line", "wizard_id", domain=[("eligibility", "=", "fix")]
    )
    ready_line_ids = fields.One2many(
        "ropo.send.wizard.line", "wizard_id", domain=[("eligibility", "=", "ready")]
    )
    final_line_ids = fields.One2many(
        "ropo.send.wizard.line", "wizard_id", domain=[("eligibility", "=", "final")]
    )
    local_print = fields.Boolean(
        readonly=True, help="Ropo gets them, and you print and deliver them yourself."
    )
    has_files = fields.Boolean(compute="_compute_has")
    has_notes = fields.Boolean(compute="_compute_has")
    request_ids = fields.Many2many("ropo.request", readonly=True)
    waiting_count = fields.Integer(compute="_compute_progress")
    done_count = fields.Integer(compute="_compute_progress")
    problem_count = fields.Integer(compute="_compute_progress")
    progress = fields.Float(compute="_compute_progress", help="In percent.")

    # --- computes ---

    @api.depends("move_ids")
    def _compute_line_ids(self):
        attachments = self.env["ropo.attachments"]
        eligibility = self.env["ropo.eligibility"]
        for wizard in self:
            moves = wizard.move_ids._origin
            with_files = moves.browse() if wizard.local_print else moves
            files = attachments._files(with_files)
            chosen = attachments._default_files(with_files)
            chosen |= wizard._chosen_files()
            verdicts = eligibility._verdicts(moves, "invoice")
            for move, verdict in verdicts.items():
                if not verdict.code:
                    verdicts[move] = wizard._verdict(move, chosen.get(move))
            wizard.line_ids = wizard._lines(verdicts)
            for line in wizard.line_ids:
                line.available_ids = files.get(line.move_id)
                line.attachment_ids = chosen.get(line.move_id)
                line.note = eligibility._allocation_note(line.move_id)
                line.delivery = line._delivery()

    @api.depends("line_ids")
    def _compute_has(self):
        for wizard in self:
            wizard.has_files = any(wizard.line_ids.mapped("available_ids"))
            wizard.has_notes = any(wizard.line_ids.mapped("note"))

    @api.depends("request_ids.state")
    def _compute_progress(self):
        for wizard in self:
            states = wizard.request_ids.mapped("state")
            waiting = sum(state in WAITING for state in states)
            done = states.count("done")
            wizard.waiting_count = waiting
            wizard.done_count = done
            wizard.problem_count = len(states) - waiting - done
            wizard.progress = states and 100 * (1 - waiting / len(states))

    # --- actions ---

    def action_send(self):
        """Queues what can go; a single one is sent at once, many by the cron."""
        self.ensure_one()
        self.env["ropo.request"].check_access("read")
        self._compute_line_ids()  # the selection may have changed since it was shown
        requests = self.env["ropo.queueing"]._queue_sending(
            self._ready_moves(), self._chosen_files(), local_print=self.local_print
        )
        if len(self.move_ids) == 1:
            return self._show(requests)
        self.env["ropo.outbox"]._work_off_soon(requests)
        self.request_ids = requests
        return self._reopen()

    def action_open_requests(self):
        """The same results, in the outbox."""
        return self._list(self.request_ids)

    # --- helpers ---

    def _verdict(self, move, files):
        """Whether it may go with these files, where nothing else is against it."""
        account = move.ropo_account_id
        if self.local_print and not account.can_print_locally:
            text = self.env._(
                "%(account)s has no local print: its channel delivers each invoice "
                "itself.",
                account=account.name,
            )
            return Verdict("local_print", text)
        if files is None:
            return Verdict()
        return self.env["ropo.attachments"]._verdict(move, files)

    def _chosen_files(self):
        """`{move: attachments}` as chosen in the lines."""
        return {line.move_id: line.attachment_ids for line in self.line_ids}


class RopoSendWizardLine(models.TransientModel):
    _name = "ropo.send.wizard.line"
    _description = "Invoice to Send via Ropo"
    _inherit = "ropo.wizard.line.mixin"

    wizard_id = fields.Many2one("ropo.send.wizard", required=True, ondelete="cascade")
    available_ids = fields.Many2many(
        "ir.attachment", "ropo_send_wizard_line_available_rel", readonly=True
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "ropo_send_wizard_line_attachment_rel",
        string="Attachments",
        domain="[('id', 'in', available_ids)]",
        help="What goes along: PDFs, to companies also Excel and CSV.",
    )
    note = fields.Char(string="Good to Know", readonly=True)
    delivery = fields.Char(readonly=True, help="How Ropo delivers it to the customer.")

    def _delivery(self):
        """How Ropo will deliver it; empty where Ropo delivers none."""
        partner, account = self.move_id.partner_id, self.move_id.ropo_account_id
        if self.eligibility == "final" or not partner or not account:
            return False
        wanted = "print" if self.wizard_id.local_print else None
        return self.env["ropo.debtor"]._delivery_text(partner, account, wanted=wanted)
