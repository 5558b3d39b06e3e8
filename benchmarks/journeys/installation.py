"""A whole Dormouse under measurement, and beside it a worker of the smallest workflow."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import aiohttp
import asyncpg
from sqlalchemy import make_url
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from benchmarks.harness import Unmeasurable
from benchmarks.journeys.raw import QUEUE
from benchmarks.journeys.waiting import until
from local.ports import lasting_ports
from runtime.queues import JOURNEYS_QUEUE
from store.sessions import Database

_HERE: Final = Path(__file__).parents[2]
_UP_WITHIN: Final = 180
_STOPS_WITHIN: Final = 60
#: For so many seconds Temporal repeats how much it last found waiting.
_COUNTED_ANEW_AFTER: Final = 5.5
_KEY: Final = re.compile(r"\bdm_\S+")


class On(StrEnum):
    """Which Temporal server the journeys run on."""

    #: `dormouse up`: one process over SQLite, one gateway, one worker.
    EMBEDDED = "embedded"
    #: `dormouse cluster`: roles over PostgreSQL, two gateways, two workers.
    CLUSTER = "cluster"


#: Benchmarks on a cluster run only where this is set.
SETTING: Final = "DORMOUSE_TEST_CLUSTER"


@dataclass(frozen=True, slots=True)
class Installation:
    """A running Dormouse, as a shop and as its engineer see it."""

    state: Path
    #: The gateways' addresses.
    urls: Sequence[str]
    http: aiohttp.ClientSession
    temporal: Client
    database: Database
    #: Temporal's database addresses; none when it keeps a file.
    temporal_databases: Sequence[str]
    database_url: str
    #: Where the smallest workflow's activities leave their bytes.
    tally: Path

    async def post(self, path: str, body: Mapping[str, Any], *, gateway: int = 0) -> Any:
        """POST to a gateway; raises RuntimeError with its answer unless it took everything."""
        url = f"{self.urls[gateway % len(self.urls)]}{path}"
        async with self.http.post(url, json=body) as response:
            answer = await response.json()
            if not response.ok or answer.get("errors"):
                raise RuntimeError(f"{url} answered {response.status}: {answer}")
            return answer

    async def get(self, path: str) -> Any:
        """GET from the first gateway."""
        async with self.http.get(f"{self.urls[0]}{path}") as response:
            response.raise_for_status()
            return await response.json()

    async def put(self, path: str, body: Mapping[str, Any]) -> None:
        """PUT to the first gateway."""
        async with self.http.put(f"{self.urls[0]}{path}", json=body) as response:
            response.raise_for_status()

    async def settles(self, *, within: float) -> None:
        """Return once no workflow waits for a worker: whatever was started has fallen asleep.

        Raises TimeoutError after `within` seconds.
        """

        async def waiting() -> int:
            # An answer of before would be given again: it says what was while they were started.
            await asyncio.sleep(_COUNTED_ANEW_AFTER)
            return sum([await self._waiting(queue) for queue in (JOURNEYS_QUEUE, QUEUE)])

        async with asyncio.timeout(within):
            while await waiting():
                pass

    async def _waiting(self, queue: str) -> int:
        told = await self.temporal.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self.temporal.namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
                report_stats=True,
            )
        )
        return told.stats.approximate_backlog_count

    async def size_of_temporal(self) -> float:
        """How much Temporal's databases take, in bytes."""
        if not self.temporal_databases:
            return _size_of_file(self.state / "temporal.db")
        return sum([await _size_of_database(url) for url in self.temporal_databases])

    async def size_of_ours(self) -> float:
        """How much our database takes, in bytes."""
        if self.temporal_databases:
            return await _size_of_database(self.database_url)
        return _size_of_file(self.state / "dormouse.db")

    def memory_of_workers(self) -> float:
        """Resident memory of our workers, in bytes."""
        record = json.loads((self.state / "processes.json").read_text())
        return sum(_memory(one["pid"]) for one in record if one["name"].startswith("worker"))


