"""Many posted invoices of five lines, the same in every run but for the dates.

Through Odoo each takes some ten milliseconds, so only some are made that way. The rest
are copies of their rows, with ids, numbers and payment references of their own: nothing
that is measured can distinguish them.
"""

from odoo import Command, fields
from odoo.tools import SQL

from dev.demo import books

from .history_rows import column_names

ORIGINALS = 200  # as many customers
DAYS_OVERDUE = 30
LINES = [
    ("Consulting, hour", 7.5, 0),
    ("Device rental, day", 5, 10),
    ("Handbook", 3, 0),
    ("Magazine, one year", 2, 12.5),
    ("Membership fee", 1, 0),
]
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def open_company(env):
    """A Finnish company with products."""
    taxes = books.open_company(env)
    books.write_products(env, taxes)


def write_customers(env, count):
    return env["res.partner"].create(
        [
            {
                "name": f"Example {number} Oy",
                "is_company": True,
                "ref": f"C{number}",
                "street": f"Esimerkkikatu {number}",
                "zip": "00100",
                "city": "Helsinki",
                "country_id": env.ref("base.fi").id,
                "lang": "en_US",
                "email": f"invoices@customer{number}.example",
            }
            for number in range(1, count + 1)
        ]
    )


def write_drafts(env, customers):
    """A draft for each of the customers."""
    products = {product.name: product for product in env["product.product"].search([])}
    due = fields.Date.subtract(fields.Date.today(), days=DAYS_OVERDUE)
    return env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_date": fields.Date.subtract(due, days=14),
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": products[name].id,
                            "quantity": quantity,
                            "discount": discount,
                        }
                    )
                    for name, quantity, discount in LINES
                ],
            }
            for customer in customers
        ]
    )


def write_invoices(env, count):
    """The ids of `count` posted invoices."""
    originals = write_drafts(env, write_customers(env, min(count, ORIGINALS)))
    originals.action_post()
    env.flush_all()
    _copy(env, originals, -(-count // len(originals)) - 1)
    # The server's own statistics would come minutes later.
    env.cr.execute("ANALYZE")
    env.invalidate_all()
    moves = env["account.move"].search([("move_type", "=", "out_invoice")], order="id")
    return moves[:count].ids


def _copy(env, moves, copies):
    """Copies the rows of `moves`, of their lines and of what hangs on those lines."""
    _name_copies(env, moves, copies)
    move_id = _Shift(env, "account_move", moves.ids)
    line_id = _Shift(env, "account_move_line", moves.line_ids.ids)
    name = SQL("new.name")
    _copy_rows(
        env,
        "account_move",
        SQL("new.original = source.id"),
        id=move_id.of("id"),
        name=name,
        sequence_number=SQL("new.number"),
        payment_reference=SQL("new.reference"),
    )
    _copy_rows(
        env,
        "account_move_line",
        SQL("new.original = source.move_id"),
        id=line_id.of("id"),
        move_id=move_id.of("move_id"),
        move_name=name,
        name=SQL(
            "CASE source.display_type WHEN 'payment_term' THEN new.reference "
            "ELSE source.name END"
        ),
    )
    for table in (
        "account_move_line_account_tax_rel",
        "account_account_tag_account_move_line_rel",
    ):
        of_original = SQL(
            "new.original = (SELECT move_id FROM account_move_line line "
            "WHERE line.id = source.account_move_line_id)"
        )
        shifted = line_id.of("account_move_line_id")
        _copy_rows(env, table, of_original, account_move_line_id=shifted)
    for table in ("account_move", "account_move_line"):
        last = SQL("(SELECT max(id) FROM %s)", SQL.identifier(table))
        env.cr.execute(SQL("SELECT setval(%s, %s)", f"{table}_id_seq", last))


def _name_copies(env, moves, copies):
    """Plans the copies: each with the name and the reference Odoo would have given."""
    last = max(moves.mapped("sequence_number"))
    rows = []
    for copy in range(1, copies + 1):
        for move in moves:
            number = move.sequence_number + copy * last
            name = f"{move.sequence_prefix}{number:05}"
            reference = move.compute_payment_reference_finnish(name)
            rows.append((move.id, copy, number, name, reference))
    env.cr.execute(
        "CREATE TEMPORARY TABLE bench_copy "
        "(original int, copy int, number int, name varchar, reference varchar) "
        "ON COMMIT DROP"
    )
    env.cr.execute_values("INSERT INTO bench_copy VALUES %s", rows)
    env.cr.execute("ANALYZE bench_copy")


class _Shift:
    """New ids for each copy of some rows, behind all that the table has."""

    def __init__(self, env, table, ids):
        query = SQL("SELECT max(id) FROM %s", SQL.identifier(table))
        ((top,),) = env.execute_query(query)
        self.step = max(ids) - min(ids) + 1
        self.first = top + 1 - min(ids) - self.step

    def of(self, column):
        name = SQL.identifier("source", column)
        return SQL("%s + %s + new.copy * %s", name, self.first, self.step)


def _copy_rows(env, table, of_original, **changed):
    """Adds the copies of a table's rows, as they are but for the `changed` columns."""
    names = env.execute_query(
        SQL(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
            "AND table_schema = CURRENT_SCHEMA AND is_generated = 'NEVER'",
            table,
        )
    )
    columns = {name: SQL.identifier("source", name) for (name,) in names}
    env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM %s source JOIN bench_copy new ON %s",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL(", ").join((columns | changed).values()),
            SQL.identifier(table),
            of_original,
        )
    )


def copy_row(env, table, template, count, **changed):
    """So many copies of the row with the number `template`, straight in its table and
    numbered from a million: what refers to the same number belongs together."""
    values = {name: name for name in column_names(env.cr, table)}
    values |= {"id": "{base} + n", **changed}
    env.cr.execute(
        f"INSERT INTO {table} ({', '.join(values)}) "
        f"SELECT {', '.join(values.values()).format(base=1_000_000)} "
        f"FROM {table}, generate_series(1, %s) n WHERE id = %s",
        [count, template],
    )
