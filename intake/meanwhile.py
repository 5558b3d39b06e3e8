"""What can be done while the database works."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@asynccontextmanager
async def begun(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Begin `work`, which is done when this block has ended: then the task has its result.

    Where it asks the database, the block must not.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.sleep(0)  # until the database has it
        yield task
    finally:
        await task
