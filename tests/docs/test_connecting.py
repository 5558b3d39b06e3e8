"""The page on Segment, followed: its calls made as they stand against the gateway."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.customers import customer_by_any_id
from store.sessions import Database
from tests.docs.pages import ROOT, blocks
from tests.fakes.whole_gateway import Gateway, whole_gateway

PYTHON, SHELL = (block.code for block in blocks(ROOT / "docs/how-to/connect-segment.md", "run"))


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    with whole_gateway(database_url, tmp_path) as gateway:
        yield gateway


async def follow(gateway: Gateway, *command: str) -> str:
    here = [part.replace("http://127.0.0.1:8000", gateway.url) for part in command]
    process = await asyncio.create_subprocess_exec(
        *here, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    return told.decode()


async def address_of(database: Database, shop_id: str) -> str | None:
    async with database.reading() as session:
        found = await customer_by_any_id(session, shop_id)
    return found.email if found else None


class TestThePageOnSegment:
    async def test_works_with_segments_python_client(
        self, gateway: Gateway, database: Database
    ) -> None:
        await follow(gateway, sys.executable, "-c", f"KEY = {gateway.key!r}\n{PYTHON}")

        assert await address_of(database, "4711") == "elif@example.com"

    async def test_works_with_curl(self, gateway: Gateway, database: Database) -> None:
        told = await follow(
            gateway, "bash", "-euo", "pipefail", "-c", f"KEY={gateway.key}\n{SHELL}"
        )

        assert '{"success":true}' in told
        assert await address_of(database, "4711") == "elif@example.com"
