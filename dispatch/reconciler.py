"""The reconciler: notices runs that were ended by force, behind their journey's back.

A workflow that is terminated in the Temporal UI cannot record its own end. Without this its row
would count as active for ever, and keep its customer out of the journey.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio.client import Client

from dispatch.repeating import Repeating
from domain.journeys import RunStatus
from store.ledger import mark_run
from store.runs import active_workflows
from store.sessions import Database

_EVERY: Final = 15.0
_PATIENCE: Final = 10.0
#: Temporal's visibility lags behind by about a second; this much is looked at again.
_OVERLAP: Final = timedelta(minutes=5)
_BY_FORCE: Final = {"TERMINATED": "terminated", "FAILED": "failed", "TIMED_OUT": "timed-out"}
_QUERY: Final = 'ExecutionStatus IN ("Terminated", "Failed", "TimedOut") AND CloseTime > "{}"'


class Reconciler(Repeating):
    """Looks at Temporal for runs closed by force and records their end."""

    def __init__(self, *, database: Database, client: Client, now: Callable[[], datetime]) -> None:
        super().__init__("reconciler", self.reconcile, every=_EVERY)
        self._database, self._client, self._now = database, client, now
        self._since = now() - timedelta(days=30)

    async def reconcile(self) -> None:
        """Record the end of every run that was closed by force since the last time."""
        began = self._now()
        query = _QUERY.format(self._since.isoformat())
        async with asyncio.timeout(_PATIENCE):
            closed = {found.id async for found in self._client.list_workflows(query)}
        async with self._database.reading() as session:
            surprising = await active_workflows(session, closed)
        for workflow_id, run_id in surprising.items():
            await self._look_at(workflow_id, run_id)
        self._since = began - _OVERLAP

    async def _look_at(self, workflow_id: str, run_id: str) -> None:
        """Record the run's end; not if it was reset in Temporal, and goes on since."""
        async with asyncio.timeout(_PATIENCE):
            found = await self._client.get_workflow_handle(workflow_id).describe()
        reason = _BY_FORCE.get(found.status.name if found.status else "")
        if reason is None:
            return
        async with self._database.writing() as session:
            await mark_run(
                session,
                run_id,
                status=RunStatus.FAILED,
                exit_reason=reason,
                ended_at=found.close_time or self._now(),
                failure=f"The workflow was closed from outside: {reason}.",
            )
