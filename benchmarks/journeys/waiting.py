"""Waiting until something is so."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(
    is_so: Callable[[], Awaitable[bool]], *, within: float, look_every: float = 0.1
) -> None:
    """Return as soon as it is so; raises TimeoutError when it never is (both in seconds)."""
    async with asyncio.timeout(within):
        while not await is_so():  # noqa: ASYNC110 - nobody would tell
            await asyncio.sleep(look_every)
