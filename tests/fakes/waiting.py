"""Waiting, in tests of real processes, until something is so."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], *, within: float = 20) -> None:
    """Return as soon as `condition()` is true; raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.02)
