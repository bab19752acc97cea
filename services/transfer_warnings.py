from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

# Of OCA's payment orders: until the bank has it, what it debits is not paid. After that
# the ledger has the payment.
OPEN_ORDER = ("draft", "open", "generated")


class RopoTransferWarnings(models.AbstractModel):
    """What makes a transfer doubtful without ruling it out: nobody sent the invoice,
    another channel delivered it, its credit note is a draft, a payment order is to
    debit it, or money or a credit of the customer lies unreconciled."""

    _name = "ropo.transfer.warnings"
    _description = "Warnings Before a Transfer"

    @api.model
    def _add(self, verdicts, held):
        """Adds its warnings to each verdict of `{move: Verdict}` that has no fault."""
        ready = self.env["account.move"].union(
            *(move for move, verdict in verdicts.items() if not verdict.code)
        )
        credits = self._open_credits(ready)
        drafts = self._draft_credits(ready)
        orders = self._open_orders(ready)
        for move in ready:
            doubt = self._unsent_text(move, held[move.id].deliveries)
            doubt = doubt or self._elsewhere_text(move, held[move.id].delivered_by)
            draft = self._draft_text() if move in drafts else ""
            debit = self._order_text(orders.get(move))
            doubt = " ".join(filter(None, [doubt, draft, debit]))
            texts = [doubt, self._money_text(move, credits[move])]
            verdicts[move] = verdicts[move]._replace(
                warning=" ".join(filter(None, texts)), needs_person=bool(doubt)
            )

    def _unsent_text(self, move, deliveries):
        """What to know of an invoice that the customer may never have got."""
        is_sent = move.is_move_sent or "done" in deliveries
        if is_sent or move.ropo_account_id.delivered_elsewhere:
            return ""
        return self.env._(
            "It is not marked as sent, so the customer may not have got it. Send it "
            "first, unless it was delivered outside Odoo."
        )

    def _elsewhere_text(self, move, delivered_by):
        """Another channel has the invoice, where it may be collected or paid, too."""
        account = move.ropo_account_id
        others = account._other_channels(delivered_by)
        if not others:
            return ""
        return self.env._(
            "It was delivered through %(channels)s, not through %(account)s. See there "
            "first that nobody else collects it.",
            channels=others,
            account=account.name,
        )

    @staticmethod
    def _draft_credits(moves):
        """Those of these of which a credit note waits to be posted."""
        groups = (
            moves.env["account.move"]
            .sudo()
            ._read_group(
                [("reversed_entry_id", "in", moves.ids), ("state", "=", "draft")],
                ["reversed_entry_id"],
            )
        )
        return moves.browse(move.id for (move,) in groups)

    def _draft_text(self):
        return self.env._(
            "A credit note of it is a draft. Post it, or delete it, first."
        )

    def _order_text(self, orders):
        """The bank is asked, or about to be asked, for the same money."""
        if not orders:
            return ""
        return self.env._(
            "It is in the open payment order %(orders)s. Take it out of that, or wait "
            "for the outcome.",
            orders=", ".join(orders.mapped("name")),
        )

    def _money_text(self, move, credits):
        if move.payment_state in ("in_payment", "paid"):
            return self.env._(
                "A payment of it is registered, which is not in the ledger yet."
            )
        if credits:
            return self.env._(
                "Money or a credit note of %(partner)s is not reconciled.",
                partner=move.commercial_partner_id.display_name,
            )
        return ""

    @api.model
    def _open_credits(self, moves):
        """What of their customers lies unreconciled in their companies' ledgers:
        `{move: ids of journal items}`.

        Credits on receivable accounts, and money on bank statements that is not
        matched yet: of the customer, or with the reference of the invoice.
        """
        if not moves:
            return {}
        for model in ("account.move.line", "account.bank.statement.line"):
            self.env[model].flush_model()
        by_customer, by_reference = defaultdict(list), defaultdict(list)
        for row in self.env.execute_query_dict(self._query(moves)):
            company = row["company_id"]
            by_customer[company, row["partner_id"]].append(row["id"])
            if row["payment_ref"]:
                by_reference[company, row["payment_ref"]].append(row["id"])
        return {
            move: [
                *by_customer[move.company_id.id, move.commercial_partner_id.id],
                *by_reference[move.company_id.id, move.payment_reference],
            ]
            for move in moves
        }

    @api.model
    def _open_orders(self, moves):
        """The open direct debit and payment orders that these are in, `{move: orders}`.

        The orders are those of OCA's `account_payment_order`, or of its successor
        `account_payment_batch_oca`, which calls the models the same. The addon depends
        on neither, and asks whether one is there.
        """
        if "account.payment.line" not in self.env or not moves:
            return {}
        lines = self.env["account.payment.line"].sudo()
        lines = lines.search(
            [
                ("move_line_id.move_id", "in", moves.ids),
                ("order_id.state", "in", OPEN_ORDER),
            ]
        )
        orders = lines.grouped(lambda line: line.move_line_id.move_id)
        return {move: own.order_id for move, own in orders.items()}

    @staticmethod
    def _query(moves):
        """SQL, since journal items and statement lines come in one query for however
        many invoices: `make bench` counts it (“verdicts”)."""
        return SQL(
            """
            SELECT line.id,
                   line.company_id,
                   partner.commercial_partner_id AS partner_id,
                   NULL AS payment_ref
              FROM account_move_line line
              JOIN account_account account ON account.id = line.account_id
              JOIN res_partner partner ON partner.id = line.partner_id
             WHERE partner.commercial_partner_id IN %(partners)s
               AND line.company_id IN %(companies)s
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.amount_residual < 0
               AND account.account_type = 'asset_receivable'
             UNION ALL
            SELECT line.id, line.company_id, partner.commercial_partner_id,
                   CASE WHEN partner.id IS NULL THEN statement.payment_ref END
              FROM account_bank_statement_line statement
              JOIN account_move_line line ON line.move_id = statement.move_id
              JOIN account_journal journal
                ON journal.id = statement.journal_id
               AND journal.suspense_account_id = line.account_id
              LEFT JOIN res_partner partner ON partner.id = statement.partner_id
             WHERE statement.is_reconciled IS NOT TRUE
               AND statement.amount > 0
               AND statement.company_id IN %(companies)s
               AND line.parent_state = 'posted'
               AND (partner.commercial_partner_id IN %(partners)s
                    OR partner.id IS NULL AND statement.payment_ref IN %(references)s)
            """,
            partners=tuple(moves.commercial_partner_id.ids or [0]),
            companies=tuple(moves.company_id.ids),
            references=tuple(set(moves.mapped("payment_reference"))),
        )
