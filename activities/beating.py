"""Signs of life: so that Temporal notices a dead worker before the attempt's time is up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from temporalio import activity

#: Seconds between two signs of life.
_EVERY: Final = 5.0


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Tell Temporal every few seconds that this activity is still at work.

    The start of the activity is the first sign: one that is over soon costs no further call.
    """
    beats = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beats.cancel()
        with suppress(asyncio.CancelledError):
            await beats


async def _beat() -> None:
    while activity.in_activity():
        await asyncio.sleep(_EVERY)
        activity.heartbeat()
