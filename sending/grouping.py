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

    Who asks alone does not wait for others. `work` answers each in the order in which they asked;
    an error among its answers is raised for that one alone, and one that it raises itself for all.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
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
        try:
            answers = await self._answers([one for one, _ in group])
        except BaseException:
            for _, waiting in group:
                waiting.cancel()
            raise
        for (_, waiting), answer in zip(group, answers, strict=True):
            if not waiting.done():  # somebody still waits
                _tell(waiting, answer)

    async def _answers(self, group: Sequence[T]) -> Sequence[R | Exception]:
        try:
            return await self._work(group)
        except Exception as error:  # noqa: BLE001 - told to those whose work it was
            return [error] * len(group)


def _tell(waiting: asyncio.Future[R], answer: R | Exception) -> None:
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)
