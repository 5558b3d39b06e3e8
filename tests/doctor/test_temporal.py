"""A real Temporal server, set up by the commands that the doctor and the compose file give."""

import asyncio
import os
import re
import shlex
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from temporalio import activity
from temporalio.common import WorkerDeploymentVersion

from activities.records import RecordActivities
from activities.sending import SendActivities
from dispatch.connection import connect
from dispatch.control import RunControl
from doctor.temporal import look_at_temporal
from domain.messages import StepOutcome, StepRequest, StepStatus
from local.ports import free_port
from store.namespaces import remember_namespace
from store.sessions import Database
from tests.doctor.conftest import Configured, heard, now
from tests.fakes.mistaken import Mistaken
from tests.fakes.temporal_server import SOON_STUCK, temporal_server
from tests.programs import TEMPORAL
from worker import JOURNEYS_QUEUE, build_workers
from workflows.catalogue import JOURNEYS

SCRIPTS = Path(__file__).parents[2] / "deploy" / "temporal"


class Server:
    """A server, and the programs that operators use on it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def runs(self, *command: str, **environment: str) -> None:
        """Run a command as an operator would, with Temporal's own program on the path."""
        subprocess.run(
            command,
            env={
                "PATH": f"{Path(TEMPORAL).parent}:{os.environ['PATH']}",
                "TEMPORAL_ADDRESS": self.address,
                **environment,
            },
            capture_output=True,
            timeout=60,
            check=True,
        )

    def is_prepared(self, namespace: str) -> None:
        """Prepare a namespace as docker-compose.yml does."""
        self.runs("sh", str(SCRIPTS / "namespace.sh"), TEMPORAL_NAMESPACE=namespace)

    def does(self, cure: str) -> None:
        """Run the first command that a finding names."""
        found = re.search(r"`(temporal [^`]*)`", cure)
        assert found, cure
        self.runs(*shlex.split(found[1]))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with temporal_server(is_prepared=False, tuning=[SOON_STUCK]) as address:
        yield Server(address)


@pytest.fixture(scope="module")
def shop(server: Server) -> str:
    """A namespace that has all that runs need."""
    server.is_prepared("shop")
    return "shop"


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, server: Server, shop: str) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", shop)


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


@pytest.mark.usefixtures("use")
class TestATemporalAsItShouldBe:
    async def test_was_prepared_by_the_compose_file_and_has_workers(
        self, configured: Configured, server: Server, database: Database
    ) -> None:
        async with at_work(database) as name:
            findings = await _until_seen(configured)

        temporal = findings.pop("temporal")
        assert temporal[0] == "ok"
        assert temporal[1].endswith(f" answers at {server.address}.")
        assert findings == {
            "namespace": ("ok", "Temporal has the namespace 'shop'."),
            "retention": ("ok", "Temporal keeps runs that ended for 30 days."),
            "search attributes": (
                "ok",
                "Runs can be searched by customer and by version of settings.",
            ),
            "workers": ("ok", f"Workers take up journeys and sending: {name}."),
            "version": ("ok", "Workers are unversioned."),
            "temporal's clock": ("ok", "Temporal's clock is not ahead of this machine's."),
            "runs": ("ok", "No run fails again and again."),
        }


