"""Releases that follow each other while runs sleep, as docs/deploying.md rolls them out."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkerDeploymentVersion, WorkflowIDConflictPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from activities.records import RecordActivities
from activities.sending import SendActivities
from dispatch.connection import connect
from dispatch.control import RunControl
from domain.journeys import JourneyResult, JourneyStart, RunStatus
from domain.messages import StepOutcome, StepRequest, StepStatus
from store.sessions import Database
from tests.deployment.builds import FirstNap, NapSettings, SecondNap
from tests.programs import TEMPORAL
from worker import build_workers, sandbox

SCRIPT = Path(__file__).parents[2] / "deploy" / "temporal" / "make-current.sh"


class Postman:
    """Takes every mail of one build."""

    def __init__(self) -> None:
        self.took: list[str] = []

    @activity.defn(name="send_message")
    async def send_message(self, request: StepRequest) -> StepOutcome:
        self.took.append(request.step)
        return StepOutcome(status=StepStatus.SENT)


@pytest.fixture
async def client(temporal: str) -> Client:
    return await connect(temporal)


@pytest.fixture
def deployment() -> str:
    """A deployment of the test's own."""
    return f"shop-{uuid4().hex[:8]}"


class Releases:
    """The builds of one deployment on one server."""

    def __init__(self, client: Client, database: Database, deployment: str) -> None:
        self.client, self.database, self.deployment = client, database, deployment

    @asynccontextmanager
    async def at_work(self, build: str, journey: type[Any]) -> AsyncIterator[Postman]:
        """The worker of one build, with what it sends."""
        postman = Postman()
        stories, sender = build_workers(
            self.client,
            send=cast(SendActivities, postman),
            records=RecordActivities(database=self.database, now=lambda: datetime.now(UTC)),
            journeys=[journey],
            version=WorkerDeploymentVersion(self.deployment, build),
        )
        async with stories, sender:
            yield postman

    async def make_current(self, build: str) -> None:
        """What the operator does, again and again until the server knows the build's workers."""
        command = ("set-current-version", "--build-id", build, "--yes")
        async with asyncio.timeout(30):
            while not await self._tell_temporal(*command):
                await asyncio.sleep(0.2)

    async def make_current_as_compose_does(self, build: str) -> None:
        """The script of docker-compose.yml."""
        process = await asyncio.create_subprocess_exec(
            *("sh", str(SCRIPT)),
            env={
                "PATH": f"{Path(TEMPORAL).parent}:{os.environ['PATH']}",
                "TEMPORAL_ADDRESS": self.client.service_client.config.target_host,
                "DORMOUSE_DEPLOYMENT_NAME": self.deployment,
                "DORMOUSE_BUILD_ID": build,
            },
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await process.wait() == 0

    async def leave_the_queues_to_others(self) -> None:
        """Let no version be current."""
        command = ("--unversioned", "--allow-no-pollers", "--ignore-missing-task-queues", "--yes")
        assert await self._tell_temporal("set-current-version", *command)

    async def start_run(self) -> WorkflowHandle[Any, JourneyResult]:
        """A run of the journey, as the dispatcher would start it."""
        start: JourneyStart[NapSettings] = JourneyStart(
            run_id=f"run_{uuid4().hex}",
            customer_id="cus_ada",
            entered_at=datetime.now(UTC),
            settings=NapSettings(),
        )
        return await self.client.start_workflow(
            "nap",
            start,
            id=f"nap/{start.run_id}",
            task_queue="journeys",
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            result_type=JourneyResult,
        )

    async def falls_asleep(self, run: WorkflowHandle[Any, Any]) -> None:
        """Wait until the run rests in its long wait."""
        control = RunControl(self.client)
        async with asyncio.timeout(30):
            while True:
                position = await control.position(run.id)
                if position and position.status is RunStatus.WAITING and position.wakes_at:
                    return

    async def wake(self, run: WorkflowHandle[Any, Any]) -> None:
        """End the run's wait."""
        await RunControl(self.client).fast_forward(run.id)

    async def _tell_temporal(self, *command: str) -> bool:
        """Whether `temporal worker deployment …` is done; it refuses versions without workers."""
        process = await asyncio.create_subprocess_exec(
            *(TEMPORAL, "worker", "deployment", *command, "--deployment-name", self.deployment),
            *("--address", self.client.service_client.config.target_host),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await process.wait() == 0


@pytest.fixture
async def releases(client: Client, database: Database, deployment: str) -> AsyncIterator[Releases]:
    releases = Releases(client, database, deployment)
    yield releases
    await releases.leave_the_queues_to_others()


class TestAVersionedWorker:
    async def test_is_given_nothing_to_do_until_its_version_is_current(
        self, releases: Releases
    ) -> None:
        async with releases.at_work("1.0", FirstNap):
            run = await releases.start_run()
            before = await RunControl(releases.client).position(run.id)

            await releases.make_current_as_compose_does("1.0")

            await releases.falls_asleep(run)
            assert before is None
            await run.terminate()

    async def test_continues_what_an_older_version_put_to_sleep(self, releases: Releases) -> None:
        async with releases.at_work("2.0", SecondNap) as second:
            async with releases.at_work("1.0", FirstNap) as first:
                await releases.make_current("1.0")
                run = await releases.start_run()
                await releases.falls_asleep(run)
                await releases.make_current("2.0")

            await releases.wake(run)
            result = await run.result()

        assert [step for step, _ in result.steps] == ["knock", "good-morning"]
        assert (first.took, second.took) == ([], ["knock", "good-morning"])
        history = await run.fetch_history()
        replayer = Replayer(
            workflows=[SecondNap],
            data_converter=pydantic_data_converter,
            workflow_runner=sandbox(),
        )
        await replayer.replay_workflow(history)

    async def test_takes_over_again_when_it_is_rolled_back_to(self, releases: Releases) -> None:
        async with (
            releases.at_work("1.0", FirstNap) as first,
            releases.at_work("2.0", SecondNap) as second,
        ):
            await releases.make_current("1.0")
            run = await releases.start_run()
            await releases.falls_asleep(run)
            await releases.make_current("2.0")
            await releases.make_current("1.0")

            await releases.wake(run)
            result = await run.result()

        assert [step for step, _ in result.steps] == ["good-morning"]
        assert (first.took, second.took) == (["good-morning"], [])
