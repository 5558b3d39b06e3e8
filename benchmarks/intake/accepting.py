"""Events accepted a second over HTTP, beside an intake that only inserts them."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import func, select
from sqlmodel import col

from benchmarks import programs
from benchmarks.harness import Benchmark, Effort, Figure, Sample, Sides, Target
from benchmarks.intake import load
from benchmarks.intake.server import BARE, DORMOUSE
from benchmarks.intake.traffic import Message, traffic
from benchmarks.postgresql import postgresql_server
from local.keys import create
from store import tables
from store.migrations.run import migrate
from store.sessions import Database

_SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Shape:
    """How the events come."""

    #: Messages in a request.
    size: int
    connections: int
    #: Requests in a round.
    requests: int
    quick_requests: int


SINGLE: Final = Shape(size=1, connections=128, requests=15_000, quick_requests=100)
BATCHES: Final = Shape(size=100, connections=16, requests=300, quick_requests=3)
ALONE: Final = Shape(size=1, connections=1, requests=500, quick_requests=10)


@dataclass(slots=True)
class Gateway:
    """A gateway under load, with a database of its own."""

    program: programs.Program
    database_url: str
    key: str
    messages: Iterator[Message]
    shape: Shape
    effort: Effort
    accepted: int = 0

    async def measure(self) -> Sample:
        """Post one round of requests."""
        shape = self.shape
        count = shape.size * self.effort.amount(shape.requests, quick=shape.quick_requests)
        posted = load.requests(list(islice(self.messages, count)), size=shape.size, key=self.key)
        taken = self.program.processor_time()
        tally = await load.post(posted, port=self.program.port, connections=shape.connections)
        self.accepted += count
        return {
            "events": count / tally.seconds,
            "processor": (self.program.processor_time() - taken) / count * 1e6,
            "p50": tally.within(0.5),
            "p99": tally.within(0.99),
        }

    async def require_kept(self) -> None:
        """Raise RuntimeError unless every accepted event is in the database."""
        database = Database.open(self.database_url)
        async with database.reading() as session:
            told = select(func.count()).where(
                col(tables.Event.message_id).like("traffic-%"),
                col(tables.Event.message_id).not_like("%:%"),  # what follows from one of them
            )
            kept = await session.scalar(told)
        await database.close()
        if kept != self.accepted:
            raise RuntimeError(f"{self.accepted} events were accepted, but {kept} are kept.")


@asynccontextmanager
async def _on_sqlite(shape: Shape, effort: Effort) -> AsyncIterator[Sides]:
    with TemporaryDirectory(prefix="dormouse-benchmark-") as folder:
        urls = {kind: f"sqlite:///{folder}/{kind}.db" for kind in (DORMOUSE, BARE)}
        async with _sides(urls, shape, effort, Path(folder)) as sides:
            yield sides


@asynccontextmanager
async def _on_postgresql(shape: Shape, effort: Effort) -> AsyncIterator[Sides]:
    with TemporaryDirectory(prefix="dormouse-benchmark-") as folder:
        async with postgresql_server() as server:
            urls = {kind: await server.new_database(kind) for kind in (DORMOUSE, BARE)}
            async with _sides(urls, shape, effort, Path(folder)) as sides:
                yield sides


@asynccontextmanager
async def _sides(
    urls: dict[str, str], shape: Shape, effort: Effort, folder: Path
) -> AsyncIterator[Sides]:
    async with AsyncExitStack() as stack:
        gateways = {
            kind: await stack.enter_async_context(_gateway(kind, url, shape, effort, folder))
            for kind, url in urls.items()
        }
        yield Sides(gateways[DORMOUSE].measure, gateways[BARE].measure)
        for gateway in gateways.values():
            await gateway.require_kept()


@asynccontextmanager
async def _gateway(
    kind: str, url: str, shape: Shape, effort: Effort, folder: Path
) -> AsyncIterator[Gateway]:
    await migrate(url)
    key = await create(url, name="benchmark", scopes="ingest")
    own = programs.settings(folder, url)
    command = ("-m", "benchmarks.intake.server", kind)
    async with programs.running(command, own, folder=folder) as program:
        await programs.answering(program)
        recording = os.environ.get("DORMOUSE_BENCHMARK_EVENTS")
        messages = traffic(Path(recording) if recording else None, seed=_SEED)
        yield Gateway(program, url, key, messages, shape, effort)


def _benchmark(
    name: str,
    title: str,
    opened: Callable[[Effort], AbstractAsyncContextManager[Sides]],
    *,
    ratio: float | None,
) -> Benchmark:
    return Benchmark(
        name=f"intake-{name}",
        title=f"{title}, beside an intake that only inserts them",
        figures=(
            Figure("events", "/s", Target("ratio", at_least=ratio) if ratio else None),
            Figure("processor", "µs an event"),
            Figure("p50", "ms"),
            Figure("p99", "ms"),
        ),
        open=opened,
    )


def _benchmarks() -> Iterator[Benchmark]:
    for name, on in (("sqlite", _on_sqlite), ("postgresql", _on_postgresql)):
        single, batches, alone = (partial(on, shape) for shape in (SINGLE, BATCHES, ALONE))
        where = "SQLite" if name == "sqlite" else "PostgreSQL"
        yield _benchmark(
            f"single-{name}", f"Events on {where}, one a request, 128 at once", single, ratio=0.6
        )
        yield _benchmark(
            f"batches-{name}", f"Events on {where}, 100 a request, 16 at once", batches, ratio=0.5
        )
        yield _benchmark(
            f"alone-{name}", f"Events on {where}, one after the other", alone, ratio=None
        )


BENCHMARKS: Final = tuple(_benchmarks())
