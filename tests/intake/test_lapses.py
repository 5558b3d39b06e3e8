from datetime import datetime, timedelta

import pytest

from domain.events import ORDER_COMPLETED, PAGE_VIEWED
from domain.pace import Pace
from domain.products import Product, ProductKind
from intake.lapses import LapseWatch
from store import tables
from store.journey_settings import set_paused
from tests.fakes.front_door import FrontDoor
from workflows.catalogue import CATALOGUE

SOAP = {"order_id": "order-1", "products": [{"product_id": "soap"}]}


def watch_at(door: FrontDoor) -> LapseWatch:
    return LapseWatch(
        database=door.database,
        intake=door.intake,
        catalogue=CATALOGUE,
        pace=Pace(),
        now=door.clock,
    )


@pytest.fixture
async def watch(door: FrontDoor) -> LapseWatch:
    """Ada bought something of no known kind: she is missed after 90 days."""
    await door.knows()
    await door.takes(door.track(ORDER_COMPLETED, about=SOAP))
    return watch_at(door)


async def pause(door: FrontDoor, *, since: datetime | None) -> None:
    async with door.database.writing() as session:
        await set_paused(session, "win-back", since)


async def lapses(door: FrontDoor) -> int:
    return (await door.done_by()).count("Customer Lapsed")


class TestASilence:
    async def test_is_noticed_when_it_is_too_long(self, door: FrontDoor, watch: LapseWatch) -> None:
        door.clock.passes(days=89, hours=23)
        await watch.look()
        assert await lapses(door) == 0

        door.clock.passes(hours=1)
        await watch.look()

        assert await lapses(door) == 1
        assert (await door.started())[-1] == "win-back"

    async def test_is_noticed_once_a_paused_journey_is_resumed(
        self, door: FrontDoor, watch: LapseWatch
    ) -> None:
        door.clock.passes(days=90, minutes=1)
        await pause(door, since=door.clock())
        await watch.look()
        door.clock.passes(days=1)
        await pause(door, since=None)

        await watch.look()

        assert (await door.started())[-1] == "win-back"

    async def test_is_noticed_once_however_often_and_by_however_many(
        self, door: FrontDoor, watch: LapseWatch
    ) -> None:
        door.clock.passes(days=91)

        for _ in range(2):
            await watch.look()
            await watch_at(door).look()
            door.clock.passes(days=1)

        assert await lapses(door) == 1

    async def test_is_noticed_again_after_they_came_back(
        self, door: FrontDoor, watch: LapseWatch
    ) -> None:
        door.clock.passes(days=91)
        await watch.look()
        await door.takes(door.track(PAGE_VIEWED))

        door.clock.passes(days=91)
        await watch.look()

        assert await lapses(door) == 2

    async def test_is_broken_by_a_visit(self, door: FrontDoor, watch: LapseWatch) -> None:
        door.clock.passes(days=60)
        await door.takes(door.track(PAGE_VIEWED))

        door.clock.passes(days=60)
        await watch.look()

        assert await lapses(door) == 0

    async def test_of_somebody_who_never_bought_is_none(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(door.track(PAGE_VIEWED))

        door.clock.passes(days=91)
        await watch_at(door).look()

        assert await lapses(door) == 0

    async def test_from_long_before_is_history(self, door: FrontDoor, watch: LapseWatch) -> None:
        door.clock.passes(days=98)
        await watch.look()

        assert await lapses(door) == 0

    async def test_is_shorter_for_what_is_used_up(self, door: FrontDoor) -> None:
        await door.knows()
        await door.sells(Product(id="soap", kind=ProductKind.CONSUMABLE))
        await door.takes(door.track(ORDER_COMPLETED, about=SOAP))

        door.clock.passes(days=31)
        await watch_at(door).look()

        assert await lapses(door) == 1

    async def test_that_the_shop_told_itself_is_not_told_again(
        self, door: FrontDoor, watch: LapseWatch
    ) -> None:
        door.clock.passes(days=91)
        await door.takes(door.track("Customer Lapsed"))

        await watch.look()

        assert await lapses(door) == 1

    async def test_of_somebody_erased_is_nobodys(self, door: FrontDoor, watch: LapseWatch) -> None:
        await door.intake.erase((await door.customer()).id, actor="shop")
        door.clock.passes(days=91)

        await watch.look()

        assert await door.all(tables.Event) == []

    async def test_began_with_what_was_done_last(self, door: FrontDoor, watch: LapseWatch) -> None:
        await door.takes(door.track(PAGE_VIEWED, ago=timedelta(days=20)))

        door.clock.passes(days=90)
        await watch.look()

        assert await lapses(door) == 1
