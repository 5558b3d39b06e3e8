"""Records the histories that every later version must be able to replay.

    python -m tests.histories.record tests/histories/<version>

Run it once per release, and never touch what it wrote: the files stand for runs that sleep in
somebody's Temporal while a new version is deployed.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from activities.composing import Composer
from domain.events import (
    EMAIL_LINK_CLICKED,
    ORDER_COMPLETED,
    ORDER_DELIVERED,
    PRODUCT_ADDED,
    PRODUCT_REVIEWED,
    PRODUCT_VIEWED,
)
from domain.pace import Pace
from domain.products import Product
from sending.channel import TryLater
from sending.links import Links
from sending.rendering import Templates
from store.migrations.run import migrate
from store.sessions import Database
from tests.conftest import TEMPLATES, example_shop
from tests.driver.customer import Customer, sells
from tests.driver.house import House, open_house
from tests.fakes.postbox import Postbox

Scene = Callable[[Customer], Awaitable[None]]

PRODUCTS = (
    Product("tent", title="Tent", category="camping", complements=("lamp",)),
    Product("lamp", title="Lamp", category="camping"),
)
TENT = [{"product_id": "tent"}]


async def cart_silent(customer: Customer) -> None:
    await customer.does(PRODUCT_ADDED, product_id="tent")
    await customer.lets_pass(days=10)


async def cart_purchased(customer: Customer) -> None:
    await customer.does(PRODUCT_ADDED, product_id="tent")
    await customer.lets_pass(hours=2)
    await customer.does(ORDER_COMPLETED, order_id="o1", products=TENT)


async def cart_asleep(customer: Customer) -> None:
    await customer.does(PRODUCT_ADDED, product_id="tent")
    await customer.lets_pass(hours=2)


async def cart_paused_and_forwarded(customer: Customer) -> None:
    await customer.does(PRODUCT_ADDED, product_id="tent")
    run = (await customer.run("cart-abandonment")).workflow_id
    await customer.house.control.pause(run)
    await customer.house.control.resume(run)
    await customer.house.control.fast_forward(run)
    await customer.lets_pass(hours=1)
    await customer.house.control.end(run, "by hand")


async def browse_clicked(customer: Customer) -> None:
    await customer.does(PRODUCT_VIEWED, product_id="tent", dwell_seconds=90)
    await customer.lets_pass(hours=3)
    [run] = await customer.house.runs("browse-abandonment")
    await customer.does(EMAIL_LINK_CLICKED, run_id=run.id)
    await customer.lets_pass(days=5)


async def cross_sell_bought(customer: Customer) -> None:
    await customer.does(ORDER_COMPLETED, order_id="o1", products=TENT)
    await customer.lets_pass(days=2)
    await customer.does(ORDER_COMPLETED, order_id="o2", products=[{"product_id": "lamp"}])
    await customer.lets_pass(days=5)


async def review_bad(customer: Customer) -> None:
    await customer.does(ORDER_DELIVERED, order_id="o1", products=TENT)
    await customer.lets_pass(days=15)
    await customer.does(PRODUCT_REVIEWED, product_id="tent", rating=1)


async def win_back_sunset(customer: Customer) -> None:
    await customer.lapses()
    await customer.lets_pass(days=40)


async def cart_held(customer: Customer) -> None:
    await customer.does(PRODUCT_ADDED, product_id="tent")
    await customer.lets_pass(hours=3)


#: Scene → the journey it is recorded from.
SCENES: dict[Scene, str] = {
    cart_silent: "cart-abandonment",
    cart_purchased: "cart-abandonment",
    cart_asleep: "cart-abandonment",
    cart_held: "cart-abandonment",
    cart_paused_and_forwarded: "cart-abandonment",
    browse_clicked: "browse-abandonment",
    cross_sell_bought: "cross-sell",
    review_bad: "review-request",
    win_back_sunset: "win-back",
}


async def record(folder: Path) -> None:
    """Play every scene and write its histories to `folder`."""
    links = Links("a secret of thirty-two characters", "https://mail.shop.example")
    composer = Composer(
        templates=Templates(TEMPLATES), links=links, shop=example_shop(), pace=Pace()
    )
    for scene, journey in SCENES.items():
        with TemporaryDirectory() as place:
            url = f"sqlite:///{place}/dormouse.db"
            await migrate(url)
            database = Database.open(url)
            answers = [TryLater("503")] * 4 if scene is cart_held else []
            async with open_house(
                database=database,
                composer=composer,
                channel=Postbox(answers=list(answers)),
                outbox=Path(place),
                journeys=(journey,),
            ) as house:
                customer = Customer(house)
                await sells(house, *PRODUCTS)
                await customer.is_known()
                await scene(customer)
                await house.settle()
                await write(house, folder, scene.__name__)
            await database.close()


async def write(house: House, folder: Path, name: str) -> None:
    """Write the histories of all runs: `<scene>-<number>.json`."""
    for number, run in enumerate(await house.runs(), 1):
        handle = house.client.get_workflow_handle(run.workflow_id)
        history = await handle.fetch_history()
        file = folder / f"{name.replace('_', '-')}-{number}.json"
        file.write_text(json.dumps(json.loads(history.to_json()), indent=1) + "\n")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(record(target))
