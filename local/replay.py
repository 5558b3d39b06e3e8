"""`dormouse replay`: a recorded stream of events posted to a running gateway, faster than life."""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from domain.durations import say_duration
from domain.errors import Refused
from domain.pace import Pace
from local.gateway import Gateway, Rejected
from local.pacing import Clock, Moment, RealClock, Timeline, due_batches
from local.recording import BadLine, Recording

#: A replay that takes longer is asked about before it begins.
_LONG = timedelta(hours=1)
#: The scale proposed for a long one brings it down to about this.
_COMFORTABLE = timedelta(minutes=5)
_NOT_ALLOWED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


@dataclass(slots=True)
class Tally:
    """What became of the messages so far."""

    sent: int = 0
    #: How many the gateway did not take, by its reason.
    rejected: Counter[str] = field(default_factory=Counter)
    bad_lines: tuple[BadLine, ...] = ()
    elapsed: timedelta = timedelta()

    @property
    def has_begun(self) -> bool:
        """Whether any message was posted."""
        return self.sent > 0 or bool(self.rejected)

    def as_json(self) -> dict[str, Any]:
        """The tally as plain values."""
        return {
            "sent": self.sent,
            "rejected": dict(self.rejected),
            "bad_lines": [{"line": bad.number, "reason": bad.reason} for bad in self.bad_lines],
            "elapsed_seconds": round(self.elapsed.total_seconds(), 3),
        }


#: Hears after each batch how many messages are through, and the recording's own moment.
Progress = Callable[[int, timedelta], None]


async def time_scale_of(gateway: Gateway) -> float:
    """How fast the gateway's time passes: virtual seconds per real second."""
    health = await gateway.get("/healthz")
    return float(health["time_scale"])


def require_patience(recording: Recording, scale: float) -> None:
    """Raise Refused when the replay would take very long, saying how long and what helps."""
    takes = Pace(scale).of(recording.duration)
    if takes <= _LONG:
        return
    raise Refused(
        "long-replay",
        f"Replaying {recording.path.name} at time scale {scale:g} takes "
        f"{say_duration(_rounded(takes))}: start the gateway with DORMOUSE_TIME_SCALE="
        f"{_proposed_scale(recording.duration)} (about {say_duration(_COMFORTABLE)}), "
        "or pass --yes.",
    )


async def replay(
    recording: Recording,
    gateway: Gateway,
    tally: Tally,
    *,
    scale: float,
    on_progress: Progress,
    clock: Clock | None = None,
) -> None:
    """Post the recording, its first message now; counts into `tally` as it goes.

    Raises Unavailable when the gateway stays away, Rejected when it does not take the key.
    """
    clock = clock or RealClock()
    timeline = Timeline(pace=Pace(scale), begins_at=clock.now())
    began, done = time.monotonic(), 0
    tally.bad_lines = recording.bad_lines
    async for batch in due_batches(recording.moments(), timeline, clock):
        await post_batch(gateway, batch, timeline, clock, tally)
        done += len(batch)
        tally.elapsed = timedelta(seconds=time.monotonic() - began)
        on_progress(done, batch[-1].after)


async def post_batch(
    gateway: Gateway, batch: list[Moment], timeline: Timeline, clock: Clock, tally: Tally
) -> None:
    """Post moments in one request; what is not taken is counted by reason."""

    def dated_now() -> dict[str, Any]:
        # At each attempt: after an outage the messages are not stale, and their ids, which stay
        # the same, keep what did arrive from counting twice.
        timeline.keep_fresh(batch[-1].after, now=clock.now())
        return {"batch": [timeline.stamped(moment) for moment in batch]}

    try:
        answer = await gateway.call("POST", "/v1/batch", dated_now)
    except Rejected as refusal:
        if refusal.status in _NOT_ALLOWED:
            raise
        tally.rejected[str(refusal)] += len(batch)
        return
    refused = _refused(answer)
    tally.rejected.update(refused)
    tally.sent += len(batch) - len(refused)


def _refused(answer: Mapping[str, Any]) -> list[str]:
    """The reasons of the messages that were not taken, one each."""
    return [remark["errors"][0]["message"] for remark in answer.get("rejected") or ()]


def _proposed_scale(duration: timedelta) -> int:
    """A round scale at which `duration` passes in about five minutes."""
    exact = duration / _COMFORTABLE
    magnitude = 10 ** math.floor(math.log10(exact))
    return int(math.ceil(exact / magnitude) * magnitude)


def _rounded(duration: timedelta) -> timedelta:
    """`duration` without the small units that nobody wants to read."""
    unit = timedelta(days=1) if duration > timedelta(days=2) else timedelta(minutes=1)
    return round(duration / unit) * unit
