import logging
from datetime import UTC, datetime

import psycopg2.errors

from odoo import fields, models

from ..channels.base import Token

_logger = logging.getLogger(__name__)

FRESH = 300  # seconds that a token must have left for a run to begin with it
TRIES = 3


class RopoToken(models.Model):
    """The access token of an account, shared by all workers.

    A table of its own, since it is written while others hold the account's row, and
    by a cursor of its own, so that a rolled back request does not lose the token.
    Nobody has access rights to it.
    """

    _name = "ropo.token"
    _description = "Ropo Access Token"
    _log_access = False

    account_id = fields.Many2one("ropo.account", required=True, ondelete="cascade")
    fingerprint = fields.Char(help="Of the credentials that the token was given for.")
    value = fields.Char(groups="base.group_system")
    expires = fields.Datetime()

    _account_unique = models.Constraint("UNIQUE(account_id)", "One token per account.")

    def _provide(self, account, client, renew=False):
        """Gives `client` a token that is good for a while.

        It is read on the caller's cursor. Only where there is none that serves, a
        cursor of its own is used: whoever comes first fetches a new one, under a lock
        on its row; the others wait and find it there.

        :param renew: fetch a new one, whatever is there
        """
        if not renew and self._take_over(self.env.cr, account.id, client):
            return
        for _attempt in range(TRIES):
            try:
                with self.env.registry.cursor() as cr:
                    self._provide_locked(cr, account.id, client, renew)
                return
            except psycopg2.errors.SerializationFailure:
                continue  # another worker has just renewed it: read again
            except psycopg2.errors.ForeignKeyViolation:
                # The account itself is not committed yet: nothing to share it by.
                break
        client.connect()

    def _provide_locked(self, cr, account_id, client, renew):
        cr.execute(
            "INSERT INTO ropo_token (account_id) VALUES (%s) ON CONFLICT DO NOTHING",
            [account_id],
        )
        cr.execute(
            "SELECT FROM ropo_token WHERE account_id = %s FOR UPDATE", [account_id]
        )
        if renew or not self._take_over(cr, account_id, client):
            client.connect()
            self._store(cr, account_id, client)

    @staticmethod
    def _take_over(cr, account_id, client):
        """Gives `client` the token that is stored, if it is good for a while; whether
        it is."""
        cr.execute(
            "SELECT value, expires, fingerprint FROM ropo_token WHERE account_id = %s",
            [account_id],
        )
        value, expires, fingerprint = cr.fetchone() or (None, None, None)
        if value and expires and fingerprint == client.fingerprint:
            client.token = Token(value, expires.replace(tzinfo=UTC).timestamp())
        return client.token.good_for(FRESH)

    def _keep(self, account, client):
        """Keeps a token that had to be renewed half way through a run."""
        with self.env.registry.cursor() as cr:
            self._store(cr, account.id, client)

    @staticmethod
    def _store(cr, account_id, client):
        expires = datetime.fromtimestamp(client.token.expires, UTC)
        cr.execute(
            "UPDATE ropo_token SET value = %s, expires = %s, fingerprint = %s "
            "WHERE account_id = %s",
            [
                client.token.value,
                expires.replace(tzinfo=None),
                client.fingerprint,
                account_id,
            ],
        )
