"""Runs and what Temporal is to be told of them, on record; and what it was told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlmodel import col, select
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from ulid import ULID

from dispatch.dispatcher import Dispatcher
from store import tables
from store.dispatches import LEASE
from store.sessions import Database
from tests.fakes.clock import Clock
from tests.fakes.rows import ada, keep, run


@dataclass
class Post:
    """One customer's runs and their letters to Temporal."""

    database: Database
    client: Client
    clock: Clock
    runs: list[str] = field(default_factory=list)

    async def run(self, **changes: Any) -> str:
        """A run of which Temporal knows nothing yet."""
        if not self.runs:
            await keep(self.database, ada())
        run_id = f"run_{str(ULID()).lower()}"
        known = {"key": run_id, "workflow_id": f"cart-abandonment/cus_ada/{run_id}", **changes}
        await keep(self.database, run(run_id, **known))
        self.runs.append(run_id)
        return run_id

    async def letters(
        self,
        run_id: str,
        *names: str,
        owner: str | None = "somebody",
        lease: timedelta = LEASE,
    ) -> list[tables.Dispatch]:
        """Letters about a run, in somebody's hand: `start`, or the name of an event."""
        rows = [
            tables.Dispatch(
                run_id=run_id,
                kind="start" if name == "start" else "signal",
                name="cart-abandonment" if name == "start" else name,
                payload={"id": f"{run_id}/{name}", "customer_id": "cus_ada"},
                owner=owner,
                leased_until=self.clock() + lease,
                created_at=self.clock(),
            )
            for name in names
        ]
        await keep(self.database, *rows)
        return rows

    async def left_behind(self, run_id: str, *names: str) -> None:
        """Letters that nobody has in hand."""
        await self.letters(run_id, *names, owner=None, lease=timedelta())
        self.clock.passes(microseconds=1)

    async def waiting(self) -> list[tables.Dispatch]:
        """The letters that are still to be told."""
        async with self.database.reading() as session:
            rows = await session.scalars(select(tables.Dispatch).order_by(col(tables.Dispatch.id)))
            return list(rows)

    async def settled(self, *, within: float = 20) -> None:
        """Return when nothing is left to be told; give up after so many seconds."""
        async with asyncio.timeout(within):
            while await self.waiting():
                await asyncio.sleep(0.02)

    async def record(self, run_id: str) -> tables.Run:
        """The run's row."""
        async with self.database.reading() as session:
            return await session.get_one(tables.Run, run_id)

    def workflow(self, run_id: str) -> WorkflowHandle[Any, Any]:
        """The run's workflow."""
        return self.client.get_workflow_handle(f"cart-abandonment/cus_ada/{run_id}")

    async def told(self, run_id: str) -> list[str]:
        """What Temporal was told of a run, in order."""
        told = []
        async for event in self.workflow(run_id).fetch_history_events():
            if event.HasField("workflow_execution_started_event_attributes"):
                told.append("start")
            if event.HasField("workflow_execution_signaled_event_attributes"):
                told.append(event.workflow_execution_signaled_event_attributes.signal_name)
        return told

    @asynccontextmanager
    async def dispatcher(self, client: Client | None = None) -> AsyncIterator[Dispatcher]:
        """A process that tells Temporal."""
        opened = Dispatcher(database=self.database, client=client or self.client, now=self.clock)
        async with opened as dispatcher:
            yield dispatcher

    async def leave_nothing_running(self) -> None:
        """Terminate every workflow that was started here."""
        for run_id in self.runs:
            try:
                await self.workflow(run_id).terminate()
            except RPCError:
                continue
