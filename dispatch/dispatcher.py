"""The dispatcher: tells Temporal what was committed, in order per run, across any crash.

The intake hands over what it just committed; that is the fast way. What does not get through
(Temporal is down, this process died, too much at once) stays in the database and is swept up.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextvars import Context
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar
from uuid import uuid4

from temporalio.client import Client

from dispatch import temporal
from dispatch.namespaces import RunsNamespace
from dispatch.repeating import Repeating
from dispatch.temporal import RunIsGone
from domain.errors import DormouseError, Unavailable
from domain.journeys import RunStatus
from store import tables
from store.dispatches import (
    Address,
    addresses_of,
    any_overdue,
    forget,
    lease_overdue,
    let_go,
    note_failure,
    renew,
    start_is_due,
)
from store.ledger import mark_run
from store.sessions import Database

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Calls to Temporal under way at once.
_AT_ONCE: Final = 64
#: Deliveries in memory at most; more wait in the database.
_MOST_IN_HAND: Final = 2_000
_SWEEP_EVERY: Final = 1.0
#: Often enough that a lease outlives one failed attempt to renew it.
_RENEW_EVERY: Final = 4.0
#: One call to Temporal, its own retries included.
_PATIENCE: Final = 10.0
_LONGEST_PAUSE: Final = timedelta(seconds=30)
#: Told deliveries are forgotten together, this often.
_FORGET_EVERY: Final = 0.05


class Dispatcher:
    """Delivers starts and signals. Open it with `async with`; closing finishes what is in hand."""

    def __init__(self, *, database: Database, client: Client, now: Callable[[], datetime]) -> None:
        self._database, self._client, self._now = database, client, now
        self._namespace = RunsNamespace(database=database, client=client, now=now)
        self._owner = uuid4().hex
        self._queues: dict[str, deque[tables.Dispatch]] = defaultdict(deque)
        self._in_hand = 0
        self._told: list[int] = []
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._forgetting = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_closing = False
        self._loops = (
            Repeating("dispatch", self._sweep, every=_SWEEP_EVERY),
            Repeating("dispatch", self._forget_told, every=_FORGET_EVERY),
            Repeating("dispatch", self._renew, every=_RENEW_EVERY),
        )

    async def __aenter__(self) -> Self:
        for loop in self._loops:
            await loop.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_closing = True
        for loop in self._loops:
            await loop.__aexit__(None, None, None)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PATIENCE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(DormouseError):
            await self._forget_told()
            async with self._database.writing() as session:
                await let_go(session, owner=self._owner, now=self._now())

    @property
    def owner(self) -> str:
        """The name under which this process leases deliveries."""
        return self._owner

    @property
    def has_room(self) -> bool:
        """Whether more can be taken in hand now."""
        return self._in_hand < _MOST_IN_HAND and not self._is_closing

    def deliver(
        self, rows: Sequence[tables.Dispatch], addresses: Mapping[str, Address] | None = None
    ) -> None:
        """Take committed starts and signals in hand; those of one run go out in order.

        Runs whose address is not among these are looked up.
        """
        known = addresses or {}
        idle = self._queue(rows)
        for run_id in idle:
            if run_id in known:
                self._spawn(self._deliver_run(run_id, known[run_id]))
        if strange := [run_id for run_id in idle if run_id not in known]:
            found = self._spawn(self._addresses(strange))
            for run_id in strange:
                self._spawn(self._deliver_run(run_id, found))

    def _queue(self, rows: Sequence[tables.Dispatch]) -> list[str]:
        """Queue the rows of each run; returns the runs of which none was in hand."""
        idle: list[str] = []
        for row in rows:
            queue = self._queues[row.run_id]
            queue.append(row)
            self._in_hand += 1
            if len(queue) == 1:
                idle.append(row.run_id)
        return idle

    async def settle(self) -> None:
        """Return once everything in hand was told or put back. For tests and shutdown."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._forget_told()

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        # Not in the context of whoever committed: it lasts longer than that.
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _deliver_run(
        self, run_id: str, address: Address | asyncio.Task[Mapping[str, Address]]
    ) -> None:
        """Tell Temporal everything in hand for a run, oldest first, until something fails."""
        queue = self._queues[run_id]
        try:
            run = address if isinstance(address, Address) else (await address)[run_id]
            while queue:
                row = queue[0]
                async with self._gate:
                    await self._tell(run, row)
                queue.popleft()
                self._in_hand -= 1
                self._told.append(row.id or 0)
        except Exception as error:  # noqa: BLE001 - whatever it was, the rows are tried again
            await self._put_back(queue[0], error)
        finally:
            self._in_hand -= len(queue)
            self._queues.pop(run_id, None)

    async def _tell(self, run: Address, row: tables.Dispatch) -> None:
        async with asyncio.timeout(_PATIENCE):
            await self._namespace.require()
            if row.kind == "start":
                await temporal.start(
                    self._client,
                    journey=row.name,
                    workflow_id=run.workflow_id,
                    version=run.settings_version,
                    payload=row.payload,
                )
                return
            try:
                await temporal.signal(
                    self._client, workflow_id=run.workflow_id, name=row.name, payload=row.payload
                )
            except RunIsGone:
                await self._close(run)

    async def _addresses(self, run_ids: Collection[str]) -> Mapping[str, Address]:
        """Where these runs are found, read together: a busy second brings hundreds."""
        async with self._database.reading() as session:
            return await addresses_of(session, run_ids)

    async def _close(self, run: Address) -> None:
        """A run that Temporal no longer has, but that never told its end, was ended by force.

        Unless it was never started: what comes before its start waits for it.
        """
        await self._namespace.confirm()  # any other does not have it either
        async with self._database.writing() as session:
            if await start_is_due(session, run.run_id):
                raise Unavailable("The run's start is still to be told.")
            changes = {"ended_at": self._now(), "exit_reason": "terminated"}
            await mark_run(session, run.run_id, status=RunStatus.FAILED, **changes)

    async def _put_back(self, row: tables.Dispatch, error: Exception) -> None:
        """Leave a run's deliveries to the next sweep, after a pause that grows."""
        pause = min(timedelta(seconds=2 ** min(row.attempts, 10)), _LONGEST_PAUSE)
        logger.warning("dispatch.failed", extra={"run_id": row.run_id, "error": str(error)})
        with contextlib.suppress(DormouseError):
            await self._forget_told()
            async with self._database.writing() as session:
                reason = str(error) or type(error).__name__
                again_at = self._now() + pause
                await note_failure(session, row.id or 0, error=reason, again_at=again_at)

    async def _forget_told(self) -> None:
        async with self._forgetting:  # who asks while it is under way waits for its end
            told, self._told = self._told, []
            if not told:
                return
            try:
                async with self._database.writing() as session:
                    await forget(session, told)
            except DormouseError:
                self._told = [*told, *self._told]
                raise

    async def _renew(self) -> None:
        """Go on holding what waits here for Temporal, so that nobody else tells it too."""
        if run_ids := list(self._queues):
            async with self._database.writing() as session:
                await renew(session, run_ids, owner=self._owner, now=self._now())

    async def _sweep(self) -> None:
        """Take over what nobody has in hand, as long as there is room for more."""
        while self.has_room and await self._take_over():
            pass

    async def _take_over(self) -> bool:
        """Take over some runs' deliveries; False when there are none."""
        now = self._now()
        async with self._database.reading() as session:
            if not await any_overdue(session, now=now):
                return False
        async with self._database.writing() as session:
            rows = await lease_overdue(session, owner=self._owner, now=now, limit=_AT_ONCE)
        self.deliver([row for row in rows if row.run_id not in self._queues])
        return bool(rows)
