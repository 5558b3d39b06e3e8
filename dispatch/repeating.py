"""Work that a process does again and again until it is closed."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from temporalio.service import RPCError

from domain.errors import DormouseError

logger = logging.getLogger(__name__)


class Repeating:
    """Does `work` every so many seconds while it is open; what fails is tried again next time."""

    def __init__(self, name: str, work: Callable[[], Awaitable[None]], *, every: float) -> None:
        self._name, self._work, self._every = name, work, every
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._repeat())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        if self._task:
            await self._task

    async def _repeat(self) -> None:
        while not self._closing.is_set():
            try:
                await self._work()
            except (DormouseError, RPCError, RuntimeError, TimeoutError) as error:
                # Temporal or the database is away: said once per try, mended by the next.
                logger.warning("%s.waiting", self._name, extra={"error": str(error)})
            except Exception:
                # A mistake of ours; without a next try, what is due would never be done.
                logger.exception("%s.failed", self._name)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._every)
