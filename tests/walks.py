"""Random walks: what people, Ropo and the network do, step by step, drawn by a seed."""

import os
import random
import sys

from .crash_channels import CHANNELS
from .seeds import seeds

STEPS = int(os.environ.get("ROPO_WALK_STEPS", 20))
SHORTEN = bool(os.environ.get("ROPO_SHORTEN"))


def step(**draws):
    """A method that a walk may take; each of its arguments is drawn from the dice."""

    def mark(method):
        method.draws = draws
        return method

    return mark


def cents(dice):
    return dice.choice([dice.randint(1, 20000), dice.randint(1, 100), 20000])


def any_one(dice):
    return dice.randrange(8)


def one_of(*values):
    return lambda dice: dice.choice(values)


def walk_each_seed(walk, usual):
    """A class of tests with one for each seed, which goes this walk.

    :param usual: how many seeds, unless a campaign asks for others
    """

    def add(case):
        for seed in seeds(usual):
            setattr(case, f"test_walk_{seed}", lambda self, s=seed: go(walk, self, s))
        return case

    return add


def go(walk, case, seed):
    """Walk, and on failure say by which steps; where asked for, by the fewest."""
    dice = random.Random(f"{seed} {walk.__module__}")
    steps = [draw(walk, dice) for _number in range(STEPS)]
    for name, _values in steps:
        case.happened("step", name)
    taken, error = attempt(walk, case, steps)
    if error and SHORTEN:
        taken, error = shortened(walk, case, taken, error)
    if error:
        error.add_note(story(seed, taken))
        raise error
    sys.stdout.write(f"{story(seed, taken)}\n")


def draw(walk, dice):
    names = sorted(n for n in dir(walk) if hasattr(getattr(walk, n), "draws"))
    name = dice.choice(names)
    draws = getattr(walk, name).draws
    return name, {argument: draw(dice) for argument, draw in draws.items()}


def attempt(walk, case, steps):
    """The steps that were taken, and what went wrong or None. Nothing of it stays."""
    taken = []
    case.sandbox.reset()
    case.env.flush_all()
    undone = case.cr.savepoint()
    try:
        case.begin()
        current = walk(case)
        for name, values in steps:
            taken.append((name, values))
            getattr(current, name)(**values)
            # Where the numbers stand: another cursor has gone on meanwhile.
            case.env["account.move"]._get_sequence_cache().clear()
            current.check()
        current.end()
    except Exception as error:
        return taken, error
    else:
        return taken, None
    finally:
        undone.close(rollback=True)
        case.env.invalidate_all(flush=False)
        case.sandbox.reset()


def shortened(walk, case, steps, error):
    """Without the steps without which it goes wrong too."""
    for number in reversed(range(len(steps))):
        fewer = steps[:number] + steps[number + 1 :]
        _taken, found = attempt(walk, case, fewer)
        if found:
            steps, error = fewer, found
    return steps, error


def story(seed, steps):
    return "\n".join(
        [f"Seed {seed}:", *(f"  {name} {values}" for name, values in steps)]
    )


class Walk:
    """What is there to choose from, and what Ropo holds."""

    def __init__(self, case):
        self.case, self.invoices = case, []
        self.channel = CHANNELS[case.account.channel]

    def check(self):
        """After each step."""

    def end(self):
        """Where the walk ends."""

    def one(self, which, among):
        return among[which % len(among)] if among else None

    def at_ropo(self, invoice):
        """What Ropo collects for it, as `Held`; None if it does not."""
        for case in self.held():
            if case.number == invoice.name:
                return case

    def held(self):
        every = self.channel.held(self.case.sandbox.state()).values()
        return [case for case in every if case.capital is not None]


class WalkCommon:
    """What the tests of a walk have besides those of a class."""

    @staticmethod
    def happened(what, value):
        """Counted by a campaign (dev/happened.py)."""

    def begin(self):
        """Before each walk."""

    def offer(self, invoice):
        """Does what the channel needs before it collects an invoice; whether it may."""
        return True


class OverMaventa:
    """The same walks over Maventa: a class before those of the walk."""

    def begin(self):
        self.set_company(country="fi", service="ACTIVE")

    def offer(self, invoice):
        """It has to have delivered the invoice."""
        self.send(invoice)
        self.run_cron("cron_poll_status")
        return invoice.sudo().ropo_job_ids.progress == "done"
