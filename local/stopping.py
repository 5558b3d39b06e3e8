"""Staying until somebody asks for the end."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any


async def until_asked_to_stop(
    work: Coroutine[Any, Any, None], *, close: Callable[[], Awaitable[None]]
) -> None:
    """Do `work` until it returns, fails or a signal asks for the end; then `close`.

    Raises what `work` raised, after closing.
    """
    task = asyncio.create_task(work)
    try:
        async with _stop_asked() as asked:
            await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        # From here on a second Ctrl-C ends this process at once, and the kernel the children.
    finally:
        task.cancel()
        await asyncio.wait({task})
        await close()
    if not task.cancelled():
        task.result()


@asynccontextmanager
async def _stop_asked() -> AsyncIterator[asyncio.Task[bool]]:
    """A task that ends when this process is asked to (Ctrl-C, SIGTERM, closed terminal)."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for each in signals:
        loop.add_signal_handler(each, asked.set)
    waiting = asyncio.create_task(asked.wait())
    try:
        yield waiting
    finally:
        waiting.cancel()
        for each in signals:
            loop.remove_signal_handler(each)
