from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..services.transaction import isolated


class RopoReceivableReport(models.Model):
    """What each collected case comes to: in the ledger, at Ropo, and on its way there.

    One row per case. Amounts are in the currency of the case, which is that of its
    invoice.
    """

    _name = "ropo.receivable.report"
    _description = "Receivables at Ropo"
    _auto = False
    _rec_name = "move_id"
    _order = "differs desc, invoice_date_due, id"

    job_id = fields.Many2one("ropo.job", string="Case", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    account_id = fields.Many2one("ropo.account", string="Ropo Account", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    kind = fields.Selection(
        lambda self: self._selection_of("kind"), string="Transferred As", readonly=True
    )
    stage = fields.Selection(lambda self: self._selection_of("stage"), readonly=True)
    stage_date = fields.Datetime(string="In Stage Since", readonly=True)
    invoice_date_due = fields.Date(string="Due Date", readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator="avg")
    amount = fields.Monetary(string="Transferred", readonly=True)
    residual = fields.Monetary(
        string="Open in Odoo", readonly=True, help="As the invoice says."
    )
    open_amount = fields.Monetary(
        string="Open at Ropo",
        readonly=True,
        help="The principal, as last reported by Ropo.",
    )
    charges = fields.Monetary(
        string="Interest and Fees",
        readonly=True,
        help="What Ropo asks for besides the principal, as last reported.",
    )
    written_off = fields.Monetary(
        readonly=True,
        help="Written off in Odoo as a bad debt: Ropo goes on collecting it.",
    )
    recovered = fields.Monetary(
        readonly=True, help="What Ropo collected of a bad debt, booked as income."
    )
    under_way = fields.Monetary(
        string="In Transit",
        readonly=True,
        help="Payments and credits that are about to be reported to Ropo, less what "
        "is about to be reversed.",
    )
    difference = fields.Monetary(
        readonly=True,
        help="Open in Odoo, or written off as a bad debt and not recovered, less what "
        "is open at Ropo after all that is in transit. "
        "More than zero: Ropo asks for too little; less: for too much.",
    )
    differs = fields.Boolean(readonly=True)
    differs_since = fields.Date(
        readonly=True, help="When the daily check first saw this difference."
    )
    has_moved = fields.Boolean(
        readonly=True,
        help="Ropo has closed the case, and the ledger has changed since.",
    )
    reason = fields.Selection(
        [
            ("unknown", "A report may have been lost: it is being looked up"),
            ("refused", "Ropo rejected a report: fix it, or send it again"),
            ("closed", "Ropo has closed the case"),
            ("collected", "Ropo was paid, and the ledger does not have it yet"),
            ("draft", "A payment was reset to draft"),
            ("unreported", "It is reported with the next run"),
            ("unexplained", "Not known: compare with Ropo One"),
        ],
        string="Probable Cause",
        readonly=True,
    )

    _depends = {
        "account.move": [
            "amount_residual",
            "matched_payment_ids",
            "invoice_date_due",
            "state",
        ],
        "account.move.line": ["amount_residual_currency", "display_type", "move_id"],
        "account.payment": ["amount", "move_id", "state"],
        "account.partial.reconcile": ["debit_move_id", "credit_move_id"],
        "ropo.account": ["count_payment"],
        "ropo.job": [
            "account_id",
            "amount",
            "bad_debts",
            "is_collected",
            "closed_residual",
            "company_id",
            "covers",
            "currency_id",
            "differs_since",
            "kind",
            "move_id",
            "open_amount",
            "open_total",
            "part_ids",
            "partner_id",
            "released",
            "stage",
            "stage_date",
        ],
        "ropo.request": [
            "amount",
            "job_id",
            "operation",
            "payment_id",
            "source_partial_id",
            "state",
            "void",
        ],
        "ropo.event": ["is_missing", "job_id", "recovered"],
    }

    def _selection_of(self, name):
        return self.env["ropo.job"]._fields[name]._description_selection(self.env)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT figures.*,
                   figures.difference != 0 AS differs,
                   CASE WHEN figures.difference != 0 THEN %(reason)s END AS reason
              FROM (%(figures)s) figures
            """,
            reason=self._reason(),
            figures=self._figures(),
        )

    def _figures(self):
        return SQL(
            """
            SELECT job.id,
                   job.id AS job_id,
                   job.move_id,
                   job.partner_id,
                   job.account_id,
                   job.company_id,
                   job.currency_id,
                   job.kind,
                   job.stage,
                   job.stage_date,
                   job.differs_since,
                   job.covers,
                   job.bad_debts,
                   move.invoice_date_due,
                   CURRENT_DATE - move.invoice_date_due AS days_overdue,
                   job.amount,
                   ledger.residual,
                   job.open_amount,
                   GREATEST(job.open_total - job.open_amount, 0) AS charges,
                   bad.amount AS written_off,
                   recovery.amount AS recovered,
                   COALESCE(reporting.amount, 0) AS under_way,
                   ledger.residual + bad.amount - recovery.amount
                       - registered.amount - job.open_amount
                       + COALESCE(reporting.amount, 0) AS difference,
                   job.stage = 'closed'
                       AND job.released IS NOT TRUE
                       AND ledger.residual + bad.amount
                        != COALESCE(job.closed_residual, 0)
                       AS has_moved
              FROM ropo_job job
              JOIN account_move move ON move.id = job.move_id
             CROSS JOIN LATERAL (
                   -- A claim may be over some of the instalments.
                   SELECT CASE WHEN job.part_ids IS NULL THEN move.amount_residual
                          ELSE (SELECT SUM(line.amount_residual_currency)
                                  FROM account_move_line line
                                 WHERE line.move_id = move.id
                                   AND job.part_ids @> to_jsonb(line.id))
                          END AS residual) ledger
             CROSS JOIN LATERAL (%(written_off)s) bad
             CROSS JOIN LATERAL (
                   SELECT COALESCE(SUM(event.recovered), 0) AS amount
                     FROM ropo_event event
                    WHERE event.job_id = job.id
                      AND event.recovered != 0) recovery
              JOIN ropo_account account ON account.id = job.account_id
             CROSS JOIN LATERAL (
                   -- Payments without a journal entry leave the invoice open.
                   SELECT COALESCE(SUM(payment.amount), 0) AS amount
                     FROM (%(registered)s) payment
                    WHERE account.count_payment = 'registered') registered
              LEFT JOIN LATERAL (
                   SELECT SUM(CASE WHEN request.operation = 'payment_reversal'
                                   THEN -request.amount ELSE request.amount END)
                          AS amount
                     FROM ropo_request request
                    WHERE request.job_id = job.id
                      AND request.source_partial_id IS NOT NULL
                      AND request.state IN ('queued', 'sending', 'unknown')) reporting
                ON TRUE
             WHERE job.is_collected
            """,
            registered=self.env["ropo.ledger"]._registered(),
            written_off=self.env["ropo.ledger"]._written_off(),
        )

    def _reason(self):
        """Why a case differs, the first that fits; read only where one does."""
        return SQL(
            """
            CASE
            WHEN EXISTS (
                SELECT FROM ropo_request request
                 WHERE request.job_id = figures.job_id
                   AND request.state IN ('sending', 'unknown')
            ) THEN 'unknown'
            WHEN EXISTS (
                SELECT FROM ropo_request request
                 WHERE request.job_id = figures.job_id
                   AND request.state = 'rejected'
                   AND request.source_partial_id IS NOT NULL
                   AND NOT EXISTS (
                       SELECT FROM ropo_request later
                        WHERE later.job_id = request.job_id
                          AND later.source_partial_id = request.source_partial_id
                          AND later.operation = request.operation
                          AND later.id > request.id)
            ) THEN 'refused'
            WHEN figures.stage = 'closed' THEN 'closed'
            WHEN EXISTS (
                SELECT FROM ropo_event event
                 WHERE event.job_id = figures.job_id AND event.is_missing
            ) THEN 'collected'
            WHEN EXISTS (
                SELECT %(partials)s
                   AND entry.state = 'draft'
            ) THEN 'draft'
            WHEN EXISTS (
                SELECT %(partials)s
                   AND NOT EXISTS (
                       SELECT FROM ropo_request request
                        WHERE request.job_id = figures.job_id
                          AND request.source_partial_id = partial.id)
                   AND NOT COALESCE(
                       jsonb_exists(figures.covers, partial.id::text), FALSE)
                   AND NOT COALESCE(
                       jsonb_exists(figures.bad_debts, partial.id::text), FALSE)
            ) THEN 'unreported'
            ELSE 'unexplained' END
            """,
            partials=SQL(
                """
                  FROM account_move_line line
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = line.id
                  JOIN account_move_line counterpart
                    ON counterpart.id = partial.credit_move_id
                  JOIN account_move entry ON entry.id = counterpart.move_id
                 WHERE line.move_id = figures.move_id
                   AND line.display_type = 'payment_term'
                """
            ),
        )

    # --- actions ---

    def action_open_job(self):
        """Opens the case, where all that was sent and reported is listed."""
        self.ensure_one()
        return self.job_id._get_records_action()

    # --- crons ---

    @api.model
    def _cron_check_differences(self):
        """Notes since when a case differs, and asks whoever is responsible for the
        account when one differs for longer than the account allows, or when the ledger
        of a closed one has changed."""
        self._check_running()
        self._check_closed()

    def _check_closed(self):
        """Of a closed case nothing is reported any more: a change of its ledger asks a
        person, once."""
        moved = self.search([("has_moved", "=", True)]).job_id
        for account, jobs in moved.grouped("account_id").items():
            with isolated(jobs, "ask about closed cases whose ledger has changed"):
                jobs._ask_about_closed(account)

    def _check_running(self):
        running = [("stage", "!=", "closed")]
        differing = self.search([("differs", "=", True), *running]).job_id
        noted = self.env["ropo.job"].search([("differs_since", "!=", False)])
        today = fields.Date.today()
        (noted - differing).differs_since = False
        (differing - noted).differs_since = today
        for account, jobs in differing.grouped("account_id").items():
            limit = today - timedelta(days=account.difference_days)
            late = jobs.filtered(lambda job, limit=limit: job.differs_since <= limit)
            if late:
                account._ask_person(
                    self.env._("Ropo and the ledger differ"),
                    self.env._(
                        "Of %(count)s cases Ropo has another open amount than the "
                        "ledger, for %(days)s days or longer. See Ropo → Reports → "
                        "Reconciliation with Ropo. The first: %(case)s.",
                        count=len(late),
                        days=account.difference_days,
                        case=late[0].display_name,
                    ),
                )
