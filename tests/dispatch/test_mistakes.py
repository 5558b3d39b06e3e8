"""Runs whose story fails whenever they wake, as engineers meet them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from dispatch.connection import connect
from dispatch.control import RunControl
from domain.errors import Refused
from tests.fakes.mistaken import Mistaken
from tests.fakes.temporal_server import SOON_STUCK, temporal_server

SAID = "AttributeError: 'Times' object has no attribute 'setles_after'"


@pytest.fixture(scope="module")
def temporal() -> Iterator[str]:
    with temporal_server(tuning=[SOON_STUCK]) as address:
        yield address


@workflow.defn(name="mistaken")
class Mended:
    """The same story, once somebody saw to it."""

    @workflow.run
    async def run(self) -> None:
        await asyncio.sleep(3_600)


@pytest.fixture
def queue() -> str:
    return f"queue-{uuid4()}"


@pytest.fixture
async def slept(client: Client, queue: str) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """A run that has not been told yet."""
    handle: WorkflowHandle[Any, Any] = await client.start_workflow(
        "mistaken",
        id=f"mistaken/{uuid4()}",
        task_queue=queue,
        task_timeout=timedelta(seconds=1),
    )
    yield handle
    with suppress(RPCError):
        await handle.terminate()


@pytest.fixture
async def run(
    client: Client, queue: str, slept: WorkflowHandle[Any, Any]
) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """A run of the mistaken story, with a worker at it."""
    async with worker_of(client, queue, Mistaken):
        yield slept


def worker_of(client: Client, queue: str, story: type) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        workflows=[story],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )


class TestARunWhoseStoryFails:
    async def test_says_how(self, client: Client, run: WorkflowHandle[Any, Any]) -> None:
        assert await _mistake(client, run.id) == SAID

    async def test_is_told_from_others(self, client: Client, run: WorkflowHandle[Any, Any]) -> None:
        control = RunControl(client)

        async with asyncio.timeout(20):
            while not (stuck := await control.stuck([run.id, "mistaken/nobody"])):
                await asyncio.sleep(0.1)

        assert stuck == {run.id}
        assert await control.stuck(["mistaken/nobody"]) == frozenset()

    async def test_cannot_be_changed_and_says_why(
        self, client: Client, run: WorkflowHandle[Any, Any]
    ) -> None:
        await _mistake(client, run.id)

        with pytest.raises(Refused) as refused:
            await RunControl(client).pause(run.id)

        assert (refused.value.code, str(refused.value)) == (
            "run-stuck",
            (
                f"The run's story fails whenever it wakes ({SAID}): mend the journey and deploy, "
                "or terminate the run in Temporal."
            ),
        )


class TestARunThatGoesOn:
    async def test_has_no_mistake_any_more_once_its_story_is_mended(
        self, client: Client, queue: str, slept: WorkflowHandle[Any, Any]
    ) -> None:
        async with worker_of(client, queue, Mistaken):
            await _mistake(client, slept.id)

        async with worker_of(client, queue, Mended), asyncio.timeout(20):
            while await RunControl(client).mistake(slept.id):
                await asyncio.sleep(0.1)

        assert (await slept.describe()).status is WorkflowExecutionStatus.RUNNING

    async def test_has_no_mistake(self, client: Client) -> None:
        handle = await client.start_workflow("any", id=f"any/{uuid4()}", task_queue="nobody's")

        assert await RunControl(client).mistake(handle.id) is None

        await handle.terminate()

    async def test_is_not_asked_about_when_there_is_none(self, client: Client) -> None:
        assert await RunControl(client).stuck([]) == frozenset()


class TestWhenTemporalIsAway:
    async def test_nobody_can_tell(self) -> None:
        away = RunControl(await connect("127.0.0.1:1", lazy=True))

        assert await away.mistake("mistaken/1") is None
        assert await away.stuck(["mistaken/1"]) == frozenset()


async def _mistake(client: Client, workflow_id: str) -> str:
    async with asyncio.timeout(20):
        while not (mistake := await RunControl(client).mistake(workflow_id)):
            await asyncio.sleep(0.1)
    return mistake
