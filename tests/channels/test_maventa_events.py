"""From where events are asked for again, and what is left out then."""

import datetime

from ...channels.maventa.events import MOST_IDS, EventCursor

NOON = datetime.datetime(2026, 2, 1, 12)


def event(identifier, minutes=0):
    time = NOON + datetime.timedelta(minutes=minutes)
    return {"id": identifier, "created_at": f"{time.isoformat()}Z"}


def kept(minutes, *ids):
    time = NOON + datetime.timedelta(minutes=minutes)
    return {"newest": time.isoformat(), "ids": list(ids)}


def taken(*events, state=None):
    cursor = EventCursor(state)
    cursor.take(events)
    return cursor


def test_all_is_asked_for_at_first():
    assert EventCursor().query() == {}


def test_ten_minutes_before_the_newest_are_asked_for_again():
    assert EventCursor(kept(0)).query() == {"created_at_start": "2026-02-01T11:50:00Z"}


def test_newest_is_kept_with_the_ids_of_those_near_it():
    cursor = taken(event("b", -10), event("a", 0), event("0", -11))
    assert cursor.end() == kept(0, "a", "b")


def test_what_was_taken_is_not_fresh():
    cursor = taken(event("c", 1), state=kept(0, "a", "b"))
    events = [event(identifier) for identifier in "abcd"]
    assert cursor.fresh(events) == [events[3]]


def test_ids_of_an_earlier_run_stay_known_as_long_as_they_are_near():
    assert taken(event("c", 10), state=kept(0, "a")).end() == kept(10, "a", "c")
    assert taken(event("c", 11), state=kept(0, "a")).end() == kept(11, "c")


def test_moment_never_passes_what_is_held_back():
    cursor = EventCursor()
    late, early, last = event("late", 30), event("early", 5), event("last", 60)
    cursor.hold_back(late)
    cursor.hold_back(early)
    cursor.take([early, late, last])
    assert cursor.without_held_back([early, late, last]) == [last]
    assert cursor.end() == kept(5, "last")
    assert cursor.fresh([early]) == [early]


def test_what_is_held_back_does_not_move_the_moment_on():
    cursor = EventCursor()
    cursor.hold_back(event("later", 60))
    cursor.take([event("a", 0), event("later", 60)])
    assert cursor.end() == kept(0, "a")


def test_event_held_back_without_a_time_holds_nothing_else_up():
    cursor = EventCursor()
    cursor.hold_back({"id": "odd"})
    cursor.take([{"id": "odd"}, event("a")])
    assert cursor.end() == kept(0, "a")


def test_page_in_order_can_be_kept_at_once():
    cursor = taken(event("a", 0), event("b", 0))
    assert cursor.state() == kept(0, "a", "b")
    cursor.take([event("c", 1)])
    assert cursor.state() == kept(1, "a", "b", "c")


def test_page_with_the_newest_first_is_kept_with_the_last_alone():
    cursor = taken(event("b", 1), event("a", 0))
    assert cursor.state() is None
    cursor.take([event("c", 2)])
    assert cursor.state() is None, "once out of order, nobody knows"
    assert cursor.end() == kept(2, "a", "b", "c")


def test_pages_that_descend_are_not_in_order_either():
    cursor = taken(event("b", 1))
    cursor.take([event("a", 0)])
    assert cursor.state() is None


def test_event_without_a_time_is_taken_by_no_cursor():
    cursor = taken({"id": "odd", "created_at": "soon"}, event("a"))
    assert cursor.end() == kept(0, "a")
    assert taken({"id": "odd"}).end() == {}


def test_nothing_new_leaves_what_is_kept():
    cursor = taken(state=kept(0, "a"))
    assert not cursor.is_behind()
    assert cursor.end() == kept(0, "a")


def test_something_new_is_behind_until_it_is_kept():
    cursor = taken(event("b", 1), state=kept(0, "a"))
    assert cursor.is_behind()
    cursor.end()
    assert not cursor.is_behind()


def test_of_too_many_near_the_newest_are_known():
    cursor = taken(*(event(f"{n:04}", n / 1000) for n in range(MOST_IDS + 2)))
    ids = cursor.end()["ids"]
    assert len(ids) == MOST_IDS
    assert (ids[0], ids[-1]) == ("0002", f"{MOST_IDS + 1:04}")


def test_kept_state_that_is_none_of_ours_is_as_good_as_none():
    cursor = EventCursor({"newest": "soon", "ids": "abc"})
    assert cursor.query() == {}
    assert cursor.fresh([event("a")]) == [event("a")]
