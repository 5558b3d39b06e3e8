"""Work that is done for all who wait for it at once, as several mails in one transaction."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Generic, TypeVar

from domain.errors import Unavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

#: Whoever comes next waits for all of a group.
_AT_MOST: Final = 32
#: Who asks so soon after a group was answered, in seconds, is not expected to be the last.
_SOON: Final = 0.02
#: Seconds from the beginning of a group to the next, where nobody is in a hurry.
UNHURRIED: Final = 0.25


class Grouped(Generic[T, R]):
    """Does the work for those who ask while it is under way together, when it is over.

    Who asks alone does not wait for others. Who asks just after others were answered, or after a
    group of several, may be made to wait for more to come, until that group's beginning is as many
    seconds ago as groups are to be `apart`: the fewer groups, the less each costs. `together`
    answers all in the order in which they asked, with None for each that is to be done by itself,
    which `alone` does. When it fails, each is done by itself, so that only those whose fault it was
    hear of it; but what `is_of_all`, as that a database is away, all hear at once.
    """

    def __init__(
        self,
        together: Callable[[Sequence[T]], Awaitable[Sequence[R | None]]],
        *,
        alone: Callable[[T], Awaitable[R]],
        at_most: int = _AT_MOST,
        apart: float = 0,
        is_of_all: Callable[[Exception], bool] = lambda error: isinstance(error, Unavailable),
    ) -> None:
        self._together, self._alone, self._at_most = together, alone, at_most
        self._is_of_all, self._apart = is_of_all, apart
        self._begun_at = self._answered_at = float("-inf")
        self._had_company = False
        self._is_full = asyncio.Event()
        self._waiting: deque[tuple[T, asyncio.Future[R | None]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def do(self, one: T) -> R:
        """Have the work done for this one."""
        answer: asyncio.Future[R | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, answer))
        if len(self._waiting) >= self._at_most:
            self._is_full.set()
        if self._working is None:
            self._working = asyncio.create_task(self._work_off())
        known = await answer
        return await self._alone(one) if known is None else known

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                number = min(len(self._waiting), self._at_most)
                self._had_company = number > 1
                await self._work_for([self._waiting.popleft() for _ in range(number)])
                self._answered_at = asyncio.get_running_loop().time()
        finally:
            self._working = None
            for _, answer in self._waiting:  # none, unless we were stopped
                answer.cancel()
            self._waiting.clear()

    async def _gather(self) -> None:
        """Let more come, where others came together last time, or only just now."""
        loop = asyncio.get_running_loop()
        is_busy = self._had_company or loop.time() < self._answered_at + _SOON
        if self._apart and is_busy:
            if len(self._waiting) < self._at_most:
                self._is_full.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._begun_at + self._apart):
                    await self._is_full.wait()
        self._begun_at = loop.time()

    async def _work_for(self, group: Sequence[tuple[T, asyncio.Future[R | None]]]) -> None:
        callers = [answer for _, answer in group]
        try:
            answers = await self._answers([one for one, _ in group])
        except BaseException as error:
            _fail(callers, error)
            if not isinstance(error, Unavailable):
                raise
        else:
            for caller, answer in zip(callers, answers, strict=True):
                if not caller.done():  # it was not cancelled meanwhile
                    caller.set_result(answer)

    async def _answers(self, group: Sequence[T]) -> Sequence[R | None]:
        try:
            return await self._together(group)
        except Exception as error:
            if self._is_of_all(error):
                raise
            told = {"of": len(group), "error": type(error).__name__}
            logger.warning("group.done_one_by_one", extra=told)
            return [None] * len(group)


def _fail(callers: Sequence[asyncio.Future[R | None]], error: BaseException) -> None:
    for caller in callers:
        if not isinstance(error, Unavailable):
            caller.cancel()
        elif not caller.done():
            caller.set_exception(error)
