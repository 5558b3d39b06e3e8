"""Telling a story again in its own rhythm, only faster: when each of its moments is due.

A replay never runs ahead of time: no message is posted before its moment came, so none carries
a time in the future. When posting is slower than the story, the rest of the story moves into the
future instead of arriving stale: journeys take an event from long ago for history.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from domain.pace import Pace

#: As many messages as one request of Segment's API takes.
LARGEST_BATCH = 100
#: Bytes: below what one request may hold, whatever the new timestamps add.
_LARGEST_BODY = 400_000
#: How late a message may be, in the story's own time.
SLACK = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Moment:
    """One message of a story, and how long after the story's beginning it happens."""

    after: timedelta
    message: Mapping[str, Any]
    #: Bytes of the message as JSON, where it was read from a file.
    size: int = 0


class Clock(Protocol):
    """The real time, or a test's."""

    def now(self) -> datetime:
        """The present moment, aware."""

    async def sleep(self, duration: timedelta) -> None:
        """Let `duration` pass."""


class RealClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, duration: timedelta) -> None:
        """Let `duration` of real time pass."""
        await asyncio.sleep(duration.total_seconds())


class Timeline:
    """Where the moments of a story fall on the real clock."""

    def __init__(self, *, pace: Pace, begins_at: datetime) -> None:
        self._pace = pace
        self._origin = begins_at

    def at(self, after: timedelta) -> datetime:
        """The real moment of `after`; negative for what happened before the story begins."""
        return self._origin + self._pace.of(after)

    def keep_fresh(self, after: timedelta, *, now: datetime) -> None:
        """Move what is still to come into the future when `after` is later than SLACK allows."""
        late = now - self._pace.of(SLACK) - self.at(after)
        self._origin += max(late, timedelta())

    def stamped(self, moment: Moment) -> dict[str, Any]:
        """The moment's message, dated to where it falls on the real clock."""
        undated = {k: v for k, v in moment.message.items() if k not in _CLOCKS_OF_THE_SENDER}
        return {**undated, "timestamp": self.at(moment.after).isoformat()}


#: Segment corrects `timestamp` by these; they belong to the day of the recording.
_CLOCKS_OF_THE_SENDER = {"sentAt", "originalTimestamp", "receivedAt"}


async def due_batches(
    moments: Iterable[Moment], timeline: Timeline, clock: Clock
) -> AsyncIterator[list[Moment]]:
    """The moments of a story in order, each as it is due; those due together in one batch."""
    batch: list[Moment] = []
    for moment in moments:
        if batch and (_is_full(batch, moment) or timeline.at(moment.after) > clock.now()):
            yield batch
            batch = []
        now = clock.now()
        timeline.keep_fresh(moment.after, now=now)
        if (due := timeline.at(moment.after)) > now:
            await clock.sleep(due - now)
        batch.append(moment)
    if batch:
        yield batch


def _is_full(batch: list[Moment], another: Moment) -> bool:
    return (
        len(batch) == LARGEST_BATCH
        or sum(moment.size for moment in batch) + another.size > _LARGEST_BODY
    )
