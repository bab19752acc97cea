"""The storm: a company's business while everything breaks, over one channel each.

Faults, gateways that refuse, documents that always fail, killed workers, two at once,
wrong clocks, a manager who changes the account, people who decide what is being looked
up. In the end both sides hold the same, to the cent, and nothing is left to do.

Each seed is a storm of its own and begins anew. One alone, with its story:
`make campaign SEED=7`; many: `make campaign SEEDS=1000`.
"""

import json
import os
import random
import sys
import time

import pytest

from odoo.tests.common import get_db_name

from .crash_channels import CHANNELS
from .seeds import seeds
from .workers import Workers, copy, difference, drop, own_name

ROUNDS = int(os.environ.get("ROPO_STORM_ROUNDS", 1))  # of each seed
WORLDS = [
    (channel.name, world) for channel in CHANNELS.values() for world in channel.worlds
]
FAULTS = ["refuse", "drop_before", "drop_after", "slow", "cut", "garbled"]
FAULTS += ["error_before", "error_after", "throttle", "expired_token", "duplicate"]
FAULTS += ["gateway_before", "gateway_after"]
STATUSES = [400, 403, 404, 409, 413, 422, 429, 502, 503]  # of a gateway
STEPS = ["built, not committed", "committed, not said", "saying"]
STEPS += ["answered, not recorded", "recorded, not committed"]
STEPS += ["looked up, not committed"]
POLL_STEPS = ["fetched, not kept", "kept, not taken in"]
POLL_STEPS += ["taken in, not committed", "booked, not committed"]
POLLS = set().union(*(channel.polls for channel in CHANNELS.values()))
HOUR = 3600
CLOCKS = [-2 * HOUR, -90, 90, 2 * HOUR, 26 * HOUR]  # seconds that one is wrong by
SLOW = 0.6  # seconds; more than a call may take


@pytest.fixture(scope="module")
def all_workers():
    """With a database as it was set up, of which each seed has a copy."""
    database, fresh = own_name(900), own_name(800)
    copy(get_db_name(), database)
    workers = Workers("storm_worker.py", database)
    copy(database, fresh)
    for name in CHANNELS:
        workers.turn_to(name)
        workers.run("warm_up")
    workers.begin = lambda: copy(fresh, database)
    yield workers
    workers.stop()
    drop(database)
    drop(fresh)


@pytest.mark.parametrize("seed", seeds(40))
def test_storm(all_workers, seed, record_property):
    """Whatever breaks and whoever dies: in the end both sides hold the same."""

    def tell(what, value):
        sys.stdout.write(f"{what}: {value}\n")
        record_property(what, value)

    storm = Storm(all_workers, seed, tell)
    storm.begin()
    for _round in range(ROUNDS):
        storm.rage()
        twice = storm.asked_twice()
        assert not twice, twice
        storm.calm()
    if problem := storm.problem():
        pytest.fail(json.dumps([seed, problem], indent=1, default=str))


def test_a_storm_notices_a_cron_that_comes_back_and_what_is_asked_twice(all_workers):
    """Else it would say of each that all is well."""
    storm = Storm(all_workers, 1, lambda what, value: None)
    storm.begin()
    storm.calm()
    busy = all_workers.run("run_restless_crons")
    assert busy == ["Ropo: Report Payments"]
    assert storm.asked_twice() == ["rights"]


