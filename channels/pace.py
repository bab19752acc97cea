"""How many calls may be under way at once, learnt from the answers."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self, TypeVar

from .documents import Answer
from .errors import Outcome, Reason

Item = TypeVar("Item")
Call = Callable[[Sequence[Item]], list[Answer]]

CALM = 10  # calls without a refusal before one more is tried at once


class Pace:
    """A gate that lets `limit` calls through at a time.

    Ropo answers 429 when a customer has too many calls under way and publishes no
    number, so the limit halves on each refusal and creeps up again while all is well.
    """

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self.limit = self.most
        self._under_way = 0
        self._calm = 0
        self._changed = threading.Condition()
        self._pool: ThreadPoolExecutor  # while it is entered

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self.limit)
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _learn(self, throttled: bool) -> None:
        with self._changed:
            if throttled:
                self.limit = max(1, self.limit // 2)
                self._calm = 0
            else:
                self._calm += 1
                if self._calm >= CALM and self.limit < self.most:
                    self.limit += 1
                    self._calm = 0
                    self._changed.notify_all()

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self.most)
        return self

    def __exit__(self, *_error: object) -> None:
        """Waits for what is under way."""
        self._pool.shutdown()

    def begin(
        self,
        call: Call[Item],
        items: Iterable[Sequence[Item]],
        seconds: float | None = None,
    ) -> Callable[[], list[list[Answer]]]:
        """Begins `call` of each item, side by side.

        :param call: takes a list of payloads, returns a list of as many `Answer`,
            and raises nothing
        :param seconds: what has not begun by then is answered as not sent
        :return: a function that waits for the answers, in the order of the items
        """
        end = time.monotonic() + seconds if seconds else float("inf")
        calls = [self._pool.submit(self._one, call, item, end) for item in items]
        return lambda: [answered.result() for answered in calls]

    def map(
        self,
        call: Call[Item],
        items: Iterable[Sequence[Item]],
        seconds: float | None = None,
    ) -> list[list[Answer]]:
        """The same, begun and waited for."""
        with self:
            return self.begin(call, items, seconds)()

    def _one(self, call: Call[Item], item: Sequence[Item], end: float) -> list[Answer]:
        with self._turn():
            if time.monotonic() > end:
                return [Answer(Outcome.NOT_SENT, reason=Reason.NOT_BEGUN)] * len(item)
            answers = call(item)
        self._learn(any(answer.outcome == Outcome.THROTTLED for answer in answers))
        return answers
