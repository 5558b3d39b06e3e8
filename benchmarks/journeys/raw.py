"""The smallest workflow of a journey's shape: the same timers and activities, and nothing else.

No signal by name, no query, no update, no words for the UI, no search attribute, no model: plain
dataclasses through Temporal's own converter. Its activities write one byte into a file, by which
the benchmark counts them.
"""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow

QUEUE = "raw"
SENDING_QUEUE = "raw-sending"
_ONE_ATTEMPT = timedelta(seconds=90)


@dataclass
class Plan:
    """When to act: at `first_at` (seconds since 1970), then after each pause (in seconds)."""

    first_at: float
    pauses: list[float]
    #: Where a cart looks up whether it has been left alone.
    looks_up: bool = True


@workflow.defn(name="raw")
class Raw:
    """Wait, look up, act; pause, act; …; note the end. A signal ends it at once."""

    def __init__(self) -> None:
        self._is_over = False

    @workflow.signal
    def end(self) -> None:
        """End the current wait, and everything."""
        self._is_over = True

    @workflow.run
    async def run(self, plan: Plan) -> str:
        """Follow the plan."""
        await self._wait(plan.first_at - workflow.time())
        if plan.looks_up and not self._is_over:
            await workflow.execute_local_activity("look_up", start_to_close_timeout=_ONE_ATTEMPT)
        for pause in [0.0, *plan.pauses]:
            await self._wait(pause)
            if self._is_over:
                break
            await workflow.execute_activity(
                "act", task_queue=SENDING_QUEUE, start_to_close_timeout=_ONE_ATTEMPT
            )
        await workflow.execute_local_activity("note_end", start_to_close_timeout=_ONE_ATTEMPT)
        return "over"

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(lambda: self._is_over, timeout=seconds)


class Activities:
    """Nothing but a byte each, appended to a file."""

    def __init__(self, folder: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._acts, self._ends = (os.open(folder / name, flags) for name in ("acts", "ends"))

    @activity.defn
    async def look_up(self) -> None:
        """Answer a question that needs no answer."""

    @activity.defn
    async def act(self) -> None:
        """Do what a mail would do."""
        os.write(self._acts, b".")

    @activity.defn
    async def note_end(self) -> None:
        """Note that a workflow is over."""
        os.write(self._ends, b".")
