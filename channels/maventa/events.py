"""From where events are asked for, and which of them were taken already."""

import datetime
from collections.abc import Sequence

from ..values import Json, moment
from .answers import Row

OVERLAP = datetime.timedelta(minutes=10)
MOST_IDS = 1000

Moments = dict[str, datetime.datetime | None]


class EventCursor:
    """The moment of the newest event that was taken, and the ids of those near it.

    An event can become visible after a newer one, so that some time before the newest
    is always read again; what is known of it is left out. Assumption: events can be
    asked for from a moment on; where they come newest first, the moment moves on only
    when all were taken.

    :param kept: `{"newest": moment, "ids": [...]}` of an earlier run, or None
    """

    def __init__(self, kept: Json | None = None) -> None:
        self._kept: Json = kept or {}
        self._newest = moment(self._kept.get("newest"))
        ids = self._kept.get("ids")
        taken = ids if isinstance(ids, list) else []
        # Moments by id.
        self._taken: Moments = dict.fromkeys(taken, self._newest)
        self._held_back: Moments = {}
        self._ascends = True
        self._before: datetime.datetime | None = None

    def query(self) -> dict[str, str]:
        if not self._newest:
            return {}
        start = self._newest - OVERLAP
        return {"created_at_start": f"{start.isoformat()}Z"}

    def fresh(self, events: Sequence[Row]) -> list[Row]:
        return [event for event in events if event["id"] not in self._taken]

    def hold_back(self, event: Row) -> None:
        """It is not taken: the moment never passes it."""
        self._held_back[event["id"]] = moment(event.get("created_at"))

    def without_held_back(self, events: Sequence[Row]) -> list[Row]:
        return [event for event in events if event["id"] not in self._held_back]

    def take(self, events: Sequence[Row]) -> None:
        """Counts these as taken, but for those that are held back."""
        for event in events:
            time = moment(event.get("created_at"))
            if not time:
                continue
            self._ascends &= self._before is None or self._before <= time
            self._before = time
            if event["id"] not in self._held_back:
                self._taken.setdefault(event["id"], time)

    def state(self) -> Json | None:
        """What is to be kept with this page; None while nobody can know where the
        pages to come lie."""
        return self.end() if self._ascends else None

    def is_behind(self) -> bool:
        """Whether all pages together moved on from what is kept."""
        return self._state() != self._kept

    def end(self) -> Json:
        """What is to be kept after the last page."""
        self._kept = self._state()
        return self._kept

    def _state(self) -> Json:
        moments = [time for time in self._taken.values() if time]
        held = [time for time in self._held_back.values() if time]
        if not moments:
            return self._kept
        newest = min([max(moments), *held])
        near = sorted(
            (time, each)
            for each, time in self._taken.items()
            if time and time >= newest - OVERLAP
        )
        return {
            "newest": newest.isoformat(),
            "ids": sorted(each for _time, each in near[-MOST_IDS:]),
        }
