from odoo import models


class CreditControlRun(models.Model):
    _inherit = "credit.control.run"

    def run_channel_action(self):
        # EXTENDS 'account_credit_control': it knows e-mails and letters. What is not
        # ready for Ropo is shown, unless there are letters to print.
        self.ensure_one()
        waiting = self.line_ids.filtered(
            lambda line: (line.state, line.channel) == ("to_be_sent", "ropo")
        )
        self.env["ropo.credit.control"]._transfer(waiting)
        action = super().run_channel_action()
        left = waiting.filtered(lambda line: line.state == "to_be_sent")
        if action or not left:
            return action
        name = self.env._("Not Transferred to Ropo")
        return self.open_credit_lines() | {
            "name": name,
            "domain": [("id", "in", left.ids)],
            "context": {},
        }
