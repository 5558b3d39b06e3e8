"""Gateway and worker as processes: how soon each is at work, and how much memory it holds."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import programs
from benchmarks.harness import Benchmark, Effort, Figure, Sample, Sides
from benchmarks.intake import load
from benchmarks.intake.traffic import traffic
from local.keys import create
from local.temporal_server import TemporalServer
from store.migrations.run import migrate

_CLI: Final = Path(__file__).parent.parent / "cli.py"
_SEED: Final = 11
_BATCH: Final = 100
_CONNECTIONS: Final = 8


@dataclass(frozen=True, slots=True)
class Processes:
    """A gateway and a worker, started anew in each round.

    Beside a Temporal server of that round: one that stays remembers the worker of the last.
    """

    folder: Path
    #: Messages that make up the load.
    load: int

    async def measure(self) -> Sample:
        """Start both on an empty database, look at them, load them, and look again."""
        server = TemporalServer(
            self.folder / f"temporal-{time.monotonic_ns()}.db",
            port=programs.free_port(),
            ui_port=programs.free_port(),
            log=self.folder / "temporal.log",
        )
        async with programs.temporal(server):
            return await self._beside(server)

    async def _beside(self, server: TemporalServer) -> Sample:
        database_url = f"sqlite:///{self.folder}/{time.monotonic_ns()}.db"
        await migrate(database_url)
        key = await create(database_url, name="benchmark", scopes="ingest")
        address = {"DORMOUSE_TEMPORAL_PORT": str(server.port)}
        own = programs.settings(self.folder, database_url, **address)
        started = time.perf_counter()
        async with programs.running((str(_CLI), "api"), own, folder=self.folder) as gateway:
            await programs.answering(gateway)
            found = {"gateway starts": time.perf_counter() - started}
            started = time.perf_counter()
            async with programs.running((str(_CLI), "worker"), own, folder=self.folder) as worker:
                # The gateway is ready once a worker has asked Temporal for work.
                await programs.answering(gateway, "/readyz")
                found["worker starts"] = time.perf_counter() - started
                found |= {"gateway idle": gateway.memory(), "worker idle": worker.memory()}
                await self._load(key, gateway.port)
                loaded = {"gateway loaded": gateway.memory(), "worker loaded": worker.memory()}
                return found | loaded

    async def _load(self, key: str, port: int) -> None:
        messages = list(islice(traffic(None, seed=_SEED), self.load))
        posted = load.requests(messages, size=_BATCH, key=key)
        await load.post(posted, port=port, connections=_CONNECTIONS)


@asynccontextmanager
async def _processes(effort: Effort) -> AsyncIterator[Sides]:
    with TemporaryDirectory(prefix="dormouse-benchmark-") as name:
        yield Sides(Processes(Path(name), effort.amount(20_000, quick=200)).measure)


BENCHMARKS: Final = (
    Benchmark(
        name="processes",
        title="Gateway and worker, each a process of its own, on SQLite",
        figures=(
            Figure("gateway starts", "s"),
            Figure("worker starts", "s"),
            Figure("gateway idle", "MB"),
            Figure("worker idle", "MB"),
            Figure("gateway loaded", "MB"),
            Figure("worker loaded", "MB"),
        ),
        open=_processes,
        warm_ups=0,
    ),
)
