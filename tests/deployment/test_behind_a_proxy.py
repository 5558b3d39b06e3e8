"""Who the caller is, when a proxy stands between."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from local.ports import free_port

CLI = Path(__file__).parents[2] / "cli.py"


@asynccontextmanager
async def gateway(
    folder: Path, database_url: str, *, trusted: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway of its own process that trusts these proxies, once it answers."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(CLI), "api"),
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "DORMOUSE_DATABASE_URL": database_url,
            "DORMOUSE_PORT": str(port),
            "DORMOUSE_SECRET_KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "DORMOUSE_TRUSTED_PROXIES": trusted,
            "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        },
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        try:
            await _until_it_answers(client)
            yield client
        finally:
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


async def _until_it_answers(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await client.get("/healthz")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


async def guesses(client: httpx.AsyncClient) -> set[int]:
    """The answers to a hundred wrong keys, each said to come from another address."""
    answers = [
        await client.get(
            "/v1/journeys",
            headers={"Authorization": "Bearer wrong", "X-Forwarded-For": f"203.0.113.{number}"},
        )
        for number in range(100)
    ]
    return {answer.status_code for answer in answers}


class TestTheCallersAddress:
    @pytest.mark.parametrize(
        ("trusted", "told"),
        [("127.0.0.0/8", {401}), ("10.71.0.0/24", {401, 429})],
        ids=["as a trusted proxy says", "not as anybody says"],
    )
    async def test_is_taken(
        self, tmp_path: Path, database_url: str, trusted: str, told: set[int]
    ) -> None:
        async with gateway(tmp_path, database_url, trusted=trusted) as client:
            assert await guesses(client) == told
