"""Which invoices may be transferred to Ropo?"""

from dataclasses import replace

from .measure import cost, in_turn
from .report import plain

# What a run of OCA's account_credit_control took on other machines. It is not
# installed here: a benchmark that fetches modules measures the network, too.
OTHERS_MS = 2.4
FEW = 10


def transfer(world, books_):
    many = world.number(1000, 200)

    def measured(count):
        def measure():
            with world.environment() as env:
                moves = env["account.move"].browse(books_.move_ids[:count])
                verdicts = env["ropo.eligibility"]._verdicts
                return cost(lambda: verdicts(moves, "reminder"), count)

        return measure

    measures = [measured(FEW), measured(many)]
    for measure in measures:
        measure()
    few, lots = in_turn(world.rounds(9), *measures)
    queries = {cost.queries for cost in few + lots}
    return [
        plain("Verdicts for transfer", few),
        replace(
            plain("Verdicts for transfer", lots),
            ratio=f"{lots[0].queries / few[0].queries:.3f}",
            yardstick=f"queries of {FEW}",
            goal="the same queries",
            met=len(queries) == 1,
        ),
        replace(
            plain("Verdicts for transfer", lots),
            goal=f"< {OTHERS_MS} ms (OCA, seen elsewhere)",
            met=max(cost.ms for cost in lots) < OTHERS_MS,
        ),
    ]
