"""The guarantees, with processes killed for real while a shop is busy.

No marketing mail after the purchase that ends its journey was accepted; no step's mail twice;
nothing that was accepted is lost.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from sqlmodel import func, select

from store import tables
from store.sessions import Database
from tests.fakes.installation import EVERYTHING, ON_CLUSTER, Installation
from tests.fakes.sendgrid_server import FakeSendGrid
from tests.whole_way.processes import KINDS, kill
from tests.whole_way.purchases import Orders, reminders_after
from tests.whole_way.shop import Shop, backend_of

CUSTOMERS = 24
KILLS = 9


async def shops(shop: Shop, number: int, orders: Orders) -> None:
    """A customer fills a cart; every other one orders, sooner or later."""
    chance, name = Random(number), f"customer{number}"
    await shop.knows(name)
    await shop.sees(name, "Product Added", product_id="tent", name="Tent")
    await asyncio.sleep(chance.random() * 12)
    if number % 2 == 0:
        await shop.sees(
            name, "Order Completed", order_id=f"o{number}", products=[{"product_id": "tent"}]
        )
        orders[name] = datetime.now(UTC)


@pytest.mark.timeout(300)
class TestProcessesKilledWhileAShopIsBusy:
    async def test_cause_no_mail_after_the_purchase_none_twice_and_lose_nothing(
        self, folder: Path
    ) -> None:
        orders: Orders = {}
        with FakeSendGrid() as sendgrid:
            settings = {
                # A cluster takes longer to be itself again.
                "DORMOUSE_TIME_SCALE": "4000" if ON_CLUSTER else "8000",
                "DORMOUSE_SENDER": "sendgrid",
                "DORMOUSE_SENDGRID_API_KEY": sendgrid.api_key,
                "DORMOUSE_SENDGRID_URL": sendgrid.url,
            }
            async with (
                Installation(folder, settings).running(EVERYTHING) as running,
                backend_of(running) as shop,
            ):
                customers = [asyncio.create_task(shops(shop, n, orders)) for n in range(CUSTOMERS)]
                for number in range(KILLS):
                    await asyncio.sleep(1.5)
                    kill(running, list(KINDS)[number % len(KINDS)])
                await asyncio.gather(*customers)
                await nothing_is_left_to_tell(running.database_url)
                await self.all_runs_end(shop)
                late = await reminders_claimed_late(running.database_url, orders)
                exits = await runs_by_exit(running.database_url)

            sent = Counter(
                (mail.custom_args["run_id"], mail.custom_args["step"]) for mail in sendgrid.mails
            )
            assert [mail for mail, times in sent.items() if times > 1] == []
            assert late == []
            assert exits == {"purchased": 12, "completed": 12}

    @staticmethod
    async def all_runs_end(shop: Shop) -> None:
        async with asyncio.timeout(180):
            while True:
                carts = await shop.hurries("cart-abandonment")
                if len(carts) == CUSTOMERS and all(run["status"] == "ended" for run in carts):
                    return
                await asyncio.sleep(0.1)


class TestEverythingKilledAtOnce:
    async def test_lets_each_sleeping_journey_go_on_where_it_was(self, folder: Path) -> None:
        installation = Installation(folder, {"DORMOUSE_TIME_SCALE": "20000"})
        async with installation.running(EVERYTHING) as running, backend_of(running) as shop:
            await shop.knows("elif")
            await shop.sees("elif", "Product Added", product_id="tent", name="Tent")
            await falls_asleep_after_its_first_mail(shop)
            running.process.kill()
            for kind in running.children:
                kill(running, kind)
            await running.ended()

        async with installation.running(EVERYTHING) as running, backend_of(running) as shop:
            async with asyncio.timeout(60):
                while len(mails := await shop.everything("/v1/messages")) < 3:
                    await asyncio.sleep(0.1)

        assert [mail["step"] for mail in reversed(mails)] == [
            "kept-for-you",
            "incentive",
            "last-reminder",
        ]


async def falls_asleep_after_its_first_mail(shop: Shop) -> None:
    """Return once the only run waits for its second mail."""
    async with asyncio.timeout(20):
        while not await shop.everything("/v1/messages"):
            await asyncio.sleep(0.05)
        [run] = await shop.everything("/v1/runs")
        while (await shop.running.get(f"/v1/runs/{run['id']}"))["waiting_for"] != "1 day to pass":
            await asyncio.sleep(0.05)


async def reminders_claimed_late(url: str, orders: Orders) -> list[tuple[str | None, str]]:
    """The reminders that should not have left."""
    database = Database.open(url)
    late = await reminders_after(orders, database)
    await database.close()
    return late


async def nothing_is_left_to_tell(url: str) -> None:
    """Return once Temporal has been told everything."""
    database = Database.open(url)
    async with asyncio.timeout(30):
        while True:
            async with database.reading() as session:
                if await session.scalar(select(func.count()).select_from(tables.Dispatch)) == 0:
                    break
            await asyncio.sleep(0.2)
    await database.close()


async def runs_by_exit(url: str) -> dict[str | None, int]:
    """How the cart-abandonment runs ended."""
    database = Database.open(url)
    async with database.reading() as session:
        runs = await session.scalars(
            select(tables.Run).where(tables.Run.journey == "cart-abandonment")
        )
        found = Counter(run.exit_reason for run in runs)
    await database.close()
    return dict(found)
