"""Who is at work, and what is stuck: workers that get nothing to do, and stories that fail."""

import asyncio
import subprocess
from datetime import timedelta

import pytest
from temporalio.common import WorkerDeploymentVersion

from dispatch.connection import connect
from dispatch.control import RunControl
from runtime.queues import JOURNEYS_QUEUE
from store.sessions import Database
from tests.doctor.conftest import Configured
from tests.doctor.operating import at_work, until, until_seen
from tests.fakes.mistaken import Mistaken
from tests.fakes.operated import Server


@pytest.mark.usefixtures("use")
class TestAStoryWithAMistake:
    async def test_is_told_of_by_a_run_that_it_holds_up(
        self,
        configured: Configured,
        database: Database,
        server: Server,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.is_prepared("mistaken")
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "mistaken")
        client = await connect("")

        async with at_work(database, journeys=[Mistaken]):
            await client.start_workflow(
                "mistaken", id="run-1", task_queue=JOURNEYS_QUEUE, task_timeout=timedelta(seconds=1)
            )
            findings = await until(configured, "runs", verdict="failed")

        assert findings["runs"] == (
            "failed",
            (
                "1 run fails again and again where the story goes on, like run-1 "
                "(AttributeError: 'Times' object has no attribute 'setles_after'): read the error "
                "in the worker's log, mend the journey and deploy; nothing else is needed."
            ),
        )


_COMMAND = "`temporal worker deployment set-current-version --deployment-name first"
_NONE_IS_CURRENT = (
    "Workers of version 1.0 get nothing to do, for no version of first is current: run "
    f"{_COMMAND} --build-id 1.0 --namespace versioned --yes`."
)
_UNVERSIONED = (
    "Temporal gives work to version 1.0 of first alone, and DORMOUSE_BUILD_ID is not set: set it, "
    f"or run {_COMMAND} --unversioned --namespace versioned --yes`."
)
_ANOTHER_IS_CURRENT = (
    "Workers of version 2.0 get nothing to do, for version 1.0 of first is current: run "
    f"{_COMMAND} --build-id 2.0 --namespace versioned --yes`."
)


@pytest.mark.usefixtures("use")
class TestVersionedWorkers:
    async def test_get_nothing_to_do_until_the_cure_is_taken(
        self,
        configured: Configured,
        server: Server,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Of its own: workers of other tests are remembered for minutes.
        server.is_prepared("versioned")
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "versioned")
        settings = {"deployment_name": "first", "build_id": "1.0"}

        async with at_work(database, WorkerDeploymentVersion("first", "1.0")):
            before = await until_seen(configured, **settings)
            was_ready = await RunControl(await connect("")).worker_seen()
            await _until_done(server, before["version"][1])
            async with asyncio.timeout(15):
                while not await RunControl(await connect("")).worker_seen():
                    await asyncio.sleep(0.2)
            after = await until_seen(configured, **settings)
            unversioned = await until_seen(configured, deployment_name="first")
            older = await until_seen(configured, **{**settings, "build_id": "2.0"})

        assert not was_ready
        assert before["version"] == ("failed", _NONE_IS_CURRENT)
        assert after["version"] == ("ok", "Version 1.0 of first is current.")
        assert unversioned["version"] == ("failed", _UNVERSIONED)
        assert older["version"] == ("failed", _ANOTHER_IS_CURRENT)


async def _until_done(server: Server, cure: str) -> None:
    """Take a cure, again and again until Temporal knows all workers of the version."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await asyncio.to_thread(server.does, cure)
            except subprocess.CalledProcessError:
                await asyncio.sleep(0.2)
