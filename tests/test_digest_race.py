"""Two runs send the summary at the same moment: real connections, real commits."""

import pytest

from . import race


@pytest.fixture(scope="module")
def scenes():
    return race.run("digest_worker.py", 600)


def test_who_comes_while_another_sends_sends_nothing(scenes):
    assert scenes["at_once"] == [1, 0, 1]


def test_who_began_before_the_other_was_done_sends_nothing(scenes):
    assert scenes["old_snapshot"] == [1, 1]


def test_who_read_the_day_before_the_other_sent_sends_nothing(scenes):
    assert scenes["old_cache"] == [1, 1]
