"""Work that is done for all who wait for it at once, as several mails in one transaction."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Whoever comes next waits for all of a group.
_AT_MOST: Final = 32


class Grouped(Generic[T, R]):
    """Does the work for those who ask while it is under way together, when it is over.

    Who asks alone does not wait for others. `work` answers all in the order in which they asked;
    an error that it raises is raised for each of them.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        at_most: int = _AT_MOST,
    ) -> None:
        self._work, self._at_most = work, at_most
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def do(self, one: T) -> R:
        """Have the work done for this one; it is done even if its caller is cancelled."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, answer))
        if self._working is None:
            self._working = asyncio.create_task(self._work_off())
        return await answer

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                number = min(len(self._waiting), self._at_most)
                group = [self._waiting.popleft() for _ in range(number)]
                await self._work_for(group)
        finally:
            self._working = None

    async def _work_for(self, group: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        waiting = [answer for _, answer in group]
        try:
            answers = await self._work([one for one, _ in group])
        except BaseException as error:
            _fail(waiting, error)
            if not isinstance(error, Exception):
                raise
        else:
            for one, answer in zip(waiting, answers, strict=True):
                if not one.done():  # its caller was not cancelled meanwhile
                    one.set_result(answer)


def _fail(waiting: Sequence[asyncio.Future[R]], error: BaseException) -> None:
    for one in waiting:
        if not isinstance(error, Exception):
            one.cancel()
        elif not one.done():
            one.set_exception(error)
