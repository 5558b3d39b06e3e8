"""Several workers of one process with work in their hands, told to stop."""

import asyncio
import time
from datetime import timedelta
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from dispatch.connection import connect
from worker import all_at_work

GRACE = timedelta(seconds=2)


class Patience:
    """An activity that nothing but the end of its worker's patience ends."""

    def __init__(self) -> None:
        self.begun = 0

    @activity.defn(name="wait-for-ever")
    async def wait(self) -> None:
        self.begun += 1
        await asyncio.Event().wait()


async def work_for(client: Client, patience: Patience) -> Worker:
    """A worker, and an activity that waits for it."""
    queue = f"queue-{uuid4()}"
    await client.start_activity(
        "wait-for-ever",
        id=queue,
        task_queue=queue,
        start_to_close_timeout=timedelta(minutes=1),
    )
    return Worker(
        client,
        task_queue=queue,
        activities=[patience.wait],
        graceful_shutdown_timeout=GRACE,
    )


class TestWorkersThatAreToldToStop:
    async def test_let_what_is_in_their_hands_finish_at_the_same_time(self, temporal: str) -> None:
        client, patience = await connect(temporal), Patience()
        workers = [await work_for(client, patience) for _ in range(3)]

        async with all_at_work(workers):
            while patience.begun < 3:
                await asyncio.sleep(0.05)
            asked_at = time.monotonic()

        assert 2 <= time.monotonic() - asked_at < 4
