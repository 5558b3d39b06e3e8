"""Several gateways and workers on one PostgreSQL, as they would stand on several machines."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from temporalio.testing import WorkflowEnvironment

from dispatch.temporal import SEARCH_ATTRIBUTES
from local.ports import lasting_ports
from store.keys import create_key
from store.sessions import Database
from tests.fakes.installation import CLI, Running
from tests.programs import TEMPORAL


@dataclass
class Fleet:
    """Processes by name, like `gateway-2`; whoever is killed is started again, as everywhere."""

    folder: Path
    environment: Mapping[str, str]
    ports: Mapping[str, int]
    members: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, name: str) -> None:
        command = "api" if name in self.ports else "worker"
        own = {"DORMOUSE_PORT": str(self.ports[name])} if name in self.ports else {}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.members[name] = await asyncio.create_subprocess_exec(
                *(sys.executable, str(CLI), command),
                cwd=self.folder,
                env={**self.environment, **own},
                stdout=log,
                stderr=log,
            )

    async def kill(self, name: str) -> None:
        """Kill it at once, without a word, and start it again."""
        await self._end(name)
        await self.start(name)

    async def end(self) -> None:
        """Kill them all."""
        await asyncio.gather(*(self._end(name) for name in self.members))

    async def _end(self, name: str) -> None:
        if self.members[name].returncode is None:
            self.members[name].kill()
        await self.members[name].wait()

    async def answers(self) -> None:
        """Return once every gateway sees the database, Temporal and a worker."""
        async with httpx.AsyncClient(timeout=5) as client, asyncio.timeout(60):
            for port in self.ports.values():
                while not await _is_ready(client, f"http://127.0.0.1:{port}/readyz"):
                    await asyncio.sleep(0.1)


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.TransportError:
        return False


@asynccontextmanager
async def fleet(
    folder: Path, database_url: str, *, gateways: int, workers: int, settings: Mapping[str, str]
) -> AsyncIterator[tuple[Fleet, Running]]:
    """So many gateways and workers over a migrated database, and the way to them."""
    key = await _key(database_url)
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=TEMPORAL, search_attributes=SEARCH_ATTRIBUTES
    ) as temporal:
        names = [f"gateway-{number}" for number in range(1, gateways + 1)]
        ports = dict(zip(names, lasting_ports(gateways), strict=True))
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("DORMOUSE_")}
        known = {
            "DORMOUSE_DATABASE_URL": database_url,
            "DORMOUSE_SECRET_KEY": "a secret of thirty-two characters",
            "DORMOUSE_PUBLIC_URL": "https://mail.shop.example",
            "TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host,
        }
        fleet = Fleet(folder, {**inherited, **known, **settings}, ports)
        names += [f"worker-{number}" for number in range(1, workers + 1)]
        try:
            await asyncio.gather(*(fleet.start(name) for name in names))
            await fleet.answers()
            urls = tuple(f"http://127.0.0.1:{port}" for port in ports.values())
            first = fleet.members[names[0]]
            yield fleet, Running(first, [], urls, key=key, state=folder)
        finally:
            await fleet.end()


async def _key(database_url: str) -> str:
    database = Database.open(database_url)
    scopes = ["ingest", "read", "manage"]
    async with database.writing() as session:
        key = await create_key(session, name="shop", scopes=scopes, now=datetime.now(UTC))
    await database.close()
    return key
