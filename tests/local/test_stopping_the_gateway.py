"""A gateway that is stopped or killed in the middle of everything loses nothing it answered for."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from sqlmodel import col, select

from store import tables
from store.keys import create_key
from store.sessions import Database
from tests.fakes.installation import Installation
from tests.fakes.waiting import until

CONNECTIONS: Final = 16
on_both: Final = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
_NUMBERS: Final = count(1)


@dataclass
class Gateway:
    """A gateway's process, and a shop that sends whatever it can."""

    process: asyncio.subprocess.Process
    url: str
    key: str
    kept: set[str] = field(default_factory=set)
    #: How the calls ended: by status, or `None` without an answer.
    answers: Counter[int | None] = field(default_factory=Counter)
    retry_after: set[str | None] = field(default_factory=set)

    async def is_busy(self, *, until: asyncio.Event) -> None:
        """Many connections send one event or ten at a time, until each is refused."""
        headers = {"Authorization": f"Bearer {self.key}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            sending = (self._send(session, until, size=1 + 9 * (n % 2)) for n in range(CONNECTIONS))
            await asyncio.gather(*sending)

    async def _send(
        self, session: aiohttp.ClientSession, until: asyncio.Event, *, size: int
    ) -> None:
        while not until.is_set():
            ids = [f"m-{next(_NUMBERS)}" for _ in range(size)]
            batch = [
                {"type": "track", "messageId": i, "userId": i, "event": "Tent Pitched"} for i in ids
            ]
            try:
                async with session.post(f"{self.url}/v1/batch", json={"batch": batch}) as answer:
                    await answer.read()
            except aiohttp.ClientError:
                self.answers[None] += 1
                await asyncio.sleep(0.01)
                continue
            self.answers[answer.status] += 1
            if answer.status == HTTPStatus.OK:
                self.kept |= set(ids)
            else:
                self.retry_after.add(answer.headers.get("Retry-After"))

    async def says_that_it_stops(self) -> bool:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/readyz") as answer,
        ):
            told = await answer.json()
        return bool(told["stopping"]) and answer.status == HTTPStatus.SERVICE_UNAVAILABLE


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Installation:
    settings = {"DORMOUSE_SECRET_KEY": "s" * 32, "DORMOUSE_DATABASE_URL": database_url}
    return Installation(tmp_path, settings)


@asynccontextmanager
async def gateway_of(installation: Installation, **settings: str) -> AsyncIterator[Gateway]:
    database = Database.open(installation.settings["DORMOUSE_DATABASE_URL"])
    async with database.writing() as session:
        key = await create_key(session, name="shop", scopes=["ingest"], now=datetime.now(UTC))
    await database.close()
    process = await installation._start("api", settings=settings, stderr=asyncio.subprocess.DEVNULL)
    gateway = Gateway(process, f"http://127.0.0.1:{installation.port('PORT')}", key)
    try:
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            while not await _answers(session, gateway.url):
                await asyncio.sleep(0.05)
        yield gateway
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/healthz") as answer:
            return answer.ok
    except aiohttp.ClientError:
        return False


async def ids_in(database: Database) -> set[str]:
    async with database.reading() as session:
        return set(await session.scalars(select(col(tables.Event.message_id))))


async def interrupted(gateway: Gateway, by: signal.Signals) -> int:
    """Send the signal while the shop is busy; the exit code."""
    over = asyncio.Event()
    shop = asyncio.create_task(gateway.is_busy(until=over))
    await until(lambda: len(gateway.kept) > 500)
    gateway.process.send_signal(by)
    async with asyncio.timeout(15):
        code = await gateway.process.wait()
    over.set()
    await shop
    return code


class TestAStoppedGateway:
    @on_both
    async def test_has_kept_all_that_it_answered_for_and_answers_what_it_took(
        self, installation: Installation, database: Database
    ) -> None:
        async with gateway_of(installation) as gateway:
            code = await interrupted(gateway, signal.SIGTERM)

        assert code == 0
        assert gateway.kept - await ids_in(database) == set()
        assert gateway.answers.keys() <= {200, 503, None}
        assert gateway.retry_after <= {"1"}

    async def test_says_so_while_it_goes_on_answering(self, installation: Installation) -> None:
        async with gateway_of(installation, DORMOUSE_DRAIN_SECONDS="4") as gateway:
            gateway.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(4):
                while not await gateway.says_that_it_stops():
                    await asyncio.sleep(0.01)

            over = asyncio.Event()
            shop = asyncio.create_task(gateway.is_busy(until=over))
            async with asyncio.timeout(15):
                assert await gateway.process.wait() == 0
            over.set()
            await shop

        assert gateway.answers[200] > 10

    async def test_stops_at_once_when_it_is_asked_again(self, installation: Installation) -> None:
        async with gateway_of(installation, DORMOUSE_DRAIN_SECONDS="300") as gateway:
            gateway.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.1)
            gateway.process.send_signal(signal.SIGTERM)

            async with asyncio.timeout(15):
                assert await gateway.process.wait() == 0


class TestAKilledGateway:
    @on_both
    async def test_has_kept_all_that_it_answered_for(
        self, installation: Installation, database: Database
    ) -> None:
        async with gateway_of(installation) as gateway:
            await interrupted(gateway, signal.SIGKILL)

        assert gateway.kept - await ids_in(database) == set()
