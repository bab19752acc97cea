"""Writes a `History` into a database, by a few statements for however many rows.

Of each kind of entry one is posted through Odoo for each book, and its rows are the
pattern of all others. Nothing is committed here.
"""

import csv
import io
from dataclasses import dataclass

from .history import SETTLEMENTS

DOCUMENTS = {
    "number": "integer",
    "book": "integer",
    "kind": "varchar",
    "date": "date",
    "due": "date",
    "customer_id": "integer",
    "currency_id": "integer",
    "amount": "numeric",
    "balance": "numeric",
    "unpaid": "numeric",
    "unpaid_balance": "numeric",
    "settles": "integer",
    "state": "varchar",
    "event_id": "integer",
}
CASES = {
    "id": "integer",
    "number": "integer",
    "account_id": "integer",
    "kind": "varchar",
    "is_collected": "boolean",
    "began": "date",
    "stage": "varchar",
    "stage_date": "date",
    "amount": "numeric",
    "open_amount": "numeric",
    "charges": "numeric",
    "covers": "jsonb",
    "bad_debts": "jsonb",
    "differs_since": "date",
    "decision": "varchar",
}
EVENTS = {
    "id": "integer",
    "number": "integer",
    "account_id": "integer",
    "date": "date",
    "stage": "varchar",
    "amount": "numeric",
    "settlement": "integer",
    "recovered": "numeric",
    "to_review": "boolean",
    "is_message": "boolean",
    "is_unread": "boolean",
}
REQUESTS = {
    "number": "integer",
    "account_id": "integer",
    "operation": "varchar",
    "amount": "numeric",
    "date": "date",
    "state": "varchar",
    "settlement": "integer",
}
TEMPLATES = {
    "book": "integer",
    "kind": "varchar",
    "company_id": "integer",
    "move_id": "integer",
    "line_id": "integer",  # of what the customer owes; of a payout: what Ropo owes
    "other_id": "integer",
    "payment_id": "integer",
    "sign": "integer",  # of that line
    "other_sign": "integer",  # of the amounts of the move
}


@dataclass
class Book:
    """Where the entries of one company are written."""

    company: object
    account: object  # at Ropo; a branch uses its parent's
    templates: dict  # moves by kind, of two journal items each
    foreign_currency: object = None


