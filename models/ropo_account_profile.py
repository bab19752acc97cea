import hashlib
from secrets import token_urlsafe
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from ..channels import account_fields
from ..channels.errors import NotSent, Reason
from .ropo_job import ENDED
from .ropo_request import LIVE, WORKER_LOCK

MANAGERS = "ropo_connect.group_ropo_manager"
IDENTITY = account_fields("identity")
PROFILE = ("channel", "environment", "country", "base_url", *IDENTITY)
UNDER_WAY = ("queued", "sending", "unknown")


class RopoAccount(models.Model):
    """The profile: which environment of Ropo's, at which host, for which customer.

    Each request, case and event keeps the profile of the moment at which it was
    created, and is never used with the credentials of another one.
    """

    _inherit = "ropo.account"

    profile = fields.Char(
        compute="_compute_profile",
        store=True,
        groups="base.group_system",
        help="Environment, host, channel, and a fingerprint of the customer.",
    )

    # --- constraints ---

    @api.constrains(*PROFILE)
    def _check_profile(self):
        """What lives under one profile is not led to another one.

        A neutralized database reaches nothing of what it was copied from.
        """
        if self._is_neutralized():
            return
        for account in self:
            foreign = self.env["ropo.request"].sudo().search(account._foreign_domain())
            if foreign:
                raise ValidationError(account._living_text(foreign))

    # --- computes ---

    @api.depends(*PROFILE)
    def _compute_profile(self):
        for account in self:
            place = account._profile_place()
            account.profile = f"{place}{_fingerprint(account._identity())}"

    def _identity(self):
        """By which the channel knows the customer; empty when that is not entered."""
        own = self.sudo()
        values = [own[name] for name in own._channel().identity]
        return "\n".join(values) if all(values) else ""

    def _profile_place(self):
        """The profile without its customer: that of what is asked for before the
        first credentials are entered."""
        return f"{self.environment}|{_host(self.base_url)}|{self.channel}|"

    def _other_channels(self, profiles):
        """The labels of the channels that these profiles are of, where none of them is
        of this account's own channel; else empty.

        A stored profile says which channel it was, whatever the account's is by now.
        """
        names = {profile.split("|")[2] for profile in profiles}
        if self.channel in names:
            return ""
        labels = dict(self._selection_channel())
        return ", ".join(sorted(labels.get(name, name) for name in names))

    # --- CRUD ---

    def write(self, vals):
        # EXTENDS: what another profile must not inherit
        touched = self.sudo() if set(PROFILE) & set(vals) else self.browse()
        before = {account: account.profile for account in touched}
        result = super().write(vals)
        for account, profile in before.items():
            if account.profile != profile:
                account._begin_profile(profile)
        return result

    def _begin_profile(self, previous):
        """Nothing of the previous profile is asked for or taken in any more."""
        place = self._profile_place()
        waiting = self.env["ropo.request"].search(
            [("account_id", "=", self.id), ("profile", "=", place)]
        )
        waiting.profile = self.profile
        if previous.endswith("|"):
            return  # it had no customer, so nobody knows the account at Ropo
        self.env["ropo.token"].search([("account_id", "=", self.id)]).unlink()
        self.write(
            {
                "gap_since": False,
                "status_cursor": False,
                "service_state": False,
                "service_email": False,
                "webhook_key": token_urlsafe(24),
            }
        )

    # --- actions ---

    def action_end_profile(self):
        """Ends all that Ropo holds under today's profile, in Odoo only: its invoices
        count as not sent, so that they can be sent under another profile."""
        self.ensure_one()
        self._check_may_end_profile()
        account = self.sudo()
        account._lock_worker()
        requests = self.env["ropo.request"].sudo().search(account._standing_domain())
        moves, count = account.env["ropo.profile"]._end(requests), len(requests.job_id)
        account._note_end(count, moves)

    def _check_may_end_profile(self):
        if not (self.env.su or self.env.user.has_group(MANAGERS)):
            raise AccessError(
                self.env._("Only a Ropo manager may end the profile of an account.")
            )
        self.check_access("write")  # what follows works as superuser
        living = self.env["ropo.request"].sudo().search(self._real_domain())
        if living:
            raise UserError(self._living_text(living))

    def _lock_worker(self):
        """Keeps the workers of this account away until this transaction ends, by the
        lock that they take; the ORM has none like it."""
        self.env.cr.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s)", [WORKER_LOCK, self.id]
        )
        if not self.env.cr.fetchone()[0]:
            raise UserError(
                self.env._(
                    "%(account)s is sending right now. Try again in a minute.",
                    account=self.name,
                )
            )

    def _note_end(self, count, moves):
        self.message_post(
            body=self.env._(
                "Profile ended (%(environment)s, %(host)s): %(cases)s cases closed in "
                "Odoo, %(invoices)s invoices can be sent again.",
                environment=self._label("environment"),
                host=_host(self.base_url),
                cases=count,
                invoices=len(moves),
            )
        )
        note = self.env._(
            "The Ropo profile %(environment)s was ended: this can be sent by Ropo "
            "again.",
            environment=self._label("environment"),
        )
        moves._message_log_batch(dict.fromkeys(moves.ids, note))

    # --- business ---

    def _check_speaks_for(self, profile):
        """Raises `NotSent` when these credentials are not those of this profile."""
        if profile and profile != self.sudo().profile:
            raise NotSent(Reason.PROFILE)

    @api.model
    def _stamp_profile(self, vals_list):
        """Keeps the profile with records that are created: that of their case, else
        the one that their account has now."""
        accounts = self.sudo().browse({vals["account_id"] for vals in vals_list})
        jobs = self.env["ropo.job"].sudo()
        jobs = jobs.browse({vals.get("job_id") for vals in vals_list} - {None, False})
        by_account = {account.id: account.profile for account in accounts}
        by_job = {job.id: job.profile for job in jobs}
        return [
            {
                "profile": by_job.get(vals.get("job_id"))
                or by_account[vals["account_id"]],
                **vals,
            }
            for vals in vals_list
        ]

    def _standing_domain(self):
        """What has been asked for through this account and is not void."""
        return Domain("account_id", "=", self.id) & Domain("void", "=", False)

    def _foreign_domain(self):
        """What lives under another profile than today's."""
        place, profile = self._profile_place(), self.sudo().profile
        own = Domain("profile", "in", [profile, place])
        if not self._identity():
            # Nothing is sent now; the same customer may be entered again.
            own = Domain("profile", "=like", f"{_escaped(place)}%")
        live = Domain("state", "in", LIVE) & (
            ~Domain("profile", "=like", "production|%") | self._real()
        )
        return self._standing_domain() & live & ~own

    def _real_domain(self):
        """What lives in Ropo's production, where ending it here would stop nothing."""
        production = Domain("profile", "=like", "production|%")
        live = Domain("state", "in", LIVE) & self._real()
        return self._standing_domain() & production & live

    def _real(self):
        ended = Domain("state", "=", "done") & Domain("job_id.stage", "in", ENDED)
        return ~ended

    def _living_text(self, requests):
        """Why the profile stays as it is, with the remedy."""
        counts = {
            "account": self.name,
            "cases": len(requests.job_id),
            "requests": len(requests.filtered(lambda r: r.state in UNDER_WAY)),
        }
        if any(profile.startswith("production|") for profile in _profiles(requests)):
            return self.env._(
                "%(account)s has %(cases)s cases and %(requests)s requests on the way "
                "in Ropo's production, where they go on: this profile can't be "
                "changed or ended. Keep this account for them, and create another "
                "account for the other environment, country, address or customer.",
                **counts,
            )
        return self.env._(
            "%(account)s has %(cases)s cases and %(requests)s requests on the way "
            "under its present profile, and they would be taken for cases of the new "
            "one. Press “End This Profile” on the account first: it closes them in "
            "Odoo and frees their invoices. Or create another account.",
            **counts,
        )


def _profiles(requests):
    return {profile or "" for profile in requests.mapped("profile")}


def _host(url):
    try:
        return urlsplit(url or "").netloc.lower()
    except ValueError:  # the constraint on the address says what is wrong with it
        return ""


def _fingerprint(identity):
    """Distinguishes customers without naming them; empty when there is none."""
    return hashlib.sha256(identity.encode()).hexdigest()[:16] if identity else ""


def _escaped(text):
    return text.replace("\\", r"\\").replace("_", r"\_").replace("%", r"\%")
