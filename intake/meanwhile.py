"""What can be done while the database works."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@asynccontextmanager
async def begun(
    work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs
) -> AsyncIterator[asyncio.Task[T]]:
    """Begin `work`, which is done when this block has ended: then the task has its result.

    A session that it asks must not be asked in the block. Who is cancelled in here waits no longer.
    """
    task = asyncio.create_task(work(*args, **kwargs))
    try:
        await asyncio.sleep(0)  # until the database has it
        yield task
    except asyncio.CancelledError:
        task.cancel()
        raise
    finally:
        await task
