from odoo import api, fields, models

from odoo.addons.ropo_connect.models.ropo_request import LIVE
from odoo.addons.ropo_connect.services.transaction import together_or_alone

# Nothing has left because of these: there is something to take out.
UNSENT = ("draft", "to_be_sent", "error", "email_error")
# By which a customer is reminded in writing; a call can't be shown.
WRITTEN = ("email", "letter")
# What becomes of a line by which a transfer was asked for.
OUTCOMES = {"done": "sent", "rejected": "error", "cancelled": "draft"}


class RopoCreditControl(models.AbstractModel):
    """OCA's credit control and Ropo: nobody is reminded by both, what credit control
    sent is one's own reminder, and a level of a policy transfers."""

    _name = "ropo.credit.control"
    _description = "Credit Control of What Ropo Collects"

    # --- taken out, put back ---

    @api.model
    def _pause(self, jobs):
        """Ignores what is not sent of the debts that these new cases claim; a line that
        was to transfer them is done.

        Ignored lines count for nothing in later runs, which leave these debts out.
        """
        if not jobs:
            return
        claimed = self.env["ropo.followup"]._lines(jobs)
        lines = self._search([("move_line_id", "in", claimed.ids)])
        transfers = lines.filtered(
            lambda line: line.channel == "ropo" and line.state in (*UNSENT, "queued")
        )
        if transfers:
            self._conclude(transfers)
        unsent = (lines - transfers).filtered(lambda line: line.state in UNSENT)
        for state, own in unsent.grouped("state").items():
            own.write({"state": "ignored", "ropo_state_before": state})

    def _conclude(self, lines):
        """These were to transfer what Ropo has now, by whatever request it got that."""
        requests = lines.invoice_id.ropo_request_ids.filtered(
            lambda request: request.collects and request.state in LIVE
        )
        of_move = {request.move_id: request for request in requests if not request.void}
        for line in lines:
            line.ropo_request_id = of_move.get(line.invoice_id)
        lines.write({"state": "sent"})

    @api.model
    def _resume(self, moves):
        """Puts back what no case of these invoices collects any more, with what is open
        now."""
        if not moves:
            return
        paused = self._search(
            [("invoice_id", "in", moves.ids), ("ropo_state_before", "!=", False)]
        )
        if not paused:
            return
        collected = self.env["ropo.followup"]._collected(moves)
        back = paused.filtered(
            lambda line: (
                line.move_line_id not in collected and not line.move_line_id.reconciled
            )
        )
        for line in back:
            line.balance_due = self._balance(line)
        for state, own in back.grouped("ropo_state_before").items():
            own.write({"state": state})

    @staticmethod
    def _balance(line):
        """What is open of it, in the currency in which credit control counts."""
        debt = line.move_line_id
        if debt.currency_id != debt.company_id.currency_id:
            return debt.amount_residual_currency
        return debt.amount_residual

    # --- the own reminder ---

    @api.model
    def _note_sent(self, lines):
        """Notes on the invoices of these lines, which are sent, when that was."""
        reminders = lines.sudo().filtered(lambda line: line.channel in WRITTEN)
        dates = {}
        for line in reminders:
            move, date = line.invoice_id, self._date(line)
            dates[move] = max(date, dates.get(move) or date)
        self._note(dates)

    def _note(self, dates):
        """Notes the dates of `{move: date}`, but for those where a later one is."""
        by_date = {}
        for move, date in dates.items():
            if not move.ropo_notice_date or move.ropo_notice_date < date:
                by_date.setdefault(date, []).append(move.id)
        service = self.env["ropo.own.reminder"].sudo()
        for date, ids in by_date.items():
            moves = self.env["account.move"].sudo().browse(ids)
            if self.env.context.get("ropo_while_sending"):
                service._note_while_sending(moves, service._note, moves, date)
            else:
                service._note(moves, date)

    def _date(self, line):
        """When this line was sent: as somebody entered it, as the letter says, or
        today."""
        letter = line.channel == "letter" and line.communication_id.report_date
        time_zone = line.company_id.partner_id.tz or self.env.context.get("tz")
        today = fields.Date.context_today(line.with_context(tz=time_zone))
        return line.date_sent or letter or today

    # --- the transfer ---

    @api.model
    def _transfer(self, lines):
        """Queues the invoices of these lines, each as its level says, and returns the
        requests.

        What may go is decided as for the scheduled transfer of the account; a line
        whose invoice may not keeps its status, and says why.
        """
        requests = self.env["ropo.request"]
        if not lines:
            return requests
        if not self.env["ropo.transfer.wizard"].has_access("create"):
            lines.sudo().ropo_issue = self.env["ropo.eligibility"]._lacks_right().text
            return requests
        for kind, own in lines.grouped(lambda x: x.policy_level_id.ropo_kind).items():
            requests |= self._transfer_as(kind, own)
        self.env["ropo.outbox"]._work_off_soon(requests)
        return requests

    def _transfer_as(self, kind, lines):
        moves = lines.invoice_id
        eligibility = self.env["ropo.eligibility"]
        verdicts = eligibility._verdicts(moves, kind)
        issues = {move: self._issue(move, verdicts[move]) for move in moves}
        ready = moves.filtered(lambda move: not issues[move])
        terms = eligibility._default_terms(ready)
        queued = {}

        def queue(some):
            requests = self.env["ropo.queueing"]._queue_transfer(some, kind, terms)
            self.env.flush_all()
            queued.update(zip(some, requests, strict=True))

        failed = together_or_alone(ready, queue, "transfer it") if ready else {}
        issues |= {move: str(error) for move, error in failed.items()}
        for move, own in lines.sudo().grouped("invoice_id").items():
            if issues[move]:
                own.ropo_issue = issues[move]
            else:
                own.write({"state": "queued", "ropo_request_id": queued[move].id})
        return self.env["ropo.request"].union(*queued.values())

    def _issue(self, move, verdict):
        """Why it is not transferred without a person; nothing where it may be."""
        status = self.env["ropo.policy"]._status(move.ropo_account_id, verdict)
        return "" if status == "goes" else verdict.text or verdict.warning

    @api.model
    def _follow(self, requests):
        """What became of these requests becomes of the lines that asked for them."""
        decided = requests.filtered(lambda request: request.state in OUTCOMES)
        if not decided:
            return
        lines = self._search(
            [("ropo_request_id", "in", decided.ids), ("state", "=", "queued")]
        )
        for line in lines:
            request = line.ropo_request_id
            vals = {"state": OUTCOMES[request.state]}
            if request.state == "rejected":
                vals["ropo_issue"] = request.error
            line.write(vals)

    # --- installation ---

    @api.model
    def _take_over(self):
        """For what was done before this addon was there."""
        jobs = self._search([("state", "in", UNSENT)]).invoice_id.ropo_job_ids
        pauses = self.env["ropo.followup"]._pauses
        self._pause(jobs.filtered(lambda job: job.is_collected and pauses(job)))
        sent = self._search(
            [
                ("state", "=", "sent"),
                ("channel", "in", WRITTEN),
                ("invoice_id.amount_residual", ">", 0),
            ]
        )
        dates = {}
        for line in sent:
            date = line.date_sent or line.communication_id.report_date
            if date:
                dates[line.invoice_id] = max(date, dates.get(line.invoice_id) or date)
        self._note(dates)

    # --- helpers ---

    def _search(self, domain):
        """Lines of whatever company: who works the outbox off works for all."""
        return self.env["credit.control.line"].sudo().search(domain)
