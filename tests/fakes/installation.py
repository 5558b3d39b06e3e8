"""Dormouse as somebody runs it: real processes of the command line, in a folder of their own."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from local.ports import lasting_ports
from tests.fakes.waiting import until

CLI = Path(__file__).parents[2] / "cli.py"
#: Set, the whole-way tests run against `dormouse cluster` instead of `dormouse up`.
ON_CLUSTER: Final = bool(os.environ.get("DORMOUSE_TEST_CLUSTER"))
#: What starts everything.
EVERYTHING: Final = "cluster" if ON_CLUSTER else "up"


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass
class Running:
    """A Dormouse that has said where it is; without a key it ended before."""

    process: asyncio.subprocess.Process
    output: list[str]
    #: Of every gateway; the first one comes first.
    urls: tuple[str, ...]
    key: str
    #: Where its state lives.
    state: Path

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def children(self) -> dict[str, int]:
        """The pid of each process that it runs now, by name."""
        record = json.loads((self.state / "processes.json").read_text())
        return {child["name"]: child["pid"] for child in record}

    @property
    def database_url(self) -> str:
        """Where its database is reached."""
        if not ON_CLUSTER:
            return f"sqlite:///{self.state / 'dormouse.db'}"
        told = (self.state / "cluster.env").read_text()
        return next(
            line.removeprefix("DORMOUSE_DATABASE_URL=")
            for line in told.splitlines()
            if line.startswith("DORMOUSE_DATABASE_URL=")
        )

    async def get(self, path: str) -> Any:
        return await self._call("GET", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._call("POST", path, body)

    async def ended(self, *, within: float = 30) -> int:
        """The exit code, once all was said."""
        async with asyncio.timeout(within):
            return await self.process.wait()

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as client:
            headers = {"Authorization": f"Bearer {self.key}"}
            answer = await client.request(method, path, json=body, headers=headers)
            answer.raise_for_status()
            return answer.json()


@dataclass
class Installation:
    """A data folder, free ports, and the commands run with them."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # A cluster's second gateway comes right after the first.
        gateway, _, temporal, ui = lasting_ports(4)
        self.settings = {
            "DORMOUSE_DATA_DIR": str(self.folder / "state"),
            "DORMOUSE_PORT": str(gateway),
            "DORMOUSE_TEMPORAL_PORT": str(temporal),
            "DORMOUSE_TEMPORAL_UI_PORT": str(ui),
            **self.settings,
        }

    def port(self, name: str) -> int:
        return int(self.settings[f"DORMOUSE_{name}"])

    async def run(self, *arguments: str, **settings: str) -> Ended:
        """A command from beginning to end."""
        process = await self._start(*arguments, settings=settings, stderr=asyncio.subprocess.PIPE)
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        return Ended(process.returncode or 0, out.decode(), err.decode())

    @asynccontextmanager
    async def running(self, *arguments: str, **settings: str) -> AsyncIterator[Running]:
        """A command that stays, from when it has told its key; ended when it is still there."""
        process = await self._start(*arguments, settings=settings, stderr=asyncio.subprocess.STDOUT)
        output: list[str] = []
        listening = asyncio.create_task(_listen(process, output))
        try:
            await until(lambda: _key_in(output) or listening.done(), within=120)
            is_cluster = "cluster" in arguments
            gateways = 2 if is_cluster else 1
            port, state = self.port("PORT"), Path(self.settings["DORMOUSE_DATA_DIR"])
            yield Running(
                process,
                output,
                tuple(f"http://127.0.0.1:{port + number}" for number in range(gateways)),
                key=_key_in(output),
                state=state / "cluster" if is_cluster else state,
            )
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                await process.wait()
                await listening

    async def _start(
        self, *arguments: str, settings: Mapping[str, str], stderr: int
    ) -> asyncio.subprocess.Process:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("DORMOUSE_")}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, str(CLI), *arguments),
            cwd=self.folder,
            env={**inherited, **self.settings, **settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )


async def _listen(process: asyncio.subprocess.Process, output: list[str]) -> None:
    assert process.stdout
    while line := await process.stdout.readline():
        output.append(line.decode())


def _key_in(output: list[str]) -> str:
    found = re.search(r"\bdm_\S+", "".join(output))
    return found[0] if found else ""
