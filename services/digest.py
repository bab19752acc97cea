from datetime import timedelta

from odoo import api, fields, models

from .questions import SUMMARY
from .transaction import commit_with_retry, isolated

TRY_AGAIN = timedelta(minutes=10)
MOST_NAMES = 3  # of a row of the table


class RopoDigest(models.AbstractModel):
    """The daily summary: an e-mail to chosen managers when something needs a person.

    Each reader gets what the access rights show, of all the own companies, in the own
    language; at most once a day, and nothing when nothing waits.
    """

    _name = "ropo.digest"
    _description = "Ropo: Daily Summary"

    # --- crons ---

    @api.model
    def _cron_send(self):
        """Sends to each reader who has not got it today."""
        accounts = self.env["ropo.account"].sudo().with_context(active_test=False)
        commit_with_retry(self.env, accounts.search([])._close_answered)
        readers = self._readers()
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(readers))
        for reader in readers:
            commit_with_retry(self.env, self._send_isolated, reader)
            progress(1)

    def _readers(self):
        manager = self.env.ref("ropo_connect.group_ropo_manager")
        users = self.env["res.users"].sudo()
        return users.search(
            [
                ("ropo_digest_on", "=", True),
                ("all_group_ids", "in", manager.ids),
                ("share", "=", False),
                ("email", "!=", False),
            ],
            order="id",
        )

    def _send_isolated(self, reader):
        with isolated(reader, "send its daily summary"):
            self._send(reader)

    # --- one reader ---

    def _send(self, reader):
        """The e-mail and its day are written together, under a lock: of two who send
        at the same moment one does."""
        if not reader.try_lock_for_update(allow_referencing=True):
            # Another run has it, or somebody who changes the user right now.
            again = fields.Datetime.now() + TRY_AGAIN
            self.env.ref("ropo_connect.cron_send_digest").sudo()._trigger(at=again)
            return
        own = self._as_reader(reader)
        today = fields.Date.context_today(own)
        if reader.ropo_digest_sent == today:
            return
        companies = own._companies()
        if not companies:
            return
        reader.ropo_digest_sent = today
        self.env["mail.mail"].sudo().create(own._mail_values(companies))

    def _as_reader(self, reader):
        """This with the rights, the companies and the language of the reader."""
        return (
            self.with_user(reader)
            .sudo(False)
            .with_context(
                lang=reader.lang,
                tz=reader.tz,
                allowed_company_ids=(reader.company_id | reader.company_ids).ids,
            )
        )

    def _mail_values(self, companies):
        user = self.env.user
        company = user.company_id.sudo()
        sender = company.partner_id.email_formatted or user.email_formatted
        return {
            "subject": self._subject(companies),
            "body_html": self._body(companies),
            "email_from": sender,
            "email_to": user.email_formatted,
            "author_id": self.env.ref("base.partner_root").id,
            "auto_delete": True,
        }

    def _subject(self, companies):
        count = sum(row["count"] for company in companies for row in company["rows"])
        if count == 1:
            return self.env._("Ropo: 1 item to review")
        return self.env._("Ropo: %(count)s items to review", count=count)

    def _body(self, companies):
        return self.env["ir.qweb"]._render(
            "ropo_connect.mail_summary",
            {
                "user": self.env.user,
                "companies": companies,
                "preferences_url": f"{self._base_url()}/odoo/my-preferences",
            },
        )

    def _base_url(self):
        return self.env.user.get_base_url()

    # --- what waits ---

    def _companies(self):
        """`[{name, rows}]` of the companies where something waits for the reader."""
        rows = {}
        for key in SUMMARY:
            waiting = self.env["ropo.questions"]._waiting(key)
            for company, own in waiting.grouped("company_id").items():
                rows.setdefault(company, []).append(self._row(key, own))
        return [
            {"name": company.name, "rows": rows[company]}
            for company in self.env.companies.sorted("name")
            if company in rows
        ]

    def _row(self, key, records):
        action = self.env["ropo.questions"]._action_of(key)
        return {
            "label": action.name,
            "url": f"{self._base_url()}/odoo/{action.path}",
            "count": len(records),
            "amounts": self._amounts(records, SUMMARY[key].money),
            "names": self._names(records),
        }

    def _amounts(self, records, money):
        """What these are about, in each currency: payments and reversals alike."""
        if not money:
            return []
        sums = {}
        for record in records:
            currency = record.currency_id
            amount = sum(abs(value) for value in record.mapped(money))
            sums[currency] = sums.get(currency, 0.0) + amount
        return [
            currency.format(amount)
            for currency, amount in sums.items()
            if currency and not currency.is_zero(amount)
        ]

    def _names(self, records):
        """The first customers or accounts that these are about."""
        by_customer = "partner_id" in records._fields
        names = (records.partner_id if by_customer else records).mapped("name")
        names = [name for name in dict.fromkeys(names) if name]
        shown = ", ".join(names[:MOST_NAMES])
        others = len(names) - MOST_NAMES
        if others <= 0:
            return shown
        return self.env._("%(names)s and %(others)s more", names=shown, others=others)
