from odoo import api, fields, models
from odoo.fields import Domain

from .res_partner import READERS


class AccountJournal(models.Model):
    _inherit = "account.journal"

    ropo_account_id = fields.Many2one(
        "ropo.account",
        check_company=True,
        help="The profile at Ropo that the invoices of this journal go through. "
        "Empty: the company's first account.",
        groups=READERS,
    )
    ropo_settlement = fields.Boolean(
        string="Ropo Settlement Journal",
        help="The entries of this journal are payouts of Ropo. They are not "
        "reported to Ropo.",
        groups=READERS,
    )
    ropo_pays_out = fields.Boolean(
        string="Ropo Pays Out Here",
        compute="_compute_ropo_pays_out",
        search="_search_ropo_pays_out",
        help="It is marked as a Ropo settlement journal, or a Ropo account names it.",
        groups=READERS,
    )

    # --- CRUD ---

    def write(self, vals):
        # EXTENDS 'account': by these, a payment is one to Ropo, or one at all
        done = super().write(vals)
        if {"ropo_settlement", "type"} & vals.keys():
            self.env["ropo.job.figures"]._forget_all()
        return done

    # --- computes ---

    @api.depends("ropo_settlement")
    def _compute_ropo_pays_out(self):
        named = self._ropo_settlement_journals()
        for journal in self:
            journal.ropo_pays_out = journal.ropo_settlement or journal._origin in named

    @api.model
    def _search_ropo_pays_out(self, operator, value):
        if operator != "in":
            return NotImplemented
        named = self._ropo_settlement_journals()
        return Domain("ropo_settlement", "=", True) | Domain("id", "in", named.ids)

    # --- helpers ---

    @api.model
    def _ropo_settlement_journals(self):
        accounts = self.env["ropo.account"].sudo().with_context(active_test=False)
        return accounts.search([]).settlement_journal_ids