class Rows:
    """The numbers that rows get: those of a document follow from its own."""

    def __init__(self, env, history, books, customers):
        self.env, self.cr = env, env.cr
        self.history, self.books, self.customers = history, books, customers
        self.count = len(history.documents)
        bases = {}
        for table in TABLES:
            self.cr.execute(f"SELECT COALESCE(MAX(id), 0) + 1 FROM {table}")
            bases[table] = self.cr.fetchone()[0]
        self.bases = bases

    def move_id(self, number):
        return self.bases["account_move"] + number

    def partial_id(self, number):
        return self.bases["account_partial_reconcile"] + number

    def job_id(self, number):
        return self.bases["ropo_job"] + number

    def write(self):
        self.env.flush_all()
        self._write_plan()
        for statement in (MOVES, LINES, PAYMENTS):
            self._copy_rows(*statement)
        for statement in STATEMENTS:
            self.cr.execute(self._numbered(statement))
        for table in TABLES:
            self.cr.execute(
                f"SELECT SETVAL('{table}_id_seq', (SELECT MAX(id) FROM {table}))"
            )
        # The server's own statistics would come minutes later.
        self.cr.execute(f"ANALYZE {', '.join(TABLES)}")
        self.env.invalidate_all()

    # --- the plan ---

    def _write_plan(self):
        self._load("history_document", DOCUMENTS, self._documents())
        self._load("history_case", CASES, self._cases())
        self._load("history_event", EVENTS, self._events())
        self._load("history_request", REQUESTS, self._requests())
        self._load("history_template", TEMPLATES, self._templates())

    def _load(self, table, columns, rows):
        types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        self.cr.execute(f"DROP TABLE IF EXISTS {table}")
        self.cr.execute(f"CREATE TEMPORARY TABLE {table} ({types})")
        text = io.StringIO()
        writer = csv.writer(text)
        for row in rows:
            writer.writerow("" if value is None else value for value in row)
        text.seek(0)
        self.cr._obj.copy_expert(f"COPY {table} FROM STDIN WITH CSV", text)
        self.cr.execute(f"ANALYZE {table}")

    def _documents(self):
        events = {
            event.settlement: index
            for index, event in enumerate(self.history.events)
            if event.settlement is not None
        }
        for document in self.history.documents:
            book = self.books[document.book]
            rate = document.balance / document.amount
            event = events.get(document.number)
            yield (
                document.number,
                document.book,
                document.kind,
                document.date,
                document.due,
                self.customers[document.customer % len(self.customers)].id,
                (
                    book.foreign_currency
                    if document.is_foreign
                    else book.company.currency_id
                ).id,
                document.amount / 100,
                document.balance / 100,
                document.left / 100,
                round(document.left * rate) / 100,
                document.settles,
                document.state,
                None if event is None else self.bases["ropo_event"] + event,
            )

    def _account_id(self, number):
        return self.books[self.history.documents[number].book].account.id

    def _cases(self):
        for kind, cases in (
            ("collected", self.history.cases),
            ("sent", self.history.deliveries),
        ):
            is_collected = kind == "collected"
            for number, case in cases.items():
                yield (
                    self.job_id(number + (0 if is_collected else self.count)),
                    number,
                    self._account_id(number),
                    case.kind,
                    is_collected,
                    case.began,
                    case.stage,
                    case.stage_date,
                    case.amount / 100,
                    case.open_amount / 100,
                    case.charges / 100,
                    self._noted(case.covers),
                    self._noted(case.losses),
                    case.differs_since,
                    case.decision,
                )

    def _noted(self, amounts):
        if not amounts:
            return None
        parts = (f'"{self.partial_id(n)}": {a / 100}' for n, a in amounts.items())
        return "{" + ", ".join(parts) + "}"

    def _events(self):
        for index, event in enumerate(self.history.events):
            yield (
                self.bases["ropo_event"] + index,
                event.invoice,
                self._account_id(event.invoice),
                event.date,
                event.stage,
                event.amount / 100,
                event.settlement,
                event.recovered / 100,
                event.to_review,
                event.is_message,
                event.is_unread,
            )

    def _requests(self):
        for request in self.history.requests:
            yield (
                request.invoice,
                self._account_id(request.invoice),
                request.operation,
                request.amount / 100,
                request.date,
                request.state,
                request.settlement,
            )

    def _templates(self):
        for index, book in enumerate(self.books):
            for kind in ("invoice", *SETTLEMENTS, "payout"):
                move = book.templates[kind]
                sign = 1 if kind == "invoice" else -1
                own = [line for line in move.line_ids if line.balance * sign > 0]
                (line,) = own
                (other,) = move.line_ids - line
                yield (
                    index,
                    kind,
                    book.company.id,
                    move.id,
                    line.id,
                    other.id,
                    move.origin_payment_id.id or None,
                    sign,
                    -1 if kind == "credit" else 1,
                )

    # --- the rows ---

    def _numbered(self, statement):
        names = {f"{table}_base": base for table, base in self.bases.items()}
        return statement.format(**names, count=self.count)

    def _copy_rows(self, table, source, changed):
        """The rows of the templates, with these columns changed."""
        columns = column_names(self.cr, table)
        values = [changed.get(name, f"source.{name}") for name in columns]
        self.cr.execute(
            self._numbered(
                f"INSERT INTO {table} ({', '.join(columns)}) "
                f"SELECT {', '.join(values)} FROM history_document doc "
                "JOIN history_template template USING (book, kind) "
                f"JOIN {table} source ON {source} ORDER BY doc.number"
            )
        )


def column_names(cr, table):
    """What can be written of a table."""
    cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
        "AND table_schema = 'public' AND is_generated = 'NEVER'",
        [table],
    )
    return [name for (name,) in cr.fetchall()]