@asynccontextmanager
async def installed(on: On) -> AsyncIterator[Installation]:
    """A whole Dormouse in a folder of its own; raises Unmeasurable where it cannot be had."""
    if on is On.CLUSTER and not os.environ.get(SETTING):
        raise Unmeasurable(f"set {SETTING}=1 to measure on a cluster (docs/how-to/cluster.md)")
    folder = _new_folder()
    try:
        async with _running(on, folder) as environment, _opened(on, folder, environment) as opened:
            yield opened
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _running(on: On, folder: Path) -> AsyncIterator[Mapping[str, str]]:
    """Everything started, and where it is; stopped in the end."""
    gateway, _, temporal, ui = lasting_ports(4)  # a second gateway comes right after the first
    settings = {
        "DORMOUSE_DATA_DIR": str(folder / "state"),
        "DORMOUSE_PORT": str(gateway),
        "DORMOUSE_TEMPORAL_PORT": str(temporal),
        "DORMOUSE_TEMPORAL_UI_PORT": str(ui),
    }
    command = "cluster" if on is On.CLUSTER else "up"
    output = folder / "output.txt"
    with output.open("wb") as told:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(_HERE / "cli.py"), command),
            cwd=folder,  # where no .env lies
            env={**os.environ, **settings},
            stdout=told,
            stderr=told,
        )
    try:
        key = await _key_told(process, output)
        yield {**settings, "KEY": key}
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(_STOPS_WITHIN):
            await process.wait()


@asynccontextmanager
async def _opened(on: On, folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Installation]:
    is_cluster = on is On.CLUSTER
    state = folder / "state" / "cluster" if is_cluster else folder / "state"
    told = _environment_file(state / "cluster.env") if is_cluster else {}
    address = f"127.0.0.1:{settings['DORMOUSE_TEMPORAL_PORT']}"
    namespace = told.get("TEMPORAL_NAMESPACE", "default")
    database_url = told.get("DORMOUSE_DATABASE_URL", f"sqlite:///{state / 'dormouse.db'}")
    tally = folder / "tally"
    tally.mkdir()
    headers = {"Authorization": f"Bearer {settings['KEY']}"}
    database = Database.open(database_url)
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            _raw_workers(2 if is_cluster else 1, tally, address=address, namespace=namespace),
        ):
            port = int(settings["DORMOUSE_PORT"])
            yield Installation(
                state=state,
                urls=[f"http://127.0.0.1:{port + n}" for n in range(2 if is_cluster else 1)],
                http=http,
                temporal=await Client.connect(address, namespace=namespace),
                database=database,
                temporal_databases=_temporal_databases(database_url) if is_cluster else (),
                database_url=database_url,
                tally=tally,
            )
    finally:
        await database.close()


@asynccontextmanager
async def _raw_workers(
    count: int, tally: Path, *, address: str, namespace: str
) -> AsyncIterator[None]:
    """As many workers of the smallest workflow as Dormouse has."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(_HERE),
        "TEMPORAL_ADDRESS": address,
        "TEMPORAL_NAMESPACE": namespace,
    }
    command = (sys.executable, "-m", "benchmarks.journeys.raw_worker", str(tally))
    processes = [
        await asyncio.create_subprocess_exec(*command, env=environment) for _ in range(count)
    ]
    try:

        async def ready() -> bool:
            return (tally / "ends").exists()

        await until(ready, within=_UP_WITHIN)
        yield
    finally:
        for process in processes:
            process.terminate()
        await asyncio.gather(*(process.wait() for process in processes))


async def _key_told(process: asyncio.subprocess.Process, output: Path) -> str:
    async def told_or_ended() -> bool:
        return bool(_KEY.search(_read(output))) or process.returncode is not None

    await until(told_or_ended, within=_UP_WITHIN, look_every=0.2)
    told = _read(output)
    if found := _KEY.search(told):
        return found[0]
    raise Unmeasurable(told.strip().rpartition("\n")[2])


def _read(path: Path) -> str:
    return path.read_text()


def _new_folder() -> Path:
    folder = Path(mkdtemp(prefix="dormouse-benchmark-"))
    folder.chmod(0o755)  # PostgreSQL's own user has to pass
    return folder


def _environment_file(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def _temporal_databases(ours: str) -> list[str]:
    url = make_url(ours)
    return [
        url.set(database=name).render_as_string(hide_password=False)
        for name in ("temporal", "temporal_visibility")
    ]


def _size_of_file(path: Path) -> float:
    """A SQLite file with what it has not taken in yet."""
    return sum(file.stat().st_size for file in (path, Path(f"{path}-wal")) if file.exists())


async def _size_of_database(url: str) -> float:
    plain = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        return float(await connection.fetchval("SELECT pg_database_size(current_database())"))
    finally:
        await connection.close()


def _memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return float(line.split()[1]) * 1_024
