"""What can be done while the database works."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")
#: After so many the database is looked after: it may have answered, and be asked the next.
_TURN: Final = 200


@asynccontextmanager
async def begun(
    work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs
) -> AsyncIterator[asyncio.Task[T]]:
    """Begin `work`, which is done when this block has ended: then the task has its result.

    What the block asks of the same session waits for its turn. Who is cancelled in here waits no
    longer.
    """
    task = asyncio.create_task(work(*args, **kwargs))
    try:
        await asyncio.sleep(0)  # until the database has it
        yield task
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)  # whatever became of it
        raise
    except BaseException:
        await task  # when it failed too, that is why
        raise
    await task


async def in_turns(do: Callable[[S], T], to: Iterable[S]) -> list[T]:
    """Do something to each, and let what was begun go on now and then; returns what came of it."""
    done: list[T] = []
    for number, one in enumerate(to, 1):
        done.append(do(one))
        if number % _TURN == 0:
            await asyncio.sleep(0)
    return done
