from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.tools import format_date

from ..models.ropo_account_policy import TIME_ZONES
from ..models.ropo_job import ENDED


class RopoPortal(models.AbstractModel):
    """What a customer reads on the portal of an invoice that Ropo collects.

    Plain values of the case as it is stored, and only what concerns the debtor: the
    page is public to whoever has its link, so nothing else of Ropo is given to it, and
    Ropo is not called while it is shown.
    """

    _name = "ropo.portal"
    _description = "Ropo on the Customer Portal"

    @api.model
    def _values(self, move):
        """What to show of this invoice, or None where Ropo does not collect it.

        The caller has checked that the reader may see the invoice.

        :return: `text`, `open_amount` and `charges` in the invoice's currency (the
            first with the second in it), and `url`, "" when there is none
        """
        case = self._case(move.sudo())
        if not case:
            return None
        open_amount = max(case.open_total, case.open_amount)
        return {
            "text": self._text(case),
            "open_amount": open_amount,
            "charges": case.currency_id.round(open_amount - case.open_amount),
            "url": case.debtor_url if _is_safe(case.debtor_url) else "",
        }

    def _case(self, move):
        """The case by which Ropo collects it: what Ropo has not confirmed to have
        taken does not count yet."""
        return move.ropo_job_ids.filtered(
            lambda job: (
                job.is_collected
                and not job.released
                and job.stage not in ENDED
                and job.progress != "pending"
            )
        ).sorted("id")[-1:]

    def _text(self, case):
        date = format_date(self.env, self._since(case))
        if case.stage == "on_hold":
            return self.env._(
                "This invoice has been with Ropo since %(date)s, and is on hold there.",
                date=date,
            )
        if case.stage == "payment_plan":
            return self.env._(
                "This invoice has been with Ropo since %(date)s. Please pay as your "
                "payment plan with Ropo says.",
                date=date,
            )
        stages = {case.stage, case.kind}
        if stages & {"collection", "legal"}:
            return self.env._(
                "This invoice has been with Ropo for debt collection since %(date)s.",
                date=date,
            )
        return self.env._(
            "This invoice has been with Ropo for a payment reminder since %(date)s.",
            date=date,
        )

    def _since(self, case):
        """The day, in the time of the company, on which Ropo took it."""
        zone = case.company_id.partner_id.tz or TIME_ZONES[case.account_id.country]
        here = self.with_context(tz=zone)
        return fields.Datetime.context_timestamp(here, case.create_date).date()


def _is_safe(url):
    """Nobody is sent to a page that is not encrypted, or is no page."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    return parts.scheme.lower() == "https" and bool(parts.hostname)