@pytest.mark.usefixtures("use")
class TestATemporalThatIsWrong:
    async def test_does_not_answer(
        self, configured: Configured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        port = free_port()
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")

        findings = await heard(look_at_temporal(configured(), now))

        assert findings == {
            "temporal": (
                "failed",
                (
                    f"Temporal does not answer at 127.0.0.1:{port}: start it (`dormouse up` does) "
                    "or set TEMPORAL_ADDRESS."
                ),
            )
        }

    async def test_has_no_such_namespace(
        self, configured: Configured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "bakery")

        findings = await heard(look_at_temporal(configured(), now))

        assert findings["namespace"] == (
            "failed",
            (
                "Temporal has no namespace 'bakery': make it with `temporal operator namespace "
                "create --namespace bakery --retention 30d`, or correct TEMPORAL_NAMESPACE."
            ),
        )

    async def test_is_not_where_the_runs_are(
        self, configured: Configured, server: Server, database: Database, database_url: str
    ) -> None:
        async with database.writing() as session:
            await remember_namespace(session, namespace_id="5f0e", name="shop", now=now())

        findings = await heard(look_at_temporal(configured(database_url=database_url), now))

        assert findings["namespace"] == (
            "failed",
            (
                "This database's runs are in Temporal's namespace 'shop' with the id 5f0e, which "
                f"'shop' at {server.address} is not: correct TEMPORAL_ADDRESS and "
                "TEMPORAL_NAMESPACE or, if Temporal was moved or lost, stop gateways and workers "
                "and run `dormouse forget-namespace`."
            ),
        )

    async def test_forgets_too_soon_and_knows_no_search_attributes_until_it_is_told(
        self, configured: Configured, monkeypatch: pytest.MonkeyPatch, server: Server
    ) -> None:
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "default")

        before = await heard(look_at_temporal(configured(), now))
        for check in ("retention", "search attributes"):
            server.does(before[check][1])
        after = await _until(configured, "search attributes")

        assert before["retention"] == (
            "failed",
            (
                "Temporal forgets runs 1 days after their end: keep them for 30 with `temporal "
                "operator namespace update --namespace default --retention 30d`."
            ),
        )
        assert before["search attributes"] == (
            "failed",
            (
                "Temporal does not know the keywords DormouseCustomer and DormouseJourneyVersion, "
                "and no run can start: add them with `temporal operator search-attribute create "
                "--namespace default --name DormouseCustomer --type Keyword "
                "--name DormouseJourneyVersion --type Keyword` (on Temporal Cloud: in the "
                "namespace's settings)."
            ),
        )
        assert (after["retention"][0], after["search attributes"][0]) == ("ok", "ok")

    async def test_has_nobody_at_work(
        self, configured: Configured, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.is_prepared("idle")
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "idle")

        findings = await heard(look_at_temporal(configured(), now))

        assert findings["workers"] == (
            "failed",
            (
                "No worker takes up journeys and sending, so that runs sleep on: start `dormouse "
                "worker` with this TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, or see its log."
            ),
        )

    async def test_lives_ahead_of_us(self, configured: Configured, database: Database) -> None:
        async with at_work(database):
            await _until_seen(configured)
            findings = await heard(
                look_at_temporal(configured(), lambda: now() - timedelta(minutes=1))
            )

        verdict, says = findings["temporal's clock"]
        assert verdict == "failed"
        assert re.fullmatch(
            r"Temporal's clock is \d\d seconds ahead of this machine's: let both follow NTP\.",
            says,
        )


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
            findings = await _until(configured, "runs", verdict="failed")

        assert findings["runs"] == (
            "failed",
            (
                "1 run fails again and again where the story goes on, like run-1 "
                "(AttributeError: 'Times' object has no attribute 'setles_after'): read the error "
                "in the worker's log, mend the journey and deploy; nothing else is needed."
            ),
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
            before = await _until_seen(configured, **settings)
            was_ready = await RunControl(await connect("")).worker_seen()
            await _until_done(server, before["version"][1])
            async with asyncio.timeout(15):
                while not await RunControl(await connect("")).worker_seen():
                    await asyncio.sleep(0.2)
            after = await _until_seen(configured, **settings)
            unversioned = await _until_seen(configured, deployment_name="first")
            older = await _until_seen(configured, **{**settings, "build_id": "2.0"})

        command = "`temporal worker deployment set-current-version --deployment-name first"
        assert not was_ready
        assert before["version"] == (
            "failed",
            (
                "Workers of version 1.0 get nothing to do, for no version of first is current: run "
                f"{command} --build-id 1.0 --namespace versioned --yes`."
            ),
        )
        assert after["version"] == ("ok", "Version 1.0 of first is current.")
        assert unversioned["version"] == (
            "failed",
            (
                "Temporal gives work to version 1.0 of first alone, and DORMOUSE_BUILD_ID is not "
                f"set: set it, or run {command} --unversioned --namespace versioned --yes`."
            ),
        )
        assert older["version"] == (
            "failed",
            (
                "Workers of version 2.0 get nothing to do, for version 1.0 of first is current: "
                f"run {command} --build-id 2.0 --namespace versioned --yes`."
            ),
        )


async def _until_seen(configured: Configured, **settings: str) -> dict[str, tuple[str, str]]:
    """What the doctor finds once Temporal has seen the workers."""
    return await _until(configured, "workers", **settings)


async def _until(
    configured: Configured, check: str, *, verdict: str = "ok", **settings: str
) -> dict[str, tuple[str, str]]:
    """What the doctor finds once there is nothing wrong with this any more, or something is."""
    async with asyncio.timeout(30):
        while True:
            findings = await heard(look_at_temporal(configured(**settings), now))
            if findings.get(check, ("",))[0] == verdict:
                return findings
            await asyncio.sleep(0.2)


async def _until_done(server: Server, cure: str) -> None:
    """Take a cure, again and again until Temporal knows all workers of the version."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await asyncio.to_thread(server.does, cure)
            except subprocess.CalledProcessError:
                await asyncio.sleep(0.2)