TABLES = (
    "account_move",
    "account_move_line",
    "account_payment",
    "account_partial_reconcile",
    "ropo_job",
    "ropo_event",
    "ropo_request",
)
NUMBER = "UPPER(doc.kind) || '/' || doc.number"
MOVES = (
    "account_move",
    "source.id = template.move_id",
    {
        "id": "{account_move_base} + doc.number",
        "name": NUMBER,
        "sequence_number": "doc.number",
        "company_id": "template.company_id",
        "date": "doc.date",
        "invoice_date": "CASE WHEN source.invoice_date IS NOT NULL THEN doc.date END",
        "invoice_date_due": "doc.due",
        "partner_id": "doc.customer_id",
        "commercial_partner_id": "doc.customer_id",
        "partner_shipping_id": "doc.customer_id",
        "currency_id": "doc.currency_id",
        "invoice_currency_rate": "doc.amount / doc.balance",
        "amount_untaxed": "doc.amount",
        "amount_total": "doc.amount",
        "amount_residual": "CASE WHEN doc.kind = 'invoice' THEN doc.unpaid ELSE 0 END",
        "amount_untaxed_signed": "template.other_sign * doc.balance",
        "amount_untaxed_in_currency_signed": "template.other_sign * doc.amount",
        "amount_total_signed": "template.other_sign * doc.balance",
        "amount_total_in_currency_signed": "template.other_sign * doc.amount",
        "amount_residual_signed": "CASE WHEN doc.kind = 'invoice' "
        "THEN doc.unpaid_balance ELSE 0 END",
        "payment_state": "CASE WHEN doc.kind != 'invoice' THEN source.payment_state "
        "WHEN doc.unpaid = 0 THEN 'paid' WHEN doc.unpaid < doc.amount THEN 'partial' "
        "ELSE 'not_paid' END",
        "payment_reference": "CASE WHEN doc.kind = 'invoice' "
        f"THEN {NUMBER} ELSE source.payment_reference END",
        "reversed_entry_id": "CASE WHEN doc.kind = 'credit' "
        "THEN {account_move_base} + doc.settles END",
        "origin_payment_id": "CASE WHEN template.payment_id IS NOT NULL "
        "THEN {account_payment_base} + doc.number END",
        "ropo_state": "doc.state",
    },
)
IS_OWN = "source.id = template.line_id"
LINE_SIGN = f"CASE WHEN {IS_OWN} THEN template.sign ELSE -template.sign END"
# What is open of the other side is what Ropo has not paid out.
IS_OPEN = f"CASE WHEN ({IS_OWN}) = (doc.kind = 'invoice') THEN %s ELSE 0 END"
OPEN = IS_OPEN % f"({LINE_SIGN}) * doc.unpaid"
OPEN_BALANCE = IS_OPEN % f"({LINE_SIGN}) * doc.unpaid_balance"
IS_PRODUCT = "source.display_type = 'product' AND source.price_unit != 0"
LINES = (
    "account_move_line",
    "source.id IN (template.line_id, template.other_id)",
    {
        "id": "{account_move_line_base} + doc.number * 2 "
        f"+ CASE WHEN {IS_OWN} THEN 0 ELSE 1 END",
        "move_id": "{account_move_base} + doc.number",
        "move_name": NUMBER,
        "company_id": "template.company_id",
        "date": "doc.date",
        "invoice_date": "CASE WHEN source.invoice_date IS NOT NULL THEN doc.date END",
        "date_maturity": "CASE WHEN source.date_maturity IS NOT NULL "
        "THEN COALESCE(doc.due, doc.date) END",
        "partner_id": "doc.customer_id",
        "currency_id": "doc.currency_id",
        "amount_currency": f"({LINE_SIGN}) * doc.amount",
        "balance": f"({LINE_SIGN}) * doc.balance",
        "debit": f"GREATEST(({LINE_SIGN}) * doc.balance, 0)",
        "credit": f"GREATEST(-({LINE_SIGN}) * doc.balance, 0)",
        "amount_residual_currency": OPEN,
        "amount_residual": OPEN_BALANCE,
        "reconciled": f"source.id IN (template.line_id, template.other_id) "
        f"AND ({IS_OWN} OR doc.kind = 'collected') AND ({OPEN}) = 0",
        "full_reconcile_id": "NULL",
        "matching_number": "NULL",
        "price_unit": f"CASE WHEN {IS_PRODUCT} THEN doc.amount END",
        "price_subtotal": f"CASE WHEN {IS_PRODUCT} THEN doc.amount END",
        "price_total": f"CASE WHEN {IS_PRODUCT} THEN doc.amount END",
        "payment_id": "CASE WHEN source.payment_id IS NOT NULL "
        "THEN {account_payment_base} + doc.number END",
    },
)
PAYMENTS = (
    "account_payment",
    "source.id = template.payment_id",
    {
        "id": "{account_payment_base} + doc.number",
        "name": NUMBER,
        "move_id": "{account_move_base} + doc.number",
        "company_id": "template.company_id",
        "date": "doc.date",
        "amount": "doc.amount",
        "amount_company_currency_signed": "doc.balance",
        "partner_id": "doc.customer_id",
        "currency_id": "doc.currency_id",
        "ropo_event_id": "doc.event_id",
    },
)
STATEMENTS = (
    # What Ropo collected is settled by a payout on its other side.
    """
    INSERT INTO account_partial_reconcile (
        id, debit_move_id, credit_move_id, debit_currency_id, credit_currency_id,
        amount, debit_amount_currency, credit_amount_currency, company_id, max_date)
    SELECT {account_partial_reconcile_base} + doc.number,
           {account_move_line_base} + doc.settles * 2
               + CASE WHEN doc.kind = 'payout' THEN 1 ELSE 0 END,
           {account_move_line_base} + doc.number * 2,
           doc.currency_id, doc.currency_id, doc.balance, doc.amount, doc.amount,
           template.company_id, doc.date
      FROM history_document doc
      JOIN history_template template USING (book, kind)
     WHERE doc.settles IS NOT NULL
    """,
    """
    INSERT INTO ropo_job (
        id, account_id, company_id, profile, move_id, partner_id, kind, is_collected,
        jobid, billnum, stage, stage_date, amount, open_amount, open_total,
        currency_id, covers, bad_debts, differs_since, decision, create_date,
        write_date)
    SELECT c.id, c.account_id, move.company_id, account.profile, move.id,
           move.commercial_partner_id, c.kind, c.is_collected, 'history ' || c.id,
           move.name, c.stage, c.stage_date, c.amount, c.open_amount,
           c.open_amount + c.charges, move.currency_id, c.covers, c.bad_debts,
           c.differs_since, c.decision, c.began, c.began
      FROM history_case c
      JOIN account_move move ON move.id = {account_move_base} + c.number
      JOIN ropo_account account ON account.id = c.account_id
    """,
    """
    INSERT INTO ropo_event (
        id, account_id, company_id, profile, job_id, move_id, source, external_id,
        kind, state, event_time, day, amount, counted, collected_on, stage,
        applied_stage, source_partial_id, recovered, settlement, is_message, is_unread,
        raw, create_date)
    SELECT e.id, e.account_id, job.company_id, job.profile, job.id, job.move_id,
           'poll', 'history ' || e.id,
           CASE WHEN e.amount != 0 THEN 'payment' WHEN e.is_message THEN 'comment'
                ELSE 'status' END, 'done', e.date,
           CASE WHEN e.amount != 0 THEN e.date END, e.amount, e.amount,
           CASE WHEN e.amount != 0 THEN e.date END, e.stage, e.stage,
           {account_partial_reconcile_base} + e.settlement, e.recovered,
           CASE WHEN e.to_review THEN 'person'
                WHEN e.amount != 0 THEN 'registered' END,
           e.is_message, e.is_unread, '{{}}', e.date
      FROM history_event e
      JOIN ropo_job job ON job.id = {ropo_job_base} + e.number
    """,
    """
    INSERT INTO ropo_request (
        account_id, company_id, profile, move_id, job_id, operation, state, amount,
        currency_id, date, source_partial_id, counterpart_id, collects, done_at,
        payload, response, attempts, create_date)
    SELECT r.account_id, move.company_id, account.profile, move.id, job.id,
           r.operation, r.state, r.amount, move.currency_id, r.date,
           {account_partial_reconcile_base} + r.settlement,
           {account_move_base} + r.settlement,
           r.operation IN ('reminder', 'collection'),
           CASE WHEN r.state = 'done' THEN r.date END, '{{}}', '{{}}', 1, r.date
      FROM history_request r
      JOIN account_move move ON move.id = {account_move_base} + r.number
      JOIN ropo_account account ON account.id = r.account_id
 LEFT JOIN ropo_job job
        ON job.id = {ropo_job_base} + r.number
           + CASE WHEN r.operation = 'invoice' THEN {count} ELSE 0 END
  ORDER BY r.date
    """,
)
