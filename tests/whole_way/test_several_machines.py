"""The guarantees with several gateways and workers at once, as on several machines."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from random import Random

import pytest
from sqlmodel import col, func, select

from domain.journeys import OVER
from store import tables
from store.sessions import Database
from tests.fakes.sendgrid_server import FakeSendGrid
from tests.whole_way.fleet import Fleet, fleet
from tests.whole_way.purchases import Orders, reminders_after
from tests.whole_way.shop import Shop, backend_of

CUSTOMERS = 30
#: What the shop sends for them; other events follow by themselves.
SENT = {"Identified": 30, "Product Added": 30, "Product Viewed": 60, "Order Completed": 15}
#: How many are killed, one after the other.
KILLS = 5


@pytest.fixture
def dialect() -> str:
    return "postgresql"


@pytest.mark.timeout(240)
class TestTwoGatewaysAndThreeWorkers:
    async def test_send_nothing_twice_and_nothing_after_the_purchase_while_some_are_killed(
        self, tmp_path: Path, database: Database, database_url: str
    ) -> None:
        orders: Orders = {}
        with FakeSendGrid() as sendgrid:
            settings = {
                "DORMOUSE_TIME_SCALE": "12000",
                "DORMOUSE_SENDER": "sendgrid",
                "DORMOUSE_SENDGRID_API_KEY": sendgrid.api_key,
                "DORMOUSE_SENDGRID_URL": sendgrid.url,
            }
            async with (
                fleet(tmp_path, database_url, gateways=2, workers=3, settings=settings) as (
                    machines,
                    running,
                ),
                backend_of(running) as shop,
            ):
                customers = [shops(shop, number, orders) for number in range(CUSTOMERS)]
                await asyncio.gather(*customers, kills_some(machines))
                await everything_was_told(database)
                await all_carts_end(shop)

        sent = Counter(
            (mail.custom_args["run_id"], mail.custom_args["step"]) for mail in sendgrid.mails
        )
        assert [mail for mail, times in sent.items() if times > 1] == []
        assert await reminders_after(orders, database) == []
        assert await carts(database) == CUSTOMERS
        assert SENT.items() <= (await kept(database)).items()


async def shops(shop: Shop, number: int, orders: Orders) -> None:
    """A customer fills a cart, looks around, and perhaps orders."""
    chance, name = Random(number), f"customer{number}"
    await asyncio.sleep(chance.random() * 3)
    await shop.knows(name)
    await shop.sees(name, "Product Added", product_id="tent", name="Tent")
    for product in ("stove", "lamp"):
        await asyncio.sleep(chance.random() * 3)
        await shop.sees(name, "Product Viewed", product_id=product, name=product.title())
    if number % 2 == 0:
        await shop.sees(name, "Order Completed", order_id=f"o{number}", products=[])
        orders[name] = datetime.now(UTC)


async def kills_some(machines: Fleet) -> None:
    """Kill one after the other; who was killed comes back."""
    names = ("worker-1", "gateway-1", "worker-2", "gateway-2", "worker-3")
    for name in islice(cycle(names), KILLS):
        await asyncio.sleep(1.5)
        await machines.kill(name)


async def everything_was_told(database: Database) -> None:
    """Return once Temporal knows all that was accepted."""
    to_tell = select(func.count()).select_from(tables.Dispatch)
    async with asyncio.timeout(60):
        while True:
            async with database.reading() as session:
                if not await session.scalar(to_tell):
                    return
            await asyncio.sleep(0.1)


async def all_carts_end(shop: Shop) -> None:
    """Have nobody wait any longer, and return once every cart's run has ended."""
    async with asyncio.timeout(100):
        while any(run["status"] not in OVER for run in await shop.hurries("cart-abandonment")):
            await asyncio.sleep(0.1)


async def carts(database: Database) -> int:
    """How many runs the filled carts started."""
    runs = select(func.count()).where(col(tables.Run.journey) == "cart-abandonment")
    async with database.reading() as session:
        return (await session.scalars(runs)).one()


async def kept(database: Database) -> dict[str, int]:
    """How many events of each kind are on record."""
    async with database.reading() as session:
        names = await session.scalars(select(tables.Event.name))
        return dict(Counter(names))
