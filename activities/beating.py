"""Signs of life: so that Temporal notices a dead worker before the attempt's time is up."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from temporalio import activity

#: Seconds between two signs of life.
_EVERY: Final = 5.0


@contextmanager
def beating(*, every: float = _EVERY) -> Iterator[None]:
    """Tell Temporal every few seconds that this activity is still at work.

    The start of the activity is the first sign: one that is over soon costs no further call.
    """
    beats = _Beats(every)
    beats.go_on()
    try:
        yield
    finally:
        beats.stop()


class _Beats:
    """A timer of the loop's instead of a task: most are stopped before they were ever due."""

    def __init__(self, every: float) -> None:
        self._loop, self._every = asyncio.get_running_loop(), every

    def go_on(self) -> None:
        self._next = self._loop.call_later(self._every, self._beat)

    def _beat(self) -> None:
        activity.heartbeat()
        self.go_on()

    def stop(self) -> None:
        self._next.cancel()
