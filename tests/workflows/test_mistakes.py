"""A test of a story with a mistake in it fails at once, as the story did."""

import asyncio
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.driver.house import require_no_mistake, time_skipping
from tests.fakes.mistaken import Mistaken


class TestAStoryWithAMistake:
    async def test_fails_its_test_with_its_own_error(self) -> None:
        async with (
            time_skipping() as environment,
            Worker(
                environment.client,
                task_queue="stories",
                workflows=[Mistaken],
                workflow_runner=UnsandboxedWorkflowRunner(),
            ),
        ):
            run = await environment.client.start_workflow(
                "mistaken", id="run-1", task_queue="stories"
            )

            with pytest.raises(AssertionError, match="the story failed: AttributeError: 'Times' o"):
                await _settled(run)


async def _settled(run: WorkflowHandle[Any, Any]) -> None:
    async with asyncio.timeout(10):
        while True:
            require_no_mistake((await run.fetch_history()).events)
            await asyncio.sleep(0.01)
