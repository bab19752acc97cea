"""What the addon costs those who only book: the same work with it and without it."""

from dataclasses import replace

from dev.demo import books as demo

from . import books
from .measure import cost, in_turn
from .report import compared, plain

MOST = 1.02
WARM_UP = 5


def booking(world, _books):
    """Posts and pays invoices one by one, in both databases in turn."""
    count = world.number(100, 20)
    with (
        world.environment() as env,
        world.environment(world.bare_database) as bare,
    ):
        desks = [Desk(env, count), Desk(bare, count)]
        rows = []
        for what, act in (
            ("Posting an invoice", Desk.post),
            ("Registering a payment", Desk.pay),
        ):
            measures = [desk.measure(act) for desk in desks]
            for _time in range(WARM_UP):
                for measure in measures:
                    measure()
            rows += _rows(what, *in_turn(count, *measures))
        return rows


def _rows(what, with_addon, without):
    queries = [sum(cost.queries for cost in costs) for costs in (with_addon, without)]
    row = compared(what, with_addon, "without the addon", without, MOST)
    row = replace(row, count=len(with_addon))
    return [
        replace(
            plain(f"{what} without the addon", without),
            count=len(without),
            queries=queries[1] / len(without),
        ),
        replace(row, queries=queries[0] / len(with_addon)),
        replace(
            row,
            ms=None,
            queries=queries[0] / len(with_addon),
            ratio=f"{queries[0] / queries[1]:.3f}",
            goal="no more queries",
            met=queries[0] <= queries[1],
        ),
    ]


class Desk:
    """Somebody who books, in one of the databases; all of it is undone in the end."""

    def __init__(self, env, count):
        self.env = env
        if not env["product.product"].search([("name", "in", [*demo.PRODUCTS])]):
            books.open_company(env)
        customers = books.write_customers(env, count + WARM_UP)
        self.drafts = list(books.write_drafts(env, customers))
        self.posted = []

    def post(self):
        invoice = self.drafts.pop(0)
        self.posted.append(invoice)
        invoice.action_post()

    def pay(self):
        demo.pay(self.posted.pop(0))

    def measure(self, act):
        def work():
            act(self)
            self.env.flush_all()

        def measure():
            self.env.flush_all()
            self.env.invalidate_all()
            return cost(work)

        return measure
