"""How many calls are under way at once."""

import threading
import time

from ...channels.documents import Answer
from ...channels.errors import Outcome, Reason
from ...channels.pace import CALM, Pace

DONE = Answer(Outcome.ACCEPTED)
THROTTLED = Answer(Outcome.THROTTLED)


class Counter:
    """A call that counts how many of it are under way."""

    def __init__(self, answer=DONE, seconds=0.005):
        self.most = self.calls = self._now = 0
        self._answer, self._seconds = answer, seconds
        self._lock = threading.Lock()

    def __call__(self, items):
        with self._lock:
            self.calls += 1
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self._seconds)
        with self._lock:
            self._now -= 1
        return [self._answer] * len(items)


def test_results_come_in_the_order_of_the_items():
    def call(items):
        time.sleep(0.001 * (10 - items[0]))
        return [Answer(Outcome.ACCEPTED, number=item) for item in items]

    answers = Pace(8).map(call, [[number] for number in range(10)])
    assert [answer.number for (answer,) in answers] == list(range(10))


def test_never_more_than_the_most_at_once():
    for most in (1, 3):
        call = Counter()
        Pace(most).map(call, [[0]] * 60)
        assert call.most == most


def test_as_many_at_once_as_may_be():
    call = Counter(seconds=0.05)
    Pace(20).map(call, [[0]] * 40)
    assert call.most == 20


def test_throttling_of_an_odd_limit_leaves_the_smaller_half():
    pace = Pace(3)
    pace.map(Counter(THROTTLED), [[0]])
    call = Counter()
    pace.map(call, [[0]] * (CALM - 1))
    assert (pace.limit, call.most) == (1, 1)


def test_throttling_halves_down_to_one():
    pace = Pace(8)
    limits = []
    for _call in range(5):
        pace.map(Counter(THROTTLED), [[0]])
        limits.append(pace.limit)
    assert limits == [4, 2, 1, 1, 1]


def test_creeps_up_while_all_is_well_and_never_above_the_most():
    pace = Pace(4)
    pace.map(Counter(THROTTLED), [[0]])
    limits = []
    for _round in range(4):
        pace.map(Counter(), [[0]] * CALM)
        limits.append(pace.limit)
    assert limits == [3, 4, 4, 4]


def test_each_step_up_takes_as_many_calm_calls():
    pace = Pace(4)
    pace.map(Counter(), [[0]] * 3)
    pace.map(Counter(THROTTLED), [[0]])
    for limit in (2, 3):
        pace.map(Counter(), [[0]] * (CALM - 1))
        assert pace.limit == limit
        pace.map(Counter(), [[0]])
        assert pace.limit == limit + 1


def test_lowered_limit_holds_for_the_calls_that_wait():
    pace = Pace(4)
    pace.map(Counter(THROTTLED), [[0]])
    call = Counter()
    pace.map(call, [[0]] * (CALM - 1))
    assert call.most == 2


def test_what_has_not_begun_in_time_is_not_sent():
    call = Counter(seconds=0.2)
    answers = Pace(1).map(call, [[0, 1]] * 5, seconds=0.3)
    assert call.calls == 2
    outcomes = [[answer.outcome for answer in each] for each in answers]
    assert outcomes[:2] == [[Outcome.ACCEPTED] * 2] * 2
    assert outcomes[2:] == [[Outcome.NOT_SENT] * 2] * 3
    assert answers[-1][0].reason == Reason.NOT_BEGUN


def test_nothing_to_do():
    assert Pace(4).map(Counter(), []) == []
