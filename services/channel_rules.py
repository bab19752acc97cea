from odoo import api, models

from .verdict import Verdict


class RopoChannelRules(models.AbstractModel):
    """What the account's channel demands of a transfer, by its capabilities."""

    _name = "ropo.channel.rules"
    _description = "Channel's Rules of Transfer"

    @api.model
    def _verdict(self, move, account, terms, delivered_by=()):
        """Whether what is open of it can be transferred through this channel.

        :param delivered_by: the profiles that delivered it
        """
        can = account._channel().capabilities
        if can.activation and account.service_state in ("inactive", "pending"):
            return self._service_verdict(account)
        verdict = self._currency_verdict(move, account, can)
        if not verdict.code and terms.is_rental:
            verdict = self._rental_verdict(move, account, can)
        if not verdict.code and can.needs_invoice:
            verdict = self._invoice_verdict(move, account, delivered_by)
        if not verdict.code:
            verdict = self._co_debtor_verdict(terms)
        return verdict

    def _service_verdict(self, account):
        if account.service_state == "pending":
            text = self.env._(
                "%(account)s: the receivables service is not active yet. Odoo informs "
                "the responsible when it is.",
                account=account.name,
            )
        else:
            text = self.env._(
                "%(account)s: the receivables service is not active. Activate it on "
                "the account.",
                account=account.name,
            )
        return Verdict("service", text, account)

    def _currency_verdict(self, move, account, can):
        allowed = can.currencies.get(account.country)
        if not allowed or move.currency_id.name in allowed:
            return Verdict()
        text = self.env._(
            "It is in %(currency)s: through %(account)s only %(allowed)s can be "
            "collected.",
            currency=move.currency_id.name,
            account=account.name,
            allowed=", ".join(allowed),
        )
        return Verdict("currency", text, move)

    def _rental_verdict(self, move, account, can):
        """Rent has terms of its own, where the channel has them for the country."""
        if account.country not in can.rental_countries:
            text = self.env._(
                "Rent can't be transferred as rent through %(account)s. Clear “Rent” "
                "in the claim's terms.",
                account=account.name,
            )
            return Verdict("rental", text, account)
        owner = move.commercial_partner_id
        if owner.is_company or self.env["ropo.debtor"]._person_number(owner):
            return Verdict()
        text = self.env._(
            "Rent of a private person is only collected with the personal identity "
            "number of %(partner)s. A Ropo manager enters it on the contact.",
            partner=owner.display_name,
        )
        return Verdict("rental", text, owner)

    def _invoice_verdict(self, move, account, delivered_by):
        """Whether the invoice itself is at the channel, and arrived."""
        case = move._ropo_delivery(account)
        others = account._other_channels(delivered_by)
        if not case and others:
            text = self.env._(
                "It was delivered through %(channels)s. Choose that account on the "
                "journal. If %(account)s has it too, press “Find Sent Invoice” on it.",
                channels=others,
                account=account.name,
            )
            return Verdict("invoice_missing", text, move.journal_id)
        if not case:
            text = self.env._(
                "%(account)s needs the invoice itself first. Send it, or press “Find "
                "Sent Invoice” on it if it was sent by another program.",
                account=account.name,
            )
            return Verdict("invoice_missing", text, move)
        if case.progress == "pending":
            text = self.env._(
                "It is not known yet whether it was delivered. It may be transferred "
                "when it was."
            )
            return Verdict("undelivered", text, move)
        return Verdict()

    def _co_debtor_verdict(self, terms):
        """A letter reaches every debtor."""
        labels = {
            "street": self.env._("street"),
            "zip": self.env._("postcode"),
            "city": self.env._("city"),
            "country_id": self.env._("country"),
        }
        for partner in self.env["res.partner"].browse(terms.co_debtors):
            missing = [label for name, label in labels.items() if not partner[name]]
            if missing:
                text = self.env._(
                    "The co-debtor %(partner)s has no %(missing)s. Complete the "
                    "address.",
                    partner=partner.display_name,
                    missing=", ".join(missing),
                )
                return Verdict("address", text, partner)
        return Verdict()
