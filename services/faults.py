from odoo import models

from ..channels.errors import Fault


class RopoFaults(models.AbstractModel):
    """What a refusal means and what to do, where the channel shows it by a code."""

    _name = "ropo.faults"
    _description = "Refusals of Ropo"

    def _text(self, answer):
        """The sentence for the fault with the channel's own words, or these alone."""
        said = answer.error or self.env._("Ropo gave no reason.")
        sentence = self._sentences().get(answer.fault)
        return f"{sentence} ({said})" if sentence else said

    def _sentences(self):
        return {
            Fault.SERVICE: self.env._(
                "The receivables service is not active. Activate it on the Ropo "
                "account, then transfer again."
            ),
            Fault.INVOICE_UNKNOWN: self.env._(
                "The invoice is not there. Send it through this account, or press "
                "“Find Sent Invoice” on it, then transfer again."
            ),
            Fault.CASE_UNKNOWN: self.env._(
                "The case is not there. Look it up, and report this by hand."
            ),
            Fault.TOO_EARLY: self.env._(
                "It is not overdue long enough. Transfer it again later."
            ),
            Fault.NOT_ALLOWED: self.env._("It is not taken. Correct what it names."),
            Fault.DUPLICATE: self.env._(
                "The same is there already. Look it up before you send it again."
            ),
            Fault.EINVOICE: self.env._(
                "The e-invoice is not what it should be. Correct the invoice's data, "
                "then send it again."
            ),
            Fault.ADDRESS: self.env._(
                "An address is not complete. Complete it on the contact, then transfer "
                "again."
            ),
            Fault.VALUES: self.env._(
                "Something in it is not accepted. Correct what it names, then send it "
                "again."
            ),
        }
