"""The nightly job that keeps the catalogue as the shop's feed is."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store.keys import create_key
from store.products import describe_products, list_products
from store.sessions import Database
from tests.fakes.goods import goods
from tests.fakes.whole_gateway import Gateway

JOB = Path(__file__).parents[2] / "examples" / "catalogue_feed.py"


async def feeds(gateway: Gateway, *products: dict[str, Any]) -> tuple[int, str]:
    """The job's exit code and words."""
    database = Database.open(gateway.database_url)
    async with database.writing() as session:
        scopes = ["ingest", "read"]
        key = await create_key(session, name="feed", scopes=scopes, now=datetime.now(UTC))
    await database.close()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(JOB)),
        env={**os.environ, "URL": gateway.url, "KEY": key},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    lines = "".join(json.dumps(product) + "\n" for product in products)
    told, _ = await process.communicate(lines.encode())
    return process.returncode or 0, told.decode()


async def sold_before(gateway: Gateway, *names: str) -> None:
    database = Database.open(gateway.database_url)
    async with database.writing() as session:
        await describe_products(session, [*map(goods, names)], now=datetime.now(UTC))
    await database.close()


async def on_sale(gateway: Gateway) -> list[str]:
    database = Database.open(gateway.database_url)
    async with database.reading() as session:
        found = await list_products(session, after=None, limit=10)
    await database.close()
    return [product.id for product in found if product.discontinued_at is None]


class TestTheNightlyFeed:
    async def test_brings_in_what_it_holds_and_takes_out_what_it_holds_no_more(
        self, gateway: Gateway
    ) -> None:
        await sold_before(gateway, "gid://shop/old", "tent")
        bad = {"id": "lamp", "price": "free"}

        code, told = await feeds(gateway, {"id": "tent"}, bad, {"id": 7})

        assert code == 0
        assert told == "Not kept: line 2: price: Input should be a valid decimal\n"
        assert await on_sale(gateway) == ["7", "tent"]

    async def test_changes_nothing_when_it_is_empty(self, gateway: Gateway) -> None:
        await sold_before(gateway, "tent")

        code, told = await feeds(gateway)

        assert (code, told) == (1, "The feed is empty: nothing was changed.\n")
        assert await on_sale(gateway) == ["tent"]
