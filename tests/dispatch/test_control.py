import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from dispatch.connection import connect
from dispatch.control import RunControl
from domain.errors import Refused, Unavailable
from domain.journeys import RunPosition, RunStatus
from runtime.queues import JOURNEYS_QUEUE


@workflow.defn(name="any-journey")
class AnyJourney:
    """Waits until it is ended, and refuses to be resumed."""

    def __init__(self) -> None:
        self.reason: str | None = None

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self.reason is not None)

    @workflow.query
    def position(self) -> RunPosition:
        return RunPosition(status=RunStatus.WAITING, exit_reason=self.reason)

    @workflow.update
    def end(self, reason: str) -> RunPosition:
        self.reason = reason
        return self.position()

    @workflow.update
    def pause(self) -> RunPosition:
        return RunPosition(status=RunStatus.PAUSED)

    @workflow.update
    def fast_forward(self) -> RunPosition:
        return self.position()

    @workflow.update
    def resume(self) -> RunPosition:
        return self.position()

    @resume.validator
    def _may_resume(self) -> None:
        raise ApplicationError("The run is not paused.", type="not-paused")


@pytest.fixture
def queue() -> str:
    """A task queue of the test's own: no worker of another test takes its tasks along."""
    return f"queue-{uuid4()}"


@pytest.fixture
async def run(client: Client, queue: str) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    handle = await client.start_workflow(
        "any-journey", id=f"any-journey/{uuid4()}", task_queue=queue
    )
    yield handle
    with suppress(RPCError):
        await handle.terminate()


def worker_of(client: Client, queue: str) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        workflows=[AnyJourney],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )


@pytest.fixture
async def worker(client: Client, queue: str) -> AsyncIterator[Worker]:
    async with worker_of(client, queue) as worker:
        yield worker


@pytest.mark.usefixtures("worker")
class TestControl:
    async def test_says_where_a_run_is(self, client: Client, run: WorkflowHandle[Any, Any]) -> None:
        found = await RunControl(client).position(run.id)

        assert found == RunPosition(status=RunStatus.WAITING)

    async def test_passes_on_what_an_engineer_wants(
        self, client: Client, run: WorkflowHandle[Any, Any]
    ) -> None:
        control = RunControl(client)

        assert (await control.pause(run.id)).status is RunStatus.PAUSED
        assert (await control.fast_forward(run.id)).status is RunStatus.WAITING
        assert (await control.end(run.id, "tested")).exit_reason == "tested"

    async def test_passes_on_the_runs_own_refusal(
        self, client: Client, run: WorkflowHandle[Any, Any]
    ) -> None:
        with pytest.raises(Refused, match="not paused") as refused:
            await RunControl(client).resume(run.id)

        assert refused.value.code == "not-paused"

    async def test_refuses_to_change_a_run_that_has_ended(
        self, client: Client, run: WorkflowHandle[Any, Any]
    ) -> None:
        await RunControl(client).end(run.id, "tested")
        await run.result()

        with pytest.raises(Refused) as refused:
            await RunControl(client).pause(run.id)

        assert refused.value.code == "run-ended"

    async def test_refuses_to_change_a_run_that_never_was(self, client: Client) -> None:
        with pytest.raises(Refused) as refused:
            await RunControl(client).end("any-journey/nobody", "tested")

        assert refused.value.code == "run-ended"

    async def test_knows_no_place_of_a_run_that_never_was(self, client: Client) -> None:
        assert await RunControl(client).position("any-journey/nobody") is None

    async def test_sees_temporal_and_a_worker_that_asks_for_journeys(self, client: Client) -> None:
        control = RunControl(client)

        assert await control.is_reachable()
        async with worker_of(client, JOURNEYS_QUEUE), asyncio.timeout(10):
            while not await control.worker_seen():
                await asyncio.sleep(0.05)


@pytest.fixture
async def away() -> RunControl:
    """Temporal is down."""
    return RunControl(await connect("127.0.0.1:1", lazy=True))


class TestWhenTemporalIsAway:
    @pytest.mark.parametrize("wish", ["pause", "resume", "fast_forward"])
    async def test_a_change_is_unavailable_soon(self, away: RunControl, wish: str) -> None:
        began = time.monotonic()

        with pytest.raises(Unavailable, match="try again"):
            await getattr(away, wish)("any-journey/1")

        assert time.monotonic() - began < 3

    async def test_nobody_can_tell_where_a_run_is(self, away: RunControl) -> None:
        began = time.monotonic()

        assert await away.position("any-journey/1") is None
        assert time.monotonic() - began < 3

    async def test_neither_temporal_nor_the_worker_is_seen(self, away: RunControl) -> None:
        began = time.monotonic()

        assert not await away.is_reachable()
        assert not await away.worker_seen()
        assert time.monotonic() - began < 5

    async def test_connecting_says_what_to_do(self) -> None:
        with pytest.raises(Unavailable, match="start it"):
            await connect("127.0.0.1:1")


class TestWhenTheWorkerIsAway:
    async def test_a_change_is_unavailable_soon(
        self, client: Client, run: WorkflowHandle[Any, Any]
    ) -> None:
        began = time.monotonic()

        with pytest.raises(Unavailable, match="try again"):
            await RunControl(client).pause(run.id)

        assert time.monotonic() - began < 3

    async def test_nobody_can_tell_where_a_run_is(
        self, client: Client, run: WorkflowHandle[Any, Any]
    ) -> None:
        began = time.monotonic()

        assert await RunControl(client).position(run.id) is None
        assert time.monotonic() - began < 3