class Storm:
    """One seed: which channel and world it is, is drawn by it too."""

    def __init__(self, workers, seed, tell):
        self.workers, self.tell = workers, tell
        self.sandbox, self.dice = workers.sandbox, random.Random(seed)
        self.name, self.world = self.dice.choice(WORLDS)
        self.channel = CHANNELS[self.name]

    def begin(self):
        """Claims and invoices are at Ropo, and all is well."""
        self.workers.turn_to(self.name)
        self.workers.begin()
        self.sandbox.reset()
        world = self.channel.worlds[self.world]
        self.sandbox.post(self.channel.profile, **world)
        self.tell("storm", f"{self.name}, {self.world}")
        self.workers.run("opening")

    # --- what happens ---

    def rage(self):
        debtors = self.draw(self.collected(), 2) if self.maybe() else []
        self.workers.run(
            "trade",
            seed=self.dice.random(),
            untouched=[case.number for case in debtors],
        )
        faults = self.weather()
        self.sandbox.post("faults", faults=faults)
        for debtor in debtors:
            self.pay_at_ropo(debtor)
        for _run in range(3):
            self.work(self.dice.choice([None, None, *STEPS]))

    def weather(self):
        """Some faults on some paths, each at some of the calls; a document on which
        Ropo always fails; slow lookups."""
        faults = [self.fault() for _fault in range(self.dice.randint(1, 5))]
        if self.maybe(0.3):
            number = self.workers.run("newest")
            self.tell("poison", self.channel.send)
            faults.append(
                {"kind": "error_before", "contains": number, "method": "POST"}
            )
        if self.maybe(0.3):
            path = self.dice.choice(self.channel.lookups)
            self.tell("slow lookup", path)
            faults.append({"kind": "slow", "path": path, "times": 4, "seconds": SLOW})
        return faults

    def fault(self):
        kind, path = self.dice.choice(FAULTS), self.dice.choice(self.channel.paths)
        fault = {
            "kind": kind,
            "path": path,
            "probability": self.dice.choice([0.2, 0.5, 1]),
            "times": self.dice.randint(1, 4),
            "seconds": SLOW,
        }
        if kind.startswith("gateway"):
            # By 429 a server says that it has not acted.
            may = [s for s in STATUSES if s != 429 or kind == "gateway_before"]
            fault["status"] = self.dice.choice(may)
            kind = f"{kind} {fault['status']}"
        self.tell("fault", f"{kind} at {path}")
        return fault

    def work(self, step):
        """One worker, who may die; then two at once, and what happened is reported
        meanwhile, and people act."""
        if step:
            self.tell("killed", step)
        self.workers.run("work", die=step, clock=self.clock())
        poll = self.dice.choice([None, None, None, *POLL_STEPS])
        if poll:
            self.tell("killed", poll)
        orders = [
            {"do": "work", "clock": self.clock()},
            {"do": "work", "clock": self.clock()},
            {"do": "poll", "die": poll, "clock": self.clock()},
        ]
        if self.maybe(0.4):
            self.tell("people", "decide meanwhile")
            orders.append(self.decide)
        if self.maybe(0.4):
            orders.append({"do": "configure", "values": self.settings()})
        self.workers.run_together(*orders)

    def clock(self):
        if not self.maybe(0.15):
            return 0
        seconds = self.dice.choice(CLOCKS)
        self.tell("clock", f"wrong by {seconds} s")
        return seconds

    def settings(self):
        """What a manager changes: how calls are made, how they are meant, or who."""
        choices = {
            "batch_size": [1, 2, 50],
            "max_concurrency": [1, 4],
            "register_payments": [True],
            "fetch_documents": [True, False],
            self.channel.secret: ["wrong"],
            **self.channel.settings,
        }
        name = self.dice.choice(sorted(choices))
        value = self.dice.choice(choices[name])
        self.tell("configured", f"{name} = {value}")
        return {name: value}

    def pay_at_ropo(self, debtor):
        amount = round(debtor.capital * self.dice.choice([0.25, 0.5, 1]), 2)
        self.tell("debtor pays Ropo", f"{amount:.2f} of {debtor.capital:.2f}")
        self.sandbox.post(f"{debtor.path}/pay", amount=amount)

    def asked_twice(self):
        """What people are asked more than once at a time."""
        asked = self.workers.run("asked")
        for key, _count in asked:
            self.tell("asked", key)
        return [key for key, count in asked if count > 1]

    def calm(self):
        """All works again; whatever waits for a day or for a person has its turn."""
        self.sandbox.heal()
        time.sleep(0.2)  # what is on its way arrives
        right = self.channel.account[self.channel.secret]
        self.workers.run("configure", values={self.channel.secret: right})
        for _settling in range(4):
            self.workers.run("poll")
            self.workers.run("settle")
            if self.workers.run_together(self.decide) == [0]:
                break

    # --- what came of it ---

    def problem(self):
        """The first thing that is not as it has to be, or None."""
        if found := difference(self.workers):
            return found, self.workers.run("events")
        held = round(sum(case.held for case in self.held().values()), 2)
        self.pay_out(held)
        left = self.workers.run("left")
        if left["held"]:
            return "the ledger has other money at Ropo", held, left
        for key in left["asked"]:
            self.tell("still asked", key)
        self.workers.run("run_crons")
        before = self.workers.calls()
        if busy := self.workers.run("run_crons"):
            return "busy without need", busy
        made = self.workers.calls() - before
        if set(made) - POLLS:
            return "called without need", made

    def pay_out(self, held):
        if held > 0:
            self.tell("paid out", f"{held:.2f}")
            self.sandbox.post(self.channel.payouts)
            assert self.workers.run("payout", amount=held)

    # --- helpers ---

    @property
    def decide(self):
        return {"do": "decide", "url": self.sandbox.url, "channel": self.name}

    def held(self):
        return self.channel.held(self.sandbox.state())

    def collected(self):
        return [case for case in self.held().values() if case.capital]

    def maybe(self, chance=0.5):
        return self.dice.random() < chance

    def draw(self, among, most):
        return self.dice.sample(among, min(len(among), self.dice.randint(1, most)))
