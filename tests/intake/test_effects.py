from datetime import timedelta
from typing import Any

import pytest

from domain.events import (
    CART_UPDATED,
    ORDER_COMPLETED,
    ORDER_DELIVERED,
    PRODUCT_ADDED,
    PRODUCT_REMOVED,
    PRODUCT_VIEWED,
)
from domain.products import Product, ProductKind
from store import tables
from store.journey_settings import save_settings, set_paused
from tests.fakes.front_door import FrontDoor

MUG: dict[str, Any] = {"product_id": "mug"}
MINUTE = timedelta(minutes=1)


class TestARun:
    async def test_carries_what_it_needs_and_nothing_personal(self, door: FrontDoor) -> None:
        await door.knows(firstName="Ada")
        async with door.database.writing() as session:
            overrides = {"first_reminder_after": "2 hours"}
            await save_settings(
                session, "cart-abandonment", overrides, author="shop", now=door.clock()
            )

        about = {**MUG, "name": "Blue mug", "email": "ada@example.org"}
        await door.takes(door.track(PRODUCT_ADDED, message_id="m-a", ago=MINUTE, about=about))

        [run] = await door.all(tables.Run)
        [row] = await door.all(tables.Dispatch)
        ada = await door.customer()
        assert run.workflow_id == f"cart-abandonment/{ada.id}/{run.id}"
        assert (run.status, run.key, run.started_by) == ("waiting", "", "m-a")
        assert (run.settings_version, run.settings["first_reminder_after"]) == (1, "2 hours")
        assert (run.entered_at, run.created_at) == (door.clock() - MINUTE, door.clock())
        assert row.payload == {
            "run_id": run.id,
            "customer_id": ada.id,
            "entered_at": "2026-03-02T11:59:00Z",
            "about": {"product_ids": ["mug"]},
            "settings": run.settings,
        }

    async def test_knows_the_kind_that_needs_most_time_of_what_was_ordered(
        self, door: FrontDoor
    ) -> None:
        await door.sells(
            Product("mug", kind=ProductKind.SOFT), Product("bed", kind=ProductKind.HARD)
        )
        await door.knows()
        order = {"order_id": "order-1", "products": [MUG, {"product_id": "bed"}]}

        await door.takes(door.track(ORDER_DELIVERED, about=order))

        [run] = await door.all(tables.Run)
        assert (run.journey, run.key, run.about["kind"]) == ("review-request", "order-1", "hard")

    async def test_hears_of_an_order_under_its_own_name(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(door.track(PRODUCT_ADDED, about=MUG))

        await door.takes(door.track(ORDER_COMPLETED, message_id="m-o", about={"total": 5}))

        row = (await door.all(tables.Dispatch))[-1]
        assert (row.kind, row.name) == ("signal", "Order Completed")
        assert row.payload["id"] == "m-o"

    async def test_is_not_started_while_the_journey_is_paused(self, door: FrontDoor) -> None:
        await door.knows()
        async with door.database.writing() as session:
            await set_paused(session, "cart-abandonment", door.clock())

        await door.takes(door.track(PRODUCT_ADDED, about=MUG))

        assert await door.started() == []

    async def test_is_neither_started_nor_told_by_history(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(door.track(PRODUCT_ADDED, about=MUG))

        await door.takes(
            door.track(ORDER_COMPLETED, is_history=True, about={"order_id": "order-1"}),
            door.track(PRODUCT_VIEWED, is_history=True, about={**MUG, "dwell_seconds": 90}),
        )

        assert await door.started() == ["cart-abandonment"]
        assert await door.signals() == []

    async def test_is_not_started_when_its_end_arrived_before_its_beginning(
        self, door: FrontDoor
    ) -> None:
        await door.knows()
        await door.takes(door.track(ORDER_COMPLETED))

        await door.takes(door.track(PRODUCT_ADDED, ago=MINUTE, about=MUG))

        assert await door.started() == []


class TestCuriosity:
    async def test_sees_the_second_look_at_the_same_product(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(door.track(PRODUCT_VIEWED, ago=timedelta(days=6), about=MUG))
        await door.takes(door.track(PRODUCT_VIEWED, ago=MINUTE, about={"product_id": "pot"}))
        assert await door.started() == []

        await door.takes(door.track(PRODUCT_VIEWED, about=MUG))

        assert await door.started() == ["browse-abandonment"]

    async def test_sees_a_long_look_end(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(door.track(PRODUCT_VIEWED, message_id="m-look", ago=2 * MINUTE, about=MUG))

        await door.takes(door.track("Page Viewed"))

        [run] = await door.all(tables.Run)
        assert (run.journey, run.started_by) == ("browse-abandonment", "m-look")
        assert run.entered_at == door.clock() - 2 * MINUTE


class TestTheCart:
    @pytest.fixture
    async def filled(self, door: FrontDoor) -> FrontDoor:
        await door.knows()
        await door.takes(door.track(PRODUCT_ADDED, ago=2 * MINUTE, about=MUG))
        return door

    async def test_is_emptied_when_the_last_is_taken_out(self, filled: FrontDoor) -> None:
        await filled.takes(filled.track(PRODUCT_REMOVED, about=MUG))

        assert (await filled.done_by())[-1] == "Cart Emptied"
        assert await filled.signals() == [("cart-abandonment", "Cart Emptied")]

    async def test_is_emptied_by_an_update_that_says_so(self, filled: FrontDoor) -> None:
        await filled.takes(filled.track(CART_UPDATED, about={"products": []}))

        assert await filled.signals() == [("cart-abandonment", "Cart Emptied")]

    async def test_is_not_emptied_by_an_update_that_does_not_say_what_is_in_it(
        self, filled: FrontDoor
    ) -> None:
        await filled.takes(filled.track(CART_UPDATED))

        assert await filled.signals() == []

    async def test_is_not_emptied_when_something_is_left(self, filled: FrontDoor) -> None:
        await filled.takes(filled.track(PRODUCT_ADDED, about={"product_id": "pot"}))

        await filled.takes(filled.track(PRODUCT_REMOVED, about=MUG))

        assert await filled.signals() == []

    async def test_is_not_emptied_by_history(self, filled: FrontDoor) -> None:
        await filled.takes(filled.track(PRODUCT_REMOVED, about=MUG, is_history=True))

        assert await filled.signals() == []

    async def test_is_emptied_once_though_the_event_comes_twice(self, filled: FrontDoor) -> None:
        for _ in range(2):
            await filled.takes(filled.track(PRODUCT_REMOVED, message_id="m-r", about=MUG))

        assert (await filled.done_by()).count("Cart Emptied") == 1

    async def test_is_emptied_by_each_of_two_events_with_long_ids(self, filled: FrontDoor) -> None:
        same = "x" * 254
        await filled.takes(filled.track(PRODUCT_REMOVED, message_id=f"a{same}", about=MUG))
        await filled.takes(filled.track(PRODUCT_ADDED, about=MUG))

        await filled.takes(filled.track(PRODUCT_REMOVED, message_id=f"b{same}", about=MUG))

        assert (await filled.done_by()).count("Cart Emptied") == 2

    async def test_may_be_emptied_in_the_shops_own_words(self, filled: FrontDoor) -> None:
        await filled.takes(filled.track("Cart Emptied"))

        assert await filled.signals() == [("cart-abandonment", "Cart Emptied")]
