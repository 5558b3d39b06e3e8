"""Workers, and a doctor who is asked until Temporal has seen them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from temporalio import activity
from temporalio.common import WorkerDeploymentVersion

from activities.records import RecordActivities
from activities.sending import SendActivities
from dispatch.connection import connect
from doctor.temporal import look_at_temporal
from domain.messages import StepOutcome, StepRequest, StepStatus
from store.sessions import Database
from tests.doctor.conftest import Configured, heard, now
from worker import build_workers
from workflows.catalogue import JOURNEYS


class Nobody:
    @activity.defn(name="send_message")
    async def send_message(self, _: StepRequest) -> StepOutcome:
        return StepOutcome(status=StepStatus.SENT)


@asynccontextmanager
async def at_work(
    database: Database,
    version: WorkerDeploymentVersion | None = None,
    *,
    journeys: Sequence[type] = JOURNEYS,
) -> AsyncIterator[str]:
    """Workers in the namespace of the environment; the name that they go by."""
    client = await connect("")
    stories, sender = build_workers(
        client,
        send=cast(SendActivities, Nobody()),
        records=RecordActivities(database=database, now=now),
        journeys=journeys,
        version=version,
    )
    async with stories, sender:
        yield client.identity


async def until_seen(configured: Configured, **settings: str) -> dict[str, tuple[str, str]]:
    """What the doctor finds once Temporal has seen the workers."""
    return await until(configured, "workers", **settings)


async def until(
    configured: Configured, check: str, *, verdict: str = "ok", **settings: str
) -> dict[str, tuple[str, str]]:
    """What the doctor finds once there is nothing wrong with this any more, or something is."""
    async with asyncio.timeout(30):
        while True:
            findings = await heard(look_at_temporal(configured(**settings), now))
            if findings.get(check, ("",))[0] == verdict:
                return findings
            await asyncio.sleep(0.2)
