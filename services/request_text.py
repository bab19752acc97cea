from odoo import api, models
from odoo.tools import format_datetime


class RopoRequestText(models.AbstractModel):
    """What was requested of Ropo, what came of it and what comes next, in words."""

    _name = "ropo.request.text"
    _description = "Requests in Words"

    @api.model
    def _summary(self, request):
        """What Ropo is asked to do, for whom, over how much."""
        values = {
            "invoice": request.move_id.display_name,
            "customer": request.partner_id.display_name or "",
            "amount": request.currency_id.format(request.amount),
        }
        return {
            "invoice": self.env._(
                "Deliver invoice %(invoice)s over %(amount)s to %(customer)s.", **values
            ),
            "credit_note": self.env._(
                "Deliver credit note %(invoice)s over %(amount)s to %(customer)s.",
                **values,
            ),
            "reminder": self.env._(
                "Remind %(customer)s to pay %(amount)s of invoice %(invoice)s.",
                **values,
            ),
            "collection": self.env._(
                "Collect %(amount)s of invoice %(invoice)s from %(customer)s.", **values
            ),
            "payment": self.env._(
                "Deduct a payment of %(amount)s from the case of %(customer)s, invoice "
                "%(invoice)s.",
                **values,
            ),
            "payment_reversal": self.env._(
                "Reverse a payment of %(amount)s on the case of %(customer)s, invoice "
                "%(invoice)s.",
                **values,
            ),
            "credit_allocation": self.env._(
                "Deduct a credit of %(amount)s from the case of %(customer)s, invoice "
                "%(invoice)s.",
                **values,
            ),
        }.get(request.operation, "")

    @api.model
    def _outcome(self, request):
        """What Ropo answered, and when."""
        state = request.state
        if state == "done":
            return self._accepted_text(request)
        if state == "rejected":
            reason = request.error or self.env._("No reason was given.")
            return self.env._("Ropo rejected it. %(reason)s", reason=reason)
        if state == "unknown":
            return self.env._("No answer is known: Ropo may have received it.")
        if state == "sending":
            return self.env._("It is being sent now.")
        if state == "cancelled":
            return self.env._("It was cancelled and not sent.")
        return self.env._("It has not been sent yet.")

    def _accepted_text(self, request):
        number = request._is_assignment() and request.sudo().job_id.jobid
        time = request.done_at and format_datetime(self.env, request.done_at)
        if time and number:
            return self.env._(
                "Ropo accepted it on %(time)s, as case %(number)s.",
                time=time,
                number=number,
            )
        if time:
            return self.env._("Ropo accepted it on %(time)s.", time=time)
        return self.env._("Ropo accepted it.")

    @api.model
    def _next(self, request):
        """What happens next, or that nothing does."""
        steps = self.env["ropo.next.step"].sudo()
        request = request.sudo()
        if request.void:
            return self.env._("Nothing: it was reversed.")
        if request.state in ("queued", "sending"):
            return steps._when_text(request)
        if request.state in ("rejected", "unknown"):
            moves = request.move_id
            if request in moves.ropo_request_ids._still_open_problems():
                return steps._problem_step(request).text
            return self.env._("Nothing: it was sent again since.")
        if request.state == "done" and request._is_assignment():
            step = steps._steps(request.move_id)[request.move_id].text
            return step or self.env._("Nothing: it is done.")
        if request.state == "done":
            return self.env._("Nothing: it is done.")
        return self.env._("Nothing: it stays unsent.")
