from urllib.parse import urlsplit

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, mute_logger

from ..channels.errors import Reason

BOUND = ("database_uuid", "database_name", "database_server")


class RopoAccount(models.Model):
    """The database that may use Ropo's production: this one, and no copy of it.

    A copy made with PostgreSQL's own tools keeps all that Odoo stores. What it does not
    keep is the database's name, or the PostgreSQL server that it is on, or (once an
    administrator has logged in there) the host name of Odoo's address. They are the
    same for all workers and hosts of one installation.
    """

    _inherit = "ropo.account"

    database_uuid = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_name = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_server = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="PostgreSQL's own number of the server, and of the database on it.",
    )
    database_hosts = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="The host names of Odoo's address that an administrator has confirmed.",
    )
    is_elsewhere = fields.Boolean(
        compute="_compute_is_elsewhere",
        compute_sudo=True,
        help="The database was copied or moved since the credentials were entered.",
    )

    # --- computes ---

    @api.depends(*BOUND, "database_hosts", "environment")
    def _compute_is_elsewhere(self):
        for account in self:
            account.is_elsewhere = account._is_elsewhere()

    # --- actions ---

    def action_adopt_database(self):
        """A system administrator decides: this database is the one to use, no copy."""
        if not (self.env.su or self.env.user.has_group("base.group_system")):
            raise AccessError(
                self.env._(
                    "Only a system administrator may decide which database uses "
                    "Ropo's production."
                )
            )
        self.check_access("read")  # what follows works as superuser
        accounts = self.sudo()
        accounts._adopt_database()
        accounts._resume()

    # --- business ---

    def _adopt_database(self):
        """Binds these accounts to this database; further host names are added."""
        here, host = self._current_database(), self._current_host()
        for account in self.sudo():
            hosts = {host}
            if account._bound_database() == here:
                hosts |= set((account.database_hosts or "").split())
            account.write(
                {
                    **dict(zip(BOUND, here, strict=True)),
                    "database_hosts": " ".join(sorted(hosts)),
                }
            )
        self._close_move_question()

    def _is_copy(self):
        """Whether this is Ropo's production in a database that was copied."""
        if self.environment != "production":
            return False
        return self._is_neutralized() or self._is_elsewhere()

    def _is_elsewhere(self):
        """Whether production was set up in another place than this."""
        if self.environment != "production":
            return False
        moved = self._bound_database() != self._current_database()
        return moved or self._current_host() not in (self.database_hosts or "").split()

    def _is_neutralized(self):
        parameters = self.env["ir.config_parameter"].sudo()
        return bool(parameters.get_param("database.is_neutralized"))

    def _bound_database(self):
        return tuple(self[name] or "" for name in BOUND)

    @api.model
    def _current_database(self):
        """What distinguishes this database from any other, as in `BOUND`."""
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return uuid or "", self._current_name(), self._current_server()

    def _current_name(self):
        return self.env.cr.dbname

    def _current_server(self):
        """The number of the PostgreSQL server, which each server draws when it is set
        up, and of the database on it: a restored dump never has both.

        Where the server does not show its number, the database's alone. Read once in a
        transaction, however many accounts ask.
        """
        known = self.env.cr.cache
        if "ropo_server" not in known:
            known["ropo_server"] = self._read_server()
        return known["ropo_server"]

    def _read_server(self):
        database = self.env.execute_query(
            SQL("SELECT oid FROM pg_database WHERE datname = current_database()")
        )[0][0]
        try:
            with self.env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                self.env.cr.execute("SELECT system_identifier FROM pg_control_system()")
                server = self.env.cr.fetchone()[0]
        except psycopg2.errors.InsufficientPrivilege:
            server = ""
        return f"{server}/{database}"

    def _current_host(self):
        """The host name of Odoo's address, which all its workers share."""
        parameters = self.env["ir.config_parameter"].sudo()
        address = parameters.get_param("web.base.url") or ""
        return urlsplit(address).hostname or "-"

    # --- errors for people ---

    def _ask_about_move(self, error):
        """Asks a system administrator, once, whether this is the database to use."""
        is_move = error.reason == Reason.ADDRESS and error.detail == "copy"
        if not is_move or self._is_neutralized():
            return
        responsible = self.user_id
        if not responsible.has_group("base.group_system"):
            responsible = self.env.ref("base.user_admin")
        self._ask_person(
            "database",
            self.env._("Is this the database that uses Ropo?"),
            self._copy_text(),
            responsible,
        )

    def _close_move_question(self):
        self.env["ropo.activities"]._close(
            self, "database", self.env._("This database is the one that uses Ropo.")
        )

    def _copy_text(self):
        if self._is_neutralized():
            return self.env._(
                "%(account)s: this database is a copy, or was neutralized, so it does "
                "not call Ropo's production.",
                account=self.name,
            )
        return self.env._(
            "%(account)s: this database is a copy, or was neutralized, or moved to "
            "another name, server or address, so it does not call Ropo's production. "
            "If it is the one to use, a system administrator presses “This Database Is "
            "the One to Use” on the account. In a copy, leave it.",
            account=self.name,
        )
