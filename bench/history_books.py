"""Books of years with a great many cases, in minutes: some thousand invoices of a
`History`, and as many copies of them as it takes, each with customers, numbers and ids
of its own. The copies are written by one statement a table.
"""

import contextlib

from odoo import fields

from dev.demo import books as demo

from .history import History
from .history_rows import TABLES, Book, Rows, column_names
from .history_templates import write_templates

DAYS = 1100  # more than any report looks back
PATTERN = 4000  # invoices that differ from each other
INVOICES_PER_CUSTOMER = 20
COPIED = ("res_partner", *TABLES)
TEXT = "source.{0} || '/' || copy"
NOTED = (
    "(SELECT JSONB_OBJECT_AGG((key::integer + copy * {{account_partial_reconcile}})"
    "::text, value) FROM JSONB_EACH(source.{0}))"
)
# Which number of which table a column has, or what its copy has instead.
COLUMNS = {
    "res_partner": {
        "commercial_partner_id": "res_partner",
        "name": TEXT,
        "complete_name": TEXT,
    },
    "account_move": {
        "name": TEXT,
        "payment_reference": TEXT,
        "partner_id": "res_partner",
        "commercial_partner_id": "res_partner",
        "partner_shipping_id": "res_partner",
        "reversed_entry_id": "account_move",
    },
    "account_move_line": {
        "move_id": "account_move",
        "move_name": TEXT,
        "partner_id": "res_partner",
    },
    "account_partial_reconcile": {
        "debit_move_id": "account_move_line",
        "credit_move_id": "account_move_line",
    },
    "ropo_job": {
        "move_id": "account_move",
        "partner_id": "res_partner",
        "jobid": TEXT,
        "billnum": TEXT,
        "covers": NOTED,
        "bad_debts": NOTED,
    },
    "ropo_event": {
        "job_id": "ropo_job",
        "move_id": "account_move",
        "external_id": TEXT,
        "source_partial_id": "account_partial_reconcile",
    },
    "ropo_request": {
        "job_id": "ropo_job",
        "move_id": "account_move",
        "source_partial_id": "account_partial_reconcile",
        "counterpart_id": "account_move",
    },
}


def write(env, ropo, cases, open_cases):
    """A company with two accounts at Ropo and about so many cases; commits.

    :return: the accountant who opens them
    """
    demo.open_company(env)
    user = demo.create_user(env)
    books = _open_books(env, ropo)
    history = History(
        min(PATTERN, cases),
        len(books),
        fields.Date.context_today(user),
        days=DAYS,
        open_share=open_cases / cases,
    )
    customers = env["res.partner"].create(
        [
            {"name": f"Example {number} Oy", "is_company": True}
            for number in range(min(PATTERN, cases) // INVOICES_PER_CUSTOMER)
        ]
    )
    rows = Rows(env, history, books, customers)
    rows.write()
    # Each reconciliation was made on its day. Written before they are copied: else all
    # of them are there twice, as in no real database, and take twice as long to read.
    env.cr.execute("UPDATE account_partial_reconcile SET create_date = max_date")
    copies = round(cases / len(history.cases)) - 1
    with _bare_tables(env.cr):
        _copy(env.cr, {"res_partner": min(customers.ids), **rows.bases}, copies)
    env.cr.commit()
    env.invalidate_all()
    _settle_down(env)
    return user


def _settle_down(env):
    """What the scheduled actions did in all those years: ended cases are left, and
    figures kept, so many in a run, and days apart. The server cleans up between two of
    them: so what one has written anew takes the place of what another one had."""
    env["ropo.job.figures"]._forget(env["ropo.job"].search([]).move_id)
    env.cr.commit()
    vacuum(env.cr)
    before, now = None, ()
    while now != before:
        env["ropo.agreement"]._follow()
        agreed = env["ropo.job"].search_count([("agreed_at", "!=", False)])
        kept = env["ropo.job.figures"].search_count([("residual", "!=", False)])
        before, now = now, (agreed, kept)
        env.cr.commit()
        vacuum(env.cr)


def vacuum(cr):
    """As the server does by itself in the long run, and never within a transaction."""
    connection = cr._cnx
    connection.set_session(autocommit=True)
    cr.execute("VACUUM ANALYZE")
    connection.set_session(autocommit=False)


# --- the pattern ---


def _open_books(env, ropo):
    account = demo.open_ropo_account(env, ropo)
    other = account.copy({"name": "Ropo, rentals", "cid": f"{account.cid}1"})
    currency = env.ref("base.SEK")
    currency.active = True
    templates = write_templates(env, account)
    return [
        Book(env.company, account, templates, foreign_currency=currency),
        Book(env.company, other, templates),
    ]


# --- the copies ---


def _copy(cr, bases, copies):
    """Copies of all rows from these ids on."""
    steps = {}
    for table in COPIED:
        cr.execute(f"SELECT COALESCE(MAX(id) + 1 - %s, 0) FROM {table}", [bases[table]])
        (steps[table],) = cr.fetchone()
    for table in COPIED:
        values = {name: f"source.{name}" for name in column_names(cr, table)} | {
            name: _value(name, value, steps)
            for name, value in {"id": table, **COLUMNS.get(table, {})}.items()
        }
        cr.execute(
            f"INSERT INTO {table} ({', '.join(values)}) "
            f"SELECT {', '.join(values.values())} "
            f"FROM generate_series(1, {copies}) copy, {table} source "
            f"WHERE source.id >= {bases[table]} ORDER BY copy, source.id"
        )
        cr.execute(f"SELECT SETVAL('{table}_id_seq', (SELECT MAX(id) FROM {table}))")


def _value(name, value, steps):
    if value in steps:
        return f"source.{name} + copy * {steps[value]}"
    return value.format(name).format(**steps)


@contextlib.contextmanager
def _bare_tables(cr):
    """Without indexes and foreign keys meanwhile: to build them anew is faster than to
    keep them up row by row, and checks the same."""
    cr.execute(
        """
        SELECT FORMAT('ALTER TABLE %%s DROP CONSTRAINT %%I',
                      conrelid::regclass, conname),
               FORMAT('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass,
                      conname, PG_GET_CONSTRAINTDEF(oid))
          FROM pg_constraint
         WHERE contype = 'f' AND conrelid = ANY(%(tables)s::regclass[])
         UNION ALL
        SELECT FORMAT('DROP INDEX %%s', indexrelid::regclass),
               PG_GET_INDEXDEF(indexrelid)
          FROM pg_index
         WHERE indrelid = ANY(%(tables)s::regclass[])
           AND NOT EXISTS (
               SELECT FROM pg_constraint WHERE conindid = indexrelid)
        """,
        {"tables": list(COPIED)},
    )
    statements = cr.fetchall()
    for drop, _make in statements:
        cr.execute(drop)
    yield
    cr.execute("SET LOCAL maintenance_work_mem = '512MB'")
    for _drop, make in statements:
        cr.execute(make)
